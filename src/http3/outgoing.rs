//! A unidirectional stream of ours that stays open: control, QPACK encoder, QPACK decoder
//! (RFC 9114 section 6.2, RFC 9204 section 4.2).

use crate::stream::{StreamKey, Streams};
use crate::wire::Direction;

/// A stream to send on, and what it did not take yet.
#[derive(Debug)]
pub struct Outgoing {
    key: Option<StreamKey>,
    pending: Vec<u8>,
}

/// Memory that a queue keeps when it is empty.
const MEMORY_KEPT: usize = 1024;

impl Outgoing {
    /// A stream of the type that is not opened yet.
    pub fn new(stream_type: u8) -> Self {
        Self { key: None, pending: vec![stream_type] }
    }

    /// Opens the stream unless it is open, as soon as the peer allows it. Returns its key if it was
    /// opened now.
    pub fn open(&mut self, streams: &mut Streams) -> Option<StreamKey> {
        if self.key.is_some() {
            return None;
        }
        let key = streams.open(Direction::Unidirectional).ok()?;
        // Nothing may wait behind the messages that depend on it (RFC 9204 section 2.1.3).
        let _ = streams.set_priority(key, 0, true);
        self.key = Some(key);
        self.flush(streams);
        self.key
    }

    /// The stream, once it is open.
    pub fn key(&self) -> Option<StreamKey> {
        self.key
    }

    /// True if it is this stream.
    pub fn is(&self, key: StreamKey) -> bool {
        self.key == Some(key)
    }

    /// What is still to be sent; [`Self::flush`] sends it.
    pub fn queue(&mut self) -> &mut Vec<u8> {
        &mut self.pending
    }

    /// True if the stream has taken everything.
    pub fn is_flushed(&self) -> bool {
        self.pending.is_empty()
    }

    /// How much waits.
    pub fn bytes_held(&self) -> usize {
        self.pending.len()
    }

    /// Writes what waits, as far as the stream takes it.
    pub fn flush(&mut self, streams: &mut Streams) {
        let Some(key) = self.key.filter(|_| !self.pending.is_empty()) else { return };
        match streams.write(key, &self.pending, false) {
            Ok(count) => {
                self.pending.drain(..count);
                if self.pending.is_empty() && self.pending.capacity() > MEMORY_KEPT {
                    self.pending = Vec::new();
                }
            }
            // The peer has stopped the stream, for which the connection ends.
            Err(_) => self.pending.clear(),
        }
    }

    /// Moves `bytes` out through the stream; what it does not take waits.
    pub fn send(&mut self, streams: &mut Streams, bytes: &mut Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        self.pending.append(bytes);
        self.flush(streams);
    }
}
