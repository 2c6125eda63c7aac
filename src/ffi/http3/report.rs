//! The record at the end of a request. Scripts read it by its names of fields, which stay as
//! upstream has them, in its order.

use std::ffi::CStr;
use std::fmt::{self, Write};

use crate::ffi::abi::{xqc_request_stats_t, XQC_LOG_REPORT};
use crate::ffi::report::write_c_text;

use super::layers::Layers;
use super::requests::RequestCell;
use super::stats::statistics;

/// Writes the record, if such records are wanted.
pub(super) fn report_request(layers: Layers<'_>, request: &RequestCell) {
    if !layers.engine.log.enabled(XQC_LOG_REPORT) {
        return;
    }
    let stats = statistics(layers, request);
    let mut text = String::with_capacity(1024);
    // Writing into a string never fails.
    let _ = write_record(&mut text, request, &stats);
    layers.log(XQC_LOG_REPORT, "xqc_h3_request_destroy", format_args!("|{text}"));
}

fn write_record(
    out: &mut String,
    request: &RequestCell,
    stats: &xqc_request_stats_t,
) -> fmt::Result {
    let message = match stats.stream_close_msg.is_null() {
        true => c"",
        // SAFETY: the texts are ours and static.
        false => unsafe { CStr::from_ptr(stats.stream_close_msg) },
    };
    write!(
        out,
        "stream_id:{}|close_msg:{}|err:{}|rcvd_bdy_sz:{}|snd_bdy_sz:{}|rcvd_hdr_sz:{}|\
         snd_hdr_sz:{}|create:{}|",
        request.id,
        message.to_string_lossy(),
        stats.stream_err,
        stats.recv_body_size,
        stats.send_body_size,
        stats.recv_header_size,
        stats.send_header_size,
        stats.h3r_begin_time,
    )?;
    write_times(out, stats)?;
    write!(out, "mp_state:{}|path_info:", stats.mp_state)?;
    write_c_text(out, &stats.stream_info)?;
    write!(
        out,
        "|comp_hdr_s:{}|comp_hdr_r:{}|fst_fin_snd:{}|",
        stats.send_hdr_compressed,
        stats.recv_hdr_compressed,
        since(stats, stats.stream_fst_fin_snd_time),
    )?;
    // How often a scheduler, the window and the pacer stood in the way is not counted.
    write!(
        out,
        "sched_blk:0|sched_blk_time:0|cwnd_blk:0|cwnd_blk_time:{}|pacing_blk:0|pacing_blk_time:0|\
         begin_state:|end_state:|",
        stats.cwnd_blocked_ms,
    )?;
    write!(
        out,
        "is_fec_protected:0|fec_reco_pkt_cnt:0|fec_block_size_mode:0|fst_rpr_ts:0|last_rpr_ts:0|\
         fec_fin_delay:0|external_stream_info:"
    )?;
    write_c_text(out, &stats.extern_stream_info)?;
    write!(out, "|fastpath:0|")
}

fn write_times(out: &mut String, stats: &xqc_request_stats_t) -> fmt::Result {
    let times = [
        ("blkd", stats.blocked_time),
        ("nblkd", stats.unblocked_time),
        ("hdr_b", stats.h3r_header_begin_time),
        ("hdr_e", stats.h3r_header_end_time),
        ("bdy_b", stats.h3r_body_begin_time),
        ("fin", stats.stream_fin_time),
        ("recv_end", stats.h3r_end_time),
        // Spelled as upstream has it.
        ("hrd_send", stats.h3r_header_send_time),
        ("bdy_send", stats.h3r_body_send_time),
        ("fin_send", stats.stream_fin_send_time),
        ("fin_ack", stats.stream_fin_ack_time),
        ("last_send", stats.stream_fin_send_time),
        ("last_recv", stats.final_packet_time),
    ];
    times.iter().try_for_each(|(name, time)| write!(out, "{name}:{}|", since(stats, *time)))
}

/// Microseconds since the request was created; 0 for what never happened.
fn since(stats: &xqc_request_stats_t, time: u64) -> u64 {
    time.saturating_sub(stats.h3r_begin_time)
}
