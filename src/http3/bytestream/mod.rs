//! One bytestream of extended HTTP/3: a bidirectional stream that carries messages instead of a
//! request.
//!
//! Its client opens it with a frame of its own type ([`Opening`]). After that each direction is a
//! sequence of DATA frames; each is one message, sent by one call and delivered whole.

mod opening;
mod receive;
mod send;
mod stats;

pub(super) use opening::Opening;
pub use receive::Delivery;
pub(super) use receive::{Receiving, MAX_MESSAGE_BYTES};
pub(super) use send::Sending;
pub use stats::BytestreamStats;

use crate::stream::StreamKey;
use crate::time::Instant;
use crate::wire::StreamId;

/// A bytestream on one of our connections, ours or the peer's.
#[derive(Debug)]
pub struct Bytestream {
    pub(super) key: StreamKey,
    pub(super) id: StreamId,
    pub(super) receiving: Receiving,
    pub(super) sending: Sending,
    pub(super) stats: BytestreamStats,
    pub(super) life: Life,
    /// It counts as one that came to nothing.
    pub(super) failed: bool,
}

/// How far the layer above knows a bytestream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Life {
    /// It is under way.
    Open,
    /// Its stream has closed, but a message waits to be delivered.
    StreamClosed,
    /// It wants to hear of its end only, or has heard.
    Ended,
}

impl Bytestream {
    pub(super) fn new(key: StreamKey, id: StreamId, now: Instant) -> Self {
        Self {
            key,
            id,
            receiving: Receiving::default(),
            sending: Sending::default(),
            stats: BytestreamStats::new(now),
            life: Life::Open,
            failed: false,
        }
    }
}
