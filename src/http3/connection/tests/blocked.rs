//! Field sections that wait for the dynamic table (RFC 9204 section 2.1.2).

use super::host::Host;
use super::raw::*;
use super::*;

/// An insertion into the table, on the encoder stream.
fn insertion(name: &str, value: &str) -> Vec<u8> {
    let (name_len, value_len) = (name.len() as u8, value.len() as u8);
    [&[0x40 | name_len][..], name.as_bytes(), &[value_len], value.as_bytes()].concat()
}

/// The beginning of an encoder stream that uses a table of 1000 bytes.
const ENCODER: [u8; 4] = [2, 0x3f, 0xc9, 0x07];

/// HEADERS of a message to an end with this role, the last of whose fields is the newest entry of a
/// table with so many insertions.
fn needing(role: Role, required: u8) -> Vec<u8> {
    let prefix = [required + 1, 0];
    let fields: &[u8] = match role {
        Role::Server => &[0xd1, 0xd7, 0xc1, 0x50, 1, b'a'],
        Role::Client => &[0xd9],
    };
    frame(FrameType::HEADERS, &[&prefix[..], fields, &[0x80]].concat())
}

fn trailers_needing(required: u8) -> Vec<u8> {
    frame(FrameType::HEADERS, &[required + 1, 0, 0x80])
}

/// An end whose peer has an encoder stream, and that stream.
fn with_encoder(role: Role, settings: LocalSettings) -> (Faced, StreamKey) {
    let mut faced = facing_with(role, settings);
    faced.control(&[]);
    let key = faced.uni(&ENCODER);
    (faced, key)
}

fn blocked_streams(count: u64) -> LocalSettings {
    LocalSettings { qpack_blocked_streams: count, ..LocalSettings::default() }
}

/// What our decoder has told the peer's encoder since the last time.
fn decoder_said(faced: &mut Faced) -> Vec<u8> {
    let index = if faced.end.h3.role == Role::Client { 10 } else { 11 };
    let (key, mut out) = (faced.raw.key(StreamId(index)).unwrap(), [0; 500]);
    let len = faced.raw.read(key, &mut out).map_or(0, |read| read.len);
    let said = out[..len].to_vec();
    said.strip_prefix(&[3]).map(<[u8]>::to_vec).unwrap_or(said)
}

#[test]
fn a_section_waits_for_its_entries_and_then_goes_on() {
    for role in ROLES {
        let (mut faced, encoder) = with_encoder(role, LocalSettings::default());
        let key = faced.message_stream();
        faced.write(key, &[needing(role, 1), data(b"content")].concat(), true);
        let (ours, mut host) = (faced.ours(key), Host::default());
        host.pass(&mut faced.end);
        assert!(host.seen.is_empty(), "{role:?}");
        decoder_said(&mut faced);
        let bytes = insertion("x-late", "here");
        for byte in &bytes[..bytes.len() - 1] {
            faced.write(encoder, &[*byte], false);
            host.pass(&mut faced.end);
            assert!(host.seen.is_empty());
        }
        faced.write(encoder, &bytes[bytes.len() - 1..], false);
        host.pass(&mut faced.end);
        let seen = host.of(&faced.end.streams, ours).clone();
        assert_eq!(seen.sections[0].last().unwrap(), "x-late=here");
        assert_eq!((seen.body, seen.ends), (b"content".to_vec(), 1));
        // Section Acknowledgment stands for the insertion as well.
        faced.settle();
        let said = decoder_said(&mut faced);
        assert!(said.contains(&0x80), "{said:?}");
        assert_eq!(faced.code(), None);
    }
}

#[test]
fn a_trace_tells_of_the_wait_and_of_its_end() {
    use crate::observe::{Filter, Importance, SharedTrace, Trace};
    use crate::wire::ConnectionId;
    let (mut faced, encoder) = with_encoder(Role::Server, LocalSettings::default());
    let filter = Filter::at_least(Importance::Removed);
    let trace = SharedTrace::new(Trace::new(filter, NOW, ConnectionId::default()));
    faced.end.h3.set_trace(Some(trace.clone()));
    let key = faced.message_stream();
    faced.write(key, &needing(Role::Server, 1), true);
    faced.write(encoder, &insertion("x-late", "here"), false);
    let told: Vec<_> = trace.take().iter().map(|(_, text)| text.to_owned()).collect();
    let place = |piece: &str| told.iter().position(|text| text.contains(piece)).unwrap();
    let order = [
        r#""state":"blocked""#,
        r#""instruction_type":"insert_without_name_reference""#,
        r#""update_type":"inserted","entries":[{"index":0,"name":"x-late","value":"here"}]"#,
        r#""state":"unblocked""#,
        "qpack:headers_decoded",
        r#""instruction_type":"section_acknowledgement","stream_id":0"#,
    ];
    assert!(order.map(place).is_sorted(), "{told:#?}");
}

// RFC 9204 section 2.1.2.
#[test]
fn as_many_streams_as_we_said_may_wait_and_not_one_more() {
    for role in ROLES {
        let (mut faced, _) = with_encoder(role, blocked_streams(3));
        for _ in 0..3 {
            let key = faced.message_stream();
            faced.write(key, &needing(role, 1), true);
            assert_eq!(faced.code(), None);
        }
        let key = faced.message_stream();
        faced.write(key, &needing(role, 1), true);
        assert_eq!(faced.code(), Some(Code(0x200)), "{role:?}");
        let (mut faced, _) = with_encoder(role, blocked_streams(0));
        let key = faced.message_stream();
        faced.write(key, &needing(role, 1), true);
        assert_eq!(faced.code(), Some(Code(0x200)));
    }
}

#[test]
fn streams_are_unblocked_in_the_order_of_their_entries() {
    for role in ROLES {
        let (mut faced, encoder) = with_encoder(role, LocalSettings::default());
        // The first one waits longest.
        let keys = [5, 3, 4, 1, 2].map(|required| {
            let key = faced.message_stream();
            faced.write(key, &needing(role, required), true);
            (required, faced.ours(key))
        });
        let mut host = Host::default();
        for count in 1..=5 {
            faced.write(encoder, &insertion("x-count", &count.to_string()), false);
            host.pass(&mut faced.end);
            for (required, key) in keys {
                let Some(id) = faced.end.streams.id(key) else { continue };
                let seen = host.seen.get(&id.0).map_or(0, |seen| seen.sections.len());
                assert_eq!(seen, usize::from(required <= count), "{required} {count}");
            }
        }
        faced.settle();
        assert_eq!((faced.code(), faced.end.h3.blocked.len()), (None, 0));
        assert_eq!(faced.end.h3.blocked_bytes, 0);
    }
}

#[test]
fn many_streams_are_unblocked_at_once() {
    for role in ROLES {
        let (mut faced, encoder) = with_encoder(role, blocked_streams(50));
        for _ in 0..50 {
            let key = faced.message_stream();
            faced.write(key, &needing(role, 1), true);
        }
        faced.write(encoder, &insertion("x", "y"), false);
        let mut host = Host::default();
        host.pass(&mut faced.end);
        assert_eq!(host.seen.values().filter(|seen| seen.ends == 1).count(), 50);
    }
}

// RFC 9204 sections 2.2.2.2 and 4.4.2.
#[test]
fn a_stream_that_is_reset_while_it_waits_is_cancelled_and_makes_room() {
    for role in ROLES {
        let (mut faced, encoder) = with_encoder(role, blocked_streams(1));
        let mut total = Vec::new();
        for _ in 0..3 {
            let key = faced.message_stream();
            faced.write(key, &needing(role, 1), false);
            decoder_said(&mut faced);
            faced.raw.reset(key, Code::REQUEST_CANCELLED.0).unwrap();
            faced.settle();
            total.extend(decoder_said(&mut faced));
        }
        assert_eq!((faced.code(), total), (None, vec![0x40, 0x44, 0x48]));
        assert_eq!((faced.end.h3.blocked.len(), faced.end.h3.blocked_bytes), (0, 0));
        // The entry comes after all; nobody waits for it.
        faced.write(encoder, &insertion("x", "y"), false);
        assert_eq!(faced.code(), None);
    }
}

#[test]
fn a_request_that_the_host_closes_while_it_waits_is_cancelled() {
    let (mut faced, encoder) = with_encoder(Role::Client, blocked_streams(1));
    let (ours, theirs) = faced.request(&GET);
    faced.write(theirs, &needing(Role::Client, 1), false);
    decoder_said(&mut faced);
    faced.end.h3.close_request(&mut faced.end.streams, ours, Code::REQUEST_CANCELLED);
    faced.settle();
    assert_eq!(decoder_said(&mut faced), [0x40]);
    assert_eq!((faced.end.h3.blocked.len(), faced.end.h3.blocked_bytes), (0, 0));
    faced.write(encoder, &insertion("x", "y"), false);
    faced.raw.reset(theirs, 0).unwrap();
    faced.settle();
    assert_eq!(faced.end.events.last(), Some(&Event::Closed(ours)));
    assert_eq!(faced.code(), None);
}

#[test]
fn a_decoder_without_a_table_has_nothing_to_cancel() {
    let none = LocalSettings { qpack_decoder_capacity: 0, ..LocalSettings::default() };
    let mut faced = facing_with(Role::Server, none);
    let key = faced.bidi(&frame_of(FrameType::HEADERS, 50), false);
    faced.raw.reset(key, 0).unwrap();
    faced.settle();
    assert_eq!(decoder_said(&mut faced), []);
}

// A client that neither wants the response nor sends more ends its stream while its request waits.
#[test]
fn a_request_whose_stream_closes_while_it_waits_comes_and_ends() {
    let (mut faced, encoder) = with_encoder(Role::Server, LocalSettings::default());
    let key = faced.message_stream();
    faced.write(key, &needing(Role::Server, 1), true);
    let ours = faced.ours(key);
    faced.raw.stop_sending(key, Code::REQUEST_CANCELLED.0).unwrap();
    faced.settle();
    let mut host = Host::default();
    host.pass(&mut faced.end);
    faced.write(encoder, &insertion("x", "y"), false);
    host.pass(&mut faced.end);
    let seen = host.seen.values().next().unwrap();
    assert_eq!((seen.sections.len(), seen.closed), (1, 1));
    assert_eq!(faced.end.streams.id(ours), None);
    assert_eq!(faced.end.h3.table.exchanges(), 0);
}

#[test]
fn a_bad_request_whose_stream_closed_while_it_waited_leaves_nothing() {
    let (mut faced, encoder) = with_encoder(Role::Server, LocalSettings::default());
    let held = faced.end.streams.len();
    let key = faced.message_stream();
    faced.write(key, &trailers_needing(1), true);
    faced.raw.stop_sending(key, 0).unwrap();
    faced.settle();
    faced.write(encoder, &insertion("x", "y"), false);
    assert_eq!((faced.end.streams.len(), faced.end.h3.table.exchanges()), (held, 0));
    assert_eq!((faced.code(), faced.end.h3.blocked_bytes), (None, 0));
}

#[test]
fn a_bad_response_that_waited_fails_and_ends() {
    let (mut faced, encoder) = with_encoder(Role::Client, LocalSettings::default());
    let (ours, theirs) = faced.request(&GET);
    faced.write(theirs, &trailers_needing(1), true);
    faced.write(encoder, &insertion("x", "y"), false);
    assert_eq!(faced.failures(), [Code::MESSAGE_ERROR]);
    assert_eq!(faced.end.events.last(), Some(&Event::Closed(ours)));
}

#[test]
fn trailers_that_wait_while_content_is_read_are_found() {
    for role in ROLES {
        let (mut faced, encoder) = with_encoder(role, LocalSettings::default());
        let key = faced.message_stream();
        let head = faced.head();
        faced.write(key, &[head, data(b"body"), trailers_needing(1)].concat(), true);
        let (ours, mut host) = (faced.ours(key), Host::default());
        host.pass(&mut faced.end);
        assert_eq!(host.of(&faced.end.streams, ours).body, b"body");
        assert_eq!(faced.end.h3.blocked.len(), 1, "{role:?}");
        faced.write(encoder, &insertion("x-sum", "7"), false);
        host.pass(&mut faced.end);
        let seen = host.of(&faced.end.streams, ours);
        assert_eq!((&seen.sections[1][..], seen.ends), (&["x-sum=7".to_owned()][..], 1));
    }
}

#[test]
fn what_waits_is_bounded_on_a_stream_and_on_a_connection() {
    let most = LocalSettings {
        max_blocked_per_stream: 60,
        max_blocked_per_connection: 100,
        ..LocalSettings::default()
    };
    // A section that waits, and so many bytes long.
    let waiting = |len: usize| {
        let section = [&[2, 0][..], &[0xd9].repeat(len - 3), &[0x80]].concat();
        frame(FrameType::HEADERS, &section)
    };
    for role in ROLES {
        let (mut faced, _) = with_encoder(role, most);
        let key = faced.message_stream();
        faced.write(key, &waiting(60), false);
        assert_eq!(faced.code(), None);
        let key = faced.message_stream();
        faced.write(key, &waiting(40), false);
        assert_eq!((faced.code(), faced.end.h3.blocked_bytes), (None, 100));
        let key = faced.message_stream();
        faced.write(key, &waiting(10), false);
        assert_eq!(faced.code(), Some(Code::EXCESSIVE_LOAD), "{role:?}");
        let (mut faced, _) = with_encoder(role, most);
        let key = faced.message_stream();
        faced.write(key, &waiting(61), false);
        assert_eq!(faced.code(), Some(Code::EXCESSIVE_LOAD));
    }
}

#[test]
fn content_behind_a_section_that_waits_stays_in_the_transport() {
    let (mut faced, encoder) = with_encoder(Role::Server, LocalSettings::default());
    let key = faced.message_stream();
    let len = 90_000;
    faced.write(key, &[needing(Role::Server, 1), data(&vec![5; len])].concat(), false);
    assert!(faced.end.h3.blocked_bytes < 100);
    faced.write(encoder, &insertion("x", "y"), false);
    let mut host = Host::default();
    host.pass(&mut faced.end);
    assert_eq!(host.seen.values().next().map(|seen| seen.body.len()), Some(len));
}

#[test]
fn a_section_that_is_too_large_is_cancelled_even_where_the_stream_has_ended() {
    let small = LocalSettings { max_field_section_size: 100, ..LocalSettings::default() };
    for wait in [false, true] {
        let (mut faced, encoder) = with_encoder(Role::Client, small);
        let (_, theirs) = faced.request(&GET);
        let long = insertion("x-long", &"v".repeat(100));
        if !wait {
            faced.write(encoder, &long, false);
        }
        decoder_said(&mut faced);
        faced.write(theirs, &needing(Role::Client, 1), true);
        if wait {
            faced.write(encoder, &long, false);
        }
        assert_eq!((faced.code(), faced.failures()), (None, vec![Code::EXCESSIVE_LOAD]));
        faced.settle();
        assert!(decoder_said(&mut faced).contains(&0x40), "{wait}");
        assert_eq!((faced.end.h3.blocked.len(), faced.end.h3.blocked_bytes), (0, 0));
    }
}

// RFC 9204 section 2.1.1: nothing that is not acknowledged is evicted, decoder stream or not.
#[test]
fn an_encoder_copes_without_a_decoder_stream() {
    let mut faced = facing(Role::Client);
    let settings = [varint(1), varint(200), varint(7), varint(2)].concat();
    faced.uni(&[&[0][..], &frame(FrameType::SETTINGS, &settings)].concat());
    for index in 0..60 {
        let agent = format!("agent-number-{index}");
        let (_, theirs) = faced.request(&[GET.to_vec(), vec![("user-agent", &agent)]].concat());
        assert!(!faced.raw.peek(theirs).is_empty());
    }
    assert_eq!(faced.code(), None);
    // A table of 200 bytes takes no more than that.
    let encoder = faced.raw.key(StreamId(6)).unwrap();
    assert!(faced.raw.peek(encoder).len() < 220);
}

// RFC 9204 section 4.4.
#[test]
fn what_a_decoder_must_not_say_ends_the_connection() {
    let faults: [&[u8]; 5] = [
        &[3, 0x00],
        &[3, 0x01],
        &[3, 0x80],
        &[3, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        &[3, 0x3f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
    ];
    for role in ROLES {
        for bytes in faults {
            assert_eq!(fault(role, |faced| faced.uni(bytes)), Some(Code(0x202)), "{bytes:?}");
            let piecemeal = fault(role, |faced| {
                let key = faced.uni(&[]);
                for byte in bytes.iter().take_while(|_| true) {
                    if faced.code().is_none() {
                        faced.write(key, &[*byte], false);
                    }
                }
            });
            assert_eq!(piecemeal, Some(Code(0x202)), "{bytes:?}");
        }
        // A cancellation of nothing is none.
        assert_eq!(fault(role, |faced| faced.uni(&[3, 0x44])), None);
    }
}

// RFC 9204 sections 3.2.2, 3.2.3 and 4.3.
#[test]
fn what_an_encoder_must_not_say_ends_the_connection() {
    let too_large = [&[2, 0x3f, 0x01][..], &insertion("x", "y")].concat();
    let faults: [&[u8]; 6] = [
        // A capacity of 16385.
        &[2, 0x3f, 0xe2, 0x7f],
        // An entry for a table without room.
        &too_large,
        // A duplicate of nothing, and a name of nothing.
        &[2, 0x3f, 0xc9, 0x07, 0x00],
        &[2, 0x3f, 0xc9, 0x07, 0x80, 0x00],
        // A static entry that does not exist.
        &[2, 0x3f, 0xc9, 0x07, 0xff, 0x24, 0x00],
        &[2, 0x3f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
    ];
    for role in ROLES {
        for bytes in faults {
            assert_eq!(fault(role, |faced| faced.uni(bytes)), Some(Code(0x201)), "{bytes:?}");
        }
    }
}

// RFC 9204 section 2.2.1 and 4.5.1.
#[test]
fn a_section_that_cannot_be_ends_the_connection() {
    for role in ROLES {
        for section in
            [&[][..], &[0], &[0, 0, 0x80], &[0, 0, 0xff, 0x24], &[0, 0x80], &[0, 0, 0x51]]
        {
            let code = fault(role, |faced| {
                faced.control(&[]);
                let key = faced.message_stream();
                faced.write(key, &frame(FrameType::HEADERS, section), false);
            });
            assert_eq!(code, Some(Code(0x200)), "{role:?} {section:?}");
        }
    }
}
