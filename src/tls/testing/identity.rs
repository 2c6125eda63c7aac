//! Certificates, made when a test runs.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::OnceLock;

use boring::asn1::Asn1Time;
use boring::bn::BigNum;
use boring::ec::{EcGroup, EcKey};
use boring::hash::MessageDigest;
use boring::nid::Nid;
use boring::pkey::{PKey, Private};
use boring::rsa::Rsa;
use boring::x509::extension::{BasicConstraints, SubjectAlternativeName};
use boring::x509::{X509Builder, X509Name, X509};

/// A certificate with its key, and the chain that goes with it.
pub(in crate::tls) struct Identity {
    pub(in crate::tls) certificate: X509,
    pub(in crate::tls) key: PKey<Private>,
    pub(in crate::tls) chain: Vec<X509>,
}

/// The name in every certificate.
pub(in crate::tls) const NAME: &str = "server.example";

/// The address in every certificate.
pub(in crate::tls) const ADDRESS: &str = "192.0.2.7";

/// A certificate with an RSA key of 2048 bits that signs itself.
pub(in crate::tls) fn rsa() -> &'static Identity {
    static RSA: OnceLock<Identity> = OnceLock::new();
    RSA.get_or_init(|| self_signed(PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap()))
}

/// A certificate with an ECDSA key that signs itself.
pub(in crate::tls) fn ecdsa() -> &'static Identity {
    static ECDSA: OnceLock<Identity> = OnceLock::new();
    ECDSA.get_or_init(|| self_signed(ec_key()))
}

/// A certificate that signs itself and whose time is over.
pub(in crate::tls) fn expired() -> Identity {
    let key = ec_key();
    let mut builder = builder(&name(NAME), &name(NAME), &key);
    builder.set_not_before(&Asn1Time::from_unix(1_000_000_000).unwrap()).unwrap();
    builder.set_not_after(&Asn1Time::from_unix(1_000_000_001).unwrap()).unwrap();
    builder.sign(&key, MessageDigest::sha256()).unwrap();
    Identity { certificate: builder.build(), key, chain: Vec::new() }
}

/// A certificate with an ECDSA key, signed by an authority that follows it in the chain.
pub(in crate::tls) fn issued() -> &'static Identity {
    static ISSUED: OnceLock<Identity> = OnceLock::new();
    ISSUED.get_or_init(|| {
        let authority_key = ec_key();
        let authority_name = name("authority.example");
        let mut authority = builder(&authority_name, &authority_name, &authority_key);
        let constraints = BasicConstraints::new().critical().ca().build().unwrap();
        authority.append_extension(&constraints).unwrap();
        authority.sign(&authority_key, MessageDigest::sha256()).unwrap();
        let key = ec_key();
        let mut leaf = builder(&name(NAME), &authority_name, &key);
        append_names(&mut leaf);
        leaf.sign(&authority_key, MessageDigest::sha256()).unwrap();
        Identity { certificate: leaf.build(), key, chain: vec![authority.build()] }
    })
}

fn ec_key() -> PKey<Private> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap()
}

fn self_signed(key: PKey<Private>) -> Identity {
    let mut builder = builder(&name(NAME), &name(NAME), &key);
    append_names(&mut builder);
    builder.sign(&key, MessageDigest::sha256()).unwrap();
    Identity { certificate: builder.build(), key, chain: Vec::new() }
}

fn name(common: &str) -> X509Name {
    let mut builder = X509Name::builder().unwrap();
    builder.append_entry_by_nid(Nid::COMMONNAME, common).unwrap();
    builder.build()
}

fn builder(subject: &X509Name, issuer: &X509Name, key: &PKey<Private>) -> X509Builder {
    let mut builder = X509::builder().unwrap();
    builder.set_version(2).unwrap();
    let serial = BigNum::from_u32(1).unwrap().to_asn1_integer().unwrap();
    builder.set_serial_number(&serial).unwrap();
    builder.set_subject_name(subject).unwrap();
    builder.set_issuer_name(issuer).unwrap();
    builder.set_pubkey(key).unwrap();
    builder.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
    builder.set_not_after(&Asn1Time::days_from_now(7).unwrap()).unwrap();
    builder
}

fn append_names(builder: &mut X509Builder) {
    let names = {
        let context = builder.x509v3_context(None, None);
        SubjectAlternativeName::new().dns(NAME).ip(ADDRESS).build(&context).unwrap()
    };
    builder.append_extension(&names).unwrap();
}

/// Files of an identity, gone when dropped.
pub(in crate::tls) struct Files {
    directory: PathBuf,
}

impl Files {
    /// Writes `identity` in PEM, its chain behind the certificate.
    pub(in crate::tls) fn new(identity: &Identity) -> Self {
        let files = Self::empty();
        let mut pem = identity.certificate.to_pem().unwrap();
        for issuer in &identity.chain {
            pem.extend(issuer.to_pem().unwrap());
        }
        fs::write(files.certificate(), pem).unwrap();
        fs::write(files.key(), identity.key.private_key_to_pem_pkcs8().unwrap()).unwrap();
        files
    }

    /// A directory without files.
    pub(in crate::tls) fn empty() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("xquic-tls-{}-{count}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        fs::create_dir_all(&directory).unwrap();
        Self { directory }
    }

    pub(in crate::tls) fn certificate(&self) -> String {
        path(&self.directory, "certificate.pem")
    }

    pub(in crate::tls) fn key(&self) -> String {
        path(&self.directory, "key.pem")
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.directory);
    }
}

fn path(directory: &Path, name: &str) -> String {
    directory.join(name).to_str().unwrap().to_owned()
}
