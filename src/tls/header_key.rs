//! Header protection keys (RFC 9001 section 5.4).

use boring_sys as ffi;

use super::aes::BlockKey;
use super::algorithm::Algorithm;
use super::labels::Labels;
use super::secret::{wipe, Secret};
use crate::wire::Version;

/// Bytes of ciphertext that are sampled (RFC 9001 section 5.4.2).
pub const SAMPLE_LEN: usize = 16;

/// Bytes of mask: one for the first byte, four for the packet number.
const MASK_LEN: usize = 5;

/// A key that hides packet numbers. It stays the same over key updates (RFC 9001 section 6).
pub struct HeaderKey(Cipher);

enum Cipher {
    Aes(BlockKey),
    ChaCha20([u8; 32]),
    /// Hides nothing.
    Inert,
}

impl HeaderKey {
    /// The key that `secret` stands for in `version`.
    pub fn new(secret: &Secret, version: Version) -> Self {
        if secret.is_inert() {
            return Self(Cipher::Inert);
        }
        let mut key = [0; 32];
        let key_bytes = &mut key[..secret.algorithm().key_len()];
        secret.expand(Labels::of(version).header, key_bytes);
        let cipher = match secret.algorithm() {
            Algorithm::Aes128Gcm | Algorithm::Aes256Gcm => Cipher::Aes(BlockKey::new(key_bytes)),
            Algorithm::ChaCha20Poly1305 => Cipher::ChaCha20(key),
        };
        wipe(&mut key);
        Self(cipher)
    }

    /// The mask for a packet of which `sample` was taken.
    #[inline]
    pub fn mask(&self, sample: &[u8; SAMPLE_LEN]) -> [u8; MASK_LEN] {
        if cfg!(fuzzing) {
            return [0; MASK_LEN];
        }
        match &self.0 {
            Cipher::Aes(key) => aes_mask(key, sample),
            Cipher::ChaCha20(key) => chacha20_mask(key, sample),
            Cipher::Inert => [0; MASK_LEN],
        }
    }
}

impl Drop for HeaderKey {
    fn drop(&mut self) {
        match &mut self.0 {
            Cipher::ChaCha20(key) => wipe(key),
            // The one wipes itself, the other has nothing to wipe.
            Cipher::Aes(_) | Cipher::Inert => {}
        }
    }
}

/// RFC 9001 section 5.4.3: the sample, encrypted as one block.
#[inline]
fn aes_mask(key: &BlockKey, sample: &[u8; SAMPLE_LEN]) -> [u8; MASK_LEN] {
    let [mask @ .., _, _, _, _, _, _, _, _, _, _, _] = key.encrypt(sample);
    mask
}

/// RFC 9001 section 5.4.4: key stream, with the sample as counter and nonce.
#[inline]
fn chacha20_mask(key: &[u8; 32], sample: &[u8; SAMPLE_LEN]) -> [u8; MASK_LEN] {
    let [a, b, c, d, nonce @ ..] = *sample;
    let zeros = [0; MASK_LEN];
    let mut mask = [0; MASK_LEN];
    // SAFETY: in and out are five bytes, the key 32 and the nonce 12, as the function expects.
    unsafe {
        ffi::CRYPTO_chacha_20(
            mask.as_mut_ptr(),
            zeros.as_ptr(),
            MASK_LEN,
            key.as_ptr(),
            nonce.as_ptr(),
            u32::from_le_bytes([a, b, c, d]),
        );
    }
    mask
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::tls::initial::InitialSecrets;
    use crate::tls::testing::{hex, CLIENT_DCID};

    fn check(key: &HeaderKey, sample: &str, mask: &str) {
        let sample: [u8; 16] = hex(sample).try_into().unwrap();
        assert_eq!(key.mask(&sample).as_slice(), hex(mask));
    }

    #[test]
    fn aes_masks_are_those_of_rfc_9001_appendix_a() {
        let secrets = InitialSecrets::new(Version::V1, &CLIENT_DCID);
        let client = HeaderKey::new(&secrets.client, Version::V1);
        check(&client, "d1b1c98dd7689fb8ec11d242b123dc9b", "437b9aec36");
        let server = HeaderKey::new(&secrets.server, Version::V1);
        check(&server, "2cd0991cd25b0aac406a5816b6394100", "2ec0d8356a");
    }

    #[test]
    fn aes_masks_of_version_2_are_those_of_rfc_9369_appendix_a() {
        let secrets = InitialSecrets::new(Version::V2, &CLIENT_DCID);
        let client = HeaderKey::new(&secrets.client, Version::V2);
        check(&client, "ffe67b6abcdb4298b485dd04de806071", "94a0c95e80");
        let server = HeaderKey::new(&secrets.server, Version::V2);
        check(&server, "6f05d8a4398c47089698baeea26b91eb", "4dd92e91ea");
    }

    #[test]
    fn chacha20_masks_are_those_of_the_appendices() {
        let secret = hex("9ac312a7f877468ebe69422748ad00a15443f18203a07d6060f688f30f21632b");
        let secret = Secret::new(Algorithm::ChaCha20Poly1305, &secret).unwrap();
        let v1 = HeaderKey::new(&secret, Version::V1);
        check(&v1, "5e5cd55c41f69080575d7999c25a5bfb", "aefefe7d03");
        let v2 = HeaderKey::new(&secret, Version::V2);
        check(&v2, "e7b6b932bc27d786f4bc2bb20f2162ba", "97580e32bf");
    }
}
