//! What streams remember of their lives.

use super::*;
use crate::time::{Duration, Instant};

fn at(micros: u64) -> Instant {
    Instant::from_micros(micros)
}

fn recording(role: Role) -> Streams {
    let mut streams = end_with(role, LIMITS, LIMITS);
    streams.keep_records();
    streams.set_time(at(1));
    streams
}

#[test]
fn a_record_has_the_time_of_each_step() {
    let (mut client, mut server) = (recording(Role::Client), recording(Role::Server));
    let key = client.open(Direction::Unidirectional).unwrap();
    client.set_time(at(2));
    client.write(key, &[7; 100], true).unwrap();
    client.set_time(at(3));
    let packet = packet(&mut client, 1000);
    server.set_time(at(4));
    deliver(&mut server, &packet);
    let Some(StreamEvent::Opened(other)) = server.poll_event() else { panic!("no stream") };
    server.set_time(at(5));
    assert!(server.read(other, &mut [0; 200]).unwrap().fin);
    client.set_time(at(6));
    ack(&mut client, &packet);

    let sent = client.record(key).unwrap();
    assert_eq!(sent.created, at(1));
    assert_eq!((sent.written, sent.fin_written), (Some(at(2)), Some(at(2))));
    assert_eq!((sent.sent, sent.fin_sent), (Some(at(3)), Some(at(3))));
    assert_eq!((sent.fin_acked, sent.all_acked), (Some(at(6)), Some(at(6))));
    assert_eq!((sent.closed, sent.bytes_written), (Some(at(6)), 100));
    assert_eq!(client.states(key), Some((Some(SendState::DataRecvd), None)));

    let received = server.record(other).unwrap();
    assert_eq!((received.fin_received, received.fin_read), (Some(at(4)), Some(at(5))));
    assert_eq!((received.bytes_received, received.bytes_read), (100, 100));
    assert_eq!(received.final_size, Some(100));
    assert_eq!(server.states(other), Some((None, Some(RecvState::DataRead))));
}

#[test]
fn a_record_has_the_times_of_resets_and_counts_losses() {
    let (mut client, mut server) = (recording(Role::Client), recording(Role::Server));
    let key = client.open(Direction::Unidirectional).unwrap();
    client.write(key, &[7; 100], false).unwrap();
    let data = packet(&mut client, 1000);
    lose(&mut client, &data);
    client.set_time(at(2));
    client.reset(key, 9).unwrap();
    client.set_time(at(3));
    let reset = packet(&mut client, 1000);
    server.set_time(at(4));
    deliver(&mut server, &reset);
    let sent = client.record(key).unwrap();
    assert_eq!((sent.reset, sent.reset_sent, sent.frames_lost), (Some(at(2)), Some(at(3)), 1));
    assert_eq!(client.reset_code(key), Some(9));
    let Some(StreamEvent::Opened(other)) = server.poll_event() else { panic!("no stream") };
    assert_eq!(server.record(other).unwrap().reset_received, Some(at(4)));
    assert_eq!(server.reset_code(other), Some(9));
}

/// Writes the next packet at `time`.
fn leave(streams: &mut Streams, time: u64) -> Packet {
    streams.set_time(at(time));
    streams.begin_packet(0);
    packet(streams, 1000)
}

#[test]
fn a_wait_counts_for_the_streams_in_the_packet_that_ends_it() {
    let mut client = recording(Role::Client);
    let [first, second, later] = [0, 1, 2].map(|_| client.open(Direction::Unidirectional).unwrap());
    client.write(first, &[7; 100], false).unwrap();
    client.write(second, &[7; 100], false).unwrap();
    client.on_held_back(at(10));
    client.on_held_back(at(20));
    client.set_time(at(40));
    client.write(later, &[7; 100], false).unwrap();
    leave(&mut client, 40);
    let waits = |client: &mut Streams, key| client.record(key).unwrap().window_waits;
    let waited = Waits { count: 1, time: Duration::from_micros(30) };
    assert_eq!(waits(&mut client, first), waited);
    assert_eq!(waits(&mut client, second), waited);
    // It was written when there was room again.
    assert_eq!(waits(&mut client, later), Waits::default());
    client.set_time(at(50));
    client.write(first, &[7; 100], false).unwrap();
    leave(&mut client, 60);
    assert_eq!(waits(&mut client, first), waited, "nothing was in the way of the next packet");
}

#[test]
fn no_stream_waits_before_it_has_something_to_send() {
    let mut client = recording(Role::Client);
    let key = client.open(Direction::Unidirectional).unwrap();
    client.on_held_back(at(10));
    client.set_time(at(30));
    client.write(key, &[7; 100], false).unwrap();
    leave(&mut client, 40);
    let waits = client.record(key).unwrap().window_waits;
    assert_eq!(waits, Waits { count: 1, time: Duration::from_micros(10) });
}

#[test]
fn the_pacer_takes_over_from_the_window() {
    let mut client = recording(Role::Client);
    let key = client.open(Direction::Unidirectional).unwrap();
    client.write(key, &[7; 100], false).unwrap();
    client.on_held_back(at(10));
    client.on_paced(at(30));
    client.on_paced(at(35));
    leave(&mut client, 70);
    let record = client.record(key).unwrap();
    assert_eq!(record.window_waits, Waits { count: 1, time: Duration::from_micros(20) });
    assert_eq!(record.pacer_waits, Waits { count: 1, time: Duration::from_micros(40) });
}

#[test]
fn packets_are_counted_once_and_frames_with_their_copies() {
    let mut client = recording(Role::Client);
    let key = client.open(Direction::Unidirectional).unwrap();
    client.write(key, &[7; 100], false).unwrap();
    let lost = leave(&mut client, 2);
    client.write(key, &[7; 50], false).unwrap();
    lose(&mut client, &lost);
    // What was lost and what is new go in two frames of one packet.
    leave(&mut client, 3);
    let record = client.record(key).unwrap();
    assert_eq!((record.packets_sent, record.packets_repeated), (2, 1));
    assert_eq!(record.frames_sent, FrameCount { frames: 3, bytes: 250 });
    assert_eq!(record.bytes_written, 150);
}

#[test]
fn bytes_count_as_received_up_to_the_first_gap() {
    let (mut client, mut server) = (recording(Role::Client), recording(Role::Server));
    let key = client.open(Direction::Unidirectional).unwrap();
    client.write(key, &[7; 100], false).unwrap();
    let first = leave(&mut client, 2);
    client.write(key, &[7; 100], false).unwrap();
    let second = leave(&mut client, 3);
    deliver(&mut server, &second);
    deliver(&mut server, &second);
    let Some(StreamEvent::Opened(other)) = server.poll_event() else { panic!("no stream") };
    let record = server.record(other).unwrap();
    assert_eq!(record.bytes_received, 0);
    assert_eq!(record.frames_received, FrameCount { frames: 2, bytes: 200 });
    deliver(&mut server, &first);
    assert_eq!(server.record(other).unwrap().bytes_received, 200);
}

#[test]
fn the_path_is_noted_when_sending_begins_and_when_it_ends() {
    let mut client = recording(Role::Client);
    let key = client.open(Direction::Unidirectional).unwrap();
    assert!(!client.begin_packet(0));
    client.write(key, &[7; 100], true).unwrap();
    assert!(client.begin_packet(0));
    let begin = PathState { window: 1, ..PathState::default() };
    client.note_path(begin);
    assert!(!client.begin_packet(0), "once");
    let sent = packet(&mut client, 1000);
    assert_eq!(client.record(key).unwrap().path_at_end, None);
    ack(&mut client, &sent);
    assert!(client.begin_packet(0));
    let end = PathState { window: 2, ..PathState::default() };
    client.note_path(end);
    let record = client.record(key).unwrap();
    assert_eq!((record.path_at_begin, record.path_at_end), (Some(begin), Some(end)));
}

#[test]
fn probe_timeouts_count_though_they_sent_nothing_of_the_stream() {
    let mut client = recording(Role::Client);
    let key = client.open(Direction::Unidirectional).unwrap();
    client.write(key, &[7; 100], true).unwrap();
    let sent = leave(&mut client, 2);
    client.begin_packet(3);
    assert_eq!(client.record(key).unwrap().probe_timeouts, 0);
    ack(&mut client, &sent);
    assert_eq!(client.record(key).unwrap().probe_timeouts, 3);
}

#[test]
fn streams_keep_no_record_unless_asked() {
    let mut client = client();
    let key = client.open(Direction::Unidirectional).unwrap();
    assert_eq!(client.record(key), None);
}

#[test]
fn totals_count_streams_and_bytes() {
    let (mut client, mut server) = (client(), server());
    let keys: Vec<_> = (0..3).map(|_| client.open(Direction::Bidirectional).unwrap()).collect();
    for key in keys {
        client.write(key, &[7; 100], true).unwrap();
    }
    let packet = packet(&mut client, 1000);
    deliver(&mut server, &packet);
    deliver(&mut server, &packet);
    assert_eq!((client.totals().bytes_sent, server.totals().bytes_received), (300, 300));
    assert_eq!((client.opened_bidi(Role::Client), server.opened_bidi(Role::Client)), (3, 3));
    assert_eq!(server.opened_bidi(Role::Server), 0);
    assert_eq!((server.totals().peer_bidi_peak, client.totals().peer_bidi_peak), (3, 0));
    assert_eq!(server.totals().finished, 0);
}
