//! Header protection (RFC 9001 section 5.4.1).

use super::header_key::{HeaderKey, SAMPLE_LEN};

/// Where the sample starts, counted from the packet number: as if that had its full four bytes.
const SAMPLE_OFFSET: usize = 4;

/// The form bit: set in long headers.
const LONG_HEADER: u8 = 0x80;

/// What header protection hid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnprotectedHeader {
    /// The first byte in clear.
    pub first_byte: u8,
    /// Bytes of packet number on the wire, 1 to 4.
    pub pn_len: usize,
    /// The packet number as it stands on the wire, yet to be expanded.
    pub truncated_pn: u32,
}

/// The packet is too short for a sample (RFC 9001 section 5.4.2); it is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooShort;

/// Protects the header of a sealed `packet` whose packet number starts at `pn_offset`.
///
/// # Panics
///
/// If the packet has no sample: whoever builds packets pads them far enough.
#[inline]
pub fn protect_header(packet: &mut [u8], pn_offset: usize, key: &HeaderKey) {
    let mask = sample(packet, pn_offset).map(|sample| key.mask(sample));
    let (Some(mask), true) = (mask, pn_offset > 0) else {
        unreachable!("a packet is padded until it has a sample")
    };
    let pn_len = pn_len(packet[0]);
    packet[0] ^= mask[0] & hidden_bits(packet[0]);
    for (byte, mask) in packet[pn_offset..pn_offset + pn_len].iter_mut().zip(&mask[1..]) {
        *byte ^= mask;
    }
}

/// Removes the protection from the header of `packet` in place, of which the packet number starts
/// at `pn_offset`. Nothing is authenticated yet.
///
/// The last 16 bytes stay untouched, so that a stateless reset can still be told by its token.
///
/// # Errors
///
/// If the packet ends before the sample does; it is then unchanged.
#[inline]
pub fn unprotect_header(
    packet: &mut [u8],
    pn_offset: usize,
    key: &HeaderKey,
) -> Result<UnprotectedHeader, TooShort> {
    let mask = key.mask(sample(packet, pn_offset).ok_or(TooShort)?);
    let first = packet.first_mut().ok_or(TooShort)?;
    *first ^= mask[0] & hidden_bits(*first);
    let first_byte = *first;
    let pn_len = pn_len(first_byte);
    let number = packet.get_mut(pn_offset..pn_offset + pn_len).ok_or(TooShort)?;
    let mut truncated_pn = 0;
    for (byte, mask) in number.iter_mut().zip(&mask[1..]) {
        *byte ^= mask;
        truncated_pn = truncated_pn << 8 | u32::from(*byte);
    }
    Ok(UnprotectedHeader { first_byte, pn_len, truncated_pn })
}

#[inline]
fn sample(packet: &[u8], pn_offset: usize) -> Option<&[u8; SAMPLE_LEN]> {
    packet.get(pn_offset.checked_add(SAMPLE_OFFSET)?..)?.first_chunk()
}

/// RFC 9001 section 5.4.1: four bits of a long header, five of a short one. The form bit is never
/// hidden.
#[inline]
const fn hidden_bits(first_byte: u8) -> u8 {
    if first_byte & LONG_HEADER == 0 {
        0x1f
    } else {
        0x0f
    }
}

#[inline]
const fn pn_len(first_byte: u8) -> usize {
    (first_byte & 0x03) as usize + 1
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::tls::algorithm::Algorithm;
    use crate::tls::initial::InitialSecrets;
    use crate::tls::packet_key::{PacketKey, TAG_LEN};
    use crate::tls::secret::Secret;
    use crate::tls::testing::vectors::{self, Vector};
    use crate::tls::testing::{hex, CLIENT_DCID};
    use crate::wire::Version;

    /// Protects the plain packet and compares; removes the protection again and compares.
    fn check(vector: &Vector, secret: &Secret) {
        let packet_key = PacketKey::new(secret, vector.version);
        let header_key = HeaderKey::new(secret, vector.version);
        let header = hex(vector.header);
        let mut payload = hex(vector.payload);
        payload.resize(vector.payload_len, 0);
        let pn_offset = header.len() - vector.pn_len;

        let mut packet = [header.as_slice(), &payload, &[0; TAG_LEN]].concat();
        packet_key.seal(0, vector.number, &mut packet, header.len());
        protect_header(&mut packet, pn_offset, &header_key);
        assert_eq!(packet, hex(vector.packet));

        let unprotected = unprotect_header(&mut packet, pn_offset, &header_key).unwrap();
        assert_eq!(unprotected.first_byte, header[0]);
        assert_eq!(unprotected.pn_len, vector.pn_len);
        let mask = u64::MAX >> (64 - 8 * vector.pn_len);
        assert_eq!(u64::from(unprotected.truncated_pn), vector.number & mask);
        let (head, sealed) = packet.split_at(header.len());
        assert_eq!(head, header);
        let mut out = vec![0; payload.len()];
        assert_eq!(packet_key.open(0, vector.number, head, sealed, &mut out), Ok(payload.len()));
        assert_eq!(out, payload);
    }

    #[test]
    fn the_client_initial_is_that_of_rfc_9001_appendix_a_2() {
        let secrets = InitialSecrets::new(Version::V1, &CLIENT_DCID);
        check(&vectors::CLIENT_INITIAL_V1, &secrets.client);
    }

    #[test]
    fn the_server_initial_is_that_of_rfc_9001_appendix_a_3() {
        let secrets = InitialSecrets::new(Version::V1, &CLIENT_DCID);
        check(&vectors::SERVER_INITIAL_V1, &secrets.server);
    }

    #[test]
    fn the_client_initial_of_version_2_is_that_of_rfc_9369_appendix_a_2() {
        let secrets = InitialSecrets::new(Version::V2, &CLIENT_DCID);
        check(&vectors::CLIENT_INITIAL_V2, &secrets.client);
    }

    #[test]
    fn the_server_initial_of_version_2_is_that_of_rfc_9369_appendix_a_3() {
        let secrets = InitialSecrets::new(Version::V2, &CLIENT_DCID);
        check(&vectors::SERVER_INITIAL_V2, &secrets.server);
    }

    #[test]
    fn the_short_header_packets_are_those_of_the_appendices_a_5() {
        let secret = hex("9ac312a7f877468ebe69422748ad00a15443f18203a07d6060f688f30f21632b");
        let secret = Secret::new(Algorithm::ChaCha20Poly1305, &secret).unwrap();
        check(&vectors::SHORT_V1, &secret);
        check(&vectors::SHORT_V2, &secret);
    }

    /// RFC 9001 section 5.4.2: a packet that ends before its sample is dropped.
    #[test]
    fn a_packet_without_a_whole_sample_is_refused_untouched() {
        let secrets = InitialSecrets::new(Version::V1, &CLIENT_DCID);
        let key = HeaderKey::new(&secrets.client, Version::V1);
        for len in 0..1 + SAMPLE_OFFSET + SAMPLE_LEN {
            let mut packet = vec![0x40; len];
            assert_eq!(unprotect_header(&mut packet, 1, &key), Err(TooShort));
            assert_eq!(packet, vec![0x40; len]);
        }
        let mut packet = [0x40; 1 + SAMPLE_OFFSET + SAMPLE_LEN];
        assert!(unprotect_header(&mut packet, 1, &key).is_ok());
        assert!(unprotect_header(&mut packet, usize::MAX, &key).is_err());
    }

    /// RFC 9000 section 10.3: the token is the last 16 bytes of the datagram.
    #[test]
    fn the_last_sixteen_bytes_survive_for_the_stateless_reset_test() {
        let secrets = InitialSecrets::new(Version::V1, &CLIENT_DCID);
        let key = HeaderKey::new(&secrets.client, Version::V1);
        let mut packet: Vec<u8> = (0x40..0x40 + 21).collect();
        let before = packet.clone();
        unprotect_header(&mut packet, 1, &key).unwrap();
        assert_ne!(packet, before);
        assert_eq!(packet[5..], before[5..]);
    }
}
