//! How often one address is answered that we share no connection with.

use std::hash::BuildHasher;
use std::net::IpAddr;

use foldhash::quality::FixedState;

use crate::time::{Duration, Instant};

/// The span that answers are counted over.
const WINDOW: Duration = Duration::from_secs(5);

/// Answers to one address in a window, as upstream.
const MAX_PER_PEER: u8 = 2;

/// Addresses are told apart by so many counters; two that share one share its answers.
const COUNTERS: usize = 1024;

/// Counts the answers of the current window by address.
#[derive(Debug)]
pub struct PeerLimit {
    hash: FixedState,
    window_start: Instant,
    /// Empty until the first answer.
    counters: Vec<u8>,
}

impl PeerLimit {
    /// Nothing was answered yet. `secret` keys the hash of addresses, so that nobody can choose
    /// one that shares another's counter.
    pub fn new(secret: u64) -> Self {
        let hash = FixedState::with_seed(secret);
        Self { hash, window_start: Instant::default(), counters: Vec::new() }
    }

    /// True if one more answer may go to `peer`; counts it.
    pub fn take(&mut self, now: Instant, peer: IpAddr) -> bool {
        if self.counters.is_empty() || now.saturating_since(self.window_start) >= WINDOW {
            self.window_start = now;
            self.counters.clear();
            self.counters.resize(COUNTERS, 0);
        }
        let counter = &mut self.counters[self.hash.hash_one(peer) as usize % COUNTERS];
        let allowed = *counter < MAX_PER_PEER;
        *counter += u8::from(allowed);
        allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_gets_two_answers_in_a_window() {
        let (one, other) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        let mut limit = PeerLimit::new(1);
        let start = Instant::from_micros(50_000_000);
        assert_eq!((0..100).filter(|_| limit.take(start, one)).count(), 2);
        assert!(limit.take(start, other));
        assert!(!limit.take(start + Duration::from_secs(4), one));
        assert!(limit.take(start + WINDOW, one));
    }
}
