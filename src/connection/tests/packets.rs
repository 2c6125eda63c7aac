//! What a single packet may look like, and what becomes of one that may not.

use super::forge::{ack, count, encode, Forgery};
use super::pair::{Options, Pair};
use crate::connection::State;
use crate::error::TransportErrorCode as Code;
use crate::recovery::Space;
use crate::time::Duration;
use crate::wire::frame::{self, Frame};
use crate::wire::{ConnectionId, Direction, ResetToken, Role, StreamId};

fn packets_received(pair: &mut Pair, role: Role) -> u64 {
    pair.end(role).connection.stats().packets_received
}

/// True if `role` is as it was before `datagram` came: nothing processed, nothing closed.
fn drops(pair: &mut Pair, role: Role, datagram: &[u8]) -> bool {
    let before = packets_received(pair, role);
    pair.give(role, datagram);
    packets_received(pair, role) == before && pair.end(role).connection.state().is_open()
}

/// The client's first flight: the ClientHello in order, and the datagrams it came in.
fn client_hello(pair: &mut Pair) -> Vec<u8> {
    let datagrams = pair.sent(Role::Client);
    let mut hello = Vec::new();
    for packet in pair.look(Role::Server, &datagrams) {
        packet.for_each(|frame| {
            if let Frame::Crypto(crypto) = frame {
                assert_eq!(crypto.offset, hello.len() as u64);
                hello.extend_from_slice(crypto.data);
            }
        });
    }
    hello
}

fn crypto(hello: &[u8], range: std::ops::Range<usize>) -> Frame<'_> {
    Frame::Crypto(frame::Crypto { offset: range.start as u64, data: &hello[range] })
}

fn initial(frames: &[Frame<'_>]) -> Forgery {
    Forgery { pad_to: 1200, ..Forgery::new(frames) }
}

fn cid(n: u8) -> ConnectionId {
    ConnectionId::new(&[n; 8]).unwrap()
}

/// RFC 9000 section 12.2.
#[test]
fn a_coalesced_packet_to_another_connection_id_ends_the_datagram() {
    let mut pair = Pair::new(Options::default());
    let flight = pair.sent(Role::Client);
    pair.give_all(Role::Server, &flight);
    let mut datagram = pair.forge(Role::Server, Space::Initial, &[Frame::Ping]);
    let other = Forgery { dcid: Some(cid(9)), ..Forgery::new(&[Frame::Ping]) };
    datagram.extend(pair.forge_with(Role::Server, Space::Initial, &other));
    datagram.extend(pair.forge(Role::Server, Space::Initial, &[Frame::Ping]));
    let before = packets_received(&mut pair, Role::Client);
    pair.give(Role::Client, &datagram);
    assert_eq!(packets_received(&mut pair, Role::Client), before + 1);
    assert!(pair.client.connection.state().is_open());
}

/// RFC 9000 sections 17.2 and 17.3.1.
#[test]
fn reserved_bits_are_a_violation_once_the_packet_is_authentic() {
    for (space, flip) in [(Space::Initial, 0x0c), (Space::Handshake, 0x04)] {
        let mut pair = Pair::new(Options::default());
        let flight = pair.sent(Role::Client);
        pair.give_all(Role::Server, &flight);
        let flight = pair.sent(Role::Server);
        pair.give_all(Role::Client, &flight);
        let forgery = Forgery { flip, ..Forgery::new(&[Frame::Ping]) };
        pair.inject_with(Role::Server, space, &forgery);
        assert_eq!(pair.client.violation(), Some(Code::PROTOCOL_VIOLATION), "{space:?}");
    }
    for flip in [0x08, 0x10] {
        let mut pair = Pair::established();
        let forgery = Forgery { flip, ..Forgery::new(&[Frame::Ping]) };
        pair.inject_with(Role::Server, Space::Application, &forgery);
        assert_eq!(pair.client.violation(), Some(Code::PROTOCOL_VIOLATION));
    }
}

#[test]
fn reserved_bits_of_a_packet_that_is_not_authentic_are_nothing() {
    let mut pair = Pair::established();
    let forgery = Forgery { flip: 0x18, ..Forgery::new(&[Frame::Ping]) };
    let mut packet = pair.forge_with(Role::Server, Space::Application, &forgery);
    *packet.last_mut().unwrap() ^= 1;
    assert!(drops(&mut pair, Role::Client, &packet));
}

/// RFC 9000 sections 17.2 and 17.3.1: dropped, and no reason to close.
#[test]
fn a_packet_without_the_fixed_bit_is_dropped() {
    let mut pair = Pair::established();
    let forgery = Forgery { flip: 0x40, ..Forgery::new(&[Frame::Ping]) };
    let packet = pair.forge_with(Role::Server, Space::Application, &forgery);
    assert!(drops(&mut pair, Role::Client, &packet));
}

/// RFC 9000 section 12.4.
#[test]
fn a_packet_without_frames_is_a_violation() {
    let mut pair = Pair::established();
    pair.inject_with(Role::Client, Space::Application, &Forgery::default());
    assert_eq!(pair.server.violation(), Some(Code::PROTOCOL_VIOLATION));
    let mut pair = Pair::new(Options::default());
    let flight = pair.sent(Role::Client);
    pair.give_all(Role::Server, &flight);
    pair.inject_with(Role::Server, Space::Initial, &Forgery::default());
    assert_eq!(pair.client.violation(), Some(Code::PROTOCOL_VIOLATION));
}

/// RFC 9001 section 5.4.2.
#[test]
fn a_packet_too_short_for_a_sample_is_dropped() {
    let mut pair = Pair::established();
    let packet = pair.forge(Role::Server, Space::Application, &[Frame::Ping]);
    for len in 0..packet.len() {
        assert!(drops(&mut pair, Role::Client, &packet[..len]), "{len} bytes");
    }
    assert!(!drops(&mut pair, Role::Client, &packet));
}

/// RFC 9000 section 17.2.
#[test]
fn a_long_packet_cut_short_is_dropped() {
    let mut pair = Pair::new(Options::default());
    let flight = pair.sent(Role::Client);
    for len in (0..flight[0].len()).step_by(7) {
        assert!(drops(&mut pair, Role::Server, &flight[0][..len]), "{len} bytes");
    }
}

/// RFC 9000 section 14.1.
#[test]
fn a_server_drops_an_initial_in_a_small_datagram() {
    let mut pair = Pair::new(Options::default());
    let hello = client_hello(&mut pair);
    let small = Forgery { pad_to: 1199, ..Forgery::new(&[crypto(&hello, 0..100)]) };
    let packet = pair.forge_with(Role::Client, Space::Initial, &small);
    assert_eq!(packet.len(), 1199);
    assert!(drops(&mut pair, Role::Server, &packet));
    let full = initial(&[crypto(&hello, 0..100)]);
    let packet = pair.forge_with(Role::Client, Space::Initial, &full);
    assert!(!drops(&mut pair, Role::Server, &packet));
}

/// RFC 9000 section 14.1.
#[test]
fn datagrams_with_ack_eliciting_initials_are_full_sized() {
    let mut pair = Pair::new(Options::default());
    let to_server = pair.sent(Role::Client);
    pair.give_all(Role::Server, &to_server);
    let to_client = pair.sent(Role::Server);
    for datagram in to_server.iter().chain(&to_client[..1]) {
        assert!(datagram.len() >= 1200);
    }
    pair.give_all(Role::Client, &to_client);
    for datagram in pair.sent(Role::Client) {
        let initial = datagram[0] & 0xf0 == 0xc0;
        assert!(!initial || datagram.len() >= 1200);
    }
}

/// RFC 9000 section 17.2.2.
#[test]
fn a_first_initial_may_hold_its_frames_in_any_order() {
    let padding = Frame::Padding(frame::Padding { len: 3 });
    for order in 0..3 {
        let mut pair = Pair::new(Options::default());
        let hello = client_hello(&mut pair);
        let half = hello.len() / 2;
        let (one, two) = (crypto(&hello, 0..half), crypto(&hello, half..hello.len()));
        let (first, second) = match order {
            0 => (vec![Frame::Ping, padding, one], vec![two, Frame::Ping]),
            1 => (vec![padding, one, padding, Frame::Ping], vec![padding, Frame::Ping, two]),
            _ => (vec![Frame::Ping], vec![padding, two, Frame::Ping, one]),
        };
        for frames in [first, second] {
            pair.inject_with(Role::Client, Space::Initial, &initial(&frames));
        }
        let answer = pair.peek(Role::Server);
        assert!(answer[0].has("CRYPTO") && answer[0].has("ACK"), "order {order}");
    }
}

/// RFC 9000 section 7.5, RFC 9001 section 4.3: each piece is acknowledged, the answer waits for
/// the last one.
#[test]
fn a_client_hello_in_overlapping_pieces_out_of_order_is_put_together() {
    let mut pair = Pair::new(Options::default());
    let hello = client_hello(&mut pair);
    let len = hello.len();
    let pieces = [len - 90..len, 40..120, 100..len - 60, 0..30, 10..20];
    for piece in pieces {
        let frames = [Frame::Ping, crypto(&hello, piece)];
        pair.inject_with(Role::Client, Space::Initial, &initial(&frames));
        let answer = pair.peek(Role::Server);
        assert_eq!(count(&answer, "ACK"), 1);
        assert_eq!(count(&answer, "CRYPTO"), 0);
    }
    pair.inject_with(Role::Client, Space::Initial, &initial(&[crypto(&hello, 25..45)]));
    assert!(count(&pair.peek(Role::Server), "CRYPTO") > 0);
}

/// RFC 9000 section 17.2.2.
#[test]
fn a_client_drops_an_initial_with_a_token() {
    let mut pair = Pair::new(Options::default());
    let flight = pair.sent(Role::Client);
    pair.give_all(Role::Server, &flight);
    let forgery = Forgery { token: b"token", ..Forgery::new(&[Frame::Ping]) };
    let packet = pair.forge_with(Role::Server, Space::Initial, &forgery);
    assert!(drops(&mut pair, Role::Client, &packet));
}

/// Servers on the original library repeat the token in their Initials.
#[test]
fn a_client_bears_with_a_server_that_repeats_its_own_token() {
    for (token, accepted) in [(&b"mine"[..], true), (b"minus", false), (b"min", false)] {
        let mut pair = Pair::new(Options { token: b"mine", ..Options::default() });
        let flight = pair.sent(Role::Client);
        pair.give_all(Role::Server, &flight);
        let forgery = Forgery { token, ..Forgery::new(&[Frame::Ping]) };
        let packet = pair.forge_with(Role::Server, Space::Initial, &forgery);
        assert_eq!(drops(&mut pair, Role::Client, &packet), !accepted);
    }
}

/// RFC 9001 section 5.6.
#[test]
fn a_client_drops_early_data() {
    let mut pair = Pair::new(Options::default());
    let flight = pair.sent(Role::Client);
    pair.give_all(Role::Server, &flight);
    let forgery = Forgery { early_data: true, ..Forgery::new(&[Frame::Ping]) };
    let packet = pair.forge_with(Role::Server, Space::Initial, &forgery);
    assert!(drops(&mut pair, Role::Client, &packet));
}

/// RFC 9000 section 7.2.
#[test]
fn a_later_packet_from_another_source_id_is_dropped() {
    for victim in [Role::Client, Role::Server] {
        let mut pair = Pair::new(Options::default());
        let flight = pair.sent(Role::Client);
        pair.give_all(Role::Server, &flight);
        let flight = pair.sent(Role::Server);
        pair.give_all(Role::Client, &flight);
        let forgery = Forgery { scid: Some(cid(9)), pad_to: 1200, ..Forgery::new(&[Frame::Ping]) };
        for space in [Space::Initial, Space::Handshake] {
            let packet = pair.forge_with(victim.peer(), space, &forgery);
            assert!(drops(&mut pair, victim, &packet), "{victim:?} {space:?}");
        }
        pair.exchange();
        pair.assert_confirmed();
    }
}

/// RFC 9000 section 12.3.
#[test]
fn a_duplicate_is_dropped_before_its_frames_run() {
    let mut pair = Pair::established();
    let packet = pair.forge(Role::Client, Space::Application, &[Frame::Ping]);
    assert!(!drops(&mut pair, Role::Server, &packet));
    assert!(drops(&mut pair, Role::Server, &packet));
}

/// RFC 9001 section 5.7.
#[test]
fn a_server_runs_no_application_packet_before_the_handshake_is_complete() {
    let mut pair = Pair::new(Options::default());
    let flight = pair.sent(Role::Client);
    pair.give_all(Role::Server, &flight);
    let flight = pair.sent(Role::Server);
    pair.give_all(Role::Client, &flight);
    let finished = pair.sent(Role::Client);
    pair.write(Role::Client, b"early bird");
    let request = pair.sent(Role::Client);
    for datagram in &request {
        assert!(drops(&mut pair, Role::Server, datagram));
    }
    assert_eq!(pair.server.connection.state(), State::Handshaking);
    assert!(pair.read(Role::Server).is_empty());
    pair.give_all(Role::Server, &finished);
    assert_eq!(pair.read(Role::Server), b"early bird", "kept until it can be run");
}

#[test]
fn few_packets_are_kept_before_their_keys() {
    let mut pair = Pair::new(Options::default());
    let flight = pair.sent(Role::Client);
    pair.give_all(Role::Server, &flight);
    let flight = pair.sent(Role::Server);
    pair.give_all(Role::Client, &flight);
    for _ in 0..1000 {
        let packet = pair.forge(Role::Client, Space::Application, &[Frame::Ping]);
        pair.give(Role::Server, &packet);
    }
    let kept = pair.server.connection.early.as_ref().unwrap().undecryptable.len();
    assert!(kept <= 8, "{kept}");
}

/// Every frame that only application packets may hold.
fn application_frames() -> Vec<Frame<'static>> {
    let id = StreamId(0);
    vec![
        Frame::ResetStream(frame::ResetStream { id, error_code: 0, final_size: 0 }),
        Frame::StopSending(frame::StopSending { id, error_code: 0 }),
        Frame::NewToken(frame::NewToken { token: b"token" }),
        Frame::Stream(frame::Stream { id, offset: 0, data: b"data", fin: false }),
        Frame::MaxData(frame::MaxData { maximum: 0 }),
        Frame::MaxStreamData(frame::MaxStreamData { id, maximum: 0 }),
        Frame::MaxStreams(frame::MaxStreams { direction: Direction::Bidirectional, maximum: 0 }),
        Frame::DataBlocked(frame::DataBlocked { limit: 0 }),
        Frame::StreamDataBlocked(frame::StreamDataBlocked { id, limit: 0 }),
        Frame::StreamsBlocked(frame::StreamsBlocked {
            direction: Direction::Unidirectional,
            limit: 0,
        }),
        Frame::NewConnectionId(frame::NewConnectionId {
            sequence: 1,
            retire_prior_to: 0,
            cid: cid(7),
            reset_token: ResetToken([7; 16]),
        }),
        Frame::RetireConnectionId(frame::RetireConnectionId { sequence: 0 }),
        Frame::PathChallenge(frame::PathChallenge([1; 8])),
        Frame::PathResponse(frame::PathResponse([1; 8])),
        Frame::ConnectionClose(frame::ConnectionClose {
            error_code: 0,
            frame_type: None,
            reason: b"",
        }),
        Frame::HandshakeDone,
        Frame::Datagram(frame::Datagram::new(b"data")),
    ]
}

/// RFC 9000 sections 12.4 and 12.5, RFC 9221 section 4.
#[test]
fn application_frames_in_initial_or_handshake_packets_are_a_violation() {
    for space in [Space::Initial, Space::Handshake] {
        for frame in application_frames() {
            let mut pair = Pair::new(Options::default());
            let flight = pair.sent(Role::Client);
            pair.give_all(Role::Server, &flight);
            let flight = pair.sent(Role::Server);
            pair.give_all(Role::Client, &flight);
            pair.inject_with(Role::Server, space, &Forgery::new(&[frame]));
            let violation = pair.client.violation();
            assert_eq!(violation, Some(Code::PROTOCOL_VIOLATION), "{frame:?} in {space:?}");
        }
    }
}

/// RFC 9000 sections 19.7 and 19.20.
#[test]
fn what_only_servers_send_is_a_violation_at_a_server() {
    for frame in [Frame::HandshakeDone, Frame::NewToken(frame::NewToken { token: b"token" })] {
        let mut pair = Pair::established();
        pair.inject(Role::Client, &[frame]);
        assert_eq!(pair.server.violation(), Some(Code::PROTOCOL_VIOLATION), "{frame:?}");
    }
}

/// RFC 9000 section 19.7.
#[test]
fn an_empty_token_is_an_encoding_error() {
    let mut pair = Pair::established();
    pair.inject_with(Role::Server, Space::Application, &Forgery::raw(&[0x07, 0]));
    assert_eq!(pair.client.violation(), Some(Code::FRAME_ENCODING_ERROR));
}

/// RFC 9221 section 3.
#[test]
fn a_datagram_that_was_not_negotiated_is_a_violation() {
    let mut pair = Pair::established();
    pair.inject(Role::Client, &[Frame::Datagram(frame::Datagram::new(b"data"))]);
    assert_eq!(pair.server.violation(), Some(Code::PROTOCOL_VIOLATION));
}

/// RFC 9000 section 12.4.
#[test]
fn frames_that_cannot_be_read_are_encoding_errors() {
    let cases: [(&[u8], Code); 4] = [
        (&[0x21], Code::FRAME_ENCODING_ERROR),
        (&[0x06, 0, 40, 1, 2], Code::FRAME_ENCODING_ERROR),
        (&[0x10], Code::FRAME_ENCODING_ERROR),
        (&[0x40, 0x01], Code::PROTOCOL_VIOLATION),
    ];
    for (bytes, code) in cases {
        let mut pair = Pair::established();
        pair.inject_with(Role::Client, Space::Application, &Forgery::raw(bytes));
        assert_eq!(pair.server.violation(), Some(code), "{bytes:x?}");
    }
}

/// RFC 9000 section 13.1: what was not processed as a whole is not acknowledged.
#[test]
fn the_packet_that_broke_a_rule_is_not_acknowledged() {
    let mut pair = Pair::established();
    let mut frames = encode(&[Frame::Ping]);
    frames.push(0x21);
    pair.inject_with(Role::Client, Space::Application, &Forgery::raw(&frames));
    let answer = pair.peek(Role::Server);
    assert_eq!(answer[0].names(), ["CONNECTION_CLOSE"]);
}

/// RFC 9000 section 13.2.1: data seen before still elicits an acknowledgement.
#[test]
fn repeated_data_is_acknowledged() {
    let mut pair = Pair::established();
    let stream =
        Frame::Stream(frame::Stream { id: StreamId(0), offset: 0, data: b"data", fin: false });
    for _ in 0..2 {
        pair.inject(Role::Client, &[stream]);
        pair.wait(Duration::from_millis(25));
        assert_eq!(pair.peek(Role::Server)[0].names(), ["ACK"]);
    }
}

/// RFC 9000 section 13.1: an ACK in an Initial says nothing about other spaces.
#[test]
fn an_ack_counts_for_its_own_space_only() {
    let mut pair = Pair::new(Options::default());
    let flight = pair.sent(Role::Client);
    pair.give_all(Role::Server, &flight);
    pair.inject_with(Role::Server, Space::Handshake, &Forgery::raw(&ack(0, 0)));
    assert!(pair.client.connection.state().is_open(), "no keys yet: kept");
    let flight = pair.sent(Role::Server);
    pair.give_all(Role::Client, &flight);
    assert_eq!(pair.client.violation(), Some(Code::PROTOCOL_VIOLATION));
}
