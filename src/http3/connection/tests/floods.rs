//! What a peer can make an end do and hold (RFC 9114 section 10.5).

use super::host::Host;
use super::raw::*;
use super::*;
use crate::wire::Direction;

/// Has a client act on stream after stream; how many times before the server had enough.
fn until_refused(mut act: impl FnMut(&mut Faced, StreamKey)) -> Option<usize> {
    let mut faced = facing(Role::Server);
    faced.control(&[]);
    let mut host = Host::default();
    for count in 1..3000 {
        let key = faced.raw.open(Direction::Bidirectional).unwrap();
        act(&mut faced, key);
        host.pass(&mut faced.end);
        faced.settle();
        host.pass(&mut faced.end);
        faced.settle();
        if let Some(code) = faced.code() {
            assert_eq!(code, Code::EXCESSIVE_LOAD);
            return Some(count);
        }
        while let Some(event) = faced.raw.poll_event() {
            if let crate::stream::StreamEvent::Closed(key) = event {
                faced.raw.forget(key);
            }
        }
    }
    None
}

#[test]
fn requests_that_are_made_to_be_reset_come_to_an_end() {
    let before_it_is_one = until_refused(|faced, key| {
        faced.raw.write(key, &frame_of(FrameType::HEADERS, 50), false).unwrap();
        faced.raw.reset(key, Code::REQUEST_CANCELLED.0).unwrap();
        faced.raw.stop_sending(key, Code::REQUEST_CANCELLED.0).unwrap();
        faced.settle();
    });
    assert_eq!(before_it_is_one, Some(1001));
    let afterwards = until_refused(|faced, key| {
        faced.write(key, &headers(&GET), false);
        faced.raw.reset(key, Code::REQUEST_CANCELLED.0).unwrap();
        faced.raw.stop_sending(key, Code::REQUEST_CANCELLED.0).unwrap();
        faced.settle();
    });
    assert_eq!(afterwards, Some(1001));
}

#[test]
fn responses_that_are_stopped_count_as_well() {
    for code in [Code::REQUEST_CANCELLED, Code::NO_ERROR] {
        let stopped = until_refused(|faced, key| {
            faced.write(key, &headers(&GET), true);
            faced.raw.stop_sending(key, code.0).unwrap();
            faced.settle();
        });
        assert_eq!(stopped, Some(1001));
    }
}

// RFC 9114 section 5.2: what crosses our GOAWAY is harmless, what goes on for ever is not.
#[test]
fn requests_that_are_refused_without_end_count_as_well() {
    let mut told = false;
    let refused = until_refused(|faced, key| {
        if !std::mem::replace(&mut told, true) {
            faced.end.h3.go_away(&mut faced.end.streams);
        }
        faced.raw.write(key, &headers(&GET), true).unwrap();
        faced.settle();
        faced.raw.stop_sending(key, 0).unwrap();
        faced.settle();
    });
    assert_eq!(refused, Some(LIMITS.max_streams_bidi as usize + 1001));
}

#[test]
fn malformed_requests_count_as_well() {
    let malformed = until_refused(|faced, key| {
        faced.write(key, &headers(&[(":method", "GET")]), true);
        faced.raw.stop_sending(key, 0).unwrap();
        faced.settle();
    });
    assert_eq!(malformed, Some(1001));
}

#[test]
fn requests_that_come_to_their_end_make_up_for_some_that_do_not() {
    let mut odd = false;
    let mixed = until_refused(|faced, key| {
        odd = !odd;
        faced.write(key, &headers(&GET), true);
        if odd {
            faced.raw.stop_sending(key, Code::REQUEST_CANCELLED.0).unwrap();
            return faced.settle();
        }
        let ours = faced.ours(key);
        faced.end.tell(ours);
        faced.end.fields(ours);
        faced.end.send(ours, &[(":status", "204")], true);
        faced.settle();
        while faced.raw.read(key, &mut [0; 100]).is_ok_and(|read| !read.fin) {}
    });
    assert_eq!(mixed, None);
}

/// How many unidirectional streams that nobody knows an end bears with, as `act` ends them.
fn strays_until_refused(role: Role, act: impl Fn(&mut Streams, StreamKey)) -> Option<usize> {
    let mut faced = facing(role);
    for count in 1..3000 {
        let key = faced.raw.open(Direction::Unidirectional).unwrap();
        act(&mut faced.raw, key);
        faced.settle();
        if let Some(code) = faced.code() {
            assert_eq!(code, Code::EXCESSIVE_LOAD);
            return Some(count);
        }
        while let Some(event) = faced.raw.poll_event() {
            if let crate::stream::StreamEvent::Closed(key) = event {
                faced.raw.forget(key);
            }
        }
    }
    None
}

#[test]
fn streams_that_nobody_knows_come_to_an_end() {
    for role in ROLES {
        let unknown = strays_until_refused(role, |raw, key| {
            raw.write(key, &[0x21], false).unwrap();
        });
        assert_eq!(unknown, Some(1001));
        let without_a_type = strays_until_refused(role, |raw, key| {
            raw.write(key, &[], true).unwrap();
        });
        assert_eq!(without_a_type, Some(1001));
        let reset = strays_until_refused(role, |raw, key| raw.reset(key, 0).unwrap());
        assert_eq!(reset, Some(1001));
    }
}

#[test]
fn a_client_bears_with_servers_that_reset() {
    let mut faced = facing(Role::Client);
    faced.control(&[]);
    let mut host = Host::default();
    for _ in 0..1500 {
        let (_, theirs) = faced.request(&GET);
        faced.raw.reset(theirs, Code::REQUEST_REJECTED.0).unwrap();
        faced.settle();
        host.pass(&mut faced.end);
        while faced.raw.read(theirs, &mut [0; 1000]).is_ok_and(|read| !read.fin) {}
        faced.settle();
        host.pass(&mut faced.end);
        while let Some(event) = faced.raw.poll_event() {
            if let crate::stream::StreamEvent::Closed(key) = event {
                faced.raw.forget(key);
            }
        }
    }
    assert_eq!((faced.code(), faced.end.h3.table.exchanges()), (None, 0));
    assert!(faced.end.streams.len() < 10);
}

// RFC 9204 section 2.1.3.
#[test]
fn instructions_that_the_peer_gives_no_credit_for_are_bounded() {
    let none = Limits { max_stream_data_uni: 0, ..LIMITS };
    let mut faced = facing_end(End::with_limits(Role::Server, LocalSettings::default(), none));
    faced.raw = Streams::new(Role::Client, Limits { max_stream_data_uni: 0, ..LIMITS }, 4 << 20);
    faced.raw.set_peer_limits(&LIMITS);
    faced.settle();
    let encoder = faced.uni(&[2, 0x3f, 0xc9, 0x07, 0x41, b'x', 0]);
    // Each duplicate is an insertion to be told of.
    for _ in 0..40 {
        faced.raw.write(encoder, &[0; 3000], false).unwrap();
        for _ in 0..3000 {
            if faced.code().is_some() {
                break;
            }
            faced.settle();
        }
    }
    assert!(faced.end.h3.decoder_stream.bytes_held() <= 64 * 1024);
}

#[test]
fn a_flood_of_updates_and_unknown_frames_leaves_nothing_behind() {
    let mut faced = facing(Role::Server);
    let update = frame(FrameType::PRIORITY_UPDATE_REQUEST, b"\0u=1");
    let grant = frame_with(FrameType::MAX_PUSH_ID, 1);
    let noise = [update, frame(FrameType(0x21), b""), grant].concat();
    for _ in 0..200 {
        faced.control(&noise.repeat(100));
    }
    assert_eq!((faced.code(), faced.end.h3.priorities.len()), (None, 1));
    assert_eq!(faced.end.events, [Event::Settings]);
}

// RFC 9114 section 10.5.1: what is held of a section that never ends is what the limit lets.
#[test]
fn a_section_that_never_ends_is_held_up_to_its_limit() {
    let mut faced = facing(Role::Server);
    for _ in 0..10 {
        let key = faced.bidi(&frame_of(FrameType::HEADERS, 32 * 1024), false);
        faced.write(key, &vec![0; 32 * 1024 - 1], false);
        let ours = faced.ours(key);
        let held = faced.end.h3.table.request(ours).unwrap().receiving.bytes_held();
        assert_eq!(held, 32 * 1024 - 1);
    }
    assert_eq!(faced.code(), None);
}

// RFC 9114 section 10.5.1: nor do very many of them together.
#[test]
fn sections_that_never_end_are_bounded_together() {
    let settings = LocalSettings { max_field_section_size: 1 << 20, ..LocalSettings::default() };
    // A host that lets less wait for the table is not refused ordinary requests for it.
    let less = LocalSettings { max_blocked_per_connection: 100, ..settings };
    let more = LocalSettings { max_blocked_per_connection: 8_500_000, ..settings };
    let most = reading::MAX_ARRIVING_SECTIONS;
    for (settings, most) in [(settings, most), (less, most), (more, 8_500_000)] {
        arriving_sections_are_bounded(settings, most as usize);
    }
}

fn arriving_sections_are_bounded(settings: LocalSettings, most: usize) {
    let mut faced = facing_with(Role::Server, settings);
    let held = 90_000;
    let most = most / held;
    let begun = |faced: &mut Faced| {
        let key = faced.bidi(&frame_of(FrameType::HEADERS, 100_000), false);
        faced.write(key, &vec![0; held], false);
        key
    };
    let keys: Vec<_> = (0..most).map(|_| begun(&mut faced)).collect();
    assert_eq!((faced.code(), faced.end.h3.arriving_bytes), (None, (most * held) as u64));
    // Those that are given up make room again.
    faced.raw.reset(keys[0], Code::REQUEST_CANCELLED.0).unwrap();
    faced.settle();
    begun(&mut faced);
    assert_eq!(faced.code(), None);
    begun(&mut faced);
    assert_eq!(faced.code(), Some(Code::EXCESSIVE_LOAD));
}

// The bound is for those that hold back the rest: sections that come whole count no more, trailers
// among them.
#[test]
fn sections_that_come_whole_leave_the_count() {
    for role in ROLES {
        let mut faced = facing(role);
        faced.control(&[]);
        let mut host = Host::default();
        let key = faced.message_stream();
        let trailers = headers(&[("x-sum", &"7".repeat(1000))]);
        let message = [faced.head(), data(b"content"), trailers].concat();
        for piece in message.chunks(50) {
            faced.write(key, piece, false);
            host.pass(&mut faced.end);
        }
        faced.write(key, &[], true);
        host.pass(&mut faced.end);
        let seen = host.seen.values().next().unwrap();
        assert_eq!((seen.sections.len(), seen.ends), (2, 1));
        assert_eq!((faced.code(), faced.end.h3.arriving_bytes), (None, 0));
    }
}

#[test]
fn an_encoded_section_is_not_kept_once_it_is_decoded() {
    let mut faced = facing(Role::Server);
    faced.control(&[]);
    let value = "v".repeat(10_000);
    let request = headers(&[&GET[..], &[("x-long", &value)]].concat());
    let held = |faced: &Faced, id| {
        let request = faced.end.h3.table.request(faced.end.key(id)).unwrap();
        request.receiving.bytes_held()
    };
    faced.bidi(&request[..5_000], false);
    assert!(held(&faced, 0) > 4_000);
    faced.bidi(&request, false);
    assert_eq!(held(&faced, 4), 0);
}

#[test]
fn requests_that_are_over_keep_no_large_sections() {
    let mut faced = facing(Role::Server);
    faced.control(&[]);
    let mut host = Host::default();
    faced.bidi(&headers(&GET), false);
    let long = "v".repeat(20_000);
    let many: Vec<_> = [GET.to_vec(), vec![("x", ""); 800]].concat();
    for fields in [GET.to_vec(), [&GET[..], &[("x-long", &long)]].concat(), many] {
        let key = faced.bidi(&headers(&fields), false);
        let ours = faced.ours(key);
        host.pass(&mut faced.end);
        faced.write(key, &headers(&[("x-trailer", &long)]), true);
        host.pass(&mut faced.end);
        faced.end.send(ours, &[(":status", "204")], true);
        faced.settle();
        host.pass(&mut faced.end);
    }
    assert_eq!((faced.code(), faced.end.h3.table.exchanges()), (None, 1));
    let kept = faced.end.h3.table.spare_memory();
    assert!(kept.len() == 1 && kept[0] <= 8192, "{kept:?}");
}
