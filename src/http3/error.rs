//! Errors of HTTP/3: those that end a connection and those that end one stream.

use crate::error::codes;

use super::qpack::QpackError;

/// An error code of HTTP/3 or QPACK (RFC 9114 section 8.1, RFC 9204 section 6).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Code(pub u64);

codes! {
    Code:
    /// Nothing is wrong; the connection or the stream just ends.
    NO_ERROR = 0x100;
    /// A violation that no other code names.
    GENERAL_PROTOCOL_ERROR = 0x101;
    /// We failed by ourselves.
    INTERNAL_ERROR = 0x102;
    /// A stream that must not be opened.
    STREAM_CREATION_ERROR = 0x103;
    /// A stream ended that has to stay open.
    CLOSED_CRITICAL_STREAM = 0x104;
    /// A frame where it must not be.
    FRAME_UNEXPECTED = 0x105;
    /// A frame whose content does not fit its length or its rules.
    FRAME_ERROR = 0x106;
    /// The peer makes us work or hold too much.
    EXCESSIVE_LOAD = 0x107;
    /// An ID that must not be used, or not like that.
    ID_ERROR = 0x108;
    /// Settings that cannot be.
    SETTINGS_ERROR = 0x109;
    /// The control stream does not begin with SETTINGS.
    MISSING_SETTINGS = 0x10a;
    /// A server did nothing about the request.
    REQUEST_REJECTED = 0x10b;
    /// The request or its response is not wanted any more.
    REQUEST_CANCELLED = 0x10c;
    /// The client's stream ended in the middle of its request.
    REQUEST_INCOMPLETE = 0x10d;
    /// A malformed message.
    MESSAGE_ERROR = 0x10e;
    /// The connection behind a CONNECT failed.
    CONNECT_ERROR = 0x10f;
    /// The request has to be made with HTTP/1.1.
    VERSION_FALLBACK = 0x110;
}

/// The peer broke a rule that everything depends on: the connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionError {
    /// The code for CONNECTION_CLOSE.
    pub code: Code,
    /// What went wrong.
    pub reason: &'static str,
}

impl ConnectionError {
    /// An error with its reason.
    pub const fn new(code: Code, reason: &'static str) -> Self {
        Self { code, reason }
    }
}

impl From<QpackError> for ConnectionError {
    fn from(error: QpackError) -> Self {
        Self { code: Code(error.code()), reason: error.reason() }
    }
}

/// One request failed; the others go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamError {
    /// The code for RESET_STREAM and STOP_SENDING.
    pub code: Code,
    /// What went wrong.
    pub reason: &'static str,
}

impl StreamError {
    /// An error with its reason.
    pub const fn new(code: Code, reason: &'static str) -> Self {
        Self { code, reason }
    }
}

/// What can come of bytes of the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// The connection ends.
    Connection(ConnectionError),
    /// The stream ends.
    Stream(StreamError),
}

impl From<ConnectionError> for Error {
    fn from(error: ConnectionError) -> Self {
        Self::Connection(error)
    }
}

impl From<StreamError> for Error {
    fn from(error: StreamError) -> Self {
        Self::Stream(error)
    }
}

impl From<QpackError> for Error {
    fn from(error: QpackError) -> Self {
        Self::Connection(error.into())
    }
}
