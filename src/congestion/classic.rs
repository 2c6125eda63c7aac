//! The frame every loss-based controller shares: slow start, one reduction per round trip,
//! recovery, the application-limited rule (RFC 9002 section 7).

use super::avoidance::{Avoidance, Growth};
use super::slow_start::SlowStart;
use super::{AckSample, CongestionController, Parameters};
use crate::time::{Duration, Instant};

/// A loss-based controller; `A` says how its window moves outside slow start.
#[derive(Clone, Debug)]
pub struct Classic<A> {
    avoidance: A,
    slow_start: SlowStart,
    parameters: Parameters,
    /// Bytes that may be in flight.
    window: u64,
    /// Where slow start ends, `u64::MAX` before the first congestion event.
    threshold: u64,
    /// Acknowledgements of packets sent up to then earn no growth.
    recovery_start: Option<Instant>,
    /// Losses of packets sent up to then belong to a reduction already made. Outlives
    /// `recovery_start`, which persistent congestion clears.
    reduced_at: Option<Instant>,
    /// No packet sent after the reduction is acknowledged yet.
    in_recovery: bool,
    /// Nothing was acknowledged or lost yet: a new datagram size means a new initial window.
    fresh: bool,
}

impl<A: Avoidance> Classic<A> {
    /// A controller with its initial window that moves it by `avoidance`.
    pub(super) fn with(avoidance: A, mut parameters: Parameters) -> Self {
        parameters.mtu = parameters.mtu.max(1);
        Self {
            avoidance,
            slow_start: SlowStart::default(),
            window: parameters.initial_window(),
            parameters,
            threshold: u64::MAX,
            recovery_start: None,
            reduced_at: None,
            in_recovery: false,
            fresh: true,
        }
    }

    /// RFC 9002 section 7.8: a window that was not filled says nothing about the path. One that
    /// was full before this acknowledgement counts, even if there is nothing more to send now.
    fn window_was_used(&self, sample: &AckSample) -> bool {
        let full = sample.prior_in_flight + u64::from(self.parameters.mtu) > self.window;
        full || !sample.app_limited
    }

    fn grow(&mut self, sample: &AckSample) {
        let mut acked = sample.bytes_acked;
        if self.in_slow_start() {
            let step = self.slow_start.on_ack(sample, self.window, self.threshold);
            self.window = step.window;
            self.threshold = step.threshold;
            acked = step.left;
        }
        if acked == 0 || self.in_slow_start() {
            return;
        }
        self.window = self.avoidance.grow(&Growth {
            now: sample.now,
            window: self.window,
            acked,
            mtu: u64::from(self.parameters.mtu),
            rtt: sample.rtt.smoothed,
        });
    }
}

impl<A: Avoidance> CongestionController for Classic<A> {
    fn on_ack(&mut self, sample: &AckSample) {
        self.fresh = false;
        // RFC 9002 section 7.3.2: no growth from what was sent before recovery began.
        if self.recovery_start.is_some_and(|start| sample.sent <= start) {
            return;
        }
        self.in_recovery = false;
        if self.window_was_used(sample) {
            self.grow(sample);
        } else {
            self.avoidance.on_unused(sample.now);
        }
    }

    fn on_congestion_event(&mut self, now: Instant, sent: Instant, _lost: u64) {
        self.fresh = false;
        // RFC 9002 section 7.3.1: at most one reduction per round trip.
        if self.reduced_at.is_some_and(|at| sent <= at) {
            return;
        }
        let reduced = self.avoidance.reduce(self.window);
        self.threshold = reduced.max(self.parameters.min_window());
        self.window = self.threshold;
        self.recovery_start = Some(now);
        self.reduced_at = Some(now);
        self.in_recovery = true;
        self.slow_start.restart();
    }

    fn on_persistent_congestion(&mut self, now: Instant) {
        // RFC 9002 section 7.6.2: the minimum window, as after a retransmission timeout of TCP;
        // recovery ends so that slow start can begin with the next acknowledgement.
        self.window = self.parameters.min_window();
        self.recovery_start = None;
        self.reduced_at = Some(now);
        self.in_recovery = false;
        self.slow_start.restart();
        self.avoidance.on_persistent_congestion();
    }

    fn on_idle_restart(&mut self, now: Instant) {
        self.avoidance.on_unused(now);
    }

    fn set_mtu(&mut self, mtu: u16) {
        self.parameters.mtu = mtu.max(1);
        // RFC 9002 section 7.2: the initial window follows the datagram size.
        if self.fresh {
            self.window = self.parameters.initial_window();
        }
        self.window = self.window.max(self.parameters.min_window());
    }

    #[inline]
    fn window(&self) -> u64 {
        self.window
    }

    fn slow_start_threshold(&self) -> u64 {
        self.threshold
    }

    fn pacing_rate(&self, smoothed_rtt: Duration) -> Option<u64> {
        // RFC 9002 section 7.7: a little faster than the window per round trip, so that pacing
        // does not keep the window from being used; slow start needs twice as much to double.
        let (numerator, denominator) = if self.in_slow_start() { (2, 1) } else { (5, 4) };
        let per_second = self.window.saturating_mul(1_000_000 * numerator / denominator);
        per_second.checked_div(smoothed_rtt.as_micros())
    }

    #[inline]
    fn in_slow_start(&self) -> bool {
        self.window < self.threshold
    }

    fn in_recovery(&self) -> bool {
        self.in_recovery
    }

    fn name(&self) -> &'static str {
        self.avoidance.name()
    }
}
