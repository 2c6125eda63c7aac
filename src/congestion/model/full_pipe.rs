//! Has the path shown all its bandwidth? (draft-cardwell-iccrg-bbr-congestion-control-02
//! section 4.3.1.2)

/// Growth by this factor shows that there may be more.
const GROWTH: f64 = 1.25;
/// Rounds without growth after which there is no more.
const ROUNDS: u8 = 3;

/// Watches bandwidth grow, round by round.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::congestion) struct FullPipe {
    reached: bool,
    best: u64,
    rounds: u8,
}

impl FullPipe {
    /// A round ended with an estimate of `bandwidth` bytes per second.
    pub(in crate::congestion) fn on_round(&mut self, bandwidth: u64) {
        if self.reached {
            return;
        }
        if bandwidth as f64 >= self.best as f64 * GROWTH {
            self.best = bandwidth;
            self.rounds = 0;
            return;
        }
        self.rounds += 1;
        self.reached = self.rounds >= ROUNDS;
    }

    /// The pipe is full for another reason.
    pub(in crate::congestion) fn declare(&mut self) {
        self.reached = true;
    }

    /// True once the pipe has been full.
    #[inline]
    pub(in crate::congestion) fn reached(&self) -> bool {
        self.reached
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_rounds_without_a_quarter_more_mean_full() {
        let mut pipe = FullPipe::default();
        for bandwidth in [100, 200, 400, 440, 480] {
            pipe.on_round(bandwidth);
            assert!(!pipe.reached());
        }
        pipe.on_round(499);
        assert!(pipe.reached());
    }
}
