//! What was written and is not yet acknowledged: the bytes of a stream or of a CRYPTO level.

use std::collections::VecDeque;
use std::ops::Range;

use super::block::{block_start, position, Block, BlockPool, BLOCK_SIZE};
use crate::ranges::RangeSet;

/// Entries the block ring may keep room for while it is empty.
const RING_KEPT: usize = 8;

/// A ring of blocks that holds every byte from the lowest unacknowledged to the last written one.
///
/// `base <= next <= end`: below `base` all is acknowledged, below `next` all was sent at least
/// once. Each byte is copied in once and copied out once per packet that carries it.
#[derive(Debug, Default)]
pub struct SendBuffer {
    /// The first block holds offset `base`, aligned to whole blocks.
    blocks: VecDeque<Block>,
    base: u64,
    next: u64,
    end: u64,
    /// Acknowledged above `base`.
    acked: RangeSet,
    /// Declared lost and not yet sent again; never acknowledged bytes.
    lost: RangeSet,
}

impl SendBuffer {
    /// An empty buffer at offset zero.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty buffer that goes on at `offset`.
    pub fn starting_at(offset: u64) -> Self {
        Self { base: offset, next: offset, end: offset, ..Self::default() }
    }

    /// The lowest offset that is not acknowledged.
    #[inline]
    pub const fn base(&self) -> u64 {
        self.base
    }

    /// The offset of the next byte that was never sent.
    #[inline]
    pub const fn next(&self) -> u64 {
        self.next
    }

    /// The offset past the last byte written.
    #[inline]
    pub const fn end(&self) -> u64 {
        self.end
    }

    /// How many bytes are held: written and below them not all acknowledged.
    #[inline]
    pub const fn buffered(&self) -> u64 {
        self.end - self.base
    }

    /// True if every byte written was acknowledged.
    #[inline]
    pub const fn is_all_acked(&self) -> bool {
        self.base == self.end
    }

    /// True if bytes wait to be repeated.
    #[inline]
    pub fn has_lost(&self) -> bool {
        !self.lost.is_empty()
    }

    /// True if bytes wait to be sent, for the first time or again.
    #[inline]
    pub fn has_pending(&self) -> bool {
        self.next < self.end || self.has_lost()
    }

    /// Appends `data`.
    pub fn write(&mut self, mut data: &[u8], pool: &mut BlockPool) {
        while !data.is_empty() {
            let at = position(self.end);
            if at == 0 || self.blocks.is_empty() {
                self.blocks.push_back(pool.take());
            }
            let count = data.len().min(BLOCK_SIZE - at);
            let (now, later) = data.split_at(count);
            if let Some(block) = self.blocks.back_mut() {
                block.write(at, now);
            }
            self.end += count as u64;
            data = later;
        }
    }

    /// What to send next, at most `max_len` bytes: lost bytes first, then fresh ones.
    #[inline]
    pub fn next_range(&self, max_len: usize) -> Option<Range<u64>> {
        self.next_range_below(max_len, u64::MAX)
    }

    /// Like [`Self::next_range`], with no fresh byte at or past offset `fresh_limit`.
    #[inline]
    pub fn next_range_below(&self, max_len: usize, fresh_limit: u64) -> Option<Range<u64>> {
        if let Some(lost) = self.lost.first() {
            return Some(lost.start..lost.end.min(lost.start + max_len as u64));
        }
        let end = self.end.min(fresh_limit).min(self.next + max_len as u64);
        (self.next < end).then_some(self.next..end)
    }

    /// The bytes of `range` in two pieces.
    ///
    /// The range must lie within what is held and be no longer than one block; what exceeds that
    /// is left out.
    #[inline]
    pub fn slices(&self, range: Range<u64>) -> (&[u8], &[u8]) {
        let head = self.contiguous(range.clone());
        let tail = range.start + head.len() as u64..range.end;
        (head, if tail.is_empty() { &[] } else { self.contiguous(tail) })
    }

    /// Fills `out` with the bytes from `offset` on; all of them must be held.
    #[inline]
    pub fn copy_to(&self, offset: u64, out: &mut [u8]) {
        let end = offset + out.len() as u64;
        let head = self.contiguous(offset..end);
        let (first, rest) = out.split_at_mut(head.len());
        first.copy_from_slice(head);
        if !rest.is_empty() {
            self.copy_across(offset + head.len() as u64, rest);
        }
    }

    /// Notes that `range` was put into a packet; returns how many of its bytes are fresh.
    #[inline]
    pub fn on_sent(&mut self, range: Range<u64>) -> u64 {
        if range.start == self.next {
            self.next = range.end;
            return range.end - range.start;
        }
        self.lost.remove(range);
        0
    }

    /// Notes that `range` arrived; returns how many bytes that freed from the front.
    #[inline]
    pub fn on_acked(&mut self, range: Range<u64>, pool: &mut BlockPool) -> u64 {
        if range.end <= self.base || range.end > self.next {
            return 0;
        }
        if self.has_lost() {
            self.lost.remove(range.clone());
        }
        if range.start <= self.base && self.acked.is_empty() {
            return self.advance(range.end, pool);
        }
        self.on_acked_out_of_order(range, pool)
    }

    /// Notes that `range` must be sent again, except for what was acknowledged meanwhile.
    pub fn on_lost(&mut self, range: Range<u64>) {
        let range = range.start.max(self.base)..range.end.min(self.next);
        if range.is_empty() {
            return;
        }
        self.lost.insert(range.clone());
        let mut from = range.start;
        while let Some(acked) = self.acked.first_from(from).filter(|a| a.start < range.end) {
            from = acked.end;
            self.lost.remove(acked);
        }
    }

    /// Starts over with what is not acknowledged, as if nothing of it had been sent.
    pub fn rewind(&mut self) {
        self.next = self.base;
        self.lost.clear();
        self.acked.clear();
    }

    /// Gives all memory back; returns how many bytes were held.
    pub fn clear(&mut self, pool: &mut BlockPool) -> u64 {
        let held = self.buffered();
        self.end = self.next;
        self.advance(self.next, pool);
        self.acked.clear();
        self.lost.clear();
        held
    }

    #[cold]
    fn on_acked_out_of_order(&mut self, range: Range<u64>, pool: &mut BlockPool) -> u64 {
        self.acked.insert(range.start.max(self.base)..range.end);
        match self.acked.first() {
            Some(first) if first.start <= self.base => {
                self.acked.pop_first();
                self.advance(first.end, pool)
            }
            _ => 0,
        }
    }

    /// Moves `base` up to `to` and frees the blocks below it.
    #[inline]
    fn advance(&mut self, to: u64, pool: &mut BlockPool) -> u64 {
        let freed = to - self.base;
        let mut whole = (block_start(to) - block_start(self.base)) / BLOCK_SIZE as u64;
        self.base = to;
        while whole > 0 {
            if let Some(block) = self.blocks.pop_front() {
                pool.give(block);
            }
            whole -= 1;
        }
        if to == self.end {
            self.give_back_ring(pool);
        }
        freed
    }

    /// Frees what an empty buffer still holds: the rest of the last block.
    fn give_back_ring(&mut self, pool: &mut BlockPool) {
        while let Some(block) = self.blocks.pop_front() {
            pool.give(block);
        }
        if self.blocks.capacity() > RING_KEPT {
            self.blocks = VecDeque::new();
        }
    }

    /// The bytes of `range` up to the end of the block it starts in.
    #[inline]
    fn contiguous(&self, range: Range<u64>) -> &[u8] {
        let index =
            (block_start(range.start).wrapping_sub(block_start(self.base))) / BLOCK_SIZE as u64;
        let at = position(range.start);
        let count = ((range.end - range.start) as usize).min(BLOCK_SIZE - at);
        match self.blocks.get(index as usize) {
            Some(block) => block.bytes(at..at + count),
            None => &[],
        }
    }

    #[cold]
    fn copy_across(&self, mut offset: u64, mut out: &mut [u8]) {
        while !out.is_empty() {
            let piece = self.contiguous(offset..offset + out.len() as u64);
            debug_assert!(!piece.is_empty(), "copying bytes that are not held");
            if piece.is_empty() {
                return;
            }
            let (now, later) = out.split_at_mut(piece.len());
            now.copy_from_slice(piece);
            offset += now.len() as u64;
            out = later;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(range: Range<u64>) -> Vec<u8> {
        range.map(|i| (i * 31 % 251) as u8).collect()
    }

    fn filled(len: u64) -> (SendBuffer, BlockPool) {
        let (mut buffer, mut pool) = (SendBuffer::new(), BlockPool::new());
        buffer.write(&pattern(0..len), &mut pool);
        (buffer, pool)
    }

    fn send(buffer: &mut SendBuffer, max: usize) -> Range<u64> {
        let range = buffer.next_range(max).unwrap_or_default();
        buffer.on_sent(range.clone());
        range
    }

    #[test]
    fn bytes_come_out_as_they_went_in_across_blocks() {
        let (mut buffer, mut pool) = filled(10_000);
        let mut seen = Vec::new();
        while buffer.has_pending() {
            let range = send(&mut buffer, 1170);
            let mut out = vec![0; (range.end - range.start) as usize];
            buffer.copy_to(range.start, &mut out);
            let (a, b) = buffer.slices(range.clone());
            assert_eq!([a, b].concat(), out);
            seen.extend_from_slice(&out);
            buffer.on_acked(range, &mut pool);
        }
        assert_eq!(seen, pattern(0..10_000));
        assert!(buffer.is_all_acked());
    }

    #[test]
    fn a_long_range_is_copied_over_many_blocks() {
        let (buffer, _pool) = filled(20_000);
        let mut out = vec![0; 17_000];
        buffer.copy_to(1000, &mut out);
        assert_eq!(out, pattern(1000..18_000));
    }

    #[test]
    fn an_acknowledged_buffer_holds_no_block() {
        let (mut buffer, mut pool) = filled(9_000);
        assert_eq!(pool.in_use(), 3);
        let range = send(&mut buffer, 9_000);
        assert_eq!(buffer.on_acked(0..5_000, &mut pool), 5_000);
        assert_eq!(pool.in_use(), 2);
        assert_eq!(buffer.on_acked(range, &mut pool), 4_000);
        assert_eq!(pool.in_use(), 0);
        buffer.write(&pattern(9_000..9_100), &mut pool);
        let mut out = [0; 100];
        buffer.copy_to(9_000, &mut out);
        assert_eq!(out[..], pattern(9_000..9_100));
    }

    #[test]
    fn lost_bytes_go_before_fresh_ones() {
        let (mut buffer, _pool) = filled(3_000);
        send(&mut buffer, 1_000);
        send(&mut buffer, 1_000);
        buffer.on_lost(0..1_000);
        assert_eq!(send(&mut buffer, 400), 0..400);
        assert_eq!(send(&mut buffer, 1_000), 400..1_000);
        assert_eq!(send(&mut buffer, 1_000), 2_000..3_000);
        assert!(!buffer.has_pending());
    }

    #[test]
    fn what_was_acknowledged_is_not_sent_again() {
        let (mut buffer, mut pool) = filled(3_000);
        send(&mut buffer, 3_000);
        assert_eq!(buffer.on_acked(1_000..2_000, &mut pool), 0);
        buffer.on_lost(500..2_500);
        assert_eq!(send(&mut buffer, 3_000), 500..1_000);
        assert_eq!(send(&mut buffer, 3_000), 2_000..2_500);
        buffer.on_lost(0..500);
        assert_eq!(buffer.on_acked(0..1_000, &mut pool), 2_000);
        assert!(!buffer.has_pending());
        assert_eq!(buffer.base(), 2_000);
    }

    #[test]
    fn acknowledgements_twice_or_for_unsent_bytes_change_nothing() {
        let (mut buffer, mut pool) = filled(100);
        send(&mut buffer, 50);
        assert_eq!(buffer.on_acked(0..50, &mut pool), 50);
        assert_eq!(buffer.on_acked(0..50, &mut pool), 0);
        assert_eq!(buffer.on_acked(40..90, &mut pool), 0);
        assert_eq!(buffer.buffered(), 50);
    }

    #[test]
    fn fresh_bytes_stop_at_the_limit_and_lost_ones_do_not() {
        let (mut buffer, _pool) = filled(100);
        assert_eq!(buffer.next_range_below(80, 30), Some(0..30));
        buffer.on_sent(0..30);
        assert_eq!(buffer.next_range_below(80, 30), None);
        buffer.on_lost(10..30);
        assert_eq!(buffer.next_range_below(80, 0), Some(10..30));
    }

    #[test]
    fn rewinding_sends_everything_again() {
        let (mut buffer, mut pool) = filled(100);
        send(&mut buffer, 60);
        buffer.on_lost(0..10);
        buffer.rewind();
        assert_eq!(buffer.next_range(1_000), Some(0..100));
        assert_eq!(buffer.clear(&mut pool), 100);
        assert_eq!(pool.in_use(), 0);
    }
}
