//! Which version the connection has: the one it began with, or one that a server changes to without
//! another round trip (RFC 9368 section 2.3, RFC 9369 section 4.1).

use smallvec::SmallVec;

use crate::error::{TransportError, TransportErrorCode};
use crate::random::Random;
use crate::recovery::Space;
use crate::wire::transport_parameters::VersionInformation;
use crate::wire::{Role, TransportParameters, Version};

use super::keys::DirectionKeys;
use super::receive::is_authentic_initial_of;
use super::version_negotiation::FirstFlight;
use super::Connection;

/// What is known of versions until the handshake is confirmed.
pub(super) struct Versions {
    /// The version of the client's first flight.
    pub original: Version,
    /// At a client, what the host allows, at a server, what the engine speaks; best first.
    pub allowed: SmallVec<[Version; 4]>,
    /// A client began anew because of a Version Negotiation packet.
    pub reacted: bool,
    /// A server that changed the version: what opens Initials of the original one.
    original_initial: Option<Box<DirectionKeys>>,
    /// A server that would rather have another version than the original one: that version, and our
    /// parameters for it.
    alternative: Option<Box<(Version, Vec<u8>)>>,
    /// What a client needs to begin anew.
    pub first_flight: Option<Box<FirstFlight>>,
}

impl Versions {
    /// A connection that begins with `original`.
    pub fn new(original: Version, allowed: &[Version]) -> Self {
        Self {
            original,
            allowed: allowed.iter().copied().collect(),
            reacted: false,
            original_initial: None,
            alternative: None,
            first_flight: None,
        }
    }

    /// What we send as version_information for a connection in `chosen` (RFC 9368 section 3).
    pub fn information(&self, role: Role, chosen: Version) -> VersionInformation {
        let mut available: SmallVec<[Version; 4]> = match role {
            // What the first flight can be read as.
            Role::Client => self.compatible().collect(),
            Role::Server => self.allowed.clone(),
        };
        if !available.contains(&chosen) {
            available.push(chosen);
        }
        VersionInformation { chosen, available }
    }

    /// The version that a server would have if the client can follow: never the original one.
    pub fn preferred(&self) -> Option<Version> {
        self.compatible().next().filter(|best| *best != self.original)
    }

    /// A server has parameters for another version, should the client be able to follow.
    pub fn set_alternative(&mut self, version: Version, parameters: Vec<u8>) {
        self.alternative = Some(Box::new((version, parameters)));
    }

    /// The parameters of a server have changed, which may still take the other version.
    pub fn replace_alternative(
        &mut self,
        parameters: &TransportParameters,
        random: &mut dyn Random,
    ) {
        let Some(version) = self.alternative.as_deref().map(|(version, _)| *version) else {
            return;
        };
        let version_information = Some(self.information(Role::Server, version));
        let parameters = TransportParameters { version_information, ..parameters.clone() };
        self.set_alternative(version, parameters.encode(Role::Server, random));
    }

    /// What is allowed and compatible with the original version, best first.
    fn compatible(&self) -> impl Iterator<Item = Version> + '_ {
        self.allowed.iter().copied().filter(|version| version.is_compatible_with(self.original))
    }

    /// The version that a client picks from those a server offers: one that is allowed, the one it
    /// began with before all others (RFC 9000 section 6.2).
    pub fn pick(&self, first: Version, offered: &[Version]) -> Option<Version> {
        let mut wanted = [first].into_iter().chain(self.allowed.iter().copied());
        wanted.find(|version| offered.contains(version))
    }
}

impl Connection {
    /// A server sees the client's parameters before its own are sent: it takes the version it would
    /// rather have, if the client can follow.
    pub(super) fn choose_version(&mut self, client: &[u8]) -> Result<(), TransportError> {
        let alternative =
            self.early.as_deref_mut().and_then(|early| early.versions.alternative.take());
        // What is wrong with the parameters is found when they are taken over.
        let client = TransportParameters::decode(client, Role::Client).unwrap_or_default();
        let information = client.version_information;
        let offered = information.map(|information| information.available).unwrap_or_default();
        let Some(chosen) = alternative.filter(|chosen| offered.contains(&chosen.0)) else {
            return self.tls.parameters_chosen(None);
        };
        let (version, parameters) = *chosen;
        // RFC 9369 section 4.1: Initials of the original version are read until the client has
        // followed.
        let original = self.early_space(Space::Initial).and_then(|space| space.remote.take());
        self.change_version(version);
        if let Some(early) = self.early.as_deref_mut() {
            early.versions.original_initial = original.map(Box::new);
        }
        self.tls.parameters_chosen(Some((version, &parameters)))
    }

    /// Goes on in `version`: Initial keys change now, all later keys are of the new version.
    fn change_version(&mut self, version: Version) {
        self.version = version;
        self.trace_version();
        self.keys.set_version(version);
        let Some(early) = self.early.as_deref() else { return };
        let dcid = early.retry_scid.unwrap_or(early.original_dcid);
        self.install_initial_keys(&dcid);
    }

    /// What opens Initials that come in the version the connection began with, after a server has
    /// changed it.
    pub(super) fn original_initial_keys(&self, version: Version) -> Option<&DirectionKeys> {
        let versions = &self.early.as_deref()?.versions;
        (version == versions.original).then_some(versions.original_initial.as_deref()).flatten()
    }

    /// A client sees a long header in a version it offered and did not begin with: an authentic
    /// Initial settles that the server has chosen it (RFC 9369 section 4.1). Returns false if it is
    /// none.
    #[cold]
    pub(super) fn follow_version(
        &mut self,
        version: Version,
        packet: &[u8],
        pn_offset: usize,
        scratch: &mut [u8],
    ) -> bool {
        let Some(early) = self.early.as_deref() else { return false };
        let dcid = early.retry_scid.unwrap_or(early.original_dcid);
        if !is_authentic_initial_of(Role::Server, version, &dcid, packet, pn_offset, scratch) {
            return false;
        }
        self.change_version(version);
        self.tls.set_version(version).is_ok()
    }

    /// True for a client that may still learn that the server has chosen `version`.
    pub(super) fn may_follow(&self, version: Version) -> bool {
        let Some(early) = self.early.as_deref() else { return false };
        let settled = self.version != early.versions.original
            || early.handshake.as_ref().is_none_or(|space| space.remote.is_some());
        self.role == Role::Client
            && !settled
            && early.versions.compatible().any(|offered| offered == version)
    }

    /// RFC 9368 section 4: what the peer says of versions has to fit what happened.
    pub(super) fn check_versions(
        &self,
        parameters: &TransportParameters,
    ) -> Result<(), TransportError> {
        let Some(early) = self.early.as_deref() else { return Ok(()) };
        let versions = &early.versions;
        let Some(information) = &parameters.version_information else {
            return self.check_silence(versions);
        };
        let used = match self.role {
            Role::Client => self.version,
            Role::Server => versions.original,
        };
        if information.chosen != used {
            return Err(mismatch("chosen version is not the one in use"));
        }
        if versions.reacted {
            // The same choice must come of what the server says under TLS as of what anybody may
            // have said before.
            let first = versions.first_flight.as_deref().map_or(versions.original, |f| f.attempted);
            let picked = versions.pick(first, &information.available);
            if picked != Some(versions.original) && picked != Some(self.version) {
                return Err(mismatch("another version would have been chosen"));
            }
        }
        Ok(())
    }

    /// RFC 9368 section 4: a server that changed the version says so, and so does one whose Version
    /// Negotiation was acted upon. Section 8: but for version 1, which was there before the rule.
    fn check_silence(&self, versions: &Versions) -> Result<(), TransportError> {
        let changed = self.role == Role::Client && self.version != versions.original;
        if changed || (versions.reacted && self.version != Version::V1) {
            return Err(mismatch("no version information"));
        }
        Ok(())
    }
}

fn mismatch(reason: &'static str) -> TransportError {
    TransportError::new(TransportErrorCode::VERSION_NEGOTIATION_ERROR, reason)
}
