//! The version of a connection: chosen by the server, or after Version Negotiation.

use super::link::Weather;
use super::pair::{client_session, Options, Pair, FIRST_DCID, SECOND_DCID};
use crate::connection::crypto_stream::CryptoStream;
use crate::connection::parameters::{local_parameters, Identity};
use crate::connection::{Event, Settings, State};
use crate::error::TransportErrorCode as Code;
use crate::recovery::Space;
use crate::time::Duration;
use crate::tls::SeededRandom;
use crate::wire::header::version_negotiation_len;
use crate::wire::header::{encode_version_negotiation, parse_packet, ProtectedHeader};
use crate::wire::transport_parameters::VersionInformation;
use crate::wire::{ConnectionId, LongPacketType, Role, Version, Writer};

const V1: Version = Version::V1;
const V2: Version = Version::V2;
const DRAFT: Version = Version::DRAFT_29;

/// A client that begins with `first` and allows `client`, and a server that speaks `server`.
fn options(first: Version, client: &'static [Version], server: &'static [Version]) -> Options {
    Options {
        client: Settings { version: first, ..Settings::default() },
        client_versions: client,
        server_versions: server,
        ..Options::default()
    }
}

fn versions(pair: &Pair) -> (Version, Version) {
    (pair.client.connection.version(), pair.server.connection.version())
}

fn established(
    first: Version,
    client: &'static [Version],
    server: &'static [Version],
) -> (Version, Version) {
    let mut pair = Pair::established_with(options(first, client, server));
    pair.write(Role::Client, b"over and back");
    pair.exchange();
    assert_eq!(pair.read(Role::Server), b"over and back");
    assert!(pair.server.connection.update_keys());
    pair.write(Role::Server, b"again");
    pair.exchange();
    assert_eq!(pair.read(Role::Client), b"again");
    versions(&pair)
}

/// RFC 9368 section 2.3, RFC 9369 section 4.
#[test]
fn a_server_changes_to_the_version_it_prefers_if_the_client_offers_it() {
    assert_eq!(established(V1, &[V2, V1], &[V2, V1]), (V2, V2));
    assert_eq!(established(V1, &[V1, V2], &[DRAFT, V2, V1]), (V2, V2));
    assert_eq!(established(V2, &[V2, V1], &[V1, V2]), (V1, V1));
}

#[test]
fn nothing_changes_unless_both_ends_want_it() {
    assert_eq!(established(V1, &[V1], &[V2, V1]), (V1, V1));
    assert_eq!(established(V1, &[V2, V1], &[V1, V2]), (V1, V1));
    assert_eq!(established(V1, &[V2, V1], &[V1]), (V1, V1));
    assert_eq!(established(V2, &[V2, V1], &[V2]), (V2, V2));
    assert_eq!(established(V2, &[], &[V2, V1]), (V2, V2));
}

/// RFC 9369 section 4: compatible with versions 1 and 2 is no draft.
#[test]
fn a_draft_stays_what_it_is() {
    assert_eq!(established(DRAFT, &[V2, V1, DRAFT], &[V2, V1, DRAFT]), (DRAFT, DRAFT));
}

/// The versions and types of the long headers in `datagrams`.
fn headers(datagrams: &[Vec<u8>]) -> Vec<(LongPacketType, Version)> {
    let mut found = Vec::new();
    for datagram in datagrams {
        let mut rest = &datagram[..];
        while let Ok(packet) = parse_packet(rest, 8) {
            if let ProtectedHeader::Long { packet_type, version, .. } = packet.header {
                found.push((packet_type, version));
            }
            rest = &rest[packet.len..];
        }
    }
    found
}

/// RFC 9369 section 4.1: all handshake data of the server, and all Handshake packets, are in the
/// negotiated version, and so are the client's Initials once it knows.
#[test]
fn a_change_costs_no_round_trip_and_leaves_the_original_version_at_once() {
    let mut pair = Pair::new(options(V1, &[V2, V1], &[V2, V1]));
    let flight = pair.sent(Role::Client);
    assert!(headers(&flight).iter().all(|header| *header == (LongPacketType::Initial, V1)));
    pair.give_all(Role::Server, &flight);
    let flight = pair.sent(Role::Server);
    assert!(headers(&flight).iter().all(|(_, version)| *version == V2));
    pair.give_all(Role::Client, &flight);
    let flight = pair.sent(Role::Client);
    assert!(headers(&flight).iter().all(|(_, version)| *version == V2));
    pair.give_all(Role::Server, &flight);
    assert_eq!(pair.server.connection.state(), State::Confirmed);
    assert_eq!(pair.client.connection.stats().packets_dropped, 0);
}

/// RFC 9369 section 4.1: the client may not have heard of the change.
#[test]
fn a_server_that_changed_still_reads_initials_of_the_original_version() {
    let mut pair = Pair::new(options(V1, &[V2, V1], &[V2, V1]));
    let flight = pair.sent(Role::Client);
    pair.give_all(Role::Server, &flight);
    pair.sent(Role::Server);
    pair.next_timeout(Role::Client);
    let probes = pair.sent(Role::Client);
    assert!(headers(&probes).iter().all(|header| *header == (LongPacketType::Initial, V1)));
    let before = pair.server.connection.stats().packets_received;
    pair.give_all(Role::Server, &probes);
    let after = pair.server.connection.stats().packets_received;
    assert_eq!(after - before, probes.len() as u64);
    pair.next_timeout(Role::Server);
    pair.exchange();
    pair.assert_confirmed();
    assert_eq!(versions(&pair), (V2, V2));
}

/// A Handshake packet in the new version may overtake the Initial that announces it.
#[test]
fn a_client_follows_when_packets_come_out_of_order() {
    let mut pair = Pair::new(options(V1, &[V2, V1], &[V2, V1]));
    let flight = pair.sent(Role::Client);
    pair.give_all(Role::Server, &flight);
    let flight = pair.sent(Role::Server);
    let initial = parse_packet(&flight[0], 8).unwrap().len;
    assert_eq!(
        headers(&flight)[..2],
        [(LongPacketType::Initial, V2), (LongPacketType::Handshake, V2)]
    );
    pair.give(Role::Client, &flight[0][initial..]);
    assert_eq!(pair.client.connection.version(), V1, "nothing is proven yet");
    pair.give(Role::Client, &flight[0][..initial]);
    assert_eq!(pair.client.connection.version(), V2);
    pair.give_all(Role::Client, &flight[1..]);
    assert_eq!(pair.client.connection.state(), State::Complete);
    pair.exchange();
    pair.assert_confirmed();
}

#[test]
fn a_change_survives_loss_reordering_and_duplication() {
    for seed in 1..60 {
        let weather =
            Weather { seed, loss: 200, reorder: 200, duplicate: 100, ..Weather::default() };
        let mut pair = Pair::new(Options { weather, ..options(V1, &[V2, V1], &[V2, V1]) });
        let done = |pair: &mut Pair| {
            [&pair.client, &pair.server]
                .iter()
                .all(|end| end.connection.state() == State::Confirmed)
        };
        assert!(pair.run(Duration::from_secs(60), done), "seed {seed}");
        assert_eq!(versions(&pair), (V2, V2), "seed {seed}");
    }
}

/// Whoever is on the path can seal Initials, and still not move the client to another version but
/// to one that it offered.
#[test]
fn a_client_follows_only_where_it_offered_to_go() {
    let mut pair = Pair::new(options(V1, &[V1], &[V1]));
    let flight = pair.sent(Role::Client);
    pair.give_all(Role::Server, &flight);
    pair.sent(Role::Server);
    let mut other = Pair::new(options(V1, &[V2, V1], &[V2, V1]));
    let flight = other.sent(Role::Client);
    other.give_all(Role::Server, &flight);
    let flight = other.sent(Role::Server);
    pair.give_all(Role::Client, &flight);
    assert_eq!(pair.client.connection.version(), V1);
    pair.next_timeout(Role::Server);
    pair.exchange();
    pair.assert_confirmed();
}

/// Our parameters with `information` in them, as `role` sends them in the pairs here.
fn parameters(role: Role, information: Option<VersionInformation>) -> Vec<u8> {
    let cid = |bytes: [u8; 8]| ConnectionId::new(&bytes);
    let identity = match role {
        Role::Client => Identity {
            source: cid([0xc0; 8]).unwrap(),
            original_destination: None,
            retry_source: None,
            reset_token: None,
            preferred: None,
        },
        Role::Server => Identity {
            source: cid([0x50; 8]).unwrap(),
            original_destination: cid(SECOND_DCID),
            retry_source: None,
            reset_token: None,
            preferred: None,
        },
    };
    let mut parameters = local_parameters(&Settings::default(), &identity);
    parameters.version_information = information;
    parameters.encode(role, &mut SeededRandom::new([4; 32]))
}

fn information(chosen: Version, available: &[Version]) -> Option<VersionInformation> {
    Some(VersionInformation { chosen, available: available.iter().copied().collect() })
}

/// RFC 9368 section 4: the client names the version of its first flight.
#[test]
fn a_client_that_names_another_version_than_it_uses_is_refused() {
    let mut pair = Pair::new(Options::default());
    let (now, client) = (pair.now, &mut pair.client.connection);
    let lie = parameters(Role::Client, information(V2, &[V2, V1]));
    client.tls = client_session(&lie);
    client.space(Space::Initial).unwrap().crypto = CryptoStream::default();
    client.run_tls(now).unwrap();
    pair.exchange();
    assert_eq!(pair.server.violation(), Some(Code::VERSION_NEGOTIATION_ERROR));
}

/// What a client that began with draft 29 makes of a server that answers with Version Negotiation
/// for `offered` and then says `said` in version `taken`.
fn after_negotiation(
    allowed: &'static [Version],
    offered: &[Version],
    taken: Version,
    said: Option<VersionInformation>,
) -> Pair {
    let speaks: &[Version] = if taken == V1 { &[V1] } else { &[V2] };
    let taken = Some((taken, SECOND_DCID));
    let mut pair = Pair::new(Options { taken, ..options(DRAFT, allowed, speaks) });
    pair.sent(Role::Client);
    give_negotiation(&mut pair, &FIRST_DCID, offered);
    let lie = parameters(Role::Server, said);
    pair.server.connection.tls.set_transport_parameters(&lie).unwrap();
    pair.exchange();
    pair
}

fn give_negotiation(pair: &mut Pair, scid: &[u8], offered: &[Version]) {
    let dcid = pair.client.connection.local_cids().primary();
    let mut packet = vec![0; version_negotiation_len(dcid.as_slice(), scid, offered)];
    let mut writer = Writer::new(&mut packet);
    encode_version_negotiation(&mut writer, 0, dcid.as_slice(), scid, offered);
    pair.give(Role::Client, &packet);
}

/// RFC 9000 section 6.2, RFC 9368 section 2.1.
#[test]
fn a_client_begins_anew_with_a_version_in_common() {
    let mut pair = after_negotiation(
        &[V2, V1, DRAFT],
        &[Version(0x1a2a_3a4a), V1],
        V1,
        information(V1, &[V1]),
    );
    pair.assert_confirmed();
    assert_eq!(versions(&pair), (V1, V1));
    assert_eq!(pair.client.count(|event| matches!(event, Event::HandshakeComplete)), 1);
    pair.write(Role::Client, b"after all");
    pair.exchange();
    assert_eq!(pair.read(Role::Server), b"after all");
}

/// What the application wrote before the answer is not lost.
#[test]
fn what_was_written_before_the_negotiation_goes_out_after_it() {
    let mut pair = Pair::new(Options {
        taken: Some((V1, SECOND_DCID)),
        ..options(DRAFT, &[V1, DRAFT], &[V1])
    });
    pair.write(Role::Client, b"early bird");
    pair.sent(Role::Client);
    give_negotiation(&mut pair, &FIRST_DCID, &[V1]);
    pair.exchange();
    pair.assert_confirmed();
    assert_eq!(pair.read(Role::Server), b"early bird");
}

/// RFC 9000 section 6.2: only the first one counts.
#[test]
fn a_second_version_negotiation_is_ignored() {
    let mut pair = Pair::new(options(DRAFT, &[V2, V1], &[V2, V1]));
    pair.sent(Role::Client);
    give_negotiation(&mut pair, &FIRST_DCID, &[V1]);
    assert_eq!(pair.client.connection.version(), V1);
    give_negotiation(&mut pair, &SECOND_DCID, &[V2]);
    give_negotiation(&mut pair, &SECOND_DCID, &[Version(0x1a2a_3a4a)]);
    assert_eq!(pair.client.connection.version(), V1);
    assert_eq!(pair.client.connection.state(), State::Handshaking);
}

/// RFC 9369 section 5: the token came in the other version.
#[test]
fn a_token_of_the_first_version_is_not_shown_in_another() {
    let mut pair = Pair::new(Options {
        token: b"of old",
        taken: Some((V1, SECOND_DCID)),
        ..options(DRAFT, &[V1, DRAFT], &[V1])
    });
    pair.sent(Role::Client);
    give_negotiation(&mut pair, &FIRST_DCID, &[V1]);
    let packets = pair.peek(Role::Client);
    assert!(!packets.is_empty() && packets.iter().all(|packet| packet.token.is_empty()));
}

/// RFC 9368 section 4: an attacker's Version Negotiation is found out.
#[test]
fn a_server_whose_list_would_have_led_elsewhere_ends_the_connection() {
    // It speaks the version that the client began with.
    let pair = after_negotiation(&[V2, V1, DRAFT], &[V1], V1, information(V1, &[V1, DRAFT]));
    assert_eq!(pair.client.violation(), Some(Code::VERSION_NEGOTIATION_ERROR));
    // It speaks one that the client would rather have had.
    let pair = after_negotiation(&[V2, V1, DRAFT], &[V1], V1, information(V1, &[V1, V2]));
    assert_eq!(pair.client.violation(), Some(Code::VERSION_NEGOTIATION_ERROR));
    // It does not even list what it speaks.
    let pair = after_negotiation(&[V2, V1, DRAFT], &[V1], V1, information(V1, &[]));
    assert_eq!(pair.client.violation(), Some(Code::VERSION_NEGOTIATION_ERROR));
}

/// RFC 9368 sections 4 and 8: only a server of version 1 may have nothing to say.
#[test]
fn a_server_that_negotiated_and_does_not_say_so_is_refused_but_in_version_1() {
    let pair = after_negotiation(&[V2, V1], &[V2], V2, None);
    assert_eq!(pair.client.violation(), Some(Code::VERSION_NEGOTIATION_ERROR));
    let pair = after_negotiation(&[V2, V1], &[V1], V1, None);
    pair.assert_confirmed();
}

/// RFC 9368 section 4.
#[test]
fn a_server_that_names_another_version_than_it_uses_is_refused() {
    let pair = after_negotiation(&[V2, V1], &[V1], V1, information(V2, &[V1]));
    assert_eq!(pair.client.violation(), Some(Code::VERSION_NEGOTIATION_ERROR));
}

/// RFC 9369 section 4.1 and RFC 9000 section 17.2.5: the Retry is in the original version.
#[test]
fn a_change_after_a_retry_keeps_the_connection_ids_authentic() {
    use crate::tls::retry_integrity_tag;
    use crate::wire::header::{encode_retry, retry_len};
    let retry_scid = ConnectionId::new(&[0x7e; 8]);
    let mut pair = Pair::new(Options {
        retry_scid,
        address_validated: true,
        ..options(V1, &[V2, V1], &[V2, V1])
    });
    pair.sent(Role::Client);
    let (dcid, scid) = (pair.client.connection.local_cids().primary(), retry_scid.unwrap());
    for version in [V2, V1] {
        let mut packet = vec![0; retry_len(&dcid, &scid, b"token")];
        encode_retry(&mut Writer::new(&mut packet), 0, version, &dcid, &scid, b"token");
        packet.extend(retry_integrity_tag(version, &FIRST_DCID, &packet));
        pair.give(Role::Client, &packet);
        let taken = *pair.client.connection.remote_cid() == scid;
        assert_eq!(taken, version == V1, "a Retry in another version is dropped");
    }
    pair.exchange();
    pair.assert_confirmed();
    assert_eq!(versions(&pair), (V2, V2));
}
