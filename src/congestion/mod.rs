//! Congestion controllers. They take plain samples and know no packets.
//!
//! A controller answers two questions: how many bytes may be in flight ([`window`]) and how fast
//! they may leave ([`pacing_rate`]). It is told facts and keeps no clock: every call brings `now`.
//!
//! [`window`]: CongestionController::window
//! [`pacing_rate`]: CongestionController::pacing_rate

pub mod avoidance;
mod bbr;
mod bbr2;
mod classic;
mod controller;
mod copa;
mod cubic;
mod factory;
mod insight;
mod model;
mod new_reno;
mod parameters;
mod round;
mod sample;
mod slow_start;
#[cfg(test)]
mod tests;
mod unlimited;

pub use crate::recovery::DeliveryRate as RateSample;
pub use bbr::Bbr;
pub use bbr2::Bbr2;
pub use classic::Classic;
pub use controller::Controller;
pub use copa::Copa;
pub use cubic::{Cubic, CubicCurve};
pub use factory::ControllerFactory;
pub use insight::{Insight, Mode};
pub use new_reno::{NewReno, RenoLine};
pub use parameters::{BbrParameters, CopaParameters, Parameters};
pub use sample::{AckSample, RttSample};
pub use unlimited::Unlimited;

use crate::time::{Duration, Instant};

/// What every congestion controller does.
///
/// The caller reports, for each ACK frame, losses before acknowledgements are rewarded:
/// [`on_congestion_event`](Self::on_congestion_event) (or [`on_ecn`](Self::on_ecn)) first,
/// then [`on_ack`](Self::on_ack). Bytes are UDP payload bytes of packets that count in flight.
pub trait CongestionController {
    /// A packet of `bytes` left; `in_flight` includes it.
    fn on_sent(&mut self, _now: Instant, _bytes: u64, _in_flight: u64) {}

    /// An ACK frame newly acknowledged packets in flight.
    fn on_ack(&mut self, sample: &AckSample);

    /// Packets were declared lost, the last of them sent at `sent`; `lost` is their bytes.
    ///
    /// Lost path MTU probes are no sign of congestion and are not reported (RFC 9000 14.4).
    fn on_congestion_event(&mut self, now: Instant, sent: Instant, lost: u64);

    /// The peer reported `ce_marks` more packets marked Congestion Experienced; the largest packet
    /// of that ACK frame was sent at `sent` (RFC 9002 section 7.1).
    fn on_ecn(&mut self, now: Instant, sent: Instant, _ce_marks: u64) {
        self.on_congestion_event(now, sent, 0);
    }

    /// Persistent congestion was found (RFC 9002 section 7.6.2).
    fn on_persistent_congestion(&mut self, now: Instant);

    /// Sending starts again after nothing was in flight.
    fn on_idle_restart(&mut self, _now: Instant) {}

    /// The path now carries datagrams of `mtu` bytes.
    fn set_mtu(&mut self, mtu: u16);

    /// How many bytes may be in flight.
    fn window(&self) -> u64;

    /// The slow start threshold in bytes, `u64::MAX` while there is none. For logs.
    fn slow_start_threshold(&self) -> u64;

    /// How fast to send, in bytes per second; `None` while nothing is known.
    fn pacing_rate(&self, smoothed_rtt: Duration) -> Option<u64>;

    /// How fast the path delivers, in bytes per second, if the controller measures it.
    fn bandwidth(&self) -> Option<u64> {
        None
    }

    /// What the controller is at, if it models the path. For logs.
    fn insight(&self) -> Option<Insight> {
        None
    }

    /// True while the window doubles per round trip.
    fn in_slow_start(&self) -> bool;

    /// True from a reduction until a packet sent after it is acknowledged.
    fn in_recovery(&self) -> bool;

    /// True if [`AckSample::rate`] must be filled in; sampling has a cost for each packet.
    fn wants_rate_samples(&self) -> bool {
        false
    }

    /// The algorithm's name in logs.
    fn name(&self) -> &'static str;
}
