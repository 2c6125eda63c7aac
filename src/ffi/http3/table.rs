//! The cells of a connection's streams, found by key.

use std::cell::{Cell, RefCell};

use crate::stream::StreamKey;

/// Something that belongs to a stream.
pub(in crate::ffi) trait Keyed {
    /// The stream's key.
    fn key(&self) -> StreamKey;

    /// The stream's ID.
    fn id(&self) -> u64;
}

/// Room that an empty table keeps.
const ROOM_KEPT: usize = 64;

/// The cells that the host knows, at the slots of their keys.
pub(in crate::ffi) struct Table<C> {
    cells: RefCell<Vec<Option<Box<C>>>>,
    count: Cell<usize>,
}

impl<C> Default for Table<C> {
    fn default() -> Self {
        Self { cells: RefCell::new(Vec::new()), count: Cell::new(0) }
    }
}

impl<C: Keyed> Table<C> {
    /// The cell of a stream. The reference is good while a call of the C API is on the stack: a
    /// cell that leaves the table has to be kept until the outermost call returns.
    #[inline]
    pub fn get(&self, key: StreamKey) -> Option<&C> {
        let cells = self.cells.borrow();
        let cell = cells.get(key.slot() as usize)?.as_deref()?;
        if cell.key() != key {
            return None;
        }
        // SAFETY: the cell is boxed, so its address does not change when the table grows, and the
        // box is kept as said above.
        Some(unsafe { &*std::ptr::from_ref(cell) })
    }

    /// Adds a cell. Its address stays the same until it is removed.
    pub fn add(&self, cell: Box<C>) -> &C {
        let address = std::ptr::from_ref(&*cell);
        let slot = cell.key().slot() as usize;
        let mut cells = self.cells.borrow_mut();
        if cells.len() <= slot {
            cells.resize_with(slot + 1, || None);
        }
        debug_assert!(cells[slot].is_none(), "a cell leaves before its key");
        cells[slot] = Some(cell);
        self.count.set(self.count.get() + 1);
        // SAFETY: as in `get`.
        unsafe { &*address }
    }

    /// Takes a cell out, to be kept until no call can hold it any more.
    pub fn remove(&self, key: StreamKey) -> Option<Box<C>> {
        let mut cells = self.cells.borrow_mut();
        let cell = cells.get_mut(key.slot() as usize)?.take_if(|cell| cell.key() == key)?;
        self.count.set(self.count.get() - 1);
        if self.count.get() == 0 && cells.capacity() > ROOM_KEPT {
            *cells = Vec::new();
        }
        Some(cell)
    }

    /// IDs and keys of all cells.
    pub fn names(&self) -> Vec<(u64, StreamKey)> {
        self.cells.borrow().iter().flatten().map(|cell| (cell.id(), cell.key())).collect()
    }
}
