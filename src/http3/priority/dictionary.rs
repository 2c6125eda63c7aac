//! Dictionaries of structured fields (RFC 8941), read member by member without keeping anything.

/// The text is no dictionary (RFC 8941 section 4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SyntaxError;

/// A member's value, as far as a priority needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// An integer; `digits` counts them, leading zeros included.
    Integer { value: i64, digits: usize },
    /// A boolean, or no value at all, which means true.
    Boolean(bool),
    /// Any other type.
    Other,
}

/// A member of a dictionary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Member<'a> {
    pub(super) key: &'a [u8],
    pub(super) value: Value,
}

/// An integer has no more digits, a decimal no more before its point (RFC 8941 section 4.2.4).
const MAX_INTEGER: usize = 15;
const MAX_DECIMAL_WHOLE: usize = 12;
const MAX_DECIMAL_FRACTION: usize = 3;

/// The members of a dictionary, in order. After an error it is not to be asked again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dictionary<'a> {
    rest: &'a [u8],
}

impl<'a> Dictionary<'a> {
    /// The dictionary in `text`.
    pub(super) fn new(text: &'a [u8]) -> Self {
        let mut dictionary = Self { rest: text };
        dictionary.skip(b" ");
        dictionary
    }

    /// The next member; `None` at the end.
    pub(super) fn next_member(&mut self) -> Result<Option<Member<'a>>, SyntaxError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let key = self.key()?;
        let value = if self.take(b'=') { self.member_value()? } else { Value::Boolean(true) };
        self.parameters()?;
        self.separator()?;
        Ok(Some(Member { key, value }))
    }

    /// What stands between two members, or nothing more (RFC 8941 section 4.2.2).
    fn separator(&mut self) -> Result<(), SyntaxError> {
        // Spaces alone may end the whole field, tabs may not.
        if self.rest.iter().all(|byte| *byte == b' ') {
            self.rest = &[];
            return Ok(());
        }
        self.skip(b" \t");
        if !self.take(b',') {
            return Err(SyntaxError);
        }
        self.skip(b" \t");
        if self.rest.is_empty() {
            Err(SyntaxError)
        } else {
            Ok(())
        }
    }

    fn key(&mut self) -> Result<&'a [u8], SyntaxError> {
        match self.rest.first() {
            Some(b'a'..=b'z' | b'*') => Ok(self.take_while(
                |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'.' | b'*'),
            )),
            _ => Err(SyntaxError),
        }
    }

    fn member_value(&mut self) -> Result<Value, SyntaxError> {
        if self.take(b'(') {
            self.inner_list()?;
            return Ok(Value::Other);
        }
        self.bare_item()
    }

    /// The rest of an inner list (RFC 8941 section 4.2.1.2).
    fn inner_list(&mut self) -> Result<(), SyntaxError> {
        loop {
            self.skip(b" ");
            if self.take(b')') {
                return Ok(());
            }
            self.bare_item()?;
            self.parameters()?;
            if !matches!(self.rest.first(), Some(b' ' | b')')) {
                return Err(SyntaxError);
            }
        }
    }

    fn parameters(&mut self) -> Result<(), SyntaxError> {
        while self.take(b';') {
            self.skip(b" ");
            self.key()?;
            if self.take(b'=') {
                self.bare_item()?;
            }
        }
        Ok(())
    }

    /// One value (RFC 8941 section 4.2.3.1).
    fn bare_item(&mut self) -> Result<Value, SyntaxError> {
        match self.rest.first() {
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b'?') => self.boolean(),
            Some(b'"') => self.string(),
            Some(b':') => self.byte_sequence(),
            Some(b'a'..=b'z' | b'A'..=b'Z' | b'*') => {
                self.take_while(is_token_byte);
                Ok(Value::Other)
            }
            _ => Err(SyntaxError),
        }
    }

    fn number(&mut self) -> Result<Value, SyntaxError> {
        let negative = self.take(b'-');
        let whole = self.take_while(|byte| byte.is_ascii_digit());
        if whole.is_empty() || whole.len() > MAX_INTEGER {
            return Err(SyntaxError);
        }
        if !self.take(b'.') {
            let value = whole.iter().fold(0, |value, digit| value * 10 + i64::from(digit - b'0'));
            let value = if negative { -value } else { value };
            return Ok(Value::Integer { value, digits: whole.len() });
        }
        let fraction = self.take_while(|byte| byte.is_ascii_digit());
        let fits = (1..=MAX_DECIMAL_FRACTION).contains(&fraction.len());
        if fits && whole.len() <= MAX_DECIMAL_WHOLE {
            Ok(Value::Other)
        } else {
            Err(SyntaxError)
        }
    }

    fn boolean(&mut self) -> Result<Value, SyntaxError> {
        let value = match self.rest {
            [b'?', b'0', ..] => false,
            [b'?', b'1', ..] => true,
            _ => return Err(SyntaxError),
        };
        self.advance(2);
        Ok(Value::Boolean(value))
    }

    fn string(&mut self) -> Result<Value, SyntaxError> {
        self.advance(1);
        loop {
            match self.rest {
                [b'"', ..] => {
                    self.advance(1);
                    return Ok(Value::Other);
                }
                [b'\\', b'"' | b'\\', ..] => self.advance(2),
                [b'\\', ..] => return Err(SyntaxError),
                [b' '..=b'~', ..] => self.advance(1),
                _ => return Err(SyntaxError),
            }
        }
    }

    fn byte_sequence(&mut self) -> Result<Value, SyntaxError> {
        self.advance(1);
        self.take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='));
        if self.take(b':') {
            Ok(Value::Other)
        } else {
            Err(SyntaxError)
        }
    }

    fn skip(&mut self, any_of: &[u8]) {
        self.take_while(|byte| any_of.contains(&byte));
    }

    fn take(&mut self, byte: u8) -> bool {
        let there = self.rest.first() == Some(&byte);
        if there {
            self.advance(1);
        }
        there
    }

    fn take_while(&mut self, wanted: impl Fn(u8) -> bool) -> &'a [u8] {
        let end = self.rest.iter().position(|byte| !wanted(*byte)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    fn advance(&mut self, count: usize) {
        self.rest = self.rest.get(count..).unwrap_or_default();
    }
}

/// What a token may go on with (RFC 8941 section 3.3.4).
fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~:/".contains(&byte)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn read(text: &[u8]) -> Result<Vec<(String, Value)>, SyntaxError> {
        let mut dictionary = Dictionary::new(text);
        let mut members = Vec::new();
        while let Some(member) = dictionary.next_member()? {
            members.push((String::from_utf8(member.key.to_vec()).unwrap(), member.value));
        }
        Ok(members)
    }

    fn one(text: &str) -> Value {
        let members = read(text.as_bytes()).unwrap();
        assert_eq!(members.len(), 1, "{text}");
        members[0].1
    }

    // RFC 8941 sections 3.1 to 3.3.
    #[test]
    fn values_of_every_type_are_read() {
        assert_eq!(one("u=3"), Value::Integer { value: 3, digits: 1 });
        assert_eq!(one("u=-012"), Value::Integer { value: -12, digits: 3 });
        assert_eq!(one("i"), Value::Boolean(true));
        assert_eq!(one("i=?0"), Value::Boolean(false));
        assert_eq!(one("  i=?1  "), Value::Boolean(true));
        let others =
            ["1.5", "tok/en:x", "*", "\"a \\\" \\\\ b\"", ":aGk=:", "()", "(1 a;q=1 \"x\")"];
        for other in others {
            assert_eq!(one(&format!("a={other}")), Value::Other, "{other}");
        }
        assert_eq!(one("a=1;b;c=?0; d=\"x\""), Value::Integer { value: 1, digits: 1 });
        let keys: Vec<_> = read(b"*a=1,b-c.d_1 ,\t e").unwrap();
        let keys: Vec<_> = keys.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(keys, ["*a", "b-c.d_1", "e"]);
        assert_eq!(read(b""), Ok(vec![]));
        assert_eq!(read(b"   "), Ok(vec![]));
    }

    // RFC 8941 section 4.2: all or nothing.
    #[test]
    fn what_is_no_dictionary_is_an_error() {
        let wrong = [
            "U=3",
            "u=",
            "u=3,",
            ",",
            "u=3,,i",
            "u=3 i",
            "u=3;",
            "1=u",
            "u=?2",
            "u=?",
            "u=-",
            "u=1.",
            "u=1.2345",
            "u=1234567890123.1",
            "u=1234567890123456",
            "u=\"x",
            "u=\"\\x\"",
            "u=\"\t\"",
            "u=:a",
            "u=:!:",
            "u=(1",
            "u=(1\"x\")",
            "u=(",
            "u=@1",
            "u=3\t",
            "\ti",
            "u\0",
            "u=\"\u{e9}\"",
        ];
        for text in wrong {
            assert_eq!(read(text.as_bytes()), Err(SyntaxError), "{text:?}");
        }
    }

    #[test]
    fn every_prefix_of_a_dictionary_ends_without_a_panic() {
        let text = b"u=3;a=\"\\\"x\", i=?1, f=(1 2;b=:aa=:), g=-1.25";
        for end in 0..text.len() {
            let _ = read(&text[..end]);
        }
    }
}
