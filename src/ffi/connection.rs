//! Connections: closed, asked, configured.

use libc::{c_void, sockaddr, socklen_t};

use crate::connection::LocalClose;
use crate::wire::Role;

use super::abi::{
    xqc_cid_t, xqc_conn_err_type_t, xqc_conn_type_t, xqc_connection_t, xqc_engine_t, xqc_int_t,
    xqc_usec_t, XQC_CONN_TYPE_CLIENT, XQC_CONN_TYPE_SERVER, XQC_ECONN_NFOUND, XQC_ENOBUF,
    XQC_EPARAM, XQC_OK,
};
use super::address::RawAddress;
use super::cells::{ConnectionCell, EngineCell};
use super::cid::cid_bytes;
use super::guard::{with_connection, with_engine};
use super::run::{run_one, set_timer_after};
use crate::time::Duration;

/// Application error codes start here; lower ones go out as transport errors, as upstream does.
const FIRST_APPLICATION_CODE: u64 = 0x100;

/// Runs `body` with the connection that `cid` belongs to.
///
/// # Safety
///
/// `engine` is null or a live engine, `cid` null or one connection ID.
pub(super) unsafe fn with_cid<R: Copy>(
    engine: *const xqc_engine_t,
    cid: *const xqc_cid_t,
    null: R,
    unknown: R,
    body: impl FnOnce(&EngineCell, &ConnectionCell) -> R,
) -> R {
    // SAFETY: the caller vouches for the connection ID.
    let Some(cid) = (unsafe { cid.as_ref() }) else { return null };
    // SAFETY: the caller vouches for the handle.
    unsafe {
        with_engine(engine, null, |engine| {
            let key = engine.core.borrow_mut().find(cid_bytes(cid));
            match key.and_then(|key| engine.connection(key)) {
                Some(connection) => body(engine, connection),
                None => unknown,
            }
        })
    }
}

/// Closes a connection without an error.
///
/// # Safety
///
/// As [`with_cid`].
#[no_mangle]
pub unsafe extern "C" fn xqc_conn_close(
    engine: *mut xqc_engine_t,
    cid: *const xqc_cid_t,
) -> xqc_int_t {
    // SAFETY: the caller vouches for both.
    unsafe {
        with_cid(engine, cid, -XQC_EPARAM, -XQC_ECONN_NFOUND, |engine, connection| {
            close(engine, connection, LocalClose::NoError);
            XQC_OK
        })
    }
}

/// Closes a connection with an error code.
///
/// # Safety
///
/// `conn` is null or a live connection.
#[no_mangle]
pub unsafe extern "C" fn xqc_conn_close_with_error(
    conn: *mut xqc_connection_t,
    err_code: u64,
) -> xqc_int_t {
    // SAFETY: the caller vouches for the handle.
    unsafe {
        with_connection(conn, -XQC_EPARAM, |engine, connection| {
            let reason = if err_code < FIRST_APPLICATION_CODE {
                LocalClose::Transport(err_code)
            } else {
                LocalClose::Application(err_code)
            };
            close(engine, connection, reason);
            XQC_OK
        })
    }
}

/// Closes the connection; CONNECTION_CLOSE leaves in the next run, which is asked for at once.
fn close(engine: &EngineCell, connection: &ConnectionCell, reason: LocalClose) {
    let now = engine.clock.now();
    {
        let mut core = engine.core.borrow_mut();
        if let Some(core) = core.connection_mut(connection.key) {
            core.close(now, reason);
        }
        core.activate(connection.key);
    }
    if !engine.running.get() {
        set_timer_after(engine, Duration::from_micros(1));
    }
}

/// The error a connection ended with.
///
/// # Safety
///
/// `conn` is null or a live connection.
#[no_mangle]
pub unsafe extern "C" fn xqc_conn_get_errno(conn: *mut xqc_connection_t) -> xqc_int_t {
    // SAFETY: the caller vouches for the handle.
    unsafe {
        with_connection(conn, -XQC_EPARAM, |_, connection| connection.error.get() as xqc_int_t)
    }
}

/// Whose namespace the peer's error code is of.
///
/// # Safety
///
/// `conn` is null or a live connection.
#[no_mangle]
pub unsafe extern "C" fn xqc_conn_get_err_type(conn: *mut xqc_connection_t) -> xqc_conn_err_type_t {
    // SAFETY: the caller vouches for the handle.
    unsafe {
        with_connection(conn, xqc_conn_err_type_t(0), |_, connection| {
            xqc_conn_err_type_t(connection.peer_error_kind.get())
        })
    }
}

/// BoringSSL's object of the connection.
///
/// # Safety
///
/// `conn` is null or a live connection.
#[no_mangle]
pub unsafe extern "C" fn xqc_conn_get_ssl(conn: *mut xqc_connection_t) -> *mut c_void {
    // SAFETY: the caller vouches for the handle.
    unsafe {
        with_connection(conn, std::ptr::null_mut(), |engine, connection| {
            let core = engine.core.borrow();
            let core = core.connection(connection.key);
            core.map_or(std::ptr::null_mut(), |core| core.tls().raw().cast())
        })
    }
}

/// The newest round-trip sample in microseconds.
///
/// # Safety
///
/// As [`with_cid`].
#[no_mangle]
pub unsafe extern "C" fn xqc_conn_get_lastest_rtt(
    engine: *mut xqc_engine_t,
    cid: *const xqc_cid_t,
) -> xqc_usec_t {
    // SAFETY: the caller vouches for both.
    unsafe {
        with_cid(engine, cid, 0, 0, |engine, connection| {
            let core = engine.core.borrow();
            let rtt = core.connection(connection.key).map(|core| &core.path().rtt);
            rtt.filter(|rtt| rtt.has_sample()).map_or(0, |rtt| rtt.latest().as_micros())
        })
    }
}

/// Sets the host's pointer for all later transport callbacks of the connection.
///
/// # Safety
///
/// `conn` is null or a live connection.
#[no_mangle]
pub unsafe extern "C" fn xqc_conn_set_transport_user_data(
    conn: *mut xqc_connection_t,
    user_data: *mut c_void,
) {
    // SAFETY: the caller vouches for the handle.
    unsafe { with_connection(conn, (), |_, connection| connection.user_data.set(user_data)) }
}

/// Sets the application protocol's pointer of the connection.
///
/// # Safety
///
/// `conn` is null or a live connection.
#[no_mangle]
pub unsafe extern "C" fn xqc_conn_set_alp_user_data(
    conn: *mut xqc_connection_t,
    proto_data: *mut c_void,
) {
    // SAFETY: the caller vouches for the handle.
    unsafe { with_connection(conn, (), |_, connection| connection.protocol_data.set(proto_data)) }
}

/// The peer's address.
///
/// # Safety
///
/// `conn` is null or a live connection; `addr` has room for `addr_cap` bytes, `peer_addr_len` for
/// one length.
#[no_mangle]
pub unsafe extern "C" fn xqc_conn_get_peer_addr(
    conn: *mut xqc_connection_t,
    addr: *mut sockaddr,
    addr_cap: socklen_t,
    peer_addr_len: *mut socklen_t,
) -> xqc_int_t {
    // SAFETY: the caller vouches for all of it.
    unsafe {
        with_connection(conn, -XQC_EPARAM, |engine, connection| {
            let address = {
                let core = engine.core.borrow();
                core.connection(connection.key)
                    .map(|core| RawAddress::new(&core.path().addresses.peer))
            };
            give_address(address.as_ref(), addr, addr_cap, peer_addr_len)
        })
    }
}

/// Our own address, as the host last gave it.
///
/// # Safety
///
/// As [`xqc_conn_get_peer_addr`].
#[no_mangle]
pub unsafe extern "C" fn xqc_conn_get_local_addr(
    conn: *mut xqc_connection_t,
    addr: *mut sockaddr,
    addr_cap: socklen_t,
    local_addr_len: *mut socklen_t,
) -> xqc_int_t {
    // SAFETY: the caller vouches for all of it.
    unsafe {
        with_connection(conn, -XQC_EPARAM, |engine, connection| {
            let address = {
                let core = engine.core.borrow();
                let local =
                    core.connection(connection.key).and_then(|core| core.path().addresses.local);
                local.as_ref().map(RawAddress::new)
            };
            give_address(address.as_ref(), addr, addr_cap, local_addr_len)
        })
    }
}

/// Copies an address to the host; an unknown one has length 0.
///
/// # Safety
///
/// `addr` is null or has room for `cap` bytes, `len` is null or has room for one length.
unsafe fn give_address(
    address: Option<&RawAddress>,
    addr: *mut sockaddr,
    cap: socklen_t,
    len: *mut socklen_t,
) -> xqc_int_t {
    if addr.is_null() || len.is_null() {
        return -XQC_EPARAM;
    }
    let stored = address.map_or(0, RawAddress::len);
    if stored > cap {
        return -XQC_ENOBUF;
    }
    if let Some(address) = address {
        // SAFETY: the room was checked; both are plain bytes.
        unsafe {
            std::ptr::copy_nonoverlapping(
                address.as_ptr().cast::<u8>(),
                addr.cast::<u8>(),
                stored as usize,
            );
        }
    }
    // SAFETY: the caller vouches for the room.
    unsafe { len.write(stored) };
    XQC_OK
}

/// Client or server.
///
/// # Safety
///
/// `conn` is null or a live connection.
#[no_mangle]
pub unsafe extern "C" fn xqc_conn_get_type(conn: *mut xqc_connection_t) -> xqc_conn_type_t {
    // SAFETY: the caller vouches for the handle.
    unsafe {
        with_connection(conn, XQC_CONN_TYPE_CLIENT, |engine, connection| {
            match engine.core.borrow().connection(connection.key).map(|core| core.role()) {
                Some(Role::Server) => XQC_CONN_TYPE_SERVER,
                _ => XQC_CONN_TYPE_CLIENT,
            }
        })
    }
}

/// Goes on sending after the socket was full.
///
/// # Safety
///
/// As [`with_cid`].
#[no_mangle]
pub unsafe extern "C" fn xqc_conn_continue_send(
    engine: *mut xqc_engine_t,
    cid: *const xqc_cid_t,
) -> xqc_int_t {
    // SAFETY: the caller vouches for both.
    unsafe {
        with_cid(engine, cid, -XQC_EPARAM, -XQC_ECONN_NFOUND, |engine, connection| {
            run_one(engine, connection);
            XQC_OK
        })
    }
}

/// Goes on sending after the socket was full.
///
/// # Safety
///
/// `conn` is null or a live connection.
#[no_mangle]
pub unsafe extern "C" fn xqc_conn_continue_send_by_conn(conn: *mut xqc_connection_t) {
    // SAFETY: the caller vouches for the handle.
    unsafe { with_connection(conn, (), run_one) }
}
