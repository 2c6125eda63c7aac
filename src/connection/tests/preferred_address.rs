//! Servers that would rather be reached elsewhere (RFC 9000 section 9.6).

use super::net::{at, Mail, CLIENT, SERVER};
use super::pair::{issued_cid, Options, Pair, PREFERRED};
use crate::connection::{Event, PreferredAddresses, Settings};
use crate::error::TransportErrorCode;
use crate::recovery::Space;
use crate::time::Duration;
use crate::wire::frame::Frame;
use crate::wire::Role;

const ELSEWHERE: &str = "192.0.2.77:4430";

fn offering() -> Options {
    let ipv4 = Some("192.0.2.77:4430".parse().unwrap());
    let preferred_address = Some(PreferredAddresses { ipv4, ipv6: None });
    Options { server: Settings { preferred_address, ..Settings::default() }, ..Options::default() }
}

/// RFC 9000 section 9.6.1.
#[test]
fn a_client_moves_to_the_preferred_address_with_its_id() {
    let mut pair = Pair::established_with(offering());
    let client = &pair.client.connection;
    assert_eq!(client.path().addresses.peer, at(ELSEWHERE));
    assert_eq!(*client.remote_cid(), issued_cid(Role::Server, PREFERRED));
    let told = |event: &Event| matches!(event, Event::PeerAddressChanged);
    assert_eq!(pair.client.count(told), 1);
    // The server sends from there, and does not take it for a migration of the client.
    assert_eq!(pair.server.connection.path().addresses.local, Some(at(ELSEWHERE)));
    assert_eq!((pair.server.count(told), pair.server.connection.stats().rebinds), (0, 0));
    assert!(pair.transfer(Role::Server, 50_000, Duration::from_secs(10), |_| {}));
}

/// A host whose socket is connected names the address it connected to, whatever we send to.
#[test]
fn a_client_that_has_moved_still_hears_the_first_address() {
    let mut pair = Pair::established_with(offering());
    pair.run_for(Duration::from_secs(20));
    let packet = pair.forge(Role::Server, Space::Application, &[Frame::Ping]);
    let mut mail = Pair::from(SERVER, packet);
    mail.addresses.local = Some(at(CLIENT));
    let received = pair.client.connection.stats().packets_received;
    pair.deliver(Role::Client, &mail);
    assert_eq!(pair.client.connection.stats().packets_received, received + 1);
}

/// RFC 9000 section 9.6.1: only once the handshake is confirmed.
#[test]
fn nothing_goes_to_the_preferred_address_during_the_handshake() {
    let mut pair = Pair::new(offering());
    loop {
        let mail = pair.posted(Role::Client);
        let confirmed = pair.client.connection.state() == crate::connection::State::Confirmed;
        let early = |mail: &Mail| mail.addresses.local == Some(at(SERVER));
        assert!(confirmed || mail.iter().all(early));
        if confirmed {
            assert!(mail.iter().any(|mail| !early(mail)));
            return;
        }
        pair.deliver_all(Role::Server, &mail);
        let answer = pair.posted(Role::Server);
        pair.deliver_all(Role::Client, &answer);
    }
}

/// RFC 9000 section 9.6.1: an address that does not answer is forgotten.
#[test]
fn an_unreachable_preferred_address_is_not_used() {
    let mut pair = Pair::new(offering());
    for _ in 0..2_000 {
        let elsewhere = |mail: &Mail| mail.addresses.local == Some(at(ELSEWHERE));
        let mut mail = pair.posted(Role::Client);
        mail.retain(|mail| !elsewhere(mail));
        pair.deliver_all(Role::Server, &mail);
        let answer = pair.posted(Role::Server);
        pair.deliver_all(Role::Client, &answer);
        pair.wait(Duration::from_millis(10));
        pair.tick(Role::Client);
        pair.tick(Role::Server);
    }
    pair.assert_confirmed();
    assert_eq!(pair.client.connection.path().addresses.peer, at(SERVER));
    assert!(pair.client.connection.others.is_none());
}

/// RFC 9000 section 5.1.1: the preferred address's connection ID counts and has number 1.
#[test]
fn the_preferred_id_counts_among_the_active_ones() {
    let pair = Pair::established_with(offering());
    let ids: Vec<_> = pair.server.connection.local_cids().iter().collect();
    assert_eq!(ids.len(), 3);
    assert_eq!(ids[1], issued_cid(Role::Server, PREFERRED));
}

/// RFC 9000 section 18.2.
#[test]
fn a_preferred_address_of_a_server_without_ids_is_a_parameter_error() {
    let mut pair = Pair::new(Options { cid_len: 0, ..offering() });
    pair.exchange();
    assert_eq!(pair.client.violation(), Some(TransportErrorCode::TRANSPORT_PARAMETER_ERROR));
}
