//! The first frame on a client's bidirectional stream, which says what the stream is.

use crate::http3::error::ConnectionError;
use crate::http3::frame::{broken, FrameType};
use crate::wire::Reader;

/// The frame that opens a bytestream: its type, its length, and the kind of stream.
pub const OPENING_FRAME: [u8; 3] = [FrameType::BIDI_STREAM_TYPE.0 as u8, 1, BYTESTREAM as u8];

/// The value for a request in the frame that names the kind of a stream.
const REQUEST: u64 = 0;

/// The value for a bytestream.
const BYTESTREAM: u64 = 1;

/// The longest content of the frame: a varint.
const MAX_VARINT_LEN: u64 = 8;

/// What the first bytes of a stream say.
///
/// Whoever goes on reads the stream from its beginning: the frame means nothing any more then, and
/// is skipped as those of unknown types are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// Not enough has come.
    Undecided,
    /// A request.
    Request,
    /// A bytestream.
    Bytestream,
}

impl Opening {
    /// Reads the beginning of a stream. A stream that names no kind carries a request.
    ///
    /// # Errors
    /// H3_FRAME_ERROR for a frame that is broken or names a kind there is not.
    pub fn read(bytes: &[u8]) -> Result<Self, ConnectionError> {
        let mut reader = Reader::new(bytes);
        match reader.varint() {
            Ok(kind) if FrameType(kind) == FrameType::BIDI_STREAM_TYPE => {}
            Ok(_) => return Ok(Self::Request),
            Err(_) => return Ok(Self::Undecided),
        }
        let Ok(len) = reader.varint() else { return Ok(Self::Undecided) };
        if len == 0 || len > MAX_VARINT_LEN {
            return Err(broken("a kind of stream that is not one integer"));
        }
        let rest = reader.rest();
        match rest.get(..len as usize) {
            Some(content) => Self::of_content(content),
            None => Ok(Self::Undecided),
        }
    }

    fn of_content(content: &[u8]) -> Result<Self, ConnectionError> {
        let mut reader = Reader::new(content);
        match reader.varint() {
            Ok(_) if !reader.is_empty() => Err(broken("a kind of stream that is not one integer")),
            Ok(REQUEST) => Ok(Self::Request),
            Ok(BYTESTREAM) => Ok(Self::Bytestream),
            Ok(_) => Err(broken("a kind of stream that there is not")),
            Err(_) => Err(broken("a kind of stream that is not one integer")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Opening::{Bytestream, Request, Undecided};

    #[test]
    fn the_first_frame_says_what_a_stream_is_however_it_is_cut() {
        let cases: [(&[u8], Opening, usize); 7] = [
            (&[0x20, 1, 1, 0, 5], Bytestream, 3),
            (&[0x20, 1, 0, 1, 4], Request, 3),
            // Varints in more bytes than they need.
            (&[0x40, 0x20, 0x80, 0, 0, 2, 0x40, 1], Bytestream, 8),
            (&[1, 4], Request, 1),
            (&[0, 4], Request, 1),
            (&[0x40, 0x21, 9], Request, 2),
            (&[0xc0, 0, 0, 0, 0, 0, 0, 0x33], Request, 8),
        ];
        for (bytes, kind, decided) in cases {
            for end in 0..=bytes.len() {
                let expected = if end < decided { Undecided } else { kind };
                assert_eq!(Opening::read(&bytes[..end]), Ok(expected), "{bytes:?} {end}");
            }
        }
        assert_eq!(Opening::read(&OPENING_FRAME), Ok(Bytestream));
    }

    #[test]
    fn a_kind_that_is_not_one_known_integer_is_an_error() {
        for bytes in [
            &[0x20, 0][..],
            &[0x20, 1, 2],
            &[0x20, 2, 1, 1],
            &[0x20, 2, 0x80, 1],
            &[0x20, 9],
            &[0x20, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        ] {
            assert!(Opening::read(bytes).is_err(), "{bytes:?}");
        }
    }
}
