//! Spreads packets over time (RFC 9002 section 7.7).

use crate::time::{Duration, Instant};

/// Credit is counted in bytes times this, so that a refill needs no division and loses nothing.
const SCALE: u64 = 1_000_000;
/// How much time's worth of data may leave at once.
const BURST_TIME: Duration = Duration::from_millis(2);
/// Most packets in one burst.
const MAX_BURST_PACKETS: u64 = 256;
/// Without pacing, a burst of this kind may follow the last after this time at the earliest.
const UNPACED_GAP: Duration = Duration::from_millis(1);

/// A token bucket.
///
/// With a rate, credit grows with time. Without one, credit comes with acknowledgements, so that
/// what leaves at once is at most twice what was just acknowledged or the initial window,
/// whichever is more.
#[derive(Clone, Debug)]
pub struct Pacer {
    /// Scaled bytes that may leave now.
    credit: u64,
    /// Scaled bytes `credit` may reach by waiting.
    capacity: u64,
    /// Bytes per second; `None` without pacing.
    rate: Option<u64>,
    /// When credit was last looked at.
    refilled: Instant,
    /// The least burst in bytes: the initial window.
    burst: u64,
    /// Bytes in a datagram.
    mtu: u64,
}

impl Pacer {
    /// A pacer without a rate. `initial_window` in bytes bounds bursts where nothing better is
    /// known (RFC 9002 section 7.7); `mtu` is the datagram size.
    pub fn new(initial_window: u64, mtu: u16) -> Self {
        let burst = initial_window.max(u64::from(mtu));
        Self {
            credit: burst.saturating_mul(SCALE),
            capacity: burst.saturating_mul(SCALE),
            rate: None,
            refilled: Instant::default(),
            burst,
            mtu: u64::from(mtu),
        }
    }

    /// Sends at `rate` bytes per second from now on; `None` or zero turns pacing off.
    pub fn set_rate(&mut self, rate: Option<u64>) {
        let rate = rate.filter(|rate| *rate > 0);
        if rate == self.rate {
            return;
        }
        self.rate = rate;
        let in_time = rate.unwrap_or(0).saturating_mul(BURST_TIME.as_micros()) / SCALE;
        let bytes = in_time.min(MAX_BURST_PACKETS * self.mtu).max(self.burst);
        self.capacity = bytes.saturating_mul(SCALE);
    }

    /// The datagram size changed.
    pub fn set_mtu(&mut self, mtu: u16) {
        self.mtu = u64::from(mtu);
        self.burst = self.burst.max(self.mtu);
        self.capacity = self.capacity.max(self.burst.saturating_mul(SCALE));
    }

    /// When `bytes` may leave; `None` if now.
    ///
    /// Once the credit is used up, the answer waits for half a burst, so that packets leave in
    /// trains and the host is not woken for each.
    #[inline]
    pub fn next_send_time(&mut self, now: Instant, bytes: u64) -> Option<Instant> {
        self.refill(now);
        let wanted = bytes.saturating_mul(SCALE).min(self.capacity);
        if self.credit >= wanted {
            return None;
        }
        let Some(rate) = self.rate else { return Some(self.refilled + UNPACED_GAP) };
        let train = wanted.max(self.capacity / 2);
        Some(now + Duration::from_micros((train - self.credit).div_ceil(rate)))
    }

    /// `bytes` left.
    #[inline]
    pub fn on_sent(&mut self, bytes: u64) {
        self.credit = self.credit.saturating_sub(bytes.saturating_mul(SCALE));
    }

    /// `bytes` were acknowledged. Without pacing this is what sends the next packets.
    pub fn on_acked(&mut self, now: Instant, bytes: u64) {
        if self.rate.is_some() {
            return;
        }
        let earned = bytes.saturating_mul(2 * SCALE);
        // Frames of one receive batch add up; credit of an earlier batch lapses.
        let kept = if now == self.refilled { self.credit } else { 0 };
        self.refilled = now;
        self.credit = kept.saturating_add(earned).max(self.capacity);
    }

    #[inline]
    fn refill(&mut self, now: Instant) {
        if now == self.refilled {
            return;
        }
        let elapsed = now.saturating_since(self.refilled);
        match self.rate {
            Some(rate) => {
                let earned = rate.saturating_mul(elapsed.as_micros());
                self.credit = self.credit.saturating_add(earned).min(self.capacity);
                self.refilled = now;
            }
            None if elapsed >= UNPACED_GAP => {
                self.credit = self.credit.max(self.capacity);
                self.refilled = now;
            }
            // A clock that stepped back must not stop sending until it has caught up.
            None if now < self.refilled => self.refilled = now,
            None => {}
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const PACKET: u64 = 1_000;
    const WINDOW: u64 = 10 * PACKET;
    const START: Instant = Instant::from_micros(1_000_000);

    /// Sends as much as the pacer allows at `now`; returns the bytes and when to come back.
    fn drain(pacer: &mut Pacer, now: Instant, limit: u64) -> (u64, Option<Instant>) {
        let mut sent = 0;
        while sent < limit {
            if let Some(at) = pacer.next_send_time(now, PACKET) {
                return (sent, Some(at));
            }
            pacer.on_sent(PACKET);
            sent += PACKET;
        }
        (sent, None)
    }

    fn paced(rate: u64) -> Pacer {
        let mut pacer = Pacer::new(WINDOW, PACKET as u16);
        pacer.set_rate(Some(rate));
        pacer
    }

    #[test]
    fn the_first_burst_is_the_initial_window() {
        // RFC 9002 section 7.7.
        let mut pacer = paced(1_000_000);
        let (sent, next) = drain(&mut pacer, START, u64::MAX);
        assert_eq!(sent, WINDOW);
        assert!(next.unwrap() > START);
    }

    #[test]
    fn over_a_second_the_rate_is_met() {
        for rate in [50_000, 1_000_000, 100_000_000] {
            let mut pacer = paced(rate);
            let mut now = START;
            let (mut total, end) = (0, START + Duration::from_secs(1));
            while now < end {
                let (sent, next) = drain(&mut pacer, now, u64::MAX);
                total += sent;
                now = next.unwrap();
            }
            let burst = WINDOW.max(rate / 500);
            assert!(total <= rate + WINDOW + burst, "{total} at {rate}");
            assert!(total >= rate, "{total} at {rate}");
        }
    }

    #[test]
    fn packets_leave_in_trains() {
        let mut pacer = paced(1_000_000);
        let (_, next) = drain(&mut pacer, START, u64::MAX);
        let (sent, _) = drain(&mut pacer, next.unwrap(), u64::MAX);
        assert_eq!(sent, WINDOW / 2);
    }

    #[test]
    fn credit_does_not_pile_up_at_rest() {
        let mut pacer = paced(1_000_000);
        drain(&mut pacer, START, u64::MAX);
        let (sent, _) = drain(&mut pacer, START + Duration::from_secs(60), u64::MAX);
        assert_eq!(sent, WINDOW);
    }

    #[test]
    fn slow_refills_lose_no_fraction() {
        // 0.3 bytes per microsecond, looked at every microsecond.
        let mut pacer = paced(300_000);
        drain(&mut pacer, START, u64::MAX);
        for micros in 1..=9_999 {
            pacer.next_send_time(START + Duration::from_micros(micros), PACKET);
        }
        let (sent, _) = drain(&mut pacer, START + Duration::from_micros(10_000), u64::MAX);
        assert_eq!(sent, 3 * PACKET);
    }

    #[test]
    fn without_pacing_a_burst_is_bounded_by_the_initial_window() {
        // RFC 9002 section 7.7.
        let mut pacer = Pacer::new(WINDOW, PACKET as u16);
        let (sent, next) = drain(&mut pacer, START, u64::MAX);
        assert_eq!(sent, WINDOW);
        assert_eq!(next, Some(START + UNPACED_GAP));
    }

    #[test]
    fn without_pacing_acknowledgements_release_what_slow_start_needs() {
        let mut pacer = Pacer::new(WINDOW, PACKET as u16);
        drain(&mut pacer, START, u64::MAX);
        let now = START + Duration::from_micros(100);
        for _ in 0..20 {
            pacer.on_acked(now, 2 * PACKET);
        }
        let (sent, _) = drain(&mut pacer, now, u64::MAX);
        assert!(sent >= 2 * 40 * PACKET);
        assert!(sent <= 2 * 40 * PACKET + WINDOW);
    }

    #[test]
    fn without_pacing_nothing_waits_for_ever() {
        let mut pacer = Pacer::new(WINDOW, PACKET as u16);
        let (_, next) = drain(&mut pacer, START, u64::MAX);
        let (sent, _) = drain(&mut pacer, next.unwrap(), u64::MAX);
        assert_eq!(sent, WINDOW);
    }

    #[test]
    fn a_clock_that_steps_back_does_not_block() {
        let mut pacer = Pacer::new(WINDOW, PACKET as u16);
        drain(&mut pacer, START, u64::MAX);
        let back = START - Duration::from_millis(500);
        let (_, next) = drain(&mut pacer, back, u64::MAX);
        assert_eq!(next, Some(back + UNPACED_GAP));
    }

    #[test]
    fn a_packet_larger_than_the_bucket_still_leaves() {
        let mut pacer = paced(10_000);
        assert_eq!(pacer.next_send_time(START, 50 * WINDOW), None);
    }
}
