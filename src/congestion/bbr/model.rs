//! What BBR knows about the path.

use super::policer::Policer;
use crate::congestion::model::{
    carried, scale, send_quantum, working_window, Aggregation, FullPipe, MinRtt, Recent,
};
use crate::congestion::round::Round;
use crate::congestion::{AckSample, Parameters, RateSample};
use crate::time::{Duration, Instant};

/// Rounds for which a bandwidth sample counts (section 4.1.1.4): more than a cycle of probing.
const BANDWIDTH_ROUNDS: u64 = 10;
/// How often the path's round-trip time is measured (section 4.1.2.3).
const MIN_RTT_INTERVAL: Duration = Duration::from_secs(10);
/// Bursts for which the window has room (section 4.2.3.2).
const QUANTA: u64 = 3;

/// Bandwidth, round-trip time, rounds.
#[derive(Clone, Debug)]
pub(super) struct Model {
    round: Round,
    rounds: u64,
    /// The last sample began a round.
    round_start: bool,
    bandwidth: Recent<10>,
    min_rtt: MinRtt,
    aggregation: Aggregation,
    full_pipe: FullPipe,
    policer: Option<Policer>,
    /// Bytes delivered in all.
    delivered: u64,
    /// Samples of packets sent before this much was delivered say too little.
    limited_until: u64,
    /// Bounds on bandwidth that the host knows of; 0 if it does not.
    expected_bandwidth: u64,
    max_expected_bandwidth: u64,
    ignore_app_limited: bool,
    initial_window: u64,
    floor: u64,
    mtu: u64,
}

impl Model {
    pub(super) fn new(parameters: &Parameters) -> Self {
        let bbr = &parameters.bbr;
        Self {
            round: Round::default(),
            rounds: 0,
            round_start: false,
            bandwidth: Recent::greatest(),
            min_rtt: MinRtt::new(MIN_RTT_INTERVAL),
            aggregation: Aggregation::new(),
            full_pipe: FullPipe::default(),
            policer: bbr.long_term_bandwidth.then(Policer::default),
            delivered: 0,
            limited_until: 0,
            expected_bandwidth: u64::from(bbr.expected_bandwidth),
            max_expected_bandwidth: u64::from(bbr.max_expected_bandwidth),
            ignore_app_limited: bbr.ignore_app_limited,
            initial_window: parameters.initial_window(),
            floor: working_window(parameters),
            mtu: u64::from(parameters.mtu),
        }
    }

    /// Takes a sample while the window is `window`; true if the round-trip time must be probed.
    pub(super) fn on_ack(&mut self, sample: &AckSample, window: u64) -> bool {
        self.round_start = false;
        if let Some(rate) = sample.rate.as_ref().filter(|rate| !rate.interval.is_zero()) {
            self.on_rate(sample, rate);
        }
        let bandwidth = self.bandwidth();
        self.aggregation.on_ack(sample.now, self.rounds, sample.bytes_acked, bandwidth, window);
        self.min_rtt.update(sample.now, sample.rtt.latest)
    }

    fn on_rate(&mut self, sample: &AckSample, rate: &RateSample) {
        self.delivered = rate.total_delivered;
        let round_start = self.round.on_ack(sample);
        self.round_start = round_start;
        self.rounds += u64::from(round_start);
        let limited = rate.app_limited || rate.prior_delivered < self.limited_until;
        let limited = limited && !self.ignore_app_limited;
        if self.full_pipe.reached() {
            if let Some(policer) = &mut self.policer {
                policer.on_ack(sample.now, rate, limited, round_start);
            }
        }
        let mut measured = rate.delivery_rate;
        if self.max_expected_bandwidth > 0 {
            measured = measured.min(self.max_expected_bandwidth);
        }
        // A sender without data shows a lower bound: it counts only if it is news.
        if !limited || measured >= self.bandwidth.get() {
            self.bandwidth.update(self.rounds, measured, BANDWIDTH_ROUNDS);
        }
        if round_start && !limited {
            if self.is_as_fast_as_expected() {
                self.full_pipe.declare();
            }
            self.full_pipe.on_round(self.bandwidth.get());
        }
    }

    /// Samples of what is sent until `in_flight` more bytes are delivered say too little: the
    /// controller itself keeps the window small.
    pub(super) fn limit(&mut self, in_flight: u64) {
        self.limited_until = self.delivered + in_flight.max(1);
    }

    /// Persistent congestion: what was measured may no longer hold.
    pub(super) fn restart(&mut self) {
        self.min_rtt.restart();
        if let Some(policer) = &mut self.policer {
            policer.restart();
        }
    }

    pub(super) fn on_idle_restart(&mut self, now: Instant) {
        self.aggregation.restart(now);
        if let Some(policer) = &mut self.policer {
            policer.restart();
        }
    }

    pub(super) fn set_mtu(&mut self, parameters: &Parameters) {
        self.mtu = u64::from(parameters.mtu);
        self.floor = working_window(parameters);
        self.initial_window = parameters.initial_window();
    }

    pub(super) fn min_rtt_probed(&mut self, now: Instant) {
        self.min_rtt.probed(now);
    }

    pub(super) fn min_rtt(&self) -> Option<Duration> {
        self.min_rtt.get()
    }

    /// The bandwidth to send with, in bytes per second.
    pub(super) fn bandwidth(&self) -> u64 {
        self.policed_rate().unwrap_or_else(|| self.bandwidth.get())
    }

    /// The rate a policer allows, if one was found.
    pub(super) fn policed_rate(&self) -> Option<u64> {
        self.policer.as_ref()?.rate()
    }

    /// The host's expectation is met: there is no need to search for more.
    pub(super) fn is_as_fast_as_expected(&self) -> bool {
        self.expected_bandwidth > 0 && self.bandwidth.get() >= self.expected_bandwidth
    }

    pub(super) fn round_start(&self) -> bool {
        self.round_start
    }

    pub(super) fn pipe_is_full(&self) -> bool {
        self.full_pipe.reached()
    }

    /// Bytes delivered in all.
    pub(super) fn delivered(&self) -> u64 {
        self.delivered
    }

    /// `gain` times what the pipe holds, and room for a few bursts (section 4.2.3.2).
    pub(super) fn inflight(&self, gain: f64) -> u64 {
        let Some(min_rtt) = self.min_rtt.get() else { return self.initial_window };
        let bandwidth = self.bandwidth();
        if bandwidth == 0 {
            return self.initial_window;
        }
        let pipe = scale(carried(bandwidth, min_rtt), gain);
        (pipe + QUANTA * send_quantum(bandwidth, self.mtu)).max(self.floor)
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

    /// The least window of a working path.
    pub(super) fn floor(&self) -> u64 {
        self.floor
    }
}
