//! Congestion avoidance: how a loss-based window grows outside slow start, and shrinks.

use crate::time::{Duration, Instant};

/// The part that tells one loss-based algorithm from another.
pub trait Avoidance {
    /// The window after `growth.acked` bytes were acknowledged; never less than before.
    fn grow(&mut self, growth: &Growth) -> u64;

    /// The window to continue with after a congestion event at `window` bytes.
    fn reduce(&mut self, window: u64) -> u64;

    /// The window falls to its minimum: what was learned about the path no longer holds.
    fn on_persistent_congestion(&mut self);

    /// Up to `now` the window was not the limit: that time must not count as growth.
    fn on_unused(&mut self, _now: Instant) {}

    /// The algorithm's name in logs.
    fn name(&self) -> &'static str;
}

/// One step of growth in congestion avoidance.
#[derive(Clone, Copy, Debug)]
pub struct Growth {
    /// When the acknowledgement arrived.
    pub now: Instant,
    /// The window before, in bytes.
    pub window: u64,
    /// Bytes newly acknowledged.
    pub acked: u64,
    /// The datagram size in bytes.
    pub mtu: u64,
    /// The smoothed round-trip time.
    pub rtt: Duration,
}
