//! Connection IDs and sizes of the first flights (RFC 9000 sections 7.2, 14.1 and 17.2).

use super::pair::{Options, Pair, FIRST_DCID};
use crate::connection::LocalClose;
use crate::recovery::Space;
use crate::wire::header::{parse_packet, ProtectedHeader};
use crate::wire::{ConnectionId, Role};

/// Destination and source of the first packet of a datagram.
fn ids(datagram: &[u8]) -> (ConnectionId, ConnectionId) {
    match parse_packet(datagram, 8).unwrap().header {
        ProtectedHeader::Long { dcid, scid, .. } => (dcid, scid),
        _ => panic!("no long header"),
    }
}

/// RFC 9000 section 7.2.
#[test]
fn a_client_sends_to_the_servers_source_id_once_it_has_processed_an_initial() {
    let mut pair = Pair::new(Options::default());
    let flight = pair.sent(Role::Client);
    let first = ConnectionId::new(&FIRST_DCID).unwrap();
    assert!(flight.iter().all(|datagram| ids(datagram).0 == first));
    pair.give_all(Role::Server, &flight);
    let answer = pair.sent(Role::Server);
    let (to, from) = ids(&answer[0]);
    assert_eq!(to, ids(&flight[0]).1);
    assert_ne!(from, first);
    pair.give_all(Role::Client, &answer);
    let next = pair.sent(Role::Client);
    assert_eq!(ids(&next[0]).0, from);
}

/// RFC 9000 section 14.1: some peers ignore smaller Initials and then wait for their idle timeout.
#[test]
fn an_initial_that_closes_comes_in_a_full_sized_datagram() {
    for role in [Role::Client, Role::Server] {
        let mut pair = Pair::new(Options::default());
        let flight = pair.sent(Role::Client);
        pair.give_all(Role::Server, &flight);
        pair.sent(Role::Server);
        let now = pair.now;
        pair.end(role).connection.close(now, LocalClose::Application(7));
        let close = pair.sent(role);
        assert!(close[0].len() >= 1200, "{role:?}: {}", close[0].len());
        let packets = pair.look(role.peer(), &close[..1]);
        assert_eq!(packets[0].space, Space::Initial);
    }
}

/// RFC 9000 section 8.1: full-sized only as far as the address has earned it.
#[test]
fn an_initial_that_closes_keeps_to_the_amplification_limit() {
    let mut pair = Pair::new(Options::default());
    let flight = pair.sent(Role::Client);
    pair.give_all(Role::Server, &flight);
    let mut sent: usize = pair.sent(Role::Server).iter().map(Vec::len).sum();
    let now = pair.now;
    pair.server.connection.close(now, LocalClose::NoError);
    sent += pair.sent(Role::Server).iter().map(Vec::len).sum::<usize>();
    let received: usize = flight.iter().map(Vec::len).sum();
    assert!(sent <= 3 * received, "{sent} for {received}");
}
