//! The dynamic table (RFC 9204 section 3.2), as both ends keep it.

use std::collections::VecDeque;

use super::field::entry_size;

/// Entries by absolute index: the first one ever inserted has index 0. Each has a note of type `N`
/// for the end that keeps the table.
///
/// The texts of all entries lie in one buffer, the oldest first, behind what evicted ones left
/// there; so a table that turns over allocates nothing.
#[derive(Debug)]
pub struct DynamicTable<N = ()> {
    entries: VecDeque<Entry<N>>,
    text: Vec<u8>,
    /// Where the text of the oldest entry begins.
    head: usize,
    /// How many bytes were cut off the front of the text: entries count from the first byte ever,
    /// and wrap.
    cut: usize,
    /// How many entries were evicted: the index of the oldest one left.
    evicted: u64,
    size: u64,
    capacity: u64,
}

#[derive(Debug)]
struct Entry<N> {
    begin: usize,
    name_len: usize,
    value_len: usize,
    note: N,
}

impl<N> Entry<N> {
    fn size(&self) -> u64 {
        entry_size(self.name_len, self.value_len)
    }
}

impl<N> Default for DynamicTable<N> {
    fn default() -> Self {
        Self {
            entries: VecDeque::new(),
            text: Vec::new(),
            head: 0,
            cut: 0,
            evicted: 0,
            size: 0,
            capacity: 0,
        }
    }
}

impl<N> DynamicTable<N> {
    /// How many entries were ever inserted.
    #[inline]
    pub fn insert_count(&self) -> u64 {
        self.evicted + self.entries.len() as u64
    }

    /// How many of them were evicted.
    pub fn evicted(&self) -> u64 {
        self.evicted
    }

    /// The capacity in bytes.
    #[inline]
    pub fn capacity(&self) -> u64 {
        self.capacity
    }

    /// How many bytes can be inserted before anything is evicted.
    #[inline]
    pub fn free(&self) -> u64 {
        self.capacity - self.size
    }

    /// Name and value of the entry with an absolute index, unless it was evicted or not inserted
    /// yet.
    #[inline]
    pub fn get(&self, index: u64) -> Option<(&[u8], &[u8])> {
        let (text, name_len) = self.line(index)?;
        Some(text.split_at(name_len))
    }

    /// The same in one piece, and the length of the name.
    #[inline]
    pub fn line(&self, index: u64) -> Option<(&[u8], usize)> {
        let entry = self.entries.get(self.place(index)?)?;
        let begin = entry.begin.wrapping_sub(self.cut);
        Some((&self.text[begin..begin + entry.name_len + entry.value_len], entry.name_len))
    }

    /// The note of the entry with this index, if it has this name and this value.
    #[inline]
    pub fn matching(&mut self, index: u64, name: &[u8], value: &[u8]) -> Option<&mut N> {
        let place = self.place(index)?;
        let entry = self.entries.get_mut(place)?;
        if entry.name_len != name.len() || entry.value_len != value.len() {
            return None;
        }
        let begin = entry.begin.wrapping_sub(self.cut);
        let (same, rest) = self.text[begin..].split_at(name.len());
        (same == name && rest[..value.len()] == *value).then_some(&mut entry.note)
    }

    /// The note of an entry.
    #[inline]
    pub fn note(&self, index: u64) -> Option<&N> {
        self.entries.get(self.place(index)?).map(|entry| &entry.note)
    }

    /// The same, to be changed.
    #[inline]
    pub fn note_mut(&mut self, index: u64) -> Option<&mut N> {
        let place = self.place(index)?;
        self.entries.get_mut(place).map(|entry| &mut entry.note)
    }

    /// Index, size and note of each entry, from the oldest to the newest.
    pub fn oldest_first(&self) -> impl Iterator<Item = (u64, u64, &N)> {
        (self.evicted..).zip(&self.entries).map(|(index, entry)| (index, entry.size(), &entry.note))
    }

    #[inline]
    fn place(&self, index: u64) -> Option<usize> {
        usize::try_from(index.checked_sub(self.evicted)?).ok()
    }

    /// Changes the capacity; what no longer fits is evicted, the oldest first.
    pub fn set_capacity(&mut self, capacity: u64) {
        self.capacity = capacity;
        self.make_room(0);
        if capacity == 0 {
            self.text = Vec::new();
            (self.head, self.cut) = (0, 0);
        }
    }

    /// Inserts an entry behind the others; the oldest ones make room. Returns false, and changes
    /// nothing, if it is larger than the capacity.
    pub fn insert(&mut self, name: &[u8], value: &[u8], note: N) -> bool {
        let begin = self.draft();
        self.text.extend_from_slice(name);
        self.text.extend_from_slice(value);
        self.finish(begin, name.len(), note)
    }

    /// Inserts a copy of the entry with this index. The copy survives when making room for it
    /// evicts its source (RFC 9204 section 3.2.2).
    pub fn duplicate(&mut self, index: u64, note: N) -> bool {
        let begin = self.draft();
        let Some(entry) = self.place(index).and_then(|place| self.entries.get(place)) else {
            return false;
        };
        let (from, name_len) = (entry.begin.wrapping_sub(self.cut), entry.name_len);
        self.text.extend_from_within(from..from + name_len + entry.value_len);
        self.finish(begin, name_len, note)
    }

    /// Begins an entry whose text is then appended to [`Self::text_mut`]; returns where it begins.
    /// It is inserted by [`Self::finish`] or given up with [`Self::abandon`].
    #[inline]
    pub fn draft(&mut self) -> usize {
        let len = self.text.len();
        // What evicted entries left is cut off when it is as much as what is alive: the copying
        // costs no more than the insertions did.
        if self.head > 0 && self.head >= len - self.head {
            self.text.copy_within(self.head.., 0);
            self.text.truncate(len - self.head);
            self.cut = self.cut.wrapping_add(self.head);
            self.head = 0;
        }
        self.text.len()
    }

    /// The text; a draft is its end.
    #[inline]
    pub fn text_mut(&mut self) -> &mut Vec<u8> {
        &mut self.text
    }

    /// Appends the name of an entry to a draft. Returns its length, or `None` if there is no such
    /// entry.
    pub fn append_name(&mut self, index: u64) -> Option<usize> {
        let entry = self.entries.get(self.place(index)?)?;
        let (from, len) = (entry.begin.wrapping_sub(self.cut), entry.name_len);
        self.text.extend_from_within(from..from + len);
        Some(len)
    }

    /// Removes a draft.
    pub fn abandon(&mut self, begin: usize) {
        self.text.truncate(begin);
    }

    /// Inserts the draft that begins at `begin` and whose name has `name_len` bytes; as
    /// [`Self::insert`].
    pub fn finish(&mut self, begin: usize, name_len: usize, note: N) -> bool {
        let value_len = self.text.len() - begin - name_len;
        let size = entry_size(name_len, value_len);
        if size > self.capacity {
            self.abandon(begin);
            return false;
        }
        self.make_room(size);
        let begin = begin.wrapping_add(self.cut);
        self.entries.push_back(Entry { begin, name_len, value_len, note });
        self.size += size;
        true
    }

    fn make_room(&mut self, size: u64) {
        while self.size + size > self.capacity {
            let Some(oldest) = self.entries.pop_front() else { return };
            self.size -= oldest.size();
            self.head += oldest.name_len + oldest.value_len;
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
            assert!(table.insert(b"n", value, ()));
        }
        // An entry has 34 bytes (RFC 9204 section 3.2.1).
        assert_eq!((table.insert_count(), table.free()), (4, 32));
        assert!(table.get(1).is_none() && table.get(4).is_none());
        assert_eq!(table.get(2), Some((&b"n"[..], &b"3"[..])));
    }

    #[test]
    fn an_entry_larger_than_the_capacity_changes_nothing() {
        let mut table = table(40);
        assert!(table.insert(b"name", b"abcd", ()));
        assert!(!table.insert(b"name", b"abcde", ()));
        assert_eq!(table.insert_count(), 1);
        assert_eq!(table.get(0), Some((&b"name"[..], &b"abcd"[..])));
    }

    #[test]
    fn a_smaller_capacity_evicts() {
        let mut table = table(200);
        for _ in 0..5 {
            assert!(table.insert(b"n", b"v", ()));
        }
        table.set_capacity(40);
        assert!(table.get(3).is_none() && table.get(4).is_some());
        table.set_capacity(0);
        assert_eq!((table.insert_count(), table.free()), (5, 0));
        table.set_capacity(100);
        assert!(table.insert(b"n", b"w", ()));
        assert_eq!(table.get(5), Some((&b"n"[..], &b"w"[..])));
    }

    #[test]
    fn a_copy_survives_its_source() {
        let mut table = table(40);
        assert!(table.insert(b"name", b"abcd", ()));
        for index in 0..100 {
            assert!(table.duplicate(index, ()));
            assert!(table.get(index).is_none());
            assert_eq!(table.get(index + 1), Some((&b"name"[..], &b"abcd"[..])));
        }
        assert!(!table.duplicate(7, ()));
    }

    #[test]
    fn a_table_that_turns_over_keeps_its_memory() {
        let mut table = table(1000);
        for round in 0..10_000_u64 {
            let value = vec![b'0' + (round % 10) as u8; (round * 7 % 200) as usize];
            assert!(table.insert(b"name", &value, ()));
            assert_eq!(table.get(round).unwrap().1, value);
            let oldest = table.oldest_first().next().unwrap().0;
            assert_eq!(table.get(oldest).unwrap().1.len() as u64, oldest * 7 % 200);
        }
        assert!(table.text.capacity() <= 4096 && table.entries.capacity() <= 64);
    }
}
