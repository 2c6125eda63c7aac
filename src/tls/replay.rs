//! Which first flights with 0-RTT have been seen.
//!
//! Whoever repeats the first flight of a client makes a server act on its early data once more
//! (RFC 8446 section 8). A flight is told by the random of its ClientHello; one that was seen gets
//! no early data accepted, and its sender, who has no keys, cannot go on. BoringSSL in turn rejects
//! early data of tickets whose age does not fit by more than a minute, so flights need not be
//! remembered for long. Only flights whose sender knows the ticket's secret are, so that nobody else
//! can have the others forgotten.
//!
//! Other processes with the same ticket key do not know what was seen here: a host that cannot bear
//! any repetition waits for the handshake, or refuses 0-RTT.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Flights that are remembered at least, and at most twice as many.
const MAX_REMEMBERED: usize = 32 * 1024;

/// What stands for a flight: enough of its random that no two have the same by chance.
type Mark = [u8; 16];

/// The flights seen of late, in two generations, of which the older one goes when the newer is full.
#[derive(Debug, Default)]
pub(super) struct ReplayRegister(Mutex<Generations>);

#[derive(Debug, Default)]
struct Generations {
    current: HashSet<Mark>,
    previous: HashSet<Mark>,
}

impl ReplayRegister {
    /// True if the flight with this random was entered.
    pub fn has(&self, random: &[u8]) -> bool {
        random.first_chunk().is_none_or(|mark| self.generations().has(mark))
    }

    /// Enters the flight with this random. False if it was there already.
    pub fn enter(&self, random: &[u8]) -> bool {
        let Some(mark) = random.first_chunk::<16>() else { return false };
        let mut seen = self.generations();
        if seen.has(mark) {
            return false;
        }
        if seen.current.len() >= MAX_REMEMBERED {
            seen.previous = std::mem::take(&mut seen.current);
        }
        seen.current.insert(*mark)
    }

    fn generations(&self) -> MutexGuard<'_, Generations> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Generations {
    fn has(&self, mark: &Mark) -> bool {
        self.previous.contains(mark) || self.current.contains(mark)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn random(n: usize) -> [u8; 32] {
        let mut random = [0; 32];
        random[..8].copy_from_slice(&n.to_le_bytes());
        random
    }

    #[test]
    fn a_flight_enters_once() {
        let register = ReplayRegister::default();
        assert!(!register.has(&random(1)));
        assert!(register.enter(&random(1)));
        assert!(register.has(&random(1)));
        assert!(!register.enter(&random(1)));
        assert!(register.enter(&random(2)));
        assert!(!register.enter(b"short"));
    }

    #[test]
    fn the_last_flights_are_remembered_and_the_oldest_go() {
        let register = ReplayRegister::default();
        for n in 0..3 * MAX_REMEMBERED {
            assert!(register.enter(&random(n)));
        }
        assert!(!register.enter(&random(2 * MAX_REMEMBERED)));
        assert!(register.enter(&random(0)));
        let seen = register.0.lock().unwrap();
        assert!(seen.current.len() + seen.previous.len() <= 2 * MAX_REMEMBERED);
    }
}
