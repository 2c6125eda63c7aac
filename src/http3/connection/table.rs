//! What each stream of an HTTP/3 connection is, found by its key.

use super::incoming::Incoming;
use crate::http3::bytestream::Bytestream;
use crate::http3::request::{Life, Request};
use crate::stream::StreamKey;
use crate::time::Instant;
use crate::wire::StreamId;

/// What a stream is.
#[derive(Debug)]
pub(super) enum Entry {
    /// A request and its response.
    Request(Box<Request>),
    /// Messages both ways.
    Bytestream(Box<Bytestream>),
    /// A bidirectional stream of the peer of which too little has come.
    Undecided(StreamKey),
    /// A unidirectional stream of the peer.
    Incoming(StreamKey, Incoming),
}

impl Entry {
    fn key(&self) -> StreamKey {
        match self {
            Self::Request(request) => request.key,
            Self::Bytestream(bytestream) => bytestream.key,
            Self::Incoming(key, _) | Self::Undecided(key) => *key,
        }
    }

    fn is_exchange(&self) -> bool {
        !matches!(self, Self::Incoming(..))
    }
}

/// Requests that ended and are used again, while others are under way.
const MAX_SPARE: usize = 128;

/// The same once none is.
const MAX_SPARE_AT_REST: usize = 2;

/// All streams, at the slots of their keys.
#[derive(Debug, Default)]
pub(super) struct Table {
    entries: Vec<Option<Entry>>,
    #[allow(clippy::vec_box, reason = "the boxes are what is used again")]
    spare: Vec<Box<Request>>,
    exchanges: usize,
}

impl Table {
    /// How many requests and bytestreams there are, with what may become one.
    pub fn exchanges(&self) -> usize {
        self.exchanges
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
            _ => None,
        }
    }

    /// The bytestream on the stream.
    pub fn bytestream(&self, key: StreamKey) -> Option<&Bytestream> {
        match self.entries.get(key.slot() as usize)? {
            Some(Entry::Bytestream(bytestream)) if bytestream.key == key => Some(bytestream),
            _ => None,
        }
    }

    /// The bytestream on the stream.
    pub fn bytestream_mut(&mut self, key: StreamKey) -> Option<&mut Bytestream> {
        match self.get_mut(key)? {
            Entry::Bytestream(bytestream) => Some(bytestream),
            _ => None,
        }
    }

    /// The requests that the layer above knows and whose messages are not there yet.
    pub fn open_requests(&self) -> impl Iterator<Item = (StreamKey, StreamId)> + '_ {
        self.entries.iter().flatten().filter_map(|entry| match entry {
            Entry::Request(request) => {
                let open = request.life == Life::Open && request.receiving.is_under_way();
                open.then_some((request.key, request.id))
            }
            _ => None,
        })
    }

    /// All requests, whatever became of them.
    #[cfg(test)]
    pub fn all_requests(&self) -> Vec<(StreamKey, StreamId)> {
        let request = |entry: &Entry| match entry {
            Entry::Request(request) => Some((request.key, request.id)),
            _ => None,
        };
        self.entries.iter().flatten().filter_map(request).collect()
    }

    /// Bytes that requests which are kept to be used again take for sections.
    #[cfg(test)]
    pub fn spare_memory(&self) -> Vec<usize> {
        self.spare.iter().map(|request| request.receiving.memory()).collect()
    }

    /// True if it is not known what the stream is.
    pub fn is_undecided(&mut self, key: StreamKey) -> bool {
        matches!(self.get_mut(key), Some(Entry::Undecided(_)))
    }

    /// The keys of all bytestreams.
    pub fn bytestreams(&self) -> impl Iterator<Item = (StreamKey, StreamId)> + '_ {
        self.entries.iter().flatten().filter_map(|entry| match entry {
            Entry::Bytestream(bytestream) => Some((bytestream.key, bytestream.id)),
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
        self.put(Entry::Request(request));
    }

    /// Adds a bytestream.
    pub fn add_bytestream(&mut self, key: StreamKey, id: StreamId, now: Instant) {
        self.put(Entry::Bytestream(Box::new(Bytestream::new(key, id, now))));
    }

    /// Adds a bidirectional stream of which nothing is known yet.
    pub fn add_undecided(&mut self, key: StreamKey) {
        self.put(Entry::Undecided(key));
    }

    /// Adds a unidirectional stream of the peer.
    pub fn add_incoming(&mut self, key: StreamKey) {
        self.put(Entry::Incoming(key, Incoming::default()));
    }

    fn put(&mut self, entry: Entry) {
        self.exchanges += usize::from(entry.is_exchange());
        let slot = entry.key().slot() as usize;
        if self.entries.len() <= slot {
            self.entries.resize_with(slot + 1, || None);
        }
        self.entries[slot] = Some(entry);
    }

    /// Takes a stream out.
    pub fn remove(&mut self, key: StreamKey) {
        let Some(slot) = self.entries.get_mut(key.slot() as usize) else { return };
        let Some(entry) = slot.take_if(|entry| entry.key() == key) else { return };
        self.exchanges -= usize::from(entry.is_exchange());
        if let Entry::Request(mut request) = entry {
            if self.spare.len() < MAX_SPARE {
                request.put_aside();
                self.spare.push(request);
            }
        }
        if self.exchanges == 0 {
            self.spare.truncate(MAX_SPARE_AT_REST);
            self.spare.shrink_to(MAX_SPARE_AT_REST);
        }
    }
}
