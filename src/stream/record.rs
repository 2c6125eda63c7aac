//! What a stream remembers of its life, where somebody asked for it.

use super::recorder::Recorder;
use super::slots::{Side, Stream};
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
    /// Bytes sent, each counted once.
    pub bytes_sent: u64,
    /// Bytes that the application read.
    pub bytes_read: u64,
    /// Bytes up to the highest offset received.
    pub bytes_received: u64,
    /// The length of what the peer sends, once it is known.
    pub final_size: Option<u64>,
    /// STREAM frames that were declared lost.
    pub frames_lost: u32,
    /// STREAM frames sent.
    pub frames_sent: u32,
    /// Of these, those that repeated something.
    pub frames_repeated: u32,
    /// STREAM frames received.
    pub frames_received: u32,
    /// Probe timeouts in a row when something was sent, at most.
    pub probe_timeouts: u32,
    /// How long data waited for the congestion window.
    pub held: Duration,
    /// What the recorder had counted when `held` was last counted up.
    hold_counted: Duration,
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
            bytes_sent: 0,
            bytes_read: 0,
            bytes_received: 0,
            final_size: None,
            frames_lost: 0,
            frames_sent: 0,
            frames_repeated: 0,
            frames_received: 0,
            probe_timeouts: 0,
            held: Duration::ZERO,
            hold_counted: Duration::ZERO,
        }
    }
}

impl Record {
    /// Notes a STREAM frame that leaves.
    #[inline]
    pub(super) fn on_sent(
        &mut self,
        recorder: &mut Recorder,
        now: Instant,
        repeats: bool,
        fin: bool,
    ) {
        let held = recorder.end_hold(now);
        self.sent.get_or_insert(now);
        self.probe_timeouts = self.probe_timeouts.max(recorder.probe_timeouts);
        self.held = self.held + held.saturating_sub(self.hold_counted);
        self.hold_counted = held;
        self.frames_sent += 1;
        self.frames_repeated += u32::from(repeats || (fin && self.fin_sent.is_some()));
        if fin {
            self.fin_sent.get_or_insert(now);
            self.fin_sent_last = Some(now);
        }
    }

    /// Notes that data begins to wait.
    #[inline]
    pub(super) fn on_queued(&mut self, held: Duration) {
        self.hold_counted = held;
    }

    /// Notes a STREAM frame that came.
    #[inline]
    pub(super) fn on_received(&mut self, now: Instant, fin: bool) {
        self.received.get_or_insert(now);
        self.received_last = Some(now);
        self.frames_received += 1;
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
            record.bytes_sent = send.buffer.next();
        }
        if let Side::Live(recv) = &self.recv {
            record.bytes_read = recv.window.consumed();
            record.bytes_received = recv.highest();
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
