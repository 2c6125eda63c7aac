//! Connection IDs that a load balancer can read and nobody else (QUIC-LB,
//! draft-ietf-quic-load-balancers).
//!
//! A server ID and a nonce are encrypted with a key that servers and load balancer share: as one AES
//! block if they make up exactly one, otherwise by a Feistel network of four passes. How a pass
//! feeds one half to AES changed between drafts.

use crate::tls::aes::{Block, BlockDecryptionKey, BlockKey, BLOCK_LEN};

/// The longest text: the connection ID without its first octet.
pub const MAX_TEXT: usize = 19;

/// Bytes of the longest half.
const MAX_HALF: usize = MAX_TEXT.div_ceil(2);

/// Passes of the network.
const PASSES: u8 = 4;

/// Which draft's four-pass network. All drafts agree on the single pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Draft {
    /// draft-ietf-quic-load-balancers-13: halves stand at their own end of the block.
    Thirteen,
    /// draft-ietf-quic-load-balancers-21: halves stand in front, the length goes into the block.
    TwentyOne,
}

/// The key that servers and load balancers share.
pub type Key = [u8; 16];

/// Encrypts server ID and nonce in place.
///
/// `text` is the connection ID without its first octet. Returns false, and does nothing, if it is
/// longer than [`MAX_TEXT`].
#[must_use]
pub fn encrypt(draft: Draft, key: &Key, text: &mut [u8]) -> bool {
    let aes = BlockKey::aes_128(key);
    if let Ok(block) = Block::try_from(&*text) {
        text.copy_from_slice(&aes.encrypt(&block));
        return true;
    }
    run(draft, &aes, text, 1..=PASSES)
}

/// Decrypts server ID and nonce in place: the inverse of [`encrypt`].
#[must_use]
pub fn decrypt(draft: Draft, key: &Key, text: &mut [u8]) -> bool {
    if let Ok(block) = Block::try_from(&*text) {
        text.copy_from_slice(&BlockDecryptionKey::aes_128(key).decrypt(&block));
        return true;
    }
    run(draft, &BlockKey::aes_128(key), text, (1..=PASSES).rev())
}

/// Runs the passes in the given order.
fn run(draft: Draft, aes: &BlockKey, text: &mut [u8], passes: impl Iterator<Item = u8>) -> bool {
    let Some(mut halves) = Halves::split(text) else { return false };
    for pass in passes {
        halves.pass(draft, aes, pass);
    }
    halves.join(text);
    true
}

/// A text in two equal halves. If it has an odd number of bytes, they share the middle one: the
/// left half ends, and the right half begins, with four bits of zero.
struct Halves {
    text_len: usize,
    /// Bytes of a half.
    len: usize,
    left: [u8; MAX_HALF],
    right: [u8; MAX_HALF],
}

impl Halves {
    fn split(text: &[u8]) -> Option<Self> {
        if text.len() > MAX_TEXT {
            return None;
        }
        let len = text.len().div_ceil(2);
        let mut halves =
            Self { text_len: text.len(), len, left: [0; MAX_HALF], right: [0; MAX_HALF] };
        halves.left[..len].copy_from_slice(&text[..len]);
        halves.right[..len].copy_from_slice(&text[text.len() - len..]);
        halves.clear_shared_bits();
        Some(halves)
    }

    fn join(&self, text: &mut [u8]) {
        let Self { len, text_len, .. } = *self;
        text[text_len - len..].copy_from_slice(&self.right[..len]);
        let shared = if self.is_odd() { text[len - 1] } else { 0 };
        text[..len].copy_from_slice(&self.left[..len]);
        if self.is_odd() {
            text[len - 1] |= shared;
        }
    }

    fn is_odd(&self) -> bool {
        self.text_len % 2 == 1
    }

    fn clear_shared_bits(&mut self) {
        if self.is_odd() {
            self.left[self.len - 1] &= 0xf0;
            self.right[0] &= 0x0f;
        }
    }

    /// One pass: odd ones change the right half by the left, even ones the left by the right.
    fn pass(&mut self, draft: Draft, aes: &BlockKey, pass: u8) {
        let len = self.len;
        let from_left = pass % 2 == 1;
        let half = if from_left { &self.left[..len] } else { &self.right[..len] };
        let mut block = [0; BLOCK_LEN];
        // Where the result is taken from.
        let start = match draft {
            Draft::Thirteen if from_left => {
                block[..len].copy_from_slice(half);
                block[BLOCK_LEN - 1] = pass;
                BLOCK_LEN - len
            }
            Draft::Thirteen => {
                block[0] = pass;
                block[BLOCK_LEN - len..].copy_from_slice(half);
                0
            }
            Draft::TwentyOne => {
                block[..len].copy_from_slice(half);
                block[BLOCK_LEN - 2] = self.text_len as u8;
                block[BLOCK_LEN - 1] = pass;
                0
            }
        };
        let encrypted = aes.encrypt(&block);
        let other = if from_left { &mut self.right } else { &mut self.left };
        for (byte, mask) in other[..len].iter_mut().zip(&encrypted[start..]) {
            *byte ^= mask;
        }
        self.clear_shared_bits();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::tls::testing::hex;

    /// The key of the drafts' test vectors.
    const KEY: &str = "8f95f09245765f80256934e50c66207f";
    /// Server ID and nonce of the vectors: both drafts use the same.
    const TEXTS: [&str; 4] = [
        "ed793aee080dbf",
        "ed793a51d49b8f5fab65ee080dbf48",
        "ed793a51d49b8f5fee080dbf48c0d1e5",
        "ed793a51d49b8f5fabee080dbf48c0d1e55d",
    ];

    fn check(draft: Draft, key: &str, plain: &str, cipher: &str) {
        let key: Key = hex(key).try_into().unwrap();
        let mut text = hex(plain);
        assert!(encrypt(draft, &key, &mut text));
        assert_eq!(text, hex(cipher), "{plain}");
        assert!(decrypt(draft, &key, &mut text));
        assert_eq!(text, hex(plain));
    }

    #[test]
    fn the_test_vectors_of_draft_13_hold() {
        let ciphers = [
            "fbfe05f731b425",
            "010956fb5c1d4d86e010183e0b7d1e",
            "4dd2d05a7b0de9b2b9907afb5ecf8cc3",
            "7a285a09f85280f4fd6abb434a7159e4d3eb",
        ];
        for (plain, cipher) in TEXTS.iter().zip(ciphers) {
            check(Draft::Thirteen, KEY, plain, cipher);
        }
        // The example of section 4.3.2.
        let key = "fdf726a9893ec05c0632d3956680baf0";
        check(Draft::Thirteen, key, "31441a9c69c275", "e23cb42bba1ee0");
    }

    #[test]
    fn the_test_vectors_of_draft_21_hold() {
        let ciphers = [
            "20b1d07b359d3c",
            "cc381bc74cb4fbad2823a3d1f8fed2",
            "4dd2d05a7b0de9b2b9907afb5ecf8cc3",
            "5779c9cc86beb3a3a4a3ca96fce4bfe0cdbc",
        ];
        for (plain, cipher) in TEXTS.iter().zip(ciphers) {
            check(Draft::TwentyOne, KEY, plain, cipher);
        }
        // The example of section 5.4.2.
        let key = "fdf726a9893ec05c0632d3956680baf0";
        check(Draft::TwentyOne, key, "31441a9c69c275", "67947d29be054a");
    }

    #[test]
    fn every_length_comes_back_and_none_is_left_in_the_clear() {
        let key = [7; 16];
        for draft in [Draft::Thirteen, Draft::TwentyOne] {
            for len in 5..=MAX_TEXT {
                let plain: Vec<u8> = (0..len as u8).collect();
                let mut text = plain.clone();
                assert!(encrypt(draft, &key, &mut text));
                assert_ne!(text[..len / 2], plain[..len / 2], "{draft:?} {len}");
                assert_ne!(text[len / 2 + 1..], plain[len / 2 + 1..], "{draft:?} {len}");
                assert!(decrypt(draft, &key, &mut text));
                assert_eq!(text, plain, "{draft:?} {len}");
            }
        }
    }

    #[test]
    fn a_text_that_no_connection_id_holds_is_refused() {
        let mut text = [1; MAX_TEXT + 1];
        assert!(!encrypt(Draft::Thirteen, &[0; 16], &mut text));
        assert!(!decrypt(Draft::TwentyOne, &[0; 16], &mut text));
        assert_eq!(text, [1; MAX_TEXT + 1]);
    }

    #[test]
    fn an_empty_text_stays_empty() {
        assert!(encrypt(Draft::Thirteen, &[0; 16], &mut []));
        assert!(decrypt(Draft::TwentyOne, &[0; 16], &mut []));
    }
}
