//! `xqc_ext.h`: prototypes of the functions that upstream does not have.
//!
//! What stands here carries the symbol version `XQUIC_EXT_1.0`: `tools/link-shared.sh` reads the
//! names off this file. To add a function, declare it here, define it elsewhere in `ffi` with
//! `check_prototypes!`, and generate the headers anew; types go to `ext.rs`.

use core::ffi::{c_uchar, c_void};

use libc::{size_t, sockaddr, socklen_t};

use super::{
    xqc_cid_t, xqc_engine_t, xqc_ext_ecn_stats_t, xqc_ext_lb_draft_t, xqc_ext_marking_writers_t,
    xqc_int_t, xqc_usec_t,
};

extern "C" {
    /// Returns the `XQC_EXT_VERSION` that the library was built with, to be compared with the
    /// header's: a program built against a newer minor version must not use what that added.
    /// Callable at any time, from any thread.
    pub fn xqc_ext_version() -> u32;

    /// Returns which features the loaded library has: the sum of `XQC_EXT_FEATURE_*`. Callable at
    /// any time, from any thread.
    pub fn xqc_ext_features() -> u64;

    /// Encrypts a connection ID for QUIC load balancers as a draft of QUIC-LB says. `cid_buf` holds
    /// the first octet and `enc_len` bytes to encrypt, server ID and nonce, at most 19. They go to
    /// the same places of `out_buf`, which has room for `enc_len + 1` bytes and may be `cid_buf`;
    /// its first octet is not written. The key has 16 bytes. Callable at any time, from any thread.
    ///
    /// Returns `XQC_OK`, or `-XQC_EPARAM` for null, a wrong length or an unknown draft.
    pub fn xqc_ext_lb_cid_encrypt(
        draft: xqc_ext_lb_draft_t,
        cid_buf: *const u8,
        enc_len: size_t,
        out_buf: *mut u8,
        out_buf_len: size_t,
        lb_cid_key: *const u8,
        lb_cid_key_len: size_t,
    ) -> xqc_int_t;

    /// Decrypts what `xqc_ext_lb_cid_encrypt` encrypted, with the same arguments: what a load
    /// balancer does to find the server.
    pub fn xqc_ext_lb_cid_decrypt(
        draft: xqc_ext_lb_draft_t,
        cid_buf: *const u8,
        enc_len: size_t,
        out_buf: *mut u8,
        out_buf_len: size_t,
        lb_cid_key: *const u8,
        lb_cid_key_len: size_t,
    ) -> xqc_int_t;

    /// Registers functions that send with an ECN mark. They take the place of the write callbacks
    /// from now on, and connections made from now on mark what they send until it turns out that
    /// the path does not carry marks (RFC 9000 section 13.4). `writers` is copied. Best called right
    /// after `xqc_engine_create`; not from inside a callback.
    ///
    /// Returns `XQC_OK`, or `-XQC_EPARAM` for null or a missing function.
    pub fn xqc_ext_set_marking_writers(
        engine: *mut xqc_engine_t,
        writers: *const xqc_ext_marking_writers_t,
    ) -> xqc_int_t;

    /// As `xqc_engine_packet_process`, for hosts that can tell how a datagram is marked: `tos` is the
    /// TOS or traffic class byte of its IP header, of which the two low bits count. The peer hears of
    /// the marks and slows down on congestion. Use it for all datagrams or for none.
    pub fn xqc_ext_packet_process(
        engine: *mut xqc_engine_t,
        packet_in_buf: *const c_uchar,
        packet_in_size: size_t,
        local_addr: *const sockaddr,
        local_addrlen: socklen_t,
        peer_addr: *const sockaddr,
        peer_addrlen: socklen_t,
        tos: u8,
        recv_time: xqc_usec_t,
        user_data: *mut c_void,
    ) -> xqc_int_t;

    /// Writes what a connection knows of ECN marks to `stats`.
    ///
    /// Returns `XQC_OK`, `-XQC_EPARAM` for null, or `-XQC_ECONN_NFOUND`.
    pub fn xqc_ext_conn_ecn_stats(
        engine: *mut xqc_engine_t,
        cid: *const xqc_cid_t,
        stats: *mut xqc_ext_ecn_stats_t,
    ) -> xqc_int_t;
}
