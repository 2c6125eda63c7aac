//! The round-trip time of a path (RFC 9002 section 5).

use super::{Space, GRANULARITY};
use crate::time::{Duration, Instant};

/// The round-trip time assumed before the first sample (RFC 9002 section 6.2.2).
pub const DEFAULT_INITIAL_RTT: Duration = Duration::from_millis(333);
/// `max_ack_delay` of a peer that does not say (RFC 9000 section 18.2).
pub const DEFAULT_MAX_ACK_DELAY: Duration = Duration::from_millis(25);

/// Estimates a path's round-trip time from what acknowledgements tell.
#[derive(Clone, Debug)]
pub struct Rtt {
    /// The newest sample, unadjusted.
    latest: Duration,
    /// Exponentially weighted mean.
    smoothed: Duration,
    /// Exponentially weighted mean deviation.
    variation: Duration,
    /// Least sample since the last restart, unadjusted.
    min: Duration,
    /// When the path's first sample was taken.
    first_sample: Option<Instant>,
    /// The next sample replaces the estimate instead of moving it.
    restart: bool,
}

impl Rtt {
    /// An estimator without a sample that assumes `initial`.
    pub fn new(initial: Duration) -> Self {
        Self {
            latest: initial,
            smoothed: initial,
            variation: initial.div(2),
            min: Duration::ZERO,
            first_sample: None,
            restart: true,
        }
    }

    /// Takes a sample. `ack_delay` is what the peer reported, within [`ack_delay_bound`].
    pub fn update(&mut self, sample: Duration, ack_delay: Duration, now: Instant) {
        self.latest = sample;
        self.first_sample.get_or_insert(now);
        if self.restart {
            self.restart = false;
            self.min = sample;
            self.smoothed = sample;
            self.variation = sample.div(2);
            return;
        }
        self.min = self.min.min(sample);
        // RFC 9002 section 5.3: an adjustment below the least sample cannot be true.
        let adjusted =
            if sample >= self.min + ack_delay { sample.saturating_sub(ack_delay) } else { sample };
        let deviation = self.smoothed.abs_diff(adjusted);
        self.variation = weigh(self.variation, 3, deviation);
        self.smoothed = weigh(self.smoothed, 7, adjusted);
    }

    /// The newest sample.
    #[inline]
    pub fn latest(&self) -> Duration {
        self.latest
    }

    /// The smoothed round-trip time, the initial one before the first sample.
    #[inline]
    pub fn smoothed(&self) -> Duration {
        self.smoothed
    }

    /// The mean deviation of samples.
    #[inline]
    pub fn variation(&self) -> Duration {
        self.variation
    }

    /// The least sample; zero before the first.
    #[inline]
    pub fn min(&self) -> Duration {
        self.min
    }

    /// True once the path gave a sample.
    #[inline]
    pub fn has_sample(&self) -> bool {
        self.first_sample.is_some()
    }

    /// When the path gave its first sample.
    #[inline]
    pub fn first_sample(&self) -> Option<Instant> {
        self.first_sample
    }

    /// The probe timeout before backoff and without the peer's delay (RFC 9002 section 6.2.1).
    #[inline]
    pub fn pto_base(&self) -> Duration {
        self.smoothed + self.variation.saturating_mul(4).max(GRANULARITY)
    }

    /// How long after it was sent a packet older than an acknowledged one is lost: a round trip
    /// and its part by 2 to the power of `shift`, which is 3 by RFC 9002 section 6.1.2.
    #[inline]
    pub fn loss_delay(&self, shift: u8) -> Duration {
        let rtt = self.latest.max(self.smoothed);
        let part = rtt.as_micros().checked_shr(shift.into()).unwrap_or(0);
        (rtt + Duration::from_micros(part)).max(GRANULARITY)
    }

    /// Persistent congestion: the path may be another one now, so the next sample replaces the
    /// estimate (RFC 9002 section 5.2). Until then the old one stands.
    pub fn restart(&mut self) {
        self.restart = true;
    }

    /// Forgets the path: nothing is known but `initial` (RFC 9000 section 9.4).
    pub fn reset(&mut self, initial: Duration) {
        *self = Self::new(initial);
    }
}

/// The most ACK delay to believe (RFC 9002 section 5.3); `confirmed` is the peer's
/// `max_ack_delay` once the handshake is confirmed.
///
/// Initial packets are acknowledged at once, so a delay reported there is ignored. Before
/// confirmation the peer's parameter is not known to hold and the default stands in for it.
pub fn ack_delay_bound(space: Space, confirmed: Option<Duration>) -> Duration {
    match space {
        Space::Initial => Duration::ZERO,
        Space::Handshake | Space::Application => confirmed.unwrap_or(DEFAULT_MAX_ACK_DELAY),
    }
}

/// The mean of `old` with weight `weight` and `new` with weight 1; `weight + 1` divides evenly
/// into a shift.
#[inline]
fn weigh(old: Duration, weight: u64, new: Duration) -> Duration {
    (old.saturating_mul(weight) + new).div(weight + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Instant = Instant::from_micros(1_000_000);

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn sampled(samples: &[(u64, u64)]) -> Rtt {
        let mut rtt = Rtt::new(DEFAULT_INITIAL_RTT);
        for (sample, delay) in samples {
            rtt.update(ms(*sample), ms(*delay), NOW);
        }
        rtt
    }

    #[test]
    fn before_a_sample_the_initial_value_stands() {
        // RFC 9002 section 6.2.2: 333 ms lead to a probe timeout of 999 ms.
        let rtt = Rtt::new(DEFAULT_INITIAL_RTT);
        assert!(!rtt.has_sample());
        assert_eq!(rtt.smoothed(), ms(333));
        assert_eq!(rtt.pto_base(), ms(999));
    }

    #[test]
    fn the_first_sample_sets_everything() {
        // RFC 9002 section 5.3; the delay is not subtracted from the first sample.
        let rtt = sampled(&[(100, 20)]);
        assert_eq!(rtt.smoothed(), ms(100));
        assert_eq!(rtt.variation(), ms(50));
        assert_eq!(rtt.min(), ms(100));
        assert_eq!(rtt.first_sample(), Some(NOW));
    }

    #[test]
    fn later_samples_move_the_estimate_by_an_eighth() {
        // RFC 9002 section 5.3: 7/8 and 1/8, 3/4 and 1/4, deviation against the old mean.
        let rtt = sampled(&[(100, 0), (180, 0)]);
        assert_eq!(rtt.smoothed(), ms(110));
        assert_eq!(rtt.variation(), Duration::from_micros(57_500));
        assert_eq!(rtt.latest(), ms(180));
        assert_eq!(rtt.min(), ms(100));
    }

    #[test]
    fn the_reported_delay_is_subtracted() {
        let rtt = sampled(&[(100, 0), (200, 20)]);
        assert_eq!(rtt.smoothed(), ms(110));
        assert_eq!(rtt.smoothed(), sampled(&[(100, 0), (180, 0)]).smoothed());
    }

    #[test]
    fn the_adjusted_sample_never_falls_below_the_minimum() {
        // RFC 9002 section 5.3.
        let rtt = sampled(&[(100, 0), (110, 20)]);
        assert_eq!(rtt.smoothed(), Duration::from_micros(101_250));
    }

    #[test]
    fn the_minimum_ignores_the_reported_delay() {
        // RFC 9002 section 5.2.
        assert_eq!(sampled(&[(100, 0), (90, 25)]).min(), ms(90));
    }

    #[test]
    fn the_delay_is_ignored_for_initial_and_bounded_before_confirmation() {
        // RFC 9002 section 5.3.
        let own = Some(ms(100));
        assert_eq!(ack_delay_bound(Space::Initial, own), Duration::ZERO);
        assert_eq!(ack_delay_bound(Space::Handshake, None), ms(25));
        assert_eq!(ack_delay_bound(Space::Application, None), ms(25));
        assert_eq!(ack_delay_bound(Space::Application, own), ms(100));
    }

    #[test]
    fn after_a_restart_the_next_sample_replaces_the_estimate() {
        // RFC 9002 section 5.2.
        let mut rtt = sampled(&[(10, 0), (10, 0)]);
        rtt.restart();
        assert_eq!(rtt.smoothed(), ms(10));
        rtt.update(ms(300), ms(5), NOW + ms(1));
        assert_eq!(rtt.min(), ms(300));
        assert_eq!(rtt.smoothed(), ms(300));
        assert_eq!(rtt.variation(), ms(150));
        assert_eq!(rtt.first_sample(), Some(NOW), "the path is still the same");
    }

    #[test]
    fn the_loss_delay_is_nine_eighths_and_at_least_a_millisecond() {
        // RFC 9002 section 6.1.2.
        assert_eq!(sampled(&[(80, 0)]).loss_delay(3), ms(90));
        assert_eq!(sampled(&[(80, 0), (160, 0)]).loss_delay(3), ms(180));
        assert_eq!(sampled(&[(0, 0)]).loss_delay(3), GRANULARITY);
    }

    #[test]
    fn the_probe_timeout_has_a_floor_of_one_millisecond_for_variation() {
        // RFC 9002 section 6.2.1.
        let mut rtt = sampled(&[(40, 0)]);
        for _ in 0..100 {
            rtt.update(ms(40), Duration::ZERO, NOW);
        }
        assert_eq!(rtt.pto_base(), ms(41));
    }

    #[test]
    fn absurd_samples_do_not_overflow() {
        let mut rtt = Rtt::new(Duration::MAX);
        rtt.update(Duration::MAX, Duration::MAX, NOW);
        rtt.update(Duration::MAX, Duration::ZERO, NOW);
        assert!(rtt.pto_base() >= rtt.smoothed());
    }
}
