//! How far behind a packet may be before it counts as lost (RFC 9002 section 6.1).

use super::Rtt;
use crate::time::{Duration, Instant};

/// Packets by which a later one may overtake before the overtaken one is lost
/// (RFC 9002 section 6.1.1).
pub const DEFAULT_PACKET_THRESHOLD: u64 = 3;

/// An eighth of the round-trip time is added to it (RFC 9002 section 6.1.2).
const DEFAULT_TIME_SHIFT: u8 = 3;

/// The reordering that a path is believed to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reordering {
    packets: u64,
    /// The time threshold is a round trip and its part by this power of two.
    time_shift: u8,
    /// Learn from packets that arrive after they were given up.
    adaptive: bool,
}

impl Reordering {
    /// A packet is lost when one sent `packets` later, at least one, is acknowledged. If
    /// `adaptive`, losses that were none raise both thresholds.
    pub fn new(packets: u64, adaptive: bool) -> Self {
        Self { packets: packets.max(1), time_shift: DEFAULT_TIME_SHIFT, adaptive }
    }

    /// How many packets later the largest acknowledged one has to be.
    #[inline]
    pub fn packets(&self) -> u64 {
        self.packets
    }

    /// How long after it was sent a packet older than an acknowledged one is lost.
    #[inline]
    pub fn delay(&self, rtt: &Rtt) -> Duration {
        rtt.loss_delay(self.time_shift)
    }

    /// A packet sent at `sent` and declared lost arrived after all, `numbers` below the largest
    /// acknowledged one: such a packet is not to be lost again.
    // RFC 9002 section 6.2 leaves it to the sender to learn from spurious losses.
    #[cold]
    pub fn on_late(&mut self, numbers: u64, sent: Instant, now: Instant, rtt: &Rtt) {
        if !self.adaptive {
            return;
        }
        self.packets = self.packets.max(numbers.saturating_add(1));
        let took = now.saturating_since(sent);
        while self.time_shift > 0 && self.delay(rtt) < took {
            self.time_shift -= 1;
        }
    }
}

impl Default for Reordering {
    fn default() -> Self {
        Self::new(DEFAULT_PACKET_THRESHOLD, false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Instant = Instant::from_micros(1_000_000);

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn rtt() -> Rtt {
        let mut rtt = Rtt::new(ms(333));
        rtt.update(ms(80), Duration::ZERO, START);
        rtt
    }

    #[test]
    fn the_thresholds_are_three_packets_and_nine_eighths() {
        // RFC 9002 sections 6.1.1 and 6.1.2.
        let reordering = Reordering::default();
        assert_eq!((reordering.packets(), reordering.delay(&rtt())), (3, ms(90)));
        assert_eq!(Reordering::new(0, false).packets(), 1);
    }

    #[test]
    fn a_late_packet_raises_both_thresholds_just_enough() {
        let mut reordering = Reordering::new(3, true);
        reordering.on_late(7, START, START + ms(95), &rtt());
        assert_eq!((reordering.packets(), reordering.delay(&rtt())), (8, ms(100)));
        reordering.on_late(2, START, START + ms(85), &rtt());
        assert_eq!((reordering.packets(), reordering.delay(&rtt())), (8, ms(100)));
    }

    #[test]
    fn the_time_threshold_ends_at_two_round_trips() {
        let mut reordering = Reordering::new(3, true);
        reordering.on_late(1, START, START + ms(5_000), &rtt());
        assert_eq!(reordering.delay(&rtt()), ms(160));
    }

    #[test]
    fn nothing_is_learned_unless_asked_for() {
        let mut reordering = Reordering::default();
        reordering.on_late(7, START, START + ms(5_000), &rtt());
        assert_eq!(reordering, Reordering::default());
    }
}
