//! ProbeBW: steady state, and the cycle in which it looks for more (section 4.3.3).

use super::growth::Growth;
use super::model::Model;
use crate::congestion::model::{spread, FullPipe};
use crate::congestion::{AckSample, RateSample};
use crate::time::{Duration, Instant};

/// Between two probes, at least; up to a second more, so that flows do not probe in step. (The draft
/// waits half a second longer; flows that probe more often agree sooner.)
const LEAST_WAIT: Duration = Duration::from_millis(1_500);
/// Between two probes, at most: as often as a flow of Reno would lose with this window.
const MOST_ROUNDS: u64 = 63;
/// How much earlier than after the most rounds a probe may come, in 64ths. Flows that see the same
/// losses would probe in step otherwise, and the one that is first each time gets the most.
const EARLIEST: u64 = 32;
/// The gain while probing.
const UP_GAIN: f64 = 1.25;
/// The gain while what the probe queued is drained.
const DOWN_GAIN: f64 = 0.75;

/// The place in the cycle.
#[derive(Clone, Copy, Debug)]
pub(super) struct ProbeBandwidth {
    step: Step,
    /// When the step began, or for the wait, the last step down.
    since: Instant,
    /// From the last step down until the next probe.
    wait: Duration,
    /// Since the last step down.
    rounds: u64,
    /// The part of the most rounds, in 64ths, by which the next probe comes early.
    early: u64,
    /// The probe has ended, its last packets are not acknowledged yet.
    stopping: bool,
    /// Losses are the answer to the probe: of packets sent in it, and the first since.
    answering: bool,
    growth: Growth,
    /// Watches whether the probe finds more.
    plateau: FullPipe,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// Below the bandwidth until the queue is empty and others have room.
    Down,
    /// At the bandwidth.
    Cruise,
    /// One round at the bandwidth without the bounds of losses.
    Refill,
    /// Above the bandwidth.
    Up,
}

impl ProbeBandwidth {
    /// Begins with the step down.
    pub(super) fn new(model: &mut Model, now: Instant) -> Self {
        let mut phase = Self {
            step: Step::Down,
            since: now,
            wait: LEAST_WAIT,
            rounds: 0,
            early: 0,
            stopping: false,
            answering: false,
            growth: Growth::default(),
            plateau: FullPipe::default(),
        };
        phase.go_down(model, now);
        phase
    }

    /// Begins at the bandwidth. The wait of `before` goes on if there was one: else the search for
    /// the round-trip time would keep every second probe from coming.
    pub(super) fn cruising(before: Option<Self>, model: &mut Model, now: Instant) -> Self {
        let mut phase = Self { step: Step::Cruise, ..Self::new(model, now) };
        if let Some(before) = before.filter(|before| !before.is_probing()) {
            phase.since = before.since;
            phase.wait = before.wait;
            phase.rounds = before.rounds;
            phase.early = before.early;
        }
        phase
    }

    pub(super) fn pacing_gain(&self) -> f64 {
        match self.step {
            Step::Down => DOWN_GAIN,
            Step::Cruise | Step::Refill => 1.0,
            Step::Up => UP_GAIN,
        }
    }

    pub(super) fn is_probing(&self) -> bool {
        matches!(self.step, Step::Refill | Step::Up)
    }

    pub(super) fn is_cruising(&self) -> bool {
        self.step == Step::Cruise
    }

    pub(super) fn on_ack(&mut self, model: &mut Model, sample: &AckSample, window: u64) {
        self.rounds += u64::from(model.round_start());
        if let Some(rate) = &sample.rate {
            self.adapt_bound(model, sample, rate, window);
        }
        match self.step {
            Step::Down | Step::Cruise if self.is_time_to_probe(model, sample, window) => {
                self.refill(model, sample.now);
            }
            Step::Down if sample.in_flight <= model.with_headroom().min(model.inflight(1.0)) => {
                self.step = Step::Cruise;
            }
            Step::Refill if model.round_start() => self.go_up(model, sample.now, window),
            Step::Up => self.end_probe(model, sample, window),
            _ => {}
        }
    }

    fn end_probe(&mut self, model: &mut Model, sample: &AckSample, window: u64) {
        if self.has_filled(model, sample, window) {
            self.go_down(model, sample.now);
        }
    }

    fn is_time_to_probe(&self, model: &Model, sample: &AckSample, window: u64) -> bool {
        let waited = sample.now.saturating_since(self.since) > self.wait;
        let most = (model.target(window) / model.mtu().max(1)).clamp(1, MOST_ROUNDS);
        waited || self.rounds >= most - most * self.early / 64
    }

    /// True if bandwidth has stopped growing, unless the bound was what stopped it. (The next
    /// version of the draft, draft-ietf-ccwg-bbr, has it so. The one above ends the probe when a
    /// quarter more than the pipe holds is in flight: where others keep a queue that is so
    /// from the beginning, and a flow with little would never get more.)
    fn has_filled(&mut self, model: &Model, sample: &AckSample, window: u64) -> bool {
        let Some(rate) = sample.rate.as_ref() else { return false };
        let full = sample.prior_in_flight + model.mtu() > window;
        if full && window >= model.inflight_high() {
            self.plateau = FullPipe::default();
            self.plateau.on_round(rate.delivery_rate);
        } else if model.round_start() && !model.is_limited(rate) {
            self.plateau.on_round(rate.delivery_rate);
        }
        self.plateau.reached()
    }

    fn go_down(&mut self, model: &mut Model, now: Instant) {
        let drawn = spread(now, model.delivered());
        self.step = Step::Down;
        self.since = now;
        self.wait = LEAST_WAIT + Duration::from_micros(drawn % 1_000_000);
        self.rounds = 0;
        self.early = (drawn >> 32) % EARLIEST;
        self.stopping = true;
        model.restart_round(now);
    }

    fn refill(&mut self, model: &mut Model, now: Instant) {
        self.step = Step::Refill;
        self.stopping = false;
        self.growth = Growth::default();
        model.reset_lower_bounds();
        model.restart_round(now);
    }

    fn go_up(&mut self, model: &mut Model, now: Instant, window: u64) {
        self.step = Step::Up;
        self.since = now;
        self.answering = false;
        self.plateau = FullPipe::default();
        self.growth.steepen(window, model.mtu());
        model.restart_round(now);
    }

    /// Section 4.5.10.2: losses beyond chance lower the bound, once for each probe; anything else
    /// that got through raises it.
    fn adapt_bound(
        &mut self,
        model: &mut Model,
        sample: &AckSample,
        rate: &RateSample,
        window: u64,
    ) {
        let limited = model.is_limited(rate);
        if self.stopping && model.round_start() {
            self.stopping = false;
            self.answering = false;
            if !limited {
                model.advance_bandwidth();
            }
        }
        // What was lost before is an answer to somebody else's probe.
        self.answering |= self.step == Step::Up && model.round_start();
        if model.lost_too_much(rate) {
            if std::mem::take(&mut self.answering) {
                if !limited {
                    model.set_inflight_high(rate.tx_in_flight, window);
                }
                if self.step == Step::Up {
                    self.go_down(model, sample.now);
                }
            }
            return;
        }
        if model.inflight_high() == u64::MAX {
            return;
        }
        model.raise_inflight_high(rate.tx_in_flight);
        if self.step == Step::Up {
            self.raise_bound(model, sample, window);
        }
    }

    fn raise_bound(&mut self, model: &mut Model, sample: &AckSample, window: u64) {
        let full = sample.prior_in_flight + model.mtu() > window;
        if !full || window < model.inflight_high() {
            return;
        }
        let packets = self.growth.earned(sample.bytes_acked);
        model.raise_inflight_high(model.inflight_high().saturating_add(packets * model.mtu()));
        if model.round_start() {
            self.growth.steepen(window, model.mtu());
        }
    }
}
