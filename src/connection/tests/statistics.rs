//! What a connection counts and remembers for reports.

use super::link::Weather;
use super::pair::{Options, Pair};
use crate::connection::{Event, LocalClose};
use crate::stream::StreamEvent;
use crate::time::Duration;
use crate::wire::frame::{self, Frame, FrameType};
use crate::wire::{Direction, PacketType, Role, StreamId};

fn transferred(len: usize) -> Pair {
    let mut pair = Pair::established();
    pair.write(Role::Client, &vec![7; len]);
    pair.run_for(Duration::from_secs(2));
    pair
}

#[test]
fn packets_with_data_of_the_application_are_told_from_the_others() {
    let pair = transferred(100_000);
    let (client, server) = (pair.client.connection.stats(), pair.server.connection.stats());
    assert!((100_000..110_000).contains(&client.data_bytes_sent), "{}", client.data_bytes_sent);
    assert_eq!(server.data_bytes_received, client.data_bytes_sent);
    assert_eq!(server.data_bytes_sent, 0);
    assert!(client.data_bytes_sent < client.bytes_sent);
    // A server that only acknowledges has little in flight.
    assert!(server.flight_packets_sent < server.packets_sent);
}

#[test]
fn the_last_packets_are_remembered_with_their_frames() {
    let pair = transferred(100_000);
    let client = pair.client.connection.stats();
    for note in client.last_sent.notes().iter().chain(client.last_received.notes()) {
        let note = note.unwrap();
        assert_eq!(note.packet_type, PacketType::OneRtt);
        assert!(note.len > 20 && note.time > pair.client.connection.created(), "{note:?}");
    }
    let acks = client.last_received.notes();
    assert!(acks.iter().flatten().all(|note| note.frames.contains(FrameType::ACK)));
    assert!(acks.iter().flatten().all(|note| note.datagram_len >= note.len));
    let sent = client.last_sent.notes();
    assert!(sent.iter().flatten().any(|note| note.frames.contains(FrameType::STREAM)));
}

#[test]
fn milestones_stand_in_their_order() {
    let mut pair = transferred(5_000);
    let now = pair.now;
    pair.client.connection.close(now, LocalClose::NoError);
    pair.run_for(Duration::from_millis(200));
    let client = pair.client.connection.stats().milestones;
    let server = pair.server.connection.stats().milestones;
    assert!(client.handshake_received.unwrap() <= client.handshake_complete.unwrap());
    assert!(client.handshake_complete < client.data_sent);
    assert!(client.data_sent < client.close_sent);
    assert!(client.last_sent >= client.close_sent);
    assert!(server.close_received > client.close_sent);
    assert_eq!(server.data_sent, None);
}

#[test]
fn probes_and_their_longest_row_are_counted() {
    let mut pair = Pair::established_with(Options {
        weather: Weather { loss: 300, seed: 5, ..Weather::default() },
        ..Options::default()
    });
    pair.write(Role::Client, &[7; 100_000]);
    pair.run_for(Duration::from_secs(60));
    let client = pair.client.connection.stats();
    assert!(client.probes_sent >= client.probe_timeouts && client.probe_timeouts > 0);
    assert!(u64::from(client.probe_timeouts_peak) <= client.probe_timeouts);
    assert!(client.probe_timeouts_peak > 0);
}

/// RFC 9000 section 4.6: the host hears which stream it was.
#[test]
fn a_stream_over_the_limit_is_named() {
    let mut pair = Pair::established();
    let id = StreamId::new(Role::Client, Direction::Bidirectional, 5000);
    let stream = frame::Stream { id, offset: 0, data: b"x", fin: false };
    pair.inject(Role::Client, &[Frame::Stream(stream)]);
    let limit = pair.server.connection.settings().initial_max_streams_bidi;
    let over = StreamEvent::OverLimit { id, limit };
    let named = |event: &Event| matches!(event, Event::Stream(told) if *told == over);
    assert_eq!(pair.server.count(named), 1);
}
