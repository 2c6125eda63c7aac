//! What a sent packet remembers of its content.
//!
//! A packet that is lost is never sent again; what it carried is. So a sent packet keeps one small
//! token per frame, and the owner of the frame's subject decides what an acknowledgement or a loss
//! means for it.

use crate::stream;
use crate::wire::frame::FrameType;
use crate::wire::PacketNumber;

/// What one frame of a sent packet carried.
#[derive(Clone, Copy, Debug)]
pub enum Token {
    /// A frame of the stream floor.
    Stream(stream::Token),
    /// CRYPTO data of the packet's own space.
    Crypto {
        /// First byte.
        offset: u64,
        /// How many bytes.
        len: u32,
    },
    /// An ACK up to this packet number.
    Ack(PacketNumber),
    /// A PING of the host, by its number.
    Ping(u64),
    /// A DATAGRAM, by its number.
    Datagram(u64),
    /// HANDSHAKE_DONE.
    HandshakeDone,
    /// NEW_TOKEN.
    Address,
    /// NEW_CONNECTION_ID with this sequence number.
    NewConnectionId(u64),
    /// A path MTU probe in the packet with this number.
    MtuProbe(PacketNumber),
    /// RETIRE_CONNECTION_ID with this sequence number.
    RetireConnectionId(u64),
}

impl Token {
    /// The type of the frame.
    #[inline]
    pub fn frame_type(&self) -> FrameType {
        match self {
            Self::Stream(token) => token.frame_type(),
            Self::Crypto { .. } => FrameType::CRYPTO,
            Self::Ack(_) => FrameType::ACK,
            Self::Ping(_) | Self::MtuProbe(_) => FrameType::PING,
            Self::Datagram(_) => FrameType::DATAGRAM,
            Self::Address => FrameType::NEW_TOKEN,
            Self::HandshakeDone => FrameType::HANDSHAKE_DONE,
            Self::NewConnectionId(_) => FrameType::NEW_CONNECTION_ID,
            Self::RetireConnectionId(_) => FrameType::RETIRE_CONNECTION_ID,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_stays_small() {
        assert!(size_of::<Token>() <= 24);
    }
}
