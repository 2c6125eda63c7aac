//! Peers that turn up somewhere else, and clients that move (RFC 9000 section 9).

use std::net::SocketAddr;

use super::forge::{count, Forgery, Opened};
use super::net::{at, Mail, CLIENT, SERVER};
use super::pair::{issued_cid, Options, Pair};
use crate::congestion::CongestionController;
use crate::connection::{CloseReason, Event, MigrateError, Migration, Settings, State};
use crate::path::spin::SpinBit;
use crate::recovery::Space;
use crate::time::Duration;
use crate::wire::frame::{Frame, PathChallenge};
use crate::wire::{ConnectionId, Role};

/// The client's address after a rebinding of its port, and of all of it.
const OTHER_PORT: &str = "198.51.100.1:4001";
const OTHER_ADDRESS: &str = "203.0.113.7:4000";

/// Longer than any validation takes.
const LONG: Duration = Duration::from_secs(30);

fn allowing() -> Options {
    let server = Settings { migration: Migration::Allowed, ..Settings::default() };
    Options { server, ..Options::default() }
}

fn told(pair: &Pair) -> usize {
    pair.server.count(|event| matches!(event, Event::PeerAddressChanged))
}

fn peer_of(pair: &Pair) -> SocketAddr {
    pair.server.connection.path().addresses.peer
}

fn settled_peer(pair: &Pair) -> SocketAddr {
    pair.server.connection.settled_addresses().peer
}

/// What the mail to the client carries, and where it goes.
fn opened(pair: &mut Pair, mail: &[Mail]) -> Vec<Opened> {
    let bytes: Vec<Vec<u8>> = mail.iter().map(|mail| mail.bytes.clone()).collect();
    pair.look(Role::Client, &bytes)
}

/// A packet of the client with a PING, to the given connection ID of the server.
fn ping_to(pair: &mut Pair, dcid: Option<ConnectionId>) -> Vec<u8> {
    let forgery = Forgery { dcid, ..Forgery::new(&[Frame::Ping]) };
    pair.forge_with(Role::Client, Space::Application, &forgery)
}

/// RFC 9000 section 9.3: rebinding of port and of address, in the middle of a transfer.
#[test]
fn a_transfer_survives_a_rebinding() {
    for outside in [OTHER_PORT, OTHER_ADDRESS] {
        for from in [Role::Client, Role::Server] {
            let mut pair = Pair::established();
            let mut steps = 0;
            let key = pair.write(from, &[7; 100_000]);
            let done = pair.run(LONG, |pair| {
                pair.read(from.peer());
                steps += 1;
                if steps == 10 {
                    pair.net.rebind(at(outside));
                    // A client that only receives is heard of when it acknowledges.
                    pair.client.connection.ping();
                }
                pair.end(from).connection.streams().is_all_acked() && told(pair) > 0
            });
            assert!(done, "{outside} {from:?} {key:?}");
            assert_eq!(peer_of(&pair), at(outside));
            assert_eq!(told(&pair), 1);
            assert_eq!(pair.server.connection.stats().rebinds, 1);
            assert_eq!(pair.server.connection.stats().rebinds_validated, 1);
        }
    }
}

/// RFC 9000 section 9.3: the host hears of it after validation, with the new address in place.
#[test]
fn the_host_is_told_of_a_new_address_once_it_is_validated() {
    let mut pair = Pair::established();
    pair.net.rebind(at(OTHER_ADDRESS));
    pair.client.connection.ping();
    let ping = pair.posted(Role::Client);
    pair.deliver_all(Role::Server, &ping);
    assert_eq!((told(&pair), settled_peer(&pair)), (0, at(CLIENT)));
    assert_eq!(peer_of(&pair), at(OTHER_ADDRESS), "packets go there at once");
    pair.exchange();
    assert_eq!((told(&pair), settled_peer(&pair)), (1, at(OTHER_ADDRESS)));
}

/// RFC 9000 section 9.3: the first datagram to the new address holds a challenge.
#[test]
fn a_rebinding_is_challenged_at_once() {
    let mut pair = Pair::established();
    pair.write(Role::Server, &[7; 20_000]);
    let packet = ping_to(&mut pair, None);
    pair.deliver(Role::Server, &Pair::from(OTHER_ADDRESS, packet));
    let mail = pair.posted(Role::Server);
    let first = mail.iter().position(|mail| mail.addresses.local == Some(at(OTHER_ADDRESS)));
    let packets = opened(&mut pair, &mail[first.unwrap()..=first.unwrap()]);
    assert!(packets[0].has("PATH_CHALLENGE"));
    // RFC 9000 section 9.3.3: and so does one to the old address.
    let old: Vec<Mail> =
        mail.into_iter().filter(|m| m.addresses.local == Some(at(CLIENT))).collect();
    assert_eq!(count(&opened(&mut pair, &old), "PATH_CHALLENGE"), 1);
}

/// RFC 9000 section 9.3: a packet that was overtaken says nothing about where the peer is.
#[test]
fn only_the_highest_numbered_packet_moves_the_peer() {
    let mut pair = Pair::established();
    let early = ping_to(&mut pair, None);
    let late = ping_to(&mut pair, None);
    pair.deliver(Role::Server, &Pair::from(CLIENT, late));
    pair.deliver(Role::Server, &Pair::from(OTHER_ADDRESS, early));
    assert_eq!(peer_of(&pair), at(CLIENT));
    assert_eq!(pair.server.connection.stats().rebinds, 0);
}

/// RFC 9000 section 9.1: probing frames do not move the peer; their challenge is answered where it
/// came from.
#[test]
fn probing_packets_do_not_move_the_peer() {
    let mut pair = Pair::established_with(allowing());
    let forgery = Forgery {
        pad_to: 1200,
        dcid: Some(issued_cid(Role::Server, 1)),
        ..Forgery::new(&[Frame::PathChallenge(PathChallenge([5; 8]))])
    };
    let packet = pair.forge_with(Role::Client, Space::Application, &forgery);
    pair.deliver(Role::Server, &Pair::from(OTHER_ADDRESS, packet));
    assert_eq!(peer_of(&pair), at(CLIENT));
    let mail = pair.posted(Role::Server);
    let there = Some(at(OTHER_ADDRESS));
    let there: Vec<Mail> = mail.into_iter().filter(|m| m.addresses.local == there).collect();
    let packets = opened(&mut pair, &there);
    assert_eq!(count(&packets, "PATH_RESPONSE"), 1);
    assert!(there.iter().all(|mail| mail.bytes.len() == 1200));
    // RFC 9000 section 9.5: with a connection ID that was not used at the other address.
    assert_ne!(packets[0].dcid, *pair.server.connection.remote_cid());
}

/// RFC 9000 section 9: nobody moves before the handshake is confirmed.
#[test]
fn during_the_handshake_answers_go_to_where_it_began() {
    let mut pair = Pair::new(Options::default());
    let first = pair.posted(Role::Client);
    pair.deliver_all(Role::Server, &first);
    pair.net.rebind(at(OTHER_ADDRESS));
    pair.wait(Duration::from_secs(1));
    pair.tick(Role::Client);
    let again = pair.posted(Role::Client);
    assert!(!again.is_empty());
    pair.deliver_all(Role::Server, &again);
    assert_eq!(peer_of(&pair), at(CLIENT));
    let budget = pair.server.connection.path().amplification.budget();
    assert_eq!(budget, 3 * first.iter().map(|mail| mail.bytes.len() as u64).sum::<u64>());
}

/// RFC 9000 sections 8.1 and 9.3: three bytes for each that came from the new address.
#[test]
fn an_unvalidated_new_address_gets_three_times_what_it_sent() {
    let mut pair = Pair::established();
    pair.write(Role::Server, &[7; 100_000]);
    let packet = ping_to(&mut pair, None);
    let received = packet.len();
    pair.deliver(Role::Server, &Pair::from(OTHER_ADDRESS, packet));
    let mut sent = 0;
    for _ in 0..40 {
        let mail = pair.posted(Role::Server);
        let there = mail.iter().filter(|mail| mail.addresses.local == Some(at(OTHER_ADDRESS)));
        sent += there.map(|mail| mail.bytes.len()).sum::<usize>();
        pair.wait(Duration::from_millis(50));
        pair.tick(Role::Server);
    }
    assert!(sent > 0 && sent <= 3 * received, "{sent} for {received}");
}

/// RFC 9000 section 8.2.3: a response to a small challenge validates the address, a second one the
/// size.
#[test]
fn a_small_challenge_is_followed_by_one_of_full_size() {
    let mut pair = Pair::established();
    pair.net.rebind(at(OTHER_ADDRESS));
    let packet = ping_to(&mut pair, None);
    pair.deliver(Role::Server, &Pair::from(OTHER_ADDRESS, packet));
    let small = pair.posted(Role::Server);
    let sizes = |mail: &[Mail]| mail.iter().map(|mail| mail.bytes.len()).collect::<Vec<_>>();
    assert!(sizes(&small).iter().all(|len| *len < 200), "{:?}", sizes(&small));
    pair.deliver_all(Role::Client, &small);
    let response = pair.posted(Role::Client);
    pair.deliver_all(Role::Server, &response);
    assert!(pair.server.connection.path().amplification.is_validated());
    assert_eq!(told(&pair), 0);
    let full = pair.posted(Role::Server);
    assert!(
        count(&opened(&mut pair, &full), "PATH_CHALLENGE") == 1 && sizes(&full).contains(&1200)
    );
    pair.deliver_all(Role::Client, &full);
    pair.exchange();
    assert_eq!(told(&pair), 1);
}

/// RFC 9000 section 9.3.2: an address that does not answer is given up for the last good one.
#[test]
fn a_failed_validation_goes_back_to_the_last_good_address() {
    let mut pair = Pair::established();
    // Somebody else sends the client's packet first, from an address of its own.
    let packet = ping_to(&mut pair, None);
    pair.deliver(Role::Server, &Pair::from(OTHER_ADDRESS, packet));
    assert_eq!(peer_of(&pair), at(OTHER_ADDRESS));
    for _ in 0..200 {
        // The client hears nothing and says nothing.
        pair.posted(Role::Server);
        pair.wait(Duration::from_millis(50));
        pair.tick(Role::Server);
    }
    assert_eq!(peer_of(&pair), at(CLIENT));
    assert_eq!((told(&pair), pair.server.connection.state()), (0, State::Confirmed));
    pair.write(Role::Server, &[7; 50_000]);
    assert!(pair.run(LONG, |pair| {
        pair.read(Role::Client);
        pair.server.connection.streams().is_all_acked()
    }));
}

/// RFC 9000 section 9.3.3: a client that has not moved answers at its old address and is followed.
#[test]
fn a_spoofed_address_loses_the_peer_for_a_moment_only() {
    let mut pair = Pair::established();
    let packet = ping_to(&mut pair, None);
    pair.deliver(Role::Server, &Pair::from(OTHER_ADDRESS, packet));
    pair.write(Role::Client, &[7; 10_000]);
    pair.exchange();
    assert_eq!((peer_of(&pair), told(&pair)), (at(CLIENT), 0));
}

/// RFC 9000 sections 8.2.4 and 9.3.2: without a good address there is nobody to tell.
#[test]
fn with_no_viable_path_the_connection_ends_silently() {
    let mut pair = Pair::established();
    let packet = ping_to(&mut pair, None);
    pair.deliver(Role::Server, &Pair::from(OTHER_ADDRESS, packet));
    let now = pair.now;
    pair.server.connection.on_socket_error(now, &at(CLIENT));
    for _ in 0..200 {
        pair.posted(Role::Server);
        pair.wait(Duration::from_millis(50));
        pair.tick(Role::Server);
    }
    assert_eq!(pair.server.reason, Some(CloseReason::NoViablePath));
    assert_eq!(pair.server.connection.state(), State::Closed);
    assert!(pair.posted(Role::Server).is_empty());
}

/// RFC 9000 section 9.4.
#[test]
fn a_new_address_starts_with_a_new_window_and_a_new_port_does_not() {
    for (outside, kept) in [(OTHER_PORT, true), (OTHER_ADDRESS, false)] {
        let mut pair = Pair::established();
        assert!(pair.transfer(Role::Server, 300_000, LONG, |_| {}));
        let before = pair.server.connection.path();
        let (window, rtt) = (before.controller.window(), before.rtt.smoothed());
        pair.net.rebind(at(outside));
        pair.client.connection.ping();
        let ping = pair.posted(Role::Client);
        pair.deliver_all(Role::Server, &ping);
        let after = pair.server.connection.path();
        assert_eq!(after.addresses.peer, at(outside));
        assert_eq!(after.controller.window() == window, kept, "{outside}");
        assert_eq!(after.rtt.smoothed() == rtt, kept, "{outside}");
        assert_eq!(after.bytes_in_flight, 0);
        pair.exchange();
        pair.assert_confirmed();
    }
}

/// RFC 9000 section 9.4: what was in flight to the old address does not fill the new window, and
/// comes again.
#[test]
fn what_was_in_flight_to_the_old_address_is_sent_again() {
    let mut pair = Pair::established();
    pair.write(Role::Server, &[9; 10_000]);
    let lost = pair.posted(Role::Server);
    assert!(lost.len() > 5 && pair.server.connection.path().bytes_in_flight > 5_000);
    pair.net.rebind(at(OTHER_ADDRESS));
    pair.client.connection.ping();
    let mut read = 0;
    assert!(pair.run(LONG, |pair| {
        read += pair.read(Role::Client).len();
        read == 10_000
    }));
    pair.run_for(LONG);
    assert_eq!(pair.server.connection.path().bytes_in_flight, 0);
}

/// A datagram that comes to another local address from the same peer is no migration: workers of
/// a host pass datagrams to each other.
#[test]
fn another_local_address_is_no_migration() {
    for local in ["10.9.9.9:443", "0.0.0.0:443", "[::]:0"] {
        let mut pair = Pair::established();
        let packet = ping_to(&mut pair, None);
        let mut mail = Pair::from(CLIENT, packet);
        mail.addresses.local = Some(at(local));
        pair.deliver(Role::Server, &mail);
        assert_eq!(pair.server.connection.stats().rebinds, 0);
        let answer = pair.posted(Role::Server);
        assert!(answer.iter().all(|mail| mail.addresses.peer == at(SERVER)), "{local}");
    }
}

/// RFC 9000 section 18.2: who was told not to move and does, on purpose, is not heard.
#[test]
fn a_forbidden_migration_is_dropped_and_a_rebinding_is_not() {
    let mut pair = Pair::established();
    let moved = ping_to(&mut pair, Some(issued_cid(Role::Server, 1)));
    let received = pair.server.connection.stats().packets_received;
    pair.deliver(Role::Server, &Pair::from(OTHER_ADDRESS, moved));
    assert_eq!(pair.server.connection.stats().packets_received, received);
    assert_eq!(peer_of(&pair), at(CLIENT));
    let rebound = ping_to(&mut pair, None);
    pair.deliver(Role::Server, &Pair::from(OTHER_ADDRESS, rebound));
    assert_eq!(peer_of(&pair), at(OTHER_ADDRESS));
}

/// The host may forbid rebinding too.
#[test]
fn a_server_may_refuse_every_new_address() {
    let server = Settings { migration: Migration::Refused, ..Settings::default() };
    let mut pair = Pair::established_with(Options { server, ..Options::default() });
    let rebound = ping_to(&mut pair, None);
    pair.deliver(Role::Server, &Pair::from(OTHER_ADDRESS, rebound));
    assert_eq!(peer_of(&pair), at(CLIENT));
    assert!(pair.posted(Role::Server).is_empty());
}

/// RFC 9000 section 9: servers do not move unasked.
#[test]
fn a_client_drops_what_comes_from_an_unknown_server_address() {
    let mut pair = Pair::established();
    let packet = pair.forge(Role::Server, Space::Application, &[Frame::Ping]);
    let mut mail = Pair::from("192.0.2.66:443", packet.clone());
    mail.addresses.local = Some(at(CLIENT));
    let received = pair.client.connection.stats().packets_received;
    pair.deliver(Role::Client, &mail);
    assert_eq!(pair.client.connection.stats().packets_received, received);
    // A host that does not know where a datagram came from passes a wildcard.
    mail.addresses.peer = at("0.0.0.0:0");
    pair.deliver(Role::Client, &mail);
    assert_eq!(pair.client.connection.stats().packets_received, received + 1);
}

/// A datagram from nowhere, which anybody can send, changes nothing for those that follow.
#[test]
fn a_dropped_datagram_does_not_tell_where_the_next_came_from() {
    let mut pair = Pair::established();
    let mut mail = Pair::from("192.0.2.66:443", vec![0x40; 50]);
    mail.addresses.local = Some(at(CLIENT));
    pair.deliver(Role::Client, &mail);
    pair.inject(Role::Server, &[Frame::PathChallenge(PathChallenge([1; 8]))]);
    let sent = pair.sent(Role::Client);
    assert_eq!(count(&pair.look(Role::Server, &sent), "PATH_RESPONSE"), 1);
}

/// Many addresses, each with a challenge to answer: what is remembered of them is bounded.
#[test]
fn paths_of_a_peer_that_sends_from_everywhere_are_bounded() {
    let mut pair = Pair::established_with(allowing());
    for n in 1..=60 {
        let frames = [Frame::PathChallenge(PathChallenge([n; 8]))];
        let packet = pair.forge(Role::Client, Space::Application, &frames);
        pair.deliver(Role::Server, &Pair::from(&format!("203.0.113.{n}:99"), packet));
    }
    let others = pair.server.connection.others.as_deref().unwrap();
    assert!(others.iter().count() <= 4);
    for n in 61..=120 {
        let packet = ping_to(&mut pair, None);
        pair.deliver(Role::Server, &Pair::from(&format!("203.0.113.{n}:99"), packet));
    }
    let others = pair.server.connection.others.as_deref().unwrap();
    assert!(others.iter().count() <= 4);
    assert!(others.fallback().is_some(), "the last good address is kept");
    pair.client.connection.ping();
    pair.exchange();
    assert_eq!(peer_of(&pair), at(CLIENT));
}

/// RFC 9000 sections 9.2 and 9.5.
#[test]
fn a_client_moves_after_validation_with_a_fresh_id() {
    let mut pair = Pair::established_with(allowing());
    let (now, old) = (pair.now, *pair.client.connection.remote_cid());
    pair.client.connection.migrate(now, at(OTHER_ADDRESS)).unwrap();
    let probes = pair.posted(Role::Client);
    assert_eq!(probes.len(), 1);
    assert_eq!((probes[0].addresses.peer, probes[0].bytes.len()), (at(OTHER_ADDRESS), 1200));
    assert_eq!(pair.client.connection.path().addresses.local, Some(at(CLIENT)), "not yet");
    pair.deliver_all(Role::Server, &probes);
    pair.write(Role::Client, &[7; 50_000]);
    pair.exchange();
    pair.read(Role::Server);
    assert_eq!(pair.client.connection.path().addresses.local, Some(at(OTHER_ADDRESS)));
    assert_ne!(*pair.client.connection.remote_cid(), old);
    assert_eq!((peer_of(&pair), told(&pair)), (at(OTHER_ADDRESS), 1));
    pair.assert_confirmed();
    // The old connection ID is retired once the old path is forgotten, and replaced.
    pair.run_for(Duration::from_secs(5));
    assert!(pair.client.connection.others.is_none());
    let retired = |event: &Event| matches!(event, Event::ConnectionIdRetired(_));
    assert_eq!(pair.server.count(retired), 1);
    assert_eq!(pair.server.connection.local_cids().iter().count(), 3);
    assert_eq!(pair.server.connection.local_cids().primary(), *pair.client.connection.remote_cid());
}

/// The path that was left is known for a while, and can be moved to again.
#[test]
fn a_client_may_move_back_at_once() {
    let mut pair = Pair::established_with(allowing());
    for local in [OTHER_ADDRESS, CLIENT, OTHER_ADDRESS] {
        let now = pair.now;
        pair.client.connection.migrate(now, at(local)).unwrap();
        pair.exchange();
        assert_eq!(pair.client.connection.path().addresses.local, Some(at(local)));
        assert_eq!(peer_of(&pair), at(local));
    }
    pair.run_for(Duration::from_secs(5));
    assert!(pair.client.connection.others.is_none());
    pair.assert_confirmed();
}

/// RFC 9000 section 9.5: a server whose client has moved on purpose takes another ID as well.
#[test]
fn the_server_answers_a_migration_with_a_fresh_id_of_its_own() {
    let mut pair = Pair::established_with(allowing());
    let old = *pair.server.connection.remote_cid();
    let now = pair.now;
    pair.client.connection.migrate(now, at(OTHER_ADDRESS)).unwrap();
    pair.exchange();
    assert_eq!(peer_of(&pair), at(OTHER_ADDRESS));
    assert_ne!(*pair.server.connection.remote_cid(), old);
}

/// RFC 9000 section 17.4: an observer must not know the connection by its spin bit.
#[test]
fn the_spin_bit_starts_over_with_another_connection_id() {
    let mut pair = Pair::established_with(allowing());
    pair.server.connection.path.spin = SpinBit::new(Role::Server, 1);
    pair.server.connection.path.spin.on_received(true);
    let spare = pair.server.connection.local_cids().iter().last();
    let packet = ping_to(&mut pair, spare);
    pair.deliver(Role::Server, &Pair::from(OTHER_PORT, packet));
    assert_eq!(peer_of(&pair), at(OTHER_PORT));
    assert!(!pair.server.connection.path.spin.value());
}

/// RFC 9000 section 8.2.4: the connection goes on where it was.
#[test]
fn a_migration_that_fails_changes_nothing() {
    let mut pair = Pair::established_with(allowing());
    let now = pair.now;
    pair.client.connection.migrate(now, at(OTHER_ADDRESS)).unwrap();
    let mut challenges = std::collections::HashSet::new();
    for _ in 0..200 {
        let lost = pair.posted(Role::Client);
        let lost: Vec<Vec<u8>> = lost.into_iter().map(|mail| mail.bytes).collect();
        for packet in pair.look(Role::Server, &lost) {
            packet.for_each(|frame| {
                if let Frame::PathChallenge(frame) = frame {
                    assert!(challenges.insert(frame.0), "a challenge is not repeated as it is");
                }
            });
        }
        pair.wait(Duration::from_millis(50));
        pair.tick(Role::Client);
    }
    assert!(challenges.len() >= 2);
    assert_eq!(pair.client.connection.path().addresses.local, Some(at(CLIENT)));
    pair.write(Role::Client, &[7; 1000]);
    pair.exchange();
    assert_eq!(pair.read(Role::Server).len(), 1000);
    assert_eq!(peer_of(&pair), at(CLIENT));
}

/// RFC 9000 sections 9, 9.5 and 18.2.
#[test]
fn a_client_does_not_move_without_permission_or_a_spare_id() {
    let mut pair = Pair::established();
    let now = pair.now;
    let forbidden = pair.client.connection.migrate(now, at(OTHER_ADDRESS));
    assert_eq!(forbidden, Err(MigrateError::Forbidden));
    assert_eq!(pair.server.connection.migrate(now, at(SERVER)), Err(MigrateError::NotNow));
    let mut early = Pair::new(allowing());
    assert_eq!(early.client.connection.migrate(now, at(OTHER_ADDRESS)), Err(MigrateError::NotNow));
    let mut pair = Pair::established_with(allowing());
    let now = pair.now;
    for local in ["203.0.113.1:1", "203.0.113.2:1"] {
        pair.client.connection.migrate(now, at(local)).unwrap();
    }
    let none = pair.client.connection.migrate(now, at("203.0.113.3:1"));
    assert_eq!(none, Err(MigrateError::NoConnectionId));
}
