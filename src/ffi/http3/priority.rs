//! Priorities of requests (RFC 9218), as structs and as text.

use libc::size_t;

use crate::http3::priority::{Priority, LEAST_URGENT, MAX_FULL_TEXT};

use super::super::abi::prototypes::check_prototypes;
use super::super::abi::{
    xqc_h3_priority_t, xqc_int_t, XQC_H3_BUFFER_EXCEED, XQC_H3_EPARAM, XQC_H3_INVALID_PRIORITY,
    XQC_OK,
};
use super::super::guard::catch;
use super::super::memory::values;

/// The C form of a priority.
pub(in super::super) fn raw_priority(priority: &Priority) -> xqc_h3_priority_t {
    xqc_h3_priority_t {
        urgency: priority.urgency,
        incremental: priority.incremental.into(),
        schedule: priority.schedule,
        reinject: priority.reinject,
        fec: priority.fec,
        fastpath: priority.fastpath.into(),
    }
}

/// The priority that the host means; `None` where the original library refuses it too, with
/// `-XQC_H3_INVALID_PRIORITY`.
pub(in super::super) fn host_priority(raw: &xqc_h3_priority_t) -> Option<Priority> {
    if raw.urgency > LEAST_URGENT || raw.incremental > 1 {
        return None;
    }
    Some(Priority {
        urgency: raw.urgency,
        incremental: raw.incremental != 0,
        schedule: raw.schedule,
        reinject: raw.reinject,
        fec: raw.fec,
        fastpath: raw.fastpath != 0,
    })
}

/// Fills in the defaults.
///
/// # Safety
///
/// `prio` is null or writable.
#[no_mangle]
pub unsafe extern "C" fn xqc_h3_priority_init(prio: *mut xqc_h3_priority_t) {
    if !prio.is_null() {
        // SAFETY: the caller vouches for the struct, which may be uninitialised.
        unsafe { prio.write(raw_priority(&Priority::default())) };
    }
}

/// Writes a priority as text.
///
/// # Safety
///
/// `prio` is null or readable, `dst` null or writable for `dstcap` bytes.
#[no_mangle]
pub unsafe extern "C" fn xqc_write_http_priority(
    prio: *mut xqc_h3_priority_t,
    dst: *mut u8,
    dstcap: size_t,
) -> size_t {
    // SAFETY: the caller vouches for the struct.
    let Some(raw) = (unsafe { prio.as_ref() }) else { return as_size(-XQC_H3_EPARAM) };
    if dst.is_null() {
        return as_size(-XQC_H3_EPARAM);
    }
    // As with the original library there has to be room for the longest text.
    if dstcap < MAX_FULL_TEXT {
        return as_size(-XQC_H3_BUFFER_EXCEED);
    }
    let text = catch(None, || host_priority(raw).and_then(|priority| priority.full_text()));
    let Some(text) = text else { return as_size(-XQC_H3_INVALID_PRIORITY) };
    let text = text.as_bytes();
    // SAFETY: `dst` has room for the longest text.
    unsafe { dst.copy_from_nonoverlapping(text.as_ptr(), text.len()) };
    text.len()
}

/// Reads a priority from text.
///
/// # Safety
///
/// `dst` is null or writable, `str` null or readable for `str_len` bytes.
#[no_mangle]
pub unsafe extern "C" fn xqc_parse_http_priority(
    dst: *mut xqc_h3_priority_t,
    str: *const u8,
    str_len: size_t,
) -> xqc_int_t {
    // SAFETY: the caller vouches for `str_len` bytes.
    let Some(text) = (unsafe { values(str, str_len) }).filter(|_| !dst.is_null()) else {
        return -XQC_H3_EPARAM;
    };
    // A zero ends the text wherever it stands, as with the original library.
    let end = text.iter().position(|byte| *byte == 0).unwrap_or(text.len());
    let parsed = catch(None, || Priority::parse(&text[..end]).ok());
    // SAFETY: the caller vouches for the struct, which may be uninitialised.
    unsafe { dst.write(raw_priority(&parsed.unwrap_or_default())) };
    if parsed.is_some() {
        XQC_OK
    } else {
        -XQC_H3_INVALID_PRIORITY
    }
}

check_prototypes!(xqc_h3_priority_init, xqc_write_http_priority, xqc_parse_http_priority);

/// An error where a size is returned.
const fn as_size(error: xqc_int_t) -> size_t {
    error as isize as size_t
}
