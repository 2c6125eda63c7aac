//! STREAM_DATA_BLOCKED (RFC 9000 section 19.13).

use super::{FrameErrorKind, FrameType};
use crate::wire::{varint, Reader, StreamId, Writer};

/// The sender would send more on a stream if it were allowed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamDataBlocked {
    /// The stream.
    pub id: StreamId,
    /// The MAX_STREAM_DATA it is held up at.
    pub limit: u64,
}

impl StreamDataBlocked {
    /// Reads what follows the type.
    pub(super) fn decode(r: &mut Reader<'_>) -> Result<Self, FrameErrorKind> {
        Ok(Self { id: StreamId(r.varint()?), limit: r.varint()? })
    }

    /// How many bytes the frame takes.
    pub const fn encoded_len(&self) -> usize {
        1 + varint::size(self.id.0) + varint::size(self.limit)
    }

    /// Writes the frame.
    pub fn encode(&self, w: &mut Writer<'_>) {
        w.u8(FrameType::STREAM_DATA_BLOCKED.0 as u8);
        w.varint(self.id.0);
        w.varint(self.limit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::frame::testing::assert_exact_sample;
    use crate::wire::frame::Frame;

    #[test]
    fn the_limit_follows_the_stream() {
        let frame = StreamDataBlocked { id: StreamId(3), limit: 5 };
        assert_exact_sample(&[0x15, 3, 5], Frame::StreamDataBlocked(frame));
    }
}
