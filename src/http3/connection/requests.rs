//! What the application does with requests.

use super::Connection;
use crate::http3::error::Code;
use crate::http3::message::Method;
use crate::http3::priority::DEFAULT_URGENCY;
use crate::http3::qpack::{Field, FieldSection, Hit};
use crate::http3::request::{Life, Notices, RequestStats, SendError};
use crate::http3::trace::Owner;
use crate::stream::{StreamKey, Streams};
use crate::time::Instant;
use crate::wire::{Direction, StreamId};

/// Why no request can be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenError {
    /// The peer allows no more streams now.
    Limit,
    /// The connection is about to end (RFC 9114 section 5.2).
    GoingAway,
    /// The connection speaks plain HTTP/3, which has no bytestreams.
    NotAgreed,
}

impl Connection {
    /// Opens a stream for a request.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open_request(
        &mut self,
        streams: &mut Streams,
        now: Instant,
    ) -> Result<(StreamKey, StreamId), OpenError> {
        if self.is_going_away() {
            return Err(OpenError::GoingAway);
        }
        let key = streams.open(Direction::Bidirectional).map_err(|_| OpenError::Limit)?;
        let Some(id) = streams.id(key) else { return Err(OpenError::Limit) };
        // RFC 9218 section 4: what nobody says anything about goes one after the other.
        let _ = streams.set_priority(key, DEFAULT_URGENCY, false);
        self.table.add_request(key, id, now, Life::Open);
        self.trace_time(now);
        self.trace_stream_type(Owner::Local, id, "request");
        Ok((key, id))
    }

    /// What there is to be told and read of a request.
    pub fn notices(&self, streams: &Streams, key: StreamKey) -> Notices {
        match self.table.request(key) {
            Some(request) if request.life == Life::Open => request.receiving.notices(streams, key),
            _ => Notices::default(),
        }
    }

    /// True if a field section of the request came that the application was not told of.
    pub fn has_news(&self, key: StreamKey) -> bool {
        self.table.request(key).is_some_and(|request| !request.receiving.is_told())
    }

    /// The application is being told of `notices`; what stands behind a field section can be read.
    pub fn on_told(&mut self, key: StreamKey, notices: Notices, now: Instant) {
        if let Some(request) = self.table.request_mut(key) {
            request.receiving.on_told(notices, now, &mut request.stats);
        }
        self.settle(key);
    }

    /// The header section, or after it the trailers, unless it was taken before; and whether nothing
    /// follows. The section stays as it is until the next one of its kind.
    pub fn take_fields(&mut self, key: StreamKey, now: Instant) -> Option<(&FieldSection, bool)> {
        let request = self.table.request_mut(key)?;
        let (part, fin) = request.receiving.take_fields(now, &mut request.stats)?;
        self.settle(key);
        self.table.request(key).map(|request| (request.receiving.fields(part), fin))
    }

    /// Sends a field section: pseudo-header fields first, names in lower case. `report` is told, by
    /// the place of each field, what tables had of it. What the stream does not take is kept.
    ///
    /// Returns the length of the encoded section in bytes.
    ///
    /// # Errors
    /// See [`SendError`]; [`SendError::Blocked`] is none of them.
    pub fn send_headers<'a>(
        &mut self,
        streams: &mut Streams,
        key: StreamKey,
        fields: impl Iterator<Item = Field<'a>> + Clone,
        fin: bool,
        now: Instant,
        report: impl FnMut(usize, Hit),
    ) -> Result<usize, SendError> {
        if let Some(error) = self.why_no_headers(streams, key) {
            return Err(error);
        }
        let begun = self.table.request(key).is_some_and(|request| request.sending.begun);
        let trailers = begun && !fields.clone().next().is_some_and(is_pseudo);
        let most = self.peer.and_then(|peer| peer.max_field_section_size).unwrap_or(u64::MAX);
        let size = fields.clone().fold(0, |sum: u64, field| sum.saturating_add(field.size()));
        if size > most {
            return Err(SendError::TooLarge);
        }
        if !self.is_server() {
            self.note_method(key, fields.clone());
        }
        self.section.clear();
        let Some(request) = self.table.request_mut(key) else { return Err(SendError::Unknown) };
        let text = fields.clone().map(|field| (field.name.len() + field.value.len()) as u64);
        request.stats.sent_header += text.sum::<u64>();
        request.stats.header_sent.get_or_insert(now);
        let id = request.id.0;
        self.encoder.encode_reporting(id, fields.clone(), &mut self.section, report);
        if let Some(tracer) = &self.tracer {
            tracer.set_time(now);
            tracer.section(Owner::Local, StreamId(id), fields, &self.section);
        }
        self.send_encoder_instructions(streams);
        let Some(request) = self.table.request_mut(key) else { return Err(SendError::Unknown) };
        request.sending.trailers_sent = trailers;
        request.sending.write_section(streams, key, &self.section, fin)?;
        request.stats.sent_compressed += self.section.len() as u64;
        Ok(self.section.len())
    }

    /// Why no field section can be sent any more, whatever is in it.
    pub fn why_no_headers(&self, streams: &Streams, key: StreamKey) -> Option<SendError> {
        let Some(request) = self.table.request(key) else { return Some(SendError::Unknown) };
        let ended = request.sending.check(streams, key).err();
        ended.or(request.sending.trailers_sent.then_some(SendError::OutOfOrder))
    }

    /// A client has to know what its response answers.
    fn note_method<'a>(&mut self, key: StreamKey, mut fields: impl Iterator<Item = Field<'a>>) {
        let Some(request) = self.table.request_mut(key) else { return };
        if request.sending.begun {
            return;
        }
        if let Some(field) = fields.find(|field| field.name == b":method") {
            request.receiving.set_method(method(field.value));
        }
    }

    /// Sends content; returns how many bytes were taken. `fin` goes with the last of them.
    ///
    /// # Errors
    /// See [`SendError`].
    pub fn send_body(
        &mut self,
        streams: &mut Streams,
        key: StreamKey,
        data: &[u8],
        fin: bool,
        now: Instant,
    ) -> Result<usize, SendError> {
        let request = self.table.request_mut(key).ok_or(SendError::Unknown)?;
        let behind_trailers = request.sending.trailers_sent && !data.is_empty();
        if !request.sending.begun || behind_trailers {
            request.sending.check(streams, key)?;
            return Err(SendError::OutOfOrder);
        }
        let count = request.sending.write_body(streams, key, data, fin)?;
        request.stats.sent_body += count as u64;
        if count > 0 || fin {
            request.stats.body_sent.get_or_insert(now);
        }
        if let Some(tracer) = self.tracer.as_deref().filter(|_| count > 0) {
            tracer.set_time(now);
            tracer.data(Owner::Local, request.id, count as u64);
        }
        Ok(count)
    }

    /// Ends our part of a request behind what was sent; also if that was done before.
    ///
    /// # Errors
    /// See [`SendError`].
    pub fn finish(&mut self, streams: &mut Streams, key: StreamKey) -> Result<(), SendError> {
        let request = self.table.request_mut(key).ok_or(SendError::Unknown)?;
        request.sending.finish(streams, key)
    }

    /// Sends what is kept for a stream that takes more. True if the application is to be told that
    /// it can write to the request.
    pub fn on_writable(&mut self, streams: &mut Streams, key: StreamKey) -> bool {
        for own in [&mut self.control, &mut self.encoder_stream, &mut self.decoder_stream] {
            if own.is(key) {
                own.flush(streams);
                return false;
            }
        }
        let Some(request) = self.table.request_mut(key) else { return false };
        request.sending.on_writable(streams, key) && request.life == Life::Open
    }

    /// Gives up a request in both directions, for the application: of its events only the last one
    /// follows.
    pub fn close_request(&mut self, streams: &mut Streams, key: StreamKey, code: Code) {
        let Some(request) = self.table.request(key).filter(|r| r.life == Life::Open) else {
            return;
        };
        let answered = self.is_server() && request.sending.is_ended();
        self.stop_reading(key);
        let Some(request) = self.table.request_mut(key) else { return };
        request.life = Life::Abandoned;
        if answered {
            // RFC 9114 section 4.1.1: the response is whole without the rest of the request.
            let _ = streams.stop_sending(key, Code::NO_ERROR.0);
        } else if !request.stream_closed {
            request.stats.error.get_or_insert(code.0);
            let _ = streams.close(key, code.0);
        }
        self.settle(key);
        // A peer that gives no credit for this is found out when it sends something.
        let _ = self.send_decoder_instructions(streams);
    }

    /// What a request remembers of its life.
    pub fn stats(&self, key: StreamKey) -> Option<&RequestStats> {
        self.table.request(key).map(|request| &request.stats)
    }

    /// Bytes of a request that are kept because its stream did not take them.
    pub fn bytes_unsent(&self, key: StreamKey) -> usize {
        self.table.request(key).map_or(0, |request| request.sending.bytes_held())
    }

    /// Frees a request after its last event.
    pub fn forget(&mut self, key: StreamKey) {
        self.unlist_blocked(key);
        self.table.remove(key);
    }
}

fn is_pseudo(field: Field<'_>) -> bool {
    field.name.first() == Some(&b':')
}

/// The method of a request as far as its response depends on it.
fn method(value: &[u8]) -> Method {
    match value {
        b"HEAD" => Method::Head,
        b"CONNECT" => Method::Connect,
        _ => Method::Other,
    }
}
