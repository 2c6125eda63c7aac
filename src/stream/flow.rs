//! Flow-control credit in both directions (RFC 9000 section 4).

use crate::time::{Duration, Instant};
use crate::wire::varint;

/// What the peer lets us send on the connection, in bytes.
#[derive(Debug, Default)]
pub(super) struct SendCredit {
    limit: u64,
    used: u64,
    /// The limit at which we last told the peer that we are blocked.
    reported: Option<u64>,
}

impl SendCredit {
    /// How many more fresh bytes may be sent.
    #[inline]
    pub(super) const fn available(&self) -> u64 {
        self.limit.saturating_sub(self.used)
    }

    /// Fresh bytes sent so far.
    pub(super) const fn used(&self) -> u64 {
        self.used
    }

    /// The limit in force.
    pub(super) const fn limit(&self) -> u64 {
        self.limit
    }

    /// Takes a limit from the peer; returns whether it is higher than before.
    // RFC 9000 section 4.1: limits that do not increase are ignored.
    pub(super) fn raise(&mut self, limit: u64) -> bool {
        let higher = limit > self.limit;
        self.limit = self.limit.max(limit);
        higher
    }

    /// Counts `bytes` sent for the first time.
    #[inline]
    pub(super) fn spend(&mut self, bytes: u64) {
        self.used += bytes;
    }

    /// True if the peer was not yet told that we are blocked at the limit in force.
    pub(super) fn should_report(&mut self) -> bool {
        self.reported.replace(self.limit) != Some(self.limit)
    }
}

/// How far a window may follow the path, in bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// What a window that follows a rate has at least.
    pub(super) least: u64,
    /// What a window grows to by itself at most.
    pub(super) most: u64,
}

/// What we let the peer send on a stream or on the connection, in bytes.
#[derive(Debug)]
pub(super) struct RecvWindow {
    /// The limit the peer knows.
    limit: u64,
    /// What the application has taken, or will never take.
    consumed: u64,
    /// How far the limit runs ahead of `consumed` when it is renewed.
    window: u64,
    /// What the host wants to receive, in bytes per second; 0 for as much as there is.
    rate: u64,
    /// When the window was last considered for growth, and at which limit.
    tuned: Option<(Instant, u64)>,
}

impl RecvWindow {
    /// A window of `window` bytes that the peer already knows of.
    pub(super) fn new(window: u64) -> Self {
        let window = window.min(varint::MAX);
        Self { limit: window, consumed: 0, window, rate: 0, tuned: None }
    }

    /// The limit the peer knows.
    #[inline]
    pub(super) const fn limit(&self) -> u64 {
        self.limit
    }

    /// What has been consumed.
    pub(super) const fn consumed(&self) -> u64 {
        self.consumed
    }

    /// Returns `bytes` of credit; true if the peer is to be told now: half the window is used up.
    // RFC 9000 section 4.2: late updates block the sender, frequent ones are overhead.
    #[inline]
    pub(super) fn consume(&mut self, bytes: u64) -> bool {
        self.consumed += bytes;
        self.limit.saturating_sub(self.consumed) <= self.window / 2
            && self.next_limit() > self.limit
    }

    /// True if the peer is stuck at `limit` and can be told of more: what it has not used up hangs
    /// on what the application does not read now.
    pub(super) fn frees(&self, limit: u64) -> bool {
        limit >= self.limit && self.next_limit() > self.limit
    }

    /// Raises the limit as far as the window allows and returns it, to be put into a frame.
    // RFC 9000 section 4.1: a limit never shrinks, and no limit exceeds 2^62-1.
    pub(super) fn advance(&mut self) -> u64 {
        self.limit = self.limit.max(self.next_limit());
        self.limit
    }

    /// Bounds the rate of the peer: a sender gets one window through in a round trip. 0 lifts the
    /// bound. The window changes with the next [`Self::tune`].
    pub(super) fn set_rate(&mut self, rate: u64) {
        self.rate = rate;
    }

    /// Makes the window what the rate brings in a round trip; returns whether the peer can be told
    /// of more credit.
    pub(super) fn follow_rate(&mut self, rtt: Duration, bounds: Bounds) -> bool {
        self.resize(in_a_round_trip(self.rate, rtt).max(bounds.least).min(bounds.most))
    }

    /// Makes the window `window` bytes; returns whether the peer can be told of more credit.
    pub(super) fn resize(&mut self, window: u64) -> bool {
        self.window = window;
        self.next_limit() > self.limit
    }

    /// Fits the window to the path. Where there is a rate, it is what the rate makes in a round
    /// trip. Else it doubles if the last update is less than two round trips old: then the window,
    /// not the network, sets the pace. That counts once per update.
    pub(super) fn tune(&mut self, now: Instant, rtt: Duration, bounds: Bounds) {
        if self.rate > 0 {
            self.follow_rate(rtt, bounds);
            return;
        }
        let last = self.tuned.filter(|(_, limit)| *limit != self.limit).map(|(time, _)| time);
        if self.tuned.is_some() && last.is_none() {
            return;
        }
        if last.is_some_and(|time| now.saturating_since(time) < rtt.saturating_mul(2)) {
            let doubled = self.window.saturating_mul(2).min(bounds.most);
            self.window = self.window.max(doubled);
        }
        self.tuned = Some((now, self.limit));
    }

    fn next_limit(&self) -> u64 {
        self.consumed.saturating_add(self.window).min(varint::MAX)
    }
}

/// What `rate` bytes per second make in `rtt`.
fn in_a_round_trip(rate: u64, rtt: Duration) -> u64 {
    let bytes = u128::from(rate) * u128::from(rtt.as_micros()) / 1_000_000;
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC 9000 section 4.1.
    #[test]
    fn a_lower_limit_from_the_peer_is_ignored() {
        let mut credit = SendCredit::default();
        assert!(credit.raise(100));
        credit.spend(30);
        assert!(!credit.raise(50));
        assert_eq!(credit.available(), 70);
    }

    #[test]
    fn being_blocked_is_reported_once_per_limit() {
        let mut credit = SendCredit::default();
        assert!(credit.should_report());
        assert!(!credit.should_report());
        credit.raise(10);
        assert!(credit.should_report());
    }

    #[test]
    fn an_update_is_due_when_half_the_window_is_consumed() {
        let mut window = RecvWindow::new(100);
        assert!(!window.consume(49));
        assert!(window.consume(1));
        assert_eq!(window.advance(), 150);
        assert!(!window.consume(10));
    }

    // RFC 9000 section 4.1.
    #[test]
    fn the_limit_never_shrinks_and_stays_a_varint() {
        let mut window = RecvWindow::new(u64::MAX);
        assert_eq!(window.limit(), varint::MAX);
        assert!(!window.consume(varint::MAX / 2 + 5));
        assert_eq!(window.advance(), varint::MAX);
    }

    #[test]
    fn a_window_that_paces_the_peer_doubles_up_to_its_cap() {
        let (rtt, mut now) = (Duration::from_millis(10), Instant::from_micros(0));
        let mut window = RecvWindow::new(100);
        let upto = |most| Bounds { least: 0, most };
        for expected in [100, 200, 250, 250] {
            let used = window.window;
            window.consume(used);
            window.tune(now, rtt, upto(250));
            window.tune(now, rtt, upto(250));
            assert_eq!(window.window, expected);
            window.advance();
            now += Duration::from_millis(15);
        }
        now += Duration::from_millis(100);
        window.tune(now, rtt, upto(1_000));
        assert_eq!(window.window, 250);
    }

    #[test]
    fn a_rate_makes_a_window_of_what_it_brings_in_a_round_trip() {
        let bounds = Bounds { least: 63_000, most: 16 << 20 };
        let window = |rate, millis| {
            let mut window = RecvWindow::new(1_000_000);
            window.set_rate(rate);
            window.tune(Instant::from_micros(5), Duration::from_millis(millis), bounds);
            window.window
        };
        assert_eq!(window(5_000_000, 40), 200_000);
        assert_eq!(window(5_000_000, 80), 400_000);
        assert_eq!(window(1, 40), 63_000);
        assert_eq!(window(u64::MAX, u64::MAX), 16 << 20);
        // A bound that the host set above the most is the most.
        let mut odd = RecvWindow::new(10);
        odd.set_rate(1);
        odd.tune(Instant::from_micros(5), Duration::ZERO, Bounds { least: 100, most: 50 });
        assert_eq!(odd.window, 50);
    }

    // RFC 9000 section 4.1.
    #[test]
    fn a_smaller_window_takes_no_credit_back() {
        let mut window = RecvWindow::new(1_000);
        assert!(!window.resize(100));
        assert_eq!(window.advance(), 1_000);
        assert!(!window.consume(899), "what is left is more than the window");
        assert!(window.consume(51));
        assert_eq!(window.advance(), 1_050);
        assert!(window.resize(2_000));
    }
}
