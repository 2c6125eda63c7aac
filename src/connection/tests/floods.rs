//! What a peer that sends much of one thing can make us do (RFC 9000 section 21).

use super::forge::Forgery;
use super::pair::Pair;
use crate::recovery::Space;
use crate::wire::frame::{self, Frame};
use crate::wire::{Direction, Role, StreamId};

/// Packets in a flood.
const PACKETS: u64 = 2000;

/// Sends `PACKETS` packets of the client to the server, `frames` into each, and counts what the
/// server sends in answer: datagrams and bytes.
fn flood(pair: &mut Pair, mut frames: impl FnMut(u64) -> Vec<u8>) -> (usize, usize) {
    let mut answers = (0, 0);
    for n in 0..PACKETS {
        pair.inject_with(Role::Client, Space::Application, &Forgery::raw(&frames(n)));
        for datagram in pair.sent(Role::Server) {
            answers = (answers.0 + 1, answers.1 + datagram.len());
        }
    }
    answers
}

/// At most one small answer to each packet, and nothing that stays.
fn assert_cheap(pair: &mut Pair, answers: (usize, usize)) {
    let (datagrams, bytes) = answers;
    assert!(datagrams as u64 <= PACKETS, "{datagrams} datagrams");
    assert!(bytes < datagrams * 100, "{bytes} bytes in {datagrams} datagrams");
    pair.assert_confirmed();
    let server = &mut pair.server.connection;
    assert!(server.poll_event().is_none());
    assert!(server.streams().is_empty());
    assert_eq!(server.streams_mut().pool().in_use(), 0);
    assert!(server.received_ranges().count() <= 2);
}

/// RFC 9000 section 21.9.
#[test]
fn a_flood_of_pings_gets_an_ack_for_every_second_packet() {
    let mut pair = Pair::established();
    let answers = flood(&mut pair, |_| vec![0x01; 1000]);
    assert!(answers.0 as u64 <= PACKETS / 2 + 2, "{answers:?}");
    assert_cheap(&mut pair, answers);
}

#[test]
fn a_flood_of_padding_gets_no_answer() {
    let mut pair = Pair::established();
    assert_eq!(flood(&mut pair, |_| vec![0x00; 1000]).0, 0);
}

#[test]
fn a_flood_of_limits_and_blocked_frames_leaves_nothing_behind() {
    let mut pair = Pair::established();
    let answers = flood(&mut pair, |n| {
        let maximum = n;
        let direction = Direction::Bidirectional;
        super::forge::encode(&[
            Frame::MaxData(frame::MaxData { maximum }),
            Frame::MaxStreams(frame::MaxStreams { direction, maximum }),
            Frame::DataBlocked(frame::DataBlocked { limit: n }),
            Frame::StreamsBlocked(frame::StreamsBlocked { direction, limit: n % 1000 }),
        ])
    });
    assert_cheap(&mut pair, answers);
}

/// RFC 9000 section 21.9: small frames that do nothing.
#[test]
fn a_flood_of_empty_stream_frames_leaves_one_stream() {
    let mut pair = Pair::established();
    // STREAM with a length of zero on stream 0, three hundred times a packet.
    flood(&mut pair, |_| [0x0a, 0x00, 0x00].repeat(300));
    pair.assert_confirmed();
    let server = &mut pair.server.connection;
    assert_eq!(server.streams().len(), 1);
    assert_eq!(server.streams_mut().pool().in_use(), 0);
    assert!(server.poll_event().is_none(), "the one event was heard");
}

/// RFC 9000 section 21.9: streams opened and reset at once.
#[test]
fn a_storm_of_resets_keeps_to_the_limit_of_streams() {
    let mut pair = Pair::established();
    let limit = pair.server.connection.settings().initial_max_streams_bidi;
    for index in 0..limit {
        let id = StreamId::new(Role::Client, Direction::Bidirectional, index);
        let reset = frame::ResetStream { id, error_code: 1, final_size: 0 };
        pair.inject(Role::Client, &[Frame::ResetStream(reset)]);
        pair.sent(Role::Server);
    }
    pair.assert_confirmed();
    let server = &mut pair.server.connection;
    assert!(server.streams().len() as u64 <= limit);
    assert_eq!(server.streams_mut().pool().in_use(), 0);
    // The application did not even look: no stream more is granted.
    let id = StreamId::new(Role::Client, Direction::Bidirectional, limit);
    let reset = frame::ResetStream { id, error_code: 1, final_size: 0 };
    pair.inject(Role::Client, &[Frame::ResetStream(reset)]);
    let code = crate::error::TransportErrorCode::STREAM_LIMIT_ERROR;
    assert_eq!(pair.server.violation(), Some(code));
}

/// RFC 9000 section 5.1.2: IDs that are taken back as fast as they are given, and never
/// acknowledged.
#[test]
fn a_flood_of_retired_connection_ids_ends_the_connection() {
    let mut pair = Pair::established();
    for n in 0..PACKETS {
        let sequence = 3 + n;
        let mut cid = [7; 8];
        cid.copy_from_slice(&sequence.to_be_bytes());
        let mut token = [0; 16];
        token[..8].copy_from_slice(&sequence.to_be_bytes());
        let frame = frame::NewConnectionId {
            sequence,
            retire_prior_to: sequence,
            cid: crate::wire::ConnectionId::new(&cid).unwrap(),
            reset_token: crate::wire::ResetToken(token),
        };
        pair.inject(Role::Client, &[Frame::NewConnectionId(frame)]);
        pair.sent(Role::Server);
        if pair.server.reason.is_some() {
            break;
        }
    }
    let code = crate::error::TransportErrorCode::CONNECTION_ID_LIMIT_ERROR;
    assert_eq!(pair.server.violation(), Some(code));
}

/// RFC 9000 section 13.2.1: ACKs draw no ACKs, even from a peer that sends nothing else.
#[test]
fn a_flood_of_acks_gets_no_answer() {
    let mut pair = Pair::established();
    let largest = pair.server.connection.data.sent.next_packet_number().0 - 1;
    let ack = super::forge::ack(largest, 0);
    assert_eq!(flood(&mut pair, |_| ack.clone()).0, 0);
    pair.assert_confirmed();
}
