//! RESET_STREAM (RFC 9000 section 19.4).

use super::{FrameErrorKind, FrameType};
use crate::wire::{varint, Reader, StreamId, Writer};

/// The sender gives its side of a stream up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResetStream {
    /// The stream.
    pub id: StreamId,
    /// Why, in the application's words.
    pub error_code: u64,
    /// How many bytes of the stream were sent before.
    pub final_size: u64,
}

impl ResetStream {
    /// Reads what follows the type.
    pub(super) fn decode(r: &mut Reader<'_>) -> Result<Self, FrameErrorKind> {
        Ok(Self { id: StreamId(r.varint()?), error_code: r.varint()?, final_size: r.varint()? })
    }

    /// How many bytes the frame takes.
    pub const fn encoded_len(&self) -> usize {
        1 + varint::size(self.id.0) + varint::size(self.error_code) + varint::size(self.final_size)
    }

    /// Writes the frame.
    pub fn encode(&self, w: &mut Writer<'_>) {
        w.u8(FrameType::RESET_STREAM.0 as u8);
        w.varint(self.id.0);
        w.varint(self.error_code);
        w.varint(self.final_size);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::frame::testing::assert_exact_sample;
    use crate::wire::frame::Frame;

    #[test]
    fn the_final_size_comes_last() {
        let frame = ResetStream { id: StreamId(5), error_code: 0x100, final_size: 9 };
        assert_exact_sample(&[0x04, 5, 0x41, 0x00, 9], Frame::ResetStream(frame));
    }
}
