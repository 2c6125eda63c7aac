//! Receive windows that follow the path and the host's rates (RFC 9000 section 4.2).

use super::control::Control;
use super::flow::Bounds;
use super::state::RecvState;
use super::streams::Streams;
use super::StreamKey;
use crate::time::{Duration, Instant};

/// How much the host wants to receive, beside what the limits say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReceiveRates {
    /// Bytes per second on all streams together; 0 for no bound.
    pub connection: u64,
    /// The least window, in bytes, of a stream with a bound of its own.
    pub least_stream_window: u64,
}

/// What a stream's window grows to by itself, in bytes.
const MAX_STREAM_WINDOW: u64 = 16 << 20;
/// What the connection's window grows to by itself, in bytes: one stream at its own limit must not
/// be all that goes.
const MAX_CONNECTION_WINDOW: u64 = MAX_STREAM_WINDOW / 2 * 3;
/// What the connection's window has at least where the host bounds its rate, in bytes.
const MIN_CONNECTION_WINDOW: u64 = 63_000;

impl Streams {
    /// Bounds what is received. The connection's first window is that of the limits.
    pub fn set_receive_rates(&mut self, rates: ReceiveRates) {
        self.window.set_rate(rates.connection);
        self.least_stream_window = rates.least_stream_window;
    }

    /// Bounds the rate at which a stream receives, in bytes per second, 0 for no bound, and tells
    /// the peer at once if that gives it more credit. `rtt` is the path's round-trip time.
    pub fn set_receive_rate(&mut self, key: StreamKey, rate: u64, rtt: Duration) {
        let bounds = self.stream_bounds();
        let Some(slot) = self.slots.find(key) else { return };
        let Some(recv) = self.slots[slot].recv.get_mut() else { return };
        recv.window.set_rate(rate);
        let more = match rate {
            0 => recv.window.resize(MAX_STREAM_WINDOW),
            _ => recv.window.follow_rate(rtt, bounds),
        };
        if more && recv.state == RecvState::Recv {
            self.queue_control(slot, Control::MAX_DATA);
        }
    }

    fn stream_bounds(&self) -> Bounds {
        Bounds { least: self.least_stream_window, most: MAX_STREAM_WINDOW }
    }

    /// Fits receive windows whose updates wait to be sent to the path: they double when half of
    /// them was consumed within two round trips, or follow the host's rate. To be called before
    /// [`Self::write_frames`]; without it windows keep their size.
    pub fn tune_windows(&mut self, now: Instant, rtt: Duration) {
        if self.control.contains(Control::MAX_DATA) {
            let bounds = Bounds { least: MIN_CONNECTION_WINDOW, most: MAX_CONNECTION_WINDOW };
            self.window.tune(now, rtt, bounds);
        }
        let bounds = self.stream_bounds();
        let mut next = self.controlled.first();
        while let Some(slot) = next {
            let stream = &mut self.slots[slot];
            if stream.control.contains(Control::MAX_DATA) {
                if let Some(recv) = stream.recv.get_mut() {
                    recv.window.tune(now, rtt, bounds);
                }
            }
            next = self.controlled.after(&self.slots, slot);
        }
    }
}
