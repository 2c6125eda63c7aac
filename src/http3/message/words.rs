//! Eight bytes of text at a time.

/// Every byte 1.
const ONES: u64 = u64::MAX / 255;

/// The highest bit of every byte.
const HIGH: u64 = ONES << 7;

/// True if `test` is true of eight bytes of `text`, wherever they begin at a multiple of eight, or of
/// its last ones; for less than eight, of what `short` says.
#[inline]
pub(super) fn any(text: &[u8], test: impl Fn(u64) -> bool, short: impl Fn(&[u8]) -> bool) -> bool {
    let Some(last) = text.last_chunk::<8>() else { return short(text) };
    // The last word may overlap the one before.
    text.chunks_exact(8)
        .any(|chunk| chunk.first_chunk::<8>().is_some_and(|chunk| test(u64::from_ne_bytes(*chunk))))
        || test(u64::from_ne_bytes(*last))
}

/// True if a byte is a control character, tabs included.
#[inline]
pub(super) fn has_control(word: u64) -> bool {
    let delete = word ^ (ONES * 0x7f);
    let below_space = word.wrapping_sub(ONES * 0x20) & !word;
    let is_delete = delete.wrapping_sub(ONES) & !delete;
    (below_space | is_delete) & HIGH != 0
}

/// True if a byte is an upper-case letter of ASCII.
#[inline]
pub(super) fn has_upper_case(word: u64) -> bool {
    let low = word & !HIGH;
    let from_a = low + ONES * (0x80 - u64::from(b'A'));
    let after_z = low + ONES * (0x7f - u64::from(b'Z'));
    (from_a ^ after_z) & !word & HIGH != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_found_in_every_place() {
        for byte in 0..=255_u8 {
            for place in 0..20 {
                let mut text = [b'x'; 20];
                text[place] = byte;
                let upper = any(&text, has_upper_case, |_| false);
                assert_eq!(upper, byte.is_ascii_uppercase(), "{byte} at {place}");
                let control = any(&text, has_control, |_| false);
                assert_eq!(control, byte.is_ascii_control(), "{byte} at {place}");
            }
        }
    }

    #[test]
    fn neighbours_are_not_taken_for_what_they_are_not() {
        for (first, second) in (0..=255_u8).flat_map(|a| (0..=255_u8).map(move |b| (a, b))) {
            let text = [b'x', first, second, b'x', b'x', b'x', b'x', b'x'];
            let word = u64::from_ne_bytes(text);
            assert_eq!(has_upper_case(word), text.iter().any(u8::is_ascii_uppercase), "{text:?}");
            assert_eq!(has_control(word), text.iter().any(u8::is_ascii_control), "{text:?}");
        }
    }

    #[test]
    fn short_texts_are_for_others() {
        assert!(any(b"1234567", |_| false, |text| text.len() == 7));
        assert!(!any(b"12345678", |_| false, |_| true));
    }
}
