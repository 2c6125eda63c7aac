//! What packets carried: a ring of tokens in the order they were sent.

/// Positions count all tokens ever stored and wrap; a packet's tokens lie in one piece.
#[derive(Debug)]
pub(super) struct TokenRing<T> {
    /// A power of two long, or empty.
    slots: Vec<T>,
    /// The position of the oldest token that is kept.
    head: u32,
    /// The position after the newest.
    tail: u32,
}

/// Length of the first allocation.
const FIRST_LEN: usize = 16;

impl<T: Copy> TokenRing<T> {
    pub(super) const fn new() -> Self {
        Self { slots: Vec::new(), head: 0, tail: 0 }
    }

    /// The position the next tokens get at the earliest.
    #[inline]
    pub(super) fn tail(&self) -> u32 {
        self.tail
    }

    /// Stores `tokens`; returns their position.
    #[inline]
    pub(super) fn push(&mut self, tokens: &[T]) -> u32 {
        let offset = self.offset(self.tail);
        let used = self.tail.wrapping_sub(self.head) as usize;
        let end = offset + tokens.len();
        if used + tokens.len() > self.slots.len() || end > self.slots.len() {
            return self.push_elsewhere(tokens);
        }
        self.slots[offset..end].copy_from_slice(tokens);
        let position = self.tail;
        self.tail = position.wrapping_add(tokens.len() as u32);
        position
    }

    /// Stores `tokens` when they do not fit right after the last ones. A packet's tokens do not
    /// wrap: at the end of the ring a few slots stay unused.
    #[cold]
    fn push_elsewhere(&mut self, tokens: &[T]) -> u32 {
        let unused = self.slots.len() - self.offset(self.tail);
        let used = self.tail.wrapping_sub(self.head) as usize;
        if used + unused + tokens.len() <= self.slots.len() {
            self.tail = self.tail.wrapping_add(unused as u32);
        } else {
            self.grow(tokens);
        }
        self.push(tokens)
    }

    /// The `count` tokens stored at `position`.
    #[inline]
    pub(super) fn get(&self, position: u32, count: u16) -> &[T] {
        if count == 0 {
            return &[];
        }
        let offset = self.offset(position);
        &self.slots[offset..offset + usize::from(count)]
    }

    /// Forgets what lies before `position`.
    #[inline]
    pub(super) fn release(&mut self, position: u32) {
        self.head = position;
    }

    /// Forgets everything and gives the memory back.
    pub(super) fn clear(&mut self) {
        *self = Self::new();
    }

    #[inline]
    fn offset(&self, position: u32) -> usize {
        position as usize & self.slots.len().saturating_sub(1)
    }

    /// Doubles the ring. A piece that does not wrap in the old ring does not in the new one.
    #[cold]
    fn grow(&mut self, tokens: &[T]) {
        let len = (self.slots.len() * 2).max(tokens.len().next_power_of_two()).max(FIRST_LEN);
        let mut slots = vec![tokens[0]; len];
        if !self.slots.is_empty() {
            let used = self.tail.wrapping_sub(self.head);
            for position in (0..used).map(|n| self.head.wrapping_add(n)) {
                slots[position as usize & (len - 1)] = self.slots[self.offset(position)];
            }
        }
        self.slots = slots;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_survive_growth_and_wrapping() {
        let mut ring = TokenRing::new();
        ring.head = u32::MAX - 40;
        ring.tail = ring.head;
        let mut kept = std::collections::VecDeque::new();
        for round in 0..2_000_u64 {
            let piece: Vec<u64> = (0..round % 5).map(|n| round * 100 + n).collect();
            let position = ring.push(&piece);
            kept.push_back((position, piece));
            let allowed = if round % 400 < 200 { 60 } else { 5 };
            while kept.len() > allowed {
                kept.pop_front();
                ring.release(kept.front().map_or(ring.tail(), |(position, _)| *position));
            }
            for (position, piece) in &kept {
                assert_eq!(ring.get(*position, piece.len() as u16), piece.as_slice());
            }
        }
        assert!(ring.slots.len() <= 256);
    }

    #[test]
    fn nothing_costs_nothing() {
        let mut ring = TokenRing::<u64>::new();
        let position = ring.push(&[]);
        assert!(ring.get(position, 0).is_empty());
        assert_eq!(ring.slots.capacity(), 0);
    }
}
