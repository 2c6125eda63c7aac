//! What protocols that frame the bytes of a stream rely on.

use super::*;

#[test]
fn bytes_are_looked_at_where_they_lie_and_consumed_as_if_they_were_read() {
    let (mut client, mut server) = (client(), server());
    let key = client.open(Direction::Bidirectional).unwrap();
    let data = pattern(20_000);
    client.write(key, &data, true).unwrap();
    flush(&mut client, &mut server);
    let there = server.key(StreamId(0)).unwrap();
    let (mut seen, mut ended) = (Vec::new(), false);
    while !ended {
        let piece = server.peek(there);
        assert!(!piece.is_empty());
        let count = piece.len().min(999);
        seen.extend_from_slice(&piece[..count]);
        ended = server.consume(there, count).unwrap();
    }
    assert_eq!(seen, data);
    assert!(server.peek(there).is_empty() && readable(&server).is_empty());
    assert_eq!(server.consume(there, 1), Err(ReadError::Finished));
    // RFC 9000 section 4.2: what was consumed may be granted again.
    assert_eq!(server.window.consumed(), data.len() as u64);
}

#[test]
fn an_end_without_bytes_is_consumed_too() {
    let (mut client, mut server) = (client(), server());
    let key = client.open(Direction::Bidirectional).unwrap();
    client.write(key, b"x", false).unwrap();
    flush(&mut client, &mut server);
    let there = server.key(StreamId(0)).unwrap();
    assert_eq!(server.consume(there, 1), Ok(false));
    assert_eq!(server.consume(there, 1), Err(ReadError::Blocked));
    client.write(key, b"", true).unwrap();
    flush(&mut client, &mut server);
    assert!(server.peek(there).is_empty() && server.is_readable(there));
    assert_eq!(server.consume(there, 0), Ok(true));
}

#[test]
fn the_room_told_is_what_a_write_takes() {
    let (mut client, mut server) = (client(), server());
    let key = client.open(Direction::Bidirectional).unwrap();
    let room = client.room(key).unwrap();
    assert_eq!(room, LIMITS.max_stream_data_bidi_remote);
    assert_eq!(client.write(key, &pattern(40_000), false), Ok(room as usize));
    assert_eq!(client.room(key), Ok(0));
    assert!(writable(&mut client).is_empty());
    exchange(&mut client, &mut server);
    let there = server.key(StreamId(0)).unwrap();
    read_all(&mut server, there);
    exchange(&mut server, &mut client);
    assert_eq!(writable(&mut client), [key]);
    client.write(key, b"", true).unwrap();
    assert_eq!(client.room(key), Err(WriteError::Finished));
}

#[test]
fn a_writer_that_waits_for_room_is_told_as_after_a_short_write() {
    let (mut client, mut server) = (client(), server());
    let key = client.open(Direction::Bidirectional).unwrap();
    let room = client.room(key).unwrap() as usize;
    assert_eq!(client.write(key, &pattern(room), false), Ok(room));
    client.await_room(key).unwrap();
    assert!(writable(&mut client).is_empty());
    exchange(&mut client, &mut server);
    let there = server.key(StreamId(0)).unwrap();
    read_all(&mut server, there);
    exchange(&mut server, &mut client);
    assert_eq!(writable(&mut client), [key]);
}
