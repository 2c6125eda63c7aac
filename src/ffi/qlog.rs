//! qlog events to the host: one complete JSON text per call.
//!
//! The first text that an engine gives is the header of a file, the others are events of all its
//! connections, told apart by their `group_id`. Each with a record separator before and a line feed
//! behind it they are a JSON text sequence (RFC 7464), which viewers load as it stands.

use std::cell::Cell;

use libc::c_void;

use crate::observe::{file_header, Filter, Importance, Records};
use crate::time::Instant;

use super::abi::{
    qlog_event_importance_t, xqc_config_t, xqc_log_level_t, EVENT_IMPORTANCE_BASE,
    EVENT_IMPORTANCE_CORE, EVENT_IMPORTANCE_EXTRA, EVENT_IMPORTANCE_REMOVED,
    EVENT_IMPORTANCE_SELECTED, XQC_LOG_DEBUG, XQC_LOG_INFO, XQC_LOG_STATS,
};
use super::cells::{ConnectionCell, EngineCell};
use super::clock::system_micros;
use super::http3::Layers;

/// Which events the host wants, and whether the file has begun.
pub(super) struct Qlog {
    /// `cfg_log_event` is set.
    on: Cell<bool>,
    importance: Cell<qlog_event_importance_t>,
    /// What times count from, once the header was given.
    origin: Cell<Option<Instant>>,
    /// The memory of the last text.
    scratch: Cell<Vec<u8>>,
}

impl Qlog {
    /// As the configuration says.
    pub fn new(config: &xqc_config_t) -> Self {
        let importance = Cell::new(config.cfg_qlog_importance);
        let on = Cell::new(config.cfg_log_event != 0);
        Self { on, importance, origin: Cell::default(), scratch: Cell::default() }
    }

    /// Takes over a changed configuration.
    pub fn configure(&self, config: &xqc_config_t) {
        self.on.set(config.cfg_log_event != 0);
        self.importance.set(config.cfg_qlog_importance);
    }

    /// Which events are wanted, `None` for none at all. Selected events go where log records go,
    /// and by their level.
    fn filter(&self, engine: &EngineCell) -> Option<Filter> {
        let host = &engine.log;
        let selected = self.importance.get() == EVENT_IMPORTANCE_SELECTED;
        if !self.on.get() || !host.is_open() {
            return None;
        }
        if selected {
            let frequent = host.enabled(XQC_LOG_DEBUG);
            let wanted = host.callbacks().xqc_log_write_err.is_some() && host.enabled(XQC_LOG_INFO);
            return wanted.then_some(Filter { least: Importance::Removed, frequent });
        }
        host.callbacks().xqc_qlog_event_write?;
        Some(Filter::at_least(match self.importance.get() {
            EVENT_IMPORTANCE_CORE => Importance::Core,
            EVENT_IMPORTANCE_BASE => Importance::Base,
            EVENT_IMPORTANCE_EXTRA => Importance::Extra,
            _ => Importance::Removed,
        }))
    }

    fn write(&self, engine: &EngineCell, importance: Importance, frequent: bool, text: &str) {
        // Hosts print it with "%s".
        let mut terminated = self.scratch.take();
        terminated.clear();
        terminated.extend_from_slice(text.as_bytes());
        terminated.push(0);
        let (buf, size): (*const c_void, usize) = (terminated.as_ptr().cast(), text.len());
        let callbacks = engine.log.callbacks();
        if self.importance.get() == EVENT_IMPORTANCE_SELECTED {
            if let Some(write) = callbacks.xqc_log_write_err {
                // SAFETY: the host gave this function; the text has this length and a zero behind it.
                unsafe { write(selected_level(frequent), buf, size, engine.user_data) };
            }
        } else if let Some(write) = callbacks.xqc_qlog_event_write {
            // SAFETY: as above.
            unsafe { write(number(importance), buf, size, engine.user_data) };
        }
        self.scratch.set(terminated);
    }

    /// Gives the header before anything else. Returns what times count from.
    fn begin(&self, engine: &EngineCell, now: Instant) -> Instant {
        if let Some(origin) = self.origin.get() {
            return origin;
        }
        self.origin.set(Some(now));
        let role = engine.core.borrow().role();
        let header = file_header(role, system_micros() / 1000);
        self.write(engine, Importance::Core, false, &header);
        now
    }
}

/// Begins to record what happens to a connection that was just made, as far as the host wants to
/// hear of it.
pub(super) fn observe(engine: &EngineCell, connection: &ConnectionCell, now: Instant) {
    if engine.log.enabled(XQC_LOG_STATS) {
        if let Some(core) = engine.core.borrow_mut().connection_mut(connection.key) {
            core.streams_mut().keep_records();
        }
    }
    let Some(filter) = engine.qlog.filter(engine) else { return };
    let origin = engine.qlog.begin(engine, now);
    if let Some(core) = engine.core.borrow_mut().connection_mut(connection.key) {
        core.start_trace(filter, origin, now);
    }
    connection.traced.set(true);
    if let Some(layers) = Layers::of(engine, connection) {
        share_trace(layers);
    }
}

/// Lets HTTP/3 tell its part in the same trace, if there is one.
pub(super) fn share_trace(layers: Layers<'_>) {
    if layers.connection.traced.get() {
        layers.with(|h3, transport| h3.set_trace(transport.trace_handle()));
    }
}

/// Begins the traces of connections that have none, if the host wants events from now on.
pub(super) fn trace_all(engine: &EngineCell) {
    let now = engine.clock.now();
    let keys = engine.core.borrow().keys();
    for connection in keys.into_iter().filter_map(|key| engine.connection(key)) {
        if !connection.traced.get() {
            observe(engine, connection, now);
        }
    }
}

/// Gives the host what has happened to a connection since the last time.
#[inline]
pub(super) fn deliver_trace(engine: &EngineCell, connection: &ConnectionCell) {
    if connection.traced.get() {
        deliver(engine, connection);
    }
}

#[cold]
fn deliver(engine: &EngineCell, connection: &ConnectionCell) {
    let filter = engine.qlog.filter(engine);
    if let (None, Some(layers)) = (filter, Layers::of(engine, connection)) {
        layers.with(|h3, _| h3.set_trace(None));
    }
    let records = {
        let mut core = engine.core.borrow_mut();
        let Some(core) = core.connection_mut(connection.key) else { return };
        match filter {
            Some(filter) => core.set_trace_filter(filter),
            // Switched off meanwhile.
            None => {
                core.stop_trace();
                connection.traced.set(false);
            }
        }
        core.take_records()
    };
    // Nothing is borrowed any more.
    for (kind, text) in records.iter() {
        engine.qlog.write(engine, kind.importance(), kind.is_frequent(), text);
    }
    give_back(engine, connection, records);
}

fn give_back(engine: &EngineCell, connection: &ConnectionCell, records: Records) {
    if let Some(core) = engine.core.borrow_mut().connection_mut(connection.key) {
        core.give_back_records(records);
    }
}

fn number(importance: Importance) -> qlog_event_importance_t {
    match importance {
        Importance::Core => EVENT_IMPORTANCE_CORE,
        Importance::Base => EVENT_IMPORTANCE_BASE,
        Importance::Extra => EVENT_IMPORTANCE_EXTRA,
        Importance::Removed => EVENT_IMPORTANCE_REMOVED,
    }
}

/// The level of an event among log records.
fn selected_level(frequent: bool) -> xqc_log_level_t {
    if frequent {
        XQC_LOG_DEBUG
    } else {
        XQC_LOG_INFO
    }
}
