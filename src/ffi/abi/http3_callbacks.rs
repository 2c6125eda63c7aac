//! `xqc_http3.h`: callbacks of HTTP/3 and its extensions.

use core::ffi::{c_int, c_void};

use libc::size_t;

use super::{
    xqc_cid_t, xqc_h3_conn_settings_t, xqc_h3_conn_t, xqc_h3_ext_bytestream_t, xqc_h3_request_t,
    xqc_int_t, xqc_request_notify_flag_t,
};

/// An HTTP/3 connection was created, or is about to be released. At creation `h3c_user_data` is the
/// transport's user data, later what `xqc_h3_conn_set_user_data` set. After the call for release
/// returns, `h3_conn` is gone.
///
/// Returns 0; at creation another value closes the connection.
pub type xqc_h3_conn_notify_pt = Option<
    unsafe extern "C" fn(
        h3_conn: *mut xqc_h3_conn_t,
        cid: *const xqc_cid_t,
        h3c_user_data: *mut c_void,
    ) -> c_int,
>;

/// The handshake is complete. Called once.
pub type xqc_h3_handshake_finished_pt =
    Option<unsafe extern "C" fn(h3_conn: *mut xqc_h3_conn_t, h3c_user_data: *mut c_void)>;

/// The peer acknowledged the PING that `xqc_h3_conn_send_ping` sent with `ping_user_data`.
pub type xqc_h3_conn_ping_ack_notify_pt = Option<
    unsafe extern "C" fn(
        h3_conn: *mut xqc_h3_conn_t,
        cid: *const xqc_cid_t,
        ping_user_data: *mut c_void,
        h3c_user_data: *mut c_void,
    ),
>;

/// Lets the application change the settings of one connection, before it is set up. Must not call
/// the library.
pub type xqc_h3_conn_init_settings_pt = Option<
    unsafe extern "C" fn(
        h3_conn: *mut xqc_h3_conn_t,
        current_settings: *mut xqc_h3_conn_settings_t,
        h3c_user_data: *mut c_void,
    ),
>;

/// A request was created, can be written, or is about to be released. `h3s_user_data` is the
/// request's: the argument of `xqc_h3_request_create`, or what `xqc_h3_request_set_user_data` set.
/// It is null when a request of the peer is created.
///
/// Returns 0; a negative value from writing closes the request.
pub type xqc_h3_request_notify_pt = Option<
    unsafe extern "C" fn(h3_request: *mut xqc_h3_request_t, h3s_user_data: *mut c_void) -> c_int,
>;

/// A request has what `flag` says to read. Repeated as long as content is left unread.
///
/// Returns 0; a negative value resets the request.
pub type xqc_h3_request_read_notify_pt = Option<
    unsafe extern "C" fn(
        h3_request: *mut xqc_h3_request_t,
        flag: xqc_request_notify_flag_t,
        h3s_user_data: *mut c_void,
    ) -> c_int,
>;

/// The peer reset a request with the error code `err`.
pub type xqc_h3_request_closing_notify_pt = Option<
    unsafe extern "C" fn(
        h3_request: *mut xqc_h3_request_t,
        err: xqc_int_t,
        h3s_user_data: *mut c_void,
    ),
>;

/// A bytestream delivers `data_len` bytes, valid during the call; `data` may be null if there are
/// none. `fin` is 1 with the last ones. `data_recv_time` is the time they took to arrive, in
/// microseconds.
///
/// Returns 0; a negative value closes the connection.
pub type xqc_h3_ext_bytestream_read_notify_pt = Option<
    unsafe extern "C" fn(
        h3_ext_bs: *mut xqc_h3_ext_bytestream_t,
        data: *const c_void,
        data_len: size_t,
        fin: u8,
        bs_user_data: *mut c_void,
        data_recv_time: u64,
    ) -> c_int,
>;

/// A bytestream was created, can be written, or is about to be released.
pub type xqc_h3_ext_bytestream_notify_pt = Option<
    unsafe extern "C" fn(
        h3_ext_bs: *mut xqc_h3_ext_bytestream_t,
        bs_user_data: *mut c_void,
    ) -> c_int,
>;

/// A datagram of `data_len` bytes, at least one, arrived; `data` is valid during the call.
/// `data_recv_time` is how long ago its packet was received, in microseconds.
pub type xqc_h3_ext_datagram_read_notify_pt = Option<
    unsafe extern "C" fn(
        conn: *mut xqc_h3_conn_t,
        data: *const c_void,
        data_len: size_t,
        user_data: *mut c_void,
        data_recv_time: u64,
    ),
>;

/// Datagrams can be sent again, after an attempt met `-XQC_EAGAIN`.
pub type xqc_h3_ext_datagram_write_notify_pt =
    Option<unsafe extern "C" fn(conn: *mut xqc_h3_conn_t, user_data: *mut c_void)>;

/// A copy of the datagram `dgram_id` is held to be lost; see `xqc_datagram_lost_notify_pt`.
///
/// Returns `XQC_DGRAM_RETX_ASKED_BY_APP` to have it sent again; other values let it go.
pub type xqc_h3_ext_datagram_lost_notify_pt = Option<
    unsafe extern "C" fn(conn: *mut xqc_h3_conn_t, dgram_id: u64, user_data: *mut c_void) -> c_int,
>;

/// The peer acknowledged the datagram `dgram_id`.
pub type xqc_h3_ext_datagram_acked_notify_pt =
    Option<unsafe extern "C" fn(conn: *mut xqc_h3_conn_t, dgram_id: u64, user_data: *mut c_void)>;

/// The largest datagram that fits changed to `mss` bytes. It never shrinks; 0 means that the peer
/// takes no datagrams.
pub type xqc_h3_ext_datagram_mss_updated_notify_pt =
    Option<unsafe extern "C" fn(conn: *mut xqc_h3_conn_t, mss: size_t, user_data: *mut c_void)>;

/// Datagrams of extended HTTP/3. `user_data` is what `xqc_h3_ext_datagram_set_user_data` set.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct xqc_h3_ext_dgram_callbacks_t {
    /// A datagram arrived.
    pub dgram_read_notify: xqc_h3_ext_datagram_read_notify_pt,
    /// Datagrams can be sent again.
    pub dgram_write_notify: xqc_h3_ext_datagram_write_notify_pt,
    /// A datagram was acknowledged. Optional.
    pub dgram_acked_notify: xqc_h3_ext_datagram_acked_notify_pt,
    /// A datagram was lost. Optional.
    pub dgram_lost_notify: xqc_h3_ext_datagram_lost_notify_pt,
    /// The room in a datagram grew. Optional.
    pub dgram_mss_updated_notify: xqc_h3_ext_datagram_mss_updated_notify_pt,
}

/// HTTP/3 connections.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct xqc_h3_conn_callbacks_t {
    /// Required for servers.
    pub h3_conn_create_notify: xqc_h3_conn_notify_pt,
    /// Required. The last callback of a connection.
    pub h3_conn_close_notify: xqc_h3_conn_notify_pt,
    /// Optional.
    pub h3_conn_handshake_finished: xqc_h3_handshake_finished_pt,
    /// Optional.
    pub h3_conn_ping_acked: xqc_h3_conn_ping_ack_notify_pt,
    /// Optional.
    pub h3_conn_init_settings: xqc_h3_conn_init_settings_pt,
}

/// HTTP/3 requests.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct xqc_h3_request_callbacks_t {
    /// Required for servers. Its return value is ignored.
    pub h3_request_create_notify: xqc_h3_request_notify_pt,
    /// The request has ended; statistics are still there, after the call its handle is gone.
    pub h3_request_close_notify: xqc_h3_request_notify_pt,
    /// Required.
    pub h3_request_read_notify: xqc_h3_request_read_notify_pt,
    /// Sending can go on after it took only a part, or nothing.
    pub h3_request_write_notify: xqc_h3_request_notify_pt,
    /// The peer reset the request. Optional.
    pub h3_request_closing_notify: xqc_h3_request_closing_notify_pt,
}

/// Bytestreams of extended HTTP/3.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct xqc_h3_ext_bytestream_callbacks_t {
    /// Its return value is ignored.
    pub bs_create_notify: xqc_h3_ext_bytestream_notify_pt,
    /// Its return value is ignored; after the call the handle is gone.
    pub bs_close_notify: xqc_h3_ext_bytestream_notify_pt,
    /// A negative return value closes the connection.
    pub bs_read_notify: xqc_h3_ext_bytestream_read_notify_pt,
    /// A negative return value closes the connection.
    pub bs_write_notify: xqc_h3_ext_bytestream_notify_pt,
}

/// All callbacks of HTTP/3, as given to `xqc_h3_ctx_init`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct xqc_h3_callbacks_t {
    /// Connections.
    pub h3c_cbs: xqc_h3_conn_callbacks_t,
    /// Requests.
    pub h3r_cbs: xqc_h3_request_callbacks_t,
    /// Datagrams; all may be null.
    pub h3_ext_dgram_cbs: xqc_h3_ext_dgram_callbacks_t,
    /// Bytestreams; all may be null.
    pub h3_ext_bs_cbs: xqc_h3_ext_bytestream_callbacks_t,
}

zeroable!(
    xqc_h3_ext_dgram_callbacks_t,
    xqc_h3_conn_callbacks_t,
    xqc_h3_request_callbacks_t,
    xqc_h3_ext_bytestream_callbacks_t,
    xqc_h3_callbacks_t,
);
