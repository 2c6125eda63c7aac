//! RETIRE_CONNECTION_ID (RFC 9000 section 19.16).

use super::{FrameErrorKind, FrameType};
use crate::wire::{varint, Reader, Writer};

/// The sender will use a connection ID no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetireConnectionId {
    /// The number under which the receiver issued the ID.
    pub sequence: u64,
}

impl RetireConnectionId {
    /// Reads what follows the type.
    pub(super) fn decode(r: &mut Reader<'_>) -> Result<Self, FrameErrorKind> {
        Ok(Self { sequence: r.varint()? })
    }

    /// How many bytes the frame takes.
    pub const fn encoded_len(&self) -> usize {
        1 + varint::size(self.sequence)
    }

    /// Writes the frame.
    pub fn encode(&self, w: &mut Writer<'_>) {
        w.u8(FrameType::RETIRE_CONNECTION_ID.0 as u8);
        w.varint(self.sequence);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::frame::testing::assert_exact_sample;
    use crate::wire::frame::Frame;

    #[test]
    fn the_sequence_number_follows_the_type() {
        let frame = RetireConnectionId { sequence: 2 };
        assert_exact_sample(&[0x19, 2], Frame::RetireConnectionId(frame));
    }
}
