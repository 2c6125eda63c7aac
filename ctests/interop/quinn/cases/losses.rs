//! A network that loses and corrupts.

use super::{plain_from_quinn, plain_to_quinn};

/// Handshakes that are tried one after the other.
const HANDSHAKES: u64 = 20;

#[test]
fn handshakeloss_with_quinns_server() {
    for seed in 0..HANDSHAKES {
        let mut world = plain_to_quinn(&[1_000]);
        world.conditions.loss = 30;
        world.reseed(seed);
        assert!(world.run(60, |world| world.client.is_done()), "seed {seed}");
    }
}

#[test]
fn handshakeloss_with_quinns_client() {
    for seed in 0..HANDSHAKES {
        let mut world = plain_from_quinn(&[1_000]);
        world.conditions.loss = 30;
        world.reseed(seed);
        assert!(world.run(60, |world| world.client.is_done()), "seed {seed}");
    }
}

#[test]
fn handshakecorruption_with_quinns_server() {
    for seed in 0..HANDSHAKES {
        let mut world = plain_to_quinn(&[1_000]);
        world.conditions.corruption = 30;
        world.reseed(seed);
        assert!(world.run(60, |world| world.client.is_done()), "seed {seed}");
    }
}

#[test]
fn handshakecorruption_with_quinns_client() {
    for seed in 0..HANDSHAKES {
        let mut world = plain_from_quinn(&[1_000]);
        world.conditions.corruption = 30;
        world.reseed(seed);
        assert!(world.run(60, |world| world.client.is_done()), "seed {seed}");
    }
}

#[test]
fn transferloss_from_quinn() {
    let mut world = plain_to_quinn(&[2_000_000]);
    world.conditions.loss = 2;
    assert!(world.run(120, |world| world.client.is_done()));
}

#[test]
fn transferloss_to_quinn() {
    let mut world = plain_from_quinn(&[2_000_000]);
    world.conditions.loss = 2;
    assert!(world.run(120, |world| world.client.is_done()));
}

#[test]
fn transfercorruption_from_quinn() {
    let mut world = plain_to_quinn(&[2_000_000]);
    world.conditions.corruption = 2;
    assert!(world.run(120, |world| world.client.is_done()));
}

#[test]
fn transfercorruption_to_quinn() {
    let mut world = plain_from_quinn(&[2_000_000]);
    world.conditions.corruption = 2;
    assert!(world.run(120, |world| world.client.is_done()));
}

#[test]
fn blackhole_from_quinn() {
    let mut world = plain_to_quinn(&[5_000_000]);
    assert!(world.run(60, |world| world.client.requests().bytes_open() > 100_000));
    world.conditions.loss = 100;
    assert!(!world.run(5, |world| world.client.is_done()));
    world.conditions.loss = 0;
    assert!(world.run(60, |world| world.client.is_done()));
}

#[test]
fn blackhole_to_quinn() {
    let mut world = plain_from_quinn(&[5_000_000]);
    assert!(world.run(60, |world| world.client.requests().bytes_open() > 100_000));
    world.conditions.loss = 100;
    assert!(!world.run(5, |world| world.client.is_done()));
    world.conditions.loss = 0;
    assert!(world.run(60, |world| world.client.is_done()));
}
