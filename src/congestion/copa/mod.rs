//! Copa (Arun and Balakrishnan, "Copa: Practical Delay-Based Congestion Control for the Internet",
//! NSDI 2018).
//!
//! The sender aims at a rate that is inversely proportional to the queueing delay it sees, so that
//! flows agree on a short queue and on equal shares. Against flows that fill the queue it trades
//! delay for throughput, as little as it takes.

mod delay;
mod tradeoff;
mod velocity;

use super::model::working_window;
use super::round::Round;
use super::{AckSample, CongestionController, Parameters};
use crate::time::{Duration, Instant};
use delay::Delay;
use tradeoff::Tradeoff;
use velocity::{Direction, Velocity};

/// Copa.
#[derive(Clone, Debug)]
pub struct Copa {
    parameters: Parameters,
    delay: Delay,
    tradeoff: Tradeoff,
    velocity: Velocity,
    round: Round,
    rounds: u64,
    /// The window in bytes. Steps may be less than a byte.
    window: f64,
    in_slow_start: bool,
    /// Nothing was acknowledged or lost yet.
    fresh: bool,
    /// Losses of packets sent up to then were already answered.
    recovery_start: Option<Instant>,
    in_recovery: bool,
}

impl Copa {
    /// A controller with its initial window.
    pub fn new(mut parameters: Parameters) -> Self {
        parameters.mtu = parameters.mtu.max(1);
        Self {
            parameters,
            delay: Delay::new(),
            tradeoff: Tradeoff::new(&parameters.copa),
            velocity: Velocity::default(),
            round: Round::default(),
            rounds: 0,
            window: parameters.initial_window() as f64,
            in_slow_start: true,
            fresh: true,
            recovery_start: None,
            in_recovery: false,
        }
    }

    fn mtu(&self) -> f64 {
        f64::from(self.parameters.mtu)
    }

    /// Section 2.1: the target is a packet per delta and queueing delay; the rate is a window per
    /// round-trip time. Written without divisions, as the delay may be zero.
    fn is_too_fast(&self) -> bool {
        let queueing = self.delay.queueing().as_secs_f64();
        let standing = self.delay.standing().as_secs_f64();
        self.window * self.tradeoff.delta() * queueing > self.mtu() * standing
    }

    /// RFC 9002 section 7.8: a window that was not filled says nothing about the path.
    fn window_was_used(&self, sample: &AckSample) -> bool {
        let full = sample.prior_in_flight as f64 + self.mtu() > self.window;
        full || !sample.app_limited
    }

    fn steer(&mut self, sample: &AckSample, round: bool) {
        let too_fast = self.is_too_fast();
        if self.in_slow_start && !too_fast {
            if self.window_was_used(sample) {
                self.window += self.window.min(sample.bytes_acked as f64);
            }
            return;
        }
        self.in_slow_start = false;
        if round {
            let most = self.tradeoff.delta() * self.window / self.mtu();
            self.velocity.on_round(self.window, most);
        }
        if too_fast {
            self.velocity.turn(Direction::Down, self.window);
            self.window -= self.step(sample);
        } else if self.window_was_used(sample) {
            self.velocity.turn(Direction::Up, self.window);
            self.window += self.step(sample);
        }
        self.window = self.window.max(working_window(&self.parameters) as f64);
    }

    /// How far the window moves: in a round trip by velocity over delta packets.
    fn step(&self, sample: &AckSample) -> f64 {
        let share = sample.bytes_acked as f64 / self.window;
        self.velocity.get() / self.tradeoff.delta() * self.mtu() * share
    }
}

impl CongestionController for Copa {
    fn on_ack(&mut self, sample: &AckSample) {
        self.fresh = false;
        if self.recovery_start.is_some_and(|start| sample.sent > start) {
            self.in_recovery = false;
        }
        let round = self.round.on_ack(sample);
        self.rounds += u64::from(round);
        self.delay.update(sample, self.rounds);
        self.tradeoff.on_ack(sample, &self.delay, round && !self.in_slow_start);
        self.steer(sample, round);
    }

    fn on_congestion_event(&mut self, now: Instant, sent: Instant, _lost: u64) {
        self.fresh = false;
        if self.recovery_start.is_some_and(|start| sent <= start) {
            return;
        }
        self.recovery_start = Some(now);
        self.in_recovery = true;
        self.tradeoff.on_loss();
    }

    fn on_persistent_congestion(&mut self, now: Instant) {
        // The path may be another one now, so everything is measured anew, from the least window
        // (RFC 9002 section 7.6.2).
        *self = Self {
            window: self.parameters.min_window() as f64,
            fresh: false,
            recovery_start: Some(now),
            ..Self::new(self.parameters)
        };
    }

    fn on_idle_restart(&mut self, now: Instant) {
        self.tradeoff.on_idle_restart(now);
    }

    fn set_mtu(&mut self, mtu: u16) {
        self.parameters.mtu = mtu.max(1);
        // RFC 9002 section 7.2: the initial window follows the datagram size.
        if self.fresh {
            self.window = self.parameters.initial_window() as f64;
        }
        self.window = self.window.max(self.parameters.min_window() as f64);
    }

    #[inline]
    fn window(&self) -> u64 {
        self.window as u64
    }

    fn slow_start_threshold(&self) -> u64 {
        u64::MAX
    }

    fn pacing_rate(&self, smoothed_rtt: Duration) -> Option<u64> {
        // Section 2.1: twice the rate, so that pacing smoothes but never limits.
        let rtt = if self.fresh { smoothed_rtt } else { self.delay.standing() };
        let micros = Some(rtt.as_micros()).filter(|micros| *micros > 0)?;
        Some((self.window * 2e6 / micros as f64) as u64)
    }

    fn in_slow_start(&self) -> bool {
        self.in_slow_start
    }

    fn in_recovery(&self) -> bool {
        self.in_recovery
    }

    fn name(&self) -> &'static str {
        "copa"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::congestion::{CopaParameters, RttSample};

    const MTU: u16 = 1_000;

    /// A flow whose round-trip time the test chooses; a round is 20 acknowledgements.
    struct Steered {
        copa: Copa,
        now: Instant,
    }

    impl Steered {
        fn new() -> Self {
            let mut steered = Self {
                copa: Copa::new(Parameters::new(MTU)),
                now: Instant::from_micros(1_000_000),
            };
            steered.round(40, false);
            steered
        }

        fn round(&mut self, millis: u64, app_limited: bool) {
            let sent = self.now;
            let latest = Duration::from_millis(millis);
            self.now += latest;
            let window = self.copa.window();
            let rtt = RttSample { latest, smoothed: latest, ..RttSample::default() };
            for count in 0..20 {
                self.now += Duration::from_micros(1);
                self.copa.on_ack(&AckSample {
                    now: self.now,
                    sent: sent + Duration::from_micros(count),
                    bytes_acked: window / 20,
                    prior_in_flight: window / 2,
                    in_flight: window / 2,
                    app_limited,
                    rtt,
                    rate: None,
                });
            }
            self.now += Duration::from_micros(1);
        }
    }

    #[test]
    fn without_a_queue_the_window_doubles() {
        let mut steered = Steered::new();
        let before = steered.copa.window();
        steered.round(40, false);
        assert_eq!(steered.copa.window(), 2 * before);
        assert!(steered.copa.in_slow_start());
    }

    #[test]
    fn a_queue_above_the_target_ends_slow_start_and_shrinks_the_window() {
        let mut steered = Steered::new();
        for _ in 0..3 {
            steered.round(40, false);
        }
        let before = steered.copa.window();
        steered.round(80, false);
        steered.round(80, false);
        assert!(!steered.copa.in_slow_start());
        assert!(steered.copa.window() < before);
    }

    #[test]
    fn an_unused_window_does_not_grow() {
        // RFC 9002 section 7.8.
        let mut steered = Steered::new();
        let before = steered.copa.window();
        for _ in 0..20 {
            steered.round(40, true);
        }
        assert_eq!(steered.copa.window(), before);
    }

    #[test]
    fn persistent_congestion_starts_over_from_two_datagrams() {
        // RFC 9002 section 7.6.2.
        let mut steered = Steered::new();
        steered.copa.on_persistent_congestion(steered.now);
        assert_eq!(steered.copa.window(), 2 * u64::from(MTU));
        assert!(steered.copa.in_slow_start());
        assert!(!steered.copa.in_recovery());
    }

    #[test]
    fn pacing_is_twice_the_rate() {
        let copa = Copa::new(Parameters::new(MTU));
        assert_eq!(copa.pacing_rate(Duration::ZERO), None);
        assert_eq!(copa.pacing_rate(Duration::from_secs(1)), Some(2 * copa.window()));
    }

    #[test]
    fn senseless_deltas_of_a_host_do_no_harm() {
        for delta in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let copa = CopaParameters { delta_base: delta, delta_max: delta, delta_unit: delta };
            let mut steered = Steered::new();
            steered.copa = Copa::new(Parameters { copa, ..Parameters::new(MTU) });
            for millis in [40, 40, 80, 80, 40] {
                steered.round(millis, false);
            }
            assert!(steered.copa.window() >= 4_000);
            assert!(steered.copa.window() < 10_000_000);
        }
    }
}
