//! The encoder: field sections out, its instructions out, those of the peer's decoder in.

use super::dynamic_table::DynamicTable;
use super::error::QpackError;
use super::field::{Field, Hit, Indexing};
use super::index::Index;
use super::outstanding::Outstanding;
use super::prefix_int::{self, IntError};
use super::section::Prefix;
use super::static_table::{self, StaticMatch};
use super::string;
use crate::wire::Reader;

/// One end's encoder (RFC 9204 section 2.1).
#[derive(Debug)]
pub struct Encoder {
    table: DynamicTable,
    index: Index,
    /// Sections that refer to the table and are not acknowledged.
    outstanding: Outstanding,
    /// How many insertions the peer's decoder is known to have run.
    known_received: u64,
    /// SETTINGS_QPACK_MAX_TABLE_CAPACITY of the peer, in entries of the smallest size.
    max_entries: u64,
    /// SETTINGS_QPACK_MAX_TABLE_CAPACITY of the peer in bytes.
    max_capacity: u64,
    /// SETTINGS_QPACK_BLOCKED_STREAMS of the peer.
    max_blocked: u64,
    /// The capacity that is wanted; the table's is another one while entries that may not go yet
    /// are in the way.
    wanted_capacity: u64,
    /// New entries may be inserted.
    inserting: bool,
    /// See [`Encoder::set_compatible_duplicates`].
    compatible_duplicates: bool,
    /// Instructions to be sent.
    instructions: Vec<u8>,
    /// The lines of the section that is being written.
    lines: Vec<u8>,
    /// The beginning of an instruction of the decoder whose end did not come yet.
    partial: Vec<u8>,
}

/// The longest instruction of a decoder: an integer of 62 bits.
const MAX_DECODER_INSTRUCTION: usize = 11;

/// What a section refers to.
struct References {
    /// The insert count when it was begun, which is its base.
    base: u64,
    /// The lowest count that a decoder needs.
    required: u64,
    /// It may refer to entries that are not acknowledged: it may block its stream.
    may_block: bool,
    indexes: smallvec::SmallVec<[u64; 16]>,
}

impl Default for Encoder {
    fn default() -> Self {
        Self::new()
    }
}

impl Encoder {
    /// An encoder that uses no table until it is told the peer's settings.
    pub fn new() -> Self {
        Self {
            table: DynamicTable::default(),
            index: Index::default(),
            outstanding: Outstanding::default(),
            known_received: 0,
            max_entries: 0,
            max_capacity: 0,
            max_blocked: 0,
            wanted_capacity: 0,
            inserting: true,
            compatible_duplicates: false,
            instructions: Vec::new(),
            lines: Vec::new(),
            partial: Vec::new(),
        }
    }

    /// Takes over the peer's settings: the table we use has at most `capacity` bytes of the
    /// `max_capacity` that are granted.
    pub fn set_limits(&mut self, capacity: u64, max_capacity: u64, max_blocked: u64) {
        self.max_entries = max_capacity / 32;
        self.max_capacity = max_capacity;
        self.max_blocked = max_blocked;
        self.set_capacity(capacity);
    }

    /// Changes the capacity of the table within what the peer granted, at any time. A smaller one
    /// takes effect when the entries that have to go may go (RFC 9204 section 2.1.1); until then
    /// nothing is inserted.
    pub fn set_capacity(&mut self, capacity: u64) {
        self.wanted_capacity = capacity.min(self.max_capacity);
        self.apply_capacity();
    }

    /// Whether entries may be inserted. Nothing should be while bytes of the encoder stream wait
    /// to be sent: a section that needs them could use up the credit that they wait for (RFC 9204
    /// section 2.1.3).
    pub fn set_inserting(&mut self, inserting: bool) {
        self.inserting = inserting;
    }

    /// Whether an entry is duplicated only if that does not evict it. Decoders of early versions
    /// of the original library lose an entry that is its own duplicate's victim.
    pub fn set_compatible_duplicates(&mut self, compatible: bool) {
        self.compatible_duplicates = compatible;
    }

    fn apply_capacity(&mut self) {
        let (now, wanted) = (self.table.capacity(), self.wanted_capacity);
        if wanted == now || wanted < now && !self.has_room(now - wanted) {
            return;
        }
        self.table.set_capacity(wanted);
        // RFC 9204 section 4.3.1.
        prefix_int::encode(wanted, 5, 0x20, &mut self.instructions);
    }

    /// What is to be sent on the encoder stream, before the section that was just encoded; whoever
    /// sends it removes it.
    pub fn instructions(&mut self) -> &mut Vec<u8> {
        &mut self.instructions
    }

    /// Appends the encoded section of `fields` to `out`, for `stream`.
    pub fn encode<'a>(
        &mut self,
        stream: u64,
        fields: impl IntoIterator<Item = Field<'a>>,
        out: &mut Vec<u8>,
    ) {
        self.encode_reporting(stream, fields, out, |_, _| {});
    }

    /// The same; `report` is told, by the place of each field, what tables had of it.
    pub fn encode_reporting<'a>(
        &mut self,
        stream: u64,
        fields: impl IntoIterator<Item = Field<'a>>,
        out: &mut Vec<u8>,
        mut report: impl FnMut(usize, Hit),
    ) {
        if self.wanted_capacity != self.table.capacity() {
            self.apply_capacity();
        }
        let base = self.table.insert_count();
        let may_block = self.outstanding.may_block(stream, self.known_received, self.max_blocked);
        let indexes = smallvec::SmallVec::new();
        let mut references = References { base, required: 0, may_block, indexes };
        self.lines.clear();
        for (place, field) in fields.into_iter().enumerate() {
            report(place, self.encode_line(&field, &mut references));
        }
        let prefix = Prefix { required_insert_count: references.required, base };
        prefix.encode(self.max_entries, out);
        out.extend_from_slice(&self.lines);
        if references.required > 0 {
            self.outstanding.add(stream, references.required, &references.indexes);
        }
    }

    #[inline]
    fn encode_line(&mut self, field: &Field<'_>, references: &mut References) -> Hit {
        if field.indexing == Indexing::Never {
            return self.literal(field, StaticMatch::None, None, references);
        }
        let known = static_table::find(field.name, field.value);
        if let (StaticMatch::Field(index), Indexing::Allowed) = (known, field.indexing) {
            prefix_int::encode(index.into(), 6, 0xc0, &mut self.lines);
            return Hit::Both;
        }
        if self.table.capacity() == 0 {
            return self.literal(field, known, None, references);
        }
        self.encode_with_table(field, known, references)
    }

    fn encode_with_table(
        &mut self,
        field: &Field<'_>,
        known: StaticMatch,
        references: &mut References,
    ) -> Hit {
        let found = self.index.find(&self.table, field);
        if field.indexing == Indexing::NameOnly {
            return self.literal(field, known, found.name, references);
        }
        if let Some(index) = found.field {
            if let Some(index) = self.freshened(index) {
                if self.may_refer(index, references) {
                    return self.indexed(index, references);
                }
            }
            return self.literal(field, known, found.name, references);
        }
        match self.insert(field, known, found.name) {
            Some(index) if self.may_refer(index, references) => self.indexed(index, references),
            _ => self.literal(field, known, found.name, references),
        }
    }

    /// An entry with the same content that is not about to be evicted: one that is, is duplicated
    /// (RFC 9204 section 2.1.1.1).
    fn freshened(&mut self, index: u64) -> Option<u64> {
        if index >= self.table.draining_end(self.table.capacity() / DRAINING_PART) {
            return Some(index);
        }
        let entry = self.table.get(index)?;
        let (name, value) = (entry.name().to_vec(), entry.value().to_vec());
        let field = Field::new(&name, &value);
        if !self.has_room(field.size()) || !self.may_duplicate(index, field.size()) {
            return Some(index);
        }
        let relative = self.table.insert_count() - 1 - index;
        prefix_int::encode(relative, 5, 0, &mut self.instructions);
        self.table.insert(&name, &value);
        let index = self.table.insert_count() - 1;
        self.index.add(&field, index);
        Some(index)
    }

    fn may_duplicate(&self, index: u64, size: u64) -> bool {
        let stays = !self.compatible_duplicates || index >= self.table.draining_end(size);
        self.may_insert() && stays
    }

    fn may_insert(&self) -> bool {
        self.inserting && self.wanted_capacity >= self.table.capacity()
    }

    /// Inserts a field if it is worth it; returns its index.
    fn insert(&mut self, field: &Field<'_>, known: StaticMatch, name: Option<u64>) -> Option<u64> {
        let free = self.table.capacity() - self.table.size();
        if !self.may_insert() || !self.index.is_worth_inserting(field, free, self.table.capacity())
        {
            return None;
        }
        if !self.has_room(field.size()) {
            return None;
        }
        // The name may lie in an entry that has to make room; it is referred to as it is now.
        let count = self.table.insert_count();
        match (known, name) {
            (StaticMatch::Name(index) | StaticMatch::Field(index), _) => {
                prefix_int::encode(index.into(), 6, 0xc0, &mut self.instructions);
            }
            (StaticMatch::None, Some(index)) => {
                prefix_int::encode(count - 1 - index, 6, 0x80, &mut self.instructions);
            }
            (StaticMatch::None, None) => {
                string::encode(field.name, 5, 0x40, &mut self.instructions);
            }
        }
        string::encode(field.value, 7, 0, &mut self.instructions);
        self.table.insert(field.name, field.value);
        self.index.add(field, count);
        Some(count)
    }

    /// True if evicting entries that nobody needs any more makes room. RFC 9204 section 2.1.1: one
    /// that is referred to, or not yet known to have arrived, stays.
    fn has_room(&self, size: u64) -> bool {
        let known_received = self.known_received;
        self.table.has_room(size, |index, entry| entry.references == 0 && index < known_received)
    }

    fn may_refer(&self, index: u64, references: &References) -> bool {
        index < self.known_received || references.may_block
    }

    /// Notes that the section refers to an entry.
    fn refer(&mut self, index: u64, references: &mut References) {
        references.required = references.required.max(index + 1);
        references.indexes.push(index);
        if let Some(entry) = self.table.get_mut(index) {
            entry.references += 1;
        }
    }

    fn indexed(&mut self, index: u64, references: &mut References) -> Hit {
        self.refer(index, references);
        match references.base.checked_sub(index + 1) {
            Some(relative) => prefix_int::encode(relative, 6, 0x80, &mut self.lines),
            None => prefix_int::encode(index - references.base, 4, 0x10, &mut self.lines),
        }
        Hit::Both
    }

    fn literal(
        &mut self,
        field: &Field<'_>,
        known: StaticMatch,
        name: Option<u64>,
        references: &mut References,
    ) -> Hit {
        let never = field.indexing != Indexing::Allowed;
        // An insertion since may have evicted it.
        let name = name
            .filter(|index| self.may_refer(*index, references) && self.table.get(*index).is_some());
        let hit = match (known, name) {
            (StaticMatch::Name(index) | StaticMatch::Field(index), _) => {
                let flags = if never { 0x70 } else { 0x50 };
                prefix_int::encode(index.into(), 4, flags, &mut self.lines);
                Hit::Name
            }
            (StaticMatch::None, Some(index)) => {
                self.refer(index, references);
                match references.base.checked_sub(index + 1) {
                    Some(relative) => {
                        let flags = if never { 0x60 } else { 0x40 };
                        prefix_int::encode(relative, 4, flags, &mut self.lines);
                    }
                    None => {
                        let flags = if never { 0x08 } else { 0 };
                        prefix_int::encode(index - references.base, 3, flags, &mut self.lines);
                    }
                }
                Hit::Name
            }
            (StaticMatch::None, None) => {
                let flags = if never { 0x30 } else { 0x20 };
                string::encode(field.name, 3, flags, &mut self.lines);
                Hit::None
            }
        };
        string::encode(field.value, 7, 0, &mut self.lines);
        hit
    }

    /// Runs bytes of the peer's decoder stream, in any pieces.
    ///
    /// # Errors
    /// [`QpackError::DecoderStream`].
    pub fn on_decoder_stream(&mut self, bytes: &[u8]) -> Result<(), QpackError> {
        let mut joined = std::mem::take(&mut self.partial);
        joined.extend_from_slice(bytes);
        let mut reader = Reader::new(&joined);
        let mut used = 0;
        while let Ok(first) = reader.u8() {
            let bits = if first & 0x80 != 0 { 7 } else { 6 };
            let value = match prefix_int::decode(first, bits, &mut reader) {
                Ok(value) => value,
                Err(IntError::Unfinished) => break,
                Err(IntError::TooLarge) => {
                    return Err(QpackError::DecoderStream("an integer of more than 62 bits"));
                }
            };
            self.run_instruction(first, value)?;
            used = reader.position();
        }
        joined.drain(..used);
        debug_assert!(joined.len() <= MAX_DECODER_INSTRUCTION);
        self.partial = joined;
        Ok(())
    }

    /// Runs one instruction (RFC 9204 section 4.4).
    fn run_instruction(&mut self, first: u8, value: u64) -> Result<(), QpackError> {
        if first & 0x80 != 0 {
            let table = &mut self.table;
            let required = self
                .outstanding
                .acknowledge(value, |index| release(table, index))
                .ok_or(QpackError::DecoderStream("an acknowledgement of no section"))?;
            self.known_received = self.known_received.max(required);
        } else if first & 0x40 != 0 {
            let table = &mut self.table;
            self.outstanding.cancel(value, |index| release(table, index));
        } else {
            let known = self.known_received.checked_add(value);
            let known = known.filter(|known| value > 0 && *known <= self.table.insert_count());
            self.known_received =
                known.ok_or(QpackError::DecoderStream("an increment that cannot be"))?;
        }
        Ok(())
    }
}

/// Entries in the oldest part of the table, one in so many, are about to be evicted.
const DRAINING_PART: u64 = 8;

fn release(table: &mut DynamicTable, index: u64) {
    if let Some(entry) = table.get_mut(index) {
        entry.references = entry.references.saturating_sub(1);
    }
}
