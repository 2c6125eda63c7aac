//! ProbeBW: steady state, with a regular look for more bandwidth (section 4.3.4).

use super::model::Model;
use crate::congestion::model::spread;
use crate::congestion::AckSample;
use crate::time::{Duration, Instant};

/// Twice what the pipe holds: the window is not the limit while acknowledgements are late.
pub(super) const WINDOW_GAIN: f64 = 2.0;
/// One step up, one down to drain what that queued, then at the bandwidth.
const GAINS: [f64; 8] = [1.25, 0.75, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0];
/// The same, gently, once the path is as fast as the host expects.
const GENTLE_GAINS: [f64; 8] = [1.1, 0.9, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0];

/// The place in the cycle of gains; a step lasts about one round-trip time.
#[derive(Clone, Copy, Debug)]
pub(super) struct ProbeBandwidth {
    step: usize,
    since: Instant,
    gain: f64,
}

impl ProbeBandwidth {
    /// Begins anywhere in the cycle but at the step down, which would have nothing to drain. Flows
    /// that began together do not probe together.
    pub(super) fn new(model: &Model, now: Instant) -> Self {
        let step = match spread(now, model.delivered()) % 7 {
            0 => 0,
            other => other as usize + 1,
        };
        let mut phase = Self { step, since: now, gain: 1.0 };
        phase.set_gain(model);
        phase
    }

    pub(super) fn pacing_gain(&self) -> f64 {
        self.gain
    }

    pub(super) fn on_ack(&mut self, model: &Model, sample: &AckSample) {
        if self.is_done(model, sample) {
            self.step = (self.step + 1) % GAINS.len();
            self.since = sample.now;
            self.set_gain(model);
        }
    }

    fn is_done(&self, model: &Model, sample: &AckSample) -> bool {
        let elapsed = sample.now.saturating_since(self.since);
        let full_length = elapsed > model.min_rtt().unwrap_or(Duration::ZERO);
        if self.gain > 1.0 {
            // The step up lasts until it has shown in the queue, or the queue had no room for it.
            let lost = sample.rate.is_some_and(|rate| rate.newly_lost > 0);
            full_length && (lost || sample.prior_in_flight >= model.inflight(self.gain))
        } else if self.gain < 1.0 {
            full_length || sample.prior_in_flight <= model.inflight(1.0)
        } else {
            full_length
        }
    }

    fn set_gain(&mut self, model: &Model) {
        self.gain = if model.policed_rate().is_some() {
            1.0
        } else if model.is_as_fast_as_expected() {
            GENTLE_GAINS[self.step]
        } else {
            GAINS[self.step]
        };
    }
}
