//! What each QUIC version calls its keys.

use crate::wire::Version;

/// The HKDF labels of a version (RFC 9001 sections 5.1 and 6.1, RFC 9369 section 3.3.2).
pub(super) struct Labels {
    /// The packet protection key.
    pub(super) key: &'static [u8],
    /// The packet protection IV.
    pub(super) iv: &'static [u8],
    /// The header protection key.
    pub(super) header: &'static [u8],
    /// The secret after a key update.
    pub(super) update: &'static [u8],
}

impl Labels {
    /// The labels of `version`: those of version 1 unless it is version 2.
    pub(super) const fn of(version: Version) -> &'static Self {
        const V1: Labels =
            Labels { key: b"quic key", iv: b"quic iv", header: b"quic hp", update: b"quic ku" };
        const V2: Labels = Labels {
            key: b"quicv2 key",
            iv: b"quicv2 iv",
            header: b"quicv2 hp",
            update: b"quicv2 ku",
        };
        match version {
            Version::V2 => &V2,
            _ => &V1,
        }
    }
}
