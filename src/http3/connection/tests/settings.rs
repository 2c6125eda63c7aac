//! SETTINGS: which are refused, and what follows from those that are not.

use super::raw::*;
use super::*;
use crate::http3::SendError;

fn with_settings(role: Role, content: &[u8]) -> Faced {
    let mut faced = facing(role);
    faced.uni(&[&[0][..], &frame(FrameType::SETTINGS, content)].concat());
    faced
}

// RFC 9114 section 7.2.4.1, RFC 9220 section 3.
#[test]
fn settings_of_http2_are_refused_and_reserved_ones_ignored() {
    for role in ROLES {
        for id in 0x02..=0x05 {
            let code = with_settings(role, &[id, 0]).code();
            assert_eq!(code, Some(Code::SETTINGS_ERROR), "{id}");
        }
        for id in [0x08, 0x21, 0x1f * 77 + 0x21, 0x4242, (1 << 62) - 1] {
            let content = [varint(id), varint(1)].concat();
            assert_eq!(with_settings(role, &content).code(), None, "{id}");
        }
    }
}

// RFC 9114 section 7.2.4.
#[test]
fn a_setting_that_comes_twice_is_refused() {
    for role in ROLES {
        for id in [0x01, 0x06, 0x07, 0x08, 0x33, 0x21] {
            let code = with_settings(role, &[id, 1, id, 1]).code();
            assert_eq!(code, Some(Code::SETTINGS_ERROR), "{id}");
        }
    }
}

// RFC 8441 section 3, RFC 9220 section 3, RFC 9297 section 2.1.1.
#[test]
fn flags_are_zero_or_one() {
    for role in ROLES {
        for id in [0x08, 0x33] {
            assert_eq!(with_settings(role, &[id, 0]).code(), None);
            assert_eq!(with_settings(role, &[id, 1]).code(), None);
            assert_eq!(with_settings(role, &[id, 2]).code(), Some(Code::SETTINGS_ERROR));
            let large = [&[id][..], &varint((1 << 62) - 1)].concat();
            assert_eq!(with_settings(role, &large).code(), Some(Code::SETTINGS_ERROR));
        }
    }
}

// RFC 9114 section 7.2.4.2.
#[test]
fn requests_do_not_wait_for_settings_and_use_what_holds_without() {
    let mut faced = facing(Role::Client);
    let (key, theirs) =
        faced.request(&[GET.to_vec(), vec![("x-long", &"x".repeat(5000))]].concat());
    let (mut bytes, mut streams) = (vec![0; 20_000], Vec::new());
    let read = faced.raw.read(theirs, &mut bytes).unwrap();
    // The prefix of a section that refers to no table.
    assert!(read.fin && bytes[0] == 1);
    let prefix = FrameHeader::decode(&bytes).map(|(_, used)| [bytes[used], bytes[used + 1]]);
    assert_eq!(prefix, Some([0, 0]));
    // Nothing is inserted into a table that may not be.
    faced.raw.readable(&mut streams);
    let mut content = Vec::new();
    for stream in streams {
        let read = faced.raw.read(stream, &mut bytes).unwrap();
        content.push(bytes[..read.len].to_vec());
    }
    assert!(content.contains(&vec![2]), "{content:?}");
    faced.write(theirs, &headers(&[(":status", "200")]), true);
    faced.end.tell(key);
    assert_eq!(faced.end.fields(key).map(|(_, fin)| fin), Some(true));
}

// RFC 9114 section 7.2.4.2: an end keeps nothing of the settings of earlier connections, so there is
// nothing that accepted 0-RTT could be at odds with.
#[test]
fn a_connection_that_begins_remembers_no_settings() {
    let client = End::new(Role::Client, LocalSettings::default());
    assert!(client.h3.peer_settings().is_none());
    // Settings lower than any default are no fault.
    let lowest = [varint(1), varint(0), varint(6), varint(0), varint(7), varint(0)].concat();
    assert_eq!(with_settings(Role::Client, &lowest).code(), None);
    assert_eq!(with_settings(Role::Client, &[]).code(), None);
}

// RFC 9204 sections 3.2.3, 2.1.2 and 5.
#[test]
fn a_table_without_room_and_no_blocked_streams_are_fine() {
    for role in ROLES {
        assert_eq!(with_settings(role, &[1, 0, 7, 0]).code(), None);
    }
    let none = LocalSettings {
        qpack_encoder_capacity: 0,
        qpack_decoder_capacity: 0,
        qpack_blocked_streams: 0,
        ..LocalSettings::default()
    };
    for (client, server) in [(none, none), (none, LocalSettings::default())] {
        let (mut client, mut server) = pair_with(client, server);
        for _ in 0..3 {
            let (key, id) = client.h3.open_request(&mut client.streams, NOW).unwrap();
            client.send(key, &[GET.to_vec(), vec![("user-agent", "long-enough/1")]].concat(), true);
            exchange(&mut client, &mut server);
            let there = server.key(id.0);
            server.tell(there);
            assert_eq!(server.fields(there).map(|(fields, _)| fields.len()), Some(5));
        }
    }
}

// RFC 9204 section 5: what we say bounds the peer's encoder, what the peer says bounds ours.
#[test]
fn each_limit_counts_in_its_own_direction() {
    let small = LocalSettings { qpack_decoder_capacity: 64, ..LocalSettings::default() };
    let mut faced = facing_with(Role::Server, small);
    // The peer grants a large table; its own encoder may use 64 bytes of ours and no more.
    faced.uni(&[&[0][..], &frame(FrameType::SETTINGS, &[1, 0x70, 0, 7, 9])].concat());
    let encoder = faced.uni(&[2, 0x3f, 33]);
    assert_eq!(faced.code(), None);
    faced.write(encoder, &[0x3f, 34], false);
    assert_eq!(faced.code(), Some(Code(0x201)));
}

// RFC 9114 section 4.2.2.
#[test]
fn a_section_larger_than_the_peer_takes_is_not_sent() {
    let mut faced = facing(Role::Client);
    // Name, value, and 32 for each line.
    let size: u64 = GET.iter().map(|(name, value)| (name.len() + value.len() + 32) as u64).sum();
    let content = [varint(6), varint(size)].concat();
    faced.uni(&[&[0][..], &frame(FrameType::SETTINGS, &content)].concat());
    let fields = GET.map(|(name, value)| Field::new(name.as_bytes(), value.as_bytes()));
    let (key, _) = faced.end.h3.open_request(&mut faced.end.streams, NOW).unwrap();
    let more = fields.into_iter().chain([Field::new(b"a", b"")]);
    let End { h3, streams, .. } = &mut faced.end;
    let refused = h3.send_headers(streams, key, more, false, NOW, |_, _| {});
    assert_eq!(refused, Err(SendError::TooLarge));
    // The request is as it was.
    assert!(h3.send_headers(streams, key, fields.into_iter(), true, NOW, |_, _| {}).is_ok());
}
