//! How long the sender waits for an acknowledgement before it probes (RFC 9002 section 6.2.1).

use super::{Rtt, Space, GRANULARITY};
use crate::time::Duration;

/// Timeouts in a row beyond which the wait stays as it is: 2^20 timeouts are longer than any idle
/// timeout.
const MAX_BACKOFF: u32 = 20;

/// What the wait is multiplied by at most, whatever the growth.
const MAX_FACTOR: f64 = (1 << MAX_BACKOFF) as f64;

/// How patient a sender is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ProbePolicy {
    /// Growth of the wait from one timeout to the next. RFC 9002 section 6.2.1 asks for 2.
    pub backoff_factor: f64,
    /// Wait for one and a quarter of the smoothed round-trip time, instead of for its variation.
    pub short: bool,
    /// The first wait, before there is a round-trip sample; zero for what the round-trip time
    /// assumed until then leads to.
    pub initial: Duration,
}

impl Default for ProbePolicy {
    fn default() -> Self {
        Self { backoff_factor: 2.0, short: false, initial: Duration::ZERO }
    }
}

impl ProbePolicy {
    /// The wait before backoff and without the peer's delay.
    fn base(&self, rtt: &Rtt) -> Duration {
        if !rtt.has_sample() && !self.initial.is_zero() {
            return self.initial.max(GRANULARITY);
        }
        if self.short {
            let smoothed = rtt.smoothed();
            return smoothed + smoothed.div(4).max(GRANULARITY);
        }
        rtt.pto_base()
    }

    /// `base` after `count` timeouts in a row.
    fn back_off(&self, base: Duration, count: u32) -> Duration {
        let count = count.min(MAX_BACKOFF);
        if count == 0 {
            return base;
        }
        // Exact where it matters, and cheap.
        if self.backoff_factor.to_bits() == 2.0_f64.to_bits() {
            return base.saturating_mul(1 << count);
        }
        let factor = self.backoff_factor.powi(count as i32).clamp(1.0, MAX_FACTOR);
        // A float beyond the range of the integer becomes its maximum.
        Duration::from_micros((base.as_micros() as f64 * factor) as u64)
    }
}

/// All that the probe timeout of a path follows from.
#[derive(Clone, Copy, Debug)]
pub struct ProbeTimes<'a> {
    /// What the host wants.
    pub policy: &'a ProbePolicy,
    /// The path's round-trip time.
    pub rtt: &'a Rtt,
    /// The longest the peer delays an ACK of application data.
    pub max_ack_delay: Duration,
    /// Timeouts in a row without an acknowledgement.
    pub count: u32,
}

impl ProbeTimes<'_> {
    /// The probe timeout of `space`.
    ///
    /// Packets of the handshake are acknowledged at once, so the peer's delay counts for
    /// application data only.
    pub fn period(&self, space: Space) -> Duration {
        let delay = match space {
            Space::Initial | Space::Handshake => Duration::ZERO,
            Space::Application => self.max_ack_delay,
        };
        self.policy.back_off(self.policy.base(self.rtt) + delay, self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Instant;

    const DELAY: Duration = Duration::from_millis(25);

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    /// 100 ms smoothed, 50 ms variation: a probe timeout of 300 ms without delay.
    fn rtt() -> Rtt {
        let mut rtt = Rtt::new(ms(333));
        rtt.update(ms(100), Duration::ZERO, Instant::from_micros(1));
        rtt
    }

    fn period(policy: ProbePolicy, rtt: &Rtt, space: Space, count: u32) -> Duration {
        ProbeTimes { policy: &policy, rtt, max_ack_delay: DELAY, count }.period(space)
    }

    #[test]
    fn the_ack_delay_counts_for_application_data_only() {
        // RFC 9002 section 6.2.1.
        let period = |space| period(ProbePolicy::default(), &rtt(), space, 0);
        assert_eq!(Space::ALL.map(period), [ms(300), ms(300), ms(325)]);
    }

    #[test]
    fn each_timeout_in_a_row_doubles_the_period() {
        // RFC 9002 section 6.2.1.
        let period = |count| period(ProbePolicy::default(), &rtt(), Space::Application, count);
        assert_eq!([1, 3].map(period), [ms(650), ms(2_600)]);
        assert_eq!(period(u32::MAX), period(20));
    }

    #[test]
    fn the_growth_can_be_set_and_never_shrinks_the_period() {
        let grown = |backoff_factor, count| {
            let policy = ProbePolicy { backoff_factor, ..ProbePolicy::default() };
            period(policy, &rtt(), Space::Initial, count)
        };
        assert_eq!([0, 1, 2].map(|count| grown(1.5, count)), [ms(300), ms(450), ms(675)]);
        assert_eq!(grown(3.0, 2), ms(2_700));
        assert_eq!(grown(1.0, 20), ms(300));
        assert_eq!(grown(0.1, 5), ms(300));
        assert_eq!(grown(1e300, 5), grown(2.0, 20));
        assert_eq!(grown(f64::INFINITY, 5), grown(2.0, 20));
    }

    #[test]
    fn a_short_wait_is_a_round_trip_and_a_quarter() {
        let short = ProbePolicy { short: true, ..ProbePolicy::default() };
        assert_eq!(period(short, &rtt(), Space::Handshake, 0), ms(125));
        assert_eq!(period(short, &rtt(), Space::Application, 1), ms(300));
        let mut near = Rtt::new(ms(333));
        near.update(Duration::from_micros(40), Duration::ZERO, Instant::from_micros(1));
        let least = Duration::from_micros(40) + GRANULARITY;
        assert_eq!(period(short, &near, Space::Initial, 0), least);
    }

    #[test]
    fn the_first_wait_holds_until_there_is_a_sample() {
        let policy = ProbePolicy { initial: ms(70), ..ProbePolicy::default() };
        assert_eq!(period(policy, &Rtt::new(ms(250)), Space::Initial, 0), ms(70));
        assert_eq!(period(policy, &Rtt::new(ms(250)), Space::Initial, 2), ms(280));
        assert_eq!(period(policy, &rtt(), Space::Initial, 0), ms(300));
        let hasty = ProbePolicy { initial: Duration::from_micros(1), ..policy };
        assert_eq!(period(hasty, &Rtt::new(ms(250)), Space::Initial, 0), GRANULARITY);
    }
}
