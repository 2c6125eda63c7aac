//! The latency spin bit (RFC 9000 section 17.4): what an observer on the path may measure the
//! round-trip time by.

use crate::wire::Role;

/// One in so many paths does not spin, so that not spinning stands for nothing.
const DISABLED_ONE_IN: u64 = 16;

/// The bit of one path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SpinBit {
    /// What short headers carry now.
    value: bool,
    /// A client turns what it receives, a server repeats it.
    turns: bool,
    /// What is received changes anything.
    spins: bool,
}

impl SpinBit {
    /// The bit of a new path at `role`. `chance` decides whether it spins, and what it is for good if
    /// it does not.
    pub fn new(role: Role, chance: u64) -> Self {
        let spins = chance % DISABLED_ONE_IN != 0;
        let value = !spins && (chance / DISABLED_ONE_IN) % 2 == 1;
        Self { value, turns: role == Role::Client, spins }
    }

    /// What the next short header carries.
    #[inline]
    pub fn value(self) -> bool {
        self.value
    }

    /// A packet with a number above all before it carried `received`.
    #[inline]
    pub fn on_received(&mut self, received: bool) {
        if self.spins {
            self.value = received ^ self.turns;
        }
    }

    /// The connection ID changed: an observer must not follow the bit over to the new one.
    pub fn restart(&mut self) {
        self.value &= !self.spins;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_turns_the_bit_and_a_server_repeats_it() {
        let (mut client, mut server) =
            (SpinBit::new(Role::Client, 1), SpinBit::new(Role::Server, 1));
        let mut seen = Vec::new();
        for _ in 0..4 {
            seen.push(client.value());
            server.on_received(client.value());
            client.on_received(server.value());
        }
        assert_eq!(seen, [false, true, false, true]);
    }

    #[test]
    fn one_in_sixteen_paths_does_not_spin() {
        let still = |chance| {
            let mut bit = SpinBit::new(Role::Server, chance);
            let before = bit.value();
            bit.on_received(!before);
            bit.value() == before
        };
        assert_eq!((0..1600).filter(|chance| still(*chance)).count(), 100);
    }

    #[test]
    fn a_bit_that_does_not_spin_is_random_for_the_path() {
        let set = (0..100).filter(|n| SpinBit::new(Role::Client, n * 16).value()).count();
        assert_eq!(set, 50);
    }

    #[test]
    fn another_connection_id_starts_from_zero() {
        let mut bit = SpinBit::new(Role::Server, 1);
        bit.on_received(true);
        bit.restart();
        assert!(!bit.value());
    }
}
