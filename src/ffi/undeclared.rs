//! Two functions that upstream exports and no header declares.

use libc::c_char;

use crate::connection::Settings;
use crate::time::Duration;
use crate::wire::ConnectionId;

use super::abi::prototypes::check_prototypes;
use super::abi::{xqc_cid_t, xqc_connection_t, xqc_engine_t, xqc_msec_t, XQC_LOG_ERROR};
use super::cells::ConnectionCell;
use super::cid::cid_bytes;
use super::guard::{with_connection, with_engine};
use super::run::run_soon;

/// What asks for one of our connection IDs.
const OURS: c_char = b's' as c_char;

/// Sets how long a server's handshake may be silent, in milliseconds; 0 is the default.
///
/// # Safety
///
/// `conn` is null or a live connection.
#[no_mangle]
pub unsafe extern "C" fn xqc_conn_set_init_idle_timeout(
    conn: *mut xqc_connection_t,
    init_idle_time_out: xqc_msec_t,
) {
    let timeout = match init_idle_time_out {
        0 => Settings::default().handshake_idle_timeout,
        millis => Duration::from_millis(millis),
    };
    // SAFETY: the caller vouches for the handle.
    unsafe {
        with_connection(conn, (), |engine, connection| {
            let now = engine.clock.now();
            if let Some(core) = engine.core.borrow_mut().connection_mut(connection.key) {
                // A client waits for an answer as long as it may idle.
                if core.role().is_server() {
                    core.set_handshake_idle_timeout(now, timeout);
                }
            }
            run_soon(engine, connection);
        });
    }
}

/// The connection with a connection ID of ours, or of the peer's if `type` is not `'s'`: the latter
/// is looked for among all connections.
///
/// # Safety
///
/// `engine` is null or a live engine, `cid` null or one connection ID.
#[no_mangle]
pub unsafe extern "C" fn xqc_engine_conns_hash_find(
    engine: *mut xqc_engine_t,
    cid: *const xqc_cid_t,
    r#type: c_char,
) -> *mut xqc_connection_t {
    let null = std::ptr::null_mut();
    // SAFETY: the caller vouches for the connection ID.
    let Some(cid) = (unsafe { cid.as_ref() }) else { return null };
    let bytes = cid_bytes(cid);
    if bytes.is_empty() {
        return null;
    }
    // SAFETY: the caller vouches for the handle.
    unsafe {
        with_engine(engine, null, |engine| {
            let key = match r#type {
                OURS => engine.core.borrow_mut().find(bytes),
                _ => engine.core.borrow().find_by_peer(bytes),
            };
            if key.is_none() && r#type != OURS {
                let cid = ConnectionId::new(bytes).unwrap_or_default();
                let message = format_args!("|xquic find dcid error|dcid:{cid}");
                engine.log.write(XQC_LOG_ERROR, None, "xqc_engine_conns_hash_find", message);
            }
            let connection = key.and_then(|key| engine.connection(key));
            connection.map_or(null, ConnectionCell::as_ptr)
        })
    }
}

check_prototypes!(xqc_conn_set_init_idle_timeout, xqc_engine_conns_hash_find);
