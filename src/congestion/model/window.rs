//! A window that follows a target, and how losses interrupt that
//! (draft-cardwell-iccrg-bbr-congestion-control-02 section 4.6.4).

use crate::congestion::AckSample;
use crate::time::Instant;

/// The window of a controller that models the path.
///
/// When losses begin, one round sends no more than what is delivered: the estimate may be out of
/// date. After that the model is trusted again. Losses that go on extend the same recovery, so that
/// a path which always loses a little is not throttled each round.
#[derive(Clone, Copy, Debug)]
pub(in crate::congestion) struct Window {
    bytes: u64,
    /// What to come back to after recovery or a probe.
    prior: u64,
    recovery: Option<Recovery>,
    /// A probe keeps the window small.
    held: bool,
    conserving: bool,
}

#[derive(Clone, Copy, Debug)]
struct Recovery {
    start: Instant,
    /// When the newest loss was found.
    last_loss: Instant,
    /// No acknowledgement has come since the start.
    fresh: bool,
}

/// Where a window is to go.
#[derive(Clone, Copy, Debug)]
pub(in crate::congestion) struct Target {
    /// The model's window in bytes.
    pub(in crate::congestion) window: u64,
    /// The least window in bytes.
    pub(in crate::congestion) floor: u64,
    /// The datagram size in bytes.
    pub(in crate::congestion) mtu: u64,
    /// The model has seen all bandwidth: the target is also a bound.
    pub(in crate::congestion) bound: bool,
}

impl Window {
    /// A window of `bytes`.
    pub(in crate::congestion) fn new(bytes: u64) -> Self {
        Self { bytes, prior: 0, recovery: None, held: false, conserving: false }
    }

    /// The window in bytes.
    #[inline]
    pub(in crate::congestion) fn get(&self) -> u64 {
        self.bytes
    }

    /// When recovery began, if there is one.
    pub(in crate::congestion) fn recovery_start(&self) -> Option<Instant> {
        self.recovery.map(|recovery| recovery.start)
    }

    /// True if the last acknowledgement was of a packet sent before recovery began.
    pub(in crate::congestion) fn is_conserving(&self) -> bool {
        self.conserving
    }

    /// True from a loss until a round has passed without one.
    pub(in crate::congestion) fn in_recovery(&self) -> bool {
        self.recovery.is_some()
    }

    /// `lost` bytes were found lost at `now`.
    pub(in crate::congestion) fn on_loss(&mut self, now: Instant, lost: u64, mtu: u64) {
        self.save();
        self.bytes = self.bytes.saturating_sub(lost).max(mtu);
        let recovery =
            self.recovery.get_or_insert(Recovery { start: now, last_loss: now, fresh: true });
        recovery.last_loss = now;
    }

    /// Moves towards `target` by what `sample` acknowledged.
    pub(in crate::congestion) fn on_ack(&mut self, sample: &AckSample, target: &Target) {
        let acked = sample.bytes_acked;
        self.conserving = self.conserves(sample, target.mtu);
        if self.conserving {
            self.bytes = self.bytes.max(sample.in_flight + acked);
        } else if target.bound {
            self.bytes = target.window.min(self.bytes + self.growth(sample, target));
        } else if self.bytes < target.window {
            self.bytes += self.growth(sample, target);
        }
        self.bytes = self.bytes.max(target.floor);
    }

    /// RFC 9002 section 7.8: a window that was not filled for lack of data does not grow.
    fn growth(&self, sample: &AckSample, target: &Target) -> u64 {
        let full = sample.prior_in_flight + target.mtu > self.bytes;
        if full || !sample.app_limited {
            sample.bytes_acked
        } else {
            0
        }
    }

    /// True in the first round of recovery; moves recovery on.
    fn conserves(&mut self, sample: &AckSample, mtu: u64) -> bool {
        let Some(recovery) = &mut self.recovery else { return false };
        if std::mem::take(&mut recovery.fresh) {
            self.bytes = sample.in_flight + sample.bytes_acked.max(mtu);
            return true;
        }
        if sample.sent > recovery.last_loss {
            self.recovery = None;
            self.restore();
            return false;
        }
        sample.sent <= recovery.start
    }

    /// The window is at most `cap` for now.
    pub(in crate::congestion) fn cap(&mut self, cap: u64) {
        self.bytes = self.bytes.min(cap);
    }

    /// A probe with a small window begins.
    pub(in crate::congestion) fn hold(&mut self) {
        self.save();
        self.held = true;
    }

    /// The probe is over.
    pub(in crate::congestion) fn release(&mut self) {
        self.held = false;
        self.restore();
    }

    /// Persistent congestion (RFC 9002 section 7.6.2): recovery ends with a window of `bytes`.
    pub(in crate::congestion) fn collapse(&mut self, bytes: u64) {
        self.save();
        self.bytes = bytes;
        self.recovery = None;
    }

    fn save(&mut self) {
        let reduced = self.recovery.is_some() || self.held;
        self.prior = if reduced { self.prior.max(self.bytes) } else { self.bytes };
    }

    fn restore(&mut self) {
        self.bytes = self.bytes.max(self.prior);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TARGET: Target = Target { window: 100_000, floor: 4_000, mtu: 1_000, bound: true };

    fn ack(window: &mut Window, sent: u64, now: u64, acked: u64, in_flight: u64) {
        let (sent, now) = (Instant::from_micros(sent), Instant::from_micros(now));
        let sample = AckSample { sent, now, bytes_acked: acked, in_flight, ..AckSample::default() };
        window.on_ack(&sample, &TARGET);
    }

    #[test]
    fn the_first_round_of_losses_sends_what_is_delivered() {
        let mut window = Window::new(80_000);
        window.on_loss(Instant::from_micros(1_000), 1_000, 1_000);
        ack(&mut window, 500, 1_000, 2_000, 50_000);
        assert_eq!(window.get(), 52_000);
        ack(&mut window, 900, 1_400, 2_000, 50_000);
        assert_eq!(window.get(), 52_000);
        ack(&mut window, 1_001, 1_500, 2_000, 50_000);
        assert!(!window.in_recovery());
        assert_eq!(window.get(), 82_000, "a round without loss brings the window back");
    }

    #[test]
    fn losses_that_go_on_do_not_conserve_again() {
        let mut window = Window::new(80_000);
        window.on_loss(Instant::from_micros(1_000), 1_000, 1_000);
        ack(&mut window, 500, 1_000, 2_000, 50_000);
        window.on_loss(Instant::from_micros(1_200), 1_000, 1_000);
        ack(&mut window, 1_100, 1_600, 10_000, 50_000);
        assert!(window.in_recovery());
        assert_eq!(window.get(), 61_000);
    }

    #[test]
    fn a_loss_during_a_probe_does_not_forget_the_window_before() {
        let mut window = Window::new(80_000);
        window.hold();
        window.cap(4_000);
        window.on_loss(Instant::from_micros(1_000), 1_000, 1_000);
        assert_eq!(window.get(), 3_000);
        window.release();
        assert_eq!(window.get(), 80_000);
    }
}
