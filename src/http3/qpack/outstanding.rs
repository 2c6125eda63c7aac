//! Field sections that refer to the dynamic table and are not acknowledged yet.

use std::collections::{BTreeMap, VecDeque};

use smallvec::SmallVec;

/// By stream, in the order they were sent (RFC 9204 section 4.4.1).
#[derive(Debug, Default)]
pub struct Outstanding {
    streams: BTreeMap<u64, VecDeque<Section>>,
}

#[derive(Debug)]
struct Section {
    required: u64,
    indexes: SmallVec<[u64; 16]>,
}

impl Outstanding {
    /// True if a section of `stream` may refer to entries that the decoder is not known to have: at
    /// most `max_blocked` streams may wait for such (RFC 9204 section 2.1.2).
    pub fn may_block(&self, stream: u64, known_received: u64, max_blocked: u64) -> bool {
        if max_blocked == 0 {
            return false;
        }
        if (self.streams.len() as u64) < max_blocked {
            return true;
        }
        let is_at_risk = |sections: &VecDeque<Section>| {
            sections.iter().any(|section| section.required > known_received)
        };
        if self.streams.get(&stream).is_some_and(is_at_risk) {
            return true;
        }
        let at_risk = self.streams.values().filter(|sections| is_at_risk(sections)).count();
        (at_risk as u64) < max_blocked
    }

    /// Notes a section that was sent.
    pub fn add(&mut self, stream: u64, required: u64, indexes: &[u64]) {
        let section = Section { required, indexes: SmallVec::from_slice(indexes) };
        self.streams.entry(stream).or_default().push_back(section);
    }

    /// The oldest section of `stream` was decoded: its references are released. Returns the insert
    /// count that its decoder must have, or `None` if there is no such section.
    pub fn acknowledge(&mut self, stream: u64, mut release: impl FnMut(u64)) -> Option<u64> {
        let sections = self.streams.get_mut(&stream)?;
        let section = sections.pop_front()?;
        if sections.is_empty() {
            self.streams.remove(&stream);
        }
        section.indexes.iter().for_each(|index| release(*index));
        Some(section.required)
    }

    /// Nobody will decode what is left of `stream`.
    pub fn cancel(&mut self, stream: u64, mut release: impl FnMut(u64)) {
        for section in self.streams.remove(&stream).into_iter().flatten() {
            section.indexes.iter().for_each(|index| release(*index));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_of_a_stream_are_acknowledged_in_order() {
        let mut outstanding = Outstanding::default();
        outstanding.add(4, 1, &[0]);
        outstanding.add(4, 3, &[1, 2]);
        let mut released = Vec::new();
        assert_eq!(outstanding.acknowledge(4, |index| released.push(index)), Some(1));
        assert_eq!(outstanding.acknowledge(0, |index| released.push(index)), None);
        assert_eq!(outstanding.acknowledge(4, |index| released.push(index)), Some(3));
        assert_eq!(outstanding.acknowledge(4, |index| released.push(index)), None);
        assert_eq!(released, [0, 1, 2]);
    }

    #[test]
    fn as_many_streams_as_granted_may_wait() {
        let mut outstanding = Outstanding::default();
        assert!(!outstanding.may_block(0, 0, 0));
        outstanding.add(0, 1, &[0]);
        outstanding.add(4, 2, &[1]);
        assert!(!outstanding.may_block(8, 0, 2));
        // One that may wait already is no further one.
        assert!(outstanding.may_block(4, 0, 2));
        // The first can no longer wait.
        assert!(outstanding.may_block(8, 1, 2));
        outstanding.cancel(4, |_| {});
        assert!(outstanding.may_block(8, 0, 2));
    }
}
