//! Events of the core to the host's callbacks.
//!
//! One event is taken, the borrow of the core ends, C is called, and then the next one is taken:
//! a callback may call anything.

use libc::c_void;

use crate::connection::{CloseReason, Event};
use crate::error::TransportErrorCode;
use crate::http3::Code;
use crate::stream::{StreamEvent, StreamKey};
use crate::time::Instant;
use crate::wire::{ConnectionId, Role};
use crate::wire::{Direction, StreamId};

use super::abi::{
    xqc_app_proto_callbacks_t, TRA_0RTT_DGRAM_PARAMS_ERROR, TRA_0RTT_TRANS_PARAMS_ERROR,
    TRA_NO_VIABLE_PATH, TRA_VERSION_NEGOTIATION_ERROR, XQC_ESTATELESS_RESET, XQC_LOG_ERROR,
    XQC_LOG_WARN,
};
use super::address::describe;
use super::cells::{ConnectionCell, EngineCell, Known, ProtocolKind, StreamCell};
use super::certificate::{choose_certificate, show_message, verify_certificate};
use super::cid::{cid_bytes, raw_cid};
use super::connect::MAX_TOKEN;
use super::datagram::deliver_datagrams;
use super::http3::{self, Layers};
use super::identifiers::issue_connection_ids;
use super::notify::notify_unread;
use super::report::{ending, report_stream};
use super::resumption::{save_parameters, save_session};
use super::run::on_callback_failure;
use super::stream::CLOSE_CODE;

/// Calls the host for everything that happened to `connection`.
pub(super) fn deliver_events(engine: &EngineCell, connection: &ConnectionCell, now: Instant) {
    loop {
        // A borrow in the loop's condition would last through its body.
        let event = match engine.core.borrow_mut().connection_mut(connection.key) {
            Some(core) => core.poll_event(),
            None => None,
        };
        let Some(event) = event else { break };
        deliver(engine, connection, event, now);
    }
    if let Some(layers) = Layers::of(engine, connection) {
        http3::deliver_events(layers);
    }
}

fn deliver(engine: &EngineCell, connection: &ConnectionCell, event: Event, now: Instant) {
    match event {
        Event::ProtocolSelected(alpn) => on_protocol(engine, connection, &alpn, now),
        Event::CertificateWanted(name) => choose_certificate(engine, connection, name, now),
        Event::HandshakeMessage { kind, bytes } => {
            show_message(engine, connection, kind, &bytes);
        }
        Event::PeerParameters(parameters) => save_parameters(engine, connection, &parameters),
        Event::HandshakeComplete => on_handshake_complete(engine, connection),
        Event::HandshakeConfirmed => on_confirmed(engine, connection, now),
        Event::VersionNegotiated(version) => {
            engine.core.borrow_mut().begin_anew(connection.key, now, version);
        }
        Event::VerifyCertificate(chain) => verify_certificate(engine, connection, &chain, now),
        Event::KeyLog(line) => write_key_log(engine, connection, line),
        Event::SessionTicket(ticket) => save_session(engine, connection, &ticket),
        Event::NewToken(token) => save_token(engine, connection, &token),
        Event::NeedConnectionIds(count) => issue_connection_ids(engine, connection, count, now),
        Event::ConnectionIdRetired(cid) => on_cid_retired(engine, connection, cid, now),
        Event::PeerAddressChanged => peer_address_changed(engine, connection),
        Event::PingAcked(name) => on_ping_acked(engine, connection, name as *mut c_void),
        Event::Stream(event) => on_stream_event(engine, connection, event, now),
        Event::Closing(reason) => on_closing(engine, connection, &reason, now),
    }
}

/// The handshake is over at both ends. A server's client gets a token for its next connection.
fn on_confirmed(engine: &EngineCell, connection: &ConnectionCell, now: Instant) {
    let wall = engine.clock.wall();
    let mut core = engine.core.borrow_mut();
    core.forget_first_dcid(connection.key, now);
    if core.role() == Role::Server {
        core.issue_token(connection.key, wall);
    }
}

/// A server has chosen the protocol: the application gets its connection.
fn on_protocol(engine: &EngineCell, connection: &ConnectionCell, alpn: &[u8], now: Instant) {
    if connection.known.get() == Known::Created {
        return;
    }
    if let Some(protocol) = chosen_protocol(engine, alpn) {
        connection.choose(&protocol);
    }
    if !create_notify(engine, connection) {
        on_callback_failure(engine, connection, now);
    }
}

fn chosen_protocol(engine: &EngineCell, alpn: &[u8]) -> Option<ProtocolKind> {
    let protocols = engine.protocols.borrow();
    let found = protocols.iter().find(|protocol| protocol.alpn == alpn)?;
    Some(found.kind.clone())
}

/// Calls `conn_create_notify`, or what HTTP/3 has in its place. Returns false if the host refused.
pub(super) fn create_notify(engine: &EngineCell, connection: &ConnectionCell) -> bool {
    if let Some(layers) = Layers::of(engine, connection) {
        return http3::create(layers);
    }
    let Some(callbacks) = connection.callbacks() else { return false };
    // Before the call: a host that destroys the engine inside it hears of the end.
    let before = connection.known.replace(Known::Created);
    let Some(notify) = callbacks.conn_cbs.conn_create_notify else { return true };
    let (user_data, data) = (connection.user_data.get(), connection.protocol_data.get());
    // SAFETY: the host gave this function; the handle and the address of the connection ID are
    // good until the connection is destroyed.
    let result = unsafe { notify(connection.as_ptr(), connection.scid(), user_data, data) };
    if result != 0 && connection.known.get() == Known::Created {
        connection.known.set(before);
    }
    result == 0
}

fn on_handshake_complete(engine: &EngineCell, connection: &ConnectionCell) {
    if connection.known.get() != Known::Created {
        return;
    }
    if let Some(layers) = Layers::of(engine, connection) {
        return http3::handshake_finished(layers);
    }
    let notify = connection.callbacks().and_then(|p| p.conn_cbs.conn_handshake_finished);
    if let Some(notify) = notify {
        let (user_data, data) = (connection.user_data.get(), connection.protocol_data.get());
        // SAFETY: the host gave this function; the handle is good.
        unsafe { notify(connection.as_ptr(), user_data, data) };
    }
}

fn on_ping_acked(engine: &EngineCell, connection: &ConnectionCell, ping_user_data: *mut c_void) {
    if let Some(layers) = Layers::of(engine, connection) {
        return http3::ping_acked(layers, ping_user_data);
    }
    let notify = connection.callbacks().and_then(|p| p.conn_cbs.conn_ping_acked);
    if let (Known::Created, Some(notify)) = (connection.known.get(), notify) {
        let (user_data, data) = (connection.user_data.get(), connection.protocol_data.get());
        // SAFETY: the host gave this function; handle and connection ID are good.
        unsafe { notify(connection.as_ptr(), connection.scid(), ping_user_data, user_data, data) };
    }
}

fn write_key_log(engine: &EngineCell, connection: &ConnectionCell, line: String) {
    let Some(write) = engine.callbacks.keylog_cb else { return };
    let Ok(line) = std::ffi::CString::new(line) else { return };
    // SAFETY: the host gave this function; the line is good for the call.
    unsafe { write(connection.scid(), line.as_ptr(), engine.user_data) };
}

/// A server's token for the next connection. One that would be refused there is of no use to a host:
/// it could not connect any more.
fn save_token(engine: &EngineCell, connection: &ConnectionCell, token: &[u8]) {
    if token.len() > MAX_TOKEN {
        let message = format_args!("|token passed over|length:{}|", token.len());
        return connection.log(&engine.log, XQC_LOG_WARN, "xqc_process_new_token_frame", message);
    }
    if let Some(save) = engine.transport.save_token {
        // SAFETY: the host gave this function; the bytes are good for the call.
        unsafe { save(token.as_ptr(), token.len() as u32, connection.user_data.get()) };
    }
}

/// The peer has moved, and the new address is validated.
fn peer_address_changed(engine: &EngineCell, connection: &ConnectionCell) {
    if let Some(notify) = engine.transport.conn_peer_addr_changed_notify {
        // SAFETY: the host gave this function; the handle is good for the call.
        unsafe { notify(connection.as_ptr(), connection.user_data.get()) };
    }
}

/// The peer gave up one of our connection IDs; if it is the one the host knows, it learns another.
fn on_cid_retired(
    engine: &EngineCell,
    connection: &ConnectionCell,
    cid: ConnectionId,
    now: Instant,
) {
    let next = {
        let mut core = engine.core.borrow_mut();
        core.retire_connection_id(connection.key, cid, now);
        core.connection(connection.key).map(|core| core.local_cids().primary())
    };
    let Some(next) = next else { return };
    let (old, next) = (raw_cid(&cid), raw_cid(&next));
    let current = connection.scid.get();
    if cid_bytes(&current) != cid_bytes(&old) {
        return;
    }
    if let Some(notify) = engine.transport.conn_update_cid_notify {
        // SAFETY: the host gave this function; all three addresses are good for the call.
        unsafe { notify(connection.as_ptr(), &old, &next, connection.user_data.get()) };
    }
    connection.scid.set(next);
}

fn on_stream_event(
    engine: &EngineCell,
    connection: &ConnectionCell,
    event: StreamEvent,
    now: Instant,
) {
    if let StreamEvent::OverLimit { id, limit } = event {
        log_over_limit(engine, connection, id, limit);
    }
    if let Some(layers) = Layers::of(engine, connection) {
        return http3::on_stream_event(layers, event, now);
    }
    match event {
        StreamEvent::Opened(key) => on_stream_opened(engine, connection, key),
        StreamEvent::ResetByPeer { key, code } => on_stream_reset(engine, connection, key, code),
        // As upstream: the next send tells.
        StreamEvent::StoppedByPeer { .. }
        | StreamEvent::LimitRaised(_)
        | StreamEvent::OverLimit { .. } => {}
        StreamEvent::Closed(key) => close_stream(engine, connection, key),
    }
}

/// The record that scripts look for when a peer opens too many streams.
fn log_over_limit(engine: &EngineCell, connection: &ConnectionCell, id: StreamId, limit: u64) {
    let kind = match id.direction() {
        Direction::Bidirectional => "bidi",
        Direction::Unidirectional => "uni",
    };
    let index = id.index();
    let message =
        format_args!("|exceed max_streams_{kind}_can_recv|stream_id:{index}|can_recv:{limit}|");
    connection.log(&engine.log, XQC_LOG_ERROR, "xqc_stream_do_create_flow_ctl", message);
}

fn on_stream_opened(engine: &EngineCell, connection: &ConnectionCell, key: StreamKey) {
    // 0-RTT may have opened streams of a connection that the host then refused.
    if connection.known.get() != Known::Created {
        return;
    }
    let id = {
        let core = engine.core.borrow();
        core.connection(connection.key).and_then(|core| core.streams().id(key))
    };
    let Some(id) = id else { return };
    let stream = connection.add_stream(key, id.0, std::ptr::null_mut());
    if !stream_create_notify(connection, stream) {
        discard_stream(engine, connection, stream);
    }
}

/// Calls `stream_create_notify`. Returns false if the host refused.
pub(super) fn stream_create_notify(connection: &ConnectionCell, stream: &StreamCell) -> bool {
    let notify = connection.callbacks().and_then(|p| p.stream_cbs.stream_create_notify);
    match notify {
        // SAFETY: the host gave this function; the handle is good.
        Some(notify) => unsafe { notify(stream.as_ptr(), stream.user_data.get()) == 0 },
        None => true,
    }
}

/// The host does not want a stream of the peer.
fn discard_stream(engine: &EngineCell, connection: &ConnectionCell, stream: &StreamCell) {
    stream.discarded.set(true);
    connection.log(
        &engine.log,
        XQC_LOG_WARN,
        "stream_create_notify",
        format_args!("|stream refused by the host|stream_id:{}|", stream.id),
    );
    if let Some(core) = engine.core.borrow_mut().connection_mut(connection.key) {
        // The stream is there: its key was just announced.
        let _ = core.streams_mut().close(stream.key, CLOSE_CODE);
    }
}

/// The peer gave up sending: the host is told. As upstream does, our own side is given up as well,
/// with the peer's code, unless all of it is written: hosts rely on the stream coming to its end.
fn on_stream_reset(engine: &EngineCell, connection: &ConnectionCell, key: StreamKey, code: u64) {
    with_known_stream(connection, key, |stream, callbacks| {
        if let Some(notify) = callbacks.stream_cbs.stream_closing_notify {
            // SAFETY: the host gave this function; the handle is good.
            unsafe { notify(stream.as_ptr(), code as i32, stream.user_data.get()) };
        }
    });
    if let Some(core) = engine.core.borrow_mut().connection_mut(connection.key) {
        let streams = core.streams_mut();
        if streams.is_writing(key) {
            // The stream is there: it was just found writing.
            let _ = streams.reset(key, code);
        }
    }
}

/// Runs `body` for a stream that the host knows.
fn with_known_stream(
    connection: &ConnectionCell,
    key: StreamKey,
    body: impl FnOnce(&StreamCell, &xqc_app_proto_callbacks_t),
) {
    if let (Some(stream), Some(callbacks)) = (connection.stream(key), connection.callbacks()) {
        if !stream.discarded.get() {
            body(stream, callbacks);
        }
    }
}

/// A stream is finished both ways: the last call for it, then its key is forgotten.
fn close_stream(engine: &EngineCell, connection: &ConnectionCell, key: StreamKey) {
    end_stream(engine, connection, key);
    if let Some(core) = engine.core.borrow_mut().connection_mut(connection.key) {
        core.streams_mut().forget(key);
    }
}

/// The last call for a stream, once for each.
pub(super) fn end_stream(engine: &EngineCell, connection: &ConnectionCell, key: StreamKey) {
    let Some(stream) = connection.stream(key) else { return };
    // Out of the table before the call: a host that destroys the engine inside it is not told again.
    engine.remove_stream(connection, key);
    let notify = connection.callbacks().and_then(|p| p.stream_cbs.stream_close_notify);
    if let Some(notify) = notify.filter(|_| !stream.discarded.get()) {
        // SAFETY: the host gave this function; the handle is good until the outermost call returns.
        unsafe { notify(stream.as_ptr(), stream.user_data.get()) };
    }
    report_stream(engine, connection, stream.key);
}

/// The connection leaves the open state: the error is noted and the host told, where upstream
/// tells it.
fn on_closing(
    engine: &EngineCell,
    connection: &ConnectionCell,
    reason: &CloseReason,
    now: Instant,
) {
    let end = End::of(reason, connection.http3().is_some());
    if connection.ending.get().is_empty() {
        connection.ending.set(ending(reason, end.error));
    }
    if end.peer_kind != 0 && !connection.ended.get() {
        // What arrived before the peer's CONNECTION_CLOSE is still the application's.
        notify_unread(engine, connection, now);
        deliver_datagrams(engine, connection);
    }
    connection.ended.set(true);
    connection.set_error(end.error);
    if connection.peer_error_kind.get() == 0 {
        connection.peer_error_kind.set(end.peer_kind);
    }
    if !end.tell || connection.closing_told.replace(true) {
        return;
    }
    log_end(engine, connection, &end);
    if let Some(notify) = engine.transport.conn_closing {
        let (error, user_data) = (end.error as i32, connection.user_data.get());
        // SAFETY: the host gave this function; handle and connection ID are good.
        unsafe { notify(connection.as_ptr(), connection.scid(), error, user_data) };
    }
}

/// The end of a connection in the numbers of the C API.
struct End {
    /// For `xqc_conn_get_errno`.
    error: u64,
    /// For `xqc_conn_get_err_type`.
    peer_kind: u32,
    /// `conn_closing` is called.
    tell: bool,
}

impl End {
    fn of(reason: &CloseReason, http3: bool) -> Self {
        let clean = |code: u64| http3 && code == Code::NO_ERROR.0;
        let (error, peer_kind, tell) = match reason {
            // As below.
            CloseReason::LocalApplication(code) if clean(*code) => (0, 0, false),
            CloseReason::PeerApplication { code, .. } if clean(*code) => (0, 2, true),
            CloseReason::LocalApplication(code) => (*code, 0, true),
            // The host closed without an error: it is told when the peer has answered.
            CloseReason::LocalTransport(code) => (code.0, 0, code.0 != 0),
            CloseReason::EarlyDataLimitsReduced(code) => (reduced_limits(*code), 0, true),
            CloseReason::PeerTransport { code, .. } => (code.0, 1, true),
            CloseReason::PeerApplication { code, .. } => (*code, 2, true),
            CloseReason::NoViablePath => (TRA_NO_VIABLE_PATH.0.into(), 0, true),
            CloseReason::StatelessReset => (XQC_ESTATELESS_RESET.0.into(), 0, true),
            CloseReason::VersionMismatch => (TRA_VERSION_NEGOTIATION_ERROR.0.into(), 0, true),
            CloseReason::IdleTimeout | CloseReason::HandshakeTimeout | CloseReason::PathLost => {
                (0, 0, false)
            }
        };
        Self { error, peer_kind, tell }
    }
}

/// The error that a client's host knows by which the session it kept is of no use any more. The
/// peer was told a standard code.
fn reduced_limits(code: TransportErrorCode) -> u64 {
    let error = match code {
        TransportErrorCode::PROTOCOL_VIOLATION => TRA_0RTT_DGRAM_PARAMS_ERROR,
        _ => TRA_0RTT_TRANS_PARAMS_ERROR,
    };
    error.0.into()
}

fn log_end(engine: &EngineCell, connection: &ConnectionCell, end: &End) {
    if end.error == 0 || !engine.log.enabled(XQC_LOG_ERROR) {
        return;
    }
    let addresses = {
        let core = engine.core.borrow();
        core.connection(connection.key).map(describe).unwrap_or_default()
    };
    connection.log(
        &engine.log,
        XQC_LOG_ERROR,
        "conn_closing",
        format_args!(
            "|conn:{:016X}|err:0x{:x}|{addresses}|",
            connection.as_ptr() as usize,
            end.error
        ),
    );
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::super::abi::{
        xqc_config_t, xqc_conn_settings_t, xqc_conn_ssl_config_t, xqc_engine_callback_t,
        xqc_engine_ssl_config_t, xqc_transport_callbacks_t, Zeroable, XQC_ENGINE_CLIENT,
    };
    use super::super::connect::xqc_connect;
    use super::super::connection::with_cid;
    use super::super::engine::{xqc_engine_create, xqc_engine_destroy};
    use super::super::protocols::xqc_engine_register_alpn;
    use super::*;

    unsafe extern "C" fn count(_: *const u8, _: u32, user_data: *mut c_void) {
        // SAFETY: the test gives the address of a counter.
        let told = unsafe { &*user_data.cast::<Cell<u32>>() };
        told.set(told.get() + 1);
    }

    /// A client's connection to nobody, which `body` is run with.
    fn with_client(told: &Cell<u32>, body: impl FnOnce(&EngineCell, &ConnectionCell)) {
        let transport = xqc_transport_callbacks_t { save_token: Some(count), ..Zeroable::ZERO };
        let mut protocol = xqc_app_proto_callbacks_t::ZERO;
        // SAFETY: all zero is an address.
        let mut peer: libc::sockaddr_in = unsafe { std::mem::zeroed() };
        peer.sin_family = libc::AF_INET as libc::sa_family_t;
        peer.sin_port = 443;
        let null = std::ptr::null_mut();
        // SAFETY: all pointers are null or to live values, and the engine lives to the end.
        unsafe {
            let engine = xqc_engine_create(
                XQC_ENGINE_CLIENT,
                &xqc_config_t { cid_len: 8, ..Zeroable::ZERO },
                &xqc_engine_ssl_config_t::ZERO,
                &xqc_engine_callback_t::ZERO,
                &transport,
                null,
            );
            xqc_engine_register_alpn(engine, c"x".as_ptr(), 1, &mut protocol, null);
            let cid = xqc_connect(
                engine,
                &xqc_conn_settings_t::ZERO,
                std::ptr::null(),
                0,
                c"localhost".as_ptr(),
                0,
                &xqc_conn_ssl_config_t::ZERO,
                (&raw const peer).cast(),
                size_of_val(&peer) as libc::socklen_t,
                c"x".as_ptr(),
                std::ptr::from_ref(told).cast_mut().cast(),
            );
            with_cid((engine, cid), "test", ((), ()), body);
            xqc_engine_destroy(engine);
        }
    }

    #[test]
    fn a_token_that_could_not_be_given_back_is_not_told() {
        let told = Cell::new(0);
        with_client(&told, |engine, connection| {
            save_token(engine, connection, &[1; MAX_TOKEN]);
            assert_eq!(told.get(), 1);
            save_token(engine, connection, &[2; MAX_TOKEN + 1]);
        });
        assert_eq!(told.get(), 1);
    }
}
