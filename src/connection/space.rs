//! The state of one packet number space (RFC 9000 section 12.3).

use crate::recovery::{ReceivedPackets, SentSpace};
use crate::time::Duration;

use super::crypto_stream::CryptoStream;
use super::keys::DirectionKeys;
use super::token::Token;

/// What is sent and received in one packet number space.
#[derive(Debug)]
pub struct PacketSpace {
    /// Packets sent and not yet acknowledged.
    pub sent: SentSpace<Token>,
    /// Packets received, and the ACKs owed for them.
    pub received: ReceivedPackets,
    /// The handshake bytes of this level.
    pub crypto: CryptoStream,
    /// Probes that are due: ack-eliciting packets that ignore the congestion window.
    pub probes: u8,
}

impl PacketSpace {
    /// An empty space for Initial or Handshake packets.
    pub fn for_handshake() -> Self {
        Self::new(ReceivedPackets::for_handshake())
    }

    /// An empty space for 0-RTT and 1-RTT packets: up to `ack_frequency` of them may wait for one
    /// ACK, for `max_ack_delay` at most.
    pub fn for_application(max_ack_delay: Duration, ack_frequency: u32) -> Self {
        let mut received = ReceivedPackets::for_application(max_ack_delay);
        received.set_ack_frequency(ack_frequency);
        Self::new(received)
    }

    fn new(received: ReceivedPackets) -> Self {
        Self { sent: SentSpace::new(), received, crypto: CryptoStream::default(), probes: 0 }
    }
}

/// An Initial or Handshake space with its keys. All of it goes when the keys are discarded
/// (RFC 9001 section 4.9).
pub struct EarlySpace {
    /// Packets.
    pub space: PacketSpace,
    /// Write keys.
    pub local: Option<DirectionKeys>,
    /// Read keys.
    pub remote: Option<DirectionKeys>,
}

impl EarlySpace {
    /// A space without keys.
    pub fn new() -> Self {
        Self { space: PacketSpace::for_handshake(), local: None, remote: None }
    }
}
