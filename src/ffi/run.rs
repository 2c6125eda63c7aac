//! The main loop: timers, events, notices, datagrams, connection by connection.

use std::cell::Cell;

use crate::engine::ConnectionKey;
use crate::error::{TransportError, TransportErrorCode};
use crate::time::{Duration, Instant};

use super::cells::{ConnectionCell, EngineCell};
use super::destroy::destroy_connection;
use super::dispatch::{deliver_events, notify_readable, notify_writable};
use super::output::{flush, is_closed};

/// Whether finished connections are released in a run. Only a call of the host to
/// `xqc_engine_main_logic` does so: after any other call it goes on using its handles.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Release {
    /// Finished connections stay until the timer's run.
    Keep,
    /// Finished connections are destroyed.
    Destroy,
}

/// Marks the engine as running for as long as it lives, so that calls from inside callbacks leave
/// the work to the outer run.
pub(super) struct Running<'a>(&'a Cell<bool>);

impl<'a> Running<'a> {
    /// `None` if the engine is running already.
    pub fn begin(engine: &'a EngineCell) -> Option<Self> {
        (!engine.running.replace(true)).then_some(Self(&engine.running))
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.set(false);
    }
}

/// Runs every connection that needs it.
pub(super) fn run(engine: &EngineCell, release: Release) {
    let Some(_running) = Running::begin(engine) else { return };
    engine.received.set(0);
    engine.core.borrow_mut().wake(engine.clock.now());
    loop {
        // A borrow in the loop's condition would last through its body.
        let next = engine.core.borrow_mut().next_active();
        let Some(key) = next else { break };
        run_connection(engine, key, release);
    }
    set_timer(engine);
}

/// Runs one connection at once, for a call that asked it to send.
pub(super) fn run_one(engine: &EngineCell, connection: &ConnectionCell) {
    engine.core.borrow_mut().activate(connection.key);
    run(engine, Release::Keep);
}

fn run_connection(engine: &EngineCell, key: ConnectionKey, release: Release) {
    let Some(connection) = engine.connection(key) else { return };
    let now = engine.clock.now();
    if let Some(core) = engine.core.borrow_mut().connection_mut(key) {
        core.on_timeout(now);
    }
    deliver_events(engine, connection, now);
    notify_readable(engine, connection, now);
    notify_writable(engine, connection, now);
    deliver_events(engine, connection, now);
    flush(engine, connection, now);
    deliver_events(engine, connection, now);
    if !is_closed(engine, connection) {
        engine.core.borrow_mut().reschedule(key, now);
        return;
    }
    match release {
        Release::Destroy => destroy_connection(engine, key),
        Release::Keep => engine.core.borrow_mut().wake_at(key, now),
    }
}

/// Asks the host to call `xqc_engine_main_logic` when the next deadline comes.
fn set_timer(engine: &EngineCell) {
    let Some(deadline) = engine.core.borrow_mut().next_wakeup() else { return };
    let now = engine.clock.now();
    let after = deadline.saturating_since(now).max(Duration::from_micros(1));
    set_timer_after(engine, after);
}

/// Has the host call `xqc_engine_main_logic` after `after`.
pub(super) fn set_timer_after(engine: &EngineCell, after: Duration) {
    if let Some(set) = engine.callbacks.set_event_timer {
        // SAFETY: the host gave this function for its timer.
        unsafe { set(after.as_micros(), engine.user_data) };
    }
}

/// A callback of the host failed: the connection ends with INTERNAL_ERROR.
pub(super) fn on_callback_failure(engine: &EngineCell, connection: &ConnectionCell, now: Instant) {
    let error = TransportError::new(TransportErrorCode::INTERNAL_ERROR, "");
    if let Some(core) = engine.core.borrow_mut().connection_mut(connection.key) {
        core.close_on_error(now, error);
    }
}
