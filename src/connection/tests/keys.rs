//! Keys: when they go, and how they are updated.

use super::forge::{ack, count, Forgery};
use super::pair::{Options, Pair};
use crate::connection::{CloseReason, Settings, State};
use crate::error::TransportErrorCode as Code;
use crate::recovery::Space;
use crate::time::Duration;
use crate::wire::frame::{Crypto, Frame};
use crate::wire::Role;

/// Updates the keys of `role` without asking whether that is allowed.
fn force_update(pair: &mut Pair, role: Role) {
    pair.end(role).connection.keys.update();
}

fn phases(pair: &Pair) -> (bool, bool) {
    (pair.client.connection.keys.phase(), pair.server.connection.keys.phase())
}

fn number(pair: &mut Pair, role: Role) -> u64 {
    pair.end(role).connection.data.sent.next_packet_number().0
}

/// RFC 9001 section 4.9.1.
#[test]
fn initial_keys_go_with_the_first_handshake_packet() {
    let mut pair = Pair::new(Options::default());
    let flight = pair.sent(Role::Client);
    pair.give_all(Role::Server, &flight);
    let flight = pair.sent(Role::Server);
    pair.give_all(Role::Client, &flight);
    assert!(pair.client.connection.space(Space::Initial).is_some());
    let flight = pair.sent(Role::Client);
    assert!(pair.client.connection.space(Space::Initial).is_none());
    assert!(pair.server.connection.space(Space::Initial).is_some());
    pair.give_all(Role::Server, &flight);
    assert!(pair.server.connection.space(Space::Initial).is_none());
}

/// RFC 9002 section 6.4.
#[test]
fn discarded_keys_leave_nothing_in_flight() {
    let pair = Pair::established();
    for end in [&pair.client, &pair.server] {
        assert_eq!(end.connection.path.bytes_in_flight, 0);
        assert_eq!(end.connection.path.pto_count, 0);
    }
}

/// RFC 9001 section 4.1.2, RFC 9000 section 13.3.
#[test]
fn handshake_done_is_repeated_until_it_is_acknowledged() {
    let mut pair = Pair::new(Options::default());
    for role in [Role::Client, Role::Server, Role::Client] {
        let flight = pair.sent(role);
        pair.give_all(role.peer(), &flight);
    }
    assert_eq!(pair.server.connection.state(), State::Confirmed);
    assert_eq!(count(&pair.peek(Role::Server), "HANDSHAKE_DONE"), 1);
    for _ in 0..3 {
        pair.next_timeout(Role::Server);
        assert!(count(&pair.peek(Role::Server), "HANDSHAKE_DONE") >= 1);
    }
    pair.next_timeout(Role::Server);
    pair.exchange();
    pair.assert_confirmed();
}

#[test]
fn both_ends_follow_an_update_and_data_flows_on() {
    for role in [Role::Client, Role::Server] {
        let mut pair = Pair::established();
        assert!(pair.end(role).connection.update_keys());
        pair.write(role, b"under new keys");
        pair.exchange();
        assert_eq!(phases(&pair), (true, true));
        assert_eq!(pair.read(role.peer()), b"under new keys");
        pair.write(role.peer(), b"and back");
        pair.exchange();
        assert_eq!(pair.read(role), b"and back");
        assert_eq!(pair.client.connection.stats().packets_dropped, 0);
        assert_eq!(pair.server.connection.stats().packets_dropped, 0);
    }
}

/// RFC 9001 section 6: a key update leaves header protection as it is.
#[test]
fn header_protection_stays_the_same_over_updates() {
    let mut pair = Pair::established();
    let mask = |pair: &Pair| {
        [&pair.client, &pair.server]
            .map(|end| end.connection.keys.remote_header().unwrap().mask(&[7; 16]))
    };
    let before = mask(&pair);
    assert!(pair.client.connection.update_keys());
    pair.write(Role::Client, b"data");
    pair.exchange();
    assert_eq!(phases(&pair), (true, true));
    assert_eq!(mask(&pair), before);
}

/// RFC 9001 section 4.1.3: handshake bytes of a level that was left are ignored if they are old and
/// a violation if they are new.
#[test]
fn only_new_handshake_bytes_of_an_older_level_are_a_violation() {
    for (offset, verdict) in [(0, None), (5000, Some(Code::PROTOCOL_VIOLATION))] {
        let mut pair = Pair::new(Options::default());
        for role in [Role::Client, Role::Server] {
            let flight = pair.sent(role);
            pair.give_all(role.peer(), &flight);
        }
        assert!(pair.client.connection.space(Space::Initial).is_some());
        let read = pair.client.connection.space(Space::Initial).unwrap().crypto.read_offset();
        let offset = if offset == 0 { 0 } else { read };
        let crypto = Frame::Crypto(Crypto { offset, data: &[2; 20] });
        let packet = pair.forge(Role::Server, Space::Initial, &[crypto]);
        pair.give(Role::Client, &packet);
        assert_eq!(pair.client.violation(), verdict);
    }
}

#[test]
fn both_ends_may_update_at_once() {
    let mut pair = Pair::established();
    for role in [Role::Client, Role::Server] {
        assert!(pair.end(role).connection.update_keys());
        pair.write(role, b"crossing");
    }
    pair.exchange();
    assert_eq!(phases(&pair), (true, true));
    assert_eq!(pair.read(Role::Client), b"crossing");
    assert_eq!(pair.read(Role::Server), b"crossing");
}

/// RFC 9001 section 6.1.
#[test]
fn no_update_before_the_handshake_is_confirmed() {
    let mut pair = Pair::new(Options::default());
    for role in [Role::Client, Role::Server] {
        let flight = pair.sent(role);
        pair.give_all(role.peer(), &flight);
    }
    pair.sent(Role::Client);
    assert_eq!(pair.client.connection.state(), State::Complete);
    assert!(!pair.client.connection.update_keys());
}

/// RFC 9001 sections 6.1 and 6.5: after an ACK for the new phase, and once the old keys are gone.
#[test]
fn no_second_update_before_the_first_is_over() {
    let mut pair = Pair::established();
    assert!(pair.client.connection.update_keys());
    assert!(!pair.client.connection.update_keys());
    pair.write(Role::Client, b"data");
    pair.exchange();
    assert!(!pair.client.connection.update_keys(), "old keys still serve late packets");
    pair.run_for(Duration::from_secs(5));
    assert!(pair.client.connection.update_keys());
    pair.write(Role::Client, b"data");
    pair.exchange();
    assert_eq!(phases(&pair), (false, false));
}

/// RFC 9001 section 6.5.
#[test]
fn a_packet_overtaken_by_an_update_is_still_read() {
    let mut pair = Pair::established();
    pair.write(Role::Client, b"slow");
    let slow = pair.sent(Role::Client);
    assert!(pair.client.connection.update_keys());
    pair.write(Role::Client, b"fast");
    let fast = pair.sent(Role::Client);
    pair.give_all(Role::Server, &fast);
    assert_eq!(pair.read(Role::Server), b"fast");
    pair.give_all(Role::Server, &slow);
    assert_eq!(pair.read(Role::Server), b"slow");
}

/// RFC 9001 section 6.5.
#[test]
fn old_keys_are_dropped_after_three_probe_timeouts() {
    let mut pair = Pair::established();
    let slow = pair.forge(Role::Client, Space::Application, &[Frame::Ping]);
    force_update(&mut pair, Role::Client);
    pair.inject(Role::Client, &[Frame::Ping]);
    let period = pair.server.connection.probe_timeout().saturating_mul(3);
    pair.wait(period);
    pair.tick(Role::Server);
    let dropped = pair.server.connection.stats().packets_dropped;
    pair.give(Role::Server, &slow);
    assert_eq!(pair.server.connection.stats().packets_dropped, dropped + 1);
    assert!(pair.server.connection.state().is_open());
}

/// RFC 9001 section 6.4.
#[test]
fn old_keys_above_a_number_of_the_new_phase_are_an_update_error() {
    let mut pair = Pair::established();
    let high = number(&mut pair, Role::Client) + 5;
    let late = Forgery { number: Some(high), ..Forgery::new(&[Frame::Ping]) };
    let late = pair.forge_with(Role::Client, Space::Application, &late);
    force_update(&mut pair, Role::Client);
    pair.inject(Role::Client, &[Frame::Ping]);
    assert!(pair.server.connection.state().is_open());
    pair.give(Role::Server, &late);
    assert_eq!(pair.server.violation(), Some(Code::KEY_UPDATE_ERROR));
}

/// RFC 9001 section 6.2.
#[test]
fn a_second_update_before_the_first_is_answered_is_an_error() {
    let mut pair = Pair::established();
    force_update(&mut pair, Role::Client);
    pair.inject(Role::Client, &[Frame::Ping]);
    force_update(&mut pair, Role::Client);
    pair.inject(Role::Client, &[Frame::Ping]);
    assert_eq!(pair.server.violation(), Some(Code::KEY_UPDATE_ERROR));
}

/// RFC 9001 section 6.2.
#[test]
fn a_second_update_after_the_first_was_answered_is_followed() {
    let mut pair = Pair::established();
    force_update(&mut pair, Role::Client);
    pair.inject(Role::Client, &[Frame::Ping]);
    pair.wait(Duration::from_millis(30));
    assert_eq!(count(&pair.peek(Role::Server), "ACK"), 1);
    force_update(&mut pair, Role::Client);
    pair.inject(Role::Client, &[Frame::Ping]);
    assert!(pair.server.connection.state().is_open());
    assert!(!pair.server.connection.keys.phase());
}

/// RFC 9001 section 6.2.
#[test]
fn an_ack_under_old_keys_for_packets_under_new_ones_is_an_error() {
    let mut pair = Pair::established();
    assert!(pair.client.connection.update_keys());
    pair.write(Role::Client, b"under new keys");
    let first = number(&mut pair, Role::Client);
    pair.sent(Role::Client);
    let lie = Forgery::raw(&ack(first, 0));
    pair.inject_with(Role::Server, Space::Application, &lie);
    assert_eq!(pair.client.violation(), Some(Code::KEY_UPDATE_ERROR));
}

/// RFC 9001 section 6.3: a flipped bit without the keys moves nobody.
#[test]
fn a_forged_key_phase_changes_nothing() {
    let mut pair = Pair::established();
    let forgery = Forgery { flip: 0x04, ..Forgery::new(&[Frame::Ping]) };
    pair.inject_with(Role::Client, Space::Application, &forgery);
    assert!(pair.server.connection.state().is_open());
    assert_eq!(phases(&pair), (false, false));
    pair.write(Role::Client, b"data");
    pair.exchange();
    assert_eq!(pair.read(Role::Server), b"data");
}

/// RFC 9001 section 6.1: an update waits until the one before is over, however small the number.
#[test]
fn keys_are_updated_after_as_many_packets_as_the_host_says() {
    let client = Settings { key_update_threshold: 10, ..Settings::default() };
    let mut pair = Pair::established_with(Options { client, ..Options::default() });
    assert!(pair.transfer(Role::Client, 100_000, Duration::from_secs(5), |_| {}));
    let updates =
        |pair: &Pair| [&pair.client, &pair.server].map(|end| end.connection.stats().key_updates);
    let first = updates(&pair);
    assert!(first[0] >= 1 && first[0] == first[1], "{first:?}");
    pair.run_for(Duration::from_secs(5));
    assert!(pair.transfer(Role::Client, 100_000, Duration::from_secs(5), |_| {}));
    assert!(updates(&pair)[0] > first[0]);
    assert_eq!(updates(&pair)[0], updates(&pair)[1]);
    assert_eq!(pair.client.connection.stats().packets_dropped, 0);
    assert_eq!(pair.server.connection.stats().packets_dropped, 0);
}

/// RFC 9001 section 6.6.
#[test]
fn a_worn_key_is_updated_before_its_limit() {
    let mut pair = Pair::established();
    pair.client.connection.keys.pretend(100_000, 0);
    pair.write(Role::Client, b"data");
    pair.exchange();
    assert_eq!(phases(&pair), (true, true));
    pair.assert_confirmed();
}

/// RFC 9001 section 6.6.
#[test]
fn a_key_that_cannot_be_updated_before_its_limit_ends_the_connection() {
    let mut pair = Pair::established();
    force_update(&mut pair, Role::Client);
    pair.client.connection.keys.pretend(10, 0);
    let reason = CloseReason::LocalTransport(Code::AEAD_LIMIT_REACHED);
    pair.write(Role::Client, b"data");
    let last = pair.peek(Role::Client);
    pair.give(Role::Client, &[]);
    assert_eq!(pair.client.reason, Some(reason));
    assert_eq!(last[0].names(), ["CONNECTION_CLOSE"]);
}

/// RFC 9001 section 6.6.
#[test]
fn nothing_is_sealed_beyond_the_limit() {
    let mut pair = Pair::established();
    force_update(&mut pair, Role::Client);
    pair.client.connection.keys.pretend(0, 0);
    pair.write(Role::Client, b"data");
    assert!(pair.sent(Role::Client).is_empty());
    assert_eq!(pair.client.connection.state(), State::Closing);
}

/// RFC 9001 section 6.6.
#[test]
fn too_many_packets_that_do_not_authenticate_end_the_connection() {
    let mut pair = Pair::established();
    pair.server.connection.keys.pretend(1000, (1 << 52) - 1);
    let mut packet = pair.forge(Role::Client, Space::Application, &[Frame::Ping]);
    *packet.last_mut().unwrap() ^= 1;
    pair.give(Role::Server, &packet);
    assert!(pair.server.connection.state().is_open());
    pair.give(Role::Server, &packet);
    assert_eq!(pair.server.violation(), Some(Code::AEAD_LIMIT_REACHED));
}
