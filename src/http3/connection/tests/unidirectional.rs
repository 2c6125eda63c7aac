//! Unidirectional streams: those there is one of, those nobody knows, and our own.

use super::raw::*;
use super::*;
use crate::stream::StreamEvent;
use crate::wire::Direction;

/// Control, QPACK encoder and QPACK decoder stream, each as far as it has to be there.
const CRITICAL: [&[u8]; 3] = [&[0, 4, 0], &[2], &[3]];

// RFC 9114 section 6.2.1, RFC 9204 section 4.2.
#[test]
fn a_second_stream_of_a_type_of_which_there_is_one_is_an_error() {
    for role in ROLES {
        for first in CRITICAL {
            let mut faced = facing(role);
            for begin in CRITICAL {
                faced.uni(begin);
            }
            assert_eq!(faced.code(), None);
            faced.uni(&first[..1]);
            assert_eq!(faced.code(), Some(Code::STREAM_CREATION_ERROR), "{role:?} {first:?}");
        }
    }
}

// RFC 9114 section 6.2.1, RFC 9204 section 4.2.
#[test]
fn the_end_of_a_critical_stream_is_an_error() {
    for role in ROLES {
        for begin in CRITICAL {
            let code = fault(role, |faced| {
                let key = faced.uni(begin);
                faced.write(key, &[], true);
            });
            assert_eq!(code, Some(Code::CLOSED_CRITICAL_STREAM), "{role:?} {begin:?}");
            // Together with its beginning.
            let code = fault(role, |faced| {
                let key = faced.raw.open(Direction::Unidirectional).unwrap();
                faced.write(key, begin, true);
            });
            assert_eq!(code, Some(Code::CLOSED_CRITICAL_STREAM), "{role:?} {begin:?}");
        }
    }
}

#[test]
fn the_reset_of_a_critical_stream_is_an_error() {
    for role in ROLES {
        for begin in CRITICAL {
            let code = fault(role, |faced| {
                let key = faced.uni(begin);
                faced.raw.reset(key, Code::NO_ERROR.0).unwrap();
                faced.settle();
            });
            assert_eq!(code, Some(Code::CLOSED_CRITICAL_STREAM), "{role:?} {begin:?}");
        }
    }
}

#[test]
fn a_peer_that_stops_one_of_our_critical_streams_is_at_fault() {
    for role in ROLES {
        for index in 0..3 {
            let code = fault(role, |faced| {
                let mut keys = Vec::new();
                faced.raw.readable(&mut keys);
                faced.raw.stop_sending(keys[index], 0).unwrap();
                faced.settle();
            });
            assert_eq!(code, Some(Code::CLOSED_CRITICAL_STREAM));
        }
    }
}

// RFC 9114 sections 4.6, 6.2.2.
#[test]
fn push_streams_are_an_error_for_servers_and_clients_that_granted_none() {
    for bytes in [&[1][..], &[1, 0], &[0x40, 1, 0]] {
        let code = fault(Role::Server, |faced| faced.uni(bytes));
        assert_eq!(code, Some(Code::STREAM_CREATION_ERROR));
        let code = fault(Role::Client, |faced| faced.uni(bytes));
        assert_eq!(code, Some(Code::ID_ERROR));
    }
}

// RFC 9114 sections 6.2, 6.2.3 and 9.
#[test]
fn unknown_streams_are_stopped_and_harm_nobody() {
    for role in ROLES {
        for kind in [0x04, 0x21, 0x40, 0x54, 0x1f * 12345 + 0x21, (1 << 62) - 1] {
            let mut faced = facing(role);
            let key = faced.uni(&[varint(kind), vec![7; 100]].concat());
            assert_eq!(faced.code(), None);
            assert_eq!(faced.stop_code(key), Some(Code::STREAM_CREATION_ERROR.0), "{kind:#x}");
        }
    }
}

#[test]
fn unknown_streams_give_their_places_back() {
    for role in ROLES {
        let mut faced = facing(role);
        faced.control(&[]);
        for _ in 0..5 * LIMITS.max_streams_uni {
            let key = faced.uni(&[0x21, 1, 2, 3]);
            assert!(faced.stop_code(key).is_some());
            while let Some(event) = faced.raw.poll_event() {
                if let StreamEvent::Closed(key) = event {
                    faced.raw.forget(key);
                }
            }
        }
        assert_eq!(faced.code(), None);
        assert!(faced.end.streams.len() < 10);
    }
}

// RFC 9114 section 6.2.
#[test]
fn a_stream_that_ends_before_its_type_is_nothing() {
    for role in ROLES {
        for begin in [&[][..], &[0x40], &[0xc0, 0, 0, 0, 0, 0, 0]] {
            let mut faced = facing(role);
            let held = faced.end.streams.len();
            let key = faced.raw.open(Direction::Unidirectional).unwrap();
            faced.write(key, begin, true);
            let key = faced.raw.open(Direction::Unidirectional).unwrap();
            faced.write(key, begin, false);
            faced.raw.reset(key, 5).unwrap();
            faced.settle();
            assert_eq!((faced.code(), faced.end.streams.len()), (None, held), "{begin:?}");
        }
    }
}

#[test]
fn a_type_may_come_byte_by_byte_and_longer_than_needed() {
    let mut faced = facing(Role::Server);
    let key = faced.uni(&[0xc0]);
    for byte in [0, 0, 0, 0, 0, 0, 0, 4] {
        faced.write(key, &[byte], false);
    }
    assert!(faced.end.h3.peer_settings().is_none());
    faced.write(key, &[0], false);
    assert!(faced.end.h3.peer_settings().is_some());
}

/// The first bytes of our unidirectional streams, in the order in which they were opened.
fn first_bytes(faced: &mut Faced) -> Vec<u8> {
    let mut keys = Vec::new();
    faced.raw.readable(&mut keys);
    keys.sort_by_key(|key| faced.raw.id(*key).map(|id| id.0));
    keys.iter().filter_map(|key| faced.raw.peek(*key).first().copied()).collect()
}

// RFC 9114 section 6.2, RFC 9204 section 4.2.
#[test]
fn an_end_opens_its_three_streams_at_once() {
    for role in ROLES {
        assert_eq!(first_bytes(&mut facing(role)), [0, 2, 3]);
    }
}

#[test]
fn our_streams_open_as_the_peer_allows_them() {
    for role in ROLES {
        let none = Limits { max_streams_uni: 0, ..LIMITS };
        let mut end = End::with_limits(role, LocalSettings::default(), none);
        assert!(end.streams.is_empty());
        for allowed in 1..=3 {
            end.streams.set_peer_limits(&Limits { max_streams_uni: allowed, ..LIMITS });
            end.run();
            assert_eq!(end.streams.len() as u64, allowed);
        }
        assert_eq!(first_bytes(&mut facing_end(end)), [0, 2, 3]);
    }
}

#[test]
fn settings_leave_as_credit_comes() {
    let tight = Limits { max_stream_data_uni: 2, ..LIMITS };
    let mut faced = facing_end(End::with_limits(Role::Client, LocalSettings::default(), tight));
    let control = faced.raw.key(StreamId(2)).unwrap();
    assert_eq!(faced.raw.peek(control).len(), 2);
    faced.end.streams.set_peer_limits(&LIMITS);
    faced.settle();
    let mut settings = Vec::new();
    LocalSettings::default().to_wire().encode(&mut settings);
    let all = [&[0][..], &frame(FrameType::SETTINGS, &settings)].concat();
    assert_eq!(faced.raw.peek(control), all);
}
