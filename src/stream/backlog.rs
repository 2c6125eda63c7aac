//! What the send buffers hold, by urgency.

use super::ready::{Priority, URGENCIES};

/// Bytes that are written and not yet acknowledged, and how many streams have such.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    total: u64,
    bytes: [u64; URGENCIES],
    streams: [u32; URGENCIES],
}

impl Backlog {
    /// The bytes of all streams.
    #[inline]
    pub(super) const fn total(&self) -> u64 {
        self.total
    }

    /// The bytes of streams that are as urgent as `priority` or more.
    pub(super) fn up_to(&self, priority: Priority) -> u64 {
        self.bytes[..=priority.urgency()].iter().sum()
    }

    /// How many streams just as urgent as `priority` have bytes.
    pub(super) fn streams(&self, priority: Priority) -> u64 {
        self.streams[priority.urgency()].into()
    }

    /// A stream that had `before` bytes has `count` more.
    #[inline]
    pub(super) fn add(&mut self, priority: Priority, before: u64, count: u64) {
        self.total += count;
        self.bytes[priority.urgency()] += count;
        self.streams[priority.urgency()] += u32::from(before == 0 && count > 0);
    }

    /// A stream that has `left` bytes now had `count` more.
    #[inline]
    pub(super) fn remove(&mut self, priority: Priority, left: u64, count: u64) {
        self.total -= count;
        self.bytes[priority.urgency()] -= count;
        self.streams[priority.urgency()] -= u32::from(left == 0 && count > 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_and_streams_are_counted_by_urgency() {
        let (urgent, usual) = (Priority::new(1, false), Priority::new(3, true));
        let mut backlog = Backlog::default();
        backlog.add(urgent, 0, 100);
        backlog.add(usual, 0, 30);
        backlog.add(usual, 30, 10);
        backlog.add(usual, 0, 5);
        backlog.add(usual, 0, 0);
        assert_eq!((backlog.up_to(urgent), backlog.streams(urgent)), (100, 1));
        assert_eq!((backlog.up_to(usual), backlog.streams(usual)), (145, 2));
        backlog.remove(usual, 0, 5);
        backlog.remove(usual, 20, 20);
        backlog.remove(usual, 0, 0);
        assert_eq!((backlog.total(), backlog.streams(usual)), (120, 1));
    }
}
