//! PATH_RESPONSE (RFC 9000 section 19.18).

use super::{FrameErrorKind, FrameType};
use crate::wire::{Reader, Writer};

/// The bytes of a PATH_CHALLENGE, sent back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PathResponse(pub [u8; 8]);

impl PathResponse {
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
        w.u8(FrameType::PATH_RESPONSE.0 as u8);
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
        let frame = PathResponse([1, 2, 3, 4, 5, 6, 7, 8]);
        assert_exact_sample(&[0x1b, 1, 2, 3, 4, 5, 6, 7, 8], Frame::PathResponse(frame));
    }
}
