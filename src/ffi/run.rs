//! The main loop: timers, events, notices, datagrams, connection by connection.

use std::cell::Cell;

use crate::engine::{ConnectionKey, Crowded};
use crate::error::{TransportError, TransportErrorCode};
use crate::time::{Duration, Instant};

use super::abi::XQC_LOG_WARN;
use super::cells::{ConnectionCell, EngineCell};
use super::datagram::{deliver_datagrams, notify_datagrams_writable};
use super::destroy::destroy_connection;
use super::dispatch::deliver_events;
use super::http3::{close_if_drained, end_closed, end_closed_soon, Layers};
use super::notify::{notify_readable, notify_writable};
use super::output::{flush, is_closed};
use super::qlog::deliver_trace;

/// What that is finished is released in a run. Connections are only in a call of the host to
/// `xqc_engine_main_logic`: after any other call it goes on using its handles.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Release {
    /// Requests stay too: the call may be one on a request that is over, and its host be in the middle
    /// of something.
    KeepAll,
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
        // Lazily: one that is made and dropped again would end the outer run.
        (!engine.running.replace(true)).then(|| {
            engine.runs.set(engine.runs.get().wrapping_add(1));
            Self(&engine.running)
        })
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.set(false);
    }
}

/// Passes in one run beside one for each connection that needed it at the beginning: connections
/// whose callbacks feed each other come back this often before the host gets its turn. What is left
/// is done when the timer fires, which is set to do so at once.
const MORE_PASSES: usize = 256;

/// Runs every connection that needs it.
pub(super) fn run(engine: &EngineCell, release: Release) {
    let Some(_running) = Running::begin(engine) else { return };
    engine.received.set(0);
    // The clock is the host's: it is read before the core is borrowed.
    let now = engine.clock.now();
    let mut passes = {
        let mut core = engine.core.borrow_mut();
        core.wake(now);
        core.active_count() + MORE_PASSES
    };
    while passes > 0 && !engine.poisoned.get() {
        // A borrow in the loop's condition would last through its body.
        let next = engine.core.borrow_mut().next_active();
        let Some(key) = next else { break };
        run_connection(engine, key, release);
        passes -= 1;
    }
    report_crowding(engine, now);
    set_timer(engine);
}

/// Lets a connection send what a call of the host has added: at once, unless the host wants to say
/// itself when anything is sent.
pub(super) fn send_now(engine: &EngineCell, connection: &ConnectionCell) {
    let manual = engine.config.borrow().manually_triggered_send != 0;
    if manual {
        activate(engine, connection);
    } else {
        run_one(engine, connection);
    }
}

/// Runs one connection at once, or leaves that to the outer run.
pub(super) fn run_one(engine: &EngineCell, connection: &ConnectionCell) {
    match Running::begin(engine) {
        Some(_running) => {
            run_connection(engine, connection.key, Release::KeepAll);
            set_timer(engine);
        }
        None => activate(engine, connection),
    }
}

/// Has the connection looked at in the next run, which the host is asked for.
pub(super) fn run_soon(engine: &EngineCell, connection: &ConnectionCell) {
    activate(engine, connection);
    if !engine.running.get() {
        set_timer_after(engine, SOON);
    }
}

/// Has the connection looked at in the next run, unless it is being looked at and has not sent yet.
fn activate(engine: &EngineCell, connection: &ConnectionCell) {
    if engine.before_sending.get() != Some(connection.key) {
        engine.core.borrow_mut().activate(connection.key);
    }
}

fn run_connection(engine: &EngineCell, key: ConnectionKey, release: Release) {
    let Some(connection) = engine.connection(key) else { return };
    let now = engine.clock.now();
    if let Some(core) = engine.core.borrow_mut().connection_mut(key) {
        core.on_timeout(now);
    }
    engine.before_sending.set(Some(key));
    if let Some(layers) = Layers::of(engine, connection).filter(|_| release != Release::KeepAll) {
        end_closed(layers);
    }
    deliver_events(engine, connection, now);
    deliver_datagrams(engine, connection);
    notify_readable(engine, connection, now);
    notify_writable(engine, connection, now);
    notify_datagrams_writable(engine, connection);
    deliver_events(engine, connection, now);
    if let Some(layers) = Layers::of(engine, connection) {
        close_if_drained(layers);
    }
    engine.before_sending.set(None);
    if engine.left_unread.take() {
        look_again_if_unread(engine, key);
    }
    flush(engine, connection, now);
    deliver_events(engine, connection, now);
    deliver_trace(engine, connection);
    if !is_closed(engine, connection) {
        engine.core.borrow_mut().reschedule(key, now);
        if let Some(layers) = Layers::of(engine, connection) {
            end_closed_soon(layers, now);
        }
        return;
    }
    match release {
        Release::Destroy => destroy_connection(engine, key),
        Release::KeepAll | Release::Keep => engine.core.borrow_mut().wake_at(key, now),
    }
}

/// The host read, and left something on one stream or another: it is told again. A host that does
/// not read at all is told when something else happens.
fn look_again_if_unread(engine: &EngineCell, key: ConnectionKey) {
    let mut core = engine.core.borrow_mut();
    if core.connection(key).is_some_and(|core| core.streams().has_readable()) {
        core.activate(key);
    }
}

/// The record that monitoring waits for when too many connection IDs share a bucket.
fn report_crowding(engine: &EngineCell, now: Instant) {
    let Some(Crowded { bucket, count }) = engine.core.borrow_mut().take_crowded(now) else {
        return;
    };
    let message =
        format_args!("|xqc conn hash conflict exceed|index:{bucket}, number of elements:{count}|");
    engine.log.write(XQC_LOG_WARN, None, "xqc_str_hash_add", message);
}

/// The shortest time a timer is set for.
const SOON: Duration = Duration::from_micros(1);

/// Asks the host to call `xqc_engine_main_logic` when the next deadline comes.
fn set_timer(engine: &EngineCell) {
    let (active, deadline) = {
        let mut core = engine.core.borrow_mut();
        (core.has_active(), core.next_wakeup())
    };
    if active {
        set_timer_after(engine, SOON);
    } else if let Some(deadline) = deadline {
        let now = engine.clock.now();
        set_timer_after(engine, deadline.saturating_since(now).max(SOON));
    }
}

/// Has the host call `xqc_engine_main_logic` after `after`.
fn set_timer_after(engine: &EngineCell, after: Duration) {
    let wanted = engine.callbacks.set_event_timer.filter(|_| !engine.doomed.get());
    if let Some(set) = wanted {
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
