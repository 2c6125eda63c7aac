//! The search for the largest datagram a path carries (RFC 8899, RFC 9000 section 14.3).
//!
//! A probe is one datagram of PING and PADDING. If it is acknowledged, datagrams may be as large from
//! then on; if it is lost three times over, its size is too large. The largest size is tried first,
//! as most paths carry it, then the middle of what is left. When a path stops carrying what it once
//! did, large datagrams vanish while small ones arrive, or nothing arrives any more: then the size
//! falls back to what every path carries.

use crate::time::{Duration, Instant};
use crate::wire::PacketNumber;

/// What every path carries: the base of RFC 8899 section 5.1.2, here that of RFC 9000 section 14.
pub const BASE: u16 = 1200;
/// A size is too large when so many probes of it are lost (MAX_PROBES of RFC 8899 section 5.1.2).
const MAX_PROBES: u8 = 3;
/// The search ends when what is left to win is less than this.
const RESOLUTION: u16 = 10;
/// After so long a larger size is tried again (PMTU_RAISE_TIMER of RFC 8899 section 5.1.1).
const RAISE_AFTER: Duration = Duration::from_secs(600);
/// After a black hole the search begins anew so much later.
const RECOVER_AFTER: Duration = Duration::from_secs(60);
/// Large datagrams lost, with none delivered later, that make a black hole.
const BLACK_HOLE_LOSSES: u8 = 10;
/// Probe timeouts in a row that make a black hole.
const BLACK_HOLE_TIMEOUTS: u32 = 3;

/// The search on one path.
#[derive(Debug)]
pub struct MtuSearch {
    /// The size in use: known to work, or taken for granted by the host.
    current: u16,
    /// The largest size that may still work.
    ceiling: u16,
    /// The largest size worth trying.
    limit: u16,
    interval: Duration,
    state: State,
    /// Probes of the size at hand that were lost.
    failures: u8,
    /// Large datagrams lost that were sent after `delivered`.
    vanished: u8,
    /// The last large packet known to have arrived.
    delivered: Option<PacketNumber>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The next probe leaves at this time.
    Waiting(Instant),
    /// A probe is under way.
    Probing { number: PacketNumber, size: u16 },
    /// The probe under way arrived or was lost: the next step is due.
    Settled,
    /// Large datagrams vanish: the fall-back is due.
    BlackHole,
    /// There is nothing left to win.
    Done,
}

impl MtuSearch {
    /// A search that starts at `now` from the size in use, and goes up to `limit`. `interval` lies
    /// between two probes, unless the first one arrived.
    pub fn new(current: u16, limit: u16, interval: Duration, now: Instant) -> Self {
        let limit = limit.max(current);
        Self {
            current,
            ceiling: limit,
            limit,
            interval,
            state: State::Waiting(now),
            failures: 0,
            vanished: 0,
            delivered: None,
        }
    }

    /// The size that datagrams may have.
    pub fn current(&self) -> u16 {
        self.current
    }

    /// The size of the probe to be sent now, if one is due.
    pub fn due(&self, now: Instant) -> Option<u16> {
        match self.state {
            State::Waiting(at) if at <= now && !self.is_exhausted() => Some(self.next_size()),
            _ => None,
        }
    }

    /// When [`step`](Self::step) wants to be called next.
    pub fn wake_at(&self) -> Option<Instant> {
        match self.state {
            State::Waiting(at) => Some(at),
            State::Probing { .. } | State::Done => None,
            State::Settled | State::BlackHole => Some(Instant::default()),
        }
    }

    /// Goes on after something happened or time has passed.
    pub fn step(&mut self, now: Instant) {
        match self.state {
            State::Probing { .. } | State::Done => return,
            State::Waiting(at) if at > now => return,
            State::BlackHole => {
                self.current = self.current.min(BASE);
                self.begin_later(now + RECOVER_AFTER);
                return;
            }
            State::Settled if self.failures > 0 => {
                self.state = State::Waiting(now + self.interval);
            }
            State::Settled | State::Waiting(_) => self.state = State::Waiting(now),
        }
        if self.is_exhausted() {
            self.begin_later(now + RAISE_AFTER);
        }
    }

    /// The path is not in use: what was due waits.
    pub fn postpone(&mut self, now: Instant) {
        self.state = State::Waiting(now + RAISE_AFTER);
    }

    /// A larger size than `size` cannot be sent from here, whatever the path carries.
    pub fn cap(&mut self, size: u16) {
        self.limit = self.limit.min(size).max(self.current);
        self.ceiling = self.ceiling.min(self.limit);
    }

    /// The probe that was due left in packet `number`.
    pub fn on_probe_sent(&mut self, number: PacketNumber) {
        self.state = State::Probing { number, size: self.next_size() };
    }

    /// A packet that was a probe was acknowledged.
    pub fn on_probe_acked(&mut self, number: PacketNumber) {
        if let Some(size) = self.take_probe(number) {
            self.current = self.current.max(size);
            self.failures = 0;
        }
    }

    /// A packet that was a probe was lost. That says nothing but that it may have been too large
    /// (RFC 9000 section 14.4).
    pub fn on_probe_lost(&mut self, number: PacketNumber) {
        let Some(size) = self.take_probe(number) else { return };
        self.failures += 1;
        if self.failures == MAX_PROBES {
            self.ceiling = self.ceiling.min(size - 1).max(self.current);
            self.failures = 0;
        }
    }

    /// An ordinary packet of `size` bytes arrived, and is the latest that did.
    #[inline]
    pub fn on_delivered(&mut self, number: PacketNumber, size: u16) {
        if size > BASE && self.delivered.is_none_or(|known| known < number) {
            self.delivered = Some(number);
            self.vanished = 0;
        }
    }

    /// An ordinary packet of `size` bytes was lost. Returns true if that calls for a
    /// [`step`](Self::step).
    #[must_use]
    pub fn on_lost(&mut self, number: PacketNumber, size: u16) -> bool {
        // A large packet sent later arrived: the path carries large packets.
        let known_good = self.delivered.is_some_and(|known| number < known);
        if size <= BASE || self.current <= BASE || known_good {
            return false;
        }
        self.vanished = self.vanished.saturating_add(1);
        let black_hole = self.vanished >= BLACK_HOLE_LOSSES;
        if black_hole {
            self.state = State::BlackHole;
        }
        black_hole
    }

    /// So many probe timeouts expired in a row. Returns true if that calls for a
    /// [`step`](Self::step) at once.
    #[must_use]
    pub fn on_probe_timeouts(&mut self, count: u32) -> bool {
        let black_hole = count >= BLACK_HOLE_TIMEOUTS && self.current > BASE;
        if black_hole {
            self.state = State::BlackHole;
        }
        black_hole
    }

    /// The size that the probe `number` had, if it is the one under way.
    fn take_probe(&mut self, number: PacketNumber) -> Option<u16> {
        match self.state {
            State::Probing { number: sent, size } if sent == number => {
                self.state = State::Settled;
                Some(size)
            }
            _ => None,
        }
    }

    /// Starts over at `at`, if there is anything to win.
    fn begin_later(&mut self, at: Instant) {
        self.ceiling = self.limit;
        self.state = if self.is_exhausted() { State::Done } else { State::Waiting(at) };
        self.failures = 0;
        self.vanished = 0;
    }

    fn is_exhausted(&self) -> bool {
        self.ceiling - self.current < RESOLUTION
    }

    /// The largest size first, then the middle.
    fn next_size(&self) -> u16 {
        if self.ceiling == self.limit {
            self.limit
        } else {
            self.current + (self.ceiling - self.current).div_ceil(2)
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const INTERVAL: Duration = Duration::from_millis(500);

    /// A path that carries datagrams of at most `mtu` bytes, and answers at once.
    struct Path {
        now: Instant,
        mtu: u16,
        number: u64,
        probes: Vec<u16>,
    }

    impl Path {
        fn new(mtu: u16) -> Self {
            Self { now: Instant::from_micros(1_000), mtu, number: 0, probes: Vec::new() }
        }

        fn search(&self, limit: u16) -> MtuSearch {
            MtuSearch::new(1200, limit, INTERVAL, self.now)
        }

        /// Runs `search` until it rests. Returns how long that took.
        fn run(&mut self, search: &mut MtuSearch) -> Duration {
            let start = self.now;
            while let Some(at) = search.wake_at() {
                if at > self.now + INTERVAL {
                    break;
                }
                self.now = self.now.max(at);
                search.step(self.now);
                if let Some(size) = search.due(self.now) {
                    self.number += 1;
                    self.probes.push(size);
                    let number = PacketNumber(self.number);
                    search.on_probe_sent(number);
                    if size <= self.mtu {
                        search.on_probe_acked(number);
                    } else {
                        search.on_probe_lost(number);
                    }
                }
            }
            self.now.saturating_since(start)
        }
    }

    #[test]
    fn the_largest_size_is_tried_first() {
        let mut path = Path::new(1500);
        let mut search = path.search(1420);
        path.run(&mut search);
        assert_eq!((search.current(), path.probes.as_slice()), (1420, [1420].as_slice()));
        assert_eq!(search.wake_at(), None, "nothing is left to win");
    }

    #[test]
    fn any_path_mtu_is_found_to_within_ten_bytes() {
        for mtu in 1200..1460 {
            let mut path = Path::new(mtu);
            let mut search = path.search(1452);
            path.run(&mut search);
            assert!(search.current() <= mtu, "{mtu}");
            assert!(mtu.min(1452) - search.current() < 10, "{mtu}: {}", search.current());
        }
    }

    #[test]
    fn a_size_is_given_up_after_three_losses() {
        // RFC 8899 section 5.1.2: MAX_PROBES.
        let mut path = Path::new(1300);
        let mut search = path.search(1420);
        path.run(&mut search);
        assert_eq!(path.probes[..4], [1420, 1420, 1420, 1310]);
    }

    #[test]
    fn a_probe_that_gets_lost_once_is_sent_again_after_the_interval() {
        let mut path = Path::new(1500);
        let mut search = path.search(1420);
        search.step(path.now);
        assert_eq!(search.due(path.now), Some(1420));
        search.on_probe_sent(PacketNumber(0));
        assert_eq!((search.due(path.now), search.wake_at()), (None, None));
        search.on_probe_lost(PacketNumber(0));
        search.step(path.now);
        assert_eq!((search.due(path.now), search.wake_at()), (None, Some(path.now + INTERVAL)));
        path.run(&mut search);
        assert_eq!(search.current(), 1420);
    }

    #[test]
    fn a_larger_size_is_tried_again_after_ten_minutes() {
        // RFC 8899 section 5.1.1: PMTU_RAISE_TIMER.
        let mut path = Path::new(1300);
        let mut search = path.search(1420);
        path.run(&mut search);
        let rested = search.wake_at().unwrap();
        assert_eq!(rested.saturating_since(path.now), Duration::from_secs(600));
        path.now = rested;
        path.mtu = 1400;
        path.run(&mut search);
        assert!((1391..=1400).contains(&search.current()));
    }

    #[test]
    fn what_became_of_another_probe_is_of_no_interest() {
        let path = Path::new(1500);
        let mut search = path.search(1420);
        search.step(path.now);
        search.on_probe_sent(PacketNumber(7));
        search.on_probe_acked(PacketNumber(6));
        search.on_probe_lost(PacketNumber(8));
        assert_eq!((search.current(), search.wake_at()), (1200, None));
    }

    /// A search that has found 1420 bytes.
    fn raised() -> (Path, MtuSearch) {
        let mut path = Path::new(1500);
        let mut search = path.search(1420);
        path.run(&mut search);
        (path, search)
    }

    #[test]
    fn large_packets_that_vanish_make_a_black_hole() {
        // RFC 8899 section 4.3.
        let (mut path, mut search) = raised();
        let fatal = (100..110).map(|n| search.on_lost(PacketNumber(n), 1420)).collect::<Vec<_>>();
        assert_eq!(fatal.iter().position(|fatal| *fatal), Some(9));
        search.step(path.now);
        assert_eq!(search.current(), 1200);
        // Later the search begins anew.
        assert_eq!(search.wake_at(), Some(path.now + Duration::from_secs(60)));
        path.now = search.wake_at().unwrap();
        path.run(&mut search);
        assert_eq!(search.current(), 1420);
    }

    #[test]
    fn losses_before_a_delivery_are_no_black_hole() {
        let (_, mut search) = raised();
        for n in 100..109 {
            assert!(!search.on_lost(PacketNumber(n), 1420));
        }
        search.on_delivered(PacketNumber(200), 1420);
        for n in 109..199 {
            assert!(!search.on_lost(PacketNumber(n), 1420), "a later large packet arrived");
        }
    }

    #[test]
    fn small_packets_say_nothing_about_large_ones() {
        let (_, mut search) = raised();
        for n in 100..200 {
            assert!(!search.on_lost(PacketNumber(n), 1200));
        }
        for n in 200..209 {
            assert!(!search.on_lost(PacketNumber(n), 1420));
            search.on_delivered(PacketNumber(n + 100), 60);
        }
        assert!(search.on_lost(PacketNumber(209), 1420));
    }

    #[test]
    fn probe_timeouts_in_a_row_make_a_black_hole() {
        let (path, mut search) = raised();
        assert!(!search.on_probe_timeouts(2));
        assert!(search.on_probe_timeouts(3));
        search.step(path.now);
        assert_eq!(search.current(), 1200);
        assert!(!search.on_probe_timeouts(4), "there is nowhere to fall");
    }

    #[test]
    fn a_size_that_cannot_be_sent_is_not_asked_for_again() {
        let mut path = Path::new(1500);
        let mut search = path.search(1500);
        search.cap(1450);
        path.run(&mut search);
        assert_eq!((search.current(), path.probes.as_slice()), (1450, [1450].as_slice()));
    }

    #[test]
    fn without_anything_to_win_nothing_is_sent() {
        let mut path = Path::new(1500);
        let mut search = path.search(1205);
        path.run(&mut search);
        assert_eq!((path.probes.len(), search.wake_at()), (0, None));
    }
}
