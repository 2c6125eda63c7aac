//! Losses and probe timeouts (RFC 9002 section 6), over all packet number spaces.

use smallvec::SmallVec;

use crate::congestion::CongestionController;
use crate::observe::Kind;
use crate::recovery::{loss_timer, Handshake, LossTimer, ProbeTimes, Space, SpaceTimer};
use crate::time::{Duration, Instant};

use super::token::Token;
use super::{Connection, State, Timer};

/// Probes sent for one timeout (RFC 9002 section 6.2.4 allows up to two).
const PROBES_PER_TIMEOUT: u8 = 2;

impl Connection {
    /// Declares lost what the last ACK, or time, has overtaken.
    #[inline]
    pub(super) fn detect_lost(&mut self, now: Instant, id: Space) {
        let rtt = self.path.rtt.clone();
        let (reordering, max_ack_delay) = (self.path.reordering, self.peer.max_ack_delay);
        let traced = self.tracer.is_some();
        let Some((sent, mut subjects)) = self.split(id) else { return };
        let before = sent.bytes_in_flight();
        let mut packets = 0;
        let mut numbers = Vec::new();
        let outcome = sent.detect_lost(now, &rtt, reordering, max_ack_delay, |lost| {
            packets += 1;
            if traced {
                numbers.push(lost.packet_number);
            }
            for token in lost.tokens {
                subjects.on_lost(token);
            }
            subjects.on_packet_lost(id, lost.packet_number, &lost.packet);
        });
        if packets == 0 {
            return;
        }
        let left = before - sent.bytes_in_flight();
        self.stats.packets_lost += packets;
        self.loss_timer_stale = true;
        let path = &mut self.path;
        path.bytes_in_flight = path.bytes_in_flight.saturating_sub(left);
        if let Some(latest) = outcome.latest_sent {
            if let Some(sampler) = &mut path.sampler {
                sampler.on_lost(outcome.packets, outcome.bytes);
            }
            path.controller.on_congestion_event(now, latest, outcome.bytes);
        }
        if outcome.persistent_congestion {
            path.controller.on_persistent_congestion(now);
            path.rtt.restart();
        }
        path.update_pacing_rate();
        if traced {
            self.trace_losses(id, &numbers);
        }
    }

    /// The probe timeout of 1-RTT packets, without backoff, as RFC 9002 has it: periods that are
    /// counted in it are not cut short by an impatient host.
    pub fn probe_timeout(&self) -> Duration {
        self.path.rtt.pto_base() + self.peer.max_ack_delay
    }

    /// Sets the loss timer to the next loss or probe.
    pub(super) fn rearm_loss_timer(&mut self, now: Instant) {
        self.loss_timer_stale = false;
        if !self.state.is_open() {
            return;
        }
        let timer = self.loss_timer(now);
        if self.tracer.is_some() {
            self.trace_loss_timer(now, &timer);
        }
        let deadline = match timer {
            LossTimer::Idle => None,
            LossTimer::Loss { at, .. } | LossTimer::Probe { at, .. } => Some(at),
        };
        self.timers.set_or_clear(Timer::LossDetection, deadline);
    }

    fn loss_timer(&mut self, now: Instant) -> LossTimer {
        let spaces: SmallVec<[SpaceTimer; 3]> =
            Space::ALL.into_iter().filter_map(|id| self.space_timer(id)).collect();
        let budget = self.path.amplification.budget();
        let handshake = Handshake {
            confirmed: self.state == State::Confirmed,
            peer_validated_address: self.peer_completed_validation(),
            at_amplification_limit: budget < self.least_datagram() as u64,
            has_handshake_keys: self
                .early_space(Space::Handshake)
                .is_some_and(|space| space.local.is_some()),
        };
        let times = ProbeTimes {
            policy: &self.settings.probes,
            rtt: &self.path.rtt,
            max_ack_delay: self.peer.max_ack_delay,
            count: self.path.pto_count,
        };
        loss_timer(&spaces, handshake, &times, now)
    }

    fn space_timer(&mut self, id: Space) -> Option<SpaceTimer> {
        let sent = &self.space(id)?.sent;
        Some(SpaceTimer {
            space: id,
            loss_time: sent.loss_time(),
            last_ack_eliciting: sent.time_of_last_ack_eliciting(),
            ack_eliciting_in_flight: sent.ack_eliciting_in_flight() > 0,
        })
    }

    /// The loss timer expired (RFC 9002 appendix A.9).
    pub(super) fn on_loss_timeout(&mut self, now: Instant) {
        self.loss_timer_stale = true;
        let timer = self.loss_timer(now);
        self.trace_loss_timeout(&timer);
        match timer {
            LossTimer::Idle => {}
            LossTimer::Loss { space, .. } => self.detect_lost(now, space),
            LossTimer::Probe { space, .. } => self.on_probe_timeout(now, space),
        }
    }

    fn on_probe_timeout(&mut self, now: Instant, id: Space) {
        self.path.pto_count = self.path.pto_count.saturating_add(1);
        self.stats.probe_timeouts += 1;
        self.stats.probe_timeouts_peak = self.stats.probe_timeouts_peak.max(self.path.pto_count);
        self.suspect_black_hole(now);
        self.path.ecn.on_probe_timeouts(self.path.pto_count);
        self.probe(id);
        // RFC 9002 section 6.2.4: during the handshake all unfinished levels are probed at once.
        // What waits behind a full window counts too: unreadable packets of a later level may fill
        // it until the earlier one is complete.
        for other in [Space::Initial, Space::Handshake] {
            let unfinished = self.space(other).is_some_and(|space| {
                space.sent.ack_eliciting_in_flight() > 0 || space.crypto.wants_to_send()
            });
            if other != id && unfinished {
                self.probe(other);
            }
        }
    }

    fn probe(&mut self, id: Space) {
        if let Some(space) = self.space(id) {
            space.probes = PROBES_PER_TIMEOUT;
        }
    }

    /// Gives the next probe of `id` something worth sending if nothing new waits: what the oldest
    /// unacknowledged packets carried.
    pub(super) fn fill_probe(&mut self, id: Space) {
        self.stats.probes_sent += 1;
        let waiting = match id {
            Space::Application => self.wants_one_rtt(),
            _ => self.space(id).is_some_and(|space| space.crypto.wants_to_send()),
        };
        if waiting {
            return;
        }
        let Some((sent, mut subjects)) = self.split(id) else { return };
        let oldest = sent.unacked().filter(|unacked| unacked.packet.ack_eliciting);
        for unacked in oldest.take(usize::from(PROBES_PER_TIMEOUT)) {
            unacked.tokens.iter().for_each(|token: &Token| subjects.on_probed(token));
        }
    }

    /// Forgets a space with its keys (RFC 9001 section 4.9, RFC 9002 section 6.4).
    pub(super) fn discard_space(&mut self, id: Space) {
        let Some(early) = self.early.as_deref_mut() else { return };
        let slot = match id {
            Space::Initial => &mut early.initial,
            Space::Handshake => &mut early.handshake,
            Space::Application => return,
        };
        let Some(gone) = slot.take() else { return };
        let in_flight = gone.space.sent.bytes_in_flight();
        self.trace_keys(id, Kind::KeyRetired);
        self.path.bytes_in_flight = self.path.bytes_in_flight.saturating_sub(in_flight);
        self.path.pto_count = 0;
        self.loss_timer_stale = true;
    }

    /// An ack-eliciting packet left.
    #[inline]
    pub(super) fn on_ack_eliciting_sent(&mut self, now: Instant) {
        self.last_ack_eliciting_sent = Some(now);
        if !self.sent_since_received {
            // RFC 9000 section 10.1.
            self.sent_since_received = true;
            self.restart_idle_timer(now);
        }
    }
}
