//! The sending part of a stream (RFC 9000 section 3.1).

use std::ops::Range;

use super::block::BlockPool;
use super::send_buffer::SendBuffer;
use super::state::{SendState, SendStep};
use crate::wire::{varint, StreamId};

/// The most data one STREAM frame carries: its token counts in 16 bits.
const MAX_FRAME_DATA: usize = u16::MAX as usize;

/// How far the end of the stream has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fin {
    /// The application may write more.
    Open,
    /// It is to be sent, for the first time or again.
    Queued,
    /// It was sent.
    InFlight,
    /// The peer has it.
    Acked,
}

/// A sending part that has not ended.
#[derive(Debug)]
pub(super) struct SendStream {
    pub(super) state: SendState,
    pub(super) fin: Fin,
    pub(super) buffer: SendBuffer,
    /// The offset up to which the peer takes data (MAX_STREAM_DATA).
    pub(super) limit: u64,
    /// The limit at which we last told the peer that we are blocked.
    reported: Option<u64>,
    /// What RESET_STREAM says, once `state` is `ResetSent`.
    pub(super) reset: Reset,
}

/// The content of RESET_STREAM.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Reset {
    pub(super) code: u64,
    pub(super) final_size: u64,
}

/// The content of the next STREAM frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) range: Range<u64>,
    pub(super) fin: bool,
    /// True if the frame runs to the end of the packet and needs no length.
    pub(super) fills: bool,
}

/// What a stream has for the space left in a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// A frame.
    Piece(Piece),
    /// Something, but not for so little room.
    NoRoom,
    /// Fresh data, but no connection credit for it.
    NoCredit,
    /// Nothing.
    Nothing,
}

impl SendStream {
    /// A part on which nothing was written; the peer takes `limit` bytes.
    pub(super) fn new(limit: u64) -> Self {
        Self {
            state: SendState::Ready,
            fin: Fin::Open,
            buffer: SendBuffer::new(),
            limit,
            reported: None,
            reset: Reset::default(),
        }
    }

    /// True if a STREAM frame could be sent, connection credit aside.
    #[inline]
    pub(super) fn wants_to_send(&self) -> bool {
        let buffer = &self.buffer;
        buffer.next() < buffer.end().min(self.limit)
            || (self.fin == Fin::Queued && buffer.next() == buffer.end())
            || buffer.has_lost()
    }

    /// True if a STREAM frame could be sent without connection credit.
    pub(super) fn wants_to_repeat(&self) -> bool {
        self.buffer.has_lost()
            || (self.fin == Fin::Queued && self.buffer.next() == self.buffer.end())
    }

    /// The frame to put into `room` bytes, if `credit` fresh bytes may be sent on the connection.
    #[inline]
    pub(super) fn next(&self, id: StreamId, room: usize, credit: u64) -> Next {
        let buffer = &self.buffer;
        let fresh_limit = self.limit.min(buffer.next() + credit);
        let range = match buffer.next_range_below(MAX_FRAME_DATA, fresh_limit) {
            Some(range) => range,
            None if buffer.next() == buffer.end() && self.fin == Fin::Queued => {
                buffer.end()..buffer.end()
            }
            None if buffer.next() < buffer.end().min(self.limit) => return Next::NoCredit,
            None => return Next::Nothing,
        };
        let offset_len = if range.start == 0 { 0 } else { varint::size(range.start) };
        let header = 1 + varint::size(id.0) + offset_len;
        fit(range, room, header).map_or(Next::NoRoom, |(range, fills)| {
            let fin = range.end == buffer.end() && self.fin != Fin::Open;
            Next::Piece(Piece { range, fin, fills })
        })
    }

    /// Notes that `piece` was put into a packet; returns how many of its bytes are fresh.
    #[inline]
    pub(super) fn on_sent(&mut self, piece: &Piece) -> u64 {
        let step = if piece.fin { SendStep::Fin } else { SendStep::Data };
        self.state = self.state.on(step).unwrap_or(self.state);
        if piece.fin && self.fin == Fin::Queued {
            self.fin = Fin::InFlight;
        }
        self.buffer.on_sent(piece.range.clone())
    }

    /// Notes that a STREAM frame arrived; returns how many bytes that freed.
    #[inline]
    pub(super) fn on_acked(&mut self, range: Range<u64>, fin: bool, pool: &mut BlockPool) -> u64 {
        let freed = self.buffer.on_acked(range, pool);
        if fin && self.state == SendState::DataSent {
            self.fin = Fin::Acked;
        }
        if self.fin == Fin::Acked && self.buffer.is_all_acked() {
            self.state = self.state.on(SendStep::AllAcked).unwrap_or(self.state);
        }
        freed
    }

    /// Notes that a STREAM frame was lost.
    pub(super) fn on_lost(&mut self, range: Range<u64>, fin: bool) {
        if self.state == SendState::ResetSent {
            return;
        }
        self.buffer.on_lost(range);
        if fin && self.fin == Fin::InFlight {
            self.fin = Fin::Queued;
        }
    }

    /// Gives the stream up with `code`; returns how many bytes that freed, or `None` if it had
    /// been given up before.
    // RFC 9000 section 4.5: the final size is the highest offset sent.
    pub(super) fn reset(&mut self, code: u64, pool: &mut BlockPool) -> Option<u64> {
        self.state = self.state.on(SendStep::Reset).ok()?;
        self.reset = Reset { code, final_size: self.buffer.next() };
        self.fin = Fin::Open;
        Some(self.buffer.clear(pool))
    }

    /// Starts over: the peer has seen nothing of this stream and its limit is not known.
    // RFC 9001 section 4.6.2.
    pub(super) fn rewind(&mut self) {
        self.state = self.state.on(SendStep::Rewind).unwrap_or(self.state);
        self.reset.final_size = 0;
        self.limit = 0;
        self.reported = None;
        self.buffer.rewind();
        if self.fin != Fin::Open {
            self.fin = Fin::Queued;
        }
    }

    /// Takes a limit from the peer; returns whether it is higher than before.
    // RFC 9000 section 4.1: limits that do not increase are ignored.
    pub(super) fn raise(&mut self, limit: u64) -> bool {
        let higher = limit > self.limit;
        self.limit = self.limit.max(limit);
        higher
    }

    /// True if the peer was not yet told that we are blocked at the limit in force.
    pub(super) fn should_report(&mut self) -> bool {
        self.reported.replace(self.limit) != Some(self.limit)
    }
}

/// Cuts `range` to what fits into `room` behind a STREAM header of `header` bytes, and tells
/// whether it then fills the room. `None` if it is not worth a frame.
#[inline]
fn fit(range: Range<u64>, room: usize, header: usize) -> Option<(Range<u64>, bool)> {
    /// The least room for which a longer range is cut.
    const WORTH_CUTTING: usize = 32;
    let wanted = (range.end - range.start) as usize;
    let length_size = if wanted < 64 { 1 } else { varint::size(wanted as u64) };
    let for_data = room.checked_sub(header)?;
    if wanted + length_size <= for_data {
        return Some((range, false));
    }
    if wanted >= for_data && for_data > 0 {
        // RFC 9000 section 19.8: a frame without a length extends to the end of the packet.
        let worth = wanted == for_data || for_data >= WORTH_CUTTING;
        return worth.then_some((range.start..range.start + for_data as u64, true));
    }
    // One or two bytes too many for the length field and too few to go without it.
    let shorter = for_data.checked_sub(length_size).filter(|len| *len > 0)?;
    Some((range.start..range.start + shorter as u64, false))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(written: usize, limit: u64) -> (SendStream, BlockPool) {
        let (mut stream, mut pool) = (SendStream::new(limit), BlockPool::new());
        stream.buffer.write(&vec![7; written], &mut pool);
        (stream, pool)
    }

    fn piece(range: Range<u64>, fin: bool, fills: bool) -> Next {
        Next::Piece(Piece { range, fin, fills })
    }

    // RFC 9000 section 19.8.
    #[test]
    fn a_frame_that_fills_the_packet_has_no_length() {
        let (stream, _pool) = stream(5_000, 10_000);
        assert_eq!(stream.next(StreamId(0), 1_000, 9_999), piece(0..998, false, true));
        assert_eq!(stream.next(StreamId(0), 5_002, 9_999), piece(0..5_000, false, true));
        assert_eq!(stream.next(StreamId(0), 5_004, 9_999), piece(0..5_000, false, false));
        assert_eq!(stream.next(StreamId(0), 5_003, 9_999), piece(0..4_999, false, false));
    }

    #[test]
    fn no_frame_is_cut_for_a_scrap_of_room() {
        let (stream, _pool) = stream(100, 100);
        assert_eq!(stream.next(StreamId(0), 20, 100), Next::NoRoom);
        assert_eq!(stream.next(StreamId(0), 1, 100), Next::NoRoom);
        assert_eq!(stream.next(StreamId(0), 40, 100), piece(0..38, false, true));
    }

    #[test]
    fn every_frame_fits_its_room() {
        for len in 1..200_usize {
            let (stream, _pool) = stream(len, 10_000);
            for room in 0..220 {
                let Next::Piece(piece) = stream.next(StreamId(9), room, 9_999) else { continue };
                let data = (piece.range.end - piece.range.start) as usize;
                let length = if piece.fills { 0 } else { varint::size(data as u64) };
                assert!(data > 0 && 2 + length + data <= room, "{len} {room}");
                assert!(!piece.fills || 2 + data == room, "{len} {room}");
            }
        }
    }

    #[test]
    fn limits_hold_fresh_data_back() {
        let (stream, _pool) = stream(100, 60);
        assert_eq!(stream.next(StreamId(0), 1_000, 40), piece(0..40, false, false));
        assert_eq!(stream.next(StreamId(0), 1_000, 80), piece(0..60, false, false));
        assert_eq!(stream.next(StreamId(0), 1_000, 0), Next::NoCredit);
    }

    // RFC 9000 section 19.8: an empty frame can carry the end.
    #[test]
    fn the_end_alone_is_a_frame_that_needs_no_credit() {
        let (mut stream, mut pool) = stream(0, 0);
        stream.fin = Fin::Queued;
        assert_eq!(stream.next(StreamId(0), 100, 0), piece(0..0, true, false));
        stream.on_sent(&Piece { range: 0..0, fin: true, fills: false });
        assert!(!stream.wants_to_send());
        stream.on_acked(0..0, true, &mut pool);
        assert_eq!(stream.state, SendState::DataRecvd);
    }

    #[test]
    fn a_lost_end_is_sent_again_with_its_data() {
        let (mut stream, mut pool) = stream(50, 100);
        stream.fin = Fin::Queued;
        let whole = Piece { range: 0..50, fin: true, fills: false };
        assert_eq!(stream.next(StreamId(0), 100, 100), Next::Piece(whole.clone()));
        assert_eq!(stream.on_sent(&whole), 50);
        stream.on_lost(whole.range.clone(), whole.fin);
        assert_eq!(stream.next(StreamId(0), 100, 0), Next::Piece(whole.clone()));
        assert_eq!(stream.on_sent(&whole), 0);
        assert_eq!(stream.on_acked(whole.range, true, &mut pool), 50);
        assert_eq!(stream.state, SendState::DataRecvd);
    }

    // RFC 9000 section 4.5.
    #[test]
    fn a_reset_names_the_bytes_sent_as_the_final_size() {
        let (mut stream, mut pool) = stream(100, 60);
        stream.on_sent(&Piece { range: 0..40, fin: false, fills: false });
        assert_eq!(stream.reset(9, &mut pool), Some(100));
        assert_eq!((stream.reset.code, stream.reset.final_size), (9, 40));
        assert_eq!(stream.reset(8, &mut pool), None);
        assert!(!stream.wants_to_send());
        assert_eq!(pool.in_use(), 0);
    }
}
