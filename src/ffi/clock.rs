//! The host's clock, or the system's if it has none.

use std::cell::Cell;

use crate::engine::UnixTime;
use crate::time::{Duration, Instant};

use super::abi::{xqc_engine_callback_t, xqc_timestamp_pt};

/// How far a packet's time stamp may be behind our own clock before it is not believed: it comes
/// from the kernel or the network card, perhaps of another clock altogether.
const MAX_AGE: Duration = Duration::from_secs(1);

/// A time stamp that is later than the last reading by no more than this is believed without
/// reading the clock again, so that a train of packets costs one reading.
const MAX_LEAD: Duration = Duration::from_millis(100);

/// Where an engine reads the time.
pub(super) struct Clock {
    source: xqc_timestamp_pt,
    /// The host's real time.
    real: xqc_timestamp_pt,
    /// The last reading; no stamp is later before the first one.
    last: Cell<Instant>,
}

impl Clock {
    /// The clock of `callbacks`.
    pub fn new(callbacks: &xqc_engine_callback_t) -> Self {
        Self {
            source: callbacks.monotonic_ts,
            real: callbacks.realtime_ts,
            last: Cell::new(Instant::from_micros(u64::MAX)),
        }
    }

    /// The time now.
    #[inline]
    pub fn now(&self) -> Instant {
        let micros = match self.source {
            // SAFETY: the host gave this function as its clock; it takes nothing.
            Some(read) => unsafe { read() },
            None => system_micros(),
        };
        let now = Instant::from_micros(micros);
        self.last.set(now);
        now
    }

    /// The time of the last reading, for what need not be told apart from it.
    #[inline]
    pub fn last(&self) -> Instant {
        let last = self.last.get();
        // Before the first reading.
        if last.as_micros() == u64::MAX {
            self.now()
        } else {
            last
        }
    }

    /// Real time, which other processes and machines agree on.
    pub fn wall(&self) -> UnixTime {
        let micros = match self.real {
            // SAFETY: the host gave this function as its clock; it takes nothing.
            Some(read) => unsafe { read() },
            None => system_micros(),
        };
        UnixTime(micros / 1_000_000)
    }

    /// The time of a packet that the host says came at `stamp` microseconds: that time if it is
    /// near our own, else now.
    #[inline]
    pub fn at(&self, stamp: u64) -> Instant {
        let stamp = Instant::from_micros(stamp);
        let last = self.last.get();
        if stamp >= last && stamp.saturating_since(last) <= MAX_LEAD {
            return stamp;
        }
        let now = self.now();
        if now.saturating_since(stamp) > MAX_AGE {
            return now;
        }
        now.min(stamp)
    }
}

/// Microseconds since 1970, as upstream's default clock has it: hosts compare.
pub(super) fn system_micros() -> u64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| since.as_micros() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ffi::abi::Zeroable;

    unsafe extern "C" fn ten_seconds() -> u64 {
        10_000_000
    }

    fn clock() -> Clock {
        let callbacks = xqc_engine_callback_t { monotonic_ts: Some(ten_seconds), ..Zeroable::ZERO };
        Clock::new(&callbacks)
    }

    #[test]
    fn a_stamp_near_our_clock_is_believed() {
        let clock = clock();
        assert_eq!(clock.at(9_500_000), Instant::from_micros(9_500_000));
        assert_eq!(clock.at(10_050_000), Instant::from_micros(10_050_000));
    }

    #[test]
    fn a_stamp_of_another_clock_is_not() {
        let clock = clock();
        assert_eq!(clock.at(0), Instant::from_micros(10_000_000));
        assert_eq!(clock.at(1_700_000_000_000_000), Instant::from_micros(10_000_000));
    }
}
