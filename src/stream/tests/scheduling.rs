//! Whose data goes first, and who may write (RFC 9218 section 10).

use super::*;

/// The IDs of the streams in the order of their frames.
fn order(streams: &mut Streams, packets: usize) -> Vec<u64> {
    let ids = |packet: &Packet| {
        let frames = packet.frames();
        let ids = frames.iter().filter_map(|frame| match frame {
            Frame::Stream(stream) => Some(stream.id.0),
            _ => None,
        });
        ids.collect::<Vec<_>>()
    };
    (0..packets).flat_map(|_| ids(&packet(streams, 1_000))).collect()
}

fn three_streams() -> (Streams, [StreamKey; 3]) {
    let mut client = client();
    let keys = [(); 3].map(|()| client.open(Direction::Bidirectional).unwrap());
    keys.iter().for_each(|key| assert_eq!(client.write(*key, &pattern(8_000), false), Ok(8_000)));
    (client, keys)
}

#[test]
fn streams_take_turns_by_default() {
    let (mut client, _) = three_streams();
    assert_eq!(order(&mut client, 6), [0, 4, 8, 0, 4, 8]);
}

#[test]
fn urgent_streams_come_first_and_in_order_if_not_incremental() {
    let (mut client, [_, b, c]) = three_streams();
    client.set_priority(c, 1, false).unwrap();
    client.set_priority(b, 1, false).unwrap();
    assert_eq!(order(&mut client, 17)[..17], [[4; 8].as_slice(), &[4, 8], &[8; 7]].concat());
    assert_eq!(
        client.set_priority(StreamKey { slot: 9, generation: 1 }, 1, true),
        Err(UnknownStream)
    );
}

#[test]
fn frames_of_many_streams_share_a_packet() {
    let mut client = client();
    for _ in 0..10 {
        let key = client.open(Direction::Bidirectional).unwrap();
        client.write(key, b"small", true).unwrap();
    }
    assert_eq!(order(&mut client, 1).len(), 10);
    assert!(!client.wants_to_send());
}

#[test]
fn a_writer_cut_short_by_all_the_space_is_woken_when_a_tenth_is_free() {
    let roomy = Limits { max_stream_data_bidi_remote: 1 << 20, max_data: 1 << 20, ..LIMITS };
    let mut client = end_with(Role::Client, LIMITS, roomy);
    let key = client.open(Direction::Bidirectional).unwrap();
    assert_eq!(client.write(key, &pattern(100_000), false), Ok(64 * 1024));
    assert!(writable(&mut client).is_empty());
    let acked = acked_until_writable(&mut client);
    assert!((6_553..8_000).contains(&acked), "{acked}");
    assert_eq!(writable(&mut client), [key]);
    assert_eq!(writable(&mut client), [key]);
    assert_eq!(client.write(key, b"x", false), Ok(1));
    assert!(writable(&mut client).is_empty());
}

#[test]
fn a_writer_cut_short_by_the_path_is_woken_when_a_quarter_is_free() {
    let roomy = Limits { max_stream_data_bidi_remote: 1 << 20, max_data: 1 << 20, ..LIMITS };
    let mut client = end_with(Role::Client, LIMITS, roomy);
    client.set_write_ahead(32 * 1024);
    let key = client.open(Direction::Bidirectional).unwrap();
    assert_eq!(client.write(key, &pattern(32 * 1024), false), Ok(32 * 1024));
    assert_eq!(client.write(key, b"x", false), Ok(0));
    let acked = acked_until_writable(&mut client);
    assert!((8_192..10_000).contains(&acked), "{acked}");
}

/// Bytes of packets that are acknowledged before a stream can be written again.
fn acked_until_writable(client: &mut Streams) -> usize {
    let mut acked = 0;
    while !client.has_writable() {
        let sent = packet(client, 1_170);
        acked += sent.payload.len();
        ack(client, &sent);
    }
    acked
}

/// What the host lets wait is not exceeded, however many streams there are.
#[test]
fn the_streams_together_keep_to_what_the_host_lets_wait() {
    let roomy = Limits { max_stream_data_bidi_remote: 1 << 20, max_data: 1 << 20, ..LIMITS };
    let mut client = end_with(Role::Client, LIMITS, roomy);
    let mut taken = 0;
    for _ in 0..4 {
        let key = client.open(Direction::Bidirectional).unwrap();
        taken += client.write(key, &pattern(30_000), false).unwrap();
    }
    assert_eq!(taken, 64 * 1024);
}

#[test]
fn one_stream_cannot_take_all_the_space() {
    let roomy = Limits { max_stream_data_bidi_remote: 1 << 20, max_data: 1 << 20, ..LIMITS };
    let mut client = end_with(Role::Client, LIMITS, roomy);
    client.set_write_ahead(32 * 1024);
    let bulk = client.open(Direction::Bidirectional).unwrap();
    let urgent = client.open(Direction::Bidirectional).unwrap();
    assert_eq!(client.write(bulk, &pattern(40_000), false), Ok(40_000));
    assert_eq!(client.write(urgent, &pattern(20_000), false), Ok(16 * 1024));
    client.set_priority(urgent, 0, false).unwrap();
    while writable(&mut client).is_empty() {
        let sent = packet(&mut client, 1_170);
        ack(&mut client, &sent);
    }
    assert_eq!(writable(&mut client), [urgent]);
}

#[test]
fn a_stream_is_readable_until_it_was_read_out() {
    let mut server = server();
    server.on_stream(&stream(0, 0, b"abcd", false)).unwrap();
    server.on_stream(&stream(4, 0, b"", false)).unwrap();
    let key = server.key(StreamId(0)).unwrap();
    assert_eq!(readable(&server), [key]);
    server.read(key, &mut [0; 3]).unwrap();
    assert!(server.has_readable());
    server.read(key, &mut [0; 3]).unwrap();
    assert!(!server.has_readable());
}
