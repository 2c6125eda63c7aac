//! The round-trip time of the path without a queue, and when to look for it again.

use crate::time::{Duration, Instant};

/// How long a least round-trip time holds unless it is seen again.
const VALID: Duration = Duration::from_secs(10);

/// The least round-trip time of the last ten seconds.
///
/// Beside it runs a shorter search: if that saw nothing low for its interval, the queue has not
/// been empty, and the controller must empty it to measure.
#[derive(Clone, Copy, Debug)]
pub(in crate::congestion) struct MinRtt {
    value: Option<Duration>,
    seen: Instant,
    /// The least of the present search, and when it was seen.
    candidate: Duration,
    candidate_seen: Instant,
    interval: Duration,
    /// The last change was upwards: perhaps the queue is never empty now.
    rose: bool,
}

impl MinRtt {
    /// Nothing is known; a search lasts `interval`.
    pub(in crate::congestion) fn new(interval: Duration) -> Self {
        Self {
            value: None,
            seen: Instant::default(),
            candidate: Duration::MAX,
            candidate_seen: Instant::default(),
            interval,
            rose: false,
        }
    }

    /// The least round-trip time, if any is known.
    #[inline]
    pub(in crate::congestion) fn get(&self) -> Option<Duration> {
        self.value
    }

    /// Takes a sample; true if the search saw nothing as low for its whole interval.
    #[inline]
    pub(in crate::congestion) fn update(&mut self, now: Instant, rtt: Duration) -> bool {
        let due = now.saturating_since(self.candidate_seen) > self.interval;
        let known = self.value.is_some();
        if rtt <= self.candidate || due {
            self.candidate = rtt;
            self.candidate_seen = now;
        }
        let expired = now.saturating_since(self.seen) > VALID;
        if expired || self.value.is_none_or(|value| self.candidate <= value) {
            if self.value != Some(self.candidate) {
                self.rose = self.value.is_some_and(|value| self.candidate > value);
            }
            self.value = Some(self.candidate);
            self.seen = self.candidate_seen;
        }
        due && known
    }

    /// True if the value is higher than the one before: a longer path, or a queue that no probe has
    /// emptied.
    pub(in crate::congestion) fn rose(&self) -> bool {
        self.rose
    }

    /// The queue was emptied: the next search begins at `now`.
    pub(in crate::congestion) fn probed(&mut self, now: Instant) {
        self.candidate_seen = now;
    }

    /// The path may be another one now: the next sample replaces all others.
    pub(in crate::congestion) fn restart(&mut self) {
        *self = Self::new(self.interval);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(millis: u64) -> Instant {
        Instant::from_micros(1_000_000_000 + millis * 1_000)
    }

    const fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn the_least_sample_holds_for_ten_seconds() {
        let mut min = MinRtt::new(Duration::from_secs(5));
        min.update(at(0), millis(40));
        for second in 1..=9 {
            min.update(at(second * 1_000), millis(60));
            assert_eq!(min.get(), Some(millis(40)));
        }
        min.update(at(10_001), millis(60));
        assert_eq!(min.get(), Some(millis(60)));
    }

    #[test]
    fn a_search_that_sees_nothing_low_asks_for_a_probe() {
        let mut min = MinRtt::new(Duration::from_secs(5));
        assert!(!min.update(at(0), millis(40)), "the first sample is no reason to probe");
        assert!(!min.update(at(5_000), millis(60)));
        assert!(min.update(at(5_001), millis(60)));
        assert!(!min.update(at(6_000), millis(60)));
    }

    #[test]
    fn the_same_low_sample_again_postpones_the_probe() {
        let mut min = MinRtt::new(Duration::from_secs(5));
        for second in 0..20 {
            assert!(!min.update(at(second * 4_000), millis(40)));
        }
    }
}
