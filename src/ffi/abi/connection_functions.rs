//! `xquic.h`: prototypes of functions on connections and connection IDs.

use core::ffi::{c_char, c_int, c_uchar, c_uint, c_void};

use libc::{size_t, sockaddr, socklen_t};

use super::{
    xqc_bool_t, xqc_cid_t, xqc_conn_err_type_t, xqc_conn_pkt_filter_callback_pt,
    xqc_conn_public_local_trans_settings_t, xqc_conn_public_remote_trans_settings_t,
    xqc_conn_qos_stats_t, xqc_conn_settings_t, xqc_conn_settings_type_t, xqc_conn_ssl_config_t,
    xqc_conn_stats_t, xqc_conn_type_t, xqc_connection_t, xqc_engine_t, xqc_int_t, xqc_usec_t,
};

extern "C" {
    /// Opens a connection to `peer_addr`. All arguments are copied. `token` is what `save_token`
    /// handed out on an earlier connection, or null. `server_host` is the name to verify and to
    /// send as SNI. `no_crypto_flag` should be 0; 1 asks for application packets without
    /// encryption: 1-RTT packets go so if the server says that it agrees, 0-RTT packets in any case.
    /// `alpn` is zero-terminated and registered with the engine. `user_data` becomes
    /// the transport's user data of the connection.
    ///
    /// Returns the connection's ID, valid until the connection is released or
    /// `conn_update_cid_notify` replaces it: copy it. Null on failure.
    pub fn xqc_connect(
        engine: *mut xqc_engine_t,
        conn_settings: *const xqc_conn_settings_t,
        token: *const c_uchar,
        token_len: c_uint,
        server_host: *const c_char,
        no_crypto_flag: c_int,
        conn_ssl_config: *const xqc_conn_ssl_config_t,
        peer_addr: *const sockaddr,
        peer_addrlen: socklen_t,
        alpn: *const c_char,
        user_data: *mut c_void,
    ) -> *const xqc_cid_t;

    /// Closes a connection without an error. The close callback follows from a later
    /// `xqc_engine_main_logic`; the handle stays valid until then.
    ///
    /// Returns `XQC_OK`, also if it is closing already, or `-XQC_ECONN_NFOUND`.
    pub fn xqc_conn_close(engine: *mut xqc_engine_t, cid: *const xqc_cid_t) -> xqc_int_t;

    /// As `xqc_conn_close`, with an error code of the application protocol. The first error of a
    /// connection is kept.
    ///
    /// Returns `XQC_OK`.
    pub fn xqc_conn_close_with_error(conn: *mut xqc_connection_t, err_code: u64) -> xqc_int_t;

    /// Returns the error a connection ended with, sent or received; 0 is none. For use in the close
    /// callback.
    pub fn xqc_conn_get_errno(conn: *mut xqc_connection_t) -> xqc_int_t;

    /// Returns which code space the error of a received CONNECTION_CLOSE belongs to.
    pub fn xqc_conn_get_err_type(conn: *mut xqc_connection_t) -> xqc_conn_err_type_t;

    /// Returns the connection's `SSL *`, of the BoringSSL the library was built with. It belongs to
    /// the connection and is valid until the close callback has returned. Data of the application
    /// can be attached to it; reading, writing or freeing it is not allowed.
    pub fn xqc_conn_get_ssl(conn: *mut xqc_connection_t) -> *mut c_void;

    /// Returns the latest round trip time sample of the first path in microseconds, 0 if there is
    /// none.
    pub fn xqc_conn_get_lastest_rtt(engine: *mut xqc_engine_t, cid: *const xqc_cid_t)
        -> xqc_usec_t;

    /// Sets the user data of the transport callbacks of a connection. A server does so in
    /// `server_accept`.
    pub fn xqc_conn_set_transport_user_data(conn: *mut xqc_connection_t, user_data: *mut c_void);

    /// Sets the user data of the application protocol's callbacks of a connection.
    pub fn xqc_conn_set_alp_user_data(conn: *mut xqc_connection_t, proto_data: *mut c_void);

    /// Copies the peer's address to `addr`, which has room for `addr_cap` bytes, and writes its
    /// length to `peer_addr_len`.
    ///
    /// Returns `XQC_OK`, or `-XQC_ENOBUF` if there is too little room.
    pub fn xqc_conn_get_peer_addr(
        conn: *mut xqc_connection_t,
        addr: *mut sockaddr,
        addr_cap: socklen_t,
        peer_addr_len: *mut socklen_t,
    ) -> xqc_int_t;

    /// As `xqc_conn_get_peer_addr`, for the local address, as `xqc_engine_packet_process` got it.
    pub fn xqc_conn_get_local_addr(
        conn: *mut xqc_connection_t,
        addr: *mut sockaddr,
        addr_cap: socklen_t,
        local_addr_len: *mut socklen_t,
    ) -> xqc_int_t;

    /// Sends a PING. `ping_user_data` comes back in `conn_ping_acked`.
    ///
    /// Returns `XQC_OK`, `-XQC_ECONN_NFOUND`, or another negative error.
    pub fn xqc_conn_send_ping(
        engine: *mut xqc_engine_t,
        cid: *const xqc_cid_t,
        ping_user_data: *mut c_void,
    ) -> xqc_int_t;

    /// Returns `XQC_TRUE` if a client may send 0-RTT data: it has a ticket and transport parameters
    /// of an earlier connection.
    pub fn xqc_conn_is_ready_to_send_early_data(conn: *mut xqc_connection_t) -> xqc_bool_t;

    /// Makes a connection send through `pf_cb` instead of the socket callbacks, one datagram a call;
    /// null undoes it. What `pf_cb` returns a negative value for is offered again later, and is never
    /// fatal; any other value counts as sent. May be called from inside a callback.
    pub fn xqc_conn_set_pkt_filter_callback(
        conn: *mut xqc_connection_t,
        pf_cb: xqc_conn_pkt_filter_callback_pt,
        pf_cb_user_data: *mut c_void,
    );

    /// Undoes `xqc_conn_set_pkt_filter_callback`.
    pub fn xqc_conn_unset_pkt_filter_callback(conn: *mut xqc_connection_t);

    /// Returns the local settings that may be changed on a live connection.
    pub fn xqc_conn_get_public_local_trans_settings(
        conn: *mut xqc_connection_t,
    ) -> xqc_conn_public_local_trans_settings_t;

    /// Changes local settings, before the handshake tells them to the peer: on a server, up to the
    /// return of `conn_create_notify`. Only `max_datagram_frame_size` is taken.
    pub fn xqc_conn_set_public_local_trans_settings(
        conn: *mut xqc_connection_t,
        settings: *mut xqc_conn_public_local_trans_settings_t,
    );

    /// Returns the peer's settings, to be remembered for 0-RTT.
    pub fn xqc_conn_get_public_remote_trans_settings(
        conn: *mut xqc_connection_t,
    ) -> xqc_conn_public_remote_trans_settings_t;

    /// Sets the peer's settings as remembered from an earlier connection, for 0-RTT.
    pub fn xqc_conn_set_public_remote_trans_settings(
        conn: *mut xqc_connection_t,
        settings: *mut xqc_conn_public_remote_trans_settings_t,
    );

    /// Reads the connection IDs of a datagram of `size` bytes without an engine, for routing.
    /// `cid_len` is the length of IDs in short headers, which carry a destination only. Any input
    /// is safe.
    ///
    /// Returns `XQC_OK`, `-XQC_EPARAM` for an empty datagram, `-XQC_EILLPKT` if it is no QUIC
    /// packet.
    pub fn xqc_packet_parse_cid(
        dcid: *mut xqc_cid_t,
        scid: *mut xqc_cid_t,
        cid_len: u8,
        buf: *const c_uchar,
        size: size_t,
    ) -> xqc_int_t;

    /// Compares the bytes of two connection IDs.
    ///
    /// Returns `XQC_OK` if they are the same, `XQC_ERROR` if not, or if one is null.
    pub fn xqc_cid_is_equal(dst: *const xqc_cid_t, src: *const xqc_cid_t) -> xqc_int_t;

    /// Returns a connection ID as zero-terminated hexadecimal text. The text belongs to the engine
    /// and is overwritten by the next call of this function.
    pub fn xqc_scid_str(engine: *mut xqc_engine_t, scid: *const xqc_cid_t) -> *mut c_uchar;

    /// As `xqc_scid_str`, with a second text of its own, so that one log line can have both.
    pub fn xqc_dcid_str(engine: *mut xqc_engine_t, dcid: *const xqc_cid_t) -> *mut c_uchar;

    /// Returns the peer's connection ID of the connection with the local ID `scid`, as text that
    /// belongs to that connection; null if there is none.
    pub fn xqc_dcid_str_by_scid(engine: *mut xqc_engine_t, scid: *const xqc_cid_t) -> *mut c_uchar;

    /// Returns the length of the connection IDs the engine issues.
    pub fn xqc_engine_config_get_cid_len(engine: *mut xqc_engine_t) -> u8;

    /// Resumes sending after a write callback returned `XQC_SOCKET_EAGAIN` and the socket became
    /// writable. Without anything to resume it does nothing.
    ///
    /// Returns `XQC_OK` or `-XQC_ECONN_NFOUND`.
    pub fn xqc_conn_continue_send(engine: *mut xqc_engine_t, cid: *const xqc_cid_t) -> xqc_int_t;

    /// As `xqc_conn_continue_send`, by handle.
    pub fn xqc_conn_continue_send_by_conn(conn: *mut xqc_connection_t);

    /// Returns the statistics of a connection; all zero if it is not found.
    pub fn xqc_conn_get_stats(engine: *mut xqc_engine_t, cid: *const xqc_cid_t)
        -> xqc_conn_stats_t;

    /// Returns the statistics that are cheap to poll; all zero if the connection is not found.
    pub fn xqc_conn_get_qos_stats(
        engine: *mut xqc_engine_t,
        cid: *const xqc_cid_t,
    ) -> xqc_conn_qos_stats_t;

    /// Returns whether a connection was opened or accepted here.
    pub fn xqc_conn_get_type(conn: *mut xqc_connection_t) -> xqc_conn_type_t;

    /// Encrypts a connection ID for QUIC load balancers (draft-ietf-quic-load-balancers-13, section
    /// 4.3.2). `cid_buf` holds the first octet and `enc_len` bytes to encrypt, at most 19. They go
    /// to the same places of `out_buf`, which has room for `enc_len + 1` bytes and may be `cid_buf`;
    /// its first octet is not written. The key has 16 bytes. Callable at any time, also from
    /// `cid_generate_cb`. `xqc_ext_lb_cid_encrypt` follows the latest draft.
    ///
    /// Returns `XQC_OK`, or `-XQC_EPARAM` for null and for a wrong length.
    pub fn xqc_lb_cid_encryption(
        cid_buf: *mut u8,
        enc_len: size_t,
        out_buf: *mut u8,
        out_buf_len: size_t,
        lb_cid_key: *mut u8,
        lb_cid_key_len: size_t,
        engine: *mut xqc_engine_t,
    ) -> xqc_int_t;

    /// Returns `XQC_TRUE` if the error a client's connection ended with means that the remembered
    /// ticket and transport parameters are of no use any more and should be dropped.
    pub fn xqc_conn_should_clear_0rtt_ticket(conn_err: xqc_int_t) -> xqc_bool_t;

    /// Returns settings to start from. An unknown type gives the defaults.
    pub fn xqc_conn_get_conn_settings_template(
        settings_type: xqc_conn_settings_type_t,
    ) -> xqc_conn_settings_t;
}
