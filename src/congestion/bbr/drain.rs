//! Drain: the queue that Startup built is emptied (section 4.3.3).

use super::model::Model;
use super::probe_bandwidth::ProbeBandwidth;
use super::startup::GAIN;
use crate::congestion::AckSample;

/// As much below the bandwidth as Startup was above, so that it takes as long.
pub(super) const PACING_GAIN: f64 = 1.0 / GAIN;

/// The phase between Startup and steady state.
#[derive(Clone, Copy, Debug)]
pub(super) struct Drain;

impl Drain {
    pub(super) fn next(self, model: &Model, sample: &AckSample) -> Option<ProbeBandwidth> {
        let empty = sample.in_flight <= model.inflight(1.0);
        empty.then(|| ProbeBandwidth::new(model, sample.now))
    }
}
