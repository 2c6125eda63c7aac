//! What a client remembers of a server's parameters for 0-RTT (RFC 9000 section 7.4.1).

use super::{invalid, TransportParameters};
use crate::error::{TransportError, TransportErrorCode};

impl TransportParameters {
    /// The part of these parameters that holds for early data of a later connection; all else starts
    /// from its default there.
    pub fn remembered(&self) -> Self {
        let default = Self::default();
        Self {
            original_destination_connection_id: None,
            stateless_reset_token: None,
            ack_delay_exponent: default.ack_delay_exponent,
            max_ack_delay: default.max_ack_delay,
            preferred_address: None,
            initial_source_connection_id: None,
            retry_source_connection_id: None,
            close_dgram_redundancy: false,
            no_crypto: false,
            version_information: None,
            // What is acknowledged, and how, is of this connection only.
            extended_ack_features: default.extended_ack_features,
            max_receive_timestamps_per_ack: default.max_receive_timestamps_per_ack,
            receive_timestamps_exponent: default.receive_timestamps_exponent,
            ..self.clone()
        }
    }

    /// Checks that a server which accepts early data keeps to what was `remembered` of it. Says
    /// nothing of rejected early data, for which it must not be asked.
    ///
    /// A server asks the same before it accepts: its parameters now against those of the ticket.
    ///
    /// # Errors
    /// TRANSPORT_PARAMETER_ERROR if a limit is lower than it was; PROTOCOL_VIOLATION if it is that of
    /// DATAGRAM frames (RFC 9221 section 3).
    pub fn check_not_reduced(&self, remembered: &Self) -> Result<(), TransportError> {
        let limits = |p: &Self| {
            [
                p.initial_max_data,
                p.initial_max_stream_data_bidi_local,
                p.initial_max_stream_data_bidi_remote,
                p.initial_max_stream_data_uni,
                p.initial_max_streams_bidi,
                p.initial_max_streams_uni,
                p.active_connection_id_limit,
            ]
        };
        if limits(self).iter().zip(limits(remembered)).any(|(now, before)| *now < before) {
            return Err(invalid("limit reduced after early data was accepted"));
        }
        if self.disable_active_migration && !remembered.disable_active_migration {
            return Err(invalid("migration disabled after early data was accepted"));
        }
        if self.max_datagram_frame_size < remembered.max_datagram_frame_size {
            let code = TransportErrorCode::PROTOCOL_VIOLATION;
            return Err(TransportError::new(code, "max_datagram_frame_size reduced"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Duration;
    use crate::wire::{ConnectionId, ResetToken};

    fn limits() -> TransportParameters {
        TransportParameters {
            initial_max_data: 10,
            initial_max_stream_data_bidi_local: 10,
            initial_max_stream_data_bidi_remote: 10,
            initial_max_stream_data_uni: 10,
            initial_max_streams_bidi: 10,
            initial_max_streams_uni: 10,
            active_connection_id_limit: 10,
            max_datagram_frame_size: 10,
            ..Default::default()
        }
    }

    fn check(reduce: impl Fn(&mut TransportParameters)) -> Result<(), TransportErrorCode> {
        let mut now = limits();
        reduce(&mut now);
        now.check_not_reduced(&limits()).map_err(|error| error.code)
    }

    /// RFC 9000 section 7.4.1.
    #[test]
    fn what_belongs_to_one_connection_is_not_remembered() {
        let parameters = TransportParameters {
            original_destination_connection_id: Some(ConnectionId::EMPTY),
            initial_source_connection_id: Some(ConnectionId::EMPTY),
            retry_source_connection_id: Some(ConnectionId::EMPTY),
            stateless_reset_token: Some(ResetToken([1; 16])),
            ack_delay_exponent: 7,
            max_ack_delay: Duration::from_millis(1),
            max_idle_timeout: Duration::from_secs(9),
            ..limits()
        };
        let expected = TransportParameters { max_idle_timeout: Duration::from_secs(9), ..limits() };
        assert_eq!(parameters.remembered(), expected);
    }

    /// RFC 9000 section 7.4.1.
    #[test]
    fn each_limit_may_grow_but_not_shrink() {
        let refused = Err(TransportErrorCode::TRANSPORT_PARAMETER_ERROR);
        assert_eq!(check(|_| {}), Ok(()));
        assert_eq!(check(|p| p.initial_max_data = 11), Ok(()));
        assert_eq!(check(|p| p.initial_max_data = 9), refused);
        assert_eq!(check(|p| p.initial_max_stream_data_bidi_local = 9), refused);
        assert_eq!(check(|p| p.initial_max_stream_data_bidi_remote = 9), refused);
        assert_eq!(check(|p| p.initial_max_stream_data_uni = 9), refused);
        assert_eq!(check(|p| p.initial_max_streams_bidi = 9), refused);
        assert_eq!(check(|p| p.initial_max_streams_uni = 9), refused);
        assert_eq!(check(|p| p.active_connection_id_limit = 9), refused);
        assert_eq!(check(|p| p.disable_active_migration = true), refused);
    }

    /// RFC 9221 section 3.
    #[test]
    fn a_smaller_datagram_limit_is_a_protocol_violation() {
        let reduced = check(|p| p.max_datagram_frame_size = 9);
        assert_eq!(reduced, Err(TransportErrorCode::PROTOCOL_VIOLATION));
    }
}
