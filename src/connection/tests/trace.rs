//! What a connection tells its trace.

use super::link::Weather;
use super::pair::{Options, Pair};
use crate::connection::{Connection, LocalClose, MIN_DATAGRAM_SIZE};
use crate::observe::{Filter, Importance};
use crate::time::Duration;
use crate::wire::Role;

/// Enough for a handshake.
const SETTLED: Duration = Duration::from_millis(300);

fn traced(options: Options, filter: Filter) -> Pair {
    let mut pair = Pair::new(options);
    let now = pair.now;
    pair.client.connection.start_trace(filter, now, now);
    pair.server.connection.start_trace(filter, now, now);
    pair
}

fn records(connection: &mut Connection) -> Vec<String> {
    connection.take_records().iter().map(|(_, text)| text.to_owned()).collect()
}

/// The names of events, each once, in the order of the first.
fn names(records: &[String]) -> Vec<&str> {
    let mut names = Vec::new();
    for record in records {
        let name = record.split('"').nth(5).unwrap();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

fn all() -> Filter {
    Filter::at_least(Importance::Removed)
}

#[test]
fn a_life_is_told_from_beginning_to_end() {
    let mut pair = traced(Options::default(), all());
    pair.run_for(SETTLED);
    pair.write(Role::Client, &[7; 5000]);
    pair.run_for(Duration::from_millis(500));
    let now = pair.now;
    pair.client.connection.close(now, LocalClose::Application(0x107));
    pair.run_for(Duration::from_secs(5));
    for (connection, role) in
        [(&mut pair.client.connection, Role::Client), (&mut pair.server.connection, Role::Server)]
    {
        let records = records(connection);
        let names = names(&records);
        for name in [
            "connectivity:connection_started",
            "connectivity:connection_state_updated",
            "connectivity:connection_closed",
            "security:key_updated",
            "security:key_retired",
            "transport:version_information",
            "transport:alpn_information",
            "transport:parameters_set",
            "transport:packet_sent",
            "transport:packet_received",
            "transport:datagrams_sent",
            "transport:datagrams_received",
            "recovery:parameters_set",
            "recovery:metrics_updated",
            "recovery:congestion_state_updated",
            "recovery:loss_timer_updated",
        ] {
            assert!(names.contains(&name), "{name} at the {role:?}: {names:?}");
        }
        let closed = records.iter().find(|text| text.contains("connection_closed")).unwrap();
        assert!(closed.contains(r#""application_code":263"#), "{closed}");
        assert!(records.iter().all(|text| text.contains(r#""group_id":"d0d0d0d0d0d0d0d0""#)));
        let remote = records.iter().any(|text| text.contains(r#""owner":"remote","disable"#));
        assert!(remote, "the peer's parameters");
    }
}

#[test]
fn every_packet_sent_and_received_is_told_with_its_frames() {
    let mut pair = traced(Options::default(), all());
    pair.run_for(SETTLED);
    pair.run_for(Duration::from_millis(500));
    let sent = pair.server.connection.stats().packets_sent as usize;
    let received = pair.server.connection.stats().packets_received as usize;
    let records = records(&mut pair.server.connection);
    let count = |name: &str| records.iter().filter(|text| text.contains(name)).count();
    assert_eq!((count("packet_sent\""), count("packet_received\"")), (sent, received));
    let first = records.iter().find(|text| text.contains("packet_received\"")).unwrap();
    for part in [
        r#""packet_type":"initial","packet_number":0"#,
        &format!(r#""length":{MIN_DATAGRAM_SIZE}"#),
        r#""frame_type":"crypto","offset":0"#,
        r#""frame_type":"padding""#,
    ] {
        assert!(first.contains(part), "{part} in {first}");
    }
}

#[test]
fn losses_and_the_way_the_window_goes_are_told() {
    let weather = Weather { loss: 100, seed: 3, ..Weather::default() };
    let mut pair = traced(Options { weather, ..Options::default() }, all());
    pair.run_for(SETTLED);
    pair.write(Role::Client, &[7; 200_000]);
    pair.run_for(Duration::from_secs(20));
    let lost = pair.client.connection.stats().packets_lost as usize;
    let records = records(&mut pair.client.connection);
    let told = records.iter().filter(|text| text.contains("recovery:packet_lost")).count();
    assert!(lost > 0 && told == lost, "{told} of {lost}");
    assert!(records.iter().any(|text| text.contains(r#""new":"recovery""#)));
    assert!(records.iter().any(|text| text.contains("bytes_in_flight")));
}

#[test]
fn importance_holds_for_whole_connections() {
    let mut pair = traced(Options::default(), Filter::at_least(Importance::Core));
    pair.run_for(SETTLED);
    let core = records(&mut pair.client.connection);
    assert_eq!(
        names(&core),
        [
            "transport:version_information",
            "transport:parameters_set",
            "transport:packet_sent",
            "recovery:metrics_updated",
            "transport:packet_received",
            "transport:alpn_information",
        ]
    );
    pair.client.connection.set_trace_filter(Filter { least: Importance::Base, frequent: false });
    let now = pair.now;
    pair.client.connection.close(now, LocalClose::NoError);
    let base = records(&mut pair.client.connection);
    assert_eq!(
        names(&base),
        ["connectivity:connection_closed", "connectivity:connection_state_updated"]
    );
}

#[test]
fn a_connection_that_nobody_listens_to_keeps_no_trace() {
    let mut pair = Pair::new(Options::default());
    pair.run_for(SETTLED);
    assert!(!pair.client.connection.is_traced());
    assert!(pair.client.connection.take_records().is_empty());
}

/// Challenge data, tokens and connection IDs are any bytes; a record stays one line of JSON.
#[test]
fn records_are_one_line_of_text_each() {
    let mut pair = traced(Options { token: b"\0%s\"\n", ..Options::default() }, all());
    pair.run_for(SETTLED);
    for record in records(&mut pair.server.connection) {
        assert!(record.starts_with('{') && record.ends_with('}'));
        assert!(!record.contains(|symbol: char| symbol.is_control()), "{record}");
        assert_eq!(record.matches('{').count(), record.matches('}').count());
    }
}
