//! The line of figures of a request.

use std::fmt::{self, Write};

use libc::{c_char, size_t};

use crate::ffi::abi::prototypes::check_prototypes;
use crate::ffi::abi::{xqc_h3_request_t, xqc_int_t, xqc_request_stats_t, XQC_H3_EPARAM};

use super::guard::with_request;
use super::stats::{smoothed_rtt, statistics};

/// Writes the line.
///
/// # Safety
///
/// `h3_request` is null or a live request; `str` has room for `size` bytes.
#[no_mangle]
pub unsafe extern "C" fn xqc_h3_request_stats_print(
    h3_request: *mut xqc_h3_request_t,
    str: *mut c_char,
    size: size_t,
) -> xqc_int_t {
    if str.is_null() && size > 0 {
        return -XQC_H3_EPARAM;
    }
    let mut line = Line { place: str, room: size.saturating_sub(1), len: 0 };
    // SAFETY: the caller vouches for the handle.
    let found = unsafe {
        with_request(h3_request, false, |layers, request| {
            let stats = statistics(layers, request);
            let rtt = layers.with(|_, transport| smoothed_rtt(transport).as_millis()).unwrap_or(0);
            // Writing into a line never fails: what does not fit is cut.
            let _ = write_line(&mut line, request.id, &stats, rtt);
            true
        })
    };
    if !found {
        return -XQC_H3_EPARAM;
    }
    if size > 0 {
        // SAFETY: the caller vouches for the room, of which the line left one byte.
        unsafe { str.add(line.len.min(line.room)).write(0) };
    }
    line.len as xqc_int_t
}

check_prototypes!(xqc_h3_request_stats_print);

/// The figures, in the order that scripts know. Later ones are only appended.
fn write_line(out: &mut impl Write, id: u64, stats: &xqc_request_stats_t, rtt: u64) -> fmt::Result {
    write!(out, "{id}")?;
    let times = [
        stats.h3r_header_begin_time,
        stats.h3r_header_end_time,
        stats.h3r_body_begin_time,
        stats.stream_fin_time,
        stats.h3r_end_time,
        stats.h3r_header_send_time,
        stats.h3r_body_send_time,
        stats.stream_fin_send_time,
        stats.stream_fin_ack_time,
    ];
    for time in times {
        // 0 is what never happened.
        write!(out, ",{}", time.saturating_sub(stats.h3r_begin_time) / 1000)?;
    }
    write!(out, ",cc:{},rtx:{},rtt:", stats.cwnd_blocked_ms, stats.retrans_cnt)?;
    // Of each path that carried something of the stream.
    if stats.stream_fst_pkt_snd_time != 0 || stats.stream_fst_pkt_rcv_time != 0 {
        write!(out, "{rtt}")?;
    }
    Ok(())
}

/// A host's memory that a text is written to as far as it fits.
struct Line {
    place: *mut c_char,
    room: usize,
    /// Of the whole text.
    len: usize,
}

impl Write for Line {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        let fits = piece.len().min(self.room.saturating_sub(self.len));
        if fits > 0 {
            // SAFETY: the host's memory has `room` bytes and one more, and `len + fits` are at most
            // `room`.
            unsafe {
                self.place.add(self.len).copy_from_nonoverlapping(piece.as_ptr().cast(), fits);
            }
        }
        self.len += piece.len();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ffi::abi::Zeroable;

    fn stats() -> xqc_request_stats_t {
        xqc_request_stats_t {
            h3r_begin_time: 1_000_000,
            h3r_header_begin_time: 1_050_999,
            stream_fin_ack_time: 1_123_000,
            cwnd_blocked_ms: 7,
            retrans_cnt: 3,
            stream_fst_pkt_snd_time: 1,
            ..xqc_request_stats_t::ZERO
        }
    }

    #[test]
    fn figures_stand_in_the_order_that_scripts_know() {
        let mut text = String::new();
        let _ = write_line(&mut text, 4, &stats(), 25);
        assert_eq!(text, "4,50,0,0,0,0,0,0,0,123,cc:7,rtx:3,rtt:25");
        text.clear();
        let untouched = xqc_request_stats_t { stream_fst_pkt_snd_time: 0, ..stats() };
        let _ = write_line(&mut text, 4, &untouched, 25);
        assert!(text.ends_with("rtt:"));
    }

    #[test]
    fn what_does_not_fit_is_cut_and_counted() {
        let mut memory = [b'x' as c_char; 5];
        let mut line = Line { place: memory.as_mut_ptr(), room: 3, len: 0 };
        let _ = write!(line, "{}cde", "ab".to_owned());
        assert_eq!(line.len, 5);
        assert_eq!(memory, [b'a', b'b', b'c', b'x', b'x'].map(|byte| byte as c_char));
    }
}
