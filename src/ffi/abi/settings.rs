//! `xquic.h`: settings of a connection.

use core::ffi::{c_char, c_int};

use libc::size_t;

use super::{
    xqc_bool_t, xqc_cc_params_t, xqc_cong_ctrl_callback_t, xqc_fec_code_callback_t,
    xqc_fec_params_t, xqc_msec_t, xqc_proto_version_t, xqc_reinj_ctl_callback_t,
    xqc_scheduler_callback_t, xqc_scheduler_params_t, xqc_usec_t, XQC_CO_STR_MAX_LEN,
    XQC_MAX_CID_LEN,
};

c_enum! {
    /// Whether the peer is asked to stop sending datagrams redundantly.
    pub enum xqc_dgram_red_setting_e {
        /// Nothing is asked.
        XQC_RED_NOT_USE = 0,
        /// It is asked to stop.
        XQC_RED_SET_CLOSE = 1,
    }
}

c_enum! {
    /// Bits for `xqc_conn_settings_t.enable_pmtud`.
    pub enum xqc_pmtud_flag_e {
        /// No path MTU discovery.
        XQC_PMTUD_DISABLE = 0,
        /// The client probes. A server sets this bit to consent, which only the original asks for.
        XQC_PMTUD_ENABLE_CLIENT = 1 << 0,
        /// The server probes. A client sets this bit to consent.
        XQC_PMTUD_ENABLE_SERVER = 1 << 1,
        /// Both bits; they are told the peer.
        XQC_PMTUD_ENABLE_MASK = 3,
        /// This end probes whatever the peer says (RFC 9000 section 14.3); not sent to it.
        XQC_PMTUD_FORCE_ENABLE = 1 << 2,
    }
}

c_enum! {
    /// What makes up the blocks of error correction.
    pub enum xqc_fec_level_e {
        /// Packets of the whole connection.
        XQC_FEC_CONN_LEVEL = 0,
        /// Packets of one stream.
        XQC_FEC_STREAM_LEVEL = 1,
    }
}

/// Lingering: after a close, send what is queued before CONNECTION_CLOSE.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct xqc_linger_t {
    /// 1: linger.
    pub linger_on: u32,
    /// For how many microseconds at most; 0 for three probe timeouts.
    pub linger_timeout: xqc_usec_t,
}

c_enum! {
    /// Versions of the multipath extension.
    pub enum xqc_multipath_version_t {
        /// None.
        XQC_ERR_MULTIPATH_VERSION = 0x00,
        /// Draft 10.
        XQC_MULTIPATH_10 = 0x0a,
    }
}

c_enum! {
    /// Versions of the error correction extension.
    pub enum xqc_fec_version_t {
        /// None.
        XQC_ERR_FEC_VERSION = 0x00,
        /// Version 2.
        XQC_FEC_02 = 0x02,
    }
}

/// Settings of a connection. Clear the struct, or start from
/// `xqc_conn_get_conn_settings_template`, then change what matters. In limits, windows, sizes and
/// timeouts 0 means the library's default; switches are off at 0. Values out of range are clamped.
/// The library copies the struct; live connections keep theirs.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct xqc_conn_settings_t {
    /// 1: spread packets over the round trip time.
    pub pacing_on: c_int,
    /// 1: a client sends PINGs to keep the connection alive.
    pub ping_on: c_int,
    /// A copy of one of the congestion controller objects. Cleared: `xqc_cubic_cb`.
    pub cong_ctrl_callback: xqc_cong_ctrl_callback_t,
    /// Parameters for it.
    pub cc_params: xqc_cc_params_t,
    /// Upper bound of the congestion window in bytes, for a small socket buffer. 0: none.
    pub so_sndbuf: u32,
    /// The most packets queued for sending, beyond which streams block. Default 18,000; should hold
    /// twice the bandwidth-delay product.
    pub sndq_packets_used_max: u64,
    /// What closing does about queued data.
    pub linger: xqc_linger_t,
    /// QUIC version of a client. `xqc_h3_connect` requires one.
    pub proto_version: xqc_proto_version_t,
    /// Idle timeout in milliseconds until the handshake is complete. Default 10,000.
    pub init_idle_time_out: xqc_msec_t,
    /// Idle timeout in milliseconds after it. Default 120,000.
    pub idle_time_out: xqc_msec_t,
    /// After this many microseconds without a full block, repair symbols are sent anyway. 0: never.
    pub fec_conn_queue_rpr_timeout: xqc_usec_t,
    /// 1: recognize losses that were none, and be more patient on a path that reorders.
    pub spurious_loss_detect_on: i32,
    /// A server sends an unvalidated client at most so many times the bytes it got. Default 3.
    pub anti_amplification_limit: u32,
    /// Update keys after so many packets. 0: only when the cipher's limit requires it.
    pub keyupdate_pkt_threshold: u64,
    /// Largest packet sent, in bytes without the UDP header. Default 1200, at most 1420.
    pub max_pkt_out_size: size_t,
    /// Size up to which path MTU discovery probes, in bytes without the UDP header. Default 1420,
    /// at most 1500.
    pub probing_pkt_out_size: size_t,

    /// Largest DATAGRAM frame accepted, in bytes. 0 refuses datagrams; 65535 accepts any that fits
    /// into a packet.
    pub max_datagram_frame_size: u16,

    /// 1: offer multipath.
    pub enable_multipath: u64,
    /// Version of the extension to offer. Default `XQC_MULTIPATH_10`.
    pub multipath_version: xqc_multipath_version_t,
    /// Highest path ID granted to the peer. Default 8.
    pub init_max_path_id: u64,
    /// Unused connection IDs to be at hand before `ready_to_create_path_notify`.
    pub least_available_cid_count: u64,

    /// Bits of `xqc_reinjection_mode_t`. 0: no reinjection.
    pub mp_enable_reinjection: c_int,
    /// The deadline for reinjection is this factor times the round trip time, within the two bounds
    /// below. Default 1.1.
    pub reinj_flexible_deadline_srtt_factor: f64,
    /// Upper bound of that deadline in microseconds. Default 500,000.
    pub reinj_hard_deadline: u64,
    /// Lower bound of that deadline in microseconds. Default 20,000.
    pub reinj_deadline_lower_bound: u64,

    /// 1: acknowledgements may go out on any path, as the scheduler says.
    pub mp_ack_on_any_path: u8,

    /// 1: keep-alive PINGs go out on every path.
    pub mp_ping_on: u8,

    /// A copy of one of the scheduler objects. Cleared: `xqc_minrtt_scheduler_cb`.
    pub scheduler_callback: xqc_scheduler_callback_t,
    /// Parameters for it.
    pub scheduler_params: xqc_scheduler_params_t,

    /// A copy of one of the reinjection objects. Cleared: none.
    pub reinj_ctl_callback: xqc_reinj_ctl_callback_t,

    /// A standby path is probed after so many milliseconds without traffic, at least 500. 0: never.
    pub standby_path_probe_timeout: xqc_msec_t,

    /// Longest delay of an acknowledgement in milliseconds. Default and upper bound 25.
    pub max_ack_delay: u32,
    /// Acknowledge after so many packets. Default 2.
    pub ack_frequency: u32,
    /// 1: acknowledge only every tenth packet once 100 acknowledgements were sent.
    pub adaptive_ack_frequency: u8,
    /// A packet is lost when one sent so many later is acknowledged. Default 3.
    pub loss_detection_pkt_thresh: u64,
    /// Growth of the probe timeout from one to the next. Default 2.
    pub pto_backoff_factor: f64,

    /// 0: send datagrams once. 1: twice. 2: twice, on different paths only.
    pub datagram_redundancy: u8,
    /// 1: lost datagrams are sent again.
    pub datagram_force_retrans_on: u8,
    /// Send the last datagram again after so many microseconds of silence, at least 30,000. 0: no.
    pub datagram_redundant_probe: u64,

    /// Bits of `xqc_pmtud_flag_e`: path MTU discovery. Datagrams grow to the largest size that
    /// arrives, and fall back to 1200 bytes when the path stops carrying larger ones.
    pub enable_pmtud: u8,
    /// Time between two probes in microseconds. Default 500,000.
    pub pmtud_probing_interval: u64,

    /// 1: mark reinjected packets in the reserved bits of their header.
    pub marking_reinjection: u8,

    /// Limit on the rate of stream data received, in bytes per second. Not below 63,000 bytes per
    /// round trip time. 0: none.
    pub recv_rate_bytes_per_sec: u64,

    /// 1: limits of single streams take effect; see `xqc_stream_settings_t`.
    pub enable_stream_rate_limit: u8,

    /// Initial flow control window of limited streams in bytes. Default 63,000.
    pub init_recv_window: u32,

    /// 1: small initial limits as interoperability tests expect: 1 MiB of data, 128 streams.
    pub is_interop_mode: xqc_bool_t,

    /// 1: let memory pools check for overruns.
    #[cfg(feature = "protect_pool_mem")]
    pub protect_pool_mem: u8,

    /// Connection options, `xqc_conn_option_t`: comma-separated and zero-terminated.
    pub conn_option_str: [c_char; XQC_CO_STR_MAX_LEN],

    /// Round trip time assumed before the first sample, in microseconds. Default 250,000.
    pub initial_rtt: xqc_usec_t,
    /// First probe timeout in microseconds. Default three times `initial_rtt`.
    pub initial_pto_duration: xqc_usec_t,

    /// 1: offer to send with error correction.
    pub enable_encode_fec: u64,
    /// 1: offer to receive with error correction.
    pub enable_decode_fec: u64,
    /// Parameters for it.
    pub fec_params: xqc_fec_params_t,
    /// Set by the library once a scheme is agreed on.
    pub fec_callback: xqc_fec_code_callback_t,

    /// Whether the peer is asked to stop redundancy of datagrams.
    pub close_dgram_redundancy: xqc_dgram_red_setting_e,

    /// 1: this connection never sends through `write_mmsg`.
    pub disable_send_mmsg: u8,

    /// 1: shorter probe timeouts, 1.25 times the smoothed round trip time.
    pub control_pto_value: u8,

    /// Largest UDP payload that is received, in bytes. Default 1500.
    pub max_udp_payload_size: u64,

    /// What makes up blocks of error correction.
    pub fec_level: xqc_fec_level_e,
    /// Bits of the extended acknowledgement; 2: receive timestamps. Not with multipath.
    pub extended_ack_features: u64,
    /// The most timestamps in one acknowledgement, at most 63.
    pub max_receive_timestamps_per_ack: u64,
    /// Timestamps count in units of 2 to this power milliseconds, at most 20.
    pub receive_timestamps_exponent: u64,

    /// 1: never skip packet numbers. Weakens the defence against forged acknowledgements.
    pub disable_pn_skipping: u8,

    /// 1: a client uses `client_scid` as its connection ID.
    pub specify_client_scid: u8,
    /// The engine's `cid_len` bytes are used.
    pub client_scid: [u8; XQC_MAX_CID_LEN],
    /// 1: a client uses `client_dcid` as the server's first connection ID.
    pub specify_client_dcid: u8,
    /// The engine's `cid_len` bytes are used; at least 8 are needed.
    pub client_dcid: [u8; XQC_MAX_CID_LEN],

    /// Bidirectional streams the peer may have open. Default 1024.
    pub max_streams_bidi: u64,
    /// Unidirectional streams the peer may have open. Default 1024.
    pub max_streams_uni: u64,

    /// For tests, 1: acknowledgements report made-up ECN counts.
    pub simulate_ecn: u8,

    /// Bytes of one stream held back while its header section waits for QPACK. Default 1 MiB.
    pub max_blocked_buf_per_stream: size_t,

    /// Bytes of all streams so held back. Default 8 MiB.
    pub max_blocked_buf_per_conn: size_t,
}

// SAFETY: tables of functions and numbers.
unsafe impl Sync for xqc_conn_settings_t {}

zeroable!(xqc_linger_t, xqc_conn_settings_t);
