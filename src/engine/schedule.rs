//! Which connections need attention, now or at some time.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use crate::time::Instant;

use super::ConnectionKey;

/// Connections to be looked at now, in order, and wake-up times of the others.
///
/// An entry of the heap is a promise to look, not a deadline: a connection whose deadline moved
/// back is found not to be due and entered again. So the heap is not touched when a deadline
/// moves back, which is what nearly every packet does.
#[derive(Debug, Default)]
pub struct Schedule {
    active: VecDeque<ConnectionKey>,
    wakeups: BinaryHeap<Reverse<(Instant, ConnectionKey)>>,
}

/// What the schedule keeps with each connection.
#[derive(Clone, Copy, Debug, Default)]
pub struct Slot {
    active: bool,
    wakeup: Option<Instant>,
    /// When somebody wants it looked at, whatever its own deadlines say.
    visit: Option<Instant>,
}

impl Schedule {
    /// Has the connection looked at in the next round.
    #[inline]
    pub fn activate(&mut self, key: ConnectionKey, slot: &mut Slot) {
        if !slot.active {
            slot.active = true;
            self.active.push_back(key);
        }
    }

    /// The next connection to look at now. Its slot is to be passed to [`Schedule::on_taken`].
    #[inline]
    pub fn next_active(&mut self) -> Option<ConnectionKey> {
        self.active.pop_front()
    }

    /// The connection was taken from the list.
    #[inline]
    pub fn on_taken(slot: &mut Slot) {
        slot.active = false;
        slot.visit = None;
    }

    /// Has the connection looked at again at `deadline`.
    #[inline]
    pub fn set_wakeup(&mut self, key: ConnectionKey, slot: &mut Slot, deadline: Instant) {
        if slot.wakeup.is_none_or(|known| deadline < known) {
            slot.wakeup = Some(deadline);
            self.wakeups.push(Reverse((deadline, key)));
        }
    }

    /// Has the connection looked at by `deadline` for a reason that it does not know of itself.
    #[inline]
    pub fn set_visit(&mut self, key: ConnectionKey, slot: &mut Slot, deadline: Instant) {
        slot.visit = Some(slot.visit.map_or(deadline, |known| known.min(deadline)));
        self.set_wakeup(key, slot, deadline);
    }

    /// When [`Schedule::set_visit`] wants the connection looked at, until that happens.
    #[inline]
    pub fn visit(slot: &Slot) -> Option<Instant> {
        slot.visit
    }

    /// Takes out a wake-up that has come. The caller checks with [`Schedule::on_woken`].
    pub fn next_due(&mut self, now: Instant) -> Option<(Instant, ConnectionKey)> {
        match self.wakeups.peek() {
            Some(Reverse((deadline, _))) if *deadline <= now => {
                self.wakeups.pop().map(|Reverse(entry)| entry)
            }
            _ => None,
        }
    }

    /// True if the entry that [`Schedule::next_due`] gave is the connection's current one.
    pub fn on_woken(slot: &mut Slot, deadline: Instant) -> bool {
        let current = slot.wakeup == Some(deadline);
        if current {
            slot.wakeup = None;
        }
        current
    }

    /// How many connections wait to be looked at now.
    #[inline]
    pub fn active_count(&self) -> usize {
        self.active.len()
    }

    /// True if a connection waits to be looked at now.
    #[inline]
    pub fn has_active(&self) -> bool {
        !self.active.is_empty()
    }

    /// Drops the earliest wake-up, which belongs to a connection that is gone.
    pub fn drop_next(&mut self) {
        self.wakeups.pop();
    }

    /// The connection whose wake-up comes next.
    pub fn peek(&self) -> Option<(Instant, ConnectionKey)> {
        self.wakeups.peek().map(|Reverse(entry)| *entry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(micros: u64) -> Instant {
        Instant::from_micros(micros)
    }

    #[test]
    fn a_connection_is_active_once() {
        let key = ConnectionKey::new(0, 1);
        let (mut schedule, mut slot) = (Schedule::default(), Slot::default());
        schedule.activate(key, &mut slot);
        schedule.activate(key, &mut slot);
        assert_eq!(schedule.next_active(), Some(key));
        Schedule::on_taken(&mut slot);
        assert_eq!(schedule.next_active(), None);
        schedule.activate(key, &mut slot);
        assert_eq!(schedule.next_active(), Some(key));
    }

    #[test]
    fn a_deadline_that_moves_back_leaves_the_heap_alone() {
        let key = ConnectionKey::new(0, 1);
        let (mut schedule, mut slot) = (Schedule::default(), Slot::default());
        schedule.set_wakeup(key, &mut slot, at(10));
        schedule.set_wakeup(key, &mut slot, at(20));
        assert_eq!(schedule.wakeups.len(), 1);
        assert_eq!(schedule.next_due(at(9)), None);
        let (deadline, woken) = schedule.next_due(at(10)).unwrap_or_default();
        assert_eq!(woken, key);
        assert!(Schedule::on_woken(&mut slot, deadline));
    }

    #[test]
    fn a_visit_is_remembered_behind_an_earlier_wake_up_until_it_is_made() {
        let key = ConnectionKey::new(0, 1);
        let (mut schedule, mut slot) = (Schedule::default(), Slot::default());
        schedule.set_wakeup(key, &mut slot, at(10));
        schedule.set_visit(key, &mut slot, at(20));
        schedule.set_visit(key, &mut slot, at(30));
        let (deadline, _) = schedule.next_due(at(10)).unwrap_or_default();
        assert!(Schedule::on_woken(&mut slot, deadline));
        assert_eq!(Schedule::visit(&slot), Some(at(20)));
        schedule.activate(key, &mut slot);
        Schedule::on_taken(&mut slot);
        assert_eq!(Schedule::visit(&slot), None);
    }

    #[test]
    fn only_the_earliest_of_several_entries_counts() {
        let key = ConnectionKey::new(0, 1);
        let (mut schedule, mut slot) = (Schedule::default(), Slot::default());
        schedule.set_wakeup(key, &mut slot, at(20));
        schedule.set_wakeup(key, &mut slot, at(10));
        let (early, _) = schedule.next_due(at(30)).unwrap_or_default();
        assert!(Schedule::on_woken(&mut slot, early));
        let (late, _) = schedule.next_due(at(30)).unwrap_or_default();
        assert!(!Schedule::on_woken(&mut slot, late));
    }
}
