//! Sending moves to another network path.

use super::history::Record;
use super::{SentPacket, SentSpace};
use crate::time::Instant;

impl<T: Copy> SentSpace<T> {
    /// The packet with the next number left over a path that is not in use. RFC 9002 section 5: how
    /// long it takes there says nothing about the path in use. It counts as not ack-eliciting and
    /// as not in flight.
    pub fn on_sent_elsewhere(&mut self, time: Instant, size: u16) {
        let packet = SentPacket {
            time,
            size,
            ack_eliciting: false,
            in_flight: false,
            mtu_probe: false,
            ect: false,
        };
        self.history.push(Record::new(&packet).elsewhere(), &[]);
        self.since_ack_eliciting += 1;
    }

    /// What is sent from now on goes over another path. RFC 9000 section 9.4: packets of the old
    /// path say nothing about the new one: they leave flight, give no round-trip or rate samples,
    /// and their losses are no congestion. Their content is still acknowledged or lost as ever.
    pub fn change_path(&mut self) {
        for number in self.history.start()..self.history.end() {
            let record = self.history.get_mut(number);
            if record.is_outstanding() {
                record.leave_path();
            }
        }
        self.path_start = self.history.end();
        self.bytes_in_flight = 0;
        self.lost_run.end();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::testing::{ack, at, send};
    use super::*;
    use crate::recovery::{LossOutcome, Reordering, Rtt};
    use crate::time::Duration;

    #[test]
    fn packets_of_the_old_path_give_no_sample_and_free_no_window() {
        // RFC 9000 section 9.4.
        let mut space = SentSpace::new();
        send(&mut space, 0, 4);
        space.change_path();
        assert_eq!(space.bytes_in_flight(), 0);
        send(&mut space, 4, 2);
        let (outcome, tokens) = ack(&mut space, 50, &[0..=2]).unwrap();
        assert_eq!(tokens, [0, 1, 2]);
        assert_eq!((outcome.bytes, outcome.rtt_sample), (0, None));
        let (outcome, _) = ack(&mut space, 60, &[0..=4]).unwrap();
        assert_eq!((outcome.bytes, outcome.rtt_sample), (1_000, Some(Duration::from_millis(56))));
    }

    #[test]
    fn packets_of_another_path_give_no_round_trip_sample() {
        // RFC 9002 section 5: estimates are of one path.
        let mut space = SentSpace::new();
        send(&mut space, 0, 1);
        space.on_sent_elsewhere(at(10), 1_200);
        assert_eq!((space.bytes_in_flight(), space.ack_eliciting_in_flight()), (1_000, 1));
        let (outcome, _) = ack(&mut space, 12, &[0..=1]).unwrap();
        assert_eq!((outcome.packets, outcome.rtt_sample), (2, None));
        send(&mut space, 20, 1);
        let (outcome, _) = ack(&mut space, 60, &[0..=2]).unwrap();
        assert_eq!(outcome.rtt_sample, Some(Duration::from_millis(40)));
    }

    #[test]
    fn losses_of_the_old_path_are_no_congestion_on_the_new_one() {
        // RFC 9000 section 9.4: what they carried is sent again all the same.
        let mut space = SentSpace::new();
        send(&mut space, 0, 3);
        space.change_path();
        send(&mut space, 3, 4);
        ack(&mut space, 50, &[6..=6]).unwrap();
        let mut lost = Vec::new();
        let rtt = Rtt::new(Duration::from_millis(1_000));
        let outcome =
            space.detect_lost(at(50), &rtt, Reordering::default(), Duration::ZERO, |packet| {
                lost.extend_from_slice(packet.tokens);
            });
        assert_eq!(lost, [0, 1, 2, 3]);
        assert_eq!(outcome, LossOutcome { packets: 1, bytes: 1_000, ..outcome });
    }
}
