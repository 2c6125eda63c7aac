//! What a handshake gives both ends.

use boring_sys as ffi;

use crate::tls::testing::identity;
use crate::tls::testing::pair::{
    client_context, client_options, server_context, server_context_with, server_options, Pair,
};
use crate::tls::{Algorithm, Context, ContextConfig, Level, MessageKind, TlsEvent};
use crate::wire::{Role, Version};

#[test]
fn both_ends_derive_the_same_secrets() {
    let mut pair = Pair::plain(&client_context(), &server_context());
    pair.run();
    assert!(pair.is_complete());
    let (client, server) = (&pair.client, &pair.server);
    assert_eq!(client.secrets(true), server.secrets(false));
    assert_eq!(client.secrets(false), server.secrets(true));
    let levels: Vec<Level> = client.secrets(true).into_iter().map(|(level, _)| level).collect();
    assert_eq!(levels, [Level::Handshake, Level::OneRtt]);
    assert_eq!(client.session.cipher(), server.session.cipher());
}

/// RFC 9001 section 4.1.1: complete is said once at each end, and the server is first to write
/// 1-RTT packets.
#[test]
fn completion_is_announced_once() {
    let mut pair = Pair::plain(&client_context(), &server_context());
    pair.run();
    for end in [&pair.client, &pair.server] {
        assert_eq!(end.count(|event| matches!(event, TlsEvent::HandshakeComplete)), 1);
    }
    let position = |wanted: fn(&TlsEvent) -> bool| pair.server.events.iter().position(wanted);
    let write =
        |event: &TlsEvent| matches!(event, TlsEvent::WriteSecret { level: Level::OneRtt, .. });
    let read =
        |event: &TlsEvent| matches!(event, TlsEvent::ReadSecret { level: Level::OneRtt, .. });
    assert!(position(write) < position(read));
}

#[test]
fn transport_parameters_and_protocol_reach_the_other_end() {
    let mut pair = Pair::plain(&client_context(), &server_context());
    assert_eq!(pair.server.session.peer_transport_parameters(), None);
    pair.run();
    assert_eq!(pair.server.session.peer_transport_parameters(), Some(b"of the client".as_slice()));
    assert_eq!(pair.client.session.peer_transport_parameters(), Some(b"of the server".as_slice()));
    assert_eq!(pair.client.session.alpn(), Some(b"h3".as_slice()));
    assert_eq!(pair.server.session.alpn(), Some(b"h3".as_slice()));
}

#[test]
fn the_server_may_set_its_parameters_after_the_client_spoke() {
    let mut pair = Pair::plain(&client_context(), &server_context());
    let flight = pair.client.advance();
    pair.server.session.set_transport_parameters(b"decided late").unwrap();
    let answer = pair.server.take(&flight);
    pair.client.take(&answer);
    assert_eq!(pair.client.session.peer_transport_parameters(), Some(b"decided late".as_slice()));
}

#[test]
fn a_client_hello_in_pieces_is_answered_when_it_is_whole() {
    let mut pair = Pair::plain(&client_context(), &server_context());
    let flight = pair.client.advance();
    let (level, bytes) = &flight[0];
    for byte in &bytes[..bytes.len() - 1] {
        assert!(pair.server.take(&[(*level, vec![*byte])]).is_empty());
    }
    let answer = pair.server.take(&[(*level, vec![bytes[bytes.len() - 1]])]);
    assert_eq!(answer[0].0, Level::Initial);
    assert_eq!(answer[1].0, Level::Handshake);
}

#[test]
fn rsa_and_ecdsa_certificates_both_serve_every_version() {
    for identity in [identity::rsa(), identity::ecdsa()] {
        let server = server_context_with(identity, |config| config);
        for version in Version::SUPPORTED {
            let client_options = crate::tls::ClientOptions { version, ..client_options() };
            let server_options = crate::tls::ServerOptions { version, ..server_options() };
            let client = client_context();
            let mut pair = Pair::new((&client, &client_options), (&server, &server_options));
            assert!(pair.run().is_complete());
        }
    }
}

fn client_with_ciphers(list: &str) -> Context {
    let config = ContextConfig { ciphers: Some(list), ..ContextConfig::new(Role::Client) };
    Context::new(&config).unwrap()
}

#[test]
fn only_the_cipher_suites_of_the_list_are_used() {
    for algorithm in Algorithm::ALL {
        let client = client_with_ciphers(algorithm.name());
        let mut pair = Pair::plain(&client, &server_context());
        assert!(pair.run().is_complete());
        assert_eq!(pair.server.session.cipher(), Some(algorithm));
        let secrets = pair.server.secrets(true);
        assert_eq!(secrets[0].1.len(), algorithm.digest().len());
    }
}

#[test]
fn the_order_of_the_servers_cipher_suites_decides() {
    let list = "TLS_CHACHA20_POLY1305_SHA256:ECDHE-RSA-AES128-SHA:TLS_AES_256_GCM_SHA384";
    let server = server_context_with(identity::ecdsa(), |config| ContextConfig {
        ciphers: Some(list),
        ..config
    });
    let mut pair = Pair::plain(&client_context(), &server);
    assert!(pair.run().is_complete());
    assert_eq!(pair.client.session.cipher(), Some(Algorithm::ChaCha20Poly1305));
    let client = client_with_ciphers("TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384");
    let mut pair = Pair::plain(&client, &server);
    assert!(pair.run().is_complete());
    assert_eq!(pair.client.session.cipher(), Some(Algorithm::Aes256Gcm));
}

#[test]
fn a_client_can_have_groups_of_its_own() {
    let server = server_context_with(identity::ecdsa(), |config| ContextConfig {
        groups: Some("P-384"),
        ..config
    });
    let client = client_context();
    let options = crate::tls::ClientOptions { groups: Some("P-521:P-384"), ..client_options() };
    let mut pair = Pair::new((&client, &options), (&server, &server_options()));
    // The first key share does not suit the server, which asks for another.
    assert!(pair.run().is_complete());
    let options = crate::tls::ClientOptions { groups: Some("X25519"), ..client_options() };
    let mut pair = Pair::new((&client, &options), (&server, &server_options()));
    pair.run();
    assert_eq!(pair.server.code(), Some(0x128));
}

#[test]
fn key_log_lines_come_only_when_asked_for() {
    let config = ContextConfig { key_log: true, ..ContextConfig::new(Role::Client) };
    let client = Context::new(&config).unwrap();
    let mut pair = Pair::plain(&client, &server_context());
    pair.run();
    let is_line = |event: &TlsEvent| matches!(event, TlsEvent::KeyLog(line) if line.starts_with("SERVER_HANDSHAKE_TRAFFIC_SECRET "));
    assert_eq!(pair.client.count(is_line), 1);
    assert_eq!(pair.server.count(|event| matches!(event, TlsEvent::KeyLog(_))), 0);
}

#[test]
fn hello_messages_come_whole_when_asked_for() {
    let server =
        server_context_with(identity::ecdsa(), |config| ContextConfig { messages: true, ..config });
    let mut pair = Pair::plain(&client_context(), &server);
    let flight = pair.client.advance();
    let answer = pair.server.take(&flight);
    let messages: Vec<_> = pair
        .server
        .events
        .iter()
        .filter_map(|event| match event {
            TlsEvent::Message { kind, bytes } => Some((*kind, bytes.clone())),
            _ => None,
        })
        .collect();
    let expected = [
        (MessageKind::ClientHello, flight[0].1.clone()),
        (MessageKind::ServerHello, answer[0].1.clone()),
    ];
    assert_eq!(messages, expected);
}

#[test]
fn a_session_works_on_after_it_shed_what_the_handshake_needed() {
    let mut pair = Pair::plain(&client_context(), &server_context());
    let flight = pair.client.advance();
    let answer = pair.server.take(&flight);
    let finished = pair.client.take(&answer);
    pair.client.session.shed();
    let tickets = pair.server.take(&finished);
    pair.server.session.shed();
    assert_eq!(tickets[0].0, Level::OneRtt);
    assert!(pair.client.take(&tickets).is_empty());
    assert!(pair.is_complete() && pair.client.ticket().is_some());
    assert_eq!(pair.client.session.alpn(), Some(b"h3".as_slice()));
    assert_eq!(pair.server.session.peer_transport_parameters(), Some(b"of the client".as_slice()));
    assert!(pair.server.session.cipher().is_some());
    for end in [&pair.client, &pair.server] {
        let ssl = end.session.raw();
        // SAFETY: the object lives as long as the session.
        unsafe {
            assert_eq!(ffi::SSL_in_init(ssl), 0);
            assert!(!ffi::SSL_get_servername(ssl, ffi::TLSEXT_NAMETYPE_host_name).is_null());
            ffi::SSL_get_verify_result(ssl);
            ffi::SSL_shutdown(ssl);
        }
    }
}

/// The application data of the SSL object is the host's but for index 0, which is ours only while
/// a call lasts.
#[test]
fn the_host_may_use_its_ssl_object_between_calls() {
    let mut pair = Pair::plain(&client_context(), &server_context());
    for round in 0..2 {
        for end in [&mut pair.client, &mut pair.server] {
            let ssl = end.session.raw();
            // SAFETY: the object lives as long as the session.
            unsafe {
                assert!(ffi::SSL_get_ex_data(ssl, 0).is_null());
                assert_eq!(ffi::SSL_in_init(ssl), 1 - round);
                ffi::SSL_set_quiet_shutdown(ssl, 1);
                ffi::SSL_shutdown(ssl);
                assert!(!ffi::SSL_get_version(ssl).is_null());
                ffi::SSL_get_current_cipher(ssl);
            }
            assert!(end.session.poll_event().is_none());
        }
        if round == 0 {
            pair = Pair::plain(&client_context(), &server_context());
            pair.run();
            assert!(pair.is_complete());
        }
    }
}

#[test]
fn a_session_can_be_used_from_another_thread() {
    fn assert_send<T: Send>() {}
    assert_send::<crate::tls::Session>();
    assert_send::<Context>();
    assert_send::<crate::tls::PacketKey>();
}
