//! Servers that ask their clients for a certificate.

use crate::tls::testing::identity::{self, Files, Identity};
use crate::tls::testing::pair::{
    client_context, client_options, server_context, server_options, End, Pair,
};
use crate::tls::{ClientAuth, ClientOptions, Context, ServerOptions, ServerPolicy, TlsEvent};

fn asking(client_auth: ClientAuth) -> ServerOptions<'static> {
    let policy = ServerPolicy { client_auth, ..ServerPolicy::default() };
    ServerOptions { policy, ..server_options() }
}

fn client_with(identity: &Identity) -> Context {
    let files = Files::new(identity);
    let mut context = client_context();
    context.set_certificate(&files.certificate(), &files.key()).unwrap();
    context
}

fn shown(end: &End) -> Option<usize> {
    end.events.iter().find_map(|event| match event {
        TlsEvent::VerifyCertificate { chain } => Some(chain.len()),
        _ => None,
    })
}

fn connect(client: &Context, auth: ClientAuth) -> Pair {
    let mut pair = Pair::new((client, &client_options()), (&server_context(), &asking(auth)));
    pair.run();
    pair
}

#[test]
fn a_certificate_that_is_asked_for_is_shown_whole_and_waits_for_the_application() {
    for auth in [ClientAuth::Optional, ClientAuth::Required] {
        let mut pair = connect(&client_with(identity::issued()), auth);
        assert_eq!(shown(&pair.server), Some(2));
        assert!(!pair.server.session.is_handshake_complete());
        pair.server.session.certificate_verified(true);
        pair.run();
        assert!(pair.is_complete());
    }
}

#[test]
fn nobody_is_asked_unless_the_host_wants_it() {
    let pair = connect(&client_with(identity::ecdsa()), ClientAuth::None);
    assert!(pair.is_complete());
    assert_eq!(shown(&pair.server), None);
}

#[test]
fn a_certificate_that_the_application_refuses_ends_the_handshake() {
    let mut pair = connect(&client_with(identity::ecdsa()), ClientAuth::Optional);
    pair.server.session.certificate_verified(false);
    pair.run();
    // unknown_ca.
    assert_eq!(pair.server.error.unwrap().code.0, 0x130);
}

#[test]
fn a_client_without_a_certificate_passes_where_it_is_optional() {
    let pair = connect(&client_context(), ClientAuth::Optional);
    assert!(pair.is_complete());
    assert_eq!(shown(&pair.server), None);
}

/// RFC 8446 section 4.4.2.4: certificate_required.
#[test]
fn a_client_without_a_certificate_fails_where_it_is_required() {
    let pair = connect(&client_context(), ClientAuth::Required);
    assert_eq!(pair.server.error.unwrap().code.0, 0x174);
    assert!(!pair.server.session.is_handshake_complete());
}

#[test]
fn an_expired_certificate_never_reaches_the_application() {
    let pair = connect(&client_with(&identity::expired()), ClientAuth::Optional);
    assert_eq!(shown(&pair.server), None);
    // certificate_expired.
    assert_eq!(pair.server.error.unwrap().code.0, 0x12d);
}

/// A session from a time when nobody was asked must not stand in for a certificate.
#[test]
fn a_session_is_resumed_only_where_as_much_is_asked_as_when_it_began() {
    let server = server_context();
    let client = client_context();
    let mut first = Pair::new((&client, &client_options()), (&server, &server_options()));
    assert!(first.run().is_complete());
    let resumption = first.client.ticket();
    for auth in [ClientAuth::None, ClientAuth::Optional, ClientAuth::Required] {
        let options = ClientOptions { resumption, ..client_options() };
        let mut pair = Pair::new((&client, &options), (&server, &asking(auth)));
        pair.run();
        assert_eq!(pair.server.session.is_resumed(), auth == ClientAuth::None);
        assert_eq!(pair.server.error.is_none(), auth != ClientAuth::Required);
    }
}

#[test]
fn a_session_with_a_certificate_is_resumed_without_another_question() {
    let (server, client) = (server_context(), client_with(identity::ecdsa()));
    let required = asking(ClientAuth::Required);
    let mut first = Pair::new((&client, &client_options()), (&server, &required));
    first.run();
    first.server.session.certificate_verified(true);
    assert!(first.run().is_complete());
    let options = ClientOptions { resumption: first.client.ticket(), ..client_options() };
    let mut pair = Pair::new((&client, &options), (&server, &required));
    assert!(pair.run().is_complete());
    assert!(pair.server.session.is_resumed());
    assert_eq!(shown(&pair.server), None);
}

#[test]
fn files_that_cannot_be_used_are_an_error() {
    let (one, other) = (Files::new(identity::ecdsa()), Files::new(identity::rsa()));
    let mut context = client_context();
    assert!(context.set_certificate("/nowhere", &one.key()).is_err());
    assert!(context.set_certificate(&one.certificate(), "/nowhere").is_err());
    assert!(context.set_certificate(&one.certificate(), &other.key()).is_err());
}
