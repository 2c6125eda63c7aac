//! `xquic.h`: statistics of a connection.

use core::ffi::{c_char, c_int};

use super::{xqc_usec_t, XQC_MAX_ALPN_BUF_LEN};

c_enum! {
    /// What became of 0-RTT.
    pub enum xqc_0rtt_flag_t {
        /// It was not tried, or is undecided.
        XQC_0RTT_NONE = 0,
        /// The server accepted it.
        XQC_0RTT_ACCEPT = 1,
        /// The server rejected it; the data was sent again in 1-RTT packets.
        XQC_0RTT_REJECT = 2,
    }
}

/// Paths listed in statistics.
pub const XQC_MAX_PATHS_COUNT: usize = 8;
/// Room for the report line, in bytes.
pub const XQC_CONN_INFO_LEN: usize = 400;
/// Room for the second report line, in bytes.
pub const XQC_EXTERN_CONN_INFO_LEN: usize = 128;

/// Statistics of one path.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct xqc_path_metrics_t {
    /// Its ID; `XQC_UNKNOWN_PATH_ID` in an unused entry.
    pub path_id: u64,

    /// Datagrams received.
    pub path_pkt_recv_count: u64,
    /// Packets sent that count as in flight.
    pub path_pkt_send_count: u64,

    /// Bytes of packets sent with STREAM or DATAGRAM frames.
    pub path_send_bytes: u64,
    /// Those sent for reinjection.
    pub path_send_reinject_bytes: u64,

    /// Bytes of packets received with STREAM or DATAGRAM frames.
    pub path_recv_bytes: u64,
    /// Those received by reinjection.
    pub path_recv_reinject_bytes: u64,
    /// Those that were new.
    pub path_recv_effective_bytes: u64,
    /// Those that were new and came by reinjection.
    pub path_recv_effective_reinject_bytes: u64,

    /// Not counted: 0; see `srtt` of the connection.
    pub path_srtt: u64,
    /// An `xqc_app_path_status_t`.
    pub path_app_status: u8,
}

/// Statistics of a connection. Zero-terminated strings.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct xqc_conn_stats_t {
    /// Packets sent that count as in flight: all but those with nothing but an ACK or the end.
    pub send_count: u32,
    /// Packets declared lost.
    pub lost_count: u32,
    /// Packets sent to probe after a timeout.
    pub tlp_count: u32,
    /// Packets wrongly declared lost, if that is detected.
    pub spurious_loss_count: u32,
    /// Packets with datagrams declared lost.
    pub lost_dgram_count: u32,
    /// Smoothed round trip time of the first path in microseconds; 0 before the first sample.
    pub srtt: xqc_usec_t,
    /// Smallest round trip time of the first path in microseconds; 0 before the first sample.
    pub min_rtt: xqc_usec_t,
    /// Bytes sent and not yet acknowledged or lost.
    pub inflight_bytes: u64,
    /// What became of 0-RTT.
    pub early_data_flag: xqc_0rtt_flag_t,
    /// Datagrams received.
    pub recv_count: u32,
    /// The setting of this name.
    pub spurious_loss_detect_on: c_int,
    /// The error the connection ended with; 0 is none.
    pub conn_err: c_int,
    /// The three highest ranges of packet numbers received, highest first, as text:
    /// "#high-low#high-low#high-low#v0429".
    pub ack_info: [c_char; 50],

    /// Whether multipath was agreed on. 0: no. 1: with one packet number space. 2: with one per
    /// path.
    pub enable_multipath: c_int,

    /// 0: no second path was tried. 1: a second path was validated. 2: none could be.
    pub mp_state: c_int,

    /// Address changes of the peer that were seen.
    pub total_rebind_count: c_int,
    /// Those that were validated.
    pub total_rebind_valid: c_int,

    /// The active paths.
    pub paths_info: [xqc_path_metrics_t; XQC_MAX_PATHS_COUNT],
    /// Figures for the log, comma-separated.
    pub conn_info: [c_char; XQC_CONN_INFO_LEN],

    /// The application protocol; "-1" before it is known.
    pub alpn: [c_char; XQC_MAX_ALPN_BUF_LEN],

    /// More figures for the log, in JSON.
    pub extern_conn_info: [c_char; XQC_EXTERN_CONN_INFO_LEN],

    /// Repair symbols sent.
    pub send_fec_cnt: u32,

    /// 1: error correction is used for sending.
    pub enable_fec: u8,
    /// Bytes of packets sent and received with STREAM or DATAGRAM frames, on all paths.
    pub total_app_bytes: u64,
    /// Those on standby paths.
    pub standby_path_app_bytes: u64,

    /// Largest packet that was acknowledged, in bytes; 0 before the Initial keys are dropped.
    pub max_acked_mtu: u32,

    /// Packets recovered by error correction.
    pub fec_recover_pkt_cnt: u32,
    /// Not counted: 0.
    pub avg_close_time: xqc_usec_t,
}

/// The few figures of a connection that are cheap to poll.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct xqc_conn_qos_stats_t {
    /// Smoothed round trip time of the first path in microseconds; 0 before the first sample.
    pub srtt: xqc_usec_t,
    /// Smallest round trip time of the first path in microseconds; 0 before the first sample.
    pub min_rtt: xqc_usec_t,
    /// Bytes sent and not yet acknowledged or lost, on all paths.
    pub inflight_bytes: u64,
}

zeroable!(xqc_path_metrics_t, xqc_conn_stats_t, xqc_conn_qos_stats_t);
