//! Startup: the rate doubles each round until bandwidth stops growing (section 4.3.2).

use super::drain::Drain;
use super::model::Model;

/// 2/ln 2, the least gain that doubles the rate each round.
pub(super) const GAIN: f64 = 2.885;

/// The phase before the bandwidth is known.
#[derive(Clone, Copy, Debug)]
pub(super) struct Startup;

impl Startup {
    pub(super) fn next(self, model: &Model) -> Option<Drain> {
        model.pipe_is_full().then_some(Drain)
    }
}
