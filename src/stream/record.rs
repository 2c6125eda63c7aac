//! What a stream remembers of its life, where somebody asked for it.

use super::recorder::{Recorder, Wait};
use super::slots::{Life, Side, Stream};
use super::state::{RecvState, SendState};
use super::streams::Streams;
use super::StreamKey;
use crate::time::{Duration, Instant};
use crate::wire::{Direction, Role};

/// When things happened on a stream for the first time, and how much went each way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// It was opened.
    pub created: Instant,
    /// The application wrote.
    pub written: Option<Instant>,
    /// Data left.
    pub sent: Option<Instant>,
    /// The application wrote the end.
    pub fin_written: Option<Instant>,
    /// The end left.
    pub fin_sent: Option<Instant>,
    /// The end left, the last time.
    pub fin_sent_last: Option<Instant>,
    /// The end was acknowledged.
    pub fin_acked: Option<Instant>,
    /// Everything was acknowledged.
    pub all_acked: Option<Instant>,
    /// Data or the end came.
    pub received: Option<Instant>,
    /// Data or the end came, the last time.
    pub received_last: Option<Instant>,
    /// The end came.
    pub fin_received: Option<Instant>,
    /// The application read the end.
    pub fin_read: Option<Instant>,
    /// The application gave up sending.
    pub reset: Option<Instant>,
    /// RESET_STREAM left.
    pub reset_sent: Option<Instant>,
    /// RESET_STREAM came.
    pub reset_received: Option<Instant>,
    /// Both parts had ended.
    pub closed: Option<Instant>,
    /// Bytes that the application wrote.
    pub bytes_written: u64,
    /// Bytes that the application read.
    pub bytes_read: u64,
    /// Bytes received up to the first gap.
    pub bytes_received: u64,
    /// The length of what the peer sends, once it is known.
    pub final_size: Option<u64>,
    /// STREAM frames that were declared lost.
    pub frames_lost: u32,
    /// STREAM frames sent.
    pub frames_sent: FrameCount,
    /// STREAM frames received.
    pub frames_received: FrameCount,
    /// Packets sent with STREAM frames.
    pub packets_sent: u32,
    /// Of these, those that repeated something.
    pub packets_repeated: u32,
    /// Probe timeouts in a row when something was written, sent or acknowledged, at most.
    pub probe_timeouts: u32,
    /// Packets that waited for the congestion window.
    pub window_waits: Waits,
    /// Packets that waited for the pacer.
    pub pacer_waits: Waits,
    /// The path when the application first wrote.
    pub path_at_begin: Option<PathState>,
    /// The path when everything, or the reset, was acknowledged.
    pub path_at_end: Option<PathState>,
    /// Since then the stream has had something to send.
    queued: Instant,
    /// The last packet that was counted, by the recorder's number.
    packet: u32,
}

/// Frames of one direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FrameCount {
    /// How many, copies included.
    pub frames: u32,
    /// Their bytes of data.
    pub bytes: u64,
}

impl FrameCount {
    #[inline]
    fn add(&mut self, bytes: usize) {
        self.frames += 1;
        self.bytes += bytes as u64;
    }
}

/// How often something stood in the way of a stream, and how long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waits {
    /// Packets.
    pub count: u32,
    /// The time, summed up over these.
    pub time: Duration,
}

impl Waits {
    #[inline]
    fn add(&mut self, wait: Option<Wait>, queued: Instant, now: Instant) {
        if let Some(wait) = wait {
            self.count += 1;
            let end = wait.until.unwrap_or(now);
            self.time = self.time + end.saturating_since(wait.since.max(queued));
        }
    }
}

/// Where a path and its controls stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PathState {
    /// The congestion window, in bytes.
    pub window: u64,
    /// Bytes in flight.
    pub in_flight: u64,
    /// The bandwidth that the controller knows or that its window makes, in bytes per second.
    pub bandwidth: u64,
    /// How fast the controller wants to send, in bytes per second.
    pub pacing_rate: u64,
    /// The smoothed round-trip time.
    pub rtt: Duration,
}

impl Record {
    /// The record of a stream on which nothing has happened.
    pub fn new(created: Instant) -> Self {
        Self {
            created,
            written: None,
            sent: None,
            fin_written: None,
            fin_sent: None,
            fin_sent_last: None,
            fin_acked: None,
            all_acked: None,
            received: None,
            received_last: None,
            fin_received: None,
            fin_read: None,
            reset: None,
            reset_sent: None,
            reset_received: None,
            closed: None,
            bytes_written: 0,
            bytes_read: 0,
            bytes_received: 0,
            final_size: None,
            frames_lost: 0,
            frames_sent: FrameCount::default(),
            frames_received: FrameCount::default(),
            packets_sent: 0,
            packets_repeated: 0,
            probe_timeouts: 0,
            window_waits: Waits::default(),
            pacer_waits: Waits::default(),
            path_at_begin: None,
            path_at_end: None,
            queued: created,
            packet: 0,
        }
    }
}

impl Record {
    /// Notes a STREAM frame with `len` bytes that leaves, of which some may be `repeated`.
    #[inline]
    pub(super) fn on_sent(
        &mut self,
        recorder: &mut Recorder,
        now: Instant,
        (len, repeated): (usize, bool),
        fin: bool,
    ) {
        self.sent.get_or_insert(now);
        self.frames_sent.add(len);
        if self.packet != recorder.packet() {
            self.packet = recorder.packet();
            self.packets_sent += 1;
            self.packets_repeated += u32::from(repeated || (fin && self.fin_sent.is_some()));
            self.notice_timeouts(recorder);
            if self.queued < now {
                self.window_waits.add(recorder.end_window_wait(), self.queued, now);
                self.pacer_waits.add(recorder.end_pacer_wait(), self.queued, now);
            }
        }
        if fin {
            self.fin_sent.get_or_insert(now);
            self.fin_sent_last = Some(now);
        }
    }

    /// Notes probe timeouts that have not been answered.
    #[inline]
    pub(super) fn notice_timeouts(&mut self, recorder: &Recorder) {
        self.probe_timeouts = self.probe_timeouts.max(recorder.probe_timeouts());
    }

    /// Notes that the application wrote, true if it was the first time; `idle` if nothing else
    /// waits to be sent.
    #[inline]
    pub(super) fn on_written(&mut self, recorder: &Recorder, now: Instant, idle: bool) -> bool {
        if idle {
            self.queued = now;
        }
        self.notice_timeouts(recorder);
        let first = self.written.is_none();
        self.written.get_or_insert(now);
        first
    }

    /// Notes a STREAM frame with `len` bytes that came.
    #[inline]
    pub(super) fn on_received(&mut self, now: Instant, len: usize, fin: bool) {
        self.received.get_or_insert(now);
        self.received_last = Some(now);
        self.frames_received.add(len);
        if fin {
            self.fin_received.get_or_insert(now);
        }
    }
}

impl Stream {
    /// Takes the counts of the parts that live into the record.
    pub(super) fn settle_record(&mut self) {
        let Some(record) = self.record.as_deref_mut() else { return };
        if let Side::Live(send) = &self.send {
            record.bytes_written = send.buffer.end();
        }
        if let Side::Live(recv) = &self.recv {
            record.bytes_read = recv.window.consumed();
            record.bytes_received = recv.buffer.contiguous();
            record.final_size = (recv.state != RecvState::Recv).then(|| recv.highest());
        }
    }
}

/// Numbers of streams and bytes since the connection began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Bytes of streams sent, each counted once.
    pub bytes_sent: u64,
    /// Bytes of streams received, up to the highest offset of each.
    pub bytes_received: u64,
    /// Streams of which everything arrived, both ways.
    pub finished: u64,
    /// Bidirectional streams that the peer had open at a time, at most.
    pub peer_bidi_peak: u64,
}

impl Streams {
    /// The time of what happens from now on.
    #[inline]
    pub fn set_time(&mut self, now: Instant) {
        self.now = now;
    }

    /// Begins the record of a stream that was just opened, if records are kept.
    #[inline]
    pub(super) fn begin_record(&mut self, slot: u32) {
        if let Some(recorder) = &mut self.recorder {
            self.slots[slot].record = Some(recorder.begin(self.now));
        }
    }

    /// What a stream that was not forgotten remembers.
    pub fn record(&mut self, key: StreamKey) -> Option<&Record> {
        let slot = self.slots.find(key)?;
        let stream = &mut self.slots[slot];
        stream.settle_record();
        stream.record.as_deref()
    }

    /// Where both parts of a stream stand; `None` for a part it does not have.
    pub fn states(&self, key: StreamKey) -> Option<(Option<SendState>, Option<RecvState>)> {
        let stream = &self.slots[self.slots.find(key)?];
        let send = match &stream.send {
            Side::Absent => None,
            Side::Live(send) => Some(send.state),
            Side::Finished => Some(SendState::DataRecvd),
            Side::Reset(_) => Some(SendState::ResetRecvd),
        };
        let recv = match &stream.recv {
            Side::Absent => None,
            Side::Live(recv) => Some(recv.state),
            Side::Finished => Some(RecvState::DataRead),
            Side::Reset(_) => Some(RecvState::ResetRead),
        };
        Some((send, recv))
    }

    /// True if both parts of a stream have ended.
    pub fn has_closed(&self, key: StreamKey) -> bool {
        self.slots.find(key).is_some_and(|slot| self.slots[slot].life == Life::Closed)
    }

    /// The code that a part of a stream was given up with, the sending part first.
    pub fn reset_code(&self, key: StreamKey) -> Option<u64> {
        let stream = &self.slots[self.slots.find(key)?];
        let sent = match &stream.send {
            Side::Live(send) if send.state == SendState::ResetSent => Some(send.reset.code),
            Side::Reset(code) => Some(*code),
            _ => None,
        };
        let received = match &stream.recv {
            Side::Live(recv) if recv.state == RecvState::ResetRecvd => Some(recv.reset_code),
            Side::Reset(code) => Some(*code),
            _ => None,
        };
        sent.or(received)
    }

    /// Numbers of all streams together.
    pub fn totals(&self) -> Totals {
        Totals {
            bytes_sent: self.credit.used(),
            bytes_received: self.received,
            finished: self.finished,
            peer_bidi_peak: self.peer[Direction::Bidirectional as usize].peak(),
        }
    }

    /// How many bidirectional streams `role` has opened.
    pub fn opened_bidi(&self, role: Role) -> u64 {
        let index = Direction::Bidirectional as usize;
        match role == self.role {
            true => self.local[index].opened(),
            false => self.peer[index].opened(),
        }
    }
}
