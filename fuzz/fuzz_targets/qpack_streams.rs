#![no_main]
//! QPACK's two streams of instructions. In any pieces they do what they do in one, and an encoder
//! that hears anything still makes sections that can be decoded.

use libfuzzer_sys::fuzz_target;
use xquic::http3::qpack::{Decoded, Decoder, Encoder, Field, FieldSection};

fuzz_target!(|data: &[u8]| {
    let Some((first, data)) = data.split_first() else { return };
    encoder_stream(data, usize::from(first % 7) + 1);
    decoder_stream(data, usize::from(first % 5) + 1);
});

fn encoder_stream(data: &[u8], piece: usize) {
    let (mut whole, mut pieces) = (Decoder::new(300, 2), Decoder::new(300, 2));
    let at_once = whole.on_encoder_stream(data);
    let by_pieces = data.chunks(piece).try_for_each(|piece| pieces.on_encoder_stream(piece));
    assert_eq!(at_once, by_pieces);
    assert_eq!(whole.insert_count(), pieces.insert_count());
    if at_once.is_ok() {
        assert_eq!(whole.instructions(), pieces.instructions());
    }
}

fn decoder_stream(data: &[u8], piece: usize) {
    let (mut encoder, mut decoder) = (Encoder::new(), Decoder::new(200, 100));
    encoder.set_limits(200, 200, 100);
    for (stream, answers) in (0..20).zip(data.chunks(piece)) {
        let value = [b'a' + answers[0] % 8];
        let fields = [
            Field::new(b"x-same", b"a value that stays"),
            Field::new(b"x-other", &value),
            Field::new(b":path", answers),
        ];
        let mut bytes = Vec::new();
        encoder.encode(stream, fields, &mut bytes);
        let instructions = std::mem::take(encoder.instructions());
        decoder.on_encoder_stream(&instructions).expect("what we encode");
        // The answers are made up: entries may be given up too early, and sections be broken then.
        let mut out = FieldSection::new();
        let decoded = decoder.decode(stream, &bytes, false, u64::MAX, &mut out);
        if let Ok(Decoded::Complete) = decoded {
            assert_eq!(out.len(), fields.len());
        }
        if encoder.on_decoder_stream(answers).is_err() {
            return;
        }
    }
}
