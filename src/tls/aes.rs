//! The AES block function, for what encrypts single blocks: header protection and QUIC-LB.

use boring_sys as ffi;

/// Bytes of a block.
pub const BLOCK_LEN: usize = 16;

/// One block.
pub type Block = [u8; BLOCK_LEN];

/// A key to encrypt blocks with. It is wiped when dropped.
pub struct BlockKey(Schedule);

/// A key to decrypt blocks with. It is wiped when dropped.
pub struct BlockDecryptionKey(Schedule);

/// Round keys. Boxed, as they are far larger than what they stand in.
struct Schedule(Box<ffi::AES_KEY>);

impl BlockKey {
    /// The key of AES-128.
    pub fn aes_128(key: &[u8; 16]) -> Self {
        Self::new(key)
    }

    /// The key of AES-128 or AES-256, by its length. No other length may come here.
    pub(super) fn new(key: &[u8]) -> Self {
        Self(Schedule::new(key, ffi::AES_set_encrypt_key))
    }

    /// Encrypts one block.
    #[inline]
    pub fn encrypt(&self, block: &Block) -> Block {
        let mut encrypted = [0; BLOCK_LEN];
        // SAFETY: both buffers are one block, the schedule was set for encryption.
        unsafe { ffi::AES_encrypt(block.as_ptr(), encrypted.as_mut_ptr(), &*self.0 .0) };
        encrypted
    }
}

impl BlockDecryptionKey {
    /// The key of AES-128.
    pub fn aes_128(key: &[u8; 16]) -> Self {
        Self(Schedule::new(key, ffi::AES_set_decrypt_key))
    }

    /// Decrypts one block.
    pub fn decrypt(&self, block: &Block) -> Block {
        let mut decrypted = [0; BLOCK_LEN];
        // SAFETY: both buffers are one block, the schedule was set for decryption.
        unsafe { ffi::AES_decrypt(block.as_ptr(), decrypted.as_mut_ptr(), &*self.0 .0) };
        decrypted
    }
}

/// BoringSSL's function that computes the round keys of a key of so many bits.
type SetKey = unsafe extern "C" fn(*const u8, std::ffi::c_uint, *mut ffi::AES_KEY) -> i32;

impl Schedule {
    fn new(key: &[u8], set_key: SetKey) -> Self {
        let mut schedule = Box::new(ffi::AES_KEY { rd_key: [0; 60], rounds: 0 });
        let bits = 8 * key.len() as u32;
        // SAFETY: the key has `bits` bits, the schedule is exclusively owned.
        let result = unsafe { set_key(key.as_ptr(), bits, &mut *schedule) };
        assert!(result == 0, "AES takes keys of 128 and 256 bits");
        Self(schedule)
    }
}

impl Drop for Schedule {
    fn drop(&mut self) {
        // SAFETY: pointer and size are those of one exclusively owned value without pointers.
        unsafe {
            ffi::OPENSSL_cleanse(std::ptr::addr_of_mut!(*self.0).cast(), size_of::<ffi::AES_KEY>());
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::tls::testing::hex;

    fn block(text: &str) -> Block {
        hex(text).try_into().unwrap()
    }

    #[test]
    fn a_128_bit_key_encrypts_the_block_of_fips_197() {
        // FIPS 197 appendix C.1.
        let key = block("000102030405060708090a0b0c0d0e0f");
        let (plain, cipher) =
            (block("00112233445566778899aabbccddeeff"), block("69c4e0d86a7b0430d8cdb78070b4c55a"));
        assert_eq!(BlockKey::aes_128(&key).encrypt(&plain), cipher);
        assert_eq!(BlockDecryptionKey::aes_128(&key).decrypt(&cipher), plain);
    }

    #[test]
    fn a_256_bit_key_encrypts_the_block_of_fips_197() {
        // FIPS 197 appendix C.3.
        let key: Vec<u8> = (0..32).collect();
        let plain = block("00112233445566778899aabbccddeeff");
        let cipher = block("8ea2b7ca516745bfeafc49904b496089");
        assert_eq!(BlockKey::new(&key).encrypt(&plain), cipher);
    }
}
