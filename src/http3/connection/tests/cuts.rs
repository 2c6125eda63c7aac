//! The same bytes in any pieces and in any order across streams come to the same.

use super::host::{Dice, Host, Seen};
use super::raw::*;
use super::*;
use crate::http3::qpack::Encoder;
use crate::wire::Direction;

/// All that a peer sends on one stream.
struct Script {
    key: StreamKey,
    bytes: Vec<u8>,
    fin: bool,
    sent: usize,
    ended: bool,
}

impl Script {
    fn new(key: StreamKey, bytes: Vec<u8>, fin: bool) -> Self {
        Self { key, bytes, fin, sent: 0, ended: false }
    }

    fn is_over(&self) -> bool {
        self.sent == self.bytes.len() && (self.ended || !self.fin)
    }

    /// Sends the next piece. The end comes with the last byte or by itself.
    fn send(&mut self, faced: &mut Faced, dice: &mut Dice) {
        let left = self.bytes.len() - self.sent;
        let most = [1, 3, 20, 400, left][dice.roll(5)].min(left);
        let count = if most == 0 { 0 } else { 1 + dice.roll(most) };
        let last = count == left && self.fin && (count == 0 || dice.roll(2) == 0);
        faced.write(self.key, &self.bytes[self.sent..self.sent + count], last);
        self.sent += count;
        self.ended |= last;
    }
}

/// The HEADERS frame of a section that may refer to the table of `encoder`.
fn section(encoder: &mut Encoder, id: u64, fields: &[(&str, String)]) -> Vec<u8> {
    let fields = fields.iter().map(|(name, value)| Field::new(name.as_bytes(), value.as_bytes()));
    let mut encoded = Vec::new();
    encoder.encode(id, fields, &mut encoded);
    frame(FrameType::HEADERS, &encoded)
}

/// A message with unknown frames, several DATA frames and trailers.
fn message(role: Role, encoder: &mut Encoder, id: u64) -> Vec<u8> {
    let owned = |fields: &[(&'static str, &str)]| -> Vec<(&'static str, String)> {
        fields.iter().map(|(name, value)| (*name, (*value).to_owned())).collect()
    };
    let mut fields = match role {
        Role::Server => owned(&GET),
        Role::Client => owned(&[(":status", "200")]),
    };
    fields.push(("x-common", "the same for all".to_owned()));
    fields.push(("x-own", format!("of stream {id}")));
    let interim = match role {
        Role::Server => Vec::new(),
        Role::Client => {
            section(encoder, id, &owned(&[(":status", "103"), ("link", "</style.css>")]))
        }
    };
    let head = section(encoder, id, &fields);
    let body: Vec<u8> = (0..1200).map(|i| (i as u64 * 7 + id) as u8).collect();
    let trailers = section(encoder, id, &[("x-sum", format!("{id}"))]);
    let grease = frame(FrameType(0x21), b"to be skipped");
    let parts = [&interim[..], &grease, &head, &data(&body[..700]), &data(b""), &grease];
    [&parts.concat()[..], &data(&body[700..]), &trailers, &grease].concat()
}

/// Sends six messages, their control and QPACK streams and an unknown stream as the seed says;
/// returns what the application saw.
fn run(role: Role, seed: u64) -> Vec<Seen> {
    let mut faced = facing(role);
    let mut host = Host::default();
    let mut encoder = Encoder::new();
    encoder.set_limits(4096, LocalSettings::default().qpack_decoder_capacity, 64);
    let mut scripts = Vec::new();
    for _ in 0..6 {
        let key = faced.message_stream();
        let id = faced.raw.id(key).unwrap().0;
        scripts.push(Script::new(key, message(role, &mut encoder, id), true));
    }
    let instructions = [&[2][..], encoder.instructions()].concat();
    let settings = [&[0][..], &frame(FrameType::SETTINGS, &[6, 0x44, 0])].concat();
    for bytes in [settings, instructions, vec![3], b"\x21unknown".to_vec()] {
        let key = faced.raw.open(Direction::Unidirectional).unwrap();
        scripts.push(Script::new(key, bytes, false));
    }
    let mut dice = Dice(seed);
    while !scripts.iter().all(Script::is_over) {
        let index = dice.roll(scripts.len());
        let script = &mut scripts[index];
        if faced.raw.is_writing(script.key) && !script.is_over() {
            script.send(&mut faced, &mut dice);
        } else {
            // The unknown one was stopped.
            script.sent = script.bytes.len();
        }
        host.pass(&mut faced.end);
        assert_eq!(faced.code(), None, "{role:?} {seed}");
    }
    faced.settle();
    host.pass(&mut faced.end);
    assert_eq!((faced.end.h3.blocked.len(), faced.end.h3.blocked_bytes), (0, 0));
    host.seen.into_values().collect()
}

#[test]
fn messages_are_the_same_however_they_are_cut_and_mixed() {
    for role in ROLES {
        let first = run(role, 1);
        assert_eq!(first.len(), 6);
        let interim = usize::from(role == Role::Client);
        for seen in &first {
            assert_eq!((seen.sections.len(), seen.body.len(), seen.ends), (2 + interim, 1200, 1));
            assert_eq!((seen.failed, seen.reset), (None, None));
        }
        for seed in 2..16 {
            assert_eq!(run(role, seed), first, "{role:?} {seed}");
        }
    }
}

/// Everything in single bytes.
#[test]
fn messages_arrive_byte_by_byte() {
    for role in ROLES {
        let mut faced = facing(role);
        faced.control(&[]);
        let mut host = Host::default();
        let key = faced.message_stream();
        for byte in message(role, &mut Encoder::new(), 0) {
            faced.write(key, &[byte], false);
            host.pass(&mut faced.end);
        }
        faced.write(key, &[], true);
        host.pass(&mut faced.end);
        let whole = run(role, 1);
        let seen = host.seen.into_values().next().unwrap();
        assert_eq!((&seen.sections, &seen.body), (&whole[0].sections, &whole[0].body));
        assert_eq!((seen.ends, faced.code()), (1, None));
    }
}

/// What comes of `bytes` on a stream of its own in pieces of at most `most`.
fn outcome(
    role: Role,
    uni: bool,
    bytes: &[u8],
    fin: bool,
    most: usize,
) -> (Option<Code>, Vec<Seen>) {
    let mut faced = facing(role);
    let mut host = Host::default();
    let key = if uni {
        faced.raw.open(Direction::Unidirectional).unwrap()
    } else {
        faced.control(&[]);
        faced.message_stream()
    };
    for piece in bytes.chunks(most) {
        if faced.code().is_none() && faced.raw.is_writing(key) {
            faced.write(key, piece, false);
            host.pass(&mut faced.end);
        }
    }
    if fin && faced.code().is_none() && faced.raw.is_writing(key) {
        faced.write(key, &[], true);
        host.pass(&mut faced.end);
    }
    faced.settle();
    (faced.code(), host.seen.into_values().collect())
}

#[test]
fn faults_are_the_same_however_they_are_cut() {
    let mut dice = Dice(7);
    for role in ROLES {
        for round in 0..60 {
            let uni = dice.roll(2) == 0;
            let mut bytes = match uni {
                true => [&[0][..], &frame(FrameType::SETTINGS, &[6, 0x44, 0, 0x21, 1])].concat(),
                false => message(role, &mut Encoder::new(), 0),
            };
            // A few bytes are not what they should be.
            for _ in 0..dice.roll(3) {
                let at = dice.roll(bytes.len());
                bytes[at] = dice.roll(256) as u8;
            }
            let kinds = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0xd, 0x21, 0xf0700, 0xf0701];
            let content = vec![dice.roll(256) as u8; dice.roll(6)];
            bytes.extend(frame(FrameType(kinds[dice.roll(kinds.len())]), &content));
            let fin = !uni && dice.roll(2) == 0;
            let whole = outcome(role, uni, &bytes, fin, usize::MAX);
            for most in [1, 7] {
                let cut = outcome(role, uni, &bytes, fin, most);
                // What was seen of a message before the connection failed depends on the pieces.
                assert_eq!(cut.0, whole.0, "{role:?} {round} {bytes:?}");
                if whole.0.is_none() {
                    let failed = |seen: &[Seen]| seen.first().map(|s| (s.failed, s.ends));
                    assert_eq!(failed(&cut.1), failed(&whole.1), "{role:?} {round} {bytes:?}");
                }
            }
        }
    }
}
