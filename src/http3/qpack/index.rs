//! Finds fields in the encoder's table, and decides what is worth a place there.

use std::hash::{BuildHasher, Hasher};

use foldhash::fast::FixedState;

use super::dynamic_table::DynamicTable;
use super::field::Field;

/// Slots of each map, a power of two: a few times as many as a table of the usual size has entries.
const SLOTS: usize = 512;

/// Fields that are remembered although they were not inserted.
const HISTORY: usize = 64;

/// Where fields and names were last inserted, by hash. Newer ones take the slots of older ones: what
/// is lost this way costs a few bytes and no more.
#[derive(Debug, Default)]
pub struct Index {
    /// Index of an entry plus one, by the hash of name and value; 0 if there is none.
    fields: Vec<u64>,
    /// The same by the hash of the name.
    names: Vec<u64>,
    /// Hashes of fields that were seen once, in a ring.
    history: Vec<u32>,
    next: usize,
}

/// What the table has of a field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// An entry with the same name and value.
    pub field: Option<u64>,
    /// An entry with the same name.
    pub name: Option<u64>,
}

impl Index {
    /// Looks a field up.
    #[inline]
    pub fn find(&self, table: &DynamicTable, field: &Field<'_>) -> Found {
        if self.fields.is_empty() {
            return Found::default();
        }
        let (field_hash, name_hash) = hashes(field);
        let entry_at = |slots: &[u64], hash: u64| {
            let index = slots[hash as usize % SLOTS].checked_sub(1)?;
            table.get(index).map(|entry| (index, entry))
        };
        let same = entry_at(&self.fields, field_hash)
            .filter(|(_, entry)| entry.name() == field.name && entry.value() == field.value);
        let name = entry_at(&self.names, name_hash).filter(|(_, entry)| entry.name() == field.name);
        Found { field: same.map(|(index, _)| index), name: name.map(|(index, _)| index) }
    }

    /// Notes an entry that was inserted.
    pub fn add(&mut self, field: &Field<'_>, index: u64) {
        if self.fields.is_empty() {
            self.fields = vec![0; SLOTS];
            self.names = vec![0; SLOTS];
        }
        let (field_hash, name_hash) = hashes(field);
        self.fields[field_hash as usize % SLOTS] = index + 1;
        self.names[name_hash as usize % SLOTS] = index + 1;
    }

    /// True if a field is likely to come again: it did before, or there is room anyway.
    pub fn is_worth_inserting(&mut self, field: &Field<'_>, free: u64, capacity: u64) -> bool {
        if field.size() > capacity / 2 {
            return false;
        }
        let hash = hashes(field).0 as u32;
        if self.history.contains(&hash) {
            return true;
        }
        if self.history.len() < HISTORY {
            self.history.push(hash);
        } else {
            self.history[self.next] = hash;
            self.next = (self.next + 1) % HISTORY;
        }
        !is_volatile(field.name) && field.size() <= free
    }
}

/// Names whose values seldom come again.
fn is_volatile(name: &[u8]) -> bool {
    matches!(
        name,
        b":path"
            | b"age"
            | b"content-length"
            | b"content-range"
            | b"date"
            | b"etag"
            | b"expires"
            | b"if-modified-since"
            | b"if-none-match"
            | b"last-modified"
            | b"location"
            | b"range"
            | b"set-cookie"
    )
}

/// The hash of name and value, and that of the name. Peers do not choose what we encode, and a slot
/// is a slot: the hash needs no secret.
#[inline]
fn hashes(field: &Field<'_>) -> (u64, u64) {
    let mut hasher = FixedState::default().build_hasher();
    hasher.write(field.name);
    let name = hasher.finish();
    hasher.write(field.value);
    (hasher.finish(), name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table_with(fields: &[Field<'_>]) -> (DynamicTable, Index) {
        let (mut table, mut index) = (DynamicTable::default(), Index::default());
        table.set_capacity(1000);
        for field in fields {
            index.add(field, table.insert_count());
            assert!(table.insert(field.name, field.value));
        }
        (table, index)
    }

    #[test]
    fn the_newest_entry_is_found_until_it_is_evicted() {
        let field = Field::new(b"x-a", b"1");
        let (mut table, index) = table_with(&[field, field, Field::new(b"x-a", b"2")]);
        assert_eq!(index.find(&table, &field), Found { field: Some(1), name: Some(2) });
        let other = Field::new(b"x-a", b"3");
        assert_eq!(index.find(&table, &other), Found { field: None, name: Some(2) });
        assert_eq!(index.find(&table, &Field::new(b"x-b", b"1")), Found::default());
        table.set_capacity(0);
        assert_eq!(index.find(&table, &field), Found::default());
    }

    #[test]
    fn what_changes_each_time_is_inserted_when_it_comes_again() {
        let mut index = Index::default();
        let date = Field::new(b"date", b"Mon");
        assert!(!index.is_worth_inserting(&date, 4096, 4096));
        assert!(index.is_worth_inserting(&date, 4096, 4096));
        assert!(index.is_worth_inserting(&Field::new(b"x-a", b"1"), 4096, 4096));
        // It would push out others.
        assert!(!index.is_worth_inserting(&Field::new(b"x-b", b"1"), 10, 4096));
        assert!(index.is_worth_inserting(&Field::new(b"x-b", b"1"), 10, 4096));
        assert!(!index.is_worth_inserting(&Field::new(b"x-c", &[b'1'; 3000]), 4096, 4096));
    }
}
