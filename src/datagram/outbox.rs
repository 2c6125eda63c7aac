//! Datagrams that wait to be sent, and those on their way.

use std::collections::VecDeque;

use super::byte_log::ByteLog;
use super::{frame_len, Class, Report};
use crate::wire::frame::DatagramHeader;
use crate::wire::Writer;

/// Datagrams whose fate is settled that are remembered because they were sent more than once: a
/// late acknowledgement of another copy must not be told again.
const MAX_REMEMBERED: usize = 256;

/// A datagram that was lost so often is not sent again: what was written after it is kept until its
/// fate is settled, so a peer that never acknowledges it could make us keep everything.
const MAX_LOSSES: u8 = 16;

/// How datagrams are sent.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sending {
    /// Bytes are kept until the datagram is acknowledged or settled, so that it can be sent again.
    pub keep: bool,
    /// Those of [`Class::High`] are sent once more, in another packet.
    pub twice: bool,
}

/// Written datagrams, by number.
#[derive(Debug, Default)]
pub struct Outbox {
    bytes: ByteLog,
    /// Those from number `first` on.
    entries: VecDeque<Entry>,
    first: u64,
    /// The number of the first that was never sent.
    fresh: u64,
    /// The number of the first whose bytes may be needed.
    needed: u64,
    /// Numbers to be sent once more.
    again: VecDeque<u64>,
    reports: VecDeque<Report>,
    /// Those that wait or are on their way.
    open: usize,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    /// Where its bytes are.
    position: u64,
    len: u16,
    class: Class,
    acked: bool,
    /// Its bytes are there.
    kept: bool,
    /// Times it waits to be sent.
    waiting: u8,
    /// Packets it is on its way in.
    in_flight: u8,
    /// Losses that were told and are not settled yet.
    asked: u8,
    /// Packets that carried it and were lost.
    losses: u8,
    /// It was sent more than once.
    repeated: bool,
}

impl Entry {
    /// Neither waiting nor on its way nor asked about.
    fn is_settled(&self) -> bool {
        self.acked || (self.waiting == 0 && self.in_flight == 0 && self.asked == 0)
    }

    /// Its bytes are needed for the first time or may be once more.
    fn needs_bytes(&self) -> bool {
        self.kept && !self.is_settled()
    }
}

/// What one write of [`Outbox::write`] did.
#[derive(Clone, Copy, Debug)]
pub struct Written {
    /// The datagram.
    pub number: u64,
    /// Its class.
    pub class: Class,
    /// It was sent before.
    pub copy: bool,
}

impl Outbox {
    /// Takes a datagram of at most 65,535 bytes; returns its number.
    pub fn push(&mut self, data: &[u8], class: Class) -> u64 {
        let number = self.next_number();
        self.entries.push_back(Entry {
            position: self.bytes.end(),
            len: data.len() as u16,
            class,
            acked: false,
            kept: true,
            waiting: 1,
            in_flight: 0,
            asked: 0,
            losses: 0,
            repeated: false,
        });
        self.bytes.push(data);
        self.open += 1;
        number
    }

    /// The number of the next datagram.
    pub fn next_number(&self) -> u64 {
        self.first + self.entries.len() as u64
    }

    /// True if [`Self::write`] has something to write.
    #[inline]
    pub fn wants_to_send(&self) -> bool {
        self.fresh < self.next_number() || !self.again.is_empty()
    }

    /// Datagrams that wait to be sent or whose fate is open.
    pub fn open(&self) -> usize {
        self.open
    }

    /// Writes as many frames as fit into what is left of `w`, one packet at a time, and hands each
    /// to `sent`. A frame longer than `largest` will never fit: its datagram is reported lost.
    pub fn write(
        &mut self,
        w: &mut Writer<'_>,
        largest: usize,
        sending: Sending,
        mut sent: impl FnMut(Written),
    ) {
        // Only those that were there before: a second copy goes into another packet.
        for _ in 0..self.again.len() {
            let Some(number) = self.again.front().copied() else { break };
            if !self.write_one(number, w, largest, sending, &mut sent) {
                break;
            }
            self.again.pop_front();
        }
        while self.fresh < self.next_number() {
            let number = self.fresh;
            if !self.write_one(number, w, largest, sending, &mut sent) {
                break;
            }
            self.fresh += 1;
            if sending.twice {
                self.wish_copy(number);
            }
        }
        self.tidy();
    }

    /// Writes one datagram, if it still waits; false if there is no room for it.
    fn write_one(
        &mut self,
        number: u64,
        w: &mut Writer<'_>,
        largest: usize,
        sending: Sending,
        sent: &mut impl FnMut(Written),
    ) -> bool {
        let Some(entry) = entry_mut(&mut self.entries, self.first, number) else { return true };
        let len = usize::from(entry.len);
        if entry.waiting == 0 || entry.acked {
            return true;
        }
        if frame_len(len) > largest {
            entry.waiting = 0;
            entry.kept = false;
            self.reports.push_back(Report::Lost(number));
            self.note_settled(number, true);
            return true;
        }
        if w.remaining() < frame_len(len) {
            return false;
        }
        DatagramHeader { len: Some(len) }.encode(w);
        self.bytes.copy_to(entry.position, w.reserve(len));
        entry.waiting -= 1;
        entry.in_flight = entry.in_flight.saturating_add(1);
        let twice = sending.twice && entry.class == Class::High && !entry.repeated;
        entry.kept = sending.keep || twice || entry.waiting > 0;
        sent(Written { number, class: entry.class, copy: entry.repeated });
        true
    }

    /// Has an important datagram sent once more.
    fn wish_copy(&mut self, number: u64) {
        let Some(entry) = entry_mut(&mut self.entries, self.first, number) else { return };
        if entry.class == Class::High && entry.in_flight > 0 {
            entry.repeated = true;
            entry.waiting = entry.waiting.saturating_add(1);
            self.again.push_back(number);
        }
    }

    /// A packet with datagram `number` was acknowledged.
    pub fn on_acked(&mut self, number: u64) {
        let Some(entry) = entry_mut(&mut self.entries, self.first, number) else {
            // Settled as lost long ago, and arrived all the same.
            self.reports.push_back(Report::Acked(number));
            return;
        };
        if entry.acked {
            return;
        }
        let was_open = !entry.is_settled();
        entry.acked = true;
        self.reports.push_back(Report::Acked(number));
        self.note_settled(number, was_open);
        self.tidy();
    }

    /// A packet with datagram `number` is held to be lost. With `repeat` it is sent again, whatever
    /// [`Self::settle`] says, up to a bound. Returns false if the peer has it anyway.
    pub fn on_lost(&mut self, number: u64, repeat: bool) -> bool {
        let Some(entry) = entry_mut(&mut self.entries, self.first, number) else { return false };
        if entry.acked {
            return false;
        }
        let was_open = !entry.is_settled();
        entry.in_flight = entry.in_flight.saturating_sub(1);
        entry.losses = entry.losses.saturating_add(1);
        entry.kept &= entry.losses < MAX_LOSSES || entry.waiting > 0;
        if entry.kept && repeat {
            self.queue_again(number);
        } else if entry.kept {
            entry.asked = entry.asked.saturating_add(1);
        }
        self.reports.push_back(Report::Lost(number));
        self.note_settled(number, was_open);
        self.tidy();
        true
    }

    /// The application's answer to [`Report::Lost`]: with `again` the datagram is sent again, if
    /// its bytes were kept.
    pub fn settle(&mut self, number: u64, again: bool) {
        let Some(entry) = entry_mut(&mut self.entries, self.first, number) else { return };
        if entry.asked == 0 || entry.acked {
            return;
        }
        entry.asked -= 1;
        if again && entry.kept {
            self.queue_again(number);
        }
        self.note_settled(number, true);
        self.tidy();
    }

    /// Has a datagram that is on its way sent once more, if its bytes were kept.
    pub fn repeat(&mut self, number: u64) {
        let entry = entry_mut(&mut self.entries, self.first, number);
        if entry.is_some_and(|entry| entry.kept && !entry.acked && entry.waiting == 0) {
            self.queue_again(number);
        }
    }

    /// Has everything that is on its way sent again: the peer did not take it, and said so.
    pub fn rewind(&mut self) {
        for number in self.first..self.fresh {
            let Some(entry) = entry_mut(&mut self.entries, self.first, number) else { continue };
            if entry.kept && !entry.is_settled() && entry.waiting == 0 {
                entry.in_flight = 0;
                self.queue_again(number);
            }
        }
    }

    /// What became of a datagram, the oldest news first.
    pub fn poll_report(&mut self) -> Option<Report> {
        self.reports.pop_front()
    }

    /// Gives back memory that is not in use, and forgets what late acknowledgements may still name.
    pub fn shrink(&mut self) {
        while self.entries.front().is_some_and(Entry::is_settled) {
            self.entries.pop_front();
            self.first += 1;
        }
        self.bytes.shrink();
        self.entries.shrink_to_fit();
        self.again.shrink_to_fit();
        self.reports.shrink_to_fit();
    }

    fn queue_again(&mut self, number: u64) {
        if let Some(entry) = entry_mut(&mut self.entries, self.first, number) {
            entry.repeated = true;
            entry.waiting = entry.waiting.saturating_add(1);
            self.again.push_back(number);
        }
    }

    /// Takes a datagram that has just been settled off the count of the open ones.
    fn note_settled(&mut self, number: u64, was_open: bool) {
        let entry = entry_mut(&mut self.entries, self.first, number);
        if was_open && entry.is_some_and(|entry| entry.is_settled()) {
            self.open = self.open.saturating_sub(1);
        }
    }

    /// Forgets settled datagrams, and bytes that nobody needs.
    fn tidy(&mut self) {
        while let Some(front) = self.entries.front() {
            let waits_for_copies = front.repeated && self.entries.len() <= MAX_REMEMBERED;
            if !front.is_settled() || waits_for_copies {
                break;
            }
            self.entries.pop_front();
            self.first += 1;
        }
        self.needed = self.needed.max(self.first);
        while let Some(entry) = entry_mut(&mut self.entries, self.first, self.needed) {
            if entry.needs_bytes() {
                self.bytes.release_to(entry.position);
                return;
            }
            self.needed += 1;
        }
        self.bytes.release_to(self.bytes.end());
    }
}

/// The entry of datagram `number`, borrowed from the list alone.
fn entry_mut(entries: &mut VecDeque<Entry>, first: u64, number: u64) -> Option<&mut Entry> {
    let index = usize::try_from(number.checked_sub(first)?).ok()?;
    entries.get_mut(index)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::frame::Frame;
    use crate::wire::Reader;

    const KEEP: Sending = Sending { keep: true, twice: false };
    const TWICE: Sending = Sending { keep: false, twice: true };

    /// The numbers and the data that go into a packet with `room` bytes of frames.
    fn packet(outbox: &mut Outbox, room: usize, sending: Sending) -> (Vec<u64>, Vec<Vec<u8>>) {
        let mut buffer = vec![0; room];
        let mut writer = Writer::new(&mut buffer);
        let mut numbers = Vec::new();
        outbox.write(&mut writer, 1171, sending, |written| numbers.push(written.number));
        let mut reader = Reader::new(writer.written());
        let mut data = Vec::new();
        while !reader.is_empty() {
            let Ok(Frame::Datagram(frame)) = Frame::decode(&mut reader) else { break };
            data.push(frame.data.to_vec());
        }
        (numbers, data)
    }

    fn reports(outbox: &mut Outbox) -> Vec<Report> {
        std::iter::from_fn(|| outbox.poll_report()).collect()
    }

    #[test]
    fn datagrams_leave_in_order_as_many_as_fit() {
        let mut outbox = Outbox::default();
        for n in 0..10_u8 {
            assert_eq!(outbox.push(&[n; 300], Class::Normal), n.into());
        }
        let (numbers, data) = packet(&mut outbox, 1171, Sending::default());
        assert_eq!(numbers, [0, 1, 2]);
        assert_eq!(data, [vec![0; 300], vec![1; 300], vec![2; 300]]);
        assert!(outbox.wants_to_send());
        assert_eq!(packet(&mut outbox, 100, Sending::default()).0, []);
        assert_eq!(packet(&mut outbox, 5000, Sending::default()).0, [3, 4, 5, 6, 7, 8, 9]);
        assert!(!outbox.wants_to_send());
        assert_eq!(outbox.open(), 10);
    }

    /// RFC 9221 section 5.2.
    #[test]
    fn a_lost_datagram_is_told_and_not_sent_again() {
        let mut outbox = Outbox::default();
        outbox.push(b"once", Class::High);
        packet(&mut outbox, 100, Sending::default());
        assert!(outbox.on_lost(0, false));
        assert_eq!(reports(&mut outbox), [Report::Lost(0)]);
        assert_eq!(outbox.open(), 0);
        outbox.settle(0, true);
        assert!(!outbox.wants_to_send(), "its bytes were not kept");
        // It was delayed, not lost.
        outbox.on_acked(0);
        assert_eq!(reports(&mut outbox), [Report::Acked(0)]);
    }

    #[test]
    fn the_application_may_have_a_lost_datagram_sent_again() {
        let mut outbox = Outbox::default();
        outbox.push(b"first", Class::Normal);
        outbox.push(b"second", Class::Normal);
        packet(&mut outbox, 100, KEEP);
        outbox.on_lost(0, false);
        outbox.on_lost(1, false);
        assert!(!outbox.wants_to_send());
        outbox.settle(0, false);
        outbox.settle(1, true);
        assert_eq!(packet(&mut outbox, 100, KEEP), (vec![1], vec![b"second".to_vec()]));
        outbox.on_acked(1);
        assert_eq!(reports(&mut outbox), [Report::Lost(0), Report::Lost(1), Report::Acked(1)]);
        assert_eq!(outbox.open(), 0);
    }

    #[test]
    fn forced_retransmission_asks_nobody() {
        let mut outbox = Outbox::default();
        outbox.push(b"again", Class::Normal);
        packet(&mut outbox, 100, KEEP);
        outbox.on_lost(0, true);
        assert!(outbox.wants_to_send());
        outbox.settle(0, true);
        assert_eq!(packet(&mut outbox, 100, KEEP).0, [0]);
        assert!(!outbox.wants_to_send());
    }

    /// A peer that acknowledges all but one datagram does not make us keep what follows it.
    #[test]
    fn a_datagram_that_never_arrives_is_given_up() {
        for repeat in [true, false] {
            let mut outbox = Outbox::default();
            outbox.push(b"never", Class::Normal);
            for _ in 0..1_000 {
                outbox.push(&[7; 500], Class::Normal);
                for number in packet(&mut outbox, 1171, KEEP).0 {
                    match number {
                        0 => assert!(outbox.on_lost(0, repeat)),
                        _ => outbox.on_acked(number),
                    }
                }
                outbox.settle(0, true);
                reports(&mut outbox);
            }
            assert_eq!(outbox.open(), 0);
            assert!(outbox.entries.len() <= MAX_REMEMBERED, "{}", outbox.entries.len());
            assert_eq!(outbox.needed, outbox.next_number(), "no bytes are kept");
        }
    }

    /// Bytes that are gone are not sent, whoever asks for them.
    #[test]
    fn what_was_not_kept_is_not_sent_again() {
        let mut outbox = Outbox::default();
        outbox.push(b"once", Class::Normal);
        packet(&mut outbox, 100, KEEP);
        outbox.repeat(0);
        outbox.on_lost(0, false);
        packet(&mut outbox, 100, Sending::default());
        outbox.settle(0, true);
        assert!(!outbox.wants_to_send());
    }

    #[test]
    fn an_important_datagram_is_sent_twice_in_two_packets() {
        let mut outbox = Outbox::default();
        outbox.push(b"high", Class::High);
        outbox.push(b"normal", Class::Normal);
        assert_eq!(packet(&mut outbox, 1000, TWICE).0, [0, 1]);
        assert_eq!(packet(&mut outbox, 1000, TWICE), (vec![0], vec![b"high".to_vec()]));
        assert!(!outbox.wants_to_send());
        // One copy arrives, the other does not: that is no loss.
        outbox.on_acked(0);
        assert!(!outbox.on_lost(0, false));
        outbox.on_acked(0);
        assert_eq!(reports(&mut outbox), [Report::Acked(0)]);
    }

    #[test]
    fn each_datagram_is_acknowledged_once_however_often_it_was_sent() {
        let mut outbox = Outbox::default();
        for _ in 0..10 {
            outbox.push(b"x", Class::High);
        }
        packet(&mut outbox, 1000, TWICE);
        packet(&mut outbox, 1000, TWICE);
        for number in (0..10).chain(0..10) {
            outbox.on_acked(number);
        }
        assert_eq!(reports(&mut outbox).len(), 10);
    }

    #[test]
    fn what_no_packet_carries_any_more_is_lost_at_once() {
        let mut outbox = Outbox::default();
        outbox.push(&[0; 1169], Class::Normal);
        outbox.push(b"small", Class::Normal);
        assert_eq!(packet(&mut outbox, 1400, KEEP).0, [1]);
        assert_eq!(reports(&mut outbox), [Report::Lost(0)]);
        assert_eq!(outbox.open(), 1);
    }

    #[test]
    fn rejected_datagrams_are_all_sent_again_in_order() {
        let mut outbox = Outbox::default();
        for n in 0..5_u8 {
            outbox.push(&[n], Class::Normal);
        }
        packet(&mut outbox, 9, KEEP);
        outbox.rewind();
        let (numbers, data) = packet(&mut outbox, 100, Sending::default());
        assert_eq!(numbers, [0, 1, 2, 3, 4]);
        assert_eq!(data, [[0], [1], [2], [3], [4]]);
        assert!(reports(&mut outbox).is_empty());
    }

    /// In steady state memory is used over and over.
    #[test]
    fn settled_datagrams_leave_nothing_behind() {
        let mut outbox = Outbox::default();
        for round in 0..10_000_u64 {
            for class in [Class::High, Class::Normal] {
                outbox.push(&[7; 500], class);
            }
            let sending = Sending { keep: round % 3 == 0, twice: round % 5 == 0 };
            let first = packet(&mut outbox, 1171, sending).0;
            packet(&mut outbox, 1171, sending);
            for number in first {
                match number % 7 {
                    0 => {
                        outbox.on_lost(number, false);
                        outbox.on_lost(number, false);
                        outbox.settle(number, false);
                        outbox.settle(number, false);
                    }
                    _ => outbox.on_acked(number),
                }
            }
            reports(&mut outbox);
            assert!(outbox.entries.len() <= MAX_REMEMBERED + 2, "{}", outbox.entries.len());
            assert_eq!(outbox.open(), 0);
        }
        outbox.shrink();
        assert_eq!((outbox.entries.capacity(), outbox.again.capacity()), (0, 0));
    }
}
