//! The handshake bytes of one encryption level, both directions (RFC 9000 section 7.5).

use crate::error::{TransportError, TransportErrorCode};
use crate::stream::{BlockPool, Reassembler, SendBuffer};
use crate::wire::{frame, varint, Writer};

/// How far ahead of what TLS has read CRYPTO data may arrive (RFC 9000 section 7.5 asks for at
/// least 4096 bytes; a post-quantum handshake with a client's certificate chain needs more).
pub const MAX_BUFFERED: u64 = 128 * 1024;

/// A CRYPTO frame is not worth its header below this many bytes of room.
const MIN_ROOM: usize = 16;

/// The CRYPTO stream of one level. Without bytes that wait in it, it is two offsets; packets of
/// stream data only ask whether there are any, so all else is out of their way.
#[derive(Debug, Default)]
pub struct CryptoStream {
    /// While bytes wait in either direction.
    waiting: Option<Box<Waiting>>,
    /// With nothing waiting: how many bytes were written, all of them acknowledged.
    written: u64,
    /// With nothing waiting: how many bytes TLS has read, all that arrived.
    read: u64,
}

/// The bytes that wait.
#[derive(Debug)]
struct Waiting {
    send: SendBuffer,
    receive: Reassembler,
    pool: BlockPool,
}

impl CryptoStream {
    /// Queues handshake bytes of TLS.
    #[cold]
    pub fn write(&mut self, data: &[u8]) {
        if !data.is_empty() {
            let waiting = self.waiting();
            waiting.send.write(data, &mut waiting.pool);
        }
    }

    /// True if bytes wait to be sent, or sent again.
    #[inline]
    pub fn wants_to_send(&self) -> bool {
        self.waiting.as_deref().is_some_and(|waiting| waiting.send.has_pending())
    }

    /// Writes one CRYPTO frame. Returns the offset and length of what it carries, `None` if there
    /// is nothing to send or no room.
    #[cold]
    pub fn write_frame(&mut self, frames: &mut Writer<'_>) -> Option<(u64, u32)> {
        if frames.remaining() < MIN_ROOM {
            return None;
        }
        let send = &mut self.waiting.as_deref_mut()?.send;
        let range = send.next_range(frames.remaining() - MIN_ROOM)?;
        let len = (range.end - range.start) as usize;
        frame::CryptoHeader { offset: range.start, len }.encode(frames);
        send.copy_to(range.start, frames.reserve(len));
        send.on_sent(range.clone());
        Some((range.start, len as u32))
    }

    /// The peer has these bytes.
    #[cold]
    pub fn on_acked(&mut self, offset: u64, len: u32) {
        if let Some(waiting) = self.waiting.as_deref_mut() {
            waiting.send.on_acked(offset..offset + u64::from(len), &mut waiting.pool);
            self.settle();
        }
    }

    /// These bytes have to be sent again.
    #[cold]
    pub fn on_lost(&mut self, offset: u64, len: u32) {
        if let Some(waiting) = self.waiting.as_deref_mut() {
            waiting.send.on_lost(offset..offset + u64::from(len));
        }
    }

    /// All that was sent has to be sent again: the answer to a Retry (RFC 9000 section 17.2.5.3).
    pub fn rewind(&mut self) {
        if let Some(waiting) = self.waiting.as_deref_mut() {
            waiting.send.rewind();
        }
    }

    /// Takes a CRYPTO frame of the peer.
    #[cold]
    pub fn on_frame(&mut self, crypto: &frame::Crypto<'_>) -> Result<(), TransportError> {
        let end = crypto.offset.saturating_add(crypto.data.len() as u64);
        if end > varint::MAX {
            // RFC 9000 section 19.6.
            let code = TransportErrorCode::FRAME_ENCODING_ERROR;
            return Err(TransportError::new(code, "CRYPTO data past the largest offset"));
        }
        let exceeded = TransportError::new(
            TransportErrorCode::CRYPTO_BUFFER_EXCEEDED,
            "too much CRYPTO data out of order",
        );
        let read = self.read_offset();
        if end > read + MAX_BUFFERED {
            return Err(exceeded.in_frame(0x06));
        }
        if end <= read || crypto.data.is_empty() {
            return Ok(());
        }
        let waiting = self.waiting();
        match waiting.receive.insert(crypto.offset, crypto.data, &mut waiting.pool) {
            Ok(_) => Ok(()),
            Err(_) => Err(exceeded.in_frame(0x06)),
        }
    }

    /// How many bytes TLS has read.
    pub fn read_offset(&self) -> u64 {
        self.waiting.as_deref().map_or(self.read, |waiting| waiting.receive.read_offset())
    }

    /// True if bytes are there for TLS.
    #[inline]
    pub fn is_readable(&self) -> bool {
        self.waiting.as_deref().is_some_and(|waiting| waiting.receive.readable())
    }

    /// Hands the next contiguous bytes to `f` and drops them.
    #[cold]
    pub fn read<R>(&mut self, f: impl FnOnce(&[u8]) -> R) -> Option<R> {
        let waiting = self.waiting.as_deref_mut().filter(|waiting| waiting.receive.readable())?;
        let piece = waiting.receive.peek();
        let len = piece.len();
        let result = f(piece);
        waiting.receive.advance(len, &mut waiting.pool);
        self.settle();
        Some(result)
    }

    /// The buffers, made if they are not there.
    #[cold]
    fn waiting(&mut self) -> &mut Waiting {
        self.waiting.get_or_insert_with(|| {
            Box::new(Waiting {
                send: SendBuffer::starting_at(self.written),
                receive: Reassembler::starting_at(self.read),
                pool: BlockPool::new(),
            })
        })
    }

    /// Gives memory back when nothing waits in either direction.
    #[cold]
    fn settle(&mut self) {
        if let Some(waiting) = self.waiting.take_if(|waiting| waiting.pool.in_use() == 0) {
            debug_assert!(waiting.send.is_all_acked() && !waiting.receive.readable());
            self.written = waiting.send.end();
            self.read = waiting.receive.read_offset();
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn crypto(offset: u64, data: &[u8]) -> frame::Crypto<'_> {
        frame::Crypto { offset, data }
    }

    fn read_all(stream: &mut CryptoStream) -> Vec<u8> {
        let mut all = Vec::new();
        while stream.read(|piece| all.extend_from_slice(piece)).is_some() {}
        all
    }

    #[test]
    fn pieces_out_of_order_come_out_in_order() {
        let mut stream = CryptoStream::default();
        stream.on_frame(&crypto(3, b"lo, w")).unwrap();
        assert!(!stream.is_readable());
        stream.on_frame(&crypto(6, b" world")).unwrap();
        stream.on_frame(&crypto(0, b"hel")).unwrap();
        assert_eq!(read_all(&mut stream), b"hello, world");
    }

    #[test]
    fn four_kilobytes_ahead_are_kept_and_far_more_are_refused() {
        let mut stream = CryptoStream::default();
        stream.on_frame(&crypto(4095, b"x")).unwrap();
        let error = stream.on_frame(&crypto(MAX_BUFFERED, b"x")).unwrap_err();
        assert_eq!(error.code, TransportErrorCode::CRYPTO_BUFFER_EXCEEDED);
    }

    #[test]
    fn an_offset_past_the_largest_is_an_encoding_error() {
        let mut stream = CryptoStream::default();
        let error = stream.on_frame(&crypto(varint::MAX, b"x")).unwrap_err();
        assert_eq!(error.code, TransportErrorCode::FRAME_ENCODING_ERROR);
    }

    #[test]
    fn lost_bytes_are_sent_again_and_acknowledged_ones_are_not() {
        let mut stream = CryptoStream::default();
        stream.write(&[7; 100]);
        let mut buffer = [0; 76];
        assert_eq!(stream.write_frame(&mut Writer::new(&mut buffer)), Some((0, 60)));
        let mut buffer = [0; 76];
        assert_eq!(stream.write_frame(&mut Writer::new(&mut buffer)), Some((60, 40)));
        assert!(!stream.wants_to_send());
        stream.on_acked(60, 40);
        stream.on_lost(0, 60);
        stream.on_lost(60, 40);
        let mut buffer = [0; 200];
        assert_eq!(stream.write_frame(&mut Writer::new(&mut buffer)), Some((0, 60)));
        assert!(!stream.wants_to_send());
    }

    #[test]
    fn a_stream_at_rest_is_two_offsets_and_goes_on_from_them() {
        let mut stream = CryptoStream::default();
        let mut buffer = [0; 200];
        for round in 0..3 {
            stream.write(&[7; 100]);
            stream.on_frame(&crypto(30 * round, &[round as u8; 30])).unwrap();
            let sent = stream.write_frame(&mut Writer::new(&mut buffer));
            assert_eq!(sent, Some((100 * round, 100)));
            assert_eq!(read_all(&mut stream), [round as u8; 30]);
            stream.on_acked(100 * round, 100);
            assert!(stream.waiting.is_none());
        }
        // What comes late, or twice, changes nothing.
        stream.on_lost(0, 100);
        stream.on_acked(0, 100);
        stream.on_frame(&crypto(60, &[9; 30])).unwrap();
        stream.on_frame(&crypto(200, &[])).unwrap();
        assert!(stream.waiting.is_none() && !stream.wants_to_send() && !stream.is_readable());
        assert_eq!(stream.read_offset(), 90);
        assert!(size_of::<CryptoStream>() <= 24);
    }
}
