//! Application protocol negotiation (RFC 7301), which QUIC requires (RFC 9001 section 8.1).

use crate::wire::Reader;

/// The first of `ours` that is among `theirs`, as a part of `theirs`. Both are protocols one after
/// the other, each behind its length.
pub(super) fn select<'a>(ours: &[u8], theirs: &'a [u8]) -> Option<&'a [u8]> {
    protocols(ours).find_map(|wanted| protocols(theirs).find(|&offered| offered == wanted))
}

/// The same for the extension of a ClientHello, which puts a length before the list.
pub(super) fn select_from_extension<'a>(ours: &[u8], extension: &'a [u8]) -> Option<&'a [u8]> {
    let mut reader = Reader::new(extension);
    let len = reader.u16().ok()?;
    select(ours, reader.bytes(usize::from(len)).ok()?)
}

fn protocols(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut reader = Reader::new(list);
    std::iter::from_fn(move || {
        let len = reader.u8().ok()?;
        reader.bytes(usize::from(len)).ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_preference_of_the_server_decides() {
        let chosen = select(b"\x02h3\x05h3-29", b"\x08http/0.9\x05h3-29\x02h3");
        assert_eq!(chosen, Some(b"h3".as_slice()));
        assert_eq!(select(b"\x05h3-29", b"\x02h3\x05h3-29"), Some(b"h3-29".as_slice()));
    }

    #[test]
    fn without_a_common_protocol_there_is_none() {
        assert_eq!(select(b"\x02h3", b"\x02h2"), None);
        assert_eq!(select(b"", b"\x02h3"), None);
        assert_eq!(select(b"\x02h3", b""), None);
    }

    #[test]
    fn a_list_that_ends_early_offers_what_came_before() {
        assert_eq!(select(b"\x02h3", b"\x02h3\x09h"), Some(b"h3".as_slice()));
        assert_eq!(select(b"\x02h3", b"\x03h3"), None);
        assert_eq!(select_from_extension(b"\x02h3", b"\x00\x03\x02h3"), Some(b"h3".as_slice()));
        assert_eq!(select_from_extension(b"\x02h3", b"\x00\x04\x02h3"), None);
        assert_eq!(select_from_extension(b"\x02h3", b"\x00"), None);
    }
}
