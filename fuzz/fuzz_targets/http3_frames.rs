#![no_main]
//! One end of HTTP/3 whose peer writes, ends, resets and stops streams as the bytes say.

use libfuzzer_sys::fuzz_target;
use xquic::http3::ConnectionError;
use xquic::stream::{Limits, Streams};
use xquic::time::Instant;
use xquic::wire::frame::{ResetStream, StopSending, Stream};
use xquic::wire::{Direction, Role, StreamId, Writer};
use xquic_fuzz::Application;

const NOW: Instant = Instant::from_micros(1_000_000);

const LIMITS: Limits = Limits {
    max_data: 1 << 18,
    max_stream_data_bidi_local: 1 << 14,
    max_stream_data_bidi_remote: 1 << 14,
    max_stream_data_uni: 1 << 14,
    max_streams_bidi: 4,
    max_streams_uni: 5,
};

/// What the peer lets us send where credit is short.
const TIGHT: Limits = Limits {
    max_data: 1000,
    max_stream_data_bidi_local: 30,
    max_stream_data_bidi_remote: 30,
    max_stream_data_uni: 10,
    max_streams_bidi: 4,
    max_streams_uni: 0,
};

/// How a stream of the peer's stands.
#[derive(Clone, Copy, Default)]
struct Sent {
    offset: u64,
    ended: bool,
}

enum Fault {
    Connection(ConnectionError),
    Transport,
}

struct Driver {
    streams: Streams,
    application: Application,
    role: Role,
    /// How many streams may wait for the dynamic table.
    blocked: u64,
    /// Four bidirectional and four unidirectional streams.
    sent: [Sent; 8],
}

fuzz_target!(|data: &[u8]| {
    let Some((first, mut script)) = data.split_first() else { return };
    let mut driver = Driver::new(*first);
    loop {
        match driver.act(&mut script) {
            Ok(true) => {}
            Ok(false) => break,
            Err(Fault::Connection(error)) => {
                assert!(error.code.0 >= 0x100 && error.code.0 <= 0x202, "{error:?}");
                return;
            }
            Err(Fault::Transport) => return,
        }
    }
    let _ = driver.end();
});

impl Driver {
    fn new(first: u8) -> Self {
        let role = if first & 1 == 0 { Role::Server } else { Role::Client };
        let mut streams = Streams::new(role, LIMITS, 1 << 16);
        streams.set_peer_limits(if first & 8 == 0 { &LIMITS } else { &TIGHT });
        let blocked = if first & 16 == 0 { 2 } else { 0 };
        let mut application = Application::new(role, first & 2 != 0, blocked);
        application.start(&mut streams);
        let mut driver = Self { streams, application, role, blocked, sent: [Sent::default(); 8] };
        if role == Role::Client {
            for what in [0, 8, 0] {
                driver.application.work(&mut driver.streams, what, NOW);
            }
        }
        if first & 4 != 0 {
            // SETTINGS that let us use a table, and the QPACK streams.
            let begun = [&b"\x00\x04\x05\x01\x41\x00\x07\x02"[..], b"\x02\x3f\xe1\x01", b"\x03"];
            for (index, bytes) in (4..).zip(begun) {
                let _ = driver.write(index, bytes, false);
            }
        }
        driver
    }

    fn id(&self, index: usize) -> StreamId {
        let peer = if self.role == Role::Client { Role::Server } else { Role::Client };
        match index {
            0..4 => StreamId::new(Role::Client, Direction::Bidirectional, index as u64),
            _ => StreamId::new(peer, Direction::Unidirectional, index as u64 - 4),
        }
    }

    /// Runs the next action; false if there is none.
    fn act(&mut self, script: &mut &[u8]) -> Result<bool, Fault> {
        let [op, rest @ ..] = *script else { return Ok(false) };
        *script = rest;
        let index = usize::from(op & 7);
        match op >> 3 & 7 {
            0..=3 => {
                let [len, rest @ ..] = rest else { return Ok(false) };
                let (bytes, rest) = rest.split_at(rest.len().min(usize::from(*len)));
                *script = rest;
                self.write(index, bytes, op & 0x80 != 0)?;
            }
            4 => self.reset(index)?,
            5 => self.stop(index)?,
            6 => {
                let [what, rest @ ..] = rest else { return Ok(false) };
                *script = rest;
                self.application.work(&mut self.streams, *what, NOW);
                self.settle()?;
            }
            _ => {
                self.streams.set_peer_limits(&LIMITS);
                self.settle()?;
            }
        }
        Ok(true)
    }

    fn write(&mut self, index: usize, data: &[u8], fin: bool) -> Result<(), Fault> {
        let (id, sent) = (self.id(index), &mut self.sent[index]);
        if sent.ended {
            return Ok(());
        }
        let frame = Stream { id, offset: sent.offset, data, fin };
        sent.offset += data.len() as u64;
        sent.ended = fin;
        self.streams.on_stream(&frame).map_err(|_| Fault::Transport)?;
        self.settle()
    }

    fn reset(&mut self, index: usize) -> Result<(), Fault> {
        let (id, sent) = (self.id(index), &mut self.sent[index]);
        let frame = ResetStream { id, error_code: 0x10c, final_size: sent.offset };
        sent.ended = true;
        self.streams.on_reset_stream(&frame).map_err(|_| Fault::Transport)?;
        self.settle()
    }

    fn stop(&mut self, index: usize) -> Result<(), Fault> {
        if index < 4 {
            let frame = StopSending { id: self.id(index), error_code: 0x10c };
            self.streams.on_stop_sending(&frame).map_err(|_| Fault::Transport)?;
        }
        self.settle()
    }

    /// Lets the end act until it is silent; the peer acknowledges what it sends.
    fn settle(&mut self) -> Result<(), Fault> {
        for _ in 0..10_000 {
            while let Some(event) = self.streams.poll_event() {
                self.application
                    .on_stream_event(&mut self.streams, event, NOW)
                    .map_err(Fault::Connection)?;
            }
            self.application.pass(&mut self.streams, NOW).map_err(Fault::Connection)?;
            if !self.streams.wants_to_send() {
                return Ok(());
            }
            let (mut packet, mut tokens) = ([0; 1200], Vec::new());
            self.streams.write_frames(&mut Writer::new(&mut packet), &mut |t| tokens.push(t));
            tokens.iter().for_each(|token| self.streams.on_acked(token));
        }
        panic!("never silent");
    }

    /// Both sides give up everything, and nothing may be left.
    fn end(&mut self) -> Result<(), Fault> {
        self.streams.set_peer_limits(&LIMITS);
        self.settle()?;
        self.application.close_all(&mut self.streams, NOW);
        self.settle()?;
        for index in 0..4 {
            if self.streams.key(self.id(index)).is_some() {
                self.reset(index)?;
                self.stop(index)?;
            }
        }
        // What waits for the table may become a request yet, although its stream is over.
        assert!(self.blocked > 0 || self.application.is_drained(), "something is left");
        Ok(())
    }
}
