//! What is wrong with a configuration, in words.

use std::fs;

use crate::tls::testing::identity::{self, Files};
use crate::tls::testing::pair::{client_context, client_options};
use crate::tls::{ClientOptions, Context, ContextConfig, ContextError, Session};
use crate::wire::Role;

fn server(certificate: Option<&str>, key: Option<&str>) -> Option<ContextError> {
    let mut config = ContextConfig::new(Role::Server);
    config.certificate_file = certificate;
    config.private_key_file = key;
    Context::new(&config).err()
}

#[test]
fn a_server_needs_certificate_and_key() {
    let files = Files::new(identity::ecdsa());
    let (certificate, key) = (files.certificate(), files.key());
    assert_eq!(server(Some(&certificate), Some(&key)), None);
    assert_eq!(server(None, Some(&key)), Some(ContextError::NoCertificateFile));
    assert_eq!(server(Some(""), Some(&key)), Some(ContextError::NoCertificateFile));
    assert_eq!(server(Some(&certificate), None), Some(ContextError::NoPrivateKeyFile));
    // A client needs neither.
    assert!(Context::new(&ContextConfig::new(Role::Client)).is_ok());
}

#[test]
fn a_missing_file_is_named_with_the_reason() {
    let files = Files::new(identity::ecdsa());
    let missing = Files::empty();
    let error = server(Some(&missing.certificate()), Some(&files.key())).unwrap();
    let ContextError::Certificate { path, reason } = &error else { panic!("{error:?}") };
    assert_eq!(*path, missing.certificate());
    assert!(reason.to_lowercase().contains("no such file"), "{reason}");
    assert!(error.to_string().contains(path));
    let error = server(Some(&files.certificate()), Some(&missing.key())).unwrap();
    assert!(matches!(error, ContextError::PrivateKey { path, .. } if path == missing.key()));
}

#[test]
fn a_file_that_is_no_pem_is_named_with_the_reason() {
    let files = Files::new(identity::ecdsa());
    fs::write(files.key(), b"nothing of the kind").unwrap();
    let error = server(Some(&files.certificate()), Some(&files.key())).unwrap();
    let ContextError::PrivateKey { reason, .. } = &error else { panic!("{error:?}") };
    assert!(reason.contains("NO_START_LINE"), "{reason}");
    fs::write(files.certificate(), b"").unwrap();
    let error = server(Some(&files.certificate()), Some(&files.key())).unwrap();
    assert!(matches!(error, ContextError::Certificate { .. }));
}

#[test]
fn a_key_of_another_certificate_is_a_mismatch() {
    let (ours, rsa) = (Files::new(identity::ecdsa()), Files::new(identity::rsa()));
    let other = Files::new(identity::issued());
    for key in [rsa.key(), other.key()] {
        assert_eq!(server(Some(&ours.certificate()), Some(&key)), Some(ContextError::KeyMismatch));
    }
}

#[test]
fn a_ticket_key_of_another_length_is_refused() {
    let files = Files::new(identity::ecdsa());
    let (certificate, key) = (files.certificate(), files.key());
    let mut config = ContextConfig::new(Role::Server);
    config.certificate_file = Some(&certificate);
    config.private_key_file = Some(&key);
    config.session_ticket_key = Some(&[7; 47]);
    assert_eq!(Context::new(&config).err(), Some(ContextError::TicketKeyLength(47)));
    config.session_ticket_key = Some(&[7; 80]);
    assert!(Context::new(&config).is_ok());
}

#[test]
fn lists_have_to_name_something_that_is_known() {
    let client = |ciphers, groups| {
        let config = ContextConfig { ciphers, groups, ..ContextConfig::new(Role::Client) };
        Context::new(&config).err()
    };
    assert_eq!(client(Some(""), Some("")), None);
    assert_eq!(client(Some("TLS_AES_128_GCM_SHA256:TLS_AES_128_GCM_SHA256"), None), None);
    assert_eq!(client(None, Some("X25519:P-256")), None);
    let error = client(Some("ECDHE-RSA-AES128-GCM-SHA256"), None);
    assert_eq!(error, Some(ContextError::Ciphers("ECDHE-RSA-AES128-GCM-SHA256".into())));
    assert_eq!(client(None, Some("P-257")), Some(ContextError::Groups("P-257".into())));
}

#[test]
fn protocols_and_names_have_to_be_sendable() {
    let mut context = client_context();
    assert_eq!(context.set_alpn(&[b"h3", b""]), Err(ContextError::Alpn));
    assert_eq!(context.set_alpn(&[&[b'x'; 256]]), Err(ContextError::Alpn));
    assert_eq!(context.set_alpn(&[&[b'x'; 255]]), Ok(()));

    let client = |options| Session::client(&client_context(), &options).err();
    let options = client_options();
    assert_eq!(client(ClientOptions { alpn: b"", ..options }), Some(ContextError::Alpn));
    let zero = ClientOptions { server_name: Some("a\0b"), ..options };
    assert_eq!(client(zero), Some(ContextError::ServerName));
    let groups = ClientOptions { groups: Some("none"), ..options };
    assert_eq!(client(groups), Some(ContextError::Groups("none".into())));
    assert_eq!(client(ClientOptions { server_name: None, ..options }), None);
}
