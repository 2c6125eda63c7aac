//! What every controller that models the path must do alike.

use super::rounds::MTU;
use super::transfers::MODELS;
use crate::congestion::{AckSample, CongestionController, Controller, Parameters, RttSample};
use crate::time::{Duration, Instant};

const PACKET: u64 = MTU as u64;
const START: Instant = Instant::from_micros(1_000_000);
const RTT: Duration = Duration::from_millis(50);

fn every(mut check: impl FnMut(Controller)) {
    for make in MODELS {
        check(make(Parameters::new(MTU)));
    }
}

/// A window is acknowledged pair by pair, without a sample of the rate.
fn round(controller: &mut Controller, sent: Instant) {
    let rtt = RttSample { latest: RTT, smoothed: RTT, min: RTT, ..RttSample::default() };
    let mut in_flight = controller.window();
    while in_flight >= 2 * PACKET {
        controller.on_ack(&AckSample {
            now: sent + RTT,
            sent,
            bytes_acked: 2 * PACKET,
            prior_in_flight: in_flight,
            in_flight: in_flight - 2 * PACKET,
            app_limited: false,
            rtt,
            rate: None,
        });
        in_flight -= 2 * PACKET;
    }
}

#[test]
fn the_first_window_is_the_initial_one_and_follows_the_datagram_size() {
    // RFC 9002 section 7.2.
    every(|mut controller| {
        assert_eq!(controller.window(), 10 * PACKET);
        assert!(controller.in_slow_start());
        assert!(!controller.in_recovery());
        controller.set_mtu(1_200);
        assert_eq!(controller.window(), 12_000);
    });
}

#[test]
fn before_the_first_sample_the_pace_comes_from_the_initial_window() {
    every(|controller| {
        assert_eq!(controller.pacing_rate(Duration::ZERO), None);
        let rate = controller.pacing_rate(Duration::from_secs(1)).unwrap_or(0);
        assert!((20_000..=30_000).contains(&rate), "{controller:?} paces at {rate}");
    });
}

#[test]
fn without_samples_of_the_rate_the_window_still_works() {
    every(|mut controller| {
        for count in 0..8 {
            round(&mut controller, START + RTT.saturating_mul(count));
        }
        assert!(controller.window() >= 10 * PACKET, "{controller:?}");
        assert!(controller.pacing_rate(RTT) > Some(100_000), "{controller:?}");
    });
}

#[test]
fn persistent_congestion_leaves_two_datagrams_and_ends_recovery() {
    // RFC 9002 section 7.6.2.
    every(|mut controller| {
        round(&mut controller, START);
        controller.on_congestion_event(START + RTT, START, PACKET);
        controller.on_persistent_congestion(START + RTT);
        assert_eq!(controller.window(), 2 * PACKET);
        assert!(!controller.in_recovery());
        round(&mut controller, START + RTT + RTT);
        assert!(controller.window() > 2 * PACKET, "{controller:?}");
    });
}

#[test]
fn recovery_lasts_until_something_sent_after_the_loss_is_acknowledged() {
    // RFC 9002 section 7.3.2.
    every(|mut controller| {
        let lost = START + RTT;
        controller.on_congestion_event(lost, START, PACKET);
        assert!(controller.in_recovery());
        round(&mut controller, START + Duration::from_millis(10));
        assert!(controller.in_recovery());
        round(&mut controller, lost + Duration::from_millis(1));
        assert!(!controller.in_recovery());
    });
}

#[test]
fn a_datagram_size_of_zero_does_no_harm() {
    every(|mut controller| {
        controller.set_mtu(0);
        controller.on_congestion_event(START, START, PACKET);
        round(&mut controller, START + RTT);
        assert!(controller.window() > 0);
    });
}

#[test]
fn a_clock_that_steps_back_does_not_stall() {
    every(|mut controller| {
        for count in 100..108 {
            round(&mut controller, START + RTT.saturating_mul(count));
        }
        for count in 0..5 {
            round(&mut controller, START + RTT.saturating_mul(count));
        }
        assert!(controller.window() >= 4 * PACKET);
        assert!(controller.pacing_rate(RTT) > Some(0));
    });
}
