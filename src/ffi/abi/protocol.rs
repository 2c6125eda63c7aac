//! `xquic.h`: callbacks between the transport and an application protocol.

use core::ffi::c_void;

use libc::size_t;

use super::{
    xqc_conn_notify_pt, xqc_conn_ping_ack_notify_pt, xqc_connection_t, xqc_handshake_finished_pt,
    xqc_int_t, xqc_stream_t,
};

/// A stream was created, can be read or written, or is about to be released. `strm_user_data` is
/// the stream's: the argument of `xqc_stream_create`, or what `xqc_stream_set_user_data` set.
///
/// Returns 0; a negative value from reading or writing closes the connection.
pub type xqc_stream_notify_pt = Option<
    unsafe extern "C" fn(stream: *mut xqc_stream_t, strm_user_data: *mut c_void) -> xqc_int_t,
>;

/// The peer reset a stream with the application's error code `err_code`.
pub type xqc_stream_closing_notify_pt = Option<
    unsafe extern "C" fn(
        stream: *mut xqc_stream_t,
        err_code: xqc_int_t,
        strm_user_data: *mut c_void,
    ),
>;

/// A datagram of `data_len` bytes, at least one, arrived; `data` is valid during the call. `unix_ts`
/// is the receive time of its packet in microseconds, by the clock of the engine. May send, and
/// close the connection; after that no more come.
pub type xqc_datagram_read_notify_pt = Option<
    unsafe extern "C" fn(
        conn: *mut xqc_connection_t,
        user_data: *mut c_void,
        data: *const c_void,
        data_len: size_t,
        unix_ts: u64,
    ),
>;

/// Datagrams can be sent again, after an attempt met `-XQC_EAGAIN`: the handshake has come far
/// enough, or a tenth of the queue is free. Called once for each such attempt or row of them.
pub type xqc_datagram_write_notify_pt =
    Option<unsafe extern "C" fn(conn: *mut xqc_connection_t, user_data: *mut c_void)>;

/// A copy of the datagram `dgram_id` is held to be lost. It may be acknowledged later all the same,
/// and with several copies the call may come more than once.
///
/// Returns `XQC_DGRAM_RETX_ASKED_BY_APP` to have it sent again; other values let it go.
pub type xqc_datagram_lost_notify_pt = Option<
    unsafe extern "C" fn(
        conn: *mut xqc_connection_t,
        dgram_id: u64,
        user_data: *mut c_void,
    ) -> xqc_int_t,
>;

/// The peer acknowledged the datagram `dgram_id`. Called once for each.
pub type xqc_datagram_acked_notify_pt = Option<
    unsafe extern "C" fn(conn: *mut xqc_connection_t, dgram_id: u64, user_data: *mut c_void),
>;

/// The largest datagram that fits changed to `mss` bytes; 0 means that the peer takes no datagrams.
/// It shrinks only if the path turns out not to carry what it did. Not called before
/// `xqc_datagram_set_user_data`.
pub type xqc_datagram_mss_updated_notify_pt =
    Option<unsafe extern "C" fn(conn: *mut xqc_connection_t, mss: size_t, user_data: *mut c_void)>;

/// What an application protocol hears of its connections.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct xqc_conn_callbacks_t {
    /// Required for servers.
    pub conn_create_notify: xqc_conn_notify_pt,
    /// Required. The last callback of a connection.
    pub conn_close_notify: xqc_conn_notify_pt,
    /// Optional.
    pub conn_handshake_finished: xqc_handshake_finished_pt,
    /// Optional.
    pub conn_ping_acked: xqc_conn_ping_ack_notify_pt,
}

/// What an application protocol hears of its streams.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct xqc_stream_callbacks_t {
    /// Data, or the end, is there for `xqc_stream_recv`. Repeated as long as data is left unread.
    pub stream_read_notify: xqc_stream_notify_pt,
    /// `xqc_stream_send` can go on after it took only a part, or nothing.
    pub stream_write_notify: xqc_stream_notify_pt,
    /// A stream was opened, by either side. Required for servers.
    pub stream_create_notify: xqc_stream_notify_pt,
    /// The stream has ended; after the call its handle is gone.
    pub stream_close_notify: xqc_stream_notify_pt,
    /// The peer reset the stream. Optional.
    pub stream_closing_notify: xqc_stream_closing_notify_pt,
}

/// What an application protocol hears of datagrams. `user_data` is what
/// `xqc_datagram_set_user_data` set.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct xqc_datagram_callbacks_t {
    /// A datagram arrived.
    pub datagram_read_notify: xqc_datagram_read_notify_pt,
    /// Datagrams can be sent again.
    pub datagram_write_notify: xqc_datagram_write_notify_pt,
    /// A datagram was acknowledged. Optional.
    pub datagram_acked_notify: xqc_datagram_acked_notify_pt,
    /// A datagram was lost. Optional.
    pub datagram_lost_notify: xqc_datagram_lost_notify_pt,
    /// The room in a datagram grew. Optional.
    pub datagram_mss_updated_notify: xqc_datagram_mss_updated_notify_pt,
}

/// An application protocol, as given to `xqc_engine_register_alpn`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct xqc_app_proto_callbacks_t {
    /// Connections.
    pub conn_cbs: xqc_conn_callbacks_t,
    /// Streams.
    pub stream_cbs: xqc_stream_callbacks_t,
    /// Datagrams; all may be null.
    pub dgram_cbs: xqc_datagram_callbacks_t,
}

c_enum! {
    /// How important a datagram is, for the scheduler and for redundancy.
    pub enum xqc_data_qos_level_t {
        /// Before everything else.
        XQC_DATA_QOS_HIGHEST = 1,
        /// High.
        XQC_DATA_QOS_HIGH = 2,
        /// Medium.
        XQC_DATA_QOS_MEDIUM = 3,
        /// Normal.
        XQC_DATA_QOS_NORMAL = 4,
        /// Low.
        XQC_DATA_QOS_LOW = 5,
        /// After everything else.
        XQC_DATA_QOS_LOWEST = 6,
        /// Sent only to probe a path.
        XQC_DATA_QOS_PROBING = 7,
    }
}

zeroable!(
    xqc_conn_callbacks_t,
    xqc_stream_callbacks_t,
    xqc_datagram_callbacks_t,
    xqc_app_proto_callbacks_t,
);
