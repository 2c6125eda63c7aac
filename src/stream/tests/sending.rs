//! Loss, acknowledgement, rejected 0-RTT, and what a connection at rest holds.

use super::*;

#[test]
fn lost_frames_are_repeated_and_acknowledged_ones_are_not() {
    let (mut client, mut server) = (client(), server());
    let key = client.open(Direction::Bidirectional).unwrap();
    let data = pattern(9_000);
    client.write(key, &data, true).unwrap();
    let packets: Vec<_> = (0..9).map(|_| packet(&mut client, 1_005)).collect();
    for (i, packet) in packets.iter().enumerate() {
        if i % 2 == 0 {
            lose(&mut client, packet);
        } else {
            deliver(&mut server, packet);
            ack(&mut client, packet);
        }
    }
    let there = server.key(StreamId(0)).unwrap();
    assert!(readable(&server).is_empty());
    flush(&mut client, &mut server);
    assert_eq!(read_all(&mut server, there), (data, true));
    assert_eq!(client.pool().in_use(), 0);
}

#[test]
fn a_packet_acknowledged_after_it_was_declared_lost_is_not_repeated() {
    let mut client = client();
    let key = client.open(Direction::Bidirectional).unwrap();
    client.write(key, b"late", true).unwrap();
    let sent = packet(&mut client, 1_000);
    lose(&mut client, &sent);
    assert!(client.wants_to_send());
    ack(&mut client, &sent);
    assert!(!client.wants_to_send());
}

// RFC 9001 section 4.6.2.
#[test]
fn rejected_early_data_is_sent_again_under_the_real_limits() {
    let mut client = Streams::new(Role::Client, LIMITS, 64 * 1024);
    client.set_peer_limits(&LIMITS);
    let keys = [(); 3].map(|()| client.open(Direction::Bidirectional).unwrap());
    client.write(keys[0], &pattern(5_000), true).unwrap();
    client.write(keys[1], &pattern(100), true).unwrap();
    client.reset(keys[1], 4).unwrap();
    client.write(keys[2], b"third", true).unwrap();
    while client.wants_to_send() {
        packet(&mut client, 1_000);
    }
    client.on_rejected_early_data();
    assert!(!client.wants_to_send());
    let real = Limits {
        max_data: 4_000,
        max_stream_data_bidi_remote: 3_000,
        max_streams_bidi: 2,
        ..LIMITS
    };
    client.set_peer_limits(&real);
    let mut server = end_with(Role::Server, real, LIMITS);
    flush(&mut client, &mut server);
    let there = server.key(StreamId(0)).unwrap();
    assert_eq!(read_all(&mut server, there), (pattern(5_000)[..3_000].to_vec(), false));
    let second = server.key(StreamId(4)).unwrap();
    assert_eq!(server.read(second, &mut [0; 9]), Err(ReadError::Reset(4)));
    assert_eq!(server.received, 3_000);
    assert!(server.key(StreamId(8)).is_none());
    exchange(&mut client, &mut server);
    let (rest, fin) = read_all(&mut server, there);
    assert_eq!((rest, fin), (pattern(5_000)[3_000..].to_vec(), true));
}

#[test]
fn an_end_without_streams_holds_nothing() {
    let (mut client, mut server) = (client(), server());
    for _ in 0..300 {
        let keys = [(); 3].map(|()| client.open(Direction::Bidirectional));
        for key in keys.into_iter().flatten() {
            client.write(key, &pattern(9_000), true).unwrap();
        }
        flush(&mut client, &mut server);
        for key in readable(&server) {
            assert!(read_all(&mut server, key).1);
            server.write(key, b"answer", true).unwrap();
        }
        exchange(&mut client, &mut server);
        readable(&client).into_iter().for_each(|key| assert!(read_all(&mut client, key).1));
        for streams in [&mut client, &mut server] {
            for event in events(streams) {
                if let StreamEvent::Closed(key) = event {
                    streams.forget(key);
                }
            }
            assert!(streams.is_empty());
            assert_eq!(streams.pool().in_use(), 0);
            streams.pool().release();
            assert!(!streams.keeps_free_memory());
        }
        exchange(&mut client, &mut server);
    }
}

#[test]
fn an_end_without_streams_is_small() {
    assert!(size_of::<Streams>() <= 1024, "{}", size_of::<Streams>());
}

#[test]
fn a_write_that_begins_is_taken_whole_and_the_next_one_waits() {
    let mut client = Streams::new(Role::Client, LIMITS, 64 * 1024);
    client.set_peer_limits(&LIMITS);
    client.set_write_ahead(20_000);
    let key = client.open(Direction::Bidirectional).unwrap();
    assert_eq!(client.write(key, &pattern(25_000), false).unwrap(), 25_000);
    assert_eq!(client.write(key, &pattern(1_000), false).unwrap(), 0);
    let sent: Vec<_> = (0..5).map(|_| packet(&mut client, 1_000)).collect();
    sent.iter().for_each(|packet| ack(&mut client, packet));
    assert!(!client.has_writable());
    while client.wants_to_send() {
        let sent = packet(&mut client, 1_000);
        ack(&mut client, &sent);
    }
    assert!(client.has_writable());
}

#[test]
fn a_writer_without_anything_does_not_wait_until_full_buffers_have_drained() {
    let wide = Limits { max_data: 1_000_000, max_stream_data_bidi_remote: 1_000_000, ..LIMITS };
    let (mut client, mut server) =
        (end_with(Role::Client, LIMITS, wide), end_with(Role::Server, wide, LIMITS));
    let [large, small] = [(); 2].map(|()| client.open(Direction::Bidirectional).unwrap());
    client.set_write_ahead(20_000);
    assert_eq!(client.write(large, &pattern(100_000), false), Ok(64 * 1024));
    assert_eq!(client.write(small, b"urgent", true), Ok(0));
    assert!(writable(&mut client).is_empty());
    while client.bytes_buffered() > 50_000 {
        let packet = packet(&mut client, 1170);
        deliver(&mut server, &packet);
        ack(&mut client, &packet);
    }
    assert_eq!(writable(&mut client), [small]);
    assert_eq!(client.write(small, b"urgent", true), Ok(6));
}
