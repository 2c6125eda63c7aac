//! How many streams each end has opened and may open (RFC 9000 section 4.6).

use crate::ranges::RangeSet;
use crate::wire::StreamId;

/// The streams of one direction that we open.
#[derive(Debug)]
pub(super) struct LocalCount {
    opened: u64,
    /// How many the peer allows.
    limit: u64,
    /// How many may be opened in advance while the peer's limit is unknown; none of these may
    /// send before `limit` covers it.
    presumed: u64,
    /// The limit that stood in the way of the last attempt, or [`NEVER`].
    refused_at: u64,
}

/// No limit on the number of streams is as high (RFC 9000 section 4.6).
const NEVER: u64 = u64::MAX;

impl LocalCount {
    /// No stream yet and none allowed; `presumed` can be opened in advance.
    pub(super) const fn new(presumed: u64) -> Self {
        Self { opened: 0, limit: 0, presumed, refused_at: NEVER }
    }

    /// How many streams were opened.
    pub(super) const fn opened(&self) -> u64 {
        self.opened
    }

    /// The peer's limit.
    #[inline]
    pub(super) const fn limit(&self) -> u64 {
        self.limit
    }

    /// Takes the next index, if there is credit.
    pub(super) fn open(&mut self) -> Option<u64> {
        if self.opened >= self.limit.max(self.presumed) {
            return None;
        }
        self.refused_at = NEVER;
        self.opened += 1;
        Some(self.opened - 1)
    }

    /// Notes an attempt in vain; true if the peer was not yet told at this limit.
    pub(super) fn refuse(&mut self) -> bool {
        std::mem::replace(&mut self.refused_at, self.limit) != self.limit
    }

    /// True if an attempt failed at the limit in force.
    pub(super) fn is_blocked(&self) -> bool {
        self.refused_at == self.limit
    }

    /// Takes a limit from the peer; true if an attempt in vain could succeed now.
    // RFC 9000 section 4.6: limits that do not increase are ignored.
    pub(super) fn raise(&mut self, limit: u64) -> bool {
        self.limit = self.limit.max(limit);
        self.presumed = 0;
        let hopeful = self.refused_at != NEVER && self.opened < self.limit;
        if hopeful {
            self.refused_at = NEVER;
        }
        hopeful
    }

    /// Forgets the peer's limit: it was remembered for 0-RTT, which the server rejected.
    pub(super) fn forget_limit(&mut self) {
        self.presumed = self.presumed.max(self.opened);
        self.limit = 0;
        self.refused_at = NEVER;
    }
}

/// What an index names among the streams that the peer opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PeerIndex {
    /// At or above the limit we gave.
    OverLimit,
    /// Never seen in a frame.
    New,
    /// Seen: the stream is in the table, or it is closed.
    Seen,
}

/// The streams of one direction that the peer opens.
#[derive(Debug)]
pub(super) struct PeerCount {
    /// One more than the highest index seen.
    watermark: u64,
    /// Open by implication, below the watermark, and never named by a frame. What is below the
    /// watermark, not here and not in the table is closed: nothing else remembers closed streams.
    untouched: RangeSet,
    /// The limit the peer knows.
    limit: u64,
    closed: u64,
    concurrency: u64,
    /// Named by a frame so far, and how many of these were open at a time at most.
    named: u64,
    peak: u64,
}

impl PeerCount {
    /// The peer may have `concurrency` streams open at a time and knows it.
    pub(super) fn new(concurrency: u64) -> Self {
        let concurrency = concurrency.min(StreamId::MAX_COUNT);
        Self {
            watermark: 0,
            untouched: RangeSet::new(),
            limit: concurrency,
            closed: 0,
            concurrency,
            named: 0,
            peak: 0,
        }
    }

    /// The index of the first stream that the peer has opened neither by a frame nor by implication.
    pub(super) const fn next(&self) -> u64 {
        self.watermark
    }

    /// The limit the peer knows.
    pub(super) const fn limit(&self) -> u64 {
        self.limit
    }

    /// What `index` names.
    #[inline]
    pub(super) fn classify(&self, index: u64) -> PeerIndex {
        if index >= self.limit {
            PeerIndex::OverLimit
        } else if index >= self.watermark || self.untouched.contains(index) {
            PeerIndex::New
        } else {
            PeerIndex::Seen
        }
    }

    /// Notes the first frame for `index`.
    // RFC 9000 section 2.1: opening a stream opens all lower ones of its kind.
    pub(super) fn touch(&mut self, index: u64) {
        if index >= self.watermark {
            self.untouched.insert(self.watermark..index);
            self.watermark = index + 1;
        } else {
            self.untouched.remove(index..index + 1);
        }
        self.named += 1;
        self.peak = self.peak.max(self.named - self.closed);
    }

    /// How many streams frames have named.
    pub(super) const fn opened(&self) -> u64 {
        self.named
    }

    /// How many of them were open at a time, at most.
    pub(super) const fn peak(&self) -> u64 {
        self.peak
    }

    /// Notes that a stream has ended; true if the peer should hear of the credit now.
    ///
    /// That is when its unused credit has fallen to half: then the number of streams it can have
    /// open at a time stays at the configured value however long-lived the others are.
    pub(super) fn on_closed(&mut self) -> bool {
        self.closed += 1;
        self.has_more() && self.limit - self.watermark <= self.concurrency / 2
    }

    /// True if there is credit that the peer does not know of.
    pub(super) fn has_more(&self) -> bool {
        self.next_limit() > self.limit
    }

    /// Raises the limit by the streams that have ended and returns it, to be put into a frame.
    pub(super) fn advance(&mut self) -> u64 {
        self.limit = self.limit.max(self.next_limit());
        self.limit
    }

    fn next_limit(&self) -> u64 {
        (self.closed + self.concurrency).min(StreamId::MAX_COUNT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_open_in_order_up_to_the_limit() {
        let mut count = LocalCount::new(0);
        assert_eq!(count.open(), None);
        assert!(count.refuse());
        assert!(!count.refuse());
        assert!(count.raise(2));
        assert_eq!([count.open(), count.open(), count.open()], [Some(0), Some(1), None]);
        assert!(!count.raise(1));
        assert_eq!(count.limit(), 2);
    }

    #[test]
    fn streams_can_be_opened_before_the_peers_limit_is_known() {
        let mut count = LocalCount::new(2);
        assert_eq!([count.open(), count.open(), count.open()], [Some(0), Some(1), None]);
        count.raise(1);
        assert_eq!(count.open(), None);
        count.raise(3);
        assert_eq!(count.open(), Some(2));
    }

    // RFC 9000 section 2.1.
    #[test]
    fn opening_a_stream_opens_all_lower_ones() {
        let mut count = PeerCount::new(10);
        count.touch(5);
        assert_eq!(count.classify(5), PeerIndex::Seen);
        assert_eq!(count.classify(3), PeerIndex::New);
        count.touch(3);
        assert_eq!(count.classify(3), PeerIndex::Seen);
        assert_eq!(count.classify(10), PeerIndex::OverLimit);
    }

    #[test]
    fn many_closed_streams_leave_nothing_behind() {
        let mut count = PeerCount::new(10);
        for index in 0..1_000_000 {
            count.touch(index);
            if count.on_closed() {
                count.advance();
            }
        }
        assert!(count.untouched.is_empty());
        assert_eq!(count.classify(999_999), PeerIndex::Seen);
    }

    // RFC 9000 section 4.6: with long-lived streams each one closed is made good at once.
    #[test]
    fn long_lived_streams_do_not_eat_up_the_concurrency() {
        let mut count = PeerCount::new(100);
        (0..100).for_each(|index| count.touch(index));
        for round in 0..1_000 {
            assert!(count.on_closed());
            assert_eq!(count.advance(), 101 + round);
            count.touch(100 + round);
        }
    }

    #[test]
    fn short_lived_streams_need_few_updates() {
        let mut count = PeerCount::new(100);
        let mut updates = 0;
        for index in 0..1_000 {
            count.touch(index);
            if count.on_closed() {
                count.advance();
                updates += 1;
            }
        }
        assert_eq!(updates, 20);
    }
}
