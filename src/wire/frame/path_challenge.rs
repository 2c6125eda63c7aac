//! PATH_CHALLENGE (RFC 9000 section 19.17).

use super::{FrameErrorKind, FrameType};
use crate::wire::{Reader, Writer};

/// Eight unpredictable bytes that whoever lives at the other end of a path is to send back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PathChallenge(pub [u8; 8]);

impl PathChallenge {
    /// How many bytes the frame takes.
    pub const ENCODED_LEN: usize = 9;

    /// Reads what follows the type.
    pub(super) fn decode(r: &mut Reader<'_>) -> Result<Self, FrameErrorKind> {
        Ok(Self(*r.array()?))
    }

    /// How many bytes the frame takes.
    pub const fn encoded_len(&self) -> usize {
        Self::ENCODED_LEN
    }

    /// Writes the frame.
    pub fn encode(&self, w: &mut Writer<'_>) {
        w.u8(FrameType::PATH_CHALLENGE.0 as u8);
        w.array(self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::frame::testing::assert_exact_sample;
    use crate::wire::frame::Frame;

    #[test]
    fn eight_bytes_follow_the_type() {
        let frame = PathChallenge([1, 2, 3, 4, 5, 6, 7, 8]);
        assert_exact_sample(&[0x1a, 1, 2, 3, 4, 5, 6, 7, 8], Frame::PathChallenge(frame));
    }
}
