//! ECN on whole connections (RFC 9000 section 13.4).

use super::link::{Marks, Weather};
use super::pair::{Options, Pair};
use crate::congestion::CongestionController;
use crate::recovery::EcnCodepoint;
use crate::time::Duration;
use crate::wire::frame::EcnCounts;
use crate::wire::Role;

const SECOND: Duration = Duration::from_secs(1);

/// A pair that can mark, on a link that treats marks so.
fn pair(marks: Marks) -> Pair {
    let weather = Weather { marks, ..Weather::default() };
    Pair::new(Options { weather, ecn: true, ..Options::default() })
}

fn transfer(pair: &mut Pair) {
    assert!(pair.transfer(Role::Client, 300_000, SECOND.saturating_mul(20), |_| {}));
}

#[test]
fn marks_are_set_received_reported_and_borne_out() {
    let mut pair = pair(Marks::Keep);
    transfer(&mut pair);
    let (client, server) = (&pair.client.connection, &pair.server.connection);
    assert!(client.is_ecn_capable() && server.is_ecn_capable());
    let received = server.ecn_received();
    assert!(received.ect0 > 200 && received.ce == 0, "{received:?}");
    // RFC 9002 section 7.1: nothing met congestion.
    assert_eq!(client.stats().congestion_marks, 0);
    pair.write(Role::Client, b"more");
    assert!(pair.posted(Role::Client).iter().all(|sent| sent.ecn == EcnCodepoint::Ect0));
}

#[test]
fn without_a_host_that_marks_nothing_is_marked_or_counted() {
    let mut pair = Pair::new(Options::default());
    transfer(&mut pair);
    assert!(!pair.client.connection.is_ecn_capable());
    assert_eq!(pair.server.connection.ecn_received(), EcnCounts::default());
    pair.write(Role::Client, b"more");
    assert!(pair.posted(Role::Client).iter().all(|sent| sent.ecn == EcnCodepoint::NotEct));
}

/// One end's host knows nothing of marks: it neither sets nor reports them.
#[test]
fn a_peer_that_reports_no_counts_turns_ecn_off() {
    let mut pair = pair(Marks::Clear);
    transfer(&mut pair);
    assert!(!pair.client.connection.is_ecn_capable());
    pair.write(Role::Client, b"more");
    assert!(pair.posted(Role::Client).iter().all(|sent| sent.ecn == EcnCodepoint::NotEct));
}

/// RFC 9000 section 13.4.2.1.
#[test]
fn marks_that_are_rewritten_turn_ecn_off() {
    let mut pair = pair(Marks::Rewrite);
    transfer(&mut pair);
    assert!(!pair.client.connection.is_ecn_capable());
}

/// RFC 9000 section 13.4.2.1: the counts come to less than what was acknowledged.
#[test]
fn a_path_that_stops_carrying_marks_turns_ecn_off() {
    let mut pair = pair(Marks::Keep);
    transfer(&mut pair);
    assert!(pair.client.connection.is_ecn_capable());
    pair.link.weather.marks = Marks::Clear;
    transfer(&mut pair);
    assert!(!pair.client.connection.is_ecn_capable());
}

/// RFC 9000 section 13.4.2: marks must not cost the connection.
#[test]
fn a_path_that_drops_marked_packets_does_not_keep_the_handshake_from_succeeding() {
    let mut pair = pair(Marks::Drop);
    let came = pair.run(SECOND.saturating_mul(10), |pair| {
        pair.client.connection.early.is_none() && pair.server.connection.early.is_none()
    });
    assert!(came);
    transfer(&mut pair);
    assert!(!pair.client.connection.is_ecn_capable());
}

/// RFC 9002 section 7.1: a mark counts as a loss, and nothing is lost.
#[test]
fn congestion_marks_shrink_the_window_and_lose_nothing() {
    let mut pair = pair(Marks::Keep);
    transfer(&mut pair);
    let before = pair.client.connection.path().controller.window();
    pair.link.weather.marks = Marks::Congest(300);
    transfer(&mut pair);
    let client = &pair.client.connection;
    assert!(client.stats().congestion_marks > 10);
    assert_eq!(client.stats().packets_lost, 0);
    assert!(client.path().controller.window() < before);
    assert!(client.is_ecn_capable());
    // RFC 9000 section 13.4.1: they are counted where they arrive.
    assert!(pair.server.connection.ecn_received().ce > 10);
}

/// RFC 9002 section 7.3.2: every packet of a flight is marked, the window is halved once.
#[test]
fn the_marks_of_one_round_trip_are_one_congestion_event() {
    let mut pair = pair(Marks::Keep);
    transfer(&mut pair);
    let before = pair.client.connection.path().controller.window();
    pair.link.weather.marks = Marks::Congest(1000);
    pair.write(Role::Client, &[1; 20_000]);
    pair.run_for(Duration::from_millis(200));
    let client = &pair.client.connection;
    assert!(client.stats().congestion_marks >= 16);
    let window = client.path().controller.window();
    assert!(window >= before / 2 && window < before, "{before} {window}");
}

/// RFC 9000 section 13.2.1.
#[test]
fn a_congestion_mark_is_acknowledged_at_once() {
    let mut pair = pair(Marks::Keep);
    transfer(&mut pair);
    pair.client.connection.ping();
    let mut sent = pair.posted(Role::Client);
    sent[0].ecn = EcnCodepoint::Ce;
    pair.deliver(Role::Server, &sent[0]);
    assert_eq!(pair.sent(Role::Server).len(), 1, "no delay");
    pair.exchange();
    pair.client.connection.ping();
    let sent = pair.posted(Role::Client);
    pair.deliver(Role::Server, &sent[0]);
    assert_eq!(pair.sent(Role::Server).len(), 0, "without congestion it may wait");
}

/// RFC 9000 section 13.4.1: each space counts for itself, and packets of one datagram share its
/// mark.
#[test]
fn packets_that_share_a_datagram_share_its_mark() {
    let mut pair = pair(Marks::Keep);
    let flight = pair.posted(Role::Client);
    assert!(flight.iter().all(|sent| sent.ecn == EcnCodepoint::Ect0));
    for datagram in &flight {
        pair.deliver(Role::Server, datagram);
    }
    // Initial and Handshake together: both are validated by the client's ACKs.
    let flight = pair.posted(Role::Server);
    for datagram in &flight {
        pair.deliver(Role::Client, datagram);
    }
    pair.run_for(SECOND);
    assert!(pair.server.connection.is_ecn_capable() && pair.client.connection.is_ecn_capable());
}
