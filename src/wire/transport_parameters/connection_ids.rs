//! Proof that the connection IDs of the handshake were not tampered with (RFC 9000 section 7.3).

use super::{invalid, TransportParameters};
use crate::error::TransportError;
use crate::wire::{ConnectionId, Role};

/// The connection IDs that the headers of the handshake showed, which nothing protects; the
/// parameters repeat them under TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HandshakeConnectionIds {
    /// The source ID of the peer's first Initial.
    pub initial_source: ConnectionId,
    /// The destination ID of the client's very first Initial, before any Retry.
    pub original_destination: ConnectionId,
    /// The source ID of the Retry, if there was one.
    pub retry_source: Option<ConnectionId>,
}

impl TransportParameters {
    /// Compares what `sender` repeats in its parameters with what was `seen` in headers.
    ///
    /// # Errors
    /// TRANSPORT_PARAMETER_ERROR if anything is missing, different, or there without reason.
    pub fn check_connection_ids(
        &self,
        sender: Role,
        seen: &HandshakeConnectionIds,
    ) -> Result<(), TransportError> {
        if self.initial_source_connection_id != Some(seen.initial_source) {
            return Err(invalid("initial_source_connection_id missing or wrong"));
        }
        if sender.is_client() {
            return Ok(());
        }
        if self.original_destination_connection_id != Some(seen.original_destination) {
            return Err(invalid("original_destination_connection_id missing or wrong"));
        }
        if self.retry_source_connection_id != seen.retry_source {
            return Err(invalid("retry_source_connection_id does not match the Retry"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::TransportErrorCode;

    fn cid(byte: u8) -> Option<ConnectionId> {
        ConnectionId::new(&[byte; 8])
    }

    fn seen(retry_source: Option<ConnectionId>) -> HandshakeConnectionIds {
        let initial_source = cid(1).unwrap_or_default();
        let original_destination = cid(2).unwrap_or_default();
        HandshakeConnectionIds { initial_source, original_destination, retry_source }
    }

    fn sent(
        initial_source: Option<ConnectionId>,
        original_destination: Option<ConnectionId>,
        retry_source: Option<ConnectionId>,
    ) -> TransportParameters {
        TransportParameters {
            initial_source_connection_id: initial_source,
            original_destination_connection_id: original_destination,
            retry_source_connection_id: retry_source,
            ..Default::default()
        }
    }

    const REFUSED: Result<(), TransportErrorCode> =
        Err(TransportErrorCode::TRANSPORT_PARAMETER_ERROR);

    fn check(
        sent: &TransportParameters,
        sender: Role,
        retry_source: Option<ConnectionId>,
    ) -> Result<(), TransportErrorCode> {
        sent.check_connection_ids(sender, &seen(retry_source)).map_err(|error| error.code)
    }

    #[test]
    fn each_side_repeats_its_source_id() {
        for (sender, original) in [(Role::Client, None), (Role::Server, cid(2))] {
            assert_eq!(check(&sent(cid(1), original, None), sender, None), Ok(()));
            assert_eq!(check(&sent(None, original, None), sender, None), REFUSED);
            assert_eq!(check(&sent(cid(9), original, None), sender, None), REFUSED);
        }
    }

    #[test]
    fn a_server_repeats_the_very_first_destination_id() {
        assert_eq!(check(&sent(cid(1), None, None), Role::Server, None), REFUSED);
        assert_eq!(check(&sent(cid(1), cid(9), None), Role::Server, None), REFUSED);
    }

    #[test]
    fn a_server_names_its_retry_if_and_only_if_there_was_one() {
        assert_eq!(check(&sent(cid(1), cid(2), cid(3)), Role::Server, cid(3)), Ok(()));
        assert_eq!(check(&sent(cid(1), cid(2), None), Role::Server, cid(3)), REFUSED);
        assert_eq!(check(&sent(cid(1), cid(2), cid(9)), Role::Server, cid(3)), REFUSED);
        assert_eq!(check(&sent(cid(1), cid(2), cid(3)), Role::Server, None), REFUSED);
    }

    #[test]
    fn an_empty_id_is_not_a_missing_one() {
        let empty = Some(ConnectionId::EMPTY);
        assert_eq!(check(&sent(cid(1), cid(2), empty), Role::Server, None), REFUSED);
    }
}
