//! QUIC versions.

use std::fmt;

/// A version number as it stands in long headers (RFC 9000 section 15).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Version(pub u32);

impl Version {
    /// What a Version Negotiation packet carries in place of a version (RFC 9000 section 17.2.1).
    pub const NEGOTIATION: Self = Self(0);
    /// QUIC version 1 (RFC 9000).
    pub const V1: Self = Self(0x0000_0001);
    /// The last draft that was deployed at large.
    pub const DRAFT_29: Self = Self(0xff00_001d);
    /// QUIC version 2 (RFC 9369).
    pub const V2: Self = Self(0x6b33_43cf);

    /// The versions whose packets can be parsed here. Which of them an endpoint speaks is its own
    /// setting.
    pub const SUPPORTED: [Self; 3] = [Self::V1, Self::V2, Self::DRAFT_29];

    /// True for one of [`Self::SUPPORTED`].
    #[inline]
    pub const fn is_supported(self) -> bool {
        matches!(self, Self::V1 | Self::V2 | Self::DRAFT_29)
    }

    /// True if a first flight in one of both versions can be read as one in the other
    /// (RFC 9369 section 4).
    #[inline]
    pub const fn is_compatible_with(self, other: Self) -> bool {
        self.0 == other.0 || matches!((self, other), (Self::V1, Self::V2) | (Self::V2, Self::V1))
    }

    /// True for the versions `0x?a?a?a?a`, which stand for nothing and only exercise negotiation
    /// (RFC 9000 section 15).
    #[inline]
    pub const fn is_grease(self) -> bool {
        self.0 & 0x0f0f_0f0f == 0x0a0a_0a0a
    }

    /// The reserved version that the high half of each byte of `noise` selects.
    pub const fn grease(noise: u32) -> Self {
        Self(noise & 0xf0f0_f0f0 | 0x0a0a_0a0a)
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NEGOTIATION => f.write_str("negotiation"),
            Self::V1 => f.write_str("v1"),
            Self::V2 => f.write_str("v2"),
            Self::DRAFT_29 => f.write_str("draft-29"),
            Self(other) => write!(f, "{other:#010x}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_negotiation_marker_is_no_version() {
        assert!(!Version::NEGOTIATION.is_supported());
        assert!(Version::SUPPORTED.into_iter().all(Version::is_supported));
    }

    /// RFC 9369 section 4.
    #[test]
    fn versions_1_and_2_are_compatible_and_draft_29_with_nothing() {
        assert!(Version::V1.is_compatible_with(Version::V2));
        assert!(Version::V2.is_compatible_with(Version::V1));
        for version in Version::SUPPORTED {
            assert!(version.is_compatible_with(version));
            let alone = version == Version::DRAFT_29;
            assert_eq!(version.is_compatible_with(Version::DRAFT_29), alone);
        }
    }

    #[test]
    fn reserved_versions_are_known_by_the_low_half_of_each_byte() {
        assert!(Version(0x1a2a_3a4a).is_grease());
        assert!(!Version(0x1a2a_3a4b).is_grease());
        assert!(Version::grease(0xffff_ffff).is_grease() && Version::grease(0).is_grease());
        assert!(Version::SUPPORTED.into_iter().all(|version| !version.is_grease()));
    }
}
