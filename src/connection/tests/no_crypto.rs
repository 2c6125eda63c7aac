//! Packets without protection: where the client wants them, and the server does not refuse.

use super::pair::{Options, Pair};
use crate::connection::{CloseReason, EarlyDataStatus, Event};
use crate::error::TransportErrorCode;
use crate::tls::ServerPolicy;
use crate::wire::Role;

const TEXT: &[u8] = b"anybody may read this";

fn options(no_crypto: bool, refuse_no_crypto: bool) -> Options {
    let policy = ServerPolicy { refuse_no_crypto, ..ServerPolicy::default() };
    Options { no_crypto, policy, ..Options::default() }
}

/// Whether `TEXT` can be read off what `from` sends of it, which arrives.
fn is_readable(pair: &mut Pair, from: Role) -> bool {
    pair.write(from, TEXT);
    let datagrams = pair.sent(from);
    let readable = shows(&datagrams);
    pair.give_all(from.peer(), &datagrams);
    assert_eq!(pair.read(from.peer()), TEXT);
    readable
}

fn shows(datagrams: &[Vec<u8>]) -> bool {
    datagrams.iter().any(|datagram| datagram.windows(TEXT.len()).any(|window| window == TEXT))
}

#[test]
fn what_the_client_wants_goes_unprotected_with_its_tag() {
    let mut pair = Pair::established_with(options(true, false));
    assert!(is_readable(&mut pair, Role::Client));
    assert!(is_readable(&mut pair, Role::Server));
    pair.write(Role::Client, TEXT);
    let datagrams = pair.sent(Role::Client);
    assert!(datagrams.iter().all(|datagram| datagram.ends_with(&[0; 16])));
    assert_eq!(pair.client.connection.stats().packets_dropped, 0);
}

#[test]
fn clients_that_do_not_ask_are_protected() {
    for refuses in [false, true] {
        let mut pair = Pair::established_with(options(false, refuses));
        assert!(!is_readable(&mut pair, Role::Client), "{refuses}");
        assert!(!is_readable(&mut pair, Role::Server), "{refuses}");
    }
}

/// Nothing that a server could say would make such a client protect its packets.
#[test]
fn a_client_that_is_refused_hears_so_and_nothing_else() {
    let mut pair = Pair::new(options(true, true));
    pair.exchange();
    let code = TransportErrorCode::TRANSPORT_PARAMETER_ERROR;
    assert_eq!(pair.server.reason, Some(CloseReason::LocalTransport(code)));
    let told = matches!(
        &pair.client.reason,
        Some(CloseReason::PeerTransport { code: told, .. }) if *told == code);
    assert!(told, "{:?}", pair.client.reason);
}

#[test]
fn initial_and_handshake_packets_are_protected_all_the_same() {
    let mut pair = Pair::new(options(true, false));
    let mut datagrams = pair.sent(Role::Client);
    pair.give_all(Role::Server, &datagrams);
    datagrams.extend(pair.sent(Role::Server));
    // The protocol's name stands in ClientHello and EncryptedExtensions.
    let clear = datagrams.iter().any(|datagram| datagram.windows(5).any(|w| w == b"\0\x03\x02h3"));
    assert!(!clear);
}

#[test]
fn keys_without_effect_are_updated_as_well() {
    let mut pair = Pair::established_with(options(true, false));
    assert!(pair.client.connection.update_keys());
    assert!(is_readable(&mut pair, Role::Client));
    pair.exchange();
    assert!(pair.server.connection.keys.phase());
    assert!(is_readable(&mut pair, Role::Server));
}

/// Early data leaves before the server has said anything.
#[test]
fn early_data_goes_as_the_client_asked_or_nowhere() {
    for refuses in [false, true] {
        let first = Pair::established_with(options(true, false));
        let mut options = options(true, refuses);
        for event in &first.client.events {
            match event {
                Event::SessionTicket(ticket) => options.resumption = Some(ticket.clone()),
                Event::PeerParameters(parameters) => {
                    options.remembered = Some((**parameters).clone());
                }
                _ => {}
            }
        }
        let mut pair = Pair::new(options);
        pair.write(Role::Client, TEXT);
        let flight = pair.sent(Role::Client);
        assert!(shows(&flight));
        pair.give_all(Role::Server, &flight);
        assert_eq!(pair.read(Role::Server) == TEXT, !refuses);
        pair.exchange();
        let status = pair.client.connection.early_data_status();
        assert_eq!(status == EarlyDataStatus::Accepted, !refuses);
        assert_eq!(pair.read(Role::Server), b"");
        assert_eq!(pair.server.connection.state().is_open(), !refuses);
    }
}
