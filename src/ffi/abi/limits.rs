//! `xquic.h`, first part: roles, versions, limits.

use core::ffi::{c_int, CStr};

c_enum! {
    /// The role of an engine. One engine has one role for its lifetime.
    pub enum xqc_engine_type_t {
        /// Accepts connections.
        XQC_ENGINE_SERVER = 0,
        /// Opens connections.
        XQC_ENGINE_CLIENT = 1,
    }
}

c_enum! {
    /// QUIC versions, as they are named in settings.
    pub enum xqc_proto_version_t {
        /// None chosen; version 1 is used.
        XQC_IDRAFT_INIT_VER = 0,
        /// QUIC version 1 (RFC 9000).
        XQC_VERSION_V1 = 1,
        /// Draft 29.
        XQC_IDRAFT_VER_29 = 2,
        /// The version number 0 of Version Negotiation packets.
        XQC_IDRAFT_VER_NEGOTIATION = 3,
        /// One past the last version; not a version itself.
        XQC_VERSION_MAX = 4,
    }
}

/// Entries in `xqc_config_t.support_version_list`.
pub const XQC_SUPPORT_VERSION_MAX: usize = 64;

/// The cipher suites used when none are configured, in order of preference.
pub const XQC_TLS_CIPHERS: &CStr =
    c"TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
/// The key exchange groups used when none are configured, in order of preference.
pub const XQC_TLS_GROUPS: &CStr = c"P-256:X25519:P-384:P-521";

/// The longest key for stateless reset tokens, in bytes.
pub const XQC_RESET_TOKEN_MAX_KEY_LEN: usize = 256;

/// How many keys for address validation tokens are valid at a time.
pub const XQC_TOKEN_MAX_KEY_VERSION: usize = 4;
/// The bits of a token's first byte that number its key.
pub const XQC_TOKEN_VERSION_MASK: c_int = 3;
/// The longest key for address validation tokens, in bytes.
pub const XQC_TOKEN_MAX_KEY_LEN: usize = 256;

/// The most datagrams handed to one call of a `write_mmsg` callback.
pub const XQC_MAX_SEND_MSG_ONCE: usize = 32;

/// The ID of the path that carried the handshake.
pub const XQC_INITIAL_PATH_ID: c_int = 0;

/// What `datagram_lost_notify` returns to have the datagram sent again.
pub const XQC_DGRAM_RETX_ASKED_BY_APP: c_int = 1;

/// The most connection options in one option string.
pub const XQC_CO_MAX_NUM: usize = 16;
/// Room for an option string: four letters and a separator each, in bytes.
pub const XQC_CO_STR_MAX_LEN: usize = 5 * XQC_CO_MAX_NUM;

/// Entries in the lists of error correction schemes.
pub const XQC_FEC_MAX_SCHEME_NUM: usize = 5;

/// What a write callback returns when the socket is broken.
pub const XQC_SOCKET_ERROR: c_int = -1;
/// What a write callback returns when the socket would block.
pub const XQC_SOCKET_EAGAIN: c_int = -2;
