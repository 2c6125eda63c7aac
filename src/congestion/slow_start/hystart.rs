//! Leaving slow start before the queue overflows: HyStart++ (RFC 9406).
//!
//! RFC 9406 section 4.2 bounds the growth per acknowledgement for senders that do not pace. There
//! is no bound here: a pacer always stands between the window and the wire.

use super::AckSample;
use crate::congestion::round::Round;
use crate::time::Duration;

/// RFC 9406 section 4.3: a rise in delay counts from an eighth of the round-trip time on ...
const RTT_DIVISOR: u64 = 8;
/// ... but not below this, which is noise ...
const MIN_RISE: Duration = Duration::from_millis(4);
/// ... and always above this.
const MAX_RISE: Duration = Duration::from_millis(16);
/// Samples a round needs before its least round-trip time says something.
const ENOUGH_SAMPLES: u32 = 8;
/// How much slower the window grows while it is not yet sure that the rise lasts.
const CONSERVATIVE_DIVISOR: u64 = 4;
/// Rounds after which it is sure.
const CONSERVATIVE_ROUNDS: u32 = 5;

/// Compares the least round-trip time of each round with that of the last one.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct HyStart {
    round: Round,
    /// The least round-trip time of the last round.
    last: Option<Duration>,
    /// The least round-trip time of this round so far.
    least: Option<Duration>,
    /// Round-trip samples in this round.
    samples: u32,
    /// Set in Conservative Slow Start.
    conservative: Option<Conservative>,
}

/// Conservative Slow Start: the delay rose, perhaps only by jitter.
#[derive(Clone, Copy, Debug)]
struct Conservative {
    /// The least round-trip time of the round in which the rise was seen.
    baseline: Duration,
    /// Rounds begun since.
    rounds: u32,
}

/// How fast the window may grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    /// By what was acknowledged.
    Full,
    /// By this fraction of what was acknowledged.
    Divided(u64),
    /// Slow start is over.
    Leave,
}

impl HyStart {
    /// What `sample` means for growth.
    pub(super) fn on_ack(&mut self, sample: &AckSample) -> Pace {
        if self.round.on_ack(sample) && self.next_round() {
            return Pace::Leave;
        }
        let rtt = sample.rtt.latest;
        self.least = Some(self.least.map_or(rtt, |least| least.min(rtt)));
        self.samples = self.samples.saturating_add(1);
        if self.samples >= ENOUGH_SAMPLES {
            self.judge();
        }
        match self.conservative {
            Some(_) => Pace::Divided(CONSERVATIVE_DIVISOR),
            None => Pace::Full,
        }
    }

    /// Begins a round; true if Conservative Slow Start has lasted long enough.
    fn next_round(&mut self) -> bool {
        self.last = self.least.take();
        self.samples = 0;
        let Some(conservative) = &mut self.conservative else { return false };
        conservative.rounds += 1;
        conservative.rounds >= CONSERVATIVE_ROUNDS
    }

    fn judge(&mut self) {
        let Some(least) = self.least else { return };
        match (self.conservative, self.last) {
            // RFC 9406 section 4.2: the rise was jitter, so slow start goes on.
            (Some(conservative), _) if least < conservative.baseline => self.conservative = None,
            (None, Some(last)) if least >= last + rise(last) => {
                self.conservative = Some(Conservative { baseline: least, rounds: 0 });
            }
            _ => {}
        }
    }
}

/// How much above `rtt` a round-trip time must be to count as a rise.
fn rise(rtt: Duration) -> Duration {
    rtt.div(RTT_DIVISOR).min(MAX_RISE).max(MIN_RISE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::congestion::RttSample;
    use crate::time::Instant;

    struct Path {
        hystart: HyStart,
        now: Instant,
    }

    impl Path {
        fn new() -> Self {
            Self { hystart: HyStart::default(), now: Instant::from_micros(1_000_000) }
        }

        /// A round of `samples` acknowledgements; returns what the last one said.
        fn round(&mut self, millis: u64, samples: u32) -> Pace {
            let sent = self.now;
            let latest = Duration::from_millis(millis);
            self.now += latest;
            let rtt = RttSample { latest, ..RttSample::default() };
            let sample = AckSample { now: self.now, sent, rtt, ..AckSample::default() };
            (0..samples).map(|_| self.hystart.on_ack(&sample)).last().unwrap_or(Pace::Full)
        }
    }

    #[test]
    fn a_steady_delay_lets_slow_start_run() {
        let mut path = Path::new();
        for _ in 0..20 {
            assert_eq!(path.round(40, 10), Pace::Full);
        }
    }

    #[test]
    fn a_rise_of_an_eighth_slows_growth_and_five_rounds_later_ends_it() {
        // RFC 9406 section 4.2.
        let mut path = Path::new();
        path.round(40, 10);
        assert_eq!(path.round(44, 10), Pace::Full);
        assert_eq!(path.round(50, 10), Pace::Divided(4));
        for _ in 0..4 {
            assert_eq!(path.round(50, 10), Pace::Divided(4));
        }
        assert_eq!(path.round(50, 1), Pace::Leave);
    }

    #[test]
    fn a_delay_that_falls_again_was_jitter() {
        // RFC 9406 section 4.2.
        let mut path = Path::new();
        path.round(40, 10);
        assert_eq!(path.round(50, 10), Pace::Divided(4));
        assert_eq!(path.round(45, 10), Pace::Full);
        assert_eq!(path.round(45, 10), Pace::Full);
    }

    #[test]
    fn seven_samples_are_too_few() {
        // RFC 9406 section 4.3: N_RTT_SAMPLE.
        let mut path = Path::new();
        path.round(40, 10);
        assert_eq!(path.round(80, 7), Pace::Full);
    }

    #[test]
    fn the_rise_that_counts_has_bounds() {
        // RFC 9406 section 4.3: MIN_RTT_THRESH and MAX_RTT_THRESH.
        let millis = Duration::from_millis;
        assert_eq!(rise(millis(8)), millis(4));
        assert_eq!(rise(millis(80)), millis(10));
        assert_eq!(rise(millis(800)), millis(16));
    }
}
