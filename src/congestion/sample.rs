//! What a controller learns from one ACK frame.

use super::RateSample;
use crate::time::{Duration, Instant};

/// One ACK frame, as a controller sees it.
#[derive(Clone, Copy, Debug, Default)]
pub struct AckSample {
    /// When the frame arrived.
    pub now: Instant,
    /// When the largest of the newly acknowledged packets was sent.
    pub sent: Instant,
    /// Bytes that left flight with this frame.
    pub bytes_acked: u64,
    /// Bytes in flight before the frame was applied.
    pub prior_in_flight: u64,
    /// Bytes in flight now: acknowledged and lost packets are gone.
    pub in_flight: u64,
    /// True if the application or flow control, not the window or the pacer, held sending back.
    pub app_limited: bool,
    /// The path's round-trip time.
    pub rtt: RttSample,
    /// The delivery rate, if the controller wants it and this frame gave one.
    pub rate: Option<RateSample>,
}

/// The round-trip estimator's state after an ACK frame.
#[derive(Clone, Copy, Debug, Default)]
pub struct RttSample {
    /// The newest sample.
    pub latest: Duration,
    /// The smoothed value.
    pub smoothed: Duration,
    /// The mean deviation.
    pub variation: Duration,
    /// The least sample of the path.
    pub min: Duration,
}
