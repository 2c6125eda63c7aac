//! Encoder and decoder together.

#![allow(clippy::unwrap_used)]

mod compression;
mod examples;
mod offline_interop;
mod options;
mod rules;
mod together;

use super::{Decoded, Decoder, Encoder, Field, FieldSection, Indexing, QpackError};

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(pair).collect()
}

fn decode(decoder: &mut Decoder, stream: u64, bytes: &[u8]) -> Result<FieldSection, QpackError> {
    let mut section = FieldSection::new();
    let decoded = decoder.decode(stream, bytes, false, u64::MAX, &mut section)?;
    assert_eq!(decoded, Decoded::Complete);
    Ok(section)
}

fn lines(section: &FieldSection) -> Vec<(&str, &str)> {
    let text = |bytes| std::str::from_utf8(bytes).unwrap();
    section.iter().map(|field| (text(field.name), text(field.value))).collect()
}

/// An encoder and a decoder with the streams between them.
struct Pair {
    encoder: Encoder,
    decoder: Decoder,
}

impl Pair {
    fn new(capacity: u64, max_blocked: u64) -> Self {
        let mut encoder = Encoder::new();
        encoder.set_limits(capacity, capacity, max_blocked);
        Self { encoder, decoder: Decoder::new(capacity, max_blocked) }
    }

    fn encode(&mut self, stream: u64, fields: &[Field<'_>]) -> Vec<u8> {
        let mut out = Vec::new();
        self.encoder.encode(stream, fields.iter().copied(), &mut out);
        out
    }

    fn carry_instructions(&mut self) {
        let bytes = std::mem::take(self.encoder.instructions());
        self.decoder.on_encoder_stream(&bytes).unwrap();
    }

    fn carry_answers(&mut self) {
        let bytes = std::mem::take(self.decoder.instructions());
        self.encoder.on_decoder_stream(&bytes).unwrap();
    }

    fn roundtrip(&mut self, stream: u64, fields: &[Field<'_>]) -> usize {
        let bytes = self.encode(stream, fields);
        self.carry_instructions();
        let section = decode(&mut self.decoder, stream, &bytes).unwrap();
        assert_eq!(section.iter().collect::<Vec<_>>(), fields);
        self.carry_answers();
        bytes.len()
    }
}

const REQUEST: [Field<'static>; 6] = [
    Field::new(b":method", b"GET"),
    Field::new(b":scheme", b"https"),
    Field::new(b":authority", b"www.example.com"),
    Field::new(b":path", b"/index.html"),
    Field::new(b"user-agent", b"a browser of some make/1.0"),
    Field::new(b"x-token", b"0123456789"),
];
