//! NEW_TOKEN: the token for the client's next connection.

use super::forge::{count, Forgery};
use super::pair::{Options, Pair};
use crate::connection::Event;
use crate::error::TransportErrorCode as Code;
use crate::recovery::Space;
use crate::wire::frame::{Frame, NewToken};
use crate::wire::Role;

fn tokens(pair: &Pair) -> Vec<&[u8]> {
    let mut tokens = Vec::new();
    for event in &pair.client.events {
        if let Event::NewToken(token) = event {
            tokens.push(&token[..]);
        }
    }
    tokens
}

/// RFC 9000 section 8.1.3.
#[test]
fn the_client_hears_of_its_token_once() {
    let mut pair = Pair::established();
    pair.server.connection.issue_token(b"for later".to_vec());
    pair.exchange();
    assert_eq!(tokens(&pair), [b"for later"]);
    pair.exchange();
    assert_eq!(tokens(&pair).len(), 1);
    assert!(pair.server.connection.next_token.is_none(), "acknowledged and forgotten");
}

/// RFC 9000 section 13.3: NEW_TOKEN is sent again if it is lost.
#[test]
fn a_lost_token_is_sent_again() {
    let mut pair = Pair::established();
    pair.server.connection.issue_token(b"for later".to_vec());
    assert_eq!(count(&pair.peek(Role::Server), "NEW_TOKEN"), 1);
    assert!(pair.sent(Role::Server).is_empty());
    pair.next_timeout(Role::Server);
    pair.exchange();
    assert_eq!(tokens(&pair), [b"for later"]);
}

/// RFC 9000 section 19.7.
#[test]
fn an_empty_token_is_a_frame_encoding_error() {
    let mut pair = Pair::established();
    pair.inject_with(Role::Server, Space::Application, &Forgery::raw(&[0x07, 0x00]));
    assert_eq!(pair.client.violation(), Some(Code::FRAME_ENCODING_ERROR));
}

/// RFC 9000 section 19.7.
#[test]
fn a_token_from_a_client_is_a_violation() {
    let mut pair = Pair::established();
    pair.inject(Role::Client, &[Frame::NewToken(NewToken { token: b"x" })]);
    assert_eq!(pair.server.violation(), Some(Code::PROTOCOL_VIOLATION));
}

/// RFC 9000 section 8.1: a connection ID that nobody can guess.
#[test]
fn an_initial_to_our_secret_connection_id_validates_the_address() {
    for scid_is_secret in [false, true] {
        let mut pair = Pair::new(Options { scid_is_secret, ..Options::default() });
        let flight = pair.sent(Role::Client);
        pair.give_all(Role::Server, &flight);
        assert!(!pair.server.connection.path.amplification.is_validated());
        let flight = pair.sent(Role::Server);
        // Only the Initial arrives, so that the client answers with nothing but an Initial.
        pair.give(Role::Client, &flight[0][..initial_len(&flight[0])]);
        let answer = pair.sent(Role::Client);
        let names = pair.look(Role::Server, &answer);
        assert!(names.iter().all(|packet| packet.space == Space::Initial));
        pair.give_all(Role::Server, &answer);
        let validated = pair.server.connection.path.amplification.is_validated();
        assert_eq!(validated, scid_is_secret);
    }
}

/// The length of the first packet of a datagram.
fn initial_len(datagram: &[u8]) -> usize {
    crate::wire::header::parse_packet(datagram, 8).unwrap().len
}
