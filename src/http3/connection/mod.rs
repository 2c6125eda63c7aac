//! HTTP/3 on one connection (RFC 9114).
//!
//! [`Connection`] stands beside the transport's connection and is given its streams whenever it is
//! called. It calls nobody: what the layer above has to know are [`Event`]s and [`Notices`].
//!
//! The order of calls: each stream event goes to [`Connection::on_stream_event`], each readable stream
//! to [`Connection::read`]; after both, [`Connection::poll_event`] until there is none, then
//! [`Connection::notices`] of the stream.

mod bytestreams;
mod control;
mod event;
mod given_up;
mod going_away;
mod incoming;
mod priorities;
mod reading;
mod requests;
mod settings;
mod stream_events;
mod table;
#[cfg(test)]
mod tests;
mod trace;

pub use event::Event;
pub use requests::OpenError;
pub use settings::LocalSettings;

use std::collections::VecDeque;

use self::bytestreams::Bytestreams;
use self::control::ControlStreams;
use self::given_up::GivenUp;
use self::going_away::GoingAway;
use self::priorities::EarlyPriorities;
use self::table::Table;
use super::frame::{FrameHeader, FrameType};
use super::outgoing::Outgoing;
use super::qpack::{Decoder, Encoder};
use super::settings::Settings;
use super::stream_type::StreamType;
use super::trace::{header_of, Owner, Tracer};
use crate::stream::{StreamKey, Streams};
use crate::wire::Role;

/// One end of an HTTP/3 connection.
#[derive(Debug)]
pub struct Connection {
    role: Role,
    local: LocalSettings,
    /// What bytestreams need, where the ends agreed on extended HTTP/3.
    extended: Option<Box<Bytestreams>>,
    /// The peer's settings, once they have come.
    peer: Option<Settings>,
    control: Outgoing,
    encoder_stream: Outgoing,
    decoder_stream: Outgoing,
    /// The peer's streams of which there is one each.
    critical: ControlStreams,
    encoder: Encoder,
    decoder: Decoder,
    table: Table,
    /// Requests that wait for the decoder's table, and for which insert count.
    blocked: Vec<(StreamKey, u64)>,
    /// Bytes of field sections they hold.
    blocked_bytes: u64,
    /// Bytes of field sections that have not come whole.
    arriving_bytes: u64,
    /// Requests that have something to be told although their streams may have nothing to read.
    pending: Vec<StreamKey>,
    events: VecDeque<Event>,
    going_away: GoingAway,
    priorities: EarlyPriorities,
    /// Requests.
    given_up: GivenUp,
    /// Unidirectional streams of the peer; a few of all that come are of use.
    strays: GivenUp,
    /// Room for an encoded field section.
    section: Vec<u8>,
    /// Whoever wants to know what happens.
    tracer: Option<Box<Tracer>>,
}

impl Connection {
    /// An end that has not begun.
    pub fn new(role: Role, local: LocalSettings) -> Self {
        let mut encoder = Encoder::new();
        encoder.set_compatible_duplicates(local.compat_duplicate);
        let mut connection = Self {
            role,
            local,
            extended: None,
            peer: None,
            control: Outgoing::new(StreamType::CONTROL.0 as u8),
            encoder_stream: Outgoing::new(StreamType::QPACK_ENCODER.0 as u8),
            decoder_stream: Outgoing::new(StreamType::QPACK_DECODER.0 as u8),
            critical: ControlStreams::default(),
            encoder,
            decoder: Decoder::new(local.qpack_decoder_capacity, local.qpack_blocked_streams),
            table: Table::default(),
            blocked: Vec::new(),
            blocked_bytes: 0,
            arriving_bytes: 0,
            pending: Vec::new(),
            events: VecDeque::new(),
            going_away: GoingAway::default(),
            priorities: EarlyPriorities::default(),
            given_up: GivenUp::default(),
            strays: GivenUp::default(),
            section: Vec::new(),
            tracer: None,
        };
        connection.queue_settings();
        connection
    }

    /// RFC 9114 section 6.2.1: nothing comes before SETTINGS, whatever the application says before the
    /// control stream is open.
    fn queue_settings(&mut self) {
        let mut content = Vec::new();
        self.local.to_wire().encode(&mut content);
        self.queue_control_frame(FrameType::SETTINGS, &content);
    }

    /// The same end, of a connection that agreed on extended HTTP/3: its clients open bytestreams
    /// beside requests.
    pub fn extended(mut self) -> Self {
        self.extended = Some(Box::default());
        self
    }

    /// True if bytestreams can be opened.
    pub fn is_extended(&self) -> bool {
        self.extended.is_some()
    }

    /// Opens the control stream and those of QPACK, and sends SETTINGS. To be called once, as soon as
    /// streams can be opened; what the peer does not allow yet follows when it does.
    pub fn start(&mut self, streams: &mut Streams) {
        self.open_streams(streams);
    }

    /// Opens those of our streams that are not open.
    fn open_streams(&mut self, streams: &mut Streams) {
        let opened = self.control.open(streams);
        self.trace_own_stream(streams, opened, "control");
        let opened = self.encoder_stream.open(streams);
        self.trace_own_stream(streams, opened, "qpack_encode");
        let opened = self.decoder_stream.open(streams);
        self.trace_own_stream(streams, opened, "qpack_decode");
    }

    /// Our own settings.
    pub fn local_settings(&self) -> &LocalSettings {
        &self.local
    }

    /// The peer's settings, once they have come.
    pub fn peer_settings(&self) -> Option<&Settings> {
        self.peer.as_ref()
    }

    /// True if [`Self::poll_event`] would give any.
    #[inline]
    pub fn has_events(&self) -> bool {
        !self.events.is_empty()
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Moves the keys of requests to `out` that may have something to be told although their streams
    /// have nothing to read: [`Self::read`] and [`Self::notices`] are to be called for each.
    pub fn take_pending(&mut self, out: &mut Vec<StreamKey>) {
        out.append(&mut self.pending);
    }

    /// True if [`Self::take_pending`] would give any.
    pub fn has_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Sets the capacity of the dynamic table we send with, in bytes, within what the peer allows.
    pub fn set_encoder_capacity(&mut self, streams: &mut Streams, capacity: u64) {
        self.local.qpack_encoder_capacity = capacity;
        self.apply_peer_settings(streams);
    }

    /// Has the encoder keep to the peer's settings, which may come after it was used.
    fn apply_peer_settings(&mut self, streams: &mut Streams) {
        let Some(peer) = self.peer else { return };
        let (most, blocked) = (peer.qpack_max_table_capacity, peer.qpack_blocked_streams);
        self.encoder.set_limits(self.local.qpack_encoder_capacity, most, blocked);
        self.send_encoder_instructions(streams);
    }

    /// Sends what the encoder has for the peer's decoder. RFC 9204 section 2.1.3: while some of it
    /// waits for credit, nothing is inserted that sections would have to wait for.
    fn send_encoder_instructions(&mut self, streams: &mut Streams) {
        if let Some(tracer) = &mut self.tracer {
            tracer.encoder_says(&mut self.encoder);
        }
        self.encoder_stream.send(streams, self.encoder.instructions());
        self.encoder.set_inserting(self.encoder_stream.is_flushed());
    }

    /// Sends a frame on the control stream, as soon as that is possible.
    fn send_control_frame(&mut self, streams: &mut Streams, kind: FrameType, content: &[u8]) {
        if let Some(tracer) = &self.tracer {
            let id = self.control.key().and_then(|key| streams.id(key));
            tracer.frame(Owner::Local, id, header_of(kind, content), content);
        }
        self.queue_control_frame(kind, content);
        self.control.flush(streams);
    }

    fn queue_control_frame(&mut self, kind: FrameType, content: &[u8]) {
        let mut buffer = [0; FrameHeader::MAX_LEN];
        let header = FrameHeader { kind, len: content.len() as u64 };
        let queue = self.control.queue();
        queue.extend_from_slice(header.encode(&mut buffer));
        queue.extend_from_slice(content);
    }
}
