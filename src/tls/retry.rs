//! The integrity tag of Retry packets.

use super::algorithm::Algorithm;
use super::packet_key::{PacketKey, TAG_LEN};
use crate::wire::Version;

/// The tag that ends a Retry packet (RFC 9001 section 5.8). `retry` is the packet without the tag;
/// `original_dcid`, at most 20 bytes, is where the Initial went that it answers.
///
/// Everybody can compute it: it proves that the sender saw the Initial, and that no bit was lost.
pub fn retry_integrity_tag(version: Version, original_dcid: &[u8], retry: &[u8]) -> [u8; TAG_LEN] {
    let (key, nonce) = key_and_nonce(version);
    let mut pseudo = Vec::with_capacity(1 + original_dcid.len() + retry.len() + TAG_LEN);
    pseudo.push(original_dcid.len() as u8);
    pseudo.extend_from_slice(original_dcid);
    pseudo.extend_from_slice(retry);
    let header_len = pseudo.len();
    pseudo.resize(header_len + TAG_LEN, 0);
    let key = PacketKey::from_parts(Algorithm::Aes128Gcm, key, *nonce);
    // Path 0 and number 0 leave the nonce as it is.
    key.seal(0, 0, &mut pseudo, header_len);
    let mut tag = [0; TAG_LEN];
    tag.copy_from_slice(&pseudo[header_len..]);
    tag
}

const fn key_and_nonce(version: Version) -> (&'static [u8; 16], &'static [u8; 12]) {
    match version {
        // RFC 9369 section 3.3.3.
        Version::V2 => (
            &[
                0x8f, 0xb4, 0xb0, 0x1b, 0x56, 0xac, 0x48, 0xe2, 0x60, 0xfb, 0xcb, 0xce, 0xad, 0x7c,
                0xcc, 0x92,
            ],
            &[0xd8, 0x69, 0x69, 0xbc, 0x2d, 0x7c, 0x6d, 0x99, 0x90, 0xef, 0xb0, 0x4a],
        ),
        // draft-ietf-quic-tls-29 section 5.8.
        Version::DRAFT_29 => (
            &[
                0xcc, 0xce, 0x18, 0x7e, 0xd0, 0x9a, 0x09, 0xd0, 0x57, 0x28, 0x15, 0x5a, 0x6c, 0xb9,
                0x6b, 0xe1,
            ],
            &[0xe5, 0x49, 0x30, 0xf9, 0x7f, 0x21, 0x36, 0xf0, 0x53, 0x0a, 0x8c, 0x1c],
        ),
        // RFC 9001 section 5.8.
        _ => (
            &[
                0xbe, 0x0c, 0x69, 0x0b, 0x9f, 0x66, 0x57, 0x5a, 0x1d, 0x76, 0x6b, 0x54, 0xe3, 0x68,
                0xc8, 0x4e,
            ],
            &[0x46, 0x15, 0x99, 0xd3, 0x5d, 0x63, 0x2b, 0xf2, 0x23, 0x98, 0x25, 0xbb],
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::testing::{hex, CLIENT_DCID};

    fn check(version: Version, packet: &str) {
        let packet = hex(packet);
        let (retry, tag) = packet.split_at(packet.len() - TAG_LEN);
        assert_eq!(retry_integrity_tag(version, &CLIENT_DCID, retry), tag);
    }

    #[test]
    fn the_tag_is_that_of_rfc_9001_appendix_a_4() {
        check(
            Version::V1,
            "ff000000010008f067a5502a4262b5746f6b656e04a265ba2eff4d829058fb3f0f2496ba",
        );
    }

    #[test]
    fn the_tag_of_version_2_is_that_of_rfc_9369_appendix_a_4() {
        check(
            Version::V2,
            "cf6b3343cf0008f067a5502a4262b5746f6b656ec8646ce8bfe33952d955543665dcc7b6",
        );
    }

    #[test]
    fn the_tag_of_draft_29_is_that_of_its_appendix_a_4() {
        check(
            Version::DRAFT_29,
            "ffff00001d0008f067a5502a4262b5746f6b656ed16926d81f6f9ca2953a8aa4575e1e49",
        );
    }

    /// RFC 9001 section 5.8: the tag binds the connection ID of the Initial.
    #[test]
    fn another_original_connection_id_gives_another_tag() {
        let retry = hex("ff000000010008f067a5502a4262b5746f6b656e");
        let ours = retry_integrity_tag(Version::V1, &CLIENT_DCID, &retry);
        assert_ne!(retry_integrity_tag(Version::V1, &CLIENT_DCID[..7], &retry), ours);
        assert_ne!(retry_integrity_tag(Version::V2, &CLIENT_DCID, &retry), ours);
    }
}
