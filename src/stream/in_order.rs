//! Ready streams that are sent one after the other (RFC 9218 section 10).

use std::collections::VecDeque;

/// Room for streams that an empty queue may keep.
const ROOM_KEPT: usize = 64;

/// A stream and its place. Entries compare by urgency, then by ID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    urgency: u8,
    id: u64,
    slot: u32,
}

/// Streams in the order of their urgencies and IDs.
///
/// Streams mostly come and go at either end, in constant time. A peer chooses freely which request is
/// how urgent, again and again: what it moves in the middle is found by bisection.
#[derive(Debug, Default)]
pub(super) struct InOrder(VecDeque<Entry>);

impl InOrder {
    /// No stream.
    pub(super) const fn new() -> Self {
        Self(VecDeque::new())
    }

    /// The first stream with this urgency.
    #[inline]
    pub(super) fn first(&self, urgency: u8) -> Option<u32> {
        let front = self.0.front()?;
        match front.urgency == urgency {
            true => Some(front.slot),
            false => self.search(urgency),
        }
    }

    #[cold]
    fn search(&self, urgency: u8) -> Option<u32> {
        let place = self.0.partition_point(|entry| entry.urgency < urgency);
        self.0.get(place).filter(|entry| entry.urgency == urgency).map(|entry| entry.slot)
    }

    /// Adds a stream that is not among them.
    #[inline]
    pub(super) fn insert(&mut self, urgency: u8, id: u64, slot: u32) {
        let entry = Entry { urgency, id, slot };
        match self.0.back() {
            Some(last) if *last > entry => self.insert_before_others(entry),
            _ => self.0.push_back(entry),
        }
    }

    #[cold]
    fn insert_before_others(&mut self, entry: Entry) {
        let place = self.0.partition_point(|other| *other < entry);
        self.0.insert(place, entry);
    }

    /// Takes out a stream that was added like that. True if none of this urgency is left.
    #[inline]
    pub(super) fn remove(&mut self, urgency: u8, id: u64, slot: u32) -> bool {
        let entry = Entry { urgency, id, slot };
        if self.0.front() == Some(&entry) {
            self.0.pop_front();
        } else if let Ok(place) = self.0.binary_search(&entry) {
            self.0.remove(place);
        }
        if self.0.is_empty() && self.0.capacity() > ROOM_KEPT {
            self.0 = VecDeque::new();
        }
        self.first(urgency).is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_stand_by_urgency_and_id_however_they_come() {
        let mut streams = InOrder::new();
        for slot in [7, 2, 9, 0, 5, 4, 8, 1, 3, 6] {
            streams.insert((slot % 2) as u8 + 3, u64::from(slot) * 4, slot);
        }
        assert_eq!((streams.first(3), streams.first(4)), (Some(0), Some(1)));
        assert_eq!((streams.first(2), streams.first(5)), (None, None));
        assert!(!streams.remove(3, 16, 4) && !streams.remove(4, 4, 1));
        let order: Vec<_> = streams.0.iter().map(|entry| entry.slot).collect();
        assert_eq!(order, [0, 2, 6, 8, 3, 5, 7, 9]);
        let gone = [6, 0, 8, 2].map(|slot| streams.remove(3, u64::from(slot) * 4, slot));
        assert_eq!(gone, [false, false, false, true]);
        assert_eq!((streams.first(3), streams.first(4)), (None, Some(3)));
    }

    #[test]
    fn an_emptied_queue_gives_its_memory_back() {
        let mut streams = InOrder::new();
        (0..1000).for_each(|slot| streams.insert(3, slot.into(), slot));
        (0..1000).for_each(|slot| assert_eq!(streams.remove(3, slot.into(), slot), slot == 999));
        assert_eq!(streams.0.capacity(), 0);
    }
}
