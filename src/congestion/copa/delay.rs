//! Round-trip times over several spans, and the queueing delay that follows.

use crate::congestion::model::Recent;
use crate::congestion::AckSample;
use crate::time::Duration;

/// For how long the least round-trip time stands for an empty queue (section 2.2).
const EMPTY_SPAN: Duration = Duration::from_secs(10);
/// Rounds over which the greatest round-trip time is taken (section 2.2).
const GREATEST_ROUNDS: u64 = 4;

/// Three views of the round-trip time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Delay {
    /// Without a queue.
    least: Recent<5>,
    /// With the queue of now: the least of half a round trip, so that jitter and delayed
    /// acknowledgements do not look like a queue.
    standing: Recent<4>,
    /// With the longest queue lately.
    greatest: Recent<4>,
}

impl Delay {
    /// Nothing was measured yet.
    pub(super) fn new() -> Self {
        Self { least: Recent::least(), standing: Recent::least(), greatest: Recent::greatest() }
    }

    /// Takes the sample of round `round`.
    pub(super) fn update(&mut self, sample: &AckSample, round: u64) {
        let now = sample.now.as_micros();
        let rtt = sample.rtt.latest.as_micros();
        self.least.update(now, rtt, EMPTY_SPAN.as_micros());
        self.standing.update(now, rtt, sample.rtt.smoothed.as_micros() / 2);
        self.greatest.update(round, rtt, GREATEST_ROUNDS);
    }

    /// The round-trip time with the queue of now; zero before the first sample.
    pub(super) fn standing(&self) -> Duration {
        match self.standing.get() {
            u64::MAX => Duration::ZERO,
            micros => Duration::from_micros(micros),
        }
    }

    /// The time that packets now spend in the queue.
    pub(super) fn queueing(&self) -> Duration {
        Duration::from_micros(self.standing.get().saturating_sub(self.least.get()))
    }

    /// Section 2.2: the queue counts as empty with a tenth of its greatest delay.
    pub(super) fn is_nearly_empty(&self) -> bool {
        let range = self.greatest.get().saturating_sub(self.least.get());
        self.queueing().as_micros() <= range / 10
    }
}
