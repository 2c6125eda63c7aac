//! Statistics of a connection for C.

use libc::c_char;

use crate::connection::{Connection, EarlyDataStatus, Stats, MIN_DATAGRAM_SIZE};
use crate::path::Path;
use crate::time::Duration;

use super::abi::prototypes::check_prototypes;
use super::abi::{
    xqc_0rtt_flag_t, xqc_cid_t, xqc_conn_qos_stats_t, xqc_conn_stats_t, xqc_engine_t,
    xqc_path_metrics_t, Zeroable, XQC_0RTT_ACCEPT, XQC_0RTT_NONE, XQC_0RTT_REJECT,
    XQC_APP_PATH_STATUS_AVAILABLE,
};
use super::cells::{ConnectionCell, EngineCell};
use super::conn_info::{ack_info, conn_info};
use super::connection::with_cid;

/// `extern_conn_info` of a connection without FEC, of which no stream was accounted.
const EXTERN_INFO: &str = "{\"fec\": \"\",\"common\": \"0,0,0,0,0\",}";

/// Counters of a connection, by value; all zero for an unknown one.
///
/// # Safety
///
/// `engine` is null or a live engine, `cid` null or one connection ID.
#[no_mangle]
pub unsafe extern "C" fn xqc_conn_get_stats(
    engine: *mut xqc_engine_t,
    cid: *const xqc_cid_t,
) -> xqc_conn_stats_t {
    // SAFETY: the caller vouches for both.
    unsafe { with_cid((engine, cid), "xqc_conn_get_stats", (empty(), empty()), statistics) }
}

fn empty() -> xqc_conn_stats_t {
    let mut stats = xqc_conn_stats_t::ZERO;
    for path in &mut stats.paths_info {
        path.path_id = u64::MAX;
    }
    stats
}

/// All that is counted of a connection.
pub(super) fn statistics(engine: &EngineCell, connection: &ConnectionCell) -> xqc_conn_stats_t {
    let mut stats = empty();
    let core = engine.core.borrow();
    let Some(core) = core.connection(connection.key) else { return stats };
    let counted = core.stats();
    stats.send_count = counted.flight_packets_sent as u32;
    stats.lost_count = counted.packets_lost as u32;
    stats.tlp_count = counted.probes_sent as u32;
    stats.spurious_loss_count = counted.spurious_losses as u32;
    stats.lost_dgram_count = counted.datagram_frames.lost;
    stats.recv_count = counted.datagrams_received as u32;
    let quality = quality(core.path());
    stats.srtt = quality.srtt;
    stats.min_rtt = quality.min_rtt;
    stats.inflight_bytes = quality.inflight_bytes;
    stats.early_data_flag = early_data_flag(core);
    stats.spurious_loss_detect_on = core.settings().learn_reordering.into();
    stats.conn_err = connection.error.get() as i32;
    stats.total_rebind_count = counted.rebinds as i32;
    stats.total_rebind_valid = counted.rebinds_validated as i32;
    fill_path(&mut stats.paths_info[0], counted);
    stats.total_app_bytes = counted.data_bytes_sent + counted.data_bytes_received;
    stats.max_acked_mtu = max_acked_mtu(core);
    copy_text(&mut stats.ack_info, ack_info(core).as_bytes());
    copy_text(&mut stats.conn_info, conn_info(core, connection.custom_window).as_bytes());
    copy_text(&mut stats.alpn, core.tls().alpn().unwrap_or(b"-1"));
    copy_text(&mut stats.extern_conn_info, EXTERN_INFO.as_bytes());
    stats
}

/// The members that upstream fills.
fn fill_path(path: &mut xqc_path_metrics_t, counted: &Stats) {
    path.path_id = 0;
    path.path_pkt_send_count = counted.flight_packets_sent;
    path.path_pkt_recv_count = counted.datagrams_received;
    path.path_send_bytes = counted.data_bytes_sent;
    path.path_recv_bytes = counted.data_bytes_received;
    path.path_app_status = XQC_APP_PATH_STATUS_AVAILABLE.0 as u8;
}

/// The largest datagram that is known to have gone through: what the handshake has shown, once it
/// is over as far as Initials go, or more.
fn max_acked_mtu(connection: &Connection) -> u32 {
    match connection.has_initial_keys() {
        true => 0,
        false => connection.stats().largest_acked_size.max(MIN_DATAGRAM_SIZE).into(),
    }
}

/// What became of 0-RTT; nothing while that is not known.
fn early_data_flag(connection: &Connection) -> xqc_0rtt_flag_t {
    match connection.early_data_status() {
        EarlyDataStatus::None | EarlyDataStatus::Offered => XQC_0RTT_NONE,
        EarlyDataStatus::Accepted => XQC_0RTT_ACCEPT,
        EarlyDataStatus::Rejected => XQC_0RTT_REJECT,
    }
}

/// Copies a text, cut to what fits before the terminating zero.
pub(super) fn copy_text(field: &mut [c_char], text: &[u8]) {
    let room = field.len().saturating_sub(1);
    for (to, from) in field[..room].iter_mut().zip(text) {
        *to = *from as c_char;
    }
}

/// Round-trip time and bytes in flight, by value; all zero for an unknown connection.
///
/// # Safety
///
/// As [`xqc_conn_get_stats`].
#[no_mangle]
pub unsafe extern "C" fn xqc_conn_get_qos_stats(
    engine: *mut xqc_engine_t,
    cid: *const xqc_cid_t,
) -> xqc_conn_qos_stats_t {
    let none = xqc_conn_qos_stats_t::ZERO;
    // SAFETY: the caller vouches for both.
    unsafe {
        with_cid((engine, cid), "xqc_conn_get_qos_stats", (none, none), |engine, connection| {
            let core = engine.core.borrow();
            let path = core.connection(connection.key).map(Connection::path);
            path.map_or(none, quality)
        })
    }
}

/// Zero stands for what was never measured.
fn quality(path: &Path) -> xqc_conn_qos_stats_t {
    let measured = path.rtt.has_sample();
    let micros = |time: Duration| if measured { time.as_micros() } else { 0 };
    xqc_conn_qos_stats_t {
        srtt: micros(path.rtt.smoothed()),
        min_rtt: micros(path.rtt.min()),
        inflight_bytes: path.bytes_in_flight,
    }
}

check_prototypes!(xqc_conn_get_stats, xqc_conn_get_qos_stats);
