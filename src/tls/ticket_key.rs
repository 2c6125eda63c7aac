//! Keys of session tickets that come from configuration, so that every worker and machine of a
//! cluster can resume what another one started.

use boring_sys as ffi;

use super::error::ContextError;
use super::secret::wipe;

/// Bytes of the name that tells which key sealed a ticket.
const NAME_LEN: usize = 16;

/// A ticket key: tickets are AES-CBC with HMAC-SHA256, in the format of RFC 5077 section 4.
/// Wiped when dropped.
pub(super) struct TicketKey {
    name: [u8; NAME_LEN],
    cipher: [u8; 32],
    mac: [u8; 32],
    /// Bytes in use of each key: 16 or 32.
    len: usize,
}

impl TicketKey {
    /// Reads 48 bytes (name, 16 of AES key, 16 of MAC key) or 80 bytes (name, 32 of MAC key, 32 of
    /// AES key). That the order differs is how deployed keys are laid out.
    pub(super) fn new(bytes: &[u8]) -> Result<Self, ContextError> {
        let (len, cipher_at, mac_at) = match bytes.len() {
            48 => (16, 16, 32),
            80 => (32, 48, 16),
            other => return Err(ContextError::TicketKeyLength(other)),
        };
        let mut key = Self { name: [0; NAME_LEN], cipher: [0; 32], mac: [0; 32], len };
        key.name.copy_from_slice(&bytes[..NAME_LEN]);
        key.cipher[..len].copy_from_slice(&bytes[cipher_at..cipher_at + len]);
        key.mac[..len].copy_from_slice(&bytes[mac_at..mac_at + len]);
        Ok(key)
    }

    /// Prepares the sealing of a new ticket; returns what the ticket callback has to.
    ///
    /// # Safety
    ///
    /// The pointers are those the ticket callback was called with: 16 writable bytes of name and of
    /// IV, and two contexts.
    pub(super) unsafe fn seal(
        &self,
        name: *mut u8,
        iv: *mut u8,
        cipher: *mut ffi::EVP_CIPHER_CTX,
        mac: *mut ffi::HMAC_CTX,
    ) -> i32 {
        // SAFETY: the caller vouches for the pointers; key and IV have the cipher's lengths.
        unsafe {
            std::ptr::copy_nonoverlapping(self.name.as_ptr(), name, NAME_LEN);
            ffi::RAND_bytes(iv, 16);
            let engine = std::ptr::null_mut();
            let key = self.cipher.as_ptr();
            let ok = ffi::EVP_EncryptInit_ex(cipher, self.cbc(), engine, key, iv) == 1
                && self.init_mac(mac);
            if ok {
                1
            } else {
                -1
            }
        }
    }

    /// Prepares the opening of a ticket; 0 if another key sealed it, which leads to a full
    /// handshake.
    ///
    /// # Safety
    ///
    /// The pointers are those the ticket callback was called with: 16 readable bytes of name and of
    /// IV, and two contexts.
    pub(super) unsafe fn open(
        &self,
        name: *const u8,
        iv: *const u8,
        cipher: *mut ffi::EVP_CIPHER_CTX,
        mac: *mut ffi::HMAC_CTX,
    ) -> i32 {
        // SAFETY: the caller vouches for the pointers; key and IV have the cipher's lengths.
        unsafe {
            if std::slice::from_raw_parts(name, NAME_LEN) != self.name {
                return 0;
            }
            let engine = std::ptr::null_mut();
            let key = self.cipher.as_ptr();
            let ok = ffi::EVP_DecryptInit_ex(cipher, self.cbc(), engine, key, iv) == 1
                && self.init_mac(mac);
            i32::from(ok)
        }
    }

    fn cbc(&self) -> *const ffi::EVP_CIPHER {
        // SAFETY: these functions take nothing and return pointers to static tables.
        unsafe {
            if self.len == 16 {
                ffi::EVP_aes_128_cbc()
            } else {
                ffi::EVP_aes_256_cbc()
            }
        }
    }

    /// # Safety
    ///
    /// `mac` is a valid context.
    unsafe fn init_mac(&self, mac: *mut ffi::HMAC_CTX) -> bool {
        // SAFETY: the caller vouches for `mac`; the key has at least `len` bytes.
        unsafe {
            let (digest, engine) = (ffi::EVP_sha256(), std::ptr::null_mut());
            ffi::HMAC_Init_ex(mac, self.mac.as_ptr().cast(), self.len, digest, engine) == 1
        }
    }
}

impl Drop for TicketKey {
    fn drop(&mut self) {
        wipe(&mut self.cipher);
        wipe(&mut self.mac);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn both_layouts_are_read_as_deployed() {
        let bytes: Vec<u8> = (0..80).collect();
        let short = TicketKey::new(&bytes[..48]).unwrap();
        assert_eq!((short.name.as_slice(), short.len), (&bytes[..16], 16));
        assert_eq!((&short.cipher[..16], &short.mac[..16]), (&bytes[16..32], &bytes[32..48]));
        let long = TicketKey::new(&bytes).unwrap();
        assert_eq!((long.name.as_slice(), long.len), (&bytes[..16], 32));
        assert_eq!((&long.mac[..], &long.cipher[..]), (&bytes[16..48], &bytes[48..80]));
    }

    #[test]
    fn any_other_length_is_refused() {
        for len in [0, 16, 47, 49, 79, 81] {
            let error = TicketKey::new(&vec![0; len]).err();
            assert_eq!(error, Some(ContextError::TicketKeyLength(len)));
        }
    }
}
