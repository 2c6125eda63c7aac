//! An ACK frame arrives.

use std::ops::RangeInclusive;

use super::{Record, SentSpace};
use crate::error::{TransportError, TransportErrorCode};
use crate::recovery::ecn::EcnReport;
use crate::recovery::rate::Snapshot;
use crate::time::{Duration, Instant};
use crate::wire::frame::{Ack, EcnCounts};
use crate::wire::PacketNumber;

/// A packet that an ACK frame acknowledges for the first time.
#[derive(Clone, Copy, Debug)]
pub struct Acked<'a, T> {
    /// The packet's number.
    pub packet_number: PacketNumber,
    /// When it left.
    pub sent: Instant,
    /// Its UDP payload bytes.
    pub size: u16,
    /// It counted against the window.
    pub in_flight: bool,
    /// It probed the path MTU.
    pub mtu_probe: bool,
    /// It had been declared lost before, wrongly: it left flight then.
    pub late: bool,
    /// What it carried.
    pub tokens: &'a [T],
    /// The path's counters at sending, if they were attached.
    pub snapshot: Option<&'a Snapshot>,
}

/// The largest of the packets an ACK frame newly acknowledges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LargestAcked {
    /// The packet's number.
    pub packet_number: PacketNumber,
    /// When it left.
    pub sent: Instant,
    /// Its bytes.
    pub size: u16,
    /// The peer had to acknowledge it.
    pub ack_eliciting: bool,
    /// It went over a path that was not in use.
    elsewhere: bool,
}

/// What an ACK frame changed.
#[derive(Clone, Copy, Debug, Default)]
pub struct AckOutcome {
    /// Bytes that left flight.
    pub bytes: u64,
    /// Packets newly acknowledged, late ones included.
    pub packets: u32,
    /// Packets among them that had been declared lost: losses that were none.
    pub late_packets: u32,
    /// The lowest of those, and when it left.
    pub lowest_late: Option<(PacketNumber, Instant)>,
    /// The largest of them.
    pub largest: Option<LargestAcked>,
    /// At least one of them was ack-eliciting.
    pub any_ack_eliciting: bool,
    /// A round-trip sample, not adjusted for the peer's delay (RFC 9002 section 5.1).
    pub rtt_sample: Option<Duration>,
    /// What the frame says about ECN.
    pub ecn: EcnReport,
    /// Packets among them that carried ECT(0).
    marked: u64,
}

impl AckOutcome {
    /// True if the frame acknowledges anything for the first time.
    pub fn newly_acked(&self) -> bool {
        self.packets > 0
    }
}

impl<T: Copy> SentSpace<T> {
    /// Applies an ACK frame and calls `f` for each packet it newly acknowledges: ranges from the
    /// highest down, within a range from the lowest up.
    ///
    /// Next, the caller updates the round-trip time and looks for losses with
    /// [`detect_lost`](Self::detect_lost).
    ///
    /// # Errors
    ///
    /// PROTOCOL_VIOLATION if the frame acknowledges a number that was not sent
    /// (RFC 9000 section 13.1), skipped ones included (section 21.4).
    pub fn on_ack(
        &mut self,
        ack: &Ack<'_>,
        now: Instant,
        f: impl FnMut(Acked<'_, T>),
    ) -> Result<AckOutcome, TransportError> {
        self.apply(ack.largest.0, ack.iter(), ack.ecn, now, f)
    }

    fn apply(
        &mut self,
        largest: u64,
        ranges: impl Iterator<Item = RangeInclusive<u64>>,
        ecn: Option<EcnCounts>,
        now: Instant,
        mut f: impl FnMut(Acked<'_, T>),
    ) -> Result<AckOutcome, TransportError> {
        if largest >= self.history.end() {
            return Err(never_sent());
        }
        let mut outcome = AckOutcome::default();
        for range in ranges {
            let (low, high) = ((*range.start()).max(self.history.start()), *range.end());
            if high < low {
                break; // This range and all below are settled.
            }
            self.apply_range(low, high, &mut outcome, &mut f)?;
        }
        // RFC 9002 section 5.1: only the largest number gives a sample, and only when new.
        outcome.rtt_sample = outcome
            .largest
            .filter(|newest| newest.packet_number.0 == largest && outcome.any_ack_eliciting)
            .filter(|newest| largest >= self.path_start && !newest.elsewhere)
            .map(|newest| now.saturating_since(newest.sent));
        let in_order = self.largest_acked.is_none_or(|before| before < largest);
        if in_order {
            self.largest_acked = Some(largest);
        }
        outcome.ecn = self.validate_ecn(ecn, outcome.marked, in_order);
        Ok(outcome)
    }

    /// Acknowledges all numbers from `low` to `high`, which have records.
    #[inline]
    fn apply_range(
        &mut self,
        low: u64,
        high: u64,
        outcome: &mut AckOutcome,
        f: &mut impl FnMut(Acked<'_, T>),
    ) -> Result<(), TransportError> {
        let mut newest = None;
        let mut number = low;
        while number <= high {
            let record = self.history.get_mut(number);
            if record.is_acked() {
                number += record.run();
                continue;
            }
            if record.is_skipped() {
                return Err(never_sent());
            }
            let before = *record;
            let place = record.acknowledge(high - number);
            f(Acked {
                packet_number: PacketNumber(number),
                sent: before.time(),
                size: before.size(),
                in_flight: before.is_in_flight(),
                mtu_probe: before.is_mtu_probe(),
                late: before.is_lost(),
                tokens: self.history.tokens(place),
                snapshot: self.history.snapshot(number).filter(|_| before.is_in_flight()),
            });
            self.settle(number, before, outcome);
            newest = Some((number, before));
            number += 1;
        }
        self.history.get_mut(low).extend_run(high - low);
        if let (None, Some((number, record))) = (outcome.largest, newest) {
            outcome.largest = Some(LargestAcked {
                packet_number: PacketNumber(number),
                sent: record.time(),
                size: record.size(),
                ack_eliciting: record.is_ack_eliciting(),
                elsewhere: record.is_elsewhere(),
            });
        }
        Ok(())
    }

    /// Counts a newly acknowledged packet.
    #[inline]
    fn settle(&mut self, number: u64, record: Record, outcome: &mut AckOutcome) {
        outcome.packets += 1;
        outcome.any_ack_eliciting |= record.is_ack_eliciting();
        outcome.marked += u64::from(record.is_ect());
        if record.is_lost() {
            // Not lost after all: the run of losses had a hole.
            outcome.late_packets += 1;
            let lowest = outcome.lowest_late.is_none_or(|(known, _)| number < known.0);
            if lowest {
                outcome.lowest_late = Some((PacketNumber(number), record.time()));
            }
            self.lost_run.end();
            return;
        }
        if record.is_in_flight() {
            outcome.bytes += u64::from(record.size());
        }
        self.leave_flight(record);
    }

    /// RFC 9000 section 13.4.2.1: `marked` newly acknowledged packets carried ECT(0) and must
    /// show up in the counts, as ECT(0) or, remarked on the way, as CE.
    fn validate_ecn(&mut self, ecn: Option<EcnCounts>, marked: u64, in_order: bool) -> EcnReport {
        // Frames that arrive out of order may carry older counts.
        if !in_order {
            return EcnReport::Nothing;
        }
        let Some(counts) = ecn else {
            return if marked > 0 { EcnReport::Invalid } else { EcnReport::Nothing };
        };
        let [ect0, ect1, ce] = self.ecn_counts;
        if counts.ect0 < ect0 || counts.ect1 < ect1 || counts.ce < ce {
            return EcnReport::Invalid;
        }
        self.ecn_counts = [counts.ect0, counts.ect1, counts.ce];
        let ce_marks = counts.ce - ce;
        let shown = (counts.ect0 - ect0).saturating_add(ce_marks);
        // ECT(1) is never sent, and no more marks can arrive than packets were sent.
        let sent = self.history.end();
        let beyond = counts.ect0.saturating_add(counts.ce) > sent || counts.ect1 > 0;
        if shown < marked || beyond {
            return EcnReport::Invalid;
        }
        if marked == 0 && ce_marks == 0 {
            return EcnReport::Nothing;
        }
        EcnReport::Valid { ce_marks }
    }
}

#[cold]
fn never_sent() -> TransportError {
    TransportError::new(
        TransportErrorCode::PROTOCOL_VIOLATION,
        "ACK of a packet number that was not sent",
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::testing::{ack, ack_with, at, packet, send};
    use super::*;
    use crate::ranges::RangeSet;
    use crate::recovery::{RateSampler, Reordering, Rtt, SentPacket};

    fn sent(count: u64) -> SentSpace<u64> {
        let mut space = SentSpace::new();
        send(&mut space, 0, count);
        space
    }

    #[test]
    fn each_packet_is_acknowledged_once() {
        let mut space = sent(10);
        assert_eq!(ack(&mut space, 100, &[0..=3]).unwrap().1, [0, 1, 2, 3]);
        assert_eq!(ack(&mut space, 100, &[0..=5]).unwrap().1, [4, 5]);
        let (outcome, tokens) = ack(&mut space, 100, &[0..=5]).unwrap();
        assert!(tokens.is_empty() && !outcome.newly_acked());
        assert_eq!(outcome.rtt_sample, None);
        assert_eq!(space.bytes_in_flight(), 4_000);
        assert_eq!(space.ack_eliciting_in_flight(), 4);
    }

    #[test]
    fn ranges_go_down_and_numbers_within_them_up() {
        let mut space = sent(10);
        let (outcome, tokens) = ack(&mut space, 100, &[0..=1, 4..=5, 8..=9]).unwrap();
        assert_eq!(tokens, [8, 9, 4, 5, 0, 1]);
        assert_eq!(outcome.packets, 6);
        assert_eq!(outcome.bytes, 6_000);
        assert_eq!(outcome.largest.unwrap().packet_number, PacketNumber(9));
        assert_eq!(space.largest_acked(), Some(PacketNumber(9)));
    }

    #[test]
    fn a_number_never_sent_is_a_violation() {
        // RFC 9000 section 13.1.
        let mut space = sent(3);
        for range in [3..=3, 0..=3, 1 << 61..=1 << 61] {
            let error = ack(&mut space, 100, &[range]).unwrap_err();
            assert_eq!(error.code, TransportErrorCode::PROTOCOL_VIOLATION);
        }
        let error = ack(&mut SentSpace::new(), 0, &[0..=0]).unwrap_err();
        assert_eq!(error.code, TransportErrorCode::PROTOCOL_VIOLATION);
    }

    #[test]
    fn a_skipped_number_is_a_violation() {
        // RFC 9000 section 21.4: an optimistic peer acknowledges what it cannot have received.
        let skipping = || {
            let mut space = sent(3);
            space.skip_packet_number();
            send(&mut space, 3, 3);
            space
        };
        assert!(ack(&mut skipping(), 100, &[0..=2, 4..=6]).is_ok());
        let error = ack(&mut skipping(), 100, &[0..=6]).unwrap_err();
        assert_eq!(error.code, TransportErrorCode::PROTOCOL_VIOLATION);
        assert!(ack(&mut skipping(), 100, &[3..=3]).is_err());
    }

    #[test]
    fn a_skipped_number_is_remembered_while_it_is_the_next_to_be_acknowledged() {
        let mut space = sent(3);
        space.skip_packet_number();
        let rtt = Rtt::new(Duration::from_millis(100));
        ack(&mut space, 100, &[0..=2]).unwrap();
        space.detect_lost(at(100), &rtt, Reordering::default(), Duration::ZERO, |_| {});
        send(&mut space, 101, 2);
        assert!(ack(&mut space, 200, &[0..=5]).is_err());
    }

    #[test]
    fn only_a_newly_acknowledged_largest_gives_a_sample() {
        // RFC 9002 section 5.1.
        let mut space = sent(10);
        let (outcome, _) = ack(&mut space, 50, &[4..=4]).unwrap();
        assert_eq!(outcome.rtt_sample, Some(Duration::from_millis(46)));
        let (outcome, tokens) = ack(&mut space, 60, &[0..=4]).unwrap();
        assert_eq!(tokens, [0, 1, 2, 3]);
        assert_eq!(outcome.rtt_sample, None);
        assert_eq!(outcome.largest.unwrap().packet_number, PacketNumber(3));
    }

    #[test]
    fn packets_that_need_no_answer_give_no_sample_alone() {
        // RFC 9002 section 5.1.
        let mut space = SentSpace::new();
        space.on_sent(SentPacket { ack_eliciting: false, in_flight: false, ..packet(0) }, &[0]);
        let (outcome, _) = ack(&mut space, 50, &[0..=0]).unwrap();
        assert!(outcome.newly_acked());
        assert_eq!((outcome.rtt_sample, outcome.bytes), (None, 0));
        send(&mut space, 1, 1);
        space.on_sent(SentPacket { ack_eliciting: false, in_flight: false, ..packet(2) }, &[2]);
        let (outcome, _) = ack(&mut space, 50, &[0..=2]).unwrap();
        assert_eq!(outcome.rtt_sample, Some(Duration::from_millis(48)));
    }

    #[test]
    fn a_lost_packet_that_arrives_after_all_is_told_as_late() {
        let mut space = sent(6);
        let rtt = Rtt::new(Duration::from_millis(100));
        ack(&mut space, 50, &[4..=5]).unwrap();
        let lost = space.detect_lost(at(50), &rtt, Reordering::default(), Duration::ZERO, |_| {});
        assert_eq!(lost.packets, 3);
        assert_eq!(space.bytes_in_flight(), 1_000);
        let (outcome, tokens) = ack(&mut space, 60, &[0..=2, 4..=5]).unwrap();
        assert_eq!(tokens, [0, 1, 2]);
        assert_eq!((outcome.late_packets, outcome.bytes), (3, 0));
        assert_eq!(space.bytes_in_flight(), 1_000, "it left flight only once");
    }

    #[test]
    fn any_pattern_of_ranges_acknowledges_each_packet_once() {
        let mut state = 3_u64;
        let mut random = move |below: u64| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 33) % below
        };
        let rtt = Rtt::new(Duration::from_millis(20));
        let mut space = SentSpace::new();
        let mut known = RangeSet::new();
        let mut acked = std::collections::BTreeSet::new();
        let mut lost = std::collections::BTreeSet::new();
        for round in 0..2_000_u64 {
            let count = random(8);
            let first = space.next_packet_number().0;
            send(&mut space, round * 10, count);
            for number in first..first + count {
                if random(5) != 0 {
                    known.insert(number..number + 1);
                }
            }
            // The peer repeats a random part of what it knows.
            let floor = first.saturating_sub(random(100));
            let ranges: Vec<_> = known
                .iter()
                .filter(|range| range.end > floor && random(10) != 0)
                .map(|range| range.start.max(floor)..=range.end - 1)
                .collect();
            if !ranges.is_empty() {
                for number in ack(&mut space, round * 10 + 5, &ranges).unwrap().1 {
                    assert!(known.contains(number));
                    assert!(acked.insert(number), "{number} acknowledged twice");
                }
            }
            space.detect_lost(
                at(round * 10 + 5),
                &rtt,
                Reordering::default(),
                Duration::ZERO,
                |packet| {
                    assert!(!acked.contains(&packet.packet_number.0));
                    assert!(lost.insert(packet.packet_number.0));
                },
            );
            let out: Vec<u64> = space.unacked().map(|packet| packet.tokens[0]).collect();
            let settled = |n: &u64| acked.contains(n) || lost.contains(n);
            let end = space.next_packet_number().0;
            assert_eq!(out, (0..end).filter(|n| !settled(n)).collect::<Vec<_>>());
            assert_eq!(space.bytes_in_flight(), 1_000 * out.len() as u64);
            assert_eq!(space.ack_eliciting_in_flight(), out.len());
        }
        assert!(acked.len() > 4_000 && lost.len() > 500);
    }

    fn marked(count: u64) -> SentSpace<u64> {
        let mut space = SentSpace::new();
        for number in 0..count {
            space.on_sent(SentPacket { ect: true, ..packet(number) }, &[number]);
        }
        space
    }

    fn report(space: &mut SentSpace<u64>, last: u64, ecn: Option<[u64; 3]>) -> EcnReport {
        let ecn = ecn.map(|[ect0, ect1, ce]| EcnCounts { ect0, ect1, ce });
        ack_with(space, 100, &[0..=last], ecn).unwrap().0.ecn
    }

    #[test]
    fn counts_that_cover_what_was_marked_are_valid() {
        // RFC 9000 section 13.4.2.1.
        let mut space = marked(10);
        assert_eq!(report(&mut space, 3, Some([4, 0, 0])), EcnReport::Valid { ce_marks: 0 });
        assert_eq!(report(&mut space, 6, Some([5, 0, 2])), EcnReport::Valid { ce_marks: 2 });
        assert_eq!(report(&mut space, 6, Some([5, 0, 2])), EcnReport::Nothing);
    }

    #[test]
    fn missing_short_falling_or_foreign_counts_are_invalid() {
        // RFC 9000 section 13.4.2.1.
        assert_eq!(report(&mut marked(10), 3, None), EcnReport::Invalid);
        assert_eq!(report(&mut marked(10), 3, Some([3, 0, 0])), EcnReport::Invalid);
        assert_eq!(report(&mut marked(10), 3, Some([0, 4, 0])), EcnReport::Invalid);
        assert_eq!(report(&mut marked(10), 3, Some([11, 0, 0])), EcnReport::Invalid);
        assert_eq!(report(&mut marked(10), 3, Some([u64::MAX >> 2, 0, 9])), EcnReport::Invalid);
        let mut falling = marked(10);
        report(&mut falling, 3, Some([2, 0, 2]));
        assert_eq!(report(&mut falling, 4, Some([4, 0, 1])), EcnReport::Invalid);
    }

    #[test]
    fn an_ack_out_of_order_does_not_fail_validation() {
        // RFC 9000 section 13.4.2.1.
        let mut space = marked(10);
        report(&mut space, 7, Some([8, 0, 0]));
        assert_eq!(report(&mut space, 3, Some([4, 0, 0])), EcnReport::Nothing);
    }

    #[test]
    fn counts_for_unmarked_packets_are_no_news() {
        let mut space = sent(5);
        assert_eq!(report(&mut space, 4, None), EcnReport::Nothing);
    }

    #[test]
    fn snapshots_come_back_with_their_packet() {
        let mut sampler = RateSampler::new();
        let mut space = SentSpace::<()>::new();
        let mut snapshots = Vec::new();
        for n in 0..100 {
            let snapshot = sampler.on_sent(at(n), 1_000, 1_000 * n);
            space.on_sent(packet(n), &[]);
            space.attach_snapshot(snapshot);
            snapshots.push(snapshot);
        }
        let mut back = Vec::new();
        let ranges = std::iter::once(0..=99);
        space
            .apply(99, ranges, None, at(200), |acked| back.extend(acked.snapshot.copied()))
            .unwrap();
        assert_eq!(back, snapshots);
    }
}
