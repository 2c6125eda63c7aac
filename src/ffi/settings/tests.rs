//! Settings of hosts: defaults, clamps, and what a later call leaves as it was.

use super::*;
use crate::recovery::ProbePolicy;

fn server(host: &xqc_conn_settings_t, base: &Settings) -> Arc<Settings> {
    terms(host, base, Role::Server).settings
}

#[test]
fn a_cleared_struct_means_the_defaults() {
    let defaults = Settings::default();
    let settings = server(&xqc_conn_settings_t::ZERO, &defaults);
    assert_eq!(settings.idle_timeout, Duration::from_secs(120));
    assert_eq!(settings.handshake_idle_timeout, Duration::from_secs(10));
    assert_eq!(settings.anti_amplification_limit, 3);
    assert_eq!(settings.max_udp_payload_size, 1500);
    assert_eq!(settings.max_datagram_size, 1200);
    assert_eq!(settings.initial_rtt, Duration::from_millis(250));
    assert_eq!(settings.ack_frequency, 2);
    assert_eq!(settings.max_ack_delay, Duration::from_millis(25));
    assert_eq!(settings.initial_max_streams_bidi, 1024);
    assert_eq!(settings.initial_max_data, 64 << 20);
    assert_eq!(settings.linger, Linger::Off);
    assert!(!settings.pacing && !settings.keep_alive);
}

#[test]
fn values_out_of_range_are_clamped() {
    let host = xqc_conn_settings_t {
        max_ack_delay: 1000,
        max_pkt_out_size: 9000,
        max_udp_payload_size: 1 << 20,
        max_streams_bidi: u64::MAX,
        idle_time_out: u64::MAX,
        ..xqc_conn_settings_t::ZERO
    };
    let settings = server(&host, &Settings::default());
    assert_eq!(settings.max_ack_delay, Duration::from_millis(25));
    assert_eq!(settings.max_datagram_size, 1420);
    assert_eq!(settings.max_udp_payload_size, 65_527);
    assert_eq!(settings.initial_max_streams_bidi, 1 << 60);
    assert_eq!(settings.initial_max_data, 64 << 20);
    assert!(settings.idle_timeout > Duration::from_secs(1 << 30));
}

#[test]
fn packets_too_small_for_the_handshake_are_not_made() {
    let host = xqc_conn_settings_t { max_pkt_out_size: 500, ..xqc_conn_settings_t::ZERO };
    assert_eq!(server(&host, &Settings::default()).max_datagram_size, 1200);
}

#[test]
fn a_server_keeps_the_limits_that_a_later_call_leaves_at_zero() {
    let first = xqc_conn_settings_t {
        idle_time_out: 7_000,
        max_streams_uni: 3,
        pacing_on: 1,
        ..xqc_conn_settings_t::ZERO
    };
    let first = server(&first, &Settings::default());
    let second = server(&xqc_conn_settings_t::ZERO, &first);
    assert_eq!(second.idle_timeout, Duration::from_secs(7));
    assert_eq!(second.initial_max_streams_uni, 3);
    // Switches say what the last call says.
    assert!(!second.pacing);
}

#[test]
fn the_credit_of_the_connection_is_what_few_streams_may_have_and_bounded() {
    let credit = |max_streams_bidi, max_streams_uni| {
        let host =
            xqc_conn_settings_t { max_streams_bidi, max_streams_uni, ..xqc_conn_settings_t::ZERO };
        server(&host, &Settings::default()).initial_max_data
    };
    assert_eq!(credit(1, 2), 3 * (16 << 20));
    assert_eq!(credit(100, 3), 64 << 20);
}

#[test]
fn a_receive_rate_bounds_the_credit_of_the_connection() {
    let credit = |rate| {
        let host =
            xqc_conn_settings_t { recv_rate_bytes_per_sec: rate, ..xqc_conn_settings_t::ZERO };
        server(&host, &Settings::default()).initial_max_data
    };
    assert_eq!(credit(4_000_000), 240_000);
    assert_eq!(credit(1), 63_000);
    assert_eq!(credit(u64::MAX), 16 << 20);
}

#[test]
fn loss_detection_is_as_the_host_says() {
    let host = xqc_conn_settings_t {
        spurious_loss_detect_on: 1,
        loss_detection_pkt_thresh: 9,
        pto_backoff_factor: 1.5,
        control_pto_value: 1,
        initial_pto_duration: 123,
        adaptive_ack_frequency: 1,
        so_sndbuf: 100_000,
        ..xqc_conn_settings_t::ZERO
    };
    let settings = client_terms(&host, &Settings::default()).settings;
    assert!(settings.learn_reordering && settings.adaptive_acks);
    assert_eq!(settings.packet_threshold, 9);
    assert_eq!(settings.window_limit, 100_000);
    let initial = Duration::from_micros(123);
    let probes = ProbePolicy { backoff_factor: 1.5, short: true, initial };
    assert_eq!(settings.probes, probes);
}

#[test]
fn factors_and_bounds_without_sense_are_clamped() {
    let factor = |pto_backoff_factor| {
        let host = xqc_conn_settings_t { pto_backoff_factor, ..xqc_conn_settings_t::ZERO };
        server(&host, &Settings::default()).probes.backoff_factor
    };
    assert_eq!([0.0, -1.0, f64::NAN].map(factor), [2.0; 3]);
    assert_eq!([0.5, 1.0, 7.0].map(factor), [1.0, 1.0, 7.0]);
    let host = xqc_conn_settings_t { so_sndbuf: 1, ..xqc_conn_settings_t::ZERO };
    assert_eq!(server(&host, &Settings::default()).window_limit, 2400);
}

#[test]
fn a_rate_of_streams_lowers_the_credit_of_our_own() {
    let limits = |init_recv_window| {
        let host = xqc_conn_settings_t {
            enable_stream_rate_limit: 1,
            init_recv_window,
            ..xqc_conn_settings_t::ZERO
        };
        server(&host, &Settings::default()).limits()
    };
    assert_eq!(limits(0).max_stream_data_bidi_local, 63_000);
    assert_eq!(limits(100).max_stream_data_bidi_local, 1_420);
    assert_eq!(limits(1 << 20).max_stream_data_bidi_local, 1 << 20);
    assert_eq!(limits(0).max_stream_data_bidi_remote, 16 << 20);
    assert_eq!(limits(0).max_data, 64 << 20);
    let off = xqc_conn_settings_t { init_recv_window: 5_000, ..xqc_conn_settings_t::ZERO };
    let off = server(&off, &Settings::default()).limits();
    assert_eq!(off.max_stream_data_bidi_local, 16 << 20);
}

#[test]
fn interop_mode_goes_before_other_limits_and_leaves_nothing_behind() {
    let interop = xqc_conn_settings_t {
        is_interop_mode: 1,
        max_streams_bidi: 7,
        recv_rate_bytes_per_sec: 1 << 30,
        ..xqc_conn_settings_t::ZERO
    };
    let first = server(&interop, &Settings::default());
    let limits = first.limits();
    assert_eq!(
        (limits.max_data, limits.max_streams_bidi, limits.max_streams_uni),
        (1 << 20, 128, 128)
    );
    let second = server(&xqc_conn_settings_t::ZERO, &first).limits();
    assert_eq!((second.max_streams_bidi, second.max_streams_uni), (7, 1024));
}

#[test]
fn a_client_waits_for_an_answer_as_long_as_it_may_idle() {
    let host = xqc_conn_settings_t { idle_time_out: 9_000, ..xqc_conn_settings_t::ZERO };
    let settings = client_terms(&host, &Settings::default()).settings;
    assert_eq!(settings.handshake_idle_timeout, Duration::from_secs(9));
}

#[test]
fn lingering_without_a_time_takes_three_probe_timeouts() {
    let mut host = xqc_conn_settings_t::ZERO;
    host.linger.linger_on = 1;
    assert_eq!(server(&host, &Settings::default()).linger, Linger::ThreeProbeTimeouts);
    host.linger.linger_timeout = 5;
    let five = Linger::For(Duration::from_micros(5));
    assert_eq!(server(&host, &Settings::default()).linger, five);
}

#[test]
fn the_low_delay_template_differs_in_three_values() {
    let low = template(true);
    assert_eq!((low.ack_frequency, low.loss_detection_pkt_thresh), (1, 2));
    assert!((low.pto_backoff_factor - 1.5).abs() < f64::from(f32::EPSILON));
    assert_eq!(low.idle_time_out, template(false).idle_time_out);
}
