//! Secrets of Initial packets.

use super::algorithm::{Algorithm, Digest};
use super::hkdf;
use super::secret::{wipe, Secret};
use crate::wire::Version;

/// The secrets both ends derive from the client's first destination connection ID
/// (RFC 9001 section 5.2).
pub struct InitialSecrets {
    /// Protects what the client sends.
    pub client: Secret,
    /// Protects what the server sends.
    pub server: Secret,
}

impl InitialSecrets {
    /// The secrets of a connection in `version` whose client first sent to `dcid`.
    pub fn new(version: Version, dcid: &[u8]) -> Self {
        let mut common = hkdf::extract(salt(version), dcid);
        let secrets =
            Self { client: expand(&common, b"client in"), server: expand(&common, b"server in") };
        wipe(&mut common);
        secrets
    }
}

/// The salt of `version`, with its length, as one of them contains a zero byte.
const fn salt(version: Version) -> &'static [u8; 20] {
    match version {
        // RFC 9369 section 3.3.1.
        Version::V2 => &[
            0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93, 0x81, 0xbe, 0x6e, 0x26,
            0x9d, 0xcb, 0xf9, 0xbd, 0x2e, 0xd9,
        ],
        // draft-ietf-quic-tls-29 section 5.2.
        Version::DRAFT_29 => &[
            0xaf, 0xbf, 0xec, 0x28, 0x99, 0x93, 0xd2, 0x4c, 0x9e, 0x97, 0x86, 0xf1, 0x9c, 0x61,
            0x11, 0xe0, 0x43, 0x90, 0xa8, 0x99,
        ],
        // RFC 9001 section 5.2.
        _ => &[
            0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17, 0x9a, 0xe6, 0xa4, 0xc8,
            0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a,
        ],
    }
}

fn expand(common: &[u8; 32], label: &[u8]) -> Secret {
    // RFC 9001 section 5.2: Initial packets use AEAD_AES_128_GCM and SHA-256.
    let mut secret = Secret::zeroed(Algorithm::Aes128Gcm);
    hkdf::expand_label(Digest::Sha256, common, label, secret.as_mut_slice());
    secret
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::testing::{hex, CLIENT_DCID};

    fn check(version: Version, client: &str, server: &str) {
        let secrets = InitialSecrets::new(version, &CLIENT_DCID);
        assert_eq!(secrets.client.as_slice(), hex(client));
        assert_eq!(secrets.server.as_slice(), hex(server));
    }

    #[test]
    fn initial_secrets_are_those_of_rfc_9001_appendix_a_1() {
        check(
            Version::V1,
            "c00cf151ca5be075ed0ebfb5c80323c42d6b7db67881289af4008f1f6c357aea",
            "3c199828fd139efd216c155ad844cc81fb82fa8d7446fa7d78be803acdda951b",
        );
    }

    /// The salt of version 2 contains a zero byte; its length is not up for guessing.
    #[test]
    fn initial_secrets_of_version_2_are_those_of_rfc_9369_appendix_a_1() {
        check(
            Version::V2,
            "14ec9d6eb9fd7af83bf5a668bc17a7e283766aade7ecd0891f70f9ff7f4bf47b",
            "0263db1782731bf4588e7e4d93b7463907cb8cd8200b5da55a8bd488eafc37c1",
        );
    }

    #[test]
    fn initial_secrets_of_draft_29_are_those_of_its_appendix_a_1() {
        check(
            Version::DRAFT_29,
            "0088119288f1d866733ceeed15ff9d50902cf82952eee27e9d4d4918ea371d87",
            "006f881359244dd9ad1acf85f595bad67c13f9f5586f5e64e1acae1d9ea8f616",
        );
    }

    #[test]
    fn the_common_secret_is_that_of_the_appendices() {
        let v1 = hex("7db5df06e7a69e432496adedb00851923595221596ae2ae9fb8115c1e9ed0a44");
        let v2 = hex("2062e8b3cd8d52092614b8071d0aa1fb7c2e3ac193f78b280e72d8f5751f6aba");
        assert_eq!(hkdf::extract(salt(Version::V1), &CLIENT_DCID).as_slice(), v1);
        assert_eq!(hkdf::extract(salt(Version::V2), &CLIENT_DCID).as_slice(), v2);
    }
}
