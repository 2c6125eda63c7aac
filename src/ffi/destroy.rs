//! The end of a connection for the host: every close callback, each exactly once.

use crate::engine::ConnectionKey;

use super::cells::{engine_ptr, ConnectionCell, EngineCell, Known};
use super::dispatch::end_stream;
use super::http3::{self, Layers};
use super::qlog::deliver_trace;
use super::report::report_connection;

/// Tells the host that a connection is gone and releases it.
pub(super) fn destroy_connection(engine: &EngineCell, key: ConnectionKey) {
    let Some(connection) = engine.connection(key) else { return };
    // A host that destroys the engine in one of the callbacks below comes here again, for the rest.
    if !connection.ending_told.replace(true) {
        report_connection(engine, connection);
    }
    abandon(engine, key);
    close_streams(engine, connection);
    deliver_trace(engine, connection);
    close_notify(engine, connection);
    engine.remove_connection(key);
}

/// Releases a connection whose end is not told: the host has declined it. Of its streams, which it
/// may have opened, it hears.
pub(super) fn discard_connection(engine: &EngineCell, connection: &ConnectionCell) {
    abandon(engine, connection.key);
    close_streams(engine, connection);
    deliver_trace(engine, connection);
    engine.remove_connection(connection.key);
}

/// Ends a connection, live or not: no stream may be opened in the callbacks that follow.
fn abandon(engine: &EngineCell, key: ConnectionKey) {
    if let Some(core) = engine.core.borrow_mut().connection_mut(key) {
        core.abandon();
    }
}

fn close_streams(engine: &EngineCell, connection: &ConnectionCell) {
    if let Some(layers) = Layers::of(engine, connection) {
        return http3::end_streams(layers);
    }
    for key in connection.stream_keys() {
        end_stream(engine, connection, key);
    }
}

/// Exactly one of `conn_close_notify` and `server_refuse`, or neither for a connection the host
/// never accepted.
fn close_notify(engine: &EngineCell, connection: &ConnectionCell) {
    let known = connection.known.replace(Known::No);
    // This is the last word, even if the host was in the middle of another callback.
    connection.closing_told.set(true);
    let user_data = connection.user_data.get();
    match known {
        Known::Created => {
            if let Some(layers) = Layers::of(engine, connection) {
                return http3::close_notify(layers);
            }
            let notify = connection.callbacks().and_then(|p| p.conn_cbs.conn_close_notify);
            if let Some(notify) = notify {
                let data = connection.protocol_data.get();
                // SAFETY: the host gave this function; the handle is good until it has returned.
                unsafe { notify(connection.as_ptr(), connection.scid(), user_data, data) };
            }
        }
        Known::Accepted => {
            if let Some(refuse) = engine.transport.server_refuse {
                let handle = engine_ptr(connection.engine);
                // SAFETY: as above.
                unsafe { refuse(handle, connection.as_ptr(), connection.scid(), user_data) };
            }
        }
        Known::No => {}
    }
}
