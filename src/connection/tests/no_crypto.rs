//! Packets without protection: only where both hosts want them.

use super::pair::{Options, Pair};
use crate::connection::{EarlyDataStatus, Event};
use crate::tls::ServerPolicy;
use crate::wire::Role;

const TEXT: &[u8] = b"anybody may read this";

fn options(no_crypto: bool, allow_no_crypto: bool) -> Options {
    let policy = ServerPolicy { allow_no_crypto, ..ServerPolicy::default() };
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
fn what_both_ends_want_goes_unprotected_with_its_tag() {
    let mut pair = Pair::established_with(options(true, true));
    assert!(is_readable(&mut pair, Role::Client));
    assert!(is_readable(&mut pair, Role::Server));
    pair.write(Role::Client, TEXT);
    let datagrams = pair.sent(Role::Client);
    assert!(datagrams.iter().all(|datagram| datagram.ends_with(&[0; 16])));
    assert_eq!(pair.client.connection.stats().packets_dropped, 0);
}

#[test]
fn one_end_alone_changes_nothing() {
    for (asks, allows) in [(true, false), (false, true), (false, false)] {
        let mut pair = Pair::established_with(options(asks, allows));
        assert!(!is_readable(&mut pair, Role::Client), "{asks} {allows}");
        assert!(!is_readable(&mut pair, Role::Server), "{asks} {allows}");
    }
}

#[test]
fn initial_and_handshake_packets_are_protected_all_the_same() {
    let mut pair = Pair::new(options(true, true));
    let mut datagrams = pair.sent(Role::Client);
    pair.give_all(Role::Server, &datagrams);
    datagrams.extend(pair.sent(Role::Server));
    // The protocol's name stands in ClientHello and EncryptedExtensions.
    let clear = datagrams.iter().any(|datagram| datagram.windows(5).any(|w| w == b"\0\x03\x02h3"));
    assert!(!clear);
}

#[test]
fn keys_without_effect_are_updated_as_well() {
    let mut pair = Pair::established_with(options(true, true));
    assert!(pair.client.connection.update_keys());
    assert!(is_readable(&mut pair, Role::Client));
    pair.exchange();
    assert!(pair.server.connection.keys.phase());
    assert!(is_readable(&mut pair, Role::Server));
}

/// The answer to 0-RTT comes after it: a server that does not agree cannot read it and gets it
/// again, protected.
#[test]
fn early_data_goes_as_the_client_asked() {
    for allows in [true, false] {
        let first = Pair::established_with(options(true, allows));
        let mut options = options(true, allows);
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
        let early = pair.read(Role::Server);
        assert_eq!(early == TEXT, allows);
        let patience = crate::time::Duration::from_secs(10);
        let read = allows || pair.run(patience, |pair| pair.read(Role::Server) == TEXT);
        assert!(read);
        pair.exchange();
        assert_eq!(pair.client.connection.early_data_status(), EarlyDataStatus::Accepted);
    }
}
