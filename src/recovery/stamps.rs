//! When packets arrived, for a peer that wants to know (draft-smith-quic-receive-ts).

use crate::time::Instant;
use crate::wire::frame::ack_extended::MAX_TIMESTAMPS;
use crate::wire::frame::Timestamp;
use crate::wire::PacketNumber;

/// What the peer wants of receive timestamps, and the moment that they count from.
#[derive(Clone, Copy, Debug)]
pub struct StampPolicy {
    /// The moment.
    pub base: Instant,
    /// Timestamps in one frame at most.
    pub most: u64,
    /// A tick is 2 to this power milliseconds.
    pub exponent: u8,
}

/// Arrivals that no ACK told of yet.
#[derive(Clone, Debug)]
pub(super) struct Stamps {
    policy: StampPolicy,
    most: usize,
    /// Lower numbers come out of order; nothing is said of them, so that numbers only fall from
    /// one timestamp to the next in a frame.
    next: u64,
    /// Oldest first, at most [`MAX_TIMESTAMPS`].
    list: Vec<Timestamp>,
}

impl Stamps {
    pub(super) fn new(policy: StampPolicy) -> Self {
        let most = usize::try_from(policy.most).unwrap_or(usize::MAX).min(MAX_TIMESTAMPS);
        Self { policy, most, next: 0, list: Vec::with_capacity(most) }
    }

    pub(super) fn on_received(&mut self, number: PacketNumber, now: Instant) {
        if number.0 < self.next || self.most == 0 {
            return;
        }
        self.next = number.0 + 1;
        if self.list.len() >= self.most {
            self.list.remove(0);
        }
        let millis = now.saturating_since(self.policy.base).as_millis();
        let ticks = millis.checked_shr(self.policy.exponent.into()).unwrap_or(0);
        self.list.push(Timestamp { number, ticks });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Hands the arrivals to `tell`, the newest first, and forgets them.
    pub(super) fn tell<R>(&mut self, tell: impl FnOnce(&[Timestamp]) -> R) -> R {
        self.list.reverse();
        let told = tell(&self.list);
        self.list.clear();
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Duration;

    const BASE: Instant = Instant::from_micros(7_000_000);

    fn taken(stamps: &mut Stamps) -> Vec<(u64, u64)> {
        stamps.tell(|list| list.iter().map(|stamp| (stamp.number.0, stamp.ticks)).collect())
    }

    #[test]
    fn arrivals_are_told_newest_first_and_once() {
        let mut stamps = Stamps::new(StampPolicy { base: BASE, most: 63, exponent: 0 });
        for (number, millis) in [(0, 1), (1, 2), (5, 90)] {
            stamps.on_received(PacketNumber(number), BASE + Duration::from_millis(millis));
        }
        assert_eq!(taken(&mut stamps), [(5, 90), (1, 2), (0, 1)]);
        assert!(stamps.is_empty());
        stamps.on_received(PacketNumber(4), BASE);
        assert!(stamps.is_empty(), "out of order");
    }

    #[test]
    fn a_tick_is_as_long_as_the_peer_wants_it() {
        let mut stamps = Stamps::new(StampPolicy { base: BASE, most: 5, exponent: 4 });
        stamps.on_received(PacketNumber(0), BASE + Duration::from_micros(95_999));
        assert_eq!(taken(&mut stamps), [(0, 5)]);
    }

    #[test]
    fn no_more_is_kept_than_the_peer_takes_and_a_frame_holds() {
        let kept = |most| {
            let mut stamps = Stamps::new(StampPolicy { base: BASE, most, exponent: 0 });
            for number in 0..1_000 {
                stamps.on_received(PacketNumber(number), BASE);
            }
            let taken = taken(&mut stamps);
            assert!(taken.first().is_none_or(|newest| newest.0 == 999));
            taken.len()
        };
        assert_eq!([0, 1, 10, 63, u64::MAX].map(kept), [0, 1, 10, 63, 63]);
    }
}
