//! Retry and tokens between engines.

use super::*;
use crate::engine::Verdict;
use crate::error::TransportErrorCode;

/// A world whose server asks every client without a token to come again.
fn asking() -> World {
    let mut world = World::new();
    world.retry = true;
    world
}

fn assert_confirmed(world: &World) {
    let client = world.client.connection(world.client_key).unwrap();
    assert_eq!(client.state(), State::Confirmed);
}

/// The first Initial of `world`'s client as the server takes it.
fn first_incoming(world: &mut World) -> (Incoming, Vec<u8>) {
    let datagram = world.sent(Role::Client).swap_remove(0);
    match world.at_server(&datagram) {
        Received::Incoming(incoming) => (*incoming, datagram),
        other => panic!("{other:?}"),
    }
}

/// The Initial that answers the Retry which `world`'s server sends.
fn answer_to_retry(world: &mut World) -> (Incoming, Vec<u8>) {
    let (incoming, datagram) = first_incoming(world);
    world.judge(incoming, &datagram);
    first_incoming(world)
}

/// RFC 9000 section 8.1.2: one Retry, and the token that comes back is enough.
#[test]
fn a_client_that_answers_a_retry_is_let_in() {
    let mut world = asking();
    world.run();
    assert_confirmed(&world);
    assert_eq!(world.answers.len(), 1, "one Retry");
    assert!(world.answers[0].len() < 1200);
}

/// RFC 9000 section 8.1.
#[test]
fn a_retry_token_validates_the_address() {
    let mut world = asking();
    let (mut incoming, datagram) = answer_to_retry(&mut world);
    assert!(world.server.check_token(world.now, world.wall(), &mut incoming));
    assert!(incoming.is_validated());
    assert_ne!(incoming.original_dcid(), incoming.dcid);
    world.accept(&incoming, &datagram);
    let server = world.server.connection(world.server_key.unwrap()).unwrap();
    assert!(server.path().amplification.is_validated());
}

/// RFC 9000 section 8.1.4: another process with the same keys takes the token.
#[test]
fn a_retry_token_is_good_at_another_server_with_the_same_keys() {
    let mut world = asking();
    let (incoming, datagram) = answer_to_retry(&mut world);
    world.server = engine(Role::Server);
    world.judge(incoming, &datagram);
    world.run();
    assert_confirmed(&world);
    assert_eq!(world.answers.len(), 1, "no second Retry");
}

/// RFC 9000 section 8.1.2: a Retry token of somebody else's is refused, and the client learns it.
#[test]
fn a_retry_token_from_another_address_ends_in_invalid_token() {
    let mut world = asking();
    let (mut incoming, datagram) = answer_to_retry(&mut world);
    incoming.addresses = addresses(77);
    world.judge(incoming, &datagram);
    assert_eq!(world.answers.len(), 2);
    assert!(world.answers[1].len() <= datagram.len(), "no amplification");
    world.sent(Role::Client);
    let Some(CloseReason::PeerTransport { code, .. }) = &world.client_reason else {
        panic!("{:?}", world.client_reason)
    };
    assert_eq!(*code, TransportErrorCode::INVALID_TOKEN);
    assert!(world.server.is_empty());
}

/// RFC 9000 section 17.2.5.1: the Retry gives another connection ID.
#[test]
fn a_retry_never_sends_the_client_where_it_already_is() {
    let mut world = asking();
    let (incoming, _) = first_incoming(&mut world);
    let (now, wall, dcid) = (world.now, world.wall(), incoming.dcid);
    assert!(world.server.retry(now, wall, &incoming, &dcid).is_none());
}

/// RFC 9000 section 5.2.2: no second connection of the Initial that drew the Retry.
#[test]
fn a_late_copy_of_the_initial_before_the_retry_begins_no_connection() {
    let mut world = asking();
    let (incoming, first) = first_incoming(&mut world);
    world.judge(incoming, &first);
    world.run();
    assert_confirmed(&world);
    assert!(matches!(world.at_server(&first), Received::Connection(_)));
    assert_eq!(world.server.len(), 1);
}

/// RFC 9000 section 8.1.3: a token of an earlier connection spares the Retry.
#[test]
fn a_token_of_an_earlier_connection_validates_the_address() {
    let mut world = World::connected();
    let token = world.token.take().unwrap();
    let mut next = World::with_token(&token);
    next.retry = true;
    next.run();
    assert_confirmed(&next);
    assert!(next.answers.is_empty(), "no Retry");
    let server = next.server.connection(next.server_key.unwrap()).unwrap();
    assert!(server.path().amplification.is_validated());
}

/// RFC 9000 section 8.1.3: a token that is not good for anything does no harm.
#[test]
fn a_foreign_or_tampered_token_is_as_good_as_none() {
    let mut known = World::connected().token.unwrap();
    known[20] ^= 1;
    for token in [&known[..], b"of another server", &[0x55; 41]] {
        for retry in [false, true] {
            let mut world = World::with_token(token);
            world.retry = retry;
            world.run();
            assert_confirmed(&world);
            assert_eq!(world.answers.len(), usize::from(retry));
        }
    }
}

/// RFC 9000 section 8.1.3: as it may be a token of an earlier connection from another network.
#[test]
fn a_token_given_to_another_address_is_as_good_as_none() {
    let token = World::connected().token.unwrap();
    let mut world = World::with_token(&token);
    let (mut incoming, _) = first_incoming(&mut world);
    incoming.addresses = addresses(77);
    assert!(world.server.check_token(world.now, world.wall(), &mut incoming));
    assert_eq!(incoming.proof, Verdict::Nothing);
}

#[test]
fn retries_are_limited() {
    let mut world = asking();
    let (incoming, _) = first_incoming(&mut world);
    let (now, wall) = (world.now, world.wall());
    let scid = world.server.random_cid();
    let sent =
        (0..60_000).filter(|_| world.server.retry(now, wall, &incoming, &scid).is_some()).count();
    assert_eq!(sent, super::super::MAX_RETRIES_PER_SECOND as usize);
}
