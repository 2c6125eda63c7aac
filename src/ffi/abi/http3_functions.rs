//! `xqc_http3.h`: prototypes of functions on HTTP/3 connections and requests.

use core::ffi::{c_char, c_int, c_uchar, c_uint, c_void};

use libc::{size_t, sockaddr, socklen_t, ssize_t};

use super::{
    xqc_bool_t, xqc_cid_t, xqc_conn_settings_t, xqc_conn_ssl_config_t, xqc_connection_t,
    xqc_engine_t, xqc_h3_callbacks_t, xqc_h3_conn_settings_t, xqc_h3_conn_t, xqc_h3_priority_t,
    xqc_h3_request_t, xqc_http_headers_t, xqc_int_t, xqc_request_stats_t, xqc_stream_id_t,
    xqc_stream_settings_t,
};

extern "C" {
    /// Adds HTTP/3 to an engine; extended HTTP/3 too if `enable_h3_ext` is set. Comes before any
    /// other function here. `h3_cbs` is copied.
    ///
    /// Returns `XQC_OK`, `-XQC_EPARAM` for null, `-XQC_EMALLOC` or `-XQC_EFATAL`.
    pub fn xqc_h3_ctx_init(engine: *mut xqc_engine_t, h3_cbs: *mut xqc_h3_callbacks_t)
        -> xqc_int_t;

    /// Takes HTTP/3 off an engine. Live connections go on, with the callbacks they have.
    ///
    /// Returns `XQC_OK`.
    pub fn xqc_h3_ctx_destroy(engine: *mut xqc_engine_t) -> xqc_int_t;

    /// Sets the QPACK dynamic tables of later connections, in both directions, in bytes; 0 turns
    /// them off.
    pub fn xqc_h3_engine_set_max_dtable_capacity(engine: *mut xqc_engine_t, capacity: size_t);

    /// Sets the QPACK dynamic table that later connections offer the peer, in bytes.
    pub fn xqc_h3_engine_set_dec_max_dtable_capacity(engine: *mut xqc_engine_t, value: size_t);

    /// Sets the upper bound of the QPACK dynamic table that later connections use for sending, in
    /// bytes.
    pub fn xqc_h3_engine_set_enc_max_dtable_capacity(engine: *mut xqc_engine_t, value: size_t);

    /// Sets the largest field section that later connections accept, in bytes.
    pub fn xqc_h3_engine_set_max_field_section_size(engine: *mut xqc_engine_t, size: size_t);

    /// Sets how many streams of later connections may wait for the QPACK dynamic table.
    pub fn xqc_h3_engine_set_qpack_blocked_streams(engine: *mut xqc_engine_t, value: size_t);

    /// Sets whether the QPACK encoder of later connections duplicates entries as its first versions
    /// did.
    #[cfg(feature = "compat_duplicate")]
    pub fn xqc_h3_engine_set_qpack_compat_duplicate(engine: *mut xqc_engine_t, cmpt: xqc_bool_t);

    /// Sets all HTTP/3 settings of later connections. `h3_conn_settings` is copied.
    pub fn xqc_h3_engine_set_local_settings(
        engine: *mut xqc_engine_t,
        h3_conn_settings: *const xqc_h3_conn_settings_t,
    );

    /// Opens an HTTP/3 connection. The arguments and the result are those of `xqc_connect`; the
    /// application protocol follows from `proto_version`, which must be set.
    pub fn xqc_h3_connect(
        engine: *mut xqc_engine_t,
        conn_settings: *const xqc_conn_settings_t,
        token: *const c_uchar,
        token_len: c_uint,
        server_host: *const c_char,
        no_crypto_flag: c_int,
        conn_ssl_config: *const xqc_conn_ssl_config_t,
        peer_addr: *const sockaddr,
        peer_addrlen: socklen_t,
        user_data: *mut c_void,
    ) -> *const xqc_cid_t;

    /// Closes an HTTP/3 connection without an error; `h3_conn_close_notify` follows from a later
    /// `xqc_engine_main_logic`.
    ///
    /// Returns `XQC_OK`, also if it is closing already, or `-XQC_ECONN_NFOUND`.
    pub fn xqc_h3_conn_close(engine: *mut xqc_engine_t, cid: *const xqc_cid_t) -> xqc_int_t;

    /// Returns the QUIC connection below, which lives as long.
    pub fn xqc_h3_conn_get_xqc_conn(h3c: *mut xqc_h3_conn_t) -> *mut xqc_connection_t;

    /// Returns the error a connection ended with, sent or received; `H3_NO_ERROR` is none.
    pub fn xqc_h3_conn_get_errno(h3c: *mut xqc_h3_conn_t) -> xqc_int_t;

    /// Returns the connection's `SSL *`; see `xqc_conn_get_ssl`.
    pub fn xqc_h3_conn_get_ssl(h3c: *mut xqc_h3_conn_t) -> *mut c_void;

    /// Sets the user data of a connection's HTTP/3 callbacks. A server does so in
    /// `h3_conn_create_notify`.
    pub fn xqc_h3_conn_set_user_data(h3c: *mut xqc_h3_conn_t, user_data: *mut c_void);

    /// Returns the user data of a connection's HTTP/3 callbacks.
    pub fn xqc_h3_conn_get_user_data(h3_conn: *mut xqc_h3_conn_t) -> *mut c_void;

    /// Copies the peer's address; see `xqc_conn_get_peer_addr`.
    pub fn xqc_h3_conn_get_peer_addr(
        h3c: *mut xqc_h3_conn_t,
        addr: *mut sockaddr,
        addr_cap: socklen_t,
        peer_addr_len: *mut socklen_t,
    ) -> xqc_int_t;

    /// Copies the local address; see `xqc_conn_get_local_addr`.
    pub fn xqc_h3_conn_get_local_addr(
        h3c: *mut xqc_h3_conn_t,
        addr: *mut sockaddr,
        addr_cap: socklen_t,
        local_addr_len: *mut socklen_t,
    ) -> xqc_int_t;

    /// Sends a PING. `ping_user_data` comes back in `h3_conn_ping_acked`.
    ///
    /// Returns `XQC_OK`, also without effect if the connection is closing; `-XQC_ECONN_NFOUND`;
    /// `-XQC_EPARAM` for null.
    pub fn xqc_h3_conn_send_ping(
        engine: *mut xqc_engine_t,
        cid: *const xqc_cid_t,
        ping_user_data: *mut c_void,
    ) -> xqc_int_t;

    /// Returns `XQC_TRUE` if a client may send requests in 0-RTT.
    pub fn xqc_h3_conn_is_ready_to_send_early_data(h3c: *mut xqc_h3_conn_t) -> xqc_bool_t;

    /// Sets the capacity of the QPACK dynamic table of one connection for sending, in bytes, within
    /// what the peer allows.
    ///
    /// Returns `XQC_OK`, also without effect if the connection is closing; `-XQC_ESTATE` inside
    /// `h3_conn_init_settings`; `-XQC_H3_EPARAM` for null.
    pub fn xqc_h3_conn_set_qpack_dtable_cap(h3c: *mut xqc_h3_conn_t, capacity: size_t)
        -> xqc_int_t;

    /// Creates a request on a client's connection. `settings` may be null. `user_data` becomes the
    /// request's. `h3_request_create_notify` runs inside.
    ///
    /// Returns null if the connection is not found, a server's, closing, or told to take no more
    /// requests, and if the request ended inside the callback.
    pub fn xqc_h3_request_create(
        engine: *mut xqc_engine_t,
        cid: *const xqc_cid_t,
        settings: *mut xqc_stream_settings_t,
        user_data: *mut c_void,
    ) -> *mut xqc_h3_request_t;

    /// Returns the statistics of a request; still possible in `h3_request_close_notify`.
    pub fn xqc_h3_request_get_stats(h3_request: *mut xqc_h3_request_t) -> xqc_request_stats_t;

    /// Writes a line of comma-separated figures to `str`, at most `size` bytes with the terminating
    /// zero: stream ID, times since creation in milliseconds, and named figures. Later versions
    /// only append.
    ///
    /// Returns the length of the whole line, as `snprintf`; `-XQC_H3_EPARAM` for null.
    pub fn xqc_h3_request_stats_print(
        h3_request: *mut xqc_h3_request_t,
        str: *mut c_char,
        size: size_t,
    ) -> xqc_int_t;

    /// Sets the user data of a request's callbacks. A server does so in
    /// `h3_request_create_notify`.
    pub fn xqc_h3_request_set_user_data(h3_request: *mut xqc_h3_request_t, user_data: *mut c_void);

    /// Ends a request early: resets what has not ended and asks the peer to stop. The handle is
    /// not to be used afterwards. `h3_request_close_notify` runs inside or follows, and no other
    /// callback of the request.
    ///
    /// Returns `XQC_OK`, also if it was closed before; `-XQC_H3_EPARAM` for null.
    pub fn xqc_h3_request_close(h3_request: *mut xqc_h3_request_t) -> xqc_int_t;

    /// Changes the settings of a request's stream; see `xqc_stream_update_settings`.
    pub fn xqc_h3_request_update_settings(
        h3_request: *mut xqc_h3_request_t,
        settings: *mut xqc_stream_settings_t,
    ) -> xqc_int_t;

    /// Sends a header section, or after it a trailer section. Everything is copied. Names may have
    /// any case, pseudo-header fields any place. `fin` is 1 if nothing follows. What cannot be sent
    /// now is buffered.
    ///
    /// Returns the bytes of the encoded section, which is taken whole; 0 for no fields.
    /// `-XQC_H3_INVALID_HEADER` for fields that are illegal, or together larger than the peer
    /// takes: the request goes on, and others may be sent. `-XQC_H3_STATE_ERROR` behind the
    /// trailers or the end, `-XQC_ESTREAM_RESET` if the request was reset by either side,
    /// `-XQC_CLOSING` if the connection is closing, `-XQC_H3_EPARAM` for null.
    pub fn xqc_h3_request_send_headers(
        h3_request: *mut xqc_h3_request_t,
        headers: *mut xqc_http_headers_t,
        fin: u8,
    ) -> ssize_t;

    /// Sends content, which is copied. `fin` is 1 with the last of it; then `data_size` may be 0.
    ///
    /// Returns the number of bytes taken, perhaps fewer than given, or 0 for a lone `fin`.
    /// `-XQC_EAGAIN` if none can be taken. In both cases of a rest, `h3_request_write_notify`
    /// follows. `-XQC_H3_STATE_ERROR` before the header section, or behind the trailers or the
    /// end; `-XQC_ESTREAM_RESET`, `-XQC_CLOSING` and `-XQC_H3_EPARAM` as
    /// `xqc_h3_request_send_headers`.
    pub fn xqc_h3_request_send_body(
        h3_request: *mut xqc_h3_request_t,
        data: *mut c_uchar,
        data_size: size_t,
        fin: u8,
    ) -> ssize_t;

    /// Ends the sending side of a request after what was sent.
    ///
    /// Returns 0, also if it was ended before, or if the end has to wait: it is sent as soon as
    /// there is room. `-XQC_ESTREAM_RESET`, `-XQC_CLOSING` and `-XQC_H3_EPARAM` as
    /// `xqc_h3_request_send_headers`.
    pub fn xqc_h3_request_finish(h3_request: *mut xqc_h3_request_t) -> ssize_t;

    /// Returns the header section, or after it the trailer section, when the read callback reported
    /// it; else null. The array belongs to the request and is valid until it is released; its
    /// entries and `count` may be written to; of interim responses from the fourteenth on only the
    /// last one is kept. `fin` receives 1 if nothing follows, else 0, also with null.
    pub fn xqc_h3_request_recv_headers(
        h3_request: *mut xqc_h3_request_t,
        fin: *mut u8,
    ) -> *mut xqc_http_headers_t;

    /// Copies received content to `recv_buf`, at most `recv_buf_size` bytes, and grants the peer
    /// credit for as much. `fin` receives 1 with the last of it. Call it until it returns
    /// `-XQC_EAGAIN` or the end.
    ///
    /// Returns the number of bytes, which is 0 only with `fin`; `-XQC_EAGAIN` if nothing is there,
    /// as after a reset; `-XQC_H3_EPARAM` for null.
    pub fn xqc_h3_request_recv_body(
        h3_request: *mut xqc_h3_request_t,
        recv_buf: *mut c_uchar,
        recv_buf_size: size_t,
        fin: *mut u8,
    ) -> ssize_t;

    /// Returns the user data of the request's connection.
    pub fn xqc_h3_get_conn_user_data_by_request(h3_request: *mut xqc_h3_request_t) -> *mut c_void;

    /// Returns the ID of the request's stream.
    pub fn xqc_h3_stream_id(h3_request: *mut xqc_h3_request_t) -> xqc_stream_id_t;

    /// Fills in the defaults of a priority: urgency 3, all else 0. Callable anywhere.
    pub fn xqc_h3_priority_init(prio: *mut xqc_h3_priority_t);

    /// Writes a priority as the value of a `priority` field (RFC 9218), without a terminating zero,
    /// such as `u=3, i, s=0, r=0, f=00000000, p`; `i` and `p` stand there only if they are set. `fec`
    /// is cut to eight digits. Callable anywhere.
    ///
    /// Returns the number of bytes, or a negative error as a `size_t`: `-XQC_H3_BUFFER_EXCEED` if
    /// `dstcap` is less than the 31 bytes of the longest text, `-XQC_H3_INVALID_PRIORITY` if
    /// `urgency` is above 7, `incremental` above 1 or another value above 9, `-XQC_H3_EPARAM` for
    /// null.
    pub fn xqc_write_http_priority(
        prio: *mut xqc_h3_priority_t,
        dst: *mut u8,
        dstcap: size_t,
    ) -> size_t;

    /// Reads the value of a `priority` field, of `str_len` bytes or up to a zero byte, as RFC 9218
    /// says: unknown parameters are ignored, and those of a wrong type or out of range take their
    /// defaults. Callable anywhere.
    ///
    /// Returns `XQC_OK`; `-XQC_H3_INVALID_PRIORITY` if the value is no dictionary (RFC 8941), or
    /// `i` no boolean, and then `dst` has the defaults; `-XQC_H3_EPARAM` for null.
    pub fn xqc_parse_http_priority(
        dst: *mut xqc_h3_priority_t,
        str: *const u8,
        str_len: size_t,
    ) -> xqc_int_t;

    /// Sets the priority of a request; takes effect with data sent from now on.
    ///
    /// Returns `XQC_OK`; `-XQC_H3_INVALID_PRIORITY` if `urgency` is above 7 or `incremental` above
    /// 1, and nothing changes; `-XQC_H3_EPARAM` for null.
    pub fn xqc_h3_request_set_priority(
        h3r: *mut xqc_h3_request_t,
        prio: *mut xqc_h3_priority_t,
    ) -> xqc_int_t;
}
