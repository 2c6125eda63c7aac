//! What the user of an encoder may choose.

use super::super::Hit;
use super::*;

fn encode_hits(pair: &mut Pair, stream: u64, fields: &[Field<'_>]) -> Vec<Hit> {
    let (mut out, mut hits) = (Vec::new(), Vec::new());
    pair.encoder.encode_reporting(stream, fields.iter().copied(), &mut out, |place, hit| {
        assert_eq!(place, hits.len());
        hits.push(hit);
    });
    pair.carry_instructions();
    let section = decode(&mut pair.decoder, stream, &out).unwrap();
    assert!(section.iter().zip(fields).all(|(a, b)| a.name == b.name && a.value == b.value));
    pair.carry_answers();
    hits
}

#[test]
fn what_tables_had_of_each_field_is_reported() {
    let mut pair = Pair::new(4096, 100);
    let fields = [
        Field::new(b":method", b"GET"),
        Field::new(b":path", b"/a/path"),
        Field::new(b"x-a", b"1"),
        Field::with_indexing(b"x-b", b"2", Indexing::Never),
    ];
    // An insertion for the sake of the field counts: the line is an index.
    let hits = encode_hits(&mut pair, 0, &fields);
    assert_eq!(hits, [Hit::Both, Hit::Name, Hit::Both, Hit::None]);
    pair.encoder.set_inserting(false);
    let other = [Field::new(b"x-a", b"2"), Field::new(b"x-c", b"3")];
    assert_eq!(encode_hits(&mut pair, 4, &other), [Hit::Name, Hit::None]);
}

#[test]
fn a_value_that_shall_not_be_kept_is_in_no_table_but_its_name_may_be() {
    let mut pair = Pair::new(4096, 100);
    let field = Field::with_indexing(b"x-trace", b"0123", Indexing::NameOnly);
    let hits: Vec<Hit> =
        (0..4).flat_map(|round| encode_hits(&mut pair, 4 * round, &[field])).collect();
    assert_eq!(hits.last(), Some(&Hit::Name));
    // The name is in the table, with no value.
    assert_eq!(pair.decoder.insert_count(), 1);
    let section = decode(&mut pair.decoder, 400, &hex("0200 80")).unwrap();
    assert_eq!(lines(&section), [("x-trace", "")]);
}

/// RFC 9204 section 7.1.3.
#[test]
fn credentials_are_never_in_the_table() {
    let mut pair = Pair::new(4096, 100);
    for round in 0..4 {
        let bytes = pair.encode(4 * round, &[Field::new(b"authorization", b"Bearer 1")]);
        pair.carry_instructions();
        let section = decode(&mut pair.decoder, 4 * round, &bytes).unwrap();
        assert_eq!(section.get(0).unwrap().indexing, Indexing::NameOnly);
    }
    assert_eq!(pair.decoder.insert_count(), 0);
}

/// RFC 9204 section 2.1.3.
#[test]
fn nothing_is_inserted_while_the_encoder_stream_is_held_up() {
    let mut pair = Pair::new(4096, 100);
    pair.roundtrip(0, &REQUEST);
    pair.encoder.set_inserting(false);
    let bytes = pair.encode(4, &[REQUEST[2], Field::new(b"x-new", b"1")]);
    assert!(pair.encoder.instructions().is_empty());
    // What is there already is still referred to.
    assert!(bytes.len() < 12);
    pair.encoder.set_inserting(true);
    let _ = pair.encode(8, &[Field::new(b"x-new", b"1")]);
    assert!(!pair.encoder.instructions().is_empty());
}

/// RFC 9204 sections 2.1.1 and 4.3.1.
#[test]
fn a_smaller_capacity_waits_for_entries_that_are_referred_to() {
    let mut pair = Pair::new(4096, 100);
    let bytes = pair.encode(0, &REQUEST);
    pair.carry_instructions();
    pair.encoder.set_capacity(40);
    assert!(pair.encoder.instructions().is_empty());
    // Nothing is inserted meanwhile.
    let _ = pair.encode(4, &[Field::new(b"x-new", b"1")]);
    assert!(pair.encoder.instructions().is_empty());
    decode(&mut pair.decoder, 0, &bytes).unwrap();
    pair.carry_answers();
    let _ = pair.encode(8, &[Field::new(b":method", b"GET")]);
    assert_eq!(*pair.encoder.instructions(), hex("3f09"));
    pair.carry_instructions();
    pair.roundtrip(12, &[Field::new(b"x-new", b"1")]);
    assert_eq!(pair.roundtrip(16, &[Field::new(b"x-new", b"1")]), 3);
}

#[test]
fn the_capacity_can_be_changed_within_what_is_granted_and_down_to_none() {
    let mut pair = Pair::new(4096, 100);
    pair.roundtrip(0, &REQUEST);
    pair.encoder.set_capacity(0);
    assert_eq!(*pair.encoder.instructions(), hex("20"));
    let without = pair.roundtrip(4, &REQUEST);
    pair.encoder.set_capacity(1 << 40);
    pair.roundtrip(8, &REQUEST);
    let with = pair.roundtrip(12, &REQUEST);
    assert!(with < 10 && without > 50, "{with} {without}");
    // The peer's settings may say less than we want, and come late.
    let mut encoder = Encoder::new();
    encoder.set_capacity(4096);
    let mut out = Vec::new();
    encoder.encode(0, REQUEST, &mut out);
    assert!(encoder.instructions().is_empty());
    encoder.set_limits(4096, 100, 0);
    assert_eq!(*encoder.instructions(), hex("3f45"));
}

/// How often an entry is duplicated that comes always, while others come twice each.
fn duplicates(compatible: bool) -> usize {
    let mut pair = Pair::new(120, 100);
    pair.encoder.set_compatible_duplicates(compatible);
    let mut count = 0;
    for round in 0..2000_u64 {
        let value = format!("{}", round / 2);
        let fields = [Field::new(b"x-b", value.as_bytes()), Field::new(b"x-a", b"1")];
        let bytes = pair.encode(4 * round, &fields);
        count += count_duplicates(pair.encoder.instructions());
        pair.carry_instructions();
        decode(&mut pair.decoder, 4 * round, &bytes).unwrap();
        pair.carry_answers();
    }
    count
}

/// RFC 9204 section 4.3; all numbers are small, except for capacities.
fn count_duplicates(mut instructions: &[u8]) -> usize {
    let mut count = 0;
    while let Some((first, rest)) = instructions.split_first() {
        let value_at = match first {
            0x80.. => 0,
            0x40.. => usize::from(first & 0x1f),
            0x20.. => {
                let more = rest.iter().take_while(|_| *first == 0x3f).position(|byte| *byte < 0x80);
                instructions = &rest[more.map_or(0, |more| more + 1)..];
                continue;
            }
            _ => {
                count += 1;
                instructions = rest;
                continue;
            }
        };
        let len = usize::from(rest[value_at] & 0x7f);
        instructions = &rest[value_at + 1 + len..];
    }
    count
}

#[test]
fn decoders_that_lose_the_source_of_a_duplicate_can_be_spared() {
    assert!(duplicates(false) > 0);
    assert_eq!(duplicates(true), 0);
}
