//! What the peer's decoder answers (RFC 9204 section 4.4).

use super::{Encoder, Table};
use crate::http3::qpack::error::QpackError;
use crate::http3::qpack::prefix_int::{self, IntError};
use crate::wire::Reader;

/// The longest instruction of a decoder: an integer of 62 bits.
const MAX_DECODER_INSTRUCTION: usize = 11;

impl Encoder {
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

fn release(table: &mut Table, index: u64) {
    if let Some(note) = table.note_mut(index) {
        note.references = note.references.saturating_sub(1);
    }
}
