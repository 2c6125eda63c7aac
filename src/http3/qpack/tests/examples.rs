//! The examples of RFC 9204 appendix B.

use super::*;

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
