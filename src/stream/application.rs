//! What the application does with streams.

use super::block::BLOCK_SIZE;
use super::control::Control;
use super::event::{OpenError, Read, ReadError, UnknownStream, WriteError};
use super::ready::Priority;
use super::send::{Fin, SendStream};
use super::slots::{Side, Writer};
use super::state::{RecvState, RecvStep, SendState};
use super::streams::{PeerLimits, Streams};
use super::StreamKey;
use crate::wire::{Direction, StreamId};

/// Bytes that each stream may buffer at least, although all streams together are at their capacity:
/// one that waits behind others has something to send when its time comes.
pub(super) const LEAST_SHARE: u64 = 4 * BLOCK_SIZE as u64;

/// What a write is bounded by, in bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    /// The send buffers take so much.
    space: u64,
    /// The peer takes so much.
    credit: u64,
}

impl Room {
    /// How much a write takes.
    pub(super) fn bytes(self) -> u64 {
        self.space.min(self.credit)
    }
}

impl Streams {
    /// Opens a stream. Before the peer's limits are known as many can be opened as we allow the
    /// peer; they send when the peer's limit covers them.
    ///
    /// # Errors
    /// [`OpenError::Limit`] if the peer allows no more; it is told (RFC 9000 section 19.14), and
    /// [`StreamEvent::LimitRaised`](super::StreamEvent::LimitRaised) follows.
    pub fn open(&mut self, direction: Direction) -> Result<StreamKey, OpenError> {
        if self.slots.is_full() {
            return Err(OpenError::Limit);
        }
        let count = &mut self.local[direction as usize];
        let Some(index) = count.open() else {
            if count.refuse() && self.peer_knowledge == PeerLimits::Known {
                self.control.add(Control::streams_blocked(direction));
            }
            return Err(OpenError::Limit);
        };
        let id = StreamId::new(self.role, direction, index);
        let (send, recv) = (self.new_send(id), self.new_recv(id));
        let slot = self.slots.insert(id, send, recv).ok_or(OpenError::Limit)?;
        self.begin_record(slot);
        Ok(self.slots.key(slot))
    }

    /// Appends `data` to a stream, and its end if `fin`; returns how many bytes were taken.
    ///
    /// A part is taken when the stream's flow-control limit or the capacity of the send buffers is
    /// short; the end counts as taken only if all bytes were. The stream then shows up in
    /// [`Self::writable`] as soon as there is room.
    ///
    /// # Errors
    /// See [`WriteError`].
    pub fn write(&mut self, key: StreamKey, data: &[u8], fin: bool) -> Result<usize, WriteError> {
        self.write_framed(key, &[], data, fin)
    }

    /// Writes the header of a frame and what it holds as [`Self::write`] would write them in one
    /// piece. What [`Self::room`] told goes for both together, but not for two writes in a row: the
    /// first may use up what lets the second begin.
    ///
    /// # Errors
    /// See [`WriteError`].
    pub fn write_framed(
        &mut self,
        key: StreamKey,
        header: &[u8],
        data: &[u8],
        fin: bool,
    ) -> Result<usize, WriteError> {
        let slot = self.slots.find(key).ok_or(WriteError::Unknown)?;
        let room = self.room_of(slot)?;
        let stream = &mut self.slots[slot];
        let Some(send) = stream.send.get_mut() else { return Err(WriteError::Unknown) };
        let len = header.len() + data.len();
        let count = room.bytes().min(len as u64) as usize;
        let of_header = count.min(header.len());
        let before = send.buffer.buffered();
        let idle = !send.wants_to_send();
        send.buffer.write(&header[..of_header], &mut self.pool);
        send.buffer.write(&data[..count - of_header], &mut self.pool);
        self.backlog.add(stream.priority, before, count as u64);
        let writer = if count == len {
            if fin {
                send.fin = Fin::Queued;
            }
            Writer::Content
        } else {
            self.hold_back(slot, room)
        };
        let stream = &mut self.slots[slot];
        if let (Some(record), Some(recorder)) = (&mut stream.record, &mut self.recorder) {
            if record.on_written(recorder, self.now, idle) {
                recorder.ask_for_path(key);
            }
            if fin && writer == Writer::Content {
                record.fin_written.get_or_insert(self.now);
            }
        }
        self.set_writer(slot, writer);
        self.refresh(slot);
        Ok(count)
    }

    /// Reads the next bytes of a stream into `out` and returns their credit to the peer. The end
    /// is reported once.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn read(&mut self, key: StreamKey, out: &mut [u8]) -> Result<Read, ReadError> {
        let slot = self.slots.find(key).ok_or(ReadError::Unknown)?;
        let recv = match &mut self.slots[slot].recv {
            Side::Live(recv) => recv,
            Side::Absent => return Err(ReadError::SendOnly),
            Side::Finished => return Err(ReadError::Finished),
            Side::Reset(code) => return Err(ReadError::Reset(*code)),
        };
        if !recv.is_readable() {
            return Err(recv.why_not_readable());
        }
        if recv.state == RecvState::ResetRecvd {
            let code = recv.reset_code;
            self.tell_reset(slot);
            return Err(ReadError::Reset(code));
        }
        let len = recv.buffer.read(out, &mut self.pool);
        let fin = self.settle_read(slot, len as u64);
        Ok(Read { len, fin })
    }

    /// Accounts for `len` bytes that were taken out of a stream's buffer; true if that was its end.
    pub(super) fn settle_read(&mut self, slot: u32, len: u64) -> bool {
        let Some(recv) = self.slots[slot].recv.get_mut() else { return false };
        let fin = recv.is_read_out();
        // RFC 9000 section 4.2: no credit is needed once the final size is known.
        let update = recv.window.consume(len) && recv.state == RecvState::Recv;
        let readable = recv.is_readable();
        if fin {
            recv.state = recv.state.on(RecvStep::ReadOut).unwrap_or(recv.state);
        }
        self.return_credit(len);
        if update {
            self.queue_control(slot, Control::MAX_DATA);
        }
        if fin {
            if let Some(record) = self.slots[slot].record.as_deref_mut() {
                record.fin_read = Some(self.now);
            }
            self.end_recv(slot, Side::Finished);
        } else {
            self.set_readable(slot, readable);
        }
        fin
    }

    /// Gives up sending on a stream with an application error code of at most 2^62-1
    /// (RFC 9000 section 19.4). Does nothing if that part has ended.
    ///
    /// # Errors
    /// [`UnknownStream`] for a stale key.
    pub fn reset(&mut self, key: StreamKey, code: u64) -> Result<(), UnknownStream> {
        let slot = self.slots.find(key).ok_or(UnknownStream)?;
        if let Some(record) = self.slots[slot].record.as_deref_mut() {
            record.reset.get_or_insert(self.now);
        }
        self.reset_send(slot, code);
        Ok(())
    }

    /// Gives up reading from a stream with an application error code of at most 2^62-1
    /// (RFC 9000 section 19.5). Does nothing if that part has ended.
    ///
    /// # Errors
    /// [`UnknownStream`] for a stale key.
    pub fn stop_sending(&mut self, key: StreamKey, code: u64) -> Result<(), UnknownStream> {
        let slot = self.slots.find(key).ok_or(UnknownStream)?;
        let Some(recv) = self.slots[slot].recv.get_mut() else { return Ok(()) };
        let tell = recv.stop(code, &mut self.pool);
        let unread = recv.consume_all();
        let over = recv.is_over_unread();
        self.return_credit(unread);
        self.set_readable(slot, false);
        self.slots[slot].control.remove(Control::MAX_DATA);
        if over {
            self.end_unread(slot);
        } else if tell {
            self.queue_control(slot, Control::STOP);
        }
        Ok(())
    }

    /// Gives up a stream in both directions.
    ///
    /// # Errors
    /// [`UnknownStream`] for a stale key.
    pub fn close(&mut self, key: StreamKey, code: u64) -> Result<(), UnknownStream> {
        self.reset(key, code)?;
        self.stop_sending(key, code)
    }

    /// Sets how urgent a stream is, from 0 to 7, and whether it takes turns with its equals
    /// (RFC 9218 section 4). Streams start with urgency 3 and take turns.
    ///
    /// # Errors
    /// [`UnknownStream`] for a stale key.
    pub fn set_priority(
        &mut self,
        key: StreamKey,
        urgency: u8,
        incremental: bool,
    ) -> Result<(), UnknownStream> {
        let slot = self.slots.find(key).ok_or(UnknownStream)?;
        let (before, after) = (self.slots[slot].priority, Priority::new(urgency, incremental));
        if let Side::Live(send) = &self.slots[slot].send {
            let buffered = send.buffer.buffered();
            self.backlog.remove(before, 0, buffered);
            self.backlog.add(after, 0, buffered);
        }
        self.ready.set_priority(&mut self.slots, slot, after);
        Ok(())
    }

    /// How urgent a stream is, and whether it takes turns.
    #[cfg(test)]
    pub(crate) fn priority(&self, key: StreamKey) -> Option<(u8, bool)> {
        let priority = self.slots[self.slots.find(key)?].priority;
        Some((priority.urgency() as u8, priority.is_incremental()))
    }

    /// Puts the keys of all streams that can be read into `out`. A stream is among them until
    /// everything it has was read: data, its end or the peer's reset.
    pub fn readable(&self, out: &mut Vec<StreamKey>) {
        out.extend(self.readable.iter(&self.slots).map(|slot| self.slots.key(slot)));
    }

    /// True if there is something to read on a stream: data, its end or the peer's reset.
    pub fn is_readable(&self, key: StreamKey) -> bool {
        let recv = self.slots.find(key).map(|slot| &self.slots[slot].recv);
        matches!(recv, Some(Side::Live(recv)) if recv.is_readable())
    }

    /// True if a stream takes more data, now or later: its end is not written, nothing was reset.
    pub fn is_writing(&self, key: StreamKey) -> bool {
        let send = self.slots.find(key).map(|slot| &self.slots[slot].send);
        let open = |send: &SendStream| send.state != SendState::ResetSent && send.fin == Fin::Open;
        matches!(send, Some(Side::Live(send)) if open(send))
    }

    /// True if a stream can be read.
    #[inline]
    pub fn has_readable(&self) -> bool {
        !self.readable.is_empty()
    }

    /// Puts the keys of all streams that can be written again into `out`: their last write was cut
    /// short and there is room now. A stream is among them until a write is attempted.
    pub fn writable(&mut self, out: &mut Vec<StreamKey>) {
        self.wake_writers();
        out.extend(self.writable.iter(&self.slots).map(|slot| self.slots.key(slot)));
    }

    /// True if a stream can be written again.
    #[inline]
    pub fn has_writable(&mut self) -> bool {
        self.wake_writers();
        !self.writable.is_empty()
    }

    /// Wakes the writers that wait for space once a quarter of it is free, or a tenth of all that
    /// may be: a write per packet acknowledged would be waste.
    #[inline]
    fn wake_writers(&mut self) {
        if self.filled {
            self.wake_behind_full_buffers();
        }
        let free = self.capacity.saturating_sub(self.backlog.total());
        let enough = if self.capacity == self.most { self.most / 10 } else { self.capacity / 4 };
        if free == 0 || free < enough {
            return;
        }
        while let Some(slot) = self.awaiting_space.first() {
            self.set_writer(slot, Writer::MayWrite);
        }
    }

    /// Wakes the writers that full buffers left without what they may have although the capacity is
    /// used up: of these nothing needs to be acknowledged for it.
    #[cold]
    fn wake_behind_full_buffers(&mut self) {
        if self.most.saturating_sub(self.backlog.total()) < self.most / 10 {
            return;
        }
        self.filled = false;
        let mut next = self.awaiting_space.first();
        while let Some(slot) = next {
            next = self.awaiting_space.after(&self.slots, slot);
            if self.space(slot) >= LEAST_SHARE / 2 {
                self.set_writer(slot, Writer::MayWrite);
            }
        }
    }

    /// What a write to a stream is bounded by.
    pub(super) fn room_of(&self, slot: u32) -> Result<Room, WriteError> {
        match &self.slots[slot].send {
            Side::Live(send) if send.state == SendState::ResetSent => {
                Err(WriteError::Reset(send.reset.code))
            }
            Side::Live(send) if send.fin != Fin::Open => Err(WriteError::Finished),
            Side::Live(send) => {
                Ok(Room { space: self.space(slot), credit: self.stream_credit(send) })
            }
            Side::Absent => Err(WriteError::ReceiveOnly),
            Side::Finished => Err(WriteError::Finished),
            Side::Reset(code) => Err(WriteError::Reset(*code)),
        }
    }

    /// What a writer waits for whom `room` was too little. The peer is told if it is its limit.
    pub(super) fn hold_back(&mut self, slot: u32, room: Room) -> Writer {
        if room.credit > room.space {
            self.filled |= self.most.saturating_sub(self.backlog.total()) < LEAST_SHARE;
            return Writer::AwaitsSpace;
        }
        let report = self.slots[slot].send.get_mut().is_some_and(SendStream::should_report);
        if report {
            self.queue_control(slot, Control::BLOCKED);
        }
        Writer::AwaitsCredit
    }

    /// How many more bytes the send buffers take from the stream. What less urgent streams have
    /// there does not count, or an urgent one would have to wait until their bytes are gone, which
    /// are behind its own.
    pub(super) fn space(&self, slot: u32) -> u64 {
        let left = self.most.saturating_sub(self.backlog.total());
        if self.backlog.total() < self.capacity {
            return left;
        }
        let stream = &self.slots[slot];
        if self.backlog.up_to(stream.priority) < self.capacity {
            return left;
        }
        let held = self.held(slot);
        left.min(self.share(slot).saturating_sub(held))
    }

    /// Bytes of a stream in the send buffers.
    fn held(&self, slot: u32) -> u64 {
        match &self.slots[slot].send {
            Side::Live(send) => send.buffer.buffered(),
            _ => 0,
        }
    }

    /// Bytes that a stream may buffer although the capacity is used up: as much as its equals, or
    /// all of it if it goes before them.
    fn share(&self, slot: u32) -> u64 {
        let priority = self.slots[slot].priority;
        let share = if self.ready.leads(&self.slots, slot) {
            self.capacity
        } else if priority.is_incremental() {
            let others = self.backlog.streams(priority) + u64::from(self.held(slot) == 0);
            self.capacity.checked_div(others).unwrap_or(self.capacity)
        } else {
            0
        };
        share.max(LEAST_SHARE)
    }

    /// Some bytes of a stream whose writer waits for space were acknowledged: wakes it if a quarter
    /// of its share is free, or of what it has together with those as urgent. What a stream alone
    /// waits for, [`Self::wake_writers`] sees.
    #[inline]
    pub(super) fn relieve(&mut self, slot: u32) {
        if self.held(slot) < self.backlog.total() && self.is_relieved(slot) {
            self.set_writer(slot, Writer::MayWrite);
        }
    }

    fn is_relieved(&self, slot: u32) -> bool {
        let share = self.share(slot);
        let own = share.saturating_sub(self.held(slot));
        let common = self.backlog.up_to(self.slots[slot].priority);
        let common = self.capacity.saturating_sub(common);
        let enough = own >= (share / 4).max(LEAST_SHARE / 2) || common >= self.capacity / 4;
        enough && self.space(slot) >= LEAST_SHARE / 2
    }

    /// How many more bytes the peer takes from the stream, as far as known.
    fn stream_credit(&self, send: &SendStream) -> u64 {
        match self.peer_knowledge {
            PeerLimits::Known => send.limit.saturating_sub(send.buffer.end()),
            PeerLimits::Unknown => u64::MAX,
        }
    }
}
