//! Credit in both directions (RFC 9000 section 4).

use super::*;
use crate::time::{Duration, Instant};
use crate::wire::varint;

const FLOW: Option<TransportErrorCode> = Some(TransportErrorCode::FLOW_CONTROL_ERROR);

// RFC 9000 section 19.8: refused before anything is kept.
#[test]
fn data_past_the_largest_offset_is_refused_and_not_kept() {
    let mut server = server();
    assert_eq!(code(server.on_stream(&stream(0, varint::MAX, b"x", false))), FLOW);
    assert_eq!(code(server.on_stream(&stream(0, u64::MAX, b"x", true))), FLOW);
    assert_eq!(server.pool().in_use(), 0);
}

// RFC 9000 section 4.1.
#[test]
fn data_past_the_stream_limit_is_a_flow_control_error() {
    let mut server = server();
    let data = pattern(30_000);
    assert_eq!(server.on_stream(&stream(0, 0, &data, false)), Ok(()));
    assert_eq!(code(server.on_stream(&stream(0, 30_000, b"x", false))), FLOW);
    assert_eq!(code(server.on_stream(&stream(2, 20_000, b"x", false))), FLOW);
}

// RFC 9000 section 4.1: gaps count as much as data.
#[test]
fn data_past_the_connection_limit_is_a_flow_control_error() {
    let mut server = server();
    for id in [0, 4, 8] {
        assert_eq!(server.on_stream(&stream(id, 29_999, b"x", false)), Ok(()));
    }
    assert_eq!(server.on_stream(&stream(12, 9_999, b"x", false)), Ok(()));
    assert_eq!(server.receive_credit(), 0);
    assert_eq!(code(server.on_stream(&stream(12, 10_000, b"x", false))), FLOW);
    assert_eq!(server.on_stream(&stream(0, 0, b"x", false)), Ok(()));
}

// RFC 9000 section 4.5.
#[test]
fn the_final_size_of_a_reset_counts_against_both_limits() {
    assert_eq!(code(server().on_reset_stream(&reset_stream(0, 30_001))), FLOW);
    let mut server = server();
    for id in [0, 4, 8] {
        server.on_stream(&stream(id, 29_999, b"x", false)).unwrap();
    }
    assert_eq!(code(server.on_reset_stream(&reset_stream(12, 10_001))), FLOW);
}

// RFC 9000 section 4.2: a slow application bounds what is kept.
#[test]
fn credit_is_returned_as_the_application_reads() {
    let (mut client, mut server) = (client(), server());
    let key = client.open(Direction::Bidirectional).unwrap();
    let data = pattern(60_000);
    assert_eq!(client.write(key, &data, false), Ok(30_000));
    exchange(&mut client, &mut server);
    assert!(!server.wants_to_send());
    assert!(server.pool().in_use() <= 30_000 / BLOCK_SIZE + 1);
    let there = server.key(StreamId(0)).unwrap();
    server.read(there, &mut [0; 14_999]).unwrap();
    assert!(!server.wants_to_send());
    server.read(there, &mut [0; 1]).unwrap();
    let update = packet(&mut server, 1_000);
    let max = frame::MaxStreamData { id: StreamId(0), maximum: 45_000 };
    assert_eq!(update.frames(), [Frame::MaxStreamData(max)]);
    deliver(&mut client, &update);
    assert_eq!(writable(&mut client), [key]);
    assert_eq!(client.write(key, &data[30_000..], false), Ok(15_000));
}

// RFC 9000 section 4.1: so that no stream waits for ever behind others that nobody reads.
#[test]
fn a_peer_that_is_blocked_gets_what_was_read_since_the_last_update() {
    let mut server = server();
    for (id, len) in [(0, 30_000), (4, 30_000), (8, 30_000), (12, 10_000)] {
        server.on_stream(&stream(id, 0, &pattern(len), false)).unwrap();
    }
    let key = server.key(StreamId(0)).unwrap();
    server.read(key, &mut [0; 10_000]).unwrap();
    assert!(!server.wants_to_send());
    server.on_data_blocked(&frame::DataBlocked { limit: 99_999 }).unwrap();
    assert!(!server.wants_to_send(), "the peer did not know the limit in force");
    server.on_data_blocked(&frame::DataBlocked { limit: 100_000 }).unwrap();
    let blocked = frame::StreamDataBlocked { id: StreamId(0), limit: 30_000 };
    server.on_stream_data_blocked(&blocked).unwrap();
    let unread = frame::StreamDataBlocked { id: StreamId(4), limit: 30_000 };
    server.on_stream_data_blocked(&unread).unwrap();
    let more = frame::MaxStreamData { id: StreamId(0), maximum: 40_000 };
    assert_eq!(
        packet(&mut server, 1_000).frames(),
        [Frame::MaxData(frame::MaxData { maximum: 110_000 }), Frame::MaxStreamData(more)]
    );
    server.on_data_blocked(&frame::DataBlocked { limit: 110_000 }).unwrap();
    assert!(!server.wants_to_send(), "nothing was read since");
}

#[test]
fn connection_credit_follows_what_was_read_on_all_streams() {
    let mut server = server();
    for id in [0, 4] {
        server.on_stream(&stream(id, 0, &pattern(25_000), true)).unwrap();
        let key = server.key(StreamId(id)).unwrap();
        assert!(read_all(&mut server, key).1);
    }
    let frames = packet(&mut server, 1_000);
    assert_eq!(frames.frames(), [Frame::MaxData(frame::MaxData { maximum: 150_000 })]);
}

// RFC 9000 section 4.2: what is thrown away is consumed.
#[test]
fn a_reset_returns_the_connection_credit_of_what_was_not_read() {
    let mut server = server();
    for id in [0, 4] {
        server.on_stream(&stream(id, 10_000, b"x", false)).unwrap();
        server.on_reset_stream(&reset_stream(id, 30_000)).unwrap();
    }
    assert_eq!(server.pool().in_use(), 0);
    let max = frame::MaxData { maximum: 160_000 };
    assert_eq!(packet(&mut server, 1_000).frames(), [Frame::MaxData(max)]);
}

#[test]
fn stopped_streams_return_connection_credit_as_data_arrives() {
    let mut server = server();
    server.on_stream(&stream(0, 0, b"x", false)).unwrap();
    let key = server.key(StreamId(0)).unwrap();
    server.stop_sending(key, 5).unwrap();
    server.on_stream(&stream(0, 0, &pattern(30_000), false)).unwrap();
    server.on_stream(&stream(4, 0, &pattern(30_000), true)).unwrap();
    let other = server.key(StreamId(4)).unwrap();
    read_all(&mut server, other);
    let sent = packet(&mut server, 1_000);
    let stop = frame::StopSending { id: StreamId(0), error_code: 5 };
    let max = frame::MaxData { maximum: 160_000 };
    assert_eq!(sent.frames(), [Frame::MaxData(max), Frame::StopSending(stop)]);
    assert_eq!(server.pool().in_use(), 0);
}

// RFC 9000 sections 4.1 and 19.9.
#[test]
fn lower_limits_from_the_peer_are_ignored() {
    let mut client = client();
    let key = client.open(Direction::Bidirectional).unwrap();
    client.on_max_data(&frame::MaxData { maximum: 10 }).unwrap();
    let max = frame::MaxStreamData { id: StreamId(0), maximum: 10 };
    client.on_max_stream_data(&max).unwrap();
    assert_eq!(client.write(key, &pattern(30_000), false), Ok(30_000));
    let (sent, mut last) = (std::cell::Cell::new(0), Vec::new());
    while client.wants_to_send() {
        last = packet(&mut client, 1_000).tokens;
        sent.set(sent.get() + 1);
    }
    let Some(Token::Stream { offset, len, .. }) = last.last() else { panic!() };
    assert_eq!(offset + u64::from(*len), 30_000);
}

// RFC 9000 sections 4.1, 19.12 and 19.13.
#[test]
fn a_blocked_sender_says_so_once_per_limit() {
    let small = Limits { max_data: 1_000, max_stream_data_bidi_remote: 2_000, ..LIMITS };
    let mut client = end_with(Role::Client, LIMITS, small);
    let key = client.open(Direction::Bidirectional).unwrap();
    assert_eq!(client.write(key, &pattern(5_000), false), Ok(2_000));
    let first = packet(&mut client, 1_500);
    let stream_blocked = frame::StreamDataBlocked { id: StreamId(0), limit: 2_000 };
    assert_eq!(first.frames()[0], Frame::StreamDataBlocked(stream_blocked));
    let second = packet(&mut client, 1_500);
    let blocked = Frame::DataBlocked(frame::DataBlocked { limit: 1_000 });
    assert_eq!(second.frames(), [blocked]);
    assert!(!client.wants_to_send());
    lose(&mut client, &second);
    assert_eq!(packet(&mut client, 1_500).frames(), [blocked]);
    client.on_max_data(&frame::MaxData { maximum: 1_500 }).unwrap();
    lose(&mut client, &second);
    let data = packet(&mut client, 1_500);
    assert!(matches!(data.tokens[..], [Token::Stream { offset: 1_000, len: 500, .. }]));
}

#[test]
fn lost_data_is_repeated_without_new_credit() {
    let small = Limits { max_data: 1_000, ..LIMITS };
    let mut client = end_with(Role::Client, LIMITS, small);
    let key = client.open(Direction::Bidirectional).unwrap();
    client.write(key, &pattern(2_000), false).unwrap();
    let sent = packet(&mut client, 2_000);
    let _blocked = packet(&mut client, 2_000);
    assert!(!client.wants_to_send());
    lose(&mut client, &sent);
    let again = packet(&mut client, 2_000);
    assert_eq!(again.tokens, sent.tokens);
}

// RFC 9000 section 13.3: limits are repeated with the newest value only.
#[test]
fn a_lost_limit_is_repeated_unless_a_newer_one_was_sent() {
    let mut server = server();
    server.on_stream(&stream(0, 0, &pattern(30_000), false)).unwrap();
    let key = server.key(StreamId(0)).unwrap();
    server.read(key, &mut [0; 16_000]).unwrap();
    let first = packet(&mut server, 100);
    server.read(key, &mut [0; 14_000]).unwrap();
    assert!(!server.wants_to_send());
    lose(&mut server, &first);
    let second = packet(&mut server, 100);
    let max = frame::MaxStreamData { id: StreamId(0), maximum: 60_000 };
    assert_eq!(second.frames(), [Frame::MaxStreamData(max)]);
    lose(&mut server, &first);
    assert!(!server.wants_to_send());
    lose(&mut server, &second);
    assert_eq!(packet(&mut server, 100).frames(), [Frame::MaxStreamData(max)]);
}

// RFC 9000 section 4.1: no limit beyond the largest varint.
#[test]
fn our_limits_never_exceed_the_largest_varint() {
    let endless = Limits {
        max_data: u64::MAX,
        max_stream_data_bidi_remote: varint::MAX,
        max_streams_bidi: u64::MAX,
        ..LIMITS
    };
    let mut server = end_with(Role::Server, endless, LIMITS);
    assert_eq!(server.receive_credit(), varint::MAX);
    server.on_stream(&stream(0, 0, &pattern(50_000), true)).unwrap();
    let key = server.key(StreamId(0)).unwrap();
    assert!(read_all(&mut server, key).1);
    assert!(!server.wants_to_send());
}

#[test]
fn no_stream_credit_is_given_once_the_end_is_known() {
    let mut server = server();
    server.on_stream(&stream(0, 0, &pattern(20_000), true)).unwrap();
    let key = server.key(StreamId(0)).unwrap();
    server.read(key, &mut [0; 19_000]).unwrap();
    assert!(!server.wants_to_send());
}

#[test]
fn windows_grow_only_when_asked() {
    let mut server = server();
    let rtt = Duration::from_millis(50);
    let mut limits = Vec::new();
    let mut sent = 0;
    for millis in [0, 10, 20] {
        let data = pattern(16_000);
        server.on_stream(&stream(0, sent, &data, false)).unwrap();
        sent += 16_000;
        let key = server.key(StreamId(0)).unwrap();
        read_all(&mut server, key);
        server.tune_windows(Instant::from_micros(millis * 1_000), rtt);
        server.tune_windows(Instant::from_micros(millis * 1_000), rtt);
        for frame in packet(&mut server, 1_000).frames() {
            if let Frame::MaxStreamData(max) = frame {
                limits.push(max.maximum);
            }
        }
    }
    assert_eq!(limits, [46_000, 92_000]);
}

// RFC 9000 section 21.7.
#[test]
fn data_in_too_many_pieces_closes_the_connection() {
    let mut server = server();
    let last = (0..LIMITS.max_stream_data_bidi_remote / 2)
        .map(|i| code(server.on_stream(&stream(0, 2 * i + 1, b"x", false))))
        .find(Option::is_some);
    assert_eq!(last, Some(Some(TransportErrorCode::PROTOCOL_VIOLATION)));
}

/// A client with data on each of ten streams, and no credit for any of it.
fn without_credit() -> (Streams, Vec<StreamKey>) {
    let mut client = end_with(Role::Client, LIMITS, Limits { max_data: 0, ..LIMITS });
    let open = |_| {
        let key = client.open(Direction::Bidirectional).unwrap();
        assert_eq!(client.write(key, b"four", true), Ok(4));
        key
    };
    let keys = (0..10).map(open).collect();
    packet(&mut client, 1_000);
    assert!(!client.wants_to_send());
    (client, keys)
}

fn give(client: &mut Streams, maximum: u64) -> Vec<(u64, usize)> {
    client.on_max_data(&frame::MaxData { maximum }).unwrap();
    let mut sent = Vec::new();
    while client.wants_to_send() {
        sent.extend(packet(client, 1_000).frames().iter().filter_map(|frame| match frame {
            Frame::Stream(frame) => Some((frame.id.0, frame.data.len())),
            _ => None,
        }));
    }
    sent
}

// RFC 9000 section 21.9: each byte of credit costs no more than a byte's work.
#[test]
fn little_credit_wakes_few_streams_and_all_have_their_turn() {
    let (mut client, _) = without_credit();
    for maximum in 1..=10 {
        assert_eq!(give(&mut client, maximum), [(4 * (maximum - 1), 1)]);
    }
    let rest = give(&mut client, 100_000);
    assert_eq!(rest.iter().map(|(_, len)| len).sum::<usize>(), 30);
    assert_eq!(rest.len(), 10);
}

#[test]
fn credit_that_one_stream_gives_up_goes_to_the_next() {
    let (mut client, keys) = without_credit();
    client.on_max_data(&frame::MaxData { maximum: 2 }).unwrap();
    keys[..2].iter().for_each(|key| client.reset(*key, 7).unwrap());
    assert_eq!(give(&mut client, 2), [(8, 2)]);
    keys[3..9].iter().for_each(|key| client.reset(*key, 7).unwrap());
    assert_eq!(give(&mut client, 100_000), [(36, 4), (8, 2)]);
    assert!(!client.wants_to_send());
}
