//! The control stream: what must, may and must not be on it.

use super::raw::*;
use super::*;

/// An end with this role whose peer begins its control stream like this.
fn after_settings(role: Role, bytes: &[u8]) -> Option<Code> {
    fault(role, |faced| faced.control(bytes))
}

// RFC 9114 section 6.2.1.
#[test]
fn a_control_stream_that_does_not_begin_with_settings_is_an_error() {
    let known = [0x00, 0x01, 0x03, 0x05, 0x07, 0x0d, 0xf0700, 0xf0701];
    let unknown = [0x02, 0x06, 0x08, 0x09, 0x21, 0x40, 0x1f * 1000 + 0x21];
    for role in ROLES {
        for kind in known.into_iter().chain(unknown).map(FrameType) {
            let begun = [&[0][..], &frame_with(kind, 0)].concat();
            let code = fault(role, |faced| faced.uni(&begun));
            assert_eq!(code, Some(Code::MISSING_SETTINGS), "{role:?} {kind:?}");
        }
    }
}

// RFC 9114 section 7.2.4.
#[test]
fn a_second_settings_frame_is_an_error() {
    for role in ROLES {
        let again = frame(FrameType::SETTINGS, &[]);
        assert_eq!(after_settings(role, &again), Some(Code::FRAME_UNEXPECTED));
        let greased = [frame(FrameType(0x21), b"grease"), again].concat();
        assert_eq!(after_settings(role, &greased), Some(Code::FRAME_UNEXPECTED));
    }
}

// RFC 9114 sections 7.2.1, 7.2.2 and 7.2.5.
#[test]
fn frames_of_messages_on_the_control_stream_are_an_error() {
    for role in ROLES {
        for kind in [FrameType::DATA, FrameType::HEADERS, FrameType::PUSH_PROMISE] {
            for bytes in [frame(kind, b"xyz"), frame(kind, b""), frame_of(kind, 1 << 40)] {
                assert_eq!(after_settings(role, &bytes), Some(Code::FRAME_UNEXPECTED));
            }
        }
    }
}

// RFC 9114 section 7.2.8.
#[test]
fn frames_of_http2_on_the_control_stream_are_an_error() {
    for role in ROLES {
        for kind in [0x02, 0x06, 0x08, 0x09].map(FrameType) {
            assert_eq!(after_settings(role, &frame(kind, b"")), Some(Code::FRAME_UNEXPECTED));
        }
    }
}

// RFC 9114 section 9.
#[test]
fn unknown_frames_on_the_control_stream_are_skipped_and_not_kept() {
    for role in ROLES {
        let mut faced = facing(role);
        faced.control(&frame(FrameType(0x21), b""));
        faced.control(&frame_of(FrameType(0x40), 300_000));
        let chunk = vec![0; 30_000];
        for _ in 0..10 {
            faced.control(&chunk);
        }
        assert_eq!(faced.code(), None);
        faced.control(&frame(FrameType::SETTINGS, &[]));
        assert_eq!(faced.code(), Some(Code::FRAME_UNEXPECTED));
    }
}

// RFC 9114 section 7.1.
#[test]
fn a_frame_that_its_fields_do_not_fill_is_broken() {
    let of_client = [FrameType::MAX_PUSH_ID];
    let of_both = [FrameType::GOAWAY, FrameType::CANCEL_PUSH];
    for role in ROLES {
        for kind in
            of_both.into_iter().chain(of_client.into_iter().filter(|_| role == Role::Server))
        {
            for content in [&[][..], &[0x40], &[0xc0, 0, 0], &[4, 4], &[0x40, 4, 4], &[0; 9]] {
                let code = after_settings(role, &frame(kind, content));
                assert_eq!(code, Some(Code::FRAME_ERROR), "{role:?} {kind:?} {content:?}");
            }
        }
    }
    for content in [&[][..], &[0x40], &[0xc0, 0, 0]] {
        for kind in [FrameType::PRIORITY_UPDATE_REQUEST, FrameType::PRIORITY_UPDATE_PUSH] {
            let code = after_settings(Role::Server, &frame(kind, content));
            assert_eq!(code, Some(Code::FRAME_ERROR), "{kind:?} {content:?}");
        }
    }
}

// RFC 9114 section 7.1.
#[test]
fn settings_cut_short_are_a_broken_frame() {
    for role in ROLES {
        for content in [&[6][..], &[6, 0x40], &[0x40]] {
            let begun = [&[0][..], &frame(FrameType::SETTINGS, content)].concat();
            assert_eq!(fault(role, |faced| faced.uni(&begun)), Some(Code::FRAME_ERROR));
        }
    }
}

#[test]
fn frames_that_are_too_long_are_refused_before_they_come() {
    for role in ROLES {
        let begun = [&[0][..], &frame_of(FrameType::SETTINGS, 4097)].concat();
        let code = fault(role, |faced| faced.uni(&begun));
        assert_eq!(code, Some(Code::EXCESSIVE_LOAD));
        let begun = [&[0][..], &frame_of(FrameType::SETTINGS, 4096)].concat();
        assert_eq!(fault(role, |faced| faced.uni(&begun)), None);
        let endless = frame_of(FrameType::GOAWAY, (1 << 62) - 1);
        assert_eq!(after_settings(role, &endless), Some(Code::FRAME_ERROR));
    }
    let update = frame_of(FrameType::PRIORITY_UPDATE_REQUEST, 1025);
    assert_eq!(after_settings(Role::Server, &update), Some(Code::EXCESSIVE_LOAD));
}

// RFC 9114 section 7.2.7.
#[test]
fn max_push_id_comes_from_clients_and_never_falls() {
    let grant = |id| frame_with(FrameType::MAX_PUSH_ID, id);
    assert_eq!(after_settings(Role::Client, &grant(0)), Some(Code::FRAME_UNEXPECTED));
    let rising = [grant(0), grant(7), grant(7), grant(1 << 40)].concat();
    assert_eq!(after_settings(Role::Server, &rising), None);
    let falling = [grant(7), grant(6)].concat();
    assert_eq!(after_settings(Role::Server, &falling), Some(Code::ID_ERROR));
}

// RFC 9114 section 7.2.3.
#[test]
fn cancel_push_of_what_was_never_promised_or_granted_is_an_error() {
    for role in ROLES {
        for id in [0, 1, 1 << 50] {
            let cancel = frame_with(FrameType::CANCEL_PUSH, id);
            assert_eq!(after_settings(role, &cancel), Some(Code::ID_ERROR));
        }
    }
    // A grant is no promise.
    let granted = [frame_with(FrameType::MAX_PUSH_ID, 9), frame_with(FrameType::CANCEL_PUSH, 3)];
    assert_eq!(after_settings(Role::Server, &granted.concat()), Some(Code::ID_ERROR));
}

#[test]
fn settings_arrive_however_they_are_cut() {
    let content =
        [varint(6), varint(70_000), varint(7), varint(9), varint(0x40), varint(1)].concat();
    let bytes = [&[0][..], &frame(FrameType::SETTINGS, &content)].concat();
    for cut in 0..bytes.len() {
        let mut faced = facing(Role::Client);
        let key = faced.uni(&bytes[..cut]);
        assert!(faced.end.h3.peer_settings().is_none());
        faced.write(key, &bytes[cut..], false);
        let peer = faced.end.h3.peer_settings().copied();
        assert_eq!(peer.and_then(|peer| peer.max_field_section_size), Some(70_000));
        assert_eq!(peer.map(|peer| peer.qpack_blocked_streams), Some(9));
        assert_eq!((faced.code(), &faced.end.events[..]), (None, &[Event::Settings][..]));
    }
}
