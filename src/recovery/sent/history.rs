//! A ring of sent packets, indexed by packet number.

use super::tokens::TokenRing;
use super::{SentPacket, Unacked};
use crate::recovery::rate::Snapshot;
use crate::time::Instant;
use crate::wire::PacketNumber;

const ACK_ELICITING: u8 = 1;
const IN_FLIGHT: u8 = 1 << 1;
const MTU_PROBE: u8 = 1 << 2;
const ECT: u8 = 1 << 3;
/// Sent, nothing heard.
const OUTSTANDING: u8 = 1 << 4;
const ACKED: u8 = 1 << 5;
/// Lost, but kept in case it is acknowledged after all.
const LOST: u8 = 1 << 6;
/// Sent over a path that was not in use.
const ELSEWHERE: u8 = 1 << 7;

/// One packet number. Without a state bit it was skipped.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record {
    time: Instant,
    /// Before acknowledgement where the tokens are; after it, how many numbers above this one are
    /// known to be acknowledged too. The latter lets a walk jump over what it has seen.
    link: u32,
    token_count: u16,
    size: u16,
    flags: u8,
}

const _: () = assert!(size_of::<Record>() <= 24);

impl Record {
    const SKIPPED: Self =
        Self { time: Instant::from_micros(0), link: 0, token_count: 0, size: 0, flags: 0 };

    #[inline]
    pub(super) fn new(packet: &SentPacket) -> Self {
        let flags = OUTSTANDING
            | flag(packet.ack_eliciting, ACK_ELICITING)
            | flag(packet.in_flight, IN_FLIGHT)
            | flag(packet.mtu_probe, MTU_PROBE)
            | flag(packet.ect, ECT);
        Self { time: packet.time, link: 0, token_count: 0, size: packet.size, flags }
    }

    #[inline]
    pub(super) fn time(&self) -> Instant {
        self.time
    }

    #[inline]
    pub(super) fn size(&self) -> u16 {
        self.size
    }

    #[inline]
    pub(super) fn is_ack_eliciting(&self) -> bool {
        self.flags & ACK_ELICITING != 0
    }

    #[inline]
    pub(super) fn is_in_flight(&self) -> bool {
        self.flags & IN_FLIGHT != 0
    }

    #[inline]
    pub(super) fn is_mtu_probe(&self) -> bool {
        self.flags & MTU_PROBE != 0
    }

    #[inline]
    pub(super) fn is_ect(&self) -> bool {
        self.flags & ECT != 0
    }

    #[inline]
    pub(super) fn is_outstanding(&self) -> bool {
        self.flags & OUTSTANDING != 0
    }

    #[inline]
    pub(super) fn is_acked(&self) -> bool {
        self.flags & ACKED != 0
    }

    #[inline]
    pub(super) fn is_lost(&self) -> bool {
        self.flags & LOST != 0
    }

    #[inline]
    pub(super) fn is_skipped(&self) -> bool {
        self.flags & (OUTSTANDING | ACKED | LOST) == 0
    }

    /// The packet was acknowledged, as were the next `above` numbers. Returns where its tokens
    /// were.
    #[inline]
    pub(super) fn acknowledge(&mut self, above: u64) -> (u32, u16) {
        let tokens = (self.link, self.token_count);
        self.flags = self.flags & !(OUTSTANDING | LOST) | ACKED;
        self.link = above as u32;
        tokens
    }

    /// The next `above` numbers are known to be acknowledged as well.
    #[inline]
    pub(super) fn extend_run(&mut self, above: u64) {
        debug_assert!(self.is_acked());
        self.link = self.link.max(above as u32);
    }

    /// How far it is from this acknowledged number to the next one not known to be so.
    #[inline]
    pub(super) fn run(&self) -> u64 {
        debug_assert!(self.is_acked());
        u64::from(self.link) + 1
    }

    #[inline]
    pub(super) fn declare_lost(&mut self) {
        self.flags = self.flags & !OUTSTANDING | LOST;
    }

    /// It goes over a path that is not in use.
    pub(super) fn elsewhere(mut self) -> Self {
        self.flags |= ELSEWHERE;
        self
    }

    /// True if it went over a path that was not in use.
    #[inline]
    pub(super) fn is_elsewhere(&self) -> bool {
        self.flags & ELSEWHERE != 0
    }

    /// The path it went over is not in use any more: neither its bytes nor its mark count.
    #[inline]
    pub(super) fn leave_path(&mut self) {
        self.flags &= !(IN_FLIGHT | ECT);
    }

    fn packet(&self) -> SentPacket {
        SentPacket {
            time: self.time,
            size: self.size,
            ack_eliciting: self.is_ack_eliciting(),
            in_flight: self.is_in_flight(),
            mtu_probe: self.is_mtu_probe(),
            ect: self.is_ect(),
        }
    }
}

/// All numbers from `start` to `end`, each with a record.
///
/// Three rings go side by side: records, their tokens, and, only for controllers that ask for it,
/// the path's counters at sending. A number's place is its low bits: no search, no moving.
#[derive(Debug)]
pub(super) struct History<T> {
    /// A power of two long, or empty.
    records: Vec<Record>,
    /// As long as `records`, or empty.
    snapshots: Vec<Snapshot>,
    tokens: TokenRing<T>,
    start: u64,
    end: u64,
}

/// Length of the first allocation.
const FIRST_LEN: usize = 16;

impl<T: Copy> History<T> {
    pub(super) const fn new() -> Self {
        Self {
            records: Vec::new(),
            snapshots: Vec::new(),
            tokens: TokenRing::new(),
            start: 0,
            end: 0,
        }
    }

    /// The lowest number with a record.
    #[inline]
    pub(super) fn start(&self) -> u64 {
        self.start
    }

    /// The number after the highest.
    #[inline]
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        (self.end - self.start) as usize
    }

    /// Appends a record for the next number.
    #[inline]
    pub(super) fn push(&mut self, record: Record, tokens: &[T]) {
        if self.len() == self.records.len() {
            self.grow();
        }
        let link = self.tokens.push(tokens);
        let place = self.place(self.end);
        self.records[place] = Record { link, token_count: tokens.len() as u16, ..record };
        self.end += 1;
    }

    /// Leaves a number unused.
    pub(super) fn skip(&mut self) {
        self.push(Record::SKIPPED, &[]);
    }

    /// Keeps `snapshot` beside the highest number.
    pub(super) fn attach(&mut self, snapshot: Snapshot) {
        if self.snapshots.len() != self.records.len() {
            self.snapshots.resize(self.records.len(), Snapshot::default());
        }
        let place = self.place(self.end.wrapping_sub(1));
        if let Some(slot) = self.snapshots.get_mut(place) {
            *slot = snapshot;
        }
    }

    /// The record of `number`, which is between `start` and `end`.
    #[inline]
    pub(super) fn get(&self, number: u64) -> &Record {
        &self.records[self.place(number)]
    }

    /// As [`get`](Self::get), to be changed.
    #[inline]
    pub(super) fn get_mut(&mut self, number: u64) -> &mut Record {
        let place = self.place(number);
        &mut self.records[place]
    }

    /// The tokens at the place [`Record::acknowledge`] told.
    #[inline]
    pub(super) fn tokens(&self, (position, count): (u32, u16)) -> &[T] {
        self.tokens.get(position, count)
    }

    /// What was attached to `number`.
    #[inline]
    pub(super) fn snapshot(&self, number: u64) -> Option<&Snapshot> {
        self.snapshots.get(self.place(number))
    }

    /// The unacknowledged packet `number` with its tokens.
    #[inline]
    pub(super) fn unacked(&self, number: u64, record: &Record) -> Unacked<'_, T> {
        Unacked {
            packet_number: PacketNumber(number),
            packet: record.packet(),
            tokens: self.tokens.get(record.link, record.token_count),
        }
    }

    /// Drops from the front what no acknowledgement can change any more: acknowledged packets,
    /// unused numbers below `largest_acked`, lost packets sent up to `lost_before`.
    pub(super) fn trim(&mut self, largest_acked: u64, lost_before: Instant) {
        while self.start < self.end {
            let record = self.get(self.start);
            self.start += if record.is_acked() {
                record.run()
            } else if (record.is_skipped() && self.start < largest_acked)
                || (record.is_lost() && record.time <= lost_before)
            {
                1
            } else {
                self.tokens.release(record.link);
                return;
            };
        }
        self.tokens.release(self.tokens.tail());
    }

    /// Forgets all records and gives the memory back; numbers go on.
    pub(super) fn clear(&mut self) {
        self.records = Vec::new();
        self.snapshots = Vec::new();
        self.tokens.clear();
        self.start = self.end;
    }

    #[inline]
    fn place(&self, number: u64) -> usize {
        number as usize & self.records.len().wrapping_sub(1)
    }

    #[cold]
    fn grow(&mut self) {
        let len = (self.records.len() * 2).max(FIRST_LEN);
        let mut records = vec![Record::SKIPPED; len];
        let mut snapshots =
            vec![Snapshot::default(); if self.snapshots.is_empty() { 0 } else { len }];
        for number in self.start..self.end {
            let place = number as usize & (len - 1);
            records[place] = *self.get(number);
            if let (Some(to), Some(from)) = (snapshots.get_mut(place), self.snapshot(number)) {
                *to = *from;
            }
        }
        self.records = records;
        self.snapshots = snapshots;
    }
}

#[inline]
const fn flag(set: bool, bit: u8) -> u8 {
    set as u8 * bit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_small() {
        assert_eq!(size_of::<Record>(), 24);
    }

    #[test]
    fn a_steady_flow_reuses_its_memory() {
        let packet = SentPacket {
            time: Instant::from_micros(1),
            size: 1_200,
            ack_eliciting: true,
            in_flight: true,
            mtu_probe: false,
            ect: false,
        };
        let mut history = History::new();
        for number in 0..10_000_u64 {
            history.push(Record::new(&packet), &[number, number]);
            if number >= 10 {
                history.get_mut(number - 10).acknowledge(0);
                history.trim(number - 10, Instant::default());
            }
        }
        assert_eq!(history.records.len(), 16);
        assert_eq!(history.len(), 10);
        let record = *history.get(9_995);
        assert_eq!(history.unacked(9_995, &record).tokens, [9_995, 9_995]);
    }
}
