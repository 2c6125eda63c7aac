//! Frames from the peer.

use super::control::Control;
use super::counts::PeerIndex;
use super::event::StreamEvent;
use super::recv::Reader;
use super::slots::Side;
use super::state::RecvState;
use super::streams::Streams;
use crate::error::{TransportError, TransportErrorCode};
use crate::wire::frame::{
    DataBlocked, FrameType, MaxData, MaxStreamData, MaxStreams, ResetStream, StopSending, Stream,
    StreamDataBlocked, StreamsBlocked,
};
use crate::wire::{Direction, StreamId};

/// The part of a stream that a frame is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Sending,
    Receiving,
}

const fn error(code: TransportErrorCode, reason: &'static str) -> TransportError {
    TransportError::new(code, reason)
}

/// Each of these closes the connection with the error it returns.
impl Streams {
    /// Takes in data.
    ///
    /// # Errors
    /// STREAM_STATE_ERROR, STREAM_LIMIT_ERROR, FLOW_CONTROL_ERROR, FINAL_SIZE_ERROR, and
    /// PROTOCOL_VIOLATION for data in too many pieces.
    #[inline]
    pub fn on_stream(&mut self, frame: &Stream<'_>) -> Result<(), TransportError> {
        self.receive_data(frame).map_err(|error| error.in_frame(FrameType::STREAM.0))
    }

    fn receive_data(&mut self, frame: &Stream<'_>) -> Result<(), TransportError> {
        let Some(slot) = self.target(frame.id, Part::Receiving)? else { return Ok(()) };
        let stream = &mut self.slots[slot];
        let Side::Live(recv) = &mut stream.recv else { return Ok(()) };
        // RFC 9000 section 19.8: the largest offset; no limit is higher, so a larger one fails.
        let end = frame.offset.saturating_add(frame.data.len() as u64);
        let new = recv.check(end, frame.fin)?;
        check_connection_limit(self.received, new, self.window.limit())?;
        recv.on_data(frame.offset, frame.data, frame.fin, &mut self.pool)?;
        self.received += new;
        if let Some(record) = &mut stream.record {
            record.on_received(self.now, frame.data.len(), frame.fin);
        }
        if recv.reader != Reader::Application {
            self.drop_unread(slot);
        } else if recv.is_readable() {
            self.set_readable(slot, true);
        }
        Ok(())
    }

    /// Takes in that the peer gives up sending.
    ///
    /// # Errors
    /// STREAM_STATE_ERROR, STREAM_LIMIT_ERROR, FLOW_CONTROL_ERROR, FINAL_SIZE_ERROR.
    pub fn on_reset_stream(&mut self, frame: &ResetStream) -> Result<(), TransportError> {
        self.receive_reset(frame).map_err(|error| error.in_frame(FrameType::RESET_STREAM.0))
    }

    fn receive_reset(&mut self, frame: &ResetStream) -> Result<(), TransportError> {
        let Some(slot) = self.target(frame.id, Part::Receiving)? else { return Ok(()) };
        let Side::Live(recv) = &mut self.slots[slot].recv else { return Ok(()) };
        // RFC 9000 section 4.5: the final size counts against both limits like data.
        let new = recv.check(frame.final_size, true)?;
        check_connection_limit(self.received, new, self.window.limit())?;
        self.received += new;
        if !recv.on_reset(frame.error_code, frame.final_size, &mut self.pool) {
            return Ok(());
        }
        let reader = recv.reader;
        let unread = recv.consume_all();
        self.return_credit(unread);
        let stream = &mut self.slots[slot];
        if let Some(record) = &mut stream.record {
            record.reset_received = Some(self.now);
        }
        stream.control.remove(Control::STOP);
        stream.control.remove(Control::MAX_DATA);
        if reader == Reader::Application {
            let key = self.slots.key(slot);
            self.events.push_back(StreamEvent::ResetByPeer { key, code: frame.error_code });
            self.set_readable(slot, true);
        } else {
            self.end_unread(slot);
        }
        Ok(())
    }

    /// Takes in that the peer reads no more: the stream is reset with the code it gave.
    ///
    /// # Errors
    /// STREAM_STATE_ERROR, STREAM_LIMIT_ERROR.
    pub fn on_stop_sending(&mut self, frame: &StopSending) -> Result<(), TransportError> {
        let target = self.target(frame.id, Part::Sending);
        let Some(slot) = target.map_err(|e| e.in_frame(FrameType::STOP_SENDING.0))? else {
            return Ok(());
        };
        // RFC 9000 section 3.5: unless all was acknowledged, then that part has ended already.
        if self.reset_send(slot, frame.error_code) {
            let key = self.slots.key(slot);
            self.events.push_back(StreamEvent::StoppedByPeer { key, code: frame.error_code });
        }
        Ok(())
    }

    /// Takes in a limit for all streams together.
    ///
    /// # Errors
    /// None; a lower limit is ignored.
    pub fn on_max_data(&mut self, frame: &MaxData) -> Result<(), TransportError> {
        if self.credit.raise(frame.maximum) {
            self.control.remove(Control::BLOCKED);
            self.ready.on_credit(&mut self.slots, self.credit.available());
        }
        Ok(())
    }

    /// Takes in a limit for one stream.
    ///
    /// # Errors
    /// STREAM_STATE_ERROR, STREAM_LIMIT_ERROR.
    pub fn on_max_stream_data(&mut self, frame: &MaxStreamData) -> Result<(), TransportError> {
        let target = self.target(frame.id, Part::Sending);
        if let Some(slot) = target.map_err(|e| e.in_frame(FrameType::MAX_STREAM_DATA.0))? {
            self.raise_stream_limit(slot, frame.maximum);
        }
        Ok(())
    }

    /// Takes in how many streams we may open.
    ///
    /// # Errors
    /// FRAME_ENCODING_ERROR for a count over 2^60.
    pub fn on_max_streams(&mut self, frame: &MaxStreams) -> Result<(), TransportError> {
        check_count(frame.maximum, frame_type(FrameType::MAX_STREAMS, frame.direction))?;
        self.permit(frame.direction, frame.maximum);
        Ok(())
    }

    /// Takes in that the peer lacks connection credit. It gets what the application has read since
    /// the last update, however little: the rest may lie in streams that nobody reads for long,
    /// while others wait.
    ///
    /// # Errors
    /// None.
    pub fn on_data_blocked(&mut self, frame: &DataBlocked) -> Result<(), TransportError> {
        if self.window.frees(frame.limit) {
            self.control.add(Control::MAX_DATA);
        }
        Ok(())
    }

    /// Takes in that the peer lacks credit on a stream. It gets what the application has read of it
    /// since the last update.
    ///
    /// # Errors
    /// STREAM_STATE_ERROR, STREAM_LIMIT_ERROR.
    pub fn on_stream_data_blocked(
        &mut self,
        frame: &StreamDataBlocked,
    ) -> Result<(), TransportError> {
        let target = self.target(frame.id, Part::Receiving);
        let target = target.map_err(|e| e.in_frame(FrameType::STREAM_DATA_BLOCKED.0))?;
        let Some(slot) = target else { return Ok(()) };
        if let Side::Live(recv) = &self.slots[slot].recv {
            let more = recv.state == RecvState::Recv && recv.window.frees(frame.limit);
            if more && recv.reader == Reader::Application {
                self.queue_control(slot, Control::MAX_DATA);
            }
        }
        Ok(())
    }

    /// Takes in that the peer wants to open more streams; it hears of the limit again if it does
    /// not know the one in force, or if there is more to give.
    ///
    /// # Errors
    /// FRAME_ENCODING_ERROR for a count over 2^60.
    pub fn on_streams_blocked(&mut self, frame: &StreamsBlocked) -> Result<(), TransportError> {
        check_count(frame.limit, frame_type(FrameType::STREAMS_BLOCKED, frame.direction))?;
        let count = &self.peer[frame.direction as usize];
        if frame.limit < count.limit() || count.has_more() {
            self.control.add(Control::max_streams(frame.direction));
        }
        Ok(())
    }

    /// The slot of the stream that a frame names, `None` if the stream has closed.
    #[inline]
    fn target(&mut self, id: StreamId, part: Part) -> Result<Option<u32>, TransportError> {
        // RFC 9000 section 19: on a unidirectional stream only one end has each part.
        if id.direction() == Direction::Unidirectional
            && (id.initiator() == self.role) == (part == Part::Receiving)
        {
            return Err(error(TransportErrorCode::STREAM_STATE_ERROR, "stream has no such part"));
        }
        match self.slots.find_id(id) {
            Some(slot) => Ok(Some(slot)),
            None => self.open_or_closed(id),
        }
    }

    /// Opens the stream that a frame names for the first time; `None` if it has closed.
    #[cold]
    fn open_or_closed(&mut self, id: StreamId) -> Result<Option<u32>, TransportError> {
        let direction = id.direction() as usize;
        if id.initiator() == self.role {
            return if id.index() < self.local[direction].opened() {
                Ok(None)
            } else {
                Err(error(TransportErrorCode::STREAM_STATE_ERROR, "stream was never opened"))
            };
        }
        match self.peer[direction].classify(id.index()) {
            // RFC 9000 section 3: late frames for closed streams are normal.
            PeerIndex::Seen => Ok(None),
            PeerIndex::New if !self.slots.is_full() => Ok(self.accept(id)),
            _ => {
                let limit = self.peer[direction].limit();
                self.events.push_back(StreamEvent::OverLimit { id, limit });
                Err(error(TransportErrorCode::STREAM_LIMIT_ERROR, "stream over the limit"))
            }
        }
    }

    /// Opens a stream of the peer.
    fn accept(&mut self, id: StreamId) -> Option<u32> {
        let (send, recv) = (self.new_send(id), self.new_recv(id));
        let slot = self.slots.insert(id, send, recv)?;
        self.begin_record(slot);
        self.peer[id.direction() as usize].touch(id.index());
        self.events.push_back(StreamEvent::Opened(self.slots.key(slot)));
        Some(slot)
    }

    /// Returns the credit of data that nobody reads, and ends the part if it was the last.
    #[cold]
    fn drop_unread(&mut self, slot: u32) {
        let Some(recv) = self.slots[slot].recv.get_mut() else { return };
        let (unread, over) = (recv.consume_all(), recv.is_over_unread());
        self.return_credit(unread);
        if over {
            self.end_unread(slot);
        }
    }
}

// RFC 9000 section 4.1.
#[inline]
fn check_connection_limit(received: u64, new: u64, limit: u64) -> Result<(), TransportError> {
    if received.saturating_add(new) > limit {
        return Err(error(TransportErrorCode::FLOW_CONTROL_ERROR, "connection limit passed"));
    }
    Ok(())
}

// RFC 9000 sections 19.11 and 19.14: a count over 2^60 has no stream ID.
fn check_count(count: u64, frame_type: u64) -> Result<(), TransportError> {
    if count > StreamId::MAX_COUNT {
        let refusal = error(TransportErrorCode::FRAME_ENCODING_ERROR, "stream count over 2^60");
        return Err(refusal.in_frame(frame_type));
    }
    Ok(())
}

/// The type on the wire of a frame that comes in one form per direction.
const fn frame_type(first: FrameType, direction: Direction) -> u64 {
    first.0 | direction as u64
}
