//! How a host chooses a certificate.

use crate::tls::testing::identity::{self, Identity, NAME};
use crate::tls::testing::pair::{
    client_context, client_options, server_context_with, server_options, End, Pair,
};
use crate::tls::testing::raw::RawIdentity;
use crate::tls::{ClientOptions, ServerOptions, ServerPolicy, TlsEvent, VerifyMode};

/// A pair whose server is about to be asked, run until it waits.
fn waiting(options: &ClientOptions<'_>) -> Pair {
    let server = server_context_with(identity::rsa(), |config| config);
    let policy = ServerPolicy { ask_for_certificate: true, ..ServerPolicy::default() };
    let asking = ServerOptions { policy, ..server_options() };
    let mut pair = Pair::new((&client_context(), options), (&server, &asking));
    pair.run();
    pair
}

fn question(end: &End) -> Option<(&[u8], Option<&[u8]>)> {
    end.events.iter().find_map(|event| match event {
        TlsEvent::CertificateWanted { server_name, alpn } => {
            Some((server_name.as_slice(), alpn.as_deref()))
        }
        _ => None,
    })
}

/// Installs what a host would hand over.
fn install(end: &mut End, identity: &Identity) {
    let raw = RawIdentity::new(identity);
    // SAFETY: the objects are of the types asked for and live for the call.
    let result =
        unsafe { end.session.use_certificate(raw.leaf.cast(), raw.chain.cast(), raw.key.cast()) };
    assert_eq!(result, Ok(()));
}

fn client() -> ClientOptions<'static> {
    let verify = VerifyMode::Application { allow_self_signed: true };
    ClientOptions { verify, ..client_options() }
}

/// The chain the client was shown, after the rest of the handshake.
fn finish(mut pair: Pair) -> Vec<Vec<u8>> {
    pair.server.session.certificate_chosen();
    pair.run();
    pair.client.session.certificate_verified(true);
    pair.run();
    assert!(pair.is_complete());
    let chain = pair.client.events.into_iter().find_map(|event| match event {
        TlsEvent::VerifyCertificate { chain } => Some(chain),
        _ => None,
    });
    chain.unwrap()
}

#[test]
fn the_host_is_asked_by_name_with_the_protocol_that_will_be_selected() {
    let mut pair = waiting(&client());
    assert_eq!(question(&pair.server), Some((NAME.as_bytes(), Some(b"h3".as_slice()))));
    assert!(pair.server.error.is_none() && pair.server.session.alpn().is_none());
    // It goes on waiting, and asks once.
    assert!(pair.server.advance().is_empty());
    let asked = |event: &TlsEvent| matches!(event, TlsEvent::CertificateWanted { .. });
    assert_eq!(pair.server.count(asked), 1);
}

#[test]
fn the_configured_certificate_stays_if_the_host_names_none() {
    let pair = waiting(&client());
    assert_eq!(finish(pair), [identity::rsa().certificate.to_der().unwrap()]);
}

/// RFC 8446 section 4.4.2: the leaf comes first. It is of another kind than the configured one.
#[test]
fn a_certificate_of_another_kind_is_served_leaf_before_chain() {
    let mut pair = waiting(&client());
    let issued = identity::issued();
    install(&mut pair.server, issued);
    let expected = [&issued.certificate, &issued.chain[0]].map(|x509| x509.to_der().unwrap());
    assert_eq!(finish(pair), expected);
}

#[test]
fn without_a_server_name_the_host_is_not_asked() {
    let mut options = client_options();
    options.server_name = None;
    let pair = waiting(&options);
    assert!(pair.is_complete() && question(&pair.server).is_none());
}

#[test]
fn a_session_that_was_not_told_to_does_not_ask() {
    let server = server_context_with(identity::rsa(), |config| config);
    let mut pair = Pair::plain(&client_context(), &server);
    assert!(pair.run().is_complete() && question(&pair.server).is_none());
}

#[test]
fn a_key_of_another_certificate_is_refused() {
    let mut pair = waiting(&client());
    let (ours, other) = (RawIdentity::new(identity::ecdsa()), RawIdentity::new(identity::rsa()));
    // SAFETY: the objects are of the types asked for and live for the call.
    let result = unsafe {
        let chain = std::ptr::null_mut();
        pair.server.session.use_certificate(ours.leaf.cast(), chain, other.key.cast())
    };
    assert!(result.is_err());
}
