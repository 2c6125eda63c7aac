//! The receiving part of a stream (RFC 9000 section 3.2).

use super::block::BlockPool;
use super::event::ReadError;
use super::flow::RecvWindow;
use super::reassembler::Reassembler;
use super::state::{RecvState, RecvStep};
use crate::error::{TransportError, TransportErrorCode};

/// Who takes the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reader {
    /// The application reads it.
    Application,
    /// Nobody: data is dropped as it comes.
    Nobody,
}

/// A receiving part that has not ended.
#[derive(Debug)]
pub(super) struct RecvStream {
    pub(super) state: RecvState,
    pub(super) reader: Reader,
    pub(super) buffer: Reassembler,
    pub(super) window: RecvWindow,
    /// The offset past the highest byte the peer has sent: what counts against the limits.
    highest: u64,
    /// The peer's code, once `state` is `ResetRecvd`.
    pub(super) reset_code: u64,
    /// What STOP_SENDING says, once nobody reads.
    pub(super) stop_code: u64,
}

const fn error(code: TransportErrorCode, reason: &'static str) -> TransportError {
    TransportError::new(code, reason)
}

impl RecvStream {
    /// A part that takes `window` bytes at first, as the peer knows.
    pub(super) fn new(window: u64) -> Self {
        Self {
            state: RecvState::Recv,
            reader: Reader::Application,
            buffer: Reassembler::new(),
            window: RecvWindow::new(window),
            highest: 0,
            reset_code: 0,
            stop_code: 0,
        }
    }

    /// The offset past the highest byte received.
    pub(super) const fn highest(&self) -> u64 {
        self.highest
    }

    /// Judges data up to offset `end`, which is the end of the stream if `fin`; returns how many
    /// bytes it adds to what counts against the connection's limit.
    #[inline]
    pub(super) fn check(&self, end: u64, fin: bool) -> Result<u64, TransportError> {
        if self.state != RecvState::Recv || (fin && end < self.highest) {
            self.check_final_size(end, fin)?;
        }
        // RFC 9000 section 4.1.
        if end > self.window.limit() {
            return Err(error(TransportErrorCode::FLOW_CONTROL_ERROR, "stream limit passed"));
        }
        Ok(end.saturating_sub(self.highest))
    }

    // RFC 9000 section 4.5: once known the final size cannot change, nor can data lie past it.
    #[cold]
    fn check_final_size(&self, end: u64, fin: bool) -> Result<(), TransportError> {
        let known = self.state != RecvState::Recv;
        let reason = match fin {
            false if known && end > self.highest => "data past the final size",
            true if known && end != self.highest => "final size changed",
            true if end < self.highest => "final size below data received",
            _ => return Ok(()),
        };
        Err(error(TransportErrorCode::FINAL_SIZE_ERROR, reason))
    }

    /// Takes in data that [`Self::check`] let pass.
    #[inline]
    pub(super) fn on_data(
        &mut self,
        offset: u64,
        data: &[u8],
        fin: bool,
        pool: &mut BlockPool,
    ) -> Result<(), TransportError> {
        self.highest = self.highest.max(offset + data.len() as u64);
        if self.reader == Reader::Application {
            self.buffer.insert(offset, data, pool).map_err(|_| {
                error(TransportErrorCode::PROTOCOL_VIOLATION, "stream data in too many pieces")
            })?;
        }
        if fin {
            self.state = self.state.on(RecvStep::Fin).unwrap_or(self.state);
        }
        if self.state == RecvState::SizeKnown && self.buffer.contiguous() == self.highest {
            self.state = self.state.on(RecvStep::AllArrived).unwrap_or(self.state);
        }
        Ok(())
    }

    /// Takes in RESET_STREAM with a final size that [`Self::check`] let pass; false if all data
    /// is here already and the reset is of no interest.
    pub(super) fn on_reset(&mut self, code: u64, final_size: u64, pool: &mut BlockPool) -> bool {
        let Ok(state) = self.state.on(RecvStep::Reset) else { return false };
        self.state = state;
        self.highest = final_size;
        self.reset_code = code;
        self.buffer.clear(pool);
        true
    }

    /// Drops what is here and all that will come; returns whether the peer is to be told.
    pub(super) fn stop(&mut self, code: u64, pool: &mut BlockPool) -> bool {
        let first = self.reader == Reader::Application;
        self.reader = Reader::Nobody;
        self.stop_code = code;
        self.buffer.clear(pool);
        // RFC 9000 section 3.5: without use once the peer has said all it will say.
        first && self.state == RecvState::Recv
    }

    /// Counts everything received as consumed; returns how many bytes that adds.
    pub(super) fn consume_all(&mut self) -> u64 {
        let unread = self.highest - self.window.consumed();
        self.window.consume(unread);
        unread
    }

    /// True if a call to read would not be answered with "blocked".
    #[inline]
    pub(super) fn is_readable(&self) -> bool {
        self.reader == Reader::Application
            && (self.buffer.readable()
                || matches!(self.state, RecvState::DataRecvd | RecvState::ResetRecvd))
    }

    /// True if the application reads the data.
    pub(super) fn is_wanted(&self) -> bool {
        self.reader == Reader::Application
    }

    /// What a call to read is to be answered with if the part is not readable.
    pub(super) fn why_not_readable(&self) -> ReadError {
        match self.reader {
            Reader::Application => ReadError::Blocked,
            Reader::Nobody => ReadError::Finished,
        }
    }

    /// True if the end is known and the application wants none of it.
    pub(super) fn is_over_unread(&self) -> bool {
        self.reader == Reader::Nobody && self.state != RecvState::Recv
    }

    /// True if the application has taken every byte there will ever be.
    #[inline]
    pub(super) fn is_read_out(&self) -> bool {
        self.state == RecvState::DataRecvd && self.buffer.read_offset() == self.highest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(result: Result<u64, TransportError>) -> Option<TransportErrorCode> {
        result.err().map(|e| e.code)
    }

    fn arrive(s: &mut RecvStream, pool: &mut BlockPool, offset: u64, len: usize, fin: bool) -> u64 {
        let new = s.check(offset + len as u64, fin).unwrap_or(u64::MAX);
        assert_eq!(s.on_data(offset, &vec![1; len], fin, pool), Ok(()));
        new
    }

    // RFC 9000 section 4.1: repeated bytes do not count twice.
    #[test]
    fn only_new_highest_bytes_count_against_the_limit() {
        let (mut s, mut pool) = (RecvStream::new(100), BlockPool::new());
        assert_eq!(arrive(&mut s, &mut pool, 50, 10, false), 60);
        assert_eq!(arrive(&mut s, &mut pool, 0, 50, false), 0);
        assert_eq!(s.check(100, false), Ok(40));
        assert_eq!(code(s.check(101, false)), Some(TransportErrorCode::FLOW_CONTROL_ERROR));
    }

    // RFC 9000 section 4.5.
    #[test]
    fn the_final_size_holds() {
        let (mut s, mut pool) = (RecvStream::new(100), BlockPool::new());
        arrive(&mut s, &mut pool, 0, 10, false);
        let wrong = Some(TransportErrorCode::FINAL_SIZE_ERROR);
        assert_eq!(code(s.check(9, true)), wrong);
        arrive(&mut s, &mut pool, 20, 10, true);
        assert_eq!(code(s.check(31, false)), wrong);
        assert_eq!(code(s.check(29, true)), wrong);
        assert_eq!(code(s.check(31, true)), wrong);
        assert_eq!(s.check(30, true), Ok(0));
        assert_eq!(s.check(12, false), Ok(0));
    }

    #[test]
    fn a_reset_after_all_data_arrived_is_of_no_interest() {
        let (mut s, mut pool) = (RecvStream::new(100), BlockPool::new());
        arrive(&mut s, &mut pool, 0, 10, true);
        assert!(!s.on_reset(1, 10, &mut pool));
        assert!(s.is_readable());
    }

    #[test]
    fn stopped_data_is_counted_and_dropped() {
        let (mut s, mut pool) = (RecvStream::new(100), BlockPool::new());
        arrive(&mut s, &mut pool, 0, 10, false);
        assert!(s.stop(5, &mut pool));
        arrive(&mut s, &mut pool, 10, 30, false);
        assert_eq!(s.consume_all(), 40);
        assert_eq!(pool.in_use(), 0);
        assert!(!s.is_readable() && !s.is_over_unread());
        arrive(&mut s, &mut pool, 40, 0, true);
        assert!(s.is_over_unread());
    }
}
