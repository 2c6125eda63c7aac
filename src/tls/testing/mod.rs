//! What the tests of this module share.

#![allow(clippy::unwrap_used, clippy::panic)]

pub(super) mod identity;
pub(crate) mod pair;
pub(super) mod raw;
pub(super) mod vectors;

/// The client's first destination connection ID in RFC 9001 and RFC 9369 appendix A.
pub(super) const CLIENT_DCID: [u8; 8] = [0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08];

/// The bytes that `text` spells in hexadecimal.
pub(crate) fn hex(text: &str) -> Vec<u8> {
    assert!(text.len() % 2 == 0);
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

/// Where `needle` starts in `haystack`.
pub(super) fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}
