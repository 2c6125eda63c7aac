//! Lists of streams threaded through the slots themselves: no allocation, O(1) in and out.

use super::slots::Slots;

/// Marks the end of a list.
const END: u32 = u32::MAX;

/// Marks a stream that is in no list of that kind.
const UNLINKED: u32 = u32::MAX - 1;

/// The most streams a connection can hold, so that no slot is mistaken for a mark.
pub(super) const MAX_SLOTS: usize = 1 << 24;

/// The kinds of lists; a stream is in at most one list of each kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Ready to send data by turns, or waiting for connection credit to send at all.
    Send,
    /// Can be read.
    Read,
    /// Can be written, or waiting for space to be.
    Write,
    /// Has control frames to send.
    Control,
}

/// How many kinds there are.
const KINDS: usize = 4;

/// A stream's neighbours in the lists of one kind.
#[derive(Clone, Copy, Debug)]
struct Link {
    before: u32,
    after: u32,
}

/// A stream's neighbours in all lists.
#[derive(Clone, Copy, Debug)]
pub(super) struct Links([Link; KINDS]);

impl Links {
    /// In no list.
    pub(super) const fn new() -> Self {
        Self([Link { before: UNLINKED, after: UNLINKED }; KINDS])
    }

    /// True if the stream is in a list of that kind.
    #[inline]
    pub(super) const fn contains(&self, kind: Kind) -> bool {
        self.0[kind as usize].before != UNLINKED
    }
}

/// One list.
#[derive(Clone, Copy, Debug)]
pub(super) struct List {
    kind: Kind,
    head: u32,
    tail: u32,
}

impl List {
    /// An empty list.
    pub(super) const fn new(kind: Kind) -> Self {
        Self { kind, head: END, tail: END }
    }

    /// True if no stream is in the list.
    #[inline]
    pub(super) const fn is_empty(&self) -> bool {
        self.head == END
    }

    /// The first stream.
    #[inline]
    pub(super) fn first(&self) -> Option<u32> {
        (self.head != END).then_some(self.head)
    }

    /// The stream behind `slot`, which is in this list.
    pub(super) fn after(self, slots: &Slots, slot: u32) -> Option<u32> {
        let after = slots[slot].links.0[self.kind as usize].after;
        (after != END).then_some(after)
    }

    /// The streams in order.
    pub(super) fn iter(self, slots: &Slots) -> impl Iterator<Item = u32> + '_ {
        std::iter::successors(self.first(), move |slot| self.after(slots, *slot))
    }

    /// Puts `slot`, which is in no list of this kind, at the end.
    #[inline]
    pub(super) fn push_back(&mut self, slots: &mut Slots, slot: u32) {
        self.insert_after(slots, self.tail, slot);
    }

    /// Takes `slot`, which is in this list, out of it.
    pub(super) fn remove(&mut self, slots: &mut Slots, slot: u32) {
        let unlinked = Link { before: UNLINKED, after: UNLINKED };
        let Link { before, after } = std::mem::replace(self.link(slots, slot), unlinked);
        if before == END {
            self.head = after;
        } else {
            self.link(slots, before).after = after;
        }
        if after == END {
            self.tail = before;
        } else {
            self.link(slots, after).before = before;
        }
    }

    /// Moves the first stream to the end.
    #[inline]
    pub(super) fn rotate(&mut self, slots: &mut Slots) {
        if self.head != self.tail {
            let first = self.head;
            self.remove(slots, first);
            self.push_back(slots, first);
        }
    }

    /// Puts `slot` behind `before`, at the head if that is the end mark.
    fn insert_after(&mut self, slots: &mut Slots, before: u32, slot: u32) {
        let after = if before == END { self.head } else { self.link(slots, before).after };
        *self.link(slots, slot) = Link { before, after };
        if before == END {
            self.head = slot;
        } else {
            self.link(slots, before).after = slot;
        }
        if after == END {
            self.tail = slot;
        } else {
            self.link(slots, after).before = slot;
        }
    }

    #[inline]
    fn link<'a>(&self, slots: &'a mut Slots, slot: u32) -> &'a mut Link {
        &mut slots[slot].links.0[self.kind as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::slots::tests::slots_with_ids;

    fn order(list: &List, slots: &Slots) -> Vec<u64> {
        list.iter(slots).map(|slot| slots[slot].id.0).collect()
    }

    #[test]
    fn streams_leave_in_the_order_they_came() {
        let mut slots = slots_with_ids(&[0, 4, 8]);
        let mut list = List::new(Kind::Send);
        (0..3).for_each(|slot| list.push_back(&mut slots, slot));
        assert_eq!(order(&list, &slots), [0, 4, 8]);
        list.rotate(&mut slots);
        assert_eq!(order(&list, &slots), [4, 8, 0]);
        list.remove(&mut slots, 2);
        assert!(!slots[2].links.contains(Kind::Send) && slots[0].links.contains(Kind::Send));
        list.remove(&mut slots, 1);
        assert_eq!(list.first(), Some(0));
        list.remove(&mut slots, 0);
        assert!(list.is_empty() && list.first().is_none());
    }

    #[test]
    fn kinds_do_not_mix() {
        let mut slots = slots_with_ids(&[0, 4]);
        let (mut a, mut b) = (List::new(Kind::Read), List::new(Kind::Write));
        a.push_back(&mut slots, 0);
        a.push_back(&mut slots, 1);
        b.push_back(&mut slots, 1);
        a.remove(&mut slots, 1);
        assert_eq!((order(&a, &slots), order(&b, &slots)), (vec![0], vec![4]));
    }
}
