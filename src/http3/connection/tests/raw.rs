//! One end of HTTP/3 and a peer that is none: it writes what it likes on streams of its choice.

use super::*;
use crate::http3::qpack::Encoder;
use crate::wire::Direction;

/// An end, and the streams of the peer that it faces.
pub(super) struct Faced {
    pub end: End,
    pub raw: Streams,
    control: Option<StreamKey>,
}

/// An end with this role and default settings; nothing has come from its peer.
pub(super) fn facing(role: Role) -> Faced {
    facing_with(role, LocalSettings::default())
}

pub(super) fn facing_with(role: Role, settings: LocalSettings) -> Faced {
    facing_end(End::new(role, settings))
}

pub(super) fn facing_end(end: End) -> Faced {
    let other = if end.h3.role == Role::Client { Role::Server } else { Role::Client };
    let mut raw = Streams::new(other, LIMITS, 4 * 1024 * 1024);
    raw.set_peer_limits(&LIMITS);
    let mut faced = Faced { end, raw, control: None };
    faced.settle();
    faced
}

impl Faced {
    /// Lets everything arrive, both ways, unless the connection has failed.
    pub fn settle(&mut self) {
        loop {
            self.end.run();
            let quiet = !self.end.streams.wants_to_send() && !self.raw.wants_to_send();
            if quiet || self.end.failed.is_some() {
                return;
            }
            exchange_streams(&mut self.end.streams, &mut self.raw);
        }
    }

    /// Writes on a stream, and lets it arrive.
    pub fn write(&mut self, key: StreamKey, bytes: &[u8], fin: bool) {
        assert_eq!(self.raw.write(key, bytes, fin), Ok(bytes.len()));
        self.settle();
    }

    /// A unidirectional stream of the peer that begins with `bytes`.
    pub fn uni(&mut self, bytes: &[u8]) -> StreamKey {
        let key = self.raw.open(Direction::Unidirectional).unwrap();
        self.write(key, bytes, false);
        key
    }

    /// A bidirectional stream of the peer.
    pub fn bidi(&mut self, bytes: &[u8], fin: bool) -> StreamKey {
        let key = self.raw.open(Direction::Bidirectional).unwrap();
        self.write(key, bytes, fin);
        key
    }

    /// The peer's control stream with SETTINGS that say nothing, unless it is open; then `bytes`.
    pub fn control(&mut self, bytes: &[u8]) {
        match self.control {
            Some(key) => self.write(key, bytes, false),
            None => self.control = Some(self.uni(&[&[0, 4, 0], bytes].concat())),
        }
    }

    /// The peer's end of a request that the end under test has made.
    pub fn theirs(&self, ours: StreamKey) -> StreamKey {
        self.raw.key(self.end.streams.id(ours).unwrap()).unwrap()
    }

    /// The end's part of a request of the peer.
    pub fn ours(&self, theirs: StreamKey) -> StreamKey {
        let id = self.raw.id(theirs).unwrap();
        let all = self.end.h3.table.all_requests();
        all.iter().find(|(_, known)| *known == id).unwrap().0
    }

    /// A client's request that awaits its response; the peer's stream.
    pub fn request(&mut self, fields: &[(&str, &str)]) -> (StreamKey, StreamKey) {
        let (key, _) = self.end.h3.open_request(&mut self.end.streams, NOW).unwrap();
        self.end.send(key, fields, true);
        self.settle();
        (key, self.theirs(key))
    }

    /// The stream on which messages of the peer travel: a request of the peer, or the response to
    /// one of the end.
    pub fn message_stream(&mut self) -> StreamKey {
        match self.end.h3.role {
            Role::Server => self.raw.open(Direction::Bidirectional).unwrap(),
            Role::Client => self.request(&GET).1,
        }
    }

    /// The header section that begins a message of the peer.
    pub fn head(&self) -> Vec<u8> {
        match self.end.h3.role {
            Role::Server => headers(&GET),
            Role::Client => headers(&[(":status", "200")]),
        }
    }

    /// What the connection failed with.
    pub fn code(&self) -> Option<Code> {
        self.end.failed.map(|error| error.code)
    }

    /// The code that the end gave up its part of a stream with.
    pub fn reset_code(&mut self, theirs: StreamKey) -> Option<u64> {
        match self.raw.read(theirs, &mut []) {
            Err(ReadError::Reset(code)) => Some(code),
            _ => None,
        }
    }

    /// The code with which the end asked for a stream to be stopped.
    pub fn stop_code(&mut self, theirs: StreamKey) -> Option<u64> {
        match self.raw.write(theirs, &[], false) {
            Err(WriteError::Reset(code)) => Some(code),
            _ => None,
        }
    }

    /// What requests failed with, one after the other.
    pub fn failures(&self) -> Vec<Code> {
        let failed = |event: &Event| match event {
            Event::Failed { error, .. } => Some(error.code),
            _ => None,
        };
        self.end.events.iter().filter_map(failed).collect()
    }
}

/// What an end with this role makes of `act`: the code the connection fails with, if it does.
pub(super) fn fault<T>(role: Role, act: impl FnOnce(&mut Faced) -> T) -> Option<Code> {
    let mut faced = facing(role);
    act(&mut faced);
    faced.code()
}

/// A frame.
pub(super) fn frame(kind: FrameType, content: &[u8]) -> Vec<u8> {
    let mut buffer = [0; FrameHeader::MAX_LEN];
    let header = FrameHeader { kind, len: content.len() as u64 };
    [header.encode(&mut buffer), content].concat()
}

/// The header of a frame with `len` bytes, of which there are none.
pub(super) fn frame_of(kind: FrameType, len: u64) -> Vec<u8> {
    FrameHeader { kind, len }.encode(&mut [0; FrameHeader::MAX_LEN]).to_vec()
}

/// A frame that holds one integer.
pub(super) fn frame_with(kind: FrameType, value: u64) -> Vec<u8> {
    frame(kind, &varint(value))
}

pub(super) fn varint(value: u64) -> Vec<u8> {
    let mut bytes = [0; 8];
    let mut writer = crate::wire::Writer::new(&mut bytes);
    writer.varint(value);
    writer.written().to_vec()
}

/// A HEADERS frame that needs no table.
pub(super) fn headers(fields: &[(&str, &str)]) -> Vec<u8> {
    let fields = fields.iter().map(|(name, value)| Field::new(name.as_bytes(), value.as_bytes()));
    let mut section = Vec::new();
    Encoder::new().encode(0, fields, &mut section);
    frame(FrameType::HEADERS, &section)
}

pub(super) fn data(content: &[u8]) -> Vec<u8> {
    frame(FrameType::DATA, content)
}

pub(super) const ROLES: [Role; 2] = [Role::Client, Role::Server];
