//! MAX_STREAMS (RFC 9000 section 19.11), in both its forms.

use super::{FrameErrorKind, FrameType};
use crate::wire::{varint, Direction, Reader, StreamId, Writer};

/// How many streams of a kind the receiver may open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaxStreams {
    /// The kind of stream, which is in the frame's type.
    pub direction: Direction,
    /// Streams from the beginning of the connection, at most 2^60.
    pub maximum: u64,
}

impl MaxStreams {
    /// Reads what follows the type, which told the direction.
    pub(super) fn decode(r: &mut Reader<'_>, direction: Direction) -> Result<Self, FrameErrorKind> {
        let maximum = r.varint()?;
        // RFC 9000 section 19.11: a stream above this count would have no ID.
        if maximum > StreamId::MAX_COUNT {
            return Err(FrameErrorKind::TooManyStreams);
        }
        Ok(Self { direction, maximum })
    }

    /// How many bytes the frame takes.
    pub const fn encoded_len(&self) -> usize {
        1 + varint::size(self.maximum)
    }

    /// Writes the frame.
    pub fn encode(&self, w: &mut Writer<'_>) {
        w.u8(FrameType::MAX_STREAMS.0 as u8 | self.direction as u8);
        w.varint(self.maximum);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::frame::testing::{assert_exact_sample, refusal};
    use crate::wire::frame::Frame;

    #[test]
    fn the_type_tells_the_direction() {
        let frame = MaxStreams { direction: Direction::Bidirectional, maximum: 3 };
        assert_exact_sample(&[0x12, 3], Frame::MaxStreams(frame));
        let frame = MaxStreams { direction: Direction::Unidirectional, maximum: 3 };
        assert_exact_sample(&[0x13, 3], Frame::MaxStreams(frame));
    }

    /// RFC 9000 section 19.11.
    #[test]
    fn a_count_over_two_to_the_sixtieth_is_refused() {
        for frame_type in [0x12, 0x13] {
            let mut bytes = [frame_type, 0xd0, 0, 0, 0, 0, 0, 0, 0];
            assert_eq!(refusal(&bytes), None);
            bytes[8] = 1;
            assert_eq!(refusal(&bytes), Some(FrameErrorKind::TooManyStreams));
        }
    }
}
