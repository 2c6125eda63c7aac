//! The encoder: field sections out, its instructions out, those of the peer's decoder in.

mod answers;
mod insertion;
mod risk;

use super::dynamic_table::DynamicTable;
use super::field::{Field, Hit, Indexing};
use super::index::{Hashes, Index};
use super::outstanding::Outstanding;
use super::prefix_int;
use super::section::Prefix;
use super::static_table::{self, StaticMatch};
use super::string;

/// One end's encoder (RFC 9204 section 2.1).
#[derive(Debug)]
pub struct Encoder {
    table: Table,
    index: Index,
    /// Sections that refer to the table and are not acknowledged.
    outstanding: Outstanding,
    /// How many insertions the peer's decoder is known to have run.
    known_received: u64,
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
    /// Sections that were encoded.
    sections: u64,
    /// The section that last came near the end of the table's room.
    pressed: u64,
    /// Bytes that sections saved of late which may block their streams, on average.
    usual_saving: u32,
    /// Bytes of insertions that were written before the decoder ever answered.
    unanswered: usize,
    /// Instructions to be sent.
    instructions: Vec<u8>,
    /// The lines of the section that is being written.
    lines: Vec<u8>,
    /// The beginning of an instruction of the decoder whose end did not come yet.
    partial: Vec<u8>,
}

/// The entry of the static table with this name.
const AUTHORIZATION: u8 = 84;

type Table = DynamicTable<Note>;

/// What the encoder notes of an entry.
#[derive(Debug)]
struct Note {
    /// Field sections that refer to it and are not acknowledged.
    references: u32,
    /// Bytes that a line with this name and value saves.
    saving: u32,
    /// Bytes that a line with this name and another value saves.
    name_saving: u32,
    hashes: Hashes,
    /// The field came again since.
    used: bool,
    /// The entry that it is a copy of, or its own index.
    source: u64,
}

/// What a section refers to.
struct References {
    /// The insert count when it was begun, which is its base.
    base: u64,
    /// The lowest count that a decoder needs.
    required: u64,
    /// It may refer to entries that are not acknowledged: it may block its stream.
    may_block: bool,
    /// It may refer to no entry at all.
    without_table: bool,
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
            table: Table::default(),
            index: Index::default(),
            outstanding: Outstanding::default(),
            known_received: 0,
            max_capacity: 0,
            max_blocked: 0,
            wanted_capacity: 0,
            inserting: true,
            compatible_duplicates: false,
            sections: 0,
            pressed: 0,
            usual_saving: 0,
            unanswered: 0,
            instructions: Vec::new(),
            lines: Vec::new(),
            partial: Vec::new(),
        }
    }

    /// True if no instruction of the peer's decoder is under way, for a trace.
    pub(in crate::http3) fn is_between_instructions(&self) -> bool {
        self.partial.is_empty()
    }

    /// The table, for a trace.
    pub(super) fn table(&self) -> &DynamicTable<impl Sized> {
        &self.table
    }

    /// How many insertions the peer's decoder is known to have run.
    pub(super) fn known_received(&self) -> u64 {
        self.known_received
    }

    /// Takes over the peer's settings: the table we use has at most `capacity` bytes of the
    /// `max_capacity` that are granted.
    pub fn set_limits(&mut self, capacity: u64, max_capacity: u64, max_blocked: u64) {
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
        self.index.set_capacity(wanted);
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
        fields: impl IntoIterator<Item = Field<'a>, IntoIter: Clone>,
        out: &mut Vec<u8>,
    ) {
        self.encode_reporting(stream, fields, out, |_, _| {});
    }

    /// The same; `report` is told, by the place of each field, what tables had of it.
    pub fn encode_reporting<'a>(
        &mut self,
        stream: u64,
        fields: impl IntoIterator<Item = Field<'a>, IntoIter: Clone>,
        out: &mut Vec<u8>,
        mut report: impl FnMut(usize, Hit),
    ) {
        if self.wanted_capacity != self.table.capacity() {
            self.apply_capacity();
        }
        self.sections += 1;
        let base = self.table.insert_count();
        let fields = fields.into_iter();
        let may_block = self.may_block(stream, &fields);
        let indexes = smallvec::SmallVec::new();
        let without_table = self.table.capacity() == 0 || self.outstanding.is_full();
        let mut references = References { base, required: 0, may_block, without_table, indexes };
        self.lines.clear();
        for (place, field) in fields.enumerate() {
            report(place, self.encode_line(&field, &mut references));
        }
        let prefix = Prefix { required_insert_count: references.required, base };
        prefix.encode(self.max_capacity / 32, out);
        out.extend_from_slice(&self.lines);
        if references.required > self.known_received {
            self.note_risk(&references);
        }
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
        // RFC 9204 section 7.1.3: credentials shall not be guessed from what is in a table.
        if known == StaticMatch::Name(AUTHORIZATION) || field.indexing == Indexing::NameOnly {
            return self.encode_name_only(field, known, references);
        }
        if references.without_table {
            return self.literal(field, known, None, references);
        }
        self.encode_with_table(field, known, references)
    }

    fn encode_name_only(
        &mut self,
        field: &Field<'_>,
        known: StaticMatch,
        references: &mut References,
    ) -> Hit {
        let field = Field { indexing: Indexing::NameOnly, ..*field };
        let name = if references.without_table {
            None
        } else {
            let hashes = Hashes::new(&field);
            let sighting = self.index.sight_name(hashes, false);
            self.name_for(&field, known, hashes, sighting, references)
        };
        self.literal(&field, known, name, references)
    }

    fn encode_with_table(
        &mut self,
        field: &Field<'_>,
        known: StaticMatch,
        references: &mut References,
    ) -> Hit {
        let hashes = Hashes::new(field);
        let seen = self.index.sight_field(hashes);
        if let Some(found) = seen.entry {
            if let Some(note) = self.table.matching(found, field.name, field.value) {
                // A field that was inserted came again: so may others of its name.
                if !std::mem::replace(&mut note.used, true) {
                    self.index.name_repeated(hashes);
                }
                return self.encode_found(field, known, hashes, found, references);
            }
        }
        let name = self.index.sight_name(hashes, seen.count > 1);
        if let Some(index) = self.consider(field, known, hashes, (seen, name), references) {
            return self.indexed(index, references);
        }
        let name = self.name_for(field, known, hashes, name, references);
        self.literal(field, known, name, references)
    }

    /// Encodes a field that is in the table.
    #[inline]
    fn encode_found(
        &mut self,
        field: &Field<'_>,
        known: StaticMatch,
        hashes: Hashes,
        found: u64,
        references: &mut References,
    ) -> Hit {
        if let Some(index) = self.usable(found, references) {
            return self.indexed(index, references);
        }
        let name = self.index.name(hashes).entry;
        self.literal(field, known, name, references)
    }

    #[inline]
    fn may_refer(&self, index: u64, references: &References) -> bool {
        index < self.known_received || references.may_block
    }

    /// Notes that the section refers to an entry.
    fn refer(&mut self, index: u64, references: &mut References) {
        references.required = references.required.max(index + 1);
        references.indexes.push(index);
        if let Some(note) = self.table.note_mut(index) {
            note.references += 1;
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
        let name = name.filter(|index| {
            self.may_refer(*index, references) && self.table.note(*index).is_some()
        });
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
}
