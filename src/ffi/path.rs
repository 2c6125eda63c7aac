//! Addresses of connections and their paths.

use libc::{sockaddr, socklen_t};

use crate::connection::Connection;
use crate::path::Addresses;

use super::abi::prototypes::check_prototypes;
use super::abi::{
    xqc_connection_t, xqc_int_t, XQC_EMP_PATH_NOT_FOUND, XQC_ENOBUF, XQC_EPARAM, XQC_OK,
};
use super::address::RawAddress;
use super::guard::with_connection;

/// The path that every connection begins with.
const FIRST_PATH: u64 = 0;

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
    unsafe { xqc_path_get_peer_addr(conn, FIRST_PATH, addr, addr_cap, peer_addr_len) }
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
    unsafe { xqc_path_get_local_addr(conn, FIRST_PATH, addr, addr_cap, local_addr_len) }
}

/// The peer's address of one path.
///
/// # Safety
///
/// As [`xqc_conn_get_peer_addr`].
#[no_mangle]
pub unsafe extern "C" fn xqc_path_get_peer_addr(
    conn: *mut xqc_connection_t,
    path_id: u64,
    addr: *mut sockaddr,
    addr_cap: socklen_t,
    peer_addr_len: *mut socklen_t,
) -> xqc_int_t {
    // SAFETY: the caller vouches for the handle.
    let address =
        unsafe { find_address(conn, path_id, |addresses| Some(RawAddress::new(&addresses.peer))) };
    // SAFETY: the caller vouches for the room.
    unsafe { give_address(address, addr, addr_cap, peer_addr_len) }
}

/// Our own address of one path.
///
/// # Safety
///
/// As [`xqc_conn_get_peer_addr`].
#[no_mangle]
pub unsafe extern "C" fn xqc_path_get_local_addr(
    conn: *mut xqc_connection_t,
    path_id: u64,
    addr: *mut sockaddr,
    addr_cap: socklen_t,
    local_addr_len: *mut socklen_t,
) -> xqc_int_t {
    // SAFETY: the caller vouches for the handle.
    let address = unsafe {
        find_address(conn, path_id, |addresses| addresses.local.as_ref().map(RawAddress::new))
    };
    // SAFETY: the caller vouches for the room.
    unsafe { give_address(address, addr, addr_cap, local_addr_len) }
}

/// One address of a path; `Ok(None)` if it is not known yet.
///
/// # Safety
///
/// `conn` is null or a live connection.
unsafe fn find_address(
    conn: *const xqc_connection_t,
    path_id: u64,
    which: impl FnOnce(&Addresses) -> Option<RawAddress>,
) -> Result<Option<RawAddress>, xqc_int_t> {
    // SAFETY: the caller vouches for the handle.
    unsafe {
        with_connection(conn, Err(-XQC_EPARAM), |engine, connection| {
            if path_id != FIRST_PATH {
                return Err(-XQC_EMP_PATH_NOT_FOUND);
            }
            let core = engine.core.borrow();
            let known = core.connection(connection.key).map(Connection::settled_addresses);
            Ok(known.or(connection.visitor.as_deref()).and_then(which))
        })
    }
}

/// Copies an address to the host; an unknown one has length 0.
///
/// # Safety
///
/// `addr` is null or has room for `cap` bytes, `len` is null or has room for one length.
pub(super) unsafe fn give_address(
    address: Result<Option<RawAddress>, xqc_int_t>,
    addr: *mut sockaddr,
    cap: socklen_t,
    len: *mut socklen_t,
) -> xqc_int_t {
    let address = match address {
        Ok(address) => address,
        Err(code) => return code,
    };
    if addr.is_null() || len.is_null() {
        return -XQC_EPARAM;
    }
    let stored = address.as_ref().map_or(0, RawAddress::len);
    if stored > cap {
        return -XQC_ENOBUF;
    }
    if let Some(address) = &address {
        let bytes: *const u8 = address.as_ptr().cast();
        // SAFETY: the room was checked; both are plain bytes and do not overlap.
        unsafe { std::ptr::copy_nonoverlapping(bytes, addr.cast(), stored as usize) };
    }
    // SAFETY: the caller vouches for the room.
    unsafe { len.write(stored) };
    XQC_OK
}

check_prototypes!(
    xqc_conn_get_peer_addr,
    xqc_conn_get_local_addr,
    xqc_path_get_peer_addr,
    xqc_path_get_local_addr,
);
