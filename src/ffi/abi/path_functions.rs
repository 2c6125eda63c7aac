//! `xquic.h`: prototypes of functions on network paths.

use core::ffi::c_int;

use libc::{sockaddr, socklen_t};

use super::{xqc_cid_t, xqc_connection_t, xqc_engine_t, xqc_int_t};

extern "C" {
    /// Opens one more path on a client's connection and writes its ID to `new_path_id`. The path is
    /// used once it is validated. `path_status` 1 makes it a standby path, any other value an
    /// available one.
    ///
    /// Returns `XQC_OK`. `-XQC_EMP_NO_AVAIL_PATH_ID` if connection IDs are missing, and
    /// `ready_to_create_path_notify` follows. `-XQC_EMP_NOT_SUPPORT_MP`, `-XQC_EMP_CREATE_PATH`,
    /// `-XQC_ECONN_NFOUND`, `-XQC_CLOSING`.
    pub fn xqc_conn_create_path(
        engine: *mut xqc_engine_t,
        cid: *const xqc_cid_t,
        new_path_id: *mut u64,
        path_status: c_int,
    ) -> xqc_int_t;

    /// Closes a path; `path_removed_notify` follows. What it carried goes to other paths.
    ///
    /// Returns `XQC_OK`, `-XQC_EMP_PATH_NOT_FOUND`, `-XQC_EMP_NO_ACTIVE_PATH` if it is the last
    /// one, `-XQC_EMP_NOT_SUPPORT_MP`, `-XQC_ECONN_NFOUND`, `-XQC_CLOSING`.
    pub fn xqc_conn_close_path(
        engine: *mut xqc_engine_t,
        cid: *const xqc_cid_t,
        closed_path_id: u64,
    ) -> xqc_int_t;

    /// Makes a path standby, and asks the peer to do the same: used only if no available path is
    /// left.
    ///
    /// Returns `XQC_OK`, `-XQC_EMP_PATH_NOT_FOUND`, `-XQC_EMP_NOT_SUPPORT_MP`, `-XQC_ECONN_NFOUND`,
    /// `-XQC_CLOSING`.
    pub fn xqc_conn_mark_path_standby(
        engine: *mut xqc_engine_t,
        cid: *const xqc_cid_t,
        path_id: u64,
    ) -> xqc_int_t;

    /// Makes a path available, and asks the peer to do the same. Returns as
    /// `xqc_conn_mark_path_standby`.
    pub fn xqc_conn_mark_path_available(
        engine: *mut xqc_engine_t,
        cid: *const xqc_cid_t,
        path_id: u64,
    ) -> xqc_int_t;

    /// Stops traffic on a path in both directions. Returns as `xqc_conn_mark_path_standby`, and
    /// `-XQC_EMP_NO_ACTIVE_PATH` if it is the last one in use.
    pub fn xqc_conn_mark_path_frozen(
        engine: *mut xqc_engine_t,
        cid: *const xqc_cid_t,
        path_id: u64,
    ) -> xqc_int_t;

    /// Returns the number of validated paths that are marked available; 0 if the connection is not
    /// found.
    pub fn xqc_conn_available_paths(engine: *mut xqc_engine_t, cid: *const xqc_cid_t) -> xqc_int_t;

    /// Copies the peer's address of a path to `addr`, which has room for `addr_cap` bytes, and
    /// writes its length to `peer_addr_len`.
    ///
    /// Returns `XQC_OK`, `-XQC_EMP_PATH_NOT_FOUND`, or `-XQC_ENOBUF` if there is too little room.
    pub fn xqc_path_get_peer_addr(
        conn: *mut xqc_connection_t,
        path_id: u64,
        addr: *mut sockaddr,
        addr_cap: socklen_t,
        peer_addr_len: *mut socklen_t,
    ) -> xqc_int_t;

    /// As `xqc_path_get_peer_addr`, for the local address.
    pub fn xqc_path_get_local_addr(
        conn: *mut xqc_connection_t,
        path_id: u64,
        addr: *mut sockaddr,
        addr_cap: socklen_t,
        local_addr_len: *mut socklen_t,
    ) -> xqc_int_t;
}
