//! The controller of one path, whichever algorithm it runs.

use super::{AckSample, Bbr, Bbr2, CongestionController, Copa, Cubic, Insight, NewReno, Unlimited};
use crate::time::{Duration, Instant};

/// A controller. The algorithms of this crate are dispatched by `match`: no heap cell and no
/// virtual call for each packet. Those that model the path are boxed, so that the many connections
/// with a small controller do not carry room for a large one.
pub enum Controller {
    /// NewReno (RFC 9002 section 7).
    NewReno(NewReno),
    /// CUBIC (RFC 9438).
    Cubic(Cubic),
    /// BBR version 1.
    Bbr(Box<Bbr>),
    /// BBR version 2.
    Bbr2(Box<Bbr2>),
    /// Copa.
    Copa(Box<Copa>),
    /// No control, for tests.
    Unlimited(Unlimited),
    /// A controller that the host brings along.
    Foreign(Box<dyn CongestionController>),
}

impl std::fmt::Debug for Controller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} window {}", self.name(), self.window())
    }
}

macro_rules! each {
    ($self:expr, $controller:ident => $call:expr) => {
        match $self {
            Controller::NewReno($controller) => $call,
            Controller::Cubic($controller) => $call,
            Controller::Bbr($controller) => $call,
            Controller::Bbr2($controller) => $call,
            Controller::Copa($controller) => $call,
            Controller::Unlimited($controller) => $call,
            Controller::Foreign($controller) => $call,
        }
    };
}

impl CongestionController for Controller {
    #[inline]
    fn on_sent(&mut self, now: Instant, bytes: u64, in_flight: u64) {
        each!(self, c => c.on_sent(now, bytes, in_flight));
    }

    fn on_ack(&mut self, sample: &AckSample) {
        each!(self, c => c.on_ack(sample));
    }

    fn on_congestion_event(&mut self, now: Instant, sent: Instant, lost: u64) {
        each!(self, c => c.on_congestion_event(now, sent, lost));
    }

    fn on_ecn(&mut self, now: Instant, sent: Instant, ce_marks: u64) {
        each!(self, c => c.on_ecn(now, sent, ce_marks));
    }

    fn on_persistent_congestion(&mut self, now: Instant) {
        each!(self, c => c.on_persistent_congestion(now));
    }

    fn on_idle_restart(&mut self, now: Instant) {
        each!(self, c => c.on_idle_restart(now));
    }

    fn set_mtu(&mut self, mtu: u16) {
        each!(self, c => c.set_mtu(mtu));
    }

    #[inline]
    fn window(&self) -> u64 {
        each!(self, c => c.window())
    }

    fn slow_start_threshold(&self) -> u64 {
        each!(self, c => c.slow_start_threshold())
    }

    fn pacing_rate(&self, smoothed_rtt: Duration) -> Option<u64> {
        each!(self, c => c.pacing_rate(smoothed_rtt))
    }

    fn bandwidth(&self) -> Option<u64> {
        each!(self, c => c.bandwidth())
    }

    fn insight(&self) -> Option<Insight> {
        each!(self, c => c.insight())
    }

    fn in_slow_start(&self) -> bool {
        each!(self, c => c.in_slow_start())
    }

    fn in_recovery(&self) -> bool {
        each!(self, c => c.in_recovery())
    }

    fn wants_rate_samples(&self) -> bool {
        each!(self, c => c.wants_rate_samples())
    }

    fn name(&self) -> &'static str {
        each!(self, c => c.name())
    }
}
