//! Events of the core to the host's callbacks.
//!
//! One event is taken, the borrow of the core ends, C is called, and then the next one is taken:
//! a callback may call anything.

use libc::{c_uchar, c_void};

use crate::connection::{CloseReason, Event};
use crate::stream::{StreamEvent, StreamKey};
use crate::time::Instant;

use super::abi::{xqc_app_proto_callbacks_t, XQC_ESTATELESS_RESET, XQC_LOG_WARN};
use super::cells::{ConnectionCell, EngineCell, Grave, Known, StreamCell};
use super::cid::raw_cid;
use super::identifiers::issue_connection_ids;
use super::run::on_callback_failure;

/// What `xqc_conn_get_errno` says of a client that found no common version, as upstream numbers it.
const VERSION_NEGOTIATION_FAILED: u64 = 0x53;

/// Calls the host for everything that happened to `connection`.
pub(super) fn deliver_events(engine: &EngineCell, connection: &ConnectionCell, now: Instant) {
    loop {
        // A borrow in the loop's condition would last through its body.
        let event = match engine.core.borrow_mut().connection_mut(connection.key) {
            Some(core) => core.poll_event(),
            None => None,
        };
        let Some(event) = event else { return };
        deliver(engine, connection, event, now);
    }
}

fn deliver(engine: &EngineCell, connection: &ConnectionCell, event: Event, now: Instant) {
    match event {
        Event::ProtocolSelected => on_protocol(engine, connection, now),
        Event::HandshakeComplete => on_handshake_complete(connection, now),
        Event::HandshakeConfirmed => {
            engine.core.borrow_mut().forget_first_dcid(connection.key, now);
        }
        Event::VerifyCertificate(chain) => verify_certificate(engine, connection, &chain, now),
        Event::KeyLog(line) => write_key_log(engine, connection, line),
        Event::SessionTicket(ticket) => save_session(engine, connection, &ticket),
        Event::NewToken(token) => save_token(engine, connection, &token),
        Event::NeedConnectionIds(count) => issue_connection_ids(engine, connection, count),
        Event::ConnectionIdRetired(cid) => on_cid_retired(engine, connection, cid, now),
        Event::Stream(event) => on_stream_event(engine, connection, event, now),
        Event::Closing(reason) => on_closing(engine, connection, &reason, now),
    }
}

/// The application protocol's callbacks, once it is chosen.
pub(super) fn protocol(connection: &ConnectionCell) -> Option<xqc_app_proto_callbacks_t> {
    connection.protocol.borrow().as_deref().copied()
}

/// A server has chosen the protocol: the application gets its connection.
fn on_protocol(engine: &EngineCell, connection: &ConnectionCell, now: Instant) {
    if connection.known.get() == Known::Created {
        return;
    }
    let callbacks = {
        let core = engine.core.borrow();
        let alpn = core.connection(connection.key).and_then(|core| core.tls().alpn());
        let protocols = engine.protocols.borrow();
        protocols
            .iter()
            .find(|protocol| Some(protocol.alpn.as_slice()) == alpn)
            .map(|protocol| protocol.callbacks.clone())
    };
    *connection.protocol.borrow_mut() = callbacks;
    let created = create_notify(connection);
    if created {
        connection.known.set(Known::Created);
    } else {
        on_callback_failure(engine, connection, now);
    }
}

/// Calls `conn_create_notify`. Returns false if the host refused.
pub(super) fn create_notify(connection: &ConnectionCell) -> bool {
    let Some(callbacks) = protocol(connection) else { return false };
    let Some(notify) = callbacks.conn_cbs.conn_create_notify else { return true };
    // SAFETY: the host gave this function; the handle and the address of the connection ID are
    // good until the connection is destroyed.
    let result = unsafe {
        notify(
            connection.as_ptr(),
            connection.scid(),
            connection.user_data.get(),
            connection.protocol_data.get(),
        )
    };
    result == 0
}

fn on_handshake_complete(connection: &ConnectionCell, now: Instant) {
    connection.handshake_done.set(Some(now));
    if connection.known.get() != Known::Created {
        return;
    }
    let notify = protocol(connection).and_then(|p| p.conn_cbs.conn_handshake_finished);
    if let Some(notify) = notify {
        // SAFETY: the host gave this function; the handle is good.
        unsafe {
            notify(connection.as_ptr(), connection.user_data.get(), connection.protocol_data.get());
        }
    }
}

fn verify_certificate(
    engine: &EngineCell,
    connection: &ConnectionCell,
    chain: &[Vec<u8>],
    now: Instant,
) {
    let accepted = match engine.transport.cert_verify_cb {
        Some(verify) => {
            let certificates: Vec<*const c_uchar> = chain.iter().map(|c| c.as_ptr()).collect();
            let lens: Vec<usize> = chain.iter().map(Vec::len).collect();
            // SAFETY: the host gave this function; both arrays have as many entries as said and
            // are good for the call.
            let result = unsafe {
                verify(
                    certificates.as_ptr().cast_mut(),
                    lens.as_ptr(),
                    chain.len(),
                    connection.user_data.get(),
                )
            };
            result == 0
        }
        // Nobody takes the responsibility for a certificate that did not verify.
        None => false,
    };
    if let Some(core) = engine.core.borrow_mut().connection_mut(connection.key) {
        core.certificate_verified(now, accepted);
    }
}

fn write_key_log(engine: &EngineCell, connection: &ConnectionCell, line: String) {
    let Some(write) = engine.callbacks.keylog_cb else { return };
    let Ok(line) = std::ffi::CString::new(line) else { return };
    // SAFETY: the host gave this function; the line is good for the call.
    unsafe { write(connection.scid(), line.as_ptr(), engine.user_data) };
}

fn save_session(engine: &EngineCell, connection: &ConnectionCell, ticket: &[u8]) {
    if let Some(save) = engine.transport.save_session_cb {
        // SAFETY: the host gave this function; the bytes are good for the call.
        unsafe { save(ticket.as_ptr().cast(), ticket.len(), connection.user_data.get()) };
    }
}

fn save_token(engine: &EngineCell, connection: &ConnectionCell, token: &[u8]) {
    if let Some(save) = engine.transport.save_token {
        // SAFETY: the host gave this function; the bytes are good for the call.
        unsafe { save(token.as_ptr(), token.len() as u32, connection.user_data.get()) };
    }
}

/// The peer gave up one of our connection IDs; if it is the one the host knows, it learns another.
fn on_cid_retired(
    engine: &EngineCell,
    connection: &ConnectionCell,
    cid: crate::wire::ConnectionId,
    now: Instant,
) {
    let next = {
        let mut core = engine.core.borrow_mut();
        core.retire_connection_id(connection.key, cid, now);
        core.connection(connection.key).map(|core| core.local_cids().primary())
    };
    let (old, Some(next)) = (raw_cid(&cid), next) else { return };
    // SAFETY: the cell's value is read and written only here and where the cell is made, both on
    // the engine's thread; no reference to it exists.
    let current = unsafe { *connection.scid.get() };
    if current.cid_buf != old.cid_buf || current.cid_len != old.cid_len {
        return;
    }
    let next = raw_cid(&next);
    if let Some(notify) = engine.transport.conn_update_cid_notify {
        // SAFETY: the host gave this function; all three addresses are good for the call.
        unsafe { notify(connection.as_ptr(), &old, &next, connection.user_data.get()) };
    }
    // SAFETY: as above.
    unsafe { *connection.scid.get() = next };
}

fn on_stream_event(
    engine: &EngineCell,
    connection: &ConnectionCell,
    event: StreamEvent,
    now: Instant,
) {
    match event {
        StreamEvent::Opened(key) => on_stream_opened(engine, connection, key, now),
        StreamEvent::ResetByPeer { key, code } => {
            with_known_stream(connection, key, |stream, callbacks| {
                if let Some(notify) = callbacks.stream_cbs.stream_closing_notify {
                    // SAFETY: the host gave this function; the handle is good.
                    unsafe { notify(stream.as_ptr(), code as i32, stream.user_data.get()) };
                }
            });
        }
        // As upstream: the next send tells.
        StreamEvent::StoppedByPeer { .. } | StreamEvent::LimitRaised(_) => {}
        StreamEvent::Closed(key) => close_stream(engine, connection, key),
    }
}

fn on_stream_opened(
    engine: &EngineCell,
    connection: &ConnectionCell,
    key: StreamKey,
    now: Instant,
) {
    let id = {
        let core = engine.core.borrow();
        core.connection(connection.key).and_then(|core| core.streams().id(key))
    };
    let Some(id) = id else { return };
    let cell = connection.add_stream(key, id.0, std::ptr::null_mut());
    // SAFETY: the cell was just made and is buried, not freed, when the stream closes.
    let cell = unsafe { &*cell };
    if !stream_create_notify(connection, cell) {
        discard_stream(engine, connection, cell, now);
    }
}

/// Calls `stream_create_notify`. Returns false if the host refused.
pub(super) fn stream_create_notify(connection: &ConnectionCell, stream: &StreamCell) -> bool {
    let notify = protocol(connection).and_then(|p| p.stream_cbs.stream_create_notify);
    match notify {
        // SAFETY: the host gave this function; the handle is good.
        Some(notify) => unsafe { notify(stream.as_ptr(), stream.user_data.get()) == 0 },
        None => true,
    }
}

/// The host does not want the stream: it hears nothing more of it, and the peer is told.
fn discard_stream(
    engine: &EngineCell,
    connection: &ConnectionCell,
    stream: &StreamCell,
    _now: Instant,
) {
    stream.discarded.set(true);
    engine.log.write(
        XQC_LOG_WARN,
        None,
        "stream_create_notify",
        format_args!("|stream refused by the host|stream_id:{}|", stream.id),
    );
    if let Some(core) = engine.core.borrow_mut().connection_mut(connection.key) {
        // The stream is there: its key was just announced.
        let _ = core.streams_mut().close(stream.key, super::stream::CLOSE_CODE);
    }
}

/// Runs `body` for a stream that the host knows.
fn with_known_stream(
    connection: &ConnectionCell,
    key: StreamKey,
    body: impl FnOnce(&StreamCell, &xqc_app_proto_callbacks_t),
) {
    let (Some(cell), Some(callbacks)) = (connection.stream(key), protocol(connection)) else {
        return;
    };
    // SAFETY: a cell in the table is alive, and it is buried, not freed, when it leaves it.
    let cell = unsafe { &*cell };
    if !cell.discarded.get() {
        body(cell, &callbacks);
    }
}

/// A stream is finished both ways: the last call for it, then its key is forgotten.
fn close_stream(engine: &EngineCell, connection: &ConnectionCell, key: StreamKey) {
    stream_close_notify(connection, key);
    if let Some(core) = engine.core.borrow_mut().connection_mut(connection.key) {
        core.streams_mut().forget(key);
    }
    if let Some(cell) = connection.remove_stream(key) {
        engine.bury(Grave::Stream(cell));
    }
}

/// Calls `stream_close_notify`, once for each stream.
pub(super) fn stream_close_notify(connection: &ConnectionCell, key: StreamKey) {
    with_known_stream(connection, key, |stream, callbacks| {
        if let Some(notify) = callbacks.stream_cbs.stream_close_notify {
            // SAFETY: the host gave this function; the handle is good until it has returned.
            unsafe { notify(stream.as_ptr(), stream.user_data.get()) };
        }
    });
}

/// Calls `stream_read_notify` for every stream with something to read.
pub(super) fn notify_readable(engine: &EngineCell, connection: &ConnectionCell, now: Instant) {
    if connection.known.get() != Known::Created {
        return;
    }
    let Some(callbacks) = protocol(connection) else { return };
    let mut keys = Vec::new();
    match engine.core.borrow().connection(connection.key) {
        Some(core) if core.streams().has_readable() => core.streams().readable(&mut keys),
        _ => return,
    }
    notify_streams(engine, connection, &keys, callbacks.stream_cbs.stream_read_notify, now);
}

/// Calls `stream_write_notify` for every stream that waits for room and has some.
pub(super) fn notify_writable(engine: &EngineCell, connection: &ConnectionCell, now: Instant) {
    if connection.known.get() != Known::Created {
        return;
    }
    let Some(callbacks) = protocol(connection) else { return };
    let mut keys = Vec::new();
    match engine.core.borrow_mut().connection_mut(connection.key) {
        Some(core) if core.state().is_established() => core.streams_mut().writable(&mut keys),
        _ => return,
    }
    keys.extend_from_slice(&connection.unwritten.borrow());
    notify_streams(engine, connection, &keys, callbacks.stream_cbs.stream_write_notify, now);
}

type StreamNotify = Option<unsafe extern "C" fn(*mut super::abi::xqc_stream_t, *mut c_void) -> i32>;

fn notify_streams(
    engine: &EngineCell,
    connection: &ConnectionCell,
    keys: &[StreamKey],
    notify: StreamNotify,
    now: Instant,
) {
    let Some(notify) = notify else { return };
    for key in keys {
        with_known_stream(connection, *key, |stream, _| {
            // SAFETY: the host gave this function; the handle is good.
            let result = unsafe { notify(stream.as_ptr(), stream.user_data.get()) };
            if result < 0 {
                on_callback_failure(engine, connection, now);
            }
        });
    }
}

/// The connection leaves the open state: the error is noted and the host told, where upstream
/// tells it.
fn on_closing(
    engine: &EngineCell,
    connection: &ConnectionCell,
    reason: &CloseReason,
    now: Instant,
) {
    // What arrived before the peer's CONNECTION_CLOSE is still the application's.
    notify_readable(engine, connection, now);
    let (error, peer_kind, tell) = match reason {
        CloseReason::LocalApplication(code) => (*code, 0, true),
        CloseReason::LocalTransport(code) => (code.0, 0, true),
        CloseReason::PeerTransport { code, .. } => (code.0, 1, true),
        CloseReason::PeerApplication { code, .. } => (*code, 2, true),
        CloseReason::StatelessReset => (XQC_ESTATELESS_RESET.0.into(), 0, true),
        CloseReason::VersionMismatch => (VERSION_NEGOTIATION_FAILED, 0, true),
        CloseReason::IdleTimeout | CloseReason::HandshakeTimeout | CloseReason::PathLost => {
            (0, 0, false)
        }
    };
    connection.error.set(error);
    connection.peer_error_kind.set(peer_kind);
    if let (true, Some(notify)) = (tell, engine.transport.conn_closing) {
        // SAFETY: the host gave this function; handle and connection ID are good.
        unsafe {
            notify(
                connection.as_ptr(),
                connection.scid(),
                error as i32,
                connection.user_data.get(),
            );
        }
    }
}
