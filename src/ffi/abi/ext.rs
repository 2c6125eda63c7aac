//! `xqc_ext.h`: types and constants of what upstream's headers do not have.

use core::ffi::{c_uchar, c_uint, c_void};

use libc::{iovec, size_t, sockaddr, socklen_t, ssize_t};

use super::xqc_bool_t;

/// Version of `xqc_ext.h` and its functions: major in the upper 16 bits, minor in the lower. A
/// larger minor number adds; a larger major number may change.
pub const XQC_EXT_VERSION: u32 = 0x1_0000;

c_enum! {
    /// Drafts of QUIC-LB that differ in how connection IDs are encrypted, where server ID and nonce
    /// do not make up 16 bytes.
    pub enum xqc_ext_lb_draft_t {
        /// draft-ietf-quic-load-balancers-13, as `xqc_lb_cid_encryption`.
        XQC_EXT_LB_DRAFT_13 = 13,
        /// draft-ietf-quic-load-balancers-21, the latest.
        XQC_EXT_LB_DRAFT_21 = 21,
    }
}

c_enum! {
    /// Whether a server asks its clients for a certificate.
    pub enum xqc_ext_client_auth_t {
        /// It does not.
        XQC_EXT_CLIENT_AUTH_NONE = 0,
        /// It does, and takes clients that show none.
        XQC_EXT_CLIENT_AUTH_OPTIONAL = 1,
        /// It does, and refuses clients that show none.
        XQC_EXT_CLIENT_AUTH_REQUIRED = 2,
    }
}

c_enum! {
    /// What a server lets clients do with their addresses (RFC 9000 section 9).
    pub enum xqc_ext_migration_t {
        /// Packets from a new address to the connection ID in use are taken for the work of a NAT
        /// and followed, once the address is validated. Clients are told not to move on purpose
        /// (disable_active_migration), and packets of those that do are dropped. The default.
        XQC_EXT_MIGRATION_REBINDING_ONLY = 0,
        /// Clients may move.
        XQC_EXT_MIGRATION_ALLOWED = 1,
        /// Packets from new addresses are dropped.
        XQC_EXT_MIGRATION_REFUSED = 2,
    }
}

/// QUIC version 2 (RFC 9369), as on the wire: for `xqc_conn_settings_t.proto_version` of a client
/// that begins with it, and for `xqc_config_t.support_version_list`. A server whose list has it
/// before version 1 changes to it with clients that offer it, and a client offers it if its engine's
/// list has it. By default nobody's has.
pub const XQC_EXT_VERSION_V2: u32 = 0x6b33_43cf;

/// Feature: the controller `xqc_reno_cb`.
pub const XQC_EXT_FEATURE_RENO: u64 = 0x1;
/// Feature: the controller `xqc_bbr2_cb`.
pub const XQC_EXT_FEATURE_BBR2: u64 = 0x2;
/// Feature: the controller `xqc_copa_cb`.
pub const XQC_EXT_FEATURE_COPA: u64 = 0x4;
/// Feature: the controller `xqc_unlimited_cc_cb`.
pub const XQC_EXT_FEATURE_UNLIMITED: u64 = 0x8;

/// Sends a datagram, as `xqc_socket_write_ex_pt`, with the two bits of `ecn` in the ECN field of its
/// IP header: 0 for none, 2 for ECT(0).
pub type xqc_ext_write_socket_pt = Option<
    unsafe extern "C" fn(
        path_id: u64,
        buf: *const c_uchar,
        size: size_t,
        peer_addr: *const sockaddr,
        peer_addrlen: socklen_t,
        ecn: u8,
        conn_user_data: *mut c_void,
    ) -> ssize_t,
>;

/// Sends datagrams, as `xqc_send_mmsg_ex_pt`, each with `ecn` in its IP header. All have the same
/// size but the last, which may be shorter.
pub type xqc_ext_write_mmsg_pt = Option<
    unsafe extern "C" fn(
        path_id: u64,
        msg_iov: *const iovec,
        vlen: c_uint,
        peer_addr: *const sockaddr,
        peer_addrlen: socklen_t,
        ecn: u8,
        conn_user_data: *mut c_void,
    ) -> ssize_t,
>;

/// Functions that send with an ECN mark, for `xqc_ext_set_marking_writers`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct xqc_ext_marking_writers_t {
    /// Takes the place of `write_socket` and `write_socket_ex`. Required.
    pub write_socket: xqc_ext_write_socket_pt,
    /// Takes the place of `write_mmsg` and `write_mmsg_ex`. Required with
    /// `xqc_config_t.sendmmsg_on`.
    pub write_mmsg: xqc_ext_write_mmsg_pt,
}

/// What a connection knows of ECN marks.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct xqc_ext_ecn_stats_t {
    /// `XQC_TRUE` once the peer has confirmed that our marks arrive.
    pub capable: xqc_bool_t,
    /// Packets that arrived with ECT(0).
    pub received_ect0: u64,
    /// Packets that arrived with ECT(1).
    pub received_ect1: u64,
    /// Packets that arrived marked as having met congestion.
    pub received_ce: u64,
    /// Packets of ours that arrived so marked at the peer, as it reports.
    pub reported_ce: u64,
}

zeroable!(xqc_ext_marking_writers_t, xqc_ext_ecn_stats_t);
