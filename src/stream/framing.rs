//! What a protocol that frames the bytes of a stream needs: to look at them where they lie, and to
//! know beforehand how much a write takes.

use super::application::Room;
use super::counts::PeerIndex;
use super::event::{ReadError, UnknownStream, WriteError};
use super::slots::{Side, Writer};
use super::streams::Streams;
use super::StreamKey;
use crate::wire::{Direction, StreamId};

impl Streams {
    /// The next bytes of a stream as far as they lie in one piece. Empty if there are none, also
    /// where [`Self::is_readable`] is true for the end or the peer's reset.
    #[inline]
    pub fn peek(&self, key: StreamKey) -> &[u8] {
        match self.slots.find(key).map(|slot| &self.slots[slot].recv) {
            Some(Side::Live(recv)) if recv.is_wanted() => recv.buffer.peek(),
            _ => &[],
        }
    }

    /// Takes `count` bytes that [`Self::peek`] showed, and returns their credit to the peer. True
    /// if that was the end of the stream, which is then reported nowhere else.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn consume(&mut self, key: StreamKey, count: usize) -> Result<bool, ReadError> {
        let slot = self.slots.find(key).ok_or(ReadError::Unknown)?;
        let shown = self.peek(key).len();
        if count == 0 || shown == 0 {
            return self.read(key, &mut []).map(|read| read.fin);
        }
        let count = count.min(shown);
        if let Some(recv) = self.slots[slot].recv.get_mut() {
            recv.buffer.advance(count, &mut self.pool);
        }
        Ok(self.settle_read(slot, count as u64))
    }

    /// How many bytes [`Self::write`] takes now.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub fn room(&self, key: StreamKey) -> Result<u64, WriteError> {
        let slot = self.slots.find(key).ok_or(WriteError::Unknown)?;
        self.room_of(slot).map(Room::bytes)
    }

    /// The index of the first stream that the peer has not opened: all lower ones count as open.
    pub fn next_of_peer(&self, direction: Direction) -> u64 {
        self.peer[direction as usize].next()
    }

    /// How many streams we allow the peer to open.
    pub fn granted_to_peer(&self, direction: Direction) -> u64 {
        self.peer[direction as usize].limit()
    }

    /// Takes the stream out of [`Self::writable`]: its writer knows, and has nothing to write or will
    /// do so by itself.
    pub fn stop_waiting(&mut self, key: StreamKey) {
        if let Some(slot) = self.slots.find(key) {
            self.set_writer(slot, Writer::Content);
        }
    }

    /// True if the peer may open the stream yet: no frame has named it so far.
    pub fn may_come(&self, id: StreamId) -> bool {
        let count = &self.peer[id.direction() as usize];
        id.initiator() != self.role && count.classify(id.index()) == PeerIndex::New
    }

    /// Has the stream show up in [`Self::writable`] when there is more room, as after a write that
    /// was cut short.
    ///
    /// # Errors
    /// [`UnknownStream`] for a stale key.
    pub fn await_room(&mut self, key: StreamKey) -> Result<(), UnknownStream> {
        let slot = self.slots.find(key).ok_or(UnknownStream)?;
        if let Ok(room) = self.room_of(slot) {
            let writer = self.hold_back(slot, room);
            self.set_writer(slot, writer);
        }
        Ok(())
    }
}
