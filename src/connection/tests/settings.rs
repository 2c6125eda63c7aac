//! What settings of the host do to a connection.

use super::forge::{count, Forgery};
use super::link::Weather;
use super::pair::{Options, Pair};
use crate::connection::{Connection, ReceiveTimestamps, Settings};
use crate::error::TransportErrorCode as Code;
use crate::recovery::{ProbePolicy, Space};
use crate::stream::StreamKey;
use crate::time::Duration;
use crate::wire::frame::Frame;
use crate::wire::Role;

const PATIENCE: Duration = Duration::from_secs(500);

/// A client that starts with `client`, and its server.
fn established(client: Settings, weather: Weather) -> Pair {
    Pair::established_with(Options { client, weather, ..Options::default() })
}

/// The times that pass between one packet of a silent client's and the next.
fn probe_gaps(probes: ProbePolicy, count: usize) -> Vec<Duration> {
    let client = Settings { probes, ..Settings::default() };
    let mut pair = Pair::new(Options { client, ..Options::default() });
    pair.sent(Role::Client);
    let gap = |_| {
        let gap = pair.next_timeout(Role::Client);
        assert!(!pair.sent(Role::Client).is_empty());
        gap
    };
    (0..count).map(gap).collect()
}

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// RFC 9002 section 6.2.1.
#[test]
fn probes_wait_twice_as_long_each_time() {
    let gaps = probe_gaps(ProbePolicy::default(), 3);
    assert_eq!(gaps, [ms(750), ms(1_500), ms(3_000)]);
}

#[test]
fn the_growth_of_the_wait_is_the_hosts() {
    let policy = ProbePolicy { backoff_factor: 1.5, ..ProbePolicy::default() };
    assert_eq!(probe_gaps(policy, 3), [ms(750), ms(1_125), Duration::from_micros(1_687_500)]);
}

#[test]
fn the_first_wait_is_the_hosts() {
    let policy = ProbePolicy { initial: ms(100), ..ProbePolicy::default() };
    assert_eq!(probe_gaps(policy, 3), [ms(100), ms(200), ms(400)]);
}

#[test]
fn a_short_wait_follows_the_round_trip_time_alone() {
    let policy = ProbePolicy { short: true, ..ProbePolicy::default() };
    // A quarter more than the 250 ms assumed.
    assert_eq!(probe_gaps(policy, 2), [Duration::from_micros(312_500), ms(625)]);
}

/// Bytes per second that a server reads of one stream of the client's, all it can.
fn received_rate(server: Settings, latency: Duration) -> u64 {
    let weather = Weather { latency, ..Weather::default() };
    let mut pair = Pair::established_with(Options { server, weather, ..Options::default() });
    let start = pair.now;
    assert!(pair.transfer(Role::Client, 2_000_000, PATIENCE, |_| {}));
    2_000_000 * 1_000_000 / pair.now.saturating_since(start).as_micros()
}

#[test]
fn the_peer_is_held_at_the_receive_rate() {
    let limited =
        Settings { receive_rate: 1_000_000, initial_max_data: 63_000, ..Settings::default() };
    let rate = received_rate(limited.clone(), ms(50));
    assert!((700_000..=1_050_000).contains(&rate), "{rate}");
    // Half the round-trip time, half the window.
    let rate = received_rate(limited, ms(40));
    assert!((700_000..=1_050_000).contains(&rate), "{rate}");
    let free = received_rate(Settings::default(), ms(50));
    assert!(free > 2_000_000, "{free}");
}

/// RFC 9000 section 4.2 leaves the size of windows to the receiver.
#[test]
fn windows_grow_until_they_no_longer_hold_the_peer_up() {
    let small = Settings {
        initial_max_data: 40_000,
        initial_max_stream_data: 20_000,
        ..Settings::default()
    };
    let (small, large) = (received_rate(small, ms(50)), received_rate(Settings::default(), ms(50)));
    assert!(small > large / 2, "{small} of {large}");
}

/// Credit of a new stream of the client's, in bytes, as the server sees it after `change`.
fn stream_credit(client: Settings, change: impl FnOnce(&mut Connection, StreamKey)) -> u64 {
    let mut pair = established(client, Weather::default());
    let key = pair.write(Role::Client, b"request");
    change(&mut pair.client.connection, key);
    pair.exchange();
    let streams = pair.server.connection.streams_mut();
    let mut keys = Vec::new();
    streams.readable(&mut keys);
    streams.write(keys[0], &vec![0; 20 << 20], false).unwrap() as u64
}

#[test]
fn streams_start_with_the_window_of_the_host_and_open_up() {
    let limited = || Settings { limited_stream_window: Some(70_000), ..Settings::default() };
    assert_eq!(stream_credit(limited(), |_, _| {}), 70_000);
    let unbounded = stream_credit(limited(), |client, key| client.open_receive_window(key, 0));
    assert_eq!(unbounded, 16 << 20);
    // Five megabytes a second over a round trip of 10 ms are less than the least.
    let slow = stream_credit(limited(), |client, key| client.open_receive_window(key, 5_000_000));
    assert_eq!(slow, 70_000);
    let fast = stream_credit(limited(), |client, key| {
        assert!(client.set_receive_rate(key, 50_000_000));
    });
    assert_eq!(fast, 500_000);
    let refused = stream_credit(Settings::default(), |client, key| {
        assert!(!client.set_receive_rate(key, 50_000_000));
    });
    assert_eq!(refused, 16 << 20);
}

/// How many ACKs the server sends for packets that come one at a time.
fn acks_for(packets: usize, server: Settings) -> usize {
    let mut pair = Pair::established_with(Options { server, ..Options::default() });
    let mut acks = 0;
    for _ in 0..packets {
        pair.inject(Role::Client, &[Frame::Ping]);
        acks += count(&pair.peek(Role::Server), "ACK");
    }
    acks
}

#[test]
fn the_host_says_how_many_packets_one_ack_answers() {
    assert_eq!(acks_for(800, Settings::default()), 400);
    assert_eq!(acks_for(800, Settings { ack_frequency: 1, ..Settings::default() }), 800);
    assert_eq!(acks_for(800, Settings { ack_frequency: 8, ..Settings::default() }), 100);
}

#[test]
fn acks_get_fewer_after_the_first_hundred_if_asked_for() {
    let adaptive = Settings { adaptive_acks: true, ..Settings::default() };
    let acks = acks_for(1_200, adaptive);
    // A hundred for 200 packets, then a hundred for 1,000; the handshake took a few.
    assert!((190..=200).contains(&acks), "{acks}");
}

/// Losses that were none, in a transfer over a link that reorders.
fn spurious_losses(client: Settings) -> u64 {
    let weather = Weather { reorder: 200, ..Weather::default() };
    let mut pair = established(client, weather);
    assert!(pair.transfer(Role::Client, 1_000_000, PATIENCE, |_| {}));
    pair.client.connection.stats().spurious_losses
}

/// RFC 9002 section 6.2 lets a sender adapt.
#[test]
fn losses_that_were_none_teach_the_sender_patience() {
    let hasty = spurious_losses(Settings::default());
    let taught = spurious_losses(Settings { learn_reordering: true, ..Settings::default() });
    let patient = spurious_losses(Settings { packet_threshold: 1_000, ..Settings::default() });
    assert!(hasty > 50, "{hasty}");
    assert!(taught < hasty / 3, "{taught} of {hasty}");
    assert!(patient < hasty, "{patient} of {hasty}");
}

#[test]
fn no_more_is_in_flight_than_the_host_allows() {
    let client = Settings { window_limit: 5_000, ..Settings::default() };
    let mut pair = established(client, Weather::default());
    let mut most = 0;
    assert!(pair.transfer(Role::Client, 300_000, PATIENCE, |pair| {
        most = most.max(pair.client.connection.path().bytes_in_flight);
    }));
    assert!((3_600..=5_000).contains(&most), "{most}");
}

/// RFC 9000 section 21.4 recommends leaving numbers out; a host can do without.
#[test]
fn packet_numbers_are_not_left_out_if_the_host_says_so() {
    let client = Settings { disable_packet_number_skipping: true, ..Settings::default() };
    let mut pair = established(client, Weather::default());
    assert!(pair.transfer(Role::Client, 6_000_000, PATIENCE, |_| {}));
    let connection = &pair.client.connection;
    let numbers = connection.data.sent.next_packet_number().0;
    assert!(numbers > 4_096 && numbers < connection.stats().packets_sent);
}

/// Settings that ask for receive timestamps.
fn timed(most: u8, exponent: u8) -> Settings {
    let receive_timestamps = Some(ReceiveTimestamps { most, exponent });
    Settings { receive_timestamps, ..Settings::default() }
}

fn timed_pair(client: Settings, server: Settings) -> Pair {
    Pair::established_with(Options { client, server, ..Options::default() })
}

/// The names of frames that the server answers two of the client's packets with.
fn answer(pair: &mut Pair) -> Vec<&'static str> {
    for _ in 0..2 {
        pair.inject(Role::Client, &[Frame::Ping]);
    }
    pair.peek(Role::Server).into_iter().flat_map(|packet| packet.names()).collect()
}

#[test]
fn arrivals_are_told_only_if_both_ends_ask() {
    let both = answer(&mut timed_pair(timed(5, 0), timed(5, 0)));
    assert_eq!(both, ["ACK_EXTENDED"]);
    for (client, server) in [
        (timed(5, 0), Settings::default()),
        (Settings::default(), timed(5, 0)),
        // The client takes none.
        (timed(0, 0), timed(5, 0)),
    ] {
        assert_eq!(answer(&mut timed_pair(client, server)), ["ACK"]);
    }
}

#[test]
fn a_transfer_works_with_timestamps_under_loss_and_reordering() {
    let weather = Weather { loss: 30, reorder: 100, ..Weather::default() };
    let options =
        Options { client: timed(63, 2), server: timed(7, 0), weather, ..Options::default() };
    let mut pair = Pair::new(options);
    assert!(pair.transfer(Role::Client, 300_000, PATIENCE, |_| {}));
    assert!(pair.transfer(Role::Server, 300_000, PATIENCE, |_| {}));
    pair.assert_confirmed();
}

/// What the client makes of the frame in `bytes`.
fn judged(client: Settings, bytes: &[u8]) -> Option<Code> {
    let mut pair = timed_pair(client, timed(5, 0));
    pair.inject_with(Role::Server, Space::Application, &Forgery::raw(bytes));
    pair.client.violation()
}

#[test]
fn timestamps_that_nobody_asked_for_are_an_encoding_error() {
    // RFC 9000 section 12.4: an unknown frame type.
    let ack = [0x40, 0xb1, 1, 0, 0, 0, 2, 1, 0, 2, 9, 0];
    assert_eq!(judged(Settings::default(), &ack), Some(Code::FRAME_ENCODING_ERROR));
    assert_eq!(judged(timed(1, 0), &ack), Some(Code::FRAME_ENCODING_ERROR), "two, one is taken");
    assert_eq!(judged(timed(2, 0), &ack), None);
    let empty_range = [0x40, 0xb1, 1, 0, 0, 0, 2, 1, 0, 0];
    assert_eq!(judged(timed(2, 0), &empty_range), Some(Code::FRAME_ENCODING_ERROR));
    let no_range = [0x40, 0xb1, 1, 0, 0, 0, 2, 0];
    assert_eq!(judged(timed(2, 0), &no_range), None);
}

/// RFC 9000 section 13.1.
#[test]
fn an_extended_ack_of_a_number_not_sent_is_a_violation() {
    let ack = [0x40, 0xb1, 0x7f, 0xff, 0, 0, 0, 0];
    assert_eq!(judged(timed(2, 0), &ack), Some(Code::PROTOCOL_VIOLATION));
}

/// RFC 9000 section 19.3.2: counts of zero are counts.
#[test]
fn ecn_counts_are_reported_without_marks_if_the_host_says_so() {
    let server = Settings { always_report_ecn: true, ..Settings::default() };
    let mut pair = timed_pair(Settings::default(), server);
    pair.inject(Role::Client, &[Frame::Ping]);
    pair.inject(Role::Client, &[Frame::Ping]);
    let answer = pair.peek(Role::Server);
    assert_eq!((answer[0].payload[0], answer[0].payload.ends_with(&[0; 3])), (0x03, true));
}
