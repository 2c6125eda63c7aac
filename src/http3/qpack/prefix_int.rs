//! Integers with a prefix (RFC 9204 section 4.1.1, RFC 7541 section 5.1).

use crate::wire::Reader;

/// The largest integer of QPACK: 62 bits (RFC 9204 section 4.1.1).
const MAX: u64 = (1 << 62) - 1;

/// Why an integer could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntError {
    /// The bytes end within it.
    Unfinished,
    /// It has more than 62 bits, or more bytes than 62 bits need.
    TooLarge,
}

/// Reads an integer whose first byte, with the bits above the prefix, is `first`; `bits` of it are
/// the prefix.
///
/// # Errors
/// See [`IntError`].
#[inline]
pub fn decode(first: u8, bits: u32, reader: &mut Reader<'_>) -> Result<u64, IntError> {
    let limit = (1_u64 << bits) - 1;
    let value = u64::from(first) & limit;
    if value < limit {
        return Ok(value);
    }
    decode_rest(limit, reader)
}

fn decode_rest(mut value: u64, reader: &mut Reader<'_>) -> Result<u64, IntError> {
    let mut shift = 0;
    loop {
        let byte = reader.u8().map_err(|_| IntError::Unfinished)?;
        let part = u64::from(byte & 0x7f);
        // Nine bytes of seven bits are 63 bits: more cannot be needed, zeros included.
        if shift > 56 || part.leading_zeros() < shift + 1 {
            return Err(IntError::TooLarge);
        }
        value = value
            .checked_add(part << shift)
            .filter(|value| *value <= MAX)
            .ok_or(IntError::TooLarge)?;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
        shift += 7;
    }
}

/// Appends `value` with a prefix of `bits`; `flags` are the bits above it.
#[inline]
pub fn encode(value: u64, bits: u32, flags: u8, out: &mut Vec<u8>) {
    let limit = (1_u64 << bits) - 1;
    if value < limit {
        out.push(flags | value as u8);
        return;
    }
    out.push(flags | limit as u8);
    let mut rest = value - limit;
    while rest >= 0x80 {
        out.push(0x80 | (rest & 0x7f) as u8);
        rest >>= 7;
    }
    out.push(rest as u8);
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], bits: u32) -> Result<u64, IntError> {
        let mut reader = Reader::new(&bytes[1..]);
        let value = decode(bytes[0], bits, &mut reader)?;
        assert!(reader.is_empty());
        Ok(value)
    }

    /// RFC 7541 appendix C.1.
    #[test]
    fn the_rfcs_examples_are_read_and_written() {
        for (value, bits, bytes) in
            [(10, 5, &[0x0a][..]), (1337, 5, &[0x1f, 0x9a, 0x0a]), (42, 8, &[0x2a])]
        {
            assert_eq!(read(bytes, bits), Ok(value));
            let mut out = Vec::new();
            encode(value, bits, 0, &mut out);
            assert_eq!(out, bytes);
        }
    }

    #[test]
    fn every_size_comes_back_with_every_prefix() {
        for bits in 1..=8 {
            for shift in 0..62 {
                for value in [(1_u64 << shift) - 1, 1 << shift, (1 << shift) + 1] {
                    let mut out = Vec::new();
                    encode(value, bits, 0, &mut out);
                    assert_eq!(read(&out, bits), Ok(value));
                }
            }
            let mut out = Vec::new();
            encode(MAX, bits, 0, &mut out);
            assert_eq!(read(&out, bits), Ok(MAX));
        }
    }

    /// RFC 9204 section 4.1.1 and RFC 7541 section 5.1: also when the excess is in zeros.
    #[test]
    fn what_needs_more_than_62_bits_is_refused() {
        let mut out = Vec::new();
        encode(MAX + 1, 5, 0, &mut out);
        assert_eq!(read(&out, 5), Err(IntError::TooLarge));
        let zeros = [[0x1f].as_slice(), &[0x80; 12], &[0]].concat();
        assert_eq!(read(&zeros, 5), Err(IntError::TooLarge));
        assert_eq!(read(&[0x1f, 0xff, 0xff], 5), Err(IntError::Unfinished));
        let ones = [[0x1f].as_slice(), &[0xff; 12]].concat();
        assert_eq!(read(&ones, 5), Err(IntError::TooLarge));
    }
}
