//! Encryption levels.

use boring_sys::ssl_encryption_level_t;

/// Which keys CRYPTO data travels under (RFC 9001 section 2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Keys anybody can derive from the client's first destination connection ID.
    Initial,
    /// 0-RTT keys; they carry no CRYPTO data (RFC 9001 section 8.3).
    EarlyData,
    /// Handshake keys.
    Handshake,
    /// 1-RTT keys.
    OneRtt,
}

impl Level {
    /// The position in a table of four.
    #[inline]
    pub const fn index(self) -> usize {
        self as usize
    }

    pub(super) fn from_ssl(level: ssl_encryption_level_t) -> Option<Self> {
        match level {
            ssl_encryption_level_t::ssl_encryption_initial => Some(Self::Initial),
            ssl_encryption_level_t::ssl_encryption_early_data => Some(Self::EarlyData),
            ssl_encryption_level_t::ssl_encryption_handshake => Some(Self::Handshake),
            ssl_encryption_level_t::ssl_encryption_application => Some(Self::OneRtt),
            _ => None,
        }
    }

    pub(super) const fn to_ssl(self) -> ssl_encryption_level_t {
        match self {
            Self::Initial => ssl_encryption_level_t::ssl_encryption_initial,
            Self::EarlyData => ssl_encryption_level_t::ssl_encryption_early_data,
            Self::Handshake => ssl_encryption_level_t::ssl_encryption_handshake,
            Self::OneRtt => ssl_encryption_level_t::ssl_encryption_application,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_ordered_as_the_handshake_climbs() {
        let all = [Level::Initial, Level::EarlyData, Level::Handshake, Level::OneRtt];
        assert!(all.windows(2).all(|pair| pair[0] < pair[1]));
        for (index, level) in all.into_iter().enumerate() {
            assert_eq!(level.index(), index);
            assert_eq!(Level::from_ssl(level.to_ssl()), Some(level));
        }
        assert_eq!(Level::from_ssl(ssl_encryption_level_t(4)), None);
    }
}
