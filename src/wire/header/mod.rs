//! Packet headers (RFC 9000 section 17).
//!
//! Reading goes in two stages, because header protection hides the packet number and some bits of
//! the first byte: [`parse_packet`] reads what is in the clear, and once protection is removed
//! [`FirstByte`] and [`PacketNumber::decode`](super::PacketNumber::decode) read the rest.

mod encode;
mod first_byte;
mod parse;
mod versions;

pub use encode::{
    encode_retry, encode_version_negotiation, patch_length, retry_len, version_negotiation_len,
    LongHeader, LongHeaderOffsets, ShortHeader, MAX_LONG_LENGTH,
};
pub use first_byte::{is_long, protected_bits, FirstByte, FIXED_BIT};
pub use parse::{parse_cids, parse_packet, HeaderError};
pub use versions::Versions;

use super::packet_type::LongPacketType;
use super::{ConnectionId, Version};

/// How many bytes a Retry ends with to prove its integrity (RFC 9001 section 5.8).
pub const RETRY_TAG_LEN: usize = 16;

/// How many bytes, from the start of the packet number on, a packet needs to have its header
/// protection removed: four at most of the number, and the sample (RFC 9001 section 5.4.2).
pub const PROTECTED_MIN_LEN: usize = 4 + 16;

/// A packet with its header still protected, within a datagram that may hold more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProtectedPacket<'a> {
    /// What can be read of the header.
    pub header: ProtectedHeader<'a>,
    /// How many bytes of the datagram are this packet; another may follow
    /// (RFC 9000 section 12.2).
    pub len: usize,
}

/// What can be read of a header while it is protected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProtectedHeader<'a> {
    /// An Initial, 0-RTT or Handshake packet.
    Long {
        /// Which of the three.
        packet_type: LongPacketType,
        /// The version, one of [`Version::SUPPORTED`].
        version: Version,
        /// To whom.
        dcid: ConnectionId,
        /// From whom.
        scid: ConnectionId,
        /// The token of an Initial; empty in the others.
        token: &'a [u8],
        /// Where in the packet the packet number starts; [`PROTECTED_MIN_LEN`] bytes at least
        /// follow from there.
        pn_offset: usize,
    },
    /// A 1-RTT packet.
    Short {
        /// To whom.
        dcid: ConnectionId,
        /// Where in the packet the packet number starts; [`PROTECTED_MIN_LEN`] bytes at least
        /// follow from there.
        pn_offset: usize,
    },
    /// A Retry (RFC 9000 section 17.2.5).
    Retry {
        /// The version, one of [`Version::SUPPORTED`].
        version: Version,
        /// To whom.
        dcid: ConnectionId,
        /// From whom: the ID the client shall use from here on.
        scid: ConnectionId,
        /// What the client shall repeat in its Initials, never empty.
        token: &'a [u8],
        /// The proof of integrity over all that stands before it.
        tag: &'a [u8; RETRY_TAG_LEN],
    },
    /// A Version Negotiation (RFC 9000 section 17.2.1).
    VersionNegotiation {
        /// To whom, up to 255 bytes.
        dcid: &'a [u8],
        /// From whom, up to 255 bytes.
        scid: &'a [u8],
        /// What the server speaks, never empty.
        versions: Versions<'a>,
    },
    /// A long header of a version that cannot be read further (RFC 8999 section 5.1), good for
    /// nothing but an answer with Version Negotiation.
    UnknownVersion {
        /// The version.
        version: Version,
        /// To whom, up to 255 bytes.
        dcid: &'a [u8],
        /// From whom, up to 255 bytes.
        scid: &'a [u8],
    },
}
