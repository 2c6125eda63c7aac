//! Connection IDs for C: parsing, comparing, printing.

use libc::{c_uchar, size_t};

use crate::wire::ConnectionId;

use super::abi::{
    xqc_cid_t, xqc_engine_t, xqc_int_t, Zeroable, XQC_EILLPKT, XQC_EPARAM, XQC_MAX_CID_LEN, XQC_OK,
};
use super::cells::CidText;
use super::guard::with_engine;

/// The form bit of a packet's first byte: set in long headers (RFC 8999 section 5.1).
const LONG_FORM: u8 = 0x80;

/// The fixed bit of a packet's first byte.
const FIXED_BIT: u8 = 0x40;

/// The C form of a connection ID, every byte initialised: hosts copy the whole struct.
pub(super) fn raw_cid(cid: &ConnectionId) -> xqc_cid_t {
    let mut raw = xqc_cid_t::ZERO;
    set_bytes(&mut raw, cid.as_slice());
    raw
}

fn set_bytes(raw: &mut xqc_cid_t, bytes: &[u8]) {
    raw.cid_buf[..bytes.len()].copy_from_slice(bytes);
    raw.cid_len = bytes.len() as u8;
}

/// The bytes of a connection ID of the host, whatever length it claims.
pub(super) fn cid_bytes(raw: &xqc_cid_t) -> &[u8] {
    &raw.cid_buf[..usize::from(raw.cid_len).min(XQC_MAX_CID_LEN)]
}

/// Reads the connection IDs of a packet.
///
/// # Safety
///
/// `dcid` and `scid` are null or point at one connection ID each, `buf` is null or points at
/// `size` readable bytes.
#[no_mangle]
pub unsafe extern "C" fn xqc_packet_parse_cid(
    dcid: *mut xqc_cid_t,
    scid: *mut xqc_cid_t,
    cid_len: u8,
    buf: *const c_uchar,
    size: size_t,
) -> xqc_int_t {
    // SAFETY: the caller vouches for both.
    let (Some(dcid), Some(scid)) = (unsafe { dcid.as_mut() }, unsafe { scid.as_mut() }) else {
        return -XQC_EPARAM;
    };
    if buf.is_null() || size == 0 {
        return -XQC_EPARAM;
    }
    // SAFETY: the caller vouches for `size` bytes.
    let packet = unsafe { std::slice::from_raw_parts(buf, size) };
    match parse(packet, usize::from(cid_len)) {
        Some((destination, source)) => {
            set_bytes(dcid, destination);
            if let Some(source) = source {
                set_bytes(scid, source);
            }
            XQC_OK
        }
        None => {
            // A host goes on with what it finds here: it must be valid.
            dcid.cid_len = 0;
            scid.cid_len = 0;
            -XQC_EILLPKT
        }
    }
}

/// Destination and, in a long header, source.
fn parse(packet: &[u8], cid_len: usize) -> Option<(&[u8], Option<&[u8]>)> {
    let (first, rest) = packet.split_first()?;
    if first & LONG_FORM == 0 {
        if first & FIXED_BIT == 0 || cid_len > XQC_MAX_CID_LEN {
            return None;
        }
        return Some((rest.get(..cid_len)?, None));
    }
    let rest = rest.get(4..)?;
    let (destination, rest) = take_cid(rest)?;
    let (source, _) = take_cid(rest)?;
    Some((destination, Some(source)))
}

fn take_cid(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = bytes.split_first()?;
    let len = usize::from(*len);
    if len > XQC_MAX_CID_LEN {
        return None;
    }
    rest.split_at_checked(len)
}

/// Compares two connection IDs: 0 if they are equal.
///
/// # Safety
///
/// Both are null or point at one connection ID.
#[no_mangle]
pub unsafe extern "C" fn xqc_cid_is_equal(
    dst: *const xqc_cid_t,
    src: *const xqc_cid_t,
) -> xqc_int_t {
    // SAFETY: the caller vouches for both.
    let (Some(dst), Some(src)) = (unsafe { dst.as_ref() }, unsafe { src.as_ref() }) else {
        return -1;
    };
    if dst.cid_len == src.cid_len && cid_bytes(dst) == cid_bytes(src) {
        XQC_OK
    } else {
        -1
    }
}

/// Prints the local connection ID of a connection.
///
/// # Safety
///
/// `engine` is null or a live engine, `scid` null or one connection ID.
#[no_mangle]
pub unsafe extern "C" fn xqc_scid_str(
    engine: *mut xqc_engine_t,
    scid: *const xqc_cid_t,
) -> *mut c_uchar {
    // SAFETY: the caller vouches for the handle.
    unsafe {
        with_engine(engine, std::ptr::null_mut(), |engine| print_cid(engine.scid_text.get(), scid))
    }
}

/// Prints the peer's connection ID of a connection.
///
/// # Safety
///
/// As [`xqc_scid_str`].
#[no_mangle]
pub unsafe extern "C" fn xqc_dcid_str(
    engine: *mut xqc_engine_t,
    dcid: *const xqc_cid_t,
) -> *mut c_uchar {
    // SAFETY: the caller vouches for the handle.
    unsafe {
        with_engine(engine, std::ptr::null_mut(), |engine| print_cid(engine.dcid_text.get(), dcid))
    }
}

/// Prints the peer's connection ID of the connection that `scid` belongs to.
///
/// # Safety
///
/// As [`xqc_scid_str`].
#[no_mangle]
pub unsafe extern "C" fn xqc_dcid_str_by_scid(
    engine: *mut xqc_engine_t,
    scid: *const xqc_cid_t,
) -> *mut c_uchar {
    // SAFETY: the caller vouches for the connection ID.
    let Some(scid) = (unsafe { scid.as_ref() }) else { return std::ptr::null_mut() };
    // SAFETY: the caller vouches for the handle.
    unsafe {
        with_engine(engine, std::ptr::null_mut(), |engine| {
            let dcid = {
                let mut core = engine.core.borrow_mut();
                let key = core.find(cid_bytes(scid));
                key.and_then(|key| core.connection(key)).map(|core| *core.remote_cid())
            };
            match dcid {
                Some(dcid) => print_cid(engine.dcid_text.get(), &raw_cid(&dcid)),
                None => std::ptr::null_mut(),
            }
        })
    }
}

/// Writes lower-case hexadecimal digits and a zero into `text`.
///
/// # Safety
///
/// `text` is the buffer of a live engine, `cid` null or one connection ID.
unsafe fn print_cid(text: *mut CidText, cid: *const xqc_cid_t) -> *mut c_uchar {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    // SAFETY: the caller vouches for it.
    let Some(cid) = (unsafe { cid.as_ref() }) else { return std::ptr::null_mut() };
    // SAFETY: the engine's lock is held and no other reference to the buffer exists in Rust.
    let text = unsafe { &mut *text };
    let bytes = cid_bytes(cid);
    for (pair, byte) in text.chunks_exact_mut(2).zip(bytes) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 0xf)];
    }
    text[2 * bytes.len()] = 0;
    text.as_mut_ptr()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_into(packet: &[u8], cid_len: u8) -> (xqc_int_t, Vec<u8>, Vec<u8>) {
        let (mut dcid, mut scid) = (xqc_cid_t::ZERO, xqc_cid_t::ZERO);
        // SAFETY: all pointers are to live values.
        let result = unsafe {
            xqc_packet_parse_cid(&mut dcid, &mut scid, cid_len, packet.as_ptr(), packet.len())
        };
        (result, cid_bytes(&dcid).to_vec(), cid_bytes(&scid).to_vec())
    }

    #[test]
    fn a_long_header_names_both_ids() {
        let packet = [0xc0, 0, 0, 0, 1, 2, 0xaa, 0xbb, 1, 0xcc, 0];
        assert_eq!(parse_into(&packet, 8), (XQC_OK, vec![0xaa, 0xbb], vec![0xcc]));
    }

    #[test]
    fn a_short_header_has_the_configured_length() {
        let packet = [0x40, 1, 2, 3, 4, 5];
        assert_eq!(parse_into(&packet, 4), (XQC_OK, vec![1, 2, 3, 4], vec![]));
        assert_eq!(parse_into(&packet, 6).0, -XQC_EILLPKT);
    }

    #[test]
    fn garbage_leaves_empty_ids_behind() {
        for packet in [&[0x00, 1, 2][..], &[0xc0, 0, 0, 0, 1, 21, 1], &[0xc0, 0, 0, 0, 1, 0, 9]] {
            assert_eq!(parse_into(packet, 8), (-XQC_EILLPKT, vec![], vec![]));
        }
        assert_eq!(parse_into(&[], 8).0, -XQC_EPARAM);
    }

    #[test]
    fn equality_is_zero_as_in_upstream() {
        let one = raw_cid(&ConnectionId::new(&[1; 8]).unwrap_or_default());
        let two = raw_cid(&ConnectionId::new(&[2; 8]).unwrap_or_default());
        // SAFETY: all pointers are to live values or null.
        unsafe {
            assert_eq!(xqc_cid_is_equal(&one, &one), 0);
            assert_eq!(xqc_cid_is_equal(&one, &two), -1);
            assert_eq!(xqc_cid_is_equal(&one, std::ptr::null()), -1);
        }
    }
}
