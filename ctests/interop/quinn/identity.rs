//! The server's certificate, made when the tests run.

use std::path::PathBuf;
use std::sync::OnceLock;

use boring::asn1::Asn1Time;
use boring::bn::BigNum;
use boring::ec::{EcGroup, EcKey};
use boring::hash::MessageDigest;
use boring::nid::Nid;
use boring::pkey::PKey;
use boring::x509::extension::SubjectAlternativeName;
use boring::x509::{X509Builder, X509Name};

/// The name in the certificate.
pub const NAME: &str = "server.example";

/// A certificate that signs itself, with its key.
pub struct Identity {
    pub certificate_der: Vec<u8>,
    pub key_der: Vec<u8>,
    /// Files with both in PEM.
    pub certificate_file: PathBuf,
    pub key_file: PathBuf,
}

/// The certificate of most tests.
pub fn identity() -> &'static Identity {
    static IDENTITY: OnceLock<Identity> = OnceLock::new();
    IDENTITY.get_or_init(|| make("small", 1))
}

/// A certificate with so many names that it fills several datagrams.
pub fn large_identity() -> &'static Identity {
    static IDENTITY: OnceLock<Identity> = OnceLock::new();
    IDENTITY.get_or_init(|| make("large", 300))
}

fn make(label: &str, names: usize) -> Identity {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    let key = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
    let mut name = X509Name::builder().unwrap();
    name.append_entry_by_text("CN", NAME).unwrap();
    let name = name.build();
    let mut builder = X509Builder::new().unwrap();
    builder.set_version(2).unwrap();
    builder.set_serial_number(&BigNum::from_u32(1).unwrap().to_asn1_integer().unwrap()).unwrap();
    builder.set_subject_name(&name).unwrap();
    builder.set_issuer_name(&name).unwrap();
    builder.set_pubkey(&key).unwrap();
    builder.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
    builder.set_not_after(&Asn1Time::days_from_now(2).unwrap()).unwrap();
    let mut extension = SubjectAlternativeName::new();
    extension.dns(NAME);
    for index in 1..names {
        extension.dns(&format!("{index}.{NAME}"));
    }
    let extension = extension.build(&builder.x509v3_context(None, None)).unwrap();
    builder.append_extension(&extension).unwrap();
    builder.sign(&key, MessageDigest::sha256()).unwrap();
    let certificate = builder.build();

    let directory = std::env::temp_dir().join(format!("xquic-interop-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let certificate_file = directory.join(format!("{label}.crt"));
    let key_file = directory.join(format!("{label}.key"));
    std::fs::write(&certificate_file, certificate.to_pem().unwrap()).unwrap();
    std::fs::write(&key_file, key.private_key_to_pem_pkcs8().unwrap()).unwrap();
    Identity {
        certificate_der: certificate.to_der().unwrap(),
        key_der: key.private_key_to_der_pkcs8().unwrap(),
        certificate_file,
        key_file,
    }
}
