//! PRIORITY_UPDATE and the `priority` field (RFC 9218).

use super::raw::*;
use super::*;

fn update(id: u64, value: &str) -> Vec<u8> {
    frame(FrameType::PRIORITY_UPDATE_REQUEST, &[&varint(id)[..], value.as_bytes()].concat())
}

/// The urgency with which a server sends its response on the stream.
fn urgency(faced: &Faced, id: u64) -> (u8, bool) {
    faced.end.streams.priority(faced.end.key(id)).unwrap()
}

// RFC 9218 section 7.2.
#[test]
fn updates_come_from_clients_and_on_the_control_stream_only() {
    for kind in [FrameType::PRIORITY_UPDATE_REQUEST, FrameType::PRIORITY_UPDATE_PUSH] {
        let bytes = frame(kind, &[0, b'u', b'=', b'1']);
        let at_client = fault(Role::Client, |faced| faced.control(&bytes));
        assert_eq!(at_client, Some(Code::FRAME_UNEXPECTED));
        for role in ROLES {
            let on_request = fault(role, |faced| {
                let key = faced.message_stream();
                faced.write(key, &bytes, false);
            });
            assert_eq!(on_request, Some(Code::FRAME_UNEXPECTED));
        }
    }
}

// RFC 9218 section 7.2.
#[test]
fn an_update_names_a_request_that_may_be_made() {
    let at_server = |bytes: &[u8]| fault(Role::Server, |faced| faced.control(bytes));
    for id in [1, 2, 3, 4 * LIMITS.max_streams_bidi, (1 << 62) - 4] {
        assert_eq!(at_server(&update(id, "u=1")), Some(Code::ID_ERROR), "{id}");
    }
    assert_eq!(at_server(&update(4 * (LIMITS.max_streams_bidi - 1), "u=1")), None);
    // No push was promised.
    let push = frame(FrameType::PRIORITY_UPDATE_PUSH, &[0, b'u', b'=', b'1']);
    assert_eq!(at_server(&push), Some(Code::ID_ERROR));
    assert_eq!(at_server(&update(0, "")), None);
}

// RFC 9218 sections 7 and 7.1.
#[test]
fn an_update_counts_more_than_the_field_whichever_comes_first() {
    let request = headers(&[&GET[..], &[("priority", "u=5")]].concat());
    let mut faced = facing(Role::Server);
    faced.control(&update(4, "u=1, i"));
    faced.bidi(&request, false);
    assert_eq!(urgency(&faced, 0), (5, false));
    faced.control(&update(0, "u=2"));
    assert_eq!(urgency(&faced, 0), (2, false));
    faced.bidi(&request, false);
    assert_eq!(urgency(&faced, 4), (1, true));
    // What it does not say has its default again.
    faced.control(&update(4, "i"));
    assert_eq!(urgency(&faced, 4), (3, true));
    // It comes between the stream and its request.
    let half = faced.bidi(&request[..5], false);
    faced.control(&update(8, "u=0"));
    faced.write(half, &request[5..], false);
    assert_eq!(urgency(&faced, 8), (0, false));
    assert_eq!(faced.code(), None);
}

// RFC 9218 section 7.1.
#[test]
fn of_early_updates_the_latest_is_remembered() {
    let mut faced = facing(Role::Server);
    faced.control(&[update(0, "u=1"), update(0, "u=6"), update(0, "u=7")].concat());
    faced.bidi(&headers(&GET), false);
    assert_eq!(urgency(&faced, 0), (7, false));
}

#[test]
fn few_early_updates_are_remembered() {
    let many = Limits { max_streams_bidi: 1000, ..LIMITS };
    let mut streams = Streams::new(Role::Server, many, 100_000);
    streams.set_peer_limits(&LIMITS);
    let mut h3 = Connection::new(Role::Server, LocalSettings::default());
    for index in 0..1000 {
        let content = [&varint(4 * index)[..], b"u=1"].concat();
        assert_eq!(h3.on_priority_update(&mut streams, &content), Ok(()));
    }
    assert_eq!(h3.priorities.len(), 128);
}

// RFC 9218 sections 4 and 5.
#[test]
fn what_cannot_be_read_of_a_priority_has_its_default() {
    for value in ["u=9", "u=a", "u=", "\u{7f}", "u=1.5", "u=\"1\"", "==", "i=2"] {
        let mut faced = facing(Role::Server);
        faced.control(&update(0, value));
        faced.bidi(&headers(&[&GET[..], &[("priority", "u=0")]].concat()), false);
        assert_eq!((faced.code(), urgency(&faced, 0)), (None, (3, false)), "{value:?}");
    }
}

#[test]
fn what_the_host_says_counts_most() {
    use crate::http3::priority::Priority;
    let mut faced = facing(Role::Server);
    faced.bidi(&headers(&GET), false);
    let key = faced.end.key(0);
    let own = Priority { urgency: 6, ..Priority::default() };
    faced.end.h3.set_priority(&mut faced.end.streams, key, &own);
    faced.control(&update(0, "u=0"));
    assert_eq!(urgency(&faced, 0), (6, false));
}

#[test]
fn a_client_tells_its_server() {
    use crate::http3::priority::Priority;
    let (mut client, mut server) = pair();
    let (key, id) = client.h3.open_request(&mut client.streams, NOW).unwrap();
    client.send(key, &GET, false);
    exchange(&mut client, &mut server);
    let urgent = Priority { urgency: 1, incremental: true, ..Priority::default() };
    client.h3.set_priority(&mut client.streams, key, &urgent);
    exchange(&mut client, &mut server);
    assert_eq!(server.streams.priority(server.key(id.0)), Some((1, true)));
}

// RFC 9218 section 7.1.
#[test]
fn updates_of_requests_that_are_over_push_no_others_out() {
    let mut faced = facing(Role::Server);
    let theirs = faced.bidi(&headers(&GET), true);
    let key = faced.ours(theirs);
    faced.end.tell(key);
    faced.end.fields(key);
    faced.end.send(key, &[(":status", "204")], true);
    faced.settle();
    assert_eq!(faced.end.events.last(), Some(&Event::Closed(key)));
    faced.control(&update(0, "u=1"));
    assert_eq!((faced.end.h3.priorities.len(), faced.code()), (0, None));
    faced.control(&update(4, "u=1"));
    assert_eq!(faced.end.h3.priorities.len(), 1);
}
