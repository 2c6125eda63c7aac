//! Strings of the host.

use std::ffi::CStr;

use libc::c_char;

/// The bytes of a zero-terminated string; `None` for null.
///
/// # Safety
///
/// `string` is null or points at a zero-terminated string that lives for `'a`.
pub(super) unsafe fn string_bytes<'a>(string: *const c_char) -> Option<&'a [u8]> {
    if string.is_null() {
        return None;
    }
    // SAFETY: the caller vouches for the string.
    Some(unsafe { CStr::from_ptr(string) }.to_bytes())
}

/// The text of a zero-terminated string; `None` for null, an empty string and what is no UTF-8.
///
/// # Safety
///
/// As [`string_bytes`].
pub(super) unsafe fn text<'a>(string: *const c_char) -> Option<&'a str> {
    // SAFETY: the caller vouches for the string.
    let bytes = unsafe { string_bytes(string) }?;
    std::str::from_utf8(bytes).ok().filter(|text| !text.is_empty())
}
