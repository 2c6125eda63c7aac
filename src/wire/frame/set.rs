//! A set of frame types.

use super::FrameType;

/// Which types of frames a packet holds, by their lowest values; types from 64 on are not kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FrameSet(u64);

impl FrameSet {
    /// Adds a type.
    #[inline]
    pub fn insert(&mut self, frame_type: FrameType) {
        self.0 |= Self::bit(frame_type);
    }

    /// True if the type is in the set.
    #[inline]
    pub const fn contains(self, frame_type: FrameType) -> bool {
        self.0 & Self::bit(frame_type) != 0
    }

    /// True if data of the application is among the frames: STREAM or DATAGRAM.
    #[inline]
    pub const fn carries_data(self) -> bool {
        const DATA: u64 = FrameSet::bit(FrameType::STREAM) | FrameSet::bit(FrameType::DATAGRAM);
        self.0 & DATA != 0
    }

    #[inline]
    const fn bit(frame_type: FrameType) -> u64 {
        if frame_type.0 < 64 {
            1 << frame_type.0
        } else {
            0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_the_types_that_were_added() {
        let mut set = FrameSet::default();
        set.insert(FrameType::ACK);
        set.insert(FrameType(0x4000));
        assert!(set.contains(FrameType::ACK) && !set.contains(FrameType::PING));
        assert!(!set.carries_data());
        set.insert(FrameType::DATAGRAM);
        assert!(set.carries_data());
    }
}
