//! The greatest or least value of the last while.

/// An extremum over a sliding span of time or of rounds.
///
/// The span is cut into `N` buckets, each with the extremum of its part, so that memory is fixed
/// and the past leaves in steps of a bucket. Old values leave only when a new one comes: while
/// nothing is measured, what was known stays known.
#[derive(Clone, Copy, Debug)]
pub(in crate::congestion) struct Recent<const N: usize> {
    buckets: [Bucket; N],
    newest: usize,
    least: bool,
    best: u64,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    start: u64,
    value: u64,
}

impl<const N: usize> Recent<N> {
    /// A filter for the greatest value; 0 before the first.
    pub(in crate::congestion) fn greatest() -> Self {
        Self::new(false)
    }

    /// A filter for the least value; `u64::MAX` before the first.
    pub(in crate::congestion) fn least() -> Self {
        Self::new(true)
    }

    fn new(least: bool) -> Self {
        let best = if least { u64::MAX } else { 0 };
        Self { buckets: [Bucket { start: 0, value: best }; N], newest: 0, least, best }
    }

    /// Takes `value`, measured at `now`, and forgets what is older than `span`.
    pub(in crate::congestion) fn update(&mut self, now: u64, value: u64, span: u64) {
        let width = (span / N as u64).max(1);
        if now < self.buckets[self.newest].start {
            // The clock stepped back: nothing tells how old the rest is.
            self.clear();
        }
        let newest = self.buckets[self.newest];
        if now.saturating_sub(newest.start) < width {
            let merged = self.better(newest.value, value);
            self.buckets[self.newest].value = merged;
        } else {
            self.newest = (self.newest + 1) % N;
            self.buckets[self.newest] = Bucket { start: now, value };
        }
        let fresh = self.buckets.iter().filter(|bucket| now.saturating_sub(bucket.start) < span);
        self.best = fresh.fold(value, |best, bucket| self.better(best, bucket.value));
    }

    /// The extremum.
    #[inline]
    pub(in crate::congestion) fn get(&self) -> u64 {
        self.best
    }

    /// Forgets everything.
    pub(in crate::congestion) fn clear(&mut self) {
        *self = Self::new(self.least);
    }

    #[inline]
    fn better(&self, a: u64, b: u64) -> u64 {
        if self.least {
            a.min(b)
        } else {
            a.max(b)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_greatest_value_stays_for_the_span_and_leaves_with_it() {
        let mut recent = Recent::<10>::greatest();
        assert_eq!(recent.get(), 0);
        for round in 1..=30 {
            let value = if round == 5 { 100 } else { round };
            recent.update(round, value, 10);
            let expected = if (5..15).contains(&round) { 100 } else { round };
            assert_eq!(recent.get(), expected, "round {round}");
        }
    }

    #[test]
    fn the_least_value_of_a_span_of_time() {
        let mut recent = Recent::<5>::least();
        assert_eq!(recent.get(), u64::MAX);
        for micros in (0..10_000).step_by(10) {
            let value = if micros == 2_000 { 3 } else { 50 };
            recent.update(1_000_000 + micros, value, 1_000);
            match micros {
                2_000..2_800 => assert_eq!(recent.get(), 3),
                3_000.. => assert_eq!(recent.get(), 50),
                _ => {}
            }
        }
    }

    #[test]
    fn without_new_values_the_old_ones_stay() {
        let mut recent = Recent::<10>::greatest();
        recent.update(1, 100, 10);
        assert_eq!(recent.get(), 100);
        recent.update(50, 7, 10);
        assert_eq!(recent.get(), 7);
    }

    #[test]
    fn a_clock_that_steps_back_starts_over() {
        let mut recent = Recent::<10>::least();
        recent.update(1_000_000, 5, 100);
        recent.update(10, 9, 100);
        assert_eq!(recent.get(), 9);
    }
}
