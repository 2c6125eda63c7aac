//! `xqc_http3.h`: header fields and settings.

use libc::{iovec, size_t};

#[cfg(feature = "compat_duplicate")]
use super::xqc_bool_t;

c_enum! {
    /// Bits that tell what a request has to read.
    pub enum xqc_request_notify_flag_t {
        /// Nothing.
        XQC_REQ_NOTIFY_READ_NULL = 0,
        /// The header section is complete.
        XQC_REQ_NOTIFY_READ_HEADER = 1 << 0,
        /// Content has arrived, or its end.
        XQC_REQ_NOTIFY_READ_BODY = 1 << 1,
        /// The trailer section is complete.
        XQC_REQ_NOTIFY_READ_TRAILER = 1 << 2,
        /// The stream ended after everything else was reported. Never with other bits.
        XQC_REQ_NOTIFY_READ_EMPTY_FIN = 1 << 3,
    }
}

c_enum! {
    /// Bits for `xqc_http_header_t.flags`: how QPACK encodes a field.
    pub enum xqc_http3_nv_flag_t {
        /// As it sees fit.
        XQC_HTTP_HEADER_FLAG_NONE = 0x00,
        /// As a literal that no intermediary may index either. For secrets.
        XQC_HTTP_HEADER_FLAG_NEVER_INDEX = 0x01,
        /// Without putting the value into the dynamic table. For values that change each time.
        XQC_HTTP_HEADER_FLAG_NEVER_INDEX_VALUE = 0x02,
    }
}

c_enum! {
    /// Bits of `xqc_http_header_t.nv_hit_flags`: what QPACK found in its tables.
    pub enum xqc_http3_nv_hit_flag_t {
        /// Nothing.
        XQC_NV_HIT_NONE = 0x00,
        /// The name.
        XQC_NV_HIT_NAME = 0x01,
        /// Name and value.
        XQC_NV_HIT_BOTH = 0x02,
    }
}

/// One header field.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct xqc_http_header_t {
    /// The name. Sent in lower case, whatever case it has here.
    pub name: iovec,

    /// The value.
    pub value: iovec,

    /// Bits of `xqc_http3_nv_flag_t`.
    pub flags: u8,

    /// 1: fill in `nv_hit_flags` when this field is sent.
    pub save_nv_hit_flags: u8,

    /// Bits of `xqc_http3_nv_hit_flag_t`.
    pub nv_hit_flags: u8,

    /// For the application's own use: not looked at.
    pub src_header: *mut xqc_http_header_t,
}

/// A header or trailer section.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct xqc_http_headers_t {
    /// The fields, in order.
    pub headers: *mut xqc_http_header_t,

    /// Entries used.
    pub count: size_t,

    /// Entries allocated.
    pub capacity: size_t,

    /// Bytes of all names and values received.
    pub total_len: size_t,
}

/// Settings of an HTTP/3 connection. 0 means none or nothing, not the default.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct xqc_h3_conn_settings_t {
    /// Largest field section accepted, in bytes. Default 32,768.
    pub max_field_section_size: u64,

    /// Pushes accepted. Default 0.
    pub max_pushes: u64,

    /// Upper bound of the dynamic table for sending, in bytes. Default 16,384.
    pub qpack_enc_max_table_capacity: u64,

    /// Dynamic table offered for receiving, in bytes. Default 16,384.
    pub qpack_dec_max_table_capacity: u64,

    /// Streams that may wait for the dynamic table. Default 64.
    pub qpack_blocked_streams: u64,

    /// 1: duplicate table entries as the first versions of the encoder did.
    #[cfg(feature = "compat_duplicate")]
    pub qpack_compat_duplicate: xqc_bool_t,
}

zeroable!(xqc_http_header_t, xqc_http_headers_t, xqc_h3_conn_settings_t);
