//! Transport parameters: ours from the settings, the peer's checked and taken over.

use std::sync::Arc;

use crate::error::{TransportError, TransportErrorCode};
use crate::random::Random;
use crate::stream::Limits;
use crate::time::{Duration, Instant};
use crate::tls::Level;
use crate::wire::transport_parameters::PreferredAddress;
use crate::wire::{ConnectionId, ResetToken, Role, TransportParameters};

use super::ack_extended::announce_timestamps;
use super::early_data::early_data_context;
use super::event::Event;
use super::settings::{Migration, Settings, ACK_DELAY_EXPONENT, ACTIVE_CONNECTION_ID_LIMIT};
use super::{Connection, Early};

/// What the peer's transport parameters say about the connection as a whole. Until they come the
/// defaults of RFC 9000 section 18.2 hold.
#[derive(Clone, Copy, Debug)]
pub struct PeerParameters {
    /// Its max_idle_timeout; zero means none.
    pub max_idle_timeout: Duration,
    /// The longest it delays an ACK.
    pub max_ack_delay: Duration,
    /// What its ACK delays are scaled by.
    pub ack_delay_exponent: u8,
    /// How many connection IDs of ours it stores.
    pub active_connection_id_limit: u64,
    /// The largest UDP payload it receives.
    pub max_udp_payload_size: u64,
    /// The largest DATAGRAM frame it takes; 0 for none at all (RFC 9221 section 3).
    pub max_datagram_frame_size: u64,
    /// We must not move (RFC 9000 section 18.2).
    pub disable_active_migration: bool,
}

impl Default for PeerParameters {
    fn default() -> Self {
        Self::from(&TransportParameters::default())
    }
}

impl From<&TransportParameters> for PeerParameters {
    fn from(parameters: &TransportParameters) -> Self {
        Self {
            max_idle_timeout: parameters.max_idle_timeout,
            max_ack_delay: parameters.max_ack_delay,
            ack_delay_exponent: parameters.ack_delay_exponent,
            active_connection_id_limit: parameters.active_connection_id_limit,
            max_udp_payload_size: parameters.max_udp_payload_size,
            max_datagram_frame_size: parameters.max_datagram_frame_size,
            disable_active_migration: parameters.disable_active_migration,
        }
    }
}

/// The connection IDs that our parameters authenticate (RFC 9000 section 7.3).
pub(super) struct Identity {
    pub source: ConnectionId,
    /// A server's: the client's first destination.
    pub original_destination: Option<ConnectionId>,
    /// A server's, after a Retry.
    pub retry_source: Option<ConnectionId>,
    /// A server's, for its first connection ID.
    pub reset_token: Option<ResetToken>,
    /// A server's, with its own connection ID.
    pub preferred: Option<PreferredAddress>,
}

/// Our transport parameters.
pub(super) fn local_parameters(settings: &Settings, identity: &Identity) -> TransportParameters {
    let limits = settings.limits();
    let mut parameters = TransportParameters {
        original_destination_connection_id: identity.original_destination,
        retry_source_connection_id: identity.retry_source,
        stateless_reset_token: identity.reset_token,
        initial_source_connection_id: Some(identity.source),
        max_idle_timeout: settings.idle_timeout,
        max_udp_payload_size: u64::from(settings.max_udp_payload_size),
        initial_max_data: limits.max_data,
        initial_max_stream_data_bidi_local: limits.max_stream_data_bidi_local,
        initial_max_stream_data_bidi_remote: limits.max_stream_data_bidi_remote,
        initial_max_stream_data_uni: limits.max_stream_data_uni,
        initial_max_streams_bidi: limits.max_streams_bidi,
        initial_max_streams_uni: limits.max_streams_uni,
        ack_delay_exponent: ACK_DELAY_EXPONENT,
        max_ack_delay: settings.max_ack_delay,
        active_connection_id_limit: ACTIVE_CONNECTION_ID_LIMIT,
        disable_active_migration: settings.migration != Migration::Allowed,
        preferred_address: identity.preferred,
        max_datagram_frame_size: settings.datagrams.max_frame_size.into(),
        close_dgram_redundancy: settings.datagrams.close_redundancy,
        pmtud: settings.pmtud_offer.into(),
        connection_options: settings.connection_options.clone(),
        ..TransportParameters::default()
    };
    announce_timestamps(settings, &mut parameters);
    parameters
}

/// A server's transport parameters that were not sent yet.
pub(super) struct Offer {
    pub parameters: TransportParameters,
    /// 0-RTT is taken from clients that remember these.
    pub early_data: bool,
}

impl Connection {
    /// Takes DATAGRAM frames of up to `limit` bytes; 0 takes none at all. The peer hears of it only
    /// if our transport parameters were not sent yet: until the application has heard which
    /// protocol it speaks, on a server. Later changes are remembered and change nothing.
    pub fn set_datagram_limit(&mut self, limit: u16, random: &mut dyn Random) {
        Arc::make_mut(&mut self.settings).datagrams.max_frame_size = limit;
        if self.offer_datagrams(limit, random).is_some_and(|outcome| outcome.is_ok()) {
            self.datagram_limit = limit;
        }
    }

    fn offer_datagrams(
        &mut self,
        limit: u16,
        random: &mut dyn Random,
    ) -> Option<Result<(), TransportError>> {
        let version = self.version;
        let Self { early, tls, .. } = self;
        let Early { offer, versions, .. } = early.as_deref_mut()?;
        let offer = offer.as_deref_mut()?;
        offer.parameters.max_datagram_frame_size = limit.into();
        let context = offer.early_data.then(|| early_data_context(&offer.parameters));
        if let Some(Err(error)) = context.map(|context| tls.set_early_data_context(&context)) {
            return Some(Err(error));
        }
        // The version may have been chosen meanwhile, or be chosen later.
        offer.parameters.version_information = Some(versions.information(Role::Server, version));
        versions.replace_alternative(&offer.parameters, random);
        Some(tls.set_transport_parameters(&offer.parameters.encode(Role::Server, random)))
    }

    /// The server's parameters leave with its first message of the Handshake level.
    pub(super) fn forget_offer(&mut self, level: Level) {
        if let Some(early) = self.early.as_deref_mut().filter(|_| level == Level::Handshake) {
            early.offer = None;
        }
    }

    /// Checks and takes over the peer's transport parameters, once TLS has them.
    pub(super) fn apply_peer_parameters(&mut self, now: Instant) -> Result<(), TransportError> {
        let Some(early) = self.early.as_deref_mut() else { return Ok(()) };
        if early.parameters_applied {
            return Ok(());
        }
        let Some(bytes) = self.tls.peer_transport_parameters() else {
            if !self.tls.is_handshake_complete() {
                return Ok(());
            }
            // RFC 9001 section 8.2: missing_extension.
            let code = TransportErrorCode::crypto(109);
            return Err(TransportError::new(code, "no transport parameters"));
        };
        let parameters = TransportParameters::decode(bytes, self.role.peer())?;
        authenticate(self.role, early, &parameters)?;
        early.parameters_applied = true;
        self.check_protection(&parameters)?;
        self.check_versions(&parameters)?;
        self.settle_early_data(now, &parameters)?;
        self.peer = PeerParameters::from(&parameters);
        self.negotiate_redundancy(&parameters);
        self.trace_peer_parameters(&parameters);
        self.negotiate_timestamps(&parameters);
        if let Some(token) = parameters.stateless_reset_token {
            self.remote_cids.set_initial_reset_token(token);
        }
        if let Some(preferred) = &parameters.preferred_address {
            self.note_preferred_address(preferred)?;
        }
        // RFC 9000 section 18.2: the peer drops what is larger.
        let largest = self.peer.max_udp_payload_size.min(u64::from(self.path.max_datagram_size));
        self.set_datagram_size(largest as u16);
        self.streams.set_peer_limits(&limits_of(&parameters));
        self.events.push_back(Event::PeerParameters(Box::new(parameters)));
        Ok(())
    }
}

/// What `parameters` allow on streams.
pub(super) fn limits_of(parameters: &TransportParameters) -> Limits {
    Limits {
        max_data: parameters.initial_max_data,
        max_stream_data_bidi_local: parameters.initial_max_stream_data_bidi_local,
        max_stream_data_bidi_remote: parameters.initial_max_stream_data_bidi_remote,
        max_stream_data_uni: parameters.initial_max_stream_data_uni,
        max_streams_bidi: parameters.initial_max_streams_bidi,
        max_streams_uni: parameters.initial_max_streams_uni,
    }
}

/// RFC 9000 section 7.3: the connection IDs of the headers must be those the peer meant.
fn authenticate(
    role: Role,
    early: &Early,
    parameters: &TransportParameters,
) -> Result<(), TransportError> {
    let error = |reason| TransportError::new(TransportErrorCode::TRANSPORT_PARAMETER_ERROR, reason);
    if parameters.initial_source_connection_id != early.peer_scid {
        return Err(error("initial_source_connection_id does not match"));
    }
    if role == Role::Server {
        return Ok(());
    }
    if parameters.original_destination_connection_id != Some(early.original_dcid) {
        return Err(error("original_destination_connection_id does not match"));
    }
    if parameters.retry_source_connection_id != early.retry_scid {
        return Err(error("retry_source_connection_id does not match"));
    }
    Ok(())
}
