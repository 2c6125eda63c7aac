//! Congestion controllers in whole connections.

use super::forge::Opened;
use super::link::Weather;
use super::pair::{Options, Pair};
use crate::congestion::{
    Bbr, Bbr2, CongestionController, Controller, Copa, Cubic, NewReno, Parameters,
};
use crate::connection::{Settings, MIN_DATAGRAM_SIZE};
use crate::recovery::Space;
use crate::time::Duration;
use crate::wire::frame::Frame;
use crate::wire::Role;

const PARAMETERS: Parameters = Parameters::new(MIN_DATAGRAM_SIZE);

/// 50 Mbit/s, 40 ms, a queue of one bandwidth-delay product.
const BOTTLENECK: u64 = 6_250_000;
const ROUND_TRIP: Duration = Duration::from_millis(40);

fn new_reno() -> Controller {
    Controller::NewReno(NewReno::new(PARAMETERS))
}

fn cubic() -> Controller {
    Controller::Cubic(Cubic::new(PARAMETERS))
}

fn bbr() -> Controller {
    Controller::Bbr(Box::new(Bbr::new(PARAMETERS)))
}

fn bbr2() -> Controller {
    Controller::Bbr2(Box::new(Bbr2::new(PARAMETERS)))
}

fn copa() -> Controller {
    Controller::Copa(Box::new(Copa::new(PARAMETERS)))
}

const ALL: [fn() -> Controller; 5] = [new_reno, cubic, bbr, bbr2, copa];
const MODELS: [fn() -> Controller; 3] = [bbr, bbr2, copa];

fn on_bottleneck(loss: u64) -> Weather {
    Weather {
        latency: ROUND_TRIP.div(2),
        loss,
        rate: BOTTLENECK,
        queue: BOTTLENECK / 25,
        ..Weather::default()
    }
}

fn over_bottleneck(controller: fn() -> Controller, loss: u64) -> Pair {
    Pair::new(Options { weather: on_bottleneck(loss), controller, ..Options::default() })
}

/// The part of the bottleneck that a transfer of `len` bytes uses, its beginning included.
fn utilisation(pair: &mut Pair, len: usize) -> f64 {
    let start = pair.now;
    assert!(pair.transfer(Role::Server, len, Duration::from_secs(60), |_| {}));
    let possible = BOTTLENECK as f64 * pair.now.saturating_since(start).as_secs_f64();
    len as f64 / possible
}

#[test]
fn every_controller_fills_the_link() {
    for controller in ALL {
        let mut pair = over_bottleneck(controller, 0);
        let used = utilisation(&mut pair, 30_000_000);
        let name = pair.server.connection.path().controller.name();
        assert!(used >= 0.9, "{name} uses {used}");
    }
}

#[test]
fn one_percent_of_random_loss_does_not_hold_up_models() {
    for controller in MODELS {
        let mut pair = over_bottleneck(controller, 10);
        let used = utilisation(&mut pair, 30_000_000);
        let name = pair.server.connection.path().controller.name();
        assert!(used >= 0.8, "{name} uses {used}");
    }
}

#[test]
fn only_controllers_that_ask_for_it_pay_for_samples() {
    for (controller, wanted) in [(cubic as fn() -> Controller, false), (bbr, true)] {
        let mut pair = over_bottleneck(controller, 0);
        assert!(pair.transfer(Role::Server, 1_000_000, Duration::from_secs(60), |_| {}));
        let path = pair.server.connection.path();
        assert_eq!(path.sampler.is_some(), wanted);
        let delivered = path.sampler.as_ref().map_or(0, |sampler| sampler.delivered());
        assert_eq!(delivered > 1_000_000, wanted);
    }
}

/// What a controller has measured of the bottleneck, in bytes per second.
fn measured(pair: &Pair) -> u64 {
    pair.server.connection.path().controller.bandwidth().unwrap()
}

#[test]
fn a_rest_does_not_make_the_path_look_slow() {
    let mut pair = over_bottleneck(bbr, 0);
    assert!(pair.transfer(Role::Server, 5_000_000, Duration::from_secs(60), |_| {}));
    let before = measured(&pair);
    assert!(before > BOTTLENECK * 9 / 10, "{before}");
    for _ in 0..20 {
        pair.run_for(Duration::from_secs(1));
        assert!(pair.transfer(Role::Server, 2_000, Duration::from_secs(60), |_| {}));
    }
    assert!(measured(&pair) > before * 9 / 10, "{}", measured(&pair));
}

/// RFC 9406: a rising delay ends slow start before a deep queue overflows.
#[test]
fn slow_start_ends_before_a_deep_queue_overflows() {
    for controller in [new_reno as fn() -> Controller, cubic] {
        let weather = Weather { rate: BOTTLENECK, queue: BOTTLENECK / 2, ..on_bottleneck(0) };
        let mut pair = Pair::new(Options { weather, controller, ..Options::default() });
        assert!(pair.transfer(Role::Server, 10_000_000, Duration::from_secs(60), |_| {}));
        let controller = &pair.server.connection.path().controller;
        assert!(!controller.in_slow_start(), "{controller:?}");
        assert_eq!(pair.link.overflows, 0, "{controller:?}");
    }
}

/// Sends `count` packets with content, one every `gap`; none arrives.
fn lose(pair: &mut Pair, count: usize, gap: Duration) {
    for _ in 0..count {
        pair.write(Role::Server, &[7; 500]);
        assert!(!pair.sent(Role::Server).is_empty());
        pair.wait(gap);
    }
}

/// RFC 9002 sections 5.2 and 7.6.2: the window falls to two datagrams, recovery ends, and the
/// estimator starts over with the next sample.
#[test]
fn an_outage_of_three_probe_timeouts_is_persistent_congestion() {
    for controller in ALL {
        let mut pair = Pair::established_with(Options { controller, ..Options::default() });
        pair.run_for(Duration::from_secs(1));
        let before = pair.server.connection.path().rtt.smoothed();
        lose(&mut pair, 8, Duration::from_millis(150));
        pair.write(Role::Server, &[7; 500]);
        let last = pair.sent(Role::Server);
        pair.wait(Duration::from_millis(10));
        pair.give_all(Role::Client, &last);
        let acks = pair.sent(Role::Client);
        assert!(!acks.is_empty());
        pair.give_all(Role::Server, &acks);
        let path = pair.server.connection.path();
        let name = path.controller.name();
        // The acknowledgement that showed it has opened the window again a little: by a packet, or
        // to the least with which models work.
        assert!(path.controller.window() <= 4 * 1200, "{name}: {}", path.controller.window());
        assert!(!path.controller.in_recovery(), "{name}");
        pair.write(Role::Server, &[7; 500]);
        pair.exchange();
        let path = pair.server.connection.path();
        assert!(before < Duration::from_millis(50), "{before:?}");
        assert!(path.rtt.min() < Duration::from_millis(50), "{name}: {:?}", path.rtt);
        assert!(path.rtt.smoothed() < Duration::from_millis(50), "{name}: {:?}", path.rtt);
    }
}

/// RFC 9002 section 7.6: probe timeouts alone are none, however many.
#[test]
fn probe_timeouts_alone_are_no_persistent_congestion() {
    let mut pair = Pair::established_with(Options { controller: cubic, ..Options::default() });
    pair.write(Role::Server, &[7; 500]);
    pair.sent(Role::Server);
    for _ in 0..5 {
        pair.next_timeout(Role::Server);
        pair.sent(Role::Server);
    }
    let path = pair.server.connection.path();
    assert_eq!(path.pto_count, 5);
    assert!(path.controller.window() >= 12_000, "{:?}", path.controller);
}

/// RFC 9002 section 7.8: a lack of credit does not let a window grow either.
#[test]
fn a_window_that_credit_keeps_empty_does_not_grow() {
    for controller in ALL {
        let client = Settings { initial_max_stream_data: 4_000, ..Settings::default() };
        let mut pair = Pair::established_with(Options { client, controller, ..Options::default() });
        let before = pair.server.connection.path().controller.window();
        for _ in 0..5 {
            pair.write(Role::Server, &[7; 4_000]);
            pair.exchange();
        }
        let after = pair.server.connection.path().controller.window();
        let name = pair.server.connection.path().controller.name();
        assert_eq!(after, before, "{name}");
    }
}

/// RFC 9002 section 6.2.4: new data goes before repetitions.
#[test]
fn a_probe_carries_new_data_if_there_is_some() {
    let mut pair = Pair::established();
    pair.write(Role::Client, &[7; 100_000]);
    let sent: u64 = pair.peek(Role::Client).iter().map(stream_end).max().unwrap();
    pair.next_timeout(Role::Client);
    let probes = pair.peek(Role::Client);
    assert!((1..=2).contains(&probes.len()));
    assert!(probes.iter().all(|probe| stream_end(probe) > sent), "beyond {sent}");
}

fn stream_end(packet: &Opened) -> u64 {
    let mut end = 0;
    packet.for_each(|frame| {
        if let Frame::Stream(stream) = frame {
            end = end.max(stream.offset + stream.data.len() as u64);
        }
    });
    end
}

/// RFC 9002 section 6.2.4: a timeout in the handshake probes every level that is not finished.
#[test]
fn a_probe_covers_every_level_that_is_not_finished() {
    let mut pair = Pair::new(Options { address_validated: true, ..Options::default() });
    let hello = pair.sent(Role::Client);
    pair.give_all(Role::Server, &hello);
    assert!(!pair.sent(Role::Server).is_empty());
    let sent = |pair: &mut Pair, space| {
        pair.server.connection.space(space).unwrap().sent.next_packet_number()
    };
    let before = [Space::Initial, Space::Handshake].map(|space| sent(&mut pair, space));
    pair.next_timeout(Role::Server);
    assert!(!pair.sent(Role::Server).is_empty());
    let after = [Space::Initial, Space::Handshake].map(|space| sent(&mut pair, space));
    assert!(after[0] > before[0] && after[1] > before[1], "{before:?} {after:?}");
}

/// RFC 9002 section 7.7: what leaves at once is bounded by the initial window, paced or not.
#[test]
fn a_rest_is_followed_by_a_burst_of_the_initial_window_at_most() {
    for pacing in [false, true] {
        let server = Settings { pacing, ..Settings::default() };
        let mut pair = Pair::new(Options {
            weather: on_bottleneck(0),
            server,
            controller: cubic,
            ..Options::default()
        });
        assert!(pair.transfer(Role::Server, 3_000_000, Duration::from_secs(60), |_| {}));
        assert!(pair.server.connection.path().controller.window() > 200_000);
        pair.run_for(Duration::from_secs(5));
        pair.write(Role::Server, &[7; 200_000]);
        let burst: usize = pair.sent(Role::Server).iter().map(Vec::len).sum();
        let most = if pacing { 2 * 12_000 } else { 12_000 };
        assert!(burst <= most, "{burst} bytes at once, pacing {pacing}");
    }
}
