//! Field sections that refer to the dynamic table and are not acknowledged yet.

use std::collections::BTreeMap;

use smallvec::SmallVec;

/// Sections that may be unacknowledged; further ones do without the table. It is the peer who
/// decides when it acknowledges.
const MAX_OUTSTANDING: usize = 1024;

/// By stream and order of sending (RFC 9204 section 4.4.1).
#[derive(Debug, Default)]
pub struct Outstanding {
    sections: BTreeMap<(u64, u64), Section>,
    sent: u64,
    /// The highest count that any section required.
    most_required: u64,
}

/// Room for one more stream that may wait for entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// No further stream may.
    None,
    /// Half of those that may wait do so.
    Scarce,
    /// It need not be saved.
    Plenty,
}

#[derive(Debug)]
struct Section {
    required: u64,
    /// How far below `required` each entry is that the section refers to.
    depths: SmallVec<[u32; 10]>,
}

impl Section {
    fn release(&self, mut release: impl FnMut(u64)) {
        self.depths.iter().for_each(|depth| release(self.required - u64::from(*depth)));
    }
}

impl Outstanding {
    /// True if no further section can be noted.
    #[inline]
    pub fn is_full(&self) -> bool {
        self.sections.len() >= MAX_OUTSTANDING
    }

    /// How much room there is for a section of `stream` that refers to entries which the decoder is
    /// not known to have: at most `max_blocked` streams may wait for such (RFC 9204 section 2.1.2).
    #[inline]
    pub fn room(&self, stream: u64, known_received: u64, max_blocked: u64) -> Room {
        let is_plenty =
            self.most_required <= known_received || self.sections.len() as u64 * 2 < max_blocked;
        match max_blocked {
            0 => Room::None,
            _ if is_plenty => Room::Plenty,
            _ => self.counted_room(stream, known_received, max_blocked),
        }
    }

    fn counted_room(&self, stream: u64, known_received: u64, max_blocked: u64) -> Room {
        let (mut at_risk, mut last) = (0, None);
        for ((of, _), section) in &self.sections {
            if section.required <= known_received || last == Some(*of) {
                continue;
            }
            // One that may wait already is no further one.
            if *of == stream {
                return Room::Plenty;
            }
            last = Some(*of);
            at_risk += 1;
        }
        match at_risk {
            _ if at_risk * 2 < max_blocked => Room::Plenty,
            _ if at_risk < max_blocked => Room::Scarce,
            _ => Room::None,
        }
    }

    /// Notes a section that was sent, and that needs the insert count `required` for the entries it
    /// refers to.
    pub fn add(&mut self, stream: u64, required: u64, indexes: &[u64]) {
        let depth = |index: &u64| (required - index) as u32;
        let section = Section { required, depths: indexes.iter().map(depth).collect() };
        self.sections.insert((stream, self.sent), section);
        self.sent += 1;
        self.most_required = self.most_required.max(required);
    }

    /// The oldest section of `stream` was decoded: its references are released. Returns the insert
    /// count that its decoder must have, or `None` if there is no such section.
    pub fn acknowledge(&mut self, stream: u64, release: impl FnMut(u64)) -> Option<u64> {
        // Mostly the streams are acknowledged in order.
        let section = match self.sections.first_entry().filter(|first| first.key().0 == stream) {
            Some(first) => first.remove(),
            None => {
                let key = *self.sections.range((stream, 0)..=(stream, u64::MAX)).next()?.0;
                self.sections.remove(&key)?
            }
        };
        section.release(release);
        Some(section.required)
    }

    /// Nobody will decode what is left of `stream`.
    pub fn cancel(&mut self, stream: u64, mut release: impl FnMut(u64)) {
        while self.acknowledge(stream, &mut release).is_some() {}
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
        assert_eq!(outstanding.room(0, 0, 0), Room::None);
        outstanding.add(0, 1, &[0]);
        outstanding.add(0, 1, &[0]);
        assert_eq!(outstanding.room(8, 0, 2), Room::Scarce);
        assert_eq!(outstanding.room(8, 0, 3), Room::Plenty);
        outstanding.add(4, 2, &[1]);
        assert_eq!(outstanding.room(8, 0, 2), Room::None);
        // One that may wait already is no further one.
        assert_ne!(outstanding.room(4, 0, 2), Room::None);
        // The first can no longer wait.
        assert_ne!(outstanding.room(8, 1, 2), Room::None);
        outstanding.cancel(4, |_| {});
        assert_ne!(outstanding.room(8, 0, 2), Room::None);
        outstanding.cancel(0, |_| {});
        assert!(outstanding.sections.is_empty());
    }

    #[test]
    fn a_peer_that_never_acknowledges_makes_us_remember_no_more_than_the_limit() {
        let mut outstanding = Outstanding::default();
        for stream in 0..MAX_OUTSTANDING as u64 {
            assert!(!outstanding.is_full());
            outstanding.add(4 * stream, 1, &[0]);
        }
        assert!(outstanding.is_full());
        assert_eq!(outstanding.acknowledge(8, |_| {}), Some(1));
        assert!(!outstanding.is_full());
    }
}
