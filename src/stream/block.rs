//! Fixed blocks of memory for stream data, and the pool that hands them out last-in first-out.

use std::ops::Range;

/// Bytes in one block. A power of two, so that an offset splits into block and position by shifts.
pub const BLOCK_SIZE: usize = 4096;

/// Free blocks a pool keeps at most. A busy connection takes and gives as many as its window
/// moves by, and an allocator call for each would show; one at rest calls [`BlockPool::release`].
const KEPT: usize = 2048;

/// One block of stream data. What was never written is never touched: filling fresh memory with
/// zeros first would cost more than writing the data.
#[derive(Debug, Default)]
pub(super) struct Block(Vec<u8>);

impl Block {
    /// Writes `data` at `at`, which together reach no further than [`BLOCK_SIZE`].
    #[inline]
    pub(super) fn write(&mut self, at: usize, data: &[u8]) {
        let end = at + data.len();
        debug_assert!(end <= BLOCK_SIZE);
        if let Some(place) = self.0.get_mut(at..end) {
            return place.copy_from_slice(data);
        }
        // Shortened if the data reaches past the end, lengthened if it begins behind it.
        self.0.resize(at, 0);
        self.0.extend_from_slice(data);
    }

    /// The bytes of `range`, all of which were written.
    #[inline]
    pub(super) fn bytes(&self, range: Range<usize>) -> &[u8] {
        self.0.get(range).unwrap_or_default()
    }
}

/// A stack of free blocks: the block given back last is the one still in the cache.
#[derive(Debug, Default)]
pub struct BlockPool {
    free: Vec<Block>,
    in_use: usize,
}

impl BlockPool {
    /// An empty pool; memory is taken when the first block is asked for.
    pub const fn new() -> Self {
        Self { free: Vec::new(), in_use: 0 }
    }

    /// How many blocks are handed out.
    pub const fn in_use(&self) -> usize {
        self.in_use
    }

    /// How many blocks wait for use.
    pub fn free(&self) -> usize {
        self.free.len()
    }

    /// Gives all free blocks back to the allocator.
    pub fn release(&mut self) {
        self.free = Vec::new();
    }

    #[inline]
    pub(super) fn take(&mut self) -> Block {
        self.in_use += 1;
        self.free.pop().unwrap_or_else(new_block)
    }

    #[inline]
    pub(super) fn give(&mut self, block: Block) {
        self.in_use = self.in_use.saturating_sub(1);
        if self.free.len() < KEPT {
            self.free.push(block);
        }
    }
}

#[cold]
fn new_block() -> Block {
    Block(Vec::with_capacity(BLOCK_SIZE))
}

/// Where `offset` lies within its block.
#[inline]
pub(super) const fn position(offset: u64) -> usize {
    (offset % BLOCK_SIZE as u64) as usize
}

/// The offset of the first byte of the block that holds `offset`.
#[inline]
pub(super) const fn block_start(offset: u64) -> u64 {
    offset - offset % BLOCK_SIZE as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_block_given_back_last_is_handed_out_first() {
        let mut pool = BlockPool::new();
        let (a, mut b) = (pool.take(), pool.take());
        b.write(0, &[7]);
        pool.give(a);
        let c = pool.take();
        pool.give(b);
        assert_eq!(pool.take().bytes(0..1), [7]);
        assert_eq!(pool.in_use(), 2);
        drop(c);
    }

    #[test]
    fn pieces_are_written_in_any_order_and_over_each_other() {
        let mut block = BlockPool::new().take();
        block.write(10, b"cd");
        block.write(8, b"ab");
        block.write(11, b"DEF");
        assert_eq!(block.bytes(8..14), b"abcDEF");
        block.write(BLOCK_SIZE - 2, b"yz");
        assert_eq!(block.bytes(BLOCK_SIZE - 2..BLOCK_SIZE), b"yz");
        assert_eq!(block.bytes(8..14), b"abcDEF");
    }

    #[test]
    fn a_pool_keeps_so_many_blocks_and_a_released_one_none() {
        let mut pool = BlockPool::new();
        let blocks: Vec<_> = (0..KEPT + 100).map(|_| pool.take()).collect();
        for block in blocks {
            pool.give(block);
        }
        assert_eq!((pool.in_use(), pool.free()), (0, KEPT));
        pool.release();
        assert_eq!(pool.free(), 0);
    }
}
