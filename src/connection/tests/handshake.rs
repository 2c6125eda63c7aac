//! The handshake, over links of all kinds.

use super::link::Weather;
use super::pair::{Options, Pair};
use crate::connection::{Event, Settings, State};
use crate::time::Duration;
use crate::wire::Role;

/// Long enough for a handshake on any link here.
const PATIENT: Duration = Duration::from_secs(300);

fn patient() -> Settings {
    Settings { handshake_idle_timeout: PATIENT, ..Settings::default() }
}

fn options(weather: Weather) -> Options {
    Options { client: patient(), server: patient(), weather, ..Options::default() }
}

fn is_confirmed(pair: &mut Pair) -> bool {
    [&pair.client, &pair.server].iter().all(|end| end.connection.state() == State::Confirmed)
}

#[test]
fn each_step_is_announced_once_and_in_order() {
    let mut pair = Pair::established();
    for role in [Role::Client, Role::Server] {
        let events: Vec<String> =
            pair.end(role).events.iter().map(|event| format!("{event:?}")).collect();
        let place = |name: &str| {
            let places: Vec<usize> =
                (0..events.len()).filter(|i| events[*i].starts_with(name)).collect();
            assert_eq!(places.len(), 1, "{name}: {events:?}");
            places[0]
        };
        assert!(place("ProtocolSelected") < place("HandshakeComplete"));
        assert!(place("HandshakeComplete") < place("HandshakeConfirmed"));
    }
}

#[test]
fn what_only_the_handshake_needs_is_gone_afterwards() {
    let pair = Pair::established();
    assert!(pair.client.connection.early.is_none());
    assert!(pair.server.connection.early.is_none());
}

#[test]
fn data_crosses_in_both_directions() {
    let mut pair = Pair::established();
    pair.write(Role::Client, b"a question");
    pair.write(Role::Server, b"an answer");
    pair.exchange();
    assert_eq!(pair.read(Role::Server), b"a question");
    assert_eq!(pair.read(Role::Client), b"an answer");
    assert_eq!(pair.client.connection.stats().packets_lost, 0);
    assert_eq!(pair.server.connection.stats().packets_lost, 0);
}

#[test]
fn thirty_percent_loss_both_ways_delays_a_handshake_and_never_ends_it() {
    for seed in 0..200 {
        let mut pair = Pair::new(options(Weather { seed, loss: 300, ..Weather::default() }));
        assert!(pair.run(PATIENT, is_confirmed), "seed {seed}");
    }
}

#[test]
fn reordering_and_duplication_do_not_disturb_a_handshake() {
    for seed in 0..100 {
        let weather = Weather { seed, reorder: 500, duplicate: 300, ..Weather::default() };
        let mut pair = Pair::new(options(weather));
        assert!(pair.run(Duration::from_secs(5), is_confirmed), "seed {seed}");
        assert_eq!(pair.client.count(|event| matches!(event, Event::HandshakeConfirmed)), 1);
    }
}

#[test]
fn data_survives_a_bad_link() {
    let data: Vec<u8> = (0..60_000_u32).map(|n| (n * 7 % 251) as u8).collect();
    for seed in 0..20 {
        let weather =
            Weather { seed, loss: 100, reorder: 200, duplicate: 100, ..Weather::default() };
        let mut pair = Pair::new(options(weather));
        assert!(pair.run(PATIENT, is_confirmed), "seed {seed}");
        pair.write(Role::Client, &data);
        let mut read = Vec::new();
        let done = pair.run(PATIENT, |pair| {
            read.extend(pair.read(Role::Server));
            read.len() >= data.len()
        });
        assert!(done && read == data, "seed {seed}");
    }
}

/// RFC 9000 section 10.1: a handshake in which nothing is heard ends by itself.
#[test]
fn a_handshake_without_an_answer_times_out() {
    let mut pair = Pair::new(Options {
        weather: Weather { loss: 1000, ..Weather::default() },
        ..Options::default()
    });
    pair.run_for(Duration::from_secs(60));
    assert_eq!(pair.client.reason, Some(crate::connection::CloseReason::HandshakeTimeout));
    assert_eq!(pair.client.connection.state(), State::Closed);
    let now = pair.now;
    assert_eq!(pair.client.connection.next_timeout(now), None);
}
