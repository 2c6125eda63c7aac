//! Token-bucket policers: paths that let a burst through and then drop what exceeds a rate.
//!
//! The greatest sample of ten rounds is the burst's rate there, so following it loses much. If two
//! stretches of heavy loss deliver at the same rate, that rate is the policer's.

use crate::congestion::RateSample;
use crate::time::{Duration, Instant};

/// Rounds a stretch has at least and at most.
const STRETCH_ROUNDS: std::ops::RangeInclusive<u32> = 4..=16;
/// A stretch needs one byte lost for so many delivered.
const LOSS_RATIO: u64 = 5;
/// Two rates are the same if they differ by one part in so many ...
const SAME_RATIO: u64 = 8;
/// ... or by so many bytes per second.
const SAME_RATE: u64 = 4_000;
/// Rounds for which a rate is used before the path is tried again.
const USE_ROUNDS: u32 = 48;
/// A stretch shorter than this tells no rate.
const SHORTEST: Duration = Duration::from_millis(1);

/// Looks for a policer, or knows its rate.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Policer {
    state: State,
}

#[derive(Clone, Copy, Debug, Default)]
enum State {
    #[default]
    Unsuspicious,
    /// Losses began; `rate` is that of the last stretch, 0 before the first.
    Watching { stretch: Stretch, rate: u64 },
    /// `rate` was found `rounds` rounds ago.
    Found { rate: u64, rounds: u32 },
}

#[derive(Clone, Copy, Debug)]
struct Stretch {
    start: Instant,
    delivered_before: u64,
    lost: u64,
    rounds: u32,
}

impl Policer {
    /// The policer's rate in bytes per second, if one was found.
    pub(super) fn rate(&self) -> Option<u64> {
        match self.state {
            State::Found { rate, .. } => Some(rate),
            _ => None,
        }
    }

    /// Forgets everything.
    pub(super) fn restart(&mut self) {
        self.state = State::Unsuspicious;
    }

    /// Takes a sample; `limited` if the application sent too little to tell.
    pub(super) fn on_ack(&mut self, now: Instant, rate: &RateSample, limited: bool, round: bool) {
        match &mut self.state {
            State::Unsuspicious if rate.newly_lost > 0 && !limited => {
                self.state = State::Watching { stretch: Stretch::new(now, rate), rate: 0 };
            }
            State::Unsuspicious => {}
            State::Found { rounds, .. } => {
                *rounds += u32::from(round);
                if *rounds >= USE_ROUNDS {
                    self.restart();
                }
            }
            State::Watching { .. } if limited => self.restart(),
            State::Watching { stretch, rate: before } => {
                stretch.rounds += u32::from(round);
                stretch.lost += rate.newly_lost;
                if stretch.rounds > *STRETCH_ROUNDS.end() {
                    self.restart();
                } else if let Some(measured) = stretch.rate(now, rate) {
                    self.state = State::after(*before, measured, Stretch::new(now, rate));
                }
            }
        }
    }
}

impl State {
    fn after(before: u64, measured: u64, stretch: Stretch) -> Self {
        let difference = before.abs_diff(measured);
        let same = difference <= before / SAME_RATIO || difference <= SAME_RATE;
        if before > 0 && same {
            Self::Found { rate: before.midpoint(measured), rounds: 0 }
        } else {
            Self::Watching { stretch, rate: measured }
        }
    }
}

impl Stretch {
    fn new(now: Instant, rate: &RateSample) -> Self {
        Self { start: now, delivered_before: rate.total_delivered, lost: 0, rounds: 0 }
    }

    /// The rate delivered, if the stretch is long enough and ends in heavy loss.
    fn rate(&self, now: Instant, rate: &RateSample) -> Option<u64> {
        let delivered = rate.total_delivered.saturating_sub(self.delivered_before);
        let elapsed = now.saturating_since(self.start);
        let heavy = delivered > 0 && self.lost >= delivered / LOSS_RATIO;
        let ready = STRETCH_ROUNDS.contains(&self.rounds) && rate.newly_lost > 0;
        if !ready || !heavy || elapsed < SHORTEST {
            return None;
        }
        delivered.saturating_mul(1_000_000).checked_div(elapsed.as_micros())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each round delivers `delivered` bytes in 10 ms and loses `lost`.
    fn rounds(policer: &mut Policer, from: &mut (u64, u64), count: u32, delivered: u64, lost: u64) {
        for _ in 0..count {
            from.0 += 10_000;
            from.1 += delivered;
            let rate =
                RateSample { total_delivered: from.1, newly_lost: lost, ..RateSample::default() };
            policer.on_ack(Instant::from_micros(from.0), &rate, false, true);
        }
    }

    #[test]
    fn two_stretches_of_heavy_loss_at_one_rate_are_a_policer() {
        let (mut policer, mut from) = (Policer::default(), (1_000_000, 0));
        rounds(&mut policer, &mut from, 5, 10_000, 5_000);
        assert_eq!(policer.rate(), None);
        rounds(&mut policer, &mut from, 4, 10_000, 5_000);
        assert_eq!(policer.rate(), Some(1_000_000));
    }

    #[test]
    fn light_loss_is_no_policer() {
        let (mut policer, mut from) = (Policer::default(), (1_000_000, 0));
        rounds(&mut policer, &mut from, 200, 10_000, 1_000);
        assert_eq!(policer.rate(), None);
    }

    #[test]
    fn the_rate_is_used_for_48_rounds() {
        let (mut policer, mut from) = (Policer::default(), (1_000_000, 0));
        rounds(&mut policer, &mut from, 9, 10_000, 5_000);
        rounds(&mut policer, &mut from, 47, 10_000, 0);
        assert!(policer.rate().is_some());
        rounds(&mut policer, &mut from, 1, 10_000, 0);
        assert_eq!(policer.rate(), None);
    }
}
