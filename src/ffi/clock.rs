//! The host's clock, or the system's if it has none.

use crate::time::{Duration, Instant};

use super::abi::{xqc_engine_callback_t, xqc_timestamp_pt};

/// How far a packet's time stamp may be off our own clock before it is not believed: it comes from
/// the kernel or the network card, perhaps of another clock altogether.
const MAX_SKEW: Duration = Duration::from_secs(1);

/// Where an engine reads the time.
pub(super) struct Clock {
    source: xqc_timestamp_pt,
}

impl Clock {
    /// The clock of `callbacks`.
    pub fn new(callbacks: &xqc_engine_callback_t) -> Self {
        Self { source: callbacks.monotonic_ts }
    }

    /// The time now.
    #[inline]
    pub fn now(&self) -> Instant {
        let micros = match self.source {
            // SAFETY: the host gave this function as its clock; it takes nothing.
            Some(read) => unsafe { read() },
            None => system_micros(),
        };
        Instant::from_micros(micros)
    }

    /// The time of a packet that the host says came at `stamp` microseconds: never later than now,
    /// and now if the stamp is of another clock.
    #[inline]
    pub fn at(&self, stamp: u64) -> Instant {
        let now = self.now();
        let stamp = Instant::from_micros(stamp);
        if now.saturating_since(stamp) > MAX_SKEW {
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
