//! GOAWAY, in both directions and both roles.

use super::raw::*;
use super::*;
use crate::http3::OpenError;

fn goaway(id: u64) -> Vec<u8> {
    frame_with(FrameType::GOAWAY, id)
}

// RFC 9114 sections 5.2 and 7.2.6.
#[test]
fn a_server_names_requests_and_never_takes_back_what_it_named() {
    for id in [1, 2, 3, 5, 1 << 40 | 1] {
        let code = fault(Role::Client, |faced| faced.control(&goaway(id)));
        assert_eq!(code, Some(Code::ID_ERROR), "{id}");
    }
    let most = (1 << 62) - 4;
    let falling = [goaway(most), goaway(8), goaway(8), goaway(0)].concat();
    assert_eq!(fault(Role::Client, |faced| faced.control(&falling)), None);
    let rising = [goaway(8), goaway(12)].concat();
    assert_eq!(fault(Role::Client, |faced| faced.control(&rising)), Some(Code::ID_ERROR));
}

#[test]
fn a_client_names_pushes_and_never_takes_back_what_it_named() {
    let falling = [goaway(7), goaway(7), goaway(3)].concat();
    assert_eq!(fault(Role::Server, |faced| faced.control(&falling)), None);
    let rising = [goaway(7), goaway(8)].concat();
    assert_eq!(fault(Role::Server, |faced| faced.control(&rising)), Some(Code::ID_ERROR));
}

// RFC 9114 section 5.2.
#[test]
fn a_client_that_heard_of_the_end_makes_no_request_and_finishes_the_older_ones() {
    let mut faced = facing(Role::Client);
    let [(older, theirs), (newer, rejected)] = [(); 2].map(|()| faced.request(&GET));
    faced.control(&goaway(4));
    assert!(faced.end.events.contains(&Event::GoAway { id: 4 }));
    let refused = faced.end.h3.open_request(&mut faced.end.streams, NOW);
    assert_eq!(refused, Err(OpenError::GoingAway));
    // The newer one can be made elsewhere. RFC 9114 section 4.1.1: a client does not say
    // H3_REQUEST_REJECTED.
    let reset = Event::Reset { key: newer, code: Code::REQUEST_REJECTED.0 };
    assert!(faced.end.events.contains(&reset));
    assert_eq!(faced.stop_code(rejected), Some(Code::REQUEST_CANCELLED.0));
    assert!(!faced.end.h3.is_drained());
    faced.write(theirs, &headers(&[(":status", "200")]), true);
    faced.end.tell(older);
    assert_eq!(faced.end.fields(older).map(|(_, fin)| fin), Some(true));
    faced.settle();
    assert!(faced.end.events.contains(&Event::Closed(older)));
    assert_eq!(faced.code(), None);
}

#[test]
fn a_request_is_rejected_once_however_often_the_end_is_announced() {
    let mut faced = facing(Role::Client);
    let (key, _) = faced.request(&GET);
    faced.control(&[goaway(0), goaway(0)].concat());
    faced.control(&goaway(0));
    let resets = faced.end.events.iter().filter(|event| matches!(event, Event::Reset { .. }));
    assert_eq!(resets.count(), 1);
    assert_eq!(faced.end.h3.stats(key).and_then(|s| s.error), Some(Code::REQUEST_REJECTED.0));
}

// RFC 9114 section 10.5.
#[test]
fn of_many_announcements_at_once_one_is_told() {
    for (role, step) in [(Role::Client, 4), (Role::Server, 1)] {
        let mut faced = facing(role);
        let falling: Vec<_> = (0..1000).rev().flat_map(|id| goaway(id * step)).collect();
        faced.control(&falling);
        let told = |event: &&Event| matches!(event, Event::GoAway { .. });
        let told: Vec<_> = faced.end.events.iter().filter(told).collect();
        assert_eq!((faced.code(), told), (None, vec![&Event::GoAway { id: 0 }]));
    }
}

// RFC 9114 section 5.2: a server may first forbid new requests, and name the last one later.
#[test]
fn requests_under_way_outlive_the_first_of_two_announcements() {
    let mut faced = facing(Role::Client);
    let [(older, theirs), (newer, _)] = [(); 2].map(|()| faced.request(&GET));
    faced.control(&goaway((1 << 62) - 4));
    let refused = faced.end.h3.open_request(&mut faced.end.streams, NOW);
    assert_eq!(refused, Err(OpenError::GoingAway));
    assert!(!faced.end.events.iter().any(|event| matches!(event, Event::Reset { .. })));
    faced.control(&goaway(4));
    let reset = Event::Reset { key: newer, code: Code::REQUEST_REJECTED.0 };
    assert!(faced.end.events.contains(&reset));
    faced.write(theirs, &headers(&[(":status", "200")]), true);
    faced.end.tell(older);
    assert_eq!(faced.end.fields(older).map(|(_, fin)| fin), Some(true));
    assert_eq!(faced.code(), None);
}

// RFC 9114 sections 4.1.1 and 8.1: what a server did nothing about can be made again, here as well.
#[test]
fn a_rejected_request_can_be_made_again() {
    let mut faced = facing(Role::Client);
    faced.control(&[]);
    let (rejected, theirs) = faced.request(&GET);
    faced.raw.reset(theirs, Code::REQUEST_REJECTED.0).unwrap();
    faced.raw.stop_sending(theirs, Code::REQUEST_REJECTED.0).unwrap();
    faced.settle();
    let reset = Event::Reset { key: rejected, code: Code::REQUEST_REJECTED.0 };
    assert!(faced.end.events.contains(&reset));
    assert_eq!(faced.end.events.last(), Some(&Event::Closed(rejected)));
    let (again, theirs) = faced.request(&GET);
    faced.write(theirs, &headers(&[(":status", "200")]), true);
    faced.end.tell(again);
    assert_eq!(faced.end.fields(again).map(|(_, fin)| fin), Some(true));
    assert_eq!(faced.code(), None);
}

#[test]
fn a_response_that_is_whole_survives_a_late_goaway() {
    let mut faced = facing(Role::Client);
    let (key, theirs) = faced.request(&GET);
    faced.write(theirs, &headers(&[(":status", "200")]), true);
    faced.end.tell(key);
    faced.control(&goaway(0));
    assert_eq!(faced.end.fields(key).map(|(_, fin)| fin), Some(true));
    faced.settle();
    assert_eq!(faced.end.events.last(), Some(&Event::Closed(key)));
}

// RFC 9114 section 5.2.
#[test]
fn a_server_that_announced_the_end_refuses_newer_requests_and_finishes_older_ones() {
    let mut faced = facing(Role::Server);
    let older = faced.bidi(&headers(&GET), true);
    faced.end.h3.go_away(&mut faced.end.streams);
    faced.end.h3.go_away(&mut faced.end.streams);
    faced.settle();
    let control = faced.raw.key(StreamId(3)).unwrap();
    assert!(faced.raw.peek(control).ends_with(&goaway(4)));
    let newer = faced.bidi(&headers(&GET), true);
    assert_eq!(faced.reset_code(newer), Some(Code::REQUEST_REJECTED.0));
    assert!(!faced.end.h3.is_drained());
    let key = faced.ours(older);
    faced.end.tell(key);
    faced.end.fields(key);
    faced.end.send(key, &[(":status", "204")], true);
    faced.settle();
    assert_eq!(faced.end.events.last(), Some(&Event::Closed(key)));
    faced.end.h3.forget(key);
    assert!(faced.end.h3.is_drained());
    let opened = faced.end.events.iter().filter(|event| matches!(event, Event::RequestOpened(_)));
    assert_eq!((opened.count(), faced.code()), (1, None));
}

#[test]
fn a_client_that_announced_the_end_makes_no_more_requests() {
    let mut faced = facing(Role::Client);
    faced.end.h3.go_away(&mut faced.end.streams);
    faced.settle();
    let control = faced.raw.key(StreamId(2)).unwrap();
    assert!(faced.raw.peek(control).ends_with(&goaway(0)));
    let refused = faced.end.h3.open_request(&mut faced.end.streams, NOW);
    assert_eq!(refused, Err(OpenError::GoingAway));
}
