//! What the records of a connection's streams have in common, where they are kept.

use super::record::{PathState, Record};
use super::streams::Streams;
use super::StreamKey;
use crate::time::Instant;

/// Records whose memory is kept for later streams.
const MAX_SPARE_RECORDS: usize = 32;

/// Something that holds back what there is to send.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wait {
    pub(super) since: Instant,
    /// It does not any more, but something else may.
    pub(super) until: Option<Instant>,
}

impl Wait {
    const fn new(since: Instant) -> Self {
        Self { since, until: None }
    }
}

/// A wait under way, and the last one with the packet that ended it: all streams in that packet
/// have waited.
#[derive(Debug, Default)]
struct Barrier {
    current: Option<Wait>,
    last: Option<(u32, Wait)>,
}

impl Barrier {
    #[inline]
    fn end(&mut self, packet: u32) -> Option<Wait> {
        if let Some(wait) = self.current.take() {
            self.last = Some((packet, wait));
        }
        self.last.filter(|(ended_by, _)| *ended_by == packet).map(|(_, wait)| wait)
    }
}

/// Makes records, and knows what goes into all of them.
#[derive(Debug, Default)]
pub(super) struct Recorder {
    window: Barrier,
    pacer: Barrier,
    /// Counts packets, so that several frames in one count as one packet.
    packet: u32,
    /// Probe timeouts in a row.
    probe_timeouts: u32,
    /// Streams that began or ended sending, and whose records lack the state of the path.
    unstated: Vec<StreamKey>,
    #[allow(clippy::vec_box, reason = "the boxes are what is used again")]
    spare: Vec<Box<Record>>,
}

impl Recorder {
    /// The number of the packet that is being written, never 0.
    #[inline]
    pub(super) fn packet(&self) -> u32 {
        self.packet
    }

    /// Probe timeouts in a row.
    #[inline]
    pub(super) fn probe_timeouts(&self) -> u32 {
        self.probe_timeouts
    }

    /// How long the packet being written waited for the congestion window, if it did.
    #[inline]
    pub(super) fn end_window_wait(&mut self) -> Option<Wait> {
        self.window.end(self.packet)
    }

    /// How long the packet being written waited for the pacer, if it did.
    #[inline]
    pub(super) fn end_pacer_wait(&mut self) -> Option<Wait> {
        self.pacer.end(self.packet)
    }

    /// Has the state of the path noted for a stream.
    #[inline]
    pub(super) fn ask_for_path(&mut self, key: StreamKey) {
        self.unstated.push(key);
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

    /// Notes that a packet is about to be written, after so many probe timeouts in a row. True if
    /// records lack the state of the path, see [`Streams::note_path`].
    #[inline]
    pub fn begin_packet(&mut self, probe_timeouts: u32) -> bool {
        let Some(recorder) = &mut self.recorder else { return false };
        recorder.packet = recorder.packet.wrapping_add(1).max(1);
        recorder.probe_timeouts = probe_timeouts;
        !recorder.unstated.is_empty()
    }

    /// Notes the state of the path for the streams that began or ended sending since the last
    /// packet.
    pub fn note_path(&mut self, state: PathState) {
        let Some(recorder) = &mut self.recorder else { return };
        for key in recorder.unstated.drain(..) {
            let Some(slot) = self.slots.find(key) else { continue };
            let stream = &mut self.slots[slot];
            let over = !stream.send.is_live();
            if let Some(record) = stream.record.as_deref_mut() {
                if record.written.is_some() {
                    record.path_at_begin.get_or_insert(state);
                }
                if over {
                    record.path_at_end.get_or_insert(state);
                }
            }
        }
    }

    /// Notes that the congestion window holds back what there is to send.
    #[inline]
    pub fn on_held_back(&mut self, now: Instant) {
        if let Some(recorder) = &mut self.recorder {
            recorder.window.current.get_or_insert(Wait::new(now)).until = None;
        }
    }

    /// Notes that the pacer holds back what the congestion window lets go.
    #[inline]
    pub fn on_paced(&mut self, now: Instant) {
        if let Some(recorder) = &mut self.recorder {
            if let Some(wait) = &mut recorder.window.current {
                wait.until.get_or_insert(now);
            }
            recorder.pacer.current.get_or_insert(Wait::new(now));
        }
    }

    /// Gives the memory of records back that no stream has.
    pub fn release_records(&mut self) {
        if let Some(recorder) = &mut self.recorder {
            recorder.spare = Vec::new();
        }
    }
}
