//! What a peer is allowed to send, as a host sets it.

use crate::connection::{Settings, MAX_CONNECTION_CREDIT, MIN_DATAGRAM_SIZE};
use crate::ffi::abi::xqc_conn_settings_t;

use super::mtu::MAX_PACKET_SIZE;

/// The most streams a peer can be allowed (RFC 9000 section 4.6).
const MAX_STREAMS: u64 = 1 << 60;

/// How much of a receive rate is given as credit, in milliseconds.
const RATE_WINDOW_MS: u64 = 60;

/// The least credit that a receive rate stands for, in bytes.
const MIN_RATE_WINDOW: u64 = 63_000;

/// The most, in bytes.
const MAX_RATE_WINDOW: u64 = 16 << 20;

/// The least window of a single stream in bytes: one packet.
const MIN_STREAM_WINDOW: u64 = MAX_PACKET_SIZE as u64;

/// The credit the peer starts with, and what we queue.
pub(super) fn with_credit(host: &xqc_conn_settings_t, base: &Settings) -> Settings {
    let streams = |wanted: u64, known: u64| match wanted {
        0 => known,
        count => count.min(MAX_STREAMS),
    };
    let bidi = streams(host.max_streams_bidi, base.initial_max_streams_bidi);
    let uni = streams(host.max_streams_uni, base.initial_max_streams_uni);
    let limited_stream_window = (host.enable_stream_rate_limit != 0).then(|| stream_window(host));
    let per_stream = base.initial_max_stream_data;
    let own = limited_stream_window.unwrap_or(per_stream);
    let whole = bidi.saturating_mul(own).saturating_add(uni.saturating_mul(per_stream));
    Settings {
        receive_rate: host.recv_rate_bytes_per_sec,
        limited_stream_window,
        initial_max_data: match host.recv_rate_bytes_per_sec {
            0 => whole.min(MAX_CONNECTION_CREDIT),
            rate => rate_window(rate),
        },
        interop_mode: host.is_interop_mode != 0,
        initial_max_streams_bidi: bidi,
        initial_max_streams_uni: uni,
        send_capacity: match host.sndq_packets_used_max {
            0 => Settings::default().send_capacity,
            packets => packets.saturating_mul(MIN_DATAGRAM_SIZE.into()),
        },
        ..base.clone()
    }
}

/// The first and least window of streams whose rate is bounded.
fn stream_window(host: &xqc_conn_settings_t) -> u64 {
    match host.init_recv_window {
        0 => MIN_RATE_WINDOW,
        bytes => MIN_STREAM_WINDOW.max(bytes.into()),
    }
}

/// What arrives in [`RATE_WINDOW_MS`] at `rate` bytes per second: so much is a sender given to
/// begin with.
fn rate_window(rate: u64) -> u64 {
    (rate / 1000).saturating_mul(RATE_WINDOW_MS).clamp(MIN_RATE_WINDOW, MAX_RATE_WINDOW)
}
