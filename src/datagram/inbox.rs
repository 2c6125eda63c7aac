//! Datagrams that wait to be read.

use std::collections::VecDeque;

use super::byte_log::ByteLog;
use crate::time::Instant;

/// Bytes of unread datagrams that are kept, each counted with `OVERHEAD`; beyond that the oldest
/// are dropped (RFC 9221 section 5).
pub const MAX_UNREAD_BYTES: usize = 256 * 1024;

/// What a datagram counts beside its data: a flood of empty ones is bounded too.
const OVERHEAD: usize = 16;

/// Received datagrams in order of arrival.
#[derive(Debug, Default)]
pub struct Inbox {
    bytes: ByteLog,
    arrivals: VecDeque<Arrival>,
    held: usize,
}

#[derive(Clone, Copy, Debug)]
struct Arrival {
    at: Instant,
    len: u32,
}

impl Inbox {
    /// Keeps a datagram that came at `now`. Returns how many older ones had to go for it.
    pub fn push(&mut self, now: Instant, data: &[u8]) -> u64 {
        self.bytes.push(data);
        self.arrivals.push_back(Arrival { at: now, len: data.len() as u32 });
        self.held += data.len() + OVERHEAD;
        let mut dropped = 0;
        while self.held > MAX_UNREAD_BYTES && self.arrivals.len() > 1 {
            self.take_front();
            dropped += 1;
        }
        dropped
    }

    /// Puts the oldest datagram into `out`, in place of what was there, and returns when it came.
    pub fn pop(&mut self, out: &mut Vec<u8>) -> Option<Instant> {
        let arrival = *self.arrivals.front()?;
        out.clear();
        out.resize(arrival.len as usize, 0);
        self.bytes.copy_to(self.front_position(), out);
        self.take_front();
        Some(arrival.at)
    }

    /// True if nothing waits.
    pub fn is_empty(&self) -> bool {
        self.arrivals.is_empty()
    }

    /// Gives back memory that is not in use.
    pub fn shrink(&mut self) {
        self.bytes.shrink();
        self.arrivals.shrink_to_fit();
    }

    fn front_position(&self) -> u64 {
        let payload = self.held - self.arrivals.len() * OVERHEAD;
        self.bytes.end() - payload as u64
    }

    fn take_front(&mut self) {
        let Some(arrival) = self.arrivals.pop_front() else { return };
        self.held -= arrival.len as usize + OVERHEAD;
        self.bytes.release_to(self.front_position());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(micros: u64) -> Instant {
        Instant::from_micros(micros)
    }

    #[test]
    fn datagrams_come_out_as_they_came_in() {
        let mut inbox = Inbox::default();
        for n in 0..100_u8 {
            assert_eq!(inbox.push(at(n.into()), &vec![n; usize::from(n)]), 0);
        }
        let mut out = vec![9; 5];
        for n in 0..100_u8 {
            assert_eq!(inbox.pop(&mut out), Some(at(n.into())));
            assert_eq!(out, vec![n; usize::from(n)]);
        }
        assert_eq!(inbox.pop(&mut out), None);
        assert!(inbox.is_empty());
    }

    /// RFC 9221 section 5.
    #[test]
    fn the_oldest_give_way_when_nobody_reads() {
        let mut inbox = Inbox::default();
        let mut dropped = 0;
        let sent = 1000_u64;
        for n in 0..sent {
            dropped += inbox.push(at(n), &[n as u8; 1200]);
            assert!(inbox.held <= MAX_UNREAD_BYTES);
        }
        assert_eq!(sent - dropped, MAX_UNREAD_BYTES as u64 / (1200 + OVERHEAD as u64));
        let mut out = Vec::new();
        assert_eq!(inbox.pop(&mut out), Some(at(dropped)));
        assert_eq!(out, vec![dropped as u8; 1200]);
    }

    #[test]
    fn empty_datagrams_are_bounded_too() {
        let mut inbox = Inbox::default();
        for n in 0..100_000 {
            inbox.push(at(n), &[]);
        }
        assert_eq!(inbox.arrivals.len(), MAX_UNREAD_BYTES / OVERHEAD);
    }
}
