//! What each controller makes of a path: use, fairness, delay, rest.

use super::flow::Supply;
use super::path::{Link, Path, START};
use crate::congestion::{
    Bbr, Bbr2, CongestionController, Controller, Copa, Cubic, NewReno, Parameters, Unlimited,
};
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

const MAKERS: [fn(Parameters) -> Controller; 5] = [new_reno, cubic, bbr, bbr2, copa];

/// Those that random loss does not hold up.
pub(super) const MODELS: [fn(Parameters) -> Controller; 3] = [bbr, bbr2, copa];

fn new_reno(parameters: Parameters) -> Controller {
    Controller::NewReno(NewReno::new(parameters))
}

fn cubic(parameters: Parameters) -> Controller {
    Controller::Cubic(Cubic::new(parameters))
}

fn bbr(parameters: Parameters) -> Controller {
    Controller::Bbr(Box::new(Bbr::new(parameters)))
}

fn bbr2(parameters: Parameters) -> Controller {
    Controller::Bbr2(Box::new(Bbr2::new(parameters)))
}

fn copa(parameters: Parameters) -> Controller {
    Controller::Copa(Box::new(Copa::new(parameters)))
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
fn one_percent_of_random_loss_does_not_hold_up_models() {
    for make in MODELS {
        let link = Link { loss: 10_000, ..LINK };
        let mut path = path(link, make, &[Duration::ZERO]);
        path.run(secs(5));
        let seen = path.observe(secs(60));
        let name = path.flows[0].controller.name();
        assert!(seen.utilisation >= 0.8, "{name} uses {}", seen.utilisation);
    }
}

#[test]
fn without_control_the_queue_overflows() {
    let unlimited = Controller::Unlimited(Unlimited);
    let mut path = Path::new(LINK).with(unlimited, Duration::ZERO, Supply::Rate(2 * LINK.rate));
    let seen = path.observe(secs(2));
    assert!(seen.utilisation >= 0.95, "{}", seen.utilisation);
    assert!(path.overflows > 1_000);
}

#[test]
fn two_equal_flows_share_the_link() {
    for make in MAKERS {
        for seed in 0..2 {
            let mut path = path(LINK, make, &[Duration::ZERO, secs(2)]).seeded(seed);
            path.run(secs(40));
            let seen = path.observe(secs(60));
            let name = path.flows[0].controller.name();
            assert!((0.4..=0.6).contains(&seen.share()), "{name}: {}", seen.share());
            assert!(seen.utilisation >= 0.9, "{name} uses {}", seen.utilisation);
        }
    }
}

/// Nothing holds these back but what the application has, so it is the queue that decides. It drops
/// whatever comes while it is full, so flows that offer the same get the same.
#[test]
fn two_flows_without_control_get_what_the_queue_gives_them() {
    let mut path = Path::new(LINK);
    for start in [0, 300] {
        let unlimited = Controller::Unlimited(Unlimited);
        path = path.with(unlimited, Duration::from_millis(start), Supply::Rate(LINK.rate));
    }
    path.run(secs(2));
    let seen = path.observe(secs(10));
    assert!((0.4..=0.6).contains(&seen.share()), "{}", seen.share());
    assert!(seen.utilisation >= 0.95, "{}", seen.utilisation);
    assert!(path.queued() <= LINK.queue);
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
        assert!(controller.bandwidth() <= Some(LINK.rate), "{controller:?}");
        assert!(controller.window() < LINK.bdp(), "{controller:?}");
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
fn windows_driven_by_loss_stay_within_pipe_and_queue() {
    for make in [new_reno, cubic] {
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

#[test]
fn models_keep_a_deep_queue_short() {
    let link = Link { queue: 20 * LINK.bdp(), ..LINK };
    for make in MODELS {
        for starts in [&[Duration::ZERO][..], &[Duration::ZERO, secs(2), secs(3)]] {
            let mut path = path(link, make, starts);
            path.run(secs(30));
            let mut most = 0;
            for _ in 0..3_000 {
                path.run(Duration::from_millis(10));
                most = path.queued().max(most);
            }
            let name = path.flows[0].controller.name();
            assert_eq!(path.overflows, 0, "{name}");
            assert!(most < 2 * LINK.bdp(), "{name} queues {most} with {} flows", starts.len());
        }
    }
}

#[test]
fn beyond_four_gibibytes_controllers_go_on() {
    // A counter of 32 bits would stand still, or go round, after four seconds.
    let link = Link { rate: 1_000_000_000, queue: 40_000_000, packet: 60_000, ..LINK };
    for make in MAKERS {
        let controller = make(Parameters::new(link.packet));
        let mut path = Path::new(link).with(controller, Duration::ZERO, Supply::Endless);
        path.run(secs(6));
        let seen = path.observe(secs(4));
        let controller = &path.flows[0].controller;
        assert!(path.flows[0].receiver.bytes > u64::from(u32::MAX), "{controller:?}");
        assert!(seen.utilisation > 0.9, "{controller:?} uses {}", seen.utilisation);
    }
}

#[test]
fn copa_holds_out_against_a_flow_that_fills_the_queue() {
    let mut path = Path::new(LINK).with(copa(PARAMETERS), Duration::ZERO, Supply::Endless).with(
        cubic(PARAMETERS),
        secs(2),
        Supply::Endless,
    );
    path.run(secs(30));
    let seen = path.observe(secs(60));
    let total: u64 = seen.delivered.iter().sum();
    let share = seen.delivered[0] as f64 / total as f64;
    assert!((0.1..=0.9).contains(&share), "copa has {share}");
}
