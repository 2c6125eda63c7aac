//! The receiving part of a request: frames in, field sections and content out.
//!
//! Content stays in the buffers of its stream until the application reads it, so whoever does not
//! read holds back the peer's credit and nothing else.

use super::stats::RequestStats;
use crate::http3::error::{Code, ConnectionError, Error, StreamError};
use crate::http3::frame::{broken, unexpected, FrameHeader, FrameType, PartialHeader, Standing};
use crate::http3::message::{self, ContentLength, Head, Kind, MessageError, Method, Rules};
use crate::http3::qpack::{Decoded, Decoder, FieldSection};
use crate::http3::trace::{Owner, Tracer};
use crate::stream::{ReadError, StreamKey, Streams};
use crate::time::Instant;
use crate::wire::{Role, StreamId};

/// The most bytes that an encoded field section may have, whatever the settings say of the decoded
/// one: it is held until it is whole.
pub const MAX_ENCODED_SECTION: u64 = 1024 * 1024;

/// What there is to be told and read of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Notices {
    /// A header section was not taken.
    pub header: bool,
    /// Content can be read.
    pub body: bool,
    /// The trailer section was not taken.
    pub trailer: bool,
    /// The end came after everything else was taken.
    pub end: bool,
}

impl Notices {
    /// True if there is something.
    pub const fn any(self) -> bool {
        self.header || self.body || self.trailer || self.end
    }
}

/// What a request needs of its connection to go on.
pub(in crate::http3) struct ReceiveContext<'a> {
    pub streams: &'a mut Streams,
    pub decoder: &'a mut Decoder,
    pub role: Role,
    pub rules: Rules,
    /// The largest field section we take, see [`FieldSection::size`].
    pub max_field_section_size: u64,
    pub now: Instant,
    pub tracer: Option<&'a Tracer>,
}

/// How far [`Receiving::advance`] has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http3) enum Progress {
    /// All there is was taken, but for content.
    Idle,
    /// A field section is to be told before anything else.
    Section,
    /// A field section waits for this insert count of the decoder.
    Blocked(u64),
}

/// A field section and whether the application has it.
#[derive(Debug, Default)]
struct Section {
    fields: FieldSection,
    state: SectionState,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum SectionState {
    /// There is none.
    #[default]
    Absent,
    /// It is there, and the application is to be told.
    New,
    /// The application was told and has not taken it.
    Told,
    /// The application took it; it stays for its pointers.
    Taken,
}

impl Section {
    const fn is_waiting(&self) -> bool {
        matches!(self.state, SectionState::New | SectionState::Told)
    }

    fn on_told(&mut self) {
        if self.state == SectionState::New {
            self.state = SectionState::Told;
        }
    }
}

/// One of the two field sections of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http3) enum Part {
    /// The header section.
    Head,
    /// The trailer section.
    Trailers,
}

/// Where in the stream we are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Position {
    /// At, or in, the header of a frame.
    #[default]
    Header,
    /// In HEADERS, so many bytes before its end.
    Section(u64),
    /// Behind HEADERS that wait for this insert count of the decoder.
    Blocked(u64),
    /// In DATA, so many bytes before its end.
    Data(u64),
    /// In a frame that is skipped, so many bytes before its end.
    Skip(u64),
    /// Nothing more is looked at.
    Over,
}

/// What may come next (RFC 9114 section 4.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Expected {
    /// A header section.
    #[default]
    Head,
    /// Content or trailers.
    Body,
    /// Nothing but unknown frames.
    Nothing,
}

/// The receiving part.
#[derive(Debug, Default)]
pub(in crate::http3) struct Receiving {
    partial: PartialHeader,
    position: Position,
    expected: Expected,
    /// The encoded section that is arriving, or waits.
    encoded: Vec<u8>,
    head: Section,
    trailers: Section,
    length: ContentLength,
    /// The method of the request, ours or the peer's.
    method: Method,
    priority: Option<crate::http3::priority::Priority>,
    /// All bytes of the stream were taken.
    stream_ended: bool,
    /// The message is whole.
    complete: bool,
    /// The application knows that it is.
    end_told: bool,
    /// Nothing more is read, by either end's wish.
    stopped: bool,
}

impl Receiving {
    /// Back to the beginning; memory is kept, but for what an unusual message took.
    pub fn clear(&mut self) {
        let mut kept = std::mem::take(self);
        kept.encoded.clear();
        kept.head.fields.clear();
        if kept.encoded.capacity() <= MEMORY_KEPT {
            self.encoded = kept.encoded;
        }
        if kept.head.fields.memory() <= MEMORY_KEPT {
            self.head.fields = kept.head.fields;
        }
    }

    /// Goes on as far as there are bytes, up to a field section that is to be told or to content.
    pub fn advance(
        &mut self,
        cx: &mut ReceiveContext<'_>,
        (key, id): (StreamKey, StreamId),
        stats: &mut RequestStats,
    ) -> Result<Progress, Error> {
        loop {
            if !self.is_told() {
                self.look_behind_section(cx, key, stats)?;
                return Ok(Progress::Section);
            }
            if self.stream_ended && self.position == Position::Header {
                self.finish(cx, stats)?;
                return Ok(Progress::Idle);
            }
            match self.position {
                Position::Over | Position::Data(1..) => {
                    self.look_for_early_end(cx, key, stats)?;
                    return Ok(Progress::Idle);
                }
                Position::Data(0) | Position::Skip(0) => self.position = Position::Header,
                Position::Section(0) | Position::Blocked(_) => {
                    if let Some(count) = self.decode(cx, id, stats)? {
                        return Ok(Progress::Blocked(count));
                    }
                }
                Position::Header | Position::Section(_) | Position::Skip(_) => {
                    if !self.take(cx, (key, id), stats)? {
                        return Ok(Progress::Idle);
                    }
                }
            }
        }
    }

    /// An end right behind a section is told together with it.
    fn look_behind_section(
        &mut self,
        cx: &mut ReceiveContext<'_>,
        key: StreamKey,
        stats: &mut RequestStats,
    ) -> Result<(), Error> {
        if self.position == Position::Header && self.partial.is_empty() {
            self.look_for_early_end(cx, key, stats)?;
            if self.stream_ended {
                self.finish(cx, stats)?;
            }
        }
        Ok(())
    }

    /// Takes bytes of the stream; false if there are none.
    fn take(
        &mut self,
        cx: &mut ReceiveContext<'_>,
        (key, id): (StreamKey, StreamId),
        stats: &mut RequestStats,
    ) -> Result<bool, Error> {
        let piece = cx.streams.peek(key);
        if piece.is_empty() {
            return self.take_end(cx, key, stats);
        }
        let (count, header) = match self.position {
            Position::Section(left) => {
                let count = short(left, piece.len());
                self.encoded.extend_from_slice(&piece[..count]);
                self.position = Position::Section(left - count as u64);
                (count, None)
            }
            Position::Skip(left) => {
                let count = short(left, piece.len());
                self.position = Position::Skip(left - count as u64);
                (count, None)
            }
            _ => self.partial.take(piece),
        };
        if cx.streams.consume(key, count) == Ok(true) {
            self.end_stream(cx.now, stats)?;
        }
        if let Some(header) = header {
            self.begin_frame(cx, id, header, stats)?;
            if self.stream_ended && header.len > 0 {
                return Err(TRUNCATED.into());
            }
        }
        Ok(true)
    }

    /// Reads the end of the stream, if it has come; true if it has.
    fn take_end(
        &mut self,
        cx: &mut ReceiveContext<'_>,
        key: StreamKey,
        stats: &mut RequestStats,
    ) -> Result<bool, Error> {
        if self.stream_ended || !cx.streams.is_readable(key) {
            return Ok(false);
        }
        match cx.streams.consume(key, 0) {
            Ok(true) => self.end_stream(cx.now, stats).map(|()| true).map_err(Error::from),
            // A reset is told by an event.
            Ok(false) | Err(_) => Ok(false),
        }
    }

    /// Content that nobody has read yet does not hide that the stream ends within its frame.
    fn look_for_early_end(
        &mut self,
        cx: &mut ReceiveContext<'_>,
        key: StreamKey,
        stats: &mut RequestStats,
    ) -> Result<(), Error> {
        if !self.stream_ended && cx.streams.peek(key).is_empty() {
            self.take_end(cx, key, stats)?;
        }
        Ok(())
    }

    // RFC 9114 section 7.1: a stream that ends within a frame.
    fn end_stream(
        &mut self,
        now: Instant,
        stats: &mut RequestStats,
    ) -> Result<(), ConnectionError> {
        self.stream_ended = true;
        stats.fin_received.get_or_insert(now);
        let whole = match self.position {
            Position::Header => self.partial.is_empty(),
            Position::Section(left) | Position::Data(left) | Position::Skip(left) => left == 0,
            Position::Blocked(_) | Position::Over => true,
        };
        if whole {
            Ok(())
        } else {
            Err(TRUNCATED)
        }
    }

    fn begin_frame(
        &mut self,
        cx: &ReceiveContext<'_>,
        id: StreamId,
        header: FrameHeader,
        stats: &mut RequestStats,
    ) -> Result<(), Error> {
        match header.kind.on_request_stream() {
            Standing::Forbidden => {
                return Err(unexpected("a frame that a request stream must not carry").into());
            }
            Standing::Unknown => {
                if let Some(tracer) = cx.tracer {
                    tracer.frame(Owner::Remote, Some(id), header, &[]);
                }
                self.position = Position::Skip(header.len);
                return Ok(());
            }
            Standing::Known => {}
        }
        match header.kind {
            FrameType::HEADERS => self.begin_section(cx, header.len, stats),
            FrameType::DATA => {
                if let Some(tracer) = cx.tracer {
                    tracer.data(Owner::Remote, id, header.len);
                }
                self.begin_data(cx, header.len, stats)
            }
            _ => Err(refuse_push(cx.role).into()),
        }
    }

    fn begin_section(
        &mut self,
        cx: &ReceiveContext<'_>,
        len: u64,
        stats: &mut RequestStats,
    ) -> Result<(), Error> {
        // RFC 9114 sections 4.1 and 4.4.
        let tunnel = self.expected == Expected::Body && is_tunnel(self.method);
        if self.expected == Expected::Nothing || tunnel {
            return Err(unexpected("HEADERS after the end of the message").into());
        }
        // An encoding that is longer than what it stands for serves no purpose.
        if len > cx.max_field_section_size.min(MAX_ENCODED_SECTION) {
            return Err(TOO_LARGE.into());
        }
        stats.header_begun.get_or_insert(cx.now);
        self.encoded.clear();
        self.position = Position::Section(len);
        Ok(())
    }

    fn begin_data(
        &mut self,
        cx: &ReceiveContext<'_>,
        len: u64,
        stats: &mut RequestStats,
    ) -> Result<(), Error> {
        // RFC 9114 section 4.1.
        if self.expected != Expected::Body {
            return Err(unexpected("DATA where it must not be").into());
        }
        self.position = Position::Data(len);
        stats.body_begun.get_or_insert(cx.now);
        Ok(self.length.on_data(len).map_err(malformed)?)
    }

    /// Decodes the section that has arrived; returns what it waits for, if it has to.
    fn decode(
        &mut self,
        cx: &mut ReceiveContext<'_>,
        id: StreamId,
        stats: &mut RequestStats,
    ) -> Result<Option<u64>, Error> {
        let waited = matches!(self.position, Position::Blocked(_));
        let trailers = self.expected == Expected::Body;
        let section = if trailers { &mut self.trailers } else { &mut self.head };
        section.fields.clear();
        let most = cx.max_field_section_size;
        match cx.decoder.decode(id.0, &self.encoded, waited, most, &mut section.fields)? {
            Decoded::Complete => {}
            Decoded::Blocked(count) => {
                self.position = Position::Blocked(count);
                stats.blocked.get_or_insert(cx.now);
                if let Some(tracer) = cx.tracer.filter(|_| !waited) {
                    tracer.blocked(id, true);
                }
                return Ok(Some(count));
            }
            Decoded::TooLarge => {
                // As for one that was not decoded: the peer's encoder has to hear of it.
                self.position = Position::Section(0);
                return Err(TOO_LARGE.into());
            }
        }
        if waited {
            stats.unblocked.get_or_insert(cx.now);
        }
        if let Some(tracer) = cx.tracer {
            if waited {
                tracer.blocked(id, false);
            }
            tracer.section(Owner::Remote, id, section.fields.iter(), &self.encoded);
        }
        stats.header_decoded.get_or_insert(cx.now);
        stats.received_compressed += self.encoded.len() as u64;
        self.encoded.clear();
        self.encoded.shrink_to(MEMORY_KEPT);
        self.position = Position::Header;
        if trailers {
            self.accept_trailers(cx)?;
            stats.received_header += self.trailers.fields.text_len();
        } else {
            self.accept_head(cx)?;
            stats.received_header += self.head.fields.text_len();
        }
        Ok(None)
    }

    fn accept_trailers(&mut self, cx: &ReceiveContext<'_>) -> Result<(), StreamError> {
        check(Kind::Trailers, &self.trailers.fields, cx.rules)?;
        self.trailers.state = SectionState::New;
        self.expected = Expected::Nothing;
        Ok(())
    }

    fn accept_head(&mut self, cx: &ReceiveContext<'_>) -> Result<(), StreamError> {
        let kind = if cx.role == Role::Server { Kind::Request } else { Kind::Response };
        let head = check(kind, &self.head.fields, cx.rules)?;
        if head.split_cookie {
            message::join_cookies(&mut self.head.fields);
        }
        self.head.state = SectionState::New;
        if head.is_interim() {
            return Ok(());
        }
        self.expected = Expected::Body;
        if kind == Kind::Request {
            self.method = head.method;
            self.priority = head.priority;
        }
        self.length = ContentLength::new(kind, &head, self.method);
        // A CONNECT that failed has an ordinary response (RFC 9110 section 9.3.6).
        if kind == Kind::Response && !(200..300).contains(&head.status) {
            self.method = Method::Other;
        }
        Ok(())
    }

    /// The stream has ended between two frames.
    fn finish(
        &mut self,
        cx: &ReceiveContext<'_>,
        stats: &mut RequestStats,
    ) -> Result<(), StreamError> {
        if self.complete {
            return Ok(());
        }
        self.position = Position::Over;
        if self.expected == Expected::Head {
            return Err(match cx.role {
                // RFC 9114 section 4.1.
                Role::Server => StreamError::new(Code::REQUEST_INCOMPLETE, "no request"),
                Role::Client => StreamError::new(Code::MESSAGE_ERROR, "no final response"),
            });
        }
        self.length.on_end().map_err(malformed)?;
        self.complete = true;
        if self.end_told {
            stats.ended.get_or_insert(cx.now);
        }
        Ok(())
    }

    /// What there is to be told and read.
    pub fn notices(&self, streams: &Streams, key: StreamKey) -> Notices {
        if self.stopped {
            return Notices::default();
        }
        Notices {
            header: self.head.is_waiting(),
            body: self.has_body(streams, key),
            trailer: self.trailers.is_waiting(),
            end: self.complete
                && !self.end_told
                && !self.head.is_waiting()
                // An application that does not look at trailers hears of the end all the same.
                && self.trailers.state != SectionState::New,
        }
    }

    fn has_body(&self, streams: &Streams, key: StreamKey) -> bool {
        matches!(self.position, Position::Data(1..)) && !streams.peek(key).is_empty()
    }

    /// True if the application knows of every field section that came and matters.
    pub fn is_told(&self) -> bool {
        let is_new = |section: &Section| section.state == SectionState::New;
        self.stopped || !(is_new(&self.head) || is_new(&self.trailers))
    }

    /// The insert count of the decoder that a field section waits for.
    pub fn blocked_on(&self) -> Option<u64> {
        match self.position {
            Position::Blocked(count) => Some(count),
            _ => None,
        }
    }

    /// True if more of the message is to come, or may be.
    pub fn is_under_way(&self) -> bool {
        !self.complete && !self.stopped
    }

    /// True if the application has not taken all that has arrived, although it still can. Trailers
    /// that it was told of count as taken.
    pub fn has_untaken(&self) -> bool {
        let waits = self.head.is_waiting()
            || self.trailers.state == SectionState::New
            || self.blocked_on().is_some()
            || (self.complete && !self.end_told);
        waits && !self.stopped
    }

    /// The application is being told what [`Self::notices`] shows.
    pub fn on_told(&mut self, notices: Notices, now: Instant, stats: &mut RequestStats) {
        for section in [&mut self.head, &mut self.trailers] {
            section.on_told();
        }
        if notices.end {
            self.tell_end(now, stats);
        }
    }

    fn tell_end(&mut self, now: Instant, stats: &mut RequestStats) {
        self.end_told = true;
        stats.ended.get_or_insert(now);
    }

    /// The header section, or after it the trailers, if it was not taken; and whether nothing
    /// follows.
    pub fn take_fields(&mut self, now: Instant, stats: &mut RequestStats) -> Option<(Part, bool)> {
        let is_head = self.head.is_waiting();
        let fin = self.complete && !(is_head && self.trailers.is_waiting());
        if !is_head && !self.trailers.is_waiting() {
            return None;
        }
        if fin {
            self.tell_end(now, stats);
        }
        let (part, section) = match is_head {
            true => (Part::Head, &mut self.head),
            false => (Part::Trailers, &mut self.trailers),
        };
        section.state = SectionState::Taken;
        Some((part, fin))
    }

    /// The fields of a section that was taken.
    pub fn fields(&self, part: Part) -> &FieldSection {
        match part {
            Part::Head => &self.head.fields,
            Part::Trailers => &self.trailers.fields,
        }
    }

    /// Reads content into `out`. `fin` with the last of it, again and again, unless trailers follow.
    pub fn read_body(
        &mut self,
        cx: &mut ReceiveContext<'_>,
        (key, id): (StreamKey, StreamId),
        out: &mut [u8],
        stats: &mut RequestStats,
    ) -> Result<BodyRead, Error> {
        let mut len = 0;
        while let Position::Data(left @ 1..) = self.position {
            let room = short(left, out.len() - len);
            if room == 0 {
                break;
            }
            match cx.streams.read(key, &mut out[len..len + room]) {
                Ok(read) => {
                    self.position = Position::Data(left - read.len as u64);
                    len += read.len;
                    stats.received_body += read.len as u64;
                    if read.fin {
                        self.end_stream(cx.now, stats)?;
                    } else if read.len == 0 {
                        break;
                    }
                }
                Err(ReadError::Blocked) => break,
                Err(_) => {
                    self.position = Position::Over;
                    break;
                }
            }
            if self.position == Position::Data(0) {
                self.advance(cx, (key, id), stats)?;
            }
        }
        let fin = self.complete && self.expected == Expected::Body;
        if fin {
            self.tell_end(cx.now, stats);
        }
        Ok(BodyRead { len, fin })
    }

    /// Nothing more of the stream is looked at; returns whether it waited for the decoder, or was in
    /// the middle of a section, so that the peer's encoder has to know.
    pub fn stop(&mut self) -> Stopped {
        let in_section = matches!(self.position, Position::Section(_) | Position::Blocked(_));
        let stopped = Stopped {
            was_blocked: self.blocked_on().is_some(),
            was_unfinished: !self.stream_ended || in_section,
        };
        self.position = Position::Over;
        self.encoded = Vec::new();
        self.stream_ended = true;
        self.stopped = true;
        // What is there can still be taken, but nobody is told of it any more.
        for section in [&mut self.head, &mut self.trailers] {
            section.on_told();
        }
        stopped
    }

    /// The method that the response belongs to, for a client.
    pub fn set_method(&mut self, method: Method) {
        self.method = method;
    }

    /// What the peer's header section said of the priority.
    pub fn priority(&self) -> Option<crate::http3::priority::Priority> {
        self.priority
    }

    /// Bytes of memory that sections take, used or not.
    #[cfg(test)]
    pub fn memory(&self) -> usize {
        self.encoded.capacity() + self.head.fields.memory() + self.trailers.fields.memory()
    }

    /// Bytes of a field section that has not come whole.
    #[inline]
    pub fn bytes_arriving(&self) -> usize {
        match self.position {
            Position::Section(_) => self.encoded.len(),
            _ => 0,
        }
    }

    /// Bytes of field sections that are held although they are not decoded.
    pub fn bytes_held(&self) -> usize {
        self.encoded.len()
    }
}

/// What reading content delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BodyRead {
    /// Bytes written.
    pub len: usize,
    /// Nothing follows.
    pub fin: bool,
}

/// What [`Receiving::stop`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stopped {
    /// A section waited for the decoder's table.
    pub was_blocked: bool,
    /// There may be sections that will never be decoded.
    pub was_unfinished: bool,
}

/// Bytes of buffers that a request leaves to the next one.
const MEMORY_KEPT: usize = 4096;

const TRUNCATED: ConnectionError = broken("a stream that ends within a frame");

/// RFC 9114 section 4.2.2.
const TOO_LARGE: StreamError = StreamError::new(Code::EXCESSIVE_LOAD, "too large a field section");

// RFC 9114 section 4.1.2.
fn malformed(error: MessageError) -> StreamError {
    StreamError::new(Code::MESSAGE_ERROR, error.reason())
}

fn check(kind: Kind, fields: &FieldSection, rules: Rules) -> Result<Head, StreamError> {
    message::check(kind, fields, rules).map_err(malformed)
}

/// True if nothing but DATA follows the header section (RFC 9114 section 4.4, RFC 8441 section 5).
const fn is_tunnel(method: Method) -> bool {
    matches!(method, Method::Connect | Method::ExtendedConnect)
}

// RFC 9114 section 7.2.5: a server is promised nothing, and we granted no push.
fn refuse_push(role: Role) -> ConnectionError {
    match role {
        Role::Server => unexpected("PUSH_PROMISE from a client"),
        Role::Client => ConnectionError::new(Code::ID_ERROR, "a push that was not granted"),
    }
}

/// The smaller of a length on the wire and a length in memory.
fn short(wire: u64, memory: usize) -> usize {
    usize::try_from(wire).unwrap_or(usize::MAX).min(memory)
}
