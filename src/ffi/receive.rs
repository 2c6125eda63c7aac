//! Datagrams in: `xqc_engine_packet_process` and the acceptance of connections.

use std::cell::{Cell, OnceCell, RefCell};
use std::fmt;
use std::net::SocketAddr;

use libc::{c_uchar, c_void, size_t, sockaddr, socklen_t};

use crate::engine::{Acceptance, ConnectionKey, DropReason, Incoming, Received};
use crate::path::{Addresses, Arrival};
use crate::time::Instant;
use crate::wire::ConnectionId;

use super::abi::prototypes::check_prototypes;
use super::abi::{
    xqc_engine_t, xqc_int_t, xqc_usec_t, XQC_ECONN_NFOUND, XQC_ECREATE_CONN, XQC_EFATAL,
    XQC_EILLPKT, XQC_EPARAM, XQC_LOG_DEBUG, XQC_LOG_ERROR, XQC_LOG_INFO, XQC_OK,
};
use super::address::{read_address, RawAddress};
use super::cells::{engine_ptr, ConnectionCell, ConnectionTerms, EngineCell, EngineHandle, Known};
use super::cid::raw_cid;
use super::destroy::discard_connection;
use super::guard::with_engine;
use super::identifiers::{generate_cid, GeneratorFailed};
use super::output::send_before_accept;
use super::qlog::trace_from_start;
use super::run::{run, Release, Running};

/// Room for the datagram that declines a connection.
const MAX_REFUSAL: usize = 1500;

/// After so many datagrams the connections are looked at, however long the host's batch is.
const RECEIVE_BATCH: u32 = 100;

/// Takes one datagram from the host.
///
/// # Safety
///
/// `engine` is null or a live engine; `packet_in_buf` is readable for `packet_in_size` bytes, the
/// addresses for their lengths.
#[no_mangle]
pub unsafe extern "C" fn xqc_engine_packet_process(
    engine: *mut xqc_engine_t,
    packet_in_buf: *const c_uchar,
    packet_in_size: size_t,
    local_addr: *const sockaddr,
    local_addrlen: socklen_t,
    peer_addr: *const sockaddr,
    peer_addrlen: socklen_t,
    recv_time: xqc_usec_t,
    user_data: *mut c_void,
) -> xqc_int_t {
    if engine.is_null() || (packet_in_buf.is_null() && packet_in_size > 0) {
        return -XQC_EPARAM;
    }
    if packet_in_size == 0 {
        return -XQC_EILLPKT;
    }
    // SAFETY: the caller vouches for the bytes.
    let datagram = unsafe { std::slice::from_raw_parts(packet_in_buf, packet_in_size) };
    // SAFETY: the caller vouches for the local address.
    let local = unsafe { read_address(local_addr, local_addrlen) };
    // SAFETY: the caller vouches for the peer's address.
    let peer = unsafe { read_address(peer_addr, peer_addrlen) };
    let handle: *const EngineHandle = engine.cast();
    // SAFETY: the caller vouches for the handle.
    unsafe {
        with_engine(engine, -XQC_EFATAL, |engine| {
            let now = engine.clock.at(recv_time);
            let Some(peer) = peer else {
                return process_without_address(engine, now, datagram);
            };
            let arrival = Arrival::unmarked(Addresses { local, peer });
            process(engine, handle, datagram, &Delivery { arrival, now, user_data })
        })
    }
}

check_prototypes!(xqc_engine_packet_process);

/// How the host handed over a datagram.
struct Delivery {
    arrival: Arrival,
    now: Instant,
    /// The host's listener.
    user_data: *mut c_void,
}

impl Delivery {
    fn peer(&self) -> &SocketAddr {
        &self.arrival.addresses.peer
    }
}

/// Without the peer's address a datagram can only belong to a connection that exists.
fn process_without_address(engine: &EngineCell, now: Instant, datagram: &[u8]) -> xqc_int_t {
    let key = {
        let mut core = engine.core.borrow_mut();
        let key = core.find_for(datagram);
        let addresses =
            key.and_then(|key| core.connection(key)).map(|found| found.path().addresses);
        if let (Some(key), Some(addresses)) = (key, addresses) {
            core.feed(key, now, &Arrival::unmarked(addresses), datagram);
        }
        key
    };
    if key.is_none() {
        return -XQC_ECONN_NFOUND;
    }
    after_datagram(engine);
    XQC_OK
}

fn process(
    engine: &EngineCell,
    handle: *const EngineHandle,
    datagram: &[u8],
    delivery: &Delivery,
) -> xqc_int_t {
    if engine.log.enabled(XQC_LOG_DEBUG) {
        log_arrival(engine, datagram.len(), delivery);
    }
    // A borrow in the match's head would last through its arms.
    let received = engine.core.borrow_mut().receive(delivery.now, &delivery.arrival, datagram);
    match received {
        Received::Connection(key) => {
            note_local_address(engine, key, delivery.arrival.addresses.local);
            after_datagram(engine);
            XQC_OK
        }
        Received::Incoming(incoming) => {
            let result = accept(engine, handle, &incoming, datagram, delivery);
            after_datagram(engine);
            result
        }
        Received::VersionNegotiation(reply) => {
            send_before_accept(engine, &reply, delivery.peer(), delivery.user_data);
            XQC_OK
        }
        Received::StatelessReset(reset) => {
            send_reset(engine, &reset, delivery);
            -XQC_ECONN_NFOUND
        }
        Received::Dropped(DropReason::Malformed) => -XQC_EILLPKT,
        Received::Dropped(_) => -XQC_ECONN_NFOUND,
    }
}

#[cold]
fn log_arrival(engine: &EngineCell, size: usize, delivery: &Delivery) {
    let message = format_args!("|==>|size:{size}|peer_addr:{}|", delivery.peer());
    engine.log.write(XQC_LOG_DEBUG, None, "xqc_engine_packet_process", message);
}

/// A client learns its own address from the first datagram.
fn note_local_address(engine: &EngineCell, key: ConnectionKey, local: Option<SocketAddr>) {
    if let Some(core) = engine.core.borrow_mut().connection_mut(key) {
        core.learn_local_address(local);
    }
}

/// Long receive batches are interrupted, so that answers do not wait for their end.
fn after_datagram(engine: &EngineCell) {
    let received = engine.received.get() + 1;
    engine.received.set(received);
    if received >= RECEIVE_BATCH {
        run(engine, Release::Keep);
    }
}

fn send_reset(engine: &EngineCell, reset: &[u8], delivery: &Delivery) {
    let Some(write) = engine.transport.stateless_reset else { return };
    let peer = RawAddress::new(delivery.peer());
    let local = delivery.arrival.addresses.local.as_ref().map(RawAddress::new);
    let (local_ptr, local_len) =
        local.as_ref().map_or((std::ptr::null(), 0), |local| (local.as_ptr(), local.len()));
    // SAFETY: the host gave this function; bytes and addresses are good for the call.
    unsafe {
        write(
            reset.as_ptr(),
            reset.len(),
            peer.as_ptr(),
            peer.len(),
            local_ptr,
            local_len,
            delivery.user_data,
        )
    };
}

/// Makes the connection for a client's first Initial and asks the host about it.
fn accept(
    engine: &EngineCell,
    handle: *const EngineHandle,
    incoming: &Incoming,
    datagram: &[u8],
    delivery: &Delivery,
) -> xqc_int_t {
    if engine.doomed.get() {
        return -XQC_ECREATE_CONN;
    }
    // The host's calls from inside the callbacks here must not run the half-made connection.
    let _running = Running::begin(engine);
    let Ok(scid) = choose_cid(engine, incoming) else {
        log_failure(engine, format_args!("|fail to create connection|cid_generate_cb failed|"));
        return -XQC_ECREATE_CONN;
    };
    let terms = engine.server_settings.borrow().clone();
    let acceptance = Acceptance {
        scid,
        settings: terms.settings.clone(),
        controller: terms.congestion.controller(terms.settings.max_datagram_size),
        ask_for_certificate: engine.transport.conn_cert_cb.is_some(),
    };
    let made = engine.core.borrow_mut().accept(delivery.now, incoming, acceptance);
    let key = match made {
        Ok(key) => key,
        Err(refused) => {
            log_failure(engine, format_args!("|fail to create connection|{refused:?}|"));
            return -XQC_ECREATE_CONN;
        }
    };
    let connection = add_connection(engine, handle, key, &scid, delivery.user_data, &terms);
    trace_from_start(engine, connection, delivery.now);
    if !server_accept(engine, handle, connection, delivery.user_data) {
        refuse(engine, connection, datagram.len(), delivery);
        return -XQC_ECREATE_CONN;
    }
    engine.core.borrow_mut().feed(key, delivery.now, &delivery.arrival, datagram);
    XQC_OK
}

fn log_failure(engine: &EngineCell, message: fmt::Arguments<'_>) {
    engine.log.write(XQC_LOG_ERROR, None, "xqc_engine_packet_process", message);
}

/// Our first connection ID: the host's, a random one, or, where the host neither makes its own nor
/// forbids it, the one the client chose, as simple load balancers expect.
fn choose_cid(engine: &EngineCell, incoming: &Incoming) -> Result<ConnectionId, GeneratorFailed> {
    let negotiate = engine.config.borrow().cid_negotiate != 0;
    let fits = incoming.dcid.len() == engine.core.borrow().cid_len();
    if fits && !negotiate && engine.callbacks.cid_generate_cb.is_none() {
        return Ok(incoming.dcid);
    }
    generate_cid(engine, Some(&incoming.dcid))
}

/// Makes the cell of a connection.
pub(super) fn add_connection<'a>(
    engine: &'a EngineCell,
    handle: *const EngineHandle,
    key: ConnectionKey,
    scid: &ConnectionId,
    user_data: *mut c_void,
    terms: &ConnectionTerms,
) -> &'a ConnectionCell {
    let mmsg = engine.config.borrow().sendmmsg_on != 0
        && !terms.disable_send_mmsg
        && (engine.transport.write_mmsg.is_some() || engine.transport.write_mmsg_ex.is_some());
    engine.add_connection(ConnectionCell {
        engine: handle,
        key,
        user_data: Cell::new(user_data),
        protocol_data: Cell::new(std::ptr::null_mut()),
        scid: Cell::new(raw_cid(scid)),
        protocol: OnceCell::new(),
        known: Cell::new(Known::No),
        error: Cell::new(0),
        peer_error_kind: Cell::new(0),
        streams: RefCell::new(Vec::new()),
        datagram_user_data: Cell::new(std::ptr::null_mut()),
        told_datagram_size: Cell::new(None),
        unwritten: RefCell::new(Vec::new()),
        blocked: RefCell::new(Vec::new()),
        traced: Cell::new(false),
        mmsg,
        dcid_text: OnceCell::new(),
    })
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
    let function = "xqc_engine_packet_process";
    engine.log.write(XQC_LOG_INFO, None, function, format_args!("|server_accept refused|"));
}
