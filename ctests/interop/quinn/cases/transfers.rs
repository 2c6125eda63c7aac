//! What is carried, over a network that does no harm.

use super::{from_quinn, plain_from_quinn, plain_to_quinn, to_quinn, BEGIN};
use crate::link::World;
use crate::ours::{self, Ours};
use crate::theirs::{self, Theirs};

const LENS: [u64; 5] = [0, 1, 1_200, 100_000, 3_000_000];

#[test]
fn transfer_from_quinn() {
    let mut world = plain_to_quinn(&LENS);
    assert!(world.run(60, |world| world.client.is_done()));
    assert_eq!(world.client.requests().complete, LENS.len());
}

#[test]
fn transfer_to_quinn() {
    let mut world = plain_from_quinn(&LENS);
    assert!(world.run(60, |world| world.client.is_done()));
    assert_eq!(world.client.requests().complete, LENS.len());
}

#[test]
fn longrtt_from_quinn() {
    let mut world = plain_to_quinn(&[500_000]);
    world.conditions.delay = 750_000;
    assert!(world.run(60, |world| world.client.is_done()));
}

#[test]
fn longrtt_to_quinn() {
    let mut world = plain_from_quinn(&[500_000]);
    world.conditions.delay = 750_000;
    assert!(world.run(60, |world| world.client.is_done()));
}

#[test]
fn multiplexing_from_quinn() {
    let mut world = plain_to_quinn(&[32; 1_000]);
    assert!(world.run(60, |world| world.client.is_done()));
    assert_eq!(world.client.requests().complete, 1_000);
}

#[test]
fn multiplexing_to_quinn() {
    let mut world = plain_from_quinn(&[32; 1_000]);
    assert!(world.run(60, |world| world.client.is_done()));
    assert_eq!(world.client.requests().complete, 1_000);
}

const CHACHA20: &str = "TLS_CHACHA20_POLY1305_SHA256";

#[test]
fn chacha20_from_quinn() {
    let ours = ours::Options { ciphers: Some(CHACHA20), ..ours::Options::default() };
    let mut world =
        to_quinn(&ours, theirs::Options { chacha20: true, ..Default::default() }, &LENS);
    assert!(world.run(60, |world| world.client.is_done()));
}

#[test]
fn chacha20_to_quinn() {
    let theirs = theirs::Options { chacha20: true, ..Default::default() };
    let mut world = from_quinn(theirs, &ours::Options::default(), &LENS);
    assert!(world.run(60, |world| world.client.is_done()));
    let cipher = world.server.connection().unwrap().tls().cipher();
    assert_eq!(cipher, Some(xquic::tls::Algorithm::ChaCha20Poly1305));
}

#[test]
fn ipv6_from_quinn() {
    let (client, server) = ("[2001:db8::1]:50000".parse(), "[2001:db8::2]:4433".parse());
    let (client, server) = (client.unwrap(), server.unwrap());
    let theirs = Theirs::server(server, theirs::Options::default());
    let ours = Ours::client(client, server, &ours::Options::default(), BEGIN, &LENS);
    let mut world = World::new(ours, theirs);
    assert!(world.run(60, |world| world.client.is_done()));
}

#[test]
fn ipv6_to_quinn() {
    let (client, server) = ("[2001:db8::1]:50000".parse(), "[2001:db8::2]:4433".parse());
    let (client, server) = (client.unwrap(), server.unwrap());
    let ours = Ours::server(server, &ours::Options::default());
    let theirs = Theirs::client(client, server, theirs::Options::default(), BEGIN, &LENS);
    let mut world = World::new(theirs, ours);
    assert!(world.run(60, |world| world.client.is_done()));
}

#[test]
fn keyupdate_by_quinns_server() {
    let mut world = plain_to_quinn(&[3_000_000]);
    assert!(world.run(60, |world| world.client.is_confirmed()));
    world.server.connection().force_key_update();
    assert!(world.run(60, |world| world.client.is_done()));
}

#[test]
fn keyupdate_by_quinns_client() {
    let mut world = plain_from_quinn(&[3_000_000]);
    assert!(world.run(60, |world| world.client.is_connected() && world.server.is_confirmed()));
    world.client.connection().force_key_update();
    assert!(world.run(60, |world| world.client.is_done()));
}

/// Settings with which keys are updated after that many packets.
fn impatient() -> ours::Options {
    let mut options = ours::Options::default();
    options.settings.key_update_threshold = 100;
    options
}

#[test]
fn keyupdate_by_our_server() {
    let mut world = from_quinn(theirs::Options::default(), &impatient(), &[3_000_000]);
    assert!(world.run(60, |world| world.client.is_done()));
    assert!(world.server.connection().unwrap().stats().key_updates > 0);
}

#[test]
fn keyupdate_by_our_client() {
    let mut world = to_quinn(&impatient(), theirs::Options::default(), &[3_000_000; 4]);
    assert!(world.run(60, |world| world.client.is_done()));
    assert!(world.client.connection().unwrap().stats().key_updates > 0);
}
