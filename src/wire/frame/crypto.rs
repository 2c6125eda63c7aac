//! CRYPTO (RFC 9000 section 19.6).

use super::stream::check_end;
use super::{FrameErrorKind, FrameType};
use crate::wire::{varint, Reader, Writer};

/// Bytes of the TLS handshake at one encryption level, borrowed from the packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crypto<'a> {
    /// Where in the level's handshake stream the data starts.
    pub offset: u64,
    /// The data.
    pub data: &'a [u8],
}

impl<'a> Crypto<'a> {
    /// Reads what follows the type.
    pub(super) fn decode(r: &mut Reader<'a>) -> Result<Self, FrameErrorKind> {
        let offset = r.varint()?;
        let data = r.varint_bytes()?;
        check_end(offset, data.len())?;
        Ok(Self { offset, data })
    }

    /// What stands before the data.
    pub const fn header(&self) -> CryptoHeader {
        CryptoHeader { offset: self.offset, len: self.data.len() }
    }

    /// How many bytes the frame takes.
    pub const fn encoded_len(&self) -> usize {
        self.header().encoded_len() + self.data.len()
    }

    /// Writes the frame.
    pub fn encode(&self, w: &mut Writer<'_>) {
        self.header().encode(w);
        w.bytes(self.data);
    }
}

/// A CRYPTO frame without its data, for senders that put the data in place themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CryptoHeader {
    /// Where in the level's handshake stream the data starts.
    pub offset: u64,
    /// How many bytes of data follow.
    pub len: usize,
}

impl CryptoHeader {
    /// How many bytes the header takes.
    pub const fn encoded_len(&self) -> usize {
        1 + varint::size(self.offset) + varint::size(self.len as u64)
    }

    /// Writes the header; `len` bytes of data have to follow.
    pub fn encode(&self, w: &mut Writer<'_>) {
        w.u8(FrameType::CRYPTO.0 as u8);
        w.varint(self.offset);
        w.varint(self.len as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::frame::testing::{assert_exact_sample, refusal};
    use crate::wire::frame::Frame;

    #[test]
    fn offset_length_and_data_follow_the_type() {
        let crypto = Crypto { offset: 1000, data: b"hello" };
        let bytes = [0x06, 0x43, 0xe8, 5, b'h', b'e', b'l', b'l', b'o'];
        assert_exact_sample(&bytes, Frame::Crypto(crypto));
    }

    /// RFC 9000 section 19.6.
    #[test]
    fn data_past_the_largest_offset_is_refused() {
        let bytes = [0x06, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, b'a'];
        assert_eq!(refusal(&bytes), Some(FrameErrorKind::OffsetTooLarge));
    }
}
