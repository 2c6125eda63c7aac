//! The server's certificate.

use std::path::PathBuf;
use std::sync::OnceLock;

use boring::asn1::Asn1Time;
use boring::ec::{EcGroup, EcKey};
use boring::hash::MessageDigest;
use boring::nid::Nid;
use boring::pkey::PKey;
use boring::x509::X509Builder;

/// The files with certificate and key, in PEM.
pub fn files() -> &'static (PathBuf, PathBuf) {
    static FILES: OnceLock<(PathBuf, PathBuf)> = OnceLock::new();
    FILES.get_or_init(|| {
        let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
        let key = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
        let mut builder = X509Builder::new().unwrap();
        builder.set_version(2).unwrap();
        builder.set_pubkey(&key).unwrap();
        builder.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
        builder.set_not_after(&Asn1Time::days_from_now(2).unwrap()).unwrap();
        builder.sign(&key, MessageDigest::sha256()).unwrap();
        let directory = std::env::temp_dir().join(format!("xquic-fuzz-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let files = (directory.join("server.crt"), directory.join("server.key"));
        std::fs::write(&files.0, builder.build().to_pem().unwrap()).unwrap();
        std::fs::write(&files.1, key.private_key_to_pem_pkcs8().unwrap()).unwrap();
        files
    })
}
