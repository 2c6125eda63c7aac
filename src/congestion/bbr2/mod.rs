//! BBR, version 2 (draft-cardwell-iccrg-bbr-congestion-control-02).
//!
//! As version 1 it sends by a model of bandwidth and round-trip time. Beside that it learns from
//! losses how much in flight is too much, leaves room for others below that, and looks for more
//! only now and then.

mod growth;
mod model;
mod probe_bandwidth;
mod startup;

use super::model::{scale, working_window, Pacing, ProbeRtt, Target, Window};
use super::{AckSample, CongestionController, Insight, Mode, Parameters};
use crate::time::{Duration, Instant};
use model::Model;
use probe_bandwidth::ProbeBandwidth;

/// Pacing stays below the bandwidth by this factor, so that no queue stands (section 4.6.2).
const PACING_MARGIN: f64 = 0.99;
/// As much below the bandwidth as Startup was above (section 4.3.2).
const DRAIN_PACING_GAIN: f64 = 1.0 / startup::PACING_GAIN;
/// The window where acknowledgements may be late.
const WINDOW_GAIN: f64 = 2.0;

/// BBR version 2.
#[derive(Clone, Debug)]
pub struct Bbr2 {
    parameters: Parameters,
    model: Model,
    phase: Phase,
    window: Window,
    pacing: Pacing,
    /// Sending began again after a rest and nothing was acknowledged since.
    restarting: bool,
    /// Where the cycle of probing was before the round-trip time was measured.
    resume: Option<ProbeBandwidth>,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    Startup,
    Drain,
    ProbeBandwidth(ProbeBandwidth),
    ProbeRtt(ProbeRtt),
}

impl Phase {
    fn mode(&self) -> Mode {
        match self {
            Self::Startup => Mode::Startup,
            Self::Drain => Mode::Drain,
            Self::ProbeBandwidth(_) => Mode::ProbeBandwidth,
            Self::ProbeRtt(_) => Mode::ProbeRtt,
        }
    }

    fn pacing_gain(&self) -> f64 {
        match self {
            Self::Startup => startup::PACING_GAIN,
            Self::Drain => DRAIN_PACING_GAIN,
            Self::ProbeBandwidth(phase) => phase.pacing_gain(),
            Self::ProbeRtt(_) => 1.0,
        }
    }

    /// True while more is sent than the model says, to see whether there is more: what is lost
    /// then is no reason to send less than the model says.
    fn is_probing(&self) -> bool {
        match self {
            Self::Startup => true,
            Self::ProbeBandwidth(phase) => phase.is_probing(),
            Self::Drain | Self::ProbeRtt(_) => false,
        }
    }
}

impl Bbr2 {
    /// A controller with its initial window.
    pub fn new(mut parameters: Parameters) -> Self {
        parameters.mtu = parameters.mtu.max(1);
        Self {
            parameters,
            model: Model::new(&parameters),
            phase: Phase::Startup,
            window: Window::new(parameters.initial_window()),
            pacing: Pacing::new(startup::PACING_GAIN),
            restarting: false,
            resume: None,
        }
    }

    fn advance(&mut self, sample: &AckSample) {
        match &mut self.phase {
            Phase::Startup => {
                startup::check_losses(&mut self.model, sample, self.window.in_recovery());
                if self.model.pipe_is_full() {
                    self.phase = Phase::Drain;
                }
            }
            Phase::Drain if sample.in_flight <= self.model.inflight(1.0) => {
                let phase = ProbeBandwidth::new(&mut self.model, sample.now);
                self.phase = Phase::ProbeBandwidth(phase);
            }
            Phase::Drain => {}
            Phase::ProbeBandwidth(phase) => {
                phase.on_ack(&mut self.model, sample, self.window.get());
            }
            Phase::ProbeRtt(phase) => {
                let low = self.model.probe_rtt_window();
                if phase.is_over(low, sample) {
                    self.leave_probe_rtt(sample.now);
                }
            }
        }
    }

    fn enter_probe_rtt(&mut self) {
        self.window.hold();
        self.resume = match &self.phase {
            Phase::ProbeBandwidth(phase) => Some(*phase),
            _ => None,
        };
        self.phase = Phase::ProbeRtt(ProbeRtt::default());
    }

    fn leave_probe_rtt(&mut self, now: Instant) {
        self.model.min_rtt_probed(now);
        self.model.reset_lower_bounds();
        self.window.release();
        self.phase = if self.model.pipe_is_full() {
            // The queue is empty already: there is nothing to bring down.
            let before = self.resume.take();
            Phase::ProbeBandwidth(ProbeBandwidth::cruising(before, &mut self.model, now))
        } else {
            Phase::Startup
        };
    }

    fn set_pacing_rate(&mut self, gain: f64, smoothed_rtt: Duration) {
        let rate = scale(self.model.bandwidth(), gain * PACING_MARGIN);
        let pipe_is_full = self.model.pipe_is_full();
        self.pacing.update(rate, pipe_is_full, &self.parameters, smoothed_rtt);
    }

    fn set_window(&mut self, sample: &AckSample) {
        let floor = working_window(&self.parameters);
        let target = Target {
            window: self.model.inflight(WINDOW_GAIN) + self.model.allowance(),
            floor,
            mtu: u64::from(self.parameters.mtu),
            bound: self.model.pipe_is_full(),
        };
        self.window.on_ack(sample, &target);
        // Section 4.6.4.5: in steady state there is room left for others below the bound.
        let bound = match &self.phase {
            Phase::Startup | Phase::Drain => u64::MAX,
            Phase::ProbeBandwidth(phase) if !phase.is_cruising() => self.model.inflight_high(),
            Phase::ProbeBandwidth(_) | Phase::ProbeRtt(_) => self.model.with_headroom(),
        };
        self.window.cap(bound.min(self.model.inflight_low()).max(floor));
        if matches!(self.phase, Phase::ProbeRtt(_)) {
            self.window.cap(self.model.probe_rtt_window());
        }
    }
}

impl CongestionController for Bbr2 {
    fn on_ack(&mut self, sample: &AckSample) {
        let probe_due = self.model.on_ack(sample, self.window.get(), self.phase.is_probing());
        self.advance(sample);
        // After a rest the first samples show the path without a queue anyway.
        let measuring = matches!(self.phase, Phase::ProbeRtt(_));
        if probe_due && !measuring && !self.restarting {
            self.enter_probe_rtt();
        }
        if matches!(self.phase, Phase::ProbeRtt(_)) {
            self.model.limit(sample.in_flight);
        }
        self.restarting = false;
        self.model.end_sample(sample);
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
            Phase::ProbeRtt(phase) if phase.has_lasted(now) => self.leave_probe_rtt(now),
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
            window_gain: WINDOW_GAIN,
        })
    }

    fn in_slow_start(&self) -> bool {
        matches!(self.phase, Phase::Startup)
    }

    fn in_recovery(&self) -> bool {
        self.window.in_recovery()
    }

    fn wants_rate_samples(&self) -> bool {
        true
    }

    fn name(&self) -> &'static str {
        "bbr2"
    }
}
