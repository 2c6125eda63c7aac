//! Connection IDs: what is routed, and for how long.

use super::*;
use crate::connection::PreferredAddresses;

/// RFC 9000 section 5.1.2: packets that were under way to a retired ID still arrive for about
/// three probe timeouts.
#[test]
fn a_retired_id_is_routed_for_a_while() {
    let mut world = World::connected();
    let key = world.server_key.unwrap();
    let connection = world.server.connection(key).unwrap();
    let (cid, keep) = (connection.local_cids().iter().last().unwrap(), connection.probe_timeout());
    world.server.retire_connection_id(key, cid, world.now);
    for (passed, routed) in [(1, true), (1, true), (2, false)] {
        world.now += keep.saturating_mul(passed);
        world.server.reschedule(key, world.now);
        assert_eq!(world.server.find(cid.as_slice()).is_some(), routed);
    }
}

/// A peer that retires without end cannot make us route without end.
#[test]
fn retired_routes_are_bounded() {
    let mut world = World::connected();
    let key = world.server_key.unwrap();
    let cids: Vec<ConnectionId> = (0..40).map(|_| world.server.random_cid()).collect();
    for cid in &cids {
        assert!(world.server.issue_connection_id(key, *cid));
        world.server.retire_connection_id(key, *cid, world.now);
    }
    let routed = cids.iter().filter(|cid| world.server.find(cid.as_slice()).is_some()).count();
    assert_eq!(routed, 16);
}

/// RFC 9000 section 5.1.1: the ID of a preferred address is in use from the beginning.
#[test]
fn the_id_of_a_preferred_address_is_routed() {
    let mut world = World::new();
    let first = world.sent(Role::Client);
    let Received::Incoming(incoming) = world.at_server(&first[0]) else { panic!() };
    let (scid, preferred) = (world.server.random_cid(), world.server.random_cid());
    let ipv4 = Some("192.0.2.9:443".parse().unwrap());
    let preferred_address = Some(PreferredAddresses { ipv4, ipv6: None });
    let settings = Arc::new(Settings { preferred_address, ..Settings::default() });
    let terms = Acceptance { preferred_cid: Some(preferred), ..acceptance(scid, settings) };
    let key = world.server.accept(world.now, &incoming, terms).unwrap();
    for cid in [scid, preferred] {
        assert_eq!(world.server.find(cid.as_slice()), Some(key));
    }
    assert!(world.server.remove(key).is_some());
    assert_eq!(world.server.find(preferred.as_slice()), None);
}

/// RFC 9000 section 10.3.2: the token is a function of key and ID, so every worker makes the same,
/// no two IDs share one, and an ID that is in use is not given out again.
#[test]
fn every_connection_id_has_one_token_of_its_own() {
    let (mut one, other) = (engine(Role::Server), engine(Role::Server));
    let mut tokens = Vec::new();
    for _ in 0..1000 {
        let cid = one.complete_cid(&[]);
        let token = one.reset_token(cid.as_slice());
        assert_eq!(other.reset_token(cid.as_slice()), token);
        tokens.push(token.0);
    }
    tokens.sort_unstable();
    tokens.dedup();
    assert_eq!(tokens.len(), 1000);
    let cid = one.complete_cid(&[]);
    let before = one.reset_token(cid.as_slice());
    one.set_reset_key(b"another key");
    assert_ne!(one.reset_token(cid.as_slice()), before);
    one.set_reset_key(&[]);
    assert_ne!(one.reset_token(cid.as_slice()), before);
}

/// RFC 9000 section 10.3.2.
#[test]
fn an_id_in_use_is_not_given_out_again() {
    let mut world = World::new();
    world.run();
    let key = world.server_key.unwrap();
    let in_use = world.server.connection(key).unwrap().local_cids().primary();
    assert!(!world.server.issue_connection_id(key, in_use));
    for _ in 0..100 {
        assert_ne!(world.server.complete_cid(&in_use.as_slice()[..7]), in_use);
    }
}
