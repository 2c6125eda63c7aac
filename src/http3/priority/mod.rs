//! How urgent a request is (RFC 9218).

mod dictionary;
mod text;

use dictionary::{Dictionary, SyntaxError, Value};

pub use text::{FullText, MAX_FULL_TEXT};

/// The least urgent (RFC 9218 section 4.1).
pub const LEAST_URGENT: u8 = 7;

/// Urgency of a request that says nothing (RFC 9218 section 4.1).
pub const DEFAULT_URGENCY: u8 = 3;

/// Size hint taken for one that is written too short.
const SHORT_FEC: u32 = 2048;

/// How many digits a size hint has.
const FEC_DIGITS: usize = 8;

/// The priority of a request, with the parameters that xquic adds to those of RFC 9218.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Priority {
    /// `u`: from 0, the most urgent, to [`LEAST_URGENT`].
    pub urgency: u8,
    /// `i`: parts of the response are of use, so it shares with its equals.
    pub incremental: bool,
    /// `s`: how paths are chosen.
    pub schedule: u8,
    /// `r`: how unacknowledged data is sent again on another path.
    pub reinject: u8,
    /// `f`: the expected size in bytes, for error correction; 0 if unknown.
    pub fec: u32,
    /// `p`: prefer the path with the lowest delay.
    pub fastpath: bool,
}

/// The value of a priority field that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidPriority;

impl Default for Priority {
    fn default() -> Self {
        Self {
            urgency: DEFAULT_URGENCY,
            incremental: false,
            schedule: 0,
            reinject: 0,
            fec: 0,
            fastpath: false,
        }
    }
}

impl Priority {
    /// Reads what a peer sent in a `priority` field or in PRIORITY_UPDATE. It never fails: members
    /// that are unknown, of the wrong type or out of range count as absent, and so does everything
    /// where the text as a whole cannot be read (RFC 9218 section 4, RFC 8941 section 4.2).
    pub fn from_peer(value: &[u8]) -> Self {
        let mut read = Self::default();
        read.update(value).map_or_else(|_| Self::default(), |_| read)
    }

    /// As [`Self::from_peer`], but says what the original library says too: that the text is bad
    /// as a whole, or that `i` has a value that is no boolean.
    pub fn parse(value: &[u8]) -> Result<Self, InvalidPriority> {
        let mut read = Self::default();
        match read.update(value) {
            Ok(Incremental::Good) => Ok(read),
            Ok(Incremental::Bad) | Err(_) => Err(InvalidPriority),
        }
    }

    /// Takes in one more line of a field that has several: they make one dictionary (RFC 9110
    /// section 5.3), in which the last of equal keys counts (RFC 8941 section 4.2.2).
    ///
    /// After an error the whole field counts as absent.
    pub fn add_line(&mut self, value: &[u8]) -> Result<(), InvalidPriority> {
        self.update(value).map(|_| ()).map_err(|_| InvalidPriority)
    }

    fn update(&mut self, value: &[u8]) -> Result<Incremental, SyntaxError> {
        let absent = Self::default();
        let mut incremental = Incremental::Good;
        let mut members = Dictionary::new(value);
        while let Some(member) = members.next_member()? {
            let value = member.value;
            match member.key {
                b"u" => self.urgency = small(value, LEAST_URGENT).unwrap_or(absent.urgency),
                b"i" => {
                    let known = boolean(value);
                    self.incremental = known.unwrap_or(absent.incremental);
                    incremental = known.map_or(Incremental::Bad, |_| Incremental::Good);
                }
                b"s" => self.schedule = small(value, u8::MAX).unwrap_or(absent.schedule),
                b"r" => self.reinject = small(value, u8::MAX).unwrap_or(absent.reinject),
                b"f" => self.fec = size_hint(value).unwrap_or(absent.fec),
                b"p" => self.fastpath = boolean(value).unwrap_or(absent.fastpath),
                _ => {}
            }
        }
        Ok(incremental)
    }
}

/// What was said about `i`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Incremental {
    /// Nothing, or a boolean.
    Good,
    /// Something else.
    Bad,
}

/// An integer from 0 to `most`.
fn small(value: Value, most: u8) -> Option<u8> {
    match value {
        Value::Integer { value, .. } => u8::try_from(value).ok().filter(|value| *value <= most),
        Value::Boolean(_) | Value::Other => None,
    }
}

fn boolean(value: Value) -> Option<bool> {
    match value {
        Value::Boolean(value) => Some(value),
        Value::Integer { .. } | Value::Other => None,
    }
}

/// The original library always writes eight digits, and takes fewer for a small request.
fn size_hint(value: Value) -> Option<u32> {
    match value {
        Value::Integer { value, digits } if value >= 0 && digits < FEC_DIGITS => Some(SHORT_FEC),
        Value::Integer { value, .. } => u32::try_from(value).ok(),
        Value::Boolean(_) | Value::Other => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn basic(urgency: u8, incremental: bool) -> Priority {
        Priority { urgency, incremental, ..Priority::default() }
    }

    // RFC 9218 sections 4.1, 4.2 and 5.
    #[test]
    fn urgency_and_incremental_are_read() {
        assert_eq!(Priority::default(), basic(3, false));
        assert_eq!(Priority::from_peer(b""), basic(3, false));
        assert_eq!(Priority::from_peer(b"u=0"), basic(0, false));
        assert_eq!(Priority::from_peer(b"u=7, i"), basic(7, true));
        assert_eq!(Priority::from_peer(b"i=?0,u=1"), basic(1, false));
        assert_eq!(Priority::from_peer(b"i=?1"), basic(3, true));
        assert_eq!(Priority::from_peer(b"u=5;x=1, i;y"), basic(5, true));
    }

    // RFC 9218 section 4: unknown parameters, values out of range and of unexpected types are ignored.
    #[test]
    fn a_bad_member_takes_its_default_and_the_others_stay() {
        let cases: [(&[u8], Priority); 8] = [
            (b"u=8, i", basic(3, true)),
            (b"u=-1, i", basic(3, true)),
            (b"u=2.0, i", basic(3, true)),
            (b"u=\"1\", i", basic(3, true)),
            (b"u, i", basic(3, true)),
            (b"u=1, i=1", basic(1, false)),
            (b"u=1, ux=2, i=?0, image=?1", basic(1, false)),
            (b"u=1, u=99", basic(3, false)),
        ];
        for (text, priority) in cases {
            assert_eq!(Priority::from_peer(text), priority, "{}", text.escape_ascii());
        }
    }

    // RFC 8941 section 4.2: a field that cannot be parsed is ignored as a whole.
    #[test]
    fn a_text_that_is_no_dictionary_means_the_defaults() {
        for text in [&b"u=1, "[..], b"u=1 i", b"u=1, I", b"u=1, i=", b"u=1\0", b"\xff"] {
            assert_eq!(Priority::from_peer(text), Priority::default());
            assert_eq!(Priority::parse(text), Err(InvalidPriority));
        }
        assert_eq!(Priority::parse(b"u=1, i"), Ok(basic(1, true)));
        assert_eq!(Priority::parse(b"u=9"), Ok(basic(3, false)));
        assert_eq!(Priority::parse(b"u=1, i=1"), Err(InvalidPriority));
    }

    #[test]
    fn the_parameters_of_xquic_are_read() {
        let all = Priority {
            urgency: 2,
            incremental: true,
            schedule: 1,
            reinject: 2,
            fec: 20480,
            fastpath: true,
        };
        assert_eq!(Priority::from_peer(b"u=2, i, s=1, r=2, f=00020480, p"), all);
        assert_eq!(Priority::from_peer(b"f=4096").fec, 2048);
        assert_eq!(Priority::from_peer(b"f=-4096, s=256, r=?1, p=1"), Priority::default());
        assert_eq!(Priority::from_peer(b"f=999999999999"), Priority::default());
    }

    // RFC 9110 section 5.3.
    #[test]
    fn several_lines_make_one_dictionary() {
        let mut priority = Priority::default();
        priority.add_line(b"u=1, s=1").unwrap();
        priority.add_line(b"u=5, i").unwrap();
        assert_eq!(priority, Priority { schedule: 1, ..basic(5, true) });
        assert_eq!(priority.add_line(b"="), Err(InvalidPriority));
    }
}
