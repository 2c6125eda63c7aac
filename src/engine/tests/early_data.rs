//! 0-RTT that arrives before the Initial.

use super::*;
use crate::wire::Direction;

/// A world whose client comes back and sends `data` in 0-RTT packets: its first datagram, with the
/// Initial, and the others.
fn returning(data: &[u8]) -> (World, Vec<u8>, Vec<Vec<u8>>) {
    let mut world = World::connected();
    let (scid, dcid) = (world.client.random_cid(), world.client.random_remote_cid(8));
    let config = ClientConfig {
        settings: Arc::new(Settings::default()),
        addresses: addresses(1),
        controller: controller(),
        scid,
        dcid,
        server_name: None,
        alpn: b"h3",
        verify: VerifyMode::None,
        groups: None,
        versions: &[],
        no_crypto: false,
        resumption: world.ticket.as_deref(),
        remembered: world.remembered.clone(),
        token: b"",
    };
    world.client_key = world.client.connect(world.now, config).unwrap();
    world.server_key = None;
    let streams = world.client.connection_mut(world.client_key).unwrap().streams_mut();
    let key = streams.open(Direction::Bidirectional).unwrap();
    assert_eq!(streams.write(key, data, true).unwrap(), data.len());
    let mut flight = world.sent(Role::Client);
    let first = flight.remove(0);
    (world, first, flight)
}

/// Everything that the server can read.
fn read(world: &mut World) -> Vec<u8> {
    let streams = world.server.connection_mut(world.server_key.unwrap()).unwrap().streams_mut();
    let (mut keys, mut data) = (Vec::new(), Vec::new());
    streams.readable(&mut keys);
    let mut buffer = [0; 4096];
    for key in keys {
        while let Ok(read) = streams.read(key, &mut buffer) {
            data.extend_from_slice(&buffer[..read.len]);
            if read.fin {
                break;
            }
        }
    }
    data
}

fn keep(world: &mut World, datagrams: &[Vec<u8>]) {
    for datagram in datagrams {
        let received = world.at_server(datagram);
        assert!(matches!(received, Received::Dropped(DropReason::Early)), "{received:?}");
    }
}

/// RFC 9000 section 5.2.2.
#[test]
fn early_data_that_overtakes_its_initial_waits_for_it() {
    let data: Vec<u8> = (0..5000_u32).map(|n| n as u8).collect();
    let (mut world, first, rest) = returning(&data);
    assert!(rest.len() >= 3);
    keep(&mut world, &rest);
    assert_eq!(world.server.len(), 1);
    let Received::Incoming(incoming) = world.at_server(&first) else { panic!() };
    world.accept(&incoming, &first);
    assert_eq!(read(&mut world), data);
}

#[test]
fn early_data_whose_initial_stays_away_is_forgotten() {
    let (mut world, first, rest) = returning(&[7; 3000]);
    keep(&mut world, &rest);
    world.now += Duration::from_secs(2);
    let Received::Incoming(incoming) = world.at_server(&first) else { panic!() };
    world.accept(&incoming, &first);
    assert!(read(&mut world).len() < 1200);
}
