//! Reading what a packet shows while its header is protected.

use super::first_byte::{is_long, FIXED_BIT};
use super::{ProtectedHeader, ProtectedPacket, Versions, PROTECTED_MIN_LEN, RETRY_TAG_LEN};
use crate::wire::packet_type::LongPacketType;
use crate::wire::{ConnectionId, Reader, UnexpectedEnd, Version};

/// Why bytes are no packet. All that can be done with them is to drop them: nothing proves that the
/// peer sent them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderError {
    /// The datagram ends within the header, or before the end that the Length field names.
    Truncated,
    /// The fixed bit is zero (RFC 9000 sections 17.2 and 17.3.1).
    FixedBit,
    /// A connection ID of more than 20 bytes (RFC 9000 section 17.2).
    ConnectionIdTooLong,
    /// Too few bytes follow to take a header protection sample (RFC 9001 section 5.4.2).
    TooShortToSample,
    /// A Version Negotiation without versions, or with a part of one.
    VersionList,
    /// A Retry without a token (RFC 9000 section 17.2.5.2).
    EmptyRetryToken,
}

impl From<UnexpectedEnd> for HeaderError {
    fn from(_: UnexpectedEnd) -> Self {
        Self::Truncated
    }
}

/// Reads the first packet of `datagram`, which is all of it or, for coalesced packets, what is left
/// of it. Short headers are taken to hold a connection ID of `local_cid_len` bytes.
///
/// An error means that nothing more of the datagram can be used as packets. A datagram that ends in
/// a stateless reset token may look like anything, so that test has to be made on errors too
/// (RFC 9000 section 10.3.1).
#[inline]
pub fn parse_packet(
    datagram: &[u8],
    local_cid_len: usize,
) -> Result<ProtectedPacket<'_>, HeaderError> {
    match datagram.first() {
        Some(first) if is_long(*first) => parse_long(datagram),
        Some(first) => parse_short(datagram, *first, local_cid_len),
        None => Err(HeaderError::Truncated),
    }
}

/// The connection IDs, destination and source, of the first packet of `datagram`, whatever its
/// version (RFC 8999 section 5). A short header has no source: that one is then empty.
///
/// Nothing but lengths is looked at; the IDs of a long header may have up to 255 bytes.
#[inline]
pub fn parse_cids(datagram: &[u8], local_cid_len: usize) -> Result<(&[u8], &[u8]), HeaderError> {
    let mut r = Reader::new(datagram);
    if !is_long(r.u8()?) {
        return Ok((r.bytes(local_cid_len)?, &[]));
    }
    let invariant = Invariant::read(&mut r)?;
    Ok((invariant.dcid, invariant.scid))
}

/// The part of a long header that is the same in all versions, after the first byte
/// (RFC 8999 section 5.1).
struct Invariant<'a> {
    version: Version,
    dcid: &'a [u8],
    scid: &'a [u8],
}

impl<'a> Invariant<'a> {
    fn read(r: &mut Reader<'a>) -> Result<Self, UnexpectedEnd> {
        let version = Version(r.u32()?);
        let dcid_len = r.u8()?;
        let dcid = r.bytes(dcid_len.into())?;
        let scid_len = r.u8()?;
        let scid = r.bytes(scid_len.into())?;
        Ok(Self { version, dcid, scid })
    }
}

#[inline]
fn parse_short(
    datagram: &[u8],
    first: u8,
    cid_len: usize,
) -> Result<ProtectedPacket<'_>, HeaderError> {
    if first & FIXED_BIT == 0 {
        return Err(HeaderError::FixedBit);
    }
    let cid = datagram.get(1..1 + cid_len).ok_or(HeaderError::Truncated)?;
    let dcid = ConnectionId::new(cid).ok_or(HeaderError::ConnectionIdTooLong)?;
    let pn_offset = 1 + cid_len;
    check_sample(datagram.len(), pn_offset)?;
    let header = ProtectedHeader::Short { dcid, pn_offset };
    Ok(ProtectedPacket { header, len: datagram.len() })
}

fn parse_long(datagram: &[u8]) -> Result<ProtectedPacket<'_>, HeaderError> {
    let mut r = Reader::new(datagram);
    let first = r.u8()?;
    let Invariant { version, dcid, scid } = Invariant::read(&mut r)?;
    if version == Version::NEGOTIATION {
        let versions = Versions::new(r.rest()).ok_or(HeaderError::VersionList)?;
        let header = ProtectedHeader::VersionNegotiation { dcid, scid, versions };
        return Ok(ProtectedPacket { header, len: datagram.len() });
    }
    if !version.is_supported() {
        let header = ProtectedHeader::UnknownVersion { version, dcid, scid };
        return Ok(ProtectedPacket { header, len: datagram.len() });
    }
    if first & FIXED_BIT == 0 {
        return Err(HeaderError::FixedBit);
    }
    let dcid = ConnectionId::new(dcid).ok_or(HeaderError::ConnectionIdTooLong)?;
    let scid = ConnectionId::new(scid).ok_or(HeaderError::ConnectionIdTooLong)?;
    match long_packet_type(first, version) {
        Some(packet_type) => parse_numbered(r, packet_type, version, dcid, scid),
        None => parse_retry(r, version, dcid, scid),
    }
}

/// Reads the rest of a long header with a Length and a packet number.
fn parse_numbered(
    mut r: Reader<'_>,
    packet_type: LongPacketType,
    version: Version,
    dcid: ConnectionId,
    scid: ConnectionId,
) -> Result<ProtectedPacket<'_>, HeaderError> {
    let token = match packet_type {
        LongPacketType::Initial => r.varint_bytes()?,
        LongPacketType::ZeroRtt | LongPacketType::Handshake => &[],
    };
    // RFC 9000 section 17.2: Length counts the packet number and the payload.
    let numbered = r.varint_bytes()?;
    let len = r.position();
    let pn_offset = len - numbered.len();
    check_sample(len, pn_offset)?;
    let header = ProtectedHeader::Long { packet_type, version, dcid, scid, token, pn_offset };
    Ok(ProtectedPacket { header, len })
}

/// Reads the rest of a Retry, which takes all of the datagram (RFC 9000 section 17.2.5).
fn parse_retry(
    mut r: Reader<'_>,
    version: Version,
    dcid: ConnectionId,
    scid: ConnectionId,
) -> Result<ProtectedPacket<'_>, HeaderError> {
    let (token, tag) =
        r.rest().split_last_chunk::<RETRY_TAG_LEN>().ok_or(HeaderError::Truncated)?;
    if token.is_empty() {
        return Err(HeaderError::EmptyRetryToken);
    }
    let header = ProtectedHeader::Retry { version, dcid, scid, token, tag };
    Ok(ProtectedPacket { header, len: r.position() })
}

/// RFC 9001 section 5.4.2: a packet without a whole sample is dropped, and never read past.
#[inline]
const fn check_sample(packet_len: usize, pn_offset: usize) -> Result<(), HeaderError> {
    if packet_len < pn_offset + PROTECTED_MIN_LEN {
        return Err(HeaderError::TooShortToSample);
    }
    Ok(())
}

/// The type in a long header's first byte; `None` for Retry. Version 2 numbers the types its own way
/// (RFC 9369 section 3.2).
const fn long_packet_type(first: u8, version: Version) -> Option<LongPacketType> {
    let retry = super::encode::retry_codepoint(version);
    match ((first >> 4) - retry) & 0b11 {
        1 => Some(LongPacketType::Initial),
        2 => Some(LongPacketType::ZeroRtt),
        3 => Some(LongPacketType::Handshake),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::wire::varint;

    /// A long header with the first byte `first`, connection IDs `d1..` and `5c5c`, then `tail`.
    fn long(first: u8, version: Version, tail: &[u8]) -> Vec<u8> {
        let mut bytes = vec![first];
        bytes.extend(version.0.to_be_bytes());
        bytes.extend([8, 0xd1, 0xd2, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8, 2, 0x5c, 0x5c]);
        bytes.extend(tail);
        bytes
    }

    /// `len` as a two-byte varint, then as many bytes.
    fn sized(len: usize) -> Vec<u8> {
        let mut bytes = (len as u16 | 0x4000).to_be_bytes().to_vec();
        bytes.resize(2 + len, 0xee);
        bytes
    }

    #[test]
    fn a_short_header_has_an_id_as_long_as_ours() {
        let mut datagram = vec![0x40, 1, 2, 3, 4, 5, 6, 7, 8];
        datagram.extend([0xee; 20]);
        let packet = parse_packet(&datagram, 8).unwrap();
        let dcid = ConnectionId::new(&[1, 2, 3, 4, 5, 6, 7, 8]).unwrap();
        assert_eq!(packet.header, ProtectedHeader::Short { dcid, pn_offset: 9 });
        assert_eq!(packet.len, 29);
        assert_eq!(parse_cids(&datagram, 8), Ok((dcid.as_slice(), &[][..])));
        assert_eq!(parse_packet(&datagram[..8], 8), Err(HeaderError::Truncated));
        assert_eq!(parse_cids(&datagram[..8], 8), Err(HeaderError::Truncated));
    }

    /// RFC 9001 appendix A.5: the shortest packet there is.
    #[test]
    fn a_sample_that_just_fits_is_enough() {
        let datagram = [
            0x4c, 0xfe, 0x41, 0x89, 0x65, 0x5e, 0x5c, 0xd5, 0x5c, 0x41, 0xf6, 0x90, 0x80, 0x57,
            0x5d, 0x79, 0x99, 0xc2, 0x5a, 0x5b, 0xfb,
        ];
        let dcid = ConnectionId::EMPTY;
        let packet = parse_packet(&datagram, 0).unwrap();
        assert_eq!(packet.header, ProtectedHeader::Short { dcid, pn_offset: 1 });
        assert_eq!(parse_packet(&datagram[..20], 0), Err(HeaderError::TooShortToSample));
    }

    /// RFC 9001 section 5.4.2.
    #[test]
    fn a_sample_past_the_packet_is_never_taken_from_the_next_one() {
        for len in 0..20 {
            let mut datagram = long(0xe0, Version::V1, &sized(len));
            datagram.extend([0xee; 100]);
            assert_eq!(parse_packet(&datagram, 8), Err(HeaderError::TooShortToSample));
        }
        let mut datagram = long(0xe0, Version::V1, &sized(20));
        let len = datagram.len();
        datagram.extend([0xee; 100]);
        assert_eq!(parse_packet(&datagram, 8).unwrap().len, len);
    }

    /// RFC 9000 table 5; RFC 9369 section 3.2.
    #[test]
    fn packet_types_have_other_numbers_in_version_2() {
        use LongPacketType::{Handshake, Initial, ZeroRtt};
        let types =
            |version| [0xc0, 0xd0, 0xe0, 0xff].map(|first| long_packet_type(first, version));
        let v1 = [Some(Initial), Some(ZeroRtt), Some(Handshake), None];
        assert_eq!(types(Version::V1), v1);
        assert_eq!(types(Version::DRAFT_29), v1);
        assert_eq!(types(Version::V2), [None, Some(Initial), Some(ZeroRtt), Some(Handshake)]);
    }

    #[test]
    fn an_initial_shows_its_token_and_where_the_number_starts() {
        let mut tail = vec![3, b't', b'o', b'k'];
        tail.extend(sized(30));
        let datagram = long(0xc0, Version::V1, &tail);
        let packet = parse_packet(&datagram, 8).unwrap();
        let header = ProtectedHeader::Long {
            packet_type: LongPacketType::Initial,
            version: Version::V1,
            dcid: ConnectionId::new(&[0xd1, 0xd2, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8]).unwrap(),
            scid: ConnectionId::new(&[0x5c, 0x5c]).unwrap(),
            token: b"tok",
            pn_offset: datagram.len() - 30,
        };
        assert_eq!(packet, ProtectedPacket { header, len: datagram.len() });
        for cut in 0..datagram.len() {
            assert_eq!(parse_packet(&datagram[..cut], 8), Err(HeaderError::Truncated));
        }
    }

    #[test]
    fn coalesced_packets_are_told_apart_by_their_lengths() {
        let mut datagram = long(0xe0, Version::V1, &sized(25));
        let first = datagram.len();
        datagram.extend(long(0xd0, Version::V1, &sized(30)));
        let packet = parse_packet(&datagram, 8).unwrap();
        assert_eq!(packet.len, first);
        let packet = parse_packet(&datagram[first..], 8).unwrap();
        assert_eq!(packet.len, datagram.len() - first);
    }

    /// RFC 9000 section 17.2.
    #[test]
    fn a_length_past_the_datagram_is_refused() {
        let mut tail = sized(30);
        tail.pop();
        let datagram = long(0xe0, Version::V1, &tail);
        assert_eq!(parse_packet(&datagram, 8), Err(HeaderError::Truncated));
        let mut tail = (varint::MAX | 3 << 62).to_be_bytes().to_vec();
        tail.extend([0xee; 100]);
        let datagram = long(0xe0, Version::V1, &tail);
        assert_eq!(parse_packet(&datagram, 8), Err(HeaderError::Truncated));
    }

    /// RFC 9000 sections 17.2 and 17.3.1.
    #[test]
    fn a_zero_fixed_bit_is_refused() {
        assert_eq!(parse_packet(&[0x3f; 100], 8), Err(HeaderError::FixedBit));
        let datagram = long(0xa0, Version::V1, &sized(30));
        assert_eq!(parse_packet(&datagram, 8), Err(HeaderError::FixedBit));
    }

    /// RFC 9000 section 17.2; RFC 8999 section 5.1.
    #[test]
    fn only_unknown_versions_have_ids_over_twenty_bytes() {
        let datagram = |version: Version, dcid_len: u8, scid_len: u8| {
            let mut bytes = vec![0xe0];
            bytes.extend(version.0.to_be_bytes());
            bytes.push(dcid_len);
            bytes.extend(vec![0xdd; dcid_len.into()]);
            bytes.push(scid_len);
            bytes.extend(vec![0x55; scid_len.into()]);
            bytes.extend(sized(30));
            bytes
        };
        assert!(parse_packet(&datagram(Version::V1, 20, 20), 8).is_ok());
        let refused = Err(HeaderError::ConnectionIdTooLong);
        assert_eq!(parse_packet(&datagram(Version::V1, 21, 0), 8), refused);
        assert_eq!(parse_packet(&datagram(Version::V2, 0, 21), 8), refused);
        let unknown = datagram(Version(0x1a2a_3a4a), 255, 255);
        let header = parse_packet(&unknown, 8).unwrap().header;
        let (dcid, scid) = (&[0xdd; 255][..], &[0x55; 255][..]);
        let version = Version(0x1a2a_3a4a);
        assert_eq!(header, ProtectedHeader::UnknownVersion { version, dcid, scid });
        assert_eq!(parse_cids(&unknown, 8), Ok((dcid, scid)));
    }

    /// RFC 9000 section 17.2.1: the fixed bit means nothing there.
    #[test]
    fn a_version_negotiation_lists_whole_versions() {
        let versions = [0xff, 0, 0, 0x1d, 0x6b, 0x33, 0x43, 0xcf];
        let datagram = long(0x80, Version::NEGOTIATION, &versions);
        match parse_packet(&datagram, 8).unwrap().header {
            ProtectedHeader::VersionNegotiation { dcid, scid, versions } => {
                assert_eq!((dcid.len(), scid), (8, &[0x5c, 0x5c][..]));
                assert_eq!(versions.collect::<Vec<_>>(), [Version::DRAFT_29, Version::V2]);
            }
            other => unreachable!("{other:?}"),
        }
        for len in [0, 1, 3, 5, 7] {
            let datagram = long(0x80, Version::NEGOTIATION, &versions[..len]);
            assert_eq!(parse_packet(&datagram, 8), Err(HeaderError::VersionList));
        }
    }

    /// RFC 9001 appendix A.4; RFC 9369 appendix A.4.
    #[test]
    fn the_rfcs_retry_packets_parse() {
        let v1 = b"\xff\x00\x00\x00\x01\x00\x08\xf0\x67\xa5\x50\x2a\x42\x62\xb5token\x04\xa2\x65\
            \xba\x2e\xff\x4d\x82\x90\x58\xfb\x3f\x0f\x24\x96\xba";
        let v2 = b"\xcf\x6b\x33\x43\xcf\x00\x08\xf0\x67\xa5\x50\x2a\x42\x62\xb5token\xc8\x64\x6c\
            \xe8\xbf\xe3\x39\x52\xd9\x55\x54\x36\x65\xdc\xc7\xb6";
        for (datagram, version) in [(v1, Version::V1), (v2, Version::V2)] {
            let packet = parse_packet(datagram, 8).unwrap();
            let scid = ConnectionId::new(&[0xf0, 0x67, 0xa5, 0x50, 0x2a, 0x42, 0x62, 0xb5]);
            let header = ProtectedHeader::Retry {
                version,
                dcid: ConnectionId::EMPTY,
                scid: scid.unwrap(),
                token: b"token",
                tag: datagram.last_chunk().unwrap(),
            };
            assert_eq!(packet, ProtectedPacket { header, len: datagram.len() });
        }
    }

    /// RFC 9000 section 17.2.5.2.
    #[test]
    fn a_retry_without_a_token_is_refused() {
        let datagram = long(0xf0, Version::V1, &[0xee; 16]);
        assert_eq!(parse_packet(&datagram, 8), Err(HeaderError::EmptyRetryToken));
        let datagram = long(0xf0, Version::V1, &[0xee; 15]);
        assert_eq!(parse_packet(&datagram, 8), Err(HeaderError::Truncated));
    }

    #[test]
    fn no_bytes_at_all_are_no_packet() {
        assert_eq!(parse_packet(&[], 0), Err(HeaderError::Truncated));
        assert_eq!(parse_cids(&[], 0), Err(HeaderError::Truncated));
    }
    /// Offsets and lengths that are handed out lie within the datagram, whatever it holds.
    #[test]
    fn random_bytes_give_a_packet_within_them_or_an_error() {
        let mut state = 1_u64;
        let mut packets = 0;
        for round in 0..20_000_usize {
            let mut next = || {
                state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                (state >> 56) as u8
            };
            let mut bytes: Vec<u8> = (0..round % 90).map(|_| next() >> (round % 5)).collect();
            let version = Version::SUPPORTED[round % 3].0.to_be_bytes();
            if let Some(head) = bytes.first_chunk_mut::<5>().filter(|_| round % 2 == 0) {
                head[0] |= 0xc0;
                head[1..].copy_from_slice(&version);
            }
            let _ = parse_cids(&bytes, round % 21);
            let Ok(packet) = parse_packet(&bytes, round % 21) else { continue };
            packets += 1;
            assert!(packet.len <= bytes.len());
            if let ProtectedHeader::Long { pn_offset, .. }
            | ProtectedHeader::Short { pn_offset, .. } = packet.header
            {
                assert!(pn_offset + PROTECTED_MIN_LEN <= packet.len);
            }
        }
        assert!(packets > 1_000, "only {packets}");
    }
}
