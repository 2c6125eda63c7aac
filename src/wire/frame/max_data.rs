//! MAX_DATA (RFC 9000 section 19.9).

use super::{FrameErrorKind, FrameType};
use crate::wire::{varint, Reader, Writer};

/// How much may be sent on all streams together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaxData {
    /// Bytes from the beginning of the connection.
    pub maximum: u64,
}

impl MaxData {
    /// Reads what follows the type.
    pub(super) fn decode(r: &mut Reader<'_>) -> Result<Self, FrameErrorKind> {
        Ok(Self { maximum: r.varint()? })
    }

    /// How many bytes the frame takes.
    pub const fn encoded_len(&self) -> usize {
        1 + varint::size(self.maximum)
    }

    /// Writes the frame.
    pub fn encode(&self, w: &mut Writer<'_>) {
        w.u8(FrameType::MAX_DATA.0 as u8);
        w.varint(self.maximum);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::frame::testing::assert_exact_sample;
    use crate::wire::frame::Frame;

    #[test]
    fn the_limit_follows_the_type() {
        let frame = MaxData { maximum: varint::MAX };
        assert_exact_sample(
            &[0x10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            Frame::MaxData(frame),
        );
    }
}
