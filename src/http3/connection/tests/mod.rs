//! Two ends of HTTP/3, their streams joined without a network between them.

#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

mod blocked;
mod bytestreams;
mod control;
mod cuts;
mod exchange;
mod floods;
mod going_away;
mod host;
mod lossy;
mod messages;
mod priorities;
mod random;
mod raw;
mod request_frames;
mod settings;
mod trace;
mod unidirectional;

use super::*;
use crate::http3::qpack::Field;
use crate::http3::{Code, ConnectionError, Notices};
use crate::stream::tests::exchange as exchange_streams;
use crate::stream::{Limits, ReadError, WriteError};
use crate::time::Instant;
use crate::wire::StreamId;

/// A time: nothing here depends on it.
const NOW: Instant = Instant::from_micros(1_000_000);

const LIMITS: Limits = Limits {
    max_data: 1_000_000,
    max_stream_data_bidi_local: 100_000,
    max_stream_data_bidi_remote: 100_000,
    max_stream_data_uni: 100_000,
    max_streams_bidi: 100,
    max_streams_uni: 10,
};

/// One end and its streams.
struct End {
    h3: Connection,
    streams: Streams,
    /// What happened, in order.
    events: Vec<Event>,
    /// Bytestreams whose writers were to be told.
    writable: Vec<StreamKey>,
    failed: Option<ConnectionError>,
}

impl End {
    fn new(role: Role, settings: LocalSettings) -> Self {
        Self::with_limits(role, settings, LIMITS)
    }

    fn with_limits(role: Role, settings: LocalSettings, peer: Limits) -> Self {
        Self::around(Connection::new(role, settings), role, peer)
    }

    fn around(mut h3: Connection, role: Role, peer: Limits) -> Self {
        let mut streams = Streams::new(role, LIMITS, 256 * 1024);
        streams.set_peer_limits(&peer);
        h3.start(&mut streams);
        Self { h3, streams, events: Vec::new(), writable: Vec::new(), failed: None }
    }

    /// Does what a pass of the layer above does, but for telling the application.
    fn run(&mut self) {
        while let Some(event) = self.streams.poll_event() {
            let result = self.h3.on_stream_event(&mut self.streams, event, NOW);
            self.note(result);
        }
        let mut keys = Vec::new();
        self.streams.readable(&mut keys);
        self.h3.take_pending(&mut keys);
        for key in keys {
            let result = self.h3.read(&mut self.streams, key, NOW);
            self.note(result);
        }
        let mut keys = Vec::new();
        self.streams.writable(&mut keys);
        for key in keys {
            self.h3.on_writable(&mut self.streams, key);
            if self.h3.flush_bytestream(&mut self.streams, key, NOW) {
                self.writable.push(key);
            }
        }
        self.events.extend(std::iter::from_fn(|| self.h3.poll_event()));
    }

    fn note(&mut self, result: Result<(), ConnectionError>) {
        if let Err(error) = result {
            self.failed.get_or_insert(error);
        }
    }

    fn notices(&self, key: StreamKey) -> Notices {
        self.h3.notices(&self.streams, key)
    }

    /// Tells the application what there is, and goes on behind it.
    fn tell(&mut self, key: StreamKey) -> Notices {
        let notices = self.notices(key);
        self.h3.on_told(key, notices, NOW);
        let result = self.h3.read(&mut self.streams, key, NOW);
        self.note(result);
        notices
    }

    /// The request on a stream.
    fn key(&self, id: u64) -> StreamKey {
        self.streams.key(StreamId(id)).unwrap()
    }

    /// Takes the next section as text.
    fn fields(&mut self, key: StreamKey) -> Option<(Vec<String>, bool)> {
        let (section, fin) = self.h3.take_fields(key, NOW)?;
        let text = |field: Field<'_>| {
            let (name, value) = (field.name, field.value);
            format!("{}={}", String::from_utf8_lossy(name), String::from_utf8_lossy(value))
        };
        Some((section.iter().map(text).collect(), fin))
    }

    fn body(&mut self, key: StreamKey) -> (Vec<u8>, bool) {
        let (mut all, mut buffer) = (Vec::new(), vec![0; 3_000]);
        loop {
            let read = self.h3.read_body(&mut self.streams, key, &mut buffer, NOW).unwrap();
            all.extend_from_slice(&buffer[..read.len]);
            if read.fin || read.len == 0 {
                return (all, read.fin);
            }
        }
    }

    fn send(&mut self, key: StreamKey, fields: &[(&str, &str)], fin: bool) -> usize {
        let fields: Vec<_> =
            fields.iter().map(|(n, v)| Field::new(n.as_bytes(), v.as_bytes())).collect();
        let fields = fields.iter().copied();
        self.h3.send_headers(&mut self.streams, key, fields, fin, NOW, |_, _| {}).unwrap()
    }

    fn send_body(&mut self, key: StreamKey, data: &[u8], fin: bool) -> usize {
        self.h3.send_body(&mut self.streams, key, data, fin, NOW).unwrap()
    }
}

/// Both ends with default settings, which they have told each other.
fn pair() -> (End, End) {
    pair_with(LocalSettings::default(), LocalSettings::default())
}

fn pair_with(client: LocalSettings, server: LocalSettings) -> (End, End) {
    let (mut client, mut server) = (End::new(Role::Client, client), End::new(Role::Server, server));
    exchange(&mut client, &mut server);
    (client, server)
}

/// Lets everything arrive, both ways.
fn exchange(a: &mut End, b: &mut End) {
    loop {
        a.run();
        b.run();
        if !a.streams.wants_to_send() && !b.streams.wants_to_send() {
            break;
        }
        exchange_streams(&mut a.streams, &mut b.streams);
    }
    assert_eq!((a.failed, b.failed), (None, None));
}

const GET: [(&str, &str); 4] =
    [(":method", "GET"), (":scheme", "https"), (":authority", "a.example"), (":path", "/x")];
