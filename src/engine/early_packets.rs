//! 0-RTT packets that came before the Initial they belong to.
//!
//! RFC 9000 section 5.2.2: a server may keep a few of them, as a network that reorders hands them
//! over first. They are not authenticated yet, so their number is small and their time short.

use crate::path::Arrival;
use crate::time::{Duration, Instant};
use crate::wire::ConnectionId;

/// Datagrams kept at once, for all clients together.
const MAX_KEPT: usize = 16;

/// A larger datagram is not kept.
const MAX_SIZE: usize = 1500;

/// An Initial that was lost comes again after its sender's first probe timeout.
const MAX_AGE: Duration = Duration::from_millis(1500);

/// Datagrams that wait for their connection. Without any it holds no memory.
#[derive(Debug, Default)]
pub(super) struct EarlyPackets {
    kept: Vec<Kept>,
}

#[derive(Debug)]
struct Kept {
    at: Instant,
    dcid: ConnectionId,
    arrival: Arrival,
    datagram: Vec<u8>,
}

impl EarlyPackets {
    /// Keeps a datagram that was sent to `dcid`; the oldest one makes room.
    pub fn keep(&mut self, now: Instant, dcid: ConnectionId, arrival: &Arrival, datagram: &[u8]) {
        if datagram.len() > MAX_SIZE {
            return;
        }
        self.forget_old(now);
        if self.kept.len() >= MAX_KEPT {
            self.kept.remove(0);
        }
        let (arrival, datagram) = (*arrival, datagram.to_vec());
        self.kept.push(Kept { at: now, dcid, arrival, datagram });
    }

    /// Takes out what was sent to `dcid`, oldest first.
    pub fn take(&mut self, now: Instant, dcid: &ConnectionId) -> Vec<(Arrival, Vec<u8>)> {
        self.forget_old(now);
        let mut taken = Vec::new();
        self.kept.retain_mut(|kept| {
            let wanted = kept.dcid == *dcid;
            if wanted {
                taken.push((kept.arrival, std::mem::take(&mut kept.datagram)));
            }
            !wanted
        });
        if self.kept.is_empty() {
            self.kept = Vec::new();
        }
        taken
    }

    fn forget_old(&mut self, now: Instant) {
        self.kept.retain(|kept| now.saturating_since(kept.at) <= MAX_AGE);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::path::Addresses;

    fn arrival() -> Arrival {
        Arrival::unmarked(Addresses { local: None, peer: ([192, 0, 2, 1], 443).into() })
    }

    fn cid(n: u8) -> ConnectionId {
        ConnectionId::new(&[n; 8]).unwrap()
    }

    fn at(millis: u64) -> Instant {
        Instant::from_micros(millis * 1000)
    }

    fn taken(packets: &mut EarlyPackets, now: Instant, dcid: u8) -> Vec<Vec<u8>> {
        packets.take(now, &cid(dcid)).into_iter().map(|(_, datagram)| datagram).collect()
    }

    #[test]
    fn a_connection_gets_its_own_in_order_and_once() {
        let mut packets = EarlyPackets::default();
        for (dcid, content) in [(1, b"a"), (2, b"b"), (1, b"c")] {
            packets.keep(at(0), cid(dcid), &arrival(), content);
        }
        assert_eq!(taken(&mut packets, at(1), 1), [b"a", b"c"]);
        assert!(taken(&mut packets, at(1), 1).is_empty());
        assert_eq!(taken(&mut packets, at(1), 2), [b"b"]);
        assert_eq!(packets.kept.capacity(), 0);
    }

    #[test]
    fn only_a_few_are_kept_and_not_for_long() {
        let mut packets = EarlyPackets::default();
        for n in 0..100 {
            packets.keep(at(0), cid(1), &arrival(), &[n]);
        }
        assert_eq!(packets.kept.len(), MAX_KEPT);
        assert_eq!(taken(&mut packets, at(0), 1)[0], [84]);
        packets.keep(at(0), cid(1), &arrival(), &[0; MAX_SIZE + 1]);
        assert!(packets.kept.is_empty());
        packets.keep(at(0), cid(1), &arrival(), b"old");
        assert!(taken(&mut packets, at(1501), 1).is_empty());
    }
}
