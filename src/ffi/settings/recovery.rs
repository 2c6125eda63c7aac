//! Acknowledgement, loss detection and probes, as a host sets them.

use crate::connection::{ReceiveTimestamps, Settings, MIN_DATAGRAM_SIZE};
use crate::ffi::abi::xqc_conn_settings_t;
use crate::recovery::ProbePolicy;
use crate::time::Duration;
use crate::wire::frame::ack_extended::{MAX_TIMESTAMPS, RECEIVE_TIMESTAMPS};
use crate::wire::transport_parameters::MAX_RECEIVE_TIMESTAMPS_EXPONENT;
use crate::wire::Role;

/// The longest ACK delay, which is also the default.
pub(super) const MAX_ACK_DELAY_MS: u32 = 25;

/// The least that a host can bound the congestion window to, in bytes: two datagrams, as RFC 9002
/// section 7.2 has it, or nothing would ever leave.
const MIN_WINDOW_LIMIT: u64 = 2 * MIN_DATAGRAM_SIZE as u64;

/// `base` with what `host` says of acknowledgement and loss recovery.
pub(super) fn with_recovery(host: &xqc_conn_settings_t, base: &Settings, role: Role) -> Settings {
    Settings {
        ack_frequency: match host.ack_frequency {
            0 => base.ack_frequency,
            packets => packets,
        },
        max_ack_delay: match host.max_ack_delay {
            0 => base.max_ack_delay,
            delay => Duration::from_millis(delay.min(MAX_ACK_DELAY_MS).into()),
        },
        always_report_ecn: host.simulate_ecn != 0,
        receive_timestamps: receive_timestamps(host, base),
        adaptive_acks: host.adaptive_ack_frequency != 0,
        initial_rtt: match host.initial_rtt {
            0 => Settings::default().initial_rtt,
            micros => Duration::from_micros(micros),
        },
        probes: ProbePolicy {
            backoff_factor: backoff_factor(host, base),
            short: host.control_pto_value != 0 && role == Role::Client,
            initial: Duration::from_micros(host.initial_pto_duration),
        },
        packet_threshold: match host.loss_detection_pkt_thresh {
            0 => base.packet_threshold,
            packets => packets,
        },
        learn_reordering: host.spurious_loss_detect_on != 0,
        window_limit: match host.so_sndbuf {
            0 => u64::MAX,
            bytes => MIN_WINDOW_LIMIT.max(bytes.into()),
        },
        pacing: host.pacing_on != 0,
        disable_packet_number_skipping: host.disable_pn_skipping != 0 && role == Role::Client,
        ..base.clone()
    }
}

/// What the host wants to hear of arrivals; not together with multipath. Once asked for on a server
/// it stays.
fn receive_timestamps(host: &xqc_conn_settings_t, base: &Settings) -> Option<ReceiveTimestamps> {
    if host.extended_ack_features & RECEIVE_TIMESTAMPS == 0 || host.enable_multipath != 0 {
        return base.receive_timestamps;
    }
    let exponent = host.receive_timestamps_exponent.min(MAX_RECEIVE_TIMESTAMPS_EXPONENT.into());
    Some(ReceiveTimestamps {
        most: host.max_receive_timestamps_per_ack.min(MAX_TIMESTAMPS as u64) as u8,
        exponent: exponent as u8,
    })
}

/// Not a number counts as not set; below one the wait would shrink from probe to probe.
fn backoff_factor(host: &xqc_conn_settings_t, base: &Settings) -> f64 {
    if host.pto_backoff_factor > 0.0 {
        host.pto_backoff_factor.max(1.0)
    } else {
        base.probes.backoff_factor
    }
}
