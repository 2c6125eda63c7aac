//! The end of a connection: closing, draining, idle, reset.

use super::forge::{count, Forgery};
use super::pair::{issued_token, Options, Pair};
use crate::connection::{CloseReason, Event, Linger, LocalClose, Settings, State};
use crate::error::TransportErrorCode as Code;
use crate::recovery::Space;
use crate::time::Duration;
use crate::wire::frame::{ConnectionClose, Frame};
use crate::wire::Role;

fn close(pair: &mut Pair, role: Role, close: LocalClose) {
    let now = pair.now;
    pair.end(role).connection.close(now, close);
    pair.give(role, &[]);
}

/// The codes, and whether they are the application's, of all CONNECTION_CLOSE that `role` sends.
fn sent_codes(pair: &mut Pair, role: Role) -> Vec<(Space, u64, bool, Vec<u8>)> {
    let mut codes = Vec::new();
    for packet in pair.peek(role) {
        let space = packet.space;
        packet.for_each(|frame| {
            if let Frame::ConnectionClose(close) = frame {
                let application = close.frame_type.is_none();
                codes.push((space, close.error_code, application, close.reason.to_vec()));
            }
        });
    }
    codes
}

/// RFC 9000 section 20: transport and application codes are told apart.
#[test]
fn a_code_arrives_in_the_namespace_it_was_sent_in() {
    let mut pair = Pair::established();
    close(&mut pair, Role::Client, LocalClose::Application(0x102));
    pair.exchange();
    assert_eq!(pair.client.reason, Some(CloseReason::LocalApplication(0x102)));
    let reason = CloseReason::PeerApplication { code: 0x102, reason: Vec::new() };
    assert_eq!(pair.server.reason, Some(reason));
    let mut pair = Pair::established();
    close(&mut pair, Role::Client, LocalClose::Transport(0x102));
    pair.exchange();
    let code = Code(0x102);
    let reason = CloseReason::PeerTransport { code, frame_type: 0, reason: Vec::new() };
    assert_eq!(pair.server.reason, Some(reason));
}

/// RFC 9000 section 8.1: what the address has not earned yet waits until it has.
#[test]
fn a_close_that_the_amplification_limit_holds_back_leaves_as_soon_as_it_may() {
    let mut pair = Pair::new(Options::default());
    let flight = pair.sent(Role::Client);
    pair.give_all(Role::Server, &flight);
    pair.sent(Role::Server);
    let path = &mut pair.server.connection.path;
    path.amplification.on_sent(path.amplification.budget() as usize);
    close(&mut pair, Role::Server, LocalClose::NoError);
    assert!(pair.sent(Role::Server).is_empty());
    // Each allows 15 bytes more, but the answers to them get rarer.
    for sent in 1..=6 {
        pair.give(Role::Server, &[0x40; 5]);
        let closes = pair.sent(Role::Server);
        if let [close] = &closes[..] {
            assert_eq!(close.len(), 15 * sent);
            return;
        }
    }
    panic!("the close is lost");
}

/// RFC 9000 section 10.2.3.
#[test]
fn before_one_rtt_the_applications_code_stays_private() {
    let mut pair = Pair::new(Options::default());
    let flight = pair.sent(Role::Client);
    pair.give_all(Role::Server, &flight);
    close(&mut pair, Role::Client, LocalClose::Application(0x102));
    let code = Code::APPLICATION_ERROR.0;
    assert_eq!(sent_codes(&mut pair, Role::Client), [(Space::Initial, code, false, Vec::new())]);
}

/// RFC 9000 section 10.2.3: at every level that the peer may have keys for.
#[test]
fn a_server_closes_at_every_level_the_client_may_read() {
    let mut pair = Pair::new(Options::default());
    let flight = pair.sent(Role::Client);
    pair.give_all(Role::Server, &flight);
    let flight = pair.sent(Role::Server);
    close(&mut pair, Role::Server, LocalClose::NoError);
    let close = pair.sent(Role::Server);
    // A peer that has no keys for one packet might skip the rest of its datagram.
    assert_eq!(close.len(), 3, "each level has a datagram of its own");
    let blind = pair.look(Role::Client, &close);
    assert_eq!(blind.len(), 1, "only the Initial before the ServerHello is there");
    assert_eq!(blind[0].space, Space::Initial);
    pair.give_all(Role::Client, &flight);
    let spaces: Vec<Space> = pair.look(Role::Client, &close).iter().map(|p| p.space).collect();
    assert!(spaces.contains(&Space::Handshake) && spaces.contains(&Space::Application));
    pair.give_all(Role::Client, &close);
    assert_eq!(pair.client.connection.state(), State::Draining);
}

/// RFC 9000 section 10.2.1: answers become rarer.
#[test]
fn a_closing_end_answers_at_a_falling_rate() {
    let mut pair = Pair::established();
    close(&mut pair, Role::Client, LocalClose::NoError);
    // Closing itself looked at an empty datagram.
    let mut answers = 0;
    for _ in 0..1000 {
        let packet = pair.forge(Role::Server, Space::Application, &[Frame::Ping]);
        pair.give(Role::Client, &packet);
        answers += pair.sent(Role::Client).len();
    }
    assert!((2..12).contains(&answers), "{answers}");
}

/// RFC 9000 section 10.2.
#[test]
fn closing_and_draining_last_three_probe_timeouts() {
    let mut pair = Pair::established();
    close(&mut pair, Role::Client, LocalClose::NoError);
    pair.exchange();
    for end in [&pair.client, &pair.server] {
        assert_eq!(end.connection.state(), State::Draining);
    }
    for role in [Role::Client, Role::Server] {
        let period = pair.end(role).connection.probe_timeout().saturating_mul(3);
        let start = pair.now;
        let waited = pair.next_timeout(role);
        assert!(waited <= period && pair.now.saturating_since(start) == waited);
        assert_eq!(pair.end(role).connection.state(), State::Closed);
        let now = pair.now;
        assert_eq!(pair.end(role).connection.next_timeout(now), None);
    }
}

/// RFC 9000 section 10.2.2: once, so that the peer knows that it can stop.
#[test]
fn a_draining_end_answers_once_and_then_sends_nothing() {
    let mut pair = Pair::established();
    pair.write(Role::Server, b"too late");
    let frame = ConnectionClose { error_code: 7, frame_type: None, reason: b"enough \xff" };
    pair.inject(Role::Client, &[Frame::ConnectionClose(frame)]);
    let reason = CloseReason::PeerApplication { code: 7, reason: b"enough \xff".to_vec() };
    assert_eq!(pair.server.reason, Some(reason));
    let close = |code, application| vec![(Space::Application, code, application, Vec::new())];
    assert_eq!(sent_codes(&mut pair, Role::Server), close(7, true));
    pair.inject(Role::Client, &[Frame::ConnectionClose(frame)]);
    pair.inject(Role::Client, &[Frame::Ping]);
    assert!(pair.sent(Role::Server).is_empty());
    let now = pair.now;
    pair.server.connection.close(now, LocalClose::NoError);
    assert!(pair.sent(Role::Server).is_empty());
}

/// RFC 9000 section 19.19: frames behind CONNECTION_CLOSE mean nothing.
#[test]
fn nothing_behind_a_close_is_run() {
    let mut pair = Pair::established();
    let frame = ConnectionClose { error_code: 0, frame_type: Some(0), reason: b"" };
    let frames = [Frame::ConnectionClose(frame), Frame::HandshakeDone];
    pair.inject(Role::Client, &frames);
    assert_eq!(pair.server.connection.state(), State::Draining);
}

/// RFC 9000 section 10.1.
#[test]
fn an_idle_connection_ends_silently() {
    let idle_timeout = Duration::from_secs(5);
    let client = Settings { idle_timeout, ..Settings::default() };
    let mut pair = Pair::established_with(Options { client, ..Options::default() });
    pair.run_for(Duration::from_secs(4));
    pair.assert_confirmed();
    let sent = pair.client.connection.stats().datagrams_sent;
    pair.run_for(Duration::from_secs(2));
    for end in [&pair.client, &pair.server] {
        assert_eq!(end.reason, Some(CloseReason::IdleTimeout));
        assert_eq!(end.connection.state(), State::Closed);
    }
    assert_eq!(pair.client.connection.stats().datagrams_sent, sent);
}

/// RFC 9000 section 10.1: the first ack-eliciting packet after something was heard restarts the
/// timer, later ones do not.
#[test]
fn only_the_first_send_restarts_the_idle_timer() {
    let idle_timeout = Duration::from_secs(30);
    let client = Settings { idle_timeout, ..Settings::default() };
    let mut pair = Pair::established_with(Options { client, ..Options::default() });
    pair.wait(Duration::from_secs(20));
    pair.write(Role::Client, b"anybody there?");
    pair.sent(Role::Client);
    let start = pair.now;
    while pair.client.connection.state().is_open() {
        pair.next_timeout(Role::Client);
        pair.sent(Role::Client);
    }
    assert_eq!(pair.now.saturating_since(start), idle_timeout);
}

/// RFC 9000 section 10.1: a short idle timeout still leaves time for three probe timeouts.
#[test]
fn the_idle_timeout_is_at_least_three_probe_timeouts() {
    let idle_timeout = Duration::from_millis(1);
    let client = Settings { idle_timeout, ..Settings::default() };
    let mut pair = Pair::established_with(Options { client, ..Options::default() });
    let least = pair.client.connection.probe_timeout().saturating_mul(3);
    let packet = pair.forge(Role::Server, Space::Application, &[Frame::Ping]);
    pair.give(Role::Client, &packet);
    let start = pair.now;
    while pair.client.connection.state().is_open() {
        pair.next_timeout(Role::Client);
        pair.sent(Role::Client);
    }
    assert!(pair.now.saturating_since(start) >= least);
}

/// RFC 9000 section 10.1.2.
#[test]
fn keep_alive_defers_the_idle_timeout() {
    for idle in [4, 40] {
        let idle_timeout = Duration::from_secs(idle);
        let client = Settings { idle_timeout, keep_alive: true, ..Settings::default() };
        let mut pair = Pair::established_with(Options { client, ..Options::default() });
        pair.run_for(Duration::from_secs(300));
        pair.assert_confirmed();
        let sent = pair.client.connection.stats().packets_sent;
        assert!(sent < 400, "{sent} packets in five minutes");
    }
}

#[test]
fn without_keep_alive_a_connection_at_rest_sends_nothing() {
    let mut pair = Pair::established();
    pair.run_for(Duration::from_secs(1));
    let sent = pair.client.connection.stats().packets_sent;
    pair.run_for(Duration::from_secs(100));
    assert_eq!(pair.client.connection.stats().packets_sent, sent);
    pair.assert_confirmed();
}

/// Something that ends in `token` and looks like a short packet.
fn reset(len: usize, token: [u8; 16]) -> Vec<u8> {
    let mut datagram = vec![0x5a; len];
    datagram[len - 16..].copy_from_slice(&token);
    datagram
}

/// RFC 9000 section 10.3.1.
#[test]
fn a_stateless_reset_drains_without_an_answer() {
    for (len, first) in [(21, 0x5a), (43, 0x5a), (600, 0x5a), (600, 0x1a), (600, 0xca)] {
        let mut pair = Pair::established();
        let mut datagram = reset(len, issued_token(0).0);
        datagram[0] = first;
        pair.give(Role::Client, &datagram);
        assert_eq!(pair.client.reason, Some(CloseReason::StatelessReset), "{len} {first:x}");
        assert_eq!(pair.client.connection.state(), State::Draining);
        assert!(pair.sent(Role::Client).is_empty());
    }
}

/// RFC 9000 sections 10.3 and 10.3.1.
#[test]
fn what_is_too_short_or_ends_in_another_token_is_no_reset() {
    let mut pair = Pair::established();
    for datagram in [
        reset(20, issued_token(0).0),
        reset(100, [0; 16]),
        // The token of a connection ID that was never used.
        reset(100, issued_token(1).0),
    ] {
        pair.give(Role::Client, &datagram);
    }
    // Only a server's first connection ID has a token.
    pair.give(Role::Server, &reset(100, issued_token(0).0));
    pair.assert_confirmed();
}

#[test]
fn lingering_data_leaves_before_the_connection_closes() {
    let linger = Duration::from_secs(5);
    let client = Settings { linger: Linger::For(linger), ..Settings::default() };
    let mut pair = Pair::established_with(Options { client, ..Options::default() });
    pair.write(Role::Client, &[3; 50_000]);
    close(&mut pair, Role::Client, LocalClose::NoError);
    assert!(pair.client.connection.is_lingering());
    let mut read = 0;
    pair.run(linger, |pair| {
        read += pair.read(Role::Server).len();
        pair.server.reason.is_some()
    });
    assert_eq!(read, 50_000);
    assert!(pair.server.reason.is_some());
}

#[test]
fn a_linger_ends_at_its_deadline() {
    let linger = Duration::from_secs(5);
    let client = Settings { linger: Linger::For(linger), ..Settings::default() };
    let mut pair = Pair::established_with(Options { client, ..Options::default() });
    pair.write(Role::Client, b"never acknowledged");
    let start = pair.now;
    close(&mut pair, Role::Client, LocalClose::NoError);
    while pair.client.connection.state().is_open() {
        pair.sent(Role::Client);
        pair.next_timeout(Role::Client);
    }
    assert_eq!(pair.now.saturating_since(start), linger);
    assert_eq!(count(&pair.peek(Role::Client), "CONNECTION_CLOSE"), 1);
}

/// RFC 9000 section 10.2.1: a closing end has no use for what it gets.
#[test]
fn a_closing_end_processes_nothing() {
    let mut pair = Pair::established();
    close(&mut pair, Role::Server, LocalClose::NoError);
    let received = pair.server.connection.stats().packets_received;
    pair.inject_with(Role::Client, Space::Application, &Forgery::raw(&[0x21]));
    assert_eq!(pair.server.connection.stats().packets_received, received);
    assert_eq!(pair.server.reason, Some(CloseReason::LocalTransport(Code::NO_ERROR)));
}

/// RFC 9000 section 10.2.2: a closing end that hears the peer's close has nothing to repeat.
#[test]
fn a_closing_end_hears_the_peers_close() {
    for (ours, theirs) in [(LocalClose::NoError, 1), (LocalClose::Application(0x102), 2)] {
        let mut pair = Pair::established();
        close(&mut pair, Role::Client, ours);
        assert_eq!(pair.client.connection.state(), State::Closing);
        pair.exchange();
        assert_eq!(pair.client.connection.state(), State::Draining);
        let answer = match pair.client.answer {
            Some(CloseReason::PeerTransport { code: Code(0), .. }) => 1,
            Some(CloseReason::PeerApplication { code: 0x102, .. }) => 2,
            _ => 0,
        };
        assert_eq!(answer, theirs, "{:?}", pair.client.answer);
        pair.inject(Role::Server, &[Frame::Ping]);
        assert!(pair.sent(Role::Client).is_empty());
    }
}

/// RFC 9000 section 10.2.3: the peer closes in an Initial while we close.
#[test]
fn both_ends_may_close_during_the_handshake() {
    let mut pair = Pair::new(Options::default());
    let flight = pair.sent(Role::Client);
    pair.give_all(Role::Server, &flight);
    let now = pair.now;
    pair.client.connection.close(now, LocalClose::Application(1));
    pair.server.connection.close(now, LocalClose::Transport(2));
    let from_server = pair.sent(Role::Server);
    pair.give_all(Role::Client, &from_server);
    let answer = CloseReason::PeerTransport { code: Code(2), frame_type: 0, reason: Vec::new() };
    assert_eq!(pair.client.answer, Some(answer));
    assert_eq!(pair.client.connection.state(), State::Draining);
}

/// RFC 9000 section 10.3.1: what a peer that has forgotten us answers is not answered.
#[test]
fn a_closing_end_falls_silent_on_a_stateless_reset() {
    let mut pair = Pair::established();
    let now = pair.now;
    pair.client.connection.close(now, LocalClose::NoError);
    pair.sent(Role::Client);
    pair.give(Role::Client, &reset(43, issued_token(0).0));
    assert_eq!(pair.client.connection.state(), State::Draining);
    assert_eq!(pair.client.answer, None);
    assert!(pair.sent(Role::Client).is_empty());
}

/// A peer's mistake is told to the host once, with the datagram that held it.
#[test]
fn the_datagram_that_breaks_a_rule_is_known() {
    let mut pair = Pair::established();
    pair.inject(Role::Client, &[Frame::HandshakeDone]);
    let server = &mut pair.server.connection;
    assert_eq!(server.take_failure(), Some(Code::PROTOCOL_VIOLATION));
    assert_eq!(server.take_failure(), None);
    let mut pair = Pair::established();
    close(&mut pair, Role::Server, LocalClose::Transport(5));
    pair.inject(Role::Client, &[Frame::HandshakeDone]);
    assert_eq!(pair.server.connection.take_failure(), None);
}

/// RFC 9000 section 10.1: each packet that is processed restarts the timer, others do not.
#[test]
fn only_processed_packets_restart_the_idle_timer() {
    let idle_timeout = Duration::from_secs(10);
    let client = Settings { idle_timeout, ..Settings::default() };
    let mut pair = Pair::established_with(Options { client, ..Options::default() });
    for _ in 0..5 {
        pair.wait(Duration::from_secs(9));
        pair.tick(Role::Client);
        let packet = pair.forge(Role::Server, Space::Application, &[Frame::Ping]);
        pair.give(Role::Client, &packet);
    }
    pair.assert_confirmed();
    pair.wait(Duration::from_secs(9));
    let mut forged = pair.forge(Role::Server, Space::Application, &[Frame::Ping]);
    let last = forged.len() - 1;
    forged[last] ^= 1;
    pair.give(Role::Client, &forged);
    pair.wait(Duration::from_secs(2));
    pair.tick(Role::Client);
    assert_eq!(pair.client.reason, Some(CloseReason::IdleTimeout));
}

/// RFC 9000 section 10.1.2: well before the time is over, and often enough that one may get lost.
#[test]
fn a_keep_alive_leaves_by_half_of_the_idle_time() {
    let idle_timeout = Duration::from_secs(20);
    let client = Settings { idle_timeout, keep_alive: true, ..Settings::default() };
    let mut pair = Pair::established_with(Options { client, ..Options::default() });
    let start = pair.now;
    while pair.peek(Role::Client).is_empty() {
        pair.next_timeout(Role::Client);
    }
    assert!(pair.now.saturating_since(start) <= Duration::from_secs(10));
    assert!(pair.client.connection.state().is_open());
}

/// A named PING that is lost is sent again, and told once.
#[test]
fn a_named_ping_is_acknowledged_exactly_once() {
    let mut pair = Pair::established();
    pair.client.connection.ping_as(7);
    let first = pair.sent(Role::Client);
    for _ in 0..4 {
        pair.client.connection.ping();
        pair.exchange();
    }
    let acked = |pair: &Pair| pair.client.count(|event| matches!(event, Event::PingAcked(7)));
    assert_eq!(acked(&pair), 1);
    // The first one was not lost but late.
    pair.give_all(Role::Server, &first);
    pair.exchange();
    assert_eq!(acked(&pair), 1);
}

/// RFC 9000 section 16: no larger number fits the frame.
#[test]
fn a_code_too_large_for_the_wire_is_cut() {
    for code in [LocalClose::Application(u64::MAX), LocalClose::Transport(u64::MAX)] {
        let mut pair = Pair::established();
        close(&mut pair, Role::Client, code);
        pair.exchange();
        let largest = crate::wire::varint::MAX;
        assert!(
            matches!(
                pair.server.reason,
                Some(CloseReason::PeerApplication { code, .. }) if code == largest
            ) || matches!(
                pair.server.reason,
                Some(CloseReason::PeerTransport { code, .. }) if code.0 == largest
            )
        );
    }
}
