//! A cursor that puts numbers and slices into a buffer of fixed size.

use super::varint;

/// Writes to the front of what is left of a buffer.
///
/// Every codec knows its size beforehand, so the caller asks for the size, compares it with
/// [`Writer::remaining`] and only then writes. Writing past the end is a bug in the caller and
/// panics; nothing a peer sends can lead there.
#[derive(Debug)]
pub struct Writer<'a> {
    buffer: &'a mut [u8],
    position: usize,
}

impl<'a> Writer<'a> {
    /// A writer at the start of `buffer`.
    #[inline]
    pub fn new(buffer: &'a mut [u8]) -> Self {
        Self { buffer, position: 0 }
    }

    /// How many bytes have been written.
    #[inline]
    pub fn position(&self) -> usize {
        self.position
    }

    /// How many bytes are left.
    #[inline]
    pub fn remaining(&self) -> usize {
        self.buffer.len() - self.position
    }

    /// What has been written.
    #[inline]
    pub fn written(&self) -> &[u8] {
        &self.buffer[..self.position]
    }

    /// What has been written, to be patched in place.
    #[inline]
    pub fn written_mut(&mut self) -> &mut [u8] {
        &mut self.buffer[..self.position]
    }

    /// Writes one byte.
    #[inline]
    pub fn u8(&mut self, value: u8) {
        self.array([value]);
    }

    /// Writes two bytes, big-endian.
    #[inline]
    pub fn u16(&mut self, value: u16) {
        self.array(value.to_be_bytes());
    }

    /// Writes four bytes, big-endian.
    #[inline]
    pub fn u32(&mut self, value: u32) {
        self.array(value.to_be_bytes());
    }

    /// Writes eight bytes, big-endian.
    #[inline]
    pub fn u64(&mut self, value: u64) {
        self.array(value.to_be_bytes());
    }

    /// Writes `value`, at most [`varint::MAX`], in the shortest form (RFC 9000 section 16).
    #[inline]
    pub fn varint(&mut self, value: u64) {
        debug_assert!(value <= varint::MAX);
        if value < 1 << 6 {
            self.u8(value as u8);
        } else if value < 1 << 14 {
            self.varint2(value);
        } else if value < 1 << 30 {
            self.varint4(value);
        } else {
            self.u64(value | 0b11 << 62);
        }
    }

    /// Writes `value`, less than 2^14, as a varint of two bytes.
    #[inline]
    pub fn varint2(&mut self, value: u64) {
        debug_assert!(value < 1 << 14);
        self.u16(value as u16 | 0b01 << 14);
    }

    /// Writes `value`, less than 2^30, as a varint of four bytes.
    #[inline]
    pub fn varint4(&mut self, value: u64) {
        debug_assert!(value < 1 << 30);
        self.u32(value as u32 | 0b10 << 30);
    }

    /// Writes `bytes`.
    #[inline]
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.reserve(bytes.len()).copy_from_slice(bytes);
    }

    /// Writes the length of `bytes` as a varint, then `bytes`.
    #[inline]
    pub fn varint_bytes(&mut self, bytes: &[u8]) {
        self.varint(bytes.len() as u64);
        self.bytes(bytes);
    }

    /// Writes `n` zero bytes, which are PADDING frames too (RFC 9000 section 19.1).
    pub fn zeros(&mut self, n: usize) {
        self.reserve(n).fill(0);
    }

    /// Hands out the next `n` bytes, to be filled by the caller; they count as written.
    #[inline]
    pub fn reserve(&mut self, n: usize) -> &mut [u8] {
        let bytes = &mut self.buffer[self.position..][..n];
        self.position += n;
        bytes
    }

    /// Writes bytes whose number is known when compiling.
    #[inline]
    pub fn array<const N: usize>(&mut self, bytes: [u8; N]) {
        self.reserve(N).copy_from_slice(&bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_big_endian() {
        let mut buffer = [0xff; 20];
        let mut w = Writer::new(&mut buffer);
        w.u8(1);
        w.u16(0x0203);
        w.u32(0x0405_0607);
        w.u64(0x100);
        w.zeros(2);
        assert_eq!(w.written(), [1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0]);
        assert_eq!((w.position(), w.remaining()), (17, 3));
    }

    #[test]
    fn a_forced_width_keeps_the_value() {
        let mut buffer = [0; 6];
        let mut w = Writer::new(&mut buffer);
        w.varint2(37);
        w.varint4(37);
        assert_eq!(w.written(), [0x40, 0x25, 0x80, 0, 0, 0x25]);
    }

    #[test]
    fn reserved_bytes_are_the_next_ones() {
        let mut buffer = [0; 4];
        let mut w = Writer::new(&mut buffer);
        w.u8(9);
        w.reserve(2).copy_from_slice(&[7, 8]);
        w.varint_bytes(&[]);
        assert_eq!(w.written(), [9, 7, 8, 0]);
        w.written_mut()[0] = 1;
        assert_eq!(buffer, [1, 7, 8, 0]);
    }
}
