//! Transport parameters as both ends take them over.

use super::pair::{client_session, Options, Pair};
use crate::connection::crypto_stream::CryptoStream;
use crate::connection::parameters::{local_parameters, Identity};
use crate::connection::Settings;
use crate::error::TransportErrorCode as Code;
use crate::recovery::Space;
use crate::time::Duration;
use crate::tls::SeededRandom;
use crate::wire::{ConnectionId, Role, TransportParameters};

/// The parameters that `role` of a new pair would send.
fn parameters(pair: &mut Pair, role: Role) -> TransportParameters {
    let connection = &pair.end(role).connection;
    let server = role == Role::Server;
    let identity = Identity {
        source: connection.local_cids().primary(),
        original_destination: server.then(|| connection.early.as_ref().unwrap().original_dcid),
        retry_source: None,
        reset_token: None,
        preferred: None,
    };
    local_parameters(connection.settings(), &identity)
}

/// Has `role` of a new pair send `bytes` as its parameters.
fn replace(pair: &mut Pair, role: Role, bytes: &[u8]) {
    let now = pair.now;
    let connection = &mut pair.end(role).connection;
    match role {
        Role::Server => connection.tls.set_transport_parameters(bytes).unwrap(),
        Role::Client => {
            connection.tls = client_session(bytes);
            connection.space(Space::Initial).unwrap().crypto = CryptoStream::default();
            connection.run_tls(now).unwrap();
        }
    }
}

/// The code with which the other end closes when `role` sends parameters as `change` leaves them,
/// followed by `extra`.
fn verdict(
    role: Role,
    change: impl FnOnce(&mut TransportParameters),
    extra: &[u8],
) -> Option<Code> {
    let mut pair = Pair::new(Options::default());
    let mut changed = parameters(&mut pair, role);
    change(&mut changed);
    let mut bytes = changed.encode(role, &mut SeededRandom::new([7; 32]));
    bytes.extend_from_slice(extra);
    replace(&mut pair, role, &bytes);
    pair.exchange();
    pair.end(role.peer()).violation()
}

const ERROR: Option<Code> = Some(Code::TRANSPORT_PARAMETER_ERROR);

fn other() -> Option<ConnectionId> {
    ConnectionId::new(&[9; 8])
}

#[test]
fn unchanged_parameters_are_accepted() {
    assert_eq!(verdict(Role::Client, |_| {}, &[]), None);
    assert_eq!(verdict(Role::Server, |_| {}, &[]), None);
}

/// RFC 9000 section 7.3.
#[test]
fn the_source_id_of_the_header_has_to_be_confirmed() {
    for role in [Role::Client, Role::Server] {
        let missing = verdict(role, |p| p.initial_source_connection_id = None, &[]);
        let wrong = verdict(role, |p| p.initial_source_connection_id = other(), &[]);
        assert_eq!((missing, wrong), (ERROR, ERROR), "{role:?}");
    }
}

/// RFC 9000 section 7.3.
#[test]
fn the_first_destination_id_has_to_be_confirmed() {
    let missing = verdict(Role::Server, |p| p.original_destination_connection_id = None, &[]);
    let wrong = verdict(Role::Server, |p| p.original_destination_connection_id = other(), &[]);
    assert_eq!((missing, wrong), (ERROR, ERROR));
}

/// RFC 9000 section 7.3.
#[test]
fn a_retry_that_did_not_happen_must_not_be_confirmed() {
    assert_eq!(verdict(Role::Server, |p| p.retry_source_connection_id = other(), &[]), ERROR);
}

/// RFC 9000 section 18.2.
#[test]
fn a_client_must_not_send_what_is_a_servers() {
    let token = [&[0x02, 16][..], &[1; 16]].concat();
    for parameter in [&[0x00, 0][..], &[0x10, 0], &token] {
        assert_eq!(verdict(Role::Client, |_| {}, parameter), ERROR, "{parameter:x?}");
    }
}

/// RFC 9000 sections 7.4 and 18.2.
#[test]
fn values_out_of_range_or_repeated_are_parameter_errors() {
    let cases: [&[u8]; 9] = [
        &[0x03, 2, 0x44, 0xaf],                // max_udp_payload_size 1199
        &[0x0a, 1, 21],                        // ack_delay_exponent
        &[0x0b, 4, 0x80, 0, 0x40, 0],          // max_ack_delay 2^14
        &[0x0e, 1, 1],                         // active_connection_id_limit
        &[0x08, 8, 0xd0, 0, 0, 0, 0, 0, 0, 1], // initial_max_streams_bidi
        &[0x0c, 1, 0],                         // disable_active_migration with a value
        &[0x01, 2, 0, 0],                      // a byte too many
        &[0x01, 1],                            // cut short
        &[0x60, 0x1b, 1, 5, 0x60, 0x1b, 1, 5], // the same twice
    ];
    for role in [Role::Client, Role::Server] {
        for case in cases {
            assert_eq!(verdict(role, |p| *p = bare(p), case), ERROR, "{role:?} {case:x?}");
        }
    }
}

/// No more than has to be there.
fn bare(full: &TransportParameters) -> TransportParameters {
    TransportParameters {
        initial_source_connection_id: full.initial_source_connection_id,
        original_destination_connection_id: full.original_destination_connection_id,
        ..TransportParameters::default()
    }
}

/// RFC 9000 sections 7.4.2 and 18.1.
#[test]
fn unknown_and_reserved_parameters_are_ignored() {
    for extra in [&[0x1b, 3, 1, 2, 3][..], &[0x7f, 0xff, 0]] {
        assert_eq!(verdict(Role::Client, |_| {}, extra), None);
        assert_eq!(verdict(Role::Server, |_| {}, extra), None);
    }
}

/// RFC 9000 section 10.1.
#[test]
fn the_idle_timeout_is_the_shorter_one_and_zero_means_none() {
    let (none, short, long) = (Duration::ZERO, Duration::from_secs(5), Duration::from_secs(50));
    let cases = [(short, long, short), (long, short, short), (none, long, long)];
    for (client, server, effective) in
        cases.into_iter().chain([(long, none, long), (none, none, none)])
    {
        let with = |idle_timeout| Settings { idle_timeout, ..Settings::default() };
        let pair = Pair::established_with(Options {
            client: with(client),
            server: with(server),
            ..Options::default()
        });
        for end in [&pair.client, &pair.server] {
            assert_eq!(end.connection.effective_idle_timeout(), effective);
        }
    }
}

/// RFC 9000 section 18.2.
#[test]
fn no_datagram_is_larger_than_the_peer_takes() {
    let client = Settings { max_datagram_size: 1400, ..Settings::default() };
    let server = Settings { max_udp_payload_size: 1300, ..Settings::default() };
    let mut pair = Pair::established_with(Options { client, server, ..Options::default() });
    pair.write(Role::Client, &[0; 5000]);
    let largest = pair.sent(Role::Client).iter().map(Vec::len).max();
    assert_eq!(largest, Some(1300));
}

/// RFC 9000 section 7.4: the peer's limits hold for what we send.
#[test]
fn the_peers_flow_control_limits_are_kept() {
    let server = Settings { initial_max_data: 1000, ..Settings::default() };
    let mut pair = Pair::established_with(Options { server, ..Options::default() });
    pair.write(Role::Client, &[7; 5000]);
    pair.exchange();
    let mut read = pair.read(Role::Server);
    assert_eq!(read.len(), 1000);
    while read.len() < 5000 {
        pair.exchange();
        let more = pair.read(Role::Server);
        assert!(!more.is_empty());
        read.extend(more);
    }
    pair.assert_confirmed();
}
