//! The end of a connection for the host: every close callback, each exactly once.

use crate::engine::ConnectionKey;

use super::abi::XQC_LOG_REPORT;
use super::cells::{engine_ptr, ConnectionCell, EngineCell, Grave, Known};
use super::dispatch::{protocol, stream_close_notify};

/// Tells the host that a connection is gone and releases it.
pub(super) fn destroy_connection(engine: &EngineCell, key: ConnectionKey) {
    let Some(connection) = engine.connection(key) else { return };
    report(engine, connection);
    close_streams(engine, connection);
    close_notify(engine, connection);
    engine.core.borrow_mut().remove(key);
    let cell = match engine.connections.borrow_mut().get_mut(key.index() as usize) {
        Some(slot) => slot.take(),
        None => None,
    };
    if let Some(cell) = cell {
        engine.bury(Grave::Connection(cell));
    }
}

fn close_streams(engine: &EngineCell, connection: &ConnectionCell) {
    let keys: Vec<_> =
        connection.streams.borrow().iter().flatten().map(|stream| stream.key).collect();
    for key in keys {
        stream_close_notify(connection, key);
        if let Some(cell) = connection.remove_stream(key) {
            engine.bury(Grave::Stream(cell));
        }
    }
}

/// Exactly one of `conn_close_notify` and `server_refuse`, or neither for a connection the host
/// never accepted.
fn close_notify(engine: &EngineCell, connection: &ConnectionCell) {
    let known = connection.known.replace(Known::No);
    let user_data = connection.user_data.get();
    match known {
        Known::Created => {
            let notify = protocol(connection).and_then(|p| p.conn_cbs.conn_close_notify);
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

fn report(engine: &EngineCell, connection: &ConnectionCell) {
    if !engine.log.enabled(XQC_LOG_REPORT) {
        return;
    }
    let core = engine.core.borrow();
    let Some(core) = core.connection(connection.key) else { return };
    let stats = core.stats();
    let scid = core.local_cids().primary();
    engine.log.write(
        XQC_LOG_REPORT,
        Some(&scid),
        "xqc_conn_destroy",
        format_args!(
            "|{:p}|err:0x{:x}|snd_pkt:{}|rcv_pkt:{}|lost_pkt:{}|tlp_pkt:{}|srtt:{}|",
            connection.as_ptr(),
            connection.error.get(),
            stats.packets_sent,
            stats.packets_received,
            stats.packets_lost,
            stats.probe_timeouts,
            core.path().rtt.smoothed().as_micros(),
        ),
    );
}
