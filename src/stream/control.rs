//! Which control frames wait to be sent.

use crate::wire::Direction;

/// A set of control frames, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Control(u8);

impl Control {
    /// RESET_STREAM of a stream.
    pub(super) const RESET: Self = Self(1 << 0);
    /// STOP_SENDING of a stream.
    pub(super) const STOP: Self = Self(1 << 1);
    /// MAX_STREAM_DATA of a stream, MAX_DATA of the connection.
    pub(super) const MAX_DATA: Self = Self(1 << 2);
    /// STREAM_DATA_BLOCKED of a stream, DATA_BLOCKED of the connection.
    pub(super) const BLOCKED: Self = Self(1 << 3);

    /// MAX_STREAMS of the connection.
    pub(super) const fn max_streams(direction: Direction) -> Self {
        Self(1 << (4 + direction as u8))
    }

    /// STREAMS_BLOCKED of the connection.
    pub(super) const fn streams_blocked(direction: Direction) -> Self {
        Self(1 << (6 + direction as u8))
    }

    /// True if no frame waits.
    #[inline]
    pub(super) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// True if `frame` waits.
    #[inline]
    pub(super) const fn contains(self, frame: Self) -> bool {
        self.0 & frame.0 != 0
    }

    /// Lets `frame` wait.
    pub(super) fn add(&mut self, frame: Self) {
        self.0 |= frame.0;
    }

    /// Lets `frame` wait no more.
    pub(super) fn remove(&mut self, frame: Self) {
        self.0 &= !frame.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_frame_has_a_bit_of_its_own() {
        let (bidi, uni) = (Direction::Bidirectional, Direction::Unidirectional);
        let all = [
            Control::RESET,
            Control::STOP,
            Control::MAX_DATA,
            Control::BLOCKED,
            Control::max_streams(bidi),
            Control::max_streams(uni),
            Control::streams_blocked(bidi),
            Control::streams_blocked(uni),
        ];
        let mut set = Control::default();
        for frame in all {
            assert!(!set.contains(frame));
            set.add(frame);
        }
        all.iter().for_each(|frame| set.remove(*frame));
        assert!(set.is_empty());
    }
}
