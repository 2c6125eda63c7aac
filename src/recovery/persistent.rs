//! Persistent congestion (RFC 9002 section 7.6).

use super::Rtt;
use crate::time::{Duration, Instant};

/// How many probe timeouts a run of losses must span (RFC 9002 section 7.6.1).
const THRESHOLD: u64 = 3;

/// The span of losses that means persistent congestion (RFC 9002 section 7.6.1). The peer's
/// `max_ack_delay` counts in every packet number space.
pub fn persistent_congestion_duration(rtt: &Rtt, max_ack_delay: Duration) -> Duration {
    (rtt.pto_base() + max_ack_delay).saturating_mul(THRESHOLD)
}

/// Losses in a row, with nothing acknowledged between the first and the last.
///
/// It is fed in packet number order and outlives one ACK frame, as losses of one outage may be
/// found by several.
#[derive(Clone, Debug, Default)]
pub(super) struct LostRun {
    /// When the first ack-eliciting packet of the run was sent.
    first: Option<Instant>,
}

impl LostRun {
    /// A packet in between was acknowledged.
    #[inline]
    pub(super) fn end(&mut self) {
        self.first = None;
    }

    /// An ack-eliciting packet sent at `sent` was lost; returns the span of the run so far.
    ///
    /// Packets sent before the first round-trip sample do not count: the timeout of that time may
    /// have been far too short (RFC 9002 section 7.6.2).
    pub(super) fn on_lost(&mut self, sent: Instant, first_sample: Option<Instant>) -> Duration {
        match first_sample {
            Some(sampled) if sent > sampled => {
                sent.saturating_since(*self.first.get_or_insert(sent))
            }
            _ => Duration::ZERO,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_duration_is_three_probe_timeouts_with_the_ack_delay() {
        // RFC 9002 section 7.6.1.
        let mut rtt = Rtt::new(Duration::from_millis(333));
        rtt.update(Duration::from_millis(100), Duration::ZERO, Instant::from_micros(1));
        let duration = persistent_congestion_duration(&rtt, Duration::from_millis(25));
        assert_eq!(duration, Duration::from_millis(3 * (100 + 200 + 25)));
    }

    #[test]
    fn the_span_runs_from_first_to_last_loss() {
        let mut run = LostRun::default();
        let sampled = Some(Instant::from_micros(10));
        assert_eq!(run.on_lost(Instant::from_micros(20), sampled), Duration::ZERO);
        assert_eq!(run.on_lost(Instant::from_micros(70), sampled), Duration::from_micros(50));
        run.end();
        assert_eq!(run.on_lost(Instant::from_micros(90), sampled), Duration::ZERO);
    }

    #[test]
    fn losses_before_the_first_sample_do_not_count() {
        // RFC 9002 section 7.6.2.
        let mut run = LostRun::default();
        let sampled = Instant::from_micros(100);
        assert_eq!(run.on_lost(Instant::from_micros(50), None), Duration::ZERO);
        assert_eq!(run.on_lost(Instant::from_micros(100), Some(sampled)), Duration::ZERO);
        assert_eq!(run.on_lost(Instant::from_micros(120), Some(sampled)), Duration::ZERO);
        assert_eq!(
            run.on_lost(Instant::from_micros(150), Some(sampled)),
            Duration::from_micros(30)
        );
    }
}
