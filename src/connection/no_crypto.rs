//! Packets without protection: a private extension of xquic for measurements, in which a client
//! has 0-RTT and 1-RTT packets neither encrypted nor authenticated, in both directions. Headers and
//! tags keep their places.
//!
//! The client alone decides, from its first packet on: its transport parameter says so, which the
//! handshake authenticates, and what a server says of it means nothing. A server follows, or ends
//! the connection: there is no answer with which it could decline.

use crate::error::{TransportError, TransportErrorCode};
use crate::tls::{Level, Secret};
use crate::wire::{Role, TransportParameters};

use super::Connection;

impl Connection {
    /// The secret of a level, as the client wants its packets protected.
    pub(super) fn as_agreed(&self, level: Level, secret: Secret) -> Secret {
        let possible = self.early.as_deref().is_some_and(|early| early.no_crypto);
        if possible && self.is_unprotected(level) {
            return secret.without_protection();
        }
        secret
    }

    #[cold]
    fn is_unprotected(&self, level: Level) -> bool {
        match (level, self.role) {
            (Level::Initial | Level::Handshake, _) => false,
            (Level::EarlyData | Level::OneRtt, Role::Client) => true,
            (Level::EarlyData | Level::OneRtt, Role::Server) => self.client_wants_no_crypto(),
        }
    }

    fn client_wants_no_crypto(&self) -> bool {
        let bytes = self.tls.peer_transport_parameters();
        let parameters =
            bytes.and_then(|bytes| TransportParameters::decode(bytes, Role::Client).ok());
        parameters.is_some_and(|parameters| parameters.no_crypto)
    }

    /// Refuses a client that goes without protection where the host does not want it.
    pub(super) fn check_protection(
        &self,
        client: &TransportParameters,
    ) -> Result<(), TransportError> {
        let accepted = self.early.as_deref().is_none_or(|early| early.no_crypto);
        if self.role == Role::Server && client.no_crypto && !accepted {
            let code = TransportErrorCode::TRANSPORT_PARAMETER_ERROR;
            return Err(TransportError::new(code, "packets without protection are refused"));
        }
        Ok(())
    }
}
