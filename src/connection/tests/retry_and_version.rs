//! Retry, Version Negotiation, and what a server sends before it knows where the client is.

use super::forge::count;
use super::pair::{Options, Pair, FIRST_DCID};
use crate::connection::{CloseReason, LocalClose, State};
use crate::error::TransportErrorCode as Code;
use crate::tls::retry_integrity_tag;
use crate::wire::header::{encode_retry, encode_version_negotiation, retry_len};
use crate::wire::header::{version_negotiation_len, RETRY_TAG_LEN};
use crate::wire::{ConnectionId, Role, Version, Writer};

const RETRY_SCID: [u8; 8] = [0x7e; 8];

fn cid(bytes: &[u8]) -> ConnectionId {
    ConnectionId::new(bytes).unwrap()
}

/// A Retry to the client of `pair`, sealed for an Initial that went to `answered`.
pub(super) fn retry(pair: &Pair, scid: &[u8], answered: &[u8], token: &[u8]) -> Vec<u8> {
    let (dcid, scid) = (pair.client.connection.local_cids().primary(), cid(scid));
    let mut packet = vec![0; retry_len(&dcid, &scid, token)];
    encode_retry(&mut Writer::new(&mut packet), 0, Version::V1, &dcid, &scid, token);
    packet.extend(retry_integrity_tag(Version::V1, answered, &packet));
    assert_eq!(packet.len(), retry_len(&dcid, &scid, token) + RETRY_TAG_LEN);
    packet
}

/// A Version Negotiation that offers `versions`.
fn negotiation(dcid: &[u8], scid: &[u8], versions: &[Version]) -> Vec<u8> {
    let mut packet = vec![0; version_negotiation_len(dcid, scid, versions)];
    encode_version_negotiation(&mut Writer::new(&mut packet), 0, dcid, scid, versions);
    packet
}

fn is_untouched(pair: &mut Pair, packet: &[u8]) -> bool {
    let before = (*pair.client.connection.remote_cid(), pair.client.connection.state());
    pair.give(Role::Client, packet);
    let client = &pair.client.connection;
    client.state().is_open() && (*client.remote_cid(), client.state()) == before
}

/// A pair whose client has sent its first flight into the void.
fn waiting() -> Pair {
    let mut pair = Pair::new(Options::default());
    pair.sent(Role::Client);
    pair
}

const UNKNOWN: Version = Version(0x1a2a_3a4a);

/// RFC 9000 section 6.2: without a version in common the client gives up, and says nothing.
#[test]
fn a_client_without_a_common_version_gives_up_silently() {
    let mut pair = waiting();
    let dcid = pair.client.connection.local_cids().primary();
    pair.give(Role::Client, &negotiation(dcid.as_slice(), &FIRST_DCID, &[UNKNOWN]));
    assert_eq!(pair.client.reason, Some(CloseReason::VersionMismatch));
    assert!(pair.sent(Role::Client).is_empty());
    assert_eq!(pair.client.connection.state(), State::Closed);
}

/// RFC 9000 section 17.2.1.
#[test]
fn version_negotiation_that_echoes_other_ids_is_ignored() {
    let mut pair = waiting();
    let dcid = pair.client.connection.local_cids().primary();
    assert!(is_untouched(&mut pair, &negotiation(dcid.as_slice(), &[1; 8], &[UNKNOWN])));
    assert!(is_untouched(&mut pair, &negotiation(&[1; 8], &FIRST_DCID, &[UNKNOWN])));
    assert!(is_untouched(&mut pair, &negotiation(&[], &FIRST_DCID, &[UNKNOWN])));
}

/// RFC 9000 section 6.2.
#[test]
fn version_negotiation_that_lists_our_version_is_ignored() {
    let mut pair = waiting();
    let dcid = pair.client.connection.local_cids().primary();
    let versions = [UNKNOWN, Version::V1];
    assert!(is_untouched(&mut pair, &negotiation(dcid.as_slice(), &FIRST_DCID, &versions)));
}

/// RFC 9000 section 6.2.
#[test]
fn version_negotiation_after_any_other_packet_is_ignored() {
    let mut pair = Pair::new(Options::default());
    let flight = pair.sent(Role::Client);
    pair.give_all(Role::Server, &flight);
    let flight = pair.sent(Role::Server);
    pair.give(Role::Client, &flight[0]);
    let dcid = pair.client.connection.local_cids().primary();
    let scid = *pair.client.connection.remote_cid();
    for scid in [scid.as_slice(), &FIRST_DCID] {
        assert!(is_untouched(&mut pair, &negotiation(dcid.as_slice(), scid, &[UNKNOWN])));
    }
    pair.exchange();
    pair.assert_confirmed();
}

/// RFC 9000 section 6.1 and 17.2.5: a server gets neither.
#[test]
fn a_server_drops_version_negotiation_and_retry() {
    let mut pair = Pair::new(Options::default());
    let dcid = pair.server.connection.local_cids().primary();
    let scid = pair.client.connection.local_cids().primary();
    let packet = negotiation(dcid.as_slice(), scid.as_slice(), &[UNKNOWN]);
    pair.give(Role::Server, &packet);
    let mut packet = retry(&pair, scid.as_slice(), &FIRST_DCID, b"token");
    packet[6..14].copy_from_slice(dcid.as_slice());
    pair.give(Role::Server, &packet);
    assert_eq!(pair.server.connection.state(), State::Handshaking);
    pair.exchange();
    pair.assert_confirmed();
}

/// RFC 9000 sections 17.2.5.2 and 17.2.5.3.
#[test]
fn after_a_retry_the_same_client_hello_goes_out_with_the_token() {
    let retry_scid = Some(cid(&RETRY_SCID));
    let mut pair = Pair::new(Options { retry_scid, address_validated: true, ..Options::default() });
    let first = pair.sent(Role::Client);
    let packet = retry(&pair, &RETRY_SCID, &FIRST_DCID, b"a token");
    pair.give(Role::Client, &packet);
    let second = pair.sent(Role::Client);
    assert_eq!(first.len(), second.len());
    let opened = pair.look(Role::Server, &second);
    assert_eq!(opened.len(), second.len());
    for (index, packet) in opened.iter().enumerate() {
        assert_eq!(packet.dcid, cid(&RETRY_SCID));
        assert_eq!(packet.token, b"a token");
        assert_eq!(packet.number, (first.len() + index) as u64, "numbers go on");
        assert!(second[index].len() >= 1200);
    }
    assert!(count(&opened, "CRYPTO") > 0);
    pair.give_all(Role::Server, &second);
    pair.exchange();
    pair.assert_confirmed();
    assert!(pair.client.connection.stats().packets_lost == 0);
}

/// RFC 9000 section 17.2.5.2: every later Initial carries the token.
#[test]
fn repeated_initials_carry_the_token_of_the_retry() {
    let retry_scid = Some(cid(&RETRY_SCID));
    let mut pair = Pair::new(Options { retry_scid, ..Options::default() });
    pair.sent(Role::Client);
    let packet = retry(&pair, &RETRY_SCID, &FIRST_DCID, b"a token");
    pair.give(Role::Client, &packet);
    pair.sent(Role::Client);
    pair.next_timeout(Role::Client);
    let probes = pair.peek(Role::Client);
    assert!(!probes.is_empty());
    assert!(probes.iter().all(|packet| packet.token == b"a token"));
}

/// RFC 9000 section 8.1.3.
#[test]
fn a_token_of_an_earlier_connection_goes_into_the_first_initials() {
    let mut pair = Pair::new(Options { token: b"of old", ..Options::default() });
    let flight = pair.peek(Role::Client);
    assert!(!flight.is_empty() && flight.iter().all(|packet| packet.token == b"of old"));
}

/// RFC 9001 section 5.8, RFC 9000 section 17.2.5.2.
#[test]
fn a_retry_with_a_bad_tag_is_dropped() {
    let mut pair = waiting();
    let mut packet = retry(&pair, &RETRY_SCID, &FIRST_DCID, b"token");
    *packet.last_mut().unwrap() ^= 1;
    assert!(is_untouched(&mut pair, &packet));
    let packet = retry(&pair, &RETRY_SCID, &[1; 8], b"token");
    assert!(is_untouched(&mut pair, &packet));
}

/// RFC 9000 sections 17.2.5.1 and 17.2.5.2.
#[test]
fn a_retry_without_token_or_with_the_same_id_is_dropped() {
    let mut pair = waiting();
    let packet = retry(&pair, &RETRY_SCID, &FIRST_DCID, b"");
    assert!(is_untouched(&mut pair, &packet));
    let packet = retry(&pair, &FIRST_DCID, &FIRST_DCID, b"token");
    assert!(is_untouched(&mut pair, &packet));
}

/// RFC 9000 section 17.2.5.2.
#[test]
fn a_second_retry_is_dropped() {
    let mut pair = waiting();
    let packet = retry(&pair, &RETRY_SCID, &FIRST_DCID, b"token");
    pair.give(Role::Client, &packet);
    for answered in [FIRST_DCID, RETRY_SCID] {
        let packet = retry(&pair, &[0x7f; 8], &answered, b"token");
        assert!(is_untouched(&mut pair, &packet));
    }
}

/// RFC 9000 section 17.2.5.2.
#[test]
fn a_retry_after_any_processed_packet_is_dropped() {
    let mut pair = Pair::new(Options::default());
    let flight = pair.sent(Role::Client);
    pair.give_all(Role::Server, &flight);
    let flight = pair.sent(Role::Server);
    pair.give(Role::Client, &flight[0]);
    let packet = retry(&pair, &RETRY_SCID, &FIRST_DCID, b"token");
    assert!(is_untouched(&mut pair, &packet));
}

/// RFC 9000 section 7.3: whoever wrote the Retry was not the server.
#[test]
fn a_retry_that_the_server_does_not_own_up_to_is_a_parameter_error() {
    let mut pair = waiting();
    let packet = retry(&pair, &RETRY_SCID, &FIRST_DCID, b"token");
    pair.give(Role::Client, &packet);
    pair.server.connection.install_initial_keys(&cid(&RETRY_SCID));
    pair.exchange();
    assert_eq!(pair.client.violation(), Some(Code::TRANSPORT_PARAMETER_ERROR));
}

/// RFC 9000 section 7.3.
#[test]
fn a_server_that_claims_a_retry_nobody_saw_is_refused() {
    let retry_scid = Some(cid(&RETRY_SCID));
    let mut pair = Pair::new(Options { retry_scid, ..Options::default() });
    pair.server.connection.install_initial_keys(&cid(&FIRST_DCID));
    pair.exchange();
    assert_eq!(pair.client.violation(), Some(Code::TRANSPORT_PARAMETER_ERROR));
}

fn bytes(datagrams: &[Vec<u8>]) -> usize {
    datagrams.iter().map(Vec::len).sum()
}

/// RFC 9000 section 8.1.
#[test]
fn a_server_sends_three_bytes_for_each_it_got_until_the_address_is_validated() {
    let mut pair = Pair::new(Options::default());
    let flight = pair.sent(Role::Client);
    pair.give_all(Role::Server, &flight);
    let budget = 3 * bytes(&flight);
    let mut sent = bytes(&pair.sent(Role::Server));
    assert!(sent > 0 && sent <= budget);
    for _ in 0..20 {
        let now = pair.now;
        if pair.server.connection.next_timeout(now).is_none() {
            break;
        }
        pair.next_timeout(Role::Server);
        sent += bytes(&pair.sent(Role::Server));
        assert!(sent <= budget, "{sent} of {budget}");
    }
    assert!(sent > budget - 1200, "the budget is used: {sent} of {budget}");
}

/// RFC 9000 section 8.1: whole datagrams count, also those that cannot be used.
#[test]
fn datagrams_that_are_dropped_count_for_the_amplification_limit() {
    let mut pair = Pair::new(Options::default());
    let flight = pair.sent(Role::Client);
    pair.give_all(Role::Server, &flight);
    pair.sent(Role::Server);
    let before = pair.server.connection.path.amplification.budget();
    pair.give(Role::Server, &[0x55; 100]);
    assert_eq!(pair.server.connection.path.amplification.budget(), before + 300);
}

/// RFC 9002 section 6.2.2.1: the client's probe sets a server at its limit free.
#[test]
fn a_server_at_its_limit_is_set_free_by_the_clients_probe() {
    let mut pair = Pair::new(Options::default());
    let flight = pair.sent(Role::Client);
    pair.give_all(Role::Server, &flight);
    // Everything is lost until the budget is gone.
    for _ in 0..10 {
        pair.sent(Role::Server);
        let now = pair.now;
        if pair.server.connection.next_timeout(now).is_none_or(|at| at > now + SECONDS) {
            break;
        }
        pair.next_timeout(Role::Server);
    }
    assert!(pair.sent(Role::Server).is_empty());
    assert!(pair.run(SECONDS, |pair| pair.client.connection.state() == State::Confirmed));
}

const SECONDS: crate::time::Duration = crate::time::Duration::from_secs(8);

/// RFC 9000 section 8.1.
#[test]
fn a_handshake_packet_or_a_token_validates_the_address() {
    let pair = Pair::established();
    assert!(pair.server.connection.path.amplification.is_validated());
    let pair = Pair::new(Options { address_validated: true, ..Options::default() });
    assert!(pair.server.connection.path.amplification.is_validated());
}

/// RFC 9000 sections 8.1 and 14.1: CONNECTION_CLOSE keeps to the limit, and fills it up to 1200.
#[test]
fn a_close_before_validation_keeps_to_the_limit() {
    let mut pair = Pair::new(Options::default());
    let now = pair.now;
    pair.give(Role::Server, &[0x55; 100]);
    pair.server.connection.close(now, LocalClose::NoError);
    assert_eq!(bytes(&pair.sent(Role::Server)), 300);
    let mut pair = Pair::new(Options::default());
    let flight = pair.sent(Role::Client);
    pair.give_all(Role::Server, &flight);
    pair.server.connection.close(now, LocalClose::NoError);
    let close = pair.sent(Role::Server);
    assert_eq!(close[0].len(), 1200);
    assert!(bytes(&close) <= 3 * bytes(&flight));
}

/// RFC 9000 section 17.2.5.2: whatever a token leaves of the Initial; one that leaves nothing ends in
/// the idle timeout.
#[test]
fn a_retry_token_of_any_length_is_survived() {
    for len in (1100..1250).chain([1, 600, 1400, 1460]) {
        let mut pair = waiting();
        let packet = retry(&pair, &RETRY_SCID, &FIRST_DCID, &vec![7; len]);
        pair.give(Role::Client, &packet);
        for _ in 0..3 {
            let sent = pair.sent(Role::Client);
            assert!(sent.iter().all(|datagram| (1200..=1500).contains(&datagram.len())), "{len}");
            pair.next_timeout(Role::Client);
        }
        let now = pair.now;
        pair.client.connection.close(now, LocalClose::NoError);
        pair.sent(Role::Client);
    }
}
