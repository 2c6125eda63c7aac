//! Connection IDs for load balancers (QUIC-LB), for C.

use libc::size_t;

use crate::engine::quic_lb::{decrypt, encrypt, Draft, Key, MAX_TEXT};

use super::abi::prototypes::check_prototypes;
use super::abi::{
    xqc_engine_t, xqc_ext_lb_draft_t, xqc_int_t, XQC_EPARAM, XQC_EXT_LB_DRAFT_13,
    XQC_EXT_LB_DRAFT_21, XQC_LB_CID_KEY_LEN, XQC_OK,
};
use super::guard::catch;

/// Bytes of a connection ID before the text: they say which configuration it follows.
const FIRST_OCTET: usize = 1;

/// The buffers of a call, each with a length: that of `cid` counts the text alone.
struct Buffers {
    cid: (*const u8, size_t),
    out: (*mut u8, size_t),
    key: (*const u8, size_t),
}

/// Encrypts a connection ID as draft 13 says.
///
/// # Safety
///
/// The buffers are null or have the lengths given; that of `cid_buf` is `enc_len + 1`.
#[no_mangle]
pub unsafe extern "C" fn xqc_lb_cid_encryption(
    cid_buf: *mut u8,
    enc_len: size_t,
    out_buf: *mut u8,
    out_buf_len: size_t,
    lb_cid_key: *mut u8,
    lb_cid_key_len: size_t,
    engine: *mut xqc_engine_t,
) -> xqc_int_t {
    if engine.is_null() {
        return -XQC_EPARAM;
    }
    let (draft, cid, key) = (XQC_EXT_LB_DRAFT_13, cid_buf.cast_const(), lb_cid_key.cast_const());
    // SAFETY: the caller vouches for the buffers.
    unsafe {
        xqc_ext_lb_cid_encrypt(draft, cid, enc_len, out_buf, out_buf_len, key, lb_cid_key_len)
    }
}

/// Encrypts a connection ID.
///
/// # Safety
///
/// As [`xqc_lb_cid_encryption`].
#[no_mangle]
pub unsafe extern "C" fn xqc_ext_lb_cid_encrypt(
    draft: xqc_ext_lb_draft_t,
    cid_buf: *const u8,
    enc_len: size_t,
    out_buf: *mut u8,
    out_buf_len: size_t,
    lb_cid_key: *const u8,
    lb_cid_key_len: size_t,
) -> xqc_int_t {
    let (cid, out, key) =
        ((cid_buf, enc_len), (out_buf, out_buf_len), (lb_cid_key, lb_cid_key_len));
    // SAFETY: the caller vouches for the buffers.
    unsafe { Buffers { cid, out, key }.run(draft, encrypt) }
}

/// Decrypts a connection ID.
///
/// # Safety
///
/// As [`xqc_lb_cid_encryption`].
#[no_mangle]
pub unsafe extern "C" fn xqc_ext_lb_cid_decrypt(
    draft: xqc_ext_lb_draft_t,
    cid_buf: *const u8,
    enc_len: size_t,
    out_buf: *mut u8,
    out_buf_len: size_t,
    lb_cid_key: *const u8,
    lb_cid_key_len: size_t,
) -> xqc_int_t {
    let (cid, out, key) =
        ((cid_buf, enc_len), (out_buf, out_buf_len), (lb_cid_key, lb_cid_key_len));
    // SAFETY: the caller vouches for the buffers.
    unsafe { Buffers { cid, out, key }.run(draft, decrypt) }
}

check_prototypes!(xqc_lb_cid_encryption, xqc_ext_lb_cid_encrypt, xqc_ext_lb_cid_decrypt);

impl Buffers {
    /// Runs `cipher` over the text on its way from one buffer to the other.
    ///
    /// # Safety
    ///
    /// The buffers are null or have the lengths given.
    unsafe fn run(
        &self,
        draft: xqc_ext_lb_draft_t,
        cipher: fn(Draft, &Key, &mut [u8]) -> bool,
    ) -> xqc_int_t {
        let draft = match draft {
            XQC_EXT_LB_DRAFT_13 => Draft::Thirteen,
            XQC_EXT_LB_DRAFT_21 => Draft::TwentyOne,
            _ => return -XQC_EPARAM,
        };
        let Self { cid: (cid, text_len), out: (out, out_len), key: (key, key_len) } = *self;
        if cid.is_null() || out.is_null() || key.is_null() {
            return -XQC_EPARAM;
        }
        if text_len > MAX_TEXT || key_len != XQC_LB_CID_KEY_LEN || out_len < text_len + FIRST_OCTET
        {
            return -XQC_EPARAM;
        }
        let mut text = [0; MAX_TEXT];
        let text = &mut text[..text_len];
        // SAFETY: the lengths were checked, the caller vouches for them. The buffers may be the
        // same: the text is copied out before anything is written.
        let done = unsafe {
            let cid = std::slice::from_raw_parts(cid, FIRST_OCTET + text.len());
            text.copy_from_slice(&cid[FIRST_OCTET..]);
            let done = catch(false, || cipher(draft, &*key.cast::<Key>(), text));
            if done {
                let to = out.add(FIRST_OCTET);
                std::ptr::copy_nonoverlapping(text.as_ptr(), to, text.len());
            }
            done
        };
        if done {
            XQC_OK
        } else {
            -XQC_EPARAM
        }
    }
}
