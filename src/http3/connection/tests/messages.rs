//! Messages as they come on streams: malformed ones, lengths, interim responses, tunnels, ends.

use super::host::Host;
use super::raw::*;
use super::*;
use crate::http3::SendError;

type Fields = &'static [(&'static str, &'static str)];

/// The code with which an end gives up a message of the peer; the connection goes on.
fn stream_fault(faced: &mut Faced, key: StreamKey, bytes: &[u8], fin: bool) -> Option<u64> {
    faced.write(key, bytes, fin);
    let mut host = Host::default();
    host.pass(&mut faced.end);
    faced.settle();
    assert_eq!(faced.code(), None);
    let (reset, stop) = (faced.reset_code(key), faced.stop_code(key));
    if !fin && reset.is_some() {
        assert_eq!(stop, reset);
    }
    // Whatever became of it, the next one is served.
    let next = faced.message_stream();
    let head = faced.head();
    faced.write(next, &head, true);
    let ours = faced.ours(next);
    host.pass(&mut faced.end);
    assert_eq!(host.of(&faced.end.streams, ours).ends, 1);
    reset
}

/// What becomes of a message with this header section, and these frames behind it.
fn judged(settings: LocalSettings, role: Role, fields: Fields, rest: &[u8]) -> Option<u64> {
    let mut faced = facing_with(role, settings);
    faced.control(&[]);
    let key = faced.message_stream();
    let bytes = [headers(fields), rest.to_vec()].concat();
    let code = stream_fault(&mut faced, key, &bytes, false);
    if role == Role::Client {
        // A client's own part ended with its request; it asks for no more.
        let stopped = faced.stop_code(key);
        return stopped;
    }
    code
}

const MALFORMED: Option<u64> = Some(Code::MESSAGE_ERROR.0);

fn request(extra: &[(&'static str, &'static str)]) -> Vec<(&'static str, &'static str)> {
    [&GET[..], extra].concat()
}

/// What a server makes of a request with `extra` fields and `rest` behind it.
fn of_request(extra: &[(&'static str, &'static str)], rest: &[u8]) -> Option<u64> {
    judged(LocalSettings::default(), Role::Server, request(extra).leak(), rest)
}

fn of_response(fields: Fields, rest: &[u8]) -> Option<u64> {
    judged(LocalSettings::default(), Role::Client, fields, rest)
}

// RFC 9114 sections 4.1.2, 4.2, 4.3, 4.3.1, 4.3.2 and 10.3.
#[test]
fn a_malformed_message_ends_its_stream_alone() {
    let fields: [Fields; 16] = [
        &[("X-Upper", "1")],
        &[("x y", "1")],
        &[("", "1")],
        &[("x", "a\0b")],
        &[("x", "a\rb")],
        &[("x", "a\nb")],
        &[("x", " a")],
        &[("connection", "close")],
        &[("keep-alive", "1")],
        &[("proxy-connection", "close")],
        &[("transfer-encoding", "chunked")],
        &[("upgrade", "websocket")],
        &[("te", "gzip")],
        &[("x", "1"), (":late", "1")],
        &[(":unknown", "1")],
        &[("content-length", "1"), ("content-length", "2")],
    ];
    for extra in fields {
        assert_eq!(of_request(extra, &[]), MALFORMED, "{extra:?}");
        let response = [&[(":status", "200")], extra].concat();
        assert_eq!(of_response(response.leak(), &[]), MALFORMED, "{extra:?}");
    }
    assert_eq!(of_request(&[("te", "trailers"), ("x", "a b")], &[]), None);
    assert_eq!(of_response(&[(":status", "200"), ("x", "")], &[]), None);
}

#[test]
fn a_request_has_its_pseudo_fields_once_and_first() {
    let whole = [("method", "GET"), ("scheme", "https"), ("authority", "a"), ("path", "/")];
    let named = |fields: &[(&str, &'static str)]| -> Vec<(&'static str, &'static str)> {
        let name = |name: &str| &*format!(":{name}").leak();
        fields.iter().map(|(field, value)| (name(field), *value)).collect()
    };
    let judge = |fields: Vec<(&'static str, &'static str)>| {
        judged(LocalSettings::default(), Role::Server, fields.leak(), &[])
    };
    assert_eq!(judge(named(&whole)), None);
    for missing in 0..4 {
        let mut fields = named(&whole);
        fields.remove(missing);
        assert_eq!(judge(fields), MALFORMED, "{missing}");
        let twice = [named(&whole), named(&whole[missing..=missing])].concat();
        assert_eq!(judge(twice), MALFORMED, "{missing}");
    }
    assert_eq!(judge([named(&whole), vec![(":status", "200")]].concat()), MALFORMED);
    assert_eq!(judge([named(&whole), vec![("host", "b")]].concat()), MALFORMED);
    assert_eq!(judge([named(&whole), vec![("host", "a")]].concat()), None);
    assert_eq!(of_response(&[("x", "1")], &[]), MALFORMED);
    assert_eq!(of_response(&[(":status", "200"), (":status", "200")], &[]), MALFORMED);
    assert_eq!(of_response(&[(":status", "20")], &[]), MALFORMED);
}

// RFC 9114 section 4.3.
#[test]
fn trailers_have_no_pseudo_fields() {
    for bad in [(":status", "200"), (":path", "/"), ("Upper", "1")] {
        let trailers = headers(&[bad]);
        assert_eq!(of_request(&[], &trailers), MALFORMED, "{bad:?}");
        assert_eq!(of_response(&[(":status", "200")], &trailers), MALFORMED, "{bad:?}");
    }
}

// RFC 9114 section 4.1.2.
#[test]
fn content_is_as_long_as_its_length_says() {
    let length: Fields = &[("content-length", "5")];
    let response: Fields = &[(":status", "200"), ("content-length", "5")];
    // A DATA frame that is too long is found by its header.
    for rest in [data(b"123456"), [data(b"1234"), data(b"56")].concat()] {
        assert_eq!(of_request(length, &rest), MALFORMED);
        assert_eq!(of_response(response, &rest), MALFORMED);
    }
    let huge = frame_of(FrameType::DATA, (1 << 62) - 1);
    assert_eq!(of_request(length, &[data(b"1"), huge].concat()), MALFORMED);
    assert_eq!(of_request(length, &data(b"12345")), None);
    for (role, fields) in [(Role::Server, request(length)), (Role::Client, response.to_vec())] {
        for (content, good) in [(&b"1234"[..], false), (b"12345", true), (b"", false)] {
            for trailers in [vec![], headers(&[("x", "y")])] {
                let mut faced = facing(role);
                faced.control(&[]);
                let key = faced.message_stream();
                faced.write(key, &[headers(&fields), data(content), trailers].concat(), true);
                let (mut host, ours) = (Host::default(), faced.ours(key));
                host.pass(&mut faced.end);
                let seen = host.of(&faced.end.streams, ours);
                let failed = (!good).then_some(Code::MESSAGE_ERROR);
                assert_eq!((seen.failed, seen.ends), (failed, u32::from(good)), "{content:?}");
                assert_eq!(faced.code(), None);
            }
        }
    }
}

/// What a client sees of the response to a request with this method.
fn response_to(method: &'static str, response: &[u8], fin: bool) -> host::Seen {
    let mut faced = facing(Role::Client);
    faced.control(&[]);
    let mut fields = GET;
    fields[0].1 = method;
    let (ours, theirs) = match method {
        "CONNECT" => faced.request(&[fields[0], fields[2]]),
        _ => faced.request(&fields),
    };
    faced.write(theirs, response, fin);
    let mut host = Host::default();
    host.pass(&mut faced.end);
    faced.settle();
    assert_eq!(faced.code(), None, "{method}");
    host.of(&faced.end.streams, ours).clone()
}

// RFC 9114 section 4.1.2, RFC 9110 section 8.6.
#[test]
fn messages_without_content_of_their_own_may_announce_some() {
    for (method, status) in [("HEAD", "200"), ("GET", "204"), ("GET", "304")] {
        let response = headers(&[(":status", status), ("content-length", "700")]);
        let seen = response_to(method, &response, true);
        assert_eq!((seen.failed, seen.ends), (None, 1), "{method} {status}");
    }
    let response = headers(&[(":status", "200"), ("content-length", "700")]);
    assert_eq!(response_to("GET", &response, true).failed, Some(Code::MESSAGE_ERROR));
}

// RFC 9114 section 4.1.
#[test]
fn any_number_of_interim_responses_comes_before_the_final_one() {
    for count in [0, 1, 2, 300] {
        let interim =
            [headers(&[(":status", "103"), ("link", "</s>")]), headers(&[(":status", "100")])];
        let last = headers(&[(":status", "200"), ("x", "y")]);
        let bytes = [interim.concat().repeat(count), last, data(b"ok")].concat();
        let seen = response_to("GET", &bytes, true);
        assert_eq!((seen.sections.len(), seen.ends), (2 * count + 1, 1));
        assert_eq!(seen.sections[2 * count], [":status=200", "x=y"]);
        assert_eq!(seen.body, b"ok");
    }
}

#[test]
fn an_interim_response_that_nobody_takes_makes_way_for_the_next() {
    let mut faced = facing(Role::Client);
    faced.control(&[]);
    let (ours, theirs) = faced.request(&GET);
    let interim = headers(&[(":status", "103")]);
    faced.write(theirs, &[interim, headers(&[(":status", "200")]), data(b"ok")].concat(), true);
    assert!(faced.end.tell(ours).header);
    assert!(faced.end.tell(ours).header);
    assert_eq!(faced.end.fields(ours), Some((vec![":status=200".to_owned()], false)));
    assert_eq!(faced.end.body(ours), (b"ok".to_vec(), true));
}

// RFC 9114 section 4.5.
#[test]
fn switching_protocols_passes_for_hosts_that_relay_upgrades_only() {
    let fields: Fields = &[(":status", "101"), ("upgrade", "websocket"), ("connection", "upgrade")];
    assert_eq!(of_response(fields, &[]), MALFORMED);
    assert_eq!(of_response(&fields[..1], &[]), MALFORMED);
    let relay = LocalSettings { upgrade_fields: true, ..LocalSettings::default() };
    assert_eq!(judged(relay, Role::Client, fields, &[]), None);
}

// RFC 9114 section 4.2.1.
#[test]
fn split_cookies_are_joined() {
    let mut faced = facing(Role::Server);
    faced.bidi(&headers(&request(&[("cookie", "a=1"), ("x", "y"), ("cookie", "b=2")])), true);
    let mut host = Host::default();
    host.pass(&mut faced.end);
    let seen = host.seen.values().next().unwrap();
    let cookies = seen.sections[0].iter().filter(|field| field.starts_with("cookie"));
    assert_eq!(cookies.collect::<Vec<_>>(), ["cookie=a=1; b=2"]);
}

// RFC 9114 section 4.2.2.
#[test]
fn a_section_larger_than_we_take_ends_its_stream_alone() {
    let size: usize = GET.iter().map(|(name, value)| name.len() + value.len() + 32).sum();
    for (more, code) in [(0, None), (1, Some(Code::EXCESSIVE_LOAD.0))] {
        let exact =
            LocalSettings { max_field_section_size: size as u64 + 33, ..LocalSettings::default() };
        let fields = request(&[("x", ["", "y"][more])]);
        assert_eq!(judged(exact, Role::Server, fields.leak(), &[]), code);
    }
    // One that is longer than the limit before it is decoded does not have to come whole.
    let mut faced = facing(Role::Server);
    let key = faced.message_stream();
    let long = frame_of(FrameType::HEADERS, 32 * 1024 + 1);
    assert_eq!(stream_fault(&mut faced, key, &long, false), Some(Code::EXCESSIVE_LOAD.0));
    let most = LocalSettings { max_field_section_size: u64::MAX, ..LocalSettings::default() };
    let mut faced = facing_with(Role::Server, most);
    let key = faced.message_stream();
    let long = frame_of(FrameType::HEADERS, 1024 * 1024 + 1);
    assert_eq!(stream_fault(&mut faced, key, &long, false), Some(Code::EXCESSIVE_LOAD.0));
}

// RFC 9114 section 4.4, RFC 9220 section 3, RFC 8441 section 4.
#[test]
fn connect_names_where_to_and_extended_connect_what_for() {
    let judge = |extended, fields: Fields| {
        let settings = LocalSettings { extended_connect: extended, ..LocalSettings::default() };
        judged(settings, Role::Server, fields, &[])
    };
    let connect = (":method", "CONNECT");
    let plain: Fields = Box::leak(Box::new([connect, (":authority", "a:443")]));
    assert_eq!(judge(false, plain), None);
    assert_eq!(judge(false, &plain[..1]), MALFORMED);
    let extended: Fields = Box::leak(Box::new([
        connect,
        (":protocol", "websocket"),
        (":scheme", "https"),
        (":path", "/chat"),
        (":authority", "a"),
    ]));
    assert_eq!(judge(true, extended), None);
    assert_eq!(judge(false, extended), MALFORMED);
    for missing in [2, 3, 4] {
        let mut fields = extended.to_vec();
        fields.remove(missing);
        assert_eq!(judge(true, fields.leak()), MALFORMED, "{missing}");
    }
    let with_path = [plain, &[(":path", "/")]].concat();
    assert_eq!(judge(true, with_path.leak()), MALFORMED);
    assert_eq!(of_request(&[(":protocol", "websocket")], &[]), MALFORMED);
}

// RFC 9114 section 4.4.
#[test]
fn a_tunnel_carries_content_and_nothing_else() {
    let connect = headers(&[(":method", "CONNECT"), (":authority", "a:443")]);
    let established = headers(&[(":status", "200"), ("content-length", "1")]);
    for (role, head) in [(Role::Server, connect), (Role::Client, established)] {
        let grease = frame(FrameType(0x21), b"grease");
        for last in [vec![], headers(&[("x-sum", "7")])] {
            let mut faced = facing(role);
            faced.control(&[]);
            let key = match role {
                Role::Server => faced.message_stream(),
                Role::Client => faced.request(&[(":method", "CONNECT"), (":authority", "a")]).1,
            };
            let ours_id = faced.raw.id(key).unwrap().0;
            let content = [data(b"one"), grease.clone(), data(b"two")].concat();
            faced.write(key, &[&head[..], &content, &last].concat(), false);
            let mut host = Host::default();
            host.pass(&mut faced.end);
            let expected = (!last.is_empty()).then_some(Code::FRAME_UNEXPECTED);
            assert_eq!(faced.code(), expected, "{role:?}");
            if last.is_empty() {
                assert_eq!(host.seen[&ours_id].body, b"onetwo");
            }
        }
    }
    // A tunnel that was refused has an ordinary response.
    let refused =
        [headers(&[(":status", "502")]), data(b"no"), headers(&[("x-sum", "7")])].concat();
    let seen = response_to("CONNECT", &refused, true);
    assert_eq!((seen.sections.len(), seen.ends), (2, 1));
}

// RFC 9114 section 4.1.1.
#[test]
fn a_response_is_kept_although_the_rest_of_its_request_is_not_wanted() {
    let mut faced = facing(Role::Client);
    faced.control(&[]);
    let (ours, _) = faced.end.h3.open_request(&mut faced.end.streams, NOW).unwrap();
    faced.end.send(ours, &GET, false);
    faced.end.send_body(ours, &[1; 1000], false);
    faced.settle();
    let theirs = faced.theirs(ours);
    faced.write(theirs, &[headers(&[(":status", "413")]), data(b"too large")].concat(), true);
    faced.raw.stop_sending(theirs, Code::NO_ERROR.0).unwrap();
    faced.settle();
    let End { h3, streams, .. } = &mut faced.end;
    let sent = h3.send_body(streams, ours, b"more", true, NOW);
    assert_eq!(sent, Err(SendError::Reset(Code::NO_ERROR.0)));
    assert_eq!(h3.stats(ours).unwrap().error, None);
    let mut host = Host::default();
    host.pass(&mut faced.end);
    faced.settle();
    host.pass(&mut faced.end);
    let seen = host.seen.values().next().unwrap();
    assert_eq!(
        (&seen.body[..], seen.ends, seen.closed, seen.reset),
        (&b"too large"[..], 1, 1, None)
    );
}

#[test]
fn a_server_that_has_answered_closes_the_request_and_not_the_response() {
    let (mut client, mut server) = pair();
    let (key, id) = client.h3.open_request(&mut client.streams, NOW).unwrap();
    client.send(key, &GET, false);
    client.send_body(key, &[1; 1000], false);
    exchange(&mut client, &mut server);
    let there = server.key(id.0);
    server.tell(there);
    server.fields(there);
    server.send(there, &[(":status", "413")], false);
    server.send_body(there, &[2; 50_000], true);
    server.h3.close_request(&mut server.streams, there, Code::REQUEST_CANCELLED);
    exchange(&mut client, &mut server);
    client.tell(key);
    client.fields(key);
    assert_eq!(client.body(key), (vec![2; 50_000], true));
    exchange(&mut client, &mut server);
    assert_eq!(client.events.last(), Some(&Event::Closed(key)));
    assert_eq!(server.events.last(), Some(&Event::Closed(there)));
    assert_eq!(server.h3.stats(there).unwrap().error, None);
}

#[test]
fn a_request_ends_when_its_sections_are_taken_however_late() {
    let mut faced = facing(Role::Client);
    faced.control(&[]);
    let (ours, theirs) = faced.request(&GET);
    let bytes = [headers(&[(":status", "200")]), data(b"ok"), headers(&[("x-sum", "7")])].concat();
    faced.write(theirs, &bytes, true);
    faced.end.tell(ours);
    faced.settle();
    assert!(!faced.end.events.contains(&Event::Closed(ours)));
    assert_eq!(faced.end.body(ours).0, b"ok");
    faced.end.tell(ours);
    faced.settle();
    assert!(!faced.end.events.contains(&Event::Closed(ours)));
    assert!(faced.end.fields(ours).is_some());
    assert!(faced.end.fields(ours).is_some_and(|(_, fin)| fin));
    faced.settle();
    assert_eq!(faced.end.events.last(), Some(&Event::Closed(ours)));
}

#[test]
fn a_host_closes_what_it_has_not_taken() {
    let mut faced = facing(Role::Client);
    faced.control(&[]);
    let (ours, theirs) = faced.request(&GET);
    faced.write(theirs, &headers(&[(":status", "200")]), true);
    faced.end.h3.close_request(&mut faced.end.streams, ours, Code::REQUEST_CANCELLED);
    faced.end.h3.close_request(&mut faced.end.streams, ours, Code::REQUEST_CANCELLED);
    faced.settle();
    let closed = faced.end.events.iter().filter(|event| **event == Event::Closed(ours));
    assert_eq!(closed.count(), 1);
    assert!(!faced.end.notices(ours).any());
}

#[test]
fn a_reset_ends_a_request_whose_sections_nobody_took() {
    for role in ROLES {
        let mut faced = facing(role);
        faced.control(&[]);
        let key = faced.message_stream();
        let head = faced.head();
        faced.write(key, &[head, data(b"x")].concat(), false);
        let ours = faced.ours(key);
        faced.end.tell(ours);
        // An unknown code means no more than any other.
        faced.raw.reset(key, 0x1234_5678).unwrap();
        faced.settle();
        assert!(faced.end.events.contains(&Event::Reset { key: ours, code: 0x1234_5678 }));
        assert_eq!(faced.end.events.last(), Some(&Event::Closed(ours)), "{role:?}");
        assert!(!faced.end.notices(ours).any());
        // What came before can still be taken.
        assert!(faced.end.fields(ours).is_some());
        assert_eq!(faced.code(), None);
    }
}

#[test]
fn nothing_is_sent_behind_trailers() {
    let (mut client, _) = pair();
    let (key, _) = client.h3.open_request(&mut client.streams, NOW).unwrap();
    client.send(key, &GET, false);
    client.send(key, &[("x-sum", "7")], false);
    let End { h3, streams, .. } = &mut client;
    assert_eq!(h3.send_body(streams, key, b"x", false, NOW), Err(SendError::OutOfOrder));
    let more = [Field::new(b"x", b"y")].into_iter();
    let sent = h3.send_headers(streams, key, more, true, NOW, |_, _| {});
    assert_eq!(sent, Err(SendError::OutOfOrder));
    assert_eq!(h3.send_body(streams, key, b"", true, NOW), Ok(0));
}
