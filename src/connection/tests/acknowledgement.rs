//! When packets are acknowledged, and what an ACK may say.

use super::forge::{ack, count, Forgery};
use super::link::Weather;
use super::pair::{Options, Pair};
use crate::connection::timers::Timer;
use crate::connection::{Connection, Settings};
use crate::error::TransportErrorCode as Code;
use crate::recovery::{AckDue, Space};
use crate::time::Duration;
use crate::wire::frame::Frame;
use crate::wire::Role;

fn next_number(connection: &Connection) -> u64 {
    connection.data.sent.next_packet_number().0
}

/// RFC 9000 section 13.1.
#[test]
fn an_ack_of_a_number_not_sent_is_a_violation() {
    let mut pair = Pair::established();
    let never = next_number(&pair.client.connection);
    pair.inject_with(Role::Server, Space::Application, &Forgery::raw(&ack(never, 0)));
    assert_eq!(pair.client.violation(), Some(Code::PROTOCOL_VIOLATION));
}

/// RFC 9000 section 21.4.
#[test]
fn an_ack_of_a_number_left_out_on_purpose_is_a_violation() {
    let mut pair = Pair::established();
    let skipped = next_number(&pair.client.connection) + 3;
    pair.client.connection.next_skipped = skipped;
    for _ in 0..10 {
        pair.write(Role::Client, b"data");
        pair.exchange();
    }
    assert!(next_number(&pair.client.connection) > skipped + 1);
    pair.assert_confirmed();
    let all = next_number(&pair.client.connection) - 1;
    pair.write(Role::Client, b"data");
    pair.sent(Role::Client);
    pair.client.connection.data.sent.skip_packet_number();
    pair.inject_with(Role::Server, Space::Application, &Forgery::raw(&ack(all + 2, 1)));
    assert_eq!(pair.client.violation(), Some(Code::PROTOCOL_VIOLATION));
}

#[test]
fn packet_numbers_are_left_out_now_and_then() {
    let mut pair = Pair::established();
    let counts = |pair: &Pair| {
        let client = &pair.client.connection;
        (next_number(client), client.stats().packets_sent)
    };
    let before = counts(&pair);
    assert!(pair.transfer(Role::Client, 9_000_000, Duration::from_secs(500), |_| {}));
    let after = counts(&pair);
    let (numbers, packets) = (after.0 - before.0, after.1 - before.1);
    assert!(numbers > packets, "{numbers} numbers for {packets} packets");
}

/// RFC 9000 section 19.3.1.
#[test]
fn ranges_below_zero_are_an_encoding_error() {
    let cases: [&[u8]; 2] = [&[0x02, 1, 0, 0, 2], &[0x02, 3, 0, 1, 0, 2, 0]];
    for case in cases {
        let mut pair = Pair::established();
        pair.inject_with(Role::Server, Space::Application, &Forgery::raw(case));
        assert_eq!(pair.client.violation(), Some(Code::FRAME_ENCODING_ERROR), "{case:?}");
    }
}

/// RFC 9000 section 13.2.1.
#[test]
fn handshake_packets_are_acknowledged_at_once() {
    let mut pair = Pair::new(Options::default());
    let flight = pair.sent(Role::Client);
    pair.give_all(Role::Server, &flight);
    assert!(pair.peek(Role::Server).iter().any(|p| p.space == Space::Initial && p.has("ACK")));
}

/// RFC 9000 section 13.2.2.
#[test]
fn every_second_application_packet_is_acknowledged() {
    let mut pair = Pair::established();
    pair.inject(Role::Client, &[Frame::Ping]);
    assert!(pair.peek(Role::Server).is_empty());
    pair.inject(Role::Client, &[Frame::Ping]);
    assert_eq!(count(&pair.peek(Role::Server), "ACK"), 1);
}

/// RFC 9000 section 13.2.1.
#[test]
fn a_single_packet_is_acknowledged_within_the_delay_we_promised() {
    let max_ack_delay = Duration::from_millis(7);
    let server = Settings { max_ack_delay, ..Settings::default() };
    let mut pair = Pair::established_with(Options { server, ..Options::default() });
    pair.inject(Role::Client, &[Frame::Ping]);
    assert!(pair.peek(Role::Server).is_empty());
    assert_eq!(pair.next_timeout(Role::Server), max_ack_delay);
    assert_eq!(count(&pair.peek(Role::Server), "ACK"), 1);
}

/// RFC 9000 section 13.2.1.
#[test]
fn a_gap_is_told_at_once() {
    let mut pair = Pair::established();
    let number = Some(next_number(&pair.client.connection) + 1);
    let forgery = Forgery { number, ..Forgery::new(&[Frame::Ping]) };
    pair.inject_with(Role::Client, Space::Application, &forgery);
    assert_eq!(count(&pair.peek(Role::Server), "ACK"), 1);
}

/// RFC 9000 section 13.2.1.
#[test]
fn an_ack_is_not_acknowledged() {
    let mut pair = Pair::established();
    for _ in 0..10 {
        pair.inject_with(Role::Server, Space::Application, &Forgery::raw(&ack(0, 0)));
    }
    pair.wait(Duration::from_secs(1));
    assert!(pair.peek(Role::Client).is_empty());
}

/// RFC 9000 section 13.2.4: a peer that acknowledges only what asks for it is asked now and then.
#[test]
fn an_end_that_sends_only_acks_adds_a_ping_now_and_then() {
    let mut pair = Pair::established();
    let mut pings = 0;
    for _ in 0..200 {
        pair.inject(Role::Client, &[Frame::Ping]);
        pair.inject(Role::Client, &[Frame::Ping]);
        pings += count(&pair.peek(Role::Server), "PING");
    }
    assert_eq!(pings, 3);
}

#[test]
fn a_one_way_flow_leaves_little_to_remember() {
    // No limit has to be raised, so that the server sends nothing but ACKs.
    let server = Settings { initial_max_stream_data: 1 << 40, ..Settings::default() };
    let weather = Weather { reorder: 1000, ..Weather::default() };
    let mut pair = Pair::established_with(Options { server, weather, ..Options::default() });
    let mut most = (0, 0);
    let done = pair.transfer(Role::Client, 3_000_000, Duration::from_secs(500), |pair| {
        let server = &pair.server.connection;
        most.0 = most.0.max(server.data.sent.len());
        most.1 = most.1.max(server.received_ranges().count());
    });
    assert!(done && most.0 < 100 && most.1 < 20, "{most:?}");
}

/// RFC 9000 section 13.2.1: an ACK that found no room is still owed in time.
#[test]
fn a_packet_without_room_for_the_ack_leaves_its_timer() {
    let mut pair = Pair::established();
    pair.write(Role::Client, b"data");
    let sent = pair.sent(Role::Client);
    pair.give_all(Role::Server, &sent);
    pair.write(Role::Server, b"answer");
    let (now, server) = (pair.now, &mut pair.server.connection);
    assert!(server.timers.is_set(Timer::AckDelay));
    for len in 0..64 {
        if server.draft_one_rtt(now, &mut [0; 64][..len], 0).is_some() {
            assert_eq!(server.data.received.deadline(), AckDue::None);
            assert!(!server.timers.is_set(Timer::AckDelay));
            return;
        }
        assert!(server.timers.is_set(Timer::AckDelay), "{len}");
    }
    panic!("nothing is written");
}
