//! `xqc_http3.h`: prototypes of functions of extended HTTP/3.

use core::ffi::{c_uchar, c_void};

use libc::{iovec, size_t, ssize_t};

use super::{
    xqc_cid_t, xqc_data_qos_level_t, xqc_engine_t, xqc_h3_conn_t, xqc_h3_ext_bytestream_stats_t,
    xqc_h3_ext_bytestream_t, xqc_int_t, xqc_stream_id_t,
};

extern "C" {
    /// Creates a bytestream on a client's connection. `user_data` becomes the bytestream's.
    /// `bs_create_notify` runs inside.
    ///
    /// Returns null if the connection is not found, a server's, closing, or did not agree on
    /// extended HTTP/3.
    pub fn xqc_h3_ext_bytestream_create(
        engine: *mut xqc_engine_t,
        cid: *const xqc_cid_t,
        user_data: *mut c_void,
    ) -> *mut xqc_h3_ext_bytestream_t;

    /// Ends a bytestream early: resets it and asks the peer to stop. `bs_close_notify` follows.
    ///
    /// Returns `XQC_OK`, also if it was closed before; `-XQC_H3_EPARAM` for null.
    pub fn xqc_h3_ext_bytestream_close(h3_ext_bs: *mut xqc_h3_ext_bytestream_t) -> xqc_int_t;

    /// Ends the sending side of a bytestream after what was sent.
    ///
    /// Returns 0, also if it was ended before. `-XQC_EAGAIN` while a message waits,
    /// `-XQC_ESTREAM_RESET` if either side closed it, `-XQC_CLOSING` if the connection is closing,
    /// `-XQC_H3_EPARAM` for null.
    pub fn xqc_h3_ext_bytestream_finish(h3_ext_bs: *mut xqc_h3_ext_bytestream_t) -> ssize_t;

    /// Sets the user data of a bytestream's callbacks. A server does so in `bs_create_notify`.
    pub fn xqc_h3_ext_bytestream_set_user_data(
        h3_ext_bs: *mut xqc_h3_ext_bytestream_t,
        user_data: *mut c_void,
    );

    /// Returns the user data of a bytestream's callbacks.
    pub fn xqc_h3_ext_bytestream_get_user_data(
        h3_ext_bs: *mut xqc_h3_ext_bytestream_t,
    ) -> *mut c_void;

    /// Returns the statistics of a bytestream; still possible in `bs_close_notify`.
    pub fn xqc_h3_ext_bytestream_get_stats(
        h3_ext_bs: *mut xqc_h3_ext_bytestream_t,
    ) -> xqc_h3_ext_bytestream_stats_t;

    /// Sends one message, which is copied; it may be empty. It is taken whole or not at all, and
    /// arrives whole. `fin` is 1 with the last one.
    ///
    /// Returns `data_size`. `-XQC_EAGAIN` if the message before is not sent yet, and
    /// `bs_write_notify` follows. `-XQC_H3_BYTESTREAM_FIN_SENT` behind the last one,
    /// `-XQC_ESTREAM_RESET` if either side closed the bytestream, `-XQC_CLOSING` if the connection
    /// is closing, `-XQC_H3_EPARAM` for null.
    pub fn xqc_h3_ext_bytestream_send(
        h3_ext_bs: *mut xqc_h3_ext_bytestream_t,
        data: *mut c_uchar,
        data_size: size_t,
        fin: u8,
        qos_level: xqc_data_qos_level_t,
    ) -> ssize_t;

    /// Returns the ID of the bytestream's stream.
    pub fn xqc_h3_ext_bytestream_id(h3_ext_bs: *mut xqc_h3_ext_bytestream_t) -> xqc_stream_id_t;

    /// Returns the connection of a bytestream.
    pub fn xqc_h3_ext_bytestream_get_h3_conn(
        h3_ext_bs: *mut xqc_h3_ext_bytestream_t,
    ) -> *mut xqc_h3_conn_t;

    /// Returns the size of the largest datagram that can be sent now; see `xqc_datagram_get_mss`.
    pub fn xqc_h3_ext_datagram_get_mss(conn: *mut xqc_h3_conn_t) -> size_t;

    /// Sets the user data of a connection's datagram callbacks.
    pub fn xqc_h3_ext_datagram_set_user_data(conn: *mut xqc_h3_conn_t, user_data: *mut c_void);

    /// Returns the user data of a connection's datagram callbacks.
    pub fn xqc_h3_ext_datagram_get_user_data(conn: *mut xqc_h3_conn_t) -> *mut c_void;

    /// Sends a datagram; see `xqc_datagram_send`.
    pub fn xqc_h3_ext_datagram_send(
        conn: *mut xqc_h3_conn_t,
        data: *mut c_void,
        data_len: size_t,
        dgram_id: *mut u64,
        qos_level: xqc_data_qos_level_t,
    ) -> xqc_int_t;

    /// Sends several datagrams; see `xqc_datagram_send_multiple`.
    pub fn xqc_h3_ext_datagram_send_multiple(
        conn: *mut xqc_h3_conn_t,
        iov: *mut iovec,
        dgram_id_list: *mut u64,
        iov_size: size_t,
        sent_cnt: *mut size_t,
        sent_bytes: *mut size_t,
        qos_level: xqc_data_qos_level_t,
    ) -> xqc_int_t;
}
