//! Connection IDs: issued, retired, counted.

use super::forge::{count, Forgery};
use super::pair::{issued_cid, Options, Pair};
use crate::connection::{Event, ACTIVE_CONNECTION_ID_LIMIT};
use crate::error::TransportErrorCode as Code;
use crate::recovery::Space;
use crate::wire::frame::{Frame, NewConnectionId, RetireConnectionId};
use crate::wire::{ConnectionId, ResetToken, Role};

/// NEW_CONNECTION_ID of a server that goes on counting where the real one stopped.
fn new_id(sequence: u64, retire_prior_to: u64) -> Frame<'static> {
    let n = sequence as u8;
    Frame::NewConnectionId(NewConnectionId {
        sequence,
        retire_prior_to,
        cid: ConnectionId::new(&[0xe0, n, n, n, n, n, n, n]).unwrap(),
        reset_token: ResetToken([n; 16]),
    })
}

fn retire(sequence: u64) -> Frame<'static> {
    Frame::RetireConnectionId(RetireConnectionId { sequence })
}

fn violation(pair: &mut Pair, frames: &[Frame<'_>]) -> Option<Code> {
    pair.inject(Role::Server, frames);
    pair.client.violation()
}

/// The number of connection IDs of `role`.
fn issued(pair: &mut Pair, role: Role) -> usize {
    pair.end(role).connection.local_cids().iter().count()
}

/// How many connection IDs the client may still get from the server.
fn room(pair: &mut Pair) -> u64 {
    ACTIVE_CONNECTION_ID_LIMIT - issued(pair, Role::Server) as u64
}

/// The next sequence number of the server.
fn next_sequence(pair: &mut Pair) -> u64 {
    issued(pair, Role::Server) as u64
}

/// RFC 9000 section 5.1.1.
#[test]
fn spare_ids_are_issued_once_the_handshake_is_complete() {
    let mut pair = Pair::established();
    for role in [Role::Client, Role::Server] {
        assert!(issued(&mut pair, role) >= 2);
    }
}

/// RFC 9000 section 5.1.1.
#[test]
fn a_retired_id_is_replaced_by_a_fresh_one() {
    let mut pair = Pair::established();
    let before = issued(&mut pair, Role::Server);
    // More would pass the limit of the client, which retires nothing itself.
    let room = room(&mut pair);
    for sequence in 1..=room {
        pair.inject(Role::Client, &[retire(sequence)]);
        assert_eq!(issued(&mut pair, Role::Server), before);
        pair.exchange();
    }
    pair.assert_confirmed();
    let retired = |event: &Event| matches!(event, Event::ConnectionIdRetired(_));
    assert_eq!(pair.server.count(retired) as u64, room);
}

/// RFC 9000 section 5.1.1: those retired together are replaced one for one.
#[test]
fn ids_that_are_retired_together_are_not_replaced_twice() {
    let mut pair = Pair::established();
    let before = issued(&mut pair, Role::Server);
    pair.inject(Role::Client, &[retire(1), retire(2)]);
    assert_eq!(issued(&mut pair, Role::Server), before);
}

/// RFC 9000 section 13.3.
#[test]
fn a_lost_id_is_announced_again() {
    let mut pair = Pair::established();
    pair.inject(Role::Client, &[retire(1)]);
    let mut announced = pair.peek(Role::Server);
    assert_eq!(count(&announced, "NEW_CONNECTION_ID"), 1);
    pair.next_timeout(Role::Server);
    announced = pair.peek(Role::Server);
    assert!(count(&announced, "NEW_CONNECTION_ID") >= 1);
}

/// RFC 9000 section 19.15.
#[test]
fn an_id_of_bad_length_or_retiring_itself_is_an_encoding_error() {
    for len in [0, 21] {
        let mut bytes = vec![0x18, 9, 0, len];
        bytes.extend(vec![1; usize::from(len) + 16]);
        let mut pair = Pair::established();
        pair.inject_with(Role::Server, Space::Application, &Forgery::raw(&bytes));
        assert_eq!(pair.client.violation(), Some(Code::FRAME_ENCODING_ERROR), "{len}");
    }
    let mut bytes = vec![0x18, 9, 10, 8];
    bytes.extend([1; 24]);
    let mut pair = Pair::established();
    pair.inject_with(Role::Server, Space::Application, &Forgery::raw(&bytes));
    assert_eq!(pair.client.violation(), Some(Code::FRAME_ENCODING_ERROR));
}

/// RFC 9000 section 19.15.
#[test]
fn an_id_that_changes_its_identity_is_a_violation() {
    let Frame::NewConnectionId(first) = new_id(7, 0) else { return };
    let same_sequence = NewConnectionId { cid: issued_cid(Role::Server, 77), ..first };
    let other_token = NewConnectionId { reset_token: ResetToken([1; 16]), ..first };
    let same_cid = NewConnectionId { sequence: 8, ..first };
    for second in [same_sequence, other_token, same_cid] {
        let mut pair = Pair::established();
        let frames = [Frame::NewConnectionId(first), Frame::NewConnectionId(second)];
        assert_eq!(violation(&mut pair, &frames), Some(Code::PROTOCOL_VIOLATION), "{second:?}");
    }
    let mut pair = Pair::established();
    let again = [Frame::NewConnectionId(first), Frame::NewConnectionId(first)];
    assert_eq!(violation(&mut pair, &again), None, "a repetition is legal");
}

/// RFC 9000 sections 19.15 and 19.16.
#[test]
fn ids_for_an_end_that_has_none_are_a_violation() {
    let without = || Pair::established_with(Options { cid_len: 0, ..Options::default() });
    let mut pair = without();
    assert_eq!(violation(&mut pair, &[new_id(1, 0)]), Some(Code::PROTOCOL_VIOLATION));
    let mut pair = without();
    assert_eq!(violation(&mut pair, &[retire(0)]), Some(Code::PROTOCOL_VIOLATION));
}

/// RFC 9000 section 5.1.1: the limit itself is legal, and counts the handshake's ID.
#[test]
fn as_many_ids_as_the_limit_are_legal_and_one_more_is_not() {
    let mut pair = Pair::established();
    let (first, room) = (next_sequence(&mut pair), room(&mut pair));
    for sequence in first..first + room {
        assert_eq!(violation(&mut pair, &[new_id(sequence, 0)]), None);
    }
    let last = first + room;
    let verdict = violation(&mut pair, &[new_id(last, 0)]);
    assert_eq!(verdict, Some(Code::CONNECTION_ID_LIMIT_ERROR));
}

/// RFC 9000 section 5.1.1: retirement comes first.
#[test]
fn an_excess_that_its_own_frame_retires_is_legal() {
    let mut pair = Pair::established();
    let (first, room) = (next_sequence(&mut pair), room(&mut pair));
    for sequence in first..first + room {
        assert_eq!(violation(&mut pair, &[new_id(sequence, 0)]), None);
    }
    assert_eq!(violation(&mut pair, &[new_id(first + room, 1)]), None);
    assert_eq!(*pair.client.connection.remote_cid(), issued_cid(Role::Server, 1));
    assert_eq!(count(&pair.peek(Role::Client), "RETIRE_CONNECTION_ID"), 1);
}

/// RFC 9000 section 13.3.
#[test]
fn a_lost_retirement_is_repeated() {
    let mut pair = Pair::established();
    let sequence = next_sequence(&mut pair);
    assert_eq!(violation(&mut pair, &[new_id(sequence, 1)]), None);
    assert_eq!(count(&pair.peek(Role::Client), "RETIRE_CONNECTION_ID"), 1);
    pair.next_timeout(Role::Client);
    assert!(count(&pair.peek(Role::Client), "RETIRE_CONNECTION_ID") >= 1);
}

/// RFC 9000 section 19.16.
#[test]
fn retiring_an_id_never_issued_or_the_packets_own_is_a_violation() {
    let mut pair = Pair::established();
    let never = next_sequence(&mut pair);
    for sequence in [never, 0] {
        let mut pair = Pair::established();
        pair.inject(Role::Client, &[retire(sequence)]);
        assert_eq!(pair.server.violation(), Some(Code::PROTOCOL_VIOLATION), "{sequence}");
    }
}

/// RFC 9000 section 19.15.
#[test]
fn an_id_that_comes_already_retired_is_retired_at_once() {
    let mut pair = Pair::established();
    assert_eq!(violation(&mut pair, &[new_id(40, 40)]), None);
    pair.sent(Role::Client);
    assert_eq!(violation(&mut pair, &[new_id(39, 0)]), None);
    assert_eq!(count(&pair.peek(Role::Client), "RETIRE_CONNECTION_ID"), 1);
}

/// RFC 9000 section 5.1.2.
#[test]
fn retirements_that_are_never_acknowledged_are_bounded() {
    let mut pair = Pair::established();
    for sequence in 10..100 {
        pair.inject(Role::Server, &[new_id(sequence, sequence)]);
        pair.sent(Role::Client);
    }
    assert_eq!(pair.client.violation(), Some(Code::CONNECTION_ID_LIMIT_ERROR));
}

/// RFC 9000 section 5.1: any of the active IDs reaches the connection.
#[test]
fn packets_to_a_spare_id_are_run() {
    let mut pair = Pair::established();
    let received = pair.server.connection.stats().packets_received;
    let dcid = Some(issued_cid(Role::Server, 1));
    let forgery = Forgery { dcid, ..Forgery::new(&[Frame::Ping]) };
    pair.inject_with(Role::Client, Space::Application, &forgery);
    assert_eq!(pair.server.connection.stats().packets_received, received + 1);
}
