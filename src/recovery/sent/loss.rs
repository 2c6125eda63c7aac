//! Which packets are lost (RFC 9002 section 6.1).

use super::{SentSpace, Unacked, HISTORY_LIMIT};
use crate::recovery::{persistent_congestion_duration, Reordering, Rtt};
use crate::time::{Duration, Instant};

/// A lost packet is remembered so many probe timeouts after it was sent, in case it arrives.
const LATE_TIMEOUTS: u64 = 2;

/// What was lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LossOutcome {
    /// Packets lost that tell about congestion: in flight and no path MTU probe.
    pub packets: u32,
    /// Their bytes.
    pub bytes: u64,
    /// When the last of them was sent.
    pub latest_sent: Option<Instant>,
    /// The losses mean persistent congestion (RFC 9002 section 7.6).
    pub persistent_congestion: bool,
}

impl<T: Copy> SentSpace<T> {
    /// Finds packets that are lost by now and calls `f` for each, lowest number first. To be
    /// called after each ACK frame and when [`loss_time`](Self::loss_time) has come.
    ///
    /// `max_ack_delay` is the peer's; it counts for persistent congestion.
    pub fn detect_lost(
        &mut self,
        now: Instant,
        rtt: &Rtt,
        reordering: Reordering,
        max_ack_delay: Duration,
        mut f: impl FnMut(Unacked<'_, T>),
    ) -> LossOutcome {
        let mut outcome = LossOutcome::default();
        self.loss_time = None;
        let Some(largest) = self.largest_acked else { return outcome };
        let delay = reordering.delay(rtt);
        let old = now - delay;
        let mut span = Duration::ZERO;
        let mut number = self.oldest.max(self.history.start());
        while number < largest {
            let record = *self.history.get(number);
            if record.is_acked() {
                self.lost_run.end();
                number += record.run();
                continue;
            }
            if record.is_outstanding() {
                if largest - number < reordering.packets() && record.time() > old {
                    self.loss_time = Some(record.time() + delay);
                    break;
                }
                self.history.get_mut(number).declare_lost();
                self.leave_flight(record);
                // RFC 9000 section 14.4: a lost probe says that it was too large, no more.
                if record.is_in_flight() && !record.is_mtu_probe() {
                    outcome.packets += 1;
                    outcome.bytes += u64::from(record.size());
                    outcome.latest_sent = Some(record.time());
                    if record.is_ack_eliciting() {
                        span = span.max(self.lost_run.on_lost(record.time(), rtt.first_sample()));
                    }
                }
                f(self.history.unacked(number, &record));
            }
            number += 1;
        }
        self.oldest = number;
        outcome.persistent_congestion =
            !span.is_zero() && span > persistent_congestion_duration(rtt, max_ack_delay);
        if outcome.persistent_congestion {
            self.lost_run.end();
        }
        self.forget(largest, now, rtt);
        outcome
    }

    /// Drops what is settled from the front. Memory is short when half the history is used: then
    /// lost packets go at once.
    fn forget(&mut self, largest: u64, now: Instant, rtt: &Rtt) {
        let late = if self.history.len() > HISTORY_LIMIT / 2 {
            Duration::ZERO
        } else {
            rtt.pto_base().saturating_mul(LATE_TIMEOUTS)
        };
        self.history.trim(largest, now - late);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::testing::{ack, at, packet, send};
    use super::*;
    use crate::recovery::SentPacket;

    const DELAY: Duration = Duration::from_millis(25);

    /// 80 ms smoothed: lost by age after 90 ms, probe timeout 240 ms.
    fn rtt() -> Rtt {
        let mut rtt = Rtt::new(Duration::from_millis(333));
        rtt.update(Duration::from_millis(80), Duration::ZERO, Instant::from_micros(1));
        rtt
    }

    fn detect(space: &mut SentSpace<u64>, millis: u64) -> (LossOutcome, Vec<u64>) {
        let mut lost = Vec::new();
        let outcome =
            space.detect_lost(at(millis), &rtt(), Reordering::default(), DELAY, |packet| {
                lost.extend(packet.tokens);
            });
        (outcome, lost)
    }

    fn sent(count: u64) -> SentSpace<u64> {
        let mut space = SentSpace::new();
        send(&mut space, 0, count);
        space
    }

    #[test]
    fn a_packet_three_below_the_largest_acknowledged_is_lost() {
        // RFC 9002 section 6.1.1.
        let mut space = sent(10);
        ack(&mut space, 20, &[5..=5]).unwrap();
        let (outcome, lost) = detect(&mut space, 20);
        assert_eq!(lost, [0, 1, 2]);
        assert_eq!((outcome.packets, outcome.bytes), (3, 3_000));
        assert_eq!(outcome.latest_sent, Some(at(2)));
        assert_eq!(space.bytes_in_flight(), 6_000);
    }

    #[test]
    fn the_packet_threshold_can_be_set() {
        let lost_with = |packets| {
            let mut space = sent(10);
            ack(&mut space, 20, &[9..=9]).unwrap();
            let mut lost = 0;
            let reordering = Reordering::new(packets, false);
            space.detect_lost(at(20), &rtt(), reordering, DELAY, |_| lost += 1);
            lost
        };
        assert_eq!([1, 2, 8, 100].map(lost_with), [9, 8, 2, 0]);
    }

    #[test]
    fn a_packet_older_than_nine_eighths_of_a_round_trip_is_lost() {
        // RFC 9002 section 6.1.2.
        let mut space = sent(2);
        ack(&mut space, 80, &[1..=1]).unwrap();
        assert_eq!(detect(&mut space, 80).1, []);
        assert_eq!(space.loss_time(), Some(at(90)));
        assert_eq!(detect(&mut space, 89).1, []);
        assert_eq!(detect(&mut space, 90).1, [0]);
        assert_eq!(space.loss_time(), None);
    }

    #[test]
    fn nothing_is_lost_before_something_later_is_acknowledged() {
        // RFC 9002 section 6.1.
        let mut space = sent(5);
        assert_eq!(detect(&mut space, 10_000).1, []);
        ack(&mut space, 10_000, &[0..=0]).unwrap();
        assert_eq!(detect(&mut space, 10_000).1, []);
        assert_eq!(space.loss_time(), None);
    }

    #[test]
    fn a_packet_is_lost_once() {
        let mut space = sent(10);
        ack(&mut space, 20, &[5..=5]).unwrap();
        assert_eq!(detect(&mut space, 20).1.len(), 3);
        assert_eq!(detect(&mut space, 20).1.len(), 0);
        ack(&mut space, 20, &[5..=6]).unwrap();
        assert_eq!(detect(&mut space, 20).1, [3]);
    }

    #[test]
    fn padding_alone_is_lost_by_age_too() {
        // RFC 9002 sections 2 and 6.1.2: it counts in flight, so it must leave it again.
        let mut space = SentSpace::new();
        space.on_sent(SentPacket { ack_eliciting: false, ..packet(0) }, &[0]);
        send(&mut space, 1, 1);
        ack(&mut space, 90, &[1..=1]).unwrap();
        let (outcome, lost) = detect(&mut space, 95);
        assert_eq!((outcome.bytes, lost), (1_000, vec![0]));
        assert_eq!(space.bytes_in_flight(), 0);
    }

    #[test]
    fn a_lost_path_mtu_probe_is_no_congestion() {
        // RFC 9000 section 14.4.
        let mut space = SentSpace::new();
        space.on_sent(SentPacket { mtu_probe: true, size: 1_400, ..packet(0) }, &[0]);
        send(&mut space, 1, 3);
        ack(&mut space, 20, &[1..=3]).unwrap();
        let mut probes = 0;
        let outcome = space.detect_lost(at(20), &rtt(), Reordering::default(), DELAY, |lost| {
            probes += u32::from(lost.packet.mtu_probe);
        });
        assert_eq!((outcome, probes), (LossOutcome::default(), 1));
        assert_eq!(space.bytes_in_flight(), 0);
    }

    #[test]
    fn losses_without_bytes_in_flight_are_no_congestion() {
        let mut space = SentSpace::new();
        space.on_sent(SentPacket { ack_eliciting: false, in_flight: false, ..packet(0) }, &[0]);
        send(&mut space, 1, 3);
        ack(&mut space, 20, &[1..=3]).unwrap();
        assert_eq!(detect(&mut space, 20).0, LossOutcome::default());
    }

    /// A space that sends packets at the given times, the first and the last of which arrive.
    fn outage(times: &[u64]) -> SentSpace<u64> {
        let mut space = SentSpace::new();
        for millis in times {
            send(&mut space, *millis, 1);
        }
        space
    }

    #[test]
    fn losses_over_three_probe_timeouts_are_persistent_congestion() {
        // RFC 9002 section 7.6.1: the duration is 3 * (240 + 25) = 795 ms.
        let mut space = outage(&[0, 100, 500, 896, 1_200]);
        ack(&mut space, 80, &[0..=0]).unwrap();
        assert!(!detect(&mut space, 80).0.persistent_congestion);
        ack(&mut space, 1_280, &[4..=4]).unwrap();
        let (outcome, lost) = detect(&mut space, 1_280);
        assert_eq!(lost, [1, 2, 3]);
        assert!(outcome.persistent_congestion);
    }

    #[test]
    fn a_shorter_span_is_not() {
        let mut space = outage(&[0, 100, 500, 895, 1_200]);
        ack(&mut space, 1_280, &[0..=0, 4..=4]).unwrap();
        assert!(!detect(&mut space, 1_280).0.persistent_congestion);
    }

    #[test]
    fn an_acknowledged_packet_between_ends_the_span() {
        // RFC 9002 section 7.6.2.
        let mut space = outage(&[0, 100, 500, 896, 1_200]);
        ack(&mut space, 1_280, &[0..=0, 2..=2, 4..=4]).unwrap();
        let (outcome, lost) = detect(&mut space, 1_280);
        assert_eq!(lost, [1, 3]);
        assert!(!outcome.persistent_congestion);
    }

    #[test]
    fn the_span_must_begin_and_end_with_ack_eliciting_packets() {
        // RFC 9002 section 7.6.2.
        let mut space = SentSpace::new();
        space.on_sent(SentPacket { ack_eliciting: false, ..packet(0) }, &[0]);
        send(&mut space, 300, 1);
        send(&mut space, 900, 1);
        space.on_sent(SentPacket { ack_eliciting: false, ..packet(1_200) }, &[3]);
        send(&mut space, 1_300, 1);
        ack(&mut space, 1_400, &[4..=4]).unwrap();
        assert!(!detect(&mut space, 1_400).0.persistent_congestion);
    }

    #[test]
    fn losses_found_by_several_frames_make_one_span() {
        let mut space = outage(&[0, 10, 20, 900, 910, 920, 930]);
        ack(&mut space, 960, &[5..=5]).unwrap();
        let (first, lost) = detect(&mut space, 960);
        assert_eq!((lost, first.persistent_congestion), (vec![0, 1, 2], false));
        ack(&mut space, 960, &[6..=6]).unwrap();
        let (second, lost) = detect(&mut space, 960);
        assert_eq!((lost, second.persistent_congestion), (vec![3], true));
    }

    #[test]
    fn without_a_sample_there_is_no_persistent_congestion() {
        // RFC 9002 section 7.6.2.
        let mut space = outage(&[0, 20_000, 40_000, 40_010]);
        ack(&mut space, 40_100, &[3..=3]).unwrap();
        let unsampled = Rtt::new(Duration::from_millis(80));
        let outcome =
            space.detect_lost(at(40_100), &unsampled, Reordering::default(), DELAY, |_| {});
        assert_eq!(outcome.packets, 3);
        assert!(!outcome.persistent_congestion);
    }

    #[test]
    fn history_forgets_what_is_settled() {
        let mut space = sent(10);
        ack(&mut space, 20, &[3..=9]).unwrap();
        assert_eq!(detect(&mut space, 20).1, [0, 1, 2]);
        assert_eq!(space.len(), 10, "a lost packet may still arrive");
        ack(&mut space, 600, &[3..=9]).unwrap();
        detect(&mut space, 600);
        assert!(space.is_empty());
    }

    #[test]
    fn under_pressure_lost_packets_are_forgotten_at_once() {
        let count = HISTORY_LIMIT as u64 / 2 + 10;
        let mut space = SentSpace::new();
        for number in 0..count {
            space.on_sent(packet(0), &[number]);
        }
        ack(&mut space, 1, &[1..=count - 1]).unwrap();
        detect(&mut space, 1);
        assert!(space.is_empty());
    }
}
