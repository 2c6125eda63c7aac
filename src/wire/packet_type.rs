//! The packet types that carry frames (RFC 9000 section 17).

/// A packet type whose payload is frames; Retry and Version Negotiation carry none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PacketType {
    /// The first packets of each side.
    Initial,
    /// Early data of a client.
    ZeroRtt,
    /// The packets of the TLS handshake proper.
    Handshake,
    /// Everything after it, with a short header.
    OneRtt,
}

/// A packet type with a long header and a packet number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LongPacketType {
    /// The first packets of each side.
    Initial,
    /// Early data of a client.
    ZeroRtt,
    /// The packets of the TLS handshake proper.
    Handshake,
}

impl From<LongPacketType> for PacketType {
    #[inline]
    fn from(long: LongPacketType) -> Self {
        match long {
            LongPacketType::Initial => Self::Initial,
            LongPacketType::ZeroRtt => Self::ZeroRtt,
            LongPacketType::Handshake => Self::Handshake,
        }
    }
}
