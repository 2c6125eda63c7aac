//! Acknowledgements that come in lumps (draft-cardwell-iccrg-bbr-congestion-control-02
//! section 4.5.5).

use super::{carried, Recent};
use crate::time::{Duration, Instant};

/// Rounds for which a lump is remembered.
const ROUNDS: u64 = 10;
/// Room for lumps is at most what the path carries in this time.
const LONGEST_SILENCE: Duration = Duration::from_millis(100);

/// How much more was acknowledged at once than the bandwidth explains.
///
/// Wireless links and offloading hold acknowledgements back. A window of only bandwidth times
/// delay would run dry meanwhile, so it gets as much more as lately came in a lump.
#[derive(Clone, Copy, Debug)]
pub(in crate::congestion) struct Aggregation {
    start: Instant,
    /// Bytes acknowledged since `start`.
    acked: u64,
    extra: Recent<5>,
}

impl Aggregation {
    /// Nothing was seen yet.
    pub(in crate::congestion) fn new() -> Self {
        Self { start: Instant::default(), acked: 0, extra: Recent::greatest() }
    }

    /// `acked` bytes were acknowledged in round `round` while the path carried `bandwidth` bytes
    /// per second and the window was `window`.
    pub(in crate::congestion) fn on_ack(
        &mut self,
        now: Instant,
        round: u64,
        acked: u64,
        bandwidth: u64,
        window: u64,
    ) {
        let mut expected = carried(bandwidth, now.saturating_since(self.start));
        if self.acked <= expected {
            self.restart(now);
            expected = 0;
        }
        self.acked += acked;
        let extra = self.acked.saturating_sub(expected).min(window);
        self.extra.update(round, extra, ROUNDS);
    }

    /// A new count begins at `now`.
    pub(in crate::congestion) fn restart(&mut self, now: Instant) {
        self.start = now;
        self.acked = 0;
    }

    /// Bytes to add to a window for a path of `bandwidth` bytes per second.
    #[inline]
    pub(in crate::congestion) fn allowance(&self, bandwidth: u64) -> u64 {
        self.extra.get().min(carried(bandwidth, LONGEST_SILENCE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: u64 = 1_000_000;

    fn run(lump: u64, gap: u64) -> u64 {
        let mut aggregation = Aggregation::new();
        for count in 1..=100 {
            let now = Instant::from_micros(1_000_000 + count * gap);
            aggregation.on_ack(now, count / 10, lump, RATE, 1_000_000);
        }
        aggregation.allowance(RATE)
    }

    #[test]
    fn smooth_acknowledgements_need_no_more_than_one() {
        assert_eq!(run(1_000, 1_000), 1_000);
    }

    #[test]
    fn lumps_are_allowed_for_up_to_a_tenth_of_a_second() {
        assert_eq!(run(30_000, 30_000), 30_000);
        assert_eq!(run(500_000, 500_000), 100_000);
    }
}
