//! `stream_read_notify` and `stream_write_notify`.
//!
//! Both are level-triggered: a stream is notified in every pass as long as there is something to
//! read, or room to write after a write that was cut short.

use libc::{c_int, c_void};

use crate::connection::Connection;
use crate::stream::StreamKey;
use crate::time::Instant;

use super::abi::{xqc_app_proto_callbacks_t, xqc_stream_t};
use super::cells::{ConnectionCell, EngineCell, Known};
use super::http3::{self, Layers};
use super::run::on_callback_failure;

/// Calls `stream_read_notify` for every stream with something to read.
#[inline]
pub(super) fn notify_readable(engine: &EngineCell, connection: &ConnectionCell, now: Instant) {
    if let Some(layers) = Layers::of(engine, connection) {
        return http3::notify_readable(layers, now);
    }
    notify(engine, connection, Readiness::Read, now);
}

/// As [`notify_readable`], for a connection that the peer has just closed.
pub(super) fn notify_unread(engine: &EngineCell, connection: &ConnectionCell, now: Instant) {
    if let Some(layers) = Layers::of(engine, connection) {
        return http3::notify_unread(layers, now);
    }
    notify(engine, connection, Readiness::LastRead, now);
}

/// Calls `stream_write_notify` for every stream that waits for room and has some, and for those of
/// ours that were never written to.
#[inline]
pub(super) fn notify_writable(engine: &EngineCell, connection: &ConnectionCell, now: Instant) {
    if let Some(layers) = Layers::of(engine, connection) {
        return http3::notify_writable(layers, now);
    }
    notify(engine, connection, Readiness::Write, now);
}

/// What streams are ready for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Readiness {
    /// To be read.
    Read,
    /// To be read, after the end of the connection.
    LastRead,
    /// To be written.
    Write,
}

type Notify = unsafe extern "C" fn(*mut xqc_stream_t, *mut c_void) -> c_int;

impl Readiness {
    fn callback(self, protocol: &xqc_app_proto_callbacks_t) -> Option<Notify> {
        match self {
            Self::Read | Self::LastRead => protocol.stream_cbs.stream_read_notify,
            Self::Write => protocol.stream_cbs.stream_write_notify,
        }
    }

    /// True if streams of the connection are notified at all. One that lingers was closed by the
    /// host.
    fn is_allowed(self, core: &Connection) -> bool {
        match self {
            Self::Read => core.state().is_open() && !core.is_lingering(),
            Self::LastRead => true,
            Self::Write => core.state().is_established() && !core.is_lingering(),
        }
    }

    /// True if the stream is ready still: the host may have seen to it while it was called for
    /// another one.
    fn is_current(self, core: &Connection, key: StreamKey) -> bool {
        self.is_allowed(core)
            && match self {
                Self::Read | Self::LastRead => core.streams().is_readable(key),
                Self::Write => core.streams().is_writing(key),
            }
    }
}

fn notify(engine: &EngineCell, connection: &ConnectionCell, readiness: Readiness, now: Instant) {
    if connection.known.get() != Known::Created {
        return;
    }
    let callbacks = connection.callbacks();
    let Some(notify) = callbacks.and_then(|callbacks| readiness.callback(callbacks)) else {
        return;
    };
    let mut keys = engine.stream_keys.take();
    collect(engine, connection, readiness, &mut keys);
    for key in keys.drain(..) {
        let core = engine.core.borrow();
        let core_connection = core.connection(connection.key);
        let current = core_connection.is_some_and(|core| readiness.is_current(core, key));
        drop(core);
        let stream = connection.stream(key).filter(|stream| current && !stream.discarded.get());
        let Some(stream) = stream else { continue };
        // SAFETY: the host gave this function; the handle is good.
        let result = unsafe { notify(stream.as_ptr(), stream.user_data.get()) };
        if result < 0 {
            on_callback_failure(engine, connection, now);
        }
    }
    engine.stream_keys.set(keys);
}

/// Puts the keys of all streams that are ready into `keys`.
fn collect(
    engine: &EngineCell,
    connection: &ConnectionCell,
    readiness: Readiness,
    keys: &mut Vec<StreamKey>,
) {
    let mut core = engine.core.borrow_mut();
    let Some(core) = core.connection_mut(connection.key) else { return };
    if !readiness.is_allowed(core) {
        return;
    }
    match readiness {
        Readiness::Read | Readiness::LastRead => core.streams().readable(keys),
        Readiness::Write => {
            core.streams_mut().writable(keys);
            keys.extend_from_slice(&connection.unwritten.borrow());
        }
    }
}
