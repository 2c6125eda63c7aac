//! A sender with one controller, and the receiver that acknowledges to it.

use std::collections::VecDeque;

use crate::congestion::model::spread;
use crate::congestion::{AckSample, CongestionController, Controller, RttSample};
use crate::recovery::{Pacer, RateSampler, Rtt, Snapshot};
use crate::time::{Duration, Instant};

/// Packets by which a later one must be ahead for one to be lost (RFC 9002 section 6.1.1).
const REORDERING: u64 = 3;
/// How long the receiver may hold back an acknowledgement.
pub(super) const MAX_ACK_DELAY: Duration = Duration::from_millis(25);

/// What the application has to send.
#[derive(Clone, Copy, Debug)]
pub(super) enum Supply {
    /// Always more than fits.
    Endless,
    /// So many bytes per second.
    Rate(u64),
    /// Always more than fits, but nothing between two points in time.
    Rest(Instant, Instant),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Out,
    Acked,
    Lost,
}

#[derive(Clone, Copy, Debug)]
struct Record {
    sent: Instant,
    snapshot: Snapshot,
    fate: Fate,
}

/// The sending end.
pub(super) struct Flow {
    pub(super) controller: Controller,
    pub(super) in_flight: u64,
    pub(super) losses: u64,
    pub(super) receiver: Receiver,
    /// When the last acknowledgement under way arrives.
    pub(super) last_ack: Instant,
    start: Instant,
    size: u64,
    supply: Supply,
    sampler: RateSampler,
    pacer: Pacer,
    rtt: Rtt,
    records: VecDeque<Record>,
    /// The number of the first record.
    base: u64,
    largest_acked: Option<u64>,
    /// Window or pacer held sending back since the last acknowledgement.
    limited: bool,
    /// When to try again to send.
    wake: Option<Instant>,
    /// When something is lost, or a probe is due.
    timeout: Option<Instant>,
    /// Timeouts without an acknowledgement since.
    backoff: u32,
    /// Packets to be sent whatever the window says.
    probes: u32,
}

/// The receiving end.
#[derive(Default)]
pub(super) struct Receiver {
    pub(super) bytes: u64,
    expected: u64,
    pending: Vec<u64>,
}

impl Flow {
    pub(super) fn new(controller: Controller, size: u16, start: Instant, supply: Supply) -> Self {
        let pacer = Pacer::new(controller.window(), size);
        Self {
            controller,
            in_flight: 0,
            losses: 0,
            receiver: Receiver::default(),
            last_ack: start,
            start,
            size: u64::from(size),
            supply,
            sampler: RateSampler::new(),
            pacer,
            rtt: Rtt::new(Duration::from_millis(100)),
            records: VecDeque::new(),
            base: 0,
            largest_acked: None,
            limited: false,
            wake: Some(start),
            timeout: None,
            backoff: 0,
            probes: 0,
        }
    }

    /// When the sender wants to act next.
    pub(super) fn deadline(&self) -> Option<Instant> {
        [self.wake, self.timeout].into_iter().flatten().min()
    }

    /// Runs timers and sends; `out` gets the number of each packet.
    pub(super) fn act(&mut self, now: Instant, out: &mut Vec<u64>) {
        if self.timeout.is_some_and(|at| at <= now) {
            self.on_timeout(now);
        }
        self.wake = None;
        while self.may_send(now) {
            out.push(self.send(now));
        }
    }

    fn may_send(&mut self, now: Instant) -> bool {
        if self.probes > 0 {
            self.probes -= 1;
            return true;
        }
        let room = self.in_flight + self.size <= self.controller.window();
        if let Some(again) = self.starved_until(now) {
            if room {
                self.sampler.set_app_limited(self.in_flight);
            }
            self.wake = Some(again);
            return false;
        }
        if !room {
            self.limited = true;
            return false;
        }
        if let Some(at) = self.pacer.next_send_time(now, self.size) {
            self.limited = true;
            self.wake = Some(at);
            return false;
        }
        true
    }

    /// When the application has a packet's worth, if it has none now.
    fn starved_until(&self, now: Instant) -> Option<Instant> {
        match self.supply {
            Supply::Endless => None,
            Supply::Rest(from, until) => (from..until).contains(&now).then_some(until),
            Supply::Rate(rate) => {
                let sent = (self.base + self.records.len() as u64 + 1) * self.size;
                // No application is exact: flows that are would send in step.
                let late = spread(self.start, sent) % (2 * self.size * 1_000_000 / rate).max(1);
                let ready = self.start + Duration::from_micros(sent * 1_000_000 / rate + late);
                (ready > now).then_some(ready)
            }
        }
    }

    fn send(&mut self, now: Instant) -> u64 {
        let number = self.base + self.records.len() as u64;
        if self.in_flight == 0 && number > 0 {
            self.controller.on_idle_restart(now);
            self.pacer.set_rate(self.controller.pacing_rate(self.rtt.smoothed()));
        }
        let snapshot = self.sampler.on_sent(now, self.size, self.in_flight);
        self.records.push_back(Record { sent: now, snapshot, fate: Fate::Out });
        self.in_flight += self.size;
        self.pacer.on_sent(self.size);
        self.controller.on_sent(now, self.size, self.in_flight);
        self.arm();
        number
    }

    /// The acknowledgement of `numbers` arrives.
    pub(super) fn on_ack(&mut self, now: Instant, numbers: &[u64]) {
        let prior_in_flight = self.in_flight;
        let mut newest = None;
        let mut acked = 0;
        for number in numbers {
            let Some(index) = number.checked_sub(self.base) else { continue };
            let record = &mut self.records[index as usize];
            if record.fate == Fate::Out {
                acked += self.size;
                self.sampler.on_acked(now, &record.snapshot, record.sent, self.size);
                newest = newest.max(Some((*number, record.sent)));
            }
            record.fate = Fate::Acked;
        }
        let Some((number, sent)) = newest else { return };
        self.in_flight -= acked;
        if self.largest_acked < Some(number) {
            self.largest_acked = Some(number);
            self.rtt.update(now.saturating_since(sent), Duration::ZERO, now);
        }
        self.backoff = 0;
        self.detect_lost(now);
        let sample = AckSample {
            now,
            sent,
            bytes_acked: acked,
            prior_in_flight,
            in_flight: self.in_flight,
            app_limited: !std::mem::take(&mut self.limited),
            rtt: self.rtt_sample(),
            rate: self.sampler.sample(self.rtt.min()),
        };
        self.controller.on_ack(&sample);
        self.pacer.on_acked(now, acked);
        self.pacer.set_rate(self.controller.pacing_rate(self.rtt.smoothed()));
        self.arm();
    }

    fn rtt_sample(&self) -> RttSample {
        RttSample {
            latest: self.rtt.latest(),
            smoothed: self.rtt.smoothed(),
            variation: self.rtt.variation(),
            min: self.rtt.min(),
        }
    }

    fn detect_lost(&mut self, now: Instant) {
        let Some(largest) = self.largest_acked else { return };
        let delay = self.rtt.loss_delay(3);
        let (mut bytes, mut latest) = (0, None);
        let behind = largest.saturating_sub(self.base) as usize;
        for (index, record) in self.records.iter_mut().take(behind).enumerate() {
            let overtaken = self.base + index as u64 + REORDERING <= largest;
            if record.fate == Fate::Out && (overtaken || record.sent + delay <= now) {
                record.fate = Fate::Lost;
                bytes += self.size;
                latest = Some(record.sent);
                self.sampler.on_lost(1, self.size);
                self.losses += 1;
            }
        }
        while self.records.front().is_some_and(|record| record.fate != Fate::Out) {
            if self.base > largest {
                break;
            }
            self.records.pop_front();
            self.base += 1;
        }
        if let Some(sent) = latest {
            self.in_flight -= bytes;
            self.controller.on_congestion_event(now, sent, bytes);
        }
    }

    fn on_timeout(&mut self, now: Instant) {
        let before = self.losses;
        self.detect_lost(now);
        if self.losses == before {
            self.probes = 2;
            self.backoff += 1;
        }
        self.pacer.set_rate(self.controller.pacing_rate(self.rtt.smoothed()));
        self.arm();
    }

    fn arm(&mut self) {
        let oldest = self.records.iter().enumerate().find(|(_, record)| record.fate == Fate::Out);
        let Some((index, oldest)) = oldest else {
            self.timeout = None;
            return;
        };
        let overtaken = self.largest_acked > Some(self.base + index as u64);
        let last = self.records.back().map_or(oldest.sent, |record| record.sent);
        let probe = (self.rtt.pto_base() + MAX_ACK_DELAY).saturating_mul(1 << self.backoff.min(6));
        self.timeout =
            Some(if overtaken { oldest.sent + self.rtt.loss_delay(3) } else { last + probe });
    }
}

impl Receiver {
    /// Packet `number` of `size` bytes arrives; what to acknowledge at once.
    pub(super) fn on_arrival(&mut self, number: u64, size: u64) -> Option<Vec<u64>> {
        self.bytes += size;
        self.pending.push(number);
        let gap = number != self.expected;
        self.expected = number + 1;
        (gap || self.pending.len() >= 2).then(|| std::mem::take(&mut self.pending))
    }

    /// The delay for `number` is over; what to acknowledge now.
    pub(super) fn on_ack_due(&mut self, number: u64) -> Option<Vec<u64>> {
        (self.pending.first() == Some(&number)).then(|| std::mem::take(&mut self.pending))
    }
}
