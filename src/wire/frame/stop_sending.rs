//! STOP_SENDING (RFC 9000 section 19.5).

use super::{FrameErrorKind, FrameType};
use crate::wire::{varint, Reader, StreamId, Writer};

/// The receiver wants no more of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StopSending {
    /// The stream.
    pub id: StreamId,
    /// Why, in the application's words.
    pub error_code: u64,
}

impl StopSending {
    /// Reads what follows the type.
    pub(super) fn decode(r: &mut Reader<'_>) -> Result<Self, FrameErrorKind> {
        Ok(Self { id: StreamId(r.varint()?), error_code: r.varint()? })
    }

    /// How many bytes the frame takes.
    pub const fn encoded_len(&self) -> usize {
        1 + varint::size(self.id.0) + varint::size(self.error_code)
    }

    /// Writes the frame.
    pub fn encode(&self, w: &mut Writer<'_>) {
        w.u8(FrameType::STOP_SENDING.0 as u8);
        w.varint(self.id.0);
        w.varint(self.error_code);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::frame::testing::assert_exact_sample;
    use crate::wire::frame::Frame;

    #[test]
    fn the_code_follows_the_stream() {
        let frame = StopSending { id: StreamId(5), error_code: 0x100 };
        assert_exact_sample(&[0x05, 5, 0x41, 0x00], Frame::StopSending(frame));
    }
}
