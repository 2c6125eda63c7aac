//! Messages on bytestreams, and which streams are bytestreams.

use super::*;
use crate::http3::bytestream::MAX_MESSAGE_BYTES;
use crate::http3::{Code, Delivery, SendError};
use crate::wire::Direction;

/// A message, and whether it was the last; or the end by itself.
type Got = Option<(Vec<u8>, bool)>;

impl End {
    fn extended(role: Role) -> Self {
        let h3 = Connection::new(role, LocalSettings::default()).extended();
        Self::around(h3, role, LIMITS)
    }

    /// What a bytestream delivers.
    fn messages(&mut self, key: StreamKey) -> Vec<Got> {
        let mut all = Vec::new();
        loop {
            let result = self.h3.read(&mut self.streams, key, NOW);
            self.note(result);
            match self.h3.take_message(key, NOW) {
                Some(Delivery::Message { data, fin, .. }) => {
                    all.push(Some((data.clone(), fin)));
                    self.h3.on_delivered(key, data);
                }
                Some(Delivery::End) => all.push(None),
                None => return all,
            }
        }
    }

    fn open_bytestream(&mut self) -> (StreamKey, u64) {
        let (key, id) = self.h3.open_bytestream(&mut self.streams, NOW).unwrap();
        (key, id.0)
    }

    fn say(&mut self, key: StreamKey, data: &[u8], fin: bool) -> Result<(), SendError> {
        self.h3.send_message(&mut self.streams, key, data, fin, NOW)
    }

    /// A bidirectional stream on which bytes are written that nobody framed.
    fn raw(&mut self, bytes: &[u8], fin: bool) -> (StreamKey, u64) {
        let key = self.streams.open(Direction::Bidirectional).unwrap();
        assert_eq!(self.streams.write(key, bytes, fin), Ok(bytes.len()));
        (key, self.streams.id(key).unwrap().0)
    }

    fn is_request(&self, key: StreamKey) -> bool {
        self.h3.table.request(key).is_some()
    }
}

fn extended_pair() -> (End, End) {
    let (mut client, mut server) = (End::extended(Role::Client), End::extended(Role::Server));
    exchange(&mut client, &mut server);
    client.events.clear();
    server.events.clear();
    (client, server)
}

/// Lets everything arrive although an end fails meanwhile.
fn exchange_to_failure(client: &mut End, server: &mut End) -> ConnectionError {
    for _ in 0..3 {
        exchange_streams(&mut client.streams, &mut server.streams);
        server.run();
    }
    server.failed.expect("the server closes the connection")
}

fn message(text: &[u8], fin: bool) -> Got {
    Some((text.to_vec(), fin))
}

#[test]
fn messages_go_both_ways_and_stay_apart() {
    let (mut client, mut server) = extended_pair();
    let (key, id) = client.open_bytestream();
    for text in [&b"hello"[..], b"", b"x"] {
        client.say(key, text, false).unwrap();
    }
    exchange(&mut client, &mut server);
    let there = server.key(id);
    assert_eq!(server.events, [Event::BytestreamOpened(there)]);
    let all = [message(b"hello", false), message(b"", false), message(b"x", false)];
    assert_eq!(server.messages(there), all);
    server.say(there, b"answer", true).unwrap();
    client.say(key, b"last", true).unwrap();
    exchange(&mut client, &mut server);
    assert_eq!(client.messages(key), [message(b"answer", true)]);
    assert_eq!(server.messages(there), [message(b"last", true)]);
    exchange(&mut client, &mut server);
    assert_eq!(client.events, [Event::BytestreamClosed(key)]);
    assert_eq!(server.events.last(), Some(&Event::BytestreamClosed(there)));
    assert!(server.writable.is_empty() && client.writable.is_empty());
    let stats = server.h3.bytestream_stats(there).copied().unwrap();
    assert_eq!((stats.sent, stats.received), (6, 10));
    let times = [stats.first_sent, stats.first_received, stats.fin_sent];
    assert_eq!(times, [Some(NOW); 3]);
    assert_eq!([stats.fin_received, stats.fin_read], [Some(NOW); 2]);
    server.h3.forget(there);
    assert!(server.h3.bytestream_stats(there).is_none());
}

#[test]
fn the_wire_shows_one_frame_to_open_and_one_for_each_message() {
    let mut client = End::extended(Role::Client);
    let mut server = End::with_limits(Role::Server, LocalSettings::default(), LIMITS);
    let (key, id) = client.open_bytestream();
    client.say(key, b"hello", false).unwrap();
    client.h3.finish_bytestream(&mut client.streams, key, NOW).unwrap();
    exchange_streams(&mut client.streams, &mut server.streams);
    let there = server.key(id);
    let bytes = [0x20, 1, 1, 0, 5, b'h', b'e', b'l', b'l', b'o', 0, 0];
    assert_eq!(server.streams.peek(there), bytes);
    assert_eq!(server.streams.consume(there, bytes.len()), Ok(true));
}

#[test]
fn a_message_larger_than_every_window_is_taken_and_delivered_whole() {
    let (mut client, mut server) = extended_pair();
    let (key, id) = client.open_bytestream();
    let big: Vec<u8> = (0..3_000_000u32).map(|n| n as u8).collect();
    client.say(key, &big, false).unwrap();
    let sent = client.h3.bytestream_stats(key).unwrap().sent;
    assert!(sent < big.len() as u64, "a part is kept: {sent}");
    for fin in [false, true] {
        assert_eq!(client.say(key, b"next", fin), Err(SendError::Blocked));
    }
    let finished = client.h3.finish_bytestream(&mut client.streams, key, NOW);
    assert_eq!(finished, Err(SendError::Blocked));
    exchange(&mut client, &mut server);
    assert_eq!(client.writable, [key]);
    assert_eq!(client.h3.bytestream_stats(key).unwrap().sent, big.len() as u64);
    client.say(key, b"next", true).unwrap();
    let there = server.key(id);
    exchange(&mut client, &mut server);
    assert_eq!(server.messages(there), [message(&big, false), message(b"next", true)]);
    assert_eq!(client.writable, [key]);
}

#[test]
fn the_end_of_a_message_that_is_kept_goes_out_behind_it() {
    let (mut client, mut server) = extended_pair();
    let (key, id) = client.open_bytestream();
    let big = vec![1; 500_000];
    client.say(key, &big, true).unwrap();
    assert_eq!(client.h3.bytestream_stats(key).unwrap().fin_sent, None);
    assert_eq!(client.say(key, b"", true), Err(SendError::Blocked));
    exchange(&mut client, &mut server);
    assert_eq!(client.say(key, b"", true), Err(SendError::Finished));
    assert_eq!(client.h3.bytestream_stats(key).unwrap().fin_sent, Some(NOW));
    assert!(client.writable.is_empty(), "there is nothing more to write");
    assert_eq!(server.messages(server.key(id)), [message(&big, true)]);
}

#[test]
fn a_bytestream_can_be_finished_with_nothing_and_twice() {
    let (mut client, mut server) = extended_pair();
    let (key, id) = client.open_bytestream();
    for _ in 0..2 {
        client.h3.finish_bytestream(&mut client.streams, key, NOW).unwrap();
    }
    assert_eq!(client.say(key, b"more", false), Err(SendError::Finished));
    exchange(&mut client, &mut server);
    let there = server.key(id);
    assert_eq!(server.messages(there), [message(b"", true)]);
    assert_eq!(server.messages(there), []);
}

#[test]
fn an_end_that_comes_alone_is_delivered_alone() {
    let (mut client, mut server) = extended_pair();
    let (key, id) = client.raw(&[0x20, 1, 1, 0, 1, 9], false);
    exchange(&mut client, &mut server);
    let there = server.key(id);
    assert_eq!(server.messages(there), [message(&[9], false)]);
    client.streams.write(key, &[], true).unwrap();
    exchange(&mut client, &mut server);
    assert_eq!(server.messages(there), [None]);
    assert_eq!(server.messages(there), []);
}

#[test]
fn what_is_no_message_is_skipped_on_bytestreams() {
    let (mut client, mut server) = extended_pair();
    let frames = [0x20, 1, 1, 1, 2, 9, 9, 0, 1, 7, 0x20, 1, 0, 0x21, 0, 4, 1, 9, 0, 1, 8];
    let (_, id) = client.raw(&frames, true);
    exchange(&mut client, &mut server);
    assert_eq!(server.messages(server.key(id)), [message(&[7], false), message(&[8], true)]);
}

// A stream is what its first frame says, wherever packets cut it.
#[test]
fn a_stream_is_undecided_until_its_first_frame_is_there() {
    for (frame, is_bytestream) in
        [(&[0x20, 1, 1][..], true), (&[0x40, 0x20, 0x40, 1, 1], true), (&[0x20, 1, 0], false)]
    {
        for cut in 0..frame.len() {
            let (mut client, mut server) = extended_pair();
            let (key, id) = client.raw(&frame[..cut], false);
            exchange(&mut client, &mut server);
            assert!(server.events.is_empty());
            client.streams.write(key, &frame[cut..], false).unwrap();
            exchange(&mut client, &mut server);
            let there = server.key(id);
            assert_eq!(server.h3.is_bytestream(there), is_bytestream, "{frame:?} {cut}");
            assert_eq!(server.is_request(there), !is_bytestream);
        }
    }
}

#[test]
fn a_stream_that_names_no_kind_is_a_request() {
    let (mut client, mut server) = extended_pair();
    let (key, id) = client.h3.open_request(&mut client.streams, NOW).unwrap();
    client.send(key, &GET, true);
    exchange(&mut client, &mut server);
    let there = server.key(id.0);
    assert_eq!(server.events, [Event::RequestOpened(there)]);
    server.tell(there);
    assert_eq!(server.fields(there).map(|(fields, fin)| (fields.len(), fin)), Some((4, true)));
}

#[test]
fn a_request_may_name_its_kind() {
    let (mut client, mut server) = extended_pair();
    let mut bytes = vec![0x20, 1, 0, 1];
    // :method GET, :scheme https, :path /, :authority with the value "a".
    let section = [0, 0, 0xd1, 0xd7, 0xc1, 0x50, 1, b'a'];
    bytes.push(section.len() as u8);
    bytes.extend(section);
    let (_, id) = client.raw(&bytes, true);
    exchange(&mut client, &mut server);
    let there = server.key(id);
    assert_eq!(server.events, [Event::RequestOpened(there)]);
    server.tell(there);
    assert_eq!(server.fields(there).map(|(fields, fin)| (fields.len(), fin)), Some((4, true)));
}

#[test]
fn a_kind_that_there_is_not_ends_the_connection() {
    for frame in [&[0x20, 1, 2][..], &[0x20, 2, 1, 1], &[0x20, 0]] {
        let (mut client, mut server) = extended_pair();
        client.raw(frame, false);
        let error = exchange_to_failure(&mut client, &mut server);
        assert_eq!(error.code, Code::FRAME_ERROR);
    }
}

#[test]
fn an_end_before_anything_is_decided_is_that_of_a_request() {
    let (mut client, mut server) = extended_pair();
    let (key, _) = client.raw(&[], true);
    exchange(&mut client, &mut server);
    assert_eq!(server.events, []);
    assert_eq!(client.streams.reset_code(key), None);
    assert_eq!(server.h3.table.exchanges(), 0);

    client.raw(&[0x20, 1], true);
    assert_eq!(exchange_to_failure(&mut client, &mut server).code, Code::FRAME_ERROR);
}

#[test]
fn a_promise_from_a_client_ends_the_connection() {
    let (mut client, mut server) = extended_pair();
    client.raw(&[5, 1, 0], false);
    assert_eq!(exchange_to_failure(&mut client, &mut server).code, Code::FRAME_UNEXPECTED);
}

#[test]
fn a_reset_before_anything_is_decided_leaves_nothing() {
    let (mut client, mut server) = extended_pair();
    let (key, id) = client.raw(&[0x20], false);
    exchange(&mut client, &mut server);
    assert_eq!(server.h3.table.exchanges(), 1);
    client.streams.reset(key, 7).unwrap();
    exchange(&mut client, &mut server);
    assert_eq!(server.events, []);
    assert_eq!(server.h3.table.exchanges(), 0);
    assert_eq!(server.streams.key(StreamId(id)), None);
}

#[test]
fn on_plain_http3_the_frame_means_nothing() {
    let (mut client, mut server) = pair();
    let refused = client.h3.open_bytestream(&mut client.streams, NOW);
    assert_eq!(refused, Err(OpenError::NotAgreed));
    let (_, id) = client.raw(&[0x20, 1, 2, 0x20, 0], false);
    exchange(&mut client, &mut server);
    assert!(server.is_request(server.key(id)));
    client.raw(&[0x20, 1, 1, 0, 1, 9], false);
    assert_eq!(exchange_to_failure(&mut client, &mut server).code, Code::FRAME_UNEXPECTED);
}

// RFC 9114 section 7.1.
#[test]
fn a_bytestream_must_not_end_within_a_frame() {
    for bytes in [&[0x20, 1, 1, 0, 5, 1][..], &[0x20, 1, 1, 0], &[0x20, 1, 1, 0x21, 3, 0]] {
        let (mut client, mut server) = extended_pair();
        client.raw(bytes, true);
        assert_eq!(exchange_to_failure(&mut client, &mut server).code, Code::FRAME_ERROR);
    }
}

#[test]
fn what_all_unfinished_messages_may_take_is_bounded() {
    let frame = |len: u64| {
        let mut bytes = vec![0x20, 1, 1, 0];
        bytes.extend((len | 3 << 62).to_be_bytes());
        bytes
    };
    let (mut client, mut server) = extended_pair();
    client.raw(&frame(MAX_MESSAGE_BYTES + 1), false);
    assert_eq!(exchange_to_failure(&mut client, &mut server).code, Code::EXCESSIVE_LOAD);

    let (mut client, mut server) = extended_pair();
    client.raw(&frame(MAX_MESSAGE_BYTES), false);
    exchange(&mut client, &mut server);
    client.raw(&[0x20, 1, 1, 0, 2, 9], false);
    exchange(&mut client, &mut server);
    client.raw(&frame(MAX_MESSAGE_BYTES), false);
    assert_eq!(exchange_to_failure(&mut client, &mut server).code, Code::EXCESSIVE_LOAD);
}

#[test]
fn a_message_given_up_no_longer_counts() {
    let (mut client, mut server) = extended_pair();
    let (key, id) = client.raw(&[0x20, 1, 1, 0, 0x44, 0, 1, 2, 3], false);
    exchange(&mut client, &mut server);
    let there = server.key(id);
    assert_eq!(server.h3.extended.as_ref().unwrap().held(), 3);
    client.streams.reset(key, 9).unwrap();
    exchange(&mut client, &mut server);
    assert_eq!(server.h3.extended.as_ref().unwrap().held(), 0);
    assert_eq!(server.messages(there), []);
    exchange(&mut client, &mut server);
    assert_eq!(server.events, [Event::BytestreamOpened(there), Event::BytestreamClosed(there)]);
    assert_eq!(server.streams.reset_code(there), Some(9));
}

#[test]
fn a_closed_bytestream_says_and_hears_nothing_more() {
    let (mut client, mut server) = extended_pair();
    let (key, id) = client.open_bytestream();
    client.say(key, b"one", false).unwrap();
    exchange(&mut client, &mut server);
    let there = server.key(id);
    server.say(there, &vec![2; 500_000], false).unwrap();
    for _ in 0..2 {
        client.h3.close_bytestream(&mut client.streams, key);
    }
    let code = Code::REQUEST_CANCELLED.0;
    assert_eq!(client.say(key, b"two", false), Err(SendError::Reset(code)));
    assert_eq!(client.messages(key), []);
    exchange(&mut client, &mut server);
    assert_eq!(client.events, [Event::BytestreamClosed(key)]);
    // The message was there, but the client gave it up with everything else.
    assert_eq!(server.say(there, b"three", false), Err(SendError::Reset(code)));
    assert_eq!(server.events.last(), Some(&Event::BytestreamClosed(there)));
}

#[test]
fn a_message_that_waits_holds_back_the_end_of_its_bytestream() {
    let (mut client, mut server) = extended_pair();
    let (key, id) = client.open_bytestream();
    client.say(key, b"last", true).unwrap();
    exchange(&mut client, &mut server);
    let there = server.key(id);
    server.h3.finish_bytestream(&mut server.streams, there, NOW).unwrap();
    exchange(&mut client, &mut server);
    assert_eq!(server.events, [Event::BytestreamOpened(there)]);
    assert_eq!(server.messages(there), [message(b"last", true)]);
    exchange(&mut client, &mut server);
    assert_eq!(server.events.last(), Some(&Event::BytestreamClosed(there)));
    assert_eq!(client.messages(key), [message(b"", true)]);
}

// RFC 9114 section 5.2.
#[test]
fn a_server_that_goes_away_takes_no_bytestream_that_is_new() {
    let (mut client, mut server) = extended_pair();
    let (first, id) = client.open_bytestream();
    exchange(&mut client, &mut server);
    let (second, _) = client.open_bytestream();
    server.h3.go_away(&mut server.streams);
    exchange(&mut client, &mut server);
    assert!(!server.h3.is_drained());
    let refused = client.h3.open_bytestream(&mut client.streams, NOW);
    assert_eq!(refused, Err(OpenError::GoingAway));
    assert!(client.events.contains(&Event::BytestreamClosed(second)));
    let there = server.key(id);
    client.say(first, b"", true).unwrap();
    server.say(there, b"", true).unwrap();
    exchange(&mut client, &mut server);
    assert_eq!(server.messages(there), [message(b"", true)]);
    exchange(&mut client, &mut server);
    server.h3.forget(there);
    assert!(server.h3.is_drained());
}

// RFC 9114 section 10.5.
#[test]
fn a_bytestream_that_its_client_gives_up_counts_once_whichever_way() {
    let (mut client, mut server) = extended_pair();
    for (reset, stop) in [(true, true), (true, false), (false, true)] {
        let before = server.h3.given_up.count();
        let (key, _) = client.open_bytestream();
        exchange(&mut client, &mut server);
        if stop {
            client.streams.stop_sending(key, 7).unwrap();
            exchange(&mut client, &mut server);
        }
        if reset {
            client.streams.reset(key, 7).unwrap();
            exchange(&mut client, &mut server);
        }
        assert_eq!(server.h3.given_up.count(), before + 1, "{reset} {stop}");
    }
}
