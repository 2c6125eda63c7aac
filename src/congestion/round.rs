//! Round trips counted by packets.

use super::AckSample;
use crate::time::Instant;

/// The present round: it lasts until a packet that was sent in it is acknowledged.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Round {
    start: Instant,
}

impl Round {
    /// True if `sample` ends the round; the next one begins with it.
    #[inline]
    pub(super) fn on_ack(&mut self, sample: &AckSample) -> bool {
        // A clock that stepped back must not hold up all rounds until it has caught up.
        let over = sample.sent >= self.start || sample.now < self.start;
        if over {
            self.start = sample.now;
        }
        over
    }

    /// A round begins at `now`, whatever the last one was about.
    pub(super) fn restart(&mut self, now: Instant) {
        self.start = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(round: &mut Round, sent: u64, now: u64) -> bool {
        let (sent, now) = (Instant::from_micros(sent), Instant::from_micros(now));
        round.on_ack(&AckSample { sent, now, ..AckSample::default() })
    }

    #[test]
    fn a_round_ends_with_a_packet_sent_in_it() {
        let mut round = Round::default();
        assert!(ends(&mut round, 10, 100));
        assert!(!ends(&mut round, 99, 190));
        assert!(ends(&mut round, 101, 200));
        assert!(!ends(&mut round, 199, 290));
        round.restart(Instant::from_micros(300));
        assert!(!ends(&mut round, 299, 390));
    }

    #[test]
    fn a_clock_that_steps_back_begins_a_round() {
        let mut round = Round::default();
        assert!(ends(&mut round, 900, 1_000));
        assert!(ends(&mut round, 10, 20));
        assert!(!ends(&mut round, 15, 25));
    }
}
