//! What each controller makes of a path: use, fairness, delay, rest.

use super::flow::Supply;
use super::path::{Link, Path, START};
use crate::congestion::{CongestionController, Controller, Cubic, NewReno, Parameters};
use crate::time::Duration;

/// 50 Mbit/s, 40 ms, a queue of one bandwidth-delay product.
const LINK: Link = Link {
    rate: 6_250_000,
    rtt: Duration::from_millis(40),
    queue: 250_000,
    loss: 0,
    packet: 1_200,
};

const PARAMETERS: Parameters = Parameters::new(LINK.packet);

const MAKERS: [fn(Parameters) -> Controller; 2] = [new_reno, cubic];

fn new_reno(parameters: Parameters) -> Controller {
    Controller::NewReno(NewReno::new(parameters))
}

fn cubic(parameters: Parameters) -> Controller {
    Controller::Cubic(Cubic::new(parameters))
}

/// A path with as many endless flows of one kind as `starts`, each beginning at its time.
fn path(link: Link, make: fn(Parameters) -> Controller, starts: &[Duration]) -> Path {
    starts
        .iter()
        .fold(Path::new(link), |path, start| path.with(make(PARAMETERS), *start, Supply::Endless))
}

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

#[test]
fn without_loss_every_controller_fills_the_link() {
    for make in MAKERS {
        let mut path = path(LINK, make, &[Duration::ZERO]);
        path.run(secs(5));
        let seen = path.observe(secs(30));
        let name = path.flows[0].controller.name();
        assert!(seen.utilisation >= 0.9, "{name} uses {}", seen.utilisation);
        assert!(seen.utilisation <= 1.0, "{name} uses {}", seen.utilisation);
    }
}

#[test]
fn two_equal_flows_share_the_link() {
    for make in MAKERS {
        let mut path = path(LINK, make, &[Duration::ZERO, secs(2)]);
        path.run(secs(40));
        let seen = path.observe(secs(60));
        let name = path.flows[0].controller.name();
        let total: u64 = seen.delivered.iter().sum();
        let share = seen.delivered[0] as f64 / total as f64;
        assert!((0.4..=0.6).contains(&share), "{name}: the first flow has {share}");
        assert!(seen.utilisation >= 0.9, "{name} uses {}", seen.utilisation);
    }
}

#[test]
fn a_rising_delay_ends_slow_start_before_a_deep_queue_overflows() {
    // RFC 9406, in both loss-based controllers.
    let link = Link { queue: 12 * LINK.bdp(), ..LINK };
    for make in [new_reno, cubic] {
        let mut path = path(link, make, &[Duration::ZERO]);
        path.run(secs(2));
        let controller = &path.flows[0].controller;
        assert!(!controller.in_slow_start(), "{controller:?}");
        assert_eq!(path.overflows, 0, "{controller:?}");
    }
}

#[test]
fn a_flow_that_sends_little_does_not_inflate_its_window() {
    // RFC 9002 section 7.8. A tenth of the link for ten seconds.
    for make in MAKERS {
        let rate = Supply::Rate(LINK.rate / 10);
        let mut path = Path::new(LINK).with(make(PARAMETERS), Duration::ZERO, rate);
        let seen = path.observe(secs(10));
        let controller = &path.flows[0].controller;
        assert!(seen.utilisation > 0.095, "{controller:?} uses {}", seen.utilisation);
        assert!(controller.window() < LINK.bdp() / 2, "{controller:?}");
    }
}

#[test]
fn after_a_rest_the_path_is_used_as_before() {
    for make in MAKERS {
        let rest = Supply::Rest(START + secs(10), START + secs(40));
        let mut path = Path::new(LINK).with(make(PARAMETERS), Duration::ZERO, rest);
        path.run(secs(40));
        let seen = path.observe(secs(2));
        let name = path.flows[0].controller.name();
        assert!(seen.utilisation >= 0.8, "{name} uses {}", seen.utilisation);
    }
}

#[test]
fn the_window_stays_within_pipe_and_queue() {
    for make in MAKERS {
        let mut path = path(LINK, make, &[Duration::ZERO]);
        path.run(secs(5));
        let most = LINK.bdp() + LINK.queue + 10 * u64::from(LINK.packet);
        for _ in 0..300 {
            path.run(Duration::from_millis(100));
            let controller = &path.flows[0].controller;
            assert!(controller.window() < most, "{controller:?}");
        }
    }
}
