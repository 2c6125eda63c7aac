//! Random runs between two ends over a network that loses, delays, repeats and reorders.

use super::*;

/// A small generator, so that a seed names a run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        ((self.0 >> 33) % sides as u64) as usize
    }
}

/// One end with what its application has sent and received on each stream.
struct End {
    streams: Streams,
    written: Vec<(StreamKey, Vec<u8>, bool)>,
    read: Vec<(StreamId, Vec<u8>, usize)>,
    in_flight: Vec<Packet>,
}

const LENGTH: usize = 20_000;

/// The byte at `offset` of what `role` sends on `id`.
fn byte(role: Role, id: StreamId, offset: usize) -> u8 {
    (offset * 7 + id.0 as usize * 13 + role as usize * 101 + offset / 251) as u8
}

impl End {
    fn new(role: Role) -> Self {
        let limits = Limits {
            max_data: 12_000,
            max_stream_data_bidi_local: 5_000,
            max_stream_data_bidi_remote: 6_000,
            max_stream_data_uni: 4_000,
            max_streams_bidi: 3,
            max_streams_uni: 2,
        };
        let mut streams = Streams::new(role, limits, 10_000);
        streams.set_peer_limits(&limits);
        Self { streams, written: Vec::new(), read: Vec::new(), in_flight: Vec::new() }
    }

    /// Writes a piece of a random size to a random stream, and opens new ones until `streams`.
    fn write(&mut self, dice: &mut Dice, streams: usize) {
        let opened = self.written.len();
        if opened < streams && dice.roll(4) == 0 {
            let uni = dice.roll(2) == 0;
            let direction = if uni { Direction::Unidirectional } else { Direction::Bidirectional };
            if let Ok(key) = self.streams.open(direction) {
                self.written.push((key, Vec::new(), false));
            }
        }
        if opened == 0 {
            return;
        }
        let (key, data, fin) = &mut self.written[dice.roll(opened)];
        let Some(id) = self.streams.id(*key) else { return };
        if *fin {
            return;
        }
        let end = LENGTH.min(data.len() + 1 + dice.roll(4_000));
        let role = self.streams.role;
        let piece: Vec<u8> = (data.len()..end).map(|i| byte(role, id, i)).collect();
        let count = self.streams.write(*key, &piece, end == LENGTH).unwrap();
        data.extend_from_slice(&piece[..count]);
        *fin = count == piece.len() && end == LENGTH;
    }

    fn read(&mut self, dice: &mut Dice) {
        let mut buffer = vec![0; 1 + dice.roll(3_000)];
        for key in readable(&self.streams) {
            let id = self.streams.id(key).unwrap();
            let Read { len, fin } = self.streams.read(key, &mut buffer).unwrap();
            let index = self.read.iter().position(|(known, _, _)| *known == id);
            let index = index.unwrap_or_else(|| {
                self.read.push((id, Vec::new(), 0));
                self.read.len() - 1
            });
            self.read[index].1.extend_from_slice(&buffer[..len]);
            self.read[index].2 += usize::from(fin);
        }
        for event in events(&mut self.streams) {
            match event {
                StreamEvent::Closed(key) => self.streams.forget(key),
                StreamEvent::Opened(key) if self.can_write(key) => {
                    self.written.push((key, Vec::new(), false));
                }
                _ => {}
            }
        }
    }

    fn can_write(&self, key: StreamKey) -> bool {
        self.streams.id(key).unwrap().direction() == Direction::Bidirectional
    }

    fn transmit(&mut self, dice: &mut Dice) {
        let packet = packet(&mut self.streams, 40 + dice.roll(1_200));
        if !packet.tokens.is_empty() {
            self.in_flight.push(packet);
        }
    }

    fn check_credit(&self, peer: &Self) {
        assert!(self.streams.bytes_buffered() <= 10_000 + 16_384 * self.streams.len() as u64);
        assert!(self.streams.received <= self.streams.window.limit());
        assert!(self.streams.credit.limit() <= peer.streams.window.limit());
    }
}

/// One packet meets its fate: it arrives, arrives twice, is lost, or is only thought to be.
fn network(from: &mut End, to: &mut End, dice: &mut Dice) {
    if from.in_flight.is_empty() {
        return;
    }
    let packet = from.in_flight.swap_remove(dice.roll(from.in_flight.len()));
    match dice.roll(8) {
        0 => lose(&mut from.streams, &packet),
        1 => {
            deliver(&mut to.streams, &packet);
            lose(&mut from.streams, &packet);
        }
        2 => {
            deliver(&mut to.streams, &packet);
            lose(&mut from.streams, &packet);
            ack(&mut from.streams, &packet);
        }
        3 => {
            deliver(&mut to.streams, &packet);
            deliver(&mut to.streams, &packet);
            ack(&mut from.streams, &packet);
        }
        _ => {
            deliver(&mut to.streams, &packet);
            ack(&mut from.streams, &packet);
        }
    }
}

fn run(seed: u64) {
    let mut dice = Dice(seed);
    let (mut a, mut b) = (End::new(Role::Client), End::new(Role::Server));
    let done = |end: &End| {
        end.written.len() >= 8
            && end.written.iter().all(|(_, _, fin)| *fin)
            && end.streams.is_empty()
            && end.in_flight.is_empty()
    };
    let mut steps = 0;
    while !(done(&a) && done(&b)) {
        steps += 1;
        assert!(steps < 200_000, "stuck, seed {seed}");
        let (from, to) = if dice.roll(2) == 0 { (&mut a, &mut b) } else { (&mut b, &mut a) };
        match dice.roll(5) {
            0 => from.write(&mut dice, 8),
            1 => from.read(&mut dice),
            2 => from.transmit(&mut dice),
            _ => network(from, to, &mut dice),
        }
        a.check_credit(&b);
        b.check_credit(&a);
    }
    for (writer, reader) in [(&a, &b), (&b, &a)] {
        assert!(reader.read.len() >= 8, "seed {seed}");
        for (id, data, fins) in &reader.read {
            let expected: Vec<u8> =
                (0..LENGTH).map(|i| byte(writer.streams.role, *id, i)).collect();
            assert!(data == &expected, "stream {id:?}, seed {seed}");
            assert_eq!(*fins, 1, "stream {id:?}, seed {seed}");
        }
        assert_eq!(writer.streams.pool.in_use(), 0, "seed {seed}");
    }
}

#[test]
fn whatever_the_network_does_all_bytes_arrive_and_each_stream_ends_once() {
    (0..60).for_each(run);
}

// No frame whatsoever, with any values, may panic; errors close the connection.
#[test]
fn random_frames_never_panic() {
    for seed in 0..300 {
        let mut dice = Dice(seed);
        let mut streams = if seed % 2 == 0 { client() } else { server() };
        (0..3).for_each(|_| assert!(streams.open(Direction::Bidirectional).is_ok()));
        let data = [5; 300];
        for _ in 0..200 {
            let id = StreamId(dice.roll(24) as u64);
            let value = match dice.roll(5) {
                0 => crate::wire::varint::MAX - dice.roll(400) as u64,
                _ => dice.roll(2_000) as u64,
            };
            let direction = [Direction::Bidirectional, Direction::Unidirectional][dice.roll(2)];
            let (error_code, maximum, limit) = (value, value, value);
            let frame = match dice.roll(12) {
                0 => Frame::ResetStream(frame::ResetStream { id, error_code, final_size: value }),
                1 => Frame::StopSending(frame::StopSending { id, error_code }),
                2 => Frame::MaxData(frame::MaxData { maximum }),
                3 => Frame::MaxStreamData(frame::MaxStreamData { id, maximum }),
                4 => Frame::MaxStreams(frame::MaxStreams { direction, maximum }),
                5 => Frame::StreamDataBlocked(frame::StreamDataBlocked { id, limit }),
                6 => Frame::StreamsBlocked(frame::StreamsBlocked { direction, limit }),
                _ => {
                    let data = &data[..dice.roll(300)];
                    let fin = dice.roll(6) == 0;
                    Frame::Stream(frame::Stream { id, offset: value, data, fin })
                }
            };
            let _ = apply(&mut streams, &frame);
            for key in readable(&streams) {
                let _ = streams.read(key, &mut [0; 100]);
                let _ = streams.write(key, &data, dice.roll(5) == 0);
            }
            let sent = packet(&mut streams, 1_000);
            if dice.roll(2) == 0 {
                ack(&mut streams, &sent);
            } else {
                lose(&mut streams, &sent);
            }
            for event in events(&mut streams) {
                if let StreamEvent::Closed(key) = event {
                    streams.forget(key);
                }
            }
        }
    }
}
