//! What the transport tells of its streams.

use super::incoming::CLOSED_CRITICAL;
use super::table::Entry;
use super::{Connection, Event};
use crate::http3::error::{Code, ConnectionError};
use crate::http3::request::Life;
use crate::http3::trace::Owner;
use crate::stream::{StreamEvent, StreamKey, Streams};
use crate::time::Instant;
use crate::wire::{Direction, StreamId};

impl Connection {
    /// Takes an event of the transport's streams.
    ///
    /// # Errors
    /// What the connection is to be closed with.
    pub fn on_stream_event(
        &mut self,
        streams: &mut Streams,
        event: StreamEvent,
        now: Instant,
    ) -> Result<(), ConnectionError> {
        self.given_up.forgive(now);
        self.trace_time(now);
        match event {
            StreamEvent::Opened(key) => self.on_opened(streams, key, now),
            StreamEvent::ResetByPeer { key, code } => self.on_reset(streams, key, code),
            StreamEvent::StoppedByPeer { key, code } => self.on_stopped(key, code),
            StreamEvent::Closed(key) => self.on_closed(streams, key),
            StreamEvent::OverLimit { .. } => Ok(()),
            StreamEvent::LimitRaised(_) => {
                self.open_streams(streams);
                Ok(())
            }
        }
    }

    fn on_opened(
        &mut self,
        streams: &mut Streams,
        key: StreamKey,
        now: Instant,
    ) -> Result<(), ConnectionError> {
        let Some(id) = streams.id(key) else { return Ok(()) };
        if id.direction() == Direction::Unidirectional {
            self.table.add_incoming(key);
            return self.count_stray(now);
        }
        // RFC 9114 section 6.1.
        if !self.is_server() {
            let reason = "a bidirectional stream of a server";
            return Err(ConnectionError::new(Code::STREAM_CREATION_ERROR, reason));
        }
        if self.is_extended() {
            self.table.add_undecided(key);
        } else {
            self.on_request_stream(streams, key, id, now);
        }
        if self.going_away.refuses(id) {
            // RFC 9114 section 5.2.
            self.stop_reading(key);
            self.stop_undecided(streams, key);
            let _ = streams.close(key, Code::REQUEST_REJECTED.0);
            if self.going_away.is_late(id) {
                self.count_reset()?;
            }
        }
        self.send_decoder_instructions(streams)
    }

    pub(super) fn on_request_stream(
        &mut self,
        streams: &mut Streams,
        key: StreamKey,
        id: StreamId,
        now: Instant,
    ) {
        self.table.add_request(key, id, now, Life::Unannounced);
        self.trace_stream_type(Owner::Remote, id, "request");
        // RFC 9218 section 4: in the order they came, unless somebody says otherwise.
        let _ = streams.set_priority(key, crate::http3::priority::DEFAULT_URGENCY, false);
    }

    fn on_reset(
        &mut self,
        streams: &mut Streams,
        key: StreamKey,
        code: u64,
    ) -> Result<(), ConnectionError> {
        match self.table.get_mut(key) {
            Some(Entry::Incoming(_, incoming)) if incoming.is_critical() => Err(CLOSED_CRITICAL),
            Some(Entry::Request(_)) => {
                self.count_failure(key)?;
                self.on_request_reset(streams, key, code);
                self.send_decoder_instructions(streams)
            }
            Some(Entry::Bytestream(_)) => {
                self.on_bytestream_reset(streams, key, code);
                self.count_failure(key)
            }
            Some(Entry::Undecided(_)) => {
                self.stop_undecided(streams, key);
                let _ = streams.reset(key, code);
                self.send_decoder_instructions(streams)?;
                self.count_reset()
            }
            _ => Ok(()),
        }
    }

    /// The peer gave up a request or its response. As upstream does, our own part is given up as well,
    /// unless all of it is written: hosts rely on the request coming to its end.
    pub(super) fn on_request_reset(&mut self, streams: &mut Streams, key: StreamKey, code: u64) {
        self.stop_reading(key);
        let Some(request) = self.table.request_mut(key) else { return };
        request.stats.error = Some(code);
        let life = request.life;
        if streams.is_writing(key) {
            let _ = streams.reset(key, code);
        }
        if life == Life::Open {
            self.events.push_back(Event::Reset { key, code });
        }
    }

    /// Nothing is read of a stream that was not found out about. It may have been a request.
    fn stop_undecided(&mut self, streams: &Streams, key: StreamKey) {
        if let Some(id) = streams.id(key).filter(|_| self.table.is_undecided(key)) {
            self.decoder.cancel(id.0, false);
        }
    }

    /// Counts a request or bytestream that comes to nothing because of what its client does, once.
    pub(super) fn count_failure(&mut self, key: StreamKey) -> Result<(), ConnectionError> {
        let failed = match self.table.get_mut(key) {
            Some(Entry::Request(request)) => &mut request.failed,
            Some(Entry::Bytestream(bytestream)) => &mut bytestream.failed,
            _ => return Ok(()),
        };
        match std::mem::replace(failed, true) {
            true => Ok(()),
            false => self.count_reset(),
        }
    }

    // RFC 9114 section 10.5.
    fn count_reset(&mut self) -> Result<(), ConnectionError> {
        if !self.is_server() {
            return Ok(());
        }
        if !self.given_up.add() {
            let reason = "too many requests are given up";
            return Err(ConnectionError::new(Code::EXCESSIVE_LOAD, reason));
        }
        Ok(())
    }

    // RFC 9114 section 10.5.
    fn count_stray(&mut self, now: Instant) -> Result<(), ConnectionError> {
        self.strays.forgive(now);
        if !self.strays.add() {
            let reason = "too many unidirectional streams";
            return Err(ConnectionError::new(Code::EXCESSIVE_LOAD, reason));
        }
        Ok(())
    }

    fn on_stopped(&mut self, key: StreamKey, code: u64) -> Result<(), ConnectionError> {
        if [&self.control, &self.encoder_stream, &self.decoder_stream].iter().any(|s| s.is(key)) {
            return Err(CLOSED_CRITICAL);
        }
        self.count_failure(key)?;
        // RFC 9114 section 4.1.1: a server that needs no more of a request asks with H3_NO_ERROR.
        if let Some(request) = self.table.request_mut(key).filter(|_| code != Code::NO_ERROR.0) {
            request.stats.error.get_or_insert(code);
        }
        Ok(())
    }

    fn on_closed(&mut self, streams: &mut Streams, key: StreamKey) -> Result<(), ConnectionError> {
        if self.table.bytestream(key).is_some() {
            self.on_bytestream_closed(streams, key);
            return Ok(());
        }
        let Some(request) = self.table.request_mut(key) else {
            self.table.remove(key);
            streams.forget(key);
            return Ok(());
        };
        request.stream_closed = true;
        if request.life == Life::Open && !request.failed {
            self.given_up.make_up();
        }
        self.settle(key);
        self.drop_unannounced(streams, key);
        Ok(())
    }

    /// A request whose stream has closed ends when all of it was taken: [`Event::Closed`].
    pub fn settle(&mut self, key: StreamKey) {
        let Some(request) = self.table.request_mut(key).filter(|r| r.stream_closed) else { return };
        let over = match request.life {
            Life::Open => !request.receiving.has_untaken(),
            Life::Abandoned => true,
            Life::Unannounced | Life::Ended => false,
        };
        if over {
            request.life = Life::Ended;
            self.events.push_back(Event::Closed(key));
        }
    }

    /// Frees a stream that has closed and never became a request. What waits for the dynamic table
    /// still may.
    pub(super) fn drop_unannounced(&mut self, streams: &mut Streams, key: StreamKey) {
        let Some(request) = self.table.request(key) else { return };
        let may_become_one = request.receiving.has_untaken() || !request.stream_closed;
        if request.life == Life::Unannounced && !may_become_one {
            self.forget(key);
            streams.forget(key);
        }
    }
}
