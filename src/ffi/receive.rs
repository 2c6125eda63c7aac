//! Datagrams in: `xqc_engine_packet_process`.

use std::net::SocketAddr;

use libc::{c_uchar, c_void, size_t, sockaddr, socklen_t};

use crate::engine::{ConnectionKey, DropReason, Received};
use crate::error::TransportErrorCode;
use crate::path::{Addresses, Arrival};
use crate::recovery::EcnCodepoint;
use crate::time::Instant;

use super::abi::prototypes::check_prototypes;
use super::abi::{
    xqc_engine_t, xqc_int_t, xqc_usec_t, XQC_EAEAD_LIMIT, XQC_ECONN_NFOUND, XQC_ECREATE_CONN,
    XQC_EFATAL, XQC_EILLEGAL_FRAME, XQC_EILLPKT, XQC_EPARAM, XQC_EPROTO, XQC_ESEND_RETRY,
    XQC_LOG_DEBUG, XQC_OK,
};
use super::accept::accept;
use super::address::{read_address, RawAddress};
use super::cells::{EngineCell, EngineHandle};
use super::guard::with_engine;
use super::memory::values;
use super::output::send_before_accept;
use super::run::{run, Release};

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
    let packet = Packet {
        bytes: (packet_in_buf, packet_in_size),
        local: (local_addr, local_addrlen),
        peer: (peer_addr, peer_addrlen),
        ecn: EcnCodepoint::NotEct,
        recv_time,
        user_data,
    };
    // SAFETY: the caller vouches for all of it.
    unsafe { receive(engine, &packet) }
}

check_prototypes!(xqc_engine_packet_process);

/// A datagram as C hands it over: pointers with their lengths.
pub(super) struct Packet {
    pub bytes: (*const c_uchar, size_t),
    pub local: (*const sockaddr, socklen_t),
    pub peer: (*const sockaddr, socklen_t),
    pub ecn: EcnCodepoint,
    pub recv_time: xqc_usec_t,
    pub user_data: *mut c_void,
}

/// Takes in a datagram.
///
/// # Safety
///
/// `engine` is null or a live engine; the pointers of `packet` are readable for their lengths.
#[inline]
pub(super) unsafe fn receive(engine: *mut xqc_engine_t, packet: &Packet) -> xqc_int_t {
    let (bytes, size) = packet.bytes;
    // SAFETY: the caller vouches for the bytes.
    let Some(datagram) = (unsafe { values(bytes, size) }).filter(|_| !engine.is_null()) else {
        return -XQC_EPARAM;
    };
    if datagram.is_empty() {
        return -XQC_EILLPKT;
    }
    // SAFETY: the caller vouches for the local address.
    let local = unsafe { read_address(packet.local.0, packet.local.1) };
    // SAFETY: the caller vouches for the peer's address.
    let peer = unsafe { read_address(packet.peer.0, packet.peer.1) };
    let handle: *const EngineHandle = engine.cast();
    let (ecn, user_data) = (packet.ecn, packet.user_data);
    // SAFETY: the caller vouches for the handle.
    unsafe {
        with_engine(engine, -XQC_EFATAL, |engine| {
            let now = engine.clock.at(packet.recv_time);
            let Some(peer) = peer else {
                return process_without_address(engine, now, ecn, datagram);
            };
            let arrival = Arrival { addresses: Addresses { local, peer }, ecn };
            process(engine, handle, datagram, &Delivery { arrival, now, user_data })
        })
    }
}

/// How the host handed over a datagram.
pub(super) struct Delivery {
    pub arrival: Arrival,
    pub now: Instant,
    /// The host's listener.
    pub user_data: *mut c_void,
}

impl Delivery {
    /// Where it came from.
    pub fn peer(&self) -> &SocketAddr {
        &self.arrival.addresses.peer
    }
}

/// Without the peer's address a datagram can only belong to a connection that exists.
fn process_without_address(
    engine: &EngineCell,
    now: Instant,
    ecn: EcnCodepoint,
    datagram: &[u8],
) -> xqc_int_t {
    let key = {
        let mut core = engine.core.borrow_mut();
        let key = core.find_for(datagram);
        let addresses =
            key.and_then(|key| core.connection(key)).map(|found| found.path().addresses);
        if let (Some(key), Some(addresses)) = (key, addresses) {
            core.feed(key, now, &Arrival { addresses, ecn }, datagram);
        }
        key
    };
    key.map_or(-XQC_ECONN_NFOUND, |key| taken_by(engine, key, None))
}

/// A datagram went to a connection. Returns what the host is told of it.
fn taken_by(engine: &EngineCell, key: ConnectionKey, local: Option<SocketAddr>) -> xqc_int_t {
    let failure = after_feeding(engine, key, local);
    after_datagram(engine);
    failure.map_or(XQC_OK, |code| close_at_once(engine, failure_code(code)))
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
        Received::Connection(key) => taken_by(engine, key, delivery.arrival.addresses.local),
        Received::Incoming(mut incoming) => {
            let result = accept(engine, handle, &mut incoming, datagram, delivery);
            after_datagram(engine);
            match result {
                XQC_OK => XQC_OK,
                // Nothing was made that could say anything.
                error if error == -XQC_ECREATE_CONN || error == -XQC_ESEND_RETRY => error,
                error => close_at_once(engine, error),
            }
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
        Received::Dropped(DropReason::Early) => XQC_OK,
        Received::Dropped(_) => -XQC_ECONN_NFOUND,
    }
}

#[cold]
fn log_arrival(engine: &EngineCell, size: usize, delivery: &Delivery) {
    let message = format_args!("|==>|size:{size}|peer_addr:{}|", delivery.peer());
    engine.log.write(XQC_LOG_DEBUG, None, "xqc_engine_packet_process", message);
}

/// A client learns its own address from the first datagram. Returns the code of the error that the
/// datagram closed its connection with.
pub(super) fn after_feeding(
    engine: &EngineCell,
    key: ConnectionKey,
    local: Option<SocketAddr>,
) -> Option<TransportErrorCode> {
    let mut core = engine.core.borrow_mut();
    let core = core.connection_mut(key)?;
    core.learn_local_address(local);
    core.take_failure()
}

/// The peer broke a rule: it is told in the same call.
#[cold]
fn close_at_once(engine: &EngineCell, error: xqc_int_t) -> xqc_int_t {
    run(engine, Release::Keep);
    error
}

/// What upstream returns for a datagram that closes its connection.
pub(super) fn failure_code(code: TransportErrorCode) -> xqc_int_t {
    match code {
        TransportErrorCode::AEAD_LIMIT_REACHED => -XQC_EAEAD_LIMIT,
        TransportErrorCode::FRAME_ENCODING_ERROR | TransportErrorCode(0x100..=0x1ff) => {
            -XQC_EILLEGAL_FRAME
        }
        _ => -XQC_EPROTO,
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
