//! Connection settings of hosts: defaults, clamps, and the way into the core.

mod connection_options;
mod credit;
mod datagrams;
mod mtu;
mod recovery;
mod template;

use std::sync::Arc;

use crate::connection::{Linger, Settings};
use crate::time::Duration;
use crate::wire::Role;

use super::abi::prototypes::check_prototypes;
use super::abi::{
    xqc_conn_settings_t, xqc_conn_settings_type_t, xqc_engine_t, Zeroable,
    XQC_CONN_SETTINGS_LOW_DELAY,
};
use super::cells::ConnectionTerms;
use super::congestion::CongestionChoice;
use super::guard::{catch, with_engine};
use super::http3::HeldBack;
use super::version::wanted_version;
use connection_options::connection_options;
use credit::with_credit;
use datagrams::datagrams;
use mtu::with_mtu;
use recovery::{with_recovery, MAX_ACK_DELAY_MS};
use template::template;

/// What a connection starts with when the host sets nothing.
pub(super) fn default_terms(role: Role) -> ConnectionTerms {
    terms(&template(false), &Settings::default(), role)
}

/// The terms of a client's connection. `engine` is what the engine's connections start with: a few
/// values that the host leaves at zero come from there.
pub(super) fn client_terms(host: &xqc_conn_settings_t, engine: &Settings) -> ConnectionTerms {
    let base = Settings {
        ack_frequency: engine.ack_frequency,
        packet_threshold: engine.packet_threshold,
        probes: engine.probes,
        max_datagram_size: engine.max_datagram_size,
        mtu_search: engine.mtu_search,
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
        version: wanted_version(host),
        handshake_idle_timeout,
        idle_timeout,
        keep_alive: host.ping_on != 0 && role == Role::Client,
        linger: linger(host),
        anti_amplification_limit: match host.anti_amplification_limit {
            0 => base.anti_amplification_limit,
            factor => factor.into(),
        },
        key_update_threshold: host.keyupdate_pkt_threshold,
        datagrams: datagrams(host, &base.datagrams),
        connection_options: match role {
            Role::Client => connection_options(&host.conn_option_str),
            Role::Server => Vec::new(),
        },
        controller: CongestionChoice::new(&host.cong_ctrl_callback, &host.cc_params).factory(),
        ..with_recovery(host, &with_mtu(host, &with_credit(host, base), role), role)
    };
    ConnectionTerms {
        settings: Arc::new(settings),
        disable_send_mmsg: host.disable_send_mmsg != 0,
        held_back: HeldBack::new(host),
        custom_window: if host.cc_params.customize_on == 0 { 0 } else { host.cc_params.init_cwnd },
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
mod fields;
#[cfg(test)]
mod tests;
