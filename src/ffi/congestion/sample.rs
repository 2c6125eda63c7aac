//! What `xqc_sample_t` points at.

use libc::c_void;

use crate::congestion::{AckSample, RateSample, RttSample};
use crate::time::{Duration, Instant};

/// One sample for a controller that works on samples.
///
/// The public headers keep the type closed, but controllers that were written against upstream's
/// sources look inside: the members are where those expect them. Times are in microseconds, sizes
/// in bytes, counts in packets.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    /// When the ACK frame arrived.
    pub now: u64,
    /// Delivered in all when the sampled packet left.
    pub prior_delivered: u64,
    /// How long `delivered` took; 0 if that is too short to be true.
    pub interval: u64,
    /// Delivered since the sampled packet left.
    pub delivered: u32,
    /// Newly delivered.
    pub acked: u32,
    /// In flight now, and before the frame.
    pub bytes_in_flight: u32,
    pub prior_in_flight: u32,
    /// The newest round-trip time.
    pub rtt: u64,
    /// The application did not fill the pipe.
    pub is_app_limited: u32,
    /// Packets lost since the last sample.
    pub loss: u32,
    /// Delivered in all.
    pub total_acked: u64,
    /// The smoothed round-trip time.
    pub srtt: u64,
    /// When the delivery before the sampled packet left was.
    pub prior_time: u64,
    pub ack_elapse: u64,
    pub send_elapse: u64,
    /// `delivered` over `interval`, a second.
    pub delivery_rate: u32,
    pub largest_ack_time: u64,
    /// Upstream's sender; there is none.
    pub send_ctl: *mut c_void,
    /// When the newest acknowledged packet left.
    pub packet_sent_time: u64,
    /// Packets lost in all when the sampled packet left.
    pub prior_lost: u32,
    /// In flight when the sampled packet had left.
    pub tx_in_flight: u64,
    /// Packets lost since the sampled packet left, and in all.
    pub lost_packets: u32,
    pub total_lost_packets: u32,
}

const _: () = assert!(size_of::<Sample>() == 152);

impl Sample {
    /// Nothing was measured yet.
    pub const EMPTY: Self = Self {
        now: 0,
        prior_delivered: 0,
        interval: 0,
        delivered: 0,
        acked: 0,
        bytes_in_flight: 0,
        prior_in_flight: 0,
        rtt: 0,
        is_app_limited: 0,
        loss: 0,
        total_acked: 0,
        srtt: 0,
        prior_time: 0,
        ack_elapse: 0,
        send_elapse: 0,
        delivery_rate: 0,
        largest_ack_time: 0,
        send_ctl: std::ptr::null_mut(),
        packet_sent_time: 0,
        prior_lost: 0,
        tx_in_flight: 0,
        lost_packets: 0,
        total_lost_packets: 0,
    };

    /// What the core measured on a path with datagrams of `mtu` bytes.
    pub fn new(sample: &AckSample, rate: &RateSample, mtu: u64) -> Self {
        let now = sample.now.as_micros();
        let interval = rate.interval.as_micros();
        Self {
            now,
            prior_delivered: rate.prior_delivered,
            interval,
            delivered: clamp(rate.delivered),
            acked: clamp(rate.acked),
            bytes_in_flight: clamp(sample.in_flight),
            prior_in_flight: clamp(sample.prior_in_flight),
            rtt: sample.rtt.latest.as_micros(),
            is_app_limited: rate.app_limited.into(),
            loss: clamp(rate.newly_lost.div_ceil(mtu.max(1))),
            total_acked: rate.total_delivered,
            srtt: sample.rtt.smoothed.as_micros(),
            prior_time: now.saturating_sub(interval),
            ack_elapse: interval,
            send_elapse: interval,
            delivery_rate: clamp(rate.delivery_rate),
            largest_ack_time: now,
            send_ctl: std::ptr::null_mut(),
            packet_sent_time: sample.sent.as_micros(),
            prior_lost: rate.prior_lost_packets,
            tx_in_flight: rate.tx_in_flight,
            lost_packets: rate.lost_packets,
            total_lost_packets: rate.prior_lost_packets.wrapping_add(rate.lost_packets),
        }
    }

    /// The same for a controller of ours that C calls, for datagrams of `mtu` bytes.
    pub fn for_core(&self, mtu: u64) -> AckSample {
        let micros = Duration::from_micros;
        let rate = RateSample {
            acked: self.acked.into(),
            delivered: self.delivered.into(),
            interval: micros(self.interval),
            delivery_rate: self.delivery_rate.into(),
            prior_delivered: self.prior_delivered,
            total_delivered: self.total_acked,
            tx_in_flight: self.tx_in_flight,
            lost_bytes: u64::from(self.lost_packets) * mtu,
            lost_packets: self.lost_packets,
            prior_lost_packets: self.prior_lost,
            newly_lost: u64::from(self.loss) * mtu,
            app_limited: self.is_app_limited != 0,
        };
        AckSample {
            now: Instant::from_micros(self.now),
            sent: Instant::from_micros(self.packet_sent_time),
            bytes_acked: self.acked.into(),
            prior_in_flight: self.prior_in_flight.into(),
            in_flight: self.bytes_in_flight.into(),
            app_limited: self.is_app_limited != 0,
            rtt: RttSample {
                latest: micros(self.rtt),
                smoothed: micros(self.srtt),
                variation: Duration::ZERO,
                min: micros(self.rtt.min(self.srtt)),
            },
            rate: Some(rate),
        }
    }
}

/// The layout has 32 bits where the core has 64.
fn clamp(value: u64) -> u32 {
    value.try_into().unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_where_upstreams_sources_have_them() {
        use std::mem::offset_of;
        assert_eq!(offset_of!(Sample, delivered), 24);
        assert_eq!(offset_of!(Sample, rtt), 40);
        assert_eq!(offset_of!(Sample, total_acked), 56);
        assert_eq!(offset_of!(Sample, delivery_rate), 96);
        assert_eq!(offset_of!(Sample, send_ctl), 112);
        assert_eq!(offset_of!(Sample, packet_sent_time), 120);
        assert_eq!(offset_of!(Sample, tx_in_flight), 136);
        assert_eq!(offset_of!(Sample, total_lost_packets), 148);
    }

    #[test]
    fn a_sample_survives_the_way_through_c() {
        let rate = RateSample {
            acked: 2_400,
            delivered: 120_000,
            interval: Duration::from_millis(40),
            delivery_rate: 3_000_000,
            prior_delivered: 1 << 40,
            total_delivered: (1 << 40) + 120_000,
            tx_in_flight: 118_800,
            lost_bytes: 2_400,
            lost_packets: 2,
            prior_lost_packets: 7,
            newly_lost: 1_200,
            app_limited: true,
        };
        let sample = AckSample {
            now: Instant::from_micros(5_000_000),
            sent: Instant::from_micros(4_960_000),
            bytes_acked: 2_400,
            prior_in_flight: 120_000,
            in_flight: 117_600,
            app_limited: true,
            rtt: RttSample {
                latest: Duration::from_millis(41),
                smoothed: Duration::from_millis(42),
                variation: Duration::ZERO,
                min: Duration::from_millis(41),
            },
            rate: Some(rate),
        };
        let back = Sample::new(&sample, &rate, 1_200).for_core(1_200);
        assert_eq!(format!("{back:?}"), format!("{sample:?}"));
    }

    #[test]
    fn what_exceeds_32_bits_is_clamped() {
        let rate = RateSample { delivery_rate: 1 << 33, ..RateSample::default() };
        let sample = Sample::new(&AckSample::default(), &rate, 0);
        assert_eq!(sample.delivery_rate, u32::MAX);
    }
}
