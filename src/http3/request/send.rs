//! The sending part of a request: field sections and content into frames.
//!
//! Field sections are always taken, and what the stream does not take at once is kept. Of content
//! only what the stream takes is framed, so a frame on the wire is always whole.

use crate::http3::frame::{FrameHeader, FrameType};
use crate::stream::{StreamKey, Streams, WriteError};

/// Why nothing is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendError {
    /// Nothing can be taken now; the stream is told to be writable when it can.
    Blocked,
    /// The end was sent before.
    Finished,
    /// The sending part was given up with this code, by us or because the peer asked for it.
    Reset(u64),
    /// The field section is larger than the peer takes (RFC 9114 section 4.2.2).
    TooLarge,
    /// Content before a header section, or anything behind trailers.
    OutOfOrder,
    /// No such request.
    Unknown,
}

impl From<WriteError> for SendError {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Finished => Self::Finished,
            WriteError::Reset(code) => Self::Reset(code),
            WriteError::ReceiveOnly | WriteError::Unknown => Self::Unknown,
        }
    }
}

/// The sending part.
#[derive(Debug, Default)]
pub(in crate::http3) struct Sending {
    /// Frames that the stream did not take yet.
    pending: Vec<u8>,
    /// How many of these bytes it has taken.
    taken: usize,
    end: End,
    /// A header section was sent.
    pub begun: bool,
    /// Trailers were sent: nothing but the end follows (RFC 9114 section 4.1).
    pub trailers_sent: bool,
    /// The application was refused and is to be told when it can go on.
    owed: bool,
}

/// How far the end of the message has come.
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
    /// Back to the beginning; a little memory is kept.
    pub fn clear(&mut self) {
        let mut pending = std::mem::take(&mut self.pending);
        pending.clear();
        *self = Self::default();
        if pending.capacity() <= MEMORY_KEPT {
            self.pending = pending;
        }
    }

    /// True if no more may be written.
    pub fn is_ended(&self) -> bool {
        self.end != End::Open
    }

    /// Whether field sections can still be sent.
    pub fn check(&self, streams: &Streams, key: StreamKey) -> Result<(), SendError> {
        if self.is_ended() {
            return Err(SendError::Finished);
        }
        streams.room(key).map(|_| ()).map_err(SendError::from)
    }

    /// Sends a HEADERS frame around an encoded field section, or keeps what the stream does not
    /// take.
    pub fn write_section(
        &mut self,
        streams: &mut Streams,
        key: StreamKey,
        section: &[u8],
        fin: bool,
    ) -> Result<(), SendError> {
        let mut buffer = [0; FrameHeader::MAX_LEN];
        let header = FrameHeader { kind: FrameType::HEADERS, len: section.len() as u64 };
        let header = header.encode(&mut buffer);
        if fin {
            self.end = End::Pending;
        }
        self.begun = true;
        let fits =
            self.pending.is_empty() && streams.room(key)? >= (header.len() + section.len()) as u64;
        if fits {
            streams.write_framed(key, header, section, fin)?;
            if fin {
                self.end = End::Written;
            }
            return Ok(());
        }
        self.pending.extend_from_slice(header);
        self.pending.extend_from_slice(section);
        self.flush(streams, key).map(|_| ())
    }

    /// Sends as much content as the stream takes, in a frame of its own; returns how much. `fin`
    /// goes with the last of it.
    pub fn write_body(
        &mut self,
        streams: &mut Streams,
        key: StreamKey,
        data: &[u8],
        fin: bool,
    ) -> Result<usize, SendError> {
        if self.is_ended() {
            return Err(SendError::Finished);
        }
        if !self.flush(streams, key)? {
            self.owed = true;
            return Err(SendError::Blocked);
        }
        if data.is_empty() {
            return self.write_end(streams, key, fin);
        }
        let room = usize::try_from(streams.room(key)?).unwrap_or(usize::MAX);
        let overhead = header_len(data.len().min(room));
        let count = data.len().min(room.saturating_sub(overhead));
        if count == 0 {
            self.owed = true;
            // The stream is there: it has just told its room.
            let _ = streams.await_room(key);
            return Err(SendError::Blocked);
        }
        let mut buffer = [0; FrameHeader::MAX_LEN];
        let header = FrameHeader { kind: FrameType::DATA, len: count as u64 };
        let whole = count == data.len();
        streams.write_framed(key, header.encode(&mut buffer), &data[..count], fin && whole)?;
        self.owed = !whole;
        if !whole {
            let _ = streams.await_room(key);
        } else if fin {
            self.end = End::Written;
        }
        Ok(count)
    }

    fn write_end(
        &mut self,
        streams: &mut Streams,
        key: StreamKey,
        fin: bool,
    ) -> Result<usize, SendError> {
        if fin {
            streams.write(key, &[], true)?;
            self.end = End::Written;
            self.owed = false;
        }
        Ok(0)
    }

    /// Ends the message behind what was written; what is pending takes the end along.
    pub fn finish(&mut self, streams: &mut Streams, key: StreamKey) -> Result<(), SendError> {
        if self.is_ended() {
            return Ok(());
        }
        self.end = End::Pending;
        self.flush(streams, key).map(|_| ())
    }

    /// Writes what is pending as far as the stream takes it; true if all of it is out.
    pub fn flush(&mut self, streams: &mut Streams, key: StreamKey) -> Result<bool, SendError> {
        if self.pending.is_empty() && self.end != End::Pending {
            return Ok(true);
        }
        let rest = &self.pending[self.taken..];
        let fin = self.end == End::Pending;
        let count = streams.write(key, rest, fin)?;
        if count < rest.len() {
            self.taken += count;
            return Ok(false);
        }
        self.pending.clear();
        self.taken = 0;
        if fin {
            self.end = End::Written;
        }
        Ok(true)
    }

    /// The stream takes more: true if the application is to be told, which it is once for each time
    /// that it was cut short.
    pub fn on_writable(&mut self, streams: &mut Streams, key: StreamKey) -> bool {
        // A stream that was reset takes nothing more; the next send tells.
        if !self.flush(streams, key).unwrap_or(true) {
            return false;
        }
        streams.stop_waiting(key);
        std::mem::take(&mut self.owed) && !self.is_ended()
    }

    /// Bytes that are kept.
    pub fn bytes_held(&self) -> usize {
        self.pending.len() - self.taken
    }
}

/// The length of the header of a DATA frame with at most `len` bytes.
fn header_len(len: usize) -> usize {
    let mut buffer = [0; FrameHeader::MAX_LEN];
    FrameHeader { kind: FrameType::DATA, len: len as u64 }.encode(&mut buffer).len()
}

/// Bytes of buffers that a request leaves to the next one.
const MEMORY_KEPT: usize = 4096;
