//! The table of streams: slots found by key without a search, by ID with a short one.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::{Index, IndexMut};

use slab::Slab;

use super::control::Control;
use super::list::{Links, MAX_SLOTS};
use super::ready::{Place, Priority};
use super::record::Record;
use super::recv::RecvStream;
use super::send::SendStream;
use super::StreamKey;
use crate::wire::StreamId;

/// Room for streams that an empty table may keep.
const ROOM_KEPT: usize = 64;

/// One part of a stream, as far as it lives.
#[derive(Debug)]
pub(super) enum Side<T> {
    /// The stream has no such part.
    Absent,
    /// The part has not ended.
    Live(Box<T>),
    /// All data went through.
    Finished,
    /// It was given up with this code.
    Reset(u64),
}

impl<T> Side<T> {
    /// A part at its beginning.
    pub(super) fn live(part: T) -> Self {
        Self::Live(Box::new(part))
    }

    /// True if the part has not ended.
    pub(super) const fn is_live(&self) -> bool {
        matches!(self, Self::Live(_))
    }

    /// The part, if it has not ended.
    #[inline]
    pub(super) fn get_mut(&mut self) -> Option<&mut T> {
        match self {
            Self::Live(part) => Some(part),
            _ => None,
        }
    }
}

/// What a writer that was cut short waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Writer {
    /// Nothing: the last write went through.
    Content,
    /// A higher limit on the stream from the peer.
    AwaitsCredit,
    /// Space in the send buffers.
    AwaitsSpace,
    /// Nothing any more: it may write.
    MayWrite,
}

/// Whether the stream still has a part that lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Life {
    /// It has.
    Open,
    /// Both have ended; the slot is kept for those who hold the key.
    Closed,
}

/// One stream.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) id: StreamId,
    pub(super) generation: u32,
    pub(super) priority: Priority,
    /// Which list of ready streams it is in.
    pub(super) place: Place,
    pub(super) writer: Writer,
    pub(super) life: Life,
    /// Control frames that wait.
    pub(super) control: Control,
    pub(super) links: Links,
    pub(super) send: Side<SendStream>,
    pub(super) recv: Side<RecvStream>,
    /// What it remembers, if it is asked to.
    pub(super) record: Option<Box<Record>>,
}

/// The streams of a connection. Empty it takes no memory.
#[derive(Debug)]
pub(super) struct Slots {
    streams: Slab<Stream>,
    /// Where the streams are that have not closed.
    by_id: HashMap<StreamId, u32, BuildHasherDefault<IdHasher>>,
    /// What was found last: frames for one stream come in a row.
    last: Option<(StreamId, u32)>,
    generation: u32,
}

impl Slots {
    /// An empty table.
    pub(super) fn new() -> Self {
        Self { streams: Slab::new(), by_id: HashMap::default(), last: None, generation: 0 }
    }

    /// Adds a stream; `None` if the table is full.
    pub(super) fn insert(
        &mut self,
        id: StreamId,
        send: Side<SendStream>,
        recv: Side<RecvStream>,
    ) -> Option<u32> {
        if self.is_full() {
            return None;
        }
        self.generation = self.generation.wrapping_add(1);
        let slot = self.streams.insert(Stream {
            id,
            generation: self.generation,
            priority: Priority::default(),
            place: Place::Idle,
            writer: Writer::Content,
            life: Life::Open,
            control: Control::default(),
            links: Links::new(),
            send,
            recv,
            record: None,
        }) as u32;
        self.by_id.insert(id, slot);
        Some(slot)
    }

    /// The slot that `key` names, unless the stream was forgotten.
    #[inline]
    pub(super) fn find(&self, key: StreamKey) -> Option<u32> {
        let stream = self.streams.get(key.slot as usize)?;
        (stream.generation == key.generation).then_some(key.slot)
    }

    /// The slot of the stream with that ID, unless it has closed.
    #[inline]
    pub(super) fn find_id(&mut self, id: StreamId) -> Option<u32> {
        match self.last {
            Some((last, slot)) if last == id => Some(slot),
            _ => {
                let slot = *self.by_id.get(&id)?;
                self.last = Some((id, slot));
                Some(slot)
            }
        }
    }

    /// Like [`Self::find_id`], without a note of what was found.
    pub(super) fn look_up(&self, id: StreamId) -> Option<u32> {
        self.by_id.get(&id).copied()
    }

    /// The key of the stream in `slot`.
    #[inline]
    pub(super) fn key(&self, slot: u32) -> StreamKey {
        StreamKey { slot, generation: self[slot].generation }
    }

    /// All slots in use.
    pub(super) fn all(&self) -> Vec<u32> {
        self.streams.iter().map(|(slot, _)| slot as u32).collect()
    }

    /// The keys of all streams.
    pub(super) fn keys(&self) -> impl Iterator<Item = StreamKey> + '_ {
        let key = |(slot, stream): (usize, &Stream)| StreamKey {
            slot: slot as u32,
            generation: stream.generation,
        };
        self.streams.iter().map(key)
    }

    /// True if no more streams can be held.
    pub(super) fn is_full(&self) -> bool {
        self.streams.len() >= MAX_SLOTS
    }

    /// How many streams there are, those that closed and were not forgotten included.
    pub(super) fn len(&self) -> usize {
        self.streams.len()
    }

    /// Notes that the stream has closed: its ID names it no more.
    pub(super) fn close(&mut self, slot: u32) {
        let id = self[slot].id;
        self[slot].life = Life::Closed;
        self.by_id.remove(&id);
        self.last = None;
    }

    /// Frees the slot.
    pub(super) fn remove(&mut self, slot: u32) {
        self.streams.remove(slot as usize);
        if self.streams.is_empty() && self.streams.capacity() > ROOM_KEPT {
            self.streams = Slab::new();
            self.by_id = HashMap::default();
        }
    }
}

impl Index<u32> for Slots {
    type Output = Stream;

    #[inline]
    fn index(&self, slot: u32) -> &Stream {
        &self.streams[slot as usize]
    }
}

impl IndexMut<u32> for Slots {
    #[inline]
    fn index_mut(&mut self, slot: u32) -> &mut Stream {
        &mut self.streams[slot as usize]
    }
}

/// Hashes a stream ID by one multiplication.
///
/// The peer chooses IDs only below the limit it was given, among numbers in a row, so it cannot
/// pile up more than a short chain and no secret is needed.
#[derive(Debug, Default)]
struct IdHasher(u64);

impl Hasher for IdHasher {
    #[inline]
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    #[inline]
    fn write_u64(&mut self, value: u64) {
        // The table looks at the lowest and the highest bits; only the upper half is well mixed.
        self.0 = (self.0 ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(32);
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A table whose slot `n` holds the stream with the `n`th ID.
    pub(in crate::stream) fn slots_with_ids(ids: &[u64]) -> Slots {
        let mut slots = Slots::new();
        for id in ids {
            slots.insert(StreamId(*id), Side::Absent, Side::Absent);
        }
        slots
    }

    #[test]
    fn a_stale_key_finds_nothing() {
        let mut slots = slots_with_ids(&[0]);
        let key = slots.key(0);
        assert_eq!(slots.find(key), Some(0));
        slots.close(0);
        assert_eq!(slots.find(key), Some(0));
        assert_eq!(slots.find_id(StreamId(0)), None);
        slots.remove(0);
        assert_eq!(slots.find(key), None);
        slots.insert(StreamId(4), Side::Absent, Side::Absent);
        assert_eq!(slots.find(key), None);
        assert_eq!(slots.find_id(StreamId(4)), Some(0));
    }

    #[test]
    fn an_emptied_table_gives_its_memory_back() {
        let ids: Vec<u64> = (0..1000).collect();
        let mut slots = slots_with_ids(&ids);
        for slot in 0..1000 {
            slots.close(slot);
            slots.remove(slot);
        }
        assert_eq!((slots.streams.capacity(), slots.by_id.capacity()), (0, 0));
    }

    #[test]
    fn neighbouring_ids_hash_apart() {
        let hash = |id: u64| {
            let mut hasher = IdHasher::default();
            hasher.write_u64(id);
            hasher.finish() & 0xfff
        };
        let mut seen: Vec<u64> = (0..1024).map(|i| hash(4 * i)).collect();
        seen.sort_unstable();
        seen.dedup();
        assert!(seen.len() > 850, "{}", seen.len());
    }
}
