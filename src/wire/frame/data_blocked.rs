//! DATA_BLOCKED (RFC 9000 section 19.12).

use super::{FrameErrorKind, FrameType};
use crate::wire::{varint, Reader, Writer};

/// The sender would send more on the connection if it were allowed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DataBlocked {
    /// The MAX_DATA it is held up at.
    pub limit: u64,
}

impl DataBlocked {
    /// Reads what follows the type.
    pub(super) fn decode(r: &mut Reader<'_>) -> Result<Self, FrameErrorKind> {
        Ok(Self { limit: r.varint()? })
    }

    /// How many bytes the frame takes.
    pub const fn encoded_len(&self) -> usize {
        1 + varint::size(self.limit)
    }

    /// Writes the frame.
    pub fn encode(&self, w: &mut Writer<'_>) {
        w.u8(FrameType::DATA_BLOCKED.0 as u8);
        w.varint(self.limit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::frame::testing::assert_exact_sample;
    use crate::wire::frame::Frame;

    #[test]
    fn the_limit_follows_the_type() {
        let frame = DataBlocked { limit: 77 };
        assert_exact_sample(&[0x14, 0x40, 77], Frame::DataBlocked(frame));
    }
}
