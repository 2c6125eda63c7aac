//! What is counted of a request, for C.

use std::fmt::{self, Write};

use libc::c_char;

use crate::connection::{Connection as Transport, EarlyDataStatus};
use crate::ffi::abi::prototypes::check_prototypes;
use crate::ffi::abi::{
    xqc_h3_request_t, xqc_request_stats_t, Zeroable, XQC_0RTT_ACCEPT, XQC_0RTT_NONE,
    XQC_0RTT_REJECT, XQC_APP_PATH_STATUS_AVAILABLE, XQC_STREAM_INFO_LEN,
};
use crate::ffi::conn_info::NO_MULTIPATH;
use crate::ffi::report::stream_error;
use crate::ffi::stats::copy_text;
use crate::http3::RequestStats;
use crate::stream::Record;
use crate::time::Instant;
use crate::wire::Role;

use super::guard::with_request;
use super::layers::Layers;
use super::requests::RequestCell;

/// Statistics of a request, by value; all zero for null.
///
/// # Safety
///
/// `h3_request` is null or a live request.
#[no_mangle]
pub unsafe extern "C" fn xqc_h3_request_get_stats(
    h3_request: *mut xqc_h3_request_t,
) -> xqc_request_stats_t {
    // SAFETY: the caller vouches for the handle.
    unsafe { with_request(h3_request, xqc_request_stats_t::ZERO, statistics) }
}

check_prototypes!(xqc_h3_request_get_stats);

/// All that is counted of a request.
pub(super) fn statistics(layers: Layers<'_>, request: &RequestCell) -> xqc_request_stats_t {
    let mut stats = xqc_request_stats_t::ZERO;
    stats.stream_close_msg = request.close_message.get();
    stats.mp_default_path_send_weight = 1.0;
    stats.mp_default_path_recv_weight = 1.0;
    stats.rate_limit = request.receive_rate.get();
    let error = layers.connection.error.get();
    layers.with(|h3, transport| {
        let record = transport.streams_mut().record(request.key).cloned();
        let mut given_up = None;
        if let Some(counted) = h3.stats(request.key) {
            fill_message(&mut stats, counted);
            given_up = counted.error;
            stats.early_data_state = early_data_state(transport, counted, record.as_ref());
        }
        if let Some(record) = &record {
            fill_stream(&mut stats, record, transport.path().pto_count);
            stats.stream_info = stream_info(transport, request, record);
        }
        // A part that had ended already has no code of its own.
        let code = stream_error(transport, request.key).or(given_up);
        stats.stream_err = if error != 0 { error } else { code.unwrap_or(0) } as i32;
    });
    let info = extern_info(&stats);
    copy_text(&mut stats.extern_stream_info, info.as_bytes());
    stats
}

fn fill_message(stats: &mut xqc_request_stats_t, counted: &RequestStats) {
    stats.send_body_size = counted.sent_body as usize;
    stats.recv_body_size = counted.received_body as usize;
    stats.send_header_size = counted.sent_header as usize;
    stats.recv_header_size = counted.received_header as usize;
    stats.send_hdr_compressed = counted.sent_compressed as usize;
    stats.recv_hdr_compressed = counted.received_compressed as usize;
    stats.blocked_time = micros(counted.blocked);
    stats.unblocked_time = micros(counted.unblocked);
    stats.stream_fin_time = micros(counted.fin_received);
    stats.h3r_begin_time = counted.begun.as_micros();
    stats.h3r_end_time = micros(counted.ended);
    stats.h3r_header_begin_time = micros(counted.header_begun);
    stats.h3r_header_end_time = micros(counted.header_decoded);
    stats.h3r_body_begin_time = micros(counted.body_begun);
    stats.h3r_header_send_time = micros(counted.header_sent);
    stats.h3r_body_send_time = micros(counted.body_sent);
}

/// `timeouts` is the number of probe timeouts in a row, now.
fn fill_stream(stats: &mut xqc_request_stats_t, record: &Record, timeouts: u32) {
    stats.stream_fin_send_time = micros(record.fin_sent_last);
    stats.stream_fst_fin_snd_time = micros(record.fin_sent);
    stats.stream_fin_ack_time = micros(record.fin_acked);
    stats.cwnd_blocked_ms = record.window_waits.time.as_millis();
    stats.retrans_cnt = record.packets_repeated;
    stats.sent_pkt_cnt = record.packets_sent;
    stats.max_pto_backoff = record.probe_timeouts.max(timeouts).min(u8::MAX.into()) as u8;
    stats.stream_fst_pkt_snd_time = micros(record.sent);
    stats.stream_fst_pkt_rcv_time = micros(record.received);
    stats.final_packet_time = micros(record.received_last);
    let life = |closed: Instant| closed.saturating_since(record.created).as_micros();
    stats.stream_close_delay = record.closed.map_or(0, life);
}

/// What became of a request that was written, or came, while there was nothing but 0-RTT.
fn early_data_state(transport: &Transport, counted: &RequestStats, record: Option<&Record>) -> u8 {
    let began = match transport.role() {
        Role::Client => record.and_then(|record| record.written),
        Role::Server => Some(counted.begun),
    };
    let complete = transport.stats().milestones.handshake_complete;
    let early = began.is_some_and(|began| complete.is_none_or(|complete| began < complete));
    let state = match transport.early_data_status() {
        EarlyDataStatus::Accepted if early => XQC_0RTT_ACCEPT,
        EarlyDataStatus::Offered | EarlyDataStatus::Rejected if early => XQC_0RTT_REJECT,
        _ => XQC_0RTT_NONE,
    };
    state.0 as u8
}

fn stream_info(
    transport: &Transport,
    request: &RequestCell,
    record: &Record,
) -> [c_char; XQC_STREAM_INFO_LEN] {
    let mut text = String::with_capacity(XQC_STREAM_INFO_LEN);
    // Writing into a string never fails.
    let _ = write_stream_info(&mut text, transport, request, record);
    let mut info = [0; XQC_STREAM_INFO_LEN];
    copy_text(&mut info, text.as_bytes());
    info
}

/// State, rate, multipath, bytes each way, how often and how long it had to wait, the handshake's
/// milliseconds; then the path, if it carried anything of the stream.
fn write_stream_info(
    text: &mut String,
    transport: &Transport,
    request: &RequestCell,
    record: &Record,
) -> fmt::Result {
    let complete = transport.stats().milestones.handshake_complete;
    let limited = transport.settings().limited_stream_window.is_some();
    let flags = u32::from(complete.is_some()) | u32::from(limited) << 1;
    let handshake =
        complete.map_or(0, |time| time.saturating_since(transport.created()).as_millis());
    write!(
        text,
        "({flags},{},{NO_MULTIPATH},{},{},{},{},{handshake})",
        request.receive_rate.get(),
        record.bytes_written,
        record.bytes_received,
        record.window_waits.time.as_millis(),
        record.packets_repeated,
    )?;
    let (sent, received) = (record.frames_sent, record.frames_received);
    if sent.bytes == 0 && received.bytes == 0 {
        return Ok(());
    }
    write!(
        text,
        "#0-{}-{}-{}-{}-{}-{}",
        sent.frames,
        received.frames,
        sent.bytes,
        received.bytes,
        smoothed_rtt(transport).as_micros(),
        XQC_APP_PATH_STATUS_AVAILABLE.0,
    )
}

/// The round-trip time, 0 before there is a sample.
pub(super) fn smoothed_rtt(transport: &Transport) -> crate::time::Duration {
    let rtt = &transport.path().rtt;
    match rtt.has_sample() {
        true => rtt.smoothed(),
        false => crate::time::Duration::ZERO,
    }
}

/// What a build that could do error correction says where there is none.
fn extern_info(stats: &xqc_request_stats_t) -> String {
    if !cfg!(feature = "fec") {
        return "{}".to_owned();
    }
    // The last but one is how long correction was ahead of the last packet.
    let mut items = format!("0,15,0,0,0,0,0,NO_FEC,NO_FEC,0,{}", stats.stream_close_delay);
    items.truncate(MAX_EXTERN_ITEMS);
    format!("{{\"fec\": \"{items}\",}}")
}

/// Upstream's room for the items of error correction.
const MAX_EXTERN_ITEMS: usize = 63;

fn micros(time: Option<Instant>) -> u64 {
    time.map_or(0, Instant::as_micros)
}
