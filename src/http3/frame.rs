//! Frames: their types, where each may stand, and their headers (RFC 9114 section 7).

use super::error::{Code, ConnectionError};
use crate::wire::{Reader, Writer};

/// The type of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameType(pub u64);

impl FrameType {
    /// Content.
    pub const DATA: Self = Self(0x00);
    /// An encoded field section.
    pub const HEADERS: Self = Self(0x01);
    /// A push is not wanted.
    pub const CANCEL_PUSH: Self = Self(0x03);
    /// What an end is ready for.
    pub const SETTINGS: Self = Self(0x04);
    /// A request that a server answers unasked.
    pub const PUSH_PROMISE: Self = Self(0x05);
    /// An end takes no more requests, or pushes.
    pub const GOAWAY: Self = Self(0x07);
    /// How many pushes a client takes.
    pub const MAX_PUSH_ID: Self = Self(0x0d);
    /// What a bidirectional stream carries, in extended HTTP/3 alone: elsewhere an unknown type.
    pub const BIDI_STREAM_TYPE: Self = Self(0x20);
    /// Another priority for a request (RFC 9218 section 7.2).
    pub const PRIORITY_UPDATE_REQUEST: Self = Self(0xf0700);
    /// Another priority for a push (RFC 9218 section 7.2).
    pub const PRIORITY_UPDATE_PUSH: Self = Self(0xf0701);

    // RFC 9114 section 7.2.8: types of HTTP/2 that have no meaning here.
    const OF_HTTP2: [u64; 4] = [0x02, 0x06, 0x08, 0x09];

    /// What a frame of this type means on a control stream.
    pub fn on_control_stream(self) -> Standing {
        match self {
            Self::DATA | Self::HEADERS | Self::PUSH_PROMISE => Standing::Forbidden,
            Self::CANCEL_PUSH
            | Self::SETTINGS
            | Self::GOAWAY
            | Self::MAX_PUSH_ID
            | Self::PRIORITY_UPDATE_REQUEST
            | Self::PRIORITY_UPDATE_PUSH => Standing::Known,
            other => other.unknown(),
        }
    }

    /// What a frame of this type means on a request stream.
    pub fn on_request_stream(self) -> Standing {
        match self {
            Self::DATA | Self::HEADERS | Self::PUSH_PROMISE => Standing::Known,
            Self::CANCEL_PUSH
            | Self::SETTINGS
            | Self::GOAWAY
            | Self::MAX_PUSH_ID
            | Self::PRIORITY_UPDATE_REQUEST
            | Self::PRIORITY_UPDATE_PUSH => Standing::Forbidden,
            other => other.unknown(),
        }
    }

    fn unknown(self) -> Standing {
        if Self::OF_HTTP2.contains(&self.0) {
            Standing::Forbidden
        } else {
            Standing::Unknown
        }
    }
}

/// What a frame means where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It has a meaning.
    Known,
    /// H3_FRAME_UNEXPECTED.
    Forbidden,
    /// It is skipped (RFC 9114 section 9).
    Unknown,
}

/// The error for a frame where it must not be.
pub const fn unexpected(reason: &'static str) -> ConnectionError {
    ConnectionError::new(Code::FRAME_UNEXPECTED, reason)
}

/// The error for a frame that is broken.
pub const fn broken(reason: &'static str) -> ConnectionError {
    ConnectionError::new(Code::FRAME_ERROR, reason)
}

/// The beginning of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameHeader {
    /// The type.
    pub kind: FrameType,
    /// The length of what follows, in bytes.
    pub len: u64,
}

impl FrameHeader {
    /// The longest one: two varints.
    pub const MAX_LEN: usize = 16;

    /// Reads a header; `None` if it is not whole yet.
    pub fn decode(bytes: &[u8]) -> Option<(Self, usize)> {
        let mut reader = Reader::new(bytes);
        let kind = FrameType(reader.varint().ok()?);
        let len = reader.varint().ok()?;
        Some((Self { kind, len }, reader.position()))
    }

    /// Writes the header into `buffer` and returns it.
    pub fn encode(self, buffer: &mut [u8; Self::MAX_LEN]) -> &[u8] {
        let mut writer = Writer::new(buffer);
        writer.varint(self.kind.0);
        writer.varint(self.len);
        let len = writer.position();
        &buffer[..len]
    }
}

/// A frame header that may come in pieces.
#[derive(Clone, Copy, Debug, Default)]
pub struct PartialHeader {
    bytes: [u8; FrameHeader::MAX_LEN],
    len: u8,
}

impl PartialHeader {
    /// True if nothing of a header is there.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Takes bytes of a header out of the beginning of `piece`; returns how many, and the header
    /// if it is whole.
    #[inline]
    pub fn take(&mut self, piece: &[u8]) -> (usize, Option<FrameHeader>) {
        if self.is_empty() {
            if let Some((header, used)) = FrameHeader::decode(piece) {
                return (used, Some(header));
            }
        }
        self.join(piece)
    }

    #[cold]
    fn join(&mut self, piece: &[u8]) -> (usize, Option<FrameHeader>) {
        let had = usize::from(self.len);
        let fits = piece.len().min(FrameHeader::MAX_LEN - had);
        self.bytes[had..had + fits].copy_from_slice(&piece[..fits]);
        match FrameHeader::decode(&self.bytes[..had + fits]) {
            Some((header, whole)) => {
                self.len = 0;
                (whole - had, Some(header))
            }
            None => {
                self.len = (had + fits) as u8;
                (fits, None)
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_header_comes_back_however_it_is_cut() {
        let header = FrameHeader { kind: FrameType::PRIORITY_UPDATE_REQUEST, len: 70_000 };
        let mut buffer = [0; FrameHeader::MAX_LEN];
        let mut bytes = header.encode(&mut buffer).to_vec();
        let whole = bytes.len();
        bytes.extend([1, 2, 3]);
        for cut in 0..whole {
            let mut partial = PartialHeader::default();
            assert_eq!(partial.take(&bytes[..cut]), (cut, None));
            assert_eq!(partial.is_empty(), cut == 0);
            assert_eq!(partial.take(&bytes[cut..]), (whole - cut, Some(header)));
            assert!(partial.is_empty());
        }
    }

    // RFC 9114 sections 7.2 and 7.2.8.
    #[test]
    fn every_type_has_its_places() {
        for kind in [0x02, 0x06, 0x08, 0x09].map(FrameType) {
            assert_eq!(kind.on_control_stream(), Standing::Forbidden);
            assert_eq!(kind.on_request_stream(), Standing::Forbidden);
        }
        for kind in [FrameType::DATA, FrameType::HEADERS, FrameType::PUSH_PROMISE] {
            assert_eq!(kind.on_control_stream(), Standing::Forbidden);
            assert_eq!(kind.on_request_stream(), Standing::Known);
        }
        for kind in [0x03, 0x04, 0x07, 0x0d, 0xf0700, 0xf0701].map(FrameType) {
            assert_eq!(kind.on_control_stream(), Standing::Known);
            assert_eq!(kind.on_request_stream(), Standing::Forbidden);
        }
        for kind in [0x21, 0x40, 0x0a, u64::MAX >> 2].map(FrameType) {
            assert_eq!(kind.on_control_stream(), Standing::Unknown);
            assert_eq!(kind.on_request_stream(), Standing::Unknown);
        }
    }
}
