//! Unreliable datagrams (RFC 9221).

use super::forge::{count, Forgery};
use super::pair::{Options, Pair};
use crate::connection::{DatagramError, DatagramSettings, LocalClose, Redundancy, Settings, State};
use crate::datagram::{Class, Report, MAX_UNREAD_BYTES};
use crate::error::TransportErrorCode as Code;
use crate::recovery::Space;
use crate::time::Duration;
use crate::wire::frame::{Datagram, Frame};
use crate::wire::Role;

const LIMIT: u16 = 1000;

fn taking(max_frame_size: u16) -> Settings {
    let datagrams = DatagramSettings { max_frame_size, ..DatagramSettings::default() };
    Settings { datagrams, ..Settings::default() }
}

fn with_client(change: impl FnOnce(&mut Settings)) -> Pair {
    let mut client = taking(LIMIT);
    change(&mut client);
    Pair::established_with(Options { client, server: taking(LIMIT), ..Options::default() })
}

fn pair() -> Pair {
    with_client(|_| {})
}

fn send(pair: &mut Pair, from: Role, data: &[u8]) -> Result<u64, DatagramError> {
    let now = pair.now;
    pair.end(from).connection.send_datagram(now, data, Class::Normal)
}

fn received(pair: &mut Pair, at: Role) -> Vec<Vec<u8>> {
    let mut data = Vec::new();
    let connection = &mut pair.end(at).connection;
    std::iter::from_fn(|| connection.read_datagram(&mut data).map(|_| data.clone())).collect()
}

fn reports(pair: &mut Pair, at: Role) -> Vec<Report> {
    let connection = &mut pair.end(at).connection;
    std::iter::from_fn(|| connection.poll_datagram_report()).collect()
}

/// Loses everything under way from the client and lets later packets show it.
fn lose_and_notice(pair: &mut Pair) {
    pair.sent(Role::Client);
    for _ in 0..4 {
        pair.client.connection.ping();
        pair.exchange();
    }
}

#[test]
fn datagrams_arrive_in_both_directions_and_are_acknowledged() {
    let mut pair = pair();
    assert_eq!(send(&mut pair, Role::Client, b"up"), Ok(0));
    assert_eq!(send(&mut pair, Role::Client, b""), Ok(1));
    assert_eq!(send(&mut pair, Role::Server, b"down"), Ok(0));
    pair.exchange();
    assert_eq!(received(&mut pair, Role::Server), [&b"up"[..], b""]);
    assert_eq!(received(&mut pair, Role::Client), [b"down"]);
    assert_eq!(reports(&mut pair, Role::Client), [Report::Acked(0), Report::Acked(1)]);
    assert_eq!(reports(&mut pair, Role::Server), [Report::Acked(0)]);
}

/// RFC 9221 section 3.
#[test]
fn a_datagram_that_was_never_allowed_is_a_violation() {
    let mut pair = Pair::established();
    pair.inject(Role::Client, &[Frame::Datagram(Datagram::new(b""))]);
    assert_eq!(pair.server.violation(), Some(Code::PROTOCOL_VIOLATION));
}

/// RFC 9221 section 3: the limit counts type and length.
#[test]
fn a_datagram_longer_than_allowed_is_a_violation() {
    let longest = vec![7; usize::from(LIMIT) - 3];
    let mut pair = pair();
    pair.inject(Role::Client, &[Frame::Datagram(Datagram::new(&longest))]);
    pair.assert_confirmed();
    assert_eq!(received(&mut pair, Role::Server), [longest]);
    let one_more = vec![7; usize::from(LIMIT) - 2];
    pair.inject(Role::Client, &[Frame::Datagram(Datagram::new(&one_more))]);
    assert_eq!(pair.server.violation(), Some(Code::PROTOCOL_VIOLATION));
}

/// RFC 9221 section 3: without a length only the type counts.
#[test]
fn without_a_length_the_data_may_be_longer() {
    let mut frame = vec![0x30];
    frame.extend_from_slice(&[7; LIMIT as usize - 1]);
    let mut pair = pair();
    pair.inject_with(Role::Client, Space::Application, &Forgery::raw(&frame));
    pair.assert_confirmed();
    frame.push(7);
    pair.inject_with(Role::Client, Space::Application, &Forgery::raw(&frame));
    assert_eq!(pair.server.violation(), Some(Code::PROTOCOL_VIOLATION));
}

/// RFC 9221 section 3.
#[test]
fn to_a_peer_that_takes_none_nothing_can_be_sent() {
    let mut pair = Pair::established();
    assert_eq!(send(&mut pair, Role::Client, b"x"), Err(DatagramError::NotSupported));
    assert_eq!(pair.client.connection.largest_datagram(), 0);
    assert!(pair.client.connection.refuses_datagrams());
    assert!(!pair.client.connection.has_datagrams());
}

#[test]
fn before_the_keys_nothing_is_taken_and_it_is_told_when_it_is() {
    let settings = || taking(LIMIT);
    let mut pair =
        Pair::new(Options { client: settings(), server: settings(), ..Options::default() });
    assert_eq!(send(&mut pair, Role::Client, b"x"), Err(DatagramError::Blocked));
    assert!(!pair.client.connection.take_datagram_writable());
    pair.exchange();
    assert!(pair.client.connection.take_datagram_writable());
    assert!(!pair.client.connection.take_datagram_writable());
    assert!(send(&mut pair, Role::Client, b"x").is_ok());
}

/// RFC 9221 section 5: what fits is the smaller of what the peer takes and the path carries.
#[test]
fn the_largest_datagram_fits_and_one_byte_more_does_not() {
    for limit in [LIMIT, u16::MAX] {
        let options = Options { server: taking(limit), ..Options::default() };
        let mut pair = Pair::established_with(options);
        let largest = pair.client.connection.largest_datagram();
        assert_eq!(largest, if limit == LIMIT { 997 } else { 1200 - 16 - 13 - 3 });
        let too_large = vec![1; largest + 1];
        assert_eq!(send(&mut pair, Role::Client, &too_large), Err(DatagramError::TooLarge));
        assert!(send(&mut pair, Role::Client, &too_large[1..]).is_ok());
        pair.exchange();
        assert_eq!(received(&mut pair, Role::Server), [&too_large[1..]]);
    }
}

/// RFC 9221 section 5.2.
#[test]
fn a_lost_datagram_is_reported_and_not_sent_again() {
    let mut pair = pair();
    send(&mut pair, Role::Client, b"gone").unwrap();
    lose_and_notice(&mut pair);
    assert_eq!(reports(&mut pair, Role::Client), [Report::Lost(0)]);
    assert!(received(&mut pair, Role::Server).is_empty());
    assert_eq!(pair.client.connection.stats().datagram_frames.lost, 1);
    pair.client.connection.settle_datagram(0, true);
    pair.exchange();
    assert!(received(&mut pair, Role::Server).is_empty());
}

#[test]
fn the_application_can_have_a_lost_datagram_sent_again() {
    let mut pair = pair();
    pair.client.connection.keep_datagrams();
    send(&mut pair, Role::Client, b"again").unwrap();
    lose_and_notice(&mut pair);
    assert_eq!(reports(&mut pair, Role::Client), [Report::Lost(0)]);
    pair.client.connection.settle_datagram(0, true);
    pair.exchange();
    assert_eq!(received(&mut pair, Role::Server), [b"again"]);
    assert_eq!(reports(&mut pair, Role::Client), [Report::Acked(0)]);
}

#[test]
fn forced_retransmission_needs_no_answer() {
    let mut pair = with_client(|client| client.datagrams.retransmit = true);
    send(&mut pair, Role::Client, b"again").unwrap();
    lose_and_notice(&mut pair);
    assert_eq!(received(&mut pair, Role::Server), [b"again"]);
    assert_eq!(reports(&mut pair, Role::Client), [Report::Lost(0), Report::Acked(0)]);
}

/// RFC 9002 section 6.2.4: a probe timeout is no loss; the probe is a PING.
#[test]
fn a_probe_timeout_neither_reports_nor_repeats_a_datagram() {
    for retransmit in [false, true] {
        let mut pair = with_client(|client| client.datagrams.retransmit = retransmit);
        send(&mut pair, Role::Client, b"silence").unwrap();
        pair.sent(Role::Client);
        while pair.client.connection.stats().probe_timeouts == 0 {
            pair.next_timeout(Role::Client);
        }
        let probes = pair.peek(Role::Client);
        assert!(!probes.is_empty());
        assert_eq!(count(&probes, "DATAGRAM") > 0, retransmit);
        assert!(reports(&mut pair, Role::Client).is_empty());
    }
}

/// RFC 9221 section 5: congestion controlled.
#[test]
fn datagrams_keep_to_the_congestion_window() {
    let mut pair = pair();
    for _ in 0..1000 {
        send(&mut pair, Role::Client, &[1; 900]).unwrap();
    }
    let window = pair.client.connection.path().congestion_room();
    let sent: usize = pair.sent(Role::Client).iter().map(Vec::len).sum();
    assert!(sent as u64 <= window && sent as u64 > window / 2, "{sent} of {window}");
}

/// RFC 9221 section 5.3: not flow controlled.
#[test]
fn no_stream_limit_holds_datagrams_back() {
    let mut server = taking(LIMIT);
    (server.initial_max_data, server.initial_max_streams_bidi) = (0, 0);
    let mut pair = Pair::established_with(Options { server, ..Options::default() });
    send(&mut pair, Role::Client, b"free").unwrap();
    pair.exchange();
    assert_eq!(received(&mut pair, Role::Server), [b"free"]);
}

#[test]
fn datagrams_and_streams_take_turns_and_share_packets() {
    let mut pair = pair();
    let key = pair.write(Role::Client, &[2; 40_000]);
    for _ in 0..40 {
        send(&mut pair, Role::Client, &[1; 900]).unwrap();
    }
    let packets = pair.peek(Role::Client);
    let with = |name| count(&packets, name);
    assert!(packets.len() >= 8);
    assert!(with("DATAGRAM") * 3 >= packets.len() && with("STREAM") * 3 >= packets.len());
    let shared = packets.iter().filter(|p| p.has("DATAGRAM") && p.has("STREAM")).count();
    assert!(shared * 3 >= packets.len(), "{shared} of {}", packets.len());
    assert!(pair.client.connection.streams().is_writing(key));
}

#[test]
fn small_datagrams_share_a_packet() {
    let mut pair = pair();
    for _ in 0..50 {
        send(&mut pair, Role::Client, &[1; 20]).unwrap();
    }
    assert_eq!(pair.sent(Role::Client).len(), 1);
}

#[test]
fn what_waits_to_be_sent_is_bounded_and_resumes_with_a_tenth_free() {
    let mut pair = with_client(|client| client.send_capacity = 100 * 1200);
    for _ in 0..100 {
        send(&mut pair, Role::Client, &[1; 900]).unwrap();
    }
    assert_eq!(send(&mut pair, Role::Client, b"x"), Err(DatagramError::Blocked));
    let mut free = 0;
    while !pair.client.connection.take_datagram_writable() {
        let flight = pair.sent(Role::Client);
        assert!(free < 10 && !flight.is_empty());
        pair.wait(Duration::from_millis(5));
        pair.give_all(Role::Server, &flight);
        let acks = pair.sent(Role::Server);
        pair.give_all(Role::Client, &acks);
        free = reports(&mut pair, Role::Client).len();
    }
    assert!(free >= 10);
    assert!(send(&mut pair, Role::Client, b"x").is_ok());
}

/// RFC 9221 section 5: the application does not read, and the oldest go.
#[test]
fn unread_datagrams_are_bounded_and_the_oldest_dropped() {
    let mut pair = pair();
    let sent = 2 * MAX_UNREAD_BYTES / 900;
    for n in 0..sent {
        let data = [n as u8; 900];
        pair.inject(Role::Client, &[Frame::Datagram(Datagram::new(&data))]);
    }
    let kept = received(&mut pair, Role::Server);
    assert!(kept.len() * 900 <= MAX_UNREAD_BYTES);
    assert_eq!(kept.last().unwrap()[0], (sent - 1) as u8);
    let counts = pair.server.connection.stats().datagram_frames;
    assert_eq!((counts.received as usize, counts.dropped as usize), (sent, sent - kept.len()));
}

#[test]
fn important_datagrams_are_sent_twice_where_redundancy_is_on() {
    let mut pair = with_client(|client| client.datagrams.redundancy = Redundancy::AnyPath);
    let now = pair.now;
    let client = &mut pair.client.connection;
    client.send_datagram(now, b"important", Class::High).unwrap();
    client.send_datagram(now, b"usual", Class::Normal).unwrap();
    let packets = pair.peek(Role::Client);
    assert_eq!(count(&packets, "DATAGRAM"), 2);
    let counts = pair.client.connection.stats().datagram_frames;
    assert_eq!((counts.sent, counts.high, counts.high_copies), (3, 2, 1));
}

#[test]
fn a_client_can_ask_its_server_to_send_nothing_twice() {
    for (ask, copies) in [(false, 1), (true, 0)] {
        let mut client = taking(LIMIT);
        client.datagrams.close_redundancy = ask;
        let mut server = taking(LIMIT);
        server.datagrams.redundancy = Redundancy::AnyPath;
        let mut pair = Pair::established_with(Options { client, server, ..Options::default() });
        let now = pair.now;
        pair.server.connection.send_datagram(now, b"important", Class::High).unwrap();
        pair.exchange();
        assert_eq!(pair.server.connection.stats().datagram_frames.high_copies, copies);
    }
}

#[test]
fn the_last_datagram_is_repeated_once_after_a_silence() {
    let after = Duration::from_millis(40);
    let mut pair = with_client(|client| client.datagrams.probe_after = after);
    send(&mut pair, Role::Client, b"first").unwrap();
    send(&mut pair, Role::Client, b"last").unwrap();
    pair.run_for(Duration::from_millis(30));
    assert_eq!(received(&mut pair, Role::Server), [&b"first"[..], b"last"]);
    pair.run_for(Duration::from_secs(10));
    assert_eq!(received(&mut pair, Role::Server), [b"last"]);
    assert_eq!(pair.client.connection.stats().datagram_frames.probes, 1);
    assert_eq!(reports(&mut pair, Role::Client).last(), Some(&Report::Acked(2)));
}

#[test]
fn a_closing_connection_takes_no_datagram() {
    let mut pair = pair();
    let now = pair.now;
    pair.client.connection.close(now, LocalClose::NoError);
    assert_eq!(send(&mut pair, Role::Client, b"x"), Err(DatagramError::Closing));
    assert_eq!(pair.client.connection.state(), State::Closing);
}
