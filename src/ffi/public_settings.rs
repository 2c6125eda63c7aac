//! What an application protocol may see and change of a connection's transport parameters.

use super::abi::prototypes::check_prototypes;
use super::abi::{
    xqc_conn_public_local_trans_settings_t, xqc_conn_public_remote_trans_settings_t,
    xqc_connection_t, Zeroable,
};
use super::guard::with_connection;
use crate::connection::{Connection, Redundancy};

/// Our settings.
///
/// # Safety
///
/// `conn` is null or a live connection.
#[no_mangle]
pub unsafe extern "C" fn xqc_conn_get_public_local_trans_settings(
    conn: *mut xqc_connection_t,
) -> xqc_conn_public_local_trans_settings_t {
    let none = xqc_conn_public_local_trans_settings_t::ZERO;
    // SAFETY: the caller vouches for the handle.
    unsafe {
        with_connection(conn, none, |engine, connection| {
            let core = engine.core.borrow();
            let settings = core.connection(connection.key).map(Connection::settings);
            settings.map_or(none, |settings| xqc_conn_public_local_trans_settings_t {
                max_datagram_frame_size: settings.datagrams.max_frame_size,
                datagram_redundancy: match settings.datagrams.redundancy {
                    Redundancy::Off => 0,
                    Redundancy::AnyPath => 1,
                    Redundancy::OtherPath => 2,
                },
            })
        })
    }
}

/// Changes how large DATAGRAM frames we take. The peer hears of it if its handshake has not come so
/// far: a server's, until `conn_create_notify` returns. As upstream does, redundancy is left alone.
///
/// # Safety
///
/// `conn` is null or a live connection, `settings` null or one value.
#[no_mangle]
pub unsafe extern "C" fn xqc_conn_set_public_local_trans_settings(
    conn: *mut xqc_connection_t,
    settings: *mut xqc_conn_public_local_trans_settings_t,
) {
    // SAFETY: the caller vouches for the settings.
    let Some(settings) = (unsafe { settings.as_ref() }) else { return };
    let limit = settings.max_datagram_frame_size;
    // SAFETY: the caller vouches for the handle.
    unsafe {
        with_connection(conn, (), |engine, connection| {
            engine.core.borrow_mut().set_datagram_limit(connection.key, limit);
        });
    }
}

/// The peer's settings; more than 65,535 bytes are given as so many.
///
/// # Safety
///
/// `conn` is null or a live connection.
#[no_mangle]
pub unsafe extern "C" fn xqc_conn_get_public_remote_trans_settings(
    conn: *mut xqc_connection_t,
) -> xqc_conn_public_remote_trans_settings_t {
    let none = xqc_conn_public_remote_trans_settings_t::ZERO;
    // SAFETY: the caller vouches for the handle.
    unsafe {
        with_connection(conn, none, |engine, connection| {
            let core = engine.core.borrow();
            let limit = core.connection(connection.key).map_or(0, Connection::datagram_limit_peer);
            let max_datagram_frame_size = u16::try_from(limit).unwrap_or(u16::MAX);
            xqc_conn_public_remote_trans_settings_t { max_datagram_frame_size }
        })
    }
}

/// Sets what the peer is remembered to take, until it says so itself.
///
/// # Safety
///
/// `conn` is null or a live connection, `settings` null or one value.
#[no_mangle]
pub unsafe extern "C" fn xqc_conn_set_public_remote_trans_settings(
    conn: *mut xqc_connection_t,
    settings: *mut xqc_conn_public_remote_trans_settings_t,
) {
    // SAFETY: the caller vouches for the settings.
    let Some(settings) = (unsafe { settings.as_ref() }) else { return };
    // SAFETY: the caller vouches for the handle.
    unsafe {
        with_connection(conn, (), |engine, connection| {
            if let Some(core) = engine.core.borrow_mut().connection_mut(connection.key) {
                core.set_datagram_limit_peer(settings.max_datagram_frame_size);
            }
        });
    }
}

check_prototypes!(
    xqc_conn_get_public_local_trans_settings,
    xqc_conn_set_public_local_trans_settings,
    xqc_conn_get_public_remote_trans_settings,
    xqc_conn_set_public_remote_trans_settings,
);
