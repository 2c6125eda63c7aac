//! Which bytes may stand where.

use super::words;

/// May stand in the name of a field on the wire: a token (RFC 9110 section 5.6.2) in lower case.
const LOWER_TOKEN: u8 = 1;

/// May stand in a token.
const TOKEN: u8 = 2;

/// May stand in a URI scheme (RFC 3986 section 3.1).
const SCHEME: u8 = 4;

const CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < 128 {
        let character = byte as u8;
        classes[byte] = match character {
            b'a'..=b'z' | b'0'..=b'9' | b'+' | b'-' | b'.' => LOWER_TOKEN | TOKEN | SCHEME,
            b'A'..=b'Z' => TOKEN | SCHEME,
            b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'^' | b'_' | b'`' | b'|' | b'~' => {
                LOWER_TOKEN | TOKEN
            }
            _ => 0,
        };
        byte += 1;
    }
    classes
};

#[inline]
fn all(text: &[u8], class: u8) -> bool {
    text.iter().all(|byte| CLASSES[usize::from(*byte)] & class != 0)
}

/// The name of a field that is no pseudo-field, as it has to be on the wire (RFC 9114 section 4.2).
#[inline]
pub(super) fn is_lower_token(name: &[u8]) -> bool {
    !name.is_empty() && all(name, LOWER_TOKEN)
}

/// A token of any case, such as a method (RFC 9110 section 9.1).
#[inline]
pub(super) fn is_token(text: &[u8]) -> bool {
    !text.is_empty() && all(text, TOKEN)
}

/// A scheme: letters, digits, `+`, `-` and `.`, a letter first.
#[inline]
pub(super) fn is_scheme(text: &[u8]) -> bool {
    text.first().is_some_and(u8::is_ascii_alphabetic) && all(text, SCHEME)
}

/// The bytes of a field value (RFC 9110 section 5.5): no control characters but the tab.
#[inline]
pub(super) fn is_value(value: &[u8]) -> bool {
    // Tabs are rare.
    !words::any(value, words::has_control, has_control) || !has_control(value)
}

fn has_control(value: &[u8]) -> bool {
    value.iter().any(|byte| byte.is_ascii_control() && *byte != b'\t')
}

/// A value that has no blanks either, as the parts of a request's target.
#[inline]
pub(super) fn is_unspaced(value: &[u8]) -> bool {
    !value.iter().fold(false, |found, byte| found | (*byte <= b' ') | (*byte == 0x7f))
}

/// True with a blank at either end, which is no part of a value (RFC 9110 section 5.5).
#[inline]
pub(super) fn has_outer_blanks(value: &[u8]) -> bool {
    let blank = |byte: Option<&u8>| matches!(byte, Some(b' ' | b'\t'));
    blank(value.first()) || blank(value.last())
}

/// `value` without the blanks at its ends.
#[inline]
pub fn trimmed(value: &[u8]) -> &[u8] {
    if !has_outer_blanks(value) {
        return value;
    }
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let begin = value.iter().position(|byte| !blank(byte)).unwrap_or(value.len());
    let end = value.iter().rposition(|byte| !blank(byte)).map_or(begin, |last| last + 1);
    &value[begin..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC 9110 section 5.6.2, RFC 9114 section 4.2.
    #[test]
    fn names_are_tokens_in_lower_case() {
        for byte in 0..=255_u8 {
            let separator = b"\"(),/:;<=>?@[\\]{} ".contains(&byte);
            let token = byte.is_ascii_graphic() && !separator;
            assert_eq!(is_token(&[b'a', byte]), token, "{byte}");
            let lower = token && !byte.is_ascii_uppercase();
            assert_eq!(is_lower_token(&[byte, b'a']), lower, "{byte}");
        }
        assert!(!is_token(b"") && !is_lower_token(b""));
    }

    // RFC 9110 section 5.5, RFC 9114 section 10.3.
    #[test]
    fn values_have_no_control_characters_but_tabs() {
        for byte in 0..=255_u8 {
            let good = byte == b'\t' || byte >= b' ' && byte != 0x7f;
            let mut long = [b'a'; 100];
            long[57] = byte;
            assert_eq!((is_value(&[byte]), is_value(&long)), (good, good), "{byte}");
            assert_eq!(is_unspaced(&long), good && byte != b' ' && byte != b'\t', "{byte}");
        }
        assert!(is_value(b""));
    }

    #[test]
    fn blanks_are_found_and_cut_at_the_ends_only() {
        for (value, rest) in [(" a b", "a b"), ("a b\t", "a b"), ("\t ", ""), ("a b", "a b")] {
            assert_eq!(trimmed(value.as_bytes()), rest.as_bytes());
            assert_eq!(has_outer_blanks(value.as_bytes()), value != rest);
        }
        assert!(!has_outer_blanks(b"") && trimmed(b"").is_empty());
    }

    // RFC 3986 section 3.1.
    #[test]
    fn schemes_begin_with_a_letter() {
        for (scheme, good) in
            [("https", true), ("A1+-.", true), ("1a", false), ("", false), ("a_", false)]
        {
            assert_eq!(is_scheme(scheme.as_bytes()), good, "{scheme}");
        }
    }
}
