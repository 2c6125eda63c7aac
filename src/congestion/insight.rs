//! What a controller that models the path tells about itself.

use crate::time::{Duration, Instant};

/// The phase of a controller of the BBR family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The rate grows until bandwidth does not any more.
    Startup,
    /// What Startup queued is drained.
    Drain,
    /// Steady state, with a look for more bandwidth now and then.
    ProbeBandwidth,
    /// The queue is emptied to measure the round-trip time.
    ProbeRtt,
}

/// The state of a controller of the BBR family, for logs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Insight {
    /// The phase.
    pub mode: Mode,
    /// The path's round-trip time without a queue, as far as it is known.
    pub min_rtt: Option<Duration>,
    /// Sending began again after a rest and nothing was acknowledged since.
    pub restarting: bool,
    /// Startup has found all bandwidth.
    pub pipe_is_full: bool,
    /// When recovery began, if losses are being recovered from.
    pub recovery_start: Option<Instant>,
    /// The first round of recovery sends no more than is delivered.
    pub conserving: bool,
    /// The last sample began a round trip.
    pub round_start: bool,
    /// The factor between bandwidth and pacing rate.
    pub pacing_gain: f64,
    /// The factor between the bandwidth-delay product and the window.
    pub window_gain: f64,
}
