//! The record at the end of a request. Scripts read it by its names of fields, which stay as
//! upstream has them, in its order.

use std::ffi::CStr;
use std::fmt::{self, Write};

use crate::connection::Connection as Transport;
use crate::ffi::abi::{xqc_request_stats_t, XQC_LOG_REPORT};
use crate::ffi::report::write_c_text;
use crate::stream::{PathState, Waits};
use crate::time::Instant;

use super::layers::Layers;
use super::requests::RequestCell;
use super::stats::statistics;

/// Writes the record, if such records are wanted.
pub(super) fn report_request(layers: Layers<'_>, request: &RequestCell) {
    if !layers.engine.log.enabled(XQC_LOG_REPORT) {
        return;
    }
    let stats = statistics(layers, request);
    let journey = layers.with(|_, transport| Journey::of(transport, request));
    let mut text = String::with_capacity(1024);
    // Writing into a string never fails.
    let _ = write_record(&mut text, request, &stats, &journey.unwrap_or_default());
    layers.log(XQC_LOG_REPORT, "xqc_h3_request_destroy", format_args!("|{text}"));
}

/// What the connection knows of the way of a request, beyond its statistics.
#[derive(Default)]
struct Journey {
    window_waits: Waits,
    pacer_waits: Waits,
    /// The path when the request was first written to.
    begin: Option<PathState>,
    /// The path when everything sent was acknowledged; now, if that has not happened.
    end: Option<PathState>,
    /// The last packet of the connection left.
    last_sent: Option<Instant>,
    /// The last packet of the connection came.
    last_received: Option<Instant>,
}

impl Journey {
    fn of(transport: &mut Transport, request: &RequestCell) -> Self {
        let now = transport.path().state();
        let last_sent = transport.stats().milestones.last_sent;
        let last_received = Some(transport.last_received());
        let record = transport.streams_mut().record(request.key);
        Self {
            window_waits: record.map_or(Waits::default(), |record| record.window_waits),
            pacer_waits: record.map_or(Waits::default(), |record| record.pacer_waits),
            begin: record.and_then(|record| record.path_at_begin),
            end: record.and_then(|record| record.path_at_end).or(Some(now)),
            last_sent,
            last_received,
        }
    }
}

fn write_record(
    out: &mut String,
    request: &RequestCell,
    stats: &xqc_request_stats_t,
    journey: &Journey,
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
    write_times(out, stats, journey)?;
    write!(out, "mp_state:{}|path_info:", stats.mp_state)?;
    write_c_text(out, &stats.stream_info)?;
    write!(
        out,
        "|comp_hdr_s:{}|comp_hdr_r:{}|fst_fin_snd:{}|",
        stats.send_hdr_compressed,
        stats.recv_hdr_compressed,
        since(stats, stats.stream_fst_fin_snd_time),
    )?;
    write_journey(out, journey)?;
    write!(
        out,
        "is_fec_protected:0|fec_reco_pkt_cnt:0|fec_block_size_mode:0|fst_rpr_ts:0|last_rpr_ts:0|\
         fec_fin_delay:0|external_stream_info:"
    )?;
    write_c_text(out, &stats.extern_stream_info)?;
    write!(out, "|fastpath:{}|", u32::from(request.fastpath.get()))
}

/// What stood in the way, and the path at both ends of the way.
fn write_journey(out: &mut String, journey: &Journey) -> fmt::Result {
    let (window, pacer) = (journey.window_waits, journey.pacer_waits);
    // A packet is made when the window has room for it, which upstream calls scheduling; none waits
    // for the window after that.
    write!(
        out,
        "sched_blk:{}|sched_blk_time:{}|cwnd_blk:0|cwnd_blk_time:0|pacing_blk:{}|\
         pacing_blk_time:{}|begin_state:",
        window.count,
        window.time.as_millis(),
        pacer.count,
        pacer.time.as_millis(),
    )?;
    write_path_state(out, journey.begin)?;
    out.write_str("|end_state:")?;
    write_path_state(out, journey.end)?;
    out.write_char('|')
}

/// The path's number; window, bytes in flight and bytes scheduled in KiB; bandwidth and pacing rate
/// in KiB per second; the round-trip time in milliseconds.
fn write_path_state(out: &mut String, state: Option<PathState>) -> fmt::Result {
    let Some(state) = state else { return Ok(()) };
    write!(
        out,
        "(0,{},{},0,{},{},{})",
        state.window >> 10,
        state.in_flight >> 10,
        state.bandwidth >> 10,
        state.pacing_rate >> 10,
        state.rtt.as_millis(),
    )
}

fn write_times(out: &mut String, stats: &xqc_request_stats_t, journey: &Journey) -> fmt::Result {
    let micros = |time: Option<Instant>| time.map_or(0, Instant::as_micros);
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
        ("last_send", micros(journey.last_sent)),
        ("last_recv", micros(journey.last_received)),
    ];
    times.iter().try_for_each(|(name, time)| write!(out, "{name}:{}|", since(stats, *time)))
}

/// Microseconds since the request was created; 0 for what never happened.
fn since(stats: &xqc_request_stats_t, time: u64) -> u64 {
    time.saturating_sub(stats.h3r_begin_time)
}
