//! `xqc_ext.h`: prototypes of the functions that upstream does not have.
//!
//! What stands here carries the symbol version `XQUIC_EXT_1.0`: `tools/link-shared.sh` reads the
//! names off this file. To add a function, declare it here, define it elsewhere in `ffi` with
//! `check_prototypes!`, and generate the headers anew; types go to `ext.rs`.

use libc::size_t;

use super::{xqc_ext_lb_draft_t, xqc_int_t};

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
}
