//! Resumed sessions and 0-RTT.

use crate::tls::testing::identity;
use crate::tls::testing::pair::{
    client_context, client_options, server_context, server_context_with, server_options, Pair,
};
use crate::tls::{
    ClientAuth, ClientOptions, Context, ContextConfig, Level, ServerOptions, ServerPolicy, TlsEvent,
};
use crate::wire::Version;

const EARLY: ServerOptions<'static> = ServerOptions {
    transport_parameters: b"of the server",
    early_data: Some(b"xquic"),
    policy: ServerPolicy {
        ask_for_certificate: false,
        client_auth: ClientAuth::None,
        refuse_early_data: false,
        refuse_no_crypto: false,
    },
    ask_for_version: false,
    version: Version::V1,
};

/// A handshake of `client` with `server`, and the ticket it gave.
fn ticket(client: &Context, server: &Context, options: &ServerOptions<'_>) -> Vec<u8> {
    let mut pair = Pair::new((client, &client_options()), (server, options));
    assert!(pair.run().is_complete() && !pair.client.session.is_resumed());
    pair.client.ticket().unwrap().to_vec()
}

fn resume(
    client: &Context,
    server: (&Context, &ServerOptions<'_>),
    ticket: &[u8],
    early_data: bool,
) -> Pair {
    let resumption = Some(ticket);
    let options = ClientOptions { resumption, early_data, ..client_options() };
    let mut pair = Pair::new((client, &options), server);
    pair.run();
    pair
}

fn early_secret(pair: &Pair) -> (bool, bool) {
    let early = |secrets: Vec<(Level, Vec<u8>)>| {
        secrets.into_iter().any(|(level, _)| level == Level::EarlyData)
    };
    (early(pair.client.secrets(false)), early(pair.server.secrets(true)))
}

#[test]
fn a_ticket_is_pem_and_resumes() {
    let (client, server) = (client_context(), server_context());
    let ticket = ticket(&client, &server, &server_options());
    assert!(ticket.starts_with(b"-----BEGIN SSL SESSION PARAMETERS-----"));
    let pair = resume(&client, (&server, &server_options()), &ticket, false);
    assert!(pair.is_complete());
    assert!(pair.client.session.is_resumed() && pair.server.session.is_resumed());
    assert_eq!(early_secret(&pair), (false, false));
    assert!(pair.client.ticket().is_some());
}

#[test]
fn early_data_is_accepted_under_the_same_context_bytes() {
    let (client, server) = (client_context(), server_context());
    let ticket = ticket(&client, &server, &EARLY);
    let pair = resume(&client, (&server, &EARLY), &ticket, true);
    assert!(pair.is_complete());
    assert!(pair.client.session.early_data_accepted());
    assert!(pair.server.session.early_data_accepted());
    assert_eq!(early_secret(&pair), (true, true));
    assert_eq!(pair.client.secrets(false), pair.server.secrets(true));
    assert_eq!(pair.client.count(|event| matches!(event, TlsEvent::EarlyDataRejected)), 0);
}

/// The client has its 0-RTT keys before anything came back.
#[test]
fn early_keys_come_with_the_client_hello() {
    let (client, server) = (client_context(), server_context());
    let ticket = ticket(&client, &server, &EARLY);
    let options = ClientOptions { resumption: Some(&ticket), early_data: true, ..client_options() };
    let mut pair = Pair::new((&client, &options), (&server, &EARLY));
    let flight = pair.client.advance();
    assert_eq!((flight.len(), flight[0].0), (1, Level::Initial));
    assert_eq!(pair.client.secrets(false)[0].0, Level::EarlyData);
    assert!(!pair.client.session.is_handshake_complete());
    assert_eq!(pair.client.session.alpn(), Some(b"h3".as_slice()));
    pair.server.take(&flight);
    assert_eq!(pair.server.secrets(true)[0], pair.client.secrets(false)[0]);
}

/// RFC 9001 section 8.3: EndOfEarlyData, message 5, is never sent, and not taken either.
#[test]
fn the_end_of_early_data_is_not_told() {
    let (client, server) = (client_context(), server_context());
    let ticket = ticket(&client, &server, &EARLY);
    let options = ClientOptions { resumption: Some(&ticket), early_data: true, ..client_options() };
    let mut pair = Pair::new((&client, &options), (&server, &EARLY));
    let flight = pair.client.advance();
    let flight = pair.server.take(&flight);
    let flight = pair.client.take(&flight);
    assert!(pair.client.session.early_data_accepted());
    let handshake: Vec<&(Level, Vec<u8>)> =
        flight.iter().filter(|(level, _)| *level == Level::Handshake).collect();
    // Finished alone.
    assert_eq!((handshake.len(), handshake[0].1[0]), (1, 20));
    pair.server.take(&[(Level::Handshake, vec![5, 0, 0, 0])]);
    assert!(pair.server.error.is_some());
}

/// RFC 9001 section 4.6.3: what early data depends on changed.
#[test]
fn early_data_is_rejected_under_other_context_bytes_and_the_handshake_goes_on() {
    let (client, server) = (client_context(), server_context());
    let ticket = ticket(&client, &server, &EARLY);
    let changed = ServerOptions { early_data: Some(b"lower limits"), ..EARLY };
    for options in [changed, server_options()] {
        let pair = resume(&client, (&server, &options), &ticket, true);
        assert!(pair.is_complete());
        assert_eq!(early_secret(&pair), (true, false));
        assert_eq!(pair.client.count(|event| matches!(event, TlsEvent::EarlyDataRejected)), 1);
        assert!(!pair.client.session.early_data_accepted());
        assert!(pair.client.session.is_resumed());
    }
}

/// RFC 9001 section 9.2: whoever repeats a first flight gets no early data accepted for it. At
/// another context, as in another process, nobody knows of the first time.
#[test]
fn a_first_flight_that_is_repeated_gets_no_early_data_accepted() {
    let (client, server) = (client_context(), keyed(&[1; 48]));
    let ticket = ticket(&client, &server, &EARLY);
    let options = ClientOptions { resumption: Some(&ticket), early_data: true, ..client_options() };
    let mut first = Pair::new((&client, &options), (&server, &EARLY));
    let flight = first.client.advance();
    first.server.take(&flight);
    assert!(first.server.session.early_data_accepted());
    for (context, accepted) in [(&server, false), (&server, false), (&keyed(&[1; 48]), true)] {
        let mut again = Pair::new((&client, &client_options()), (context, &EARLY));
        again.server.take(&flight);
        assert_eq!(again.server.session.early_data_accepted(), accepted);
        assert!(again.server.error.is_none());
    }
}

/// RFC 8446 section 8.2: the binder is checked before a flight is remembered, or anybody could fill
/// the memory.
#[test]
fn a_first_flight_of_somebody_without_the_secret_is_not_remembered() {
    let (client, server) = (client_context(), keyed(&[1; 48]));
    let ticket = ticket(&client, &server, &EARLY);
    let options = ClientOptions { resumption: Some(&ticket), early_data: true, ..client_options() };
    let mut genuine = Pair::new((&client, &options), (&server, &EARLY));
    let flight = genuine.client.advance();
    let mut forged = flight.clone();
    // The binder is the last thing in a ClientHello.
    *forged[0].1.last_mut().unwrap() ^= 1;
    let mut forger = Pair::new((&client, &client_options()), (&server, &EARLY));
    forger.server.take(&forged);
    assert!(forger.server.error.is_some());
    genuine.server.take(&flight);
    assert!(genuine.server.session.early_data_accepted());
}

/// Both were looked up before either was remembered, as both waited for their certificates.
#[test]
fn of_two_first_flights_at_once_one_is_read() {
    let (client, server) = (client_context(), keyed(&[1; 48]));
    let ticket = ticket(&client, &server, &EARLY);
    let asking = ServerOptions {
        policy: ServerPolicy { ask_for_certificate: true, ..EARLY.policy },
        ..EARLY
    };
    let options = ClientOptions {
        resumption: Some(&ticket),
        early_data: true,
        server_name: Some("test.example"),
        ..client_options()
    };
    let mut first = Pair::new((&client, &options), (&server, &asking));
    let mut second = Pair::new((&client, &client_options()), (&server, &asking));
    let flight = first.client.advance();
    let mut read = 0;
    for pair in [&mut first, &mut second] {
        pair.server.take(&flight);
        assert!(!pair.server.secrets(true).iter().any(|(level, _)| *level == Level::EarlyData));
    }
    for pair in [&mut first, &mut second] {
        pair.server.session.certificate_chosen();
        pair.server.advance();
        let secrets = pair.server.secrets(true);
        read += usize::from(secrets.iter().any(|(level, _)| *level == Level::EarlyData));
        assert!(pair.server.error.is_none());
    }
    assert_eq!(read, 1);
}

#[test]
fn a_ticket_without_early_data_offers_none() {
    let (client, server) = (client_context(), server_context());
    let ticket = ticket(&client, &server, &server_options());
    let pair = resume(&client, (&server, &EARLY), &ticket, true);
    assert!(pair.is_complete() && pair.client.session.is_resumed());
    assert_eq!(early_secret(&pair), (false, false));
}

#[test]
fn what_is_no_ticket_leads_to_a_full_handshake() {
    let (client, server) = (client_context(), server_context());
    let mut cut = ticket(&client, &server, &EARLY);
    cut.truncate(cut.len() / 2);
    for bytes in [cut.as_slice(), b"", b"\0\xff"] {
        let pair = resume(&client, (&server, &EARLY), bytes, true);
        assert!(pair.is_complete() && !pair.client.session.is_resumed());
    }
}

/// RFC 9369 section 5: neither end uses a ticket of one version with another.
#[test]
fn a_ticket_of_one_version_is_not_used_with_another() {
    let (client, server) = (client_context(), server_context());
    let in_version = |version| ServerOptions { version, ..EARLY };
    for (ours, other) in [(Version::V1, Version::V2), (Version::V2, Version::V1)] {
        let options = ClientOptions { version: ours, ..client_options() };
        let mut first = Pair::new((&client, &options), (&server, &in_version(ours)));
        assert!(first.run().is_complete());
        let resumption = first.client.ticket();
        let resumed = |client_version, server_version| {
            let version = client_version;
            let options =
                ClientOptions { resumption, early_data: true, version, ..client_options() };
            let mut pair = Pair::new((&client, &options), (&server, &in_version(server_version)));
            assert!(pair.run().is_complete());
            assert_eq!(pair.client.session.early_data_accepted(), pair.server.session.is_resumed());
            (early_secret(&pair).0, pair.server.session.is_resumed())
        };
        assert_eq!(resumed(ours, ours), (true, true));
        // The client does not offer it, and a server does not take it from one that does.
        assert_eq!(resumed(other, other), (false, false));
        assert_eq!(resumed(ours, other), (true, false));
    }
}

fn keyed(key: &[u8]) -> Context {
    server_context_with(identity::ecdsa(), |config| ContextConfig {
        session_ticket_key: Some(key),
        ..config
    })
}

/// Workers and machines of a cluster share the key, whatever made the ticket.
#[test]
fn a_configured_ticket_key_resumes_across_contexts() {
    let key: Vec<u8> = (0..80).collect();
    for len in [48, 80] {
        let client = client_context();
        let ticket = ticket(&client, &keyed(&key[..len]), &EARLY);
        let pair = resume(&client, (&keyed(&key[..len]), &EARLY), &ticket, true);
        assert!(pair.is_complete() && pair.client.session.is_resumed());
        assert!(pair.client.session.early_data_accepted());
    }
}

#[test]
fn a_ticket_under_another_key_leads_to_a_full_handshake() {
    let client = client_context();
    let ticket = ticket(&client, &keyed(&[1; 48]), &EARLY);
    for server in [keyed(&[2; 48]), keyed(&[1; 80]), server_context()] {
        let pair = resume(&client, (&server, &EARLY), &ticket, true);
        assert!(pair.is_complete() && !pair.client.session.is_resumed());
        assert!(!pair.client.session.early_data_accepted());
    }
}

#[test]
fn without_a_configured_key_tickets_hold_in_their_own_context_only() {
    let (client, server) = (client_context(), server_context());
    let ticket = ticket(&client, &server, &EARLY);
    let pair = resume(&client, (&server_context(), &EARLY), &ticket, false);
    assert!(pair.is_complete() && !pair.client.session.is_resumed());
}
