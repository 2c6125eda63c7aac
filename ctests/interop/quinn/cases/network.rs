//! A network that changes addresses.

use xquic::connection::Migration;

use super::{from_quinn, plain_from_quinn, plain_to_quinn};
use crate::link::{address, World, CLIENT};
use crate::node::Node;
use crate::{ours, theirs};

/// Lets a translator give the client these addresses, one every 300 ms.
fn rebind<C: Node, S: Node>(world: &mut World<C, S>, hosts: [u8; 3]) {
    world.conditions.delay = 50_000;
    for (host, port) in hosts.into_iter().zip(CLIENT.port() + 1..) {
        let change = world.now + 300_000;
        assert!(world.run(5, |world| world.now >= change), "nothing is under way any more");
        world.translated = Some(address(host, port));
    }
}

#[test]
fn rebind_port_of_our_client() {
    let mut world = plain_to_quinn(&[5_000_000]);
    rebind(&mut world, [1, 1, 1]);
    assert!(!world.client.is_done());
    assert!(world.run(60, |world| world.client.is_done()));
    assert_eq!(world.server.connection().remote_address(), world.translated.unwrap());
}

#[test]
fn rebind_addr_of_our_client() {
    let mut world = plain_to_quinn(&[5_000_000]);
    rebind(&mut world, [3, 4, 5]);
    assert!(!world.client.is_done());
    assert!(world.run(60, |world| world.client.is_done()));
    assert_eq!(world.server.connection().remote_address(), world.translated.unwrap());
}

#[test]
fn ecn_marks_of_quinn_are_reported_back() {
    let mut world = plain_to_quinn(&[3_000_000]);
    world.conditions.marks = 5;
    assert!(world.run(60, |world| world.client.is_done()));
    let counts = world.client.connection().unwrap().ecn_received();
    assert!(counts.ect0 > 1_000 && counts.ce > 50, "{counts:?}");
    // quinn has slowed down for what we reported.
    let events = world.server.connection().stats().path.congestion_events;
    assert!(events > 5, "{events}");
}

#[test]
fn ecn_marks_of_ours_are_borne_out_by_quinn() {
    let mut world = plain_from_quinn(&[3_000_000]);
    world.server.mark();
    world.conditions.marks = 5;
    assert!(world.run(60, |world| world.client.is_done()));
    let connection = world.server.connection().unwrap();
    assert!(connection.is_ecn_capable());
    assert!(connection.stats().congestion_marks > 50);
}

#[test]
fn rebind_port_of_quinns_client() {
    let mut world = plain_from_quinn(&[5_000_000]);
    rebind(&mut world, [1, 1, 1]);
    assert!(!world.client.is_done());
    assert!(world.run(60, |world| world.client.is_done()));
    let path = world.server.connection().unwrap().path();
    assert_eq!(path.addresses.peer, world.translated.unwrap());
}

#[test]
fn rebind_addr_of_quinns_client() {
    let mut world = plain_from_quinn(&[5_000_000]);
    rebind(&mut world, [3, 4, 5]);
    assert!(!world.client.is_done());
    assert!(world.run(60, |world| world.client.is_done()));
    let path = world.server.connection().unwrap().path();
    assert_eq!(path.addresses.peer, world.translated.unwrap());
}

#[test]
fn connectionmigration_of_our_client() {
    let mut world = plain_to_quinn(&[5_000_000]);
    assert!(world.run(5, |world| world.client.requests().bytes_open() > 500_000));
    let before = world.server.connection().remote_address();
    let after = address(7, 7_000);
    world.client.migrate(world.now, after);
    assert!(world.run(60, |world| world.client.is_done()));
    assert_eq!(before, CLIENT);
    assert_eq!(world.server.connection().remote_address(), after);
    assert_eq!(world.client.connection().unwrap().path().addresses.local, Some(after));
}

#[test]
fn connectionmigration_of_quinns_client() {
    let mut ours = ours::Options::default();
    ours.settings.migration = Migration::Allowed;
    let mut world = from_quinn(theirs::Options::default(), &ours, &[5_000_000]);
    assert!(world.run(5, |world| world.client.requests().bytes_open() > 500_000));
    let after = address(7, 7_000);
    world.translated = Some(after);
    world.client.connection().local_address_changed();
    assert!(world.run(60, |world| world.client.is_done()));
    assert_eq!(world.server.connection().unwrap().path().addresses.peer, after);
}
