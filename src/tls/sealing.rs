//! Values that only we, or whoever shares our key, can read and make: address tokens.

use super::algorithm::Algorithm;
use super::mac::HmacKey;
use super::packet_key::{PacketKey, TAG_LEN};
use super::secret::wipe;

/// Bytes of the random part of a sealed value. With so many, values may be sealed without end under
/// one key by processes that do not know of each other.
pub const NONCE_LEN: usize = 16;

/// What the key of a value is derived under, so that nothing else made from the same secret can be
/// taken for it.
const PURPOSE: &[u8] = b"xquic sealed value 1";

/// A key that seals values. Each value has an AES-128-GCM key and IV of its own, which HMAC-SHA256
/// makes from the secret and the random part.
#[derive(Clone)]
pub struct SealingKey(HmacKey);

impl SealingKey {
    /// By how much a sealed value is longer than the plain one.
    pub const OVERHEAD: usize = NONCE_LEN + TAG_LEN;

    /// The key that `secret`, of any length, stands for.
    pub fn new(secret: &[u8]) -> Self {
        Self(HmacKey::new(secret))
    }

    /// Appends `plain`, sealed, to `out`. `nonce` is random; `bound` is not stored and has to be the
    /// same when the value is opened.
    pub fn seal(&self, nonce: [u8; NONCE_LEN], bound: &[u8], plain: &[u8], out: &mut Vec<u8>) {
        let mut work = [bound, plain, &[0; TAG_LEN]].concat();
        self.key(&nonce).seal(0, 0, &mut work, bound.len());
        out.extend_from_slice(&nonce);
        out.extend_from_slice(&work[bound.len()..]);
    }

    /// The plain value in `sealed`; `None` if it was not sealed under this key, was changed, or was
    /// bound to something else.
    pub fn open(&self, bound: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, body) = sealed.split_first_chunk::<NONCE_LEN>()?;
        let mut plain = vec![0; body.len().checked_sub(TAG_LEN)?];
        self.key(nonce).open(0, 0, bound, body, &mut plain).ok()?;
        Some(plain)
    }

    fn key(&self, nonce: &[u8; NONCE_LEN]) -> PacketKey {
        let mut derived = self.0.sign(&[PURPOSE, nonce]);
        let mut iv = [0; 12];
        iv.copy_from_slice(&derived[16..28]);
        let key = PacketKey::from_parts(Algorithm::Aes128Gcm, &derived[..16], iv);
        wipe(&mut derived);
        key
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed(key: &SealingKey, nonce: u8, bound: &[u8], plain: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        key.seal([nonce; NONCE_LEN], bound, plain, &mut out);
        assert_eq!(out.len(), plain.len() + SealingKey::OVERHEAD);
        out
    }

    #[test]
    fn whoever_has_the_secret_opens_what_was_sealed() {
        let value = sealed(&SealingKey::new(b"shared"), 1, b"address", b"value");
        assert_eq!(
            SealingKey::new(b"shared").open(b"address", &value).unwrap_or_default(),
            b"value"
        );
        assert_eq!(SealingKey::new(b"other").open(b"address", &value), None);
        assert_eq!(SealingKey::new(b"shared").open(b"addresses", &value), None);
    }

    #[test]
    fn no_byte_may_change_and_none_be_missing() {
        let key = SealingKey::new(b"shared");
        let value = sealed(&key, 1, b"", b"value");
        for at in 0..value.len() {
            let mut changed = value.clone();
            changed[at] ^= 1;
            assert_eq!(key.open(b"", &changed), None, "{at}");
            assert_eq!(key.open(b"", &value[..at]), None, "{at}");
        }
    }

    #[test]
    fn the_same_value_looks_different_under_another_nonce() {
        let key = SealingKey::new(b"shared");
        let (one, two) = (sealed(&key, 1, b"", b"value"), sealed(&key, 2, b"", b"value"));
        assert_ne!(one[NONCE_LEN..], two[NONCE_LEN..]);
    }
}
