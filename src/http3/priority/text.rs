//! Priorities as text.

use super::{Priority, DEFAULT_URGENCY, LEAST_URGENT};

/// The longest text that [`Priority::full_text`] makes.
pub const MAX_FULL_TEXT: usize = "u=3, i, s=0, r=0, f=00000000, p".len();

/// The largest size hint that eight digits can tell.
const MAX_FEC: u32 = 99_999_999;

/// A text of [`Priority::full_text`].
#[derive(Clone, Copy, Debug)]
pub struct FullText {
    bytes: [u8; MAX_FULL_TEXT],
    len: usize,
}

impl FullText {
    /// The text.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    fn push(&mut self, text: &[u8]) {
        self.bytes[self.len..self.len + text.len()].copy_from_slice(text);
        self.len += text.len();
    }
}

impl Priority {
    /// The text that the original library makes, which always names `u`, `s`, `r` and `f`. Size
    /// hints of more than eight digits become the largest of eight.
    ///
    /// `None` if an urgency is out of range, or a path parameter has more than one digit.
    pub fn full_text(&self) -> Option<FullText> {
        if self.urgency > LEAST_URGENT || self.schedule > 9 || self.reinject > 9 {
            return None;
        }
        let mut text = FullText { bytes: [0; MAX_FULL_TEXT], len: 0 };
        text.push(&[b'u', b'=', b'0' + self.urgency]);
        if self.incremental {
            text.push(b", i");
        }
        text.push(&[b',', b' ', b's', b'=', b'0' + self.schedule]);
        text.push(&[b',', b' ', b'r', b'=', b'0' + self.reinject]);
        text.push(b", f=");
        text.push(&eight_digits(self.fec));
        if self.fastpath {
            text.push(b", p");
        }
        Some(text)
    }

    /// Appends the value for a `priority` field or a PRIORITY_UPDATE frame (RFC 9218 section 7.1)
    /// with the members that are not at their defaults. Nothing is appended if all are: an empty
    /// value says so too.
    pub fn write(&self, out: &mut Vec<u8>) {
        let begin = out.len();
        if self.urgency != DEFAULT_URGENCY {
            add_member(begin, b"u=", out);
            write_number(self.urgency.min(LEAST_URGENT), out);
        }
        if self.incremental {
            add_member(begin, b"i", out);
        }
        if self.schedule != 0 {
            add_member(begin, b"s=", out);
            write_number(self.schedule, out);
        }
        if self.reinject != 0 {
            add_member(begin, b"r=", out);
            write_number(self.reinject, out);
        }
        if self.fec != 0 {
            add_member(begin, b"f=", out);
            out.extend_from_slice(&eight_digits(self.fec));
        }
        if self.fastpath {
            add_member(begin, b"p", out);
        }
    }
}

/// Appends the beginning of a member to a dictionary that stands in `out` from `begin`.
fn add_member(begin: usize, text: &[u8], out: &mut Vec<u8>) {
    if out.len() > begin {
        out.extend_from_slice(b", ");
    }
    out.extend_from_slice(text);
}

/// `value` in decimal.
fn write_number(value: u8, out: &mut Vec<u8>) {
    for (unit, digit) in [(100, value / 100), (10, value / 10 % 10), (1, value % 10)] {
        if value >= unit || unit == 1 {
            out.push(b'0' + digit);
        }
    }
}

fn eight_digits(value: u32) -> [u8; 8] {
    let mut left = value.min(MAX_FEC);
    let mut digits = [b'0'; 8];
    for digit in digits.iter_mut().rev() {
        *digit += (left % 10) as u8;
        left /= 10;
    }
    digits
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn full(priority: Priority) -> String {
        String::from_utf8(priority.full_text().unwrap().as_bytes().to_vec()).unwrap()
    }

    fn short(priority: Priority) -> String {
        let mut out = Vec::new();
        priority.write(&mut out);
        String::from_utf8(out).unwrap()
    }

    fn everything() -> Priority {
        Priority {
            urgency: 7,
            incremental: true,
            schedule: 1,
            reinject: 9,
            fec: 20480,
            fastpath: true,
        }
    }

    #[test]
    fn the_full_text_names_all_that_has_a_value() {
        assert_eq!(full(Priority::default()), "u=3, s=0, r=0, f=00000000");
        assert_eq!(full(everything()), "u=7, i, s=1, r=9, f=00020480, p");
        assert_eq!(full(everything()).len(), MAX_FULL_TEXT);
        assert_eq!(full(Priority { fec: u32::MAX, ..Priority::default() })[17..], *"99999999");
    }

    #[test]
    fn what_has_no_digit_has_no_full_text() {
        let default = Priority::default();
        assert!(Priority { urgency: 8, ..default }.full_text().is_none());
        assert!(Priority { schedule: 10, ..default }.full_text().is_none());
        assert!(Priority { reinject: 10, ..default }.full_text().is_none());
    }

    // RFC 9218 section 4: a parameter left out means its default.
    #[test]
    fn the_short_text_leaves_out_defaults() {
        let default = Priority::default();
        assert_eq!(short(default), "");
        assert_eq!(short(Priority { urgency: 0, ..default }), "u=0");
        assert_eq!(short(Priority { urgency: 5, incremental: true, ..default }), "u=5, i");
        assert_eq!(short(Priority { incremental: true, ..default }), "i");
        assert_eq!(short(Priority { fastpath: true, ..default }), "p");
        assert_eq!(short(Priority { reinject: 210, ..default }), "r=210");
        assert_eq!(short(everything()), "u=7, i, s=1, r=9, f=00020480, p");
    }

    #[test]
    fn both_texts_are_read_as_they_were_meant() {
        for priority in [Priority::default(), everything()] {
            assert_eq!(Priority::parse(full(priority).as_bytes()), Ok(priority));
            assert_eq!(Priority::parse(short(priority).as_bytes()), Ok(priority));
        }
    }
}
