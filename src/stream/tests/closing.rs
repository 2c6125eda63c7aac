//! How streams end: FIN, RESET_STREAM, STOP_SENDING (RFC 9000 sections 3 and 4.5).

use super::*;

fn stop(id: u64, code: u64) -> frame::StopSending {
    frame::StopSending { id: StreamId(id), error_code: code }
}

fn closed(streams: &mut Streams) -> usize {
    events(streams).iter().filter(|e| matches!(e, StreamEvent::Closed(_))).count()
}

// RFC 9000 section 19.8.
#[test]
fn a_late_or_lonely_fin_ends_the_stream_exactly_once() {
    let mut server = server();
    server.on_stream(&stream(0, 0, b"abc", false)).unwrap();
    let key = server.key(StreamId(0)).unwrap();
    assert_eq!(server.read(key, &mut [0; 9]), Ok(Read { len: 3, fin: false }));
    assert_eq!(server.read(key, &mut [0; 9]), Err(ReadError::Blocked));
    assert!(readable(&server).is_empty());
    server.on_stream(&stream(0, 3, b"", true)).unwrap();
    assert_eq!(readable(&server), [key]);
    assert_eq!(server.read(key, &mut [0; 9]), Ok(Read { len: 0, fin: true }));
    server.on_stream(&stream(0, 3, b"", true)).unwrap();
    server.on_stream(&stream(0, 0, b"abc", true)).unwrap();
    assert!(readable(&server).is_empty());
    assert_eq!(server.read(key, &mut [0; 9]), Err(ReadError::Finished));
}

#[test]
fn a_fin_that_overtakes_its_data_waits_for_it() {
    let mut server = server();
    server.on_stream(&stream(0, 3, b"def", true)).unwrap();
    let key = server.key(StreamId(0)).unwrap();
    assert_eq!(server.read(key, &mut [0; 9]), Err(ReadError::Blocked));
    server.on_stream(&stream(0, 0, b"abcd", false)).unwrap();
    assert_eq!(server.read(key, &mut [0; 4]), Ok(Read { len: 4, fin: false }));
    assert_eq!(readable(&server), [key]);
    assert_eq!(server.read(key, &mut [0; 2]), Ok(Read { len: 2, fin: true }));
}

// RFC 9000 section 19.8.
#[test]
fn data_after_the_end_is_refused() {
    let mut client = client();
    let key = client.open(Direction::Bidirectional).unwrap();
    assert_eq!(client.write(key, b"", true), Ok(0));
    assert_eq!(client.write(key, b"x", false), Err(WriteError::Finished));
    assert_eq!(client.write(key, b"", true), Err(WriteError::Finished));
    let sent = packet(&mut client, 1_000);
    assert_eq!(sent.frames(), [Frame::Stream(stream(0, 0, b"", true))]);
}

// RFC 9000 section 3.5.
#[test]
fn stop_sending_is_answered_with_a_reset_of_the_true_size() {
    let mut client = client();
    let key = client.open(Direction::Bidirectional).unwrap();
    client.write(key, &pattern(5_000), true).unwrap();
    let sent = packet(&mut client, 1_002);
    client.on_stop_sending(&stop(0, 9)).unwrap();
    client.on_stop_sending(&stop(0, 10)).unwrap();
    assert_eq!(events(&mut client), [StreamEvent::StoppedByPeer { key, code: 9 }]);
    assert_eq!(client.write(key, b"x", false), Err(WriteError::Reset(9)));
    let answer = packet(&mut client, 1_000);
    let reset = frame::ResetStream { id: StreamId(0), error_code: 9, final_size: 1_000 };
    assert_eq!(answer.frames(), [Frame::ResetStream(reset)]);
    assert_eq!((client.bytes_buffered(), client.pool().in_use()), (0, 0));
    lose(&mut client, &sent);
    ack(&mut client, &sent);
    assert!(!client.wants_to_send());
    lose(&mut client, &answer);
    assert_eq!(packet(&mut client, 1_000).frames(), [Frame::ResetStream(reset)]);
}

// RFC 9000 section 3.5.
#[test]
fn stop_sending_after_all_was_acknowledged_changes_nothing() {
    let (mut client, mut server) = (client(), server());
    let key = client.open(Direction::Bidirectional).unwrap();
    client.write(key, b"all", true).unwrap();
    flush(&mut client, &mut server);
    client.on_stop_sending(&stop(0, 9)).unwrap();
    assert!(events(&mut client).is_empty() && !client.wants_to_send());
}

#[test]
fn a_reset_is_told_once_and_ends_reading() {
    for poll_first in [false, true] {
        let mut server = server();
        server.on_stream(&stream(2, 0, b"abc", false)).unwrap();
        let key = server.key(StreamId(2)).unwrap();
        server.on_reset_stream(&reset_stream(2, 100)).unwrap();
        server.on_reset_stream(&reset_stream(2, 100)).unwrap();
        assert_eq!(readable(&server), [key]);
        let mut seen = Vec::new();
        if poll_first {
            seen = events(&mut server);
        }
        assert_eq!(server.read(key, &mut [0; 9]), Err(ReadError::Reset(7)));
        assert_eq!(server.read(key, &mut [0; 9]), Err(ReadError::Reset(7)));
        assert!(readable(&server).is_empty());
        seen.extend(events(&mut server));
        let reset = StreamEvent::ResetByPeer { key, code: 7 };
        assert_eq!(seen, [StreamEvent::Opened(key), reset, StreamEvent::Closed(key)]);
    }
}

#[test]
fn a_reset_after_all_data_still_lets_it_be_read() {
    let mut server = server();
    server.on_stream(&stream(0, 0, b"abc", true)).unwrap();
    server.on_reset_stream(&reset_stream(0, 3)).unwrap();
    let key = server.key(StreamId(0)).unwrap();
    assert_eq!(read_all(&mut server, key), (b"abc".to_vec(), true));
}

#[test]
fn closing_both_ways_ends_when_the_peer_knows() {
    let (mut client, mut server) = (client(), server());
    let key = client.open(Direction::Bidirectional).unwrap();
    client.write(key, &pattern(20_000), false).unwrap();
    flush(&mut client, &mut server);
    client.close(key, 5).unwrap();
    assert_eq!(client.read(key, &mut [0; 1]), Err(ReadError::Finished));
    exchange(&mut client, &mut server);
    let there = server.key(StreamId(0)).unwrap();
    assert_eq!(server.read(there, &mut [0; 9]), Err(ReadError::Reset(5)));
    assert_eq!(server.write(there, b"x", false), Err(WriteError::Reset(5)));
    assert_eq!((closed(&mut client), closed(&mut server)), (1, 1));
    assert_eq!((client.pool().in_use(), server.pool().in_use()), (0, 0));
    client.forget(key);
    server.forget(there);
    assert!(client.is_empty() && server.is_empty());
    assert_eq!(client.reset(key, 1), Err(UnknownStream));
    assert_eq!(client.stop_sending(key, 1), Err(UnknownStream));
    assert_eq!(client.read(key, &mut [0; 1]), Err(ReadError::Unknown));
    assert_eq!(client.write(key, b"", true), Err(WriteError::Unknown));
    assert_eq!(client.id(key), None);
}

// RFC 9000 section 13.3.
#[test]
fn lost_resets_and_stops_are_repeated() {
    let mut client = client();
    let key = client.open(Direction::Bidirectional).unwrap();
    client.write(key, b"data", false).unwrap();
    let data = packet(&mut client, 1_000);
    client.reset(key, 3).unwrap();
    client.stop_sending(key, 4).unwrap();
    let sent = packet(&mut client, 1_000);
    let reset = frame::ResetStream { id: StreamId(0), error_code: 3, final_size: 4 };
    assert!(sent.frames().contains(&Frame::ResetStream(reset)));
    assert!(sent.frames().contains(&Frame::StopSending(stop(0, 4))));
    assert!(!client.wants_to_send());
    lose(&mut client, &data);
    assert!(!client.wants_to_send(), "the data is given up");
    lose(&mut client, &sent);
    assert_eq!(packet(&mut client, 1_000).frames(), sent.frames());
}

#[test]
fn a_stream_that_lives_is_not_forgotten() {
    let mut client = client();
    let key = client.open(Direction::Bidirectional).unwrap();
    client.forget(key);
    assert_eq!(client.id(key), Some(StreamId(0)));
}

#[test]
fn stopping_a_stream_whose_end_is_known_ends_it_silently() {
    let mut server = server();
    server.on_stream(&stream(2, 5, b"abc", true)).unwrap();
    let key = server.key(StreamId(2)).unwrap();
    server.stop_sending(key, 1).unwrap();
    assert_eq!(closed(&mut server), 1);
    assert!(!server.wants_to_send());
    assert_eq!(server.window.consumed(), 8);
}

#[test]
fn parts_a_stream_does_not_have_cannot_be_used() {
    let mut client = client();
    let key = client.open(Direction::Unidirectional).unwrap();
    assert_eq!(client.read(key, &mut [0; 1]), Err(ReadError::SendOnly));
    client.on_stream(&stream(3, 0, b"x", false)).unwrap();
    let theirs = client.key(StreamId(3)).unwrap();
    assert_eq!(client.write(theirs, b"x", false), Err(WriteError::ReceiveOnly));
    client.reset(theirs, 1).unwrap();
    client.stop_sending(key, 1).unwrap();
    assert!(!client.wants_to_send());
}

// A peer that opens and resets streams in a row costs one slot each until told, and no block.
#[test]
fn a_storm_of_resets_leaves_nothing_behind() {
    let mut server = server();
    for round in 0..5_000 {
        let id = 4 * round;
        server.on_stream(&stream(id, 0, b"x", false)).unwrap();
        server.on_reset_stream(&reset_stream(id, 1)).unwrap();
        server.on_stop_sending(&stop(id, 1)).unwrap();
        let key = server.key(StreamId(id)).unwrap();
        let answer = packet(&mut server, 1_000);
        ack(&mut server, &answer);
        assert_eq!(closed(&mut server), 1);
        server.forget(key);
        let update = packet(&mut server, 1_000);
        ack(&mut server, &update);
    }
    assert!(server.is_empty() && server.pool().in_use() == 0);
    assert!(server.events.is_empty());
}
