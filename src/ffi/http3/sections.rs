//! Field sections in the form C reads them.
//!
//! The array belongs to the library; a host may write to its entries and lower `count`. So nothing
//! here is read back: lengths and memory are known from books of our own.

use std::cell::{Cell, RefCell};

use libc::iovec;

use crate::ffi::abi::{
    xqc_http_header_t, xqc_http_headers_t, Zeroable, XQC_HTTP_HEADER_FLAG_NEVER_INDEX,
    XQC_HTTP_HEADER_FLAG_NEVER_INDEX_VALUE, XQC_HTTP_HEADER_FLAG_NONE,
};
use crate::http3::qpack::{FieldSection, Indexing};

/// Interim responses to one request that are kept for a host's pointers. They may come in any number
/// (RFC 9114 section 4.1); from here on each takes the place of the one before, but never that of
/// the header section proper or of the trailers, which stay until the request is released.
const MAX_INTERIM: usize = 14;

/// Bytes of a section's memory that a request leaves to the next one.
const MEMORY_KEPT: usize = 16 * 1024;

/// The field sections of one request that the host has taken.
#[derive(Default)]
pub(in crate::ffi) struct Sections {
    /// Boxed, as their addresses are handed out.
    #[allow(clippy::vec_box, reason = "see above")]
    taken: RefCell<Vec<Box<Section>>>,
    used: Cell<usize>,
}

impl Sections {
    /// Copies a section and returns what the host is given, good until [`Self::clear`].
    pub fn add(&self, fields: &FieldSection) -> *mut xqc_http_headers_t {
        let mut taken = self.taken.borrow_mut();
        let index = match is_interim(fields) {
            true => self.used.get().min(MAX_INTERIM - 1),
            false => self.used.get(),
        };
        if taken.len() <= index {
            taken.push(Box::default());
        }
        self.used.set(index + 1);
        let section = &mut taken[index];
        section.fill(fields);
        section.headers.as_ptr()
    }

    /// Forgets all sections; some memory is kept.
    pub fn clear(&mut self) {
        let taken = self.taken.get_mut();
        taken.truncate(1);
        if taken.first().is_some_and(|section| section.memory() > MEMORY_KEPT) {
            taken.clear();
        }
        self.used.set(0);
    }
}

/// One section.
struct Section {
    /// Names and values, each with a zero behind it, which C programs are glad of.
    text: Vec<u8>,
    entries: Vec<xqc_http_header_t>,
    headers: Cell<xqc_http_headers_t>,
}

impl Default for Section {
    fn default() -> Self {
        Self { text: Vec::new(), entries: Vec::new(), headers: Cell::new(xqc_http_headers_t::ZERO) }
    }
}

impl Section {
    fn memory(&self) -> usize {
        self.text.capacity() + self.entries.capacity() * size_of::<xqc_http_header_t>()
    }

    fn fill(&mut self, fields: &FieldSection) {
        let len: usize = fields.iter().map(|field| field.name.len() + field.value.len()).sum();
        self.text.clear();
        // All at once: pointers into it must stay good.
        self.text.reserve_exact(len + 2 * fields.len());
        self.entries.clear();
        self.entries.reserve_exact(fields.len());
        for field in fields.iter() {
            let name = self.push_text(field.name);
            let value = self.push_text(field.value);
            let flags = flags(field.indexing);
            self.entries.push(xqc_http_header_t { name, value, flags, ..xqc_http_header_t::ZERO });
        }
        self.headers.set(xqc_http_headers_t {
            headers: self.entries.as_mut_ptr(),
            count: self.entries.len(),
            capacity: self.entries.capacity(),
            total_len: len,
        });
    }

    fn push_text(&mut self, text: &[u8]) -> iovec {
        let begin = self.text.len();
        self.text.extend_from_slice(text);
        self.text.push(0);
        // Through no slice: that would be a new claim to what earlier pointers point to.
        let place = self.text.as_mut_ptr().wrapping_add(begin);
        iovec { iov_base: place.cast(), iov_len: text.len() }
    }
}

/// True for the head of an interim response, as it passed the checks of messages: pseudo-header
/// fields come first, and a response has only one (RFC 9114 section 4.3.2).
fn is_interim(fields: &FieldSection) -> bool {
    fields
        .iter()
        .next()
        .is_some_and(|field| field.name == b":status" && field.value.first() == Some(&b'1'))
}

/// What the peer said that tables may keep of a field.
fn flags(indexing: Indexing) -> u8 {
    let flag = match indexing {
        Indexing::Allowed => XQC_HTTP_HEADER_FLAG_NONE,
        Indexing::NameOnly => XQC_HTTP_HEADER_FLAG_NEVER_INDEX_VALUE,
        Indexing::Never => XQC_HTTP_HEADER_FLAG_NEVER_INDEX,
    };
    flag.0 as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http3::qpack::Field;

    fn section(lines: &[(&[u8], &[u8], Indexing)]) -> FieldSection {
        let mut section = FieldSection::new();
        for (name, value, indexing) in lines {
            section.push(&Field::with_indexing(name, value, *indexing));
        }
        section
    }

    /// Name and value of an entry with the zeros behind them.
    fn texts(headers: *mut xqc_http_headers_t, index: usize) -> (Vec<u8>, Vec<u8>) {
        let text = |part: iovec| {
            // SAFETY: the section owns the bytes and the zero behind them.
            unsafe { std::slice::from_raw_parts(part.iov_base.cast::<u8>(), part.iov_len + 1) }
                .to_vec()
        };
        // SAFETY: the array is the section's and has that entry.
        let entry = unsafe { *(*headers).headers.add(index) };
        (text(entry.name), text(entry.value))
    }

    #[test]
    fn names_and_values_end_with_a_zero_that_is_not_counted() {
        let sections = Sections::default();
        let headers = sections.add(&section(&[
            (b":status", b"200", Indexing::Allowed),
            (b"empty", b"", Indexing::Never),
            (b"cookie", b"a=b", Indexing::NameOnly),
        ]));
        assert_eq!(texts(headers, 0), (b":status\0".to_vec(), b"200\0".to_vec()));
        assert_eq!(texts(headers, 1), (b"empty\0".to_vec(), b"\0".to_vec()));
        // SAFETY: the array is the section's.
        let (headers, flags) = unsafe {
            let headers = *headers;
            (headers, [0, 1, 2].map(|index| (*headers.headers.add(index)).flags))
        };
        assert_eq!(flags, [0, 1, 2]);
        assert_eq!((headers.count, headers.total_len), (3, 10 + 5 + 9));
    }

    #[test]
    fn a_section_stays_when_the_next_one_comes() {
        let sections = Sections::default();
        let first = sections.add(&section(&[(b":status", b"103", Indexing::Allowed)]));
        let second = sections.add(&section(&[(b":status", b"200", Indexing::Allowed)]));
        assert_eq!(texts(first, 0).1, b"103\0");
        assert_eq!(texts(second, 0).1, b"200\0");
    }

    #[test]
    fn what_a_host_writes_to_the_array_does_no_harm() {
        let mut sections = Sections::default();
        let headers = sections.add(&section(&[(b"a", b"1", Indexing::Allowed)]));
        // SAFETY: hosts may write to the array.
        unsafe {
            (*(*headers).headers).name = iovec { iov_base: std::ptr::null_mut(), iov_len: 7 };
            (*headers).headers = std::ptr::null_mut();
            (*headers).count = 1000;
        }
        sections.clear();
        let headers = sections.add(&section(&[(b"b", b"2", Indexing::Allowed)]));
        assert_eq!(texts(headers, 0), (b"b\0".to_vec(), b"2\0".to_vec()));
    }

    #[test]
    fn interim_responses_without_end_take_bounded_memory() {
        let sections = Sections::default();
        let fields = section(&[(b":status", b"103", Indexing::Allowed)]);
        for _ in 0..1000 {
            sections.add(&fields);
        }
        assert_eq!(sections.taken.borrow().len(), MAX_INTERIM);
    }

    #[test]
    fn the_final_head_stays_when_trailers_come_after_many_interim_responses() {
        let sections = Sections::default();
        for _ in 0..1000 {
            sections.add(&section(&[(b":status", b"103", Indexing::Allowed)]));
        }
        let head = sections.add(&section(&[(b":status", b"200", Indexing::Allowed)]));
        let trailers = sections.add(&section(&[(b"checksum", b"1", Indexing::Allowed)]));
        assert_ne!(head, trailers);
        assert_eq!(texts(head, 0).1, b"200\0");
        assert_eq!(texts(trailers, 0).1, b"1\0");
        assert_eq!(sections.taken.borrow().len(), MAX_INTERIM + 2);
    }
}
