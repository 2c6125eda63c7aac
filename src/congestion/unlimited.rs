//! No control at all, to test what is around it.

use super::{AckSample, CongestionController};
use crate::time::{Duration, Instant};

/// A window without end and no pacing. Only for paths that belong to nobody else.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unlimited;

impl CongestionController for Unlimited {
    fn on_ack(&mut self, _sample: &AckSample) {}

    fn on_congestion_event(&mut self, _now: Instant, _sent: Instant, _lost: u64) {}

    fn on_persistent_congestion(&mut self, _now: Instant) {}

    fn set_mtu(&mut self, _mtu: u16) {}

    #[inline]
    fn window(&self) -> u64 {
        u64::MAX
    }

    fn slow_start_threshold(&self) -> u64 {
        u64::MAX
    }

    fn pacing_rate(&self, _smoothed_rtt: Duration) -> Option<u64> {
        None
    }

    fn in_slow_start(&self) -> bool {
        false
    }

    fn in_recovery(&self) -> bool {
        false
    }

    fn name(&self) -> &'static str {
        "unlimited"
    }
}
