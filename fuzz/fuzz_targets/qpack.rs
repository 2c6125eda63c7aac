#![no_main]
//! QPACK: an encoder's stream, field sections, and a decoder's stream.

use libfuzzer_sys::fuzz_target;
use xquic::http3::qpack::{Decoder, Encoder, Field, FieldSection};

/// The largest section that is taken.
const MOST: u64 = 1 << 16;

fuzz_target!(|data: &[u8]| {
    let Some((cut, data)) = data.split_first() else { return };
    let (stream, section) = data.split_at(data.len().min(usize::from(*cut)));
    let mut decoder = Decoder::new(512, 2);
    let mut fields = FieldSection::new();
    if decoder.on_encoder_stream(stream).is_ok()
        && decoder.decode(0, section, false, MOST, &mut fields).is_ok()
    {
        // What was decoded can be encoded, and comes back the same.
        let lines: Vec<Field<'_>> = fields.iter().collect();
        let (mut encoder, mut again) = (Encoder::new(), Decoder::new(512, 2));
        encoder.set_limits(512, 512, 2);
        let mut bytes = Vec::new();
        encoder.encode(4, lines.iter().copied(), &mut bytes);
        let instructions = std::mem::take(encoder.instructions());
        again.on_encoder_stream(&instructions).expect("what we encode");
        let mut copy = FieldSection::new();
        again.decode(4, &bytes, false, u64::MAX, &mut copy).expect("what we encode");
        assert!(copy.iter().eq(lines));
    }
    let mut encoder = Encoder::new();
    encoder.set_limits(512, 512, 2);
    let mut bytes = Vec::new();
    encoder.encode(0, [Field::new(b"x-a", b"1"), Field::new(b"x-b", b"2")], &mut bytes);
    let _ = encoder.on_decoder_stream(data);
});
