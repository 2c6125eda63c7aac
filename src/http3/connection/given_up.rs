//! What comes to nothing because of what the peer does: requests that are made to be cancelled, and
//! unidirectional streams that nobody knows. They cost it less than us (RFC 9114 section 10.5).

use crate::time::{Duration, Instant};

/// How many more may come to nothing than come to their end, in one go.
const MAX_GIVEN_UP: u32 = 1000;

/// How often one of them is forgiven: who closes pages for hours does no harm.
const FORGIVEN_EVERY: Duration = Duration::from_millis(10);

/// How many there were, less those that are made up for.
#[derive(Debug)]
pub(super) struct GivenUp {
    count: u32,
    /// Since when the passing of time was not counted.
    since: Instant,
}

impl Default for GivenUp {
    fn default() -> Self {
        Self { count: 0, since: Instant::from_micros(0) }
    }
}

impl GivenUp {
    /// Time has passed.
    #[inline]
    pub fn forgive(&mut self, now: Instant) {
        if self.count == 0 {
            self.since = now;
            return;
        }
        let every = FORGIVEN_EVERY.as_micros();
        let periods = now.saturating_since(self.since).as_micros() / every;
        self.count = self.count.saturating_sub(u32::try_from(periods).unwrap_or(u32::MAX));
        self.since += Duration::from_micros(periods * every);
    }

    /// One more was given up; false if that is one too many.
    #[must_use]
    pub fn add(&mut self) -> bool {
        self.count = self.count.saturating_add(1);
        self.count <= MAX_GIVEN_UP
    }

    #[cfg(test)]
    pub fn count(&self) -> u32 {
        self.count
    }

    /// One came to its end.
    pub fn make_up(&mut self) {
        self.count = self.count.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Instant {
        Instant::from_micros(millis * 1000)
    }

    #[test]
    fn a_burst_is_too_much_and_a_trickle_is_not() {
        let mut burst = GivenUp::default();
        burst.forgive(at(5000));
        assert!((0..MAX_GIVEN_UP).all(|_| burst.add()));
        assert!(!burst.add());
        let mut trickle = GivenUp::default();
        for n in 0..100_000 {
            trickle.forgive(at(5000 + 10 * n));
            assert!(trickle.add());
        }
    }

    #[test]
    fn requests_that_end_well_make_up_for_others() {
        let mut given_up = GivenUp::default();
        for _ in 0..10_000 {
            assert!(given_up.add());
            given_up.make_up();
        }
    }
}
