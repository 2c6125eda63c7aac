//! Round by round: what every loss-based controller must do alike.

use super::super::{
    AckSample, CongestionController, Controller, Cubic, NewReno, Parameters, RttSample,
};
use crate::time::{Duration, Instant};

pub(in crate::congestion) const MTU: u16 = 1_000;
const PACKET: u64 = MTU as u64;
const RTT: Duration = Duration::from_millis(50);

/// A sender that fills its window each round trip and has it acknowledged packet pair by pair.
pub(in crate::congestion) struct Rounds<C> {
    pub(in crate::congestion) controller: C,
    pub(in crate::congestion) now: Instant,
    rtt: Duration,
}

impl<C: CongestionController> Rounds<C> {
    pub(in crate::congestion) fn new(controller: C, rtt: Duration) -> Self {
        Self { controller, now: Instant::from_micros(1_000_000), rtt }
    }

    pub(in crate::congestion) fn window(&self) -> u64 {
        self.controller.window()
    }

    pub(in crate::congestion) fn pass(&mut self, time: Duration) {
        self.now += time;
    }

    /// One round trip: everything sent at its start is acknowledged at its end.
    pub(in crate::congestion) fn round(&mut self) {
        self.round_with(self.window(), false);
    }

    /// One round trip in which only `flight` bytes were sent.
    fn round_with(&mut self, flight: u64, app_limited: bool) {
        let sent = self.now;
        self.now += self.rtt;
        let mut in_flight = flight;
        while in_flight > 0 {
            let acked = in_flight.min(2 * PACKET);
            self.ack(sent, acked, in_flight, app_limited);
            in_flight -= acked;
        }
    }

    fn ack(&mut self, sent: Instant, bytes: u64, prior_in_flight: u64, app_limited: bool) {
        let rtt =
            RttSample { latest: self.rtt, smoothed: self.rtt, min: self.rtt, ..Default::default() };
        self.controller.on_ack(&AckSample {
            now: self.now,
            sent,
            bytes_acked: bytes,
            prior_in_flight,
            in_flight: prior_in_flight - bytes,
            app_limited,
            rtt,
            rate: None,
        });
    }

    /// A packet sent a round trip ago is declared lost.
    pub(in crate::congestion) fn lose(&mut self) {
        let sent = self.now;
        self.now += self.rtt;
        self.controller.on_congestion_event(self.now, sent, PACKET);
        self.now += Duration::from_micros(1);
    }

    /// Runs full rounds for at least `time`.
    pub(in crate::congestion) fn run_for(&mut self, time: Duration) {
        let end = self.now + time;
        while self.now < end {
            self.round();
        }
    }
}

/// Runs `check` with each algorithm.
fn every(mut check: impl FnMut(Rounds<Controller>)) {
    let parameters = Parameters::new(MTU);
    for controller in
        [Controller::NewReno(NewReno::new(parameters)), Controller::Cubic(Cubic::new(parameters))]
    {
        check(Rounds::new(controller, RTT));
    }
}

#[test]
fn the_first_window_is_the_initial_one() {
    every(|rounds| {
        assert_eq!(rounds.window(), 10 * PACKET);
        assert!(rounds.controller.in_slow_start());
        assert!(!rounds.controller.in_recovery());
    });
}

#[test]
fn slow_start_doubles_the_window_each_round() {
    // RFC 9002 section 7.3.1.
    every(|mut rounds| {
        for factor in [2, 4, 8, 16] {
            rounds.round();
            assert_eq!(rounds.window(), 10 * PACKET * factor);
        }
    });
}

#[test]
fn reno_grows_by_one_datagram_each_round() {
    // RFC 9002 section 7.3.3.
    let mut rounds = Rounds::new(NewReno::new(Parameters::new(MTU)), RTT);
    rounds.round();
    rounds.lose();
    assert_eq!(rounds.window(), 10 * PACKET);
    for grown in 1..=30 {
        rounds.round();
        assert_eq!(rounds.window(), (10 + grown) * PACKET);
    }
}

#[test]
fn reno_halves_its_window() {
    // RFC 9002 section 7.3.2.
    let mut rounds = Rounds::new(NewReno::new(Parameters::new(MTU)), RTT);
    rounds.round();
    rounds.lose();
    assert_eq!(rounds.window(), 10 * PACKET);
    assert_eq!(rounds.controller.slow_start_threshold(), 10 * PACKET);
}

#[test]
fn the_threshold_is_computed_from_the_window_before_the_reduction() {
    // RFC 9002 section 7.3.2: the threshold is the reduced window, not the reduction of that.
    every(|mut rounds| {
        rounds.round();
        rounds.lose();
        assert_eq!(rounds.controller.slow_start_threshold(), rounds.window());
        assert!(!rounds.controller.in_slow_start());
    });
}

#[test]
fn a_round_trip_sees_one_reduction_only() {
    // RFC 9002 section 7.3.1: all losses of what was sent before the reduction are one event.
    every(|mut rounds| {
        let sent = rounds.now;
        rounds.pass(RTT);
        rounds.controller.on_congestion_event(rounds.now, sent, PACKET);
        let reduced = rounds.window();
        rounds.controller.on_congestion_event(rounds.now, sent + Duration::from_millis(10), PACKET);
        rounds.controller.on_ecn(rounds.now, sent + Duration::from_millis(20), 1);
        assert_eq!(rounds.window(), reduced);

        let sent_after = rounds.now + Duration::from_micros(1);
        rounds.pass(RTT);
        rounds.controller.on_congestion_event(rounds.now, sent_after, PACKET);
        assert!(rounds.window() < reduced);
    });
}

#[test]
fn recovery_outlives_acknowledgements_of_older_packets() {
    // RFC 9002 section 7.3.2: recovery ends when something sent after its start is acknowledged.
    every(|mut rounds| {
        let sent = rounds.now;
        rounds.lose();
        let reduced = rounds.window();
        rounds.ack(sent, 2 * PACKET, 8 * PACKET, false);
        assert!(rounds.controller.in_recovery());
        assert_eq!(rounds.window(), reduced, "no growth from old packets");
        rounds.controller.on_congestion_event(rounds.now, sent, PACKET);
        assert_eq!(rounds.window(), reduced, "no second reduction by old packets");

        let sent_after = rounds.now;
        rounds.pass(RTT);
        rounds.ack(sent_after, 2 * PACKET, reduced, false);
        assert!(!rounds.controller.in_recovery());
    });
}

#[test]
fn an_ecn_mark_counts_as_a_loss() {
    // RFC 9002 section 7.1.
    every(|mut marked| {
        let sent = marked.now;
        marked.pass(RTT);
        let before = marked.window();
        marked.controller.on_ecn(marked.now, sent, 3);
        assert!(marked.window() < before);
        assert!(marked.controller.in_recovery());
    });
}

#[test]
fn an_unused_window_does_not_grow() {
    // RFC 9002 section 7.8, in slow start and in congestion avoidance.
    every(|mut rounds| {
        let before = rounds.window();
        for _ in 0..20 {
            rounds.round_with(before / 2, true);
        }
        assert_eq!(rounds.window(), before);

        rounds.lose();
        let reduced = rounds.window();
        for _ in 0..200 {
            rounds.round_with(reduced / 2, true);
        }
        assert_eq!(rounds.window(), reduced);
    });
}

#[test]
fn a_window_that_was_full_counts_as_used_even_if_the_application_has_finished() {
    every(|mut rounds| {
        let sent = rounds.now;
        let before = rounds.window();
        rounds.pass(RTT);
        rounds.ack(sent, 2 * PACKET, before, true);
        assert_eq!(rounds.window(), before + 2 * PACKET);
    });
}

#[test]
fn persistent_congestion_leaves_two_datagrams_and_ends_recovery() {
    // RFC 9002 section 7.6.2.
    every(|mut rounds| {
        let sent = rounds.now;
        rounds.round();
        rounds.lose();
        let threshold = rounds.controller.slow_start_threshold();
        rounds.controller.on_persistent_congestion(rounds.now);
        assert_eq!(rounds.window(), 2 * PACKET);
        assert!(!rounds.controller.in_recovery());
        assert!(rounds.controller.in_slow_start());

        rounds.controller.on_congestion_event(rounds.now, sent, PACKET);
        assert_eq!(rounds.controller.slow_start_threshold(), threshold, "no second reduction");
        rounds.ack(sent, PACKET, 2 * PACKET, false);
        assert_eq!(rounds.window(), 3 * PACKET, "slow start begins at once");
    });
}

#[test]
fn no_reduction_goes_below_the_minimum_window() {
    // RFC 9002 section 7.2.
    every(|mut rounds| {
        for _ in 0..20 {
            rounds.lose();
        }
        assert_eq!(rounds.window(), 2 * PACKET);
    });
}

#[test]
fn a_new_datagram_size_before_anything_happened_means_a_new_initial_window() {
    // RFC 9002 section 7.2.
    every(|mut rounds| {
        rounds.controller.set_mtu(1_200);
        assert_eq!(rounds.window(), 12_000);
        rounds.round();
        let grown = rounds.window();
        rounds.controller.set_mtu(1_400);
        assert_eq!(rounds.window(), grown);
    });
}

#[test]
fn a_datagram_size_of_zero_does_no_harm() {
    every(|mut rounds| {
        rounds.controller.set_mtu(0);
        rounds.lose();
        rounds.ack(rounds.now, 10, 10, false);
        assert!(rounds.window() > 0);
    });
}

#[test]
fn pacing_leaves_room_for_growth() {
    // RFC 9002 section 7.7.
    every(|mut rounds| {
        let second = Duration::from_secs(1);
        assert_eq!(rounds.controller.pacing_rate(Duration::ZERO), None);
        assert_eq!(rounds.controller.pacing_rate(second), Some(2 * rounds.window()));
        rounds.lose();
        assert_eq!(rounds.controller.pacing_rate(second), Some(rounds.window() * 5 / 4));
    });
}
