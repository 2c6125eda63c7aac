//! Which stream sends next (RFC 9218 section 10).
//!
//! The most urgent streams go first. Among equally urgent ones those that do not take turns go by
//! their IDs, those that do take turns, and the two kinds alternate: neither waits for the end of the
//! other, which may never come. For the same reason less urgent streams get a little of a path that
//! more urgent ones could fill, see [`TURNS_AHEAD`].

use super::in_order::InOrder;
use super::list::{Kind, List};
use super::slots::Slots;

/// How urgent a stream is and how it shares with its equals (RFC 9218 section 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Priority(u8);

/// How many urgencies there are.
pub(super) const URGENCIES: usize = 8;

/// Turns of the most urgent streams after which a less urgent one gets one: so few that the former
/// feel no delay, so many that the latter do not starve.
const TURNS_AHEAD: u8 = 63;

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
    pub(super) const fn is_incremental(self) -> bool {
        self.0 & 1 != 0
    }

    /// The urgency alone.
    #[inline]
    pub(super) const fn urgency(self) -> usize {
        (self.0 >> 1) as usize
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

/// The streams with something to send, and a bit for each priority of which there are any, so that the
/// next stream is found in constant time.
#[derive(Debug)]
pub(super) struct ReadyStreams {
    /// Those that take turns, by urgency.
    by_turns: [List; URGENCIES],
    /// Those that do not.
    in_order: InOrder,
    occupied: u16,
    without_credit: List,
    /// The priorities of an urgency are set if an incremental stream goes next there.
    incremental_next: u16,
    /// Turns of the most urgent streams while others waited.
    turns_ahead: u8,
    /// The priority that was last let pass before its time.
    let_pass: u8,
}

impl ReadyStreams {
    /// No stream.
    pub(super) const fn new() -> Self {
        let list = List::new(Kind::Send);
        Self {
            by_turns: [list; URGENCIES],
            in_order: InOrder::new(),
            occupied: 0,
            without_credit: list,
            incremental_next: 0,
            turns_ahead: 0,
            let_pass: 0,
        }
    }

    /// True if no stream can send.
    #[inline]
    pub(super) const fn is_empty(&self) -> bool {
        self.occupied == 0
    }

    /// The stream that sends next. It stays the same until something changes.
    #[inline]
    pub(super) fn first(&self) -> Option<u32> {
        let priority = match self.turns_ahead {
            TURNS_AHEAD => self.let_past(),
            _ => self.most_urgent(),
        };
        self.first_of(priority)
    }

    /// The first stream of a priority.
    #[inline]
    fn first_of(&self, priority: Priority) -> Option<u32> {
        match priority.is_incremental() {
            true => self.by_turns.get(priority.urgency())?.first(),
            false => self.in_order.first(priority.urgency() as u8),
        }
    }

    /// The priority that goes next by the rules; without any stream, one that does not exist.
    #[inline]
    fn most_urgent(&self) -> Priority {
        let first = Priority(self.occupied.trailing_zeros() as u8);
        let alternates = self.has_both_kinds(first) && self.incremental_next & kinds(first) != 0;
        Priority(first.0 + u8::from(alternates))
    }

    /// True if streams of both kinds are as urgent as `priority`.
    #[inline]
    fn has_both_kinds(&self, priority: Priority) -> bool {
        let kinds = kinds(priority);
        kinds != 0 && self.occupied & kinds == kinds
    }

    /// The priorities behind the most urgent ones.
    #[inline]
    fn behind(&self) -> u16 {
        self.occupied & !kinds(Priority(self.occupied.trailing_zeros() as u8))
    }

    /// The priority that may pass before its time: they take turns in that.
    #[cold]
    fn let_past(&self) -> Priority {
        let behind = self.behind();
        let later = behind & 0xfffe << self.let_pass;
        match (later, behind) {
            (0, 0) => self.most_urgent(),
            (0, _) => Priority(behind.trailing_zeros() as u8),
            _ => Priority(later.trailing_zeros() as u8),
        }
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
        if priority.is_incremental() {
            self.by_turns[priority.urgency()].push_back(slots, slot);
        } else {
            self.in_order.insert(priority.urgency() as u8, slots[slot].id.0, slot);
        }
    }

    /// Takes `slot` out, wherever it is.
    pub(super) fn remove(&mut self, slots: &mut Slots, slot: u32) {
        match std::mem::replace(&mut slots[slot].place, Place::Idle) {
            Place::Idle => {}
            Place::AwaitsCredit => self.without_credit.remove(slots, slot),
            Place::Ready => self.remove_ready(slots, slot),
        }
    }

    fn remove_ready(&mut self, slots: &mut Slots, slot: u32) {
        let priority = slots[slot].priority;
        let was_last = if priority.is_incremental() {
            let list = &mut self.by_turns[priority.urgency()];
            list.remove(slots, slot);
            list.is_empty()
        } else {
            self.in_order.remove(priority.urgency() as u8, slots[slot].id.0, slot)
        };
        if was_last {
            self.occupied &= !(1 << priority.0);
        }
    }

    /// Notes that `slot`, which was first, has had its turn.
    #[inline]
    pub(super) fn took_turn(&mut self, slots: &mut Slots, slot: u32, wants_more: bool) {
        let priority = slots[slot].priority;
        self.count_turn(priority);
        if !wants_more {
            self.remove(slots, slot);
        } else if priority.is_incremental() {
            self.by_turns[priority.urgency()].rotate(slots);
        }
    }

    #[inline]
    fn count_turn(&mut self, priority: Priority) {
        if self.has_both_kinds(priority) {
            let kinds = kinds(priority);
            let next = if priority.is_incremental() { 0 } else { kinds };
            self.incremental_next = self.incremental_next & !kinds | next;
        }
        let behind = self.behind();
        if behind == 0 {
            self.turns_ahead = 0;
        } else if behind & 1 << priority.0 != 0 {
            self.turns_ahead = 0;
            self.let_pass = priority.0;
        } else {
            self.turns_ahead = (self.turns_ahead + 1).min(TURNS_AHEAD);
        }
    }

    /// True if `slot` does not take turns and no stream of its priority with data to send comes
    /// before it.
    pub(super) fn leads(&self, slots: &Slots, slot: u32) -> bool {
        let stream = &slots[slot];
        let first = self.first_of(stream.priority);
        !stream.priority.is_incremental() && first.is_none_or(|first| slots[first].id >= stream.id)
    }

    /// Puts `slot` aside until the connection has credit.
    pub(super) fn set_aside(&mut self, slots: &mut Slots, slot: u32) {
        self.remove(slots, slot);
        slots[slot].place = Place::AwaitsCredit;
        self.without_credit.push_back(slots, slot);
    }

    /// True if streams are set aside.
    #[inline]
    pub(super) const fn awaits_credit(&self) -> bool {
        !self.without_credit.is_empty()
    }

    /// The connection has credit for `bytes`: as many of the streams set aside can send. So a peer
    /// that gives one byte after the other does not have all of them moved for each.
    pub(super) fn on_credit(&mut self, slots: &mut Slots, bytes: u64) {
        for _ in 0..bytes {
            let Some(slot) = self.without_credit.first() else { return };
            self.add(slots, slot);
        }
    }

    /// Changes the priority of `slot`. One that has it already keeps its turn.
    pub(super) fn set_priority(&mut self, slots: &mut Slots, slot: u32, priority: Priority) {
        if slots[slot].priority == priority {
            return;
        }
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

/// Both priorities as urgent as `priority`; none for one that does not exist.
#[inline]
fn kinds(priority: Priority) -> u16 {
    3_u16.checked_shl(u32::from(priority.0) & !1).unwrap_or(0)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::stream::slots::tests::slots_with_ids;

    fn turns(ready: &mut ReadyStreams, slots: &mut Slots, count: usize) -> Vec<u32> {
        (0..count)
            .filter_map(|_| {
                let slot = ready.first()?;
                ready.took_turn(slots, slot, true);
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

    // RFC 9218 section 10: a large response of one kind does not hold up those of the other.
    #[test]
    fn the_two_kinds_of_one_urgency_alternate() {
        let mut slots = slots_with_ids(&[0, 4, 8, 12]);
        let mut ready = ReadyStreams::new();
        (0..4).for_each(|slot| ready.add(&mut slots, slot));
        ready.set_priority(&mut slots, 1, Priority::new(3, false));
        ready.set_priority(&mut slots, 3, Priority::new(3, false));
        assert_eq!(turns(&mut ready, &mut slots, 8), [1, 0, 1, 2, 1, 0, 1, 2]);
        ready.remove(&mut slots, 1);
        assert_eq!(turns(&mut ready, &mut slots, 4), [3, 0, 3, 2]);
        ready.remove(&mut slots, 3);
        assert_eq!(turns(&mut ready, &mut slots, 3), [0, 2, 0]);
    }

    // RFC 9218 section 10.
    #[test]
    fn no_urgency_starves_and_the_first_gets_nearly_all() {
        let mut slots = slots_with_ids(&[0, 4, 8, 12]);
        let mut ready = ReadyStreams::new();
        let priorities = [(0, true), (3, false), (3, true), (7, false)];
        for (slot, (urgency, incremental)) in (0..).zip(priorities) {
            ready.set_priority(&mut slots, slot, Priority::new(urgency, incremental));
            ready.add(&mut slots, slot);
        }
        let order = turns(&mut ready, &mut slots, 64 * 6);
        let passed: Vec<_> = order.iter().filter(|slot| **slot != 0).collect();
        assert_eq!(passed, [&1, &2, &3, &1, &2, &3]);
        assert!(order.chunks(64).all(|chunk| chunk[63] != 0));
    }

    #[test]
    fn a_stream_that_comes_after_long_does_not_pay_for_the_wait() {
        let mut slots = slots_with_ids(&[0, 4]);
        let mut ready = ReadyStreams::new();
        ready.add(&mut slots, 0);
        turns(&mut ready, &mut slots, 1_000);
        ready.set_priority(&mut slots, 1, Priority::new(0, false));
        ready.add(&mut slots, 1);
        assert_eq!(turns(&mut ready, &mut slots, 63), [1; 63]);
        assert_eq!(turns(&mut ready, &mut slots, 2), [0, 1]);
    }

    // RFC 9218 section 7: what a client says again changes nothing.
    #[test]
    fn a_stream_that_gets_the_priority_it_has_keeps_its_turn() {
        let mut slots = slots_with_ids(&[0, 4, 8]);
        let mut ready = ReadyStreams::new();
        (0..3).for_each(|slot| ready.add(&mut slots, slot));
        ready.set_priority(&mut slots, 0, Priority::default());
        assert_eq!(turns(&mut ready, &mut slots, 3), [0, 1, 2]);
    }

    #[test]
    fn streams_that_move_at_random_leave_in_order() {
        let mut slots = slots_with_ids(&(0..500).map(|index| 4 * index).collect::<Vec<_>>());
        let mut ready = ReadyStreams::new();
        let mut random = 1_u64;
        for turn in 0..5000 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(turn);
            let (slot, urgency) = ((random >> 33) as u32 % 500, (random >> 60) as u8 % 8);
            ready.add(&mut slots, slot);
            ready.set_priority(&mut slots, slot, Priority::new(urgency, false));
        }
        (0..500).for_each(|slot| ready.add(&mut slots, slot));
        (0..500).for_each(|slot| {
            let Priority(priority) = slots[slot].priority;
            ready.set_priority(&mut slots, slot, Priority(priority & !1));
        });
        let mut left = Vec::new();
        while !ready.is_empty() {
            let slot = ready.first_of(ready.most_urgent()).unwrap();
            left.push((slots[slot].priority.urgency(), slots[slot].id));
            ready.remove(&mut slots, slot);
        }
        assert_eq!(left.len(), 500);
        assert!(left.is_sorted());
    }

    #[test]
    fn streams_set_aside_come_back_with_credit() {
        let mut slots = slots_with_ids(&[0, 4]);
        let mut ready = ReadyStreams::new();
        (0..2).for_each(|slot| ready.add(&mut slots, slot));
        ready.set_aside(&mut slots, 0);
        ready.set_aside(&mut slots, 1);
        assert!(ready.is_empty() && ready.first().is_none());
        ready.on_credit(&mut slots, 1);
        assert_eq!((turns(&mut ready, &mut slots, 2), ready.awaits_credit()), (vec![0, 0], true));
        ready.on_credit(&mut slots, 1000);
        assert!(!ready.awaits_credit());
        assert_eq!(turns(&mut ready, &mut slots, 2), [0, 1]);
    }

    #[test]
    fn an_urgency_out_of_range_is_the_least_urgent() {
        assert_eq!(Priority::new(200, true), Priority::new(7, true));
        assert_eq!(Priority::default(), Priority::new(3, true));
    }
}
