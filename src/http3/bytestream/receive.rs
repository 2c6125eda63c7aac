//! The receiving part of a bytestream: DATA frames in, whole messages out.

use super::stats::BytestreamStats;
use crate::http3::error::{Code, ConnectionError};
use crate::http3::frame::{broken, FrameHeader, FrameType, PartialHeader};
use crate::stream::{StreamKey, Streams};
use crate::time::{Duration, Instant};

/// The most bytes of messages that arrive, or wait to be delivered, on all bytestreams of a
/// connection. A message is delivered whole, so its credit goes back while it arrives, and this is
/// what bounds it instead. Hosts of the original send 32 MB at a time.
pub(in crate::http3) const MAX_MESSAGE_BYTES: u64 = 256 * 1024 * 1024;

/// Room that a message's buffer starts with, unless the message is shorter.
const FIRST_ROOM: usize = 4096;

/// What a bytestream delivers.
#[derive(Debug, PartialEq, Eq)]
pub enum Delivery {
    /// A message.
    Message {
        /// Its bytes. They go back through `on_delivered` when the application has seen them.
        data: Vec<u8>,
        /// It is the last one.
        fin: bool,
        /// How long it took to arrive.
        took: Duration,
    },
    /// There are no more messages: the end came by itself.
    End,
}

/// Where in the stream we are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Position {
    /// At, or in, the header of a frame.
    #[default]
    Header,
    /// In a message, so many bytes before its end.
    Message(u64),
    /// In a frame that is skipped, so many bytes before its end.
    Skip(u64),
    /// Nothing more is looked at.
    Over,
}

/// The receiving part.
#[derive(Debug, Default)]
pub(in crate::http3) struct Receiving {
    partial: PartialHeader,
    position: Position,
    /// The message that arrives, or waits to be delivered.
    data: Vec<u8>,
    /// It began to arrive.
    begun: Option<Instant>,
    /// It is whole.
    whole: bool,
    /// All bytes of the stream were taken.
    stream_ended: bool,
    /// The end was delivered.
    end_told: bool,
}

impl Receiving {
    /// Goes on as far as there are bytes, up to the end of a message. `spare` is a buffer that may be
    /// used, `others` what the connection's other bytestreams hold.
    ///
    /// # Errors
    /// H3_FRAME_ERROR for a stream that ends within a frame, H3_EXCESSIVE_LOAD beyond
    /// [`MAX_MESSAGE_BYTES`].
    pub fn advance(
        &mut self,
        streams: &mut Streams,
        (key, now): (StreamKey, Instant),
        (spare, others): (&mut Vec<u8>, u64),
        stats: &mut BytestreamStats,
    ) -> Result<(), ConnectionError> {
        while !self.whole && !self.stream_ended {
            let piece = streams.peek(key);
            let (count, header) = match self.position {
                Position::Over => return Ok(()),
                _ if piece.is_empty() => (0, None),
                Position::Header => self.partial.take(piece),
                Position::Message(left) => (self.collect(piece, left), None),
                Position::Skip(left) => {
                    let count = short(left, piece.len());
                    self.position = Position::after(left, count, Position::Skip);
                    (count, None)
                }
            };
            let waits = count == 0 && !streams.is_readable(key);
            if waits {
                return Ok(());
            }
            // A reset is told by an event.
            let Ok(ended) = streams.consume(key, count) else { return Ok(()) };
            if let Some(header) = header {
                self.begin_frame(header, (spare, others), now, stats)?;
            }
            if ended {
                self.end_stream(now, stats)?;
            } else if count == 0 {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Takes bytes of a message; returns how many.
    fn collect(&mut self, piece: &[u8], left: u64) -> usize {
        let count = short(left, piece.len());
        let (room, len) = (self.data.capacity(), self.data.len());
        if room - len < count {
            // Doubled, but never beyond the message's end.
            let more = len.max(FIRST_ROOM).max(count);
            self.data.reserve_exact(short(left, more));
        }
        self.data.extend_from_slice(&piece[..count]);
        self.position = Position::after(left, count, Position::Message);
        self.whole = self.position == Position::Header;
        count
    }

    fn begin_frame(
        &mut self,
        header: FrameHeader,
        (spare, others): (&mut Vec<u8>, u64),
        now: Instant,
        stats: &mut BytestreamStats,
    ) -> Result<(), ConnectionError> {
        // As upstream does: whatever is no message is skipped.
        if header.kind != FrameType::DATA {
            self.position = Position::after(header.len, 0, Position::Skip);
            return Ok(());
        }
        if header.len > MAX_MESSAGE_BYTES.saturating_sub(others) {
            return Err(ConnectionError::new(Code::EXCESSIVE_LOAD, "too long a message"));
        }
        stats.first_received.get_or_insert(now);
        self.begun = Some(now);
        self.data = std::mem::take(spare);
        self.position = Position::after(header.len, 0, Position::Message);
        self.whole = header.len == 0;
        Ok(())
    }

    // RFC 9114 section 7.1.
    fn end_stream(
        &mut self,
        now: Instant,
        stats: &mut BytestreamStats,
    ) -> Result<(), ConnectionError> {
        self.stream_ended = true;
        stats.fin_received.get_or_insert(now);
        match self.position {
            Position::Message(_) | Position::Skip(_) => Err(TRUNCATED),
            Position::Header if !self.partial.is_empty() => Err(TRUNCATED),
            Position::Header | Position::Over => Ok(()),
        }
    }

    /// True if there is something to deliver.
    pub fn has_news(&self) -> bool {
        self.whole || (self.stream_ended && !self.end_told)
    }

    /// The next message, or the end.
    pub fn take(&mut self, now: Instant, stats: &mut BytestreamStats) -> Option<Delivery> {
        if !self.has_news() {
            return None;
        }
        if self.stream_ended {
            self.end_told = true;
            stats.fin_read.get_or_insert(now);
        }
        if !std::mem::take(&mut self.whole) {
            return Some(Delivery::End);
        }
        let data = std::mem::take(&mut self.data);
        let begun = self.begun.take().unwrap_or(now);
        let took = now.saturating_since(begun);
        Some(Delivery::Message { data, fin: self.stream_ended, took })
    }

    /// Bytes of messages that are held.
    pub fn bytes_held(&self) -> u64 {
        self.data.len() as u64
    }

    /// Nothing more of the stream is looked at or delivered.
    pub fn stop(&mut self) {
        *self = Self { position: Position::Over, end_told: true, ..Self::default() };
    }
}

impl Position {
    /// Where we are when `count` of `left` bytes of a frame were taken.
    fn after(left: u64, count: usize, within: impl FnOnce(u64) -> Self) -> Self {
        match left - count as u64 {
            0 => Self::Header,
            left => within(left),
        }
    }
}

const TRUNCATED: ConnectionError = broken("a bytestream that ends within a frame");

/// The smaller of a length on the wire and a length in memory.
fn short(wire: u64, memory: usize) -> usize {
    usize::try_from(wire).unwrap_or(usize::MAX).min(memory)
}
