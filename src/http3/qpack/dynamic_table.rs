//! The dynamic table (RFC 9204 section 3.2), as both ends keep it.

use std::collections::VecDeque;

use super::field::entry_size;

/// Entries by absolute index: the first one ever inserted has index 0.
#[derive(Debug, Default)]
pub struct DynamicTable {
    entries: VecDeque<Entry>,
    /// How many entries were evicted: the index of the oldest one left.
    evicted: u64,
    size: u64,
    capacity: u64,
}

/// One entry.
#[derive(Debug)]
pub struct Entry {
    text: Box<[u8]>,
    name_len: usize,
    /// Field sections that refer to it and are not acknowledged (encoder only).
    pub references: u32,
}

impl Entry {
    /// The name.
    #[inline]
    pub fn name(&self) -> &[u8] {
        &self.text[..self.name_len]
    }

    /// The value.
    #[inline]
    pub fn value(&self) -> &[u8] {
        &self.text[self.name_len..]
    }

    fn size(&self) -> u64 {
        entry_size(self.name_len, self.text.len() - self.name_len)
    }
}

impl DynamicTable {
    /// How many entries were ever inserted.
    #[inline]
    pub fn insert_count(&self) -> u64 {
        self.evicted + self.entries.len() as u64
    }

    /// The capacity in bytes.
    pub fn capacity(&self) -> u64 {
        self.capacity
    }

    /// The size of all entries in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The entry with an absolute index, unless it was evicted or not inserted yet.
    #[inline]
    pub fn get(&self, index: u64) -> Option<&Entry> {
        let place = usize::try_from(index.checked_sub(self.evicted)?).ok()?;
        self.entries.get(place)
    }

    /// The same, to be changed.
    #[inline]
    pub fn get_mut(&mut self, index: u64) -> Option<&mut Entry> {
        let place = usize::try_from(index.checked_sub(self.evicted)?).ok()?;
        self.entries.get_mut(place)
    }

    /// Changes the capacity; what no longer fits is evicted, the oldest first.
    pub fn set_capacity(&mut self, capacity: u64) {
        self.capacity = capacity;
        self.make_room(0);
    }

    /// Inserts an entry behind the others; the oldest ones make room. Returns false, and changes
    /// nothing, if it is larger than the capacity. The text is the caller's own: it survives when
    /// the entry it was copied from is evicted (RFC 9204 section 3.2.2).
    pub fn insert(&mut self, name: &[u8], value: &[u8]) -> bool {
        let size = entry_size(name.len(), value.len());
        if size > self.capacity {
            return false;
        }
        let mut text = Vec::with_capacity(name.len() + value.len());
        text.extend_from_slice(name);
        text.extend_from_slice(value);
        self.make_room(size);
        self.entries.push_back(Entry {
            text: text.into_boxed_slice(),
            name_len: name.len(),
            references: 0,
        });
        self.size += size;
        true
    }

    /// True if evicting nothing but entries that `may_go` gives up makes room for `size` bytes.
    pub fn has_room(&self, size: u64, may_go: impl Fn(u64, &Entry) -> bool) -> bool {
        if size > self.capacity {
            return false;
        }
        let mut free = self.capacity - self.size;
        for (index, entry) in (self.evicted..).zip(&self.entries) {
            if free >= size {
                return true;
            }
            if !may_go(index, entry) {
                return false;
            }
            free += entry.size();
        }
        free >= size
    }

    /// The index of the oldest entry that stays when `bytes` more are inserted.
    pub fn draining_end(&self, bytes: u64) -> u64 {
        let mut free = self.capacity - self.size;
        let mut index = self.evicted;
        for entry in &self.entries {
            if free >= bytes {
                break;
            }
            free += entry.size();
            index += 1;
        }
        index
    }

    fn make_room(&mut self, size: u64) {
        while self.size + size > self.capacity {
            let Some(oldest) = self.entries.pop_front() else { return };
            self.size -= oldest.size();
            self.evicted += 1;
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn table(capacity: u64) -> DynamicTable {
        let mut table = DynamicTable::default();
        table.set_capacity(capacity);
        table
    }

    #[test]
    fn indexes_go_on_while_the_oldest_entries_leave() {
        let mut table = table(100);
        for value in [b"1", b"2", b"3", b"4"] {
            assert!(table.insert(b"n", value));
        }
        // An entry has 34 bytes (RFC 9204 section 3.2.1).
        assert_eq!((table.insert_count(), table.size()), (4, 68));
        assert!(table.get(1).is_none() && table.get(4).is_none());
        assert_eq!(table.get(2).unwrap().value(), b"3");
    }

    #[test]
    fn an_entry_larger_than_the_capacity_changes_nothing() {
        let mut table = table(40);
        assert!(table.insert(b"name", b"abcd"));
        assert!(!table.insert(b"name", b"abcde"));
        assert_eq!(table.insert_count(), 1);
        assert_eq!(table.get(0).unwrap().name(), b"name");
    }

    #[test]
    fn a_smaller_capacity_evicts() {
        let mut table = table(200);
        for _ in 0..5 {
            assert!(table.insert(b"n", b"v"));
        }
        table.set_capacity(40);
        assert!(table.get(3).is_none() && table.get(4).is_some());
        table.set_capacity(0);
        assert_eq!((table.insert_count(), table.size()), (5, 0));
    }

    #[test]
    fn room_is_made_of_entries_that_may_go_only() {
        let mut table = table(102);
        for _ in 0..3 {
            assert!(table.insert(b"n", b"v"));
        }
        assert!(table.has_room(34, |index, _| index == 0));
        assert!(!table.has_room(35, |index, _| index == 0));
        assert!(!table.has_room(103, |_, _| true));
        assert_eq!(table.draining_end(34), 1);
        assert_eq!(table.draining_end(35), 2);
    }
}
