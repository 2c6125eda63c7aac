//! What the layer above hears of streams, and how its calls can fail.

use std::fmt;

use super::StreamKey;
use crate::wire::{Direction, StreamId};

/// Something the application must hear. Events come in the order in which things happened.
///
/// That data can be read or written is no event but a state, see
/// [`Streams::readable`](super::Streams::readable).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamEvent {
    /// The peer opened a stream.
    Opened(StreamKey),
    /// The peer gave up its sending part (RFC 9000 section 19.4).
    ResetByPeer {
        /// The stream.
        key: StreamKey,
        /// The peer's application error code.
        code: u64,
    },
    /// The peer reads no more, and our sending part was reset in answer (RFC 9000 section 3.5).
    StoppedByPeer {
        /// The stream.
        key: StreamKey,
        /// The peer's application error code.
        code: u64,
    },
    /// Both parts have ended; comes exactly once, and the key is good until
    /// [`Streams::forget`](super::Streams::forget).
    Closed(StreamKey),
    /// The peer opened more streams than it may; the connection ends for it
    /// (RFC 9000 section 4.6).
    OverLimit {
        /// The stream it tried.
        id: StreamId,
        /// How many of that kind it may have opened.
        limit: u64,
    },
    /// A stream of that kind can be opened again after an attempt in vain.
    LimitRaised(Direction),
}

/// What [`Streams::read`](super::Streams::read) delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Read {
    /// Bytes written to the caller's buffer.
    pub len: usize,
    /// True once, when the end of the stream is reached.
    pub fin: bool,
}

/// Why a stream could not be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenError {
    /// The peer allows no more; [`StreamEvent::LimitRaised`] follows when it does.
    Limit,
}

/// Why nothing was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadError {
    /// Nothing is there yet.
    Blocked,
    /// The peer gave the stream up with this code.
    Reset(u64),
    /// The end was read before, or reading was stopped.
    Finished,
    /// We are the only sender on this stream.
    SendOnly,
    /// No such stream.
    Unknown,
}

/// Why nothing was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteError {
    /// The end was written before.
    Finished,
    /// The sending part was reset with this code, by us or because the peer asked for it.
    Reset(u64),
    /// The peer is the only sender on this stream.
    ReceiveOnly,
    /// No such stream.
    Unknown,
}

/// The key names no stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownStream;

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the peer allows no more streams")
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Blocked => f.write_str("nothing to read yet"),
            Self::Reset(code) => write!(f, "reset by the peer with code {code:#x}"),
            Self::Finished => f.write_str("read to its end"),
            Self::SendOnly => f.write_str("a stream to send on only"),
            Self::Unknown => UnknownStream.fmt(f),
        }
    }
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Finished => f.write_str("written to its end"),
            Self::Reset(code) => write!(f, "reset with code {code:#x}"),
            Self::ReceiveOnly => f.write_str("a stream to receive on only"),
            Self::Unknown => UnknownStream.fmt(f),
        }
    }
}

impl fmt::Display for UnknownStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no such stream")
    }
}

impl std::error::Error for OpenError {}
impl std::error::Error for ReadError {}
impl std::error::Error for WriteError {}
impl std::error::Error for UnknownStream {}
