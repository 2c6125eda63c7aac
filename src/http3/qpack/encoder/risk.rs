//! Which sections may block their streams (RFC 9204 section 2.1.2).
//!
//! A decoder lets few streams wait. As long as half of the places are free, who comes first takes
//! one; the others are for sections that save at least a quarter of what others did by it.

use super::{Encoder, References};
use crate::http3::qpack::field::{Field, Indexing};
use crate::http3::qpack::index::Hashes;
use crate::http3::qpack::outstanding::Room;

/// A section is worth one of the last places if it saves that part of the average.
const WORTHY_PART: u32 = 4;

/// The average moves towards each section by this part of the difference.
const WEIGHT: u32 = 8;

impl Encoder {
    /// True if a section of these fields may refer to entries that are not acknowledged.
    #[inline]
    pub(super) fn may_block<'a>(
        &self,
        stream: u64,
        fields: &(impl Iterator<Item = Field<'a>> + Clone),
    ) -> bool {
        match self.outstanding.room(stream, self.known_received, self.max_blocked) {
            Room::None => false,
            Room::Plenty => true,
            Room::Scarce => self.is_worth_a_risk(fields.clone()),
        }
    }

    #[cold]
    fn is_worth_a_risk<'a>(&self, fields: impl Iterator<Item = Field<'a>>) -> bool {
        let saving = fields
            .filter(|field| field.indexing == Indexing::Allowed)
            .filter_map(|field| self.index.field(Hashes::new(&field)).entry)
            .map(|index| self.saving_at_risk(index))
            .fold(0, u32::saturating_add);
        saving >= self.usual_saving / WORTHY_PART
    }

    /// Notes what a section saved by the risk that it took.
    pub(super) fn note_risk(&mut self, references: &References) {
        let old = references.indexes.iter().filter(|index| **index < references.base);
        let saving = old.map(|index| self.saving_at_risk(*index)).fold(0, u32::saturating_add);
        let usual = self.usual_saving;
        self.usual_saving = usual - usual / WEIGHT + saving / WEIGHT;
    }

    fn saving_at_risk(&self, index: u64) -> u32 {
        match self.table.note(index) {
            Some(note) if index >= self.known_received => note.saving,
            _ => 0,
        }
    }
}
