//! HTTP/3 connections: closed, asked, configured.

use libc::{c_void, size_t, sockaddr, socklen_t};

use crate::connection::LocalClose;
use crate::ffi::abi::prototypes::check_prototypes;
use crate::ffi::abi::{
    xqc_bool_t, xqc_cid_t, xqc_connection_t, xqc_engine_t, xqc_h3_conn_t, xqc_int_t, H3_NO_ERROR,
    XQC_ESTATE, XQC_H3_EPARAM, XQC_OK,
};
use crate::ffi::connection::{
    close, with_cid, xqc_conn_get_ssl, xqc_conn_is_ready_to_send_early_data, xqc_conn_send_ping,
    NOT_FOUND,
};
use crate::ffi::path::{xqc_conn_get_local_addr, xqc_conn_get_peer_addr};
use crate::ffi::run::run_soon;
use crate::http3::Code;

use super::guard::with_h3_conn;

/// Closes a connection without an error.
///
/// # Safety
///
/// `engine` is null or a live engine, `cid` null or one connection ID.
#[no_mangle]
pub unsafe extern "C" fn xqc_h3_conn_close(
    engine: *mut xqc_engine_t,
    cid: *const xqc_cid_t,
) -> xqc_int_t {
    // SAFETY: the caller vouches for both.
    unsafe {
        with_cid((engine, cid), "xqc_h3_conn_close", NOT_FOUND, |engine, connection| {
            // RFC 9114 section 5.2: of another protocol's connection that code means nothing.
            let reason = match connection.http3() {
                Some(_) => LocalClose::Application(Code::NO_ERROR.0),
                None => LocalClose::NoError,
            };
            close(engine, connection, reason);
            XQC_OK
        })
    }
}

/// The QUIC connection below.
///
/// # Safety
///
/// `h3c` is null or a live connection.
#[no_mangle]
pub unsafe extern "C" fn xqc_h3_conn_get_xqc_conn(
    h3c: *mut xqc_h3_conn_t,
) -> *mut xqc_connection_t {
    // SAFETY: the caller vouches for the handle.
    unsafe { with_h3_conn(h3c, std::ptr::null_mut(), |layers| layers.connection.as_ptr()) }
}

/// The error a connection ended with.
///
/// # Safety
///
/// `h3c` is null or a live connection.
#[no_mangle]
pub unsafe extern "C" fn xqc_h3_conn_get_errno(h3c: *mut xqc_h3_conn_t) -> xqc_int_t {
    // SAFETY: the caller vouches for the handle.
    unsafe {
        with_h3_conn(h3c, -XQC_H3_EPARAM, |layers| match layers.connection.error.get() {
            0 => H3_NO_ERROR.0 as xqc_int_t,
            error => error as xqc_int_t,
        })
    }
}

/// BoringSSL's object of the connection.
///
/// # Safety
///
/// `h3c` is null or a live connection.
#[no_mangle]
pub unsafe extern "C" fn xqc_h3_conn_get_ssl(h3c: *mut xqc_h3_conn_t) -> *mut c_void {
    // SAFETY: the caller vouches for the handle.
    unsafe { xqc_conn_get_ssl(xqc_h3_conn_get_xqc_conn(h3c)) }
}

/// Sets the host's pointer, that of the callbacks below too.
///
/// # Safety
///
/// `h3c` is null or a live connection.
#[no_mangle]
pub unsafe extern "C" fn xqc_h3_conn_set_user_data(
    h3c: *mut xqc_h3_conn_t,
    user_data: *mut c_void,
) {
    // SAFETY: the caller vouches for the handle.
    unsafe {
        with_h3_conn(h3c, (), |layers| {
            layers.h3.user_data.set(user_data);
            layers.connection.user_data.set(user_data);
        });
    }
}

/// The host's pointer.
///
/// # Safety
///
/// `h3_conn` is null or a live connection.
#[no_mangle]
pub unsafe extern "C" fn xqc_h3_conn_get_user_data(h3_conn: *mut xqc_h3_conn_t) -> *mut c_void {
    // SAFETY: the caller vouches for the handle.
    unsafe { with_h3_conn(h3_conn, std::ptr::null_mut(), |layers| layers.h3.user_data.get()) }
}

/// The peer's address.
///
/// # Safety
///
/// `h3c` is null or a live connection; `addr` has room for `addr_cap` bytes, `peer_addr_len` for
/// one length.
#[no_mangle]
pub unsafe extern "C" fn xqc_h3_conn_get_peer_addr(
    h3c: *mut xqc_h3_conn_t,
    addr: *mut sockaddr,
    addr_cap: socklen_t,
    peer_addr_len: *mut socklen_t,
) -> xqc_int_t {
    // SAFETY: the caller vouches for all of it.
    unsafe { xqc_conn_get_peer_addr(xqc_h3_conn_get_xqc_conn(h3c), addr, addr_cap, peer_addr_len) }
}

/// Our own address.
///
/// # Safety
///
/// As [`xqc_h3_conn_get_peer_addr`].
#[no_mangle]
pub unsafe extern "C" fn xqc_h3_conn_get_local_addr(
    h3c: *mut xqc_h3_conn_t,
    addr: *mut sockaddr,
    addr_cap: socklen_t,
    local_addr_len: *mut socklen_t,
) -> xqc_int_t {
    // SAFETY: the caller vouches for all of it.
    unsafe {
        xqc_conn_get_local_addr(xqc_h3_conn_get_xqc_conn(h3c), addr, addr_cap, local_addr_len)
    }
}

/// Asks the peer for an acknowledgement; `h3_conn_ping_acked` tells of it.
///
/// # Safety
///
/// As [`xqc_h3_conn_close`].
#[no_mangle]
pub unsafe extern "C" fn xqc_h3_conn_send_ping(
    engine: *mut xqc_engine_t,
    cid: *const xqc_cid_t,
    ping_user_data: *mut c_void,
) -> xqc_int_t {
    // SAFETY: the caller vouches for all of it.
    unsafe { xqc_conn_send_ping(engine, cid, ping_user_data) }
}

/// Whether what is written goes out as 0-RTT.
///
/// # Safety
///
/// `h3c` is null or a live connection.
#[no_mangle]
pub unsafe extern "C" fn xqc_h3_conn_is_ready_to_send_early_data(
    h3c: *mut xqc_h3_conn_t,
) -> xqc_bool_t {
    // SAFETY: the caller vouches for the handle.
    unsafe { xqc_conn_is_ready_to_send_early_data(xqc_h3_conn_get_xqc_conn(h3c)) }
}

/// Sets the capacity of the dynamic table for sending.
///
/// # Safety
///
/// `h3c` is null or a live connection.
#[no_mangle]
pub unsafe extern "C" fn xqc_h3_conn_set_qpack_dtable_cap(
    h3c: *mut xqc_h3_conn_t,
    capacity: size_t,
) -> xqc_int_t {
    // SAFETY: the caller vouches for the handle.
    unsafe {
        with_h3_conn(h3c, -XQC_H3_EPARAM, |layers| {
            if !layers.is_set_up() {
                return -XQC_ESTATE;
            }
            // As with the original library, a connection that closes takes it without effect.
            layers.with_open(|h3, transport| {
                h3.set_encoder_capacity(transport.streams_mut(), capacity as u64);
            });
            run_soon(layers.engine, layers.connection);
            XQC_OK
        })
    }
}

check_prototypes!(
    xqc_h3_conn_close,
    xqc_h3_conn_get_xqc_conn,
    xqc_h3_conn_get_errno,
    xqc_h3_conn_get_ssl,
    xqc_h3_conn_set_user_data,
    xqc_h3_conn_get_user_data,
    xqc_h3_conn_get_peer_addr,
    xqc_h3_conn_get_local_addr,
    xqc_h3_conn_send_ping,
    xqc_h3_conn_is_ready_to_send_early_data,
    xqc_h3_conn_set_qpack_dtable_cap,
);
