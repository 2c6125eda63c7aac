//! The records at the end of connections and streams. Scripts read them by their names of fields,
//! which stay as upstream has them, in its order.

use std::ffi::CStr;
use std::fmt::{self, Write};

use libc::c_char;

use crate::connection::{CloseReason, Connection, EarlyDataStatus};
use crate::path::mtu::MtuSearch;
use crate::stream::{Record, RecvState, SendState, StreamKey};
use crate::time::Instant;
use crate::wire::Role;

use super::abi::{xqc_conn_stats_t, XQC_LOG_REPORT, XQC_LOG_STATS};
use super::address::describe;
use super::cells::{ConnectionCell, EngineCell};
use super::stats::statistics;

/// What a connection without error correction says of the reason: neither end offers anything.
const FEC_NOT_OFFERED: u32 = 15;

/// The scheme of error correction where there is none.
const NO_FEC: &str = "NO_FEC";

/// Lets the records of streams have the time of a call of the host.
#[inline]
pub(super) fn stamp(engine: &EngineCell, connection: &ConnectionCell) {
    if engine.log.enabled(XQC_LOG_STATS) {
        // The clock is the host's: it is read before the core is borrowed.
        let now = engine.clock.now();
        if let Some(core) = engine.core.borrow_mut().connection_mut(connection.key) {
            core.streams_mut().set_time(now);
        }
    }
}

/// What the report says of the way a connection ended, with which error for the host.
pub(super) fn ending(reason: &CloseReason, error: u64) -> &'static str {
    match reason {
        CloseReason::LocalTransport(_) | CloseReason::LocalApplication(_) if error == 0 => {
            "local close"
        }
        CloseReason::PeerTransport { .. } | CloseReason::PeerApplication { .. } if error == 0 => {
            "remote close"
        }
        CloseReason::PeerTransport { .. } | CloseReason::PeerApplication { .. } => "remote error",
        CloseReason::IdleTimeout | CloseReason::HandshakeTimeout => "idle timeout",
        CloseReason::StatelessReset => "stateless reset",
        CloseReason::PathLost => "",
        _ => "local error",
    }
}

/// The record that log analysis waits for when a connection is destroyed.
pub(super) fn report_connection(engine: &EngineCell, connection: &ConnectionCell) {
    if !engine.log.enabled(XQC_LOG_REPORT) {
        return;
    }
    let now = engine.clock.now();
    let stats = statistics(engine, connection);
    // Formatted before it is written: a log callback finds nothing borrowed.
    let text = {
        let core = engine.core.borrow();
        let Some(core) = core.connection(connection.key) else { return };
        let mut text = String::with_capacity(2048);
        // Writing into a string never fails.
        let _ = write_connection(&mut text, &Destroyed { connection, core, stats: &stats, now });
        text
    };
    let message = format_args!("|{text}");
    connection.log(&engine.log, XQC_LOG_REPORT, "xqc_conn_destroy", message);
}

struct Destroyed<'a> {
    connection: &'a ConnectionCell,
    core: &'a Connection,
    stats: &'a xqc_conn_stats_t,
    now: Instant,
}

fn write_connection(out: &mut String, end: &Destroyed<'_>) -> fmt::Result {
    write!(out, "{:016X}|", end.connection.as_ptr() as usize)?;
    write_handshake(out, end)?;
    write_times(out, end)?;
    write_paths(out, end)?;
    write_counts(out, end)?;
    write_correction(out)?;
    write_sizes(out, end)
}

fn write_handshake(out: &mut String, end: &Destroyed<'_>) -> fmt::Result {
    let core = end.core;
    let early = core.early_data_status();
    let token = match core.role() {
        Role::Client => -1,
        Role::Server => i32::from(core.stats().token_accepted),
    };
    let milestones = &core.stats().milestones;
    write!(
        out,
        "has_0rtt:{}|0rtt_accept:{}|token_ok:{token}|handshake_time:{}|first_send_delay:{}|",
        u32::from(early != EarlyDataStatus::None),
        u32::from(early == EarlyDataStatus::Accepted),
        after(core, milestones.handshake_complete),
        after(core, milestones.data_sent),
    )?;
    write!(
        out,
        "conn_persist:{}|keyupdate_cnt:{}|err:0x{:x}|close_msg:{}|{}|",
        end.now.saturating_since(core.created()).as_micros(),
        core.stats().key_updates,
        end.connection.error.get(),
        end.connection.ending.get(),
        describe(core),
    )
}

fn write_times(out: &mut String, end: &Destroyed<'_>) -> fmt::Result {
    let core = end.core;
    let milestones = &core.stats().milestones;
    write!(
        out,
        "hsk_recv:{}|close_recv:{}|close_send:{}|last_recv:{}|last_send:{}|",
        after(core, milestones.handshake_received),
        after(core, milestones.close_received),
        after(core, milestones.close_sent),
        after(core, Some(core.last_received())),
        after(core, milestones.last_sent),
    )
}

fn write_paths(out: &mut String, end: &Destroyed<'_>) -> fmt::Result {
    write!(out, "mp_enable:0|create:1|validated:1|active:1|path_info:")?;
    write_c_text(out, &end.stats.conn_info)?;
    let alpn = end.core.tls().alpn().unwrap_or_default();
    write!(out, "|alpn:{}|", String::from_utf8_lossy(alpn))?;
    let stats = end.stats;
    let (seen, valid) = (stats.total_rebind_count, stats.total_rebind_valid);
    write!(out, "rebind_count:{seen}|rebind_valid:{valid}|")
}

fn write_counts(out: &mut String, end: &Destroyed<'_>) -> fmt::Result {
    let (stats, counted) = (end.stats, end.core.stats());
    write!(
        out,
        "rtx_pkt:{}|tlp_pkt:{}|snd_pkt:{}|spurious_loss:{}|detected_loss:{}|max_pto:{}|",
        stats.lost_count,
        stats.tlp_count,
        stats.send_count,
        stats.spurious_loss_count,
        counted.packets_lost,
        counted.probe_timeouts_peak,
    )?;
    let streams = end.core.streams();
    write!(
        out,
        "finished_streams:{}|cli_bidi_s:{}|svr_bidi_s:{}|",
        streams.totals().finished,
        streams.opened_bidi(Role::Client),
        streams.opened_bidi(Role::Server),
    )
}

fn write_correction(out: &mut String) -> fmt::Result {
    let built = u32::from(cfg!(feature = "fec"));
    write!(
        out,
        "fec_exist:{built}|fec_ensch:{NO_FEC}|fec_desch:{NO_FEC}|fec_neg_fail:{FEC_NOT_OFFERED}|\
         fec_mp_mode:{NO_FEC}|send_fec_pkts:0|recovered_fec_num:0|"
    )
}

fn write_sizes(out: &mut String, end: &Destroyed<'_>) -> fmt::Result {
    let core = end.core;
    let search = core.settings().mtu_search;
    write!(
        out,
        "max_po_size:{}|max_probing_size:{}|ppo_size:{}|ext_conn_info:",
        core.path().max_datagram_size,
        search.limit,
        core.path().mtu.as_deref().map_or(search.limit, MtuSearch::current),
    )?;
    write_c_text(out, &end.stats.extern_conn_info)?;
    write!(
        out,
        "|max_acked_po_size:{}|enable_pmtud:{}|avg_closed_time:{}|passive_bidi_s_max:{}|",
        end.stats.max_acked_mtu,
        u32::from(core.path().mtu.is_some()),
        end.stats.avg_close_time,
        core.streams().totals().peer_bidi_peak,
    )
}

/// Microseconds from the beginning of the connection; 0 for what never happened.
fn after(core: &Connection, time: Option<Instant>) -> u64 {
    time.map_or(0, |time| time.saturating_since(core.created()).as_micros())
}

/// The code that a part of a stream was given up with.
pub(super) fn stream_error(core: &Connection, key: StreamKey) -> Option<u64> {
    core.streams().reset_code(key)
}

/// A zero-terminated text of ours.
pub(super) fn write_c_text(out: &mut String, field: &[c_char]) -> fmt::Result {
    field
        .iter()
        .take_while(|byte| **byte != 0)
        .try_for_each(|byte| out.write_char(char::from(*byte as u8)))
}

/// The record of a stream that is over, or whose connection is.
pub(super) fn report_stream(engine: &EngineCell, connection: &ConnectionCell, key: StreamKey) {
    if !engine.log.enabled(XQC_LOG_STATS) {
        return;
    }
    let text = {
        let mut core = engine.core.borrow_mut();
        let Some(core) = core.connection_mut(connection.key) else { return };
        let mut text = String::with_capacity(1024);
        // Writing into a string never fails.
        let _ = write_stream(&mut text, core, key, connection.scid_text());
        text
    };
    connection.log(&engine.log, XQC_LOG_STATS, "xqc_destroy_stream", format_args!("|{text}"));
}

fn write_stream(
    out: &mut String,
    core: &mut Connection,
    key: StreamKey,
    scid: impl fmt::Display,
) -> fmt::Result {
    let id = core.streams().id(key).map_or(0, |id| id.0);
    let code = core.streams().reset_code(key);
    let (send, recv) = state_numbers(core, key);
    write!(
        out,
        "err:0x{:x}|close_msg:{}|enable_multipath:0|send_state:{send}|recv_state:{recv}|\
         stream_id:{}|stream_type:{}|",
        code.unwrap_or(0),
        stream_ending(core, key).to_string_lossy(),
        id,
        id & 3,
    )?;
    let record = core.streams_mut().record(key).cloned();
    write_record(out, record.as_ref())?;
    write!(out, "{}|path_info:mp is not supported in connection scid:{scid}|", describe(core))?;
    let lost = record.map_or(0, |record| record.frames_lost);
    write!(out, "fec_recv_delay:0|fec_send_rpr_cnt:0|retrans:{lost}|")
}

/// Bytes, then times in microseconds since the stream was opened. A stream from before records were
/// kept has zeros.
fn write_record(out: &mut String, record: Option<&Record>) -> fmt::Result {
    let nothing = Record::new(Instant::from_micros(0));
    let record = record.unwrap_or(&nothing);
    write!(
        out,
        "send_bytes:{}|read_bytes:{}|recv_bytes:{}|stream_len:{}|create_time:{}|",
        record.bytes_written,
        record.bytes_read,
        record.bytes_received,
        record.final_size.unwrap_or(0),
        record.created.as_micros(),
    )?;
    let delays = [
        ("wrt_delay", record.written),
        ("snd_delay", record.sent),
        ("finwrt_delay", record.fin_written),
        ("finsnd_delay", record.fin_sent),
        ("finrcv_delay", record.fin_received),
        ("finread_delay", record.fin_read),
        ("all_acked_delay", record.all_acked),
        // Spelled as upstream has it.
        ("firstfinack_dely", record.fin_acked),
        ("close_delay", record.closed),
        ("apprst_delay", record.reset),
        ("rstsnd_delay", record.reset_sent),
        ("rstrcv_delay", record.reset_received),
    ];
    delays.iter().try_for_each(|(name, time)| {
        let delay = time.map_or(0, |time| time.saturating_since(record.created).as_micros());
        write!(out, "{name}:{delay}|")
    })
}

/// How a stream came to its end: a part that was given up says so, and what ended before its
/// connection did not end with it.
pub(super) fn stream_ending(core: &mut Connection, key: StreamKey) -> &'static CStr {
    let reset = core.streams().reset_code(key).is_some();
    let closed = core.streams().has_closed(key);
    let record = core.streams_mut().record(key);
    // Who gave up first; the other one does so in answer.
    let by_peer = record.is_some_and(|record| match (record.reset, record.reset_received) {
        (Some(ours), Some(theirs)) => theirs <= ours,
        (_, theirs) => theirs.is_some(),
    });
    // What had ended already is not reset any more; the host gave the stream up all the same.
    let given_up = record.is_some_and(|record| record.reset.is_some());
    match (closed, reset) {
        (_, true) if by_peer => c"remote reset",
        (_, true) => c"local reset",
        (true, false) => c"finished",
        (false, false) if given_up => c"local reset",
        (false, false) => c"conn closed",
    }
}

/// The states of both parts in the numbers of upstream; that of a part which is not there is 0.
fn state_numbers(core: &Connection, key: StreamKey) -> (u32, u32) {
    let (send, recv) = core.streams().states(key).unwrap_or_default();
    let send = send.map_or(0, |state| match state {
        SendState::Ready => 0,
        SendState::Send => 1,
        SendState::DataSent => 2,
        SendState::DataRecvd => 3,
        SendState::ResetSent => 4,
        SendState::ResetRecvd => 5,
    });
    let recv = recv.map_or(0, |state| match state {
        RecvState::Recv => 0,
        RecvState::SizeKnown => 1,
        RecvState::DataRecvd => 2,
        RecvState::DataRead => 3,
        RecvState::ResetRecvd => 4,
        RecvState::ResetRead => 5,
    });
    (send, recv)
}
