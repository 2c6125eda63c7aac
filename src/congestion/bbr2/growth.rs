//! How the bound on what is in flight rises while a probe finds room (section 4.3.3.5).

/// Slowly at first, as a probe may harm others, and twice as fast each round.
#[derive(Clone, Copy, Debug)]
pub(super) struct Growth {
    /// Bytes acknowledged for each packet more.
    per_packet: u64,
    acked: u64,
    rounds: u32,
}

impl Default for Growth {
    fn default() -> Self {
        Self { per_packet: u64::MAX, acked: 0, rounds: 0 }
    }
}

impl Growth {
    /// Packets earned by `acked` bytes.
    pub(super) fn earned(&mut self, acked: u64) -> u64 {
        self.acked += acked;
        let packets = self.acked / self.per_packet;
        self.acked %= self.per_packet;
        packets
    }

    /// Twice as many packets in the next round, of `window` bytes.
    pub(super) fn steepen(&mut self, window: u64, mtu: u64) {
        // At most what is acknowledged: the bound doubles.
        self.per_packet = (window >> self.rounds).max(mtu);
        self.rounds = (self.rounds + 1).min(30);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_rises_by_a_packet_in_the_first_round_and_twice_as_much_in_each_next() {
        let mut growth = Growth::default();
        for packets in [1, 2, 4, 8, 16, 32, 64, 100, 100] {
            growth.steepen(100_000, 1_000);
            let round: u64 = (0..100).map(|_| growth.earned(1_000)).sum();
            assert!((packets..=packets + 1).contains(&round), "{round} instead of {packets}");
        }
    }
}
