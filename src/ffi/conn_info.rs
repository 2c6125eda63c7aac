//! The texts in the statistics of a connection. Scripts parse them: what stands in which place is
//! as upstream has it, with zeros for what only multipath and error correction count.

use std::fmt::{self, Write};

use crate::connection::{Connection, PacketNote, Recent, Stats};
use crate::path::Path;
use crate::time::Instant;
use crate::wire::frame::{FrameSet, FrameType};
use crate::wire::PacketType;

use super::abi::XQC_APP_PATH_STATUS_AVAILABLE;

/// Ranges of received packet numbers that `ack_info` shows.
const ACK_INFO_RANGES: usize = 3;

/// What stands at the end of `ack_info`: the version of its form.
const ACK_INFO_VERSION: &str = "#v0429";

/// The multipath part: not agreed on, not offered by us, not offered by the peer, then the versions
/// of the extension on both sides in hexadecimal.
pub(super) const NO_MULTIPATH: &str = "0/0/0/a/0";

/// A path that carries data, in the numbers of upstream.
const PATH_ACTIVE: u32 = 2;

/// The largest text is 400 bytes; the parts that vary are some 25 numbers.
const ROOM: usize = 400;

/// `#10-5#3-3#0-0#v0429`: the highest ranges of received packet numbers, zeros for none.
pub(super) fn ack_info(connection: &Connection) -> String {
    let mut ranges = connection.received_ranges();
    let mut text = String::new();
    for _ in 0..ACK_INFO_RANGES {
        let (high, low) = ranges.next().map_or((0, 0), |range| (range.end - 1, range.start));
        // Writing into a string never fails.
        let _ = write!(text, "#{high}-{low}");
    }
    text + ACK_INFO_VERSION
}

/// The counters, the last three packets each way, and the path. `window` is the initial congestion
/// window that the host asked for, or 0.
pub(super) fn conn_info(connection: &Connection, window: u32) -> String {
    let mut text = String::with_capacity(ROOM);
    // As above.
    let _ = write_conn_info(&mut text, connection, window);
    text
}

fn write_conn_info(text: &mut String, connection: &Connection, window: u32) -> fmt::Result {
    let stats = connection.stats();
    let totals = connection.streams().totals();
    let datagrams = &stats.datagram_frames;
    // Paths created, validated, active.
    write!(text, "{NO_MULTIPATH},1,1,1,")?;
    write!(text, "{},{},{},", datagrams.sent, datagrams.high, datagrams.high_copies)?;
    // Copies on other paths; repeated after a silence; then how often scheduler and congestion
    // window stood in the way.
    write!(text, "0,{},0,0,", datagrams.probes)?;
    let (sent, received) = (stats.packets_sent, stats.packets_received);
    write!(text, "{sent},{received},{},", stats.datagrams_received)?;
    write!(text, "{},0,{},i{window}", totals.bytes_sent, totals.bytes_received)?;
    let created = connection.created();
    write_received(text, &stats.last_received, created)?;
    write_sent(text, &stats.last_sent, created)?;
    write_path(text, connection.path(), stats)
}

/// Type, length, length of the datagram, frames, number, milliseconds, error.
fn write_received(text: &mut String, recent: &Recent, created: Instant) -> fmt::Result {
    recent.notes().iter().try_for_each(|note| match note {
        None => text.write_str(",0,0,0,0,0,0,0"),
        Some(note) => {
            write!(text, ",{},{},{},", type_number(note), note.len, note.datagram_len)?;
            write!(text, "{:x},{},{},0", frame_bits(note.frames), note.number, since(note, created))
        }
    })
}

/// Type, length, frames, number, milliseconds.
fn write_sent(text: &mut String, recent: &Recent, created: Instant) -> fmt::Result {
    recent.notes().iter().try_for_each(|note| match note {
        None => text.write_str(",0,0,0,0,0"),
        Some(note) => {
            write!(text, ",{},{},", type_number(note), note.len)?;
            write!(text, "{:x},{},{}", frame_bits(note.frames), note.number, since(note, created))
        }
    })
}

/// Eighteen figures of the path, each with its number before it.
fn write_path(text: &mut String, path: &Path, stats: &Stats) -> fmt::Result {
    let measured = path.rtt.has_sample();
    let srtt = if measured { path.rtt.smoothed().as_millis() } else { 0 };
    let figures = [
        PATH_ACTIVE.into(),
        XQC_APP_PATH_STATUS_AVAILABLE.0.into(),
        // No error of the socket; created with the connection; not destroyed.
        0,
        0,
        0,
        srtt,
        stats.bytes_sent,
        stats.bytes_received,
        stats.flight_packets_sent,
        stats.datagrams_received,
        stats.packets_lost,
        stats.probes_sent,
        stats.datagram_frames.sent.into(),
        stats.datagram_frames.received.into(),
        stats.datagram_frames.high_copies.into(),
        0,
        stats.rebinds,
        stats.rebinds_validated,
    ];
    figures.iter().try_for_each(|figure| write!(text, ",0-{figure}"))
}

/// Milliseconds since the connection began.
fn since(note: &PacketNote, created: Instant) -> u64 {
    note.time.saturating_since(created).as_millis()
}

fn type_number(note: &PacketNote) -> u32 {
    match note.packet_type {
        PacketType::Initial => 0,
        PacketType::ZeroRtt => 1,
        PacketType::Handshake => 2,
        PacketType::OneRtt => 4,
    }
}

/// The bit of each type of frame in reports, which are not the numbers on the wire.
const FRAME_BITS: [(FrameType, u32); 22] = [
    (FrameType::PADDING, 0),
    (FrameType::PING, 1),
    (FrameType::ACK, 2),
    (FrameType::RESET_STREAM, 3),
    (FrameType::STOP_SENDING, 4),
    (FrameType::CRYPTO, 5),
    (FrameType::NEW_TOKEN, 6),
    (FrameType::STREAM, 7),
    (FrameType::MAX_DATA, 8),
    (FrameType::MAX_STREAM_DATA, 9),
    (FrameType::MAX_STREAMS, 10),
    (FrameType::DATA_BLOCKED, 11),
    (FrameType::STREAM_DATA_BLOCKED, 12),
    (FrameType::STREAMS_BLOCKED, 13),
    (FrameType::NEW_CONNECTION_ID, 14),
    (FrameType::RETIRE_CONNECTION_ID, 15),
    (FrameType::PATH_CHALLENGE, 16),
    (FrameType::PATH_RESPONSE, 17),
    (FrameType::CONNECTION_CLOSE, 18),
    (FrameType::CONNECTION_CLOSE_APPLICATION, 18),
    (FrameType::HANDSHAKE_DONE, 19),
    (FrameType::DATAGRAM, 29),
];

fn frame_bits(frames: FrameSet) -> u64 {
    let held = FRAME_BITS.iter().filter(|(frame_type, _)| frames.contains(*frame_type));
    held.fold(0, |bits, (_, bit)| bits | 1 << bit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_have_the_bits_that_scripts_know() {
        let mut frames = FrameSet::default();
        for frame_type in [FrameType::ACK, FrameType::STREAM, FrameType::HANDSHAKE_DONE] {
            frames.insert(frame_type);
        }
        assert_eq!(frame_bits(frames), 0x8_0084);
    }
}
