//! STREAM (RFC 9000 section 19.8).

use super::{FrameErrorKind, FrameType};
use crate::wire::{varint, Reader, StreamId, Writer};

/// The type bit that says an offset is there.
const OFF: u8 = 0x04;
/// The type bit that says a length is there.
const LEN: u8 = 0x02;
/// The type bit that says the stream ends here.
const FIN: u8 = 0x01;

/// Bytes of a stream, borrowed from the packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stream<'a> {
    /// The stream.
    pub id: StreamId,
    /// Where in the stream the data starts; where it ends is at most 2^62 - 1.
    pub offset: u64,
    /// The data, possibly none.
    pub data: &'a [u8],
    /// True if the stream ends with this data.
    pub fin: bool,
}

impl<'a> Stream<'a> {
    /// Reads what follows the type, whose low bits are `bits`.
    #[inline]
    pub(super) fn decode(r: &mut Reader<'a>, bits: u8) -> Result<Self, FrameErrorKind> {
        let id = StreamId(r.varint()?);
        let offset = if bits & OFF != 0 { r.varint()? } else { 0 };
        let data = if bits & LEN != 0 { r.varint_bytes()? } else { r.rest() };
        check_end(offset, data.len())?;
        Ok(Self { id, offset, data, fin: bits & FIN != 0 })
    }

    /// What stands before the data, with a length.
    pub const fn header(&self) -> StreamHeader {
        StreamHeader { id: self.id, offset: self.offset, len: Some(self.data.len()), fin: self.fin }
    }

    /// How many bytes the frame takes, with a length.
    pub const fn encoded_len(&self) -> usize {
        self.header().encoded_len() + self.data.len()
    }

    /// Writes the frame, with a length.
    pub fn encode(&self, w: &mut Writer<'_>) {
        self.header().encode(w);
        w.bytes(self.data);
    }
}

/// A STREAM frame without its data, for senders that put the data in place themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamHeader {
    /// The stream.
    pub id: StreamId,
    /// Where in the stream the data starts.
    pub offset: u64,
    /// How many bytes of data follow; `None` if they fill the packet to its end.
    pub len: Option<usize>,
    /// True if the stream ends with this data.
    pub fin: bool,
}

impl StreamHeader {
    /// How many bytes the header takes.
    #[inline]
    pub const fn encoded_len(&self) -> usize {
        let offset = if self.offset == 0 { 0 } else { varint::size(self.offset) };
        let len = match self.len {
            Some(len) => varint::size(len as u64),
            None => 0,
        };
        1 + varint::size(self.id.0) + offset + len
    }

    /// Writes the header; the data has to follow.
    #[inline]
    pub fn encode(&self, w: &mut Writer<'_>) {
        let off = if self.offset == 0 { 0 } else { OFF };
        let len = if self.len.is_some() { LEN } else { 0 };
        w.u8(FrameType::STREAM.0 as u8 | off | len | u8::from(self.fin));
        w.varint(self.id.0);
        if self.offset != 0 {
            w.varint(self.offset);
        }
        if let Some(len) = self.len {
            w.varint(len as u64);
        }
    }
}

/// RFC 9000 sections 19.6 and 19.8: no byte lies past 2^62 - 1.
#[inline]
pub(super) const fn check_end(offset: u64, len: usize) -> Result<(), FrameErrorKind> {
    // Neither a varint nor the length of a slice has its highest bit set: no overflow.
    if offset + len as u64 > varint::MAX {
        return Err(FrameErrorKind::OffsetTooLarge);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::frame::testing::{assert_exact_sample, refusal};
    use crate::wire::frame::Frame;

    #[test]
    fn each_flag_adds_its_field() {
        let stream = Stream { id: StreamId(4), offset: 0, data: b"ab", fin: false };
        assert_exact_sample(&[0x0a, 4, 2, b'a', b'b'], Frame::Stream(stream));
        let ended = Stream { offset: 300, fin: true, ..stream };
        assert_exact_sample(&[0x0f, 4, 0x41, 0x2c, 2, b'a', b'b'], Frame::Stream(ended));
        let empty_fin = Stream { data: &[], ..ended };
        assert_exact_sample(&[0x0f, 4, 0x41, 0x2c, 0], Frame::Stream(empty_fin));
    }

    #[test]
    fn without_a_length_the_data_reaches_to_the_end_of_the_packet() {
        let mut buffer = [0; 8];
        let mut w = Writer::new(&mut buffer);
        let header = StreamHeader { id: StreamId(8), offset: 1, len: None, fin: true };
        header.encode(&mut w);
        assert_eq!(w.position(), header.encoded_len());
        w.bytes(b"abcde");
        assert_eq!(w.written(), [0x0d, 8, 1, b'a', b'b', b'c', b'd', b'e']);
        let decoded = Frame::decode(&mut Reader::new(w.written()));
        let expected = Stream { id: StreamId(8), offset: 1, data: b"abcde", fin: true };
        assert_eq!(decoded, Ok(Frame::Stream(expected)));
    }

    /// RFC 9000 section 19.8.
    #[test]
    fn data_past_the_largest_offset_is_refused() {
        let mut bytes = vec![0x0e, 4, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe];
        bytes.extend([1, b'a']);
        assert_eq!(refusal(&bytes), None);
        bytes.truncate(10);
        bytes.extend([2, b'a', b'b']);
        assert_eq!(refusal(&bytes), Some(FrameErrorKind::OffsetTooLarge));
    }

    #[test]
    fn a_length_past_the_packet_is_refused() {
        assert_eq!(refusal(&[0x0a, 4, 3, b'a', b'b']), Some(FrameErrorKind::Truncated));
    }
}
