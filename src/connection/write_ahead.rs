//! How far the application may write ahead of what the window lets go.

use crate::congestion::CongestionController;
use crate::time::Duration;

use super::Connection;

/// Bytes that can be written however small the window is.
const LEAST: u64 = 256 * 1024;

/// Bytes that can be written beyond the window while nothing is lost: the application is asked for
/// more whenever some were acknowledged.
const MOST_BEYOND_WINDOW: u64 = 1024 * 1024;

/// Windows that can be written while losses are repaired: what lies behind a hole counts as well,
/// and a repair may be lost in turn.
const WINDOWS_IN_RECOVERY: u64 = 4;

/// Bytes that the bound allows for however short the round trip is.
const BOUND_WITHOUT_DELAY: u64 = 4 * 1024 * 1024;

/// Bytes a microsecond of delay that the bound allows for besides: 20 Gbit/s, which no path of one
/// connection exceeds. More would move memory out of the caches and gain nothing.
const BOUND_PER_MICROSECOND: u64 = 2500;

impl Connection {
    /// Lets the application write as much ahead as the path can use, so that something is there when
    /// the window opens.
    #[inline]
    pub(super) fn fit_write_ahead(&mut self) {
        let controller = &self.path.controller;
        let smoothed_rtt = self.path.rtt.smoothed();
        let ahead = write_ahead(controller.window(), controller.in_recovery(), smoothed_rtt);
        self.streams.set_write_ahead(ahead);
    }
}

/// Bytes that may be written and not yet acknowledged with a congestion window of `window` bytes.
#[inline]
fn write_ahead(window: u64, in_recovery: bool, smoothed_rtt: Duration) -> u64 {
    let delay = smoothed_rtt.as_micros();
    let bound = BOUND_WITHOUT_DELAY.saturating_add(delay.saturating_mul(BOUND_PER_MICROSECOND));
    let ahead = if in_recovery {
        window.saturating_mul(WINDOWS_IN_RECOVERY)
    } else {
        window.saturating_add(window.min(MOST_BEYOND_WINDOW))
    };
    ahead.clamp(LEAST, bound)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RTT: Duration = Duration::from_millis(10);

    /// 4 MiB and what 20 Gbit/s carry in a round trip, whatever the window.
    #[test]
    fn no_more_is_taken_than_the_fastest_path_could_carry() {
        let bound = 4 * 1024 * 1024 + 20_000_000_000 / 8 / 100;
        for window in [bound, u64::MAX] {
            assert_eq!(write_ahead(window, false, RTT), bound);
            assert_eq!(write_ahead(window, true, RTT), bound);
        }
        assert_eq!(write_ahead(u64::MAX, true, Duration::ZERO), 4 * 1024 * 1024);
        assert_eq!(write_ahead(u64::MAX, true, Duration::from_micros(u64::MAX)), u64::MAX);
    }

    #[test]
    fn the_window_is_filled_again_at_once() {
        assert_eq!(write_ahead(12_000, false, RTT), 256 * 1024);
        assert_eq!(write_ahead(500_000, false, RTT), 1_000_000);
        assert_eq!(write_ahead(5_000_000, false, RTT), 5_000_000 + 1024 * 1024);
    }

    #[test]
    fn while_losses_are_repaired_there_is_room_for_three_more_round_trips() {
        assert_eq!(write_ahead(1_000_000, true, RTT), 4_000_000);
    }
}
