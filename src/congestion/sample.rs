//! What a controller learns from one ACK frame.

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

/// How fast data reached the peer between two points of the transfer.
///
/// Counters are 64 bits wide: a wrap would freeze a controller that compares them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RateSample {
    /// Bytes delivered since the sampled packet was sent.
    pub delivered: u64,
    /// The time that took: the longer of the send and the acknowledgement interval.
    pub interval: Duration,
    /// `delivered` over `interval` in bytes per second.
    pub delivery_rate: u64,
    /// Bytes delivered in all when the sampled packet was sent; tells rounds apart.
    pub prior_delivered: u64,
    /// Bytes delivered in all, this frame included.
    pub total_delivered: u64,
    /// Bytes in flight just after the sampled packet was sent.
    pub tx_in_flight: u64,
    /// Bytes lost since the sampled packet was sent.
    pub lost_bytes: u64,
    /// Packets lost since the sampled packet was sent.
    pub lost_packets: u32,
    /// Packets lost in all when the sampled packet was sent.
    pub prior_lost_packets: u32,
    /// Bytes lost by this very frame.
    pub newly_lost: u64,
    /// True if the application did not fill the pipe when the sampled packet was sent.
    pub app_limited: bool,
}
