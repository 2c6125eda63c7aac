//! What controllers share that model the path: bandwidth and delay, not losses, set their window.

mod aggregation;
mod full_pipe;
mod min_rtt;
mod pacing;
mod probe_rtt;
mod recent;
mod window;

pub(super) use aggregation::Aggregation;
pub(super) use full_pipe::FullPipe;
pub(super) use min_rtt::MinRtt;
pub(super) use pacing::Pacing;
pub(super) use probe_rtt::ProbeRtt;
pub(super) use recent::Recent;
pub(super) use window::{Target, Window};

use super::Parameters;
use crate::time::{Duration, Instant};

/// Minimum windows a host may ask for, in packets.
const MIN_WINDOW_PACKETS: std::ops::RangeInclusive<u32> = 4..=100;
/// The minimum window otherwise, in packets: enough that delayed acknowledgements do not stop
/// sending.
const DEFAULT_MIN_WINDOW_PACKETS: u32 = 4;

/// The least window in bytes while the path is working.
pub(super) fn working_window(parameters: &Parameters) -> u64 {
    let asked =
        parameters.min_window_packets.filter(|packets| MIN_WINDOW_PACKETS.contains(packets));
    u64::from(asked.unwrap_or(DEFAULT_MIN_WINDOW_PACKETS)) * u64::from(parameters.mtu)
}

/// `value` times `gain`.
#[inline]
pub(super) fn scale(value: u64, gain: f64) -> u64 {
    (value as f64 * gain) as u64
}

/// The bytes that `rate` bytes per second carry in `span`.
#[inline]
pub(super) fn carried(rate: u64, span: Duration) -> u64 {
    rate.saturating_mul(span.as_micros()) / 1_000_000
}

/// The rate in bytes per second at which `bytes` take `span`; `None` if that is no time at all.
#[inline]
pub(super) fn rate_of(bytes: u64, span: Duration) -> Option<u64> {
    bytes.saturating_mul(1_000_000).checked_div(span.as_micros())
}

/// The most bytes that leave at once at `rate` bytes per second
/// (draft-cardwell-iccrg-bbr-congestion-control-00 section 4.2.2).
pub(super) fn send_quantum(rate: u64, mtu: u64) -> u64 {
    const SLOW: u64 = 150_000;
    const FAST: u64 = 3_000_000;
    match rate {
        ..SLOW => mtu,
        SLOW..FAST => 2 * mtu,
        _ => carried(rate, Duration::from_millis(1)).min(64 * 1024),
    }
}

/// A number that differs from flow to flow and from time to time.
///
/// Flows must not probe in step; for that it need not be unpredictable, so no source of randomness
/// is asked. (The finalizer of SplitMix64.)
pub(super) fn spread(now: Instant, delivered: u64) -> u64 {
    let mut bits = now.as_micros() ^ delivered.rotate_left(32);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_sets_the_working_window_between_4_and_100_packets() {
        let window = |packets| {
            let asked = Parameters { min_window_packets: packets, ..Parameters::new(1_000) };
            working_window(&asked)
        };
        assert_eq!(window(None), 4_000);
        assert_eq!(window(Some(3)), 4_000);
        assert_eq!(window(Some(100)), 100_000);
        assert_eq!(window(Some(101)), 4_000);
    }

    #[test]
    fn a_burst_is_a_millisecond_of_a_fast_path() {
        assert_eq!(send_quantum(100_000, 1_200), 1_200);
        assert_eq!(send_quantum(1_000_000, 1_200), 2_400);
        assert_eq!(send_quantum(6_000_000, 1_200), 6_000);
        assert_eq!(send_quantum(u64::MAX, 1_200), 64 * 1024);
    }

    #[test]
    fn numbers_are_spread() {
        let drawn = (0..700).map(|micros| spread(Instant::from_micros(micros), 0) % 7);
        let mut counts = [0; 7];
        drawn.for_each(|number| counts[number as usize] += 1);
        assert!(counts.iter().all(|count| (60..140).contains(count)), "{counts:?}");
    }
}
