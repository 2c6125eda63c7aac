//! HMAC-SHA256, for tokens and stateless reset tokens, and comparison in constant time.

use boring_sys as ffi;

use super::secret::wipe;

/// Bytes of a hash.
const HASH_LEN: usize = 32;

/// Bytes SHA-256 takes at a time.
const BLOCK_LEN: usize = 64;

/// A key for HMAC-SHA256 (RFC 2104), its two key blocks hashed ahead. Wiped when dropped.
#[derive(Clone)]
pub struct HmacKey {
    inner: Sha256,
    outer: Sha256,
}

impl HmacKey {
    /// The key `key`, of any length.
    pub fn new(key: &[u8]) -> Self {
        let mut block = [0; BLOCK_LEN];
        if key.len() > BLOCK_LEN {
            block[..HASH_LEN].copy_from_slice(&sha256(key));
        } else {
            block[..key.len()].copy_from_slice(key);
        }
        let padded = |pad: u8| {
            let mut bytes = block.map(|byte| byte ^ pad);
            let mut hash = Sha256::new();
            hash.update(&bytes);
            wipe(&mut bytes);
            hash
        };
        let key = Self { inner: padded(0x36), outer: padded(0x5c) };
        wipe(&mut block);
        key
    }

    /// The code of `parts` one after the other. Where a part's length may vary, the caller encodes
    /// it.
    pub fn sign(&self, parts: &[&[u8]]) -> [u8; HASH_LEN] {
        let mut inner = self.inner.clone();
        for part in parts {
            inner.update(part);
        }
        let mut outer = self.outer.clone();
        outer.update(&inner.finish());
        outer.finish()
    }
}

/// SHA-256 of `bytes`.
pub fn sha256(bytes: &[u8]) -> [u8; HASH_LEN] {
    let mut hash = Sha256::new();
    hash.update(bytes);
    hash.finish()
}

/// True if `a` and `b` are equal; the time taken tells only whether their lengths differ.
pub fn constant_time_eq(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    // SAFETY: both slices are `a.len()` bytes long.
    unsafe { ffi::CRYPTO_memcmp(a.as_ptr().cast(), b.as_ptr().cast(), a.len()) == 0 }
}

/// A hash in progress; it lives inline and owns nothing.
#[derive(Clone)]
struct Sha256(ffi::SHA256_CTX);

impl Sha256 {
    fn new() -> Self {
        // SAFETY: SHA256_CTX is a structure of integers, for which zeros are valid; SHA256_Init then
        // sets every field that matters and cannot fail.
        unsafe {
            let mut state = std::mem::zeroed();
            ffi::SHA256_Init(&mut state);
            Self(state)
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        // SAFETY: the state was initialised in `new`; pointer and length belong to one slice.
        unsafe { ffi::SHA256_Update(&mut self.0, bytes.as_ptr().cast(), bytes.len()) };
    }

    fn finish(mut self) -> [u8; HASH_LEN] {
        let mut out = [0; HASH_LEN];
        // SAFETY: `out` has the 32 bytes that are written.
        unsafe { ffi::SHA256_Final(out.as_mut_ptr(), &mut self.0) };
        out
    }
}

impl Drop for Sha256 {
    fn drop(&mut self) {
        // SAFETY: pointer and size are those of one exclusively owned value without pointers.
        unsafe {
            ffi::OPENSSL_cleanse(
                std::ptr::addr_of_mut!(self.0).cast(),
                size_of::<ffi::SHA256_CTX>(),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::testing::hex;

    #[test]
    fn codes_are_those_of_rfc_4231() {
        let short = HmacKey::new(b"Jefe").sign(&[b"what do ya want ", b"for nothing?"]);
        let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(short.as_slice(), hex(expected));

        let text = b"Test Using Larger Than Block-Size Key - Hash Key First";
        let long = HmacKey::new(&[0xaa; 131]).sign(&[text]);
        let expected = "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54";
        assert_eq!(long.as_slice(), hex(expected));
    }

    #[test]
    fn a_key_signs_the_same_every_time() {
        let key = HmacKey::new(&[9; 32]);
        assert_eq!(key.sign(&[b"a", b"b"]), key.clone().sign(&[b"ab"]));
        assert_ne!(key.sign(&[b"a"]), HmacKey::new(&[8; 32]).sign(&[b"a"]));
    }

    #[test]
    fn sha256_of_abc_is_that_of_fips_180() {
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256(b"abc").as_slice(), hex(expected));
    }

    #[test]
    fn equality_looks_at_every_byte_and_the_length() {
        assert!(constant_time_eq(b"token", b"token"));
        assert!(!constant_time_eq(b"token", b"tokem"));
        assert!(!constant_time_eq(b"token", b"toke"));
        assert!(constant_time_eq(b"", b""));
    }
}
