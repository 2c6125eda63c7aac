//! PADDING (RFC 9000 section 19.1).

use crate::wire::{Reader, Writer};

/// A run of PADDING frames, each of them one zero byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Padding {
    /// How many frames.
    pub len: usize,
}

impl Padding {
    /// Reads as many frames as follow the one whose type was read.
    pub(super) fn decode(r: &mut Reader<'_>) -> Self {
        let len = zero_run(r.peek());
        let _ = r.bytes(len);
        Self { len: len + 1 }
    }

    /// How many bytes the run takes.
    #[inline]
    pub const fn encoded_len(&self) -> usize {
        self.len
    }

    /// Writes the run.
    #[inline]
    pub fn encode(&self, w: &mut Writer<'_>) {
        w.zeros(self.len);
    }
}

/// How many zero bytes `bytes` starts with, counted in words: Initials and path probes are mostly
/// padding.
fn zero_run(bytes: &[u8]) -> usize {
    let words = bytes.chunks_exact(8).take_while(|word| **word == [0; 8]).count() * 8;
    words + bytes.iter().skip(words).take_while(|byte| **byte == 0).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::frame::testing::assert_sample;
    use crate::wire::frame::Frame;

    #[test]
    fn a_run_is_one_frame() {
        for len in 1..40 {
            assert_sample(&vec![0; len], Frame::Padding(Padding { len }));
        }
    }

    #[test]
    fn the_run_ends_at_the_next_frame() {
        for len in 1..40 {
            let mut bytes = vec![0; len];
            bytes.extend([0x01, 0x00]);
            let mut r = Reader::new(&bytes);
            assert_eq!(Frame::decode(&mut r), Ok(Frame::Padding(Padding { len })));
            assert_eq!(Frame::decode(&mut r), Ok(Frame::Ping));
        }
    }
}
