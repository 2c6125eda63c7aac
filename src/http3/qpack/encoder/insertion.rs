//! What is put into the table, and what makes room for it (RFC 9204 section 2.1.1).
//!
//! A field is worth what it saves each time it comes, times how often it came of late. One that is
//! not in the table gets a place if the entries that have to go for it are worth less by the byte.
//! Entries among them that are worth more move to the other end of the table: they are duplicated,
//! which costs a byte or two.

use smallvec::SmallVec;

use super::{Encoder, Note, References};
use crate::http3::qpack::field::{entry_size, Field};
use crate::http3::qpack::huffman;
use crate::http3::qpack::index::{self, Hashes, Sighting};
use crate::http3::qpack::prefix_int;
use crate::http3::qpack::static_table::StaticMatch;
use crate::http3::qpack::string;

/// Entries in the oldest part of the table, one in so many bytes, are the next to go.
const DRAINING_PART: u64 = 12;

/// The same, for sections that cannot refer to what they insert: an entry has to be copied while it
/// and its copy both have room. So much of the table is also kept from mere guesses.
const GUARDED_PART: u64 = 4;

/// Bytes of insertions that a decoder gets which never answered and whose streams may not wait, about
/// what a host and a user agent take. Without an answer nothing will ever refer to them.
const FIRST_INVESTMENT: usize = 80;

/// Entries that may be moved to make room for one.
const MAX_MOVED: usize = 8;

/// So many values of a name are inserted before it is judged by what became of them.
const TRIALS: u32 = 4;

/// Something that could be inserted.
struct Candidate {
    size: u64,
    /// Bytes that it would save, if things go on as they did.
    worth: u64,
}

impl Encoder {
    /// The entry to refer to for a field that is in the table at `found`: this one, or a copy where
    /// the one or the other cannot be referred to. An entry that is about to go is copied if there
    /// was need for room of late (RFC 9204 section 2.1.1.1).
    #[inline]
    pub(super) fn usable(&mut self, found: u64, references: &References) -> Option<u64> {
        let mut index = found;
        if self.pressed > 0 && self.pressed + 1 >= self.sections {
            index = self.refresh(found, references).unwrap_or(found);
        }
        if self.may_refer(index, references) {
            return Some(index);
        }
        let source = self.table.note(index)?.source;
        self.table.note(source).filter(|_| self.may_refer(source, references)).map(|_| source)
    }

    fn refresh(&mut self, index: u64, references: &References) -> Option<u64> {
        let (name, value) = self.table.get(index)?;
        let size = entry_size(name.len(), value.len());
        // A section that may not refer to the copy needs the source.
        let (least, part) =
            if references.may_block { (0, DRAINING_PART) } else { (size, GUARDED_PART) };
        if self.room_before(index, least + self.table.capacity() / part)? < least {
            return None;
        }
        let stays = !self.compatible_duplicates || self.table.free() >= size;
        if !self.may_insert() || !stays || !self.has_room(size) {
            return None;
        }
        self.duplicate(index)
    }

    /// What is free, and will be when all entries older than this one are gone, if that is less
    /// than `most`.
    fn room_before(&self, index: u64, most: u64) -> Option<u64> {
        let mut room = self.table.free();
        for (oldest, size, _) in self.table.oldest_first() {
            if oldest >= index || room >= most {
                break;
            }
            room += size;
        }
        (room < most).then_some(room)
    }

    fn may_insert(&self) -> bool {
        let is_countable = self.table.insert_count() + MAX_MOVED as u64 + 1 < index::MAX_ENTRIES;
        self.inserting && is_countable && self.wanted_capacity >= self.table.capacity()
    }

    /// True if an insertion of about `cost` bytes is no risk: the section makes use of it at once,
    /// or the decoder is one that answers. Without its answer nothing could ever refer to it.
    fn may_invest(&self, cost: u32, references: &References) -> bool {
        references.may_block
            || self.known_received > 0
            || self.unanswered + cost as usize <= FIRST_INVESTMENT
    }

    /// Duplicate (RFC 9204 section 4.3.4).
    fn duplicate(&mut self, index: u64) -> Option<u64> {
        let count = self.table.insert_count();
        let note = self.table.note(index)?;
        let hashes = note.hashes;
        let note = Note { references: 0, source: index, ..*note };
        prefix_int::encode(count - 1 - index, 5, 0, &mut self.instructions);
        self.table.duplicate(index, note);
        self.index.place_field(hashes, count);
        self.index.place_name(hashes, count);
        Some(count)
    }

    /// True if evicting entries that nobody needs any more makes room. RFC 9204 section 2.1.1: one
    /// that is referred to, or not yet known to have arrived, stays.
    pub(super) fn has_room(&self, size: u64) -> bool {
        if size > self.table.capacity() {
            return false;
        }
        let mut free = self.table.free();
        for (index, freed, note) in self.table.oldest_first() {
            if free >= size {
                return true;
            }
            if !self.may_go(index, note) {
                return false;
            }
            free += freed;
        }
        free >= size
    }

    fn may_go(&self, index: u64, note: &Note) -> bool {
        note.references == 0 && index < self.known_received
    }

    /// What an entry is worth: the bytes that it would save if things go on as they did.
    fn worth(&self, index: u64, note: &Note) -> u64 {
        let field = self.index.field(note.hashes);
        let mut worth = 0;
        if field.entry == Some(index) {
            worth += u64::from(field.count) * u64::from(note.saving);
        }
        if note.name_saving > 0 {
            let name = self.index.name(note.hashes);
            if name.entry == Some(index) {
                worth += u64::from(name.count) * u64::from(note.name_saving);
            }
        }
        worth
    }

    /// Inserts a field that came for the `count`th time of late, if it is worth it; returns its
    /// index if it can be referred to.
    pub(super) fn consider(
        &mut self,
        field: &Field<'_>,
        known: StaticMatch,
        hashes: Hashes,
        (seen, name): (Sighting, Sighting),
        references: &References,
    ) -> Option<u64> {
        let size = field.size();
        if !self.may_insert() || size > self.table.capacity() {
            return None;
        }
        let has_free = self.table.free() >= size;
        if seen.count < 2 && !self.is_likely_to_repeat(field, name, has_free, references) {
            return None;
        }
        let name_saving = name_saving(field, known);
        let saving = saving(field, name_saving);
        if !self.may_invest(saving, references) {
            return None;
        }
        // A line that may not refer to what was just inserted says it all again.
        let cost = if references.may_block { 2 } else { saving + 2 };
        let worth = (u64::from(seen.count) * u64::from(saving)).saturating_sub(cost.into());
        if !has_free && !self.make_room(&Candidate { size, worth }) {
            return None;
        }
        let index =
            self.insert(field.name, field.value, known, self.note(saving, name_saving, hashes));
        Some(index).filter(|index| self.may_refer(*index, references))
    }

    /// A guess about a field that is new, from what became of others with its name.
    fn is_likely_to_repeat(
        &self,
        field: &Field<'_>,
        name: Sighting,
        has_free: bool,
        references: &References,
    ) -> bool {
        let (count, repeats) = (u32::from(name.count), u32::from(name.repeats));
        if !references.may_block {
            let guarded = self.table.capacity() / GUARDED_PART;
            if self.table.free() < guarded + field.size() {
                return false;
            }
        }
        if is_volatile(field.name) {
            return count >= TRIALS && repeats * 2 > count;
        }
        let factor = if references.may_block { 3 } else { 2 };
        has_free && count < TRIALS || repeats * factor >= count
    }

    /// The entry to take the name from; one with the name alone is inserted if that is worth it.
    pub(super) fn name_for(
        &mut self,
        field: &Field<'_>,
        known: StaticMatch,
        hashes: Hashes,
        sighting: Sighting,
        references: &References,
    ) -> Option<u64> {
        if known != StaticMatch::None {
            return None;
        }
        if let Some(index) = self.entry_named(field.name, hashes) {
            return self.usable(index, references);
        }
        let size = entry_size(field.name.len(), 0);
        if !self.may_insert() || sighting.count < 2 || size > self.table.capacity() {
            return None;
        }
        let name_saving = name_saving(field, known);
        let worth = u64::from(sighting.count) * u64::from(name_saving);
        if !self.may_invest(name_saving, references) || !self.make_room(&Candidate { size, worth })
        {
            return None;
        }
        Some(self.insert(field.name, b"", known, self.note(0, name_saving, hashes)))
    }

    /// Makes room for a candidate if what goes for it is worth less.
    fn make_room(&mut self, candidate: &Candidate) -> bool {
        if self.table.free() >= candidate.size {
            return true;
        }
        self.pressed = self.sections;
        let mut moved: SmallVec<[u64; MAX_MOVED]> = SmallVec::new();
        let mut free = self.table.free();
        for (index, size, note) in self.table.oldest_first() {
            if free >= candidate.size {
                break;
            }
            if !self.may_go(index, note) {
                return false;
            }
            // By the byte.
            if self.worth(index, note).saturating_mul(candidate.size)
                > candidate.worth.saturating_mul(size)
            {
                if moved.len() == MAX_MOVED || self.compatible_duplicates {
                    return false;
                }
                moved.push(index);
            } else {
                free += size;
            }
        }
        if free < candidate.size {
            return false;
        }
        for index in moved {
            self.duplicate(index);
        }
        true
    }

    /// Writes an insertion (RFC 9204 sections 4.3.2 and 4.3.3) and runs it; returns the index.
    fn insert(&mut self, name: &[u8], value: &[u8], known: StaticMatch, note: Note) -> u64 {
        let hashes = note.hashes;
        let count = self.table.insert_count();
        let already = self.instructions.len();
        match (known, self.entry_named(name, hashes)) {
            (StaticMatch::Name(index) | StaticMatch::Field(index), _) => {
                prefix_int::encode(index.into(), 6, 0xc0, &mut self.instructions);
            }
            // It may be one that has to make room; it is referred to as it is now.
            (StaticMatch::None, Some(index)) => {
                prefix_int::encode(count - 1 - index, 6, 0x80, &mut self.instructions);
            }
            (StaticMatch::None, None) => string::encode(name, 5, 0x40, &mut self.instructions),
        }
        string::encode(value, 7, 0, &mut self.instructions);
        if self.known_received == 0 {
            self.unanswered += self.instructions.len() - already;
        }
        if note.saving > 0 {
            self.index.place_field(hashes, count);
        }
        self.index.place_name(hashes, count);
        self.table.insert(name, value, note);
        if self.table.free() < self.table.capacity() / GUARDED_PART {
            self.pressed = self.sections;
        }
        count
    }

    /// The note of the entry that comes next.
    fn note(&self, saving: u32, name_saving: u32, hashes: Hashes) -> Note {
        let source = self.table.insert_count();
        Note { references: 0, saving, name_saving, hashes, used: false, source }
    }

    fn entry_named(&self, name: &[u8], hashes: Hashes) -> Option<u64> {
        let entry = self.index.name(hashes).entry;
        entry.filter(|index| self.table.get(*index).is_some_and(|(same, _)| same == name))
    }
}

/// What a line saves that is an index, against a literal one.
fn saving(field: &Field<'_>, name_saving: u32) -> u32 {
    let value = huffman::encoded_len(field.value).min(field.value.len());
    (value as u32).saturating_add(1).saturating_add(name_saving)
}

/// What a name in a table saves against a literal one.
fn name_saving(field: &Field<'_>, known: StaticMatch) -> u32 {
    if known == StaticMatch::None {
        huffman::encoded_len(field.name).min(field.name.len()) as u32
    } else {
        0
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
