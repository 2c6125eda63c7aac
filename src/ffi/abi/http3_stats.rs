//! `xqc_http3.h`: statistics of requests and bytestreams.

use core::ffi::{c_char, c_float, c_int};

use libc::size_t;

use super::{xqc_int_t, xqc_msec_t, xqc_usec_t};

/// Room for a report line, in bytes.
pub const XQC_STREAM_INFO_LEN: usize = 128;

/// Statistics of a request. Times are points on the engine's clock in microseconds, 0 if it has not
/// come to that.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct xqc_request_stats_t {
    /// Bytes of content sent.
    pub send_body_size: size_t,
    /// Bytes of content received.
    pub recv_body_size: size_t,
    /// Bytes of names and values sent.
    pub send_header_size: size_t,
    /// Bytes of names and values received.
    pub recv_header_size: size_t,
    /// Bytes they took on the wire.
    pub send_hdr_compressed: size_t,
    /// Bytes they took on the wire.
    pub recv_hdr_compressed: size_t,
    /// The connection's error, or else the stream's; 0 is none.
    pub stream_err: c_int,
    /// The request began to wait for QPACK.
    pub blocked_time: xqc_usec_t,
    /// It could go on.
    pub unblocked_time: xqc_usec_t,
    /// The stream's end was received.
    pub stream_fin_time: xqc_usec_t,
    /// The request was created.
    pub h3r_begin_time: xqc_usec_t,
    /// The request ended.
    pub h3r_end_time: xqc_usec_t,
    /// The first HEADERS frame began to arrive.
    pub h3r_header_begin_time: xqc_usec_t,
    /// It was decoded.
    pub h3r_header_end_time: xqc_usec_t,
    /// The first DATA frame began to arrive.
    pub h3r_body_begin_time: xqc_usec_t,
    /// The header section was sent.
    pub h3r_header_send_time: xqc_usec_t,
    /// The first content was sent.
    pub h3r_body_send_time: xqc_usec_t,
    /// The stream's end was sent last.
    pub stream_fin_send_time: xqc_usec_t,
    /// The stream's end was acknowledged.
    pub stream_fin_ack_time: xqc_usec_t,
    /// Why the stream closed; valid until the request is released. May be null.
    pub stream_close_msg: *const c_char,

    /// Use of paths. 0: only one was there. 1: available and standby paths. 2: only standby paths.
    /// 3: only available paths.
    pub mp_state: c_int,
    /// Part of the bytes sent on available paths, 0 to 1.
    pub mp_default_path_send_weight: c_float,
    /// Part of the bytes received on available paths, 0 to 1.
    pub mp_default_path_recv_weight: c_float,
    /// Part of the bytes sent on standby paths, 0 to 1.
    pub mp_standby_path_send_weight: c_float,
    /// Part of the bytes received on standby paths, 0 to 1.
    pub mp_standby_path_recv_weight: c_float,

    /// Limit on the receive rate in bytes per second; 0 is none.
    pub rate_limit: u64,

    /// An `xqc_0rtt_flag_t`.
    pub early_data_state: u8,

    /// Figures for the log.
    pub stream_info: [c_char; XQC_STREAM_INFO_LEN],
    /// More figures for the log.
    pub extern_stream_info: [c_char; XQC_STREAM_INFO_LEN],

    /// The stream's end was sent first.
    pub stream_fst_fin_snd_time: xqc_usec_t,

    /// Milliseconds spent waiting for the congestion window.
    pub cwnd_blocked_ms: xqc_msec_t,
    /// Packets sent again.
    pub retrans_cnt: u32,

    /// The first packet was sent.
    pub stream_fst_pkt_snd_time: xqc_usec_t,
    /// The first packet was received.
    pub stream_fst_pkt_rcv_time: xqc_usec_t,

    /// Packets sent.
    pub sent_pkt_cnt: u32,
    /// Probe timeouts in a row, at most.
    pub max_pto_backoff: u8,

    /// Packets recovered by error correction.
    pub fec_recov_cnt: u32,
    /// The first repair symbol was received.
    pub fst_rpr_time: xqc_usec_t,
    /// The last repair symbol was received.
    pub last_rpr_time: xqc_usec_t,

    /// 1: the request was sent with error correction.
    pub is_fec_protected: u8,
    /// An `xqc_stream_size_type_t`.
    pub block_size_mode: u8,
    /// Source symbols missing when the last repair symbol arrived.
    pub fec_blk_lack_num: xqc_int_t,
    /// Microseconds from the last repair symbol of the first block to its completion.
    pub fec_blk_lack_time: xqc_usec_t,
    /// Microseconds from the last repair symbol to the stream's end.
    pub fec_req_delay_time: xqc_usec_t,
    /// Microseconds the receiver took, counting recovered packets.
    pub recv_time_with_fec: xqc_usec_t,
    /// The last packet was received.
    pub final_packet_time: xqc_usec_t,
    /// Microseconds from the stream's creation to its end; 0 until then.
    pub stream_close_delay: xqc_usec_t,
}

/// Statistics of a bytestream. Times as in `xqc_request_stats_t`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct xqc_h3_ext_bytestream_stats_t {
    /// Bytes sent.
    pub bytes_sent: size_t,
    /// Bytes received.
    pub bytes_rcvd: size_t,
    /// The error it ended with; 0 is none.
    pub stream_err: c_int,
    /// Why the stream closed; valid until the bytestream is released. May be null.
    pub stream_close_msg: *const c_char,
    /// It was created.
    pub create_time: xqc_usec_t,
    /// Its end was received.
    pub fin_rcvd_time: xqc_usec_t,
    /// Its end was delivered to the application.
    pub fin_read_time: xqc_usec_t,
    /// Its end was sent.
    pub fin_sent_time: xqc_usec_t,
    /// Its end was acknowledged.
    pub fin_acked_time: xqc_usec_t,
    /// The first byte was sent.
    pub first_byte_sent_time: xqc_usec_t,
    /// The first byte was received.
    pub first_byte_rcvd_time: xqc_usec_t,
}

zeroable!(xqc_request_stats_t, xqc_h3_ext_bytestream_stats_t);
