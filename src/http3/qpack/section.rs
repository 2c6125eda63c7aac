//! Encoded field sections (RFC 9204 section 4.5).

use super::dynamic_table::DynamicTable;
use super::error::QpackError;
use super::field::{FieldSection, Indexing};
use super::prefix_int;
use super::static_table::STATIC_TABLE;
use super::string;
use crate::wire::Reader;

/// What stands before the lines (RFC 9204 section 4.5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prefix {
    /// How many entries must have been inserted.
    pub required_insert_count: u64,
    /// The index that relative ones start from.
    pub base: u64,
}

impl Prefix {
    /// Reads a prefix. `max_entries` is how many the largest table granted can hold, `inserted` how
    /// many were.
    ///
    /// # Errors
    /// [`QpackError::DecompressionFailed`].
    pub fn decode(
        reader: &mut Reader<'_>,
        max_entries: u64,
        inserted: u64,
    ) -> Result<Self, QpackError> {
        let first = byte(reader)?;
        let encoded = integer(first, 8, reader)?;
        let required_insert_count = required_insert_count(encoded, max_entries, inserted)?;
        let first = byte(reader)?;
        let delta = integer(first, 7, reader)?;
        let base = if first & 0x80 == 0 {
            required_insert_count.checked_add(delta)
        } else {
            required_insert_count.checked_sub(delta).and_then(|base| base.checked_sub(1))
        };
        let base = base.ok_or(QpackError::DecompressionFailed("a negative base"))?;
        Ok(Self { required_insert_count, base })
    }

    /// Appends the prefix, for a peer that granted a table of `max_entries`.
    pub fn encode(&self, max_entries: u64, out: &mut Vec<u8>) {
        let count = self.required_insert_count;
        let encoded = if count == 0 { 0 } else { count % (2 * max_entries) + 1 };
        prefix_int::encode(encoded, 8, 0, out);
        if self.base >= count {
            prefix_int::encode(self.base - count, 7, 0, out);
        } else {
            prefix_int::encode(count - self.base - 1, 7, 0x80, out);
        }
    }
}

/// Undoes the wrapping (RFC 9204 section 4.5.1.1).
fn required_insert_count(encoded: u64, max_entries: u64, inserted: u64) -> Result<u64, QpackError> {
    const WRONG: QpackError =
        QpackError::DecompressionFailed("a required insert count that cannot be");
    if encoded == 0 {
        return Ok(0);
    }
    let range = 2 * max_entries;
    if encoded > range {
        return Err(WRONG);
    }
    let most = inserted + max_entries;
    let wrapped = most / range * range;
    let mut count = wrapped + encoded - 1;
    if count > most {
        count = count.checked_sub(range).ok_or(WRONG)?;
    }
    if count == 0 {
        return Err(WRONG);
    }
    Ok(count)
}

/// Reads all lines into `out`. Returns false if they would have more than `most` bytes.
///
/// # Errors
/// [`QpackError::DecompressionFailed`].
#[inline]
pub fn decode_lines(
    reader: &mut Reader<'_>,
    prefix: &Prefix,
    table: &DynamicTable,
    most: u64,
    out: &mut FieldSection,
) -> Result<bool, QpackError> {
    let lines = Lines { prefix, table };
    out.prepare();
    while let Ok(first) = reader.u8() {
        lines.decode(first, reader, out)?;
        if out.size() > most {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Name and value in one piece, and the length of the name.
type Entry<'a> = (&'a [u8], usize);

fn name_of((text, name_len): Entry<'_>) -> &[u8] {
    &text[..name_len]
}

/// What indexes in lines refer to.
struct Lines<'a> {
    prefix: &'a Prefix,
    table: &'a DynamicTable,
}

impl<'a> Lines<'a> {
    #[inline]
    fn decode(
        &self,
        first: u8,
        reader: &mut Reader<'_>,
        out: &mut FieldSection,
    ) -> Result<(), QpackError> {
        let begin = out.begin();
        if first & 0x80 != 0 {
            // Indexed (RFC 9204 section 4.5.2).
            let index = integer(first, 6, reader)?;
            if first & 0x40 == 0 {
                return push_line(begin, self.relative(index)?, out);
            }
            let (name, value) = static_entry(index).ok_or(NO_ENTRY)?;
            return push(begin, name, value, out);
        }
        if first & 0x40 != 0 {
            // A literal value with a name of a table (section 4.5.4).
            let index = integer(first, 4, reader)?;
            let name = if first & 0x10 == 0 {
                name_of(self.relative(index)?)
            } else {
                static_entry(index).ok_or(NO_ENTRY)?.0
            };
            out.text_mut().extend_from_slice(name);
            return literal_value(begin, name_kept(first & 0x20), reader, out);
        }
        if first & 0x20 != 0 {
            // Both literal (section 4.5.6).
            text(first, 3, reader, out)?;
            let never = if first & 0x10 == 0 { Indexing::Allowed } else { Indexing::Never };
            return literal_value(begin, never, reader, out);
        }
        if first & 0x10 != 0 {
            // Indexed behind the base (section 4.5.3).
            return push_line(begin, self.post_base(integer(first, 4, reader)?)?, out);
        }
        // A literal value with a name behind the base (section 4.5.5).
        let name = name_of(self.post_base(integer(first, 3, reader)?)?);
        out.text_mut().extend_from_slice(name);
        literal_value(begin, name_kept(first & 0x08), reader, out)
    }

    #[inline]
    fn relative(&self, index: u64) -> Result<Entry<'a>, QpackError> {
        self.dynamic(self.prefix.base.checked_sub(1).and_then(|last| last.checked_sub(index)))
    }

    fn post_base(&self, index: u64) -> Result<Entry<'a>, QpackError> {
        self.dynamic(self.prefix.base.checked_add(index))
    }

    /// RFC 9204 section 2.2.3: what is referred to lies below the required insert count and was
    /// not evicted.
    #[inline]
    fn dynamic(&self, absolute: Option<u64>) -> Result<Entry<'a>, QpackError> {
        let absolute = absolute.filter(|index| *index < self.prefix.required_insert_count);
        absolute.and_then(|index| self.table.line(index)).ok_or(NO_ENTRY)
    }
}

const NO_ENTRY: QpackError = QpackError::DecompressionFailed("a reference to no entry");

/// An entry of the static table.
#[inline]
pub fn static_entry(index: u64) -> Option<(&'static [u8], &'static [u8])> {
    STATIC_TABLE.get(usize::try_from(index).ok()?).copied()
}

#[inline]
fn push(begin: usize, name: &[u8], value: &[u8], out: &mut FieldSection) -> Result<(), QpackError> {
    out.text_mut().extend_from_slice(name);
    let middle = out.begin();
    out.text_mut().extend_from_slice(value);
    out.finish(begin, middle, Indexing::Allowed);
    Ok(())
}

#[inline]
fn push_line(
    begin: usize,
    (text, name_len): Entry<'_>,
    out: &mut FieldSection,
) -> Result<(), QpackError> {
    out.text_mut().extend_from_slice(text);
    out.finish(begin, begin + name_len, Indexing::Allowed);
    Ok(())
}

/// The policy that an N bit beside an indexed name stands for: the name is in a table already.
fn name_kept(never_bit: u8) -> Indexing {
    if never_bit == 0 {
        Indexing::Allowed
    } else {
        Indexing::NameOnly
    }
}

fn literal_value(
    begin: usize,
    indexing: Indexing,
    reader: &mut Reader<'_>,
    out: &mut FieldSection,
) -> Result<(), QpackError> {
    let middle = out.begin();
    let first = byte(reader)?;
    text(first, 7, reader, out)?;
    out.finish(begin, middle, indexing);
    Ok(())
}

/// A section is whole, so that a string is at most as long as what is left of it.
fn text(
    first: u8,
    bits: u32,
    reader: &mut Reader<'_>,
    out: &mut FieldSection,
) -> Result<(), QpackError> {
    let most = reader.remaining();
    string::decode(first, bits, reader, most, out.text_mut())
        .map_err(|_| QpackError::DecompressionFailed("a string that cannot be"))
}

fn byte(reader: &mut Reader<'_>) -> Result<u8, QpackError> {
    reader.u8().map_err(|_| QpackError::DecompressionFailed("a section that ends early"))
}

#[inline]
fn integer(first: u8, bits: u32, reader: &mut Reader<'_>) -> Result<u64, QpackError> {
    prefix_int::decode(first, bits, reader)
        .map_err(|_| QpackError::DecompressionFailed("an integer that cannot be"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// RFC 9204 section 4.5.1.1: a table of 100 bytes holds three entries.
    #[test]
    fn the_required_insert_count_wraps_as_in_the_rfcs_example() {
        assert_eq!(required_insert_count(4, 3, 10), Ok(9));
    }

    #[test]
    fn prefixes_come_back_for_every_count_in_reach() {
        for max_entries in [1, 3, 128] {
            for inserted in 0..300_u64 {
                let reach = inserted.saturating_sub(max_entries) + 1..=inserted + max_entries;
                for required_insert_count in reach {
                    for base in [required_insert_count, required_insert_count + 5, 0] {
                        let prefix = Prefix { required_insert_count, base };
                        let mut out = Vec::new();
                        prefix.encode(max_entries, &mut out);
                        let mut reader = Reader::new(&out);
                        let read = Prefix::decode(&mut reader, max_entries, inserted);
                        assert_eq!(read, Ok(prefix));
                    }
                }
            }
        }
    }

    #[test]
    fn counts_that_cannot_be_are_refused() {
        assert!(required_insert_count(7, 3, 0).is_err());
        assert!(required_insert_count(1, 0, 0).is_err());
        // It would be 6 before anything could have been inserted.
        assert!(required_insert_count(6, 3, 0).is_err());
        // RFC 9204 section 4.5.1.2.
        let mut reader = Reader::new(&[0x02, 0x81]);
        assert!(Prefix::decode(&mut reader, 3, 1).is_err());
    }
}
