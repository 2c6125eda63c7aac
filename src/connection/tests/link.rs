//! A link between two ends: delays, loses, reorders and duplicates datagrams as a seed says.

use std::collections::BTreeMap;

use crate::time::{Duration, Instant};
use crate::wire::Role;

/// How a link treats datagrams. Chances are in thousandths.
#[derive(Clone, Copy, Debug)]
pub(super) struct Weather {
    pub(super) seed: u64,
    /// How long a datagram takes.
    pub(super) latency: Duration,
    /// It never arrives.
    pub(super) loss: u64,
    /// It takes up to three times as long, so that later ones overtake it.
    pub(super) reorder: u64,
    /// It arrives twice.
    pub(super) duplicate: u64,
}

impl Default for Weather {
    fn default() -> Self {
        Self { seed: 1, latency: Duration::from_millis(10), loss: 0, reorder: 0, duplicate: 0 }
    }
}

/// Datagrams under way in both directions.
#[derive(Debug)]
pub(super) struct Link {
    weather: Weather,
    state: u64,
    count: u64,
    wire: BTreeMap<(Instant, u64), (Role, Vec<u8>)>,
}

impl Link {
    pub(super) fn new(weather: Weather) -> Self {
        Self { weather, state: weather.seed, count: 0, wire: BTreeMap::new() }
    }

    /// Sends `datagram` to `to`.
    pub(super) fn carry(&mut self, now: Instant, to: Role, datagram: Vec<u8>) {
        if self.happens(self.weather.loss) {
            return;
        }
        if self.happens(self.weather.duplicate) {
            self.schedule(now, to, datagram.clone());
        }
        self.schedule(now, to, datagram);
    }

    fn schedule(&mut self, now: Instant, to: Role, datagram: Vec<u8>) {
        let mut delay = self.weather.latency;
        if self.happens(self.weather.reorder) {
            let extra = self.next() % (2 * delay.as_micros() + 1);
            delay = delay + Duration::from_micros(extra);
        }
        self.count += 1;
        self.wire.insert((now + delay, self.count), (to, datagram));
    }

    /// When the next datagram arrives.
    pub(super) fn next_arrival(&self) -> Option<Instant> {
        self.wire.first_key_value().map(|((at, _), _)| *at)
    }

    /// The next datagram that has arrived.
    pub(super) fn arrived(&mut self, now: Instant) -> Option<(Role, Vec<u8>)> {
        self.next_arrival().filter(|at| *at <= now)?;
        self.wire.pop_first().map(|(_, arrival)| arrival)
    }

    fn happens(&mut self, chance: u64) -> bool {
        chance > 0 && self.next() % 1000 < chance
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
