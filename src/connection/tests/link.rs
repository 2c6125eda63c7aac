//! A link between two ends: delays, loses, reorders and duplicates datagrams as a seed says.

use std::collections::BTreeMap;

use crate::recovery::EcnCodepoint;
use crate::time::{Duration, Instant};
use crate::wire::Role;

use super::net::Mail;

/// How a link treats datagrams. Chances are in thousandths.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weather {
    pub(crate) seed: u64,
    /// How long a datagram takes.
    pub(crate) latency: Duration,
    /// It never arrives.
    pub(crate) loss: u64,
    /// It takes up to three times as long, so that later ones overtake it.
    pub(crate) reorder: u64,
    /// It arrives twice.
    pub(crate) duplicate: u64,
    /// Bytes a second in each direction; 0 means without limit.
    pub(crate) rate: u64,
    /// Bytes that may wait where the rate is limited; what exceeds them is lost.
    pub(crate) queue: u64,
    /// The largest datagram that arrives at all.
    pub(crate) mtu: usize,
    /// What becomes of ECN marks.
    pub(crate) marks: Marks,
}

/// How a link treats ECN marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Marks {
    /// It leaves them alone.
    Keep,
    /// It takes them off.
    Clear,
    /// It makes ECT(1) of ECT(0).
    Rewrite,
    /// It drops what is marked.
    Drop,
    /// It marks so many datagrams in a thousand as having met congestion.
    Congest(u64),
}

impl Default for Weather {
    fn default() -> Self {
        Self {
            seed: 1,
            latency: Duration::from_millis(10),
            loss: 0,
            reorder: 0,
            duplicate: 0,
            rate: 0,
            queue: 0,
            mtu: usize::MAX,
            marks: Marks::Keep,
        }
    }
}

/// Datagrams under way in both directions.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) weather: Weather,
    state: u64,
    count: u64,
    /// When the queue towards client and server will be empty.
    busy_until: [Instant; 2],
    /// Datagrams the queue had no room for.
    pub(crate) overflows: u64,
    wire: BTreeMap<(Instant, u64), (Role, Mail)>,
}

impl Link {
    pub(crate) fn new(weather: Weather) -> Self {
        Self {
            weather,
            state: weather.seed,
            count: 0,
            busy_until: [Instant::default(); 2],
            overflows: 0,
            wire: BTreeMap::new(),
        }
    }

    /// Sends `datagram` to `to`.
    pub(crate) fn carry(&mut self, now: Instant, to: Role, mut datagram: Mail) {
        if datagram.bytes.len() > self.weather.mtu || self.happens(self.weather.loss) {
            return;
        }
        if datagram.ecn != EcnCodepoint::NotEct {
            match self.weather.marks {
                Marks::Keep => {}
                Marks::Clear => datagram.ecn = EcnCodepoint::NotEct,
                Marks::Rewrite => datagram.ecn = EcnCodepoint::Ect1,
                Marks::Drop => return,
                Marks::Congest(chance) => {
                    if self.happens(chance) {
                        datagram.ecn = EcnCodepoint::Ce;
                    }
                }
            }
        }
        let Some(leaves) = self.queue(now, to, datagram.bytes.len() as u64) else {
            self.overflows += 1;
            return;
        };
        if self.happens(self.weather.duplicate) {
            self.schedule(leaves, to, datagram.clone());
        }
        self.schedule(leaves, to, datagram);
    }

    /// When a datagram of `len` bytes has left the queue towards `to`; `None` if it finds no room.
    fn queue(&mut self, now: Instant, to: Role, len: u64) -> Option<Instant> {
        let Weather { rate, queue, .. } = self.weather;
        if rate == 0 {
            return Some(now);
        }
        let busy_until = &mut self.busy_until[to as usize];
        let waiting = busy_until.saturating_since(now).as_micros() * rate / 1_000_000;
        if waiting + len > queue {
            return None;
        }
        *busy_until = (*busy_until).max(now) + Duration::from_micros(len * 1_000_000 / rate);
        Some(*busy_until)
    }

    fn schedule(&mut self, now: Instant, to: Role, datagram: Mail) {
        let mut delay = self.weather.latency;
        if self.happens(self.weather.reorder) {
            let extra = self.next() % (2 * delay.as_micros() + 1);
            delay = delay + Duration::from_micros(extra);
        }
        self.count += 1;
        self.wire.insert((now + delay, self.count), (to, datagram));
    }

    /// When the next datagram arrives.
    pub(crate) fn next_arrival(&self) -> Option<Instant> {
        self.wire.first_key_value().map(|((at, _), _)| *at)
    }

    /// The next datagram that has arrived.
    pub(crate) fn arrived(&mut self, now: Instant) -> Option<(Role, Mail)> {
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
