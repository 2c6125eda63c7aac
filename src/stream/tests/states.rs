//! Which frames a stream's kind and state allow (RFC 9000 sections 3 and 19).

use super::*;

const STATE: Option<TransportErrorCode> = Some(TransportErrorCode::STREAM_STATE_ERROR);

fn stop(id: u64) -> frame::StopSending {
    frame::StopSending { id: StreamId(id), error_code: 9 }
}

// IDs at a client: 0 bidirectional and 2 unidirectional ours, 1 and 3 the server's.

// RFC 9000 sections 19.8 and 19.4.
#[test]
fn data_or_reset_on_a_send_only_stream_is_a_state_error() {
    let mut client = client();
    client.open(Direction::Unidirectional).unwrap();
    for id in [2, 6] {
        assert_eq!(code(client.on_stream(&stream(id, 0, b"x", false))), STATE);
        assert_eq!(code(client.on_reset_stream(&reset_stream(id, 0))), STATE);
    }
}

// RFC 9000 sections 19.8, 19.4, 19.5, 19.10 and 19.13.
#[test]
fn frames_for_a_stream_we_never_opened_are_a_state_error() {
    let mut client = client();
    client.open(Direction::Bidirectional).unwrap();
    assert_eq!(client.on_stream(&stream(0, 0, b"x", false)), Ok(()));
    let max = frame::MaxStreamData { id: StreamId(4), maximum: 9 };
    let blocked = frame::StreamDataBlocked { id: StreamId(4), limit: 9 };
    assert_eq!(code(client.on_stream(&stream(4, 0, b"x", false))), STATE);
    assert_eq!(code(client.on_reset_stream(&reset_stream(4, 0))), STATE);
    assert_eq!(code(client.on_stop_sending(&stop(4))), STATE);
    assert_eq!(code(client.on_max_stream_data(&max)), STATE);
    assert_eq!(code(client.on_stream_data_blocked(&blocked)), STATE);
    assert_eq!(code(client.on_stop_sending(&stop(2))), STATE);
}

// RFC 9000 section 19.5.
#[test]
fn stop_sending_on_a_receive_only_stream_is_a_state_error() {
    assert_eq!(code(client().on_stop_sending(&stop(3))), STATE);
}

// RFC 9000 section 19.10.
#[test]
fn max_stream_data_on_a_receive_only_stream_is_a_state_error() {
    let max = frame::MaxStreamData { id: StreamId(3), maximum: 9 };
    assert_eq!(code(client().on_max_stream_data(&max)), STATE);
}

// RFC 9000 section 19.13.
#[test]
fn stream_data_blocked_on_a_send_only_stream_is_a_state_error() {
    let mut client = client();
    client.open(Direction::Unidirectional).unwrap();
    let blocked = frame::StreamDataBlocked { id: StreamId(2), limit: 9 };
    assert_eq!(code(client.on_stream_data_blocked(&blocked)), STATE);
}

#[test]
fn an_error_names_the_type_of_its_frame() {
    let mut client = client();
    let types = [
        client.on_stream(&stream(2, 0, b"x", false)).unwrap_err().frame_type,
        client.on_reset_stream(&reset_stream(2, 0)).unwrap_err().frame_type,
        client.on_stop_sending(&stop(3)).unwrap_err().frame_type,
    ];
    assert_eq!(types, [0x08, 0x04, 0x05]);
}

// RFC 9000 section 3.2: every frame about a stream of the peer opens it.
#[test]
fn any_frame_opens_a_stream_of_the_peer() {
    let max = frame::MaxStreamData { id: StreamId(0), maximum: 9 };
    let blocked = frame::StreamDataBlocked { id: StreamId(4), limit: 9 };
    let mut server = server();
    server.on_max_stream_data(&max).unwrap();
    server.on_stream_data_blocked(&blocked).unwrap();
    server.on_stop_sending(&stop(8)).unwrap();
    server.on_reset_stream(&reset_stream(12, 0)).unwrap();
    let opened = events(&mut server);
    let opened = opened.iter().filter(|e| matches!(e, StreamEvent::Opened(_))).count();
    assert_eq!(opened, 4);
}

// RFC 9000 section 3: retransmissions of what was received are normal.
#[test]
fn late_frames_for_a_closed_stream_are_ignored() {
    let (mut client, mut server) = (client(), server());
    let key = client.open(Direction::Bidirectional).unwrap();
    client.write(key, b"question", true).unwrap();
    flush(&mut client, &mut server);
    let there = server.key(StreamId(0)).unwrap();
    assert_eq!(read_all(&mut server, there), (b"question".to_vec(), true));
    server.write(there, b"answer", true).unwrap();
    flush(&mut server, &mut client);
    assert_eq!(read_all(&mut client, key), (b"answer".to_vec(), true));
    for streams in [&mut client, &mut server] {
        let closed = events(streams);
        let Some(StreamEvent::Closed(key)) = closed.last() else { panic!("{closed:?}") };
        streams.forget(*key);
        assert!(streams.is_empty());
        let received = streams.received;
        streams.on_stream(&stream(0, 0, b"question", true)).unwrap();
        streams.on_stream(&stream(0, 500, b"whatever", false)).unwrap();
        streams.on_reset_stream(&reset_stream(0, 8)).unwrap();
        streams.on_stop_sending(&stop(0)).unwrap();
        let max = frame::MaxStreamData { id: StreamId(0), maximum: 1 << 40 };
        streams.on_max_stream_data(&max).unwrap();
        let blocked = frame::StreamDataBlocked { id: StreamId(0), limit: 9 };
        streams.on_stream_data_blocked(&blocked).unwrap();
        assert!(streams.is_empty() && events(streams).is_empty());
        assert_eq!(streams.received, received);
    }
}

#[test]
fn late_frames_for_a_part_that_ended_are_ignored() {
    let (mut client, mut server) = (client(), server());
    let key = client.open(Direction::Bidirectional).unwrap();
    client.write(key, b"question", true).unwrap();
    flush(&mut client, &mut server);
    let there = server.key(StreamId(0)).unwrap();
    read_all(&mut server, there);
    server.on_stream(&stream(0, 0, b"question", true)).unwrap();
    server.on_reset_stream(&reset_stream(0, 8)).unwrap();
    assert_eq!(server.read(there, &mut [0; 9]), Err(ReadError::Finished));
    assert_eq!(events(&mut server), [StreamEvent::Opened(there)]);
}

// RFC 9000 section 4.5.
#[test]
fn the_final_size_cannot_change() {
    let wrong = Some(TransportErrorCode::FINAL_SIZE_ERROR);
    let start = || {
        let mut server = server();
        server.on_stream(&stream(0, 10, b"abc", true)).unwrap();
        server
    };
    assert_eq!(code(start().on_stream(&stream(0, 10, b"abcd", false))), wrong);
    assert_eq!(code(start().on_stream(&stream(0, 10, b"ab", true))), wrong);
    assert_eq!(code(start().on_stream(&stream(0, 20, b"", true))), wrong);
    assert_eq!(code(start().on_reset_stream(&reset_stream(0, 14))), wrong);
    assert_eq!(code(start().on_reset_stream(&reset_stream(0, 12))), wrong);
    assert_eq!(start().on_reset_stream(&reset_stream(0, 13)), Ok(()));
}

// RFC 9000 section 4.5.
#[test]
fn a_reset_below_what_arrived_is_a_final_size_error() {
    let mut server = server();
    server.on_stream(&stream(0, 10, b"abc", false)).unwrap();
    let below = code(server.on_reset_stream(&reset_stream(0, 12)));
    assert_eq!(below, Some(TransportErrorCode::FINAL_SIZE_ERROR));
}

// RFC 9000 section 4.5: a second RESET_STREAM may not contradict the first.
#[test]
fn a_reset_fixes_the_final_size() {
    let mut server = server();
    server.on_reset_stream(&reset_stream(0, 12)).unwrap();
    assert_eq!(server.on_reset_stream(&reset_stream(0, 12)), Ok(()));
    let changed = code(server.on_stream(&stream(0, 12, b"x", false)));
    assert_eq!(changed, Some(TransportErrorCode::FINAL_SIZE_ERROR));
}
