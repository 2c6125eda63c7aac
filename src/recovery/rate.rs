//! How fast a path delivers, measured packet by packet (draft-ietf-ccwg-bbr, section 4.1.1).
//!
//! Only controllers that model bandwidth want this. Without them nothing is counted and no packet
//! carries a [`Snapshot`].

use super::sent::Acked;
use crate::time::{Duration, Instant};

/// The path's counters when a packet left; kept beside the packet until it is acknowledged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// Bytes delivered in all.
    delivered: u64,
    /// When the last of them was acknowledged.
    delivered_time: Instant,
    /// When the packet was sent that began this send interval.
    first_sent: Instant,
    /// Bytes lost in all.
    lost_bytes: u64,
    /// Bytes in flight, the packet included.
    tx_in_flight: u64,
    /// Packets lost in all.
    lost_packets: u32,
    /// The application did not fill the pipe.
    app_limited: bool,
    /// False for packets sent before sampling began.
    taken: bool,
}

/// One sample of the delivery rate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeliveryRate {
    /// Bytes newly delivered by this ACK frame.
    pub acked: u64,
    /// Bytes delivered since the sampled packet was sent.
    pub delivered: u64,
    /// The time that took; zero if it is too short to be true.
    pub interval: Duration,
    /// `delivered` over `interval` in bytes per second; zero if `interval` is.
    pub delivery_rate: u64,
    /// Bytes delivered in all when the sampled packet was sent.
    pub prior_delivered: u64,
    /// Bytes delivered in all.
    pub total_delivered: u64,
    /// Bytes in flight just after the sampled packet was sent.
    pub tx_in_flight: u64,
    /// Bytes lost since the sampled packet was sent.
    pub lost_bytes: u64,
    /// Packets lost since the sampled packet was sent.
    pub lost_packets: u32,
    /// Packets lost in all when the sampled packet was sent.
    pub prior_lost_packets: u32,
    /// Bytes lost since the last sample.
    pub newly_lost: u64,
    /// The application did not fill the pipe when the sampled packet was sent.
    pub app_limited: bool,
}

/// Counts what a path delivers and loses.
///
/// For each ACK frame: [`on_acked`](Self::on_acked) per packet, [`on_lost`](Self::on_lost) for
/// lost ones, then one [`sample`](Self::sample).
#[derive(Clone, Debug, Default)]
pub struct RateSampler {
    delivered: u64,
    delivered_time: Instant,
    first_sent: Instant,
    lost_bytes: u64,
    lost_packets: u32,
    /// While `delivered` is at most this, samples are application-limited.
    app_limited_until: Option<u64>,
    /// `delivered` at the last sample.
    sampled_delivered: u64,
    /// `lost_bytes` at the last sample.
    sampled_lost: u64,
    /// The newest packet this ACK frame acknowledged, and when it was sent.
    newest: Option<(Snapshot, Instant)>,
}

impl RateSampler {
    /// A sampler that has counted nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Bytes delivered so far.
    pub fn delivered(&self) -> u64 {
        self.delivered
    }

    /// A packet of `bytes` leaves while `in_flight` other bytes are in flight.
    #[inline]
    pub fn on_sent(&mut self, now: Instant, bytes: u64, in_flight: u64) -> Snapshot {
        if in_flight == 0 {
            // A new flight: the time at rest belongs to no interval.
            self.first_sent = now;
            self.delivered_time = now;
        }
        Snapshot {
            delivered: self.delivered,
            delivered_time: self.delivered_time,
            first_sent: self.first_sent,
            lost_bytes: self.lost_bytes,
            tx_in_flight: in_flight + bytes,
            lost_packets: self.lost_packets,
            app_limited: self.app_limited_until.is_some(),
            taken: true,
        }
    }

    /// A packet of `bytes`, sent at `sent` with `snapshot`, was acknowledged.
    #[inline]
    pub fn on_acked(&mut self, now: Instant, snapshot: &Snapshot, sent: Instant, bytes: u64) {
        self.delivered += bytes;
        self.delivered_time = now;
        let newer = |other: &(Snapshot, Instant)| {
            (snapshot.delivered, sent) >= (other.0.delivered, other.1)
        };
        // What left on another path says nothing about this one.
        let ours = snapshot.taken && snapshot.delivered < self.delivered;
        if ours && self.newest.as_ref().is_none_or(newer) {
            self.newest = Some((*snapshot, sent));
        }
    }

    /// A packet was acknowledged, perhaps one that had been given up. Without effect for one that
    /// does not count in flight.
    #[inline]
    pub fn on_packet_acked<T>(&mut self, now: Instant, acked: &Acked<'_, T>) {
        if let Some(snapshot) = acked.snapshot.filter(|_| acked.in_flight) {
            self.on_acked(now, snapshot, acked.sent, u64::from(acked.size));
        }
    }

    /// `packets` of `bytes` together were lost.
    pub fn on_lost(&mut self, packets: u32, bytes: u64) {
        self.lost_bytes += bytes;
        self.lost_packets = self.lost_packets.wrapping_add(packets);
    }

    /// There is nothing to send although the window has room and `in_flight` bytes are out:
    /// samples say less than the path can do until those are delivered.
    pub fn set_app_limited(&mut self, in_flight: u64) {
        self.app_limited_until = Some(self.delivered + in_flight);
    }

    /// The sample of the ACK frame just reported; `None` if it delivered nothing that was sampled.
    ///
    /// An interval below `min_rtt` means acknowledgements came in a lump: the rate would be too
    /// high, so interval and rate are zero then.
    pub fn sample(&mut self, min_rtt: Duration) -> Option<DeliveryRate> {
        if self.app_limited_until.is_some_and(|until| self.delivered > until) {
            self.app_limited_until = None;
        }
        let (snapshot, sent) = self.newest.take()?;
        let send = sent.saturating_since(snapshot.first_sent);
        let receive = self.delivered_time.saturating_since(snapshot.delivered_time);
        self.first_sent = sent;
        let longer = send.max(receive);
        let interval = if longer < min_rtt { Duration::ZERO } else { longer };
        let delivered = self.delivered - snapshot.delivered;
        let rate = DeliveryRate {
            acked: self.delivered - self.sampled_delivered,
            delivered,
            interval,
            delivery_rate: delivered
                .saturating_mul(1_000_000)
                .checked_div(interval.as_micros())
                .unwrap_or(0),
            prior_delivered: snapshot.delivered,
            total_delivered: self.delivered,
            tx_in_flight: snapshot.tx_in_flight,
            lost_bytes: self.lost_bytes.saturating_sub(snapshot.lost_bytes),
            lost_packets: self.lost_packets.wrapping_sub(snapshot.lost_packets),
            prior_lost_packets: snapshot.lost_packets,
            newly_lost: self.lost_bytes - self.sampled_lost,
            app_limited: snapshot.app_limited,
        };
        self.sampled_delivered = self.delivered;
        self.sampled_lost = self.lost_bytes;
        Some(rate)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Instant {
        Instant::from_micros(1_000_000 + millis * 1_000)
    }

    const RTT: Duration = Duration::from_millis(100);

    #[test]
    fn a_steady_flow_is_measured_exactly() {
        // A packet of 1000 bytes each 10 ms, acknowledged 100 ms later: 100 kB/s.
        let mut sampler = RateSampler::new();
        let mut flight = std::collections::VecDeque::new();
        let mut last = None;
        for tick in 0..50_u64 {
            let now = at(tick * 10);
            if flight.len() == 10 {
                let (sent, snapshot) = flight.pop_front().unwrap();
                sampler.on_acked(now, &snapshot, sent, 1_000);
                last = sampler.sample(RTT);
            }
            let snapshot = sampler.on_sent(now, 1_000, 1_000 * flight.len() as u64);
            flight.push_back((now, snapshot));
        }
        let rate = last.unwrap();
        assert_eq!(rate.delivery_rate, 100_000);
        assert_eq!(rate.interval, RTT);
        assert_eq!(rate.delivered, 10_000);
        assert_eq!(rate.acked, 1_000);
        assert!(!rate.app_limited);
    }

    #[test]
    fn acknowledgements_in_a_lump_do_not_inflate_the_rate() {
        let mut sampler = RateSampler::new();
        let first = sampler.on_sent(at(0), 1_000, 0);
        let second = sampler.on_sent(at(80), 1_000, 1_000);
        sampler.on_acked(at(100), &first, at(0), 1_000);
        sampler.on_acked(at(100), &second, at(80), 1_000);
        assert_eq!(sampler.sample(RTT).unwrap().delivery_rate, 20_000);

        let third = sampler.on_sent(at(100), 1_000, 1_000);
        sampler.on_acked(at(130), &third, at(100), 1_000);
        let lump = sampler.sample(RTT).unwrap();
        assert_eq!((lump.interval, lump.delivery_rate), (Duration::ZERO, 0));
        assert_eq!(lump.acked, 1_000);
    }

    #[test]
    fn a_frame_that_delivers_nothing_gives_no_sample() {
        assert_eq!(RateSampler::new().sample(RTT), None);
        let mut sampler = RateSampler::new();
        sampler.on_acked(at(0), &Snapshot::default(), at(0), 1_000);
        assert_eq!(sampler.sample(RTT), None, "sent before sampling began");
    }

    #[test]
    fn an_application_limited_flight_is_marked_until_it_is_delivered() {
        let mut sampler = RateSampler::new();
        let first = sampler.on_sent(at(0), 1_000, 0);
        sampler.set_app_limited(1_000);
        let second = sampler.on_sent(at(1), 1_000, 1_000);
        sampler.on_acked(at(100), &first, at(0), 1_000);
        assert!(!sampler.sample(RTT).unwrap().app_limited);
        sampler.on_acked(at(101), &second, at(1), 1_000);
        assert!(sampler.sample(RTT).unwrap().app_limited);
        assert!(!sampler.on_sent(at(102), 1_000, 0).app_limited);
    }

    #[test]
    fn time_at_rest_belongs_to_no_interval() {
        let mut sampler = RateSampler::new();
        let first = sampler.on_sent(at(0), 1_000, 0);
        sampler.on_acked(at(100), &first, at(0), 1_000);
        sampler.sample(RTT);
        let late = sampler.on_sent(at(60_000), 1_000, 0);
        sampler.on_acked(at(60_100), &late, at(60_000), 1_000);
        assert_eq!(sampler.sample(RTT).unwrap().delivery_rate, 10_000);
    }

    #[test]
    fn losses_are_counted_from_the_sampled_packet_on() {
        let mut sampler = RateSampler::new();
        sampler.on_lost(1, 500);
        let snapshot = sampler.on_sent(at(0), 1_000, 0);
        sampler.on_lost(1, 700);
        sampler.on_acked(at(100), &snapshot, at(0), 1_000);
        let rate = sampler.sample(RTT).unwrap();
        assert_eq!((rate.lost_bytes, rate.lost_packets, rate.prior_lost_packets), (700, 1, 1));
        assert_eq!(rate.newly_lost, 1_200);
    }

    #[test]
    fn counters_go_on_beyond_32_bits() {
        // A counter that wraps freezes a controller that compares it.
        let mut sampler = RateSampler::new();
        let mut last = 0;
        for flight in 0..10 {
            let sent = at(flight * 1_000);
            let snapshot = sampler.on_sent(sent, 1 << 30, 0);
            sampler.on_acked(sent + RTT, &snapshot, sent, 1 << 30);
            let rate = sampler.sample(RTT).unwrap();
            assert!(rate.total_delivered > last);
            assert_eq!(rate.delivered, 1 << 30);
            last = rate.total_delivered;
        }
        assert_eq!(last, 10 << 30);
    }
}
