//! Frames (RFC 9000 section 19): one file each, and the table of where each may stand.

pub mod ack;
pub mod ack_extended;
pub mod connection_close;
pub mod crypto;
pub mod data_blocked;
pub mod datagram;
pub mod error;
pub mod frame_type;
pub mod max_data;
pub mod max_stream_data;
pub mod max_streams;
pub mod new_connection_id;
pub mod new_token;
pub mod padding;
pub mod path_challenge;
pub mod path_response;
pub mod reset_stream;
pub mod retire_connection_id;
pub mod set;
pub mod stop_sending;
pub mod stream;
pub mod stream_data_blocked;
pub mod streams_blocked;
#[cfg(test)]
mod testing;

pub use ack::{ack_len, encode_ack, Ack, AckRanges, EcnCounts};
pub use ack_extended::{encode_ack_extended, AckExtended, Timestamp};
pub use connection_close::ConnectionClose;
pub use crypto::{Crypto, CryptoHeader};
pub use data_blocked::DataBlocked;
pub use datagram::{Datagram, DatagramHeader};
pub use error::{FrameError, FrameErrorKind};
pub use frame_type::FrameType;
pub use max_data::MaxData;
pub use max_stream_data::MaxStreamData;
pub use max_streams::MaxStreams;
pub use new_connection_id::NewConnectionId;
pub use new_token::NewToken;
pub use padding::Padding;
pub use path_challenge::PathChallenge;
pub use path_response::PathResponse;
pub use reset_stream::ResetStream;
pub use retire_connection_id::RetireConnectionId;
pub use set::FrameSet;
pub use stop_sending::StopSending;
pub use stream::{Stream, StreamHeader};
pub use stream_data_blocked::StreamDataBlocked;
pub use streams_blocked::StreamsBlocked;

use super::packet_type::PacketType;
use super::{Direction, Reader, Writer};

/// Any frame, its payload borrowed from the packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    /// Zero bytes that fill a packet.
    Padding(Padding),
    /// Nothing but a wish to be acknowledged (RFC 9000 section 19.2).
    Ping,
    /// Packet numbers received.
    Ack(Ack<'a>),
    /// The sender gives its side of a stream up.
    ResetStream(ResetStream),
    /// The receiver wants no more of a stream.
    StopSending(StopSending),
    /// Bytes of the TLS handshake.
    Crypto(Crypto<'a>),
    /// A token for a later connection.
    NewToken(NewToken<'a>),
    /// Bytes of a stream.
    Stream(Stream<'a>),
    /// How much may be sent on all streams together.
    MaxData(MaxData),
    /// How much may be sent on one stream.
    MaxStreamData(MaxStreamData),
    /// How many streams may be opened.
    MaxStreams(MaxStreams),
    /// The connection is held up by its limit.
    DataBlocked(DataBlocked),
    /// A stream is held up by its limit.
    StreamDataBlocked(StreamDataBlocked),
    /// The limit of streams is used up.
    StreamsBlocked(StreamsBlocked),
    /// Another connection ID to send to.
    NewConnectionId(NewConnectionId),
    /// A connection ID is used no more.
    RetireConnectionId(RetireConnectionId),
    /// Bytes to be sent back.
    PathChallenge(PathChallenge),
    /// Bytes sent back.
    PathResponse(PathResponse),
    /// The end of the connection.
    ConnectionClose(ConnectionClose<'a>),
    /// The server has confirmed the handshake (RFC 9000 section 19.20).
    HandshakeDone,
    /// Bytes that are never repeated.
    Datagram(Datagram<'a>),
    /// Packet numbers received, and when. Only where both ends asked for it.
    AckExtended(AckExtended<'a>),
}

impl<'a> Frame<'a> {
    /// Reads one frame, wherever it may stand.
    #[inline]
    pub fn decode(r: &mut Reader<'a>) -> Result<Self, FrameError> {
        let frame_type = FrameType::read(r)?;
        Self::decode_fields(frame_type, r)
    }

    /// Reads one frame out of a packet of type `packet`, if it may stand there
    /// (RFC 9000 section 12.4).
    #[inline]
    pub fn decode_in(r: &mut Reader<'a>, packet: PacketType) -> Result<Self, FrameError> {
        let frame_type = FrameType::read(r)?;
        frame_type.check_allowed(packet)?;
        Self::decode_fields(frame_type, r)
    }

    /// Reads what follows the type of a frame.
    #[inline]
    pub fn decode_fields(frame_type: FrameType, r: &mut Reader<'a>) -> Result<Self, FrameError> {
        decode_fields(frame_type.0, r).map_err(|kind| frame_type.error(kind))
    }

    /// The type of the frame, its lowest value if the low bits are flags.
    #[inline]
    pub const fn frame_type(&self) -> FrameType {
        match self {
            Self::Padding(_) => FrameType::PADDING,
            Self::Ping => FrameType::PING,
            Self::Ack(_) => FrameType::ACK,
            Self::ResetStream(_) => FrameType::RESET_STREAM,
            Self::StopSending(_) => FrameType::STOP_SENDING,
            Self::Crypto(_) => FrameType::CRYPTO,
            Self::NewToken(_) => FrameType::NEW_TOKEN,
            Self::Stream(_) => FrameType::STREAM,
            Self::MaxData(_) => FrameType::MAX_DATA,
            Self::MaxStreamData(_) => FrameType::MAX_STREAM_DATA,
            Self::MaxStreams(_) => FrameType::MAX_STREAMS,
            Self::DataBlocked(_) => FrameType::DATA_BLOCKED,
            Self::StreamDataBlocked(_) => FrameType::STREAM_DATA_BLOCKED,
            Self::StreamsBlocked(_) => FrameType::STREAMS_BLOCKED,
            Self::NewConnectionId(_) => FrameType::NEW_CONNECTION_ID,
            Self::RetireConnectionId(_) => FrameType::RETIRE_CONNECTION_ID,
            Self::PathChallenge(_) => FrameType::PATH_CHALLENGE,
            Self::PathResponse(_) => FrameType::PATH_RESPONSE,
            Self::ConnectionClose(close) => close.wire_type(),
            Self::HandshakeDone => FrameType::HANDSHAKE_DONE,
            Self::Datagram(_) => FrameType::DATAGRAM,
            Self::AckExtended(_) => FrameType::ACK_EXTENDED,
        }
    }

    /// Refuses the frame if it may not stand in packets of type `packet`.
    #[inline]
    pub fn check_allowed(&self, packet: PacketType) -> Result<(), FrameError> {
        self.frame_type().check_allowed(packet)
    }

    /// How many bytes [`Self::encode`] writes.
    pub fn encoded_len(&self) -> usize {
        match self {
            Self::Padding(frame) => frame.encoded_len(),
            Self::Ping | Self::HandshakeDone => 1,
            Self::Ack(frame) => frame.encoded_len(),
            Self::ResetStream(frame) => frame.encoded_len(),
            Self::StopSending(frame) => frame.encoded_len(),
            Self::Crypto(frame) => frame.encoded_len(),
            Self::NewToken(frame) => frame.encoded_len(),
            Self::Stream(frame) => frame.encoded_len(),
            Self::MaxData(frame) => frame.encoded_len(),
            Self::MaxStreamData(frame) => frame.encoded_len(),
            Self::MaxStreams(frame) => frame.encoded_len(),
            Self::DataBlocked(frame) => frame.encoded_len(),
            Self::StreamDataBlocked(frame) => frame.encoded_len(),
            Self::StreamsBlocked(frame) => frame.encoded_len(),
            Self::NewConnectionId(frame) => frame.encoded_len(),
            Self::RetireConnectionId(frame) => frame.encoded_len(),
            Self::PathChallenge(frame) => frame.encoded_len(),
            Self::PathResponse(frame) => frame.encoded_len(),
            Self::ConnectionClose(frame) => frame.encoded_len(),
            Self::Datagram(frame) => frame.encoded_len(),
            Self::AckExtended(frame) => frame.encoded_len(),
        }
    }

    /// Writes the frame, with a length where the length is optional.
    pub fn encode(&self, w: &mut Writer<'_>) {
        match self {
            Self::Padding(frame) => frame.encode(w),
            Self::Ping | Self::HandshakeDone => w.u8(self.frame_type().0 as u8),
            Self::Ack(frame) => frame.encode(w),
            Self::ResetStream(frame) => frame.encode(w),
            Self::StopSending(frame) => frame.encode(w),
            Self::Crypto(frame) => frame.encode(w),
            Self::NewToken(frame) => frame.encode(w),
            Self::Stream(frame) => frame.encode(w),
            Self::MaxData(frame) => frame.encode(w),
            Self::MaxStreamData(frame) => frame.encode(w),
            Self::MaxStreams(frame) => frame.encode(w),
            Self::DataBlocked(frame) => frame.encode(w),
            Self::StreamDataBlocked(frame) => frame.encode(w),
            Self::StreamsBlocked(frame) => frame.encode(w),
            Self::NewConnectionId(frame) => frame.encode(w),
            Self::RetireConnectionId(frame) => frame.encode(w),
            Self::PathChallenge(frame) => frame.encode(w),
            Self::PathResponse(frame) => frame.encode(w),
            Self::ConnectionClose(frame) => frame.encode(w),
            Self::Datagram(frame) => frame.encode(w),
            Self::AckExtended(frame) => frame.encode(w),
        }
    }
}

/// Reads what follows `frame_type`.
fn decode_fields<'a>(frame_type: u64, r: &mut Reader<'a>) -> Result<Frame<'a>, FrameErrorKind> {
    use Direction::{Bidirectional, Unidirectional};
    Ok(match frame_type {
        0x00 => Frame::Padding(Padding::decode(r)),
        0x01 => Frame::Ping,
        0x02 | 0x03 => Frame::Ack(Ack::decode(r, frame_type == 0x03)?),
        0x04 => Frame::ResetStream(ResetStream::decode(r)?),
        0x05 => Frame::StopSending(StopSending::decode(r)?),
        0x06 => Frame::Crypto(Crypto::decode(r)?),
        0x07 => Frame::NewToken(NewToken::decode(r)?),
        0x08..=0x0f => Frame::Stream(Stream::decode(r, frame_type as u8)?),
        0x10 => Frame::MaxData(MaxData::decode(r)?),
        0x11 => Frame::MaxStreamData(MaxStreamData::decode(r)?),
        0x12 => Frame::MaxStreams(MaxStreams::decode(r, Bidirectional)?),
        0x13 => Frame::MaxStreams(MaxStreams::decode(r, Unidirectional)?),
        0x14 => Frame::DataBlocked(DataBlocked::decode(r)?),
        0x15 => Frame::StreamDataBlocked(StreamDataBlocked::decode(r)?),
        0x16 => Frame::StreamsBlocked(StreamsBlocked::decode(r, Bidirectional)?),
        0x17 => Frame::StreamsBlocked(StreamsBlocked::decode(r, Unidirectional)?),
        0x18 => Frame::NewConnectionId(NewConnectionId::decode(r)?),
        0x19 => Frame::RetireConnectionId(RetireConnectionId::decode(r)?),
        0x1a => Frame::PathChallenge(PathChallenge::decode(r)?),
        0x1b => Frame::PathResponse(PathResponse::decode(r)?),
        0x1c | 0x1d => Frame::ConnectionClose(ConnectionClose::decode(r, frame_type == 0x1d)?),
        0x1e => Frame::HandshakeDone,
        0x30 | 0x31 => Frame::Datagram(Datagram::decode(r, frame_type == 0x31)?),
        0xb1 => Frame::AckExtended(AckExtended::decode(r)?),
        _ => return Err(FrameErrorKind::UnknownType),
    })
}

#[cfg(test)]
mod tests {
    use super::testing::{assert_exact_sample, encoded, refusal};
    use super::*;

    #[test]
    fn frames_without_fields_are_their_type() {
        assert_exact_sample(&[0x01], Frame::Ping);
        assert_exact_sample(&[0x1e], Frame::HandshakeDone);
    }

    #[test]
    fn the_table_and_the_decoder_know_the_same_types() {
        for value in 0..64 {
            let kind = refusal(&[value, 0, 0, 0, 0, 0, 0, 0, 0]);
            let unknown = kind == Some(FrameErrorKind::UnknownType);
            assert_eq!(unknown, !FrameType(value.into()).is_known(), "{value:#x}");
        }
    }

    #[test]
    fn a_frame_knows_the_type_it_came_with() {
        let flags = [0x03, 0x09, 0x0f, 0x13, 0x17, 0x31];
        for value in 0..64_u8 {
            let bytes = [value, 4, 0, 0, 0, 0, 0, 0, 0];
            if let Ok(frame) = Frame::decode(&mut Reader::new(&bytes)) {
                let known = frame.frame_type();
                assert_eq!(known.name(), FrameType(value.into()).name());
                assert!(known.0 == value.into() || flags.contains(&value) || value & 0x38 == 0x08);
            }
        }
    }

    /// RFC 9000 section 12.4: the error names the type on the wire, flags included.
    #[test]
    fn an_error_blames_the_exact_type() {
        let mut r = Reader::new(&[0x0f, 4]);
        let error = Frame::decode_in(&mut r, PacketType::Initial);
        assert_eq!(error, Err(FrameType(0x0f).error(FrameErrorKind::NotAllowed)));
        let error = Frame::decode_in(&mut Reader::new(&[0x0f, 4]), PacketType::OneRtt);
        assert_eq!(error, Err(FrameType(0x0f).error(FrameErrorKind::Truncated)));
    }

    #[test]
    fn the_end_of_the_packet_is_not_a_frame() {
        assert_eq!(refusal(&[]), Some(FrameErrorKind::Truncated));
    }

    /// Whatever decodes also encodes, and decodes to the same again.
    #[test]
    fn random_bytes_never_decode_to_what_cannot_be_encoded() {
        let mut state = 1_u64;
        let mut bytes = [0_u8; 48];
        let mut decoded = 0;
        for round in 0..20_000_u32 {
            for byte in &mut bytes {
                state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                *byte = (state >> 56) as u8 >> (round % 7);
            }
            bytes[0] &= 0x3f;
            if let Ok(frame) = Frame::decode(&mut Reader::new(&bytes)) {
                decoded += 1;
                let again = encoded(&frame);
                let back = Frame::decode(&mut Reader::new(&again));
                // A varint may have come in a longer form inside ACK ranges only: those are kept.
                assert_eq!(back, Ok(frame));
            }
        }
        assert!(decoded > 1_000);
    }

    #[test]
    fn a_frame_stays_small_enough_to_be_passed_by_value() {
        assert!(size_of::<Frame<'_>>() <= 96);
    }
}
