//! Connection IDs for C: parsing, comparing, printing.

use std::cell::Cell;

use libc::{c_uchar, size_t};

use crate::wire::ConnectionId;

use super::abi::prototypes::check_prototypes;
use super::abi::{
    xqc_cid_t, xqc_engine_t, xqc_int_t, Zeroable, XQC_EILLPKT, XQC_EPARAM, XQC_ERROR,
    XQC_MAX_CID_LEN, XQC_OK,
};
use super::cells::{CidText, EMPTY_TEXT};
use super::connection::with_cid;
use super::guard::{catch, with_engine};
use super::memory::values;

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
    // SAFETY: the caller vouches for `size` bytes.
    let packet = unsafe { values(buf, size) }.filter(|packet| !packet.is_empty());
    let Some(packet) = packet.filter(|_| !dcid.is_null() && !scid.is_null()) else {
        return -XQC_EPARAM;
    };
    let parsed = catch(None, || parse(packet, usize::from(cid_len)));
    // A host goes on with what it finds after a failure: it must be valid.
    let (destination, source) = parsed.unwrap_or((&[], Some(&[])));
    // SAFETY: the caller vouches for the room. One at a time: they may be the same for the host.
    unsafe { write_cid(dcid, destination) };
    if let Some(source) = source {
        // SAFETY: as above.
        unsafe { write_cid(scid, source) };
    }
    match parsed {
        Some(_) => XQC_OK,
        None => -XQC_EILLPKT,
    }
}

/// Writes length and bytes, and leaves the other fields as they are.
///
/// # Safety
///
/// `raw` points at one connection ID.
unsafe fn write_cid(raw: *mut xqc_cid_t, bytes: &[u8]) {
    // SAFETY: the caller vouches for it; the reference ends with this call.
    set_bytes(unsafe { &mut *raw }, bytes);
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
        return XQC_ERROR;
    };
    match dst.cid_len == src.cid_len && cid_bytes(dst) == cid_bytes(src) {
        true => XQC_OK,
        false => XQC_ERROR,
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
    // SAFETY: the caller vouches for the connection ID.
    let Some(scid) = (unsafe { scid.as_ref() }) else { return std::ptr::null_mut() };
    // SAFETY: the caller vouches for the handle.
    unsafe {
        with_engine(engine, std::ptr::null_mut(), |engine| {
            print_cid(&engine.scid_text, cid_bytes(scid))
        })
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
    // SAFETY: the caller vouches for the connection ID.
    let Some(dcid) = (unsafe { dcid.as_ref() }) else { return std::ptr::null_mut() };
    // SAFETY: the caller vouches for the handle.
    unsafe {
        with_engine(engine, std::ptr::null_mut(), |engine| {
            print_cid(&engine.dcid_text, cid_bytes(dcid))
        })
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
    let null = std::ptr::null_mut();
    // SAFETY: the caller vouches for both.
    unsafe {
        with_cid((engine, scid), "xqc_dcid_str_by_scid", (null, null), |engine, connection| {
            let core = engine.core.borrow();
            let dcid = core.connection(connection.key).map(|core| core.remote_cid().as_slice());
            let text = connection.dcid_text.get_or_init(|| Box::new(Cell::new(EMPTY_TEXT)));
            dcid.map_or(null, |dcid| print_cid(text, dcid))
        })
    }
}

check_prototypes!(
    xqc_packet_parse_cid,
    xqc_cid_is_equal,
    xqc_scid_str,
    xqc_dcid_str,
    xqc_dcid_str_by_scid,
);

/// Writes lower-case hexadecimal digits and a zero into `text`, and returns its address.
fn print_cid(text: &Cell<CidText>, bytes: &[u8]) -> *mut c_uchar {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut digits = EMPTY_TEXT;
    for (pair, byte) in digits.chunks_exact_mut(2).zip(bytes) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 0xf)];
    }
    text.set(digits);
    text.as_ptr().cast()
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

    #[test]
    fn text_is_lower_case_and_ends_with_zero() {
        let text = Cell::new([9; size_of::<CidText>()]);
        let printed = print_cid(&text, &[0xab, 0x01]);
        assert_eq!(printed, text.as_ptr().cast());
        assert_eq!(&text.get()[..5], b"ab01\0");
        print_cid(&text, &[0xff; 20]);
        assert_eq!(text.get()[40], 0);
    }

    #[test]
    fn one_struct_for_both_ids_gets_the_source() {
        let packet = [0xc0, 0, 0, 0, 1, 1, 0xaa, 1, 0xcc, 0];
        let mut both = xqc_cid_t::ZERO;
        let cid = &raw mut both;
        // SAFETY: all pointers are to live values.
        let result = unsafe { xqc_packet_parse_cid(cid, cid, 8, packet.as_ptr(), packet.len()) };
        assert_eq!((result, cid_bytes(&both)), (XQC_OK, &[0xcc][..]));
    }
}
