//! Traffic secrets.

use std::fmt;

use boring_sys as ffi;

use super::algorithm::Algorithm;
use super::hkdf;
use super::labels::Labels;
use crate::wire::Version;

/// The longest secret, that of a SHA-384 suite.
const MAX_LEN: usize = 48;

/// A traffic secret, from which keys are derived (RFC 9001 section 5.1). Wiped when dropped.
#[derive(Clone)]
pub struct Secret {
    algorithm: Algorithm,
    /// Its keys protect nothing.
    inert: bool,
    bytes: [u8; MAX_LEN],
}

impl Secret {
    /// The secret `bytes` of a connection that uses `algorithm`; `None` if the length does not fit.
    pub fn new(algorithm: Algorithm, bytes: &[u8]) -> Option<Self> {
        if bytes.len() != algorithm.digest().len() {
            return None;
        }
        let mut secret = Self::zeroed(algorithm);
        secret.as_mut_slice().copy_from_slice(bytes);
        Some(secret)
    }

    /// A secret to be filled in.
    pub(super) const fn zeroed(algorithm: Algorithm) -> Self {
        Self { algorithm, inert: false, bytes: [0; MAX_LEN] }
    }

    /// What packets are protected with under this secret.
    #[inline]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// A secret whose keys, those of later generations included, leave packets as they are; tags
    /// are zeros and nothing is authenticated. For ends that agreed to go without protection.
    #[must_use]
    pub fn without_protection(mut self) -> Self {
        self.inert = true;
        self
    }

    /// True if its keys protect nothing.
    #[inline]
    pub(super) const fn is_inert(&self) -> bool {
        self.inert
    }

    /// The secret after one more key update (RFC 9001 section 6.1).
    #[must_use]
    pub fn next_generation(&self, version: Version) -> Self {
        let mut next = Self { inert: self.inert, ..Self::zeroed(self.algorithm) };
        self.expand(Labels::of(version).update, next.as_mut_slice());
        next
    }

    /// Derives `out` under `label`.
    pub(super) fn expand(&self, label: &[u8], out: &mut [u8]) {
        hkdf::expand_label(self.algorithm.digest(), self.as_slice(), label, out);
    }

    pub(super) fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.algorithm.digest().len()]
    }

    pub(super) fn as_mut_slice(&mut self) -> &mut [u8] {
        &mut self.bytes[..self.algorithm.digest().len()]
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        wipe(&mut self.bytes);
    }
}

impl fmt::Debug for Secret {
    // The bytes go out through the key log only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secret").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

/// Overwrites key material in a way the optimizer does not remove.
pub(super) fn wipe(bytes: &mut [u8]) {
    // SAFETY: pointer and length belong to one exclusively borrowed slice.
    unsafe { ffi::OPENSSL_cleanse(bytes.as_mut_ptr().cast(), bytes.len()) };
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::tls::testing::hex;

    const SECRET: &str = "9ac312a7f877468ebe69422748ad00a15443f18203a07d6060f688f30f21632b";

    #[test]
    fn a_key_update_derives_the_next_secret_of_rfc_9001_appendix_a_5() {
        let secret = Secret::new(Algorithm::ChaCha20Poly1305, &hex(SECRET)).unwrap();
        let next = hex("1223504755036d556342ee9361d253421a826c9ecdf3c7148684b36b714881f9");
        assert_eq!(secret.next_generation(Version::V1).as_slice(), next);
    }

    #[test]
    fn a_key_update_in_version_2_derives_the_next_secret_of_rfc_9369_appendix_a_5() {
        let secret = Secret::new(Algorithm::ChaCha20Poly1305, &hex(SECRET)).unwrap();
        let next = hex("c69374c49e3d2a9466fa689e49d476db5d0dfbc87d32ceeaa6343fd0ae4c7d88");
        assert_eq!(secret.next_generation(Version::V2).as_slice(), next);
    }

    #[test]
    fn a_secret_has_the_length_of_its_hash() {
        assert!(Secret::new(Algorithm::Aes128Gcm, &[7; 32]).is_some());
        assert!(Secret::new(Algorithm::Aes128Gcm, &[7; 48]).is_none());
        assert!(Secret::new(Algorithm::Aes256Gcm, &[7; 48]).is_some());
        assert!(Secret::new(Algorithm::Aes256Gcm, &[7; 32]).is_none());
    }

    #[test]
    fn debug_output_keeps_the_secret() {
        let secret = Secret::new(Algorithm::Aes128Gcm, &[0xab; 32]).unwrap();
        let shown = format!("{secret:?}");
        assert!(shown.contains("Aes128Gcm") && !shown.contains("171") && !shown.contains("ab,"));
    }

    #[test]
    fn wiping_leaves_zeros() {
        let mut bytes = [0x5a; 40];
        wipe(&mut bytes);
        assert_eq!(bytes, [0; 40]);
    }
}
