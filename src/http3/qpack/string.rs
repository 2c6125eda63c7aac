//! String literals (RFC 9204 section 4.1.2).

use super::huffman;
use super::prefix_int::{self, IntError};
use crate::wire::Reader;

/// Why a string could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StringError {
    /// The bytes end within it; at least so many are missing.
    Unfinished(usize),
    /// It is longer than allowed, or its code is wrong.
    Invalid,
}

impl From<IntError> for StringError {
    fn from(error: IntError) -> Self {
        match error {
            IntError::Unfinished => Self::Unfinished(1),
            IntError::TooLarge => Self::Invalid,
        }
    }
}

/// Appends the string whose length has a prefix of `bits` bits in `first`; the bit above says
/// whether it is Huffman-coded. Its length on the wire is checked before anything is allocated.
///
/// # Errors
/// See [`StringError`]; one of more than `most` bytes on the wire is invalid, whether it is there
/// or not.
#[inline]
pub fn decode(
    first: u8,
    bits: u32,
    reader: &mut Reader<'_>,
    most: usize,
    out: &mut Vec<u8>,
) -> Result<(), StringError> {
    let len = prefix_int::decode(first, bits, reader)?;
    let len = usize::try_from(len).ok().filter(|len| *len <= most).ok_or(StringError::Invalid)?;
    let missing = len.saturating_sub(reader.remaining());
    let bytes = reader.bytes(len).map_err(|_| StringError::Unfinished(missing))?;
    if first & (1 << bits) == 0 {
        out.extend_from_slice(bytes);
        return Ok(());
    }
    huffman::decode(bytes, out).map_err(|_| StringError::Invalid)
}

/// Appends `text` with a length of `bits` prefix bits, Huffman-coded if that is shorter; `flags` are
/// the bits above the one that says so.
#[inline]
pub fn encode(text: &[u8], bits: u32, flags: u8, out: &mut Vec<u8>) {
    let coded = huffman::encoded_len(text);
    if coded < text.len() {
        prefix_int::encode(coded as u64, bits, flags | (1 << bits), out);
        huffman::encode(text, out);
    } else {
        prefix_int::encode(text.len() as u64, bits, flags, out);
        out.extend_from_slice(text);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], bits: u32, most: usize) -> Result<Vec<u8>, StringError> {
        let mut reader = Reader::new(&bytes[1..]);
        let mut out = Vec::new();
        decode(bytes[0], bits, &mut reader, most, &mut out).map(|()| out)
    }

    #[test]
    fn the_shorter_form_is_written_and_both_are_read() {
        for text in [&b""[..], b"a", b"www.example.com", b"\xff\xfe\xfd", &[b'x'; 300]] {
            for bits in [3, 5, 7] {
                let mut out = Vec::new();
                encode(text, bits, 0, &mut out);
                assert!(out.len() <= text.len() + 4);
                assert_eq!(read(&out, bits, 1000).unwrap(), text);
            }
        }
        assert_eq!(read(b"\x03abc", 7, 10).unwrap(), b"abc");
    }

    #[test]
    fn a_length_over_the_limit_is_refused_before_the_bytes_are_there() {
        let mut out = Vec::new();
        prefix_int::encode(1 << 40, 7, 0, &mut out);
        assert_eq!(read(&out, 7, 4096), Err(StringError::Invalid));
        assert_eq!(read(b"\x05abc", 7, 4096), Err(StringError::Unfinished(2)));
        assert_eq!(read(b"\x81\xff", 7, 4096), Err(StringError::Invalid));
    }
}
