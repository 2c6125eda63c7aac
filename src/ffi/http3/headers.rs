//! A host's fields in the form of the wire.

use smallvec::SmallVec;

use crate::ffi::abi::{
    xqc_http_header_t, xqc_http_headers_t, XQC_HTTP_HEADER_FLAG_NEVER_INDEX,
    XQC_HTTP_HEADER_FLAG_NEVER_INDEX_VALUE, XQC_NV_HIT_BOTH, XQC_NV_HIT_NAME, XQC_NV_HIT_NONE,
};
use crate::ffi::memory::values;
use crate::http3::message::{lower_case_into, needs_lowering, trimmed};
use crate::http3::qpack::{Field, Hit, Indexing};

/// Fields that are held without memory of their own.
const USUAL: usize = 32;

/// Fields in the order of the wire: pseudo-header fields first (RFC 9114 section 4.3), names in lower
/// case (section 4.2), values without blanks at their ends, and none without a name.
pub(super) struct WireFields<'a> {
    lines: SmallVec<[Line<'a>; USUAL]>,
    /// The host wants to know of some field what tables had of it.
    pub wants_hits: bool,
}

/// A field and its place in the host's array.
struct Line<'a> {
    field: Field<'a>,
    place: u32,
}

impl<'a> WireFields<'a> {
    /// The fields of `entries`; names in lower case are put into `lowered`. `None` if a text is null
    /// and has a length.
    ///
    /// # Safety
    ///
    /// Names and values are readable for their lengths as long as the fields are used.
    pub unsafe fn read(entries: &'a [xqc_http_header_t], lowered: &'a mut Vec<u8>) -> Option<Self> {
        let mut read = Self { lines: SmallVec::new(), wants_hits: false };
        let (mut in_order, mut regular, mut in_lower_case) = (true, false, true);
        for (place, entry) in entries.iter().enumerate() {
            // SAFETY: the caller vouches for the texts.
            let (name, value) = unsafe { texts(entry) }?;
            read.wants_hits |= entry.save_nv_hit_flags != 0;
            let Some(first) = name.first() else { continue };
            let pseudo = *first == b':';
            in_order &= !(regular && pseudo);
            regular |= !pseudo;
            in_lower_case &= !needs_lowering(name);
            let field = Field { name, value: trimmed(value), indexing: indexing(entry.flags) };
            read.lines.push(Line { field, place: place as u32 });
        }
        if !in_order {
            // Stable: otherwise the order is the host's.
            read.lines.sort_by_key(|line| line.field.name[0] != b':');
        }
        if !in_lower_case {
            read.lower(lowered);
        }
        Some(read)
    }

    #[cold]
    fn lower(&mut self, lowered: &'a mut Vec<u8>) {
        lowered.clear();
        for line in &self.lines {
            lower_case_into(line.field.name, lowered);
        }
        let mut rest = &lowered[..];
        for line in &mut self.lines {
            (line.field.name, rest) = rest.split_at(line.field.name.len());
        }
    }

    /// True without fields.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The fields.
    pub fn iter(&self) -> impl Iterator<Item = Field<'a>> + Clone + '_ {
        self.lines.iter().map(|line| line.field)
    }

    /// The place of a field in the host's array.
    pub fn place(&self, index: usize) -> usize {
        self.lines[index].place as usize
    }
}

/// Name and value of a field; `None` where [`values`] has none.
///
/// # Safety
///
/// Both are null or readable for their lengths.
unsafe fn texts<'a>(entry: &xqc_http_header_t) -> Option<(&'a [u8], &'a [u8])> {
    // SAFETY: the caller vouches for both.
    let text = |part: libc::iovec| unsafe { values(part.iov_base.cast(), part.iov_len) };
    Some((text(entry.name)?, text(entry.value)?))
}

/// What tables may keep of a field, as its host says.
fn indexing(flags: u8) -> Indexing {
    let has = |flag: crate::ffi::abi::xqc_http3_nv_flag_t| u32::from(flags) & flag.0 != 0;
    if has(XQC_HTTP_HEADER_FLAG_NEVER_INDEX) {
        Indexing::Never
    } else if has(XQC_HTTP_HEADER_FLAG_NEVER_INDEX_VALUE) {
        Indexing::NameOnly
    } else {
        Indexing::Allowed
    }
}

/// The entries of a host's array; `None` where [`values`] has none.
///
/// # Safety
///
/// The array is null or readable for `count` entries.
pub(super) unsafe fn entries(headers: &xqc_http_headers_t) -> Option<&[xqc_http_header_t]> {
    // SAFETY: the caller vouches for the array.
    unsafe { values(headers.headers, headers.count) }
}

/// What tables had of a field, for hosts.
pub(super) fn hit_flags(hit: Hit) -> u8 {
    let flags = match hit {
        Hit::None => XQC_NV_HIT_NONE,
        Hit::Name => XQC_NV_HIT_NAME,
        Hit::Both => XQC_NV_HIT_BOTH,
    };
    flags.0 as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ffi::abi::Zeroable;
    use libc::iovec;

    fn text(text: &[u8]) -> iovec {
        iovec { iov_base: text.as_ptr().cast_mut().cast(), iov_len: text.len() }
    }

    fn entry(name: &[u8], value: &[u8]) -> xqc_http_header_t {
        xqc_http_header_t { name: text(name), value: text(value), ..xqc_http_header_t::ZERO }
    }

    fn read(entries: &[xqc_http_header_t]) -> Option<Vec<(String, String, usize)>> {
        let mut lowered = Vec::new();
        // SAFETY: all texts are static.
        let fields = unsafe { WireFields::read(entries, &mut lowered) }?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let lines = fields.iter().enumerate();
        Some(lines.map(|(i, f)| (text(f.name), text(f.value), fields.place(i))).collect())
    }

    #[test]
    fn pseudo_fields_come_first_and_names_in_lower_case() {
        let entries = [
            entry(b"Accept", b" */*\t"),
            entry(b":Method", b"GET"),
            entry(b"", b"nothing"),
            entry(b"X-A", b"B"),
            entry(b":path", b"/X"),
        ];
        let expected =
            [(":method", "GET", 1), (":path", "/X", 4), ("accept", "*/*", 0), ("x-a", "B", 3)];
        let expected: Vec<_> =
            expected.map(|(n, v, p)| (n.to_owned(), v.to_owned(), p)).into_iter().collect();
        assert_eq!(read(&entries), Some(expected));
    }

    #[test]
    fn null_has_no_length() {
        let null = iovec { iov_base: std::ptr::null_mut(), iov_len: 1 };
        assert_eq!(read(&[xqc_http_header_t { value: null, ..entry(b"a", b"") }]), None);
        let empty = iovec { iov_base: std::ptr::null_mut(), iov_len: 0 };
        assert!(read(&[xqc_http_header_t { value: empty, ..entry(b"a", b"") }]).is_some());
        let headers = xqc_http_headers_t { count: 1, ..xqc_http_headers_t::ZERO };
        // SAFETY: null is allowed.
        unsafe {
            assert!(entries(&headers).is_none());
            assert!(entries(&xqc_http_headers_t::ZERO).is_some_and(<[_]>::is_empty));
        }
    }

    #[test]
    fn flags_say_what_tables_may_keep() {
        assert_eq!(
            [0, 1, 2, 3].map(indexing),
            [Indexing::Allowed, Indexing::Never, Indexing::NameOnly, Indexing::Never]
        );
    }
}
