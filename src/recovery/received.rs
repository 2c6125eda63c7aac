//! What one packet number space has received, and when it owes an ACK (RFC 9000 section 13.2).

use super::stamps::Stamps;
use super::{EcnCodepoint, StampPolicy};
use std::ops::Range;

use crate::ranges::RangeSet;
use crate::time::{Duration, Instant};
use crate::wire::frame::{encode_ack, encode_ack_extended, EcnCounts};
use crate::wire::{PacketNumber, Writer};

/// Ranges of packet numbers kept at most; the lowest are dropped first (RFC 9000 section 13.2.3).
const MAX_RANGES: usize = 64;
/// Ack-eliciting packets of application data that one ACK may answer (RFC 9000 section 13.2.2).
const ACK_FREQUENCY: u32 = 2;
/// The same when it was asked to send fewer.
const THIN_ACK_FREQUENCY: u32 = 10;
/// ACKs that are sent before: while the sender's window is small it needs them.
const ACKS_BEFORE_THIN: u32 = 100;

/// When an ACK must be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AckDue {
    /// Nothing that wants an answer was received.
    None,
    /// At this time, unless sent with something else before.
    At(Instant),
    /// As soon as sending is possible.
    Now,
}

/// The packets received in one packet number space.
#[derive(Clone, Debug)]
pub struct ReceivedPackets {
    /// What goes into the next ACK.
    ranges: RangeSet,
    /// Numbers below are taken for duplicates: they are no longer kept apart.
    floor: u64,
    /// The number after the largest received.
    next: u64,
    /// When the largest arrived.
    largest_time: Instant,
    ecn: EcnCounts,
    /// Report counts even if they are zero.
    always_ecn: bool,
    max_ack_delay: Duration,
    frequency: u32,
    /// ACKs left to be sent until their frequency falls; 0 if it will not.
    until_thin: u32,
    /// Ack-eliciting packets not answered yet.
    pending: u32,
    /// When the first of them arrived.
    pending_since: Instant,
    /// The next ack-eliciting packet is answered at once: numbers came out of order.
    disorder: bool,
    /// Do not wait for more.
    immediate: bool,
    /// Something arrived that no ACK told yet.
    has_new: bool,
    /// When packets arrived, if the peer wants to know.
    stamps: Option<Box<Stamps>>,
}

impl ReceivedPackets {
    /// For Initial or Handshake packets, which are acknowledged at once
    /// (RFC 9000 section 13.2.1).
    pub fn for_handshake() -> Self {
        Self::new(1, Duration::ZERO)
    }

    /// For application data; `max_ack_delay` is our transport parameter.
    pub fn for_application(max_ack_delay: Duration) -> Self {
        Self::new(ACK_FREQUENCY, max_ack_delay)
    }

    fn new(frequency: u32, max_ack_delay: Duration) -> Self {
        Self {
            ranges: RangeSet::new(),
            floor: 0,
            next: 0,
            largest_time: Instant::default(),
            ecn: EcnCounts::default(),
            always_ecn: false,
            max_ack_delay,
            frequency,
            until_thin: 0,
            pending: 0,
            pending_since: Instant::default(),
            disorder: false,
            immediate: false,
            has_new: false,
            stamps: None,
        }
    }

    /// Answers every `packets` ack-eliciting packets from now on.
    pub fn set_ack_frequency(&mut self, packets: u32) {
        self.frequency = packets.max(1);
    }

    /// Lets the frequency fall to one ACK for ten packets after a hundred ACKs from now on.
    pub fn thin_acks_later(&mut self) {
        self.until_thin = ACKS_BEFORE_THIN;
    }

    /// Reports ECN counts from now on whether or not any mark was seen.
    pub fn always_report_ecn(&mut self) {
        self.always_ecn = true;
    }

    /// Tells the peer when packets arrive from now on.
    pub fn tell_times(&mut self, policy: StampPolicy) {
        self.stamps = Some(Box::new(Stamps::new(policy)));
    }

    /// True if `number` was received before, or is too old to tell. Such a packet must not be
    /// processed (RFC 9000 section 12.3).
    #[inline]
    pub fn is_duplicate(&self, number: PacketNumber) -> bool {
        number.0 < self.next && (number.0 < self.floor || self.ranges.contains(number.0))
    }

    /// A packet that is no duplicate was received and its protection removed.
    #[inline]
    pub fn on_received(
        &mut self,
        number: PacketNumber,
        now: Instant,
        ack_eliciting: bool,
        ecn: EcnCodepoint,
    ) {
        self.ranges.insert(number.0..number.0 + 1);
        if number.0 == self.next {
            self.next = number.0 + 1;
            self.largest_time = now;
        } else {
            self.on_disorder(number, now);
        }
        if ecn != EcnCodepoint::NotEct {
            self.count(ecn);
        }
        self.has_new = true;
        if let Some(stamps) = &mut self.stamps {
            stamps.on_received(number, now);
        }
        if ack_eliciting {
            if self.pending == 0 {
                self.pending_since = now;
            }
            self.pending += 1;
            // RFC 9000 section 13.2.1: reordering is told at once, for the peer's loss detection.
            self.immediate |= self.disorder;
            self.disorder = false;
        }
    }

    /// A number below the largest, or above it with a gap.
    fn on_disorder(&mut self, number: PacketNumber, now: Instant) {
        self.disorder = true;
        if number.0 > self.next {
            self.next = number.0 + 1;
            self.largest_time = now;
        }
        if self.ranges.len() > MAX_RANGES {
            if let Some(dropped) = self.ranges.pop_first() {
                self.floor = self.floor.max(dropped.end);
            }
        }
    }

    fn count(&mut self, ecn: EcnCodepoint) {
        match ecn {
            EcnCodepoint::NotEct => {}
            EcnCodepoint::Ect0 => self.ecn.ect0 += 1,
            EcnCodepoint::Ect1 => self.ecn.ect1 += 1,
            EcnCodepoint::Ce => {
                // RFC 9000 section 13.2.1: the peer should slow down without delay.
                self.ecn.ce += 1;
                self.immediate = true;
            }
        }
    }

    /// The marks that came with the packets.
    pub fn ecn_counts(&self) -> EcnCounts {
        self.ecn
    }

    /// The largest number received; needed to decode the next (RFC 9000 appendix A.3).
    #[inline]
    pub fn largest(&self) -> Option<PacketNumber> {
        self.next.checked_sub(1).map(PacketNumber)
    }

    /// The ranges the next ACK would name, highest first.
    pub fn ranges(&self) -> impl Iterator<Item = Range<u64>> + '_ {
        self.ranges.iter().rev()
    }

    /// When an ACK must leave.
    #[inline]
    pub fn deadline(&self) -> AckDue {
        if self.pending == 0 {
            // RFC 9000 section 13.2.1: never an ACK in answer to nothing but ACKs.
            AckDue::None
        } else if self.immediate || self.pending >= self.frequency {
            AckDue::Now
        } else {
            AckDue::At(self.pending_since + self.max_ack_delay)
        }
    }

    /// True if an ACK would tell the peer something new; worth adding to a packet that leaves
    /// anyway.
    #[inline]
    pub fn has_new(&self) -> bool {
        self.has_new && !self.ranges.is_empty()
    }

    /// Writes an ACK frame, as much of it as fits, highest ranges first. Returns the largest
    /// number it acknowledges, to be handed to [`on_ack_acked`](Self::on_ack_acked) once the
    /// packet that carries it is acknowledged; `None` if nothing was written.
    ///
    /// `exponent` is our `ack_delay_exponent`, 3 before application data (RFC 9000 section 18.2).
    pub fn encode_ack(
        &mut self,
        w: &mut Writer<'_>,
        now: Instant,
        exponent: u8,
    ) -> Option<PacketNumber> {
        let held = now.saturating_since(self.largest_time).as_micros();
        let delay = held.checked_shr(u32::from(exponent)).unwrap_or(0);
        let seen = (self.ecn != EcnCounts::default()).then_some(self.ecn);
        let largest = match &mut self.stamps {
            // Counts of nothing would mislead upstream there, which knows no counts beside times.
            Some(stamps) if !stamps.is_empty() => {
                stamps.tell(|times| encode_ack_extended(w, delay, &self.ranges, seen, times))?
            }
            _ => {
                let simulated = self.always_ecn.then_some(self.ecn);
                encode_ack(w, delay, &self.ranges, seen.or(simulated))?
            }
        };
        self.pending = 0;
        self.immediate = false;
        self.has_new = false;
        if self.until_thin > 0 {
            self.count_towards_thin();
        }
        Some(largest)
    }

    fn count_towards_thin(&mut self) {
        self.until_thin -= 1;
        if self.until_thin == 0 {
            self.frequency = self.frequency.max(THIN_ACK_FREQUENCY);
        }
    }

    /// The peer knows of all up to `largest`: nothing of it need be told again
    /// (RFC 9000 section 13.2.4).
    pub fn on_ack_acked(&mut self, largest: PacketNumber) {
        let floor = largest.next().0;
        if floor > self.floor {
            self.floor = floor;
            self.ranges.remove_below(floor);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::*;
    use crate::wire::frame::Frame;
    use crate::wire::Reader;

    const START: Instant = Instant::from_micros(1_000_000);
    const DELAY: Duration = Duration::from_millis(25);

    fn application() -> ReceivedPackets {
        ReceivedPackets::for_application(DELAY)
    }

    fn receive(received: &mut ReceivedPackets, number: u64) {
        assert!(!received.is_duplicate(PacketNumber(number)));
        received.on_received(PacketNumber(number), START, true, EcnCodepoint::NotEct);
    }

    /// Sends an ACK; returns its ranges, its raw delay and its ECN counts.
    fn sent_ack(
        received: &mut ReceivedPackets,
        now: Instant,
    ) -> (Vec<std::ops::RangeInclusive<u64>>, u64, Option<EcnCounts>) {
        let mut buffer = [0; 1_200];
        let mut w = Writer::new(&mut buffer);
        received.encode_ack(&mut w, now, 3).unwrap();
        match Frame::decode(&mut Reader::new(w.written())).unwrap() {
            Frame::Ack(ack) => (ack.iter().collect(), ack.delay, ack.ecn),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_number_received_before_is_a_duplicate() {
        // RFC 9000 section 12.3.
        let mut received = application();
        assert!(!received.is_duplicate(PacketNumber(0)));
        for number in [0, 1, 5] {
            receive(&mut received, number);
        }
        for number in 0..10 {
            let known = [0, 1, 5].contains(&number);
            assert_eq!(received.is_duplicate(PacketNumber(number)), known);
        }
        assert_eq!(received.largest(), Some(PacketNumber(5)));
    }

    #[test]
    fn handshake_packets_are_acknowledged_at_once() {
        // RFC 9000 section 13.2.1.
        let mut received = ReceivedPackets::for_handshake();
        receive(&mut received, 0);
        assert_eq!(received.deadline(), AckDue::Now);
    }

    #[test]
    fn application_data_is_acknowledged_on_every_second_packet() {
        // RFC 9000 section 13.2.2.
        let mut received = application();
        for number in 0..6 {
            receive(&mut received, number);
            if number % 2 == 0 {
                assert_eq!(received.deadline(), AckDue::At(START + DELAY));
            } else {
                assert_eq!(received.deadline(), AckDue::Now);
                sent_ack(&mut received, START);
                assert_eq!(received.deadline(), AckDue::None);
            }
        }
    }

    #[test]
    fn acks_get_fewer_after_a_hundred_if_asked_for() {
        let mut received = application();
        received.thin_acks_later();
        let mut number = 0;
        let mut packets_per_ack = || {
            let first = number;
            loop {
                receive(&mut received, number);
                number += 1;
                if received.deadline() == AckDue::Now {
                    sent_ack(&mut received, START);
                    return number - first;
                }
            }
        };
        assert!((0..100).all(|_| packets_per_ack() == 2));
        assert!((0..100).all(|_| packets_per_ack() == 10));
        // RFC 9000 section 13.2.1: reordering is told at once all the same.
        receive(&mut received, number + 1);
        assert_eq!(received.deadline(), AckDue::Now);
    }

    #[test]
    fn acks_do_not_get_more_by_being_fewer() {
        let mut received = application();
        received.set_ack_frequency(20);
        received.thin_acks_later();
        for number in 0..2_000 {
            receive(&mut received, 2 * number);
            sent_ack(&mut received, START);
        }
        assert_eq!(received.frequency, 20);
    }

    #[test]
    fn the_delay_runs_from_the_first_unanswered_packet() {
        // RFC 9000 section 13.2.1: at most max_ack_delay.
        let mut received = application();
        received.set_ack_frequency(10);
        receive(&mut received, 0);
        let later = START + Duration::from_millis(10);
        received.on_received(PacketNumber(1), later, true, EcnCodepoint::NotEct);
        assert_eq!(received.deadline(), AckDue::At(START + DELAY));
    }

    #[test]
    fn reordering_is_told_at_once() {
        // RFC 9000 section 13.2.1: a gap, and a packet below the largest.
        let mut received = application();
        receive(&mut received, 0);
        sent_ack(&mut received, START);
        receive(&mut received, 2);
        assert_eq!(received.deadline(), AckDue::Now);
        sent_ack(&mut received, START);
        receive(&mut received, 3);
        assert_ne!(received.deadline(), AckDue::Now, "the old gap was told already");
        sent_ack(&mut received, START);
        receive(&mut received, 1);
        assert_eq!(received.deadline(), AckDue::Now);
    }

    #[test]
    fn a_gap_before_an_ack_only_packet_is_told_with_the_next_packet() {
        let mut received = application();
        receive(&mut received, 0);
        sent_ack(&mut received, START);
        received.on_received(PacketNumber(2), START, false, EcnCodepoint::NotEct);
        assert_eq!(received.deadline(), AckDue::None);
        receive(&mut received, 3);
        assert_eq!(received.deadline(), AckDue::Now);
    }

    #[test]
    fn a_congestion_mark_is_told_at_once() {
        // RFC 9000 section 13.2.1.
        let mut received = application();
        received.on_received(PacketNumber(0), START, true, EcnCodepoint::Ce);
        assert_eq!(received.deadline(), AckDue::Now);
    }

    #[test]
    fn acks_are_not_answered_with_acks() {
        // RFC 9000 section 13.2.1.
        let mut received = application();
        for number in 0..10 {
            received.on_received(PacketNumber(number), START, false, EcnCodepoint::NotEct);
            assert_eq!(received.deadline(), AckDue::None);
        }
        assert!(received.has_new(), "but they ride along with something else");
        sent_ack(&mut received, START);
        assert!(!received.has_new());
    }

    #[test]
    fn an_ack_tells_ranges_delay_and_marks() {
        let mut received = application();
        for number in [0, 1, 2, 5, 6, 9] {
            received.on_received(PacketNumber(number), START, true, EcnCodepoint::Ect0);
        }
        let (ranges, delay, ecn) = sent_ack(&mut received, START + Duration::from_micros(800));
        assert_eq!(ranges, [9..=9, 5..=6, 0..=2]);
        assert_eq!(delay, 100, "800 microseconds with exponent 3");
        assert_eq!(ecn, Some(EcnCounts { ect0: 6, ect1: 0, ce: 0 }));
    }

    #[test]
    fn the_delay_counts_from_the_largest_packet() {
        // RFC 9000 section 13.2.5.
        let mut received = application();
        let later = START + Duration::from_micros(8_000);
        received.on_received(PacketNumber(7), START, true, EcnCodepoint::NotEct);
        received.on_received(PacketNumber(3), later, true, EcnCodepoint::NotEct);
        assert_eq!(sent_ack(&mut received, later).1, 1_000);
    }

    #[test]
    fn what_the_peer_knows_is_not_told_again() {
        // RFC 9000 section 13.2.4.
        let mut received = application();
        for number in [0, 1, 2, 3, 7] {
            receive(&mut received, number);
        }
        received.on_ack_acked(PacketNumber(3));
        assert_eq!(sent_ack(&mut received, START).0, [7..=7]);
        assert!(received.is_duplicate(PacketNumber(2)));
        received.on_ack_acked(PacketNumber(7));
        assert!(!received.has_new());
        assert!(received.is_duplicate(PacketNumber(7)));
        assert_eq!(received.largest(), Some(PacketNumber(7)));
        receive(&mut received, 8);
        assert_ne!(received.deadline(), AckDue::Now, "8 follows 7 without a gap");
    }

    #[test]
    fn ranges_are_bounded_and_the_oldest_go_first() {
        // RFC 9000 section 13.2.3: a peer that skips every other number must not fill memory.
        let mut received = application();
        for number in 0..100_000 {
            receive(&mut received, 2 * number);
        }
        let (ranges, ..) = sent_ack(&mut received, START);
        assert_eq!(ranges.len(), MAX_RANGES);
        assert_eq!(ranges[0], 199_998..=199_998);
        assert!(received.is_duplicate(PacketNumber(1)), "too old to tell");
        assert!(!received.is_duplicate(PacketNumber(199_997)));
    }

    #[test]
    fn nothing_received_writes_nothing() {
        let mut buffer = [0; 100];
        let mut w = Writer::new(&mut buffer);
        assert_eq!(application().encode_ack(&mut w, START, 3), None);
        assert_eq!(w.position(), 0);
        assert_eq!(application().largest(), None);
    }
}
