//! Watches how evenly connection IDs spread over buckets, for hosts that look at that figure: ours
//! is a hash table of its own growth, with a secret key, and needs no such care.

use std::hash::{BuildHasher, Hash};

use foldhash::quality::FixedState;

use crate::time::{Duration, Instant};

/// The most buckets that are counted. Hosts that expect more connections have several of theirs
/// counted as one.
const MAX_BUCKETS: usize = 1 << 16;

/// How long nothing more is said after a bucket was found full.
const SILENCE: Duration = Duration::from_secs(10);

/// A bucket with more connection IDs than the host finds bearable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crowded {
    /// Which one.
    pub bucket: u32,
    /// How many connection IDs it has.
    pub count: u32,
}

/// How many connection IDs each bucket has.
#[derive(Debug)]
pub struct Crowding {
    hash: FixedState,
    counts: Vec<u16>,
    /// Counts above this are worth telling.
    limit: u32,
    found: Option<Crowded>,
    told: Option<Instant>,
}

impl Crowding {
    /// Nothing is counted yet. The host has `buckets` and wants at most `limit` IDs in each; the
    /// hash is keyed with `secret`.
    pub fn new(secret: u64, buckets: usize, limit: u32) -> Self {
        let counted = buckets.clamp(1, MAX_BUCKETS);
        let scale = (buckets / counted).max(1) as u32;
        Self {
            hash: FixedState::with_seed(secret),
            counts: vec![0; counted],
            limit: limit.saturating_mul(scale),
            found: None,
            told: None,
        }
    }

    /// Counts a connection ID.
    pub fn on_added(&mut self, cid: &impl Hash) {
        let bucket = self.bucket(cid);
        self.counts[bucket] = self.counts[bucket].saturating_add(1);
        let count = u32::from(self.counts[bucket]);
        if count > self.limit {
            self.found = Some(Crowded { bucket: bucket as u32, count });
        }
    }

    /// Counts a connection ID no more.
    pub fn on_removed(&mut self, cid: &impl Hash) {
        let bucket = self.bucket(cid);
        self.counts[bucket] = self.counts[bucket].saturating_sub(1);
    }

    /// A bucket that was found full since the last call, unless one was told of lately.
    pub fn take(&mut self, now: Instant) -> Option<Crowded> {
        let found = self.found.take()?;
        let silent = self.told.is_some_and(|told| now.saturating_since(told) < SILENCE);
        if silent {
            return None;
        }
        self.told = Some(now);
        Some(found)
    }

    /// True if [`Crowding::take`] may have something to tell.
    #[inline]
    pub fn has_found(&self) -> bool {
        self.found.is_some()
    }

    fn bucket(&self, cid: &impl Hash) -> usize {
        (self.hash.hash_one(cid) % self.counts.len() as u64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Instant {
        Instant::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn a_full_bucket_is_told_once_in_ten_seconds() {
        let mut crowding = Crowding::new(7, 1, 2);
        for cid in 0..2 {
            crowding.on_added(&cid);
        }
        assert_eq!(crowding.take(at(1)), None);
        crowding.on_added(&2);
        assert_eq!(crowding.take(at(1)), Some(Crowded { bucket: 0, count: 3 }));
        crowding.on_added(&3);
        assert!(crowding.has_found());
        assert_eq!(crowding.take(at(5)), None);
        crowding.on_added(&4);
        assert_eq!(crowding.take(at(11)), Some(Crowded { bucket: 0, count: 5 }));
    }

    #[test]
    fn what_is_removed_makes_room() {
        let mut crowding = Crowding::new(7, 1, 2);
        for cid in 0..100 {
            crowding.on_added(&cid);
            crowding.on_removed(&cid);
        }
        assert_eq!(crowding.take(at(1)), None);
    }

    #[test]
    fn a_host_with_a_million_buckets_costs_no_more_than_one_with_some_ten_thousand() {
        let mut crowding = Crowding::new(7, 1 << 20, 50);
        assert_eq!(crowding.counts.len(), MAX_BUCKETS);
        (0..100_000).for_each(|cid| crowding.on_added(&cid));
        assert_eq!(crowding.take(at(1)), None);
    }
}
