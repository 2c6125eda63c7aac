//! What the tests of every frame have in common.

use super::{Frame, FrameErrorKind};
use crate::wire::{Reader, Writer};

/// Asserts that `bytes` are `frame`, in both directions.
#[track_caller]
pub(super) fn assert_sample(bytes: &[u8], frame: Frame<'_>) {
    let mut r = Reader::new(bytes);
    assert_eq!(Frame::decode(&mut r), Ok(frame));
    assert!(r.is_empty(), "{} bytes left", r.remaining());
    assert_eq!(encoded(&frame), bytes);
}

/// Asserts as [`assert_sample`] does, and that no prefix of `bytes` is a frame.
#[track_caller]
pub(super) fn assert_exact_sample(bytes: &[u8], frame: Frame<'_>) {
    assert_sample(bytes, frame);
    for cut in 0..bytes.len() {
        assert_eq!(refusal(&bytes[..cut]), Some(FrameErrorKind::Truncated), "cut at {cut}");
    }
}

/// Why `bytes` are no frame.
pub(super) fn refusal(bytes: &[u8]) -> Option<FrameErrorKind> {
    Frame::decode(&mut Reader::new(bytes)).err().map(|error| error.kind)
}

/// The bytes of `frame`; their number was told beforehand.
pub(super) fn encoded(frame: &Frame<'_>) -> Vec<u8> {
    let mut buffer = vec![0xff; frame.encoded_len()];
    let mut w = Writer::new(&mut buffer);
    frame.encode(&mut w);
    assert_eq!(w.remaining(), 0);
    buffer
}
