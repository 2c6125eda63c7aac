//! NewReno, the controller of RFC 9002 section 7.

use super::avoidance::{Avoidance, Growth};
use super::{Classic, Parameters};

/// NewReno: one datagram more per round trip, half the window after a congestion event.
pub type NewReno = Classic<RenoLine>;

/// The straight line along which NewReno's window grows.
#[derive(Clone, Copy, Debug, Default)]
pub struct RenoLine {
    /// Acknowledged bytes not yet turned into growth; less than one window.
    acked: u64,
}

impl NewReno {
    /// A controller with its initial window.
    pub fn new(parameters: Parameters) -> Self {
        Self::with(RenoLine::default(), parameters)
    }
}

impl Avoidance for RenoLine {
    fn grow(&mut self, growth: &Growth) -> u64 {
        // RFC 9002 section 7.3.3: one datagram per window acknowledged. Counting bytes keeps the
        // fraction that a division for every frame would lose.
        let mut window = growth.window;
        self.acked += growth.acked;
        while self.acked >= window {
            self.acked -= window;
            window += growth.mtu;
        }
        window
    }

    fn reduce(&mut self, window: u64) -> u64 {
        self.acked = 0;
        window / 2
    }

    fn on_persistent_congestion(&mut self) {
        self.acked = 0;
    }

    fn name(&self) -> &'static str {
        "reno"
    }
}
