//! Which stream sends next (RFC 9218 section 10).

use super::list::{Kind, List};
use super::slots::Slots;

/// How urgent a stream is and how it shares with its equals (RFC 9218 section 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Priority(u8);

/// How many priorities there are.
const PRIORITIES: usize = 16;

impl Priority {
    /// The lowest urgency.
    const LEAST_URGENT: u8 = 7;

    /// `urgency` from 0, the first, to 7; `incremental` streams take turns.
    pub(super) const fn new(urgency: u8, incremental: bool) -> Self {
        let urgency = if urgency > Self::LEAST_URGENT { Self::LEAST_URGENT } else { urgency };
        Self(urgency << 1 | incremental as u8)
    }

    /// True if streams of this priority take turns.
    #[inline]
    const fn is_incremental(self) -> bool {
        self.0 & 1 != 0
    }
}

impl Default for Priority {
    /// Urgency 3, taking turns: fair among streams of which nothing is known.
    fn default() -> Self {
        Self::new(3, true)
    }
}

/// Where a stream stands in [`ReadyStreams`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Nothing to send.
    Idle,
    /// Can send.
    Ready,
    /// Could send if the connection had credit.
    AwaitsCredit,
}

/// The streams with something to send: one list per priority and a bit for each that is not
/// empty, so that the next stream is found in constant time.
#[derive(Debug)]
pub(super) struct ReadyStreams {
    lists: [List; PRIORITIES],
    occupied: u16,
    without_credit: List,
}

impl ReadyStreams {
    /// No stream.
    pub(super) const fn new() -> Self {
        let list = List::new(Kind::Send);
        Self { lists: [list; PRIORITIES], occupied: 0, without_credit: list }
    }

    /// True if no stream can send.
    #[inline]
    pub(super) const fn is_empty(&self) -> bool {
        self.occupied == 0
    }

    /// The stream that sends next: by urgency, streams that do not take turns first.
    #[inline]
    pub(super) fn first(&self) -> Option<u32> {
        self.lists.get(self.occupied.trailing_zeros() as usize)?.first()
    }

    /// Puts `slot` where a stream that can send belongs.
    pub(super) fn add(&mut self, slots: &mut Slots, slot: u32) {
        if slots[slot].place == Place::Ready {
            return;
        }
        self.remove(slots, slot);
        let priority = slots[slot].priority;
        slots[slot].place = Place::Ready;
        self.occupied |= 1 << priority.0;
        let list = &mut self.lists[usize::from(priority.0)];
        if priority.is_incremental() {
            list.push_back(slots, slot);
        } else {
            list.insert_by_id(slots, slot);
        }
    }

    /// Takes `slot` out, wherever it is.
    pub(super) fn remove(&mut self, slots: &mut Slots, slot: u32) {
        let stream = &mut slots[slot];
        let priority = stream.priority.0;
        match std::mem::replace(&mut stream.place, Place::Idle) {
            Place::Idle => {}
            Place::AwaitsCredit => self.without_credit.remove(slots, slot),
            Place::Ready => {
                let list = &mut self.lists[usize::from(priority)];
                list.remove(slots, slot);
                if list.is_empty() {
                    self.occupied &= !(1 << priority);
                }
            }
        }
    }

    /// Notes that `slot`, which was first, has had its turn and wants more.
    #[inline]
    pub(super) fn took_turn(&mut self, slots: &mut Slots, slot: u32) {
        let priority = slots[slot].priority;
        if priority.is_incremental() {
            self.lists[usize::from(priority.0)].rotate(slots);
        }
    }

    /// Puts `slot` aside until the connection has credit.
    pub(super) fn set_aside(&mut self, slots: &mut Slots, slot: u32) {
        self.remove(slots, slot);
        slots[slot].place = Place::AwaitsCredit;
        self.without_credit.push_back(slots, slot);
    }

    /// The connection has credit: all streams set aside can send.
    pub(super) fn on_credit(&mut self, slots: &mut Slots) {
        while let Some(slot) = self.without_credit.first() {
            self.add(slots, slot);
        }
    }

    /// Changes the priority of `slot`.
    pub(super) fn set_priority(&mut self, slots: &mut Slots, slot: u32, priority: Priority) {
        let ready = slots[slot].place == Place::Ready;
        if ready {
            self.remove(slots, slot);
        }
        slots[slot].priority = priority;
        if ready {
            self.add(slots, slot);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::slots::tests::slots_with_ids;

    fn turns(ready: &mut ReadyStreams, slots: &mut Slots, count: usize) -> Vec<u32> {
        (0..count)
            .filter_map(|_| {
                let slot = ready.first()?;
                ready.took_turn(slots, slot);
                Some(slot)
            })
            .collect()
    }

    // RFC 9218 section 10.
    #[test]
    fn urgent_streams_go_first_and_incremental_ones_take_turns() {
        let mut slots = slots_with_ids(&[0, 4, 8, 12]);
        let mut ready = ReadyStreams::new();
        (0..4).for_each(|slot| ready.add(&mut slots, slot));
        assert_eq!(turns(&mut ready, &mut slots, 5), [0, 1, 2, 3, 0]);
        ready.set_priority(&mut slots, 2, Priority::new(1, false));
        ready.set_priority(&mut slots, 1, Priority::new(1, false));
        assert_eq!(turns(&mut ready, &mut slots, 3), [1, 1, 1]);
        ready.remove(&mut slots, 1);
        assert_eq!(turns(&mut ready, &mut slots, 2), [2, 2]);
        ready.remove(&mut slots, 2);
        assert_eq!(turns(&mut ready, &mut slots, 4), [3, 0, 3, 0]);
    }

    #[test]
    fn streams_set_aside_come_back_with_credit() {
        let mut slots = slots_with_ids(&[0, 4]);
        let mut ready = ReadyStreams::new();
        (0..2).for_each(|slot| ready.add(&mut slots, slot));
        ready.set_aside(&mut slots, 0);
        ready.set_aside(&mut slots, 1);
        assert!(ready.is_empty() && ready.first().is_none());
        ready.on_credit(&mut slots);
        assert_eq!(turns(&mut ready, &mut slots, 2), [0, 1]);
    }

    #[test]
    fn an_urgency_out_of_range_is_the_least_urgent() {
        assert_eq!(Priority::new(200, true), Priority::new(7, true));
        assert_eq!(Priority::default(), Priority::new(3, true));
    }
}
