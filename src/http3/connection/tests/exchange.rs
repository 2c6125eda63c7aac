//! Requests and responses as they should be.

use super::*;

#[test]
fn a_request_gets_its_response() {
    let (mut client, mut server) = pair();
    assert_eq!(client.events, [Event::Settings]);
    let (key, id) = client.h3.open_request(&mut client.streams, NOW).unwrap();
    client.send(key, &GET, true);
    exchange(&mut client, &mut server);
    let there = server.key(id.0);
    assert_eq!(server.events, [Event::Settings, Event::RequestOpened(there)]);
    let header = Notices { header: true, ..Notices::default() };
    assert_eq!(server.tell(there), header);
    let expected = GET.map(|(name, value)| format!("{name}={value}"));
    assert_eq!(server.fields(there), Some((expected.to_vec(), true)));
    assert_eq!(server.fields(there), None);
    assert!(!server.notices(there).any());

    server.send(there, &[(":status", "200"), ("content-length", "5000")], false);
    let body = vec![7; 5000];
    assert_eq!(server.send_body(there, &body, true), 5000);
    exchange(&mut client, &mut server);
    assert_eq!(client.tell(key), header);
    assert_eq!(client.fields(key).map(|(_, fin)| fin), Some(false));
    assert_eq!(client.tell(key), Notices { body: true, ..Notices::default() });
    assert_eq!(client.body(key), (body, true));
    assert_eq!(client.body(key), (Vec::new(), true));
    exchange(&mut client, &mut server);
    assert_eq!(client.events.last(), Some(&Event::Closed(key)));
    assert_eq!(server.events.last(), Some(&Event::Closed(there)));
}

#[test]
fn trailers_follow_the_content_and_carry_the_end() {
    let (mut client, mut server) = pair();
    let (key, id) = client.h3.open_request(&mut client.streams, NOW).unwrap();
    client.send(key, &GET, false);
    client.send_body(key, b"content", false);
    client.send(key, &[("x-sum", "1")], true);
    exchange(&mut client, &mut server);
    let there = server.key(id.0);
    server.tell(there);
    assert_eq!(server.fields(there).map(|(_, fin)| fin), Some(false));
    assert_eq!(server.body(there), (b"content".to_vec(), false));
    assert_eq!(server.tell(there), Notices { trailer: true, ..Notices::default() });
    assert_eq!(server.fields(there), Some((vec!["x-sum=1".to_owned()], true)));
    assert!(!server.notices(there).any());
}

#[test]
fn an_end_that_comes_alone_is_told_once() {
    let (mut client, mut server) = pair();
    let (key, id) = client.h3.open_request(&mut client.streams, NOW).unwrap();
    client.send(key, &GET, false);
    exchange(&mut client, &mut server);
    let there = server.key(id.0);
    server.tell(there);
    assert_eq!(server.fields(there).map(|(_, fin)| fin), Some(false));
    client.h3.finish(&mut client.streams, key).unwrap();
    exchange(&mut client, &mut server);
    assert_eq!(server.tell(there), Notices { end: true, ..Notices::default() });
    assert!(!server.notices(there).any());
    assert_eq!(server.body(there), (Vec::new(), true));
}

#[test]
fn content_that_nobody_reads_holds_back_the_sender() {
    let (mut client, mut server) = pair();
    let (key, id) = client.h3.open_request(&mut client.streams, NOW).unwrap();
    client.send(key, &GET, false);
    let chunk = vec![1; 64 * 1024];
    let mut sent = 0;
    loop {
        match client.h3.send_body(&mut client.streams, key, &chunk, false, NOW) {
            Ok(count) => sent += count,
            Err(error) => {
                assert_eq!(error, crate::http3::SendError::Blocked);
                exchange(&mut client, &mut server);
                let mut keys = Vec::new();
                client.streams.writable(&mut keys);
                if keys.is_empty() {
                    break;
                }
            }
        }
    }
    assert!(sent as u64 <= LIMITS.max_stream_data_bidi_remote, "{sent}");
    let there = server.key(id.0);
    server.tell(there);
    assert_eq!(server.fields(there).map(|(_, fin)| fin), Some(false));
    assert_eq!(server.body(there).0.len(), sent);
    exchange(&mut client, &mut server);
    assert!(client.send_body(key, &chunk, false) > 0);
}

/// A write may begin while there is less than the write-ahead in the buffers, be it by one byte, and
/// is then taken beyond it: the header of a frame must not use up what its content needs.
#[test]
fn content_is_taken_with_its_frame_header_or_not_at_all() {
    const AHEAD: usize = 50_000;
    for missing in 0..6 {
        let (mut client, mut server) = pair();
        let (key, id) = client.h3.open_request(&mut client.streams, NOW).unwrap();
        client.send(key, &GET, false);
        exchange(&mut client, &mut server);
        client.streams.set_write_ahead(AHEAD as u64);
        // With the five bytes of its own header.
        let mut body: Vec<u8> = (0..AHEAD - 5 - missing).map(|at| at as u8).collect();
        assert_eq!(client.send_body(key, &body, false), body.len());
        let more = vec![0xaa; 2_000];
        if missing > 0 {
            assert_eq!(client.send_body(key, &more, true), more.len());
            body.extend_from_slice(&more);
        } else {
            client.h3.finish(&mut client.streams, key).unwrap();
        }
        exchange(&mut client, &mut server);
        let there = server.key(id.0);
        server.tell(there);
        assert!(server.fields(there).is_some());
        assert!(server.body(there) == (body, true), "{missing} bytes less than the write-ahead");
    }
}

#[test]
fn repeated_fields_shrink_once_the_table_knows_them() {
    let (mut client, mut server) = pair();
    let fields = [GET.to_vec(), vec![("user-agent", "a-rather-long-name/1.0")]].concat();
    let mut lengths = Vec::new();
    for _ in 0..5 {
        let (key, id) = client.h3.open_request(&mut client.streams, NOW).unwrap();
        lengths.push(client.send(key, &fields, true));
        exchange(&mut client, &mut server);
        let there = server.key(id.0);
        server.tell(there);
        assert_eq!(server.fields(there).map(|(fields, _)| fields.len()), Some(5));
    }
    assert!(lengths[4] < 10, "{lengths:?}");
    assert!(lengths[4] < lengths[0]);
}
