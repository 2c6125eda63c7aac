//! What the encoder remembers of fields: where in the table they are, and how often they came.

use std::hash::{BuildHasher, Hasher};

use foldhash::fast::FixedState;

use super::field::Field;

/// Buckets for fields and for names; powers of two. A table of the usual size has fewer entries
/// than there are slots.
const FIELD_BUCKETS: usize = 128;
const NAME_BUCKETS: usize = 32;

/// Slots that a hash may take.
const WAYS: usize = 4;

/// A count halves with each age; an age has one sighting for so many bytes of the table, but not
/// fewer than [`SHORTEST_AGE`].
const BYTES_PER_SIGHTING: u64 = 16;
const SHORTEST_AGE: u64 = 1 << 8;

/// Fields and names by hash, in a bounded space: what comes often displaces what came once. What is
/// lost this way costs a few bytes and no more.
#[derive(Debug, Default)]
pub struct Index {
    fields: Vec<Bucket>,
    names: Vec<Bucket>,
    sightings: u32,
    /// So many sightings make an age, as a power of two.
    age_bits: u32,
}

type Bucket = [Slot; WAYS];

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    /// The upper half of the hash.
    tag: u32,
    /// The age when it was counted last.
    age: u16,
    count: u16,
    /// Of a name: how often its value was one that had come before.
    repeats: u16,
    /// Index of the newest entry plus one; 0 if there was none.
    entry: u32,
}

/// How many entries can be told apart.
pub const MAX_ENTRIES: u64 = u32::MAX as u64;

/// The hashes of a field: by name and value, and by the name alone.
#[derive(Clone, Copy, Debug)]
pub struct Hashes {
    field: u64,
    name: u64,
}

/// What is known of a field or a name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sighting {
    /// How often it came of late, this time included.
    pub count: u16,
    /// Of a name: how many of these times the value was a known one.
    pub repeats: u16,
    /// The newest entry that was made of it, if it is still in the table.
    pub entry: Option<u64>,
}

impl Hashes {
    /// Hashes a field. Peers do not choose what we encode, and a slot is a slot: the hash needs no
    /// secret.
    #[inline]
    pub fn new(field: &Field<'_>) -> Self {
        let mut hasher = FixedState::default().build_hasher();
        hasher.write(field.name);
        let name = hasher.finish();
        hasher.write(field.value);
        Self { field: hasher.finish(), name }
    }
}

impl Index {
    /// Adapts how long things are remembered to the capacity of the table.
    pub fn set_capacity(&mut self, capacity: u64) {
        let age = (capacity / BYTES_PER_SIGHTING).clamp(SHORTEST_AGE, 1 << 16);
        self.age_bits = age.ilog2();
    }

    /// A connection without fields to remember needs no memory for them.
    #[cold]
    fn make_ready(&mut self) {
        self.fields = vec![Bucket::default(); FIELD_BUCKETS];
        self.names = vec![Bucket::default(); NAME_BUCKETS];
    }

    /// Counts a field.
    #[inline]
    pub fn sight_field(&mut self, hashes: Hashes) -> Sighting {
        if self.fields.is_empty() {
            self.make_ready();
        }
        self.sightings = self.sightings.wrapping_add(1);
        let age = self.age();
        sight(&mut self.fields[hashes.field as usize % FIELD_BUCKETS], hashes.field, age).seen()
    }

    /// Counts a name whose field is not in the table; `repeated` if that field came before.
    pub fn sight_name(&mut self, hashes: Hashes, repeated: bool) -> Sighting {
        if self.fields.is_empty() {
            self.make_ready();
        }
        let age = self.age();
        let slot = sight(&mut self.names[hashes.name as usize % NAME_BUCKETS], hashes.name, age);
        slot.repeats = slot.repeats.saturating_add(u16::from(repeated));
        slot.seen()
    }

    /// A field with this name, which was new when it was inserted, came again.
    pub fn name_repeated(&mut self, hashes: Hashes) {
        let bucket = &mut self.names[hashes.name as usize % NAME_BUCKETS];
        let tag = (hashes.name >> 32) as u32;
        if let Some(slot) = bucket.iter_mut().find(|slot| slot.tag == tag) {
            slot.repeats = slot.repeats.saturating_add(1);
        }
    }

    /// What is known of a field.
    pub fn field(&self, hashes: Hashes) -> Sighting {
        recall(&self.fields, FIELD_BUCKETS, hashes.field, self.age())
    }

    /// What is known of a name.
    pub fn name(&self, hashes: Hashes) -> Sighting {
        recall(&self.names, NAME_BUCKETS, hashes.name, self.age())
    }

    /// Notes that a field was inserted.
    pub fn place_field(&mut self, hashes: Hashes, index: u64) {
        let age = self.age();
        let bucket = &mut self.fields[hashes.field as usize % FIELD_BUCKETS];
        place(bucket, hashes.field, age, index);
    }

    /// Notes that an entry has this name.
    pub fn place_name(&mut self, hashes: Hashes, index: u64) {
        let age = self.age();
        let bucket = &mut self.names[hashes.name as usize % NAME_BUCKETS];
        place(bucket, hashes.name, age, index);
    }

    fn age(&self) -> u16 {
        (self.sightings >> self.age_bits) as u16
    }
}

impl Slot {
    /// The count, less what is past.
    fn aged(&self, age: u16) -> u16 {
        self.count.checked_shr(age.wrapping_sub(self.age).into()).unwrap_or(0)
    }

    #[inline]
    fn make_older(&mut self, age: u16) {
        if self.age != age {
            let ages = u32::from(age.wrapping_sub(self.age));
            self.count = self.count.checked_shr(ages).unwrap_or(0);
            self.repeats = self.repeats.checked_shr(ages).unwrap_or(0);
            self.age = age;
        }
    }

    #[inline]
    fn seen(&self) -> Sighting {
        Sighting {
            count: self.count,
            repeats: self.repeats,
            entry: self.entry.checked_sub(1).map(u64::from),
        }
    }
}

/// Counts one more sighting; a hash that is not there takes the slot that is worth least.
#[inline]
fn sight(bucket: &mut Bucket, hash: u64, age: u16) -> &mut Slot {
    let tag = (hash >> 32) as u32;
    let place = match bucket.iter().position(|slot| slot.tag == tag && slot.count > 0) {
        Some(place) => place,
        None => make_place(bucket, tag, age),
    };
    let slot = &mut bucket[place];
    slot.make_older(age);
    slot.count = slot.count.saturating_add(1);
    slot
}

fn make_place(bucket: &mut Bucket, tag: u32, age: u16) -> usize {
    let place = least(bucket, age);
    bucket[place] = Slot { tag, age, ..Slot::default() };
    place
}

fn least(bucket: &Bucket, age: u16) -> usize {
    let worth = |slot: &Slot| (slot.aged(age), slot.entry);
    (0..WAYS).min_by_key(|place| worth(&bucket[*place])).unwrap_or(0)
}

fn recall(slots: &[Bucket], buckets: usize, hash: u64, age: u16) -> Sighting {
    let tag = (hash >> 32) as u32;
    let bucket = slots.get(hash as usize % buckets);
    let slot = bucket.into_iter().flatten().find(|slot| slot.tag == tag && slot.count > 0);
    slot.map_or(Sighting::default(), |slot| {
        let mut slot = *slot;
        slot.make_older(age);
        slot.seen()
    })
}

fn place(bucket: &mut Bucket, hash: u64, age: u16, index: u64) {
    let tag = (hash >> 32) as u32;
    let place = match bucket.iter().position(|slot| slot.tag == tag && slot.count > 0) {
        Some(place) => place,
        None => make_place(bucket, tag, age),
    };
    let slot = &mut bucket[place];
    slot.count = slot.count.max(1);
    slot.entry = (index + 1) as u32;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(capacity: u64) -> Index {
        let mut index = Index::default();
        index.set_capacity(capacity);
        index
    }

    fn hashes(value: u32) -> Hashes {
        Hashes::new(&Field::new(b"x-a", &value.to_be_bytes()))
    }

    #[test]
    fn what_comes_again_is_counted_and_found_where_it_was_put() {
        let mut index = index(4096);
        assert_eq!(index.sight_field(hashes(1)).count, 1);
        index.place_field(hashes(1), 7);
        index.place_name(hashes(1), 7);
        let seen = index.sight_field(hashes(1));
        assert_eq!((seen.count, seen.entry), (2, Some(7)));
        assert_eq!(index.sight_field(hashes(2)), Sighting { count: 1, ..Sighting::default() });
        // The name is the same.
        assert_eq!(index.name(hashes(2)).entry, Some(7));
        index.name_repeated(hashes(2));
        assert_eq!(index.sight_name(hashes(3), true).repeats, 2);
    }

    #[test]
    fn what_came_once_does_not_displace_what_came_often() {
        let mut index = index(1 << 20);
        for _ in 0..3 {
            index.sight_field(hashes(0));
        }
        index.place_field(hashes(0), 5);
        for value in 1..10_000 {
            index.sight_field(hashes(value));
        }
        assert_eq!(index.field(hashes(0)), Sighting { count: 3, repeats: 0, entry: Some(5) });
    }

    #[test]
    fn counts_fade() {
        let mut index = index(0);
        for _ in 0..8 {
            index.sight_field(hashes(0));
        }
        for value in 0..SHORTEST_AGE as u32 * 2 {
            index.sight_field(hashes(1 + value % 2));
        }
        assert_eq!(index.field(hashes(0)).count, 2);
        assert_eq!(index.sight_field(hashes(0)).count, 3);
    }
}
