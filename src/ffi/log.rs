//! Log records for the host: `[time] [level] |scid:..|function|key:value|`.

use std::cell::Cell;
use std::fmt::{self, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};

use libc::c_void;

use super::abi::prototypes::check_prototypes;
use super::abi::{
    xqc_bool_t, xqc_config_t, xqc_log_callbacks_t, xqc_log_level_t, XQC_FALSE, XQC_LOG_DEBUG,
    XQC_LOG_ERROR, XQC_LOG_FATAL, XQC_LOG_INFO, XQC_LOG_REPORT, XQC_LOG_STATS, XQC_LOG_WARN,
};
use super::clock::system_micros;

/// The longest record; what is longer is cut. With its zero it is as long as the original's
/// longest.
const MAX_RECORD: usize = 2047;

/// The logs of all engines are off.
static DISABLED: AtomicBool = AtomicBool::new(false);

/// Turns the logs of all engines off or on again.
#[no_mangle]
pub extern "C" fn xqc_log_disable(disable: xqc_bool_t) {
    DISABLED.store(disable != XQC_FALSE, Ordering::Relaxed);
}

check_prototypes!(xqc_log_disable);

/// Where an engine's log records go.
pub(super) struct Log {
    callbacks: xqc_log_callbacks_t,
    user_data: *mut c_void,
    level: Cell<xqc_log_level_t>,
    /// The engine is destroyed: the host hears nothing of it any more.
    closed: Cell<bool>,
    timestamp: bool,
    level_name: bool,
}

impl Log {
    /// The log of an engine with these callbacks and settings.
    pub fn new(
        callbacks: xqc_log_callbacks_t,
        config: &xqc_config_t,
        user_data: *mut c_void,
    ) -> Self {
        Self {
            callbacks,
            user_data,
            level: Cell::new(config.cfg_log_level),
            closed: Cell::new(false),
            timestamp: config.cfg_log_timestamp != 0,
            level_name: config.cfg_log_level_name != 0,
        }
    }

    /// Changes which records are made.
    pub fn set_level(&self, level: xqc_log_level_t) {
        self.level.set(level);
    }

    /// Makes no record any more.
    pub fn close(&self) {
        self.closed.set(true);
    }

    /// What the host gave for records and events.
    pub fn callbacks(&self) -> &xqc_log_callbacks_t {
        &self.callbacks
    }

    /// True if the host hears anything at all.
    #[inline]
    pub fn is_open(&self) -> bool {
        !self.closed.get() && !DISABLED.load(Ordering::Relaxed)
    }

    /// True if records of `level` are wanted: to be asked before anything is formatted.
    #[inline]
    pub fn enabled(&self, level: xqc_log_level_t) -> bool {
        level <= self.level.get() && self.is_open()
    }

    /// Writes one record, if its level is wanted. `scid` is the connection it is about, in
    /// hexadecimal; `message` begins with a bar.
    pub fn write(
        &self,
        level: xqc_log_level_t,
        scid: Option<&dyn fmt::Display>,
        function: &str,
        message: fmt::Arguments<'_>,
    ) {
        if !self.enabled(level) {
            return;
        }
        let mut record = Record::default();
        // Writing into a record never fails: what does not fit is cut.
        let _ = self.format(&mut record, level, scid, function, message);
        self.deliver(level, record);
    }

    fn format(
        &self,
        record: &mut Record,
        level: xqc_log_level_t,
        scid: Option<&dyn fmt::Display>,
        function: &str,
        message: fmt::Arguments<'_>,
    ) -> fmt::Result {
        if self.timestamp {
            write_time(record)?;
        }
        if self.level_name {
            write!(record, "[{}] ", level_name(level))?;
        }
        if let Some(scid) = scid {
            write!(record, "|scid:{scid}")?;
        }
        write!(record, "|{function}")?;
        record.write_fmt(message)
    }

    fn deliver(&self, level: xqc_log_level_t, record: Record) {
        let statistics = level == XQC_LOG_REPORT || level == XQC_LOG_STATS;
        let write = match self.callbacks.xqc_log_write_stat {
            Some(write) if statistics => Some(write),
            _ => self.callbacks.xqc_log_write_err,
        };
        let mut text = record.text;
        let len = text.len();
        let Some(write) = write else {
            return log::log!(rust_level(level), "{}", String::from_utf8_lossy(&text));
        };
        // Hosts print it with "%s".
        text.push(0);
        // SAFETY: the host gave this function for records; the text has this length and a zero behind
        // it.
        unsafe { write(level, text.as_ptr().cast(), len, self.user_data) };
    }
}

/// A record being written, at most [`MAX_RECORD`] bytes.
#[derive(Default)]
struct Record {
    text: Vec<u8>,
}

impl fmt::Write for Record {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        let room = MAX_RECORD.saturating_sub(self.text.len());
        self.text.extend_from_slice(&piece.as_bytes()[..piece.len().min(room)]);
        Ok(())
    }
}

/// `[2026/01/31 23:59:59 000001] ` in local time.
fn write_time(record: &mut Record) -> fmt::Result {
    let micros = system_micros();
    let seconds = (micros / 1_000_000) as libc::time_t;
    // SAFETY: all bytes zero is a valid `tm`: integers and a pointer.
    let mut parts: libc::tm = unsafe { std::mem::zeroed() };
    // SAFETY: both pointers are to live values; the function keeps neither.
    unsafe { libc::localtime_r(&seconds, &mut parts) };
    write!(
        record,
        "[{:4}/{:02}/{:02} {:02}:{:02}:{:02} {:06}] ",
        parts.tm_year + 1900,
        parts.tm_mon + 1,
        parts.tm_mday,
        parts.tm_hour,
        parts.tm_min,
        parts.tm_sec,
        micros % 1_000_000,
    )
}

fn level_name(level: xqc_log_level_t) -> &'static str {
    match level {
        XQC_LOG_REPORT => "report",
        XQC_LOG_FATAL => "fatal",
        XQC_LOG_ERROR => "error",
        XQC_LOG_WARN => "warn",
        XQC_LOG_STATS => "stats",
        XQC_LOG_INFO => "info",
        _ => "debug",
    }
}

/// The level of the Rust log that records go to when the host has no callback.
fn rust_level(level: xqc_log_level_t) -> log::Level {
    match level {
        XQC_LOG_FATAL | XQC_LOG_ERROR => log::Level::Error,
        XQC_LOG_WARN => log::Level::Warn,
        XQC_LOG_DEBUG => log::Level::Debug,
        _ => log::Level::Info,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ffi::abi::Zeroable;
    use std::cell::RefCell;
    use std::ffi::CStr;

    /// Records as they came: level, text, and whether by the function for statistics.
    type Records = RefCell<Vec<(xqc_log_level_t, String, bool)>>;

    fn keep(level: xqc_log_level_t, text: *const c_void, len: usize, to: *mut c_void, stat: bool) {
        // SAFETY: the log gives a text with a zero behind it, and the records below.
        let (text, records) =
            unsafe { (CStr::from_ptr(text.cast()).to_bytes(), &*to.cast::<Records>()) };
        assert_eq!(text.len(), len, "the zero does not count");
        records.borrow_mut().push((level, String::from_utf8_lossy(text).into_owned(), stat));
    }

    unsafe extern "C" fn write_err(
        level: xqc_log_level_t,
        text: *const c_void,
        len: usize,
        to: *mut c_void,
    ) {
        keep(level, text, len, to, false);
    }

    unsafe extern "C" fn write_stat(
        level: xqc_log_level_t,
        text: *const c_void,
        len: usize,
        to: *mut c_void,
    ) {
        keep(level, text, len, to, true);
    }

    fn log(records: &Records, level: xqc_log_level_t, timestamp: isize, stat: bool) -> Log {
        let callbacks = xqc_log_callbacks_t {
            xqc_log_write_err: Some(write_err),
            xqc_log_write_stat: if stat { Some(write_stat) } else { None },
            ..xqc_log_callbacks_t::ZERO
        };
        let config = xqc_config_t {
            cfg_log_level: level,
            cfg_log_timestamp: timestamp,
            cfg_log_level_name: 1,
            ..xqc_config_t::ZERO
        };
        Log::new(callbacks, &config, std::ptr::from_ref(records).cast_mut().cast())
    }

    fn texts(records: &Records) -> Vec<String> {
        records.take().into_iter().map(|(_, text, _)| text).collect()
    }

    #[test]
    fn a_record_names_level_connection_and_function() {
        let records = Records::default();
        let log = log(&records, XQC_LOG_INFO, 0, false);
        log.write(XQC_LOG_ERROR, Some(&"0a0b"), "xqc_conn_close", format_args!("|cid:{}", 7));
        log.write(XQC_LOG_INFO, None, "xqc_connect", format_args!("|text|"));
        let expected = ["[error] |scid:0a0b|xqc_conn_close|cid:7", "[info] |xqc_connect|text|"];
        assert_eq!(texts(&records), expected);
    }

    #[test]
    fn the_time_has_six_digits_after_a_space() {
        let records = Records::default();
        log(&records, XQC_LOG_WARN, 1, false).write(XQC_LOG_WARN, None, "f", format_args!("|x|"));
        let shape = |text: &str| -> String {
            text.chars().map(|c| if c.is_ascii_digit() { '9' } else { c }).collect()
        };
        assert_eq!(shape(&texts(&records)[0]), "[9999/99/99 99:99:99 999999] [warn] |f|x|");
    }

    #[test]
    fn less_important_records_are_not_made() {
        struct Formatted<'a>(&'a Cell<bool>);
        impl fmt::Display for Formatted<'_> {
            fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.set(true);
                Ok(())
            }
        }
        let (records, formatted) = (Records::default(), Cell::new(false));
        let log = log(&records, XQC_LOG_WARN, 0, false);
        log.write(XQC_LOG_INFO, None, "f", format_args!("{}", Formatted(&formatted)));
        assert!(texts(&records).is_empty() && !formatted.get());
        log.set_level(XQC_LOG_INFO);
        log.write(XQC_LOG_INFO, None, "f", format_args!("{}", Formatted(&formatted)));
        assert_eq!(texts(&records).len(), 1);
    }

    #[test]
    fn statistics_go_their_own_way_if_the_host_has_one() {
        for stat in [false, true] {
            let records = Records::default();
            let log = log(&records, XQC_LOG_DEBUG, 0, stat);
            for level in [XQC_LOG_REPORT, XQC_LOG_STATS, XQC_LOG_ERROR] {
                log.write(level, None, "f", format_args!("|x|"));
            }
            let ways: Vec<bool> = records.take().into_iter().map(|(_, _, stat)| stat).collect();
            assert_eq!(ways, [stat, stat, false]);
        }
    }

    #[test]
    fn a_long_record_is_cut() {
        let records = Records::default();
        let long = "x".repeat(5000);
        log(&records, XQC_LOG_WARN, 0, false).write(
            XQC_LOG_WARN,
            None,
            "f",
            format_args!("{long}"),
        );
        assert_eq!(texts(&records)[0].len(), MAX_RECORD);
    }
}
