//! Connection IDs and the stateless reset tokens that belong to them (RFC 9000 sections 5.1, 10.3).

use std::borrow::Borrow;
use std::fmt;
use std::hash::{Hash, Hasher};

use super::{Reader, UnexpectedEnd};

/// A connection ID of 0 to 20 bytes, kept inline.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ConnectionId {
    len: u8,
    /// Zero from `len` on, so that comparing all of them compares the IDs.
    bytes: [u8; ConnectionId::MAX_LEN],
}

impl ConnectionId {
    /// The longest connection ID of the versions spoken here (RFC 9000 section 17.2).
    pub const MAX_LEN: usize = 20;

    /// The ID of zero length.
    pub const EMPTY: Self = Self { len: 0, bytes: [0; Self::MAX_LEN] };

    /// A copy of `bytes`; `None` if they are more than 20.
    #[inline]
    pub fn new(bytes: &[u8]) -> Option<Self> {
        let mut id = Self::EMPTY;
        // Eight bytes is what hosts use unless told otherwise: no call to copy them.
        if let Ok(eight) = <&[u8; 8]>::try_from(bytes) {
            id.bytes[..8].copy_from_slice(eight);
        } else {
            id.bytes.get_mut(..bytes.len())?.copy_from_slice(bytes);
        }
        id.len = bytes.len() as u8;
        Some(id)
    }

    /// The bytes of the ID.
    #[inline]
    pub fn as_slice(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    /// How many bytes the ID has, 0 to 20.
    #[inline]
    pub const fn len(&self) -> usize {
        self.len as usize
    }

    /// True for the ID of zero length.
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Reads an ID that follows its length in one byte; the inner `None` is a length over 20, whose
    /// bytes are not taken.
    #[inline]
    pub fn read(r: &mut Reader<'_>) -> Result<Option<Self>, UnexpectedEnd> {
        let len = usize::from(r.u8()?);
        if len > Self::MAX_LEN {
            return Ok(None);
        }
        r.bytes(len).map(Self::new)
    }
}

impl Default for ConnectionId {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl fmt::Debug for ConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for ConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_slice().iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Hashes as the slice does, so that a table can be asked with bytes straight from a datagram.
impl Hash for ConnectionId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_slice().hash(state);
    }
}

impl Borrow<[u8]> for ConnectionId {
    fn borrow(&self) -> &[u8] {
        self.as_slice()
    }
}

impl AsRef<[u8]> for ConnectionId {
    fn as_ref(&self) -> &[u8] {
        self.as_slice()
    }
}

/// What ends a datagram that says: this connection is gone (RFC 9000 section 10.3).
#[derive(Clone, Copy)]
pub struct ResetToken(pub [u8; ResetToken::LEN]);

impl ResetToken {
    /// How many bytes a token has.
    pub const LEN: usize = 16;
}

/// RFC 9000 section 10.3.1: the comparison must not tell by its duration how far a guess was right.
impl PartialEq for ResetToken {
    fn eq(&self, other: &Self) -> bool {
        let difference = u128::from_ne_bytes(self.0) ^ u128::from_ne_bytes(other.0);
        std::hint::black_box(difference) == 0
    }
}

impl Eq for ResetToken {}

/// A token ends a connection for whoever holds it: logs do not show it.
impl fmt::Debug for ResetToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResetToken(..)")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn any_length_up_to_twenty_is_kept() {
        let bytes: Vec<u8> = (1..=21).collect();
        for len in 0..=20 {
            let id = ConnectionId::new(&bytes[..len]).unwrap();
            assert_eq!(id.as_slice(), &bytes[..len]);
            assert_eq!((id.len(), id.is_empty()), (len, len == 0));
        }
        assert_eq!(ConnectionId::new(&bytes), None);
    }

    #[test]
    fn a_shorter_id_is_another_id() {
        assert_ne!(ConnectionId::new(&[1, 0]), ConnectionId::new(&[1]));
        assert_ne!(ConnectionId::new(&[0]), Some(ConnectionId::EMPTY));
    }

    #[test]
    fn a_table_of_ids_can_be_asked_with_bytes() {
        let table = HashSet::from([ConnectionId::new(&[1, 2, 3, 4, 5, 6, 7, 8]).unwrap()]);
        assert!(table.contains(&[1, 2, 3, 4, 5, 6, 7, 8][..]));
        assert!(!table.contains(&[1, 2, 3, 4, 5, 6, 7][..]));
    }

    #[test]
    fn ids_print_as_hex_and_tokens_not_at_all() {
        assert_eq!(format!("{:?}", ConnectionId::new(&[0, 0xab]).unwrap()), "00ab");
        assert_eq!(format!("{:?}", ResetToken([7; 16])), "ResetToken(..)");
    }

    #[test]
    fn tokens_differ_by_any_bit() {
        let token = ResetToken([7; 16]);
        assert_eq!(token, ResetToken([7; 16]));
        for bit in 0..128 {
            let mut other = token;
            other.0[bit / 8] ^= 1 << (bit % 8);
            assert_ne!(token, other);
        }
    }

    #[test]
    fn a_length_byte_over_twenty_is_refused() {
        let mut bytes = [0; 30];
        bytes[0] = 21;
        assert_eq!(ConnectionId::read(&mut Reader::new(&bytes)), Ok(None));
        bytes[0] = 20;
        assert!(ConnectionId::read(&mut Reader::new(&bytes)).unwrap().is_some());
        assert_eq!(ConnectionId::read(&mut Reader::new(&bytes[..20])), Err(UnexpectedEnd));
    }
}
