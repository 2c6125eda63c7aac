//! `xquic_typedef.h`: the scalar types, the handles, and small structs and enums used everywhere.

use core::ffi::{c_int, c_uint, CStr};

use libc::intptr_t;

opaque! {
    /// A stream. Valid from its creation until `stream_close_notify` has returned.
    pub struct xqc_stream_t;
    /// A connection. Valid from `server_accept` or `xqc_connect` until its close callback has
    /// returned.
    pub struct xqc_connection_t;
    /// An engine. Owns its connections; valid until `xqc_engine_destroy`.
    pub struct xqc_engine_t;
    /// An HTTP/3 request. Valid until `h3_request_close_notify` has returned, or until
    /// `xqc_h3_request_close` if that is called first.
    pub struct xqc_h3_request_t;
    /// An HTTP/3 connection. Valid until `h3_conn_close_notify` has returned.
    pub struct xqc_h3_conn_t;
    /// A bytestream of extended HTTP/3. Valid until `bs_close_notify` has returned.
    pub struct xqc_h3_ext_bytestream_t;
    /// A network path as schedulers see it. Valid only during the call that hands it out.
    pub struct xqc_path_ctx_t;
    /// The engine's log, given to schedulers; to be passed on, never looked into.
    pub struct xqc_log_t;
    /// The sending state of a path, given to congestion controllers; never looked into.
    pub struct xqc_send_ctl_t;
    /// A packet that was sent. Valid only during the call that hands it out.
    pub struct xqc_packet_out_t;
    /// A delivery rate sample for bandwidth-based congestion controllers. Valid only during the
    /// call that hands it out.
    pub struct xqc_sample_t;
    /// What a BBR-like controller tells about itself for the log.
    pub struct xqc_bbr_info_interface_t;
}

/// Milliseconds.
pub type xqc_msec_t = u64;
/// Microseconds; as a point in time, since the epoch of the clock in use.
pub type xqc_usec_t = u64;
/// A packet number.
pub type xqc_packet_number_t = u64;
/// A QUIC stream ID, with type and initiator in its lowest two bits.
pub type xqc_stream_id_t = u64;
/// The usual result: `XQC_OK` or a negated error number.
pub type xqc_int_t = i32;
/// An unsigned number of 32 bits.
pub type xqc_uint_t = u32;
/// A switch or a set of bits; zero is off.
pub type xqc_flag_t = intptr_t;
/// `XQC_TRUE` or `XQC_FALSE`.
pub type xqc_bool_t = u8;

/// True, as an `xqc_bool_t`.
pub const XQC_TRUE: xqc_bool_t = 1;
/// False, as an `xqc_bool_t`.
pub const XQC_FALSE: xqc_bool_t = 0;

/// The longest connection ID, in bytes.
pub const XQC_MAX_CID_LEN: usize = 20;
/// The shortest connection ID an engine may be configured to issue, in bytes.
pub const XQC_MIN_CID_LEN: usize = 4;
/// The length of the key for `xqc_lb_cid_encryption`, in bytes.
pub const XQC_LB_CID_KEY_LEN: usize = 16;
/// The length of a stateless reset token, in bytes.
pub const XQC_STATELESS_RESET_TOKENLEN: usize = 16;

/// Bits of `xqc_bbr_optimization_flag_t` other than none are not offered.
pub const XQC_BBR_RTTVAR_COMPENSATION_ENABLED: c_int = 0;
/// Bits of `xqc_bbr2_optimization_flag_t` other than none are not offered.
pub const XQC_BBR2_PLUS_ENABLED: c_int = 0;

/// Urgency of a request without a priority signal (RFC 9218).
pub const XQC_DEFAULT_HTTP_PRIORITY_URGENCY: c_int = 3;
/// The most urgent.
pub const XQC_HIGHEST_HTTP_PRIORITY_URGENCY: c_int = 0;
/// The least urgent.
pub const XQC_LOWEST_HTTP_PRIORITY_URGENCY: c_int = 7;

/// ALPN of HTTP/3.
pub const XQC_DEFINED_ALPN_H3: &CStr = c"h3";
/// ALPN of HTTP/3 over QUIC draft 29.
pub const XQC_DEFINED_ALPN_H3_29: &CStr = c"h3-29";
/// ALPN of HTTP/3 with bytestreams and datagrams.
pub const XQC_DEFINED_ALPN_H3_EXT: &CStr = c"h3-ext";

/// Room for an ALPN name and its terminating zero, in bytes.
pub const XQC_MAX_ALPN_BUF_LEN: usize = 256;
/// Room for the error correction part of a report, in bytes.
pub const XQC_MAX_FEC_BUF_LEN: usize = 64;
/// Room for the common part of a report, in bytes.
pub const XQC_MAX_COMMON_BUF_LEN: usize = 64;

/// The path ID of a slot that holds no path.
pub const XQC_UNKNOWN_PATH_ID: u64 = u64::MAX;

/// A connection ID. Hosts copy the struct whole, between processes too.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct xqc_cid_t {
    /// Number of bytes used in `cid_buf`, 0 to `XQC_MAX_CID_LEN`.
    pub cid_len: u8,
    /// The bytes; those past `cid_len` are zero.
    pub cid_buf: [u8; XQC_MAX_CID_LEN],
    /// The sequence number it was issued with.
    pub cid_seq_num: u64,
    /// The stateless reset token issued with it, or zeros.
    pub sr_token: [u8; XQC_STATELESS_RESET_TOKENLEN],
    /// The path it may be used on; 0 without multipath.
    pub path_id: u64,
}

c_enum! {
    /// How important a log record is; a smaller number is more important.
    pub enum xqc_log_level_t {
        /// Summaries of a connection or stream at its end.
        XQC_LOG_REPORT = 0,
        /// The engine cannot go on.
        XQC_LOG_FATAL = 1,
        /// An operation failed.
        XQC_LOG_ERROR = 2,
        /// Something is odd but handled.
        XQC_LOG_WARN = 3,
        /// Counters.
        XQC_LOG_STATS = 4,
        /// The course of connections.
        XQC_LOG_INFO = 5,
        /// Everything.
        XQC_LOG_DEBUG = 6,
    }
}

c_enum! {
    /// How important a qlog event is. An engine writes events up to its configured importance.
    pub enum qlog_event_importance_t {
        /// A few events only, written through `xqc_log_write_err`.
        EVENT_IMPORTANCE_SELECTED = 0,
        /// Core events of the qlog schema.
        EVENT_IMPORTANCE_CORE = 1,
        /// Core and base events.
        EVENT_IMPORTANCE_BASE = 2,
        /// Core, base and extra events.
        EVENT_IMPORTANCE_EXTRA = 3,
        /// Also events that newer schemas dropped but viewers still read.
        EVENT_IMPORTANCE_REMOVED = 4,
    }
}

c_enum! {
    /// Bits for `xqc_cc_params_t.cc_optimization_flags` with BBR.
    pub enum xqc_bbr_optimization_flag_t {
        /// No optimization.
        XQC_BBR_FLAG_NONE = 0x00,
    }
}

c_enum! {
    /// Bits for `xqc_cc_params_t.cc_optimization_flags` with BBRv2.
    pub enum xqc_bbr2_optimization_flag_t {
        /// No optimization.
        XQC_BBR2_FLAG_NONE = 0x00,
    }
}

c_enum! {
    /// Which end of a connection this is.
    pub enum xqc_conn_type_t {
        /// It was opened here.
        XQC_CONN_TYPE_CLIENT = 0,
        /// It was accepted here.
        XQC_CONN_TYPE_SERVER = 1,
    }
}

c_enum! {
    /// Whether both ends may send on a stream.
    pub enum xqc_stream_direction_t {
        /// Both ends send.
        XQC_STREAM_BIDI = 0,
        /// Only the opener sends.
        XQC_STREAM_UNI = 1,
    }
}

c_enum! {
    /// Request sizes, in bytes, up to which error correction uses the next smaller block.
    pub enum xqc_fec_priority_t {
        /// No size hint.
        XQC_FEC_DEFAULT = 0,
        /// Up to 2 KiB.
        XQC_FEC_CLOSE = 2048,
        /// Up to 4 KiB.
        XQC_FEC_NORMAL = 4096,
        /// Up to 20 KiB.
        XQC_FEC_MIDDLE = 20480,
    }
}

c_enum! {
    /// Size classes made from `xqc_fec_priority_t`.
    pub enum xqc_stream_size_type_t {
        /// No size hint.
        XQC_DEFAULT_SIZE_REQ = 0,
        /// Up to `XQC_FEC_CLOSE`.
        XQC_SLIM_SIZE_REQ = 1,
        /// Up to `XQC_FEC_NORMAL`.
        XQC_NORMAL_SIZE_REQ = 2,
        /// Up to `XQC_FEC_MIDDLE`.
        XQC_MIDDLE_SIZE_REQ = 3,
        /// Above.
        XQC_LARGE_SIZE_REQ = 4,
    }
}

/// Priority of a request (RFC 9218) with additions of ours. `xqc_h3_priority_init` fills in the
/// defaults.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct xqc_h3_priority_t {
    /// 0, the most urgent, to 7.
    pub urgency: u8,
    /// 1: a part of the response is of use by itself, so share the bandwidth. 0: one after another.
    pub incremental: u8,
    /// 1: let the scheduler choose paths by priority.
    pub schedule: u8,
    /// 1: send unacknowledged data of this request again on another path.
    pub reinject: u8,
    /// Expected size of the request in bytes, for error correction; 0 is unknown.
    pub fec: u32,
    /// 1: prefer the path with the lowest delay.
    pub fastpath: u8,
}

c_enum! {
    /// Starting points for connection settings.
    pub enum xqc_conn_settings_type_t {
        /// The library's defaults.
        XQC_CONN_SETTINGS_DEFAULT = 0,
        /// Acknowledges every packet and declares loss sooner.
        XQC_CONN_SETTINGS_LOW_DELAY = 1,
    }
}

/// Local settings that an application protocol may change after a connection was made.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct xqc_conn_public_local_trans_settings_t {
    /// The largest DATAGRAM frame accepted, in bytes; 0 refuses datagrams.
    pub max_datagram_frame_size: u16,
    /// 0: send once. 1: send twice. 2: twice, on different paths only.
    pub datagram_redundancy: u8,
}

/// The peer's settings, as far as an application protocol may see and remember them.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct xqc_conn_public_remote_trans_settings_t {
    /// The largest DATAGRAM frame the peer accepts, in bytes; 0 refuses datagrams.
    pub max_datagram_frame_size: u16,
}

/// Settings of one stream.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct xqc_stream_settings_t {
    /// Limit on the receive rate in bytes per second; 0 is none. Takes effect only with
    /// `enable_stream_rate_limit` in the connection settings.
    pub recv_rate_bytes_per_sec: u64,
}

c_enum! {
    /// Connection options: four letters each, given comma-separated in
    /// `xqc_conn_settings_t.conn_option_str`.
    pub enum xqc_conn_option_t {
        /// BBR that keeps buffers less full.
        XQC_CO_TBBR = 0x54424252,
        /// BBR leaves STARTUP after 1 round trip without growth.
        XQC_CO_1RTT = 0x31525454,
        /// BBR leaves STARTUP after 2 round trips without growth.
        XQC_CO_2RTT = 0x32525454,
        /// BBR remembers ACK aggregation for 20 round trips.
        XQC_CO_BBR4 = 0x42425234,
        /// BBR remembers ACK aggregation for 40 round trips.
        XQC_CO_BBR5 = 0x42425235,
        /// Initial window of 3 packets.
        XQC_CO_IW03 = 0x49573033,
        /// Initial window of 10 packets.
        XQC_CO_IW10 = 0x49573130,
        /// Initial window of 20 packets.
        XQC_CO_IW20 = 0x49573230,
        /// Initial window of 50 packets.
        XQC_CO_IW50 = 0x49573530,
        /// Use BBRv2.
        XQC_CO_B2ON = 0x42324F4E,
        /// Use Copa.
        XQC_CO_COPA = 0x434F5041,
        /// Use Copa version 2.
        XQC_CO_C2ON = 0x43324F4E,
        /// Use CUBIC.
        XQC_CO_QBIC = 0x51424943,
        /// Use NewReno.
        XQC_CO_RENO = 0x52454E4F,
        /// Serve streams in the order of their IDs.
        XQC_CO_SPRI = 0x53505249,
        /// Serve streams by RFC 9218 priorities.
        XQC_CO_9218 = 0x39323138,
        /// Ignore RFC 9218 priorities.
        XQC_CO_D218 = 0x44323138,
        /// Go on sending after the peer asked to stop.
        XQC_CO_DRST = 0x44525354,
        /// Turn on all options below, customized BBR.
        XQC_CO_CBBR = 0x43424252,
        /// BBR ignores losses in STARTUP.
        XQC_CO_BNLS = 0x424E4C53,
        /// BBR adapts its window gain.
        XQC_CO_BACG = 0x42414347,
        /// BBR window gain of 3.
        XQC_CO_CG03 = 0x43473033,
        /// BBR window gain of 5.
        XQC_CO_CG05 = 0x43473035,
        /// BBR window gain of 10.
        XQC_CO_CG10 = 0x43473130,
        /// BBR window gain of 20.
        XQC_CO_CG20 = 0x43473230,
        /// BBR pacing gain of 1.1 while probing for bandwidth.
        XQC_CO_PG11 = 0x50473131,
        /// BBR pacing gain of 1.5 while probing for bandwidth.
        XQC_CO_PG15 = 0x50473135,
        /// BBR has no loss recovery state.
        XQC_CO_BNLR = 0x424E4C52,
        /// Minimum window of 10 packets.
        XQC_CO_MW10 = 0x4D573130,
        /// Minimum window of 20 packets.
        XQC_CO_MW20 = 0x4D573230,
        /// Minimum window of 32 packets.
        XQC_CO_MW32 = 0x4D573332,
        /// Minimum window of 50 packets.
        XQC_CO_MW50 = 0x4D573530,
        /// BBR's bandwidth filter spans 20 round trips.
        XQC_CO_WL20 = 0x574C3230,
        /// BBR's bandwidth filter spans 30 round trips.
        XQC_CO_WL30 = 0x574C3330,
        /// BBR's bandwidth filter spans 40 round trips.
        XQC_CO_WL40 = 0x574C3430,
        /// BBR's bandwidth filter spans 50 round trips.
        XQC_CO_WL50 = 0x574C3530,
        /// BBR keeps 0.2 of the bandwidth-delay product in PROBE_RTT.
        XQC_CO_PR02 = 0x50523032,
        /// BBR keeps 0.3 of the bandwidth-delay product in PROBE_RTT.
        XQC_CO_PR03 = 0x50523033,
        /// BBR keeps 0.4 of the bandwidth-delay product in PROBE_RTT.
        XQC_CO_PR04 = 0x50523034,
        /// BBR keeps 0.5 of the bandwidth-delay product in PROBE_RTT.
        XQC_CO_PR05 = 0x50523035,
        /// BBR keeps 0.6 of the bandwidth-delay product in PROBE_RTT.
        XQC_CO_PR06 = 0x50523036,
        /// BBR keeps 0.7 of the bandwidth-delay product in PROBE_RTT.
        XQC_CO_PR07 = 0x50523037,
        /// BBR enlarges its window to make up for jitter.
        XQC_CO_ENWC = 0x454E5743,
        /// The jitter filter spans 10 round trips, the default.
        XQC_CO_JW10 = 0x4A573130,
        /// The jitter filter spans 20 round trips.
        XQC_CO_JW20 = 0x4A573230,
        /// The jitter filter spans 30 round trips.
        XQC_CO_JW30 = 0x4A573330,
        /// The jitter filter spans 40 round trips.
        XQC_CO_JW40 = 0x4A573430,
        /// The jitter filter spans 50 round trips.
        XQC_CO_JW50 = 0x4A573530,
        /// BBR leaves STARTUP at a loss rate of 3 %.
        XQC_CO_SL03 = 0x534C3033,
        /// BBR leaves STARTUP at a loss rate of 4 %.
        XQC_CO_SL04 = 0x534C3034,
        /// BBR leaves STARTUP at a loss rate of 5 %.
        XQC_CO_SL05 = 0x534C3035,
        /// BBR leaves STARTUP at a loss rate of 10 %.
        XQC_CO_SL10 = 0x534C3130,
    }
}

c_enum! {
    /// What the application wants a path to be used for.
    pub enum xqc_app_path_status_t {
        /// Not said.
        XQC_APP_PATH_STATUS_NONE = 0,
        /// Only if no available path is left.
        XQC_APP_PATH_STATUS_STANDBY = 1,
        /// Like any other.
        XQC_APP_PATH_STATUS_AVAILABLE = 2,
        /// Not at all for now.
        XQC_APP_PATH_STATUS_FROZEN = 3,
        /// One past the last status; not a status itself.
        XQC_APP_PATH_STATUS_MAX = 4,
    }
}

c_enum! {
    /// Messages that `conn_ssl_msg_cb` reports.
    pub enum xqc_tls_msg_type_t {
        /// The ClientHello.
        XQC_TLS_1_3_CLIENT_HELLO = 0,
        /// The ServerHello.
        XQC_TLS_1_3_SERVER_HELLO = 1,
    }
}

c_enum! {
    /// The key exchange group a client puts first.
    pub enum xqc_tls_group_type_t {
        /// The engine's list as it is.
        XQC_TLS_GROUP_DEFAULT = 0,
        /// P-256.
        XQC_TLS_GROUP_P256_FIRST = 1,
        /// X25519.
        XQC_TLS_GROUP_X25519_FIRST = 2,
        /// P-384.
        XQC_TLS_GROUP_P384_FIRST = 3,
        /// P-521.
        XQC_TLS_GROUP_P521_FIRST = 4,
    }
}

zeroable!(
    xqc_cid_t,
    xqc_h3_priority_t,
    xqc_conn_public_local_trans_settings_t,
    xqc_conn_public_remote_trans_settings_t,
    xqc_stream_settings_t,
);

/// The number behind four ASCII letters, as the header's `XQC_CO_TAG`.
#[must_use]
pub const fn co_tag(letters: [u8; 4]) -> c_uint {
    u32::from_be_bytes(letters)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn option_values_spell_their_names() {
        // Every option is the four letters of its own name, so a word of the option string can be
        // looked up without a table.
        for letters in [*b"TBBR", *b"9218", *b"SL10", *b"B2ON"] {
            let option = xqc_conn_option_t(co_tag(letters));
            let name = option.name().unwrap_or_default();
            assert_eq!(name.as_bytes().strip_prefix(b"XQC_CO_"), Some(&letters[..]));
        }
    }

    #[test]
    fn unknown_enum_values_are_kept_and_reported() {
        let level = xqc_log_level_t(77);
        assert_eq!(level.name(), None);
        assert_eq!(format!("{level:?}"), "xqc_log_level_t(77)");
        assert!(xqc_log_level_t::try_from(77).is_err());
        assert!(xqc_log_level_t::try_from(-1).is_err());
        assert_eq!(xqc_log_level_t::try_from(3), Ok(XQC_LOG_WARN));
    }
}
