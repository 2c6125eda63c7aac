//! MAX_STREAM_DATA (RFC 9000 section 19.10).

use super::{FrameErrorKind, FrameType};
use crate::wire::{varint, Reader, StreamId, Writer};

/// How much may be sent on one stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaxStreamData {
    /// The stream.
    pub id: StreamId,
    /// Bytes from the beginning of the stream.
    pub maximum: u64,
}

impl MaxStreamData {
    /// Reads what follows the type.
    pub(super) fn decode(r: &mut Reader<'_>) -> Result<Self, FrameErrorKind> {
        Ok(Self { id: StreamId(r.varint()?), maximum: r.varint()? })
    }

    /// How many bytes the frame takes.
    pub const fn encoded_len(&self) -> usize {
        1 + varint::size(self.id.0) + varint::size(self.maximum)
    }

    /// Writes the frame.
    pub fn encode(&self, w: &mut Writer<'_>) {
        w.u8(FrameType::MAX_STREAM_DATA.0 as u8);
        w.varint(self.id.0);
        w.varint(self.maximum);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::frame::testing::assert_exact_sample;
    use crate::wire::frame::Frame;

    #[test]
    fn the_limit_follows_the_stream() {
        let frame = MaxStreamData { id: StreamId(3), maximum: 1 << 14 };
        assert_exact_sample(&[0x11, 3, 0x80, 0, 0x40, 0], Frame::MaxStreamData(frame));
    }
}
