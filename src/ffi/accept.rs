//! A client's first Initial: token, Retry, and the host's consent, in the order that hosts know.
//!
//! The Initial is authentic by now. The host's generator makes our connection ID; the token is
//! judged; without a good one the host says whether the client has to show that it is where it says
//! (`conn_retry_packet_condition_check`); and only then a connection is made, for which the host is
//! asked once more (`server_accept`).

use std::cell::{Cell, OnceCell, RefCell};
use std::fmt;

use libc::c_void;

use crate::engine::{Acceptance, ConnectionKey, Incoming};
use crate::wire::ConnectionId;

use super::abi::{
    xqc_int_t, xqc_log_level_t, XQC_ECREATE_CONN, XQC_ESEND_RETRY, XQC_LOG_ERROR, XQC_LOG_INFO,
    XQC_LOG_WARN, XQC_OK,
};
use super::cells::{engine_ptr, ConnectionCell, ConnectionTerms, EngineCell, EngineHandle, Known};
use super::cid::raw_cid;
use super::destroy::discard_connection;
use super::filter::PacketFilter;
use super::identifiers::{generate_cid, GeneratorFailed};
use super::output::send_before_accept;
use super::qlog::observe;
use super::receive::{after_feeding, failure_code, Delivery};
use super::run::Running;

/// Room for the datagram that declines a connection.
const MAX_REFUSAL: usize = 1500;

/// A connection ID of 64 random bits cannot be guessed (RFC 9000 section 8.1).
const MIN_SECRET_CID: usize = 8;

/// What `conn_retry_packet_condition_check` answers if the client has to come again with a token.
const RETRY_WANTED: i32 = 1;

/// Takes a client's authentic first Initial, in `datagram`.
pub(super) fn accept(
    engine: &EngineCell,
    handle: *const EngineHandle,
    incoming: &mut Incoming,
    datagram: &[u8],
    delivery: &Delivery,
) -> xqc_int_t {
    if engine.doomed.get() {
        return -XQC_ECREATE_CONN;
    }
    // The host's calls from inside the callbacks here must not run the half-made connection.
    let _running = Running::begin(engine);
    // The clock is the host's: it is read before the core is borrowed.
    let wall = engine.clock.wall();
    if !engine.core.borrow_mut().check_token(delivery.now, wall, incoming) {
        decline_token(engine, incoming, delivery);
        return XQC_OK;
    }
    let Ok(scid) = choose_cid(engine, incoming) else {
        log(engine, XQC_LOG_ERROR, format_args!("|fail to create connection|no connection ID|"));
        return -XQC_ECREATE_CONN;
    };
    let terms = engine.server_settings.borrow().clone();
    let mut cell = new_cell(engine, handle, &scid, delivery.user_data, &terms);
    if !incoming.is_validated() {
        cell.visitor = Some(Box::new(incoming.addresses));
        let retry = wants_retry(engine, handle, &cell, delivery);
        if retry || engine.doomed.get() {
            // The host may still look at the handle until its callbacks have returned.
            engine.bury(cell);
            return if retry { send_retry(engine, incoming, scid, delivery) } else { XQC_OK };
        }
        cell.visitor = None;
    }
    let Some(key) = make_connection(engine, incoming, scid, &terms, delivery) else {
        engine.bury(cell);
        return -XQC_ECREATE_CONN;
    };
    cell.key = key;
    let connection = engine.add_connection(cell);
    observe(engine, connection, delivery.now);
    if !server_accept(engine, handle, connection, delivery.user_data) {
        refuse(engine, connection, datagram.len(), delivery);
        return -XQC_ECREATE_CONN;
    }
    {
        let mut core = engine.core.borrow_mut();
        core.feed(key, delivery.now, &delivery.arrival, datagram);
        core.feed_early(key, delivery.now, incoming);
    }
    after_feeding(engine, key, None).map_or(XQC_OK, failure_code)
}

fn make_connection(
    engine: &EngineCell,
    incoming: &Incoming,
    scid: ConnectionId,
    terms: &ConnectionTerms,
    delivery: &Delivery,
) -> Option<ConnectionKey> {
    let preferred_cid = match terms.settings.preferred_address {
        Some(_) => Some(generate_cid(engine, Some(&scid)).ok()?),
        None => None,
    };
    let acceptance = Acceptance {
        preferred_cid,
        scid,
        scid_is_secret: is_secret(engine, &scid, incoming),
        settings: terms.settings.clone(),
        controller: terms.settings.controller.make(terms.settings.max_datagram_size),
        policy: engine.policy.get(),
    };
    let made = engine.core.borrow_mut().accept(delivery.now, incoming, acceptance);
    let failed = |refused| {
        log(engine, XQC_LOG_ERROR, format_args!("|fail to create connection|{refused:?}|"));
    };
    made.map_err(failed).ok()
}

fn log(engine: &EngineCell, level: xqc_log_level_t, message: fmt::Arguments<'_>) {
    engine.log.write(level, None, "xqc_engine_packet_process", message);
}

/// Our first connection ID: the host's, a random one, or, where the host neither makes its own nor
/// forbids it, the one the client chose, as simple load balancers expect.
fn choose_cid(engine: &EngineCell, incoming: &Incoming) -> Result<ConnectionId, GeneratorFailed> {
    let negotiate = engine.config.borrow().cid_negotiate != 0;
    let fits = incoming.dcid.len() == engine.core.borrow().cid_len();
    if fits && !negotiate && engine.callbacks.cid_generate_cb.is_none() {
        return Ok(incoming.dcid);
    }
    generate_cid(engine, Some(&incoming.original_dcid()))
}

/// True if nobody can know `scid` whom we have not sent it to: how much of a host's own is random is
/// not known here.
fn is_secret(engine: &EngineCell, scid: &ConnectionId, incoming: &Incoming) -> bool {
    engine.callbacks.cid_generate_cb.is_none()
        && scid.len() >= MIN_SECRET_CID
        && *scid != incoming.dcid
}

/// Makes the cell of a connection that has no key yet.
pub(super) fn new_cell(
    engine: &EngineCell,
    handle: *const EngineHandle,
    scid: &ConnectionId,
    user_data: *mut c_void,
    terms: &ConnectionTerms,
) -> Box<ConnectionCell> {
    let mmsg = engine.config.borrow().sendmmsg_on != 0
        && !terms.disable_send_mmsg
        && (engine.transport.write_mmsg.is_some() || engine.transport.write_mmsg_ex.is_some());
    Box::new(ConnectionCell {
        engine: handle,
        key: ConnectionKey::default(),
        visitor: None,
        user_data: Cell::new(user_data),
        protocol_data: Cell::new(std::ptr::null_mut()),
        scid: Cell::new(raw_cid(scid)),
        application: OnceCell::new(),
        known: Cell::new(Known::No),
        error: Cell::new(0),
        ended: Cell::new(false),
        closing_told: Cell::new(false),
        ending_told: Cell::new(false),
        ending: Cell::new(""),
        custom_window: terms.custom_window,
        peer_error_kind: Cell::new(0),
        streams: RefCell::new(Vec::new()),
        unwritten: RefCell::new(Vec::new()),
        blocked: RefCell::new(Vec::new()),
        filter: Cell::new(PacketFilter::NONE),
        held_back: terms.held_back,
        mmsg,
        dcid_text: OnceCell::new(),
        datagram_user_data: Cell::new(std::ptr::null_mut()),
        told_datagram_size: Cell::new(None),
        traced: Cell::new(false),
    })
}

/// Asks the host whether the client has to come again with a token.
fn wants_retry(
    engine: &EngineCell,
    handle: *const EngineHandle,
    visitor: &ConnectionCell,
    delivery: &Delivery,
) -> bool {
    let Some(check) = engine.transport.conn_retry_packet_condition_check else { return false };
    let (engine, user_data) = (engine_ptr(handle), delivery.user_data);
    // SAFETY: the host gave this function; the handles and the connection ID are good.
    unsafe { check(engine, visitor.as_ptr(), visitor.scid(), user_data) == RETRY_WANTED }
}

/// Sends the client to another connection ID with a token. `scid` would have been the connection's;
/// the Retry has it too, unless it is the client's own choice.
fn send_retry(
    engine: &EngineCell,
    incoming: &Incoming,
    scid: ConnectionId,
    delivery: &Delivery,
) -> xqc_int_t {
    if engine.doomed.get() {
        return XQC_OK;
    }
    let fail = |message: fmt::Arguments<'_>| {
        let message = format_args!("|xqc_conn_send_retry|{message}");
        engine.log.write(XQC_LOG_WARN, None, "xqc_conn_send_retry", message);
        -XQC_ESEND_RETRY
    };
    if engine.transport.conn_send_packet_before_accept.is_none() {
        return fail(format_args!(
            "send retry packet failed, conn_send_packet_before_accept is NULL|"
        ));
    }
    let scid = if scid == incoming.dcid { engine.core.borrow_mut().random_cid() } else { scid };
    let wall = engine.clock.wall();
    let packet = engine.core.borrow_mut().retry(delivery.now, wall, incoming, &scid);
    let Some(packet) = packet else {
        return fail(format_args!("generate retry packet failed|size:0|"));
    };
    let size = packet.len();
    let sent = send_before_accept(engine, &packet, delivery.peer(), delivery.user_data);
    if sent != size as isize {
        return fail(format_args!("send retry packet failed|size:{size}|send:{sent}|"));
    }
    let message = format_args!("|<==|xqc_conn_send_retry ok|size:{size}|");
    engine.log.write(XQC_LOG_INFO, None, "xqc_conn_send_retry", message);
    XQC_OK
}

/// Tells a client that its token is another's.
fn decline_token(engine: &EngineCell, incoming: &Incoming, delivery: &Delivery) {
    let close = engine.core.borrow_mut().decline_token(delivery.now, incoming);
    if let Some(close) = close {
        send_before_accept(engine, &close, delivery.peer(), delivery.user_data);
    }
    log(engine, XQC_LOG_INFO, format_args!("|retry token is not of this client|"));
}

fn server_accept(
    engine: &EngineCell,
    handle: *const EngineHandle,
    connection: &ConnectionCell,
    user_data: *mut c_void,
) -> bool {
    // Before the call: a host that destroys the engine inside it hears of the end.
    connection.known.set(Known::Accepted);
    let Some(accept) = engine.transport.server_accept else { return true };
    let engine = engine_ptr(handle);
    // SAFETY: the host gave this function; handles and connection ID are good.
    unsafe { accept(engine, connection.as_ptr(), connection.scid(), user_data) == 0 }
}

/// Declines a connection that the host does not want: CONNECTION_REFUSED, and no other callback.
fn refuse(
    engine: &EngineCell,
    connection: &ConnectionCell,
    trigger_len: usize,
    delivery: &Delivery,
) {
    let mut datagram = [0; MAX_REFUSAL];
    let sent =
        engine.core.borrow_mut().refuse(connection.key, delivery.now, trigger_len, &mut datagram);
    if let Some(sent) = sent {
        send_before_accept(engine, &datagram[..sent.len], delivery.peer(), delivery.user_data);
    }
    discard_connection(engine, connection);
    log(engine, XQC_LOG_INFO, format_args!("|server_accept refused|"));
}
