//! An application on HTTP/3 that takes what it is told of, answers, and keeps books.

use xquic::http3::qpack::Field;
use xquic::http3::{Code, Connection, ConnectionError, Event, LocalSettings};
use xquic::stream::{StreamEvent, StreamKey, Streams};
use xquic::time::Instant;
use xquic::wire::Role;

pub struct Application {
    h3: Connection,
    role: Role,
    /// The requests and bytestreams that have not ended.
    open: Vec<StreamKey>,
}

impl Application {
    /// Limits are small: short scripts are to reach them. So many streams may wait for the table.
    pub fn new(role: Role, extended: bool, blocked: u64) -> Self {
        let settings = LocalSettings {
            max_field_section_size: 2000,
            qpack_encoder_capacity: 300,
            qpack_decoder_capacity: 300,
            qpack_blocked_streams: blocked,
            max_blocked_per_stream: 300,
            max_blocked_per_connection: 500,
            extended_connect: true,
            ..LocalSettings::default()
        };
        let h3 = Connection::new(role, settings);
        let h3 = if extended { h3.extended() } else { h3 };
        Self { h3, role, open: Vec::new() }
    }

    pub fn start(&mut self, streams: &mut Streams) {
        self.h3.start(streams);
    }

    pub fn on_stream_event(
        &mut self,
        streams: &mut Streams,
        event: StreamEvent,
        now: Instant,
    ) -> Result<(), ConnectionError> {
        let result = self.h3.on_stream_event(streams, event, now);
        self.hear(streams, now);
        result
    }

    /// Reads and writes whatever can be read and written.
    pub fn pass(&mut self, streams: &mut Streams, now: Instant) -> Result<(), ConnectionError> {
        let mut keys = Vec::new();
        streams.readable(&mut keys);
        self.h3.take_pending(&mut keys);
        keys.extend(&self.open);
        for key in keys {
            self.read(streams, key, now)?;
        }
        let mut keys = Vec::new();
        streams.writable(&mut keys);
        for key in keys {
            if self.h3.on_writable(streams, key) {
                let _ = self.h3.send_body(streams, key, &[1; 700], false, now);
            }
        }
        self.hear(streams, now);
        Ok(())
    }

    fn read(
        &mut self,
        streams: &mut Streams,
        key: StreamKey,
        now: Instant,
    ) -> Result<(), ConnectionError> {
        for _ in 0..10_000 {
            self.h3.read(streams, key, now)?;
            self.hear(streams, now);
            if self.h3.take_message(key, now).is_some() {
                continue;
            }
            let notices = self.h3.notices(streams, key);
            if !notices.any() {
                return Ok(());
            }
            assert!(self.open.contains(&key), "news of what is not open");
            self.h3.on_told(key, notices, now);
            let mut taken = notices.end;
            while let Some((fields, _)) = self.h3.take_fields(key, now) {
                assert!(fields.size() <= 2000);
                taken = true;
            }
            if notices.body {
                let mut buffer = [0; 100];
                let read = self.h3.read_body(streams, key, &mut buffer, now)?;
                taken |= read.len > 0 || read.fin;
            }
            self.hear(streams, now);
            // What comes behind content may end its request.
            let news = self.h3.notices(streams, key).any();
            assert!(taken || !news, "notices of nothing");
        }
        panic!("reading never ends");
    }

    fn hear(&mut self, streams: &mut Streams, now: Instant) {
        while let Some(event) = self.h3.poll_event() {
            match event {
                Event::RequestOpened(key) => {
                    self.add(key);
                    self.answer(streams, key, now);
                }
                Event::BytestreamOpened(key) => {
                    self.add(key);
                    let _ = self.h3.send_message(streams, key, b"message", false, now);
                }
                Event::Reset { key, .. } | Event::Failed { key, .. } => {
                    assert!(self.open.contains(&key), "{event:?} of what is not open");
                }
                Event::Closed(key) | Event::BytestreamClosed(key) => {
                    let index = self.open.iter().position(|known| *known == key);
                    self.open.swap_remove(index.expect("ends once"));
                    self.h3.forget(key);
                    streams.forget(key);
                }
                Event::Settings | Event::GoAway { .. } => {}
            }
        }
    }

    fn add(&mut self, key: StreamKey) {
        assert!(!self.open.contains(&key), "begins twice");
        self.open.push(key);
    }

    fn answer(&mut self, streams: &mut Streams, key: StreamKey, now: Instant) {
        let fields = [Field::new(b":status", b"200"), Field::new(b"server", b"fuzzed")];
        let _ = self.h3.send_headers(streams, key, fields.into_iter(), false, now, |_, _| {});
        let _ = self.h3.send_body(streams, key, &[7; 900], true, now);
    }

    /// Something that a host does.
    pub fn work(&mut self, streams: &mut Streams, what: u8, now: Instant) {
        let some = self.open.get(usize::from(what >> 4)).copied();
        match (what & 7, some) {
            (0 | 1, _) if self.role == Role::Client => self.request(streams, what & 8 == 0, now),
            (2, Some(key)) => self.h3.close_request(streams, key, Code::REQUEST_CANCELLED),
            (3, Some(key)) => drop(self.h3.finish(streams, key)),
            (4, Some(key)) => drop(self.h3.send_body(streams, key, &[2; 300], false, now)),
            (5, Some(key)) => {
                let trailers = [Field::new(b"x-sum", b"1")].into_iter();
                let _ = self.h3.send_headers(streams, key, trailers, true, now, |_, _| {});
            }
            (6, Some(key)) => drop(self.h3.send_message(streams, key, &[3; 200], false, now)),
            (7, _) if what >> 4 == 15 => self.h3.go_away(streams),
            _ => {}
        }
        self.hear(streams, now);
    }

    fn request(&mut self, streams: &mut Streams, fin: bool, now: Instant) {
        let Ok((key, _)) = self.h3.open_request(streams, now) else { return };
        self.add(key);
        let fields = [
            Field::new(b":method", b"GET"),
            Field::new(b":scheme", b"https"),
            Field::new(b":authority", b"a.example"),
            Field::new(b":path", b"/"),
            Field::new(b"user-agent", b"fuzzed"),
        ];
        let _ = self.h3.send_headers(streams, key, fields.into_iter(), fin, now, |_, _| {});
    }

    /// The host closes everything.
    pub fn close_all(&mut self, streams: &mut Streams, now: Instant) {
        for key in self.open.clone() {
            self.h3.close_request(streams, key, Code::REQUEST_CANCELLED);
            if self.h3.is_bytestream(key) {
                self.h3.close_bytestream(streams, key);
            }
        }
        self.h3.go_away(streams);
        self.hear(streams, now);
    }

    /// True if nothing is left of any request.
    pub fn is_drained(&self) -> bool {
        self.open.is_empty() && self.h3.is_drained()
    }
}
