//! Encoder and decoder together, and the examples of RFC 9204 appendix B.

#![allow(clippy::unwrap_used)]

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

/// RFC 9204 appendix B, one step after the other.
#[test]
fn the_rfcs_examples_are_decoded() {
    let mut decoder = Decoder::new(220, 4);
    // B.1
    let section = decode(&mut decoder, 0, &hex("0000 510b 2f69 6e64 6578 2e68 746d 6c")).unwrap();
    assert_eq!(lines(&section), [(":path", "/index.html")]);
    assert!(decoder.instructions().is_empty());
    // B.2
    let stream = hex(
        "3fbd 01 c00f 7777 772e 6578 616d 706c 652e 636f 6d c10c 2f73 616d 706c 652f 7061 7468",
    );
    let mut blocked = FieldSection::new();
    let waits = decoder.decode(4, &hex("0381 1011"), false, u64::MAX, &mut blocked);
    assert_eq!(waits, Ok(Decoded::Blocked(2)));
    // One byte at a time: no instruction has a part of its effect.
    for byte in &stream {
        decoder.on_encoder_stream(&[*byte]).unwrap();
    }
    assert_eq!(decoder.insert_count(), 2);
    decoder.instructions().clear();
    let again = decoder.decode(4, &hex("0381 1011"), true, u64::MAX, &mut blocked);
    assert_eq!(again, Ok(Decoded::Complete));
    assert_eq!(lines(&blocked), [(":authority", "www.example.com"), (":path", "/sample/path")]);
    assert_eq!(*decoder.instructions(), hex("84"));
    decoder.instructions().clear();
    // B.3
    let stream = hex("4a63 7573 746f 6d2d 6b65 790c 6375 7374 6f6d 2d76 616c 7565");
    decoder.on_encoder_stream(&stream).unwrap();
    assert_eq!(*decoder.instructions(), hex("01"));
    decoder.instructions().clear();
    // B.4
    decoder.on_encoder_stream(&hex("02")).unwrap();
    decoder.instructions().clear();
    let section = decode(&mut decoder, 8, &hex("0500 80c1 81")).unwrap();
    let expected =
        [(":authority", "www.example.com"), (":path", "/"), ("custom-key", "custom-value")];
    assert_eq!(lines(&section), expected);
    decoder.instructions().clear();
    decoder.cancel(8, false);
    assert_eq!(*decoder.instructions(), hex("48"));
    // B.5
    decoder.on_encoder_stream(&hex("810d 6375 7374 6f6d 2d76 616c 7565 32")).unwrap();
    let section = decode(&mut decoder, 12, &hex("0600 80")).unwrap();
    assert_eq!(lines(&section), [("custom-key", "custom-value2")]);
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

#[test]
fn a_second_request_is_all_indexes() {
    let mut pair = Pair::new(4096, 100);
    let first = pair.roundtrip(0, &REQUEST);
    let second = pair.roundtrip(4, &REQUEST);
    let third = pair.roundtrip(8, &REQUEST);
    assert!(second < first && third <= 2 + REQUEST.len(), "{first} {second} {third}");
}

#[test]
fn without_a_table_nothing_is_inserted_and_all_arrives() {
    let mut pair = Pair::new(0, 0);
    pair.roundtrip(0, &REQUEST);
    pair.roundtrip(4, &REQUEST);
    assert!(pair.encoder.instructions().is_empty());
    pair.decoder.cancel(8, false);
    assert!(pair.decoder.instructions().is_empty());
}

/// RFC 9204 section 2.1.2.
#[test]
fn no_more_streams_may_wait_than_the_peer_grants() {
    let mut pair = Pair::new(4096, 2);
    let mut sections = Vec::new();
    for stream in 0..5_u64 {
        let name = [b'x', b'-', b'0' + stream as u8];
        let fields = [Field::new(&name, b"some value")];
        sections.push((4 * stream, pair.encode(4 * stream, &fields)));
    }
    let mut out = FieldSection::new();
    let blocked = sections.iter().filter(|(stream, bytes)| {
        let decoded = pair.decoder.decode(*stream, bytes, false, u64::MAX, &mut out).unwrap();
        matches!(decoded, Decoded::Blocked(_))
    });
    assert_eq!(blocked.count(), 2);
}

/// RFC 9204 section 2.1.2: exactly at the limit is legal.
#[test]
fn one_blocked_stream_more_than_granted_is_an_error() {
    let mut decoder = Decoder::new(220, 2);
    let mut out = FieldSection::new();
    for stream in [0, 4] {
        let decoded = decoder.decode(stream, &hex("0381 1011"), false, u64::MAX, &mut out);
        assert_eq!(decoded, Ok(Decoded::Blocked(2)));
    }
    let third = decoder.decode(8, &hex("0381 1011"), false, u64::MAX, &mut out);
    assert!(matches!(third, Err(QpackError::DecompressionFailed(_))));
    // One that is given up makes room.
    decoder.cancel(4, true);
    let third = decoder.decode(8, &hex("0381 1011"), false, u64::MAX, &mut out);
    assert_eq!(third, Ok(Decoded::Blocked(2)));
}

/// RFC 9204 section 7.1.
#[test]
fn what_must_not_be_indexed_stays_so_end_to_end() {
    let mut pair = Pair::new(4096, 100);
    let secret = Field::with_indexing(b"authorization", b"Bearer 1", Indexing::Never);
    for stream in [0, 4, 8] {
        pair.roundtrip(stream, &[secret, Field::new(b"x-a", b"1")]);
    }
    let known = Field::with_indexing(b":method", b"GET", Indexing::NameOnly);
    pair.roundtrip(12, &[known]);
    assert_eq!(pair.decoder.insert_count(), 1);
}

#[test]
fn a_small_table_turns_over_and_everything_arrives() {
    for capacity in [64, 100, 256, 1024] {
        for max_blocked in [0, 1, 100] {
            let mut pair = Pair::new(capacity, max_blocked);
            let mut seed = capacity as u32;
            for round in 0..400_u64 {
                let mut text = Vec::new();
                for _ in 0..6 {
                    seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    let (name, value) = (seed >> 24 & 15, seed >> 16 & 7);
                    text.push((format!("name-{name}"), format!("value {value}")));
                }
                let fields: Vec<Field<'_>> = text
                    .iter()
                    .map(|(name, value)| Field::new(name.as_bytes(), value.as_bytes()))
                    .collect();
                pair.roundtrip(4 * round, &fields);
            }
        }
    }
}

/// RFC 9204 section 2.1.1: what is referred to and not acknowledged stays in the table.
#[test]
fn sections_that_wait_can_still_be_decoded_later() {
    let mut pair = Pair::new(200, 100);
    let mut waiting = Vec::new();
    for round in 0..50_u64 {
        let value = format!("{round}");
        let fields =
            [Field::new(b"x-round", value.as_bytes()), Field::new(b"x-same", b"the same value")];
        let bytes = pair.encode(4 * round, &fields);
        waiting.push((4 * round, value.clone(), bytes));
        pair.carry_instructions();
        if round % 7 == 6 {
            // Out of order, and only now.
            for (stream, value, bytes) in waiting.drain(..).rev() {
                let section = decode(&mut pair.decoder, stream, &bytes).unwrap();
                assert_eq!(section.get(0).unwrap().value, value.as_bytes());
                assert_eq!(section.get(1).unwrap().value, b"the same value");
            }
            pair.carry_answers();
        }
    }
}

/// RFC 9204 section 2.2.2.2.
#[test]
fn a_cancelled_stream_releases_its_references() {
    let mut pair = Pair::new(80, 100);
    let old = Field::new(b"x-a", b"1");
    pair.roundtrip(0, &[old]);
    let _ = pair.encode(4, &[old, Field::new(b"x-b", b"1")]);
    pair.carry_instructions();
    pair.carry_answers();
    // Both entries are in use: there is no room for a third.
    let _ = pair.encode(8, &[Field::new(b"x-c", b"1")]);
    let _ = pair.encode(8, &[Field::new(b"x-c", b"1")]);
    assert!(pair.encoder.instructions().is_empty());
    pair.decoder.cancel(4, false);
    pair.carry_answers();
    let _ = pair.encode(12, &[Field::new(b"x-c", b"1")]);
    assert!(!pair.encoder.instructions().is_empty());
}

#[test]
fn instructions_of_a_decoder_that_cannot_be_are_refused() {
    for bytes in [&[0x00][..], &[0x05], &[0x84], &[0xff; 12]] {
        let mut pair = Pair::new(4096, 100);
        let _ = pair.encode(0, &[Field::new(b"x-a", b"1")]);
        let refused = pair.encoder.on_decoder_stream(bytes);
        assert!(matches!(refused, Err(QpackError::DecoderStream(_))), "{bytes:?}");
    }
    // A section is acknowledged once.
    let mut pair = Pair::new(4096, 100);
    pair.roundtrip(0, &[Field::new(b"x-a", b"1")]);
    assert!(pair.encoder.on_decoder_stream(&[0x80]).is_err());
    // Cancelling what nobody waits for is fine.
    assert!(pair.encoder.on_decoder_stream(&[0x48]).is_ok());
}

#[test]
fn instructions_of_an_encoder_that_cannot_be_are_refused() {
    for (bytes, what) in [
        ("3fbe 01", "a capacity over the limit"),
        ("02", "no entry to duplicate"),
        ("80 01 61", "no entry with the name"),
        ("ff24 01 61", "no such static entry"),
        ("3fbd01 7f9f0f", "a name longer than any table"),
        ("3f61 c0 7f 10 61 62 63", "a value longer than the table"),
        ("c0 01 61", "an entry into a table without capacity"),
    ] {
        let mut decoder = Decoder::new(220, 4);
        let refused = decoder.on_encoder_stream(&hex(bytes));
        assert!(matches!(refused, Err(QpackError::EncoderStream(_))), "{what}");
    }
}

/// RFC 9204 section 3.2.2: the name or entry that is copied may be the one that has to go.
#[test]
fn a_duplicate_survives_the_eviction_of_its_source() {
    let mut decoder = Decoder::new(40, 4);
    decoder.on_encoder_stream(&hex("3f09 43 78 2d 61 01 31")).unwrap();
    decoder.on_encoder_stream(&hex("00")).unwrap();
    assert_eq!(decoder.insert_count(), 2);
    let section = decode(&mut decoder, 0, &hex("0100 80"));
    // Two entries do not fit: the count wraps at two, so that the second one is written as 1.
    assert_eq!(lines(&section.unwrap()), [("x-a", "1")]);
}

#[test]
fn sections_that_cannot_be_are_refused() {
    for bytes in [
        "",
        "00",
        "0000 80",
        "0000 ff24",
        "0000 10",
        "0000 40 00",
        "0000 2f",
        "0000 27",
        "0000 51",
        "0000 510b 2f",
        "0000 51ff",
        "0281 80",
        "0100 81",
    ] {
        let mut decoder = Decoder::new(220, 4);
        decoder.on_encoder_stream(&hex("3fbd 01 4161 0131")).unwrap();
        let mut out = FieldSection::new();
        let refused = decoder.decode(0, &hex(bytes), false, u64::MAX, &mut out);
        let blocked = matches!(refused, Ok(Decoded::Blocked(_)));
        assert!(matches!(refused, Err(QpackError::DecompressionFailed(_))), "{bytes} {blocked}");
    }
}

/// RFC 9114 section 4.2.2: the fault of one stream.
#[test]
fn a_section_over_the_limit_is_told_apart() {
    let mut pair = Pair::new(0, 0);
    let bytes = pair.encode(0, &REQUEST);
    let size: u64 = REQUEST.iter().map(Field::size).sum();
    let mut out = FieldSection::new();
    let exact = pair.decoder.decode(0, &bytes, false, size, &mut out);
    assert_eq!(exact, Ok(Decoded::Complete));
    out.clear();
    let over = pair.decoder.decode(0, &bytes, false, size - 1, &mut out);
    assert_eq!(over, Ok(Decoded::TooLarge));
}

#[test]
fn any_bytes_are_decoded_or_refused() {
    let mut seed = 99_u32;
    for round in 0..20_000 {
        let mut bytes = [0; 24];
        for byte in &mut bytes {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *byte = (seed >> 24) as u8;
        }
        let mut decoder = Decoder::new(220, 4);
        let _ = decoder.on_encoder_stream(&bytes[..12]);
        let mut out = FieldSection::new();
        let _ = decoder.decode(round, &bytes[12..], false, 1 << 16, &mut out);
        let mut encoder = Encoder::new();
        encoder.set_limits(220, 220, 4);
        let _ = encoder.on_decoder_stream(&bytes);
    }
}
