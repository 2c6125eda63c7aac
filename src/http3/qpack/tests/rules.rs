//! The rules of RFC 9204, one by one.

use super::*;

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

/// RFC 9204 section 2.1.2. When half of the streams that may wait do so, the others are kept for
/// sections that save much by it.
#[test]
fn the_last_streams_that_may_wait_have_sections_that_save_much() {
    let mut pair = Pair::new(4096, 16);
    let value = [b'v'; 300];
    let (large, small) = (Field::new(b"x-large", &value), Field::new(b"x-small", b"12345"));
    let mut needs_table = |stream, fields: &[Field<'_>]| pair.encode(stream, fields)[0] != 0;
    assert!(needs_table(0, &[large, small]));
    assert!(needs_table(4, &[small]));
    assert!((2..8).all(|stream| needs_table(4 * stream, &[large])));
    assert!(!needs_table(32, &[small]));
    assert!((8..16).all(|stream| needs_table(4 * stream, &[large])));
    assert!(!needs_table(64, &[large]));
    // One that may wait already is no further one.
    assert!(needs_table(4, &[small]));
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

/// RFC 9204 section 4.1.1: each kind of stream has an error of its own.
#[test]
fn an_integer_of_more_than_62_bits_is_the_error_of_its_stream() {
    let mut too_large = Vec::new();
    for shape in [&[0xff; 12][..], &[0x80; 12]] {
        too_large.push([&[0xff], shape].concat());
    }
    for bytes in too_large {
        let mut pair = Pair::new(4096, 100);
        let refused = pair.decoder.on_encoder_stream(&bytes);
        assert!(matches!(refused, Err(QpackError::EncoderStream(_))));
        let refused = pair.encoder.on_decoder_stream(&bytes);
        assert!(matches!(refused, Err(QpackError::DecoderStream(_))));
        let mut out = FieldSection::new();
        let refused = pair.decoder.decode(0, &bytes, false, u64::MAX, &mut out);
        assert!(matches!(refused, Err(QpackError::DecompressionFailed(_))));
    }
}

/// RFC 9204 section 7.4: the length is judged before the bytes are there.
#[test]
fn a_string_that_no_table_could_hold_is_refused_at_its_length() {
    let mut decoder = Decoder::new(220, 4);
    decoder.on_encoder_stream(&hex("3fbd01")).unwrap();
    // A literal name of 2^40 bytes, Huffman-coded or not.
    for first in [0x5f, 0x7f] {
        let mut decoder = Decoder::new(220, 4);
        decoder.on_encoder_stream(&hex("3fbd01")).unwrap();
        let bytes = [first, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20];
        let refused = decoder.on_encoder_stream(&bytes);
        assert!(matches!(refused, Err(QpackError::EncoderStream(_))));
    }
    let mut out = FieldSection::new();
    // The same in a section, where nothing more comes.
    let bytes = hex("0000 2f 80808080 20");
    let refused = decoder.decode(0, &bytes, false, u64::MAX, &mut out);
    assert!(matches!(refused, Err(QpackError::DecompressionFailed(_))));
}

/// RFC 9204 sections 2.2.3 and 4.5.1.
#[test]
fn a_reference_to_an_evicted_entry_or_beyond_the_required_count_is_refused() {
    let mut decoder = Decoder::new(80, 4);
    // Three entries of 36 bytes into a table of 80: the first one is gone.
    let insertions = hex("3f31 43 782d61 01 31 43 782d62 01 31 43 782d63 01 31");
    decoder.on_encoder_stream(&insertions).unwrap();
    assert_eq!(decoder.insert_count(), 3);
    // Required are 3, the base is 3: relative indexes 0 and 1 are there.
    let section = decode(&mut decoder, 0, &hex("0400 80 81")).unwrap();
    assert_eq!(lines(&section), [("x-c", "1"), ("x-b", "1")]);
    let mut out = FieldSection::new();
    for (bytes, what) in [
        ("0400 82", "an evicted entry"),
        ("0400 42 00", "the name of an evicted entry"),
        ("0300 10", "one at the required count"),
        ("0301 80", "one at the required count, below the base"),
        ("0400 10", "one that was never inserted"),
        ("0483 80", "a negative base"),
    ] {
        let refused = decoder.decode(4, &hex(bytes), false, u64::MAX, &mut out);
        assert!(matches!(refused, Err(QpackError::DecompressionFailed(_))), "{what}");
    }
}

/// RFC 9204 section 4.4.2: nothing is said about a stream where no table is.
#[test]
fn a_stream_is_cancelled_only_where_a_table_was_granted() {
    let mut decoder = Decoder::new(220, 4);
    let mut out = FieldSection::new();
    let decoded = decoder.decode(4, &hex("0381 1011"), false, u64::MAX, &mut out);
    assert_eq!(decoded, Ok(Decoded::Blocked(2)));
    decoder.cancel(4, true);
    assert_eq!(*decoder.instructions(), hex("44"));
    let mut decoder = Decoder::new(0, 0);
    decoder.cancel(4, false);
    assert!(decoder.instructions().is_empty());
}

/// RFC 9204 section 2.1.1. All that was ever encoded can still be decoded, in any order.
#[test]
fn without_a_decoder_stream_nothing_is_evicted() {
    for (capacity, max_blocked) in [(256, 0), (256, 10), (4096, 3), (4096, 5000)] {
        let mut pair = Pair::new(capacity, max_blocked);
        let mut sections = Vec::new();
        for round in 0..3000_u64 {
            let value = format!("value {}", round % 61);
            let field = Field::new(b"x-changing", value.as_bytes());
            let bytes = pair.encode(4 * round, &[REQUEST[4], field, REQUEST[2]]);
            sections.push((4 * round, value, bytes));
        }
        pair.carry_instructions();
        for (stream, value, bytes) in sections.iter().rev() {
            let section = decode(&mut pair.decoder, *stream, bytes).unwrap();
            assert_eq!(section.get(0), Some(REQUEST[4]));
            assert_eq!(section.get(1).unwrap().value, value.as_bytes());
        }
    }
}

#[test]
fn instructions_come_in_pieces_of_any_size() {
    for piece in [1, 2, 3, 7] {
        let mut pair = Pair::new(512, 100);
        for round in 0..200_u64 {
            let value = format!("{}", round / 3 % 20);
            let fields = [REQUEST[2], Field::new(b"x-some-name", value.as_bytes())];
            let bytes = pair.encode(400 * round, &fields);
            let instructions = std::mem::take(pair.encoder.instructions());
            for piece in instructions.chunks(piece) {
                pair.decoder.on_encoder_stream(piece).unwrap();
            }
            let section = decode(&mut pair.decoder, 400 * round, &bytes).unwrap();
            assert_eq!(section.iter().collect::<Vec<_>>(), fields);
            let answers = std::mem::take(pair.decoder.instructions());
            for piece in answers.chunks(piece) {
                pair.encoder.on_decoder_stream(piece).unwrap();
            }
        }
    }
}

/// No partial effect: what is left of an insertion that never ends is nothing.
#[test]
fn an_insertion_has_no_effect_before_its_last_byte() {
    let whole = hex("3fbd01 4a 637573746f6d2d6b6579 0c 637573746f6d2d76616c7565");
    let mut decoder = Decoder::new(220, 4);
    for byte in &whole[..whole.len() - 1] {
        decoder.on_encoder_stream(&[*byte]).unwrap();
        assert_eq!(decoder.insert_count(), 0);
        assert!(decoder.instructions().is_empty());
    }
    decoder.on_encoder_stream(&whole[whole.len() - 1..]).unwrap();
    assert_eq!(decoder.insert_count(), 1);
    assert_eq!(*decoder.instructions(), [1]);
}

/// RFC 9204 section 7.1: the N bit is there in every form of a literal, and comes back.
#[test]
fn the_n_bit_survives_in_every_form_of_a_literal() {
    let mut decoder = Decoder::new(220, 4);
    decoder.on_encoder_stream(&hex("3fbd01 43 782d61 01 31")).unwrap();
    for (bytes, indexing) in [
        ("0000 75 01 61", Indexing::NameOnly),
        ("0000 55 01 61", Indexing::Allowed),
        ("0200 60 01 61", Indexing::NameOnly),
        ("0200 40 01 61", Indexing::Allowed),
        ("0280 08 01 61", Indexing::NameOnly),
        ("0280 00 01 61", Indexing::Allowed),
        ("0000 33 782d62 01 61", Indexing::Never),
        ("0000 23 782d62 01 61", Indexing::Allowed),
    ] {
        let section = decode(&mut decoder, 0, &hex(bytes)).unwrap();
        assert_eq!(section.get(0).unwrap().indexing, indexing, "{bytes}");
    }
}

/// A peer's acknowledgements, however many, change counts and no more.
#[test]
fn floods_on_the_decoder_stream_end_in_an_error_or_in_nothing() {
    let mut pair = Pair::new(4096, 100);
    for stream in 0..50 {
        pair.roundtrip(4 * stream, &REQUEST);
    }
    let cancellations = vec![0x44; 100_000];
    assert_eq!(pair.encoder.on_decoder_stream(&cancellations), Ok(()));
    let acknowledgements = vec![0x84; 100_000];
    assert!(pair.encoder.on_decoder_stream(&acknowledgements).is_err());
    let increments = vec![0x3f; 100_000];
    assert!(pair.encoder.on_decoder_stream(&increments).is_err());
}

/// The memory for a peer that never acknowledges has a bound: the table is done without.
#[test]
fn sections_beyond_those_we_remember_do_without_the_table() {
    let mut pair = Pair::new(4096, 5000);
    let field = [REQUEST[5]];
    let first = pair.encode(0, &field).len();
    let mut last = 0;
    for stream in 1..3000 {
        last = pair.encode(4 * stream, &field).len();
    }
    assert!(first < 5 && last > 10, "{first} {last}");
}
