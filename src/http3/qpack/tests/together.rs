//! What one end encodes, the other one decodes.

use super::*;

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
