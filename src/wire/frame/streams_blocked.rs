//! STREAMS_BLOCKED (RFC 9000 section 19.14), in both its forms.

use super::{FrameErrorKind, FrameType};
use crate::wire::{varint, Direction, Reader, StreamId, Writer};

/// The sender would open more streams of a kind if it were allowed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamsBlocked {
    /// The kind of stream, which is in the frame's type.
    pub direction: Direction,
    /// The MAX_STREAMS it is held up at, at most 2^60.
    pub limit: u64,
}

impl StreamsBlocked {
    /// Reads what follows the type, which told the direction.
    pub(super) fn decode(r: &mut Reader<'_>, direction: Direction) -> Result<Self, FrameErrorKind> {
        let limit = r.varint()?;
        // RFC 9000 section 19.14: a stream above this count would have no ID.
        if limit > StreamId::MAX_COUNT {
            return Err(FrameErrorKind::TooManyStreams);
        }
        Ok(Self { direction, limit })
    }

    /// How many bytes the frame takes.
    pub const fn encoded_len(&self) -> usize {
        1 + varint::size(self.limit)
    }

    /// Writes the frame.
    pub fn encode(&self, w: &mut Writer<'_>) {
        w.u8(FrameType::STREAMS_BLOCKED.0 as u8 | self.direction as u8);
        w.varint(self.limit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::frame::testing::{assert_exact_sample, refusal};
    use crate::wire::frame::Frame;

    #[test]
    fn the_type_tells_the_direction() {
        let frame = StreamsBlocked { direction: Direction::Bidirectional, limit: 3 };
        assert_exact_sample(&[0x16, 3], Frame::StreamsBlocked(frame));
        let frame = StreamsBlocked { direction: Direction::Unidirectional, limit: 3 };
        assert_exact_sample(&[0x17, 3], Frame::StreamsBlocked(frame));
    }

    /// RFC 9000 section 19.14.
    #[test]
    fn a_count_over_two_to_the_sixtieth_is_refused() {
        for frame_type in [0x16, 0x17] {
            let mut bytes = [frame_type, 0xd0, 0, 0, 0, 0, 0, 0, 0];
            assert_eq!(refusal(&bytes), None);
            bytes[8] = 1;
            assert_eq!(refusal(&bytes), Some(FrameErrorKind::TooManyStreams));
        }
    }
}
