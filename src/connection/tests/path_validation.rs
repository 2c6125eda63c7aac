//! PATH_CHALLENGE and PATH_RESPONSE (RFC 9000 section 8.2).

use super::forge::count;
use super::net::{at, CLIENT};
use super::pair::Pair;
use crate::connection::Event;
use crate::wire::frame::{Frame, PathChallenge, PathResponse};
use crate::wire::Role;

fn challenge(n: u8) -> Frame<'static> {
    Frame::PathChallenge(PathChallenge([n; 8]))
}

fn responses(pair: &mut Pair, role: Role) -> Vec<[u8; 8]> {
    let mut found = Vec::new();
    for packet in pair.peek(role) {
        packet.for_each(|frame| {
            if let Frame::PathResponse(frame) = frame {
                found.push(frame.0);
            }
        });
    }
    found
}

/// RFC 9000 section 8.2.2.
#[test]
fn each_challenge_is_answered_once_in_a_full_datagram() {
    for role in [Role::Client, Role::Server] {
        let mut pair = Pair::established();
        pair.inject(role, &[challenge(1)]);
        let sent = pair.sent(role.peer());
        assert_eq!(sent.iter().map(Vec::len).collect::<Vec<_>>(), [1200]);
        let packets = pair.look(role, &sent);
        assert_eq!(count(&packets, "PATH_RESPONSE"), 1);
        // RFC 9000 section 13.3: a lost response is not repeated; the challenge is.
        while pair.end(role.peer()).connection.stats().probe_timeouts == 0 {
            pair.next_timeout(role.peer());
        }
        assert!(responses(&mut pair, role.peer()).is_empty());
    }
}

/// RFC 9000 section 21.9.
#[test]
fn a_flood_of_challenges_is_answered_in_part() {
    let mut pair = Pair::established();
    for n in 0..200 {
        pair.inject(Role::Client, &[challenge(n)]);
    }
    let answered = responses(&mut pair, Role::Server);
    assert_eq!(answered.len(), 4);
    assert!(answered.contains(&[199; 8]), "the newest count");
}

/// RFC 9000 section 19.18.
#[test]
fn a_response_that_nobody_asked_for_is_ignored() {
    for role in [Role::Client, Role::Server] {
        let mut pair = Pair::established();
        pair.inject(role, &[Frame::PathResponse(PathResponse([1; 8]))]);
        pair.exchange();
        pair.assert_confirmed();
    }
}

/// RFC 9000 section 8.2.3: whichever path a response comes on, it speaks for the path of its
/// challenge; one with other data speaks for none.
#[test]
fn a_response_validates_the_path_of_its_challenge_only() {
    let mut pair = Pair::established();
    let ping = pair.forge(Role::Client, crate::recovery::Space::Application, &[Frame::Ping]);
    pair.deliver(Role::Server, &Pair::from("203.0.113.7:1", ping));
    let mail = pair.posted(Role::Server);
    let mut data = Vec::new();
    for mail in &mail {
        let there = mail.addresses.local != Some(at(CLIENT));
        for packet in pair.look(Role::Client, std::slice::from_ref(&mail.bytes)) {
            packet.for_each(|frame| {
                if let Frame::PathChallenge(frame) = frame {
                    data.push((there, frame.0));
                }
            });
        }
    }
    data.sort_unstable();
    let [(false, old), (true, new)] = data[..] else { panic!("{data:?}") };
    assert_ne!(old, new);
    let validated = |pair: &Pair| pair.server.connection.path().amplification.is_validated();
    for (answer, expected) in [([9; 8], false), (old, false), (new, true)] {
        let frames = [Frame::PathResponse(PathResponse(answer))];
        let packet = pair.forge(Role::Client, crate::recovery::Space::Application, &frames);
        pair.deliver(Role::Server, &Pair::from(CLIENT, packet));
        assert_eq!(validated(&pair), expected);
    }
    assert_eq!(pair.server.count(|event| matches!(event, Event::PeerAddressChanged)), 0);
}
