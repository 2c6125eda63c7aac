#![no_main]
//! The QPACK decoder: an encoder's stream that comes in two pieces, and field sections around it.

use libfuzzer_sys::fuzz_target;
use xquic::http3::qpack::{Decoded, Decoder, Encoder, Field, FieldSection};

/// The largest section that is taken.
const MOST: u64 = 1 << 16;

fuzz_target!(|data: &[u8]| {
    let Some((cut, data)) = data.split_first() else { return };
    let (stream, section) = data.split_at(data.len().min(usize::from(*cut)));
    let mut decoder = Decoder::new(512, 2);
    let mut fields = FieldSection::new();
    let (early, late) = stream.split_at(stream.len() / 2);
    if decoder.on_encoder_stream(early).is_err() {
        return;
    }
    let decoded = decoder.decode(0, section, false, MOST, &mut fields);
    let decoded = match decoded {
        Ok(Decoded::Blocked(count)) => {
            assert!(count > decoder.insert_count());
            if decoder.on_encoder_stream(late).is_err() {
                return;
            }
            fields.clear();
            decoder.decode(0, section, true, MOST, &mut fields)
        }
        decoded => decoded,
    };
    decoder.cancel(0, matches!(decoded, Ok(Decoded::Blocked(_))));
    if decoded == Ok(Decoded::Complete) {
        assert!(fields.size() <= MOST);
        comes_back(&fields);
    }
});

/// What was decoded can be encoded, and comes back the same, also by way of the table.
fn comes_back(fields: &FieldSection) {
    let lines: Vec<Field<'_>> = fields.iter().collect();
    let (mut encoder, mut decoder) = (Encoder::new(), Decoder::new(512, 2));
    encoder.set_limits(512, 512, 2);
    for stream in 0..3 {
        let mut bytes = Vec::new();
        encoder.encode(stream, lines.iter().copied(), &mut bytes);
        let instructions = std::mem::take(encoder.instructions());
        decoder.on_encoder_stream(&instructions).expect("what we encode");
        let mut copy = FieldSection::new();
        decoder.decode(stream, &bytes, false, u64::MAX, &mut copy).expect("what we encode");
        let same = |(a, b): (Field<'_>, &Field<'_>)| a.name == b.name && a.value == b.value;
        assert!(copy.len() == lines.len() && copy.iter().zip(&lines).all(same));
        let answers = std::mem::take(decoder.instructions());
        encoder.on_decoder_stream(&answers).expect("what we answer");
    }
}
