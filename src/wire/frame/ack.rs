//! ACK (RFC 9000 section 19.3), in both its forms.

use std::ops::RangeInclusive;

use super::{FrameErrorKind, FrameType};
use crate::ranges::RangeSet;
use crate::wire::{varint, PacketNumber, Reader, Writer};

/// Counts of packets received with each ECN codepoint, in one packet number space
/// (RFC 9000 section 19.3.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EcnCounts {
    /// Packets with ECT(0).
    pub ect0: u64,
    /// Packets with ECT(1).
    pub ect1: u64,
    /// Packets with ECN-CE: congestion was met.
    pub ce: u64,
}

/// A received ACK frame. Its ranges were checked when it was decoded and stay where they are, in
/// the bytes of the packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ack<'a> {
    /// The largest packet number acknowledged.
    pub largest: PacketNumber,
    /// How long the sender held the acknowledgement back, in microseconds shifted right by its
    /// `ack_delay_exponent`.
    pub delay: u64,
    /// How many numbers right below `largest` are acknowledged with it.
    first_range: u64,
    /// Pairs of Gap and ACK Range Length, none of which leads below zero.
    ranges: &'a [u8],
    /// The counts, if the frame carries them.
    pub ecn: Option<EcnCounts>,
}

impl<'a> Ack<'a> {
    /// Reads what follows the type; `ecn` says whether the type is the one with ECN counts.
    #[inline]
    pub(super) fn decode(r: &mut Reader<'a>, ecn: bool) -> Result<Self, FrameErrorKind> {
        let largest = r.varint()?;
        let delay = r.varint()?;
        let range_count = r.varint()?;
        let first_range = r.varint()?;
        let smallest = below(largest, first_range)?;
        let ranges = if range_count == 0 { &[] } else { check_ranges(r, range_count, smallest)? };
        let ecn = if ecn { Some(EcnCounts::decode(r)?) } else { None };
        Ok(Self { largest: PacketNumber(largest), delay, first_range, ranges, ecn })
    }

    /// The acknowledged packet numbers, highest range first.
    #[inline]
    pub fn iter(&self) -> AckRanges<'a> {
        AckRanges { next: Some((self.largest.0, self.first_range)), rest: Reader::new(self.ranges) }
    }

    /// How many bytes the frame takes.
    pub fn encoded_len(&self) -> usize {
        let count = self.iter().count() as u64 - 1;
        let first = [self.largest.0, self.delay, count, self.first_range];
        let first: usize = first.into_iter().map(varint::size).sum();
        1 + first + self.ranges.len() + ecn_len(self.ecn)
    }

    /// Writes the frame.
    pub fn encode(&self, w: &mut Writer<'_>) {
        w.u8(ack_type(self.ecn));
        self.encode_fields(w);
        encode_ecn(w, self.ecn);
    }

    /// Writes the fields between type and ECN counts.
    pub(super) fn encode_fields(&self, w: &mut Writer<'_>) {
        w.varint(self.largest.0);
        w.varint(self.delay);
        w.varint(self.iter().count() as u64 - 1);
        w.varint(self.first_range);
        w.bytes(self.ranges);
    }
}

impl<'a> IntoIterator for &Ack<'a> {
    type Item = RangeInclusive<u64>;
    type IntoIter = AckRanges<'a>;

    fn into_iter(self) -> AckRanges<'a> {
        self.iter()
    }
}

/// The ranges of an ACK frame, highest first, read off its bytes.
#[derive(Clone, Debug)]
pub struct AckRanges<'a> {
    /// The largest number of the next range, and how many more are below it.
    next: Option<(u64, u64)>,
    rest: Reader<'a>,
}

impl Iterator for AckRanges<'_> {
    type Item = RangeInclusive<u64>;

    #[inline]
    fn next(&mut self) -> Option<RangeInclusive<u64>> {
        let (largest, len) = self.next?;
        let smallest = largest.checked_sub(len)?;
        self.next = if self.rest.is_empty() { None } else { next_range(&mut self.rest, smallest) };
        Some(smallest..=largest)
    }
}

impl EcnCounts {
    #[inline]
    pub(super) fn decode(r: &mut Reader<'_>) -> Result<Self, FrameErrorKind> {
        Ok(Self { ect0: r.varint()?, ect1: r.varint()?, ce: r.varint()? })
    }
}

/// Writes an ACK frame for `ranges`; `delay` is in the units of [`Ack::delay`].
///
/// Where the room left in `w` is short the lowest ranges are left out: the peer most likely knows
/// of them already (RFC 9000 section 13.2.3). Returns the largest number acknowledged; `None`, and
/// nothing written, if the set is empty or not even its highest range fits.
#[inline]
pub fn encode_ack(
    w: &mut Writer<'_>,
    delay: u64,
    ranges: &RangeSet,
    ecn: Option<EcnCounts>,
) -> Option<PacketNumber> {
    let delay = delay.min(varint::MAX);
    let room = w.remaining().checked_sub(base_len(delay, ranges, ecn)?)?;
    let range_count = count_that_fit(ranges, room);
    w.u8(ack_type(ecn));
    let largest = encode_body(w, delay, ranges, range_count)?;
    encode_ecn(w, ecn);
    Some(largest)
}

/// Writes the fields between type and ECN counts, with `range_count` ranges below the highest one.
#[inline]
pub(super) fn encode_body(
    w: &mut Writer<'_>,
    delay: u64,
    ranges: &RangeSet,
    range_count: usize,
) -> Option<PacketNumber> {
    let highest = ranges.last()?;
    let largest = highest.end - 1;
    w.varint(largest);
    w.varint(delay);
    w.varint(range_count as u64);
    w.varint(largest - highest.start);
    for (gap, len) in gaps(ranges).take(range_count) {
        w.varint(gap);
        w.varint(len);
    }
    Some(PacketNumber(largest))
}

/// An upper bound, never more than 7 bytes too high, on the size of the ACK frame for all of
/// `ranges`; zero for an empty set.
pub fn ack_len(delay: u64, ranges: &RangeSet, ecn: Option<EcnCounts>) -> usize {
    let pairs = gaps(ranges).map(|(gap, len)| varint::size(gap) + varint::size(len)).sum::<usize>();
    base_len(delay.min(varint::MAX), ranges, ecn).map_or(0, |base| base + pairs)
}

/// The size of a frame for `ranges` without its pairs; `None` for an empty set.
#[inline]
pub(super) fn base_len(delay: u64, ranges: &RangeSet, ecn: Option<EcnCounts>) -> Option<usize> {
    let highest = ranges.last()?;
    let largest = highest.end - 1;
    let fields = varint::size(largest)
        + varint::size(delay)
        + varint::size(ranges.len() as u64 - 1)
        + varint::size(largest - highest.start);
    Some(1 + fields + ecn_len(ecn))
}

/// How many of the ranges below the highest one fit into `room` bytes.
#[inline]
pub(super) fn count_that_fit(ranges: &RangeSet, mut room: usize) -> usize {
    gaps(ranges)
        .take_while(|(gap, len)| {
            let left = room.checked_sub(varint::size(*gap) + varint::size(*len));
            room = left.unwrap_or(0);
            left.is_some()
        })
        .count()
}

/// Gap and ACK Range Length of each range below the highest one (RFC 9000 section 19.3.1).
#[inline]
fn gaps(ranges: &RangeSet) -> impl Iterator<Item = (u64, u64)> + '_ {
    let mut descending = ranges.iter().rev();
    let mut smallest = descending.next().map_or(0, |highest| highest.start);
    descending.map(move |range| {
        // Both fields are one less than what they count; ranges never touch.
        let gap = smallest - range.end - 1;
        smallest = range.start;
        (gap, range.end - range.start - 1)
    })
}

/// Checks `count` pairs that go down from `smallest` and hands out their bytes.
fn check_ranges<'a>(
    r: &mut Reader<'a>,
    count: u64,
    mut smallest: u64,
) -> Result<&'a [u8], FrameErrorKind> {
    let bytes = r.peek();
    let start = r.position();
    // The count is the peer's word, but each turn takes two bytes or ends the loop.
    for _ in 0..count {
        let gap = r.varint()?;
        let largest = below(smallest, gap + 2)?;
        smallest = below(largest, r.varint()?)?;
    }
    Ok(bytes.get(..r.position() - start).unwrap_or_default())
}

/// The range that follows one that ends at `smallest`: its largest number and its length.
#[inline]
fn next_range(rest: &mut Reader<'_>, smallest: u64) -> Option<(u64, u64)> {
    let gap = rest.varint().ok()?;
    let len = rest.varint().ok()?;
    Some((smallest.checked_sub(gap + 2)?, len))
}

/// `number - span`. RFC 9000 section 19.3.1: a packet number below zero is an error.
#[inline]
fn below(number: u64, span: u64) -> Result<u64, FrameErrorKind> {
    number.checked_sub(span).ok_or(FrameErrorKind::AckRangeBelowZero)
}

#[inline]
const fn ack_type(ecn: Option<EcnCounts>) -> u8 {
    FrameType::ACK.0 as u8 | ecn.is_some() as u8
}

#[inline]
pub(super) fn ecn_len(ecn: Option<EcnCounts>) -> usize {
    ecn.map_or(0, |ecn| varint::size(ecn.ect0) + varint::size(ecn.ect1) + varint::size(ecn.ce))
}

#[inline]
pub(super) fn encode_ecn(w: &mut Writer<'_>, ecn: Option<EcnCounts>) {
    if let Some(ecn) = ecn {
        w.varint(ecn.ect0);
        w.varint(ecn.ect1);
        w.varint(ecn.ce);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;
    use crate::wire::frame::testing::{assert_exact_sample, refusal};
    use crate::wire::frame::Frame;

    fn set(ranges: &[std::ops::Range<u64>]) -> RangeSet {
        let mut set = RangeSet::new();
        for range in ranges {
            set.insert(range.clone());
        }
        set
    }

    fn encoded(delay: u64, ranges: &RangeSet, ecn: Option<EcnCounts>, room: usize) -> Vec<u8> {
        let mut buffer = vec![0; room];
        let mut w = Writer::new(&mut buffer);
        encode_ack(&mut w, delay, ranges, ecn);
        w.written().to_vec()
    }

    fn ack(bytes: &[u8]) -> Ack<'_> {
        match Frame::decode(&mut Reader::new(bytes)) {
            Ok(Frame::Ack(ack)) => ack,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn two_ranges_and_their_gap_are_walked_downward() {
        // 10..=9, gap of 5..=8 (Gap 3), then 3..=4 (length 1).
        let bytes = [0x02, 10, 0x40, 0x64, 1, 1, 3, 1];
        let ack = ack(&bytes);
        assert_eq!((ack.largest, ack.delay, ack.ecn), (PacketNumber(10), 100, None));
        assert_eq!(ack.iter().collect::<Vec<_>>(), [9..=10, 3..=4]);
        assert_exact_sample(&bytes, Frame::Ack(ack));
    }

    /// RFC 9000 section 19.3.2.
    #[test]
    fn ecn_counts_are_parsed_whole() {
        let bytes = [0x03, 7, 0, 0, 7, 0x41, 0x00, 2, 0x80, 0, 0, 3];
        let ack = ack(&bytes);
        assert_eq!(ack.ecn, Some(EcnCounts { ect0: 256, ect1: 2, ce: 3 }));
        assert_eq!(ack.iter().collect::<Vec<_>>(), [0..=7]);
        for cut in 1..bytes.len() {
            assert_eq!(refusal(&bytes[..cut]), Some(FrameErrorKind::Truncated));
        }
    }

    /// RFC 9000 section 19.3.1.
    #[test]
    fn a_range_below_zero_is_refused() {
        let refused = Some(FrameErrorKind::AckRangeBelowZero);
        assert_eq!(refusal(&[0x02, 5, 0, 0, 6]), refused, "first range");
        assert_eq!(refusal(&[0x02, 5, 0, 1, 0, 4, 0]), refused, "gap");
        assert_eq!(refusal(&[0x02, 5, 0, 1, 0, 3, 1]), refused, "range length");
        assert_eq!(ack(&[0x02, 5, 0, 1, 0, 3, 0]).iter().collect::<Vec<_>>(), [5..=5, 0..=0]);
        let huge_gap = [0x02, 5, 0, 1, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0];
        assert_eq!(refusal(&huge_gap), refused);
    }

    #[test]
    fn a_huge_range_count_ends_with_the_bytes() {
        let mut bytes = vec![0x02, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0];
        bytes.extend([0xff; 8]);
        bytes.push(0);
        bytes.extend([0; 1000]);
        assert_eq!(refusal(&bytes), Some(FrameErrorKind::Truncated));
    }

    #[test]
    fn a_set_of_ranges_comes_back_as_it_was() {
        let ranges = set(&[0..1, 2..3, 100..5_000, 70_000..70_001, 1 << 40..(1 << 40) + 9]);
        let ecn = Some(EcnCounts { ect0: 1, ect1: 0, ce: 1 << 20 });
        let bytes = encoded(77, &ranges, ecn, 200);
        assert_eq!(bytes.len(), ack_len(77, &ranges, ecn));
        let ack = ack(&bytes);
        assert_eq!((ack.delay, ack.ecn), (77, ecn));
        let back: RangeSet = ack.iter().fold(RangeSet::new(), |mut set, range| {
            set.insert(*range.start()..range.end() + 1);
            set
        });
        assert_eq!(back, ranges);
    }

    #[test]
    fn an_empty_set_writes_nothing() {
        assert!(encoded(0, &RangeSet::new(), None, 100).is_empty());
        assert_eq!(ack_len(0, &RangeSet::new(), None), 0);
    }

    /// RFC 9000 section 13.2.3: the highest ranges matter most.
    #[test]
    fn short_room_drops_the_lowest_ranges() {
        let ranges = set(&[0..1, 10..11, 20..21, 30..31]);
        let lengths = [0, 5, 7, 9, 11];
        for room in 0..20 {
            let bytes = encoded(0, &ranges, None, room);
            let fits = lengths.iter().rev().find(|len| **len <= room).copied().unwrap();
            assert_eq!(bytes.len(), fits);
            if let Some(kept) = (fits / 2).checked_sub(1) {
                assert_eq!(ack(&bytes).iter().count(), kept);
            }
        }
    }
}
