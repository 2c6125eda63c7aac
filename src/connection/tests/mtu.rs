//! The search for the path MTU on whole connections (RFC 9000 section 14, RFC 8899).

use super::link::Weather;
use super::pair::{Options, Pair};
use crate::congestion::CongestionController;
use crate::connection::{MtuSearchSettings, Settings};
use crate::time::Duration;
use crate::wire::Role;

const SECOND: Duration = Duration::from_secs(1);

/// Settings of an end that searches up to `limit`.
fn searching(limit: u16) -> Settings {
    let interval = Duration::from_millis(500);
    let mtu_search = MtuSearchSettings { enabled: true, limit, interval };
    Settings { mtu_search, ..Settings::default() }
}

/// A pair whose client searches on a path that carries `mtu` bytes.
fn pair(limit: u16, mtu: usize) -> Pair {
    Pair::new(Options {
        client: searching(limit),
        weather: Weather { mtu, ..Weather::default() },
        ..Options::default()
    })
}

fn size(pair: &Pair) -> u16 {
    pair.client.connection.path().max_datagram_size
}

/// RFC 9000 section 14.3: once the handshake is confirmed.
#[test]
fn a_path_that_carries_more_is_used_to_the_full() {
    let mut pair = pair(1420, 1500);
    pair.run_for(SECOND);
    pair.assert_confirmed();
    assert_eq!(size(&pair), 1420);
    // The probe was one packet, acknowledged.
    assert_eq!(pair.client.connection.stats().largest_acked_size, 1420);
    assert!(pair.transfer(Role::Client, 100_000, SECOND, |_| {}));
    pair.write(Role::Client, &[1; 10_000]);
    let lens: Vec<usize> = pair.sent(Role::Client).iter().map(Vec::len).collect();
    assert!(lens.len() > 4 && lens[..lens.len() - 1].iter().all(|len| *len == 1420), "{lens:?}");
}

/// RFC 9000 section 14.1: no probe before; the handshake keeps to what every path carries.
#[test]
fn nothing_larger_is_sent_before_the_handshake_is_confirmed() {
    let mut pair = pair(1420, 1500);
    while pair.client.connection.early.is_some() {
        for datagram in pair.sent(Role::Client) {
            assert!(datagram.len() <= 1200);
            pair.give(Role::Server, &datagram);
        }
        for datagram in pair.sent(Role::Server) {
            pair.give(Role::Client, &datagram);
        }
        pair.tick(Role::Client);
    }
    pair.tick(Role::Client);
    assert!(pair.sent(Role::Client).iter().any(|datagram| datagram.len() == 1420));
}

#[test]
fn a_path_that_carries_less_is_searched() {
    let mut pair = pair(1420, 1350);
    pair.run_for(SECOND.saturating_mul(20));
    assert!((1341..=1350).contains(&size(&pair)), "{}", size(&pair));
}

/// RFC 9000 section 14.4: nor does it look like congestion to the round-trip estimate or the pacer.
#[test]
fn a_lost_probe_never_changes_the_window() {
    let mut pair = pair(1420, 1200);
    pair.run(SECOND, |pair| pair.client.connection.state().is_established());
    let window = pair.client.connection.path().controller.window();
    pair.run_for(SECOND.saturating_mul(20));
    let client = &pair.client.connection;
    assert!(client.stats().packets_lost >= 3);
    assert!(client.path().controller.window() >= window);
    assert!(!client.path().controller.in_recovery());
    assert_eq!(client.path().bytes_in_flight, 0);
    assert_eq!(size(&pair), 1200);
}

/// RFC 9000 section 18.2.
#[test]
fn the_peers_largest_payload_is_kept_to() {
    let mut pair = Pair::new(Options {
        client: searching(1420),
        server: Settings { max_udp_payload_size: 1333, ..Settings::default() },
        ..Options::default()
    });
    pair.run_for(SECOND);
    assert_eq!(size(&pair), 1333);
}

/// RFC 8899 section 4.3: everything large vanishes while data is under way.
#[test]
fn a_black_hole_is_noticed_and_the_transfer_goes_on() {
    let mut pair = pair(1420, 1500);
    pair.run_for(SECOND);
    assert_eq!(size(&pair), 1420);
    pair.link.weather.mtu = 1300;
    assert!(pair.transfer(Role::Client, 500_000, SECOND.saturating_mul(10), |_| {}));
    assert_eq!(size(&pair), 1200);
    // A minute later the search begins anew, if the path is in use.
    pair.wait(SECOND.saturating_mul(59));
    assert!(pair.transfer(Role::Client, 500_000, SECOND.saturating_mul(10), |_| {}));
    pair.run_for(SECOND.saturating_mul(15));
    assert!((1291..=1300).contains(&size(&pair)), "{}", size(&pair));
}

/// Small packets get through and are acknowledged, so that no probe timeout follows another.
#[test]
fn a_black_hole_is_noticed_although_small_packets_arrive() {
    let mut pair = pair(1420, 1500);
    pair.run_for(SECOND);
    pair.link.weather.mtu = 1300;
    let key = pair.write(Role::Client, &[1; 60_000]);
    let fell = pair.run(SECOND.saturating_mul(5), |pair| {
        pair.client.connection.ping();
        let _ = pair.client.connection.streams_mut().write(key, &[1; 1], false);
        size(pair) == 1200
    });
    assert!(fell);
}

#[test]
fn random_loss_is_no_black_hole() {
    for seed in 1..10 {
        let weather = Weather { seed, loss: 50, ..Weather::default() };
        let options = Options { client: searching(1420), weather, ..Options::default() };
        let mut pair = Pair::new(options);
        pair.run_for(SECOND.saturating_mul(5));
        assert_eq!(size(&pair), 1420);
        let lasting = pair.transfer(Role::Client, 500_000, SECOND.saturating_mul(60), |pair| {
            assert_eq!(size(pair), 1420);
        });
        assert!(lasting);
    }
}

/// A probe would keep the connection alive for ever.
#[test]
fn an_idle_connection_is_not_probed_and_ends() {
    let mut pair = pair(1420, 1300);
    pair.run_for(SECOND.saturating_mul(1000));
    assert!(pair.client.reason.is_some());
}

#[test]
fn without_the_setting_nothing_is_probed() {
    let mut pair = Pair::new(Options::default());
    pair.run_for(SECOND);
    assert_eq!(size(&pair), 1200);
    assert_eq!(pair.client.connection.stats().largest_acked_size.max(1200), 1200);
}
