//! Version Negotiation at a client (RFC 9000 section 6.2): begins anew with a version in common, or
//! gives up.

use smallvec::SmallVec;

use crate::random::Random;
use crate::time::Instant;
use crate::tls::{ClientOptions, Context, Session, VerifyMode};
use crate::wire::{ConnectionId, Role, Version};

use super::create::CreateError;
use super::early_data::EarlyDataStatus;
use super::event::{CloseReason, Event};
use super::parameters::{local_parameters, Identity};
use super::space::EarlySpace;
use super::Connection;

/// What a client repeats if it has to begin anew. Kept only if the host allows more than one
/// version.
pub(super) struct FirstFlight {
    /// The version that the first attempt was made with.
    pub attempted: Version,
    pub server_name: Option<String>,
    pub alpn: Vec<u8>,
    pub verify: VerifyMode,
    pub groups: Option<String>,
}

impl Connection {
    /// Takes a Version Negotiation packet. `None` if it is to be dropped.
    pub(super) fn on_version_negotiation(
        &mut self,
        dcid: &[u8],
        scid: &[u8],
        versions: impl Iterator<Item = Version>,
    ) -> Option<()> {
        if self.role == Role::Server {
            return None;
        }
        let early = self.early.as_deref_mut()?;
        let ours = dcid == self.local_cids.primary().as_slice();
        let theirs = scid == self.remote_cids.active().as_slice();
        // RFC 9000 section 6.2: not after any other packet, a first one of its kind included.
        let late = early.answered || early.retry_scid.is_some() || early.versions.reacted;
        if late || !ours || !theirs {
            return None;
        }
        let versions: SmallVec<[Version; 16]> = versions.collect();
        if versions.contains(&self.version) {
            return None;
        }
        match early.versions.pick(self.version, &versions) {
            Some(version) => {
                early.versions.reacted = true;
                // Nothing more goes out in the version that the server does not know.
                early.initial.iter_mut().for_each(|space| space.local = None);
                self.events.push_back(Event::VersionNegotiated(version));
            }
            None => self.end(CloseReason::VersionMismatch),
        }
        Some(())
    }

    /// Begins anew in `version`; the answer to [`Event::VersionNegotiated`]. What the application
    /// has written goes out in the new attempt, which has `dcid` for its first destination.
    ///
    /// # Errors
    /// If TLS cannot be set up.
    pub fn begin_anew(
        &mut self,
        context: &Context,
        now: Instant,
        random: &mut dyn Random,
        version: Version,
        dcid: ConnectionId,
    ) -> Result<(), CreateError> {
        if self.early_data_status == EarlyDataStatus::Offered {
            self.take_back_early_data();
        }
        let source = self.local_cids.primary();
        let Some(early) = self.early.as_deref_mut().filter(|_| self.state.is_open()) else {
            return Ok(());
        };
        let Some(first) = early.versions.first_flight.as_deref() else { return Ok(()) };
        early.versions.original = version;
        let identity = Identity {
            source,
            original_destination: None,
            retry_source: None,
            reset_token: None,
            preferred: None,
        };
        let mut parameters = local_parameters(&self.settings, &identity);
        parameters.version_information = Some(early.versions.information(Role::Client, version));
        parameters.no_crypto = early.no_crypto;
        let parameters = parameters.encode(Role::Client, random);
        self.tls = Session::client(
            context,
            &ClientOptions {
                server_name: first.server_name.as_deref(),
                alpn: &first.alpn,
                verify: first.verify,
                transport_parameters: &parameters,
                // A ticket is good for the version it came in (RFC 9369 section 5).
                resumption: None,
                version,
                early_data: false,
                groups: first.groups.as_deref(),
            },
        )?;
        early.original_dcid = dcid;
        // RFC 9369 section 5: a token is good for the version it came in.
        early.token = Vec::new();
        let gone = early.initial.replace(EarlySpace::new());
        let in_flight = gone.map_or(0, |space| space.space.sent.bytes_in_flight());
        self.path.bytes_in_flight = self.path.bytes_in_flight.saturating_sub(in_flight);
        self.path.pto_count = 0;
        self.loss_timer_stale = true;
        self.version = version;
        self.trace_version();
        self.keys.set_version(version);
        self.remote_cids.replace_initial(dcid);
        self.install_initial_keys(&dcid);
        self.run_tls(now)?;
        Ok(())
    }
}
