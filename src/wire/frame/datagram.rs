//! DATAGRAM (RFC 9221 section 4).

use super::{FrameErrorKind, FrameType};
use crate::wire::{varint, Reader, Writer};

/// Application bytes that are sent once and never repeated.
///
/// Whether it keeps to `max_datagram_frame_size` is for the connection to judge by `frame_len`.
#[derive(Clone, Copy, Debug)]
pub struct Datagram<'a> {
    /// The data, possibly none.
    pub data: &'a [u8],
    /// Bytes of the whole frame as it stands in the packet, type and length included: what the
    /// limit of the receiver counts (RFC 9221 section 3).
    pub frame_len: usize,
}

impl<'a> Datagram<'a> {
    /// A frame with `data` and a length.
    pub const fn new(data: &'a [u8]) -> Self {
        let header = DatagramHeader { len: Some(data.len()) };
        Self { data, frame_len: header.encoded_len() + data.len() }
    }

    /// Reads what follows the type; `has_len` says which of the two types it is.
    #[inline]
    pub(super) fn decode(r: &mut Reader<'a>, has_len: bool) -> Result<Self, FrameErrorKind> {
        let start = r.position();
        let data = if has_len { r.varint_bytes()? } else { r.rest() };
        // The type takes one byte: it was in its shortest form.
        Ok(Self { data, frame_len: 1 + r.position() - start })
    }

    /// How many bytes the frame takes, with a length.
    pub const fn encoded_len(&self) -> usize {
        DatagramHeader { len: Some(self.data.len()) }.encoded_len() + self.data.len()
    }

    /// Writes the frame, with a length.
    pub fn encode(&self, w: &mut Writer<'_>) {
        DatagramHeader { len: Some(self.data.len()) }.encode(w);
        w.bytes(self.data);
    }
}

/// What a frame says is its data: how its length was written does not matter.
impl PartialEq for Datagram<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.data == other.data
    }
}

impl Eq for Datagram<'_> {}

/// A DATAGRAM frame without its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DatagramHeader {
    /// How many bytes of data follow; `None` if they fill the packet to its end.
    pub len: Option<usize>,
}

impl DatagramHeader {
    /// How many bytes the header takes.
    #[inline]
    pub const fn encoded_len(&self) -> usize {
        match self.len {
            Some(len) => 1 + varint::size(len as u64),
            None => 1,
        }
    }

    /// Writes the header; the data has to follow.
    #[inline]
    pub fn encode(&self, w: &mut Writer<'_>) {
        w.u8(FrameType::DATAGRAM.0 as u8 | u8::from(self.len.is_some()));
        if let Some(len) = self.len {
            w.varint(len as u64);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::frame::testing::{assert_exact_sample, refusal};
    use crate::wire::frame::Frame;

    #[test]
    fn with_a_length_more_frames_may_follow() {
        assert_exact_sample(&[0x31, 2, 7, 8], Frame::Datagram(Datagram::new(&[7, 8])));
        assert_exact_sample(&[0x31, 0], Frame::Datagram(Datagram::new(&[])));
    }

    /// RFC 9221 section 3: a length in a longer form than need be counts as it stands.
    #[test]
    fn the_frame_is_as_long_as_it_stood_in_the_packet() {
        for (bytes, len) in
            [(&[0x31, 0x40, 2, 7, 8][..], 5), (&[0x31, 2, 7, 8, 0], 4), (&[0x30, 7], 2)]
        {
            let decoded = Frame::decode(&mut Reader::new(bytes));
            assert!(matches!(decoded, Ok(Frame::Datagram(frame)) if frame.frame_len == len));
        }
    }

    #[test]
    fn without_a_length_the_data_reaches_to_the_end_of_the_packet() {
        let decoded = Frame::decode(&mut Reader::new(&[0x30, 7, 8]));
        assert_eq!(decoded, Ok(Frame::Datagram(Datagram::new(&[7, 8]))));
        let mut buffer = [0];
        let header = DatagramHeader { len: None };
        header.encode(&mut Writer::new(&mut buffer));
        assert_eq!((buffer, header.encoded_len()), ([0x30], 1));
    }

    #[test]
    fn a_length_past_the_packet_is_refused() {
        assert_eq!(refusal(&[0x31, 3, 7, 8]), Some(FrameErrorKind::Truncated));
    }
}
