//! Scenarios over whole [`Streams`], by topic.

#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

mod closing;
mod flow_control;
mod framing;
mod limits;
mod property;
mod records;
mod scheduling;
mod sending;
mod states;

use super::*;
use crate::error::{TransportError, TransportErrorCode};
use crate::wire::frame::{self, Frame};
use crate::wire::{Direction, Reader, Role, StreamId, Writer};

/// The payload of one packet and what its sender remembers of it.
#[derive(Clone, Debug)]
struct Packet {
    payload: Vec<u8>,
    tokens: Vec<Token>,
}

impl Packet {
    fn frames(&self) -> Vec<Frame<'_>> {
        let mut r = Reader::new(&self.payload);
        let mut frames = Vec::new();
        while !r.is_empty() {
            frames.push(Frame::decode(&mut r).unwrap());
        }
        frames
    }
}

const LIMITS: Limits = Limits {
    max_data: 100_000,
    max_stream_data_bidi_local: 30_000,
    max_stream_data_bidi_remote: 30_000,
    max_stream_data_uni: 20_000,
    max_streams_bidi: 10,
    max_streams_uni: 4,
};

/// An end that knows the other's limits.
fn end_with(role: Role, ours: Limits, theirs: Limits) -> Streams {
    let mut streams = Streams::new(role, ours, 64 * 1024);
    streams.set_peer_limits(&theirs);
    streams
}

fn client() -> Streams {
    end_with(Role::Client, LIMITS, LIMITS)
}

fn server() -> Streams {
    end_with(Role::Server, LIMITS, LIMITS)
}

/// The next packet with a payload of at most `size` bytes.
fn packet(streams: &mut Streams, size: usize) -> Packet {
    let mut buffer = vec![0; size];
    let mut tokens = Vec::new();
    let mut w = Writer::new(&mut buffer);
    streams.write_frames(&mut w, &mut |token| tokens.push(token));
    let len = w.position();
    buffer.truncate(len);
    Packet { payload: buffer, tokens }
}

fn apply(streams: &mut Streams, frame: &Frame<'_>) -> Result<(), TransportError> {
    match frame {
        Frame::Stream(f) => streams.on_stream(f),
        Frame::ResetStream(f) => streams.on_reset_stream(f),
        Frame::StopSending(f) => streams.on_stop_sending(f),
        Frame::MaxData(f) => streams.on_max_data(f),
        Frame::MaxStreamData(f) => streams.on_max_stream_data(f),
        Frame::MaxStreams(f) => streams.on_max_streams(f),
        Frame::DataBlocked(f) => streams.on_data_blocked(f),
        Frame::StreamDataBlocked(f) => streams.on_stream_data_blocked(f),
        Frame::StreamsBlocked(f) => streams.on_streams_blocked(f),
        other => panic!("not a frame of streams: {other:?}"),
    }
}

fn deliver(streams: &mut Streams, packet: &Packet) {
    for frame in packet.frames() {
        apply(streams, &frame).unwrap();
    }
}

fn ack(streams: &mut Streams, packet: &Packet) {
    packet.tokens.iter().for_each(|token| streams.on_acked(token));
}

fn lose(streams: &mut Streams, packet: &Packet) {
    packet.tokens.iter().for_each(|token| streams.on_lost(token));
}

/// Sends everything from `from` to `to` over a perfect network.
fn flush(from: &mut Streams, to: &mut Streams) {
    while from.wants_to_send() {
        let packet = packet(from, 1170);
        deliver(to, &packet);
        ack(from, &packet);
    }
}

/// Sends everything both ways.
pub(crate) fn exchange(a: &mut Streams, b: &mut Streams) {
    while a.wants_to_send() || b.wants_to_send() {
        flush(a, b);
        flush(b, a);
    }
}

fn events(streams: &mut Streams) -> Vec<StreamEvent> {
    std::iter::from_fn(|| streams.poll_event()).collect()
}

fn readable(streams: &Streams) -> Vec<StreamKey> {
    let mut keys = Vec::new();
    streams.readable(&mut keys);
    keys
}

fn writable(streams: &mut Streams) -> Vec<StreamKey> {
    let mut keys = Vec::new();
    streams.writable(&mut keys);
    keys
}

/// Reads all there is, and whether the end came.
fn read_all(streams: &mut Streams, key: StreamKey) -> (Vec<u8>, bool) {
    let (mut all, mut buffer) = (Vec::new(), vec![0; 5_000]);
    loop {
        match streams.read(key, &mut buffer) {
            Ok(Read { len, fin }) => {
                all.extend_from_slice(&buffer[..len]);
                if fin {
                    return (all, true);
                }
            }
            Err(_) => return (all, false),
        }
    }
}

fn stream(id: u64, offset: u64, data: &[u8], fin: bool) -> frame::Stream<'_> {
    frame::Stream { id: StreamId(id), offset, data, fin }
}

fn reset_stream(id: u64, final_size: u64) -> frame::ResetStream {
    frame::ResetStream { id: StreamId(id), error_code: 7, final_size }
}

fn code<T>(result: Result<T, TransportError>) -> Option<TransportErrorCode> {
    result.err().map(|error| error.code)
}

fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i * 37 % 253) as u8).collect()
}
