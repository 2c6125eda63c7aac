//! Bytestreams, which extended HTTP/3 has beside requests.

use super::{Connection, Event, OpenError};
use crate::http3::bytestream::{BytestreamStats, Delivery, Life, Opening, MAX_MESSAGE_BYTES};
use crate::http3::error::{Code, ConnectionError};
use crate::http3::request::SendError;
use crate::http3::trace::Owner;
use crate::stream::{RecvState, StreamKey, Streams};
use crate::time::Instant;
use crate::wire::{Direction, StreamId};

/// The largest buffer that one message leaves to the next.
const MEMORY_KEPT: usize = 64 * 1024;

/// What the bytestreams of a connection share.
#[derive(Debug, Default)]
pub(super) struct Bytestreams {
    /// Bytes of messages that arrive, or wait to be delivered.
    held: u64,
    /// A buffer for a message.
    spare: Vec<u8>,
}

#[cfg(test)]
impl Bytestreams {
    pub fn held(&self) -> u64 {
        self.held
    }
}

impl Connection {
    /// Opens a stream for messages. To be called by clients.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open_bytestream(
        &mut self,
        streams: &mut Streams,
        now: Instant,
    ) -> Result<(StreamKey, StreamId), OpenError> {
        if !self.is_extended() {
            return Err(OpenError::NotAgreed);
        }
        if self.is_going_away() {
            return Err(OpenError::GoingAway);
        }
        let key = streams.open(Direction::Bidirectional).map_err(|_| OpenError::Limit)?;
        let Some(id) = streams.id(key) else { return Err(OpenError::Limit) };
        self.table.add_bytestream(key, id, now);
        self.trace_time(now);
        self.trace_stream_type(Owner::Local, id, "bytestream");
        if let Some(bytestream) = self.table.bytestream_mut(key) {
            // The stream is new: it takes bytes, or they are kept.
            let _ = bytestream.sending.open(streams, key);
        }
        Ok((key, id))
    }

    /// Finds out what a client's stream is.
    pub(super) fn decide(
        &mut self,
        streams: &mut Streams,
        key: StreamKey,
        now: Instant,
    ) -> Result<(), ConnectionError> {
        let Some(id) = streams.id(key) else { return Ok(()) };
        match Opening::read(streams.peek(key))? {
            Opening::Bytestream => {
                self.table.remove(key);
                self.table.add_bytestream(key, id, now);
                self.trace_stream_type(Owner::Remote, id, "bytestream");
                self.events.push_back(Event::BytestreamOpened(key));
                self.read_bytestream(streams, key, now)
            }
            // A stream that ends too early is a request that does.
            Opening::Undecided if !has_come_whole(streams, key) => Ok(()),
            Opening::Request | Opening::Undecided => {
                self.table.remove(key);
                self.on_request_stream(streams, key, id, now);
                self.read_request(streams, key, now)
            }
        }
    }

    /// Reads a bytestream up to the end of a message.
    pub(super) fn read_bytestream(
        &mut self,
        streams: &mut Streams,
        key: StreamKey,
        now: Instant,
    ) -> Result<(), ConnectionError> {
        let Some(shared) = self.extended.as_deref_mut() else { return Ok(()) };
        let Some(bytestream) = self.table.bytestream_mut(key) else { return Ok(()) };
        let receiving = &mut bytestream.receiving;
        let others = shared.held.saturating_sub(receiving.bytes_held());
        let room = (&mut shared.spare, others);
        let result = receiving.advance(streams, (key, now), room, &mut bytestream.stats);
        shared.held = others + receiving.bytes_held();
        if shared.held > MAX_MESSAGE_BYTES {
            let reason = "too much of unfinished messages";
            return Err(ConnectionError::new(Code::EXCESSIVE_LOAD, reason));
        }
        result
    }

    /// The next message of a bytestream that [`Self::read`] has found, or its end; `read` is to be
    /// called again afterwards.
    pub fn take_message(&mut self, key: StreamKey, now: Instant) -> Option<Delivery> {
        let bytestream = self.table.bytestream_mut(key)?;
        let delivery = bytestream.receiving.take(now, &mut bytestream.stats)?;
        if let (Some(tracer), Delivery::Message { data, .. }) = (&self.tracer, &delivery) {
            tracer.data(Owner::Remote, bytestream.id, data.len() as u64);
        }
        if let (Some(shared), Delivery::Message { data, .. }) = (&mut self.extended, &delivery) {
            shared.held = shared.held.saturating_sub(data.len() as u64);
        }
        self.settle_bytestream(key);
        Some(delivery)
    }

    /// The application has seen a message; `data` is its buffer.
    pub fn on_delivered(&mut self, key: StreamKey, mut data: Vec<u8>) {
        if let Some(bytestream) = self.table.bytestream_mut(key) {
            bytestream.stats.received += data.len() as u64;
        }
        if let Some(shared) = &mut self.extended {
            if data.capacity() <= MEMORY_KEPT {
                data.clear();
                shared.spare = data;
            }
        }
    }

    /// Sends a message, which is taken whole: what the stream has no room for is kept, and until
    /// that is out, no other message is taken. `fin` goes with its last byte.
    ///
    /// # Errors
    /// [`SendError::Blocked`]: the stream will be told to be writable. [`SendError::Finished`] and
    /// [`SendError::Reset`].
    pub fn send_message(
        &mut self,
        streams: &mut Streams,
        key: StreamKey,
        data: &[u8],
        fin: bool,
        now: Instant,
    ) -> Result<(), SendError> {
        let bytestream = self.table.bytestream_mut(key).ok_or(SendError::Unknown)?;
        bytestream.sending.send(streams, (key, now), data, fin, &mut bytestream.stats)?;
        if let Some(tracer) = &self.tracer {
            tracer.set_time(now);
            tracer.data(Owner::Local, bytestream.id, data.len() as u64);
        }
        Ok(())
    }

    /// Ends our part of a bytestream with an empty message; also if it was ended before.
    ///
    /// # Errors
    /// As [`Self::send_message`].
    pub fn finish_bytestream(
        &mut self,
        streams: &mut Streams,
        key: StreamKey,
        now: Instant,
    ) -> Result<(), SendError> {
        let bytestream = self.table.bytestream_mut(key).ok_or(SendError::Unknown)?;
        if bytestream.sending.is_ended() {
            return Ok(());
        }
        bytestream.sending.send(streams, (key, now), &[], true, &mut bytestream.stats)
    }

    /// Sends what is kept for a bytestream that takes more. True if the application is to be told
    /// that it can go on.
    pub fn flush_bytestream(
        &mut self,
        streams: &mut Streams,
        key: StreamKey,
        now: Instant,
    ) -> bool {
        let Some(bytestream) = self.table.bytestream_mut(key) else { return false };
        let out = bytestream.sending.on_writable(streams, (key, now), &mut bytestream.stats);
        out && bytestream.life == Life::Open && !bytestream.sending.is_ended()
    }

    /// Gives up a bytestream in both directions, for the application: of its events only the last
    /// one follows.
    pub fn close_bytestream(&mut self, streams: &mut Streams, key: StreamKey) {
        self.stop_bytestream(key);
        // One whose stream has closed has nothing to give up.
        let _ = streams.close(key, Code::REQUEST_CANCELLED.0);
        self.settle_bytestream(key);
    }

    /// The peer gave up its part of a bytestream. Ours is given up as well, as that of a request is.
    pub(super) fn on_bytestream_reset(&mut self, streams: &mut Streams, key: StreamKey, code: u64) {
        self.stop_bytestream(key);
        if streams.is_writing(key) {
            let _ = streams.reset(key, code);
        }
    }

    /// Nothing more of a bytestream is delivered, and what is kept of it is not sent.
    fn stop_bytestream(&mut self, key: StreamKey) {
        let Some(bytestream) = self.table.bytestream_mut(key) else { return };
        if let Some(shared) = &mut self.extended {
            shared.held = shared.held.saturating_sub(bytestream.receiving.bytes_held());
        }
        bytestream.receiving.stop();
        bytestream.sending.give_up();
    }

    /// The stream of a bytestream has closed.
    pub(super) fn on_bytestream_closed(&mut self, streams: &Streams, key: StreamKey) {
        let Some(bytestream) = self.table.bytestream_mut(key) else { return };
        if bytestream.life == Life::Open {
            bytestream.life = Life::StreamClosed;
        }
        if streams.reset_code(key).is_none() {
            self.given_up.make_up();
        }
        self.settle_bytestream(key);
    }

    /// A bytestream whose stream has closed ends when all of it was delivered.
    fn settle_bytestream(&mut self, key: StreamKey) {
        let Some(bytestream) = self.table.bytestream_mut(key) else { return };
        if bytestream.life == Life::StreamClosed && !bytestream.receiving.has_news() {
            bytestream.life = Life::Ended;
            self.events.push_back(Event::BytestreamClosed(key));
        }
    }

    /// True if the stream carries messages.
    pub fn is_bytestream(&self, key: StreamKey) -> bool {
        self.table.bytestream(key).is_some()
    }

    /// What a bytestream remembers of its life.
    pub fn bytestream_stats(&self, key: StreamKey) -> Option<&BytestreamStats> {
        self.table.bytestream(key).map(|bytestream| &bytestream.stats)
    }
}

/// True if everything up to the end of the stream has come.
fn has_come_whole(streams: &Streams, key: StreamKey) -> bool {
    matches!(streams.states(key), Some((_, Some(RecvState::DataRecvd))))
}
