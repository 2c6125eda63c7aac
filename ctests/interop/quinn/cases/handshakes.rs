//! How connections begin.

use super::{from_quinn, plain_from_quinn, plain_to_quinn, to_quinn};
use crate::{ours, theirs};

#[test]
fn handshake_with_quinns_server() {
    let mut world = plain_to_quinn(&[1_000]);
    assert!(world.run(5, |world| world.client.is_done() && world.client.is_confirmed()));
    // Nothing was lost, so nothing but round trips took time.
    assert!(world.now < super::BEGIN + 100_000, "{}", world.now);
}

#[test]
fn handshake_with_quinns_client() {
    let mut world = plain_from_quinn(&[1_000]);
    assert!(world.run(5, |world| world.client.is_done() && world.server.is_confirmed()));
    assert!(world.now < super::BEGIN + 100_000, "{}", world.now);
}

#[test]
fn retry_by_quinns_server() {
    let theirs = theirs::Options { retry: true, ..Default::default() };
    let mut world = to_quinn(&ours::Options::default(), theirs, &[1_000]);
    assert!(world.run(5, |world| world.client.is_done()));
    assert_eq!(world.server.retries, 1);
}

#[test]
fn retry_of_quinns_client() {
    let mut world = plain_from_quinn(&[1_000]);
    world.server.ask_for_tokens();
    assert!(world.run(5, |world| world.client.is_done() && world.server.is_confirmed()));
    assert_eq!(world.server.retries, 1);
    // The next connection shows what it got in NEW_TOKEN.
    world.run(1, |_| false);
    world.client.connect(crate::link::SERVER, world.now, &[1_000]);
    assert!(world.run(5, |world| world.client.is_done()));
    assert_eq!(world.server.retries, 1);
}

#[test]
fn amplificationlimit_kept_towards_quinn() {
    let ours = ours::Options { large_certificate: true, ..ours::Options::default() };
    let mut world = from_quinn(theirs::Options::default(), &ours, &[1_000]);
    // Until the client's second flight is there.
    assert!(world.run(5, |world| world.carried[0] > 1));
    let (got, sent) = (1_200, world.bytes[1]);
    assert!(sent > 2 * got && sent <= 3 * got, "{sent} bytes for {got}");
    assert!(world.run(5, |world| world.client.is_done()));
}

#[test]
fn amplificationlimit_of_quinn_is_overcome() {
    let theirs = theirs::Options { large_certificate: true, ..Default::default() };
    let mut world = to_quinn(&ours::Options::default(), theirs, &[1_000]);
    assert!(world.run(5, |world| world.client.is_done()));
}
