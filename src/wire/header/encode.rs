//! Writing packet headers, not yet protected.

use super::first_byte::{FIXED_BIT, KEY_PHASE, LONG_FORM, SPIN_BIT};
use crate::wire::packet_type::LongPacketType;
use crate::wire::{varint, ConnectionId, PacketNumber, Version, Writer};

/// The largest value [`patch_length`] can write.
pub const MAX_LONG_LENGTH: usize = (1 << 14) - 1;

/// The header of an Initial, 0-RTT or Handshake packet (RFC 9000 sections 17.2.2 to 17.2.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LongHeader<'a> {
    /// Which of the three.
    pub packet_type: LongPacketType,
    /// The version.
    pub version: Version,
    /// To whom.
    pub dcid: &'a ConnectionId,
    /// From whom.
    pub scid: &'a ConnectionId,
    /// The token, written in Initials only.
    pub token: &'a [u8],
    /// The packet number.
    pub pn: PacketNumber,
    /// How many bytes of the packet number to write, 1 to 4.
    pub pn_len: usize,
}

/// Where in a writer's output the parts of a long header are that are still to change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LongHeaderOffsets {
    /// The Length field, for [`patch_length`].
    pub length: usize,
    /// The packet number.
    pub pn: usize,
}

impl LongHeader<'_> {
    /// How many bytes the header takes, packet number included.
    pub const fn encoded_len(&self) -> usize {
        let token = match self.packet_type {
            LongPacketType::Initial => varint::size(self.token.len() as u64) + self.token.len(),
            LongPacketType::ZeroRtt | LongPacketType::Handshake => 0,
        };
        invariant_len(self.dcid.len(), self.scid.len()) + token + 2 + self.pn_len
    }

    /// Writes the header with a Length of zero, which is to be patched when the payload is there.
    pub fn encode(&self, w: &mut Writer<'_>) -> LongHeaderOffsets {
        let codepoint = match self.packet_type {
            LongPacketType::Initial => 1,
            LongPacketType::ZeroRtt => 2,
            LongPacketType::Handshake => 3,
        };
        let low_bits = (self.pn_len - 1) as u8;
        w.u8(long_first_byte(self.version, codepoint, low_bits));
        encode_invariant(w, self.version, self.dcid.as_slice(), self.scid.as_slice());
        if self.packet_type == LongPacketType::Initial {
            w.varint_bytes(self.token);
        }
        let length = w.position();
        w.varint2(0);
        let pn = w.position();
        self.pn.encode(w, self.pn_len);
        LongHeaderOffsets { length, pn }
    }
}

/// The header of a 1-RTT packet (RFC 9000 section 17.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShortHeader<'a> {
    /// To whom.
    pub dcid: &'a ConnectionId,
    /// The latency spin bit.
    pub spin: bool,
    /// The key phase.
    pub key_phase: bool,
    /// The packet number.
    pub pn: PacketNumber,
    /// How many bytes of the packet number to write, 1 to 4.
    pub pn_len: usize,
}

impl ShortHeader<'_> {
    /// How many bytes the header takes, packet number included.
    #[inline]
    pub const fn encoded_len(&self) -> usize {
        1 + self.dcid.len() + self.pn_len
    }

    /// Writes the header; returns where in the writer's output the packet number is.
    #[inline]
    pub fn encode(&self, w: &mut Writer<'_>) -> usize {
        let spin = if self.spin { SPIN_BIT } else { 0 };
        let key_phase = if self.key_phase { KEY_PHASE } else { 0 };
        w.u8(FIXED_BIT | spin | key_phase | (self.pn_len - 1) as u8);
        w.bytes(self.dcid.as_slice());
        let pn_offset = w.position();
        self.pn.encode(w, self.pn_len);
        pn_offset
    }
}

/// Sets the Length field at `offset` of `packet` to `len`, at most [`MAX_LONG_LENGTH`]: the bytes of
/// packet number, payload and AEAD tag.
#[inline]
pub fn patch_length(packet: &mut [u8], offset: usize, len: usize) {
    Writer::new(&mut packet[offset..]).varint2(len as u64);
}

/// How many bytes [`encode_version_negotiation`] writes.
pub const fn version_negotiation_len(dcid: &[u8], scid: &[u8], versions: &[Version]) -> usize {
    invariant_len(dcid.len(), scid.len()) + 4 * versions.len()
}

/// Writes a Version Negotiation packet (RFC 9000 section 17.2.1): `dcid` is the client's source ID and
/// `scid` its destination ID, each at most 255 bytes; `noise` is random and fills the bits that mean
/// nothing.
pub fn encode_version_negotiation(
    w: &mut Writer<'_>,
    noise: u8,
    dcid: &[u8],
    scid: &[u8],
    versions: &[Version],
) {
    // The fixed bit should be set where QUIC may share its port with other protocols.
    w.u8(LONG_FORM | FIXED_BIT | noise);
    encode_invariant(w, Version::NEGOTIATION, dcid, scid);
    for version in versions {
        w.u32(version.0);
    }
}

/// How many bytes [`encode_retry`] writes.
pub const fn retry_len(dcid: &ConnectionId, scid: &ConnectionId, token: &[u8]) -> usize {
    invariant_len(dcid.len(), scid.len()) + token.len()
}

/// Writes a Retry packet (RFC 9000 section 17.2.5) up to where its integrity tag has to follow;
/// `noise` is random and fills the bits that mean nothing.
pub fn encode_retry(
    w: &mut Writer<'_>,
    noise: u8,
    version: Version,
    dcid: &ConnectionId,
    scid: &ConnectionId,
    token: &[u8],
) {
    w.u8(long_first_byte(version, 0, noise & 0x0f));
    encode_invariant(w, version, dcid.as_slice(), scid.as_slice());
    w.bytes(token);
}

/// The number Retry has among the types of `version`; Initial, 0-RTT and Handshake follow it in that
/// order, modulo four (RFC 9000 table 5, RFC 9369 section 3.2).
pub(super) const fn retry_codepoint(version: Version) -> u8 {
    if version.0 == Version::V2.0 {
        0
    } else {
        3
    }
}

/// The first byte for a type that comes `codepoint` after Retry.
const fn long_first_byte(version: Version, codepoint: u8, low_bits: u8) -> u8 {
    let packet_type = (retry_codepoint(version) + codepoint) & 0b11;
    LONG_FORM | FIXED_BIT | packet_type << 4 | low_bits
}

/// How many bytes a long header has up to the end of the source connection ID.
const fn invariant_len(dcid_len: usize, scid_len: usize) -> usize {
    1 + 4 + 1 + dcid_len + 1 + scid_len
}

/// Writes what follows the first byte in all versions (RFC 8999 section 5.1).
fn encode_invariant(w: &mut Writer<'_>, version: Version, dcid: &[u8], scid: &[u8]) {
    w.u32(version.0);
    for cid in [dcid, scid] {
        w.u8(cid.len() as u8);
        w.bytes(cid);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::wire::header::{parse_packet, ProtectedHeader, ProtectedPacket};

    const CLIENT_DCID: [u8; 8] = [0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08];

    fn rfc_initial(version: Version) -> Vec<u8> {
        let dcid = ConnectionId::new(&CLIENT_DCID).unwrap();
        let header = LongHeader {
            packet_type: LongPacketType::Initial,
            version,
            dcid: &dcid,
            scid: &ConnectionId::EMPTY,
            token: &[],
            pn: PacketNumber(2),
            pn_len: 4,
        };
        let mut buffer = vec![0; header.encoded_len()];
        let mut w = Writer::new(&mut buffer);
        let offsets = header.encode(&mut w);
        assert_eq!((w.remaining(), offsets), (0, LongHeaderOffsets { length: 16, pn: 18 }));
        patch_length(&mut buffer, offsets.length, 4 + 1162 + 16);
        buffer
    }

    /// RFC 9001 appendix A.2; RFC 9369 appendix A.2.
    #[test]
    fn the_rfcs_client_initials_have_these_headers() {
        let v1 =
            b"\xc3\x00\x00\x00\x01\x08\x83\x94\xc8\xf0\x3e\x51\x57\x08\x00\x00\x44\x9e\x00\x00\
            \x00\x02";
        assert_eq!(rfc_initial(Version::V1), v1);
        let v2 =
            b"\xd3\x6b\x33\x43\xcf\x08\x83\x94\xc8\xf0\x3e\x51\x57\x08\x00\x00\x44\x9e\x00\x00\
            \x00\x02";
        assert_eq!(rfc_initial(Version::V2), v2);
    }

    #[test]
    fn every_long_header_parses_back() {
        let dcid = ConnectionId::new(&CLIENT_DCID).unwrap();
        let scid = ConnectionId::new(&[7; 20]).unwrap();
        for version in Version::SUPPORTED {
            for packet_type in
                [LongPacketType::Initial, LongPacketType::ZeroRtt, LongPacketType::Handshake]
            {
                let initial = packet_type == LongPacketType::Initial;
                let token: &[u8] = if initial { b"token" } else { b"" };
                let pn = PacketNumber(0x1234);
                let header = LongHeader {
                    packet_type,
                    version,
                    dcid: &dcid,
                    scid: &scid,
                    token,
                    pn,
                    pn_len: 2,
                };
                let mut buffer = [0xee; 100];
                let mut w = Writer::new(&mut buffer);
                let offsets = header.encode(&mut w);
                assert_eq!(w.position(), header.encoded_len());
                patch_length(&mut buffer, offsets.length, 30);
                assert_eq!(buffer[offsets.pn..][..2], [0x12, 0x34]);
                let pn_offset = offsets.pn;
                let header =
                    ProtectedHeader::Long { packet_type, version, dcid, scid, token, pn_offset };
                let packet = ProtectedPacket { header, len: pn_offset + 30 };
                assert_eq!(parse_packet(&buffer, 8), Ok(packet));
            }
        }
    }

    #[test]
    fn a_short_header_is_first_byte_id_and_number() {
        let dcid = ConnectionId::new(&[1, 2, 3]).unwrap();
        let pn = PacketNumber(0x1_0000_abcd);
        let header = ShortHeader { dcid: &dcid, spin: false, key_phase: true, pn, pn_len: 3 };
        let mut buffer = [0; 7];
        let mut w = Writer::new(&mut buffer);
        assert_eq!(header.encode(&mut w), 4);
        assert_eq!((w.position(), header.encoded_len()), (7, 7));
        assert_eq!(buffer, [0x46, 1, 2, 3, 0x00, 0xab, 0xcd]);
        let spinning = ShortHeader { spin: true, key_phase: false, pn_len: 1, ..header };
        spinning.encode(&mut Writer::new(&mut buffer));
        assert_eq!(buffer[..5], [0x60, 1, 2, 3, 0xcd]);
    }

    #[test]
    fn a_version_negotiation_parses_back() {
        let versions = [Version::V1, Version::grease(0x1234_5678)];
        let (dcid, scid) = ([1; 255], [2; 3]);
        let mut buffer = vec![0; version_negotiation_len(&dcid, &scid, &versions)];
        let mut w = Writer::new(&mut buffer);
        encode_version_negotiation(&mut w, 0x15, &dcid, &scid, &versions);
        assert_eq!(w.remaining(), 0);
        assert_eq!(buffer[0], 0xd5);
        match parse_packet(&buffer, 8).unwrap().header {
            ProtectedHeader::VersionNegotiation { dcid: to, scid: from, versions: listed } => {
                assert_eq!((to, from), (&dcid[..], &scid[..]));
                assert_eq!(listed.collect::<Vec<_>>(), versions);
            }
            other => unreachable!("{other:?}"),
        }
    }

    /// RFC 9001 appendix A.4; RFC 9369 appendix A.4.
    #[test]
    fn the_rfcs_retry_packets_are_written() {
        let scid = ConnectionId::new(&[0xf0, 0x67, 0xa5, 0x50, 0x2a, 0x42, 0x62, 0xb5]).unwrap();
        let dcid = ConnectionId::EMPTY;
        let v1: &[u8] = b"\xff\x00\x00\x00\x01\x00\x08\xf0\x67\xa5\x50\x2a\x42\x62\xb5token";
        let v2: &[u8] = b"\xcf\x6b\x33\x43\xcf\x00\x08\xf0\x67\xa5\x50\x2a\x42\x62\xb5token";
        for (version, expected) in [(Version::V1, v1), (Version::V2, v2)] {
            let mut buffer = vec![0; retry_len(&dcid, &scid, b"token")];
            encode_retry(&mut Writer::new(&mut buffer), 0xff, version, &dcid, &scid, b"token");
            assert_eq!(buffer, expected);
        }
    }
}
