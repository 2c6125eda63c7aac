//! `xquic.h`: prototypes of functions on streams and datagrams.

use core::ffi::{c_uchar, c_void};

use libc::{iovec, size_t, ssize_t};

use super::{
    xqc_cid_t, xqc_connection_t, xqc_data_qos_level_t, xqc_engine_t, xqc_int_t,
    xqc_stream_direction_t, xqc_stream_id_t, xqc_stream_settings_t, xqc_stream_t,
};

extern "C" {
    /// Opens a bidirectional stream on a client's connection. `settings` may be null. `user_data`
    /// becomes the stream's.
    ///
    /// Returns null if the connection is not found, closing, or speaks HTTP/3.
    pub fn xqc_stream_create(
        engine: *mut xqc_engine_t,
        cid: *const xqc_cid_t,
        settings: *mut xqc_stream_settings_t,
        user_data: *mut c_void,
    ) -> *mut xqc_stream_t;

    /// Opens a stream in either direction, on either side.
    ///
    /// Returns null if the connection is closing or speaks HTTP/3.
    pub fn xqc_stream_create_with_direction(
        conn: *mut xqc_connection_t,
        dir: xqc_stream_direction_t,
        user_data: *mut c_void,
    ) -> *mut xqc_stream_t;

    /// Returns whether both ends may send on a stream.
    pub fn xqc_stream_get_direction(strm: *mut xqc_stream_t) -> xqc_stream_direction_t;

    /// Sets the user data of a stream's callbacks. For streams of the peer, call it in
    /// `stream_create_notify`.
    pub fn xqc_stream_set_user_data(stream: *mut xqc_stream_t, user_data: *mut c_void);

    /// Changes the settings of a stream.
    ///
    /// Returns `XQC_OK`, or `-XQC_EPARAM` if a rate of 0 is given or the connection has
    /// `enable_stream_rate_limit` off.
    pub fn xqc_stream_update_settings(
        stream: *mut xqc_stream_t,
        settings: *mut xqc_stream_settings_t,
    ) -> xqc_int_t;

    /// Returns the transport's user data of the stream's connection.
    pub fn xqc_get_conn_user_data_by_stream(stream: *mut xqc_stream_t) -> *mut c_void;

    /// Returns the application protocol's user data of the stream's connection.
    pub fn xqc_get_conn_alp_user_data_by_stream(stream: *mut xqc_stream_t) -> *mut c_void;

    /// Returns the stream's ID.
    pub fn xqc_stream_id(stream: *mut xqc_stream_t) -> xqc_stream_id_t;

    /// Ends a stream early: resets the sending side and asks the peer to stop.
    /// `stream_close_notify` follows.
    ///
    /// Returns `XQC_OK` or a negative error.
    pub fn xqc_stream_close(stream: *mut xqc_stream_t) -> xqc_int_t;

    /// Copies received data to `recv_buf`, at most `recv_buf_size` bytes, and grants the peer
    /// credit for as much. `fin` receives 1 with the last data. Call it until it returns
    /// `-XQC_EAGAIN` or the end.
    ///
    /// Returns the number of bytes, which is 0 only with `fin`; `-XQC_EAGAIN` if nothing is there;
    /// `-XQC_ESTREAM_RESET` if the peer reset the stream; or another negative error.
    pub fn xqc_stream_recv(
        stream: *mut xqc_stream_t,
        recv_buf: *mut c_uchar,
        recv_buf_size: size_t,
        fin: *mut u8,
    ) -> ssize_t;

    /// Sends data, which is copied. `fin` is 1 with the last data; then `send_data_size` may be 0.
    ///
    /// Returns the number of bytes taken, perhaps fewer than given, or 0 for a lone `fin`.
    /// `-XQC_EAGAIN` if none can be taken. In both cases of a rest, `stream_write_notify` follows.
    /// `-XQC_CLOSING`, `-XQC_ESTREAM_RESET`, or another negative error.
    pub fn xqc_stream_send(
        stream: *mut xqc_stream_t,
        send_data: *mut c_uchar,
        send_data_size: size_t,
        fin: u8,
    ) -> ssize_t;

    /// Returns the size of the largest datagram that can be sent now, in bytes; 0 if the peer takes
    /// none or has not said so yet.
    pub fn xqc_datagram_get_mss(conn: *mut xqc_connection_t) -> size_t;

    /// Sets the user data of a connection's datagram callbacks.
    pub fn xqc_datagram_set_user_data(conn: *mut xqc_connection_t, dgram_data: *mut c_void);

    /// Returns the user data of a connection's datagram callbacks.
    pub fn xqc_datagram_get_user_data(conn: *mut xqc_connection_t) -> *mut c_void;

    /// Sends a datagram of `data_len` bytes, which are copied. `dgram_id` receives its number for
    /// the callbacks; it may be null.
    ///
    /// Returns `XQC_OK`. `-XQC_EAGAIN` if it cannot be taken now, and `datagram_write_notify`
    /// follows. `-XQC_EDGRAM_TOO_LARGE`, `-XQC_EDGRAM_NOT_SUPPORTED`, `-XQC_CLOSING`,
    /// `-XQC_EPARAM`.
    pub fn xqc_datagram_send(
        conn: *mut xqc_connection_t,
        data: *mut c_void,
        data_len: size_t,
        dgram_id: *mut u64,
        qos_level: xqc_data_qos_level_t,
    ) -> xqc_int_t;

    /// Sends the `iov_size` datagrams of `iov`. `dgram_id_list` receives a number for each; it may
    /// be null. `sent_cnt` and `sent_bytes` receive how many datagrams and bytes were taken.
    ///
    /// Returns as `xqc_datagram_send`; on an error, those counted in `sent_cnt` were taken.
    pub fn xqc_datagram_send_multiple(
        conn: *mut xqc_connection_t,
        iov: *mut iovec,
        dgram_id_list: *mut u64,
        iov_size: size_t,
        sent_cnt: *mut size_t,
        sent_bytes: *mut size_t,
        qos_level: xqc_data_qos_level_t,
    ) -> xqc_int_t;
}
