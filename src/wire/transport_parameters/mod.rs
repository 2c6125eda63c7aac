//! Transport parameters (RFC 9000 section 18): what each side tells the other during the TLS
//! handshake.

mod connection_ids;
mod decode;
mod early_data;
mod encode;
mod id;
mod preferred_address;
mod version_information;

pub use connection_ids::HandshakeConnectionIds;
pub use preferred_address::PreferredAddress;
pub use version_information::VersionInformation;

use super::{ConnectionId, ResetToken};
use crate::error::{TransportError, TransportErrorCode};
use crate::time::Duration;

/// The smallest `max_udp_payload_size` there may be, and what every path carries
/// (RFC 9000 sections 14 and 18.2).
pub const MIN_UDP_PAYLOAD_SIZE: u64 = 1200;
/// The largest payload UDP has room for.
pub const MAX_UDP_PAYLOAD_SIZE: u64 = 65_527;
/// The largest `ack_delay_exponent` (RFC 9000 section 18.2).
pub const MAX_ACK_DELAY_EXPONENT: u8 = 20;
/// The largest `receive_timestamps_exponent` (draft-smith-quic-receive-ts).
pub const MAX_RECEIVE_TIMESTAMPS_EXPONENT: u8 = 20;
/// The first `max_ack_delay`, in milliseconds, that is too large (RFC 9000 section 18.2).
pub const MAX_ACK_DELAY_LIMIT: u64 = 1 << 14;
/// The smallest `active_connection_id_limit` (RFC 9000 section 18.2).
pub const MIN_ACTIVE_CONNECTION_ID_LIMIT: u64 = 2;

/// What one side tells the other, under the RFC's names (RFC 9000 section 18.2, RFC 9221 section 3,
/// RFC 9368 section 3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransportParameters {
    /// The destination ID of the client's very first Initial. Only servers send it.
    pub original_destination_connection_id: Option<ConnectionId>,
    /// After how long a silence the sender forgets the connection; zero for never.
    pub max_idle_timeout: Duration,
    /// What a stateless reset for the ID of the handshake ends with. Only servers send it.
    pub stateless_reset_token: Option<ResetToken>,
    /// The largest UDP payload the sender takes, in bytes.
    pub max_udp_payload_size: u64,
    /// The first MAX_DATA.
    pub initial_max_data: u64,
    /// The first MAX_STREAM_DATA of bidirectional streams that the sender opens.
    pub initial_max_stream_data_bidi_local: u64,
    /// The first MAX_STREAM_DATA of bidirectional streams that the receiver opens.
    pub initial_max_stream_data_bidi_remote: u64,
    /// The first MAX_STREAM_DATA of unidirectional streams that the receiver opens.
    pub initial_max_stream_data_uni: u64,
    /// The first MAX_STREAMS for bidirectional streams, at most 2^60.
    pub initial_max_streams_bidi: u64,
    /// The first MAX_STREAMS for unidirectional streams, at most 2^60.
    pub initial_max_streams_uni: u64,
    /// By how many bits the ACK Delay field is shifted, at most 20.
    pub ack_delay_exponent: u8,
    /// The longest the sender holds an acknowledgement back, less than 2^14 milliseconds.
    pub max_ack_delay: Duration,
    /// True if the receiver must not move to another address.
    pub disable_active_migration: bool,
    /// Where the server would rather be reached. Only servers send it.
    pub preferred_address: Option<PreferredAddress>,
    /// How many of the receiver's connection IDs the sender keeps, at least 2.
    pub active_connection_id_limit: u64,
    /// The source ID of the sender's first Initial.
    pub initial_source_connection_id: Option<ConnectionId>,
    /// The source ID of the Retry, if there was one. Only servers send it.
    pub retry_source_connection_id: Option<ConnectionId>,
    /// The largest DATAGRAM frame the sender takes, in bytes, type and length included; zero for none
    /// at all.
    pub max_datagram_frame_size: u64,
    /// The sender wants no datagram twice; private to xquic, 1 on the wire.
    pub close_dgram_redundancy: bool,
    /// The sender wants 0-RTT and 1-RTT packets without protection, or agrees to it; private to
    /// xquic, 1 on the wire.
    pub no_crypto: bool,
    /// Which roles the sender would have search for the path MTU, as bits: client 1, server 2.
    /// Private to xquic; zero for none. Nothing follows from the peer's: no consent is needed.
    pub pmtud: u64,
    /// The fields that the sender wants in ACK_EXTENDED frames, one bit each; zero for plain ACKs.
    pub extended_ack_features: u64,
    /// Timestamps that the sender takes in one frame.
    pub max_receive_timestamps_per_ack: u64,
    /// They count in units of 2 to this power milliseconds, at most 20.
    pub receive_timestamps_exponent: u8,
    /// Tags that ask the receiver for a behaviour, as Google's QUIC knows them. Only sent: what a
    /// peer would have us do stays our host's decision.
    pub connection_options: Vec<[u8; 4]>,
    /// The version in use and those that could be.
    pub version_information: Option<VersionInformation>,
}

impl Default for TransportParameters {
    /// What a parameter means that is not there (RFC 9000 section 18.2).
    fn default() -> Self {
        Self {
            original_destination_connection_id: None,
            max_idle_timeout: Duration::ZERO,
            stateless_reset_token: None,
            max_udp_payload_size: MAX_UDP_PAYLOAD_SIZE,
            initial_max_data: 0,
            initial_max_stream_data_bidi_local: 0,
            initial_max_stream_data_bidi_remote: 0,
            initial_max_stream_data_uni: 0,
            initial_max_streams_bidi: 0,
            initial_max_streams_uni: 0,
            ack_delay_exponent: 3,
            max_ack_delay: Duration::from_millis(25),
            disable_active_migration: false,
            preferred_address: None,
            active_connection_id_limit: MIN_ACTIVE_CONNECTION_ID_LIMIT,
            initial_source_connection_id: None,
            retry_source_connection_id: None,
            max_datagram_frame_size: 0,
            close_dgram_redundancy: false,
            no_crypto: false,
            pmtud: 0,
            extended_ack_features: 0,
            max_receive_timestamps_per_ack: 0,
            receive_timestamps_exponent: 0,
            connection_options: Vec::new(),
            version_information: None,
        }
    }
}

/// The idle timeout of a connection whose sides announce `local` and `peer`: the shorter one, zero
/// standing for none (RFC 9000 section 10.1).
pub fn effective_idle_timeout(local: Duration, peer: Duration) -> Option<Duration> {
    [local, peer].into_iter().filter(|timeout| !timeout.is_zero()).min()
}

/// A TRANSPORT_PARAMETER_ERROR.
const fn invalid(reason: &'static str) -> TransportError {
    TransportError::new(TransportErrorCode::TRANSPORT_PARAMETER_ERROR, reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 9000 section 10.1.
    #[test]
    fn the_shorter_timeout_counts_and_zero_is_none() {
        let (short, long) = (Duration::from_secs(10), Duration::from_secs(30));
        assert_eq!(effective_idle_timeout(long, short), Some(short));
        assert_eq!(effective_idle_timeout(short, long), Some(short));
        assert_eq!(effective_idle_timeout(Duration::ZERO, long), Some(long));
        assert_eq!(effective_idle_timeout(short, Duration::ZERO), Some(short));
        assert_eq!(effective_idle_timeout(Duration::ZERO, Duration::ZERO), None);
    }
}
