//! CONNECTION_CLOSE (RFC 9000 section 19.19), in both its forms.

use super::{FrameErrorKind, FrameType};
use crate::wire::{varint, Reader, Writer};

/// The end of the connection and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionClose<'a> {
    /// The code: a transport code if `frame_type` is there, else one of the application's. The two
    /// share no meaning (RFC 9000 section 20).
    pub error_code: u64,
    /// The type of the frame that led to the close, 0 if none did; `None` if the application closes.
    pub frame_type: Option<u64>,
    /// Words for the other side's operator: untrusted bytes, not always text.
    pub reason: &'a [u8],
}

impl<'a> ConnectionClose<'a> {
    /// Reads what follows the type; `by_application` says which of the two types it is.
    pub(super) fn decode(r: &mut Reader<'a>, by_application: bool) -> Result<Self, FrameErrorKind> {
        let error_code = r.varint()?;
        let frame_type = if by_application { None } else { Some(r.varint()?) };
        let reason = r.varint_bytes()?;
        Ok(Self { error_code, frame_type, reason })
    }

    /// The type that goes on the wire.
    pub const fn wire_type(&self) -> FrameType {
        match self.frame_type {
            Some(_) => FrameType::CONNECTION_CLOSE,
            None => FrameType::CONNECTION_CLOSE_APPLICATION,
        }
    }

    /// The same close with as much of the reason as fits when the frame may take `room` bytes; `None`
    /// if it does not fit without any.
    pub fn shortened_to(&self, room: usize) -> Option<Self> {
        let bare = Self { reason: &[], ..*self }.encoded_len();
        let spare = room.checked_sub(bare)?;
        let whole = varint::size(self.reason.len() as u64) - 1 + self.reason.len();
        if whole <= spare {
            return Some(*self);
        }
        // `bare` has one byte for the length; a reason cut to more than 63 bytes needs more.
        let kept = spare - (varint::size(spare as u64) - 1);
        Some(Self { reason: self.reason.get(..kept)?, ..*self })
    }

    /// How many bytes the frame takes.
    pub const fn encoded_len(&self) -> usize {
        let frame_type = match self.frame_type {
            Some(frame_type) => varint::size(frame_type),
            None => 0,
        };
        let reason = varint::size(self.reason.len() as u64) + self.reason.len();
        1 + varint::size(self.error_code) + frame_type + reason
    }

    /// Writes the frame.
    pub fn encode(&self, w: &mut Writer<'_>) {
        w.u8(self.wire_type().0 as u8);
        w.varint(self.error_code);
        if let Some(frame_type) = self.frame_type {
            w.varint(frame_type);
        }
        w.varint_bytes(self.reason);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::wire::frame::testing::assert_exact_sample;
    use crate::wire::frame::Frame;

    #[test]
    fn only_the_transport_names_a_frame_type() {
        let close = ConnectionClose { error_code: 0x0a, frame_type: Some(0x08), reason: b"no" };
        assert_exact_sample(&[0x1c, 0x0a, 0x08, 2, b'n', b'o'], Frame::ConnectionClose(close));
        let close = ConnectionClose { error_code: 0x100, frame_type: None, reason: b"" };
        assert_exact_sample(&[0x1d, 0x41, 0x00, 0], Frame::ConnectionClose(close));
    }

    #[test]
    fn a_reason_is_cut_to_the_room_there_is() {
        let reason = [b'x'; 100];
        let close = ConnectionClose { error_code: 1, frame_type: Some(0), reason: &reason };
        assert_eq!(close.encoded_len(), 105);
        assert_eq!(close.shortened_to(3), None);
        for room in 4..120 {
            let shortened = close.shortened_to(room).unwrap();
            assert!(shortened.encoded_len() <= room.min(105));
            assert!(shortened.encoded_len() + 1 >= room.min(105), "room {room} is used");
        }
        assert_eq!(close.shortened_to(105), Some(close));
    }
}
