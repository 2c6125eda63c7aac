//! The cipher suites of TLS 1.3 that protect QUIC packets.

use boring_sys as ffi;

/// The AEAD of a cipher suite, with the hash its keys are derived by (RFC 9001 section 5.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// TLS_AES_128_GCM_SHA256.
    Aes128Gcm,
    /// TLS_AES_256_GCM_SHA384.
    Aes256Gcm,
    /// TLS_CHACHA20_POLY1305_SHA256.
    ChaCha20Poly1305,
}

impl Algorithm {
    /// Every algorithm that is spoken here.
    pub const ALL: [Self; 3] = [Self::Aes128Gcm, Self::Aes256Gcm, Self::ChaCha20Poly1305];

    /// The suite's name in the TLS registry.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Aes128Gcm => "TLS_AES_128_GCM_SHA256",
            Self::Aes256Gcm => "TLS_AES_256_GCM_SHA384",
            Self::ChaCha20Poly1305 => "TLS_CHACHA20_POLY1305_SHA256",
        }
    }

    /// The suite's number in the TLS registry.
    pub const fn id(self) -> u16 {
        match self {
            Self::Aes128Gcm => 0x1301,
            Self::Aes256Gcm => 0x1302,
            Self::ChaCha20Poly1305 => 0x1303,
        }
    }

    /// The algorithm of suite `id`, if it is spoken here.
    pub fn from_id(id: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.id() == id)
    }

    /// The algorithm of the suite called `name`.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }

    /// Bytes of a packet or header protection key.
    pub const fn key_len(self) -> usize {
        match self {
            Self::Aes128Gcm => 16,
            Self::Aes256Gcm | Self::ChaCha20Poly1305 => 32,
        }
    }

    /// How many packets may be sealed under one key (RFC 9001 section 6.6).
    pub const fn confidentiality_limit(self) -> u64 {
        match self {
            Self::Aes128Gcm | Self::Aes256Gcm => 1 << 23,
            // RFC 9001 section 6.6: more than a connection has packet numbers.
            Self::ChaCha20Poly1305 => u64::MAX,
        }
    }

    /// How many packets may fail to open over all keys of a connection (RFC 9001 section 6.6).
    pub const fn integrity_limit(self) -> u64 {
        match self {
            Self::Aes128Gcm | Self::Aes256Gcm => 1 << 52,
            Self::ChaCha20Poly1305 => 1 << 36,
        }
    }

    pub(super) const fn digest(self) -> Digest {
        match self {
            Self::Aes128Gcm | Self::ChaCha20Poly1305 => Digest::Sha256,
            Self::Aes256Gcm => Digest::Sha384,
        }
    }

    pub(super) fn aead(self) -> *const ffi::EVP_AEAD {
        // SAFETY: these functions take nothing and return pointers to static tables.
        unsafe {
            match self {
                Self::Aes128Gcm => ffi::EVP_aead_aes_128_gcm(),
                Self::Aes256Gcm => ffi::EVP_aead_aes_256_gcm(),
                Self::ChaCha20Poly1305 => ffi::EVP_aead_chacha20_poly1305(),
            }
        }
    }
}

/// The hash of a cipher suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Digest {
    Sha256,
    Sha384,
}

impl Digest {
    /// Bytes of a hash, and so of a secret.
    pub(super) const fn len(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
        }
    }

    pub(super) fn evp(self) -> *const ffi::EVP_MD {
        // SAFETY: these functions take nothing and return pointers to static tables.
        unsafe {
            match self {
                Self::Sha256 => ffi::EVP_sha256(),
                Self::Sha384 => ffi::EVP_sha384(),
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_lead_back_to_the_algorithm() {
        for algorithm in Algorithm::ALL {
            assert_eq!(Algorithm::from_id(algorithm.id()), Some(algorithm));
            assert_eq!(Algorithm::from_name(algorithm.name()), Some(algorithm));
        }
        // RFC 9001 section 5.3: QUIC cannot use TLS_AES_128_CCM_8_SHA256.
        assert_eq!(Algorithm::from_id(0x1305), None);
        assert_eq!(Algorithm::from_name("ECDHE-RSA-AES128-GCM-SHA256"), None);
    }

    #[test]
    fn usage_limits_are_those_of_rfc_9001_section_6_6() {
        assert_eq!(Algorithm::Aes128Gcm.confidentiality_limit(), 8_388_608);
        assert_eq!(Algorithm::Aes256Gcm.integrity_limit(), 1 << 52);
        assert!(Algorithm::ChaCha20Poly1305.confidentiality_limit() > 1 << 62);
        assert_eq!(Algorithm::ChaCha20Poly1305.integrity_limit(), 1 << 36);
    }
}
