//! The packets of one packet number space that may still be acknowledged.

mod ack;
mod history;
mod loss;
mod path_change;
#[cfg(test)]
mod testing;
mod tokens;

pub use ack::{AckOutcome, Acked, LargestAcked};
pub use loss::LossOutcome;

use super::persistent::LostRun;
use super::rate::Snapshot;
use crate::time::Instant;
use crate::wire::PacketNumber;
use history::{History, Record};

/// How many packets one space remembers at most; sending pauses there
/// ([`SentSpace::is_full`]), or a peer that acknowledges nothing fills our memory.
pub const HISTORY_LIMIT: usize = 100_000;

/// One packet as it is sent.
#[derive(Clone, Copy, Debug)]
pub struct SentPacket {
    /// When it left.
    pub time: Instant,
    /// Its UDP payload bytes.
    pub size: u16,
    /// The peer must acknowledge it (RFC 9002 section 2).
    pub ack_eliciting: bool,
    /// It counts against the window: ack-eliciting, or carrying PADDING (RFC 9002 section 2).
    pub in_flight: bool,
    /// It probes the path MTU; its loss is no sign of congestion (RFC 9000 section 14.4).
    pub mtu_probe: bool,
    /// It carries ECT(0).
    pub ect: bool,
}

/// A packet that was lost, given up, or is still unacknowledged.
#[derive(Clone, Copy, Debug)]
pub struct Unacked<'a, T> {
    /// The packet's number.
    pub packet_number: PacketNumber,
    /// When it left and what kind of packet it is.
    pub packet: SentPacket,
    /// What it carried.
    pub tokens: &'a [T],
}

/// What was sent in one packet number space, from the oldest packet that matters on.
///
/// Packets are told apart by number and sit in a ring without holes, so that an ACK range is
/// walked and nothing is searched. `T` says what a packet carried (a stream range, a
/// MAX_DATA, an ACK): the caller decides what that means when the packet is acknowledged or lost.
///
/// A lost packet stays for a while: if it is acknowledged after all, the caller is told and need
/// not send its content again.
#[derive(Debug)]
pub struct SentSpace<T> {
    history: History<T>,
    /// The lowest number that may be neither acknowledged nor lost.
    oldest: u64,
    largest_acked: Option<u64>,
    /// When the packet at `oldest` is lost by age.
    loss_time: Option<Instant>,
    last_ack_eliciting: Option<Instant>,
    bytes_in_flight: u64,
    ack_eliciting_in_flight: usize,
    /// Packets sent after the last ack-eliciting one.
    since_ack_eliciting: u32,
    /// Losses in a row, for persistent congestion.
    lost_run: LostRun,
    /// The first number that went over the path in use.
    path_start: u64,
    /// The peer's ECN counts as last reported: ECT(0), ECT(1), CE.
    ecn_counts: [u64; 3],
}

impl<T: Copy> SentSpace<T> {
    /// A space in which nothing was sent. It holds no memory yet.
    pub fn new() -> Self {
        Self {
            history: History::new(),
            oldest: 0,
            largest_acked: None,
            loss_time: None,
            last_ack_eliciting: None,
            bytes_in_flight: 0,
            ack_eliciting_in_flight: 0,
            since_ack_eliciting: 0,
            lost_run: LostRun::default(),
            path_start: 0,
            ecn_counts: [0; 3],
        }
    }

    /// The number of the next packet to be sent.
    #[inline]
    pub fn next_packet_number(&self) -> PacketNumber {
        PacketNumber(self.history.end())
    }

    /// Leaves the next number unused. A peer that acknowledges it lies about what it received
    /// (RFC 9000 section 21.4).
    pub fn skip_packet_number(&mut self) {
        self.history.skip();
    }

    /// The packet with the next number left and carried `tokens`.
    #[inline]
    pub fn on_sent(&mut self, packet: SentPacket, tokens: &[T]) {
        self.history.push(Record::new(&packet), tokens);
        if packet.in_flight {
            self.bytes_in_flight += u64::from(packet.size);
        }
        if packet.ack_eliciting {
            self.ack_eliciting_in_flight += 1;
            self.last_ack_eliciting = Some(packet.time);
            self.since_ack_eliciting = 0;
        } else {
            self.since_ack_eliciting += 1;
        }
    }

    /// Keeps the path's counters beside the packet sent last. Only spaces where this is called
    /// pay for it.
    pub fn attach_snapshot(&mut self, snapshot: Snapshot) {
        self.history.attach(snapshot);
    }

    /// When the next packet is lost by age, unless it is acknowledged before.
    #[inline]
    pub fn loss_time(&self) -> Option<Instant> {
        self.loss_time
    }

    /// When the last ack-eliciting packet left.
    #[inline]
    pub fn time_of_last_ack_eliciting(&self) -> Option<Instant> {
        self.last_ack_eliciting
    }

    /// How many ack-eliciting packets are in flight.
    #[inline]
    pub fn ack_eliciting_in_flight(&self) -> usize {
        self.ack_eliciting_in_flight
    }

    /// Bytes of packets in flight.
    #[inline]
    pub fn bytes_in_flight(&self) -> u64 {
        self.bytes_in_flight
    }

    /// The largest number the peer has acknowledged.
    #[inline]
    pub fn largest_acked(&self) -> Option<PacketNumber> {
        self.largest_acked.map(PacketNumber)
    }

    /// How many packets were sent since the last one that makes the peer answer. A sender of
    /// acknowledgements only must add a PING now and then, or neither side can forget
    /// (RFC 9000 section 13.2.4).
    #[inline]
    pub fn since_ack_eliciting(&self) -> u32 {
        self.since_ack_eliciting
    }

    /// How many numbers are remembered.
    #[inline]
    pub fn len(&self) -> usize {
        self.history.len()
    }

    /// True if nothing is remembered.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.history.len() == 0
    }

    /// True if nothing more may be sent until the peer acknowledges.
    #[inline]
    pub fn is_full(&self) -> bool {
        self.history.len() >= HISTORY_LIMIT
    }

    /// The packets neither acknowledged nor lost, oldest first: what a probe may repeat.
    pub fn unacked(&self) -> impl Iterator<Item = Unacked<'_, T>> {
        let first = self.oldest.max(self.history.start());
        (first..self.history.end()).filter_map(|number| {
            let record = self.history.get(number);
            record.is_outstanding().then(|| self.history.unacked(number, record))
        })
    }

    /// Gives up every packet, as when keys are discarded or 0-RTT is rejected: all leave flight
    /// and `f` learns what they carried. Numbers go on where they were
    /// (RFC 9002 section 6.4, RFC 9001 section 4.9).
    pub fn discard(&mut self, mut f: impl FnMut(Unacked<'_, T>)) {
        for packet in self.unacked() {
            f(packet);
        }
        self.history.clear();
        self.oldest = self.history.end();
        self.loss_time = None;
        self.last_ack_eliciting = None;
        self.bytes_in_flight = 0;
        self.ack_eliciting_in_flight = 0;
        self.since_ack_eliciting = 0;
        self.lost_run.end();
    }

    /// Gives memory back that a resting connection does not need.
    pub fn shrink(&mut self) {
        if self.history.len() == 0 {
            self.history.clear();
        }
    }

    /// The record leaves flight.
    #[inline]
    fn leave_flight(&mut self, record: Record) {
        if record.is_in_flight() {
            self.bytes_in_flight -= u64::from(record.size());
        }
        self.ack_eliciting_in_flight -= usize::from(record.is_ack_eliciting());
    }
}

impl<T: Copy> Default for SentSpace<T> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const START: Instant = Instant::from_micros(5_000);

    fn packet(size: u16) -> SentPacket {
        SentPacket {
            time: START,
            size,
            ack_eliciting: true,
            in_flight: true,
            mtu_probe: false,
            ect: false,
        }
    }

    #[test]
    fn numbers_count_up_and_skipped_ones_stay_unused() {
        let mut space = SentSpace::new();
        space.on_sent(packet(100), &['a']);
        space.skip_packet_number();
        assert_eq!(space.next_packet_number(), PacketNumber(2));
        space.on_sent(packet(100), &['b']);
        let numbers: Vec<u64> = space.unacked().map(|p| p.packet_number.0).collect();
        assert_eq!(numbers, [0, 2]);
    }

    #[test]
    fn each_packet_remembers_what_it_carried() {
        let mut space = SentSpace::new();
        for number in 0..1_000_u32 {
            let tokens: Vec<u32> = (0..number % 7).map(|n| number * 10 + n).collect();
            space.on_sent(packet(100), &tokens);
        }
        for (number, unacked) in (0..1_000_u32).zip(space.unacked()) {
            let tokens: Vec<u32> = (0..number % 7).map(|n| number * 10 + n).collect();
            assert_eq!(unacked.tokens, tokens);
        }
    }

    #[test]
    fn only_what_counts_in_flight_fills_the_window() {
        // RFC 9002 section 2: PADDING counts without eliciting an acknowledgement, ACK does not.
        let mut space = SentSpace::<()>::new();
        space.on_sent(packet(1_000), &[]);
        space.on_sent(SentPacket { ack_eliciting: false, ..packet(200) }, &[]);
        space.on_sent(SentPacket { ack_eliciting: false, in_flight: false, ..packet(50) }, &[]);
        assert_eq!(space.bytes_in_flight(), 1_200);
        assert_eq!(space.ack_eliciting_in_flight(), 1);
        assert_eq!(space.since_ack_eliciting(), 2);
    }

    #[test]
    fn discarded_packets_leave_flight_and_numbers_go_on() {
        // RFC 9002 section 6.4.
        let mut space = SentSpace::new();
        space.on_sent(packet(1_000), &[1]);
        space.on_sent(packet(1_000), &[2, 3]);
        let mut carried = Vec::new();
        space.discard(|packet| carried.extend_from_slice(packet.tokens));
        assert_eq!(carried, [1, 2, 3]);
        assert_eq!(space.bytes_in_flight(), 0);
        assert_eq!(space.ack_eliciting_in_flight(), 0);
        assert_eq!(space.time_of_last_ack_eliciting(), None);
        assert_eq!(space.next_packet_number(), PacketNumber(2));
        space.on_sent(packet(10), &[4]);
        assert_eq!(space.unacked().next().unwrap().tokens, [4]);
    }

    #[test]
    fn history_is_bounded() {
        // Sending pauses at the limit; nothing is forgotten silently.
        let mut space = SentSpace::<()>::new();
        for _ in 0..HISTORY_LIMIT {
            assert!(!space.is_full());
            space.on_sent(packet(10), &[]);
        }
        assert!(space.is_full());
    }
}
