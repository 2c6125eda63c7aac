//! What happens when a deadline comes.

use std::sync::Arc;

use crate::recovery::AckDue;
use crate::time::{Duration, Instant};

use super::event::CloseReason;
use super::{Connection, State, Timer};

/// How long a host that asked for keep-alive may be silent (upstream's ping interval).
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(15);

/// A connection on which nothing has moved for so long gives memory back.
const QUIET_AFTER: Duration = Duration::from_secs(1);

impl Connection {
    /// Runs every timer whose deadline has come. Harmless when called early.
    pub fn on_timeout(&mut self, now: Instant) {
        self.trace_time(now);
        self.streams.set_time(now);
        if self.loss_timer_stale {
            self.rearm_loss_timer(now);
        }
        while let Some(timer) = self.timers.expire(now) {
            match timer {
                Timer::LossDetection => self.on_loss_timeout(now),
                // Nothing to do but to look again: the ACK is due, the pacer has room.
                Timer::AckDelay | Timer::Pacing => {}
                Timer::Idle => self.on_idle(),
                Timer::Close => self.set_closed(),
                Timer::Linger => self.end_linger(now),
                Timer::KeepAlive => self.on_keep_alive(now),
                Timer::KeyDiscard => {
                    self.discard_old_keys();
                    self.early_data = None;
                }
                Timer::PathValidation => self.on_path_timeout(now),
                Timer::Quiet => self.on_quiet(now),
                Timer::DatagramProbe => self.on_datagram_probe(now),
                Timer::MtuSearch => self.on_mtu_timeout(now),
            }
        }
    }

    /// Changes how long the handshake may be silent, from now on.
    pub fn set_handshake_idle_timeout(&mut self, now: Instant, timeout: Duration) {
        Arc::make_mut(&mut self.settings).handshake_idle_timeout = timeout;
        if self.state == State::Handshaking {
            self.restart_idle_timer(now);
        }
    }

    fn on_idle(&mut self) {
        let reason = match self.state {
            State::Handshaking => CloseReason::HandshakeTimeout,
            _ => CloseReason::IdleTimeout,
        };
        // RFC 9000 section 10.1: an idle connection ends silently.
        self.end(reason);
    }

    /// Plans to give memory back, if there is any that is kept only for speed.
    #[inline]
    pub(super) fn plan_quiet(&mut self, now: Instant) {
        if self.streams.keeps_free_memory() && !self.timers.is_set(Timer::Quiet) {
            self.timers.set(Timer::Quiet, now + QUIET_AFTER);
        }
    }

    fn on_quiet(&mut self, now: Instant) {
        let last = self.last_ack_eliciting_sent.unwrap_or(self.created).max(self.last_received);
        let quiet_at = last + QUIET_AFTER;
        if quiet_at > now {
            self.timers.set(Timer::Quiet, quiet_at);
            return;
        }
        self.streams.pool().release();
        self.streams.release_records();
        self.data.sent.shrink();
        self.shrink_datagrams();
    }

    fn on_keep_alive(&mut self, now: Instant) {
        self.ping();
        let interval = keep_alive_interval(self.effective_idle_timeout());
        self.timers.set(Timer::KeepAlive, now + interval);
    }

    /// The idle time both sides keep to (RFC 9000 section 10.1); zero means without end.
    pub(super) fn effective_idle_timeout(&self) -> Duration {
        if self.state == State::Handshaking {
            return self.settings.handshake_idle_timeout;
        }
        let ours = self.settings.idle_timeout;
        let theirs = self.peer.max_idle_timeout;
        match (ours.is_zero(), theirs.is_zero()) {
            (true, _) => theirs,
            (false, true) => ours,
            (false, false) => ours.min(theirs),
        }
    }

    /// Something was heard, or the first packet after that was sent.
    #[inline]
    pub(super) fn restart_idle_timer(&mut self, now: Instant) {
        let timeout = self.effective_idle_timeout();
        if self.settings.keep_alive && self.state.is_established() {
            self.timers.set(Timer::KeepAlive, now + keep_alive_interval(timeout));
        }
        if timeout.is_zero() {
            self.timers.clear(Timer::Idle);
            return;
        }
        // RFC 9000 section 10.1: at least three PTOs, so that a loss is not taken for silence.
        let least = self.probe_timeout().saturating_mul(3);
        self.timers.set(Timer::Idle, now + timeout.max(least));
    }

    /// Sets the timer for the ACK that is owed.
    #[inline]
    pub(super) fn arm_ack_timer(&mut self) {
        match self.data.received.deadline() {
            AckDue::At(deadline) => self.timers.set(Timer::AckDelay, deadline),
            // Leaves with the next datagram.
            AckDue::None | AckDue::Now => self.timers.clear(Timer::AckDelay),
        }
    }
}

/// How long a connection that is kept alive may be silent (RFC 9000 section 10.1.2). Without an
/// idle timeout it is kept alive all the same: something between the ends may forget it.
fn keep_alive_interval(idle_timeout: Duration) -> Duration {
    if idle_timeout.is_zero() {
        return KEEP_ALIVE_INTERVAL;
    }
    KEEP_ALIVE_INTERVAL.min(idle_timeout.div(2))
}
