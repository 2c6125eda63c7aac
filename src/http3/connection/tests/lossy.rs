//! Two whole connections over a network that loses and reorders.

use std::collections::BTreeMap;

use super::host::{Dice, Host};
use super::*;
use crate::connection::tests::link::Weather;
use crate::connection::tests::pair::{End as Transport, Options, Pair};
use crate::connection::Event as TransportEvent;
use crate::http3::SendError;
use crate::time::Duration;

const REQUESTS: usize = 1000;

/// How many are under way at once.
const WINDOW: usize = 100;

/// What a message of a certain number carries.
fn content(number: usize, len: usize) -> Vec<u8> {
    (0..len).map(|i| (i * 31 + number * 17 + i / 251) as u8).collect()
}

/// Lengths of the content of a request and of its response: many small ones, few large ones.
fn lengths(number: usize) -> (usize, usize) {
    let mut dice = Dice(number as u64);
    let len = |dice: &mut Dice| match dice.roll(100) {
        0 => 100_000,
        1..=5 => dice.roll(30_000),
        6..=30 => 0,
        _ => dice.roll(1500),
    };
    let request = if number % 3 == 0 { len(&mut dice) } else { 0 };
    (request, len(&mut dice))
}

/// HTTP/3 on one end, and the application.
struct Site {
    h3: Connection,
    host: Host,
    /// What remains to be written of messages.
    unsent: BTreeMap<u64, (StreamKey, Vec<u8>)>,
    /// The numbers of requests.
    numbers: BTreeMap<u64, usize>,
    made: usize,
    ended: usize,
    waited: usize,
}

impl Site {
    fn new(role: Role) -> Self {
        Self {
            h3: Connection::new(role, LocalSettings::default()),
            host: Host::default(),
            unsent: BTreeMap::new(),
            numbers: BTreeMap::new(),
            made: 0,
            ended: 0,
            waited: 0,
        }
    }

    /// A pass of the layer above.
    fn pass(&mut self, end: &mut Transport, now: Instant) {
        let streams = end.connection.streams_mut();
        for event in std::mem::take(&mut end.events) {
            if let TransportEvent::Stream(event) = event {
                self.h3.on_stream_event(streams, event, now).unwrap();
            }
        }
        self.hear(streams);
        loop {
            let mut keys = Vec::new();
            streams.readable(&mut keys);
            self.h3.take_pending(&mut keys);
            let mut news = false;
            for key in keys {
                let before = self.taken(streams, key);
                self.h3.read(streams, key, now).unwrap();
                self.hear(streams);
                if streams.id(key).is_some() {
                    self.host.read(&mut self.h3, streams, key, now).unwrap();
                    self.respond(streams, key, now);
                }
                self.hear(streams);
                news |= before != self.taken(streams, key);
            }
            if !news {
                break;
            }
        }
        let mut keys = Vec::new();
        streams.writable(&mut keys);
        for key in keys {
            if self.h3.on_writable(streams, key) {
                self.write(streams, key, now);
            }
        }
    }

    /// How much was seen on a stream.
    fn taken(&self, streams: &Streams, key: StreamKey) -> usize {
        let seen = streams.id(key).and_then(|id| self.host.seen.get(&id.0));
        seen.map_or(0, |seen| seen.body.len() + seen.sections.len() + seen.ends as usize)
    }

    fn hear(&mut self, streams: &mut Streams) {
        while let Some(event) = self.h3.poll_event() {
            if let Event::Closed(key) = event {
                self.ended += 1;
                self.waited += usize::from(self.h3.stats(key).unwrap().blocked.is_some());
            }
            self.host.on_event(&mut self.h3, streams, event);
        }
    }

    /// Answers a request that has come whole.
    fn respond(&mut self, streams: &mut Streams, key: StreamKey, now: Instant) {
        let Some(id) = streams.id(key).filter(|_| self.h3.is_server()) else { return };
        let Some(seen) = self.host.seen.get(&id.0).filter(|seen| seen.ends > 0) else { return };
        if self.numbers.contains_key(&id.0) {
            return;
        }
        let path = seen.sections[0].iter().find_map(|field| field.strip_prefix(":path=/"));
        let number: usize = path.unwrap().parse().unwrap();
        assert!(seen.body == content(number, lengths(number).0), "request {number}");
        self.numbers.insert(id.0, number);
        let len = lengths(number).1;
        let fields = [
            (":status", "200".to_owned()),
            ("server", "the server's name".to_owned()),
            ("content-length", len.to_string()),
            ("x-number", format!("number {}", number / 4)),
        ];
        self.send(streams, key, &fields, content(number, len), now);
    }

    fn send(
        &mut self,
        streams: &mut Streams,
        key: StreamKey,
        fields: &[(&str, String)],
        body: Vec<u8>,
        now: Instant,
    ) {
        let fields = fields.iter().map(|(n, v)| Field::new(n.as_bytes(), v.as_bytes()));
        let fin = body.is_empty();
        self.h3.send_headers(streams, key, fields, fin, now, |_, _| {}).unwrap();
        if !fin {
            self.unsent.insert(streams.id(key).unwrap().0, (key, body));
            self.write(streams, key, now);
        }
    }

    /// Writes what the stream takes of its content.
    fn write(&mut self, streams: &mut Streams, key: StreamKey, now: Instant) {
        let id = streams.id(key).unwrap().0;
        let Some((_, body)) = self.unsent.get_mut(&id) else { return };
        match self.h3.send_body(streams, key, body, true, now) {
            Ok(count) => {
                body.drain(..count);
                if body.is_empty() {
                    self.unsent.remove(&id);
                }
            }
            Err(error) => assert_eq!(error, SendError::Blocked),
        }
    }

    /// Makes requests until enough are under way.
    fn request(&mut self, streams: &mut Streams, now: Instant) {
        while self.made < REQUESTS && self.made - self.ended < WINDOW {
            let Ok((key, id)) = self.h3.open_request(streams, now) else { return };
            let number = self.made;
            self.made += 1;
            self.numbers.insert(id.0, number);
            let fields = [
                (":method", if number % 3 == 0 { "POST" } else { "GET" }.to_owned()),
                (":scheme", "https".to_owned()),
                (":authority", "a.example".to_owned()),
                (":path", format!("/{number}")),
                ("user-agent", "the client's name".to_owned()),
                ("x-number", format!("number {}", number / 4)),
            ];
            self.send(streams, key, &fields, content(number, lengths(number).0), now);
        }
    }
}

#[test]
fn a_thousand_requests_come_through_loss_and_reordering() {
    for seed in [1, 2] {
        let latency = Duration::from_millis(10);
        let weather = Weather { seed, latency, loss: 20, reorder: 50, ..Weather::default() };
        let mut pair = Pair::new(Options { weather, ..Options::default() });
        let (mut client, mut server) = (Site::new(Role::Client), Site::new(Role::Server));
        client.h3.start(pair.client.connection.streams_mut());
        server.h3.start(pair.server.connection.streams_mut());
        let done = pair.run(Duration::from_secs(120), |pair| {
            let now = pair.now;
            client.request(pair.client.connection.streams_mut(), now);
            client.pass(&mut pair.client, now);
            server.pass(&mut pair.server, now);
            client.ended == REQUESTS
        });
        assert!(done, "{seed}: {} of {} ended", client.ended, client.made);
        for (id, number) in &client.numbers {
            let seen = &client.host.seen[id];
            assert_eq!((seen.ends, seen.closed, seen.reset, seen.failed), (1, 1, None, None));
            assert_eq!(seen.sections.len(), 1);
            assert!(seen.body == content(*number, lengths(*number).1), "response {number}");
        }
        // Some of them had to wait for the dynamic table.
        assert!(client.waited + server.waited > 4, "{} {}", client.waited, server.waited);
        assert!(client.h3.blocked.is_empty() && server.h3.blocked.is_empty());
    }
}
