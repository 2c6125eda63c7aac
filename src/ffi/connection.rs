//! Connections: closed, asked, configured.

use libc::c_void;

use crate::connection::{Connection, LocalClose};
use crate::http3::Code;
use crate::wire::{ConnectionId, Role};

use super::abi::prototypes::check_prototypes;
use super::abi::{
    xqc_bool_t, xqc_cid_t, xqc_conn_err_type_t, xqc_conn_type_t, xqc_connection_t, xqc_engine_t,
    xqc_int_t, xqc_usec_t, TRA_0RTT_DGRAM_PARAMS_ERROR, TRA_0RTT_TRANS_PARAMS_ERROR,
    XQC_CONN_TYPE_CLIENT, XQC_CONN_TYPE_SERVER, XQC_ECONN_NFOUND, XQC_EPARAM, XQC_FALSE,
    XQC_LOG_ERROR, XQC_LOG_INFO, XQC_OK, XQC_TRUE,
};
use super::cells::{ConnectionCell, EngineCell};
use super::cid::cid_bytes;
use super::guard::{with_connection, with_engine};
use super::run::{run_one, run_soon, send_now};

/// What a function returns that was given no handle or ID, and one whose ID is nobody's.
pub(super) const NOT_FOUND: (xqc_int_t, xqc_int_t) =
    (-(XQC_EPARAM.0 as xqc_int_t), -(XQC_ECONN_NFOUND.0 as xqc_int_t));

/// Application error codes start here; lower ones go out as transport errors, as upstream does.
const FIRST_APPLICATION_CODE: u64 = 0x100;

/// Runs `body` with the connection that `cid` belongs to. Without a handle or an ID it returns
/// `null`; with an ID that is nobody's, `unknown`, and `function` is in the log.
///
/// # Safety
///
/// `engine` is null or a live engine, `cid` null or one connection ID.
pub(super) unsafe fn with_cid<R: Copy>(
    (engine, cid): (*const xqc_engine_t, *const xqc_cid_t),
    function: &str,
    (null, unknown): (R, R),
    body: impl FnOnce(&EngineCell, &ConnectionCell) -> R,
) -> R {
    // SAFETY: the caller vouches for the connection ID.
    let Some(cid) = (unsafe { cid.as_ref() }) else { return null };
    // SAFETY: the caller vouches for the handle.
    unsafe {
        with_engine(engine, null, |engine| {
            let key = engine.core.borrow_mut().find(cid_bytes(cid));
            if let Some(connection) = key.and_then(|key| engine.connection(key)) {
                return body(engine, connection);
            }
            let cid = ConnectionId::new(cid_bytes(cid)).unwrap_or_default();
            let message = format_args!("|can not find connection|cid:{cid}");
            engine.log.write(XQC_LOG_ERROR, None, function, message);
            unknown
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
        with_cid((engine, cid), "xqc_conn_close", NOT_FOUND, |engine, connection| {
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
pub(super) fn close(engine: &EngineCell, connection: &ConnectionCell, reason: LocalClose) {
    connection.log(&engine.log, XQC_LOG_INFO, "xqc_conn_close", format_args!("|{reason:?}|"));
    let now = engine.clock.now();
    if let Some(core) = engine.core.borrow_mut().connection_mut(connection.key) {
        if core.state().is_open() && !core.is_lingering() {
            // The code of a clean end is no error for hosts.
            let clean = connection.http3().is_some() && reason.code() == Code::NO_ERROR.0;
            connection.set_error(if clean { 0 } else { reason.code() });
        }
        core.close(now, reason);
    }
    run_soon(engine, connection);
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
        with_cid((engine, cid), "xqc_conn_get_lastest_rtt", (0, 0), |engine, connection| {
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

/// Client or server.
///
/// # Safety
///
/// `conn` is null or a live connection.
#[no_mangle]
pub unsafe extern "C" fn xqc_conn_get_type(conn: *mut xqc_connection_t) -> xqc_conn_type_t {
    // SAFETY: the caller vouches for the handle.
    unsafe {
        with_connection(conn, XQC_CONN_TYPE_CLIENT, |engine, _| {
            // Not the connection's: there may be none yet, in the question about a Retry.
            match engine.core.borrow().role() {
                Role::Server => XQC_CONN_TYPE_SERVER,
                Role::Client => XQC_CONN_TYPE_CLIENT,
            }
        })
    }
}

/// Asks the peer for an acknowledgement; `conn_ping_acked` tells of it.
///
/// # Safety
///
/// As [`with_cid`].
#[no_mangle]
pub unsafe extern "C" fn xqc_conn_send_ping(
    engine: *mut xqc_engine_t,
    cid: *const xqc_cid_t,
    ping_user_data: *mut c_void,
) -> xqc_int_t {
    // SAFETY: the caller vouches for both.
    unsafe {
        with_cid((engine, cid), "xqc_conn_send_ping", NOT_FOUND, |engine, connection| {
            if let Some(core) = engine.core.borrow_mut().connection_mut(connection.key) {
                core.ping_as(ping_user_data as u64);
            }
            send_now(engine, connection);
            XQC_OK
        })
    }
}

/// Whether what is written goes out as 0-RTT until the handshake is complete: the connection is a
/// client's, its session allows it, and the server has not refused.
///
/// # Safety
///
/// `conn` is null or a live connection.
#[no_mangle]
pub unsafe extern "C" fn xqc_conn_is_ready_to_send_early_data(
    conn: *mut xqc_connection_t,
) -> xqc_bool_t {
    // SAFETY: the caller vouches for the handle.
    unsafe {
        with_connection(conn, XQC_FALSE, |engine, connection| {
            let core = engine.core.borrow();
            let ready = core.connection(connection.key).is_some_and(Connection::offers_early_data);
            if ready {
                XQC_TRUE
            } else {
                XQC_FALSE
            }
        })
    }
}

/// Whether an error means that what was remembered for 0-RTT is of no use any more.
#[no_mangle]
pub extern "C" fn xqc_conn_should_clear_0rtt_ticket(conn_err: xqc_int_t) -> xqc_bool_t {
    let stale = [TRA_0RTT_TRANS_PARAMS_ERROR, TRA_0RTT_DGRAM_PARAMS_ERROR];
    match stale.iter().any(|error| error.0 as xqc_int_t == conn_err) {
        true => XQC_TRUE,
        false => XQC_FALSE,
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
        with_cid((engine, cid), "xqc_conn_continue_send", NOT_FOUND, |engine, connection| {
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

check_prototypes!(
    xqc_conn_close,
    xqc_conn_close_with_error,
    xqc_conn_get_errno,
    xqc_conn_get_err_type,
    xqc_conn_get_ssl,
    xqc_conn_get_lastest_rtt,
    xqc_conn_set_transport_user_data,
    xqc_conn_set_alp_user_data,
    xqc_conn_get_type,
    xqc_conn_send_ping,
    xqc_conn_is_ready_to_send_early_data,
    xqc_conn_should_clear_0rtt_ticket,
    xqc_conn_continue_send,
    xqc_conn_continue_send_by_conn,
);
