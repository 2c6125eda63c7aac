//! The latency spin bit on whole connections (RFC 9000 section 17.4).

use super::link::Weather;
use super::pair::{Options, Pair};
use crate::path::spin::SpinBit;
use crate::time::Duration;
use crate::wire::Role;

/// The spin bits that `from` sends in one round trip after the other. Header protection leaves the
/// bit in the clear.
fn spins(pair: &mut Pair, from: Role) -> Vec<bool> {
    let mut seen = Vec::new();
    for _ in 0..6 {
        pair.client.connection.ping();
        pair.server.connection.ping();
        let to_server = pair.sent(Role::Client);
        pair.give_all(Role::Server, &to_server);
        let to_client = pair.sent(Role::Server);
        pair.give_all(Role::Client, &to_client);
        let sent = if from == Role::Client { &to_server } else { &to_client };
        seen.push(sent[0][0] & 0x20 != 0);
        pair.wait(Duration::from_millis(10));
    }
    seen
}

fn established(seed: u64) -> Pair {
    let weather = Weather { seed, ..Weather::default() };
    Pair::established_with(Options { weather, ..Options::default() })
}

#[test]
fn the_bit_turns_once_a_round_trip() {
    let mut pair = established(1);
    pair.client.connection.path.spin = SpinBit::new(Role::Client, 1);
    pair.server.connection.path.spin = SpinBit::new(Role::Server, 1);
    let client = spins(&mut pair, Role::Client);
    assert!(client.windows(2).all(|pair| pair[0] != pair[1]), "{client:?}");
}

#[test]
fn some_connections_do_not_spin_and_most_do() {
    let mut still = 0;
    for seed in 0..100 {
        let mut pair = established(seed);
        pair.server.connection.path.spin = SpinBit::new(Role::Server, 1);
        let client = spins(&mut pair, Role::Client);
        still += u32::from(client.windows(2).all(|pair| pair[0] == pair[1]));
    }
    assert!((1..=20).contains(&still), "{still}");
}

/// A packet that was overtaken says nothing any more.
#[test]
fn only_the_largest_packet_number_counts() {
    let mut pair = established(1);
    pair.server.connection.path.spin = SpinBit::new(Role::Server, 1);
    pair.client.connection.path.spin = SpinBit::new(Role::Client, 1);
    pair.client.connection.ping();
    let old = pair.sent(Role::Client);
    let bit = old[0][0] & 0x20;
    pair.client.connection.path.spin.on_received(bit != 0);
    pair.client.connection.ping();
    let new = pair.sent(Role::Client);
    assert_ne!(new[0][0] & 0x20, bit);
    pair.give_all(Role::Server, &new);
    pair.give_all(Role::Server, &old);
    let answer = pair.sent(Role::Server);
    assert_eq!(answer[0][0] & 0x20, new[0][0] & 0x20);
}
