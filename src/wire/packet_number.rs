//! Packet numbers and their truncated form on the wire (RFC 9000 sections 12.3 and 17.1).

use super::{varint, Writer};

/// A full packet number, at most 2^62 - 1, counted per packet number space.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PacketNumber(pub u64);

impl PacketNumber {
    /// The highest packet number; a space that reaches it can send nothing more
    /// (RFC 9000 section 12.3).
    pub const MAX: Self = Self(varint::MAX);

    /// The number after this one.
    #[inline]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// How many bytes, 1 to 4, this number needs in a packet sent now, while the peer has
    /// acknowledged `largest_acked` (RFC 9000 appendix A.2).
    ///
    /// The peer rebuilds the number from what it has seen; twice the span of what is unacknowledged
    /// keeps that unambiguous.
    #[inline]
    pub const fn encoded_len(self, largest_acked: Option<Self>) -> usize {
        let unacked = match largest_acked {
            Some(acked) => self.0.saturating_sub(acked.0),
            None => self.0.saturating_add(1),
        };
        1 + (unacked > 1 << 7) as usize
            + (unacked > 1 << 15) as usize
            + (unacked > 1 << 23) as usize
    }

    /// Writes the low `len` (1 to 4) bytes of the number.
    #[inline]
    pub fn encode(self, w: &mut Writer<'_>, len: usize) {
        match len {
            1 => w.u8(self.0 as u8),
            2 => w.u16(self.0 as u16),
            3 => w.array([(self.0 >> 16) as u8, (self.0 >> 8) as u8, self.0 as u8]),
            _ => w.u32(self.0 as u32),
        }
    }

    /// The full number behind `truncated`, the `len` (1 to 4) bytes seen on the wire, when `largest`
    /// is the highest number received in this space so far (RFC 9000 appendix A.3).
    #[inline]
    pub const fn decode(truncated: u32, len: usize, largest: Option<Self>) -> Self {
        let expected = match largest {
            Some(largest) if largest.0 < varint::MAX => largest.0 + 1,
            Some(_) => varint::MAX,
            None => 0,
        };
        let window = 1_u64 << (8 * len);
        let half = window / 2;
        let candidate = (expected & !(window - 1)) | truncated as u64;
        if candidate + half <= expected && candidate <= varint::MAX - window {
            Self(candidate + window)
        } else if candidate > expected + half && candidate >= window {
            Self(candidate - window)
        } else {
            Self(candidate)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 9000 appendix A.2.
    #[test]
    fn the_rfc_samples_choose_two_and_three_bytes() {
        let acked = Some(PacketNumber(0xabe8b3));
        assert_eq!(PacketNumber(0xac5c02).encoded_len(acked), 2);
        assert_eq!(PacketNumber(0xace8fe).encoded_len(acked), 3);
    }

    /// RFC 9000 appendix A.3.
    #[test]
    fn the_rfc_sample_decodes_around_the_largest_received() {
        let largest = Some(PacketNumber(0xa82f30ea));
        assert_eq!(PacketNumber::decode(0x9b32, 2, largest), PacketNumber(0xa82f9b32));
    }

    #[test]
    fn the_first_packet_takes_one_byte() {
        assert_eq!(PacketNumber(0).encoded_len(None), 1);
        assert_eq!(PacketNumber(127).encoded_len(None), 1);
        assert_eq!(PacketNumber(128).encoded_len(None), 2);
        assert_eq!(PacketNumber::decode(0, 1, None), PacketNumber(0));
        assert_eq!(PacketNumber::decode(0xff, 1, None), PacketNumber(0xff));
    }

    #[test]
    fn the_chosen_length_always_decodes_back() {
        // The receiver may have seen anything from the acknowledged packet to the one before.
        for base in [0_u64, 0xfe, 0xffff, 0x0123_4567, varint::MAX - (1 << 24)] {
            for gap in [1_u64, 2, 127, 128, 129, 32_768, 32_769, 1 << 23, (1 << 23) + 1] {
                let sent = PacketNumber(base + gap);
                let len = sent.encoded_len(Some(PacketNumber(base)));
                let truncated = (sent.0 & ((1_u64 << (8 * len)) - 1)) as u32;
                for seen in [base, base + gap / 2, base + gap - 1] {
                    let decoded = PacketNumber::decode(truncated, len, Some(PacketNumber(seen)));
                    assert_eq!(decoded, sent, "base {base:#x} gap {gap}");
                }
            }
        }
    }

    #[test]
    fn decoding_never_leaves_the_number_range() {
        for largest in [None, Some(PacketNumber(0)), Some(PacketNumber::MAX)] {
            for len in 1..=4 {
                for truncated in [0, 1, 0x7f, 0x80, 0xff, u32::MAX >> (32 - 8 * len)] {
                    assert!(PacketNumber::decode(truncated, len, largest) <= PacketNumber::MAX);
                }
            }
        }
    }
}
