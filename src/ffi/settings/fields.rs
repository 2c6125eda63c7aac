//! What becomes of each field: its default, its value, and what a later call leaves of it.

use super::*;
use crate::connection::MIN_DATAGRAM_SIZE;
use crate::ffi::abi::XQC_IDRAFT_VER_29;
use crate::wire::Version;

/// One field of `xqc_conn_settings_t`.
struct Field {
    name: &'static str,
    set: fn(&mut xqc_conn_settings_t),
    seen: fn(&ConnectionTerms) -> u64,
    /// What a cleared struct leads to.
    default: u64,
    /// What `set` leads to.
    given: u64,
    /// The value stays when a later call to `xqc_server_set_conn_settings` clears the field.
    sticky: bool,
    /// A client that clears the field gets the value of its engine.
    inherited: bool,
}

/// `name: value to set, way to see it: default => given, sticky, inherited`.
macro_rules! fields {
    ($($name:ident = $value:expr, $seen:expr, $default:expr => $given:expr $(, $trait:ident)*;)*) => {
        [$(Field {
            name: stringify!($name),
            set: |host| host.$name = $value,
            seen: $seen,
            default: $default,
            given: $given,
            sticky: [$(stringify!($trait)),*].contains(&"sticky"),
            inherited: [$(stringify!($trait)),*].contains(&"inherited"),
        }),*]
    };
}

fn fields() -> impl Iterator<Item = Field> {
    const DATAGRAM: u64 = MIN_DATAGRAM_SIZE as u64;
    let fields = fields! {
        pacing_on = 1, |t| t.settings.pacing.into(), 0 => 1;
        so_sndbuf = 50_000, |t| t.settings.window_limit, u64::MAX => 50_000;
        sndq_packets_used_max = 10, |t| t.settings.send_capacity, 18_000 * DATAGRAM => 10 * DATAGRAM;
        idle_time_out = 7, |t| t.settings.idle_timeout.as_millis(), 120_000 => 7, sticky;
        spurious_loss_detect_on = 1, |t| t.settings.learn_reordering.into(), 0 => 1;
        keyupdate_pkt_threshold = 9, |t| t.settings.key_update_threshold, 0 => 9;
        max_datagram_frame_size = 9, |t| t.settings.datagrams.max_frame_size.into(), 0 => 9;
        max_ack_delay = 7, |t| t.settings.max_ack_delay.as_millis(), 25 => 7, sticky;
        ack_frequency = 7, |t| t.settings.ack_frequency.into(), 2 => 7, sticky, inherited;
        adaptive_ack_frequency = 1, |t| t.settings.adaptive_acks.into(), 0 => 1;
        loss_detection_pkt_thresh = 7, |t| t.settings.packet_threshold, 3 => 7, sticky, inherited;
        pto_backoff_factor = 4.0, |t| t.settings.probes.backoff_factor as u64, 2 => 4, sticky, inherited;
        recv_rate_bytes_per_sec = 7, |t| t.settings.receive_rate, 0 => 7;
        enable_stream_rate_limit = 1,
            |t| t.settings.limited_stream_window.unwrap_or(0), 0 => 63_000;
        is_interop_mode = 1, |t| t.settings.limits().max_data, 64 << 20 => 1 << 20;
        initial_rtt = 7, |t| t.settings.initial_rtt.as_micros(), 250_000 => 7;
        initial_pto_duration = 7, |t| t.settings.probes.initial.as_micros(), 0 => 7;
        disable_send_mmsg = 1, |t| t.disable_send_mmsg.into(), 0 => 1;
        max_udp_payload_size = 1_300,
            |t| t.settings.max_udp_payload_size.into(), 1_500 => 1_300, sticky, inherited;
        max_pkt_out_size = 1_300,
            |t| t.settings.max_datagram_size.into(), DATAGRAM => 1_300, sticky, inherited;
        pmtud_probing_interval = 7,
            |t| t.settings.mtu_search.interval.as_micros(), 500_000 => 7, sticky, inherited;
        max_streams_bidi = 7, |t| t.settings.limits().max_streams_bidi, 1_024 => 7, sticky;
        max_streams_uni = 7, |t| t.settings.limits().max_streams_uni, 1_024 => 7, sticky;
        simulate_ecn = 1, |t| t.settings.always_report_ecn.into(), 0 => 1;
        extended_ack_features = 2,
            |t| t.settings.receive_timestamps.is_some().into(), 0 => 1, sticky;
    };
    fields.into_iter()
}

/// Fields that concern servers or clients only.
fn of_one_role(role: Role) -> Vec<Field> {
    let fields = match role {
        Role::Server => fields! {
            init_idle_time_out = 7,
                |t| t.settings.handshake_idle_timeout.as_millis(), 10_000 => 7, sticky;
            anti_amplification_limit = 2,
                |t| t.settings.anti_amplification_limit, 3 => 2, sticky;
            // Upstream never copies these two.
            control_pto_value = 1, |t| t.settings.probes.short.into(), 0 => 0;
            disable_pn_skipping = 1,
                |t| t.settings.disable_packet_number_skipping.into(), 0 => 0;
        },
        Role::Client => fields! {
            ping_on = 1, |t| t.settings.keep_alive.into(), 0 => 1;
            proto_version = XQC_IDRAFT_VER_29,
                |t| u64::from(t.settings.version == Version::DRAFT_29), 0 => 1;
            control_pto_value = 1, |t| t.settings.probes.short.into(), 0 => 1;
            disable_pn_skipping = 1,
                |t| t.settings.disable_packet_number_skipping.into(), 0 => 1;
        },
    };
    fields.into_iter().collect()
}

fn cleared() -> xqc_conn_settings_t {
    xqc_conn_settings_t::ZERO
}

fn set(field: &Field) -> xqc_conn_settings_t {
    let mut host = cleared();
    (field.set)(&mut host);
    host
}

#[test]
fn a_cleared_field_is_the_default_and_a_set_one_acts() {
    for role in [Role::Server, Role::Client] {
        for field in fields().chain(of_one_role(role)) {
            let seen = |host: &_| (field.seen)(&terms(host, &Settings::default(), role));
            assert_eq!(seen(&cleared()), field.default, "{} at {role:?}", field.name);
            assert_eq!(seen(&set(&field)), field.given, "{} at {role:?}", field.name);
        }
    }
}

#[test]
fn a_later_call_of_a_server_keeps_limits_and_clears_switches() {
    for field in fields().chain(of_one_role(Role::Server)) {
        let first = terms(&set(&field), &Settings::default(), Role::Server).settings;
        let kept = (field.seen)(&terms(&cleared(), &first, Role::Server));
        let expected = if field.sticky { field.given } else { field.default };
        assert_eq!(kept, expected, "{}", field.name);
    }
}

#[test]
fn a_client_takes_a_few_values_of_its_engine_and_no_others() {
    for field in fields().chain(of_one_role(Role::Client)) {
        let engine = terms(&set(&field), &Settings::default(), Role::Client).settings;
        let taken = (field.seen)(&client_terms(&cleared(), &engine));
        let expected = if field.inherited { field.given } else { field.default };
        assert_eq!(taken, expected, "{}", field.name);
    }
}

#[test]
fn the_template_is_what_a_cleared_struct_means() {
    for role in [Role::Server, Role::Client] {
        for field in fields().chain(of_one_role(role)) {
            let seen = |host: &_| (field.seen)(&terms(host, &Settings::default(), role));
            assert_eq!(seen(&template(false)), seen(&cleared()), "{} at {role:?}", field.name);
        }
    }
}

/// The fields of the struct, read off its definition.
fn names() -> impl Iterator<Item = &'static str> {
    let source = include_str!("../abi/settings.rs");
    let (_, fields) = source.split_once("pub struct xqc_conn_settings_t {").unwrap_or_default();
    let (fields, _) = fields.split_once("\n}").unwrap_or_default();
    fields.lines().filter_map(|line| line.trim().strip_prefix("pub ")?.split(':').next())
}

#[test]
fn every_field_is_in_the_manual() {
    let manual = include_str!("../../../docs/SETTINGS.md");
    assert!(names().count() > 70);
    for name in names() {
        assert!(manual.contains(&format!("| `{name}` |")), "docs/SETTINGS.md lacks {name}");
    }
}
