//! Variable-length integers (RFC 9000 section 16): 1, 2, 4 or 8 bytes, big-endian, the two highest
//! bits telling which.

/// The largest value a varint can hold, 2^62 - 1.
pub const MAX: u64 = (1 << 62) - 1;

/// The most bytes a varint takes.
pub const MAX_SIZE: usize = 8;

/// How many bytes the shortest form of `value` takes. `value` is at most [`MAX`].
#[inline]
pub const fn size(value: u64) -> usize {
    debug_assert!(value <= MAX);
    // With one bit set at least, so that the logarithm exists.
    SIZES[(value | 1).ilog2() as usize] as usize
}

/// Sizes by the place of the highest bit.
const SIZES: [u8; 64] = {
    let mut sizes = [8; 64];
    let mut bit = 0;
    while bit < 30 {
        sizes[bit] = match bit {
            0..6 => 1,
            6..14 => 2,
            _ => 4,
        };
        bit += 1;
    }
    sizes
};

/// Decodes the varint that `bytes` starts with: its value and its size. `None` if it is cut short.
#[inline]
pub fn decode(bytes: &[u8]) -> Option<(u64, usize)> {
    let first = *bytes.first()?;
    if first < 0x40 {
        return Some((u64::from(first), 1));
    }
    // Most longer forms have eight bytes to look at, whatever the last ones are: one load and a
    // shift then decode any size without a branch on it.
    match bytes.first_chunk() {
        Some(chunk) => {
            let word = u64::from_be_bytes(*chunk);
            let size = 1_usize << (word >> 62);
            Some(((word & MAX) >> (64 - 8 * size), size))
        }
        None => decode_near_end(bytes, first),
    }
}

/// Decodes a varint of more than one byte, the first of which is `first`, that has fewer than eight
/// bytes to look at.
#[inline]
fn decode_near_end(bytes: &[u8], first: u8) -> Option<(u64, usize)> {
    match first >> 6 {
        1 => Some((u64::from(u16::from_be_bytes(*bytes.first_chunk()?) & 0x3fff), 2)),
        2 => Some((u64::from(u32::from_be_bytes(*bytes.first_chunk()?) & 0x3fff_ffff), 4)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::wire::{Reader, Writer};

    /// RFC 9000 appendix A.1.
    const SAMPLES: [(&[u8], u64); 4] = [
        (&[0xc2, 0x19, 0x7c, 0x5e, 0xff, 0x14, 0xe8, 0x8c], 151_288_809_941_952_652),
        (&[0x9d, 0x7f, 0x3e, 0x7d], 494_878_333),
        (&[0x7b, 0xbd], 15_293),
        (&[0x25], 37),
    ];

    #[test]
    fn the_rfc_samples_decode() {
        for (bytes, value) in SAMPLES {
            assert_eq!(decode(bytes), Some((value, bytes.len())));
            let mut followed = bytes.to_vec();
            followed.extend([0xff; 9]);
            assert_eq!(decode(&followed), Some((value, bytes.len())));
        }
        // The two-byte form of 37 is as good as the one-byte form.
        assert_eq!(decode(&[0x40, 0x25]), Some((37, 2)));
    }

    #[test]
    fn the_rfc_samples_encode() {
        for (bytes, value) in SAMPLES {
            let mut buffer = [0; 8];
            let mut w = Writer::new(&mut buffer);
            w.varint(value);
            assert_eq!(w.written(), bytes);
        }
    }

    #[test]
    fn sizes_change_at_the_powers_of_two() {
        for (value, expected) in
            [(0, 1), (63, 1), (64, 2), (16_383, 2), (16_384, 4), ((1 << 30) - 1, 4)]
        {
            assert_eq!(size(value), expected);
        }
        assert_eq!(size(1 << 30), 8);
        assert_eq!(size(MAX), 8);
    }

    #[test]
    fn every_bit_position_survives_a_round_trip() {
        for shift in 0..62 {
            for value in [1_u64 << shift, (1_u64 << shift) - 1, MAX >> shift] {
                let mut buffer = [0; 16];
                let mut w = Writer::new(&mut buffer);
                w.varint(value);
                assert_eq!(w.position(), size(value));
                assert_eq!(Reader::new(w.written()).varint(), Ok(value));
            }
        }
    }

    #[test]
    fn a_varint_cut_short_is_refused() {
        for (bytes, _) in SAMPLES {
            for cut in 0..bytes.len() {
                assert_eq!(decode(&bytes[..cut]), None);
            }
        }
    }
}
