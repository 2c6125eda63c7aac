//! The rate at which packets leave (draft-cardwell-iccrg-bbr-congestion-control-02 section 4.6.2).

use super::{rate_of, scale, working_window};
use crate::congestion::Parameters;
use crate::time::Duration;

/// The pacing rate of a controller that models the path.
#[derive(Clone, Copy, Debug)]
pub(in crate::congestion) struct Pacing {
    /// Bytes per second; 0 before the first sample.
    rate: u64,
    /// How much faster than the estimate a beginning flow sends.
    startup_gain: f64,
}

impl Pacing {
    /// No rate yet.
    pub(in crate::congestion) fn new(startup_gain: f64) -> Self {
        Self { rate: 0, startup_gain }
    }

    /// True once there was a sample.
    pub(in crate::congestion) fn is_set(&self) -> bool {
        self.rate > 0
    }

    /// Takes over `rate`, in bytes per second. The first time, the initial window and `smoothed_rtt`
    /// give a rate as well.
    pub(in crate::congestion) fn update(
        &mut self,
        rate: u64,
        pipe_is_full: bool,
        parameters: &Parameters,
        smoothed_rtt: Duration,
    ) {
        if !self.is_set() {
            self.rate = self.beginning(parameters.initial_window(), smoothed_rtt).unwrap_or(0);
        }
        // Until the pipe was full, a low sample says little.
        if rate > self.rate || (pipe_is_full && rate > 0) {
            self.rate = rate;
        }
    }

    /// The rate of a flow without samples: its window in each round trip, and faster.
    pub(in crate::congestion) fn beginning(
        &self,
        window: u64,
        smoothed_rtt: Duration,
    ) -> Option<u64> {
        rate_of(window, smoothed_rtt).map(|rate| scale(rate, self.startup_gain))
    }

    /// The rate, but no less than what carries the least window in each `min_rtt`, times `gain`: the
    /// estimate could not recover otherwise.
    pub(in crate::congestion) fn rate(
        &self,
        parameters: &Parameters,
        min_rtt: Duration,
        gain: f64,
    ) -> u64 {
        let least = rate_of(working_window(parameters), min_rtt).unwrap_or(0);
        self.rate.max(scale(least, gain))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RTT: Duration = Duration::from_millis(100);
    const PARAMETERS: Parameters = Parameters::new(1_000);

    fn rate(pacing: &Pacing) -> u64 {
        pacing.rate(&PARAMETERS, Duration::from_secs(1), 1.0)
    }

    #[test]
    fn the_first_rate_comes_from_the_initial_window() {
        let mut pacing = Pacing::new(2.0);
        assert_eq!(pacing.beginning(10_000, RTT), Some(200_000));
        assert_eq!(pacing.beginning(10_000, Duration::ZERO), None);
        assert!(!pacing.is_set());
        pacing.update(1, false, &PARAMETERS, RTT);
        assert!(pacing.is_set());
        assert_eq!(rate(&pacing), PARAMETERS.initial_window() * 20);
    }

    #[test]
    fn a_low_sample_counts_once_the_pipe_was_full() {
        let mut pacing = Pacing::new(2.0);
        pacing.update(1_000_000, false, &PARAMETERS, RTT);
        pacing.update(500_000, false, &PARAMETERS, RTT);
        assert_eq!(rate(&pacing), 1_000_000);
        pacing.update(500_000, true, &PARAMETERS, RTT);
        assert_eq!(rate(&pacing), 500_000);
        pacing.update(0, true, &PARAMETERS, RTT);
        assert_eq!(rate(&pacing), 500_000);
    }

    #[test]
    fn the_least_window_gets_through_in_each_round_trip() {
        let mut pacing = Pacing::new(2.0);
        pacing.update(100, true, &PARAMETERS, RTT);
        assert_eq!(pacing.rate(&PARAMETERS, RTT, 1.5), 60_000);
    }
}
