//! The two sources of randomness: the operating system's, and a seed for runs that repeat.

use boring_sys as ffi;

use super::secret::wipe;
use crate::random::Random;

/// How many bytes are fetched at a time; most requests are for a few.
const BATCH: usize = 256;

/// Unpredictable bytes for real use. To be made after a fork: parent and child would otherwise
/// share what is fetched ahead.
pub struct OsRandom {
    batch: [u8; BATCH],
    used: usize,
}

impl OsRandom {
    /// A source with nothing fetched yet.
    pub const fn new() -> Self {
        Self { batch: [0; BATCH], used: BATCH }
    }
}

impl Default for OsRandom {
    fn default() -> Self {
        Self::new()
    }
}

impl Random for OsRandom {
    fn fill(&mut self, out: &mut [u8]) {
        if out.len() > BATCH {
            return fetch(out);
        }
        if out.len() > BATCH - self.used {
            fetch(&mut self.batch);
            self.used = 0;
        }
        let taken = &mut self.batch[self.used..self.used + out.len()];
        out.copy_from_slice(taken);
        // What was handed out may become a key or a token; no copy stays behind.
        wipe(taken);
        self.used += out.len();
    }
}

impl Drop for OsRandom {
    fn drop(&mut self) {
        wipe(&mut self.batch);
    }
}

fn fetch(out: &mut [u8]) {
    // SAFETY: pointer and length belong to one exclusively borrowed slice. The function aborts
    // rather than fail.
    unsafe { ffi::RAND_bytes(out.as_mut_ptr(), out.len()) };
}

/// The key stream of a seed: the same bytes for the same seed on every machine. For tests and
/// simulation, where the seed is known, never for real connections.
pub struct SeededRandom {
    seed: [u8; 32],
    block: [u8; 64],
    used: usize,
    next_block: u64,
}

impl SeededRandom {
    /// The stream of `seed`.
    pub const fn new(seed: [u8; 32]) -> Self {
        Self { seed, block: [0; 64], used: 64, next_block: 0 }
    }

    fn refill(&mut self) {
        let zeros = [0; 64];
        let mut nonce = [0; 12];
        nonce[..4].copy_from_slice(&((self.next_block >> 32) as u32).to_le_bytes());
        // SAFETY: in and out are 64 bytes, the key 32 and the nonce 12, as the function expects.
        unsafe {
            ffi::CRYPTO_chacha_20(
                self.block.as_mut_ptr(),
                zeros.as_ptr(),
                zeros.len(),
                self.seed.as_ptr(),
                nonce.as_ptr(),
                self.next_block as u32,
            );
        }
        self.next_block += 1;
        self.used = 0;
    }
}

impl Random for SeededRandom {
    fn fill(&mut self, mut out: &mut [u8]) {
        while !out.is_empty() {
            if self.used == self.block.len() {
                self.refill();
            }
            let len = out.len().min(self.block.len() - self.used);
            let (head, rest) = out.split_at_mut(len);
            head.copy_from_slice(&self.block[self.used..self.used + len]);
            self.used += len;
            out = rest;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::testing::hex;

    /// RFC 8439 appendix A.1, test vectors 1 and 2: key and nonce zero, counters 0 and 1.
    #[test]
    fn a_seed_of_zeros_gives_the_key_stream_of_rfc_8439() {
        let mut random = SeededRandom::new([0; 32]);
        let mut bytes = [0; 128];
        random.fill(&mut bytes[..3]);
        random.fill(&mut bytes[3..]);
        assert_eq!(bytes[..16], hex("76b8e0ada0f13d90405d6ae55386bd28"));
        assert_eq!(bytes[64..80], hex("9f07e7be5551387a98ba977c732d080d"));
    }

    #[test]
    fn the_same_seed_repeats_and_another_does_not() {
        let (mut a, mut b) = (SeededRandom::new([1; 32]), SeededRandom::new([1; 32]));
        let mut c = SeededRandom::new([2; 32]);
        let first = a.next_u64();
        assert_eq!(first, b.next_u64());
        assert_ne!(first, c.next_u64());
        assert_ne!(first, a.next_u64());
    }

    #[test]
    fn requests_across_batches_are_filled_and_leave_nothing_behind() {
        let mut random = OsRandom::new();
        let mut seen = std::collections::HashSet::new();
        for _ in 0..100 {
            assert!(seen.insert(random.next_u64()));
        }
        assert!(random.batch[..random.used].iter().all(|&byte| byte == 0));
        let mut long = [0; 4 * BATCH];
        random.fill(&mut long);
        assert!(long.chunks(16).all(|chunk| chunk != [0; 16]));
    }
}
