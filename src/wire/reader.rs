//! A cursor that takes numbers and slices off the front of received bytes.

use super::varint;

/// The bytes ended before the value did.
///
/// Decoding can fail in two ways only: too early an end, which is this, or a value that makes no
/// sense, which each codec names itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnexpectedEnd;

/// Reads from the front of a byte slice; what it hands out borrows from that slice.
///
/// A read that fails takes nothing.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    /// What has not been read yet.
    rest: &'a [u8],
    /// How long the slice was at first.
    total: usize,
}

impl<'a> Reader<'a> {
    /// A reader at the start of `bytes`.
    #[inline]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, total: bytes.len() }
    }

    /// How many bytes have been read.
    #[inline]
    pub const fn position(&self) -> usize {
        self.total - self.rest.len()
    }

    /// How many bytes are left.
    #[inline]
    pub const fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// True when everything has been read.
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// What is left, without taking it.
    #[inline]
    pub const fn peek(&self) -> &'a [u8] {
        self.rest
    }

    /// The next byte.
    #[inline]
    pub fn u8(&mut self) -> Result<u8, UnexpectedEnd> {
        let (&byte, rest) = self.rest.split_first().ok_or(UnexpectedEnd)?;
        self.rest = rest;
        Ok(byte)
    }

    /// The next two bytes as a big-endian number.
    #[inline]
    pub fn u16(&mut self) -> Result<u16, UnexpectedEnd> {
        self.array().map(|bytes| u16::from_be_bytes(*bytes))
    }

    /// The next four bytes as a big-endian number.
    #[inline]
    pub fn u32(&mut self) -> Result<u32, UnexpectedEnd> {
        self.array().map(|bytes| u32::from_be_bytes(*bytes))
    }

    /// The next eight bytes as a big-endian number.
    #[inline]
    pub fn u64(&mut self) -> Result<u64, UnexpectedEnd> {
        self.array().map(|bytes| u64::from_be_bytes(*bytes))
    }

    /// The next variable-length integer, at most [`varint::MAX`] (RFC 9000 section 16).
    #[inline]
    pub fn varint(&mut self) -> Result<u64, UnexpectedEnd> {
        let (value, size) = varint::decode(self.rest).ok_or(UnexpectedEnd)?;
        self.rest = self.rest.get(size..).ok_or(UnexpectedEnd)?;
        Ok(value)
    }

    /// The next `n` bytes.
    #[inline]
    pub fn bytes(&mut self, n: usize) -> Result<&'a [u8], UnexpectedEnd> {
        let (bytes, rest) = self.rest.split_at_checked(n).ok_or(UnexpectedEnd)?;
        self.rest = rest;
        Ok(bytes)
    }

    /// The next `N` bytes.
    #[inline]
    pub fn array<const N: usize>(&mut self) -> Result<&'a [u8; N], UnexpectedEnd> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or(UnexpectedEnd)?;
        self.rest = rest;
        Ok(bytes)
    }

    /// A varint, then as many bytes as it says.
    #[inline]
    pub fn varint_bytes(&mut self) -> Result<&'a [u8], UnexpectedEnd> {
        let mut ahead = self.clone();
        let len = ahead.varint()?;
        // A length that no memory can hold is past the end of this slice too.
        let bytes = ahead.bytes(usize::try_from(len).map_err(|_| UnexpectedEnd)?)?;
        *self = ahead;
        Ok(bytes)
    }

    /// Everything that is left.
    #[inline]
    pub fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_big_endian() {
        let mut r = Reader::new(&[1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 0, 0, 0, 1, 0]);
        assert_eq!(r.u8(), Ok(1));
        assert_eq!(r.u16(), Ok(0x0203));
        assert_eq!(r.u32(), Ok(0x0405_0607));
        assert_eq!(r.u64(), Ok(0x100));
        assert!(r.is_empty());
        assert_eq!(r.position(), 15);
    }

    #[test]
    fn a_read_that_fails_takes_nothing() {
        let mut r = Reader::new(&[0x44, 0x01]);
        assert_eq!(r.u32(), Err(UnexpectedEnd));
        assert_eq!(r.u64(), Err(UnexpectedEnd));
        assert_eq!(r.bytes(3), Err(UnexpectedEnd));
        assert_eq!(r.varint_bytes(), Err(UnexpectedEnd));
        assert_eq!((r.position(), r.remaining()), (0, 2));
        assert_eq!(r.rest(), [0x44, 0x01]);
        assert_eq!((r.u8(), r.position()), (Err(UnexpectedEnd), 2));
    }

    #[test]
    fn a_length_prefix_past_the_end_is_refused() {
        assert_eq!(Reader::new(&[2, 7, 8, 9]).varint_bytes(), Ok(&[7, 8][..]));
        assert_eq!(Reader::new(&[4, 7, 8, 9]).varint_bytes(), Err(UnexpectedEnd));
        assert_eq!(Reader::new(&[0xff; 16]).varint_bytes(), Err(UnexpectedEnd));
    }
}
