//! How a client judges the server's certificate.

use boring_sys as ffi;

use crate::tls::testing::identity::{self, Identity, ADDRESS, NAME};
use crate::tls::testing::pair::{
    client_context, client_options, server_context_with, server_options, Pair,
};
use crate::tls::testing::raw::RawIdentity;
use crate::tls::{ClientOptions, Context, ContextError, Session, TlsEvent, VerifyMode};

const STRICT: VerifyMode = VerifyMode::Builtin { allow_self_signed: false };
const LAX: VerifyMode = VerifyMode::Builtin { allow_self_signed: true };
const ASK: VerifyMode = VerifyMode::Application { allow_self_signed: false };
const ASK_LAX: VerifyMode = VerifyMode::Application { allow_self_signed: true };

const UNKNOWN_CA: u64 = 0x130;

fn handshake(client: &Context, identity: &Identity, verify: VerifyMode, name: &str) -> Pair {
    let server = server_context_with(identity, |config| config);
    let options = ClientOptions { verify, server_name: Some(name), ..client_options() };
    let mut pair = Pair::new((client, &options), (&server, &server_options()));
    pair.run();
    pair
}

fn chain(pair: &Pair) -> Option<&[Vec<u8>]> {
    pair.client.events.iter().find_map(|event| match event {
        TlsEvent::VerifyCertificate { chain } => Some(chain.as_slice()),
        _ => None,
    })
}

#[test]
fn the_builtin_verification_refuses_a_self_signed_certificate() {
    let pair = handshake(&client_context(), identity::rsa(), STRICT, NAME);
    assert_eq!(pair.client.code(), Some(UNKNOWN_CA));
    assert!(!pair.client.session.is_handshake_complete());
    assert!(chain(&pair).is_none());
}

#[test]
fn a_self_signed_certificate_passes_where_allowed_if_the_name_is_right() {
    let client = client_context();
    assert!(handshake(&client, identity::rsa(), LAX, NAME).is_complete());
    assert!(handshake(&client, identity::rsa(), LAX, ADDRESS).is_complete());
    for name in ["other.example", "192.0.2.8"] {
        let pair = handshake(&client, identity::rsa(), LAX, name);
        assert!(pair.client.code().is_some_and(|code| code & !0xff == 0x100));
    }
}

#[test]
fn a_known_authority_is_trusted() {
    let issued = identity::issued();
    let client = client_context();
    assert_eq!(handshake(&client, issued, STRICT, NAME).client.code(), Some(UNKNOWN_CA));
    let raw = RawIdentity::new(issued);
    // SAFETY: the store belongs to the context, which nobody else uses; it takes a reference.
    unsafe {
        let store = ffi::SSL_CTX_get_cert_store(client.ssl.as_ptr());
        assert_eq!(ffi::X509_STORE_add_cert(store, raw.issuer()), 1);
    }
    assert!(handshake(&client, issued, STRICT, NAME).is_complete());
    assert!(!handshake(&client, issued, STRICT, "other.example").is_complete());
}

#[test]
fn no_verification_takes_any_certificate() {
    let pair = handshake(&client_context(), identity::rsa(), VerifyMode::None, "other.example");
    assert!(pair.is_complete());
}

#[test]
fn the_handshake_waits_for_the_application_and_goes_on_when_it_trusts() {
    let mut pair = handshake(&client_context(), identity::rsa(), ASK_LAX, NAME);
    let expected = [identity::rsa().certificate.to_der().unwrap()];
    assert_eq!(chain(&pair), Some(expected.as_slice()));
    assert!(pair.client.error.is_none() && !pair.client.session.is_handshake_complete());
    // Asking again does not help.
    assert!(pair.client.advance().is_empty());
    let asked = |event: &TlsEvent| matches!(event, TlsEvent::VerifyCertificate { .. });
    assert_eq!(pair.client.count(asked), 1);

    pair.client.session.certificate_verified(true);
    pair.run();
    assert!(pair.is_complete());
    assert_eq!(pair.client.count(asked), 1);
}

#[test]
fn the_handshake_fails_when_the_application_refuses() {
    let mut pair = handshake(&client_context(), identity::rsa(), ASK_LAX, NAME);
    pair.client.session.certificate_verified(false);
    // A second answer comes too late.
    pair.client.session.certificate_verified(true);
    pair.run();
    assert_eq!(pair.client.code(), Some(UNKNOWN_CA));
}

#[test]
fn an_answer_before_the_question_counts_for_nothing() {
    let server = server_context_with(identity::rsa(), |config| config);
    let options = ClientOptions { verify: ASK_LAX, ..client_options() };
    let mut pair = Pair::new((&client_context(), &options), (&server, &server_options()));
    pair.client.session.certificate_verified(true);
    pair.run();
    assert!(!pair.client.session.is_handshake_complete() && chain(&pair).is_some());
}

#[test]
fn the_application_is_not_asked_about_what_is_wrong_anyway() {
    let pair = handshake(&client_context(), identity::rsa(), ASK, NAME);
    assert_eq!((pair.client.code(), chain(&pair)), (Some(UNKNOWN_CA), None));
    let pair = handshake(&client_context(), identity::rsa(), ASK_LAX, "other.example");
    assert!(pair.client.error.is_some() && chain(&pair).is_none());
}

#[test]
fn the_application_sees_the_leaf_before_its_issuer() {
    let issued = identity::issued();
    let pair = handshake(&client_context(), issued, ASK_LAX, NAME);
    let expected = [&issued.certificate, &issued.chain[0]].map(|x509| x509.to_der().unwrap());
    assert_eq!(chain(&pair), Some(expected.as_slice()));
}

#[test]
fn verification_without_a_name_is_refused_from_the_start() {
    for server_name in [None, Some("")] {
        let options = ClientOptions { verify: STRICT, server_name, ..client_options() };
        let error = Session::client(&client_context(), &options).err();
        assert_eq!(error, Some(ContextError::NoServerName));
    }
}
