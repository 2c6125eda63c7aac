//! JSON, written straight into a string. Keys are ours and need no escapes; values may be a peer's.

use std::fmt::{self, Display};

/// What is shown of text that a peer chose, in bytes: the rest is cut.
const MAX_UNTRUSTED: usize = 256;

/// A JSON object that is being written.
pub struct Object<'a> {
    out: &'a mut String,
    empty: bool,
}

impl Object<'_> {
    /// Writes one object with the members that `body` adds.
    pub fn write(out: &mut String, body: impl FnOnce(&mut Object<'_>)) {
        out.push('{');
        body(&mut Object { out, empty: true });
        out.push('}');
    }

    /// Adds a text.
    pub fn text(&mut self, key: &str, value: impl Display) -> &mut Self {
        self.key(key);
        write_text(self.out, value);
        self
    }

    /// Adds a text that a peer chose: bytes of any kind, cut to a bearable length.
    pub fn untrusted(&mut self, key: &str, bytes: &[u8]) -> &mut Self {
        let shown = &bytes[..bytes.len().min(MAX_UNTRUSTED)];
        self.text(key, String::from_utf8_lossy(shown))
    }

    /// Adds bytes in hexadecimal.
    pub fn hex(&mut self, key: &str, bytes: &[u8]) -> &mut Self {
        self.key(key);
        self.out.push('"');
        for byte in bytes {
            self.put(format_args!("{byte:02x}"));
        }
        self.out.push('"');
        self
    }

    /// Adds a number.
    pub fn number(&mut self, key: &str, value: u64) -> &mut Self {
        self.key(key);
        self.put(format_args!("{value}"));
        self
    }

    /// Adds a number of microseconds as milliseconds, which is what qlog counts in.
    pub fn millis(&mut self, key: &str, micros: u64) -> &mut Self {
        self.key(key);
        self.put(format_args!("{}.{:03}", micros / 1000, micros % 1000));
        self
    }

    /// Adds true or false.
    pub fn flag(&mut self, key: &str, value: bool) -> &mut Self {
        self.key(key);
        self.out.push_str(if value { "true" } else { "false" });
        self
    }

    /// Adds an object.
    pub fn object(&mut self, key: &str, body: impl FnOnce(&mut Object<'_>)) -> &mut Self {
        self.key(key);
        Object::write(self.out, body);
        self
    }

    /// Adds an array.
    pub fn array(&mut self, key: &str, body: impl FnOnce(&mut Array<'_>)) -> &mut Self {
        self.key(key);
        Array::write(self.out, body);
        self
    }

    fn key(&mut self, key: &str) {
        if !std::mem::take(&mut self.empty) {
            self.out.push(',');
        }
        self.out.push('"');
        self.out.push_str(key);
        self.out.push_str("\":");
    }

    fn put(&mut self, value: fmt::Arguments<'_>) {
        put(self.out, value);
    }
}

/// A JSON array that is being written.
pub struct Array<'a> {
    out: &'a mut String,
    empty: bool,
}

impl Array<'_> {
    fn write(out: &mut String, body: impl FnOnce(&mut Array<'_>)) {
        out.push('[');
        body(&mut Array { out, empty: true });
        out.push(']');
    }

    /// Adds an object.
    pub fn object(&mut self, body: impl FnOnce(&mut Object<'_>)) {
        self.next();
        Object::write(self.out, body);
    }

    /// Adds an array.
    pub fn array(&mut self, body: impl FnOnce(&mut Array<'_>)) {
        self.next();
        Array::write(self.out, body);
    }

    /// Adds a number.
    pub fn number(&mut self, value: u64) {
        self.next();
        put(self.out, format_args!("{value}"));
    }

    /// Adds a text.
    pub fn text(&mut self, value: impl Display) {
        self.next();
        write_text(self.out, value);
    }

    fn next(&mut self) {
        if !std::mem::take(&mut self.empty) {
            self.out.push(',');
        }
    }
}

fn write_text(out: &mut String, value: impl Display) {
    out.push('"');
    put(&mut Escape(out), format_args!("{value}"));
    out.push('"');
}

fn put(out: &mut impl fmt::Write, value: fmt::Arguments<'_>) {
    // Writing into a string never fails.
    let _ = out.write_fmt(value);
}

/// Escapes what JSON does not take in a text (RFC 8259 section 7).
struct Escape<'a>(&'a mut String);

impl fmt::Write for Escape<'_> {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        for symbol in piece.chars() {
            match symbol {
                '"' => self.0.push_str("\\\""),
                '\\' => self.0.push_str("\\\\"),
                '\0'..='\u{1f}' | '\u{7f}' => write!(self.0, "\\u{:04x}", u32::from(symbol))?,
                _ => self.0.push(symbol),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(body: impl FnOnce(&mut Object<'_>)) -> String {
        let mut out = String::new();
        Object::write(&mut out, body);
        out
    }

    #[test]
    fn members_are_separated_and_nested() {
        let text = written(|o| {
            o.number("a", 1).flag("b", true).millis("t", 12_034);
            o.object("o", |_| {}).array("l", |l| {
                l.number(1);
                l.array(|l| l.number(2));
                l.object(|o| {
                    o.hex("h", &[0, 0xab]);
                });
                l.text("x");
            });
        });
        assert_eq!(text, r#"{"a":1,"b":true,"t":12.034,"o":{},"l":[1,[2],{"h":"00ab"},"x"]}"#);
    }

    /// RFC 8259 section 7.
    #[test]
    fn text_is_escaped() {
        assert_eq!(
            written(|o| {
                o.text("k", "a\"b\\c\n\0");
            }),
            r#"{"k":"a\"b\\c\u000a\u0000"}"#
        );
    }

    #[test]
    fn what_a_peer_chose_is_cut_and_may_be_any_bytes() {
        let long = vec![0xff; 10_000];
        let text = written(|o| {
            o.untrusted("k", &long);
        });
        assert_eq!(text.chars().filter(|symbol| *symbol == '\u{fffd}').count(), MAX_UNTRUSTED);
        assert_eq!(
            written(|o| {
                o.untrusted("k", b"a\0b");
            }),
            r#"{"k":"a\u0000b"}"#
        );
    }
}
