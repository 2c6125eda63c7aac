//! Startup, and when losses end it (section 4.3.1.3).

use super::model::Model;
use crate::congestion::AckSample;

/// 4 ln 2, the least pacing gain that doubles the rate each round.
pub(super) const PACING_GAIN: f64 = 2.77;
/// Frames in a round that must report losses: one burst of losses is no full queue.
const LOSS_EVENTS: u32 = 6;

/// Takes the pipe for full if a round lost much, again and again.
pub(super) fn check_losses(model: &mut Model, sample: &AckSample, in_recovery: bool) {
    let Some(rate) = &sample.rate else { return };
    let often = model.loss_events() >= LOSS_EVENTS;
    if model.loss_round_start() && in_recovery && often && model.lost_too_much(rate) {
        model.declare_full();
    }
}
