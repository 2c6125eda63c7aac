//! Connection settings of hosts: defaults, clamps, and the way into the core.

use std::sync::Arc;

use crate::connection::{Settings, MIN_DATAGRAM_SIZE};
use crate::time::Duration;
use crate::wire::{Role, Version};

use super::abi::{
    xqc_conn_settings_t, xqc_conn_settings_type_t, xqc_engine_t, xqc_fec_params_t,
    xqc_scheduler_params_t, Zeroable, XQC_CONN_SETTINGS_LOW_DELAY, XQC_IDRAFT_VER_29,
    XQC_MULTIPATH_10, XQC_VERSION_V1,
};
use super::cells::ConnectionTerms;
use super::congestion::CongestionChoice;
use super::guard::with_engine;

/// The largest UDP payload a host may ask us to send.
const MAX_PACKET_SIZE: usize = 1420;

/// The longest ACK delay, which is also the default.
const MAX_ACK_DELAY_MS: u32 = 25;

/// Streams of each direction that a peer may have open.
const DEFAULT_MAX_STREAMS: u64 = 1024;

/// Streams of each direction in interop mode.
const INTEROP_MAX_STREAMS: u64 = 128;

/// Connection credit in interop mode, in bytes.
const INTEROP_MAX_DATA: u64 = 1 << 20;

/// Credit per stream, in bytes.
const STREAM_WINDOW: u64 = 16 << 20;

/// The frame types that FEC protects by default: STREAM and DATAGRAM, as bits.
const FEC_PROTECTED_FRAMES: u64 = 536_871_040;

/// How long without a time lasts.
const DEFAULT_LINGER: Duration = Duration::from_secs(3);

/// What a connection starts with when the host sets nothing.
pub(super) fn default_terms(role: Role) -> ConnectionTerms {
    terms(&template(false), role)
}

/// Turns a host's settings into what the core runs with. Zero is the default for limits, windows
/// and timeouts and "off" for switches.
pub(super) fn terms(host: &xqc_conn_settings_t, role: Role) -> ConnectionTerms {
    let settings = Settings {
        version: version(host),
        handshake_idle_timeout: handshake_timeout(host, role),
        idle_timeout: millis_or(host.idle_time_out, 120_000),
        keep_alive: host.ping_on != 0 && role == Role::Client,
        linger: linger(host),
        pacing: host.pacing_on != 0,
        initial_rtt: micros_or(host.initial_rtt, 250_000),
        max_datagram_size: datagram_size(host),
        max_udp_payload_size: match host.max_udp_payload_size {
            0 => 1500,
            size => size.clamp(MIN_DATAGRAM_SIZE.into(), 65_527) as u16,
        },
        anti_amplification_limit: u64::from(host.anti_amplification_limit),
        ack_frequency: if host.ack_frequency == 0 { 2 } else { host.ack_frequency },
        max_ack_delay: match host.max_ack_delay {
            0 => Duration::from_millis(MAX_ACK_DELAY_MS.into()),
            delay => Duration::from_millis(delay.min(MAX_ACK_DELAY_MS).into()),
        },
        disable_packet_number_skipping: host.disable_pn_skipping != 0 && role == Role::Client,
        ..with_limits(host)
    };
    ConnectionTerms {
        settings: Arc::new(settings),
        congestion: CongestionChoice::new(&host.cong_ctrl_callback, &host.cc_params),
        disable_send_mmsg: host.disable_send_mmsg != 0,
    }
}

/// The credit the peer starts with, and what we queue.
fn with_limits(host: &xqc_conn_settings_t) -> Settings {
    let interop = host.is_interop_mode != 0;
    let default_streams = if interop { INTEROP_MAX_STREAMS } else { DEFAULT_MAX_STREAMS };
    let streams = |count: u64| if count == 0 { default_streams } else { count.min(1 << 60) };
    let (bidi, uni) = (streams(host.max_streams_bidi), streams(host.max_streams_uni));
    let whole = bidi.saturating_add(uni).saturating_mul(STREAM_WINDOW).min((1 << 62) - 1);
    let queued = match host.sndq_packets_used_max {
        0 => Settings::default().send_capacity,
        packets => packets.saturating_mul(MIN_DATAGRAM_SIZE.into()),
    };
    Settings {
        initial_max_data: if interop { INTEROP_MAX_DATA } else { whole },
        initial_max_stream_data: STREAM_WINDOW,
        initial_max_streams_bidi: bidi,
        initial_max_streams_uni: uni,
        send_capacity: queued,
        ..Settings::default()
    }
}

fn version(host: &xqc_conn_settings_t) -> Version {
    match host.proto_version {
        XQC_IDRAFT_VER_29 => Version::DRAFT_29,
        _ => Version::V1,
    }
}

/// A server waits for a client that has begun; a client for a server that may be slow to answer.
fn handshake_timeout(host: &xqc_conn_settings_t, role: Role) -> Duration {
    match role {
        Role::Server => millis_or(host.init_idle_time_out, 10_000),
        Role::Client => millis_or(host.idle_time_out, 120_000),
    }
}

fn linger(host: &xqc_conn_settings_t) -> Duration {
    match (host.linger.linger_on, host.linger.linger_timeout) {
        (0, _) => Duration::ZERO,
        (_, 0) => DEFAULT_LINGER,
        (_, micros) => Duration::from_micros(micros),
    }
}

fn datagram_size(host: &xqc_conn_settings_t) -> u16 {
    match host.max_pkt_out_size {
        0 => MIN_DATAGRAM_SIZE,
        size => size.clamp(MIN_DATAGRAM_SIZE.into(), MAX_PACKET_SIZE) as u16,
    }
}

fn millis_or(millis: u64, default: u64) -> Duration {
    Duration::from_millis(if millis == 0 { default } else { millis })
}

fn micros_or(micros: u64, default: u64) -> Duration {
    Duration::from_micros(if micros == 0 { default } else { micros })
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
    template(settings_type == XQC_CONN_SETTINGS_LOW_DELAY)
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
            *engine.server_settings.borrow_mut() = terms(settings, role);
        })
    }
}
