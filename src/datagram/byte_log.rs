//! Bytes in the order they were written, read by position and released from the front.

use std::collections::VecDeque;

/// Room that an empty log keeps, in bytes.
const KEPT: usize = 4096;

/// A ring of bytes. Its memory is used over and over: in steady state nothing is allocated.
#[derive(Debug, Default)]
pub(super) struct ByteLog {
    bytes: VecDeque<u8>,
    /// The position of the first byte that is kept.
    start: u64,
}

impl ByteLog {
    /// The position after the last byte.
    pub fn end(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }

    /// Appends `data`.
    pub fn push(&mut self, data: &[u8]) {
        self.bytes.extend(data);
    }

    /// Copies the bytes at `position`; what is no longer there leaves `out` as it is.
    pub fn copy_to(&self, position: u64, out: &mut [u8]) {
        let Some(skip) = position.checked_sub(self.start) else { return };
        let skip = usize::try_from(skip).unwrap_or(usize::MAX);
        let (first, second) = self.bytes.as_slices();
        let (first, second) = match first.get(skip..) {
            Some(rest) => (rest, second),
            None => (&[][..], second.get(skip - first.len()..).unwrap_or_default()),
        };
        let from_first = first.len().min(out.len());
        let (head, tail) = out.split_at_mut(from_first);
        head.copy_from_slice(&first[..from_first]);
        let from_second = second.len().min(tail.len());
        tail[..from_second].copy_from_slice(&second[..from_second]);
    }

    /// Forgets everything before `position`.
    pub fn release_to(&mut self, position: u64) {
        let count = position.saturating_sub(self.start).min(self.bytes.len() as u64);
        self.bytes.drain(..count as usize);
        self.start += count;
        if self.bytes.is_empty() && self.bytes.capacity() > KEPT * 16 {
            self.bytes.shrink_to(KEPT);
        }
    }

    /// Gives back memory that is not in use.
    pub fn shrink(&mut self) {
        self.bytes.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(log: &ByteLog, position: u64, len: usize) -> Vec<u8> {
        let mut out = vec![0; len];
        log.copy_to(position, &mut out);
        out
    }

    #[test]
    fn bytes_are_found_by_position_however_the_ring_lies() {
        let mut log = ByteLog::default();
        let mut expected: VecDeque<(u64, Vec<u8>)> = VecDeque::new();
        for round in 0_u32..2000 {
            let piece = vec![round as u8; (round * 7 % 61) as usize];
            expected.push_back((log.end(), piece.clone()));
            log.push(&piece);
            if expected.len() > 5 {
                expected.pop_front();
                log.release_to(expected[0].0);
            }
            for (position, piece) in &expected {
                assert_eq!(read(&log, *position, piece.len()), *piece);
            }
        }
    }

    #[test]
    fn what_is_gone_is_not_read() {
        let mut log = ByteLog::default();
        log.push(&[1, 2, 3]);
        log.release_to(2);
        assert_eq!(read(&log, 0, 2), [0, 0]);
        assert_eq!(read(&log, 2, 3), [3, 0, 0]);
        assert_eq!(read(&log, 9, 1), [0]);
        log.release_to(100);
        assert_eq!(log.end(), 3);
    }
}
