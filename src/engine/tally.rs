//! How often something came within a span of time, without a record of what it was.

use std::hash::{BuildHasher, Hash};

use foldhash::quality::FixedState;

use crate::time::{Duration, Instant};

/// Items are told apart by so many counters; two that share one share its count.
const COUNTERS: usize = 1024;

/// Counts items in windows of time and allows each so many occurrences.
#[derive(Debug)]
pub struct Tally {
    hash: FixedState,
    window: Duration,
    most: u8,
    window_start: Instant,
    /// Empty until the first item.
    counters: Vec<u8>,
}

impl Tally {
    /// Nothing was counted yet; each item is allowed `most` times in a `window`. `secret` keys the
    /// hash of items, so that nobody can choose one that shares another's counter.
    pub fn new(secret: u64, window: Duration, most: u8) -> Self {
        let hash = FixedState::with_seed(secret);
        Self { hash, window, most, window_start: Instant::default(), counters: Vec::new() }
    }

    /// True if `item` may occur once more; counts it.
    pub fn take(&mut self, now: Instant, item: impl Hash) -> bool {
        if self.counters.is_empty() || now.saturating_since(self.window_start) >= self.window {
            self.window_start = now;
            self.counters.clear();
            self.counters.resize(COUNTERS, 0);
        }
        let counter = &mut self.counters[self.hash.hash_one(item) as usize % COUNTERS];
        let allowed = *counter < self.most;
        *counter += u8::from(allowed);
        allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::IpAddr;

    #[test]
    fn one_item_is_allowed_so_often_in_a_window() {
        let (one, other) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        let window = Duration::from_secs(5);
        let mut tally = Tally::new(1, window, 2);
        let start = Instant::from_micros(50_000_000);
        assert_eq!((0..100).filter(|_| tally.take(start, one)).count(), 2);
        assert!(tally.take(start, other));
        assert!(!tally.take(start + Duration::from_secs(4), one));
        assert!(tally.take(start + window, one));
    }
}
