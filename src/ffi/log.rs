//! Log records for the host: `[time] [level] |scid:..|function|key:value|`.

use std::cell::Cell;
use std::fmt::{self, Write as _};

use libc::c_void;

use super::abi::{
    xqc_config_t, xqc_log_callbacks_t, xqc_log_level_t, XQC_LOG_DEBUG, XQC_LOG_ERROR,
    XQC_LOG_FATAL, XQC_LOG_INFO, XQC_LOG_REPORT, XQC_LOG_STATS, XQC_LOG_WARN,
};
use super::clock::system_micros;

/// The longest record; what is longer is cut.
const MAX_RECORD: usize = 2048;

/// Where an engine's log records go.
pub(super) struct Log {
    callbacks: xqc_log_callbacks_t,
    user_data: *mut c_void,
    level: Cell<xqc_log_level_t>,
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
            timestamp: config.cfg_log_timestamp != 0,
            level_name: config.cfg_log_level_name != 0,
        }
    }

    /// Changes which records are made.
    pub fn set_level(&self, level: xqc_log_level_t) {
        self.level.set(level);
    }

    /// True if records of `level` are wanted: to be asked before anything is formatted.
    #[inline]
    pub fn enabled(&self, level: xqc_log_level_t) -> bool {
        level <= self.level.get()
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
        self.deliver(level, &record);
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

    fn deliver(&self, level: xqc_log_level_t, record: &Record) {
        let statistics = level == XQC_LOG_REPORT || level == XQC_LOG_STATS;
        let write = match self.callbacks.xqc_log_write_stat {
            Some(write) if statistics => Some(write),
            _ => self.callbacks.xqc_log_write_err,
        };
        let text = record.as_bytes();
        match write {
            // SAFETY: the host gave this function for records; text and length belong together.
            Some(write) => unsafe {
                write(level, text.as_ptr().cast(), text.len(), self.user_data);
            },
            None => log::log!(rust_level(level), "{}", String::from_utf8_lossy(text)),
        }
    }
}

/// A record being written, at most [`MAX_RECORD`] bytes.
#[derive(Default)]
struct Record {
    text: Vec<u8>,
}

impl Record {
    fn as_bytes(&self) -> &[u8] {
        &self.text
    }
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
