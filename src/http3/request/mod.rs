//! One request and its response: the state of its stream, both ways (RFC 9114 section 4).

mod receive;
mod send;
mod stats;

pub use receive::{BodyRead, Notices};
pub(super) use receive::{Progress, ReceiveContext, Receiving};
pub use send::SendError;
pub(super) use send::Sending;
pub use stats::RequestStats;

use crate::stream::StreamKey;
use crate::time::Instant;
use crate::wire::StreamId;

/// A request on one of our connections, ours or the peer's.
#[derive(Debug)]
pub struct Request {
    pub(super) key: StreamKey,
    pub(super) id: StreamId,
    pub(super) receiving: Receiving,
    pub(super) sending: Sending,
    pub(super) stats: RequestStats,
    pub(super) life: Life,
    /// Both parts of its stream have ended.
    pub(super) stream_closed: bool,
    /// It counts as one that came to nothing.
    pub(super) failed: bool,
    pub(super) priority_source: PrioritySource,
}

/// Where the priority of a request comes from. What is further down has more to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum PrioritySource {
    /// Nobody said anything.
    Default,
    /// The `priority` field of the request.
    Field,
    /// A PRIORITY_UPDATE frame (RFC 9218 section 7).
    Update,
    /// Our own host.
    Host,
}

/// How far the layer above knows a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Life {
    /// Not yet: nothing of the peer's has come that makes it one.
    Unannounced,
    /// It is under way.
    Open,
    /// The layer above closed it and wants to hear of its end only.
    Abandoned,
    /// Its end was told.
    Ended,
}

impl Request {
    pub(super) fn new(key: StreamKey, id: StreamId, now: Instant, life: Life) -> Self {
        Self {
            key,
            id,
            receiving: Receiving::default(),
            sending: Sending::default(),
            stats: RequestStats::new(now),
            life,
            stream_closed: false,
            failed: false,
            priority_source: PrioritySource::Default,
        }
    }

    /// Forgets its messages, to be used again; memory of an ordinary size is kept. It may take long
    /// until then, and a peer chooses how large sections are.
    pub(super) fn put_aside(&mut self) {
        self.receiving.clear();
        self.sending.clear();
    }

    /// Becomes a new request, after [`Self::put_aside`].
    pub(super) fn renew(&mut self, key: StreamKey, id: StreamId, now: Instant, life: Life) {
        self.key = key;
        self.id = id;
        self.stats = RequestStats::new(now);
        self.life = life;
        self.stream_closed = false;
        self.failed = false;
        self.priority_source = PrioritySource::Default;
    }
}
