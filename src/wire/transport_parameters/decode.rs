//! Reading transport parameters, each strictly within its declared length.

use smallvec::SmallVec;

use super::{id, invalid, PreferredAddress, TransportParameters, VersionInformation};
use super::{MAX_ACK_DELAY_EXPONENT, MAX_ACK_DELAY_LIMIT, MAX_RECEIVE_TIMESTAMPS_EXPONENT};
use super::{MIN_ACTIVE_CONNECTION_ID_LIMIT, MIN_UDP_PAYLOAD_SIZE};
use crate::error::TransportError;
use crate::time::Duration;
use crate::wire::{ConnectionId, Reader, ResetToken, Role, StreamId, UnexpectedEnd};

impl TransportParameters {
    /// Reads what `sender` sent in its TLS extension. What is not known is ignored
    /// (RFC 9000 section 7.4.2).
    ///
    /// # Errors
    /// TRANSPORT_PARAMETER_ERROR for anything malformed, doubled, out of bounds or not for `sender`
    /// to send (RFC 9000 sections 7.4 and 18.2).
    pub fn decode(bytes: &[u8], sender: Role) -> Result<Self, TransportError> {
        let mut parameters = Self::default();
        let mut seen = SmallVec::<[u64; 32]>::new();
        let mut r = Reader::new(bytes);
        while !r.is_empty() {
            let (id, value) = entry(&mut r).map_err(|_| invalid("truncated parameter"))?;
            if sender.is_client() && id::is_server_only(id) {
                return Err(invalid("parameter that only servers send"));
            }
            seen.push(id);
            parameters.set(id, value)?;
        }
        // RFC 9000 section 7.4: no parameter comes twice, not even an unknown one.
        seen.sort_unstable();
        if seen.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(invalid("parameter sent twice"));
        }
        if let Some(versions) = &parameters.version_information {
            versions.check(sender)?;
        }
        Ok(parameters)
    }

    /// Takes over the value of one parameter.
    fn set(&mut self, id: u64, value: &[u8]) -> Result<(), TransportError> {
        match id {
            id::ORIGINAL_DESTINATION_CONNECTION_ID => {
                self.original_destination_connection_id = Some(connection_id(value)?);
            }
            id::MAX_IDLE_TIMEOUT => self.max_idle_timeout = Duration::from_millis(integer(value)?),
            id::STATELESS_RESET_TOKEN => self.stateless_reset_token = Some(reset_token(value)?),
            id::MAX_UDP_PAYLOAD_SIZE => self.max_udp_payload_size = udp_payload_size(value)?,
            id::INITIAL_MAX_DATA => self.initial_max_data = integer(value)?,
            id::INITIAL_MAX_STREAM_DATA_BIDI_LOCAL => {
                self.initial_max_stream_data_bidi_local = integer(value)?;
            }
            id::INITIAL_MAX_STREAM_DATA_BIDI_REMOTE => {
                self.initial_max_stream_data_bidi_remote = integer(value)?;
            }
            id::INITIAL_MAX_STREAM_DATA_UNI => self.initial_max_stream_data_uni = integer(value)?,
            id::INITIAL_MAX_STREAMS_BIDI => self.initial_max_streams_bidi = stream_count(value)?,
            id::INITIAL_MAX_STREAMS_UNI => self.initial_max_streams_uni = stream_count(value)?,
            id::ACK_DELAY_EXPONENT => self.ack_delay_exponent = ack_delay_exponent(value)?,
            id::MAX_ACK_DELAY => self.max_ack_delay = max_ack_delay(value)?,
            id::DISABLE_ACTIVE_MIGRATION => self.disable_active_migration = flag(value)?,
            id::PREFERRED_ADDRESS => {
                self.preferred_address = Some(PreferredAddress::decode(value)?);
            }
            id::ACTIVE_CONNECTION_ID_LIMIT => {
                self.active_connection_id_limit = active_connection_id_limit(value)?;
            }
            id::INITIAL_SOURCE_CONNECTION_ID => {
                self.initial_source_connection_id = Some(connection_id(value)?);
            }
            id::RETRY_SOURCE_CONNECTION_ID => {
                self.retry_source_connection_id = Some(connection_id(value)?);
            }
            id::EXTENDED_ACK_FEATURES => self.extended_ack_features = integer(value)?,
            id::MAX_RECEIVE_TIMESTAMPS_PER_ACK => {
                self.max_receive_timestamps_per_ack = integer(value)?;
            }
            id::RECEIVE_TIMESTAMPS_EXPONENT => {
                self.receive_timestamps_exponent = timestamps_exponent(value)?;
            }
            id::MAX_DATAGRAM_FRAME_SIZE => self.max_datagram_frame_size = integer(value)?,
            id::CLOSE_DGRAM_REDUNDANCY => {
                // The number is not registered: anything but 1 means something else.
                self.close_dgram_redundancy = integer(value) == Ok(1);
            }
            // Neither registered.
            id::NO_CRYPTO => self.no_crypto = integer(value) == Ok(1),
            id::PMTUD => self.pmtud = integer(value).unwrap_or(0),
            id::VERSION_INFORMATION => {
                self.version_information = Some(VersionInformation::decode(value)?);
            }
            _ => {}
        }
        Ok(())
    }
}

/// One parameter: its number and its value.
fn entry<'a>(r: &mut Reader<'a>) -> Result<(u64, &'a [u8]), UnexpectedEnd> {
    Ok((r.varint()?, r.varint_bytes()?))
}

/// A varint that fills its value to the last byte (RFC 9000 section 18).
fn integer(value: &[u8]) -> Result<u64, TransportError> {
    let mut r = Reader::new(value);
    match r.varint() {
        Ok(number) if r.is_empty() => Ok(number),
        _ => Err(invalid("integer parameter does not fill its length")),
    }
}

fn connection_id(value: &[u8]) -> Result<ConnectionId, TransportError> {
    ConnectionId::new(value).ok_or(invalid("connection ID over 20 bytes"))
}

fn reset_token(value: &[u8]) -> Result<ResetToken, TransportError> {
    let token = value.try_into().map_err(|_| invalid("stateless_reset_token not 16 bytes"))?;
    Ok(ResetToken(token))
}

fn udp_payload_size(value: &[u8]) -> Result<u64, TransportError> {
    let size = integer(value)?;
    if size < MIN_UDP_PAYLOAD_SIZE {
        return Err(invalid("max_udp_payload_size under 1200"));
    }
    Ok(size)
}

/// RFC 9000 section 4.6: a stream above 2^60 would have no ID.
fn stream_count(value: &[u8]) -> Result<u64, TransportError> {
    let count = integer(value)?;
    if count > StreamId::MAX_COUNT {
        return Err(invalid("initial_max_streams over 2^60"));
    }
    Ok(count)
}

fn ack_delay_exponent(value: &[u8]) -> Result<u8, TransportError> {
    match u8::try_from(integer(value)?) {
        Ok(exponent) if exponent <= MAX_ACK_DELAY_EXPONENT => Ok(exponent),
        _ => Err(invalid("ack_delay_exponent over 20")),
    }
}

fn timestamps_exponent(value: &[u8]) -> Result<u8, TransportError> {
    match u8::try_from(integer(value)?) {
        Ok(exponent) if exponent <= MAX_RECEIVE_TIMESTAMPS_EXPONENT => Ok(exponent),
        _ => Err(invalid("receive_timestamps_exponent over 20")),
    }
}

fn max_ack_delay(value: &[u8]) -> Result<Duration, TransportError> {
    let millis = integer(value)?;
    if millis >= MAX_ACK_DELAY_LIMIT {
        return Err(invalid("max_ack_delay of 2^14 or more"));
    }
    Ok(Duration::from_millis(millis))
}

fn flag(value: &[u8]) -> Result<bool, TransportError> {
    if !value.is_empty() {
        return Err(invalid("disable_active_migration has a value"));
    }
    Ok(true)
}

fn active_connection_id_limit(value: &[u8]) -> Result<u64, TransportError> {
    let limit = integer(value)?;
    if limit < MIN_ACTIVE_CONNECTION_ID_LIMIT {
        return Err(invalid("active_connection_id_limit under 2"));
    }
    Ok(limit)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::error::TransportErrorCode;
    use crate::wire::Writer;

    /// Decodes the one parameter `id` with the value `value`, sent by a server.
    fn decode_one(id: u64, value: &[u8]) -> Result<TransportParameters, TransportErrorCode> {
        TransportParameters::decode(&entry(id, value), Role::Server).map_err(|error| error.code)
    }

    fn entry(id: u64, value: &[u8]) -> Vec<u8> {
        let mut buffer = vec![0; 16 + value.len()];
        let mut w = Writer::new(&mut buffer);
        w.varint(id);
        w.varint_bytes(value);
        w.written().to_vec()
    }

    fn number(value: u64) -> Vec<u8> {
        let mut buffer = [0; 8];
        let mut w = Writer::new(&mut buffer);
        w.varint(value);
        w.written().to_vec()
    }

    const REFUSED: Result<TransportParameters, TransportErrorCode> =
        Err(TransportErrorCode::TRANSPORT_PARAMETER_ERROR);

    /// Asserts that `good` is the last value of parameter `id` on this side of its bound, and `bad`
    /// the first on the other.
    #[track_caller]
    fn assert_bound(id: u64, good: u64, bad: u64) {
        assert!(decode_one(id, &number(good)).is_ok());
        assert_eq!(decode_one(id, &number(bad)), REFUSED);
    }

    #[test]
    fn nothing_means_the_defaults() {
        let decoded = TransportParameters::decode(&[], Role::Client).unwrap();
        assert_eq!(decoded, TransportParameters::default());
        assert_eq!(decoded.ack_delay_exponent, 3);
        assert_eq!(decoded.max_ack_delay, Duration::from_millis(25));
        assert_eq!(decoded.active_connection_id_limit, 2);
        assert_eq!(decoded.max_udp_payload_size, 65_527);
    }

    /// RFC 9000 section 18.2.
    #[test]
    fn integers_keep_within_their_bounds() {
        assert_bound(id::MAX_UDP_PAYLOAD_SIZE, 1200, 1199);
        assert_bound(id::ACK_DELAY_EXPONENT, 20, 21);
        assert_bound(id::ACK_DELAY_EXPONENT, 0, 256);
        assert_bound(id::MAX_ACK_DELAY, (1 << 14) - 1, 1 << 14);
        assert_bound(id::ACTIVE_CONNECTION_ID_LIMIT, 2, 1);
        assert_bound(id::INITIAL_MAX_STREAMS_BIDI, 1 << 60, (1 << 60) + 1);
        assert_bound(id::INITIAL_MAX_STREAMS_UNI, 1 << 60, (1 << 60) + 1);
    }

    /// RFC 9000 section 18: neither less nor more than the declared length.
    #[test]
    fn an_integer_fills_its_declared_length() {
        for id in (0x01..=0x0e).chain([0x20]) {
            let plain = !matches!(id, 0x02 | 0x0c | 0x0d);
            if plain {
                assert_eq!(decode_one(id, &[]), REFUSED, "{id:#x} without a value");
                assert_eq!(decode_one(id, &[0x52, 0x00, 0x00]), REFUSED, "{id:#x} with a rest");
                assert_eq!(decode_one(id, &[0x52]), REFUSED, "{id:#x} cut short");
            }
        }
        // A longer form than needed is an integer all the same.
        assert_eq!(decode_one(id::INITIAL_MAX_DATA, &[0x40, 5]).unwrap().initial_max_data, 5);
    }

    #[test]
    fn a_list_that_ends_early_is_refused() {
        let bytes = entry(id::INITIAL_MAX_DATA, &number(70_000));
        for cut in 1..bytes.len() {
            let decoded = TransportParameters::decode(&bytes[..cut], Role::Server);
            assert_eq!(decoded.map_err(|error| error.code), REFUSED);
        }
        assert_eq!(decode_one(u64::from(u32::MAX), &[]).unwrap(), TransportParameters::default());
    }

    /// RFC 9000 section 7.4.
    #[test]
    fn a_parameter_sent_twice_is_refused_even_if_unknown() {
        for id in [id::INITIAL_MAX_DATA, id::MAX_DATAGRAM_FRAME_SIZE, 0x1234_5678] {
            let mut bytes = entry(id, &[1]);
            bytes.extend(entry(id::MAX_IDLE_TIMEOUT, &[1]));
            assert!(TransportParameters::decode(&bytes, Role::Client).is_ok());
            bytes.extend(entry(id, &[1]));
            let decoded = TransportParameters::decode(&bytes, Role::Client);
            assert_eq!(decoded.map_err(|error| error.code), REFUSED);
        }
    }

    /// RFC 9000 sections 7.4.2 and 18.1.
    #[test]
    fn unknown_and_reserved_parameters_are_ignored() {
        for id in [0x12, 27, 31 * 1000 + 27, (1 << 62) - 1] {
            assert_eq!(decode_one(id, &[0xff; 40]), Ok(TransportParameters::default()));
        }
    }

    /// RFC 9000 section 18.2, last paragraph.
    #[test]
    fn a_client_must_not_send_what_only_servers_know() {
        let mut preferred_address = vec![7; 24];
        preferred_address.extend([1; 18]);
        let samples: [(u64, &[u8]); 4] = [
            (id::ORIGINAL_DESTINATION_CONNECTION_ID, &[1; 8]),
            (id::STATELESS_RESET_TOKEN, &[2; 16]),
            (id::PREFERRED_ADDRESS, &preferred_address),
            (id::RETRY_SOURCE_CONNECTION_ID, &[]),
        ];
        for (id, value) in samples {
            assert!(decode_one(id, value).is_ok(), "{id:#x}");
            let decoded = TransportParameters::decode(&entry(id, value), Role::Client);
            assert_eq!(decoded.map_err(|error| error.code), REFUSED, "{id:#x}");
        }
    }

    /// RFC 9000 section 18.2.
    #[test]
    fn connection_ids_have_twenty_bytes_at_most() {
        for id in [
            id::ORIGINAL_DESTINATION_CONNECTION_ID,
            id::INITIAL_SOURCE_CONNECTION_ID,
            id::RETRY_SOURCE_CONNECTION_ID,
        ] {
            assert!(decode_one(id, &[]).is_ok());
            assert!(decode_one(id, &[1; 20]).is_ok());
            assert_eq!(decode_one(id, &[1; 21]), REFUSED);
        }
    }

    /// RFC 9000 section 18.2.
    #[test]
    fn a_reset_token_has_sixteen_bytes_and_a_flag_none() {
        assert!(decode_one(id::STATELESS_RESET_TOKEN, &[1; 16]).is_ok());
        assert_eq!(decode_one(id::STATELESS_RESET_TOKEN, &[1; 15]), REFUSED);
        assert_eq!(decode_one(id::STATELESS_RESET_TOKEN, &[1; 17]), REFUSED);
        let flagged = decode_one(id::DISABLE_ACTIVE_MIGRATION, &[]).unwrap();
        assert!(flagged.disable_active_migration);
        assert_eq!(decode_one(id::DISABLE_ACTIVE_MIGRATION, &[0]), REFUSED);
    }

    #[test]
    fn an_idle_timeout_past_all_clocks_is_just_very_long() {
        let decoded = decode_one(id::MAX_IDLE_TIMEOUT, &number((1 << 62) - 1)).unwrap();
        assert_eq!(decoded.max_idle_timeout, Duration::MAX);
    }
}
