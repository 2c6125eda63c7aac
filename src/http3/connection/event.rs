//! What the layer above hears of an HTTP/3 connection, in the order it happened.

use crate::http3::error::StreamError;
use crate::stream::StreamKey;

/// Something that happened.
///
/// That a request has something to read is no event but a state, see
/// [`Connection::notices`](super::Connection::notices).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The peer's SETTINGS came.
    Settings,
    /// A client made a request; its header section is there.
    RequestOpened(StreamKey),
    /// A client opened a bytestream.
    BytestreamOpened(StreamKey),
    /// The peer gave up a request or its response, with its code.
    Reset {
        /// The request.
        key: StreamKey,
        /// The peer's code.
        code: u64,
    },
    /// We gave up a request because of what the peer sent.
    Failed {
        /// The request.
        key: StreamKey,
        /// Why.
        error: StreamError,
    },
    /// A request has ended; the last of its events. It is there until
    /// [`Connection::forget`](super::Connection::forget).
    Closed(StreamKey),
    /// A bytestream has ended; the last of its events, as for requests.
    BytestreamClosed(StreamKey),
    /// The peer takes no more requests, or pushes, from this ID on (RFC 9114 section 5.2).
    GoAway {
        /// The ID.
        id: u64,
    },
}
