//! ProbeRTT: the queue is emptied to see the path's own round-trip time
//! (draft-cardwell-iccrg-bbr-congestion-control-00 section 4.3.5).

use crate::congestion::round::Round;
use crate::congestion::AckSample;
use crate::time::{Duration, Instant};

/// How long the window stays small: long enough for flows that probe to overlap.
const DURATION: Duration = Duration::from_millis(200);

/// Waits until little is in flight, then for a while and at least one round.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::congestion) struct ProbeRtt {
    low: Option<Low>,
}

/// Little is in flight.
#[derive(Clone, Copy, Debug)]
struct Low {
    until: Instant,
    round: Round,
    round_done: bool,
}

impl ProbeRtt {
    /// True if the phase ends with `sample`; `little` bytes in flight leave no queue.
    pub(in crate::congestion) fn is_over(&mut self, little: u64, sample: &AckSample) -> bool {
        if let Some(low) = &mut self.low {
            low.round_done |= low.round.on_ack(sample);
            return low.round_done && sample.now >= low.until;
        }
        if sample.in_flight <= little {
            let mut round = Round::default();
            round.restart(sample.now);
            self.low = Some(Low { until: sample.now + DURATION, round, round_done: false });
        }
        false
    }

    /// True if at `now` nothing has been in flight for the whole time.
    pub(in crate::congestion) fn has_lasted(&self, now: Instant) -> bool {
        self.low.is_some_and(|low| now >= low.until)
    }
}
