//! What is read from the peer's streams, and what comes of it.

use super::table::Entry;
use super::{Connection, Event};
use crate::http3::error::{Code, ConnectionError, Error, StreamError};
use crate::http3::request::{Life, PrioritySource, Progress, ReceiveContext};
use crate::stream::{StreamKey, Streams};
use crate::time::Instant;
use crate::wire::Role;

/// Instructions of our decoder that may wait because the peer gives no credit for them.
const MAX_UNSENT_INSTRUCTIONS: usize = 64 * 1024;

/// Bytes of field sections that have not come whole, on all streams together. Their credit goes back
/// while they arrive, so that they come whole under any window, and this is what bounds them instead:
/// hundreds of requests with the largest section that we take by default. A host that lets more than
/// that wait for the dynamic table lets as much arrive.
pub(super) const MAX_ARRIVING_SECTIONS: u64 = 8 * 1024 * 1024;

impl Connection {
    /// Reads what there is on a stream: all of it, but for content, which stays until the
    /// application reads it, and for what stands behind a field section that is to be told first.
    ///
    /// # Errors
    /// What the connection is to be closed with.
    pub fn read(
        &mut self,
        streams: &mut Streams,
        key: StreamKey,
        now: Instant,
    ) -> Result<(), ConnectionError> {
        self.trace_time(now);
        let Some(entry) = self.table.get_mut(key) else { return Ok(()) };
        match entry {
            Entry::Request(_) => self.read_request(streams, key, now),
            Entry::Bytestream(_) => self.read_bytestream(streams, key, now),
            Entry::Undecided(_) => self.decide(streams, key, now),
            Entry::Incoming(_, incoming) => {
                let mut taken = std::mem::take(incoming);
                let result = self.read_incoming(streams, key, &mut taken);
                if let Some(Entry::Incoming(_, incoming)) = self.table.get_mut(key) {
                    *incoming = taken;
                }
                result?;
                self.unblock(streams, now)
            }
        }
    }

    /// What a request needs to go on, and the table it stands in.
    fn context<'a>(
        &'a mut self,
        streams: &'a mut Streams,
        now: Instant,
    ) -> (&'a mut super::Table, ReceiveContext<'a>) {
        let context = ReceiveContext {
            streams,
            decoder: &mut self.decoder,
            role: self.role,
            rules: self.local.rules(),
            max_field_section_size: self.local.max_field_section_size,
            now,
            tracer: self.tracer.as_deref(),
        };
        (&mut self.table, context)
    }

    pub(super) fn read_request(
        &mut self,
        streams: &mut Streams,
        key: StreamKey,
        now: Instant,
    ) -> Result<(), ConnectionError> {
        let (table, mut context) = self.context(streams, now);
        let Some(request) = table.request_mut(key) else { return Ok(()) };
        let name = (key, request.id);
        let before = request.receiving.bytes_arriving();
        let progress = request.receiving.advance(&mut context, name, &mut request.stats);
        let after = request.receiving.bytes_arriving();
        self.count_arriving(before, after)?;
        self.after_reading(streams, key, progress)?;
        self.send_decoder_instructions(streams)
    }

    /// A request has `after` bytes of a section that is not whole, and had `before`.
    #[inline]
    fn count_arriving(&mut self, before: usize, after: usize) -> Result<(), ConnectionError> {
        if before == after {
            return Ok(());
        }
        self.arriving_bytes = self.arriving_bytes.saturating_sub(before as u64) + after as u64;
        if self.arriving_bytes > MAX_ARRIVING_SECTIONS.max(self.local.max_blocked_per_connection) {
            let reason = "too much of unfinished field sections";
            return Err(ConnectionError::new(Code::EXCESSIVE_LOAD, reason));
        }
        Ok(())
    }

    /// Reads content of a request into `out`.
    ///
    /// # Errors
    /// What the connection is to be closed with. A fault of the request alone shows up as
    /// [`Event::Failed`].
    pub fn read_body(
        &mut self,
        streams: &mut Streams,
        key: StreamKey,
        out: &mut [u8],
        now: Instant,
    ) -> Result<crate::http3::BodyRead, ConnectionError> {
        self.trace_time(now);
        let (table, mut context) = self.context(streams, now);
        let nothing = crate::http3::BodyRead { len: 0, fin: false };
        let Some(request) = table.request_mut(key) else { return Ok(nothing) };
        let (name, was_told) = ((key, request.id), request.receiving.is_told());
        let before = request.receiving.bytes_arriving();
        let read = request.receiving.read_body(&mut context, name, out, &mut request.stats);
        let after = request.receiving.bytes_arriving();
        let has_news = was_told && !request.receiving.is_told();
        let blocked_on = request.receiving.blocked_on();
        self.count_arriving(before, after)?;
        match read {
            Ok(read) => {
                if has_news {
                    self.pending.push(key);
                }
                // Trailers may have to wait for the table.
                if let Some(count) = blocked_on {
                    self.block(key, count)?;
                }
                self.send_decoder_instructions(streams)?;
                self.settle(key);
                Ok(read)
            }
            Err(Error::Connection(error)) => Err(error),
            Err(Error::Stream(error)) => {
                self.fail_request(streams, key, error)?;
                Ok(nothing)
            }
        }
    }

    fn after_reading(
        &mut self,
        streams: &mut Streams,
        key: StreamKey,
        progress: Result<Progress, Error>,
    ) -> Result<(), ConnectionError> {
        match progress {
            Ok(Progress::Idle) => Ok(()),
            Ok(Progress::Section) => {
                self.announce(streams, key);
                Ok(())
            }
            Ok(Progress::Blocked(count)) => self.block(key, count),
            Err(Error::Connection(error)) => Err(error),
            Err(Error::Stream(error)) => self.fail_request(streams, key, error),
        }
    }

    /// A field section of a request is there. With the first one a server's host hears of it.
    fn announce(&mut self, streams: &mut Streams, key: StreamKey) {
        let Some(request) = self.table.request_mut(key) else { return };
        if request.life != Life::Unannounced {
            return;
        }
        request.life = Life::Open;
        let (id, priority) = (request.id, request.receiving.priority());
        if let Some(priority) = priority {
            self.apply_priority(streams, key, &priority, PrioritySource::Field);
        }
        self.apply_early_priority(streams, key, id);
        self.events.push_back(Event::RequestOpened(key));
    }

    /// A request waits for the decoder's table.
    fn block(&mut self, key: StreamKey, count: u64) -> Result<(), ConnectionError> {
        if self.blocked.iter().any(|(known, _)| *known == key) {
            return Ok(());
        }
        let held = self.table.request(key).map_or(0, |request| request.receiving.bytes_held());
        self.blocked_bytes += held as u64;
        let too_much = held as u64 > self.local.max_blocked_per_stream
            || self.blocked_bytes > self.local.max_blocked_per_connection;
        if too_much {
            let reason = "too much waits for the dynamic table";
            return Err(ConnectionError::new(Code::EXCESSIVE_LOAD, reason));
        }
        self.blocked.push((key, count));
        Ok(())
    }

    /// Goes on with the requests for which the decoder's table is now far enough.
    fn unblock(&mut self, streams: &mut Streams, now: Instant) -> Result<(), ConnectionError> {
        let count = self.decoder.insert_count();
        while let Some(index) = self.blocked.iter().position(|(_, needed)| *needed <= count) {
            let (key, _) = self.blocked.swap_remove(index);
            self.release_blocked_bytes(key);
            self.read_request(streams, key, now)?;
            self.pending.push(key);
        }
        self.send_decoder_instructions(streams)
    }

    fn release_blocked_bytes(&mut self, key: StreamKey) {
        let held = self.table.request(key).map_or(0, |request| request.receiving.bytes_held());
        self.blocked_bytes = self.blocked_bytes.saturating_sub(held as u64);
    }

    /// A request no longer waits for the decoder's table.
    pub(super) fn unlist_blocked(&mut self, key: StreamKey) {
        if let Some(index) = self.blocked.iter().position(|(known, _)| *known == key) {
            self.blocked.swap_remove(index);
            self.release_blocked_bytes(key);
        }
    }

    /// Nothing more of a request is read. The peer's encoder has to know if sections may be left
    /// (RFC 9204 section 4.4.2).
    pub(super) fn stop_reading(&mut self, key: StreamKey) {
        self.unlist_blocked(key);
        let Some(request) = self.table.request_mut(key) else { return };
        let arriving = request.receiving.bytes_arriving() as u64;
        self.arriving_bytes = self.arriving_bytes.saturating_sub(arriving);
        let stopped = request.receiving.stop();
        if stopped.was_unfinished {
            self.decoder.cancel(request.id.0, stopped.was_blocked);
        }
    }

    /// Sends what the decoder has for the peer's encoder.
    pub(super) fn send_decoder_instructions(
        &mut self,
        streams: &mut Streams,
    ) -> Result<(), ConnectionError> {
        if let Some(tracer) = &mut self.tracer {
            tracer.decoder_says(&mut self.decoder);
        }
        self.decoder_stream.send(streams, self.decoder.instructions());
        if self.decoder_stream.bytes_held() > MAX_UNSENT_INSTRUCTIONS {
            let reason = "no credit for the decoder stream";
            return Err(ConnectionError::new(Code::EXCESSIVE_LOAD, reason));
        }
        Ok(())
    }

    /// Gives up a request because of what the peer sent; the others go on.
    pub(super) fn fail_request(
        &mut self,
        streams: &mut Streams,
        key: StreamKey,
        error: StreamError,
    ) -> Result<(), ConnectionError> {
        self.count_failure(key)?;
        self.stop_reading(key);
        let Some(request) = self.table.request_mut(key) else { return Ok(()) };
        request.stats.error = Some(error.code.0);
        let known = request.life == Life::Open;
        let _ = streams.close(key, error.code.0);
        if known {
            self.events.push_back(Event::Failed { key, error });
        }
        self.settle(key);
        self.drop_unannounced(streams, key);
        self.send_decoder_instructions(streams)
    }

    /// True for an end that answers requests.
    pub(super) fn is_server(&self) -> bool {
        self.role == Role::Server
    }
}
