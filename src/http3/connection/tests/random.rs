//! Peers and hosts that do anything in any order: every request ends once, and nothing is left.

use std::collections::BTreeMap;

use super::host::Dice;
use super::raw::*;
use super::*;
use crate::wire::Direction;

/// A peer and a host without a plan.
struct Chaos {
    faced: Faced,
    dice: Dice,
    /// The peer's encoder stream.
    encoder: StreamKey,
    /// Streams on which the peer has begun a message.
    theirs: Vec<StreamKey>,
    /// How often the end of each request was told.
    ends: BTreeMap<u64, u32>,
    /// Requests that the host has in hand.
    ours: Vec<(StreamKey, u64)>,
}

impl Chaos {
    fn new(role: Role, seed: u64) -> Self {
        let few = LocalSettings { qpack_blocked_streams: 100, ..LocalSettings::default() };
        let mut faced = facing_with(role, few);
        faced.control(&frame(FrameType(0x21), b""));
        // A table of 1000 bytes.
        let encoder = faced.uni(&[2, 0x3f, 0xc9, 0x07]);
        let (theirs, ours, ends) = (Vec::new(), Vec::new(), BTreeMap::new());
        Self { faced, dice: Dice(seed), encoder, theirs, ends, ours }
    }

    /// A piece of a message: whole frames, most of them in their place.
    fn piece(&mut self) -> Vec<u8> {
        let head = self.faced.head();
        match self.dice.roll(9) {
            0..=2 => head,
            3 => data(b"content"),
            4 => headers(&[("x-sum", "7")]),
            5 => frame(FrameType(0x21), b"grease"),
            6 => head[..head.len() / 2].to_vec(),
            // One that needs the next insertion.
            _ => {
                let needed = self.faced.end.h3.decoder.insert_count() as u8 + 2;
                let fields: &[u8] = match self.faced.end.h3.role {
                    Role::Server => &[0xd1, 0xd7, 0xc1, 0x50, 1, b'a', 0x80],
                    Role::Client => &[0xd9, 0x80],
                };
                frame(FrameType::HEADERS, &[&[needed, 0], fields].concat())
            }
        }
    }

    fn their_stream(&mut self) -> Option<StreamKey> {
        let count = self.theirs.len();
        (count > 0).then(|| self.theirs[self.dice.roll(count)])
    }

    fn peer_acts(&mut self) {
        if self.faced.end.h3.is_server() && self.dice.roll(4) == 0 {
            if let Ok(key) = self.faced.raw.open(Direction::Bidirectional) {
                self.theirs.push(key);
            }
        }
        let Some(key) = self.their_stream() else { return };
        match self.dice.roll(12) {
            0..=5 if self.faced.raw.is_writing(key) => {
                let (piece, fin) = (self.piece(), self.dice.roll(3) == 0);
                self.faced.raw.write(key, &piece, fin).unwrap();
            }
            6 => drop(self.faced.raw.reset(key, 0x10c)),
            7 => drop(self.faced.raw.stop_sending(key, 0x100 + self.dice.roll(16) as u64)),
            8 | 9 if self.faced.end.h3.decoder.insert_count() < 100 => {
                self.faced.raw.write(self.encoder, &[0x41, b'x', 1, b'y'], false).unwrap();
            }
            _ => while self.faced.raw.read(key, &mut [0; 500]).is_ok_and(|read| read.len > 0) {},
        }
    }

    fn host_acts(&mut self) {
        let End { h3, streams, .. } = &mut self.faced.end;
        if !h3.is_server() && self.dice.roll(4) == 0 {
            if let Ok((key, id)) = h3.open_request(streams, NOW) {
                self.ours.push((key, id.0));
                self.faced.end.send(key, &GET, self.dice.roll(2) == 0);
            }
            return;
        }
        if self.ours.is_empty() {
            return;
        }
        let (key, _) = self.ours[self.dice.roll(self.ours.len())];
        let fields = [Field::new(b":status", b"200")].into_iter();
        let fin = self.dice.roll(2) == 0;
        match self.dice.roll(8) {
            0 => h3.close_request(streams, key, Code::REQUEST_CANCELLED),
            1 if h3.is_server() => drop(h3.send_headers(streams, key, fields, fin, NOW, |_, _| {})),
            2 => drop(h3.send_body(streams, key, b"content", fin, NOW)),
            3 => drop(h3.finish(streams, key)),
            4 => drop(h3.take_fields(key, NOW)),
            5 => drop(h3.read_body(streams, key, &mut [0; 3], NOW).map_err(|_| ())),
            _ => drop(self.faced.end.tell(key)),
        }
    }

    /// Lets everything arrive and keeps the books; false if the connection has failed.
    fn settle(&mut self) -> bool {
        self.faced.settle();
        for event in std::mem::take(&mut self.faced.end.events) {
            match event {
                Event::RequestOpened(key) => {
                    let id = self.faced.end.streams.id(key).unwrap().0;
                    self.ours.push((key, id));
                }
                Event::Closed(key) => {
                    let index = self.ours.iter().position(|(known, _)| *known == key).unwrap();
                    let (_, id) = self.ours.swap_remove(index);
                    *self.ends.entry(id).or_default() += 1;
                    self.faced.end.h3.forget(key);
                    self.faced.end.streams.forget(key);
                }
                Event::Reset { key, .. } | Event::Failed { key, .. } => {
                    assert!(self.ours.iter().any(|(known, _)| *known == key), "{event:?}");
                }
                _ => {}
            }
        }
        let theirs = |key: &StreamKey| self.faced.raw.id(*key).is_some();
        self.theirs.retain(theirs);
        for (_, id) in &self.ours {
            if let Some(key) = self.faced.raw.key(StreamId(*id)) {
                if !self.theirs.contains(&key) {
                    self.theirs.push(key);
                }
            }
        }
        self.faced.code().is_none()
    }

    /// Both sides give everything up.
    fn end(&mut self) {
        // What waits gets what it waits for: it may be a request of which the peer knows no more.
        for _ in 0..3 {
            self.faced.raw.write(self.encoder, &[0x41, b'x', 1, b'y'], false).unwrap();
        }
        self.settle();
        for (key, _) in self.ours.clone() {
            let End { h3, streams, .. } = &mut self.faced.end;
            h3.close_request(streams, key, Code::REQUEST_CANCELLED);
        }
        self.settle();
        for key in self.theirs.clone() {
            let _ = self.faced.raw.close(key, 0x10c);
        }
        self.settle();
    }
}

#[test]
fn whatever_peer_and_host_do_each_request_ends_once_and_nothing_is_left() {
    let mut ended = 0;
    for role in ROLES {
        for seed in 0..300 {
            let mut chaos = Chaos::new(role, seed);
            let mut good = true;
            for _ in 0..60 {
                chaos.peer_acts();
                good = chaos.settle();
                if !good {
                    break;
                }
                chaos.host_acts();
                good = chaos.settle();
            }
            // One that made the connection fail is no more than that.
            if !good {
                continue;
            }
            chaos.end();
            let h3 = &chaos.faced.end.h3;
            assert!(chaos.ours.is_empty(), "{role:?} {seed}");
            assert_eq!(h3.table.exchanges(), 0, "{role:?} {seed}");
            assert_eq!((h3.blocked.len(), h3.blocked_bytes), (0, 0), "{role:?} {seed}");
            assert_eq!(h3.arriving_bytes, 0, "{role:?} {seed}");
            // What is left are three streams of ours and two of the peer.
            assert_eq!(chaos.faced.end.streams.len(), 5, "{role:?} {seed}");
            assert!(chaos.ends.values().all(|count| *count == 1), "{role:?} {seed}");
            ended += chaos.ends.len();
        }
    }
    assert!(ended > 300, "{ended}");
}
