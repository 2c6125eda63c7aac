//! The sending part of a bytestream: each message into a DATA frame.
//!
//! What the stream has room for goes there at once. The rest of a message is kept, and no other one
//! is taken until it is out: a host that is refused has at most one message in our hands.

use super::opening::OPENING_FRAME;
use super::stats::BytestreamStats;
use crate::http3::frame::{FrameHeader, FrameType};
use crate::http3::request::SendError;
use crate::stream::{StreamKey, Streams};
use crate::time::Instant;

/// The sending part.
#[derive(Debug, Default)]
pub(in crate::http3) struct Sending {
    /// What the stream did not take yet.
    pending: Vec<u8>,
    /// How many of these bytes it has taken.
    taken: usize,
    /// How many of them, from the beginning, are no content.
    framing: usize,
    /// A message is among them.
    holds_message: bool,
    end: End,
}

/// How far the end has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum End {
    #[default]
    Open,
    /// It follows what is pending.
    Pending,
    /// The stream has it.
    Written,
}

impl Sending {
    /// Opens a bytestream on a stream that is new.
    pub fn open(&mut self, streams: &mut Streams, key: StreamKey) -> Result<(), SendError> {
        let count = streams.write(key, &OPENING_FRAME, false)?;
        self.pending.extend_from_slice(&OPENING_FRAME[count..]);
        self.framing = self.pending.len();
        Ok(())
    }

    /// Sends a message, whole: what the stream does not take is kept. `fin` goes with its last byte.
    ///
    /// # Errors
    /// [`SendError::Blocked`] while the message before is kept, [`SendError::Finished`] once the
    /// stream has the end, [`SendError::Reset`].
    pub fn send(
        &mut self,
        streams: &mut Streams,
        (key, now): (StreamKey, Instant),
        data: &[u8],
        fin: bool,
        stats: &mut BytestreamStats,
    ) -> Result<(), SendError> {
        streams.room(key)?;
        if self.holds_message {
            return Err(SendError::Blocked);
        }
        let mut buffer = [0; FrameHeader::MAX_LEN];
        let header = FrameHeader { kind: FrameType::DATA, len: data.len() as u64 };
        let header = header.encode(&mut buffer);
        let (mut begun, mut sent) = (0, 0);
        if self.pending.is_empty() {
            begun = streams.write(key, header, false)?;
            if begun == header.len() {
                sent = streams.write(key, data, fin)?;
            }
            if begun > 0 {
                stats.first_sent.get_or_insert(now);
            }
        }
        stats.sent += sent as u64;
        if begun == header.len() && sent == data.len() {
            self.end_if(fin, now, stats);
            return Ok(());
        }
        self.keep(&header[begun..], &data[sent..], fin);
        Ok(())
    }

    fn keep(&mut self, header: &[u8], data: &[u8], fin: bool) {
        self.pending.reserve_exact(header.len() + data.len());
        self.pending.extend_from_slice(header);
        self.framing = self.pending.len();
        self.pending.extend_from_slice(data);
        self.holds_message = true;
        if fin {
            self.end = End::Pending;
        }
    }

    fn end_if(&mut self, fin: bool, now: Instant, stats: &mut BytestreamStats) {
        if fin {
            self.end = End::Written;
            stats.fin_sent.get_or_insert(now);
        }
    }

    /// True if the stream has the end.
    pub fn is_ended(&self) -> bool {
        self.end == End::Written
    }

    /// The stream takes more. True if the message that was kept is out, so that the application can
    /// go on.
    pub fn on_writable(
        &mut self,
        streams: &mut Streams,
        (key, now): (StreamKey, Instant),
        stats: &mut BytestreamStats,
    ) -> bool {
        if self.pending.is_empty() {
            return false;
        }
        let fin = self.end == End::Pending;
        let Ok(count) = streams.write(key, &self.pending[self.taken..], fin) else {
            // The stream was reset: nothing follows, and the next send tells.
            self.give_up();
            return false;
        };
        let before = self.taken.max(self.framing);
        self.taken += count;
        stats.sent += self.taken.saturating_sub(before) as u64;
        if count > 0 && self.holds_message {
            stats.first_sent.get_or_insert(now);
        }
        if self.taken < self.pending.len() {
            return false;
        }
        self.end_if(fin, now, stats);
        let held = self.holds_message;
        self.give_up();
        held
    }

    /// Forgets what is kept.
    pub fn give_up(&mut self) {
        self.pending = Vec::new();
        (self.taken, self.framing, self.holds_message) = (0, 0, false);
    }
}
