//! Slow start, shared by the loss-based controllers (RFC 9002 section 7.3.1).

mod hystart;

use super::AckSample;
use hystart::{HyStart, Pace};

/// Exponential growth up to the slow start threshold.
///
/// One type for every loss-based controller, so that the rule for leaving slow start early is
/// written once: it sees each sample and may lower the threshold.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct SlowStart {
    hystart: HyStart,
}

/// What one ACK frame does to a window in slow start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// The new window in bytes.
    pub(super) window: u64,
    /// The new threshold in bytes.
    pub(super) threshold: u64,
    /// Acknowledged bytes that growth up to the threshold did not use up.
    pub(super) left: u64,
}

impl SlowStart {
    /// Grows `window` by what was acknowledged, but not past `threshold`.
    pub(super) fn on_ack(&mut self, sample: &AckSample, window: u64, threshold: u64) -> Step {
        // RFC 9406 section 4.3: only the first slow start has to find its end; later ones have a
        // threshold from experience.
        let pace = if threshold == u64::MAX { self.hystart.on_ack(sample) } else { Pace::Full };
        let earned = match pace {
            Pace::Full => sample.bytes_acked,
            Pace::Divided(divisor) => sample.bytes_acked / divisor,
            Pace::Leave => return Step { window, threshold: window, left: sample.bytes_acked },
        };
        let room = threshold.saturating_sub(window);
        let used = earned.min(room);
        Step { window: window + used, threshold, left: earned - used }
    }

    /// The window was reduced or reset: what was measured in this slow start is void.
    pub(super) fn restart(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_stops_at_the_threshold_and_hands_on_the_rest() {
        let sample = AckSample { bytes_acked: 3_000, ..AckSample::default() };
        let step = SlowStart::default().on_ack(&sample, 10_000, 12_000);
        assert_eq!(step, Step { window: 12_000, threshold: 12_000, left: 1_000 });
    }
}
