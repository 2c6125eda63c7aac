//! What BBRv2 knows about the path: bandwidth, round-trip time, and bounds learned from losses.

use crate::congestion::model::{
    carried, scale, send_quantum, working_window, Aggregation, FullPipe, MinRtt,
};
use crate::congestion::round::Round;
use crate::congestion::{AckSample, Parameters, RateSample};
use crate::time::{Duration, Instant};

/// How often the path's round-trip time is measured (section 2.9).
const MIN_RTT_INTERVAL: Duration = Duration::from_secs(5);
/// Bursts for which the window has room.
const QUANTA: u64 = 3;
/// More loss than this in a flight means that it was too large (section 2.5).
const LOSS_THRESHOLD: f64 = 0.02;
/// As many packets more may be lost: in a flight of two hundred, five losses happen by chance now
/// and then where one in a hundred is lost, and a queue that overflows drops more than that.
const LOSS_SLACK: u64 = 2;
/// What remains of a bound after a round with losses. (A little less than in the draft: the more
/// both flows give up, the sooner they agree.)
const BETA: f64 = 0.65;
/// The window while the path's round-trip time is measured (section 4.3.4).
const PROBE_RTT_WINDOW_GAIN: f64 = 0.5;
/// The part of the bound left to others.
const HEADROOM: f64 = 0.15;

/// Bandwidth, round-trip time, rounds, bounds.
#[derive(Clone, Debug)]
pub(super) struct Model {
    round: Round,
    rounds: u64,
    /// The last sample began a round.
    round_start: bool,
    /// The greatest bandwidth of the last cycle of probing and of this one.
    bandwidth: [u64; 2],
    min_rtt: MinRtt,
    aggregation: Aggregation,
    full_pipe: FullPipe,
    losses: Losses,
    /// What a round with losses shows to be safe for now; `u64::MAX` if nothing.
    bandwidth_low: u64,
    inflight_low: u64,
    /// How much in flight is known to be safe; `u64::MAX` before too much was seen.
    inflight_high: u64,
    /// Bytes delivered in all.
    delivered: u64,
    /// Samples of packets sent before this much was delivered say too little.
    limited_until: u64,
    initial_window: u64,
    floor: u64,
    mtu: u64,
}

/// Losses and deliveries of one round.
#[derive(Clone, Copy, Debug, Default)]
struct Losses {
    round: Round,
    /// The last sample began a round.
    start: bool,
    /// Frames that reported losses.
    events: u32,
    /// Bytes acknowledged and lost.
    acked: u64,
    lost: u64,
    /// The greatest delivery rate, and the most delivered in a round trip.
    rate: u64,
    delivered: u64,
}

impl Model {
    pub(super) fn new(parameters: &Parameters) -> Self {
        Self {
            round: Round::default(),
            rounds: 0,
            round_start: false,
            bandwidth: [0; 2],
            min_rtt: MinRtt::new(MIN_RTT_INTERVAL),
            aggregation: Aggregation::new(),
            full_pipe: FullPipe::default(),
            losses: Losses::default(),
            bandwidth_low: u64::MAX,
            inflight_low: u64::MAX,
            inflight_high: u64::MAX,
            delivered: 0,
            limited_until: 0,
            initial_window: parameters.initial_window(),
            floor: working_window(parameters),
            mtu: u64::from(parameters.mtu),
        }
    }

    /// Takes a sample while the window is `window`; true if the round-trip time must be probed.
    /// After the phase has looked at it, [`end_sample`](Self::end_sample) follows.
    pub(super) fn on_ack(&mut self, sample: &AckSample, window: u64, probing: bool) -> bool {
        self.round_start = false;
        self.losses.start = false;
        if let Some(rate) = usable(sample) {
            self.on_rate(sample, rate, window, probing);
        }
        let bandwidth = self.bandwidth();
        self.aggregation.on_ack(sample.now, self.rounds, sample.bytes_acked, bandwidth, window);
        self.min_rtt.update(sample.now, sample.rtt.latest)
    }

    fn on_rate(&mut self, sample: &AckSample, rate: &RateSample, window: u64, probing: bool) {
        self.delivered = rate.total_delivered;
        self.round_start = self.round.on_ack(sample);
        self.rounds += u64::from(self.round_start);
        let limited = self.is_limited(rate);
        // A sender without data shows a lower bound: it counts only if it is news.
        if !limited || rate.delivery_rate >= self.max_bandwidth() {
            self.bandwidth[1] = self.bandwidth[1].max(rate.delivery_rate);
        }
        if self.round_start && !limited {
            self.full_pipe.on_round(self.max_bandwidth());
        }
        self.losses.rate = self.losses.rate.max(rate.delivery_rate);
        self.losses.delivered = self.losses.delivered.max(rate.delivered);
        self.losses.events += u32::from(rate.newly_lost > 0);
        self.losses.acked += sample.bytes_acked;
        self.losses.lost += rate.newly_lost;
        self.losses.start = self.losses.round.on_ack(sample);
        // The draft falls after any loss, and so by a little in each round of a path that always
        // loses a little, until nothing is left.
        let Losses { acked, lost, start, .. } = self.losses;
        if start && self.is_no_chance(lost, acked + lost) && !probing {
            self.lower_bounds(window);
        }
    }

    /// Section 4.5.10.3: fall towards what the round delivered, at most by a fixed part.
    fn lower_bounds(&mut self, window: u64) {
        let bandwidth = self.bandwidth_low.min(self.max_bandwidth());
        self.bandwidth_low = self.losses.rate.max(scale(bandwidth, BETA));
        let inflight = if self.inflight_low == u64::MAX { window } else { self.inflight_low };
        self.inflight_low = self.losses.delivered.max(scale(inflight, BETA));
    }

    /// The sample has been used; a new round of losses begins if one is due.
    pub(super) fn end_sample(&mut self, sample: &AckSample) {
        let Some(rate) = usable(sample).filter(|_| self.losses.start) else { return };
        self.losses = Losses {
            round: self.losses.round,
            start: self.losses.start,
            rate: rate.delivery_rate,
            delivered: rate.delivered,
            ..Losses::default()
        };
    }

    /// True if `rate` says less than the path can do.
    pub(super) fn is_limited(&self, rate: &RateSample) -> bool {
        rate.app_limited || rate.prior_delivered < self.limited_until
    }

    /// True if more of a flight was lost than chance explains.
    pub(super) fn lost_too_much(&self, rate: &RateSample) -> bool {
        self.is_no_chance(rate.lost_bytes, rate.tx_in_flight)
    }

    /// True if chance does not explain the loss of `lost` out of `sent` bytes.
    fn is_no_chance(&self, lost: u64, sent: u64) -> bool {
        lost > scale(sent, LOSS_THRESHOLD) + LOSS_SLACK * self.mtu
    }

    /// Losses show that Startup has filled the pipe.
    pub(super) fn declare_full(&mut self) {
        self.full_pipe.declare();
        self.inflight_high = self.part_of_pipe(1.0).max(self.losses.delivered);
    }

    /// Samples of what is sent until `in_flight` more bytes are delivered say too little: the
    /// controller itself keeps the window small.
    pub(super) fn limit(&mut self, in_flight: u64) {
        self.limited_until = self.delivered + in_flight.max(1);
    }

    /// Persistent congestion: what was measured may no longer hold.
    pub(super) fn restart(&mut self) {
        self.min_rtt.restart();
        self.reset_lower_bounds();
    }

    pub(super) fn on_idle_restart(&mut self, now: Instant) {
        self.aggregation.restart(now);
    }

    pub(super) fn set_mtu(&mut self, parameters: &Parameters) {
        self.mtu = u64::from(parameters.mtu);
        self.floor = working_window(parameters);
        self.initial_window = parameters.initial_window();
    }

    /// A round begins now, to see the effect of what is sent from here on.
    pub(super) fn restart_round(&mut self, now: Instant) {
        self.round.restart(now);
    }

    /// A cycle of probing is over: the bandwidth of the one before it is forgotten.
    pub(super) fn advance_bandwidth(&mut self) {
        if self.bandwidth[1] > 0 {
            self.bandwidth = [self.bandwidth[1], 0];
        }
    }

    pub(super) fn reset_lower_bounds(&mut self) {
        self.bandwidth_low = u64::MAX;
        self.inflight_low = u64::MAX;
    }

    /// A flight of `bytes` was too large. The bound falls by a part of that, not to that: only so
    /// do flows that rise by the same amount come to share.
    pub(super) fn set_inflight_high(&mut self, bytes: u64, window: u64) {
        self.inflight_high = scale(bytes, BETA).max(self.target(window));
    }

    /// A flight of `bytes` was not too large.
    pub(super) fn raise_inflight_high(&mut self, bytes: u64) {
        self.inflight_high = self.inflight_high.max(bytes);
    }

    pub(super) fn min_rtt_probed(&mut self, now: Instant) {
        self.min_rtt.probed(now);
    }

    pub(super) fn min_rtt(&self) -> Option<Duration> {
        self.min_rtt.get()
    }

    /// The window that leaves no queue of ours, without wasting more of the path than needed
    /// (section 4.3.4). If probes have not found the old round-trip time again, the estimate may
    /// be what keeps the queue: then as little as version 1.
    pub(super) fn probe_rtt_window(&self) -> u64 {
        if self.min_rtt.rose() {
            return self.floor;
        }
        self.part_of_pipe(PROBE_RTT_WINDOW_GAIN)
    }

    fn max_bandwidth(&self) -> u64 {
        self.bandwidth[0].max(self.bandwidth[1])
    }

    /// The bandwidth to send with, in bytes per second.
    pub(super) fn bandwidth(&self) -> u64 {
        self.max_bandwidth().min(self.bandwidth_low)
    }

    pub(super) fn pipe_is_full(&self) -> bool {
        self.full_pipe.reached()
    }

    pub(super) fn round_start(&self) -> bool {
        self.round_start
    }

    pub(super) fn loss_round_start(&self) -> bool {
        self.losses.start
    }

    pub(super) fn loss_events(&self) -> u32 {
        self.losses.events
    }

    pub(super) fn delivered(&self) -> u64 {
        self.delivered
    }

    pub(super) fn mtu(&self) -> u64 {
        self.mtu
    }

    pub(super) fn inflight_high(&self) -> u64 {
        self.inflight_high
    }

    pub(super) fn inflight_low(&self) -> u64 {
        self.inflight_low
    }

    /// The bound less what is left to others (section 4.3.3.2).
    pub(super) fn with_headroom(&self) -> u64 {
        if self.inflight_high == u64::MAX {
            return u64::MAX;
        }
        let headroom = scale(self.inflight_high, HEADROOM).max(self.mtu);
        self.inflight_high.saturating_sub(headroom).max(self.floor)
    }

    /// What the pipe holds, if the window lets it.
    pub(super) fn target(&self, window: u64) -> u64 {
        self.part_of_pipe(1.0).min(window)
    }

    /// `gain` times what the pipe holds.
    pub(super) fn part_of_pipe(&self, gain: f64) -> u64 {
        let bandwidth = self.bandwidth();
        match self.min_rtt.get() {
            Some(min_rtt) if bandwidth > 0 => {
                scale(carried(bandwidth, min_rtt), gain).max(self.floor)
            }
            _ => self.initial_window,
        }
    }

    /// `gain` times what the pipe holds, and room for a few bursts.
    pub(super) fn inflight(&self, gain: f64) -> u64 {
        self.part_of_pipe(gain) + QUANTA * send_quantum(self.bandwidth(), self.mtu)
    }

    /// Room for acknowledgements that come in lumps. Before the bandwidth is known, growth looks
    /// like a lump.
    pub(super) fn allowance(&self) -> u64 {
        if self.full_pipe.reached() {
            self.aggregation.allowance(self.bandwidth())
        } else {
            0
        }
    }
}

/// The sample's rate, if its interval is long enough to be true.
fn usable(sample: &AckSample) -> Option<&RateSample> {
    sample.rate.as_ref().filter(|rate| !rate.interval.is_zero())
}
