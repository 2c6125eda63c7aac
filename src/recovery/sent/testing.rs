//! What the tests of this module share: packets that carry their own number, and ACK frames.

use std::ops::RangeInclusive;

use super::{AckOutcome, SentPacket, SentSpace};
use crate::error::TransportError;
use crate::ranges::RangeSet;
use crate::time::{Duration, Instant};
use crate::wire::frame::{encode_ack, EcnCounts, Frame};
use crate::wire::{Reader, Writer};

/// A time `millis` milliseconds into the test.
pub(super) fn at(millis: u64) -> Instant {
    Instant::from_micros(1_000_000) + Duration::from_millis(millis)
}

/// An ack-eliciting packet of 1000 bytes.
pub(super) fn packet(millis: u64) -> SentPacket {
    SentPacket {
        time: at(millis),
        size: 1_000,
        ack_eliciting: true,
        in_flight: true,
        mtu_probe: false,
        ect: false,
    }
}

/// Sends `count` packets, one each millisecond from `millis` on; each carries its number.
pub(super) fn send(space: &mut SentSpace<u64>, millis: u64, count: u64) {
    for n in 0..count {
        let number = space.next_packet_number().0;
        space.on_sent(packet(millis + n), &[number]);
    }
}

/// An ACK of `ranges` arrives; returns the outcome and the tokens of what it newly acknowledged.
pub(super) fn ack(
    space: &mut SentSpace<u64>,
    millis: u64,
    ranges: &[RangeInclusive<u64>],
) -> Result<(AckOutcome, Vec<u64>), TransportError> {
    ack_with(space, millis, ranges, None)
}

/// The same with ECN counts.
pub(super) fn ack_with(
    space: &mut SentSpace<u64>,
    millis: u64,
    ranges: &[RangeInclusive<u64>],
    ecn: Option<EcnCounts>,
) -> Result<(AckOutcome, Vec<u64>), TransportError> {
    let mut set = RangeSet::new();
    for range in ranges {
        set.insert(*range.start()..*range.end() + 1);
    }
    let mut buffer = vec![0; 65_536];
    let mut w = Writer::new(&mut buffer);
    encode_ack(&mut w, 0, &set, ecn);
    let Ok(Frame::Ack(frame)) = Frame::decode(&mut Reader::new(w.written())) else {
        unreachable!("what was encoded decodes")
    };
    let mut tokens = Vec::new();
    let outcome = space.on_ack(&frame, at(millis), |acked| {
        // Packets of another path carry nothing.
        assert!(acked.tokens.is_empty() || acked.tokens == [acked.packet_number.0]);
        tokens.extend_from_slice(acked.tokens);
    })?;
    Ok((outcome, tokens))
}
