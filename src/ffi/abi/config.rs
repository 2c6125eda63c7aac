//! `xquic.h`: configuration of an engine, and of TLS for an engine or a connection.

use core::ffi::{c_char, c_int, c_uchar};

use libc::size_t;

use super::{
    qlog_event_importance_t, xqc_flag_t, xqc_log_level_t, xqc_tls_group_type_t,
    XQC_RESET_TOKEN_MAX_KEY_LEN, XQC_SUPPORT_VERSION_MAX, XQC_TOKEN_MAX_KEY_LEN,
    XQC_TOKEN_MAX_KEY_VERSION,
};

/// Configuration of an engine. Start from `xqc_engine_get_default_config`, which does not write
/// every byte: clear the struct first. The library copies it.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct xqc_config_t {
    /// Records less important than this are not made. Default `XQC_LOG_WARN`.
    pub cfg_log_level: xqc_log_level_t,
    /// Nonzero: write qlog events. Default 1.
    pub cfg_log_event: xqc_flag_t,
    /// Events less important than this are not made. Default `EVENT_IMPORTANCE_EXTRA`.
    pub cfg_qlog_importance: qlog_event_importance_t,
    /// Nonzero: begin log records with the time. Default 1.
    pub cfg_log_timestamp: xqc_flag_t,
    /// Nonzero: name the level in log records. Default 1.
    pub cfg_log_level_name: xqc_flag_t,
    /// A hint, in bytes; connections take the memory they need.
    pub conn_pool_size: size_t,
    /// A hint: streams expected on a connection.
    pub streams_hash_bucket_size: size_t,
    /// A hint: connections expected on the engine.
    pub conns_hash_bucket_size: size_t,
    /// A hint: connections expected to be busy at a time.
    pub conns_active_pq_capacity: size_t,
    /// A hint: connections expected to wait for a timer.
    pub conns_wakeup_pq_capacity: size_t,
    /// Version numbers as on the wire, in order of preference: 1, 0xff00001d for draft 29, and what
    /// `xqc_ext.h` adds. A server answers others with Version Negotiation. A client, which begins
    /// with the `proto_version` of its settings, goes on with one of these if the server does not
    /// speak that.
    pub support_version_list: [u32; XQC_SUPPORT_VERSION_MAX],
    /// Entries used in `support_version_list`.
    pub support_version_count: u32,
    /// Length of the connection IDs issued, `XQC_MIN_CID_LEN` to `XQC_MAX_CID_LEN`. Default 8.
    pub cid_len: u8,
    /// For servers. Nonzero: never take over the connection ID that a client chose for its first
    /// packets, even if its length fits.
    pub cid_negotiate: u8,
    /// Key for stateless reset tokens. Must be the same in all processes that serve one address.
    pub reset_token_key: [c_char; XQC_RESET_TOKEN_MAX_KEY_LEN],
    /// Bytes used in `reset_token_key`.
    pub reset_token_keylen: size_t,
    /// Nonzero: send through `write_mmsg`, which must be set then.
    pub sendmmsg_on: c_int,
    /// Nonzero: offer extended HTTP/3 (`h3-ext`) besides HTTP/3. Default 0.
    pub enable_h3_ext: u8,
    /// Nonzero: sending functions only queue; packets go out in `xqc_engine_finish_send` and
    /// `xqc_engine_main_logic`.
    pub manually_triggered_send: u8,
    /// Warn in the log when so many connections share a bucket. Default 50.
    pub hash_conflict_threshold: u32,
    /// Keys for address validation tokens; tokens of all of them are accepted, so that keys can be
    /// replaced one at a time. Processes that share them accept each other's tokens. A key that is
    /// left at its default is not used, as it is in every copy of the library: the engine makes a
    /// random one in its place.
    pub token_key_list: [[c_uchar; XQC_TOKEN_MAX_KEY_LEN]; XQC_TOKEN_MAX_KEY_VERSION],
    /// Bytes used in each of `token_key_list`; 0 for an unused one.
    pub tk_len_list: [u16; XQC_TOKEN_MAX_KEY_VERSION],
    /// The key for new tokens, 0 to `XQC_TOKEN_MAX_KEY_VERSION` - 1.
    pub cur_tk_index: u8,
}

/// TLS of an engine. Strings are zero-terminated unless a length is given, and are only read
/// during `xqc_engine_create`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct xqc_engine_ssl_config_t {
    /// Path of the private key in PEM form. Required for servers.
    pub private_key_file: *mut c_char,
    /// Path of the certificate chain in PEM form, leaf first. Required for servers.
    pub cert_file: *mut c_char,
    /// Cipher suites, separated by colons; null for `XQC_TLS_CIPHERS`.
    pub ciphers: *mut c_char,
    /// Key exchange groups, separated by colons; null for `XQC_TLS_GROUPS`.
    pub groups: *mut c_char,
    /// Lifetime of sessions in seconds; 0 for the default of 604,800.
    pub session_timeout: u32,
    /// For servers: key for session tickets, the same in all processes that serve one name. Null
    /// for a random one.
    pub session_ticket_key_data: *mut c_char,
    /// Length of that key: 48 or 80 bytes.
    pub session_ticket_key_len: size_t,
}

c_enum! {
    /// Bits for `xqc_conn_ssl_config_t.cert_verify_flag`.
    pub enum xqc_cert_verify_flag_e {
        /// Verify the server's certificate: dates, name and chain by the library; whether its
        /// issuer is to be trusted by `cert_verify_cb`.
        XQC_TLS_CERT_FLAG_NEED_VERIFY = 1 << 0,
        /// Accept a self-signed certificate all the same.
        XQC_TLS_CERT_FLAG_ALLOW_SELF_SIGNED = 1 << 1,
    }
}

/// TLS of one client connection. Everything is only read during the call it is passed to. 0-RTT is
/// possible with both a ticket and transport parameters.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct xqc_conn_ssl_config_t {
    /// What `save_session_cb` handed out on an earlier connection to this server, or null.
    pub session_ticket_data: *mut c_char,
    /// Length of it in bytes.
    pub session_ticket_len: size_t,
    /// What `save_tp_cb` handed out on an earlier connection to this server, or null.
    pub transport_parameter_data: *mut c_char,
    /// Length of it in bytes.
    pub transport_parameter_data_len: size_t,
    /// Bits of `xqc_cert_verify_flag_e`; 0 trusts any certificate.
    pub cert_verify_flag: u8,
    /// The key exchange group to offer first.
    pub tls_groups: xqc_tls_group_type_t,
}

zeroable!(xqc_config_t, xqc_engine_ssl_config_t, xqc_conn_ssl_config_t);
