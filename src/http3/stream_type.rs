//! Types of unidirectional streams (RFC 9114 section 6.2, RFC 9204 section 4.2).

use crate::wire::varint;

/// The type of a unidirectional stream: its first varint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamType(pub u64);

impl StreamType {
    /// The control stream.
    pub const CONTROL: Self = Self(0x00);
    /// A push stream.
    pub const PUSH: Self = Self(0x01);
    /// Instructions of the QPACK encoder.
    pub const QPACK_ENCODER: Self = Self(0x02);
    /// Instructions of the QPACK decoder.
    pub const QPACK_DECODER: Self = Self(0x03);
}

/// A stream type that may come in pieces.
#[derive(Clone, Copy, Debug, Default)]
pub struct PartialType {
    bytes: [u8; 8],
    len: u8,
}

impl PartialType {
    /// Takes bytes of the type out of the beginning of `piece`; returns how many, and the type if it
    /// is whole.
    pub fn take(&mut self, piece: &[u8]) -> (usize, Option<StreamType>) {
        let had = usize::from(self.len);
        let fits = piece.len().min(self.bytes.len() - had);
        self.bytes[had..had + fits].copy_from_slice(&piece[..fits]);
        match varint::decode(&self.bytes[..had + fits]) {
            Some((value, whole)) => (whole - had, Some(StreamType(value))),
            None => {
                self.len += fits as u8;
                (fits, None)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_comes_back_however_it_is_cut() {
        // 0x21 in eight bytes, with data behind it.
        let bytes = [0xc0, 0, 0, 0, 0, 0, 0, 0x21, 9, 9];
        for cut in 0..8 {
            let mut partial = PartialType::default();
            assert_eq!(partial.take(&bytes[..cut]), (cut, None));
            assert_eq!(partial.take(&bytes[cut..]), (8 - cut, Some(StreamType(0x21))));
        }
        assert_eq!(PartialType::default().take(&[3]), (1, Some(StreamType::QPACK_DECODER)));
    }
}
