//! Resumption and 0-RTT: accepted, rejected, retried, reordered.

use super::forge::Forgery;
use super::link::Weather;
use super::pair::{Options, Pair, FIRST_DCID};
use super::retry_and_version::retry;
use crate::connection::{CloseReason, EarlyDataStatus, Event, Settings, State};
use crate::datagram::{Class, Report};
use crate::error::TransportErrorCode as Code;
use crate::recovery::Space;
use crate::stream::OpenError;
use crate::time::Duration;
use crate::tls::SeededRandom;
use crate::wire::frame::Frame;
use crate::wire::header::{parse_packet, ProtectedHeader};
use crate::wire::{ConnectionId, Direction, LongPacketType, Role, TransportParameters};

/// Options of a client that was connected to a server with settings `server` before.
fn returning(server: &Settings) -> Options {
    let first = Options { server: server.clone(), ..Options::default() };
    let pair = Pair::established_with(first);
    let events = &pair.client.events;
    let ticket = events.iter().find_map(|event| match event {
        Event::SessionTicket(ticket) => Some(ticket.clone()),
        _ => None,
    });
    let parameters = events.iter().find_map(|event| match event {
        Event::PeerParameters(parameters) => Some((**parameters).clone()),
        _ => None,
    });
    assert!(ticket.is_some() && parameters.is_some());
    Options {
        server: server.clone(),
        resumption: ticket,
        remembered: parameters,
        ..Options::default()
    }
}

fn returning_pair() -> Pair {
    Pair::new(returning(&Settings::default()))
}

/// A pair whose server rejects what the client remembers.
fn rejecting_pair() -> Pair {
    let mut options = returning(&Settings::default());
    options.server.initial_max_data = 500_000;
    Pair::new(options)
}

fn statuses(pair: &Pair) -> [EarlyDataStatus; 2] {
    [&pair.client, &pair.server].map(|end| end.connection.early_data_status())
}

fn is_confirmed(pair: &mut Pair) -> bool {
    [&pair.client, &pair.server].iter().all(|end| end.connection.state() == State::Confirmed)
}

/// The long-header packets of a datagram: type, destination and source.
fn packets(datagram: &[u8]) -> Vec<(LongPacketType, ConnectionId, ConnectionId)> {
    let mut rest = datagram;
    let mut found = Vec::new();
    while let Ok(packet) = parse_packet(rest, 8) {
        rest = &rest[packet.len..];
        if let ProtectedHeader::Long { packet_type, dcid, scid, .. } = packet.header {
            found.push((packet_type, dcid, scid));
        }
    }
    found
}

fn has_early_data(datagrams: &[Vec<u8>]) -> bool {
    datagrams
        .iter()
        .any(|datagram| packets(datagram).iter().any(|(kind, ..)| *kind == LongPacketType::ZeroRtt))
}

fn next_number(pair: &Pair) -> u64 {
    pair.client.connection.data.sent.next_packet_number().0
}

#[test]
fn a_ticket_resumes_and_without_remembered_parameters_nothing_is_early() {
    let mut options = returning(&Settings::default());
    options.remembered = None;
    let mut pair = Pair::new(options);
    pair.write(Role::Client, b"later");
    assert!(!has_early_data(&pair.sent(Role::Client)));
    pair.run(Duration::from_secs(5), is_confirmed);
    assert!(pair.client.connection.tls().is_resumed());
    assert_eq!(statuses(&pair), [EarlyDataStatus::None; 2]);
}

/// RFC 9001 section 4.6: early data shares the first flight and is read before the handshake ends.
#[test]
fn early_data_travels_with_the_first_initial_and_is_read_at_once() {
    let mut pair = returning_pair();
    assert!(pair.client.connection.offers_early_data());
    pair.write(Role::Client, b"early");
    let flight = pair.sent(Role::Client);
    assert_eq!((flight.len(), flight[0].len()), (1, 1200));
    let kinds: Vec<LongPacketType> = packets(&flight[0]).iter().map(|packet| packet.0).collect();
    assert_eq!(kinds, [LongPacketType::Initial, LongPacketType::ZeroRtt]);
    pair.give_all(Role::Server, &flight);
    assert_eq!(pair.server.connection.state(), State::Handshaking);
    assert_eq!(pair.read(Role::Server), b"early");
    assert!(pair.server.count(|event| matches!(event, Event::ProtocolSelected(_))) == 1);
    pair.write(Role::Server, b"answer");
    pair.exchange();
    pair.assert_confirmed();
    assert_eq!(pair.read(Role::Client), b"answer");
    assert_eq!(statuses(&pair), [EarlyDataStatus::Accepted; 2]);
    assert_eq!(pair.client.connection.stats().packets_lost, 0);
    assert!(pair.client.connection.streams().is_all_acked());
}

/// RFC 9000 section 7.2: until the server has answered, every packet carries the same IDs.
#[test]
fn early_packets_carry_the_ids_of_the_first_initial() {
    let mut pair = returning_pair();
    pair.write(Role::Client, &[7; 5000]);
    let flight = pair.sent(Role::Client);
    let all: Vec<_> = flight.iter().flat_map(|datagram| packets(datagram)).collect();
    assert!(all.len() >= 5);
    for (_, dcid, scid) in &all {
        assert_eq!(dcid.as_slice(), FIRST_DCID);
        assert_eq!(*scid, pair.client.connection.local_cids().primary());
    }
}

#[test]
fn what_is_written_after_the_first_flight_is_early_too() {
    let mut pair = returning_pair();
    let flight = pair.sent(Role::Client);
    pair.write(Role::Client, b"a moment later");
    let second = pair.sent(Role::Client);
    assert!(has_early_data(&second));
    pair.give_all(Role::Server, &flight);
    pair.give_all(Role::Server, &second);
    assert_eq!(pair.read(Role::Server), b"a moment later");
}

/// RFC 9001 section 5.6.
#[test]
fn no_early_packet_leaves_once_there_are_1rtt_keys() {
    let mut pair = returning_pair();
    let flight = pair.sent(Role::Client);
    pair.give_all(Role::Server, &flight);
    let flight = pair.sent(Role::Server);
    pair.give_all(Role::Client, &flight);
    assert_eq!(pair.client.connection.state(), State::Complete);
    pair.write(Role::Client, b"late");
    let last = pair.sent(Role::Client);
    assert!(!has_early_data(&last));
    pair.give_all(Role::Server, &last);
    assert_eq!(pair.read(Role::Server), b"late");
}

/// RFC 9001 section 4.6.2: everything is taken back and sent again; packet numbers go on.
#[test]
fn rejected_early_data_is_sent_again_in_1rtt_packets() {
    let mut pair = rejecting_pair();
    let data: Vec<u8> = (0..3000_u32).map(|n| n as u8).collect();
    let key = pair.write(Role::Client, &data);
    let flight = pair.sent(Role::Client);
    assert!(has_early_data(&flight));
    let after_early = next_number(&pair);
    pair.give_all(Role::Server, &flight);
    assert_eq!(pair.read(Role::Server), b"");
    let flight = pair.sent(Role::Server);
    pair.give_all(Role::Client, &flight);
    assert_eq!(statuses(&pair), [EarlyDataStatus::Rejected; 2]);
    assert!(!pair.client.connection.offers_early_data());
    assert_eq!(pair.client.connection.data.sent.len(), 0);
    assert_eq!(next_number(&pair), after_early);
    pair.exchange();
    pair.assert_confirmed();
    assert_eq!(pair.read(Role::Server), data);
    assert!(pair.client.connection.streams().id(key).is_some());
    assert_eq!(pair.client.connection.path.bytes_in_flight, 0);
}

/// RFC 9001 section 4.6.2: the real limits hold for what is sent again.
#[test]
fn rejected_early_data_keeps_to_the_new_limits() {
    let mut options = returning(&Settings::default());
    options.server.initial_max_data = 1000;
    options.server.initial_max_streams_bidi = 1;
    let mut pair = Pair::new(options);
    pair.write(Role::Client, &[1; 900]);
    pair.write(Role::Client, &[2; 900]);
    pair.exchange();
    pair.assert_confirmed();
    // The first stream alone is allowed, and read out it makes room for more.
    assert_eq!(pair.read(Role::Server), [1; 900]);
    assert_eq!(pair.server.violation(), None);
    assert_eq!(statuses(&pair)[0], EarlyDataStatus::Rejected);
}

/// RFC 9000 section 7.4.1.
#[test]
fn remembered_limits_hold_for_early_data() {
    let server = Settings {
        initial_max_data: 2000,
        initial_max_stream_data: 1500,
        initial_max_streams_bidi: 2,
        ..Settings::default()
    };
    let mut pair = Pair::new(returning(&server));
    let streams = pair.client.connection.streams_mut();
    for _ in 0..2 {
        let key = streams.open(Direction::Bidirectional).unwrap();
        assert_eq!(streams.write(key, &[3; 4000], false).unwrap(), 1500);
    }
    assert_eq!(streams.open(Direction::Bidirectional), Err(OpenError::Limit));
    let flight = pair.sent(Role::Client);
    pair.give_all(Role::Server, &flight);
    assert_eq!(pair.server.violation(), None);
    assert_eq!(pair.read(Role::Server).len(), 2000);
    assert_eq!(statuses(&pair)[1], EarlyDataStatus::Accepted);
}

type Change = fn(&mut TransportParameters);

/// Has the server of `pair` advertise other limits than those it bound 0-RTT to.
fn lower(pair: &mut Pair, change: impl FnOnce(&mut TransportParameters)) {
    let bytes = pair.server_parameters();
    let mut parameters = TransportParameters::decode(&bytes, Role::Server).unwrap();
    change(&mut parameters);
    let bytes = parameters.encode(Role::Server, &mut SeededRandom::new([1; 32]));
    pair.server.connection.tls.set_transport_parameters(&bytes).unwrap();
}

/// RFC 9000 section 7.4.1, RFC 9221 section 3.
#[test]
fn limits_reduced_after_accepted_early_data_end_the_connection() {
    let cases: [(Change, Code); 8] = [
        (|p| p.initial_max_data -= 1, Code::TRANSPORT_PARAMETER_ERROR),
        (|p| p.initial_max_stream_data_bidi_local -= 1, Code::TRANSPORT_PARAMETER_ERROR),
        (|p| p.initial_max_stream_data_bidi_remote -= 1, Code::TRANSPORT_PARAMETER_ERROR),
        (|p| p.initial_max_stream_data_uni -= 1, Code::TRANSPORT_PARAMETER_ERROR),
        (|p| p.initial_max_streams_bidi -= 1, Code::TRANSPORT_PARAMETER_ERROR),
        (|p| p.initial_max_streams_uni -= 1, Code::TRANSPORT_PARAMETER_ERROR),
        (|p| p.active_connection_id_limit -= 1, Code::TRANSPORT_PARAMETER_ERROR),
        (|p| p.max_datagram_frame_size = 0, Code::PROTOCOL_VIOLATION),
    ];
    for (change, code) in cases {
        let mut options = returning(&Settings::default());
        // The server bound early data to no datagrams; the client remembers some all the same.
        options.remembered.as_mut().unwrap().max_datagram_frame_size = 1;
        let mut pair = Pair::new(options);
        lower(&mut pair, |parameters| {
            parameters.max_datagram_frame_size = 1;
            change(parameters);
        });
        pair.exchange();
        assert_eq!(pair.client.reason, Some(CloseReason::EarlyDataLimitsReduced(code)));
        let told = matches!(&pair.server.reason,
            Some(CloseReason::PeerTransport { code: told, .. }) if *told == code);
        assert!(told, "{:?}", pair.server.reason);
    }
}

/// RFC 9000 section 7.4.1: rejected early data promises nothing.
#[test]
fn limits_may_be_lower_when_early_data_is_rejected() {
    let mut options = returning(&Settings::default());
    options.server.initial_max_data = 10;
    options.server.initial_max_streams_bidi = 2;
    options.remembered.as_mut().unwrap().max_datagram_frame_size = 1200;
    let mut pair = Pair::new(options);
    pair.exchange();
    pair.assert_confirmed();
    assert_eq!(statuses(&pair)[0], EarlyDataStatus::Rejected);
}

/// RFC 9000 section 7.4.1: a server whose limits are lower than those in the ticket accepts none.
#[test]
fn a_server_with_lower_limits_rejects_early_data() {
    let lower: [fn(&mut Settings); 4] = [
        |s| s.initial_max_data -= 1,
        |s| s.initial_max_stream_data -= 1,
        |s| s.initial_max_streams_bidi -= 1,
        |s| s.initial_max_streams_uni -= 1,
    ];
    for change in lower {
        let mut options = returning(&Settings::default());
        change(&mut options.server);
        let mut pair = Pair::new(options);
        pair.write(Role::Client, b"data");
        pair.exchange();
        pair.assert_confirmed();
        assert_eq!(statuses(&pair), [EarlyDataStatus::Rejected; 2]);
        assert!(pair.client.connection.tls().is_resumed());
        assert_eq!(pair.read(Role::Server), b"data");
    }
}

#[test]
fn a_server_may_refuse_all_early_data() {
    let mut options = returning(&Settings::default());
    options.policy.refuse_early_data = true;
    let mut pair = Pair::new(options);
    pair.write(Role::Client, b"data");
    pair.exchange();
    assert_eq!(statuses(&pair), [EarlyDataStatus::Rejected; 2]);
    assert_eq!(pair.read(Role::Server), b"data");
}

/// RFC 9000 section 17.2.5.3: sent again with the token's Initial, to the new ID, under numbers
/// that go on.
#[test]
fn after_a_retry_early_data_is_sent_again() {
    let retry_scid = ConnectionId::new(&[0x7e; 8]);
    let mut options = returning(&Settings::default());
    options.retry_scid = retry_scid;
    options.address_validated = true;
    let mut pair = Pair::new(options);
    pair.write(Role::Client, b"patient");
    pair.sent(Role::Client);
    let sent_before = next_number(&pair);
    let packet = retry(&pair, &[0x7e; 8], &FIRST_DCID, b"token");
    pair.give(Role::Client, &packet);
    let flight = pair.sent(Role::Client);
    assert!(has_early_data(&flight));
    assert!(packets(&flight[0]).iter().all(|packet| Some(packet.1) == retry_scid));
    assert!(next_number(&pair) > sent_before);
    pair.give_all(Role::Server, &flight);
    assert_eq!(pair.read(Role::Server), b"patient");
    pair.exchange();
    pair.assert_confirmed();
    assert_eq!(statuses(&pair), [EarlyDataStatus::Accepted; 2]);
}

/// RFC 9001 section 5.7: 0-RTT that overtakes the ClientHello waits for its key, in a small number
/// of packets.
#[test]
fn early_data_that_comes_before_its_key_waits() {
    let mut pair = returning_pair();
    let hello = pair.sent(Role::Client);
    pair.write(Role::Client, b"overtaking");
    let early = pair.sent(Role::Client);
    pair.give_all(Role::Server, &early);
    assert_eq!(pair.read(Role::Server), b"");
    pair.give_all(Role::Server, &hello);
    assert_eq!(pair.read(Role::Server), b"overtaking");
}

/// RFC 9001 section 4.9.3: for three probe timeouts after the handshake.
#[test]
fn a_server_reads_overtaken_early_data_for_a_while() {
    for (wait, expected) in [(false, &b"slow"[..]), (true, b"")] {
        let mut pair = returning_pair();
        let hello = pair.sent(Role::Client);
        pair.write(Role::Client, b"slow");
        let slow = pair.sent(Role::Client);
        pair.give_all(Role::Server, &hello);
        for role in [Role::Server, Role::Client] {
            let flight = pair.sent(role);
            pair.give_all(role.peer(), &flight);
        }
        assert_eq!(pair.server.connection.state(), State::Confirmed);
        if wait {
            let period = pair.server.connection.probe_timeout().saturating_mul(3);
            pair.wait(period);
            pair.tick(Role::Server);
            assert!(pair.server.connection.early_data.is_none());
        }
        pair.give_all(Role::Server, &slow);
        assert_eq!(pair.read(Role::Server), expected);
    }
}

#[test]
fn nothing_of_early_data_is_kept_for_long() {
    let mut pair = returning_pair();
    pair.write(Role::Client, b"data");
    pair.exchange();
    assert!(pair.client.connection.early_data.is_none());
    let period = pair.server.connection.probe_timeout().saturating_mul(3);
    pair.wait(period);
    pair.tick(Role::Server);
    assert!(pair.server.connection.early_data.is_none());
    assert_eq!(statuses(&pair), [EarlyDataStatus::Accepted; 2]);
}

/// RFC 9000 section 12.5: a 0-RTT packet carries no HANDSHAKE_DONE; RFC 9001 section 8.3: no TLS
/// message travels in one.
#[test]
fn frames_that_must_not_be_early_are_a_violation() {
    for frame in [&[0x1e][..], &[0x06, 0, 1, 0], &[0x02, 0, 0, 0, 0]] {
        let mut pair = returning_pair();
        let hello = pair.sent(Role::Client);
        let forgery = Forgery { early_data: true, ..Forgery::raw(frame) };
        let packet = pair.forge_with(Role::Client, Space::Application, &forgery);
        pair.give_all(Role::Server, &hello);
        pair.give(Role::Server, &packet);
        assert_eq!(pair.server.violation(), Some(Code::PROTOCOL_VIOLATION), "{frame:x?}");
    }
}

/// RFC 9001 section 5.6: only clients send 0-RTT packets.
#[test]
fn early_packets_from_a_server_are_dropped() {
    let mut pair = returning_pair();
    let hello = pair.sent(Role::Client);
    pair.give_all(Role::Server, &hello);
    let flight = pair.sent(Role::Server);
    pair.give(Role::Client, &flight[0]);
    let forgery = Forgery { early_data: true, ..Forgery::new(&[Frame::Ping]) };
    let packet = pair.forge_with(Role::Server, Space::Handshake, &forgery);
    let before = pair.client.connection.stats().packets_dropped;
    pair.give(Role::Client, &packet);
    assert_eq!(pair.client.connection.stats().packets_dropped, before + 1);
    assert!(pair.client.connection.state().is_open());
}

#[test]
fn early_data_survives_a_bad_link() {
    let data: Vec<u8> = (0..30_000_u32).map(|n| (n * 7 % 251) as u8).collect();
    let patient =
        Settings { handshake_idle_timeout: Duration::from_secs(300), ..Settings::default() };
    for seed in 0..40 {
        let mut options = returning(&patient);
        options.client = patient.clone();
        options.weather =
            Weather { seed, loss: 150, reorder: 200, duplicate: 100, ..Weather::default() };
        if seed % 2 == 1 {
            options.server.initial_max_data = 100_000;
        }
        let mut pair = Pair::new(options);
        pair.write(Role::Client, &data);
        let mut read = Vec::new();
        let done = pair.run(Duration::from_secs(300), |pair| {
            read.extend(pair.read(Role::Server));
            read.len() >= data.len() && pair.client.connection.streams().is_all_acked()
        });
        assert!(done && read == data, "seed {seed}");
    }
}

/// RFC 9001 section 4.6.2 leaves what waits to the application, which must not notice: a stream
/// that was reset before the rejection is reset again.
#[test]
fn a_reset_sent_early_is_sent_again_after_a_rejection() {
    let mut pair = rejecting_pair();
    let key = pair.write(Role::Client, b"never mind");
    pair.client.connection.streams_mut().reset(key, 7).unwrap();
    pair.exchange();
    pair.assert_confirmed();
    let reset = pair.server.count(|event| format!("{event:?}").contains("ResetByPeer"));
    assert_eq!(reset, 1);
}

/// Options of a client that may send datagrams early.
fn returning_with_datagrams() -> Options {
    let mut server = Settings::default();
    server.datagrams.max_frame_size = 1000;
    returning(&server)
}

fn send_datagrams(pair: &mut Pair) {
    let now = pair.now;
    for data in [&b"one"[..], b"two"] {
        pair.client.connection.send_datagram(now, data, Class::Normal).unwrap();
    }
}

fn datagrams_of(pair: &mut Pair) -> Vec<Vec<u8>> {
    let (server, mut data) = (&mut pair.server.connection, Vec::new());
    std::iter::from_fn(|| server.read_datagram(&mut data).map(|_| data.clone())).collect()
}

/// RFC 9221 section 3.
#[test]
fn datagrams_may_go_out_early() {
    let mut pair = Pair::new(returning_with_datagrams());
    assert_eq!(pair.client.connection.largest_datagram(), 997);
    send_datagrams(&mut pair);
    let flight = pair.sent(Role::Client);
    assert!(has_early_data(&flight));
    pair.give_all(Role::Server, &flight);
    assert_eq!(datagrams_of(&mut pair), [b"one", b"two"]);
    pair.exchange();
    let client = &mut pair.client.connection;
    let reports: Vec<_> = std::iter::from_fn(|| client.poll_datagram_report()).collect();
    assert_eq!(reports, [Report::Acked(0), Report::Acked(1)]);
}

/// RFC 9001 section 4.6.2: what was rejected counts as never sent, and is no loss.
#[test]
fn rejected_datagrams_go_out_once_more() {
    let mut options = returning_with_datagrams();
    options.server.initial_max_data = 500_000;
    let mut pair = Pair::new(options);
    send_datagrams(&mut pair);
    assert!(has_early_data(&pair.sent(Role::Client)));
    pair.run(Duration::from_secs(5), is_confirmed);
    pair.exchange();
    assert_eq!(statuses(&pair)[0], EarlyDataStatus::Rejected);
    assert_eq!(datagrams_of(&mut pair), [b"one", b"two"]);
    let client = &mut pair.client.connection;
    let reports: Vec<_> = std::iter::from_fn(|| client.poll_datagram_report()).collect();
    assert_eq!(reports, [Report::Acked(0), Report::Acked(1)]);
}

/// RFC 9221 section 3: a server that takes them no longer gets none.
#[test]
fn rejected_datagrams_that_the_server_takes_no_longer_are_lost() {
    let mut options = returning_with_datagrams();
    options.server.datagrams.max_frame_size = 0;
    let mut pair = Pair::new(options);
    send_datagrams(&mut pair);
    let now = pair.now;
    pair.client.connection.send_datagram(now, b"", Class::Normal).unwrap();
    pair.sent(Role::Client);
    pair.run(Duration::from_secs(5), is_confirmed);
    pair.exchange();
    pair.assert_confirmed();
    let client = &mut pair.client.connection;
    let reports: Vec<_> = std::iter::from_fn(|| client.poll_datagram_report()).collect();
    assert_eq!(reports, [0, 1, 2].map(Report::Lost));
}
