//! Connection settings of hosts: defaults, clamps, and the way into the core.

use std::sync::Arc;

use crate::connection::{Linger, Settings, MIN_DATAGRAM_SIZE};
use crate::time::Duration;
use crate::wire::{Role, Version};

use super::abi::prototypes::check_prototypes;
use super::abi::{
    xqc_conn_settings_t, xqc_conn_settings_type_t, xqc_engine_t, xqc_fec_params_t,
    xqc_scheduler_params_t, Zeroable, XQC_CONN_SETTINGS_LOW_DELAY, XQC_IDRAFT_VER_29,
    XQC_MULTIPATH_10, XQC_VERSION_V1,
};
use super::cells::ConnectionTerms;
use super::congestion::CongestionChoice;
use super::guard::{catch, with_engine};

/// The largest UDP payload a host may ask us to send.
const MAX_PACKET_SIZE: usize = 1420;

/// The longest ACK delay, which is also the default.
const MAX_ACK_DELAY_MS: u32 = 25;

/// Streams of each direction in interop mode.
const INTEROP_MAX_STREAMS: u64 = 128;

/// Connection credit in interop mode, in bytes.
const INTEROP_MAX_DATA: u64 = 1 << 20;

/// The most streams a peer can be allowed (RFC 9000 section 4.6).
const MAX_STREAMS: u64 = 1 << 60;

/// The most credit a peer can be given: the largest number on the wire.
const MAX_CREDIT: u64 = (1 << 62) - 1;

/// How much of a receive rate is given as credit, in milliseconds.
const RATE_WINDOW_MS: u64 = 60;

/// The least credit that a receive rate stands for, in bytes.
const MIN_RATE_WINDOW: u64 = 63_000;

/// The most, in bytes.
const MAX_RATE_WINDOW: u64 = 16 << 20;

/// The largest UDP payload there is.
const MAX_UDP_PAYLOAD: u64 = 65_527;

/// The frame types that FEC protects by default: STREAM and DATAGRAM, as bits.
const FEC_PROTECTED_FRAMES: u64 = 536_871_040;

/// What a connection starts with when the host sets nothing.
pub(super) fn default_terms(role: Role) -> ConnectionTerms {
    terms(&template(false), &Settings::default(), role)
}

/// The terms of a client's connection. `engine` is what the engine's connections start with: a few
/// values that the host leaves at zero come from there.
pub(super) fn client_terms(host: &xqc_conn_settings_t, engine: &Settings) -> ConnectionTerms {
    let base = Settings {
        ack_frequency: engine.ack_frequency,
        max_datagram_size: engine.max_datagram_size,
        max_udp_payload_size: engine.max_udp_payload_size,
        ..Settings::default()
    };
    terms(host, &base, Role::Client)
}

/// Turns a host's settings into what the core runs with. Zero leaves limits, windows and timeouts
/// as they are in `base`, and is "off" for switches.
fn terms(host: &xqc_conn_settings_t, base: &Settings, role: Role) -> ConnectionTerms {
    let (handshake_idle_timeout, idle_timeout) = timeouts(host, base, role);
    let settings = Settings {
        version: version(host),
        handshake_idle_timeout,
        idle_timeout,
        keep_alive: host.ping_on != 0 && role == Role::Client,
        linger: linger(host),
        pacing: host.pacing_on != 0,
        initial_rtt: match host.initial_rtt {
            0 => Settings::default().initial_rtt,
            micros => Duration::from_micros(micros),
        },
        max_datagram_size: match host.max_pkt_out_size {
            0 => base.max_datagram_size,
            size => size.clamp(MIN_DATAGRAM_SIZE.into(), MAX_PACKET_SIZE) as u16,
        },
        max_udp_payload_size: match host.max_udp_payload_size {
            0 => base.max_udp_payload_size,
            size => size.clamp(MIN_DATAGRAM_SIZE.into(), MAX_UDP_PAYLOAD) as u16,
        },
        anti_amplification_limit: match host.anti_amplification_limit {
            0 => base.anti_amplification_limit,
            factor => factor.into(),
        },
        ack_frequency: match host.ack_frequency {
            0 => base.ack_frequency,
            packets => packets,
        },
        max_ack_delay: match host.max_ack_delay {
            0 => base.max_ack_delay,
            delay => Duration::from_millis(delay.min(MAX_ACK_DELAY_MS).into()),
        },
        disable_packet_number_skipping: host.disable_pn_skipping != 0 && role == Role::Client,
        ..with_limits(host, base)
    };
    ConnectionTerms {
        settings: Arc::new(settings),
        congestion: CongestionChoice::new(&host.cong_ctrl_callback, &host.cc_params),
        disable_send_mmsg: host.disable_send_mmsg != 0,
    }
}

/// The credit the peer starts with, and what we queue.
fn with_limits(host: &xqc_conn_settings_t, base: &Settings) -> Settings {
    let streams = |wanted: u64, known: u64| match wanted {
        0 if host.is_interop_mode != 0 => INTEROP_MAX_STREAMS,
        0 => known,
        count => count.min(MAX_STREAMS),
    };
    let bidi = streams(host.max_streams_bidi, base.initial_max_streams_bidi);
    let uni = streams(host.max_streams_uni, base.initial_max_streams_uni);
    let whole = bidi.saturating_add(uni).saturating_mul(base.initial_max_stream_data);
    Settings {
        initial_max_data: match (host.is_interop_mode, host.recv_rate_bytes_per_sec) {
            (0, 0) => whole.min(MAX_CREDIT),
            (0, rate) => rate_window(rate),
            _ => INTEROP_MAX_DATA,
        },
        initial_max_streams_bidi: bidi,
        initial_max_streams_uni: uni,
        send_capacity: match host.sndq_packets_used_max {
            0 => Settings::default().send_capacity,
            packets => packets.saturating_mul(MIN_DATAGRAM_SIZE.into()),
        },
        ..base.clone()
    }
}

/// What arrives in [`RATE_WINDOW_MS`] at `rate` bytes per second: so much is a sender given to
/// begin with.
fn rate_window(rate: u64) -> u64 {
    (rate / 1000).saturating_mul(RATE_WINDOW_MS).clamp(MIN_RATE_WINDOW, MAX_RATE_WINDOW)
}

fn version(host: &xqc_conn_settings_t) -> Version {
    match host.proto_version {
        XQC_IDRAFT_VER_29 => Version::DRAFT_29,
        _ => Version::V1,
    }
}

/// The idle time during the handshake and after it. A server does not wait long for a client that
/// has begun; a client waits for a server that may be slow to answer.
fn timeouts(host: &xqc_conn_settings_t, base: &Settings, role: Role) -> (Duration, Duration) {
    let millis = |millis: u64, base: Duration| match millis {
        0 => base,
        millis => Duration::from_millis(millis),
    };
    let idle = millis(host.idle_time_out, base.idle_timeout);
    match role {
        Role::Server => (millis(host.init_idle_time_out, base.handshake_idle_timeout), idle),
        Role::Client => (idle, idle),
    }
}

fn linger(host: &xqc_conn_settings_t) -> Linger {
    match (host.linger.linger_on, host.linger.linger_timeout) {
        (0, _) => Linger::Off,
        (_, 0) => Linger::ThreeProbeTimeouts,
        (_, micros) => Linger::For(Duration::from_micros(micros)),
    }
}

/// The settings a host starts from.
fn template(low_delay: bool) -> xqc_conn_settings_t {
    xqc_conn_settings_t {
        proto_version: XQC_VERSION_V1,
        init_idle_time_out: 10_000,
        idle_time_out: 120_000,
        anti_amplification_limit: 3,
        max_pkt_out_size: MIN_DATAGRAM_SIZE.into(),
        probing_pkt_out_size: MAX_PACKET_SIZE,
        multipath_version: XQC_MULTIPATH_10,
        init_max_path_id: 8,
        reinj_flexible_deadline_srtt_factor: 1.1,
        reinj_hard_deadline: 500_000,
        reinj_deadline_lower_bound: 20_000,
        scheduler_params: xqc_scheduler_params_t {
            rtt_us_thr_high: 2_000_000,
            rtt_us_thr_low: 500_000,
            bw_Bps_thr: 375_000,
            loss_percent_thr_high: 30.0,
            loss_percent_thr_low: 10.0,
            pto_cnt_thr: 2,
        },
        max_ack_delay: MAX_ACK_DELAY_MS,
        ack_frequency: if low_delay { 1 } else { 2 },
        loss_detection_pkt_thresh: if low_delay { 2 } else { 3 },
        pto_backoff_factor: if low_delay { 1.5 } else { 2.0 },
        pmtud_probing_interval: 500_000,
        fec_params: xqc_fec_params_t {
            fec_ele_bit_size: 8,
            fec_protected_frames: FEC_PROTECTED_FRAMES,
            fec_max_window_size: 96,
            fec_max_symbol_num_per_block: 10,
            fec_blk_log_mod: 1000,
            ..xqc_fec_params_t::ZERO
        },
        max_udp_payload_size: 1500,
        ..xqc_conn_settings_t::ZERO
    }
}

/// The settings a host starts from, by value.
#[no_mangle]
pub extern "C" fn xqc_conn_get_conn_settings_template(
    settings_type: xqc_conn_settings_type_t,
) -> xqc_conn_settings_t {
    let low_delay = settings_type == XQC_CONN_SETTINGS_LOW_DELAY;
    catch(xqc_conn_settings_t::ZERO, || template(low_delay))
}

/// Sets what later connections of a server start with.
///
/// # Safety
///
/// `engine` is null or a live engine, `settings` null or one value.
#[no_mangle]
pub unsafe extern "C" fn xqc_server_set_conn_settings(
    engine: *mut xqc_engine_t,
    settings: *const xqc_conn_settings_t,
) {
    // SAFETY: the caller vouches for the settings.
    let Some(settings) = (unsafe { settings.as_ref() }) else { return };
    // SAFETY: the caller vouches for the handle.
    unsafe {
        with_engine(engine, (), |engine| {
            let role = engine.core.borrow().role();
            let mut known = engine.server_settings.borrow_mut();
            *known = terms(settings, &known.settings, role);
        });
    }
}

check_prototypes!(xqc_conn_get_conn_settings_template, xqc_server_set_conn_settings);

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(settings.initial_max_data, 34_359_738_368);
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
        assert_eq!(settings.initial_max_data, (1 << 62) - 1);
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
}
