//! What the records of a connection's streams have in common, where they are kept.

use super::record::Record;
use super::streams::Streams;
use crate::time::{Duration, Instant};

/// Records whose memory is kept for later streams.
const MAX_SPARE_RECORDS: usize = 32;

/// Makes records, and knows what goes into all of them.
#[derive(Debug, Default)]
pub(super) struct Recorder {
    /// How long the congestion window held back what there was to send.
    held: Duration,
    /// It does so now, since then.
    held_since: Option<Instant>,
    /// Probe timeouts in a row.
    pub(super) probe_timeouts: u32,
    #[allow(clippy::vec_box, reason = "the boxes are what is used again")]
    spare: Vec<Box<Record>>,
}

impl Recorder {
    /// How long the congestion window held back streams, all in all.
    #[inline]
    pub(super) fn held(&self, now: Instant) -> Duration {
        let current = self.held_since.map_or(Duration::ZERO, |since| now.saturating_since(since));
        self.held + current
    }

    /// As [`Self::held`], where something leaves.
    #[inline]
    pub(super) fn end_hold(&mut self, now: Instant) -> Duration {
        if self.held_since.is_some() {
            self.held = self.held(now);
            self.held_since = None;
        }
        self.held
    }

    /// The record of a new stream.
    pub(super) fn begin(&mut self, now: Instant) -> Box<Record> {
        let record = Record::new(now);
        match self.spare.pop() {
            Some(mut place) => {
                *place = record;
                place
            }
            None => Box::new(record),
        }
    }

    /// Keeps the memory of a record.
    pub(super) fn end(&mut self, record: Option<Box<Record>>) {
        if self.spare.len() < MAX_SPARE_RECORDS {
            self.spare.extend(record);
        }
    }

    /// True if memory is kept.
    pub(super) fn keeps_memory(&self) -> bool {
        !self.spare.is_empty()
    }
}

impl Streams {
    /// Keeps a [`Record`] for each stream that is opened from now on.
    pub fn keep_records(&mut self) {
        self.recorder.get_or_insert_default();
    }

    /// Notes that the congestion window holds back what there is to send.
    #[inline]
    pub fn on_held_back(&mut self, now: Instant) {
        if let Some(recorder) = &mut self.recorder {
            recorder.held_since.get_or_insert(now);
        }
    }

    /// The number of probe timeouts in a row, for records.
    #[inline]
    pub fn set_probe_timeouts(&mut self, count: u32) {
        if let Some(recorder) = &mut self.recorder {
            recorder.probe_timeouts = count;
        }
    }

    /// Gives the memory of records back that no stream has.
    pub fn release_records(&mut self) {
        if let Some(recorder) = &mut self.recorder {
            recorder.spare = Vec::new();
        }
    }
}
