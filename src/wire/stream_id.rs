//! Stream IDs: who opened the stream, which way it flows, the how-manieth it is
//! (RFC 9000 section 2.1).

use super::Role;

/// Which way a stream carries data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Both ends send.
    Bidirectional,
    /// Only the end that opened it sends.
    Unidirectional,
}

/// The ID of a stream, at most 2^62 - 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId(pub u64);

impl StreamId {
    /// The most streams of one kind that can ever be opened (RFC 9000 section 4.6).
    pub const MAX_COUNT: u64 = 1 << 60;

    /// The ID of stream number `index`, less than [`Self::MAX_COUNT`], among those of its kind.
    #[inline]
    pub const fn new(initiator: Role, direction: Direction, index: u64) -> Self {
        Self(index << 2 | (direction as u64) << 1 | initiator as u64)
    }

    /// The end that opened the stream.
    #[inline]
    pub const fn initiator(self) -> Role {
        if self.0 & 0b01 == 0 {
            Role::Client
        } else {
            Role::Server
        }
    }

    /// Which way the stream carries data.
    #[inline]
    pub const fn direction(self) -> Direction {
        if self.0 & 0b10 == 0 {
            Direction::Bidirectional
        } else {
            Direction::Unidirectional
        }
    }

    /// How many streams of the same kind have lower IDs.
    #[inline]
    pub const fn index(self) -> u64 {
        self.0 >> 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Direction::{Bidirectional, Unidirectional};

    /// RFC 9000 table 1.
    #[test]
    fn the_two_low_bits_tell_the_kind() {
        let kinds = [
            (0, Role::Client, Bidirectional),
            (1, Role::Server, Bidirectional),
            (2, Role::Client, Unidirectional),
            (3, Role::Server, Unidirectional),
        ];
        for (low, initiator, direction) in kinds {
            let id = StreamId::new(initiator, direction, 5);
            assert_eq!(id, StreamId(5 * 4 + low));
            assert_eq!((id.initiator(), id.direction(), id.index()), (initiator, direction, 5));
        }
    }

    #[test]
    fn the_last_stream_has_the_largest_varint_as_its_id() {
        let last = StreamId::new(Role::Server, Unidirectional, StreamId::MAX_COUNT - 1);
        assert_eq!(last.0, crate::wire::varint::MAX);
    }
}
