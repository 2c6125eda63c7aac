//! Statistics of a connection for C.

use std::fmt::Write as _;

use libc::c_char;

use super::abi::{
    xqc_cid_t, xqc_conn_qos_stats_t, xqc_conn_stats_t, xqc_engine_t, Zeroable,
    XQC_APP_PATH_STATUS_AVAILABLE,
};
use super::cells::{ConnectionCell, EngineCell};
use super::connection::with_cid;

/// Bytes of AEAD tag per packet, which upstream does not count in flight.
const MAX_ACK_INFO_RANGES: usize = 3;

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
    unsafe { with_cid(engine, cid, empty(), empty(), statistics) }
}

fn empty() -> xqc_conn_stats_t {
    let mut stats = xqc_conn_stats_t::ZERO;
    for path in &mut stats.paths_info {
        path.path_id = u64::MAX;
    }
    stats
}

fn statistics(engine: &EngineCell, connection: &ConnectionCell) -> xqc_conn_stats_t {
    let mut stats = empty();
    let core = engine.core.borrow();
    let Some(core) = core.connection(connection.key) else { return stats };
    let (counted, path) = (core.stats(), core.path());
    stats.send_count = counted.packets_sent as u32;
    stats.lost_count = counted.packets_lost as u32;
    stats.tlp_count = counted.probe_timeouts as u32;
    stats.spurious_loss_count = counted.spurious_losses as u32;
    stats.recv_count = counted.datagrams_received as u32;
    if path.rtt.has_sample() {
        stats.srtt = path.rtt.smoothed().as_micros();
        stats.min_rtt = path.rtt.min().as_micros();
    }
    stats.inflight_bytes = path.bytes_in_flight;
    stats.conn_err = connection.error.get() as i32;
    stats.paths_info[0].path_id = 0;
    stats.paths_info[0].path_pkt_send_count = counted.packets_sent;
    stats.paths_info[0].path_pkt_recv_count = counted.datagrams_received;
    stats.paths_info[0].path_app_status = XQC_APP_PATH_STATUS_AVAILABLE.0 as u8;
    let mut text = String::new();
    for range in core.received_ranges().take(MAX_ACK_INFO_RANGES) {
        // Writing into a string never fails.
        let _ = write!(text, "#{}-{}", range.end - 1, range.start);
    }
    copy_text(&mut stats.ack_info, text.as_bytes());
    copy_text(&mut stats.alpn, core.tls().alpn().unwrap_or(b"-1"));
    stats
}

/// Copies a text, cut to what fits before the terminating zero.
fn copy_text(field: &mut [c_char], text: &[u8]) {
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
        with_cid(engine, cid, none, none, |engine, connection| {
            let stats = statistics(engine, connection);
            xqc_conn_qos_stats_t {
                srtt: stats.srtt,
                min_rtt: stats.min_rtt,
                inflight_bytes: stats.inflight_bytes,
            }
        })
    }
}
