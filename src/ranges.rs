//! A set of `u64` kept as disjoint half-open ranges: packet numbers received, bytes arrived,
//! bytes acknowledged.

use std::ops::Range;

use smallvec::SmallVec;

/// Disjoint, non-adjacent ranges in ascending order.
///
/// Nearly always there is one range that grows at its upper end, so that case costs no search and
/// two ranges no heap cell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RangeSet {
    ranges: SmallVec<[Range<u64>; 2]>,
}

impl RangeSet {
    /// An empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds `range`; returns how many of its values are new to the set.
    #[inline]
    pub fn insert(&mut self, range: Range<u64>) -> u64 {
        if range.start >= range.end {
            return 0;
        }
        match self.ranges.last_mut() {
            Some(last) if range.start == last.end => {
                let added = range.end - range.start;
                last.end = range.end;
                added
            }
            Some(last) if range.start > last.end => {
                let added = range.end - range.start;
                self.ranges.push(range);
                added
            }
            None => {
                let added = range.end - range.start;
                self.ranges.push(range);
                added
            }
            Some(_) => self.insert_within(range),
        }
    }

    /// Adds a range that starts at or below the end of the last one: merges all it touches.
    fn insert_within(&mut self, range: Range<u64>) -> u64 {
        let first = self.ranges.partition_point(|r| r.end < range.start);
        let after = self.ranges.partition_point(|r| r.start <= range.end);
        if first == after {
            let added = range.end - range.start;
            self.ranges.insert(first, range);
            return added;
        }
        let known: u64 = self.ranges[first..after]
            .iter()
            .map(|r| r.end.min(range.end).saturating_sub(r.start.max(range.start)))
            .sum();
        let merged =
            range.start.min(self.ranges[first].start)..range.end.max(self.ranges[after - 1].end);
        let added = (range.end - range.start) - known;
        self.ranges[first] = merged;
        self.ranges.drain(first + 1..after);
        added
    }

    /// Takes `range` out of the set; returns how many values that removed.
    pub fn remove(&mut self, range: Range<u64>) -> u64 {
        if range.start >= range.end {
            return 0;
        }
        let first = self.ranges.partition_point(|r| r.end <= range.start);
        let after = self.ranges.partition_point(|r| r.start < range.end);
        if first >= after {
            return 0;
        }
        let removed = self.ranges[first..after]
            .iter()
            .map(|r| r.end.min(range.end) - r.start.max(range.start))
            .sum();
        let head = self.ranges[first].start..range.start;
        let tail = range.end..self.ranges[after - 1].end;
        self.ranges.drain(first..after);
        if !tail.is_empty() {
            self.ranges.insert(first, tail);
        }
        if !head.is_empty() {
            self.ranges.insert(first, head);
        }
        removed
    }

    /// Takes out every value below `floor`.
    pub fn remove_below(&mut self, floor: u64) {
        let gone = self.ranges.partition_point(|r| r.end <= floor);
        if gone > 0 {
            self.ranges.drain(..gone);
        }
        if let Some(first) = self.ranges.first_mut() {
            first.start = first.start.max(floor);
        }
    }

    /// Takes out and returns the lowest range.
    pub fn pop_first(&mut self) -> Option<Range<u64>> {
        (!self.ranges.is_empty()).then(|| self.ranges.remove(0))
    }

    /// True if `value` is in the set.
    #[inline]
    pub fn contains(&self, value: u64) -> bool {
        match self.ranges.last() {
            Some(last) if value >= last.start => value < last.end,
            _ => self.range_of(value).is_some(),
        }
    }

    /// The range that holds `value`.
    pub fn range_of(&self, value: u64) -> Option<Range<u64>> {
        let index = self.ranges.partition_point(|r| r.end <= value);
        self.ranges.get(index).filter(|r| r.start <= value).cloned()
    }

    /// The lowest range that holds `value` or lies above it.
    pub fn first_from(&self, value: u64) -> Option<Range<u64>> {
        let index = self.ranges.partition_point(|r| r.end <= value);
        self.ranges.get(index).cloned()
    }

    /// The lowest range.
    #[inline]
    pub fn first(&self) -> Option<Range<u64>> {
        self.ranges.first().cloned()
    }

    /// The highest range.
    #[inline]
    pub fn last(&self) -> Option<Range<u64>> {
        self.ranges.last().cloned()
    }

    /// How many separate ranges there are.
    #[inline]
    pub fn len(&self) -> usize {
        self.ranges.len()
    }

    /// True if nothing is in the set.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// The ranges, lowest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Range<u64>> + ExactSizeIterator + '_ {
        self.ranges.iter().cloned()
    }

    /// Empties the set and gives its memory back.
    pub fn clear(&mut self) {
        self.ranges = SmallVec::new();
    }
}

#[cfg(test)]
#[allow(clippy::single_range_in_vec_init)] // A set of one range is what is meant.
mod tests {
    use super::*;

    fn set(ranges: &[Range<u64>]) -> RangeSet {
        let mut set = RangeSet::new();
        for range in ranges {
            set.insert(range.clone());
        }
        set
    }

    fn list(set: &RangeSet) -> Vec<Range<u64>> {
        set.iter().collect()
    }

    #[test]
    fn adjacent_ranges_merge() {
        assert_eq!(list(&set(&[0..3, 3..5, 7..9, 5..7])), vec![0..9]);
    }

    #[test]
    fn only_new_values_are_counted() {
        let mut s = set(&[2..4, 6..8]);
        assert_eq!(s.insert(0..10), 6);
        assert_eq!(s.insert(3..5), 0);
        assert_eq!(s.insert(9..12), 2);
    }

    #[test]
    fn an_empty_range_changes_nothing() {
        let mut s = set(&[1..2]);
        assert_eq!(s.insert(5..5), 0);
        assert_eq!(s.remove(1..1), 0);
        assert_eq!(list(&s), vec![1..2]);
    }

    #[test]
    fn removal_splits_a_range() {
        let mut s = set(&[0..10]);
        assert_eq!(s.remove(3..5), 2);
        assert_eq!(list(&s), vec![0..3, 5..10]);
        assert_eq!(s.remove(2..20), 6);
        assert_eq!(list(&s), vec![0..2]);
    }

    #[test]
    fn remove_below_trims_the_range_it_meets() {
        let mut s = set(&[0..4, 6..9]);
        s.remove_below(7);
        assert_eq!(list(&s), vec![7..9]);
    }

    #[test]
    fn a_search_from_a_value_finds_the_range_around_or_above_it() {
        let s = set(&[2..4, 6..8]);
        assert_eq!(s.first_from(3), Some(2..4));
        assert_eq!(s.first_from(4), Some(6..8));
        assert_eq!(s.first_from(8), None);
    }

    #[test]
    fn it_agrees_with_a_plain_set_of_numbers() {
        let mut state = 7_u64;
        let mut ranges = RangeSet::new();
        let mut model = std::collections::BTreeSet::new();
        for _ in 0..4000 {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            let start = (state >> 33) % 200;
            let end = start + (state >> 50) % 12;
            if state >> 63 == 0 {
                let added = (start..end).filter(|v| model.insert(*v)).count() as u64;
                assert_eq!(ranges.insert(start..end), added);
            } else {
                let removed = (start..end).filter(|v| model.remove(v)).count() as u64;
                assert_eq!(ranges.remove(start..end), removed);
            }
            assert!((0..220).all(|v| ranges.contains(v) == model.contains(&v)));
            assert!(list(&ranges).windows(2).all(|w| w[0].end < w[1].start));
        }
    }
}
