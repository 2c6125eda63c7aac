//! BBR, version 1 (draft-cardwell-iccrg-bbr-congestion-control-00).
//!
//! Bandwidth and round-trip time are measured, each when the other cannot be, and window and pacing
//! rate follow from their product. Each phase is a file; it owns what only it needs and says which
//! phase comes next.

mod drain;
mod model;
mod policer;
mod probe_bandwidth;
mod startup;

use super::model::{scale, working_window, Pacing, ProbeRtt, Target, Window};
use super::{AckSample, CongestionController, Insight, Mode, Parameters};
use crate::time::{Duration, Instant};
use drain::Drain;
use model::Model;
use probe_bandwidth::ProbeBandwidth;
use startup::Startup;

/// BBR version 1.
#[derive(Clone, Debug)]
pub struct Bbr {
    parameters: Parameters,
    model: Model,
    phase: Phase,
    window: Window,
    pacing: Pacing,
    /// Sending began again after a rest and nothing was acknowledged since.
    restarting: bool,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    Startup(Startup),
    Drain(Drain),
    ProbeBandwidth(ProbeBandwidth),
    ProbeRtt(ProbeRtt),
}

impl Phase {
    fn mode(&self) -> Mode {
        match self {
            Self::Startup(_) => Mode::Startup,
            Self::Drain(_) => Mode::Drain,
            Self::ProbeBandwidth(_) => Mode::ProbeBandwidth,
            Self::ProbeRtt(_) => Mode::ProbeRtt,
        }
    }

    /// The factor between bandwidth and pacing rate.
    fn pacing_gain(&self) -> f64 {
        match self {
            Self::Startup(_) => startup::GAIN,
            Self::Drain(_) => drain::PACING_GAIN,
            Self::ProbeBandwidth(phase) => phase.pacing_gain(),
            Self::ProbeRtt(_) => 1.0,
        }
    }

    /// The factor between the bandwidth-delay product and the window.
    fn window_gain(&self) -> f64 {
        match self {
            Self::Startup(_) | Self::Drain(_) => startup::GAIN,
            Self::ProbeBandwidth(_) => probe_bandwidth::WINDOW_GAIN,
            Self::ProbeRtt(_) => 1.0,
        }
    }

    /// The phase after `sample`, if it is another one.
    fn next(&mut self, model: &Model, sample: &AckSample) -> Option<Self> {
        match self {
            Self::Startup(phase) => phase.next(model).map(Self::Drain),
            Self::Drain(phase) => phase.next(model, sample).map(Self::ProbeBandwidth),
            Self::ProbeBandwidth(phase) => {
                phase.on_ack(model, sample);
                None
            }
            Self::ProbeRtt(phase) => {
                phase.is_over(model.floor(), sample).then(|| Self::after_probe(model, sample.now))
            }
        }
    }

    fn after_probe(model: &Model, now: Instant) -> Self {
        if model.pipe_is_full() {
            Self::ProbeBandwidth(ProbeBandwidth::new(model, now))
        } else {
            Self::Startup(Startup)
        }
    }
}

impl Bbr {
    /// A controller with its initial window.
    pub fn new(mut parameters: Parameters) -> Self {
        parameters.mtu = parameters.mtu.max(1);
        Self {
            parameters,
            model: Model::new(&parameters),
            phase: Phase::Startup(Startup),
            window: Window::new(parameters.initial_window()),
            pacing: Pacing::new(startup::GAIN),
            restarting: false,
        }
    }

    fn enter_probe_rtt(&mut self) {
        self.window.hold();
        self.phase = Phase::ProbeRtt(ProbeRtt::default());
    }

    fn advance(&mut self, sample: &AckSample) {
        let Some(next) = self.phase.next(&self.model, sample) else { return };
        self.leave(next, sample.now);
    }

    fn leave(&mut self, next: Phase, now: Instant) {
        if matches!(self.phase, Phase::ProbeRtt(_)) {
            self.model.min_rtt_probed(now);
            self.window.release();
        }
        self.phase = next;
    }

    fn set_pacing_rate(&mut self, gain: f64, smoothed_rtt: Duration) {
        let rate = scale(self.model.bandwidth(), gain);
        let pipe_is_full = self.model.pipe_is_full();
        self.pacing.update(rate, pipe_is_full, &self.parameters, smoothed_rtt);
    }

    fn set_window(&mut self, sample: &AckSample) {
        let floor = working_window(&self.parameters);
        let target = Target {
            window: self.model.inflight(self.phase.window_gain()) + self.model.allowance(),
            floor,
            mtu: u64::from(self.parameters.mtu),
            bound: self.model.pipe_is_full(),
        };
        self.window.on_ack(sample, &target);
        if matches!(self.phase, Phase::ProbeRtt(_)) {
            self.window.cap(floor);
        }
    }
}

impl CongestionController for Bbr {
    fn on_ack(&mut self, sample: &AckSample) {
        let probe_due = self.model.on_ack(sample, self.window.get());
        self.advance(sample);
        // After a rest the first samples show the path without a queue anyway.
        let probing = matches!(self.phase, Phase::ProbeRtt(_));
        if probe_due && !probing && !self.restarting {
            self.enter_probe_rtt();
        }
        if matches!(self.phase, Phase::ProbeRtt(_)) {
            self.model.limit(sample.in_flight);
        }
        self.restarting = false;
        self.set_pacing_rate(self.phase.pacing_gain(), sample.rtt.smoothed);
        self.set_window(sample);
    }

    fn on_congestion_event(&mut self, now: Instant, _sent: Instant, lost: u64) {
        self.window.on_loss(now, lost, u64::from(self.parameters.mtu));
    }

    fn on_persistent_congestion(&mut self, _now: Instant) {
        self.window.collapse(self.parameters.min_window());
        self.model.restart();
    }

    fn on_idle_restart(&mut self, now: Instant) {
        self.restarting = true;
        self.model.on_idle_restart(now);
        match &self.phase {
            Phase::ProbeBandwidth(_) => self.set_pacing_rate(1.0, Duration::ZERO),
            Phase::ProbeRtt(phase) if phase.has_lasted(now) => {
                let next = Phase::after_probe(&self.model, now);
                self.leave(next, now);
            }
            _ => {}
        }
    }

    fn set_mtu(&mut self, mtu: u16) {
        self.parameters.mtu = mtu.max(1);
        self.model.set_mtu(&self.parameters);
        // RFC 9002 section 7.2: the initial window follows the datagram size.
        if !self.pacing.is_set() && !self.window.in_recovery() {
            self.window = Window::new(self.parameters.initial_window());
        }
    }

    #[inline]
    fn window(&self) -> u64 {
        self.window.get()
    }

    fn slow_start_threshold(&self) -> u64 {
        u64::MAX
    }

    fn pacing_rate(&self, smoothed_rtt: Duration) -> Option<u64> {
        if !self.pacing.is_set() {
            return self.pacing.beginning(self.window.get(), smoothed_rtt);
        }
        Some(self.pacing.rate(&self.parameters, self.model.min_rtt()?, self.phase.pacing_gain()))
    }

    fn bandwidth(&self) -> Option<u64> {
        Some(self.model.bandwidth()).filter(|bandwidth| *bandwidth > 0)
    }

    fn insight(&self) -> Option<Insight> {
        Some(Insight {
            mode: self.phase.mode(),
            min_rtt: self.model.min_rtt(),
            restarting: self.restarting,
            pipe_is_full: self.model.pipe_is_full(),
            recovery_start: self.window.recovery_start(),
            conserving: self.window.is_conserving(),
            round_start: self.model.round_start(),
            pacing_gain: self.phase.pacing_gain(),
            window_gain: self.phase.window_gain(),
        })
    }

    fn in_slow_start(&self) -> bool {
        matches!(self.phase, Phase::Startup(_))
    }

    fn in_recovery(&self) -> bool {
        self.window.in_recovery()
    }

    fn wants_rate_samples(&self) -> bool {
        true
    }

    fn name(&self) -> &'static str {
        "bbr"
    }
}
