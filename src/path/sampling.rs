//! What a path tells its congestion controller about sending: packets, rests, missing data.

use crate::congestion::CongestionController;
use crate::recovery::{RateSampler, Snapshot};
use crate::time::Instant;

use super::Path;

impl Path {
    /// A packet of `bytes` that counts in flight leaves. Returns what has to be kept beside it, if
    /// the controller wants to know how fast the path delivers.
    #[inline]
    pub fn on_sent(&mut self, now: Instant, bytes: u64) -> Option<Snapshot> {
        if self.bytes_in_flight == 0 {
            self.on_flight_begins(now);
        }
        let in_flight = self.bytes_in_flight;
        let snapshot = self.sampler.as_mut().map(|sampler| sampler.on_sent(now, bytes, in_flight));
        self.bytes_in_flight = in_flight + bytes;
        self.controller.on_sent(now, bytes, self.bytes_in_flight);
        self.pacer.on_sent(bytes);
        snapshot
    }

    /// Nothing was in flight. If that was not the very beginning, the controller has rested.
    #[cold]
    fn on_flight_begins(&mut self, now: Instant) {
        if self.rtt.first_sample().is_some() {
            self.controller.on_idle_restart(now);
            self.update_pacing_rate();
        }
    }

    /// There is room and nothing to send: what is measured until the flight is delivered says less
    /// than the path can do.
    #[cold]
    pub fn on_nothing_to_send(&mut self) {
        let in_flight = self.bytes_in_flight;
        if let Some(sampler) = &mut self.sampler {
            sampler.set_app_limited(in_flight);
        }
    }

    /// The path carries datagrams of `size` bytes from now on.
    pub fn set_max_datagram_size(&mut self, size: u16) {
        if size == self.max_datagram_size {
            return;
        }
        self.max_datagram_size = size;
        self.controller.set_mtu(size);
        self.pacer.set_mtu(size);
    }

    /// A sampler, if `controller` wants one.
    pub(super) fn sampler_for(controller: &impl CongestionController) -> Option<Box<RateSampler>> {
        controller.wants_rate_samples().then(|| Box::new(RateSampler::new()))
    }
}
