//! Packets without protection: a private extension of xquic for measurements, in which a client
//! asks for 0-RTT and 1-RTT packets that are neither encrypted nor authenticated. Headers and tags
//! keep their places.
//!
//! It needs both hosts. A server says that it agrees by the same parameter, and nothing changes
//! for a client that it did not say so to. 0-RTT packets leave before the server has spoken: they
//! go as the client asked, and a server that does not agree drops them as not authentic.

use crate::tls::{Level, Secret};
use crate::wire::{Role, TransportParameters};

use super::Connection;

impl Connection {
    /// The secret of a level, as both ends want its packets protected.
    pub(super) fn as_agreed(&self, level: Level, secret: Secret) -> Secret {
        let wanted = self.early.as_deref().is_some_and(|early| early.no_crypto);
        if wanted && self.is_unprotected(level) {
            return secret.without_protection();
        }
        secret
    }

    #[cold]
    fn is_unprotected(&self, level: Level) -> bool {
        match (level, self.role) {
            (Level::Initial | Level::Handshake, _) => false,
            (Level::EarlyData, Role::Client) => true,
            (Level::EarlyData | Level::OneRtt, _) => self.peer_wants_no_crypto(),
        }
    }

    fn peer_wants_no_crypto(&self) -> bool {
        let bytes = self.tls.peer_transport_parameters();
        let parameters =
            bytes.and_then(|bytes| TransportParameters::decode(bytes, self.role.peer()).ok());
        parameters.is_some_and(|parameters| parameters.no_crypto)
    }
}
