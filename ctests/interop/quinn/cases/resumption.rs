//! Second connections.

use super::{plain_from_quinn, plain_to_quinn};
use crate::link::SERVER;
use crate::ours;

#[test]
fn resumption_with_quinns_server() {
    let mut world = plain_to_quinn(&[1_000]);
    assert!(world.run(5, |world| world.client.is_done() && !world.client.sessions.is_empty()));
    let session = world.client.sessions.last().cloned();
    let options = ours::Options { session, ..ours::Options::default() };
    world.client.connect(SERVER, &options, world.now, &[2_000]);
    assert!(world.run(5, |world| world.client.is_done()));
    assert!(world.client.connection().unwrap().tls().is_resumed());
}

#[test]
fn resumption_with_quinns_client() {
    let mut world = plain_from_quinn(&[1_000]);
    assert!(world.run(5, |world| world.client.is_done() && world.server.is_confirmed()));
    world.run(1, |_| false);
    world.client.connect(SERVER, world.now, &[2_000]);
    assert!(world.run(5, |world| world.client.is_done()));
    assert!(world.server.connection().unwrap().tls().is_resumed());
}

#[test]
fn zerortt_with_quinns_server() {
    let mut world = plain_to_quinn(&[1_000]);
    assert!(world.run(5, |world| world.client.is_done() && !world.client.sessions.is_empty()));
    let options = ours::Options {
        session: world.client.sessions.last().cloned(),
        remembered: world.client.parameters.clone(),
        ..ours::Options::default()
    };
    let begin = world.now;
    world.client.connect(SERVER, &options, begin, &[2_000]);
    assert!(world.run(5, |world| world.client.is_done()));
    assert!(world.client.connection().unwrap().tls().early_data_accepted());
    assert!(world.now - begin <= 2 * world.conditions.delay, "one round trip is enough");
}

#[test]
fn zerortt_with_quinns_client() {
    let mut world = plain_from_quinn(&[1_000]);
    assert!(world.run(5, |world| world.client.is_done() && world.server.is_confirmed()));
    world.run(1, |_| false);
    let begin = world.now;
    world.client.connect(SERVER, begin, &[2_000]);
    assert!(world.run(5, |world| world.client.is_done()));
    assert!(world.client.connection().accepted_0rtt());
    assert!(world.now - begin <= 2 * world.conditions.delay, "one round trip is enough");
}
