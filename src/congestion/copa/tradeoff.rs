//! Delta: how much throughput is worth in delay, and when others force it down (section 2.2).

use super::delay::Delay;
use crate::congestion::{AckSample, CopaParameters};
use crate::time::Instant;

/// Flows of Copa alone empty the queue at least once in so many round-trip times.
const EMPTY_WITHIN: u64 = 5;
/// Without a loss, delta falls to this fraction at most.
///
/// Flows that fill the queue cause losses. Several flows of Copa that take each other for such do
/// not, and without this bound they would drive each other on for as long as the queue has room.
const LEAST_WITHOUT_LOSS: f64 = 0.5;

/// Delta, and whether a flow that fills the queue is about.
///
/// 1/delta packets is what a flow keeps in the queue. Against flows that fill the queue it is moved
/// like a window of NewReno: up by one in each round, half after a loss.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tradeoff {
    base: f64,
    greatest: f64,
    unit: f64,
    delta: f64,
    competition: Option<Competition>,
    /// When the queue was last nearly empty.
    emptied: Instant,
}

/// Somebody else keeps the queue from emptying.
#[derive(Clone, Copy, Debug)]
struct Competition {
    /// How low delta may go before the next loss.
    least: f64,
    /// There was a loss, so it is no mistake.
    certain: bool,
}

impl Tradeoff {
    /// The trade-off that the host asks for; what makes no sense is replaced by the default.
    pub(super) fn new(parameters: &CopaParameters) -> Self {
        let usable = |value: f64, otherwise: f64| {
            if value > 0.0 && value.is_finite() {
                value
            } else {
                otherwise
            }
        };
        let default = CopaParameters::DEFAULT;
        let greatest = usable(parameters.delta_max, default.delta_max).min(1.0);
        let base = usable(parameters.delta_base, default.delta_base).min(greatest);
        let unit = usable(parameters.delta_unit, default.delta_unit).max(1.0);
        Self { base, greatest, unit, delta: base, competition: None, emptied: Instant::default() }
    }

    /// Delta now.
    #[inline]
    pub(super) fn delta(&self) -> f64 {
        self.delta
    }

    /// Judges the queue; `round` if a round began.
    pub(super) fn on_ack(&mut self, sample: &AckSample, delay: &Delay, round: bool) {
        let patience = sample.rtt.smoothed.saturating_mul(EMPTY_WITHIN);
        if delay.is_nearly_empty() {
            self.cooperate(sample.now);
        } else if round {
            match self.competition {
                Some(competition) => self.press(competition, sample.now),
                None if sample.now.saturating_since(self.emptied) >= patience => {
                    let least = self.delta * LEAST_WITHOUT_LOSS;
                    self.competition = Some(Competition { least, certain: false });
                }
                None => {}
            }
        }
    }

    /// One packet more in the queue, if the competition is real.
    fn press(&mut self, competition: Competition, now: Instant) {
        self.delta /= 1.0 + self.unit * self.delta;
        if self.delta > competition.least {
            return;
        }
        self.delta = competition.least;
        if !competition.certain {
            self.cooperate(now);
        }
    }

    /// The queue is, or is taken to be, in the hands of flows like this one.
    fn cooperate(&mut self, now: Instant) {
        self.emptied = now;
        self.competition = None;
        self.delta = self.base;
    }

    /// Packets were lost, for the first time in this round trip.
    pub(super) fn on_loss(&mut self) {
        if let Some(competition) = &mut self.competition {
            self.delta = (2.0 * self.delta).min(self.greatest);
            *competition = Competition { least: self.delta * LEAST_WITHOUT_LOSS, certain: true };
        }
    }

    /// Nothing was sent: nothing was learned about the queue.
    pub(super) fn on_idle_restart(&mut self, now: Instant) {
        self.emptied = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::congestion::RttSample;
    use crate::time::Duration;

    struct Queue {
        tradeoff: Tradeoff,
        delay: Delay,
        now: Instant,
        round: u64,
    }

    impl Queue {
        fn new() -> Self {
            let tradeoff = Tradeoff::new(&CopaParameters::DEFAULT);
            Self { tradeoff, delay: Delay::new(), now: Instant::from_micros(1_000_000), round: 0 }
        }

        fn round(&mut self, millis: u64) -> f64 {
            let latest = Duration::from_millis(millis);
            self.now += latest;
            self.round += 1;
            let rtt = RttSample { latest, smoothed: latest, ..RttSample::default() };
            let sample = AckSample { now: self.now, rtt, ..AckSample::default() };
            self.delay.update(&sample, self.round);
            self.tradeoff.on_ack(&sample, &self.delay, true);
            self.tradeoff.delta()
        }
    }

    #[test]
    fn a_queue_that_empties_leaves_delta_alone() {
        let mut queue = Queue::new();
        for _ in 0..20 {
            assert_eq!(queue.round(40), 0.05);
            assert_eq!(queue.round(60), 0.05);
        }
    }

    #[test]
    fn a_queue_that_never_empties_lowers_delta_and_losses_raise_it() {
        let mut queue = Queue::new();
        queue.round(40);
        for _ in 0..5 {
            assert_eq!(queue.round(60), 0.05);
        }
        // One packet more in the queue: 1/delta from 20 to 21.
        assert!((1.0 / queue.round(60) - 21.0).abs() < 1e-9);
        assert!((1.0 / queue.round(60) - 22.0).abs() < 1e-9);
        queue.tradeoff.on_loss();
        assert!((1.0 / queue.tradeoff.delta() - 11.0).abs() < 1e-9);
        for _ in 0..10 {
            queue.tradeoff.on_loss();
        }
        assert_eq!(queue.tradeoff.delta(), 0.5);
        assert_eq!(queue.round(40), 0.05, "an empty queue ends the competition");
    }

    #[test]
    fn a_competition_without_losses_was_a_mistake() {
        let mut queue = Queue::new();
        queue.round(40);
        let deltas: Vec<f64> = (0..100).map(|_| queue.round(60)).collect();
        let least = deltas.iter().copied().fold(1.0, f64::min);
        assert!(least > 0.05 * LEAST_WITHOUT_LOSS);
        assert!(deltas.iter().rev().take(30).any(|delta| *delta == 0.05));
    }

    #[test]
    fn losses_without_competition_mean_nothing() {
        let mut queue = Queue::new();
        queue.round(40);
        queue.tradeoff.on_loss();
        assert_eq!(queue.tradeoff.delta(), 0.05);
    }
}
