//! ECN marks to and from the host: the entry points upstream does not have.

use libc::{c_uchar, c_void, size_t, sockaddr, socklen_t};

use crate::recovery::EcnCodepoint;

use super::abi::prototypes::check_prototypes;
use super::abi::{
    xqc_cid_t, xqc_engine_t, xqc_ext_ecn_stats_t, xqc_ext_marking_writers_t, xqc_int_t, xqc_usec_t,
    XQC_ECONN_NFOUND, XQC_EPARAM, XQC_OK,
};
use super::connection::with_cid;
use super::guard::with_engine;
use super::receive::{receive, Packet};

/// Registers functions that send with a mark.
///
/// # Safety
///
/// `engine` is null or a live engine, `writers` null or one struct.
#[no_mangle]
pub unsafe extern "C" fn xqc_ext_set_marking_writers(
    engine: *mut xqc_engine_t,
    writers: *const xqc_ext_marking_writers_t,
) -> xqc_int_t {
    // SAFETY: the caller vouches for the struct.
    let Some(writers) = (unsafe { writers.as_ref() }) else { return -XQC_EPARAM };
    // SAFETY: the caller vouches for the handle.
    unsafe {
        with_engine(engine, -XQC_EPARAM, |engine| {
            // Sending in trains was agreed on when the engine was made.
            let trains = engine.config.borrow().sendmmsg_on != 0;
            if writers.write_socket.is_none() || (trains && writers.write_mmsg.is_none()) {
                return -XQC_EPARAM;
            }
            engine.marking.set(Some(*writers));
            XQC_OK
        })
    }
}

/// Takes in a datagram and its mark.
///
/// # Safety
///
/// As `xqc_engine_packet_process`.
#[no_mangle]
pub unsafe extern "C" fn xqc_ext_packet_process(
    engine: *mut xqc_engine_t,
    packet_in_buf: *const c_uchar,
    packet_in_size: size_t,
    local_addr: *const sockaddr,
    local_addrlen: socklen_t,
    peer_addr: *const sockaddr,
    peer_addrlen: socklen_t,
    tos: u8,
    recv_time: xqc_usec_t,
    user_data: *mut c_void,
) -> xqc_int_t {
    let packet = Packet {
        bytes: (packet_in_buf, packet_in_size),
        local: (local_addr, local_addrlen),
        peer: (peer_addr, peer_addrlen),
        ecn: EcnCodepoint::from_bits(tos),
        recv_time,
        user_data,
    };
    // SAFETY: the caller vouches for all of it.
    unsafe { receive(engine, &packet) }
}

/// What a connection knows of marks.
///
/// # Safety
///
/// `engine` is null or a live engine, `cid` null or one connection ID, `stats` null or room for one
/// struct.
#[no_mangle]
pub unsafe extern "C" fn xqc_ext_conn_ecn_stats(
    engine: *mut xqc_engine_t,
    cid: *const xqc_cid_t,
    stats: *mut xqc_ext_ecn_stats_t,
) -> xqc_int_t {
    if stats.is_null() {
        return -XQC_EPARAM;
    }
    let failed = (-XQC_EPARAM, -XQC_ECONN_NFOUND);
    // SAFETY: the caller vouches for all of it.
    unsafe {
        with_cid((engine, cid), "xqc_ext_conn_ecn_stats", failed, |engine, connection| {
            let core = engine.core.borrow();
            let Some(core) = core.connection(connection.key) else { return -XQC_ECONN_NFOUND };
            let received = core.ecn_received();
            stats.write(xqc_ext_ecn_stats_t {
                capable: core.is_ecn_capable().into(),
                received_ect0: received.ect0,
                received_ect1: received.ect1,
                received_ce: received.ce,
                reported_ce: core.stats().congestion_marks,
            });
            XQC_OK
        })
    }
}

check_prototypes!(xqc_ext_set_marking_writers, xqc_ext_packet_process, xqc_ext_conn_ecn_stats);
