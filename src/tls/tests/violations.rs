//! What peers must not do.

use crate::error::TransportErrorCode;
use crate::tls::testing::find;
use crate::tls::testing::pair::{
    client_context, client_options, server_context, server_options, Pair,
};
use crate::tls::{ClientOptions, Context, Level, Session};
use crate::wire::Version;

const KEY_UPDATE: [u8; 5] = [24, 0, 0, 1, 0];

/// RFC 9001 section 8.1: no common protocol closes with no_application_protocol.
#[test]
fn a_server_without_a_common_protocol_closes_with_0x178() {
    let client = client_context();
    let options = ClientOptions { alpn: b"hq", ..client_options() };
    let mut pair = Pair::new((&client, &options), (&server_context(), &server_options()));
    pair.run();
    assert_eq!(pair.server.code(), Some(0x178));
    let mut server = server_context();
    server.set_alpn(&[]).unwrap();
    let mut pair = Pair::plain(&client, &server);
    pair.run();
    assert_eq!(pair.server.code(), Some(0x178));
}

/// RFC 9001 section 8.1: nor does a client go on with a protocol it did not offer.
#[test]
fn a_client_that_is_given_a_protocol_it_did_not_offer_closes_with_0x178() {
    let mut pair = Pair::plain(&client_context(), &server_context());
    let flight = pair.client.advance();
    let mut answer = pair.server.take(&flight);
    let at = find(&answer[1].1, b"\x02h3").unwrap();
    answer[1].1[at + 2] = b'9';
    pair.client.take(&answer);
    assert_eq!(pair.client.code(), Some(0x178));
}

/// RFC 9001 section 8.2: the extension is required. A draft has it under another number.
#[test]
fn missing_transport_parameters_close_with_0x16d() {
    let client = client_context();
    let options = ClientOptions { version: Version::DRAFT_29, ..client_options() };
    let mut pair = Pair::new((&client, &options), (&server_context(), &server_options()));
    pair.run();
    assert_eq!(pair.server.code(), Some(0x16d));
}

/// RFC 9001 section 4.2: nothing older than TLS 1.3.
#[test]
fn a_client_that_only_speaks_tls_1_2_is_refused() {
    let mut pair = Pair::plain(&client_context(), &server_context());
    let mut flight = pair.client.advance();
    let at = find(&flight[0].1, &[0x00, 0x2b, 0x00, 0x03, 0x02, 0x03, 0x04]).unwrap();
    flight[0].1[at + 6] = 0x03;
    pair.server.take(&flight);
    assert_eq!(pair.server.code(), Some(0x146));
}

/// RFC 9001 section 8.4: no compatibility mode of TLS.
#[test]
fn a_legacy_session_id_is_a_protocol_violation() {
    let mut pair = Pair::plain(&client_context(), &server_context());
    let mut flight = pair.client.advance();
    let hello = &mut flight[0].1;
    // Four bytes of header, two of version, 32 of random, then the length of the session ID.
    assert_eq!(hello[38], 0);
    hello[38] = 32;
    hello.splice(39..39, [0xab; 32]);
    let len = hello.len() - 4;
    hello[2] = (len >> 8) as u8;
    hello[3] = len as u8;
    pair.server.take(&flight);
    assert_eq!(pair.server.code(), Some(TransportErrorCode::PROTOCOL_VIOLATION.0));
}

/// RFC 9001 section 6: keys are updated by packets, not by messages of TLS.
#[test]
fn a_key_update_message_closes_with_0x10a() {
    let mut pair = Pair::plain(&client_context(), &server_context());
    pair.run();
    for end in [&mut pair.client, &mut pair.server] {
        end.take(&[(Level::OneRtt, KEY_UPDATE.to_vec())]);
        assert_eq!(end.code(), Some(0x10a));
        assert_eq!(end.error.unwrap().frame_type, 0x06);
    }
}

/// RFC 9001 section 4.4: no authentication after the handshake. A CertificateRequest is a message a
/// client does not expect.
#[test]
fn a_late_certificate_request_is_refused() {
    let mut pair = Pair::plain(&client_context(), &server_context());
    pair.run();
    pair.client.take(&[(Level::OneRtt, vec![13, 0, 0, 3, 0, 0, 0])]);
    assert_eq!(pair.client.code(), Some(TransportErrorCode::PROTOCOL_VIOLATION.0));
}

/// RFC 9001 section 4.6.1: max_early_data_size has one allowed value.
#[test]
fn a_ticket_with_a_limit_on_early_data_is_a_protocol_violation() {
    let client = client_context();
    let options = crate::tls::ServerOptions { early_data: Some(b"any"), ..server_options() };
    let mut pair = Pair::new((&client, &client_options()), (&server_context(), &options));
    let flight = pair.client.advance();
    let answer = pair.server.take(&flight);
    let finished = pair.client.take(&answer);
    let mut tickets = pair.server.take(&finished);
    let at = find(&tickets[0].1, &[0x00, 0x2a, 0x00, 0x04, 0xff, 0xff, 0xff, 0xff]).unwrap();
    tickets[0].1[at + 7] = 0xfe;
    pair.client.take(&tickets);
    assert_eq!(pair.client.code(), Some(TransportErrorCode::PROTOCOL_VIOLATION.0));
}

/// RFC 9001 section 4.1.3: new data at a level that was left.
#[test]
fn new_data_at_an_older_level_is_a_protocol_violation() {
    let mut pair = Pair::plain(&client_context(), &server_context());
    let flight = pair.client.advance();
    pair.server.take(&flight);
    let error = pair.server.session.provide(Level::Initial, &[1]).unwrap_err();
    assert_eq!(error.code, TransportErrorCode::PROTOCOL_VIOLATION);
    let error = pair.server.session.provide(Level::OneRtt, &[1]).unwrap_err();
    assert_eq!(error.code, TransportErrorCode::PROTOCOL_VIOLATION);
}

/// RFC 9000 section 7.5: what is kept of a handshake message has a bound.
#[test]
fn a_message_without_end_exceeds_the_crypto_buffer() {
    let context = server_context();
    let mut session = Session::server(&context, &server_options()).unwrap();
    let mut provided = 0;
    let error = loop {
        let piece = if provided == 0 { vec![1, 0xff, 0xff, 0xff] } else { vec![0; 1000] };
        match session.provide(Level::Initial, &piece) {
            Ok(()) => provided += piece.len(),
            Err(error) => break error,
        }
    };
    assert_eq!(error.code, TransportErrorCode::CRYPTO_BUFFER_EXCEEDED);
    assert!(provided > 4096 && provided < 64 * 1024);
}

#[test]
fn a_failed_session_stays_failed() {
    let mut pair = Pair::plain(&client_context(), &server_context());
    // A ServerHello, which no client sends.
    pair.server.take(&[(Level::Initial, vec![2, 0, 0, 0])]);
    let error = pair.server.error.unwrap();
    assert_eq!(error.code.0, 0x10a);
    assert_eq!(pair.server.session.advance(), Err(error));
    assert_eq!(pair.server.session.provide(Level::Initial, &[0]), Err(error));
}

/// Whatever byte of a flight is changed, the answer is an error or a handshake, never a panic.
#[test]
fn any_changed_byte_of_a_client_hello_is_survived() {
    let (client, server) = (client_context(), server_context());
    let hello = Pair::plain(&client, &server).client.advance();
    for at in 0..hello[0].1.len() {
        let mut flight = hello.clone();
        flight[0].1[at] ^= 0x41;
        let mut pair = Pair::plain(&client, &server);
        pair.server.take(&flight);
        assert!(!pair.server.session.is_handshake_complete());
    }
}

#[test]
fn a_context_serves_its_role_only() {
    let error = Session::server(&client_context(), &server_options()).err();
    assert_eq!(error, Some(crate::tls::ContextError::Role));
    let context: Context = server_context();
    let error = Session::client(&context, &client_options()).err();
    assert_eq!(error, Some(crate::tls::ContextError::Role));
}
