//! The deadlines of a connection: a fixed array, the next one is its minimum.

use crate::time::Instant;

/// What a deadline is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timer {
    /// A packet counts as lost, or a probe is due (RFC 9002 section 6).
    LossDetection,
    /// A delayed ACK is due.
    AckDelay,
    /// Nothing was heard for too long (RFC 9000 section 10.1).
    Idle,
    /// The closing or draining period ends (RFC 9000 section 10.2).
    Close,
    /// A close that waited for queued data waits no longer.
    Linger,
    /// The pacer lets the next packet go.
    Pacing,
    /// A PING keeps the connection from going idle.
    KeepAlive,
    /// Old 1-RTT read keys are dropped (RFC 9001 section 6.5).
    KeyDiscard,
    /// A path has to be validated, or is no longer of use (RFC 9000 section 8.2).
    PathValidation,
    /// A connection that has become quiet gives memory back.
    Quiet,
    /// No datagram was sent for a while: the last one is repeated.
    DatagramProbe,
    /// The search for the path MTU goes on.
    MtuSearch,
}

impl Timer {
    const COUNT: usize = 12;

    const ALL: [Self; Self::COUNT] = [
        Self::LossDetection,
        Self::AckDelay,
        Self::Idle,
        Self::Close,
        Self::Linger,
        Self::Pacing,
        Self::KeepAlive,
        Self::KeyDiscard,
        Self::PathValidation,
        Self::Quiet,
        Self::DatagramProbe,
        Self::MtuSearch,
    ];
}

/// Marks a timer that is not set; also orders after every real deadline.
const UNSET: u64 = u64::MAX;

/// All timers of a connection.
#[derive(Debug)]
pub struct Timers {
    deadlines: [u64; Timer::COUNT],
}

impl Default for Timers {
    fn default() -> Self {
        Self { deadlines: [UNSET; Timer::COUNT] }
    }
}

impl Timers {
    /// Sets `timer`, replacing its deadline.
    #[inline]
    pub fn set(&mut self, timer: Timer, deadline: Instant) {
        self.deadlines[timer as usize] = deadline.as_micros();
    }

    /// Sets `timer` or clears it.
    #[inline]
    pub fn set_or_clear(&mut self, timer: Timer, deadline: Option<Instant>) {
        self.deadlines[timer as usize] = deadline.map_or(UNSET, Instant::as_micros);
    }

    /// Clears `timer`.
    #[inline]
    pub fn clear(&mut self, timer: Timer) {
        self.deadlines[timer as usize] = UNSET;
    }

    /// Clears every timer.
    pub fn clear_all(&mut self) {
        self.deadlines = [UNSET; Timer::COUNT];
    }

    /// True if `timer` is set.
    #[inline]
    pub fn is_set(&self, timer: Timer) -> bool {
        self.deadlines[timer as usize] != UNSET
    }

    /// The earliest deadline of all.
    #[inline]
    pub fn next(&self) -> Option<Instant> {
        let earliest = self.deadlines.iter().copied().min().unwrap_or(UNSET);
        (earliest != UNSET).then(|| Instant::from_micros(earliest))
    }

    /// Clears and returns a timer whose deadline has come.
    pub fn expire(&mut self, now: Instant) -> Option<Timer> {
        let index = self.deadlines.iter().position(|deadline| *deadline <= now.as_micros())?;
        self.deadlines[index] = UNSET;
        Timer::ALL.get(index).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(micros: u64) -> Instant {
        Instant::from_micros(micros)
    }

    #[test]
    fn the_next_deadline_is_the_earliest() {
        let mut timers = Timers::default();
        assert_eq!(timers.next(), None);
        timers.set(Timer::Idle, at(30));
        timers.set(Timer::AckDelay, at(10));
        assert_eq!(timers.next(), Some(at(10)));
        timers.clear(Timer::AckDelay);
        assert_eq!(timers.next(), Some(at(30)));
    }

    #[test]
    fn each_timer_expires_once() {
        let mut timers = Timers::default();
        for timer in Timer::ALL {
            timers.set(timer, at(timer as u64 + 1));
        }
        assert_eq!(timers.expire(at(0)), None);
        let mut expired = Vec::new();
        while let Some(timer) = timers.expire(at(100)) {
            expired.push(timer);
        }
        assert_eq!(expired, Timer::ALL);
        assert_eq!(timers.next(), None);
    }
}
