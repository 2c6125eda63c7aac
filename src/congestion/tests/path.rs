//! A path in virtual time: one bottleneck with a tail-drop queue, shared by several flows.
//!
//! Everything follows from the seed of the random losses, so each run repeats exactly.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::flow::{Flow, Supply, MAX_ACK_DELAY};
use crate::congestion::Controller;
use crate::time::{Duration, Instant};

/// The bottleneck.
#[derive(Clone, Copy, Debug)]
pub(super) struct Link {
    /// Bytes per second.
    pub(super) rate: u64,
    /// The round-trip time without a queue.
    pub(super) rtt: Duration,
    /// Bytes that the queue holds.
    pub(super) queue: u64,
    /// Packets in a million that are lost by chance.
    pub(super) loss: u64,
    /// Bytes in a packet.
    pub(super) packet: u16,
}

impl Link {
    /// Bytes that fill the pipe without a queue.
    pub(super) fn bdp(&self) -> u64 {
        self.rate * self.rtt.as_micros() / 1_000_000
    }
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Arrival { number: u64 },
    AckDue { number: u64 },
    Ack { numbers: Vec<u64> },
}

/// The bottleneck, its flows, and what is under way.
pub(super) struct Path {
    pub(super) now: Instant,
    pub(super) flows: Vec<Flow>,
    link: Link,
    /// When the queue will be empty, in nanoseconds.
    busy_until: u64,
    /// Time, order of creation, flow, event.
    events: BinaryHeap<Reverse<(Instant, u64, usize, Event)>>,
    created: u64,
    random: u64,
    /// Packets the queue had no room for.
    pub(super) overflows: u64,
    /// `Receiver::bytes` of each flow at the last [`Path::observe`].
    seen: Vec<u64>,
    observed: Instant,
}

/// What happened in a stretch of time.
#[derive(Clone, Debug)]
pub(super) struct Observation {
    /// Bytes delivered for each flow.
    pub(super) delivered: Vec<u64>,
    /// The part of the link that was used.
    pub(super) utilisation: f64,
}

impl Observation {
    /// The first flow's part of what was delivered.
    pub(super) fn share(&self) -> f64 {
        self.delivered[0] as f64 / self.delivered.iter().sum::<u64>() as f64
    }
}

/// Acknowledgements are late by up to so many microseconds. Without it, flows that are alike run in
/// step, and which one finds the queue full is no matter of chance.
const JITTER: u64 = 500;

pub(super) const START: Instant = Instant::from_micros(1_000_000_000);

impl Path {
    pub(super) fn new(link: Link) -> Self {
        Self {
            now: START,
            flows: Vec::new(),
            link,
            busy_until: 0,
            events: BinaryHeap::new(),
            created: 0,
            random: 0x9e37_79b9_7f4a_7c15,
            overflows: 0,
            seen: Vec::new(),
            observed: START,
        }
    }

    /// Draws other losses and delays than without.
    pub(super) fn seeded(mut self, seed: u64) -> Self {
        self.random ^= seed.wrapping_mul(0xd134_2543_de82_ef95);
        self
    }

    /// Adds a flow that begins `after` the start.
    pub(super) fn with(mut self, controller: Controller, after: Duration, supply: Supply) -> Self {
        self.flows.push(Flow::new(controller, self.link.packet, START + after, supply));
        self.seen.push(0);
        self
    }

    /// Runs for `span` and tells what happened in it.
    pub(super) fn observe(&mut self, span: Duration) -> Observation {
        self.seen = self.flows.iter().map(|flow| flow.receiver.bytes).collect();
        self.observed = self.now;
        self.run(span);
        let delivered: Vec<u64> = self
            .flows
            .iter()
            .zip(&self.seen)
            .map(|(flow, seen)| flow.receiver.bytes - seen)
            .collect();
        let possible = self.link.rate as f64 * span.as_secs_f64();
        let utilisation = delivered.iter().sum::<u64>() as f64 / possible;
        Observation { delivered, utilisation }
    }

    /// Runs for `span`.
    pub(super) fn run(&mut self, span: Duration) {
        let end = self.now + span;
        while self.step(end) {}
        self.now = end;
    }

    /// Bytes in the queue.
    pub(super) fn queued(&self) -> u64 {
        let nanos = self.busy_until.saturating_sub(self.now.as_micros() * 1_000);
        (u128::from(nanos) * u128::from(self.link.rate) / 1_000_000_000) as u64
    }

    /// The next thing that happens before `end`.
    fn step(&mut self, end: Instant) -> bool {
        let timer = (0..self.flows.len())
            .filter_map(|flow| Some((self.flows[flow].deadline()?, flow)))
            .min();
        let event = self.events.peek().map(|Reverse(event)| event.0);
        let Some(at) = timer.map(|timer| timer.0).into_iter().chain(event).min() else {
            return false;
        };
        if at >= end {
            return false;
        }
        self.now = self.now.max(at);
        match self.events.pop() {
            Some(Reverse((due, _, flow, event))) if due == at => self.apply(flow, event),
            other => {
                self.events.extend(other);
                self.act(timer.map_or(0, |timer| timer.1));
            }
        }
        true
    }

    fn apply(&mut self, flow: usize, event: Event) {
        let receiver = &mut self.flows[flow].receiver;
        let numbers = match event {
            Event::Arrival { number } => {
                let numbers = receiver.on_arrival(number, u64::from(self.link.packet));
                if numbers.is_none() {
                    self.schedule(self.now + MAX_ACK_DELAY, flow, Event::AckDue { number });
                }
                numbers
            }
            Event::AckDue { number } => receiver.on_ack_due(number),
            Event::Ack { numbers } => {
                self.flows[flow].on_ack(self.now, &numbers);
                self.act(flow);
                None
            }
        };
        if let Some(numbers) = numbers {
            let at =
                self.now + self.link.rtt.div(2) + Duration::from_micros(self.chance() % JITTER);
            let at = at.max(self.flows[flow].last_ack);
            self.flows[flow].last_ack = at;
            self.schedule(at, flow, Event::Ack { numbers });
        }
    }

    fn act(&mut self, flow: usize) {
        let mut sent = Vec::new();
        self.flows[flow].act(self.now, &mut sent);
        for number in sent {
            self.transmit(flow, number);
        }
    }

    fn transmit(&mut self, flow: usize, number: u64) {
        let size = u64::from(self.link.packet);
        if self.chance() < self.link.loss {
            return;
        }
        let queued = self.queued() + size;
        if queued > self.link.queue {
            self.overflows += 1;
            return;
        }
        let service = size * 1_000_000_000 / self.link.rate;
        self.busy_until = self.busy_until.max(self.now.as_micros() * 1_000) + service;
        let leaves = Instant::from_micros(self.busy_until.div_ceil(1_000));
        self.schedule(leaves + self.link.rtt.div(2), flow, Event::Arrival { number });
    }

    fn schedule(&mut self, at: Instant, flow: usize, event: Event) {
        self.created += 1;
        self.events.push(Reverse((at, self.created, flow, event)));
    }

    /// A number below a million, each equally likely (xorshift64).
    fn chance(&mut self) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random % 1_000_000
    }
}
