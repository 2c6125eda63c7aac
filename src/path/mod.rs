//! One network path: its addresses, connection IDs and validation state, and the controls that
//! belong to it alone: round-trip time, congestion window, pacing.

mod addresses;
pub mod amplification;
pub mod cids;
mod datagram;
pub mod mtu;
mod others;
mod responses;
mod sampling;
pub mod spin;
mod validation;

use crate::congestion::{CongestionController, Controller};
use crate::recovery::{EcnPath, Pacer, RateSampler, Reordering, Rtt};
use crate::stream::PathState;
use crate::time::{Duration, Instant};

use amplification::Amplification;
use mtu::MtuSearch;
use responses::Responses;
use spin::SpinBit;
use validation::{Validation, Verdict};

pub use addresses::{is_wildcard, Addresses};
pub use datagram::{Arrival, PathHandle, Transmit};
pub use others::{OtherPath, OtherPaths, Purpose};
pub use validation::{ChallengeData, Proof};

/// The state of one path between the two endpoints.
#[derive(Debug)]
pub struct Path {
    /// Where it runs.
    pub addresses: Addresses,
    /// The limit on what may be sent before the peer's address is validated.
    pub amplification: Amplification,
    /// Round-trip time.
    pub rtt: Rtt,
    /// How far behind a packet may be before it counts as lost.
    pub reordering: Reordering,
    /// The congestion controller.
    pub controller: Controller,
    /// Measures delivery, for a controller that asks for it.
    pub sampler: Option<Box<RateSampler>>,
    /// The most bytes in flight that the host wants, whatever the controller says.
    window_limit: u64,
    /// Spreads what the window allows over the round trip.
    pub pacer: Pacer,
    /// The host asked for pacing; without it only bursts are capped.
    pacing: bool,
    /// Bytes sent that count against the window and were neither acknowledged nor declared lost.
    pub bytes_in_flight: u64,
    /// The largest UDP payload to send.
    pub max_datagram_size: u16,
    /// What short headers carry in the latency spin bit.
    pub spin: SpinBit,
    /// Whether what we send carries ECN marks.
    pub ecn: EcnPath,
    /// The search for a larger one, if the host wants it.
    pub mtu: Option<Box<MtuSearch>>,
    /// Probe timeouts in a row without an acknowledgement (RFC 9002 section 6.2.1).
    pub pto_count: u32,
    /// Challenges of the peer that wait for their PATH_RESPONSE.
    responses: Responses,
    /// The validation under way, if any.
    validation: Option<Box<Validation>>,
    /// A challenge or a response waits to be sent.
    frames_due: bool,
}

/// The parts that a new path starts from.
pub struct PathConfig {
    /// Where it runs.
    pub addresses: Addresses,
    /// The congestion controller.
    pub controller: Controller,
    /// Whether the host asked for pacing; without it only bursts are capped.
    pub pacing: bool,
    /// The round-trip time to assume before the first sample.
    pub initial_rtt: Duration,
    /// How far behind a packet may be before it counts as lost.
    pub reordering: Reordering,
    /// The most bytes in flight that the host wants, whatever the controller says.
    pub window_limit: u64,
    /// The largest UDP payload to send.
    pub max_datagram_size: u16,
    /// The limit before the peer's address is validated.
    pub amplification: Amplification,
}

impl Path {
    /// A path on which nothing was sent yet.
    pub fn new(config: PathConfig) -> Self {
        Self {
            addresses: config.addresses,
            amplification: config.amplification,
            rtt: Rtt::new(config.initial_rtt),
            reordering: config.reordering,
            window_limit: config.window_limit,
            pacer: Pacer::new(config.controller.window(), config.max_datagram_size),
            pacing: config.pacing,
            sampler: Self::sampler_for(&config.controller),
            controller: config.controller,
            bytes_in_flight: 0,
            max_datagram_size: config.max_datagram_size,
            spin: SpinBit::default(),
            ecn: EcnPath::disabled(),
            mtu: None,
            pto_count: 0,
            responses: Responses::default(),
            validation: None,
            frames_due: false,
        }
    }

    /// Remembers a challenge to be answered on this path.
    pub fn on_challenge(&mut self, data: ChallengeData) {
        self.responses.push(data);
        self.note_frames();
    }

    /// True if a challenge or a response waits to be sent on this path.
    #[inline]
    pub fn has_frames(&self) -> bool {
        self.frames_due
    }

    fn note_frames(&mut self) {
        self.frames_due = !self.responses.is_empty() || self.is_challenge_due();
    }

    /// Takes the next answer to send. It is sent once, whatever becomes of the packet
    /// (RFC 9000 section 13.3).
    pub fn take_response(&mut self) -> Option<ChallengeData> {
        let data = self.responses.pop();
        self.note_frames();
        data
    }

    /// True if a response waits to be sent.
    pub fn has_response(&self) -> bool {
        !self.responses.is_empty()
    }

    /// Begins to validate the path, or begins anew.
    pub fn begin_validation(&mut self, now: Instant, pto: Duration) {
        self.validation = Some(Box::new(Validation::begin(now, pto)));
        self.frames_due = true;
    }

    /// Ends a validation without a result.
    pub fn end_validation(&mut self) {
        self.validation = None;
        self.note_frames();
    }

    /// True while a validation is under way.
    pub fn is_validating(&self) -> bool {
        self.validation.is_some()
    }

    /// True if a challenge is to be sent.
    pub fn is_challenge_due(&self) -> bool {
        self.validation.as_deref().is_some_and(Validation::is_due)
    }

    /// A challenge was sent.
    pub fn on_challenge_sent(&mut self, data: ChallengeData, full: bool) {
        if let Some(validation) = self.validation.as_deref_mut() {
            validation.on_sent(data, full);
        }
        self.note_frames();
    }

    /// What a response proves of this path. `None` if it answers no challenge sent over it.
    pub fn on_response(&mut self, data: &ChallengeData) -> Option<Proof> {
        let proof = self.validation.as_deref()?.on_response(data)?;
        self.validation = None;
        self.amplification.validate();
        self.note_frames();
        Some(proof)
    }

    /// When the validation has to be looked at.
    pub fn validation_timeout(&self) -> Option<Instant> {
        self.validation.as_deref().map(Validation::next_timeout)
    }

    /// Time has passed. Returns true if the validation has failed; it is over then.
    pub fn on_validation_timeout(&mut self, now: Instant) -> bool {
        let Some(validation) = self.validation.as_deref_mut() else { return false };
        let failed = validation.on_timeout(now) == Verdict::Failed;
        if failed {
            self.validation = None;
        }
        self.note_frames();
        failed
    }

    /// Changes places with `other`. With `keep_controls` round-trip time, window and the like stay:
    /// RFC 9000 section 9.4 allows it where only the peer's port differs.
    pub fn change_places(&mut self, other: &mut Self, keep_controls: bool) {
        use std::mem::swap;
        swap(self, other);
        if keep_controls {
            swap(self, other);
            swap(&mut self.addresses, &mut other.addresses);
            swap(&mut self.amplification, &mut other.amplification);
            swap(&mut self.responses, &mut other.responses);
            swap(&mut self.validation, &mut other.validation);
            swap(&mut self.frames_due, &mut other.frames_due);
        }
    }

    /// Bytes the congestion window leaves.
    #[inline]
    pub fn congestion_room(&self) -> u64 {
        self.controller.window().min(self.window_limit).saturating_sub(self.bytes_in_flight)
    }

    /// True if the congestion window has room for a full datagram.
    #[inline]
    pub fn has_room(&self) -> bool {
        self.congestion_room() >= u64::from(self.max_datagram_size)
    }

    /// Where window, flight and rates stand, for records.
    pub fn state(&self) -> PathState {
        let (window, rtt) = (self.controller.window(), self.rtt.smoothed());
        let in_a_round = || window.saturating_mul(1_000_000) / rtt.as_micros().max(1);
        PathState {
            window,
            in_flight: self.bytes_in_flight,
            bandwidth: self.controller.bandwidth().unwrap_or_else(in_a_round),
            pacing_rate: self.controller.pacing_rate(rtt).unwrap_or_else(in_a_round),
            rtt,
        }
    }

    /// Lets the pacer know how fast the controller wants to send.
    #[inline]
    pub fn update_pacing_rate(&mut self) {
        if self.pacing || self.controller.wants_rate_samples() {
            self.pacer.set_rate(self.controller.pacing_rate(self.rtt.smoothed()));
        }
    }

    /// When the pacer lets `bytes` go; `None` means now.
    #[inline]
    pub fn pacing_delay(&mut self, now: Instant, bytes: u64) -> Option<Instant> {
        self.pacer.next_send_time(now, bytes)
    }
}
