//! Puts bytes that arrive in any order back into order.

use std::collections::VecDeque;
use std::ops::Range;

use super::block::{block_start, position, Block, BlockPool, BLOCK_SIZE};
use crate::ranges::RangeSet;

/// Separate pieces above the first gap that are kept (RFC 9000 section 21.7): a peer that sends
/// every second byte cannot make the list longer.
pub const MAX_PIECES: usize = 8192;

/// Entries the block ring may keep room for while it is empty.
const RING_KEPT: usize = 8;

/// The peer's data lies in more than [`MAX_PIECES`] pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooFragmented;

/// Blocks written in place at the offset the peer named, and the record of what has arrived.
///
/// A block exists only where bytes arrived, so what is held exceeds the flow-control credit used
/// by less than one block per stream. Limits on offsets are the caller's business.
#[derive(Debug, Default)]
pub struct Reassembler {
    /// The first entry covers the block that holds offset `read`.
    blocks: VecDeque<Option<Block>>,
    /// Everything below was handed out.
    read: u64,
    /// Everything below has arrived.
    contiguous: u64,
    /// What arrived above the first gap.
    pieces: RangeSet,
}

impl Reassembler {
    /// An empty buffer at offset zero.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty buffer that goes on at `offset`.
    pub fn starting_at(offset: u64) -> Self {
        Self { read: offset, contiguous: offset, ..Self::default() }
    }

    /// The offset of the next byte to be read.
    #[inline]
    pub const fn read_offset(&self) -> u64 {
        self.read
    }

    /// The offset of the first byte that has not arrived.
    #[inline]
    pub const fn contiguous(&self) -> u64 {
        self.contiguous
    }

    /// True if a byte can be read.
    #[inline]
    pub const fn readable(&self) -> bool {
        self.read < self.contiguous
    }

    /// The offset past the highest byte that has arrived.
    pub fn highest(&self) -> u64 {
        self.pieces.last().map_or(self.contiguous, |last| last.end)
    }

    /// Takes in `data` at `offset`; bytes that are already there keep their value.
    ///
    /// # Errors
    /// [`TooFragmented`] if there would be more than [`MAX_PIECES`] pieces.
    #[inline]
    pub fn insert(
        &mut self,
        offset: u64,
        data: &[u8],
        pool: &mut BlockPool,
    ) -> Result<(), TooFragmented> {
        let end = offset + data.len() as u64;
        if end <= self.contiguous {
            return Ok(());
        }
        if offset > self.contiguous || !self.pieces.is_empty() {
            return self.insert_out_of_order(offset, data, pool);
        }
        // RFC 9000 section 2.2: bytes that arrive again are the same, so the first copy stays.
        let known = (self.contiguous - offset) as usize;
        self.store(self.contiguous, &data[known..], pool);
        self.contiguous = end;
        Ok(())
    }

    /// Copies as much as is there and fits into `out`; returns how much.
    pub fn read(&mut self, out: &mut [u8], pool: &mut BlockPool) -> usize {
        let mut done = 0;
        while done < out.len() {
            let piece = self.peek();
            if piece.is_empty() {
                break;
            }
            let count = piece.len().min(out.len() - done);
            out[done..done + count].copy_from_slice(&piece[..count]);
            self.advance(count, pool);
            done += count;
        }
        done
    }

    /// The next readable bytes, as far as they lie in one piece; empty if there are none.
    #[inline]
    pub fn peek(&self) -> &[u8] {
        let at = position(self.read);
        let count = ((self.contiguous - self.read) as usize).min(BLOCK_SIZE - at);
        match self.blocks.front() {
            Some(Some(block)) => block.bytes(at..at + count),
            _ => &[],
        }
    }

    /// Drops the next `count` bytes, at most what [`Self::peek`] showed.
    #[inline]
    pub fn advance(&mut self, count: usize, pool: &mut BlockPool) {
        self.read = (self.read + count as u64).min(self.contiguous);
        if position(self.read) == 0 && count > 0 {
            if let Some(Some(block)) = self.blocks.pop_front() {
                pool.give(block);
            }
        }
        if self.read == self.contiguous && self.pieces.is_empty() {
            self.give_back_ring(pool);
        }
    }

    /// Gives all memory back and forgets what arrived.
    pub fn clear(&mut self, pool: &mut BlockPool) {
        self.pieces.clear();
        self.read = self.contiguous;
        self.give_back_ring(pool);
    }

    #[cold]
    fn insert_out_of_order(
        &mut self,
        offset: u64,
        data: &[u8],
        pool: &mut BlockPool,
    ) -> Result<(), TooFragmented> {
        if data.is_empty() {
            return Ok(());
        }
        let range = offset.max(self.contiguous)..offset + data.len() as u64;
        if self.pieces.len() >= MAX_PIECES && self.adds_piece(&range) {
            return Err(TooFragmented);
        }
        let mut missing = range.start;
        while let Some(gap) = self.next_gap(missing..range.end) {
            let piece = &data[(gap.start - offset) as usize..(gap.end - offset) as usize];
            self.store(gap.start, piece, pool);
            missing = gap.end;
        }
        self.pieces.insert(range);
        if let Some(first) = self.pieces.first().filter(|first| first.start <= self.contiguous) {
            self.pieces.pop_first();
            self.contiguous = first.end;
        }
        Ok(())
    }

    /// True if `range` neither overlaps nor touches what is there.
    fn adds_piece(&self, range: &Range<u64>) -> bool {
        let around = range.start.saturating_sub(1)..range.end + 1;
        range.start > self.contiguous && self.next_gap(around.clone()) == Some(around)
    }

    /// The first part of `range` that has not arrived.
    fn next_gap(&self, range: Range<u64>) -> Option<Range<u64>> {
        let gap = match self.pieces.first_from(range.start) {
            Some(piece) if piece.start <= range.start => {
                let next = self.pieces.first_from(piece.end).map_or(range.end, |p| p.start);
                piece.end..next.min(range.end)
            }
            Some(piece) => range.start..piece.start.min(range.end),
            None => range,
        };
        (!gap.is_empty()).then_some(gap)
    }

    /// Copies `data` to its place; all of it must be above `read`.
    #[inline]
    fn store(&mut self, mut offset: u64, mut data: &[u8], pool: &mut BlockPool) {
        let first = block_start(self.read);
        while !data.is_empty() {
            let index = ((offset - first) / BLOCK_SIZE as u64) as usize;
            let at = position(offset);
            let count = data.len().min(BLOCK_SIZE - at);
            let (now, later) = data.split_at(count);
            self.block(index, pool).write(at, now);
            offset += count as u64;
            data = later;
        }
    }

    #[inline]
    fn block(&mut self, index: usize, pool: &mut BlockPool) -> &mut Block {
        if index >= self.blocks.len() {
            self.blocks.resize_with(index + 1, || None);
        }
        self.blocks[index].get_or_insert_with(|| pool.take())
    }

    /// Frees every block.
    fn give_back_ring(&mut self, pool: &mut BlockPool) {
        while let Some(block) = self.blocks.pop_front() {
            if let Some(block) = block {
                pool.give(block);
            }
        }
        if self.blocks.capacity() > RING_KEPT {
            self.blocks = VecDeque::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(range: Range<u64>) -> Vec<u8> {
        range.map(|i| (i * 29 % 241) as u8).collect()
    }

    struct Receiver {
        buffer: Reassembler,
        pool: BlockPool,
    }

    impl Receiver {
        fn new() -> Self {
            Self { buffer: Reassembler::new(), pool: BlockPool::new() }
        }

        fn arrive(&mut self, range: Range<u64>) {
            let data = pattern(range.clone());
            assert_eq!(self.buffer.insert(range.start, &data, &mut self.pool), Ok(()));
        }

        fn read(&mut self, max: usize) -> Vec<u8> {
            let mut out = vec![0; max];
            let count = self.buffer.read(&mut out, &mut self.pool);
            out.truncate(count);
            out
        }
    }

    #[test]
    fn bytes_in_order_are_readable_at_once() {
        let mut r = Receiver::new();
        r.arrive(0..3_000);
        r.arrive(3_000..9_000);
        assert_eq!(r.read(20_000), pattern(0..9_000));
        assert!(!r.buffer.readable());
    }

    #[test]
    fn a_gap_holds_back_what_is_above_it() {
        let mut r = Receiver::new();
        r.arrive(5_000..6_000);
        r.arrive(100..200);
        assert!(!r.buffer.readable());
        r.arrive(0..100);
        assert_eq!(r.read(9_000), pattern(0..200));
        r.arrive(150..5_000);
        assert_eq!(r.read(9_000), pattern(200..6_000));
    }

    // RFC 9000 section 2.2.
    #[test]
    fn overlapping_bytes_keep_the_first_value() {
        let mut r = Receiver::new();
        r.arrive(10..20);
        assert_eq!(r.buffer.insert(0, &[0xff; 30], &mut r.pool), Ok(()));
        let mut expected = vec![0xff; 30];
        expected[10..20].copy_from_slice(&pattern(10..20));
        assert_eq!(r.read(100), expected);
        assert_eq!(r.buffer.insert(25, &[1; 10], &mut r.pool), Ok(()));
        assert_eq!(r.read(100), vec![1; 5]);
    }

    #[test]
    fn a_buffer_that_was_read_out_holds_no_block() {
        let mut r = Receiver::new();
        r.arrive(0..5_000);
        assert_eq!(r.pool.in_use(), 2);
        r.read(4_500);
        assert_eq!(r.pool.in_use(), 1);
        r.read(4_500);
        assert_eq!(r.pool.in_use(), 0);
        r.arrive(5_000..5_010);
        r.arrive(50_000..50_010);
        r.buffer.clear(&mut r.pool);
        assert_eq!(r.pool.in_use(), 0);
    }

    #[test]
    fn blocks_exist_only_where_bytes_arrived() {
        let mut r = Receiver::new();
        r.arrive(1_000_000..1_000_001);
        assert_eq!(r.pool.in_use(), 1);
        assert_eq!(r.buffer.highest(), 1_000_001);
    }

    // RFC 9000 section 21.7.
    #[test]
    fn the_number_of_pieces_is_bounded() {
        let mut r = Receiver::new();
        for i in 1..=MAX_PIECES as u64 {
            r.arrive(3 * i..3 * i + 1);
        }
        let next = 3 * MAX_PIECES as u64 + 3;
        assert_eq!(r.buffer.insert(next, &[0], &mut r.pool), Err(TooFragmented));
        r.arrive(3..7);
        r.arrive(next..next + 1);
        assert_eq!(r.buffer.insert(next + 3, &[0], &mut r.pool), Err(TooFragmented));
        r.arrive(0..next);
        assert_eq!(r.read(next as usize + 9), pattern(0..next + 1));
    }

    #[test]
    fn pieces_in_any_order_give_the_bytes_once() {
        let mut state = 11_u64;
        let mut r = Receiver::new();
        let mut seen = Vec::new();
        while seen.len() < 60_000 {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            let start = (seen.len() as u64 + (state >> 33) % 20_000).saturating_sub(6_000);
            r.arrive(start..start + (state >> 50) % 3_000);
            seen.extend(r.read((state >> 20) as usize % 5_000));
        }
        assert_eq!(seen, pattern(0..seen.len() as u64));
    }
}
