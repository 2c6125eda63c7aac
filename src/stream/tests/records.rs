//! What streams remember of their lives.

use super::*;
use crate::time::Instant;

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
    assert_eq!((sent.closed, sent.bytes_sent), (Some(at(6)), 100));
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
