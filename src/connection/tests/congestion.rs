//! Congestion controllers in whole connections.

use super::link::Weather;
use super::pair::{Options, Pair};
use crate::congestion::{
    Bbr, Bbr2, CongestionController, Controller, Copa, Cubic, NewReno, Parameters,
};
use crate::connection::MIN_DATAGRAM_SIZE;
use crate::time::Duration;
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

fn over_bottleneck(controller: fn() -> Controller, loss: u64) -> Pair {
    let weather = Weather {
        latency: ROUND_TRIP.div(2),
        loss,
        rate: BOTTLENECK,
        queue: BOTTLENECK / 25,
        ..Weather::default()
    };
    Pair::new(Options { weather, controller, ..Options::default() })
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
