//! `xquic.h`: callbacks of the engine and of the transport, without an application protocol.

use core::ffi::{c_char, c_int, c_uchar, c_uint, c_void};

use libc::{iovec, size_t, sockaddr, socklen_t, ssize_t};

use super::{
    qlog_event_importance_t, xqc_cid_t, xqc_connection_t, xqc_engine_t, xqc_int_t, xqc_log_level_t,
    xqc_usec_t,
};

/// A clock. Returns microseconds. Must not call the library.
pub type xqc_timestamp_pt = Option<unsafe extern "C" fn() -> xqc_usec_t>;

/// Sets the engine's only timer: after `wake_after` microseconds the application calls
/// `xqc_engine_main_logic`. A later call replaces an earlier one; firing early is harmless.
/// Must not call the library.
pub type xqc_set_event_timer_pt =
    Option<unsafe extern "C" fn(wake_after: xqc_usec_t, engine_user_data: *mut c_void)>;

/// Makes a connection ID of `cid_buflen` bytes in `cid_buf`. `ori_cid` is the client's first
/// destination connection ID when the first ID of a connection is made, later the connection's
/// current one; it is valid only during the call.
///
/// Returns the number of bytes written, negative to fail the connection. The library fills the
/// bytes after those written with random ones.
pub type xqc_cid_generate_pt = Option<
    unsafe extern "C" fn(
        ori_cid: *const xqc_cid_t,
        cid_buf: *mut u8,
        cid_buflen: size_t,
        engine_user_data: *mut c_void,
    ) -> ssize_t,
>;

/// Receives one line of a TLS key log (NSS format, zero-terminated, valid during the call) for the
/// connection with local ID `scid`. Whoever holds these lines can read the connection.
pub type xqc_eng_keylog_pt = Option<
    unsafe extern "C" fn(
        scid: *const xqc_cid_t,
        line: *const c_char,
        engine_user_data: *mut c_void,
    ),
>;

/// Receives one line of a TLS key log, without the connection it belongs to.
pub type xqc_keylog_pt =
    Option<unsafe extern "C" fn(line: *const c_char, engine_user_data: *mut c_void)>;

/// Where log records go. Each record is `size` bytes at `buf`, and a terminating zero that does not
/// count; valid during the call. Records are shorter than 2048 bytes. A log callback must not
/// call the library; it may run in any call, and during `xqc_engine_create`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct xqc_log_callbacks_t {
    /// Records of the levels FATAL, ERROR, WARN, INFO and DEBUG, and selected events.
    pub xqc_log_write_err: Option<
        unsafe extern "C" fn(
            lvl: xqc_log_level_t,
            buf: *const c_void,
            size: size_t,
            engine_user_data: *mut c_void,
        ),
    >,
    /// Records of the levels REPORT and STATS: summaries when streams and connections end.
    pub xqc_log_write_stat: Option<
        unsafe extern "C" fn(
            lvl: xqc_log_level_t,
            buf: *const c_void,
            size: size_t,
            engine_user_data: *mut c_void,
        ),
    >,
    /// One complete qlog event of importance `imp`: JSON text of `size` bytes, and a zero that
    /// does not count. It can be longer than a log record. Null makes no events.
    ///
    /// The first text of an engine is the header of a file, not an event; keep it to begin further
    /// files with. Every other text is one event (qlog 0.3, QUIC events) of the connection that its
    /// `group_id` names. Write each as the byte 0x1e, the text and a line feed, and the file is a
    /// JSON text sequence (RFC 7464) that viewers load.
    ///
    /// Comes at the end of a run, and for the last time right before `conn_close_notify`.
    pub xqc_qlog_event_write: Option<
        unsafe extern "C" fn(
            imp: qlog_event_importance_t,
            buf: *const c_void,
            size: size_t,
            engine_user_data: *mut c_void,
        ),
    >,
}

/// A client's Initial packet asks for a new connection with local ID `cid`. `user_data` is that of
/// `xqc_engine_packet_process`. Inside, the addresses can be asked for and the connection's user
/// data be set; transport callbacks carry the latter from here on.
///
/// Returns 0 to accept. Any other value refuses the connection, and no further callback follows.
pub type xqc_server_accept_pt = Option<
    unsafe extern "C" fn(
        engine: *mut xqc_engine_t,
        conn: *mut xqc_connection_t,
        cid: *const xqc_cid_t,
        user_data: *mut c_void,
    ) -> c_int,
>;

/// An accepted connection ends before its application protocol took it over; what was made in
/// `server_accept` is to be freed here. `user_data` is the connection's, and `conn` is valid only
/// during the call.
pub type xqc_server_refuse_pt = Option<
    unsafe extern "C" fn(
        engine: *mut xqc_engine_t,
        conn: *mut xqc_connection_t,
        cid: *const xqc_cid_t,
        user_data: *mut c_void,
    ),
>;

/// Sends a stateless reset of `size` bytes from `local_addr` to `peer_addr`, in answer to a packet
/// that belongs to no connection. `user_data` is that of `xqc_engine_packet_process`.
///
/// Returns the number of bytes sent, or `XQC_SOCKET_ERROR` or `XQC_SOCKET_EAGAIN`; it is not tried
/// again.
pub type xqc_stateless_reset_pt = Option<
    unsafe extern "C" fn(
        buf: *const c_uchar,
        size: size_t,
        peer_addr: *const sockaddr,
        peer_addrlen: socklen_t,
        local_addr: *const sockaddr,
        local_addrlen: socklen_t,
        user_data: *mut c_void,
    ) -> ssize_t,
>;

/// A connection begins to close, for the reason `err_code`: nothing can be sent any more. The
/// close callback follows later. The return value is ignored.
pub type xqc_conn_closing_notify_pt = Option<
    unsafe extern "C" fn(
        conn: *mut xqc_connection_t,
        cid: *const xqc_cid_t,
        err_code: xqc_int_t,
        conn_user_data: *mut c_void,
    ) -> xqc_int_t,
>;

/// A connection was created, or is about to be released. `conn_user_data` is the transport's user
/// data, `conn_proto_data` that of the application protocol. After the call for release returns,
/// `conn` is gone.
///
/// Returns 0; at creation another value closes the connection.
pub type xqc_conn_notify_pt = Option<
    unsafe extern "C" fn(
        conn: *mut xqc_connection_t,
        cid: *const xqc_cid_t,
        conn_user_data: *mut c_void,
        conn_proto_data: *mut c_void,
    ) -> c_int,
>;

/// The server issued a token for address validation. A client keeps a copy for its next
/// connection to the same server, in the same version of QUIC, and hands it to `xqc_connect` then,
/// once if possible: a token that is shown twice tells an observer that both times it was the same
/// client. `token` is valid during the call. One longer than `xqc_connect` takes is not handed out.
pub type xqc_save_token_pt = Option<
    unsafe extern "C" fn(token: *const c_uchar, token_len: u32, conn_user_data: *mut c_void),
>;

/// Hands out `data_len` bytes to be kept; `data` is valid during the call.
pub type xqc_save_string_pt = Option<
    unsafe extern "C" fn(data: *const c_char, data_len: size_t, conn_user_data: *mut c_void),
>;

/// The server issued a session ticket. A client keeps a copy for its next connection to the same
/// server, for `xqc_conn_ssl_config_t.session_ticket_data`.
pub type xqc_save_session_pt = xqc_save_string_pt;

/// The server's transport parameters. A client that wants 0-RTT keeps a copy together with the
/// session ticket, for `xqc_conn_ssl_config_t.transport_parameter_data`.
pub type xqc_save_trans_param_pt = xqc_save_string_pt;

/// The TLS handshake is complete: the peer is authenticated. Called once.
pub type xqc_handshake_finished_pt = Option<
    unsafe extern "C" fn(
        conn: *mut xqc_connection_t,
        conn_user_data: *mut c_void,
        conn_proto_data: *mut c_void,
    ),
>;

/// The peer acknowledged the PING that `xqc_conn_send_ping` sent with `ping_user_data`. A lost PING
/// is not repeated and never reported. PINGs of the library itself are not reported.
pub type xqc_conn_ping_ack_notify_pt = Option<
    unsafe extern "C" fn(
        conn: *mut xqc_connection_t,
        cid: *const xqc_cid_t,
        ping_user_data: *mut c_void,
        conn_user_data: *mut c_void,
        conn_proto_data: *mut c_void,
    ),
>;

/// The peer retired the local connection ID `retire_cid`, and `new_cid` takes its place: the one
/// to pass to functions that take a connection ID, and to route packets by. Both are valid during
/// the call.
pub type xqc_conn_update_cid_notify_pt = Option<
    unsafe extern "C" fn(
        conn: *mut xqc_connection_t,
        retire_cid: *const xqc_cid_t,
        new_cid: *const xqc_cid_t,
        conn_user_data: *mut c_void,
    ),
>;

/// Judges the server's certificate chain: `certs_len` certificates in DER form, leaf first, valid
/// during the call. Asked when `XQC_TLS_CERT_FLAG_NEED_VERIFY` is set.
///
/// Returns 0 to go on; another value fails the handshake.
pub type xqc_cert_verify_pt = Option<
    unsafe extern "C" fn(
        certs: *mut *const c_uchar,
        cert_len: *const size_t,
        certs_len: size_t,
        conn_user_data: *mut c_void,
    ) -> c_int,
>;

/// The peer's address changed and the new one is validated; the address functions return it
/// already. Called for the connection's first path.
pub type xqc_conn_peer_addr_changed_nofity_pt =
    Option<unsafe extern "C" fn(conn: *mut xqc_connection_t, conn_user_data: *mut c_void)>;

/// As `xqc_conn_peer_addr_changed_nofity_pt`, for the path `path_id`.
pub type xqc_path_peer_addr_changed_nofity_pt = Option<
    unsafe extern "C" fn(conn: *mut xqc_connection_t, path_id: u64, conn_user_data: *mut c_void),
>;

/// Sends one datagram of `size` bytes to `peer_addr`. All pointers are valid during the call.
/// Must not call functions that send.
///
/// Returns `size`; `XQC_SOCKET_EAGAIN` if the socket would block, after which the library waits for
/// `xqc_conn_continue_send`; `XQC_SOCKET_ERROR`, or fewer bytes, to close the connection, or only the
/// path if there is another.
pub type xqc_socket_write_pt = Option<
    unsafe extern "C" fn(
        buf: *const c_uchar,
        size: size_t,
        peer_addr: *const sockaddr,
        peer_addrlen: socklen_t,
        conn_user_data: *mut c_void,
    ) -> ssize_t,
>;

/// Sends `vlen` datagrams, at most `XQC_MAX_SEND_MSG_ONCE`, to `peer_addr`; each entry of `msg_iov`
/// is one datagram. All pointers are valid during the call. Must not call functions that send.
///
/// Returns the number of datagrams sent, counted from the first; the rest is offered again.
/// `XQC_SOCKET_EAGAIN` and `XQC_SOCKET_ERROR` are as with `xqc_socket_write_pt`.
pub type xqc_send_mmsg_pt = Option<
    unsafe extern "C" fn(
        msg_iov: *const iovec,
        vlen: c_uint,
        peer_addr: *const sockaddr,
        peer_addrlen: socklen_t,
        conn_user_data: *mut c_void,
    ) -> ssize_t,
>;

/// Takes the place of `write_socket` for one connection, with user data of its own; see
/// `xqc_conn_set_pkt_filter_callback`.
pub type xqc_conn_pkt_filter_callback_pt = Option<
    unsafe extern "C" fn(
        buf: *const c_uchar,
        size: size_t,
        peer_addr: *const sockaddr,
        peer_addrlen: socklen_t,
        cb_user_data: *mut c_void,
    ) -> ssize_t,
>;

/// A client's connection `scid` has the connection IDs for one more path: `xqc_conn_create_path`
/// can succeed now.
pub type xqc_conn_ready_to_create_path_notify_pt =
    Option<unsafe extern "C" fn(scid: *const xqc_cid_t, conn_user_data: *mut c_void)>;

/// Chooses a server's certificate by the name the client asked for. `sni` is zero-terminated and
/// valid during the call. `chain` receives a `STACK_OF(X509) *` of intermediates, `crt` an
/// `X509 *`, `key` an `EVP_PKEY *`; the library takes references of its own. Left null, the
/// engine's certificate is used. Called after `conn_create_notify`, and not for clients that send
/// no name.
///
/// Returns `XQC_OK`; another value also leaves the engine's certificate in use.
pub type xqc_conn_cert_cb_pt = Option<
    unsafe extern "C" fn(
        sni: *const c_char,
        chain: *mut *mut c_void,
        crt: *mut *mut c_void,
        key: *mut *mut c_void,
        user_data: *mut c_void,
    ) -> xqc_int_t,
>;

/// Shows a server's host two TLS handshake messages whole, header included: the ClientHello as it
/// arrived and the ServerHello as it is sent. `msg_len` bytes at `msg`, valid during the call, of
/// type `xqc_tls_msg_type_t`.
pub type xqc_conn_ssl_msg_cb_pt = Option<
    unsafe extern "C" fn(
        msg_type: c_int,
        msg: *const c_void,
        msg_len: size_t,
        user_data: *mut c_void,
    ),
>;

/// Decides whether a client that brought no valid token must prove its address by a Retry packet.
/// Asked before `server_accept`; `user_data` is that of `xqc_engine_packet_process`. Of `conn` only
/// the addresses can be asked for; it is the handle that `server_accept` gets, or is gone after a
/// Retry.
///
/// Returns `XQC_TRUE` to send Retry, `XQC_FALSE` to go on without.
pub type xqc_conn_retry_packet_pt = Option<
    unsafe extern "C" fn(
        engine: *mut xqc_engine_t,
        conn: *mut xqc_connection_t,
        cid: *const xqc_cid_t,
        user_data: *mut c_void,
    ) -> c_int,
>;

/// The path `path_id` of the connection `scid` was created. Its addresses can be asked for inside.
///
/// Returns 0; another value rejects the path.
pub type xqc_path_created_notify_pt = Option<
    unsafe extern "C" fn(
        conn: *mut xqc_connection_t,
        scid: *const xqc_cid_t,
        path_id: u64,
        conn_user_data: *mut c_void,
    ) -> c_int,
>;

/// The path `path_id` of the connection `scid` is closed; what belongs to it, such as a socket, is
/// no longer used.
pub type xqc_path_removed_notify_pt =
    Option<unsafe extern "C" fn(scid: *const xqc_cid_t, path_id: u64, conn_user_data: *mut c_void)>;

c_enum! {
    /// Whether a path became worse or better.
    pub enum xqc_path_status_change_type_t {
        /// It became worse.
        XQC_PATH_DEGRADE = 0,
        /// It recovered.
        XQC_PATH_RECOVERY = 1,
    }
}

/// As `xqc_socket_write_pt`, with the path to send on.
pub type xqc_socket_write_ex_pt = Option<
    unsafe extern "C" fn(
        path_id: u64,
        buf: *const c_uchar,
        size: size_t,
        peer_addr: *const sockaddr,
        peer_addrlen: socklen_t,
        conn_user_data: *mut c_void,
    ) -> ssize_t,
>;

/// As `xqc_send_mmsg_pt`, with the path to send on.
pub type xqc_send_mmsg_ex_pt = Option<
    unsafe extern "C" fn(
        path_id: u64,
        msg_iov: *const iovec,
        vlen: c_uint,
        peer_addr: *const sockaddr,
        peer_addrlen: socklen_t,
        conn_user_data: *mut c_void,
    ) -> ssize_t,
>;

/// Callbacks between the transport and the application, whatever the application protocol. They
/// carry the transport's user data of a connection unless said otherwise: the last argument of
/// `xqc_connect` for a client, what `xqc_conn_set_transport_user_data` set for a server.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct xqc_transport_callbacks_t {
    /// Required for servers.
    pub server_accept: xqc_server_accept_pt,
    /// Required for servers that allocate in `server_accept`.
    pub server_refuse: xqc_server_refuse_pt,
    /// Optional; without it no stateless resets are sent.
    pub stateless_reset: xqc_stateless_reset_pt,
    /// One of the four write callbacks is required.
    pub write_socket: xqc_socket_write_pt,
    /// Used when `xqc_config_t.sendmmsg_on` is set.
    pub write_mmsg: xqc_send_mmsg_pt,
    /// Preferred over `write_socket` if both are set; required for multipath.
    pub write_socket_ex: xqc_socket_write_ex_pt,
    /// Preferred over `write_mmsg` if both are set.
    pub write_mmsg_ex: xqc_send_mmsg_ex_pt,
    /// Required if the application routes or finds connections by connection ID.
    pub conn_update_cid_notify: xqc_conn_update_cid_notify_pt,
    /// For clients.
    pub save_token: xqc_save_token_pt,
    /// For clients.
    pub save_session_cb: xqc_save_session_pt,
    /// For clients.
    pub save_tp_cb: xqc_save_trans_param_pt,
    /// For clients; required with `XQC_TLS_CERT_FLAG_NEED_VERIFY`.
    pub cert_verify_cb: xqc_cert_verify_pt,
    /// For clients that use multipath.
    pub ready_to_create_path_notify: xqc_conn_ready_to_create_path_notify_pt,
    /// For servers that use multipath.
    pub path_created_notify: xqc_path_created_notify_pt,
    /// For multipath.
    pub path_removed_notify: xqc_path_removed_notify_pt,
    /// Optional.
    pub conn_closing: xqc_conn_closing_notify_pt,
    /// For servers.
    pub conn_peer_addr_changed_notify: xqc_conn_peer_addr_changed_nofity_pt,
    /// For servers that use multipath.
    pub path_peer_addr_changed_notify: xqc_path_peer_addr_changed_nofity_pt,
    /// For servers; optional.
    pub conn_cert_cb: xqc_conn_cert_cb_pt,
    /// Optional.
    pub conn_ssl_msg_cb: xqc_conn_ssl_msg_cb_pt,
    /// For servers; without it no Retry packets are sent.
    pub conn_retry_packet_condition_check: xqc_conn_retry_packet_pt,
    /// For servers: sends Retry and refusals, with the user data of `xqc_engine_packet_process`.
    pub conn_send_packet_before_accept: xqc_socket_write_pt,
}

/// What an engine needs from its surroundings. All are called with the engine's user data.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct xqc_engine_callback_t {
    /// Required.
    pub set_event_timer: xqc_set_event_timer_pt,
    /// Optional; without them nothing is logged.
    pub log_callbacks: xqc_log_callbacks_t,
    /// Optional; without it connection IDs are random.
    pub cid_generate_cb: xqc_cid_generate_pt,
    /// Optional.
    pub keylog_cb: xqc_eng_keylog_pt,
    /// Wall clock, microseconds since the Unix epoch, for logs and tokens. Optional.
    pub realtime_ts: xqc_timestamp_pt,
    /// Clock for all timers; must not go back. Optional.
    pub monotonic_ts: xqc_timestamp_pt,
}

zeroable!(xqc_log_callbacks_t, xqc_transport_callbacks_t, xqc_engine_callback_t);
