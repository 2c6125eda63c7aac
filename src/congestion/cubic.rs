//! CUBIC (RFC 9438).

use super::avoidance::{Avoidance, Growth};
use super::{Classic, Parameters};
use crate::time::Instant;

/// What remains of the window after a congestion event (RFC 9438 section 4.6).
const BETA: f64 = 0.7;
/// How fast the curve rises, in segments per cubic second (RFC 9438 section 5).
const C: f64 = 0.4;
/// Reno's share of growth that gives CUBIC's reduction the same average window as Reno
/// (RFC 9438 section 4.3).
const ALPHA: f64 = 3.0 * (1.0 - BETA) / (1.0 + BETA);
/// The target per round trip is at most this many windows (RFC 9438 section 4.2).
const MAX_TARGET: f64 = 1.5;

/// CUBIC: fast towards the window of the last loss, flat around it, fast again beyond.
pub type Cubic = Classic<CubicCurve>;

/// The cubic curve along which the window grows. Windows are in bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct CubicCurve {
    /// Where the plateau is: the window at the last loss, or less by fast convergence; 0 if there
    /// is none to return to.
    w_max: f64,
    /// The window just before the last reduction.
    prior: f64,
    /// Growth earned but still less than a byte.
    fraction: f64,
    /// The present stage of congestion avoidance.
    epoch: Option<Epoch>,
}

/// A stage of congestion avoidance between two reductions.
#[derive(Clone, Copy, Debug)]
struct Epoch {
    /// When it began, moved forward by the time in which the window was not used.
    start: Instant,
    /// When growth was last looked at.
    seen: Instant,
    /// Seconds from the start to the plateau.
    k: f64,
    /// The window at the plateau.
    plateau: f64,
    /// The window Reno would have.
    reno: f64,
}

impl Cubic {
    /// A controller with its initial window.
    pub fn new(parameters: Parameters) -> Self {
        Self::with(CubicCurve::default(), parameters)
    }
}

impl CubicCurve {
    /// RFC 9438 sections 4.2 and 4.8: without a plateau above, the curve starts at its own.
    fn begin_epoch(&self, growth: &Growth) -> Epoch {
        let window = growth.window as f64;
        let plateau = self.w_max.max(window);
        let segments = (plateau - window) / growth.mtu as f64;
        Epoch {
            start: growth.now,
            seen: growth.now,
            k: (segments / C).cbrt(),
            plateau,
            reno: window,
        }
    }
}

impl Epoch {
    /// The curve's value `seconds` after the start.
    fn curve(&self, seconds: f64, mtu: f64) -> f64 {
        let t = seconds - self.k;
        C * t * t * t * mtu + self.plateau
    }
}

impl Avoidance for CubicCurve {
    fn grow(&mut self, growth: &Growth) -> u64 {
        let window = growth.window as f64;
        let mtu = growth.mtu as f64;
        let share = growth.acked as f64 / window;
        let mut epoch = self.epoch.unwrap_or_else(|| self.begin_epoch(growth));
        epoch.seen = growth.now;

        // RFC 9438 section 4.3: from the old window on, Reno's own rate is the fair one.
        let alpha = if epoch.reno < self.prior { ALPHA } else { 1.0 };
        epoch.reno += alpha * share * mtu;
        self.epoch = Some(epoch);

        let elapsed = growth.now.saturating_since(epoch.start).as_secs_f64();
        if epoch.curve(elapsed, mtu) < epoch.reno {
            self.fraction = 0.0;
            return growth.window.max(epoch.reno as u64);
        }
        // Sections 4.4 and 4.5: reach in one round trip what the curve says for then.
        let target = epoch.curve(elapsed + growth.rtt.as_secs_f64(), mtu);
        let earned = (target.clamp(window, MAX_TARGET * window) - window) * share + self.fraction;
        self.fraction = earned.fract();
        growth.window + earned as u64
    }

    fn reduce(&mut self, window: u64) -> u64 {
        let window = window as f64;
        // RFC 9438 section 4.7: a window that did not get back to the plateau means that other
        // flows need room, so the next plateau is lower.
        self.w_max = if window < self.w_max { window * (1.0 + BETA) / 2.0 } else { window };
        self.prior = window;
        self.fraction = 0.0;
        self.epoch = None;
        (window * BETA).round() as u64
    }

    fn on_persistent_congestion(&mut self) {
        // RFC 9438 section 4.8: the next stage has its plateau where it begins.
        self.w_max = 0.0;
        self.fraction = 0.0;
        self.epoch = None;
    }

    fn on_unused(&mut self, now: Instant) {
        // RFC 9438 section 5.8: without this, the curve runs ahead while nothing is sent and the
        // window jumps afterwards.
        if let Some(epoch) = &mut self.epoch {
            epoch.start += now.saturating_since(epoch.seen);
            epoch.seen = now;
        }
    }

    fn name(&self) -> &'static str {
        "cubic"
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Rounds, MTU};
    use super::super::CongestionController;
    use super::*;
    use crate::time::Duration;

    const PACKET: f64 = MTU as f64;

    fn after_a_loss_at(packets: u64, rtt: Duration) -> Rounds<Cubic> {
        let mut rounds = Rounds::new(Cubic::new(Parameters::new(MTU)), rtt);
        while rounds.window() < packets * u64::from(MTU) {
            rounds.round();
        }
        rounds.lose();
        rounds
    }

    #[test]
    fn a_loss_leaves_seven_tenths() {
        // RFC 9438 section 4.6.
        let mut rounds = Rounds::new(Cubic::new(Parameters::new(MTU)), Duration::from_millis(50));
        let before = rounds.window() as f64;
        rounds.lose();
        assert_eq!(rounds.window(), (before * 0.7).round() as u64);
    }

    #[test]
    fn the_window_is_back_at_the_plateau_after_k_seconds() {
        // RFC 9438 section 4.2: K = cbrt(W_max * (1 - beta) / C), windows in segments.
        let mut rounds = after_a_loss_at(300, Duration::from_millis(100));
        let plateau = rounds.window() as f64 / BETA;
        let k = (plateau / PACKET * (1.0 - BETA) / C).cbrt();
        rounds.run_for(Duration::from_micros((k * 1e6) as u64));
        let window = rounds.window() as f64;
        assert!((window - plateau).abs() < 3.0 * PACKET, "{window} against {plateau}");
    }

    #[test]
    fn growth_is_concave_below_the_plateau_and_convex_above() {
        let mut rounds = after_a_loss_at(600, Duration::from_millis(100));
        let plateau = (rounds.window() as f64 / BETA) as u64;
        let steps: Vec<u64> = (0..150)
            .map(|_| {
                let before = rounds.window();
                rounds.round();
                rounds.window() - before
            })
            .collect();
        let flattest = (2..150).min_by_key(|round| steps[*round]).unwrap_or(0);
        assert!(steps[2] > 4 * steps[flattest]);
        assert!(steps[149] > 4 * steps[flattest]);
        assert!(rounds.window() > plateau);
    }

    #[test]
    fn on_a_short_path_it_is_at_least_as_fast_as_reno() {
        // RFC 9438 section 4.3: the Reno-friendly region.
        let mut rounds = after_a_loss_at(40, Duration::from_millis(5));
        let start = rounds.window() as f64;
        for _ in 0..21 {
            rounds.round();
        }
        // The first acknowledgement only ends recovery: 20 rounds of growth.
        let reno = start + 20.0 * ALPHA * PACKET;
        assert!((rounds.window() as f64 - reno).abs() < 2.0 * PACKET);
    }

    #[test]
    fn a_second_loss_below_the_plateau_lowers_it() {
        // RFC 9438 section 4.7.
        let mut curve = CubicCurve::default();
        assert_eq!(curve.reduce(100_000), 70_000);
        assert_eq!(curve.w_max, 100_000.0);
        assert_eq!(curve.reduce(80_000), 56_000);
        assert!((curve.w_max - 68_000.0).abs() < 1e-6);
        assert_eq!(curve.reduce(90_000), 63_000);
        assert_eq!(curve.w_max, 90_000.0);
    }

    #[test]
    fn time_in_which_nothing_was_sent_does_not_move_the_curve() {
        // RFC 9438 section 5.8.
        let grow = |idle: bool| {
            let mut rounds = after_a_loss_at(300, Duration::from_millis(100));
            rounds.round();
            rounds.round();
            if idle {
                rounds.pass(Duration::from_secs(60));
                let now = rounds.now;
                rounds.controller.on_idle_restart(now);
            }
            rounds.round();
            rounds.window()
        };
        assert_eq!(grow(true), grow(false));
    }

    #[test]
    fn after_persistent_congestion_the_curve_starts_at_its_own_plateau() {
        // RFC 9438 section 4.8.
        let mut rounds = after_a_loss_at(300, Duration::from_millis(100));
        let now = rounds.now;
        rounds.controller.on_persistent_congestion(now);
        while rounds.controller.in_slow_start() {
            rounds.round();
        }
        let start = rounds.window();
        rounds.round();
        assert!(rounds.window() - start < 3 * u64::from(MTU), "flat at first");
    }
}
