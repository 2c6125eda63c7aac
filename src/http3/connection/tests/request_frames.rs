//! Frames on streams of requests: their order, their places, their ends.

use super::raw::*;
use super::*;

/// What an end with this role makes of `bytes` on a stream of a message, which may end with them.
fn on_message(role: Role, bytes: &[u8], fin: bool) -> Faced {
    let mut faced = facing(role);
    faced.control(&[]);
    let key = faced.message_stream();
    faced.write(key, bytes, fin);
    faced
}

/// The same behind a header section.
fn after_head(role: Role, bytes: &[u8], fin: bool) -> Faced {
    let head = facing(role).head();
    let mut faced = on_message(role, &head, false);
    let key = faced.raw.key(StreamId(0)).unwrap();
    let ours = faced.end.key(0);
    faced.end.tell(ours);
    faced.end.fields(ours);
    faced.write(key, bytes, fin);
    faced
}

// RFC 9114 section 7.2.
#[test]
fn frames_of_the_control_stream_on_a_request_stream_are_an_error() {
    for role in ROLES {
        for kind in [0x03, 0x04, 0x07, 0x0d, 0xf0700, 0xf0701].map(FrameType) {
            let bytes = frame_with(kind, 0);
            let first = on_message(role, &bytes, false).code();
            assert_eq!(first, Some(Code::FRAME_UNEXPECTED), "{role:?} {kind:?}");
            let later = after_head(role, &bytes, false).code();
            assert_eq!(later, Some(Code::FRAME_UNEXPECTED), "{role:?} {kind:?}");
        }
    }
}

// RFC 9114 section 7.2.8.
#[test]
fn frames_of_http2_on_a_request_stream_are_an_error() {
    for role in ROLES {
        for kind in [0x02, 0x06, 0x08, 0x09].map(FrameType) {
            let bytes = frame_of(kind, 100);
            assert_eq!(on_message(role, &bytes, false).code(), Some(Code::FRAME_UNEXPECTED));
            assert_eq!(after_head(role, &bytes, false).code(), Some(Code::FRAME_UNEXPECTED));
        }
    }
}

// RFC 9114 section 9.
#[test]
fn unknown_frames_are_skipped_wherever_they_stand() {
    let grease = [frame(FrameType(0x21), b"grease"), frame(FrameType(0x40), b"")].concat();
    for role in ROLES {
        let message = [
            grease.clone(),
            facing(role).head(),
            grease.clone(),
            data(b"one "),
            grease.clone(),
            data(b"two"),
            grease.clone(),
            headers(&[("x-sum", "7")]),
            grease.clone(),
        ];
        let mut faced = on_message(role, &message.concat(), true);
        let key = faced.end.key(0);
        assert!(faced.end.tell(key).header);
        assert!(faced.end.fields(key).is_some());
        assert_eq!(faced.end.body(key), (b"one two".to_vec(), false));
        assert!(faced.end.tell(key).trailer);
        assert_eq!(faced.end.fields(key), Some((vec!["x-sum=7".to_owned()], true)));
        assert_eq!((faced.code(), faced.failures()), (None, vec![]));
    }
}

#[test]
fn a_long_unknown_frame_is_not_kept() {
    for role in ROLES {
        let mut faced = on_message(role, &frame_of(FrameType(0x21), (1 << 62) - 1), false);
        let key = faced.raw.key(StreamId(0)).unwrap();
        for _ in 0..20 {
            faced.write(key, &vec![1; 50_000], false);
        }
        assert_eq!((faced.code(), faced.end.events.len()), (None, 1));
    }
}

// RFC 9114 section 7.1.
#[test]
fn a_stream_that_ends_within_a_frame_is_an_error_in_every_state() {
    for role in ROLES {
        let head = facing(role).head();
        for kind in [FrameType::DATA, FrameType::HEADERS, FrameType(0x21), FrameType(0x12345)] {
            let whole = frame(kind, &[0; 40]);
            for cut in 1..whole.len() {
                let mut faced = after_head(role, &whole[..cut], true);
                if faced.code().is_none() {
                    // Behind content it is found when that is read.
                    let (ours, End { h3, streams, .. }) = (faced.end.key(0), &mut faced.end);
                    let read = h3.read_body(streams, ours, &mut [0; 100], NOW).map(|_| ());
                    faced.end.note(read);
                    assert_eq!(kind, FrameType::DATA);
                }
                let expected = Some(Code::FRAME_ERROR);
                assert_eq!(faced.code(), expected, "{role:?} {kind:?} {cut}");
            }
        }
        for cut in 1..head.len() {
            assert_eq!(on_message(role, &head[..cut], true).code(), Some(Code::FRAME_ERROR));
            // The end comes by itself.
            let mut faced = on_message(role, &head[..cut], false);
            assert_eq!(faced.code(), None);
            let key = faced.raw.key(StreamId(0)).unwrap();
            faced.write(key, &[], true);
            assert_eq!(faced.code(), Some(Code::FRAME_ERROR));
        }
    }
}

// RFC 9114 section 7.1.
#[test]
fn an_end_within_content_is_found_behind_content_that_was_read() {
    for role in ROLES {
        let mut faced = after_head(role, &frame_of(FrameType::DATA, 100), false);
        let key = faced.raw.key(StreamId(0)).unwrap();
        faced.write(key, &[1; 60], true);
        assert_eq!(faced.code(), None);
        let ours = faced.end.key(0);
        let mut out = [0; 100];
        let read = faced.end.h3.read_body(&mut faced.end.streams, ours, &mut out, NOW);
        assert_eq!(read.map_err(|error| error.code), Err(Code::FRAME_ERROR));
    }
}

// RFC 9114 section 4.1.
#[test]
fn content_before_a_header_section_is_an_error() {
    for role in ROLES {
        for bytes in [data(b"x"), data(b""), frame_of(FrameType::DATA, 1 << 50)] {
            assert_eq!(on_message(role, &bytes, false).code(), Some(Code::FRAME_UNEXPECTED));
        }
    }
    // Nor does it come behind an interim response.
    let mut faced = on_message(Role::Client, &headers(&[(":status", "103")]), false);
    let (ours, theirs) = (faced.end.key(0), faced.raw.key(StreamId(0)).unwrap());
    faced.end.tell(ours);
    faced.write(theirs, &data(b""), false);
    assert_eq!(faced.code(), Some(Code::FRAME_UNEXPECTED));
}

// RFC 9114 section 4.1.
#[test]
fn nothing_known_comes_behind_trailers() {
    for role in ROLES {
        let trailers = headers(&[("x-sum", "7")]);
        for last in [data(b""), data(b"x"), trailers.clone()] {
            let mut faced = after_head(role, &trailers, false);
            let (ours, theirs) = (faced.end.key(0), faced.raw.key(StreamId(0)).unwrap());
            faced.end.tell(ours);
            faced.write(theirs, &last, false);
            assert_eq!(faced.code(), Some(Code::FRAME_UNEXPECTED));
        }
    }
}

// RFC 9114 section 7.2.5.
#[test]
fn promises_are_refused_wherever_they_stand() {
    let promise = [&varint(0)[..], &[0, 0]].concat();
    for bytes in
        [frame(FrameType::PUSH_PROMISE, &promise), frame_of(FrameType::PUSH_PROMISE, 1 << 60)]
    {
        for (role, code) in [(Role::Server, Code::FRAME_UNEXPECTED), (Role::Client, Code::ID_ERROR)]
        {
            assert_eq!(on_message(role, &bytes, false).code(), Some(code));
            assert_eq!(after_head(role, &bytes, false).code(), Some(code));
        }
    }
}

// RFC 9114 section 6.1.
#[test]
fn a_bidirectional_stream_of_a_server_is_an_error() {
    for bytes in [&[][..], &[0], &headers(&GET)] {
        let code = fault(Role::Client, |faced| faced.bidi(bytes, true));
        assert_eq!(code, Some(Code::STREAM_CREATION_ERROR));
    }
}

// RFC 9114 section 4.1.
#[test]
fn a_stream_that_ends_before_its_request_is_given_up() {
    for bytes in [vec![], frame(FrameType(0x21), b"grease")] {
        let mut faced = facing(Role::Server);
        let key = faced.bidi(&bytes, true);
        assert_eq!(faced.code(), None);
        assert_eq!(faced.reset_code(key), Some(Code::REQUEST_INCOMPLETE.0));
        // Nobody hears of it, and nothing is left.
        assert_eq!((&faced.end.events[..], faced.end.h3.table.exchanges()), (&[][..], 0));
    }
}

#[test]
fn a_response_that_ends_before_it_is_one_is_malformed() {
    for bytes in [vec![], frame(FrameType(0x21), b""), headers(&[(":status", "100")])] {
        let mut faced = facing(Role::Client);
        let (ours, theirs) = faced.request(&GET);
        faced.write(theirs, &bytes, true);
        faced.end.tell(ours);
        faced.settle();
        assert_eq!((faced.code(), faced.failures()), (None, vec![Code::MESSAGE_ERROR]));
        assert_eq!(faced.end.events.last(), Some(&Event::Closed(ours)));
    }
}

#[test]
fn empty_frames_of_content_change_nothing() {
    for role in ROLES {
        let mut faced = after_head(role, &[data(b"").repeat(10_000), data(b"x")].concat(), true);
        let key = faced.end.key(0);
        assert_eq!(faced.end.body(key), (b"x".to_vec(), true));
        assert_eq!(faced.code(), None);
    }
}
