//! What each stream of an HTTP/3 connection is, found by its key.

use super::incoming::Incoming;
use crate::http3::request::{Life, Request};
use crate::stream::StreamKey;
use crate::time::Instant;
use crate::wire::StreamId;

/// What a stream is.
#[derive(Debug)]
pub(super) enum Entry {
    /// A request and its response.
    Request(Box<Request>),
    /// A unidirectional stream of the peer.
    Incoming(StreamKey, Incoming),
}

impl Entry {
    fn key(&self) -> StreamKey {
        match self {
            Self::Request(request) => request.key,
            Self::Incoming(key, _) => *key,
        }
    }
}

/// Requests that ended and are used again.
const MAX_SPARE: usize = 32;

/// All streams, at the slots of their keys.
#[derive(Debug, Default)]
pub(super) struct Table {
    entries: Vec<Option<Entry>>,
    #[allow(clippy::vec_box, reason = "the boxes are what is used again")]
    spare: Vec<Box<Request>>,
    requests: usize,
}

impl Table {
    /// How many requests there are.
    pub fn requests(&self) -> usize {
        self.requests
    }

    /// What the stream is.
    #[inline]
    pub fn get_mut(&mut self, key: StreamKey) -> Option<&mut Entry> {
        self.entries.get_mut(key.slot() as usize)?.as_mut().filter(|entry| entry.key() == key)
    }

    /// The request on the stream.
    #[inline]
    pub fn request(&self, key: StreamKey) -> Option<&Request> {
        match self.entries.get(key.slot() as usize)? {
            Some(Entry::Request(request)) if request.key == key => Some(request),
            _ => None,
        }
    }

    /// The request on the stream.
    #[inline]
    pub fn request_mut(&mut self, key: StreamKey) -> Option<&mut Request> {
        match self.get_mut(key)? {
            Entry::Request(request) => Some(request),
            Entry::Incoming(..) => None,
        }
    }

    /// The keys of all requests that the layer above knows.
    pub fn open_requests(&self) -> impl Iterator<Item = (StreamKey, StreamId)> + '_ {
        self.entries.iter().flatten().filter_map(|entry| match entry {
            Entry::Request(request) if request.life != Life::Unannounced => {
                Some((request.key, request.id))
            }
            _ => None,
        })
    }

    /// Adds a request.
    pub fn add_request(&mut self, key: StreamKey, id: StreamId, now: Instant, life: Life) {
        let request = match self.spare.pop() {
            Some(mut request) => {
                request.renew(key, id, now, life);
                request
            }
            None => Box::new(Request::new(key, id, now, life)),
        };
        self.requests += 1;
        self.put(Entry::Request(request));
    }

    /// Adds a unidirectional stream of the peer.
    pub fn add_incoming(&mut self, key: StreamKey) {
        self.put(Entry::Incoming(key, Incoming::default()));
    }

    fn put(&mut self, entry: Entry) {
        let slot = entry.key().slot() as usize;
        if self.entries.len() <= slot {
            self.entries.resize_with(slot + 1, || None);
        }
        self.entries[slot] = Some(entry);
    }

    /// Takes a stream out.
    pub fn remove(&mut self, key: StreamKey) {
        let Some(slot) = self.entries.get_mut(key.slot() as usize) else { return };
        if let Some(Entry::Request(request)) = slot.take_if(|entry| entry.key() == key) {
            self.requests -= 1;
            if self.spare.len() < MAX_SPARE {
                self.spare.push(request);
            }
        }
    }
}
