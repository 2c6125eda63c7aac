//! The credit we give the peer: windows that follow the round-trip time and the host's rates.

use crate::stream::StreamKey;
use crate::time::{Duration, Instant};
use crate::wire::{Direction, Role, StreamId};

use super::Connection;

/// The round-trip time that rates are turned into windows with before there is a sample.
const ASSUMED_RTT: Duration = Duration::from_millis(60);

impl Connection {
    /// Fits the windows whose updates are about to be sent to the path and to the host's rates.
    #[cold]
    pub(super) fn tune_windows(&mut self, now: Instant) {
        let rtt = self.credit_rtt();
        self.streams.tune_windows(now, rtt);
    }

    /// Bounds the rate at which stream data is received, in bytes per second; 0 for no bound.
    /// Returns false if the settings of the connection do not allow rates of streams.
    pub fn set_receive_rate(&mut self, key: StreamKey, rate: u64) -> bool {
        if self.settings.limited_stream_window.is_none() {
            return false;
        }
        let rtt = self.credit_rtt();
        self.streams.set_receive_rate(key, rate, rtt);
        true
    }

    /// Opens the window of a new stream of ours as far as the host wants: the transport parameters
    /// have told the peer the least only, so that the host can choose stream by stream.
    pub fn open_receive_window(&mut self, key: StreamKey, rate: u64) {
        let direction = self.streams.id(key).map(StreamId::direction);
        if self.role == Role::Client && direction == Some(Direction::Bidirectional) {
            self.set_receive_rate(key, rate);
        }
    }

    fn credit_rtt(&self) -> Duration {
        let rtt = &self.path.rtt;
        if rtt.has_sample() {
            rtt.smoothed()
        } else {
            ASSUMED_RTT
        }
    }
}
