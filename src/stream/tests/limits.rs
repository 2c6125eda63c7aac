//! How many streams there may be (RFC 9000 sections 2.1 and 4.6).

use super::*;

const LIMIT: Option<TransportErrorCode> = Some(TransportErrorCode::STREAM_LIMIT_ERROR);

fn max_streams(direction: Direction, maximum: u64) -> frame::MaxStreams {
    frame::MaxStreams { direction, maximum }
}

/// Lets the peer open, use and end the stream `id`, and forgets it.
fn serve(server: &mut Streams, id: u64) {
    server.on_stream(&stream(id, 0, b"q", true)).unwrap();
    let key = server.key(StreamId(id)).unwrap();
    assert_eq!(read_all(server, key), (b"q".to_vec(), true));
    server.write(key, b"a", true).unwrap();
    let answer = packet(server, 1_000);
    ack(server, &answer);
    server.forget(key);
}

#[test]
fn a_stream_past_the_granted_count_is_a_limit_error() {
    let mut server = server();
    assert_eq!(server.on_stream(&stream(4 * 9, 0, b"x", false)), Ok(()));
    assert_eq!(code(server.on_stream(&stream(4 * 10, 0, b"x", false))), LIMIT);
    assert_eq!(code(server.on_reset_stream(&reset_stream(4 * 10, 0))), LIMIT);
    assert_eq!(code(server.on_stream(&stream(4 * 4 + 2, 0, b"x", false))), LIMIT);
    let far = frame::MaxStreamData { id: StreamId(varint_max_bidi()), maximum: 1 };
    assert_eq!(code(server.on_max_stream_data(&far)), LIMIT);
}

fn varint_max_bidi() -> u64 {
    crate::wire::varint::MAX & !3
}

// RFC 9000 section 2.1.
#[test]
fn a_stream_opened_by_a_higher_one_costs_nothing_until_it_is_used() {
    let mut server = server();
    server.on_stream(&stream(4 * 9, 0, b"x", false)).unwrap();
    assert_eq!(server.len(), 1);
    for index in 0..9 {
        server.on_stream(&stream(4 * index, 0, b"x", false)).unwrap();
    }
    assert_eq!(server.len(), 10);
}

// RFC 9000 section 4.6.
#[test]
fn credit_follows_streams_that_ended() {
    let mut server = server();
    for index in 0..1_000 {
        serve(&mut server, 4 * index);
        flush(&mut server, &mut client_with_many_streams());
    }
    assert!(server.is_empty());
    assert_eq!(server.on_stream(&stream(4 * 1_009, 0, b"x", false)).err(), None);
}

fn client_with_many_streams() -> Streams {
    let many = Limits { max_streams_bidi: 5_000, ..LIMITS };
    let mut client = end_with(Role::Client, LIMITS, many);
    (0..2_000).for_each(|_| assert!(client.open(Direction::Bidirectional).is_ok()));
    client
}

// RFC 9000 section 4.6: nine long-lived streams leave the tenth place usable for ever.
#[test]
fn concurrency_stays_with_long_lived_streams() {
    let mut server = server();
    for index in 0..9 {
        server.on_stream(&stream(4 * index, 0, b"tunnel", false)).unwrap();
    }
    for index in 9..200 {
        serve(&mut server, 4 * index);
        let update = packet(&mut server, 1_000);
        let max = max_streams(Direction::Bidirectional, index + 2);
        assert_eq!(update.frames(), [Frame::MaxStreams(max)]);
        ack(&mut server, &update);
    }
}

#[test]
fn a_stream_that_was_not_read_out_gives_no_credit() {
    let mut server = server();
    for index in 0..10 {
        let id = 4 * index;
        server.on_stream(&stream(id, 0, b"q", true)).unwrap();
        let key = server.key(StreamId(id)).unwrap();
        server.write(key, b"a", true).unwrap();
    }
    let sent = packet(&mut server, 1_000);
    ack(&mut server, &sent);
    assert!(!server.wants_to_send());
    let key = server.key(StreamId(0)).unwrap();
    read_all(&mut server, key);
    let max = max_streams(Direction::Bidirectional, 11);
    assert_eq!(packet(&mut server, 1_000).frames(), [Frame::MaxStreams(max)]);
}

// RFC 9000 section 19.14.
#[test]
fn a_peer_blocked_below_the_granted_count_hears_of_it_again() {
    let mut server = server();
    let blocked = |limit| frame::StreamsBlocked { direction: Direction::Bidirectional, limit };
    server.on_streams_blocked(&blocked(10)).unwrap();
    assert!(!server.wants_to_send());
    server.on_streams_blocked(&blocked(6)).unwrap();
    let max = max_streams(Direction::Bidirectional, 10);
    assert_eq!(packet(&mut server, 1_000).frames(), [Frame::MaxStreams(max)]);
    serve(&mut server, 0);
    assert!(!server.wants_to_send());
    server.on_streams_blocked(&blocked(10)).unwrap();
    let max = max_streams(Direction::Bidirectional, 11);
    assert_eq!(packet(&mut server, 1_000).frames(), [Frame::MaxStreams(max)]);
}

// RFC 9000 sections 19.11 and 19.14.
#[test]
fn stream_counts_over_two_to_the_sixty_are_encoding_errors() {
    let wrong = Some(TransportErrorCode::FRAME_ENCODING_ERROR);
    let direction = Direction::Unidirectional;
    let over = StreamId::MAX_COUNT + 1;
    let max = client().on_max_streams(&max_streams(direction, over)).unwrap_err();
    assert_eq!((Some(max.code), max.frame_type), (wrong, 0x13));
    let blocked = frame::StreamsBlocked { direction, limit: over };
    assert_eq!(code(client().on_streams_blocked(&blocked)), wrong);
    assert_eq!(client().on_max_streams(&max_streams(direction, over - 1)), Ok(()));
}

// RFC 9000 section 4.6.
#[test]
fn opening_past_the_limit_fails_until_the_peer_raises_it() {
    let mut client = client();
    let uni = Direction::Unidirectional;
    (0..4).for_each(|_| assert!(client.open(uni).is_ok()));
    assert_eq!(client.open(uni), Err(OpenError::Limit));
    assert_eq!(client.open(uni), Err(OpenError::Limit));
    let blocked = Frame::StreamsBlocked(frame::StreamsBlocked { direction: uni, limit: 4 });
    let sent = packet(&mut client, 1_000);
    assert_eq!(sent.frames(), [blocked]);
    lose(&mut client, &sent);
    assert_eq!(packet(&mut client, 1_000).frames(), [blocked]);
    client.on_max_streams(&max_streams(uni, 4)).unwrap();
    assert!(events(&mut client).is_empty());
    client.on_max_streams(&max_streams(uni, 5)).unwrap();
    assert_eq!(events(&mut client), [StreamEvent::LimitRaised(uni)]);
    assert!(client.open(uni).is_ok());
}

#[test]
fn lost_stream_limits_are_repeated() {
    let mut server = server();
    (0..5).for_each(|index| serve(&mut server, 4 * index));
    let update = packet(&mut server, 1_000);
    assert_eq!(update.frames().len(), 1);
    lose(&mut server, &update);
    assert_eq!(packet(&mut server, 1_000).frames(), update.frames());
}

#[test]
fn streams_opened_before_the_limits_are_known_send_when_they_are() {
    let mut client = Streams::new(Role::Client, LIMITS, 64 * 1024);
    let (a, b) = (client.open(Direction::Bidirectional), client.open(Direction::Bidirectional));
    let (a, b) = (a.unwrap(), b.unwrap());
    assert_eq!(client.write(a, b"first", true), Ok(5));
    assert_eq!(client.write(b, b"second", true), Ok(6));
    client.stop_sending(b, 3).unwrap();
    assert!(!client.wants_to_send());
    client.set_peer_limits(&Limits { max_streams_bidi: 1, ..LIMITS });
    let sent = packet(&mut client, 1_000);
    assert_eq!(sent.frames(), [Frame::Stream(stream(0, 0, b"first", true))]);
    assert!(!client.wants_to_send());
    client.on_max_streams(&max_streams(Direction::Bidirectional, 2)).unwrap();
    let stop = frame::StopSending { id: StreamId(4), error_code: 3 };
    let sent = packet(&mut client, 1_000);
    let data = Frame::Stream(stream(4, 0, b"second", true));
    assert_eq!(sent.frames(), [Frame::StopSending(stop), data]);
}
