//! The decoder: instructions of the peer's encoder in, field sections in, its own instructions out.

use super::dynamic_table::DynamicTable;
use super::error::QpackError;
use super::field::{entry_size, FieldSection};
use super::prefix_int;
use super::section::{self, Prefix};
use super::string;
use super::string::StringError;
use crate::wire::Reader;

/// What became of a field section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decoded {
    /// It is decoded.
    Complete,
    /// It waits for entries up to this insert count; its stream is to be kept until
    /// [`Decoder::insert_count`] is as high (RFC 9204 section 2.1.2).
    Blocked(u64),
    /// It is larger than allowed: its lines are not all there. The stream is to be given up with
    /// [`Decoder::cancel`] (RFC 9114 section 4.2.2).
    TooLarge,
}

/// Bytes of the table that the peer may have copied for each byte it sends. One that keeps hold of
/// entries needs a few; one that wants to keep us busy has a whole table copied with each byte.
const COPIED_PER_BYTE: u64 = 256;

/// Tables that may be copied beyond that.
const FREE_COPIES: u64 = 16;

/// One end's decoder (RFC 9204 section 2.2).
#[derive(Debug)]
pub struct Decoder {
    table: DynamicTable,
    /// SETTINGS_QPACK_MAX_TABLE_CAPACITY, as we sent it.
    max_capacity: u64,
    /// SETTINGS_QPACK_BLOCKED_STREAMS, as we sent it.
    max_blocked: u64,
    /// Streams that wait.
    blocked: u64,
    /// The insert count that the peer's encoder knows we have.
    told: u64,
    /// The beginning of an instruction whose end did not come yet.
    partial: Vec<u8>,
    /// How many bytes have to follow it at least before it is looked at again: however small the
    /// pieces are that an instruction comes in, its texts are decoded a few times at most.
    missing: usize,
    /// Bytes of the table that the peer may still have copied.
    copies: u64,
    /// Instructions to be sent.
    instructions: Vec<u8>,
}

impl Decoder {
    /// A decoder that grants its peer a table of at most `max_capacity` bytes and at most
    /// `max_blocked` streams that wait for it.
    pub fn new(max_capacity: u64, max_blocked: u64) -> Self {
        Self {
            table: DynamicTable::default(),
            max_capacity,
            max_blocked,
            blocked: 0,
            told: 0,
            partial: Vec::new(),
            missing: 0,
            copies: max_capacity.saturating_mul(FREE_COPIES),
            instructions: Vec::new(),
        }
    }

    /// True if no instruction is under way, for a trace.
    pub(in crate::http3) fn is_between_instructions(&self) -> bool {
        self.partial.is_empty()
    }

    /// The table, for a trace.
    pub(super) fn table(&self) -> &DynamicTable {
        &self.table
    }

    /// How many entries were inserted.
    #[inline]
    pub fn insert_count(&self) -> u64 {
        self.table.insert_count()
    }

    /// What is to be sent on the decoder stream; whoever sends it removes it. Insertions are told
    /// of when it is asked for: once for many of them, or not at all if a section that needed them
    /// was acknowledged since.
    pub fn instructions(&mut self) -> &mut Vec<u8> {
        self.tell_insert_count();
        &mut self.instructions
    }

    /// Runs bytes of the peer's encoder stream. Instructions may come in any pieces; what is not
    /// whole has no effect yet.
    ///
    /// # Errors
    /// [`QpackError::EncoderStream`], [`QpackError::ExcessiveLoad`].
    pub fn on_encoder_stream(&mut self, bytes: &[u8]) -> Result<(), QpackError> {
        self.earn_copies(bytes.len());
        if self.partial.is_empty() {
            let used = self.run_instructions(bytes)?;
            self.partial.extend_from_slice(&bytes[used..]);
            return Ok(());
        }
        self.partial.extend_from_slice(bytes);
        self.missing = self.missing.saturating_sub(bytes.len());
        if self.missing == 0 {
            let mut joined = std::mem::take(&mut self.partial);
            let used = self.run_instructions(&joined)?;
            joined.drain(..used);
            self.partial = joined;
        }
        Ok(())
    }

    fn earn_copies(&mut self, bytes: usize) {
        self.copies = self.copies.saturating_add(COPIED_PER_BYTE * bytes as u64);
    }

    /// Something of the table is copied within it.
    fn spend_copies(&mut self, bytes: usize) -> Result<(), Stop> {
        self.copies = self.copies.checked_sub(bytes as u64).ok_or(Stop::TooMuch)?;
        Ok(())
    }

    /// Runs all instructions that are whole; returns how many bytes they took.
    fn run_instructions(&mut self, bytes: &[u8]) -> Result<usize, QpackError> {
        let mut reader = Reader::new(bytes);
        let mut used = 0;
        while let Ok(first) = reader.u8() {
            match self.run_instruction(first, &mut reader) {
                Ok(()) => used = reader.position(),
                Err(Stop::Unfinished(missing)) => {
                    self.missing = missing;
                    break;
                }
                Err(Stop::Invalid(reason)) => return Err(QpackError::EncoderStream(reason)),
                Err(Stop::TooMuch) => {
                    return Err(QpackError::ExcessiveLoad("too many copies within the table"));
                }
            }
        }
        Ok(used)
    }

    /// Runs one instruction (RFC 9204 section 4.3).
    fn run_instruction(&mut self, first: u8, reader: &mut Reader<'_>) -> Result<(), Stop> {
        if first & 0x80 != 0 {
            return self.insert_with_name(first, reader);
        }
        if first & 0x40 != 0 {
            return self.insert_literal(first, reader);
        }
        let value = integer(first, 5, reader)?;
        if first & 0x20 != 0 {
            if value > self.max_capacity {
                return Err(Stop::Invalid("a larger table than granted"));
            }
            self.table.set_capacity(value);
            return Ok(());
        }
        let index = self.relative(value)?;
        self.spend_copies(self.table.line(index).map_or(0, |(text, _)| text.len()))?;
        inserted(self.table.duplicate(index, ()))
    }

    fn insert_with_name(&mut self, first: u8, reader: &mut Reader<'_>) -> Result<(), Stop> {
        let index = integer(first, 6, reader)?;
        let begin = self.table.draft();
        let name_len = if first & 0x40 != 0 {
            section::static_entry(index).map(|(name, _)| {
                self.table.text_mut().extend_from_slice(name);
                name.len()
            })
        } else {
            let index = self.relative(index)?;
            self.table.append_name(index)
        };
        let name_len = name_len.ok_or(Stop::Invalid("no entry with such a name"))?;
        self.finish(begin, name_len, reader)?;
        self.spend_copies(name_len)
    }

    fn insert_literal(&mut self, first: u8, reader: &mut Reader<'_>) -> Result<(), Stop> {
        let begin = self.table.draft();
        if let Err(stop) = self.text(first, 5, reader) {
            self.table.abandon(begin);
            return Err(stop);
        }
        let name_len = self.table.text_mut().len() - begin;
        // Before the value is there: what waits for it is bounded.
        if entry_size(name_len, 0) > self.table.capacity() {
            self.table.abandon(begin);
            return inserted(false);
        }
        self.finish(begin, name_len, reader)
    }

    /// Reads the value of an entry whose name is drafted, and inserts it. Nothing is left of it if
    /// that cannot be.
    fn finish(
        &mut self,
        begin: usize,
        name_len: usize,
        reader: &mut Reader<'_>,
    ) -> Result<(), Stop> {
        let value = match reader.u8() {
            Ok(first) => self.text(first, 7, reader),
            Err(_) => Err(Stop::Unfinished(1)),
        };
        if let Err(stop) = value {
            self.table.abandon(begin);
            return Err(stop);
        }
        inserted(self.table.finish(begin, name_len, ()))
    }

    /// Reads a string. One that no table can hold is refused before it is there, so the beginning
    /// of an instruction that we keep is bounded by the capacity.
    fn text(&mut self, first: u8, bits: u32, reader: &mut Reader<'_>) -> Result<(), Stop> {
        // A Huffman code can be longer than its text: 30 bits for 8.
        let factor = if first & (1 << bits) == 0 { 1 } else { 4 };
        let most = self.table.capacity().saturating_mul(factor);
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        string::decode(first, bits, reader, most, self.table.text_mut()).map_err(
            |error| match error {
                StringError::Unfinished(missing) => Stop::Unfinished(missing),
                StringError::Invalid => Stop::Invalid("a string that cannot be"),
            },
        )
    }

    /// The absolute index of an entry by one relative to the newest (RFC 9204 section 3.2.5).
    fn relative(&self, index: u64) -> Result<u64, Stop> {
        let newest = self.table.insert_count().checked_sub(1);
        newest
            .and_then(|newest| newest.checked_sub(index))
            .filter(|index| self.table.note(*index).is_some())
            .ok_or(Stop::Invalid("no such entry"))
    }

    /// Decodes a whole field section of `stream` behind what `out` holds. `was_blocked` says that
    /// [`Decoded::Blocked`] was the answer before; the stream then no longer counts as such. Its
    /// lines may have `most` bytes together, see [`FieldSection::size`].
    ///
    /// # Errors
    /// [`QpackError::DecompressionFailed`].
    pub fn decode(
        &mut self,
        stream: u64,
        bytes: &[u8],
        was_blocked: bool,
        most: u64,
        out: &mut FieldSection,
    ) -> Result<Decoded, QpackError> {
        self.earn_copies(bytes.len());
        let mut reader = Reader::new(bytes);
        let max_entries = self.max_capacity / 32;
        let prefix = Prefix::decode(&mut reader, max_entries, self.table.insert_count())?;
        if prefix.required_insert_count > self.table.insert_count() {
            if !was_blocked {
                // RFC 9204 section 2.1.2: as many as we granted are legal.
                if self.blocked >= self.max_blocked {
                    return Err(QpackError::DecompressionFailed("too many blocked streams"));
                }
                self.blocked += 1;
            }
            return Ok(Decoded::Blocked(prefix.required_insert_count));
        }
        if was_blocked {
            self.blocked = self.blocked.saturating_sub(1);
        }
        if !section::decode_lines(&mut reader, &prefix, &self.table, most, out)? {
            return Ok(Decoded::TooLarge);
        }
        if prefix.required_insert_count > 0 {
            // RFC 9204 section 4.4.1.
            prefix_int::encode(stream, 7, 0x80, &mut self.instructions);
            self.told = self.told.max(prefix.required_insert_count);
        }
        Ok(Decoded::Complete)
    }

    /// A stream was reset, or is not read to its end (RFC 9204 section 4.4.2).
    pub fn cancel(&mut self, stream: u64, was_blocked: bool) {
        if was_blocked {
            self.blocked = self.blocked.saturating_sub(1);
        }
        // RFC 9204 section 2.2.2.2: there is nothing to release without a table.
        if self.max_capacity > 0 {
            prefix_int::encode(stream, 6, 0x40, &mut self.instructions);
        }
    }

    /// Insert Count Increment (RFC 9204 section 4.4.3), for all that was inserted and not told yet.
    fn tell_insert_count(&mut self) {
        let count = self.table.insert_count();
        if count > self.told {
            prefix_int::encode(count - self.told, 6, 0, &mut self.instructions);
            self.told = count;
        }
    }
}

/// Why an instruction was not run.
enum Stop {
    /// Its end did not come yet; at least so many bytes are missing.
    Unfinished(usize),
    /// It must not be.
    Invalid(&'static str),
    /// It is one too many of its kind.
    TooMuch,
}

/// RFC 9204 section 3.2.2.
fn inserted(inserted: bool) -> Result<(), Stop> {
    if inserted {
        Ok(())
    } else {
        Err(Stop::Invalid("an entry larger than the table"))
    }
}

fn integer(first: u8, bits: u32, reader: &mut Reader<'_>) -> Result<u64, Stop> {
    prefix_int::decode(first, bits, reader).map_err(|error| match error {
        prefix_int::IntError::Unfinished => Stop::Unfinished(1),
        prefix_int::IntError::TooLarge => Stop::Invalid("an integer of more than 62 bits"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A decoder whose peer uses a table of 1000 bytes.
    fn decoder() -> Decoder {
        let mut decoder = Decoder::new(1000, 0);
        assert_eq!(decoder.on_encoder_stream(&[0x3f, 0xc9, 0x07]), Ok(()));
        decoder
    }

    // RFC 9204 section 7: a name is not decoded again with every byte of its value.
    #[test]
    fn an_instruction_is_looked_at_again_when_it_can_be_whole() {
        let mut decoder = decoder();
        let name = [b'n'; 300];
        let mut instruction = Vec::new();
        prefix_int::encode(300, 5, 0x40, &mut instruction);
        instruction.extend_from_slice(&name);
        prefix_int::encode(500, 7, 0, &mut instruction);
        let value_at = instruction.len();
        instruction.extend_from_slice(&[b'v'; 500]);
        let mut looks = 0;
        for (place, byte) in instruction.iter().enumerate() {
            looks += u32::from(decoder.missing <= 1);
            assert_eq!((decoder.insert_count(), decoder.on_encoder_stream(&[*byte])), (0, Ok(())));
            if place + 1 == value_at {
                assert_eq!(decoder.missing, 500);
            }
        }
        assert_eq!(decoder.insert_count(), 1);
        assert_eq!(decoder.table.get(0), Some((&name[..], &[b'v'; 500][..])));
        assert!(looks < 10 && decoder.partial.is_empty());
    }

    #[test]
    fn a_name_that_no_entry_has_room_for_is_refused_before_its_value_comes() {
        let mut decoder = decoder();
        let mut instruction = Vec::new();
        prefix_int::encode(969, 5, 0x40, &mut instruction);
        instruction.extend_from_slice(&[b'n'; 968]);
        assert_eq!(decoder.on_encoder_stream(&instruction), Ok(()));
        assert!(decoder.on_encoder_stream(b"n").is_err());
    }

    // RFC 9114 section 10.5: one byte has a whole table copied.
    #[test]
    fn copies_within_the_table_are_paid_for() {
        let large = |name: usize, value: usize| {
            let mut decoder = decoder();
            let mut entry = Vec::new();
            prefix_int::encode(name as u64, 5, 0x40, &mut entry);
            entry.resize(entry.len() + name, b'n');
            prefix_int::encode(value as u64, 7, 0, &mut entry);
            entry.resize(entry.len() + value, b'v');
            assert_eq!(decoder.on_encoder_stream(&entry), Ok(()));
            decoder
        };
        let too_many = |decoder: &mut Decoder, instruction: &[u8]| {
            let result = (0..1000).try_for_each(|_| decoder.on_encoder_stream(instruction));
            matches!(result, Err(QpackError::ExcessiveLoad(_)))
        };
        assert!(too_many(&mut large(400, 500), &[0]));
        assert!(too_many(&mut large(900, 0), &[0x80, 0]));
        // Entries of an ordinary size may be kept for ever, and large ones that are referred to.
        assert!(!too_many(&mut large(50, 200), &[0]));
        let mut decoder = large(50, 700);
        for _ in 0..1000 {
            assert_eq!(decoder.on_encoder_stream(&[0]), Ok(()));
            let section = [1 + (decoder.insert_count() % 62) as u8, 0, 0x80, 0xd1, 0xd7];
            let mut fields = FieldSection::new();
            let decoded = decoder.decode(0, &section, false, 10_000, &mut fields);
            assert_eq!(decoded, Ok(Decoded::Complete));
        }
    }
}
