//! All streams of one connection.

use std::collections::VecDeque;

use super::backlog::Backlog;
use super::block::BlockPool;
use super::control::Control;
use super::counts::{LocalCount, PeerCount};
use super::event::StreamEvent;
use super::flow::{RecvWindow, SendCredit};
use super::list::{Kind, List};
use super::ready::{Place, ReadyStreams};
use super::recorder::Recorder;
use super::recv::RecvStream;
use super::send::SendStream;
use super::slots::{Life, Side, Slots, Writer};
use super::state::{RecvState, RecvStep};
use super::StreamKey;
use crate::time::Instant;
use crate::wire::{Direction, Role, StreamId};

/// What one end allows the other from the start, as its transport parameters say
/// (RFC 9000 section 18.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Bytes on all streams together.
    pub max_data: u64,
    /// Bytes on each bidirectional stream that the end with these limits opens.
    pub max_stream_data_bidi_local: u64,
    /// Bytes on each bidirectional stream that the other end opens.
    pub max_stream_data_bidi_remote: u64,
    /// Bytes on each unidirectional stream that the other end opens.
    pub max_stream_data_uni: u64,
    /// Bidirectional streams that the other end may have opened.
    pub max_streams_bidi: u64,
    /// Unidirectional streams that the other end may have opened.
    pub max_streams_uni: u64,
}

/// What is known of the peer's limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PeerLimits {
    /// Nothing: streams can be opened and written in advance, but nothing is sent.
    Unknown,
    /// They have been set.
    Known,
}

/// All streams of one connection: their data, their states, and the credit of both ends.
///
/// No packet, clock or socket is known here. Frames come in through the `on_*` methods, go out
/// through [`Streams::write_frames`], and what became of them comes back through
/// [`Streams::on_acked`] and [`Streams::on_lost`]. After each of these the caller should drain
/// [`Streams::poll_event`] and look at [`Streams::readable`] and [`Streams::writable`].
///
/// Without streams it holds no memory beside itself.
#[derive(Debug)]
pub struct Streams {
    pub(super) role: Role,
    pub(super) slots: Slots,
    pub(super) pool: BlockPool,
    /// Streams with data to send.
    pub(super) ready: ReadyStreams,
    /// Streams that can be read.
    pub(super) readable: List,
    /// Streams whose last write was cut short and that can be written again.
    pub(super) writable: List,
    /// Streams whose last write was cut short because the send buffers were full.
    pub(super) awaiting_space: List,
    /// Streams with control frames to send.
    pub(super) controlled: List,
    /// Control frames of the connection that wait.
    pub(super) control: Control,
    pub(super) events: VecDeque<StreamEvent>,
    /// Streams that we open, by direction.
    pub(super) local: [LocalCount; 2],
    /// Streams that the peer opens, by direction.
    pub(super) peer: [PeerCount; 2],
    /// The windows we give new streams.
    limits: Limits,
    /// The least window of a stream whose rate is bounded.
    pub(super) least_stream_window: u64,
    /// The windows the peer gives new streams.
    pub(super) peer_limits: Limits,
    pub(super) peer_knowledge: PeerLimits,
    /// What we may send on all streams together.
    pub(super) credit: SendCredit,
    /// What the peer may send on all streams together.
    pub(super) window: RecvWindow,
    /// The sum of the highest offsets the peer has sent: what counts against `window`.
    pub(super) received: u64,
    /// Bytes the send buffers hold at most, see [`Streams::write`].
    pub(super) most: u64,
    /// Bytes in the send buffers from which on no write takes more than the share of its stream.
    pub(super) capacity: u64,
    /// A write was cut short because the send buffers were full.
    pub(super) filled: bool,
    /// What the send buffers hold.
    pub(super) backlog: Backlog,
    /// Streams of which everything arrived, both ways.
    pub(super) finished: u64,
    /// Streams that are opened keep a record.
    pub(super) recorder: Option<Box<Recorder>>,
    /// The time, for records.
    pub(super) now: Instant,
}

impl Streams {
    /// A connection's end without streams. It allows the peer `limits` and keeps at most about
    /// `send_capacity` bytes that are written and not yet acknowledged.
    pub fn new(role: Role, limits: Limits, send_capacity: u64) -> Self {
        let (bidi, uni) = (limits.max_streams_bidi, limits.max_streams_uni);
        Self {
            role,
            slots: Slots::new(),
            pool: BlockPool::new(),
            ready: ReadyStreams::new(),
            readable: List::new(Kind::Read),
            writable: List::new(Kind::Write),
            awaiting_space: List::new(Kind::Write),
            controlled: List::new(Kind::Control),
            control: Control::default(),
            events: VecDeque::new(),
            local: [LocalCount::new(bidi), LocalCount::new(uni)],
            peer: [PeerCount::new(bidi), PeerCount::new(uni)],
            limits,
            least_stream_window: 0,
            peer_limits: Limits::default(),
            peer_knowledge: PeerLimits::Unknown,
            credit: SendCredit::default(),
            window: RecvWindow::new(limits.max_data),
            received: 0,
            most: send_capacity,
            capacity: send_capacity,
            filled: false,
            backlog: Backlog::default(),
            finished: 0,
            recorder: None,
            now: Instant::from_micros(0),
        }
    }

    /// Takes the limits of the peer: remembered ones for 0-RTT, then those of its transport
    /// parameters. Until then nothing is sent.
    // RFC 9000 section 7.4.1: accepted 0-RTT means that no limit is lower than the remembered one.
    pub fn set_peer_limits(&mut self, limits: &Limits) {
        self.peer_limits = *limits;
        self.peer_knowledge = PeerLimits::Known;
        if self.credit.raise(limits.max_data) {
            self.ready.on_credit(&mut self.slots, self.credit.available());
        }
        self.permit(Direction::Bidirectional, limits.max_streams_bidi);
        self.permit(Direction::Unidirectional, limits.max_streams_uni);
        for slot in self.slots.all() {
            let limit = self.send_limit(self.slots[slot].id);
            self.raise_stream_limit(slot, limit);
        }
        for direction in [Direction::Bidirectional, Direction::Unidirectional] {
            if self.local[direction as usize].is_blocked() {
                self.control.add(Control::streams_blocked(direction));
            }
        }
    }

    /// The key of the stream with that ID, if a frame has named it and it has not closed.
    pub fn key(&self, id: StreamId) -> Option<StreamKey> {
        self.slots.look_up(id).map(|slot| self.slots.key(slot))
    }

    /// The keys of all streams that were not forgotten.
    pub fn keys(&self) -> impl Iterator<Item = StreamKey> + '_ {
        self.slots.keys()
    }

    /// The ID of a stream that was not forgotten.
    #[inline]
    pub fn id(&self, key: StreamKey) -> Option<StreamId> {
        self.slots.find(key).map(|slot| self.slots[slot].id)
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<StreamEvent> {
        let event = self.events.pop_front()?;
        if let StreamEvent::ResetByPeer { key, .. } = event {
            if let Some(slot) = self.slots.find(key) {
                self.tell_reset(slot);
            }
        }
        if self.events.is_empty() && self.events.capacity() > 64 {
            self.events = VecDeque::new();
        }
        Some(event)
    }

    /// Frees the slot of a stream that has closed; the key is stale from then on. Does nothing
    /// for other streams.
    pub fn forget(&mut self, key: StreamKey) {
        if let Some(slot) = self.slots.find(key) {
            if self.slots[slot].life == Life::Closed {
                if let Some(recorder) = &mut self.recorder {
                    recorder.end(self.slots[slot].record.take());
                }
                self.slots.remove(slot);
            }
        }
    }

    /// Lets writes begin only while the send buffers hold less than `capacity` bytes of streams that
    /// are as urgent or more; beyond that each stream has a share of its own. A write that begins is
    /// taken whole, as far as the send capacity of [`Streams::new`] reaches: a host that writes all
    /// it has in one call need not come back, one that writes piece by piece is held at what the
    /// path can use.
    #[inline]
    pub fn set_write_ahead(&mut self, capacity: u64) {
        self.capacity = capacity.min(self.most);
    }

    /// True if free memory is kept for later use; see [`BlockPool::release`].
    #[inline]
    pub fn keeps_free_memory(&self) -> bool {
        self.pool.free() > 0 || self.recorder.as_deref().is_some_and(Recorder::keeps_memory)
    }

    /// True if the peer has acknowledged all that was written, and nothing waits to be sent.
    pub fn is_all_acked(&self) -> bool {
        self.backlog.total() == 0 && !self.wants_to_send()
    }

    /// How many streams are held, with those that closed and were not forgotten.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// True if no stream is held.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes written and not yet acknowledged.
    pub fn bytes_buffered(&self) -> u64 {
        self.backlog.total()
    }

    /// Bytes the peer may still send before it needs more credit.
    pub fn receive_credit(&self) -> u64 {
        self.window.limit().saturating_sub(self.received)
    }

    /// The blocks that stream data lies in; CRYPTO data may share them.
    pub fn pool(&mut self) -> &mut BlockPool {
        &mut self.pool
    }

    /// A stream's sending part at its beginning.
    pub(super) fn new_send(&self, id: StreamId) -> Side<SendStream> {
        if id.direction() == Direction::Unidirectional && id.initiator() != self.role {
            return Side::Absent;
        }
        Side::live(SendStream::new(self.send_limit(id)))
    }

    /// A stream's receiving part at its beginning.
    pub(super) fn new_recv(&self, id: StreamId) -> Side<RecvStream> {
        let window = match (id.direction(), id.initiator() == self.role) {
            (Direction::Unidirectional, true) => return Side::Absent,
            (Direction::Unidirectional, false) => self.limits.max_stream_data_uni,
            (Direction::Bidirectional, true) => self.limits.max_stream_data_bidi_local,
            (Direction::Bidirectional, false) => self.limits.max_stream_data_bidi_remote,
        };
        Side::live(RecvStream::new(window))
    }

    /// What the peer takes on a new stream with that ID.
    fn send_limit(&self, id: StreamId) -> u64 {
        match (id.direction(), id.initiator() == self.role) {
            (Direction::Unidirectional, _) => self.peer_limits.max_stream_data_uni,
            (Direction::Bidirectional, true) => self.peer_limits.max_stream_data_bidi_remote,
            (Direction::Bidirectional, false) => self.peer_limits.max_stream_data_bidi_local,
        }
    }

    /// True if frames for the stream may go out: the peer knows it or lets us open it.
    fn is_permitted(&self, id: StreamId) -> bool {
        id.initiator() != self.role || id.index() < self.local[id.direction() as usize].limit()
    }

    /// Lets us open `limit` streams, and those opened in advance send.
    pub(super) fn permit(&mut self, direction: Direction, limit: u64) {
        let count = &mut self.local[direction as usize];
        let before = count.limit();
        let hopeful = count.raise(limit);
        for index in before..count.limit().min(count.opened()) {
            if let Some(slot) = self.slots.look_up(StreamId::new(self.role, direction, index)) {
                self.queue_control(slot, Control::default());
                self.refresh(slot);
            }
        }
        if hopeful {
            self.control.remove(Control::streams_blocked(direction));
            self.events.push_back(StreamEvent::LimitRaised(direction));
        }
    }

    /// Takes a limit from the peer for one stream.
    pub(super) fn raise_stream_limit(&mut self, slot: u32, limit: u64) {
        let Some(send) = self.slots[slot].send.get_mut() else { return };
        if send.raise(limit) {
            self.slots[slot].control.remove(Control::BLOCKED);
        }
        self.refresh(slot);
        if self.slots[slot].writer == Writer::AwaitsCredit {
            let room = self.slots[slot].send.is_live() && self.space(slot) > 0;
            self.set_writer(slot, if room { Writer::MayWrite } else { Writer::AwaitsSpace });
        }
    }

    /// Puts a stream into the list of ready streams where it belongs, or out of it.
    pub(super) fn refresh(&mut self, slot: u32) {
        let stream = &self.slots[slot];
        let send = match &stream.send {
            Side::Live(send) if send.wants_to_send() && self.is_permitted(stream.id) => send,
            _ => return self.ready.remove(&mut self.slots, slot),
        };
        if self.credit.available() > 0 || send.wants_to_repeat() {
            self.ready.add(&mut self.slots, slot);
        } else if stream.place != Place::AwaitsCredit {
            self.set_aside(slot);
        }
    }

    /// Lets a stream wait for connection credit, and tells the peer.
    pub(super) fn set_aside(&mut self, slot: u32) {
        self.ready.set_aside(&mut self.slots, slot);
        if self.credit.should_report() {
            self.control.add(Control::BLOCKED);
        }
    }

    /// Lets a control frame of a stream wait to be sent.
    pub(super) fn queue_control(&mut self, slot: u32, frame: Control) {
        self.slots[slot].control.add(frame);
        let stream = &self.slots[slot];
        let linked = stream.links.contains(Kind::Control);
        if !linked && !stream.control.is_empty() && self.is_permitted(stream.id) {
            self.controlled.push_back(&mut self.slots, slot);
        }
    }

    /// Puts a stream into the list of readable streams, or out of it.
    #[inline]
    pub(super) fn set_readable(&mut self, slot: u32, readable: bool) {
        match (self.slots[slot].links.contains(Kind::Read), readable) {
            (false, true) => self.readable.push_back(&mut self.slots, slot),
            (true, false) => self.readable.remove(&mut self.slots, slot),
            _ => {}
        }
    }

    /// Notes what a stream's writer waits for.
    pub(super) fn set_writer(&mut self, slot: u32, writer: Writer) {
        let before = std::mem::replace(&mut self.slots[slot].writer, writer);
        if before == writer {
            return;
        }
        match before {
            Writer::MayWrite => self.writable.remove(&mut self.slots, slot),
            Writer::AwaitsSpace => self.awaiting_space.remove(&mut self.slots, slot),
            Writer::Content | Writer::AwaitsCredit => {}
        }
        match writer {
            Writer::MayWrite => self.writable.push_back(&mut self.slots, slot),
            Writer::AwaitsSpace => self.awaiting_space.push_back(&mut self.slots, slot),
            Writer::Content | Writer::AwaitsCredit => {}
        }
    }

    /// Returns connection credit to the peer.
    #[inline]
    pub(super) fn return_credit(&mut self, bytes: u64) {
        if self.window.consume(bytes) {
            self.control.add(Control::MAX_DATA);
        }
    }

    /// Gives up a stream's sending part; true if that had not happened before.
    pub(super) fn reset_send(&mut self, slot: u32, code: u64) -> bool {
        let Some(send) = self.slots[slot].send.get_mut() else { return false };
        let Some(freed) = send.reset(code, &mut self.pool) else { return false };
        self.backlog.remove(self.slots[slot].priority, 0, freed);
        self.ready.remove(&mut self.slots, slot);
        self.set_writer(slot, Writer::Content);
        self.slots[slot].control.remove(Control::BLOCKED);
        self.queue_control(slot, Control::RESET);
        true
    }

    /// Notes that the application knows of the peer's reset.
    pub(super) fn tell_reset(&mut self, slot: u32) {
        let Some(recv) = self.slots[slot].recv.get_mut() else { return };
        let Ok(state) = recv.state.on(RecvStep::ResetTold) else { return };
        recv.state = state;
        let code = recv.reset_code;
        self.end_recv(slot, Side::Reset(code));
    }

    /// Ends a receiving part whose end is known and which nobody reads.
    pub(super) fn end_unread(&mut self, slot: u32) {
        let Some(recv) = self.slots[slot].recv.get_mut() else { return };
        let end = match recv.state {
            RecvState::ResetRecvd => Side::Reset(recv.reset_code),
            _ => Side::Finished,
        };
        self.end_recv(slot, end);
    }

    /// Ends a stream's receiving part, which holds no data any more.
    pub(super) fn end_recv(&mut self, slot: u32, end: Side<RecvStream>) {
        self.set_readable(slot, false);
        let stream = &mut self.slots[slot];
        stream.settle_record();
        stream.recv = end;
        stream.control.remove(Control::STOP);
        stream.control.remove(Control::MAX_DATA);
        self.close_if_ended(slot);
    }

    /// Ends a stream's sending part, which holds no data any more.
    pub(super) fn end_send(&mut self, slot: u32, end: Side<SendStream>) {
        self.ready.remove(&mut self.slots, slot);
        self.set_writer(slot, Writer::Content);
        let stream = &mut self.slots[slot];
        stream.settle_record();
        if let (Some(_), Some(recorder)) = (&stream.record, &mut self.recorder) {
            recorder.ask_for_path(StreamKey { slot, generation: stream.generation });
        }
        stream.send = end;
        stream.control.remove(Control::RESET);
        stream.control.remove(Control::BLOCKED);
        self.close_if_ended(slot);
    }

    /// Closes a stream of which no part lives, gives its credit back and tells so, once.
    // RFC 9000 section 4.6: a stream counts as open until both parts are in a terminal state.
    fn close_if_ended(&mut self, slot: u32) {
        let stream = &self.slots[slot];
        if stream.life == Life::Closed || stream.send.is_live() || stream.recv.is_live() {
            return;
        }
        let id = stream.id;
        let reset = matches!(stream.send, Side::Reset(_)) || matches!(stream.recv, Side::Reset(_));
        self.finished += u64::from(!reset);
        let stream = &mut self.slots[slot];
        if let Some(record) = stream.record.as_deref_mut() {
            record.closed = Some(self.now);
        }
        if stream.links.contains(Kind::Control) {
            self.controlled.remove(&mut self.slots, slot);
        }
        self.slots.close(slot);
        let direction = id.direction();
        if id.initiator() != self.role && self.peer[direction as usize].on_closed() {
            self.control.add(Control::max_streams(direction));
        }
        self.events.push_back(StreamEvent::Closed(self.slots.key(slot)));
    }
}
