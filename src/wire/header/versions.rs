//! The list in a Version Negotiation packet.

use std::fmt;

use crate::wire::Version;

/// The versions a Version Negotiation packet lists (RFC 9000 section 17.2.1).
#[derive(Clone, PartialEq, Eq)]
pub struct Versions<'a> {
    /// Four bytes each.
    bytes: &'a [u8],
}

impl<'a> Versions<'a> {
    /// The list in `bytes`; `None` if they are not one or more versions.
    pub(super) const fn new(bytes: &'a [u8]) -> Option<Self> {
        if bytes.is_empty() || bytes.len() % 4 != 0 {
            return None;
        }
        Some(Self { bytes })
    }
}

impl Iterator for Versions<'_> {
    type Item = Version;

    fn next(&mut self) -> Option<Version> {
        let (first, rest) = self.bytes.split_first_chunk()?;
        self.bytes = rest;
        Some(Version(u32::from_be_bytes(*first)))
    }
}

impl fmt::Debug for Versions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}
