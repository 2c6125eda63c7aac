//! Timers, probes and losses on whole connections.

use super::forge::{count, Forgery};
use super::pair::{Options, Pair};
use crate::congestion::CongestionController;
use crate::connection::{CloseReason, Settings};
use crate::recovery::{Space, HISTORY_LIMIT};
use crate::time::Duration;
use crate::wire::frame::{self, Frame};
use crate::wire::{Role, StreamId};

const LONG: Duration = Duration::from_secs(1000);

fn patient() -> Options {
    let settings = Settings { handshake_idle_timeout: LONG, ..Settings::default() };
    Options { client: settings.clone(), server: settings, ..Options::default() }
}

/// RFC 9002 sections 6.2.1 and 6.2.2.
#[test]
fn probes_of_a_client_without_an_answer_back_off() {
    let mut pair = Pair::new(patient());
    pair.sent(Role::Client);
    let mut periods = Vec::new();
    for _ in 0..5 {
        periods.push(pair.next_timeout(Role::Client).as_millis());
        let probes = pair.peek(Role::Client);
        assert!(count(&probes, "CRYPTO") >= 1 && probes.len() <= 4);
    }
    // Twice the initial round-trip time of 250 ms for the variation, plus itself.
    assert_eq!(periods, [750, 1500, 3000, 6000, 12_000]);
}

/// RFC 9000 section 17.2.2: the first packet of a client includes a CRYPTO frame, and any of these
/// may be the first to arrive.
#[test]
fn every_initial_of_a_client_without_an_answer_carries_crypto_bytes() {
    let mut pair = Pair::new(patient());
    let first = pair.peek(Role::Client);
    assert_eq!(count(&first, "CRYPTO"), first.len());
    for _ in 0..5 {
        pair.next_timeout(Role::Client);
        let probes = pair.peek(Role::Client);
        assert_eq!(count(&probes, "CRYPTO"), probes.len());
    }
}

/// RFC 9002 section 6.2.2.1: the server may need the client's bytes to be allowed to answer.
#[test]
fn a_client_keeps_its_timer_with_nothing_in_flight() {
    let mut pair = Pair::new(patient());
    let flight = pair.sent(Role::Client);
    pair.give_all(Role::Server, &flight);
    let number = flight.len() as u64 - 1;
    pair.sent(Role::Server);
    let ack = super::forge::ack(number, number);
    pair.inject_with(Role::Server, Space::Initial, &Forgery::raw(&ack));
    let client = &pair.client.connection;
    assert_eq!(
        client
            .early
            .as_ref()
            .unwrap()
            .initial
            .as_ref()
            .unwrap()
            .space
            .sent
            .ack_eliciting_in_flight(),
        0
    );
    for _ in 0..3 {
        pair.next_timeout(Role::Client);
        let probes = pair.sent(Role::Client);
        assert!(!probes.is_empty() && probes.iter().all(|probe| probe.len() >= 1200));
    }
}

/// RFC 9002 section 6.2.1: an Initial ACK does not show that the address was validated.
#[test]
fn an_initial_ack_does_not_end_the_clients_backoff() {
    let mut pair = Pair::new(patient());
    pair.sent(Role::Client);
    pair.next_timeout(Role::Client);
    pair.next_timeout(Role::Client);
    let flight = pair.sent(Role::Client);
    pair.give_all(Role::Server, &flight);
    assert_eq!(pair.client.connection.path.pto_count, 2);
    let last = flight.len() as u64;
    pair.sent(Role::Server);
    let ack = super::forge::ack(last, 0);
    pair.inject_with(Role::Server, Space::Initial, &Forgery::raw(&ack));
    assert_eq!(pair.client.connection.path.pto_count, 2);
}

/// RFC 9002 section 6.2.1.
#[test]
fn application_data_is_not_probed_before_confirmation() {
    let mut pair = Pair::new(patient());
    for role in [Role::Client, Role::Server] {
        let flight = pair.sent(role);
        pair.give_all(role.peer(), &flight);
    }
    pair.write(Role::Client, b"request");
    pair.sent(Role::Client);
    pair.next_timeout(Role::Client);
    let probes = pair.peek(Role::Client);
    assert!(probes.iter().any(|packet| packet.space == Space::Handshake && packet.has("CRYPTO")));
}

/// RFC 9002 section 6.2.4.
#[test]
fn a_probe_repeats_what_is_outstanding() {
    let mut pair = Pair::established();
    pair.write(Role::Client, b"request");
    assert_eq!(count(&pair.peek(Role::Client), "STREAM"), 1);
    for _ in 0..4 {
        pair.next_timeout(Role::Client);
        let probes = pair.peek(Role::Client);
        assert!(count(&probes, "STREAM") >= 1 && probes.len() <= 2);
    }
    pair.next_timeout(Role::Client);
    pair.exchange();
    assert_eq!(pair.read(Role::Server), b"request");
}

/// RFC 9002 section 6.2.4: probes ignore the congestion window.
#[test]
fn a_full_window_does_not_hold_a_probe_back() {
    let mut pair = Pair::established();
    pair.write(Role::Client, &[7; 100_000]);
    pair.sent(Role::Client);
    let in_flight = pair.client.connection.path.bytes_in_flight;
    assert!(pair.client.connection.path.congestion_room() < 1200);
    pair.next_timeout(Role::Client);
    assert!(!pair.sent(Role::Client).is_empty());
    assert!(pair.client.connection.path.bytes_in_flight > in_flight);
}

/// The bytes by which the client's window grows by ACKs that come in one batch, after it wrote
/// `len` bytes.
fn growth_by_a_batch_of_acks(len: usize) -> u64 {
    let mut pair = Pair::established();
    pair.write(Role::Client, &vec![7; len]);
    let before = pair.client.connection.path().controller.window();
    let mut acks = Vec::new();
    for datagram in pair.sent(Role::Client) {
        pair.give(Role::Server, &datagram);
        acks.extend(pair.sent(Role::Server));
    }
    pair.wait(Duration::from_millis(10));
    pair.give_all(Role::Client, &acks);
    pair.client.connection.path().controller.window() - before
}

/// RFC 9002 section 7.8.
#[test]
fn a_full_window_grows_by_all_acks_of_a_batch_and_one_half_empty_does_not() {
    assert_eq!(growth_by_a_batch_of_acks(5_000), 0);
    let grown = growth_by_a_batch_of_acks(100_000);
    assert!(grown > 10_000, "{grown}");
}

/// RFC 9002 section 6.2.1.
#[test]
fn an_ack_ends_the_backoff_once_the_address_is_known() {
    let mut pair = Pair::established();
    pair.write(Role::Client, b"request");
    pair.sent(Role::Client);
    for _ in 0..3 {
        pair.next_timeout(Role::Client);
        pair.sent(Role::Client);
    }
    assert_eq!(pair.client.connection.path.pto_count, 3);
    pair.next_timeout(Role::Client);
    pair.exchange();
    assert_eq!(pair.client.connection.path.pto_count, 0);
}

/// RFC 9002 section 5.3: the delay is the peer's word, and that is bounded once confirmed.
#[test]
fn an_exaggerated_ack_delay_is_capped() {
    let mut pair = Pair::established();
    pair.run_for(Duration::from_secs(1));
    pair.write(Role::Client, b"data");
    let number = pair.client.connection.data.sent.next_packet_number().0;
    pair.sent(Role::Client);
    pair.wait(Duration::from_millis(500));
    let mut lie = vec![0x02, 0x40 | (number >> 8) as u8, number as u8];
    lie.extend([0x80, 0x0f, 0xff, 0xff, 0, 0]);
    let before = pair.client.connection.path.rtt.smoothed();
    pair.inject_with(Role::Server, Space::Application, &Forgery::raw(&lie));
    let after = pair.client.connection.path.rtt.smoothed();
    let sample = Duration::from_millis(500 - 25);
    let expected = (before.as_micros() * 7 + sample.as_micros()) / 8;
    assert!(after.as_micros().abs_diff(expected) < 1000, "{before:?} {after:?}");
}

/// RFC 9000 section 13.3: an answer to a challenge is sent once.
#[test]
fn a_path_response_is_sent_once_in_a_full_datagram() {
    let mut pair = Pair::established();
    pair.inject(Role::Server, &[Frame::PathChallenge(frame::PathChallenge([5; 8]))]);
    let answer = pair.sent(Role::Client);
    assert_eq!((answer.len(), answer[0].len()), (1, 1200));
    assert_eq!(count(&pair.look(Role::Server, &answer), "PATH_RESPONSE"), 1);
    for _ in 0..3 {
        pair.next_timeout(Role::Client);
        assert_eq!(count(&pair.peek(Role::Client), "PATH_RESPONSE"), 0);
    }
}

/// RFC 9000 section 21.9.
#[test]
fn a_flood_of_challenges_gets_few_answers() {
    let mut pair = Pair::established();
    for n in 0..200 {
        pair.inject(Role::Server, &[Frame::PathChallenge(frame::PathChallenge([n; 8]))]);
    }
    let answers = pair.peek(Role::Client);
    assert_eq!(count(&answers, "PATH_RESPONSE"), 1, "all in one datagram");
}

/// RFC 9000 section 13.3: limits are repeated with the value they have by then.
#[test]
fn a_lost_limit_is_repeated_with_its_current_value() {
    let server = Settings { initial_max_stream_data: 2000, ..Settings::default() };
    let mut pair = Pair::established_with(Options { server, ..Options::default() });
    let id = StreamId(0);
    let mut limits = Vec::new();
    for offset in [0, 1500] {
        let stream = Frame::Stream(frame::Stream { id, offset, data: &[1; 1100], fin: false });
        pair.inject(Role::Client, &[stream]);
        pair.read(Role::Server);
        let packets = pair.peek(Role::Server);
        if limits.is_empty() {
            let stream =
                Frame::Stream(frame::Stream { id, offset: 1100, data: &[1; 400], fin: false });
            pair.inject(Role::Client, &[stream]);
            pair.read(Role::Server);
        }
        limits.extend(stream_limits(&packets));
    }
    assert!(!limits.is_empty());
    pair.next_timeout(Role::Server);
    let repeated = stream_limits(&pair.peek(Role::Server));
    assert!(
        repeated.iter().all(|limit| limit >= limits.last().unwrap()),
        "{limits:?} {repeated:?}"
    );
}

fn stream_limits(packets: &[super::forge::Opened]) -> Vec<u64> {
    let mut limits = Vec::new();
    for packet in packets {
        packet.for_each(|frame| {
            if let Frame::MaxStreamData(limit) = frame {
                limits.push(limit.maximum);
            }
        });
    }
    limits
}

/// Sending pauses when nothing more can be remembered; only probes go on.
#[test]
fn a_full_history_pauses_sending() {
    let mut pair = Pair::established();
    let client = &mut pair.client.connection;
    while !client.data.sent.is_full() {
        client.data.sent.skip_packet_number();
    }
    assert_eq!(client.data.sent.len(), HISTORY_LIMIT);
    pair.write(Role::Client, b"data");
    assert!(pair.sent(Role::Client).is_empty());
    pair.inject(Role::Server, &[Frame::Ping]);
    pair.inject(Role::Server, &[Frame::Ping]);
    assert!(pair.sent(Role::Client).is_empty(), "not even an ACK");
}

/// A connection that is over wants no more attention.
#[test]
fn no_loss_timer_outlives_the_connection() {
    let mut pair = Pair::established();
    pair.write(Role::Client, b"data");
    pair.sent(Role::Client);
    let now = pair.now;
    pair.client.connection.end(CloseReason::IdleTimeout);
    pair.give(Role::Client, &[0; 50]);
    assert_eq!(pair.client.connection.next_timeout(now), None);
}
