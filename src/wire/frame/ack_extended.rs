//! ACK_EXTENDED: an ACK that also tells when packets arrived (draft-smith-quic-receive-ts, as
//! upstream speaks it: type 0xb1, times in milliseconds).

use super::ack::{base_len, count_that_fit, ecn_len, encode_body, encode_ecn};
use super::{Ack, EcnCounts, FrameErrorKind, FrameType};
use crate::ranges::RangeSet;
use crate::wire::{varint, PacketNumber, Reader, Writer};

/// The feature that says that ECN counts follow.
const ECN_COUNTS: u64 = 1 << 0;
/// The feature that says that receive timestamps follow, also in transport parameters.
pub const RECEIVE_TIMESTAMPS: u64 = 1 << 1;
/// The most timestamps in one frame, so that counts of them take one byte.
pub const MAX_TIMESTAMPS: usize = 63;

/// When a packet arrived.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timestamp {
    /// The packet.
    pub number: PacketNumber,
    /// Ticks since a moment that only the sender of the frame knows. A tick is 2 to the power of
    /// the receiver's `receive_timestamps_exponent` milliseconds.
    pub ticks: u64,
}

/// A received ACK_EXTENDED frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AckExtended<'a> {
    /// What an ACK says.
    pub ack: Ack<'a>,
    /// Timestamp Ranges, which were checked; empty if there are none.
    timestamps: &'a [u8],
}

impl<'a> AckExtended<'a> {
    /// Reads what follows the type.
    #[cold]
    pub(super) fn decode(r: &mut Reader<'a>) -> Result<Self, FrameErrorKind> {
        let mut ack = Ack::decode(r, false)?;
        let features = r.varint()?;
        if features & !(ECN_COUNTS | RECEIVE_TIMESTAMPS) != 0 {
            // What else follows, and how long it is, nobody has said.
            return Err(FrameErrorKind::AckFeatures);
        }
        if features & ECN_COUNTS != 0 {
            ack.ecn = Some(EcnCounts::decode(r)?);
        }
        let timestamps = match features & RECEIVE_TIMESTAMPS {
            0 => &[][..],
            _ => check_timestamps(r)?,
        };
        Ok(Self { ack, timestamps })
    }

    /// When packets arrived, the highest number first. Of packets that were told of before, or
    /// came out of order, nothing is said.
    ///
    /// Ends at a number below zero: upstream counts on past it when more packets arrived between
    /// two ACKs than it keeps, so that is no reason to give up on the peer.
    pub fn timestamps(&self) -> Timestamps<'a> {
        Timestamps { walk: Walk::new(self.timestamps), number: self.ack.largest.0, ticks: None }
    }

    /// How many timestamps the frame has, those that make no sense included.
    pub fn timestamp_count(&self) -> usize {
        let mut walk = Walk::new(self.timestamps);
        std::iter::from_fn(|| walk.next().ok()).count()
    }

    /// How many bytes the frame takes.
    pub fn encoded_len(&self) -> usize {
        // The type takes two bytes, not one.
        let counts = usize::from(!self.timestamps.is_empty());
        self.ack.encoded_len() + 1 + 1 + counts + self.timestamps.len()
    }

    /// Writes the frame.
    pub fn encode(&self, w: &mut Writer<'_>) {
        w.varint(FrameType::ACK_EXTENDED.0);
        self.ack.encode_fields(w);
        w.varint(features(self.ack.ecn, !self.timestamps.is_empty()));
        encode_ecn(w, self.ack.ecn);
        if !self.timestamps.is_empty() {
            w.varint(self.range_count());
            w.bytes(self.timestamps);
        }
    }

    fn range_count(&self) -> u64 {
        let mut walk = Walk::new(self.timestamps);
        let mut count = 0;
        while let Ok(step) = walk.next() {
            count += u64::from(step.gap.is_some());
        }
        count
    }
}

/// A walk over the bytes of Timestamp Ranges.
#[derive(Clone, Debug)]
struct Walk<'a> {
    rest: Reader<'a>,
    /// How many more timestamps are in the range.
    left: u64,
}

/// The fields of one timestamp.
struct Step {
    /// The first of a range says how far it is below the last before.
    gap: Option<u64>,
    delta: u64,
}

impl<'a> Walk<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self { rest: Reader::new(bytes), left: 0 }
    }

    fn next(&mut self) -> Result<Step, FrameErrorKind> {
        let mut gap = None;
        if self.left == 0 {
            gap = Some(self.rest.varint()?);
            self.left = self.rest.varint()?;
            if self.left == 0 {
                return Err(FrameErrorKind::AckTimestamps);
            }
        }
        self.left -= 1;
        Ok(Step { gap, delta: self.rest.varint()? })
    }
}

/// The timestamps of a frame, read off its bytes.
#[derive(Clone, Debug)]
pub struct Timestamps<'a> {
    walk: Walk<'a>,
    /// The number of the last one, or the largest acknowledged before the first.
    number: u64,
    /// Its time; `None` before the first.
    ticks: Option<u64>,
}

impl Iterator for Timestamps<'_> {
    type Item = Timestamp;

    fn next(&mut self) -> Option<Timestamp> {
        let Step { gap, delta } = self.walk.next().ok()?;
        self.number = self.number.checked_sub(gap.unwrap_or(1))?;
        // The first one is absolute, the others say how much earlier they are.
        let ticks = self.ticks.map_or(delta, |last| last.saturating_sub(delta));
        self.ticks = Some(ticks);
        Some(Timestamp { number: PacketNumber(self.number), ticks })
    }
}

/// Checks that Timestamp Ranges are whole and hands out their bytes.
fn check_timestamps<'a>(r: &mut Reader<'a>) -> Result<&'a [u8], FrameErrorKind> {
    let range_count = r.varint()?;
    let bytes = r.peek();
    let mut walk = Walk { rest: r.clone(), left: 0 };
    let (mut ranges, mut count) = (0, 0);
    while ranges < range_count || walk.left > 0 {
        ranges += u64::from(walk.next()?.gap.is_some());
        count += 1;
        // One byte and more for each: what is over the limit costs little until it is found.
        if count > MAX_TIMESTAMPS {
            return Err(FrameErrorKind::AckTimestamps);
        }
    }
    let len = walk.rest.position() - r.position();
    *r = walk.rest;
    Ok(bytes.get(..len).unwrap_or_default())
}

/// Writes an ACK_EXTENDED frame as [`encode_ack`](super::encode_ack) writes an ACK, with as many of
/// `timestamps`, the highest number first, as fit. At most [`MAX_TIMESTAMPS`] are taken.
pub fn encode_ack_extended(
    w: &mut Writer<'_>,
    delay: u64,
    ranges: &RangeSet,
    ecn: Option<EcnCounts>,
    timestamps: &[Timestamp],
) -> Option<PacketNumber> {
    let delay = delay.min(varint::MAX);
    // The second byte of the type, the features, the count of ranges of timestamps.
    let base = base_len(delay, ranges, ecn)? + 1 + 1 + 1;
    let range_count = count_that_fit(ranges, w.remaining().checked_sub(base)?);
    w.varint(FrameType::ACK_EXTENDED.0);
    let largest = encode_body(w, delay, ranges, range_count)?;
    let room = w.remaining().checked_sub(1 + ecn_len(ecn) + 1)?;
    let fit = timestamps_that_fit(timestamps, largest, room);
    let timestamps = timestamps.get(..fit).unwrap_or_default();
    w.varint(features(ecn, fit > 0));
    encode_ecn(w, ecn);
    if fit > 0 {
        encode_timestamps(w, timestamps, largest);
    }
    Some(largest)
}

/// How many of `timestamps` fit into `room` bytes.
fn timestamps_that_fit(timestamps: &[Timestamp], largest: PacketNumber, mut room: usize) -> usize {
    let mut before = Timestamp { number: largest, ticks: 0 };
    let mut first = true;
    let fits = |timestamp: &&Timestamp| {
        let gap = before.number.0.saturating_sub(timestamp.number.0);
        let delta =
            if first { timestamp.ticks } else { before.ticks.saturating_sub(timestamp.ticks) };
        let head = if first || gap != 1 { varint::size(gap) + 1 } else { 0 };
        (before, first) = (**timestamp, false);
        let left = room.checked_sub(head + varint::size(delta.min(varint::MAX)));
        room = left.unwrap_or(0);
        left.is_some()
    };
    timestamps.iter().take(MAX_TIMESTAMPS).take_while(fits).count()
}

fn encode_timestamps(w: &mut Writer<'_>, timestamps: &[Timestamp], largest: PacketNumber) {
    let together = |a: &Timestamp, b: &Timestamp| a.number.0 == b.number.0 + 1;
    w.varint(timestamps.chunk_by(together).count() as u64);
    let mut number = largest.0;
    let mut ticks = None;
    for range in timestamps.chunk_by(together) {
        let (Some(first), Some(last)) = (range.first(), range.last()) else { continue };
        w.varint(number.saturating_sub(first.number.0));
        w.varint(range.len() as u64);
        for timestamp in range {
            let delta =
                ticks.map_or(timestamp.ticks, |last: u64| last.saturating_sub(timestamp.ticks));
            w.varint(delta.min(varint::MAX));
            ticks = Some(timestamp.ticks);
        }
        number = last.number.0;
    }
}

const fn features(ecn: Option<EcnCounts>, timestamps: bool) -> u64 {
    let ecn = if ecn.is_some() { ECN_COUNTS } else { 0 };
    let timestamps = if timestamps { RECEIVE_TIMESTAMPS } else { 0 };
    ecn | timestamps
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;
    use crate::wire::frame::testing::{assert_exact_sample, refusal};
    use crate::wire::frame::Frame;

    fn frame(bytes: &[u8]) -> AckExtended<'_> {
        match Frame::decode(&mut Reader::new(bytes)) {
            Ok(Frame::AckExtended(frame)) => frame,
            other => panic!("{other:?}"),
        }
    }

    fn seen(frame: &AckExtended<'_>) -> Vec<(u64, u64)> {
        frame.timestamps().map(|timestamp| (timestamp.number.0, timestamp.ticks)).collect()
    }

    fn stamps(list: &[(u64, u64)]) -> Vec<Timestamp> {
        list.iter()
            .map(|(n, ticks)| Timestamp { number: PacketNumber(*n), ticks: *ticks })
            .collect()
    }

    fn encoded(ranges: &RangeSet, list: &[Timestamp], room: usize) -> Vec<u8> {
        let mut buffer = vec![0; room];
        let mut w = Writer::new(&mut buffer);
        encode_ack_extended(&mut w, 7, ranges, None, list);
        w.written().to_vec()
    }

    /// Largest 20, no delay, one range down to 0; features; two ranges of timestamps.
    const SAMPLE: [u8; 16] = [0x40, 0xb1, 20, 0, 0, 20, 2, 2, 1, 2, 0x40, 0x64, 3, 4, 1, 10];

    #[test]
    fn timestamps_go_down_from_the_largest() {
        // 19 at 100, 18 three earlier; 14 another ten earlier.
        let frame = frame(&SAMPLE);
        assert_eq!(seen(&frame), [(19, 100), (18, 97), (14, 87)]);
        assert_eq!(frame.ack.iter().collect::<Vec<_>>(), [0..=20]);
        assert_exact_sample(&SAMPLE, Frame::AckExtended(frame));
    }

    #[test]
    fn every_feature_is_optional() {
        let plain = [0x40, 0xb1, 20, 0, 0, 20, 0];
        assert_exact_sample(&plain, Frame::AckExtended(frame(&plain)));
        let ecn = [0x40, 0xb1, 20, 0, 0, 20, 1, 3, 0, 1];
        assert_eq!(frame(&ecn).ack.ecn, Some(EcnCounts { ect0: 3, ect1: 0, ce: 1 }));
        assert_exact_sample(&ecn, Frame::AckExtended(frame(&ecn)));
        let both = [0x40, 0xb1, 20, 0, 0, 20, 3, 3, 0, 1, 1, 0, 1, 9];
        assert_eq!(seen(&frame(&both)), [(20, 9)]);
        assert_exact_sample(&both, Frame::AckExtended(frame(&both)));
        let unknown = [0x40, 0xb1, 20, 0, 0, 20, 4];
        assert_eq!(refusal(&unknown), Some(FrameErrorKind::AckFeatures));
    }

    #[test]
    fn no_ranges_are_no_timestamps_and_an_empty_range_is_refused() {
        assert_eq!(seen(&frame(&[0x40, 0xb1, 20, 0, 0, 20, 2, 0])), []);
        let empty = [0x40, 0xb1, 20, 0, 0, 20, 2, 1, 0, 0];
        assert_eq!(refusal(&empty), Some(FrameErrorKind::AckTimestamps));
    }

    #[test]
    fn timestamps_end_at_a_packet_number_below_zero() {
        let gap = [0x40, 0xb1, 2, 0, 0, 2, 2, 1, 3, 1, 5];
        assert_eq!((seen(&frame(&gap)), frame(&gap).timestamp_count()), (vec![], 1));
        let count = [0x40, 0xb1, 2, 0, 0, 2, 2, 1, 2, 2, 5, 0];
        assert_eq!((seen(&frame(&count)), frame(&count).timestamp_count()), (vec![(0, 5)], 2));
        // As upstream goes up again by 63: a gap of 2^32 - 63.
        let mut up = vec![0x40, 0xb1, 50, 0, 0, 0, 2, 2, 0, 1, 9];
        up.extend([0xc0, 0, 0, 0, 0xff, 0xff, 0xff, 0xc1, 2, 7, 7]);
        assert_eq!((seen(&frame(&up)), frame(&up).timestamp_count()), (vec![(50, 9)], 3));
        assert_exact_sample(&up, Frame::AckExtended(frame(&up)));
    }

    #[test]
    fn counts_far_too_high_end_with_the_bytes_or_the_limit() {
        let mut bytes = vec![0x40, 0xb1, 0x7f, 0xff, 0, 0, 0, 2];
        bytes.extend([0xff; 8]);
        assert_eq!(refusal(&bytes), Some(FrameErrorKind::Truncated));
        bytes.push(0);
        bytes.extend([0xff; 8]);
        bytes.extend([0; 1_000]);
        assert_eq!(refusal(&bytes), Some(FrameErrorKind::AckTimestamps));
    }

    #[test]
    fn what_is_written_comes_back() {
        let mut ranges = RangeSet::new();
        ranges.insert(0..1_000);
        ranges.insert(1_010..1_020);
        let list = [(1_019, 5_000), (1_018, 5_000), (1_012, 4_000), (900, 70), (899, 0)];
        let bytes = encoded(&ranges, &stamps(&list), 200);
        let frame = frame(&bytes);
        assert_eq!(seen(&frame), list);
        assert_eq!(frame.ack.iter().collect::<Vec<_>>(), [1_010..=1_019, 0..=999]);
        assert_eq!(frame.ack.delay, 7);
        assert_eq!(frame.encoded_len(), bytes.len());
    }

    #[test]
    fn short_room_drops_the_oldest_timestamps_first() {
        let mut ranges = RangeSet::new();
        ranges.insert(0..50);
        let list: Vec<_> = (0..20).map(|n| (49 - 2 * n, 1_000 - 40 * n)).collect();
        let mut known = 0;
        for room in 9..120 {
            let bytes = encoded(&ranges, &stamps(&list), room);
            assert!(bytes.len() <= room);
            let seen = seen(&frame(&bytes));
            assert!(seen.len() >= known && seen == list[..seen.len()]);
            known = seen.len();
        }
        assert_eq!(known, 20);
        assert!(encoded(&ranges, &stamps(&list), 5).is_empty());
    }

    #[test]
    fn no_more_timestamps_are_written_than_a_frame_may_have() {
        let mut ranges = RangeSet::new();
        ranges.insert(0..500);
        let list: Vec<_> = (0..200).map(|n| (499 - n, 1_000)).collect();
        assert_eq!(seen(&frame(&encoded(&ranges, &stamps(&list), 1_000))).len(), MAX_TIMESTAMPS);
    }

    #[test]
    fn whatever_decodes_encodes_to_the_same_frame() {
        let (mut state, mut decoded) = (3_u64, 0);
        for round in 0..20_000_u32 {
            let mut bytes = [0; 40];
            for byte in &mut bytes {
                state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                *byte = (state >> 56) as u8 >> (2 + round % 6);
            }
            bytes[..3].copy_from_slice(&[0x40, 0xb1, 0x3f]);
            if let Ok(frame) = Frame::decode(&mut Reader::new(&bytes)) {
                decoded += 1;
                let mut buffer = vec![0; frame.encoded_len()];
                let mut w = Writer::new(&mut buffer);
                frame.encode(&mut w);
                assert_eq!(w.remaining(), 0);
                assert_eq!(Frame::decode(&mut Reader::new(&buffer)), Ok(frame));
            }
        }
        assert!(decoded > 1_000, "{decoded}");
    }
}
