//! One network path: its addresses, connection IDs and validation state, and the controls that
//! belong to it alone: round-trip time, congestion window, pacing.

pub mod amplification;
pub mod cids;
mod datagram;
pub mod mtu;
mod sampling;

use std::net::SocketAddr;

use crate::congestion::{CongestionController, Controller};
use crate::recovery::{EcnPath, Pacer, RateSampler, Reordering, Rtt};
use crate::time::{Duration, Instant};

use amplification::Amplification;
use mtu::MtuSearch;

pub use datagram::{Arrival, PathHandle, Transmit};

/// The addresses at both ends of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// Ours, where the host knows it.
    pub local: Option<SocketAddr>,
    /// The peer's.
    pub peer: SocketAddr,
}

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
    /// Whether what we send carries ECN marks.
    pub ecn: EcnPath,
    /// The search for a larger one, if the host wants it.
    pub mtu: Option<Box<MtuSearch>>,
    /// Probe timeouts in a row without an acknowledgement (RFC 9002 section 6.2.1).
    pub pto_count: u32,
    /// Challenges of the peer that wait for their PATH_RESPONSE.
    responses: Responses,
}

/// PATH_CHALLENGE data to be echoed; the newest ones win, so a flood costs nothing.
#[derive(Debug, Default)]
struct Responses {
    pending: [Option<[u8; 8]>; MAX_PENDING_RESPONSES],
}

/// PATH_CHALLENGEs that are remembered until they are answered (RFC 9000 section 21.9).
const MAX_PENDING_RESPONSES: usize = 4;

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
            ecn: EcnPath::disabled(),
            mtu: None,
            pto_count: 0,
            responses: Responses::default(),
        }
    }

    /// Remembers a challenge to be answered on this path.
    pub fn on_challenge(&mut self, data: [u8; 8]) {
        let slots = &mut self.responses.pending;
        if slots.contains(&Some(data)) {
            return;
        }
        slots.rotate_right(1);
        slots[0] = Some(data);
    }

    /// True if a challenge waits for its answer.
    #[inline]
    pub fn has_response(&self) -> bool {
        self.responses.pending[0].is_some()
    }

    /// Takes the next answer to send. It is sent once, whatever becomes of the packet
    /// (RFC 9000 section 13.3).
    pub fn take_response(&mut self) -> Option<[u8; 8]> {
        let data = self.responses.pending[0].take();
        self.responses.pending.rotate_left(1);
        data
    }

    /// Bytes the congestion window leaves.
    #[inline]
    pub fn congestion_room(&self) -> u64 {
        self.controller.window().min(self.window_limit).saturating_sub(self.bytes_in_flight)
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
