//! What a connection tells its trace.

use super::host::Dice;
use super::raw::*;
use super::*;
use crate::observe::{Filter, Importance, Kind, SharedTrace, Trace};
use crate::wire::ConnectionId;

fn trace(least: Importance) -> SharedTrace {
    let group = ConnectionId::new(&[0xab; 8]).unwrap();
    SharedTrace::new(Trace::new(Filter::at_least(least), NOW, group))
}

/// Two ends that have told each other nothing yet, and what they tell.
fn traced(least: Importance) -> ([End; 2], [SharedTrace; 2]) {
    let traces = [trace(least), trace(least)];
    let end = |role: Role, trace: &SharedTrace| {
        let mut h3 = Connection::new(role, LocalSettings::default());
        h3.set_trace(Some(trace.clone()));
        End::around(h3, role, LIMITS)
    };
    ([end(Role::Client, &traces[0]), end(Role::Server, &traces[1])], traces)
}

/// Name and data of each event.
fn events(trace: &SharedTrace) -> Vec<(Kind, String)> {
    trace.take().iter().map(|(kind, text)| (kind, text.to_owned())).collect()
}

fn of(events: &[(Kind, String)], kind: Kind) -> Vec<&str> {
    events.iter().filter(|(found, _)| *found == kind).map(|(_, text)| text.as_str()).collect()
}

/// A request with content and its response.
fn converse([client, server]: &mut [End; 2]) {
    exchange(client, server);
    let (key, id) = client.h3.open_request(&mut client.streams, NOW).unwrap();
    let head = [&GET[..], &[("x-custom", "again"), ("cookie", "secret=1")]].concat();
    client.send(key, &head, false);
    client.send_body(key, b"content", true);
    exchange(client, server);
    let theirs = server.key(id.0);
    server.tell(theirs);
    server.fields(theirs).unwrap();
    server.body(theirs);
    server.send(theirs, &[(":status", "200"), ("x-custom", "answer")], true);
    exchange(client, server);
    client.tell(key);
    client.fields(key).unwrap();
}

#[test]
fn an_exchange_is_told_at_both_ends() {
    let (mut ends, traces) = traced(Importance::Removed);
    for _ in 0..3 {
        converse(&mut ends);
    }
    for trace in &traces {
        let events = events(trace);
        for kind in [
            Kind::HttpParametersSet,
            Kind::HttpStreamTypeSet,
            Kind::HttpFrameCreated,
            Kind::HttpFrameParsed,
            Kind::QpackStateUpdated,
            Kind::QpackDynamicTableUpdated,
            Kind::QpackHeadersEncoded,
            Kind::QpackHeadersDecoded,
            Kind::QpackInstructionCreated,
            Kind::QpackInstructionParsed,
        ] {
            assert!(!of(&events, kind).is_empty(), "{}", kind.name());
        }
        let types = of(&events, Kind::HttpStreamTypeSet).join("\n");
        for name in ["control", "qpack_encode", "qpack_decode"] {
            for owner in ["local", "remote"] {
                let found = types
                    .lines()
                    .filter(|line| line.contains(name))
                    .filter(|line| line.contains(&format!(r#""owner":"{owner}""#)));
                assert_eq!(found.count(), 1, "{name} of {owner} in {types}");
            }
        }
        assert_eq!(types.matches(r#""stream_type":"request""#).count(), 3, "{types}");
    }
}

#[test]
fn both_ends_tell_the_same_frames() {
    let (mut ends, [client, server]) = traced(Importance::Core);
    converse(&mut ends);
    let (client, server) = (events(&client), events(&server));
    let frames = |events: &[(Kind, String)], kind| -> Vec<String> {
        let data = |text: &&str| text.split(r#""data":"#).nth(1).unwrap().to_owned();
        let mut frames: Vec<_> = of(events, kind).iter().map(data).collect();
        frames.sort();
        frames
    };
    let sent = frames(&client, Kind::HttpFrameCreated);
    assert_eq!(sent, frames(&server, Kind::HttpFrameParsed));
    assert_eq!(frames(&server, Kind::HttpFrameCreated), frames(&client, Kind::HttpFrameParsed));
    let sent = sent.join("\n");
    for frame in ["settings", "headers", "data"] {
        assert_eq!(sent.matches(&format!(r#""frame_type":"{frame}""#)).count(), 1, "{sent}");
    }
    assert!(sent.contains(r#"{"stream_id":0,"length":7,"frame":{"frame_type":"data"}}"#), "{sent}");
    assert!(sent.contains(r#"{"name":"x-custom","value":"again"}"#), "{sent}");
}

#[test]
fn only_what_is_wanted_is_told() {
    let (mut ends, [client, _]) = traced(Importance::Extra);
    converse(&mut ends);
    let events = events(&client);
    assert!(!events.is_empty());
    assert!(events.iter().all(|(kind, _)| kind.importance() < Importance::Removed));
}

#[test]
fn no_credential_stands_in_a_trace() {
    let (mut ends, traces) = traced(Importance::Removed);
    for _ in 0..3 {
        converse(&mut ends);
    }
    for trace in &traces {
        for (_, text) in events(trace) {
            assert!(!text.contains("secret"), "{text}");
        }
    }
}

#[test]
fn records_are_one_line_of_json_each() {
    let (mut ends, traces) = traced(Importance::Removed);
    converse(&mut ends);
    for trace in &traces {
        for (kind, text) in events(trace) {
            assert!(text.contains(&format!(r#""name":"{}""#, kind.name())), "{text}");
            assert!(text.starts_with('{') && text.ends_with('}'), "{text}");
            assert_eq!(text.matches('{').count(), text.matches('}').count(), "{text}");
            assert!(!text.contains(|symbol: char| symbol.is_control()), "{text}");
        }
    }
}

#[test]
fn priorities_and_the_end_are_told() {
    let (mut ends, [client, server]) = traced(Importance::Base);
    converse(&mut ends);
    let [at_client, at_server] = &mut ends;
    let (key, id) = at_client.h3.open_request(&mut at_client.streams, NOW).unwrap();
    at_client.send(key, &GET, false);
    exchange(at_client, at_server);
    let priority = crate::http3::priority::Priority {
        urgency: 1,
        incremental: true,
        ..crate::http3::priority::Priority::default()
    };
    at_client.h3.set_priority(&mut at_client.streams, key, &priority);
    at_server.h3.go_away(&mut at_server.streams);
    exchange(at_client, at_server);
    let (client, server) = (events(&client), events(&server));
    for events in [&client, &server] {
        let told = of(events, Kind::HttpPriorityUpdated);
        let expected = format!(r#""data":{{"stream_id":{},"new":"u=1, i"}}"#, id.0);
        assert!(told.iter().any(|text| text.contains(&expected)), "{told:?}");
    }
    let updates = of(&server, Kind::HttpFrameParsed).join("\n");
    assert!(updates.contains(r#""priority_field_value":"u=1, i""#), "{updates}");
    let ends = of(&client, Kind::HttpFrameParsed).join("\n");
    assert!(ends.contains(r#""frame_type":"goaway","id":8"#), "{ends}");
}

#[test]
fn messages_of_bytestreams_are_told() {
    let mut traces = Vec::new();
    let [mut client, mut server] = [Role::Client, Role::Server].map(|role| {
        let mut h3 = Connection::new(role, LocalSettings::default()).extended();
        traces.push(trace(Importance::Core));
        h3.set_trace(traces.last().cloned());
        End::around(h3, role, LIMITS)
    });
    exchange(&mut client, &mut server);
    let (key, id) = client.h3.open_bytestream(&mut client.streams, NOW).unwrap();
    client.h3.send_message(&mut client.streams, key, b"message", false, NOW).unwrap();
    exchange(&mut client, &mut server);
    let theirs = server.key(id.0);
    server.h3.read(&mut server.streams, theirs, NOW).unwrap();
    server.h3.take_message(theirs, NOW).unwrap();
    let message = r#"{"stream_id":0,"length":7,"frame":{"frame_type":"data"}}"#;
    for (trace, kind) in traces.iter().zip([Kind::HttpFrameCreated, Kind::HttpFrameParsed]) {
        let events = events(trace);
        assert!(of(&events, kind).iter().any(|text| text.contains(message)), "{events:?}");
    }
}

#[test]
fn a_trace_that_begins_late_begins_with_the_settings() {
    let (mut client, mut server) = pair();
    let trace = trace(Importance::Base);
    client.h3.set_trace(Some(trace.clone()));
    let told = events(&trace);
    let owners: Vec<_> = told.iter().map(|(_, text)| text.contains(r#""owner":"local""#)).collect();
    assert_eq!((owners, told[0].0), (vec![true, false], Kind::HttpParametersSet));
    client.h3.set_trace(None);
    let (key, _) = client.h3.open_request(&mut client.streams, NOW).unwrap();
    client.send(key, &GET, true);
    exchange(&mut client, &mut server);
    assert!(trace.take().is_empty());
}

/// True for one JSON value without a raw control character: brackets match outside of texts.
fn is_json(text: &str) -> bool {
    let (mut open, mut symbols) = (Vec::new(), text.chars());
    while let Some(symbol) = symbols.next() {
        match symbol {
            '"' => loop {
                match symbols.next() {
                    Some('"') => break,
                    Some('\\') => drop(symbols.next()),
                    Some(inside) if inside >= ' ' => {}
                    _ => return false,
                }
            },
            '{' => open.push('}'),
            '[' => open.push(']'),
            '}' | ']' if open.pop() != Some(symbol) => return false,
            _ => {}
        }
    }
    open.is_empty()
}

/// A peer that writes anything that is well framed, on all of its streams.
#[test]
fn whatever_a_peer_sends_the_records_stay_json() {
    let mut kinds = std::collections::BTreeSet::new();
    for seed in 0..300 {
        let mut dice = Dice(seed);
        let role = ROLES[dice.roll(2)];
        let mut faced = facing(role);
        let trace = trace(Importance::Removed);
        faced.end.h3.set_trace(Some(trace.clone()));
        let key = faced.message_stream();
        let mut noise = |most: usize| -> Vec<u8> {
            let bytes = [b'"', b'\\', b'\n', 0, 0xff, 0xc2, 0x80, b'{', b']', 0x21, 0x04, 0x41];
            (0..dice.roll(most)).map(|_| bytes[dice.roll(bytes.len())]).collect()
        };
        let kind = FrameType(if seed % 3 == 0 { 0x0f_0700 } else { 0x21 + seed % 5 });
        faced.control(&frame(kind, &noise(20)));
        faced.uni(&[&[2, 0x3f, 0xc9, 0x07][..], &noise(30)].concat());
        faced.uni(&[&[3][..], &noise(3)].concat());
        // Literal names and values in a section.
        let (name, value) = (noise(6), noise(100));
        let line = [&[0x20 | name.len() as u8][..], &name, &[value.len() as u8], &value].concat();
        let section = frame(FrameType::HEADERS, &[&[0, 0], &line[..]].concat());
        faced.write(
            key,
            &[faced.head(), frame(kind, &noise(9)), data(&noise(9)), section].concat(),
            true,
        );
        faced.settle();
        // Unless it is over already.
        let ours = faced.raw.id(key).and_then(|id| faced.end.streams.key(id));
        for ours in ours.into_iter().cycle().take(3) {
            faced.end.tell(ours);
            let _ = faced.end.h3.read_body(&mut faced.end.streams, ours, &mut [0; 50], NOW);
            faced.settle();
        }
        for (kind, text) in events(&trace) {
            assert!(is_json(&text), "{seed}: {text}");
            kinds.insert(kind.name());
        }
    }
    for kind in ["http:frame_parsed", "qpack:instruction_parsed", "qpack:headers_decoded"] {
        assert!(kinds.contains(kind), "{kinds:?}");
    }
}
