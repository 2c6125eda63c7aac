//! Datagrams of extended HTTP/3: those of the connection below, as they are.

use libc::{c_void, iovec, size_t};

use crate::ffi::abi::prototypes::check_prototypes;
use crate::ffi::abi::{xqc_data_qos_level_t, xqc_h3_conn_t, xqc_int_t};
use crate::ffi::datagram::{
    xqc_datagram_get_mss, xqc_datagram_get_user_data, xqc_datagram_send,
    xqc_datagram_send_multiple, xqc_datagram_set_user_data,
};

use super::connection::xqc_h3_conn_get_xqc_conn;

/// The size of the largest datagram.
///
/// # Safety
///
/// `conn` is null or a live connection.
#[no_mangle]
pub unsafe extern "C" fn xqc_h3_ext_datagram_get_mss(conn: *mut xqc_h3_conn_t) -> size_t {
    // SAFETY: the caller vouches for the handle.
    unsafe { xqc_datagram_get_mss(xqc_h3_conn_get_xqc_conn(conn)) }
}

/// Sets the host's pointer for the datagram callbacks.
///
/// # Safety
///
/// `conn` is null or a live connection.
#[no_mangle]
pub unsafe extern "C" fn xqc_h3_ext_datagram_set_user_data(
    conn: *mut xqc_h3_conn_t,
    user_data: *mut c_void,
) {
    // SAFETY: the caller vouches for the handle.
    unsafe { xqc_datagram_set_user_data(xqc_h3_conn_get_xqc_conn(conn), user_data) }
}

/// The host's pointer for the datagram callbacks.
///
/// # Safety
///
/// `conn` is null or a live connection.
#[no_mangle]
pub unsafe extern "C" fn xqc_h3_ext_datagram_get_user_data(
    conn: *mut xqc_h3_conn_t,
) -> *mut c_void {
    // SAFETY: the caller vouches for the handle.
    unsafe { xqc_datagram_get_user_data(xqc_h3_conn_get_xqc_conn(conn)) }
}

/// Sends a datagram.
///
/// # Safety
///
/// `conn` is null or a live connection; `data` is readable for `data_len` bytes, `dgram_id` null or
/// writable.
#[no_mangle]
pub unsafe extern "C" fn xqc_h3_ext_datagram_send(
    conn: *mut xqc_h3_conn_t,
    data: *mut c_void,
    data_len: size_t,
    dgram_id: *mut u64,
    qos_level: xqc_data_qos_level_t,
) -> xqc_int_t {
    // SAFETY: the caller vouches for all of it.
    unsafe {
        let below = xqc_h3_conn_get_xqc_conn(conn);
        xqc_datagram_send(below, data, data_len, dgram_id, qos_level)
    }
}

/// Sends several datagrams.
///
/// # Safety
///
/// As [`xqc_datagram_send_multiple`].
#[no_mangle]
pub unsafe extern "C" fn xqc_h3_ext_datagram_send_multiple(
    conn: *mut xqc_h3_conn_t,
    iov: *mut iovec,
    dgram_id_list: *mut u64,
    iov_size: size_t,
    sent_cnt: *mut size_t,
    sent_bytes: *mut size_t,
    qos_level: xqc_data_qos_level_t,
) -> xqc_int_t {
    // SAFETY: the caller vouches for all of it.
    unsafe {
        let below = xqc_h3_conn_get_xqc_conn(conn);
        xqc_datagram_send_multiple(
            below,
            iov,
            dgram_id_list,
            iov_size,
            sent_cnt,
            sent_bytes,
            qos_level,
        )
    }
}

check_prototypes!(
    xqc_h3_ext_datagram_get_mss,
    xqc_h3_ext_datagram_set_user_data,
    xqc_h3_ext_datagram_get_user_data,
    xqc_h3_ext_datagram_send,
    xqc_h3_ext_datagram_send_multiple,
);
