//! The first byte of a packet (RFC 9000 sections 17.2 and 17.3.1).

use crate::error::{TransportError, TransportErrorCode};

/// Set in long headers.
pub(super) const LONG_FORM: u8 = 0x80;
/// Set in every packet but Version Negotiation, so that QUIC can share a port with other protocols.
pub const FIXED_BIT: u8 = 0x40;
/// The latency spin bit of short headers.
pub(super) const SPIN_BIT: u8 = 0x20;
/// The key phase of short headers.
pub(super) const KEY_PHASE: u8 = 0x04;
/// Must be zero in long headers.
const LONG_RESERVED: u8 = 0x0c;
/// Must be zero in short headers.
const SHORT_RESERVED: u8 = 0x18;
/// One less than the number of bytes of the packet number.
const PN_LEN: u8 = 0x03;

/// True if a packet that starts with `first` has a long header; this bit is never protected.
#[inline]
pub const fn is_long(first: u8) -> bool {
    first & LONG_FORM != 0
}

/// The bits of `first` that header protection covers (RFC 9001 section 5.4.1).
#[inline]
pub const fn protected_bits(first: u8) -> u8 {
    if is_long(first) {
        0x0f
    } else {
        0x1f
    }
}

/// The first byte of a packet whose header protection is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FirstByte(pub u8);

impl FirstByte {
    /// How many bytes the packet number has, 1 to 4.
    #[inline]
    pub const fn pn_len(self) -> usize {
        (self.0 & PN_LEN) as usize + 1
    }

    /// The key phase; only short headers have one.
    #[inline]
    pub const fn key_phase(self) -> bool {
        self.0 & KEY_PHASE != 0
    }

    /// The latency spin bit; only short headers have one (RFC 9000 section 17.4).
    #[inline]
    pub const fn spin(self) -> bool {
        self.0 & SPIN_BIT != 0
    }

    /// Refuses reserved bits that are set. RFC 9000 sections 17.2 and 17.3.1: to be asked only after
    /// the payload has authenticated too, or anyone could close the connection.
    #[inline]
    pub const fn check_reserved(self) -> Result<(), TransportError> {
        let reserved = if is_long(self.0) { LONG_RESERVED } else { SHORT_RESERVED };
        if self.0 & reserved != 0 {
            let code = TransportErrorCode::PROTOCOL_VIOLATION;
            return Err(TransportError::new(code, "reserved header bits set"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 9000 sections 17.2 and 17.3.1.
    #[test]
    fn reserved_bits_differ_between_long_and_short_headers() {
        let refused = |first: u8| FirstByte(first).check_reserved().map_err(|error| error.code);
        let violation = Err(TransportErrorCode::PROTOCOL_VIOLATION);
        assert_eq!(refused(0xf3), Ok(()));
        assert_eq!(refused(0xc4), violation);
        assert_eq!(refused(0xc8), violation);
        assert_eq!(refused(0x67), Ok(()));
        assert_eq!(refused(0x48), violation);
        assert_eq!(refused(0x50), violation);
    }

    #[test]
    fn the_low_bits_tell_length_phase_and_spin() {
        assert_eq!((0x40..=0x43).map(|b| FirstByte(b).pn_len()).collect::<Vec<_>>(), [1, 2, 3, 4]);
        assert!(FirstByte(0x44).key_phase() && !FirstByte(0x40).key_phase());
        assert!(FirstByte(0x60).spin() && !FirstByte(0x40).spin());
    }

    /// RFC 9001 section 5.4.1.
    #[test]
    fn protection_covers_four_bits_of_long_and_five_of_short_headers() {
        assert_eq!((protected_bits(0xc0), protected_bits(0x40)), (0x0f, 0x1f));
    }
}
