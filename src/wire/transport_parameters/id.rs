//! The numbers of the parameters (RFC 9000 section 18.2 and others as noted).

pub(super) const ORIGINAL_DESTINATION_CONNECTION_ID: u64 = 0x00;
pub(super) const MAX_IDLE_TIMEOUT: u64 = 0x01;
pub(super) const STATELESS_RESET_TOKEN: u64 = 0x02;
pub(super) const MAX_UDP_PAYLOAD_SIZE: u64 = 0x03;
pub(super) const INITIAL_MAX_DATA: u64 = 0x04;
pub(super) const INITIAL_MAX_STREAM_DATA_BIDI_LOCAL: u64 = 0x05;
pub(super) const INITIAL_MAX_STREAM_DATA_BIDI_REMOTE: u64 = 0x06;
pub(super) const INITIAL_MAX_STREAM_DATA_UNI: u64 = 0x07;
pub(super) const INITIAL_MAX_STREAMS_BIDI: u64 = 0x08;
pub(super) const INITIAL_MAX_STREAMS_UNI: u64 = 0x09;
pub(super) const ACK_DELAY_EXPONENT: u64 = 0x0a;
pub(super) const MAX_ACK_DELAY: u64 = 0x0b;
pub(super) const DISABLE_ACTIVE_MIGRATION: u64 = 0x0c;
pub(super) const PREFERRED_ADDRESS: u64 = 0x0d;
pub(super) const ACTIVE_CONNECTION_ID_LIMIT: u64 = 0x0e;
pub(super) const INITIAL_SOURCE_CONNECTION_ID: u64 = 0x0f;
pub(super) const RETRY_SOURCE_CONNECTION_ID: u64 = 0x10;
/// RFC 9368 section 3.
pub(super) const VERSION_INFORMATION: u64 = 0x11;
/// RFC 9221 section 3.
pub(super) const MAX_DATAGRAM_FRAME_SIZE: u64 = 0x20;

/// Private to xquic: stop sending datagrams more than once.
pub(super) const CLOSE_DGRAM_REDUNDANCY: u64 = 0x13;

/// Private to xquic: 0-RTT and 1-RTT packets are to go without protection.
pub(super) const NO_CRYPTO: u64 = 0x1000;

/// xquic's own, defined by its implementation.
pub(super) const PMTUD: u64 = 0x0e08_a234_ff11_2300;

/// draft-smith-quic-receive-ts, as upstream speaks it; the other two belong to it.
pub(super) const EXTENDED_ACK_FEATURES: u64 = 0xff0_a004;
pub(super) const MAX_RECEIVE_TIMESTAMPS_PER_ACK: u64 = 0xff0_a002;
pub(super) const RECEIVE_TIMESTAMPS_EXPONENT: u64 = 0xff0_a003;

/// Google's, and on one side only.
pub(super) const CONNECTION_OPTIONS: u64 = 0x3128;

/// True for what a client must not send (RFC 9000 section 18.2, last paragraph).
pub(super) const fn is_server_only(id: u64) -> bool {
    matches!(
        id,
        ORIGINAL_DESTINATION_CONNECTION_ID
            | PREFERRED_ADDRESS
            | RETRY_SOURCE_CONNECTION_ID
            | STATELESS_RESET_TOKEN
    )
}

/// The reserved number that `n`, less than 2^56, selects: it stands for nothing and is to be ignored
/// (RFC 9000 section 18.1).
pub(super) const fn grease(n: u64) -> u64 {
    31 * n + 27
}
