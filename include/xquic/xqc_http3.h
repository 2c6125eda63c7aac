/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * libxquic: HTTP/3 connections and requests, and extended HTTP/3 with bytestreams and datagrams.
 * Generated from src/ffi/abi; do not edit.
 *
 * What xquic.h says about threads, callbacks and handles holds here too.
 */

#ifndef XQC_H3_H
#define XQC_H3_H

#include "xquic.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct xqc_h3_conn_settings_s xqc_h3_conn_settings_t;
typedef struct xqc_http_header_s xqc_http_header_t;

/** Bits that tell what a request has to read. */
typedef enum {
    /** Nothing. */
    XQC_REQ_NOTIFY_READ_NULL = 0,
    /** The header section is complete. */
    XQC_REQ_NOTIFY_READ_HEADER = (1 << 0),
    /** Content has arrived, or its end. */
    XQC_REQ_NOTIFY_READ_BODY = (1 << 1),
    /** The trailer section is complete. */
    XQC_REQ_NOTIFY_READ_TRAILER = (1 << 2),
    /** The stream ended after everything else was reported. Never with other bits. */
    XQC_REQ_NOTIFY_READ_EMPTY_FIN = (1 << 3),
} xqc_request_notify_flag_t;

/** Bits for `xqc_http_header_t.flags`: how QPACK encodes a field. */
typedef enum xqc_http3_nv_flag_s {
    /** As it sees fit. */
    XQC_HTTP_HEADER_FLAG_NONE = 0x00,
    /** As a literal that no intermediary may index either. For secrets. */
    XQC_HTTP_HEADER_FLAG_NEVER_INDEX = 0x01,
    /** Without putting the value into the dynamic table. For values that change each time. */
    XQC_HTTP_HEADER_FLAG_NEVER_INDEX_VALUE = 0x02,
} xqc_http3_nv_flag_t;

/** Bits of `xqc_http_header_t.nv_hit_flags`: what QPACK found in its tables. */
typedef enum xqc_http3_nv_hit_flag_s {
    /** Nothing. */
    XQC_NV_HIT_NONE = 0x00,
    /** The name. */
    XQC_NV_HIT_NAME = 0x01,
    /** Name and value. */
    XQC_NV_HIT_BOTH = 0x02,
} xqc_http3_nv_hit_flag_t;

/** One header field. */
struct xqc_http_header_s {
    /** The name. Sent in lower case, whatever case it has here. */
    struct iovec name;
    /** The value. */
    struct iovec value;
    /** Bits of `xqc_http3_nv_flag_t`. */
    uint8_t flags;
    /** 1: fill in `nv_hit_flags` when this field is sent. */
    uint8_t save_nv_hit_flags;
    /** Bits of `xqc_http3_nv_hit_flag_t`. */
    uint8_t nv_hit_flags;
    /** For the application's own use: not looked at. */
    xqc_http_header_t *src_header;
};

/** A header or trailer section. */
typedef struct xqc_http_headers_s {
    /** The fields, in order. */
    xqc_http_header_t *headers;
    /** Entries used. */
    size_t count;
    /** Entries allocated. */
    size_t capacity;
    /** Bytes of all names and values received. */
    size_t total_len;
} xqc_http_headers_t;

/** Settings of an HTTP/3 connection. 0 means none or nothing, not the default. */
struct xqc_h3_conn_settings_s {
    /** Largest field section accepted, in bytes. Default 32,768. */
    uint64_t max_field_section_size;
    /** Pushes accepted. Default 0. */
    uint64_t max_pushes;
    /** Upper bound of the dynamic table for sending, in bytes. Default 16,384. */
    uint64_t qpack_enc_max_table_capacity;
    /** Dynamic table offered for receiving, in bytes. Default 16,384. */
    uint64_t qpack_dec_max_table_capacity;
    /** Streams that may wait for the dynamic table. Default 64. */
    uint64_t qpack_blocked_streams;
#if defined(XQC_COMPAT_DUPLICATE)
    /** 1: duplicate table entries as the first versions of the encoder did. */
    xqc_bool_t qpack_compat_duplicate;
#endif
};

/**
 * An HTTP/3 connection was created, or is about to be released. At creation `h3c_user_data` is the
 * transport's user data, later what `xqc_h3_conn_set_user_data` set. After the call for release
 * returns, `h3_conn` is gone.
 *
 * Returns 0; at creation another value closes the connection.
 */
typedef int (*xqc_h3_conn_notify_pt)(xqc_h3_conn_t *h3_conn,
                                     const xqc_cid_t *cid,
                                     void *h3c_user_data);

/** The handshake is complete. Called once. */
typedef void (*xqc_h3_handshake_finished_pt)(xqc_h3_conn_t *h3_conn, void *h3c_user_data);

/** The peer acknowledged the PING that `xqc_h3_conn_send_ping` sent with `ping_user_data`. */
typedef void (*xqc_h3_conn_ping_ack_notify_pt)(xqc_h3_conn_t *h3_conn,
                                               const xqc_cid_t *cid,
                                               void *ping_user_data,
                                               void *h3c_user_data);

/**
 * Lets the application change the settings of one connection, before it is set up. Must not call
 * the library.
 */
typedef void (*xqc_h3_conn_init_settings_pt)(xqc_h3_conn_t *h3_conn,
                                             xqc_h3_conn_settings_t *current_settings,
                                             void *h3c_user_data);

/**
 * A request was created, can be written, or is about to be released. `h3s_user_data` is the
 * request's: the argument of `xqc_h3_request_create`, or what `xqc_h3_request_set_user_data` set.
 * It is null when a request of the peer is created.
 *
 * Returns 0; a negative value from writing closes the request.
 */
typedef int (*xqc_h3_request_notify_pt)(xqc_h3_request_t *h3_request, void *h3s_user_data);

/**
 * A request has what `flag` says to read. Repeated as long as content is left unread.
 *
 * Returns 0; a negative value resets the request.
 */
typedef int (*xqc_h3_request_read_notify_pt)(xqc_h3_request_t *h3_request,
                                             xqc_request_notify_flag_t flag,
                                             void *h3s_user_data);

/** The peer reset a request with the error code `err`. */
typedef void (*xqc_h3_request_closing_notify_pt)(xqc_h3_request_t *h3_request,
                                                 xqc_int_t err,
                                                 void *h3s_user_data);

/**
 * A bytestream delivers `data_len` bytes, valid during the call; `data` may be null if there are
 * none. `fin` is 1 with the last ones. `data_recv_time` is the time they took to arrive, in
 * microseconds.
 *
 * Returns 0; a negative value closes the connection.
 */
typedef int (*xqc_h3_ext_bytestream_read_notify_pt)(xqc_h3_ext_bytestream_t *h3_ext_bs,
                                                    const void *data,
                                                    size_t data_len,
                                                    uint8_t fin,
                                                    void *bs_user_data,
                                                    uint64_t data_recv_time);

/** A bytestream was created, can be written, or is about to be released. */
typedef int (*xqc_h3_ext_bytestream_notify_pt)(xqc_h3_ext_bytestream_t *h3_ext_bs,
                                               void *bs_user_data);

/**
 * A datagram of `data_len` bytes, at least one, arrived; `data` is valid during the call.
 * `data_recv_time` is how long ago its packet was received, in microseconds.
 */
typedef void (*xqc_h3_ext_datagram_read_notify_pt)(xqc_h3_conn_t *conn,
                                                   const void *data,
                                                   size_t data_len,
                                                   void *user_data,
                                                   uint64_t data_recv_time);

/** Datagrams can be sent again, after an attempt met `-XQC_EAGAIN`. */
typedef void (*xqc_h3_ext_datagram_write_notify_pt)(xqc_h3_conn_t *conn, void *user_data);

/**
 * A copy of the datagram `dgram_id` is held to be lost; see `xqc_datagram_lost_notify_pt`.
 *
 * Returns `XQC_DGRAM_RETX_ASKED_BY_APP` to have it sent again; other values let it go.
 */
typedef int (*xqc_h3_ext_datagram_lost_notify_pt)(xqc_h3_conn_t *conn,
                                                  uint64_t dgram_id,
                                                  void *user_data);

/** The peer acknowledged the datagram `dgram_id`. */
typedef void (*xqc_h3_ext_datagram_acked_notify_pt)(xqc_h3_conn_t *conn,
                                                    uint64_t dgram_id,
                                                    void *user_data);

/**
 * The largest datagram that fits changed to `mss` bytes. It never shrinks; 0 means that the peer
 * takes no datagrams.
 */
typedef void (*xqc_h3_ext_datagram_mss_updated_notify_pt)(xqc_h3_conn_t *conn,
                                                          size_t mss,
                                                          void *user_data);

/** Datagrams of extended HTTP/3. `user_data` is what `xqc_h3_ext_datagram_set_user_data` set. */
typedef struct xqc_h3_ext_dgram_callbacks_s {
    /** A datagram arrived. */
    xqc_h3_ext_datagram_read_notify_pt dgram_read_notify;
    /** Datagrams can be sent again. */
    xqc_h3_ext_datagram_write_notify_pt dgram_write_notify;
    /** A datagram was acknowledged. Optional. */
    xqc_h3_ext_datagram_acked_notify_pt dgram_acked_notify;
    /** A datagram was lost. Optional. */
    xqc_h3_ext_datagram_lost_notify_pt dgram_lost_notify;
    /** The room in a datagram grew. Optional. */
    xqc_h3_ext_datagram_mss_updated_notify_pt dgram_mss_updated_notify;
} xqc_h3_ext_dgram_callbacks_t;

/** HTTP/3 connections. */
struct xqc_h3_conn_callbacks_s {
    /** Required for servers. */
    xqc_h3_conn_notify_pt h3_conn_create_notify;
    /** Required. The last callback of a connection. */
    xqc_h3_conn_notify_pt h3_conn_close_notify;
    /** Optional. */
    xqc_h3_handshake_finished_pt h3_conn_handshake_finished;
    /** Optional. */
    xqc_h3_conn_ping_ack_notify_pt h3_conn_ping_acked;
    /** Optional. */
    xqc_h3_conn_init_settings_pt h3_conn_init_settings;
};

/** HTTP/3 requests. */
typedef struct xqc_h3_request_callbacks_s {
    /** Required for servers. Its return value is ignored. */
    xqc_h3_request_notify_pt h3_request_create_notify;
    /** The request has ended; statistics are still there, after the call its handle is gone. */
    xqc_h3_request_notify_pt h3_request_close_notify;
    /** Required. */
    xqc_h3_request_read_notify_pt h3_request_read_notify;
    /** Sending can go on after it took only a part, or nothing. */
    xqc_h3_request_notify_pt h3_request_write_notify;
    /** The peer reset the request. Optional. */
    xqc_h3_request_closing_notify_pt h3_request_closing_notify;
} xqc_h3_request_callbacks_t;

/** Bytestreams of extended HTTP/3. */
typedef struct xqc_h3_ext_bytestream_callbacks_s {
    /** Its return value is ignored. */
    xqc_h3_ext_bytestream_notify_pt bs_create_notify;
    /** Its return value is ignored; after the call the handle is gone. */
    xqc_h3_ext_bytestream_notify_pt bs_close_notify;
    /** A negative return value closes the connection. */
    xqc_h3_ext_bytestream_read_notify_pt bs_read_notify;
    /** A negative return value closes the connection. */
    xqc_h3_ext_bytestream_notify_pt bs_write_notify;
} xqc_h3_ext_bytestream_callbacks_t;

/** All callbacks of HTTP/3, as given to `xqc_h3_ctx_init`. */
typedef struct xqc_h3_callbacks_s {
    /** Connections. */
    xqc_h3_conn_callbacks_t h3c_cbs;
    /** Requests. */
    xqc_h3_request_callbacks_t h3r_cbs;
    /** Datagrams; all may be null. */
    xqc_h3_ext_dgram_callbacks_t h3_ext_dgram_cbs;
    /** Bytestreams; all may be null. */
    xqc_h3_ext_bytestream_callbacks_t h3_ext_bs_cbs;
} xqc_h3_callbacks_t;

/** Room for a report line, in bytes. */
#define XQC_STREAM_INFO_LEN 128

/**
 * Statistics of a request. Times are points on the engine's clock in microseconds, 0 if it has not
 * come to that.
 */
typedef struct xqc_request_stats_s {
    /** Bytes of content sent. */
    size_t send_body_size;
    /** Bytes of content received. */
    size_t recv_body_size;
    /** Bytes of names and values sent. */
    size_t send_header_size;
    /** Bytes of names and values received. */
    size_t recv_header_size;
    /** Bytes they took on the wire. */
    size_t send_hdr_compressed;
    /** Bytes they took on the wire. */
    size_t recv_hdr_compressed;
    /** The connection's error, or else the stream's; 0 is none. */
    int stream_err;
    /** The request began to wait for QPACK. */
    xqc_usec_t blocked_time;
    /** It could go on. */
    xqc_usec_t unblocked_time;
    /** The stream's end was received. */
    xqc_usec_t stream_fin_time;
    /** The request was created. */
    xqc_usec_t h3r_begin_time;
    /** The request ended. */
    xqc_usec_t h3r_end_time;
    /** The first HEADERS frame began to arrive. */
    xqc_usec_t h3r_header_begin_time;
    /** It was decoded. */
    xqc_usec_t h3r_header_end_time;
    /** The first DATA frame began to arrive. */
    xqc_usec_t h3r_body_begin_time;
    /** The header section was sent. */
    xqc_usec_t h3r_header_send_time;
    /** The first content was sent. */
    xqc_usec_t h3r_body_send_time;
    /** The stream's end was sent last. */
    xqc_usec_t stream_fin_send_time;
    /** The stream's end was acknowledged. */
    xqc_usec_t stream_fin_ack_time;
    /** Why the stream closed; valid until the request is released. May be null. */
    const char *stream_close_msg;
    /**
     * Use of paths. 0: only one was there. 1: available and standby paths. 2: only standby paths.
     * 3: only available paths.
     */
    int mp_state;
    /** Part of the bytes sent on available paths, 0 to 1. */
    float mp_default_path_send_weight;
    /** Part of the bytes received on available paths, 0 to 1. */
    float mp_default_path_recv_weight;
    /** Part of the bytes sent on standby paths, 0 to 1. */
    float mp_standby_path_send_weight;
    /** Part of the bytes received on standby paths, 0 to 1. */
    float mp_standby_path_recv_weight;
    /** Limit on the receive rate in bytes per second; 0 is none. */
    uint64_t rate_limit;
    /** An `xqc_0rtt_flag_t`. */
    uint8_t early_data_state;
    /** Figures for the log. */
    char stream_info[XQC_STREAM_INFO_LEN];
    /** More figures for the log. */
    char extern_stream_info[XQC_STREAM_INFO_LEN];
    /** The stream's end was sent first. */
    xqc_usec_t stream_fst_fin_snd_time;
    /** Milliseconds spent waiting for the congestion window. */
    xqc_msec_t cwnd_blocked_ms;
    /** Packets sent again. */
    uint32_t retrans_cnt;
    /** The first packet was sent. */
    xqc_usec_t stream_fst_pkt_snd_time;
    /** The first packet was received. */
    xqc_usec_t stream_fst_pkt_rcv_time;
    /** Packets sent. */
    uint32_t sent_pkt_cnt;
    /** Probe timeouts in a row, at most. */
    uint8_t max_pto_backoff;
    /** Packets recovered by error correction. */
    uint32_t fec_recov_cnt;
    /** The first repair symbol was received. */
    xqc_usec_t fst_rpr_time;
    /** The last repair symbol was received. */
    xqc_usec_t last_rpr_time;
    /** 1: the request was sent with error correction. */
    uint8_t is_fec_protected;
    /** An `xqc_stream_size_type_t`. */
    uint8_t block_size_mode;
    /** Source symbols missing when the last repair symbol arrived. */
    xqc_int_t fec_blk_lack_num;
    /** Microseconds from the last repair symbol of the first block to its completion. */
    xqc_usec_t fec_blk_lack_time;
    /** Microseconds from the last repair symbol to the stream's end. */
    xqc_usec_t fec_req_delay_time;
    /** Microseconds the receiver took, counting recovered packets. */
    xqc_usec_t recv_time_with_fec;
    /** The last packet was received. */
    xqc_usec_t final_packet_time;
    /** Microseconds from the stream's creation to its end; 0 until then. */
    xqc_usec_t stream_close_delay;
} xqc_request_stats_t;

/** Statistics of a bytestream. Times as in `xqc_request_stats_t`. */
typedef struct xqc_h3_ext_bytestream_stats_s {
    /** Bytes sent. */
    size_t bytes_sent;
    /** Bytes received. */
    size_t bytes_rcvd;
    /** The error it ended with; 0 is none. */
    int stream_err;
    /** Why the stream closed; valid until the bytestream is released. May be null. */
    const char *stream_close_msg;
    /** It was created. */
    xqc_usec_t create_time;
    /** Its end was received. */
    xqc_usec_t fin_rcvd_time;
    /** Its end was delivered to the application. */
    xqc_usec_t fin_read_time;
    /** Its end was sent. */
    xqc_usec_t fin_sent_time;
    /** Its end was acknowledged. */
    xqc_usec_t fin_acked_time;
    /** The first byte was sent. */
    xqc_usec_t first_byte_sent_time;
    /** The first byte was received. */
    xqc_usec_t first_byte_rcvd_time;
} xqc_h3_ext_bytestream_stats_t;

/* HTTP/3. */

/**
 * Adds HTTP/3 to an engine; extended HTTP/3 too if `enable_h3_ext` is set. Comes before any
 * other function here. `h3_cbs` is copied.
 *
 * Returns `XQC_OK`, `-XQC_EPARAM` for null, `-XQC_EMALLOC` or `-XQC_EFATAL`.
 */
XQC_EXPORT_PUBLIC_API xqc_int_t xqc_h3_ctx_init(xqc_engine_t *engine, xqc_h3_callbacks_t *h3_cbs);

/**
 * Takes HTTP/3 off an engine. Live connections go on, with the callbacks they have.
 *
 * Returns `XQC_OK`.
 */
XQC_EXPORT_PUBLIC_API xqc_int_t xqc_h3_ctx_destroy(xqc_engine_t *engine);

/**
 * Sets the QPACK dynamic tables of later connections, in both directions, in bytes; 0 turns
 * them off.
 */
XQC_EXPORT_PUBLIC_API
void xqc_h3_engine_set_max_dtable_capacity(xqc_engine_t *engine,
                                           size_t capacity);

/** Sets the QPACK dynamic table that later connections offer the peer, in bytes. */
XQC_EXPORT_PUBLIC_API
void xqc_h3_engine_set_dec_max_dtable_capacity(xqc_engine_t *engine,
                                               size_t value);

/**
 * Sets the upper bound of the QPACK dynamic table that later connections use for sending, in
 * bytes.
 */
XQC_EXPORT_PUBLIC_API
void xqc_h3_engine_set_enc_max_dtable_capacity(xqc_engine_t *engine,
                                               size_t value);

/** Sets the largest field section that later connections accept, in bytes. */
XQC_EXPORT_PUBLIC_API
void xqc_h3_engine_set_max_field_section_size(xqc_engine_t *engine,
                                              size_t size);

/** Sets how many streams of later connections may wait for the QPACK dynamic table. */
XQC_EXPORT_PUBLIC_API
void xqc_h3_engine_set_qpack_blocked_streams(xqc_engine_t *engine,
                                             size_t value);

#if defined(XQC_COMPAT_DUPLICATE)
/**
 * Sets whether the QPACK encoder of later connections duplicates entries as its first versions
 * did.
 */
XQC_EXPORT_PUBLIC_API
void xqc_h3_engine_set_qpack_compat_duplicate(xqc_engine_t *engine,
                                              xqc_bool_t cmpt);
#endif

/** Sets all HTTP/3 settings of later connections. `h3_conn_settings` is copied. */
XQC_EXPORT_PUBLIC_API
void xqc_h3_engine_set_local_settings(xqc_engine_t *engine,
                                      const xqc_h3_conn_settings_t *h3_conn_settings);

/**
 * Opens an HTTP/3 connection. The arguments and the result are those of `xqc_connect`; the
 * application protocol follows from `proto_version`, which must be set.
 */
XQC_EXPORT_PUBLIC_API
const xqc_cid_t *xqc_h3_connect(xqc_engine_t *engine,
                                const xqc_conn_settings_t *conn_settings,
                                const unsigned char *token,
                                unsigned int token_len,
                                const char *server_host,
                                int no_crypto_flag,
                                const xqc_conn_ssl_config_t *conn_ssl_config,
                                const struct sockaddr *peer_addr,
                                socklen_t peer_addrlen,
                                void *user_data);

/**
 * Closes an HTTP/3 connection without an error; `h3_conn_close_notify` follows from a later
 * `xqc_engine_main_logic`.
 *
 * Returns `XQC_OK`, also if it is closing already, or `-XQC_ECONN_NFOUND`.
 */
XQC_EXPORT_PUBLIC_API xqc_int_t xqc_h3_conn_close(xqc_engine_t *engine, const xqc_cid_t *cid);

/** Returns the QUIC connection below, which lives as long. */
XQC_EXPORT_PUBLIC_API xqc_connection_t *xqc_h3_conn_get_xqc_conn(xqc_h3_conn_t *h3c);

/** Returns the error a connection ended with, sent or received; `H3_NO_ERROR` is none. */
XQC_EXPORT_PUBLIC_API xqc_int_t xqc_h3_conn_get_errno(xqc_h3_conn_t *h3c);

/** Returns the connection's `SSL *`; see `xqc_conn_get_ssl`. */
XQC_EXPORT_PUBLIC_API void *xqc_h3_conn_get_ssl(xqc_h3_conn_t *h3c);

/**
 * Sets the user data of a connection's HTTP/3 callbacks. A server does so in
 * `h3_conn_create_notify`.
 */
XQC_EXPORT_PUBLIC_API void xqc_h3_conn_set_user_data(xqc_h3_conn_t *h3c, void *user_data);

/** Returns the user data of a connection's HTTP/3 callbacks. */
XQC_EXPORT_PUBLIC_API void *xqc_h3_conn_get_user_data(xqc_h3_conn_t *h3_conn);

/** Copies the peer's address; see `xqc_conn_get_peer_addr`. */
XQC_EXPORT_PUBLIC_API
xqc_int_t xqc_h3_conn_get_peer_addr(xqc_h3_conn_t *h3c,
                                    struct sockaddr *addr,
                                    socklen_t addr_cap,
                                    socklen_t *peer_addr_len);

/** Copies the local address; see `xqc_conn_get_local_addr`. */
XQC_EXPORT_PUBLIC_API
xqc_int_t xqc_h3_conn_get_local_addr(xqc_h3_conn_t *h3c,
                                     struct sockaddr *addr,
                                     socklen_t addr_cap,
                                     socklen_t *local_addr_len);

/**
 * Sends a PING. `ping_user_data` comes back in `h3_conn_ping_acked`.
 *
 * Returns `XQC_OK`, also without effect if the connection is closing; `-XQC_ECONN_NFOUND`;
 * `-XQC_EPARAM` for null.
 */
XQC_EXPORT_PUBLIC_API
xqc_int_t xqc_h3_conn_send_ping(xqc_engine_t *engine,
                                const xqc_cid_t *cid,
                                void *ping_user_data);

/** Returns `XQC_TRUE` if a client may send requests in 0-RTT. */
XQC_EXPORT_PUBLIC_API xqc_bool_t xqc_h3_conn_is_ready_to_send_early_data(xqc_h3_conn_t *h3c);

/**
 * Sets the capacity of the QPACK dynamic table of one connection for sending, in bytes, within
 * what the peer allows.
 *
 * Returns `XQC_OK`, also without effect if the connection is closing; `-XQC_ESTATE` inside
 * `h3_conn_init_settings`; `-XQC_H3_EPARAM` for null.
 */
XQC_EXPORT_PUBLIC_API
xqc_int_t xqc_h3_conn_set_qpack_dtable_cap(xqc_h3_conn_t *h3c,
                                           size_t capacity);

/**
 * Creates a request on a client's connection. `settings` may be null. `user_data` becomes the
 * request's. `h3_request_create_notify` runs inside.
 *
 * Returns null if the connection is not found, a server's, closing, or told to take no more
 * requests, and if the request ended inside the callback.
 */
XQC_EXPORT_PUBLIC_API
xqc_h3_request_t *xqc_h3_request_create(xqc_engine_t *engine,
                                        const xqc_cid_t *cid,
                                        xqc_stream_settings_t *settings,
                                        void *user_data);

/** Returns the statistics of a request; still possible in `h3_request_close_notify`. */
XQC_EXPORT_PUBLIC_API xqc_request_stats_t xqc_h3_request_get_stats(xqc_h3_request_t *h3_request);

/**
 * Writes a line of comma-separated figures to `str`, at most `size` bytes with the terminating
 * zero: stream ID, times since creation in milliseconds, and named figures. Later versions
 * only append.
 *
 * Returns the length of the whole line, as `snprintf`; `-XQC_H3_EPARAM` for null.
 */
XQC_EXPORT_PUBLIC_API
xqc_int_t xqc_h3_request_stats_print(xqc_h3_request_t *h3_request,
                                     char *str,
                                     size_t size);

/**
 * Sets the user data of a request's callbacks. A server does so in
 * `h3_request_create_notify`.
 */
XQC_EXPORT_PUBLIC_API
void xqc_h3_request_set_user_data(xqc_h3_request_t *h3_request,
                                  void *user_data);

/**
 * Ends a request early: resets what has not ended and asks the peer to stop. The handle is
 * not to be used afterwards. `h3_request_close_notify` runs inside or follows, and no other
 * callback of the request.
 *
 * Returns `XQC_OK`, also if it was closed before; `-XQC_H3_EPARAM` for null.
 */
XQC_EXPORT_PUBLIC_API xqc_int_t xqc_h3_request_close(xqc_h3_request_t *h3_request);

/** Changes the settings of a request's stream; see `xqc_stream_update_settings`. */
XQC_EXPORT_PUBLIC_API
xqc_int_t xqc_h3_request_update_settings(xqc_h3_request_t *h3_request,
                                         xqc_stream_settings_t *settings);

/**
 * Sends a header section, or after it a trailer section. Everything is copied. Names may have
 * any case, pseudo-header fields any place. `fin` is 1 if nothing follows. What cannot be sent
 * now is buffered.
 *
 * Returns the bytes of the encoded section, which is taken whole; 0 for no fields.
 * `-XQC_H3_INVALID_HEADER` for fields that are illegal, or together larger than the peer
 * takes: the request goes on, and others may be sent. `-XQC_H3_STATE_ERROR` behind the
 * trailers or the end, `-XQC_ESTREAM_RESET` if the request was reset by either side,
 * `-XQC_CLOSING` if the connection is closing, `-XQC_H3_EPARAM` for null.
 */
XQC_EXPORT_PUBLIC_API
ssize_t xqc_h3_request_send_headers(xqc_h3_request_t *h3_request,
                                    xqc_http_headers_t *headers,
                                    uint8_t fin);

/**
 * Sends content, which is copied. `fin` is 1 with the last of it; then `data_size` may be 0.
 *
 * Returns the number of bytes taken, perhaps fewer than given, or 0 for a lone `fin`.
 * `-XQC_EAGAIN` if none can be taken. In both cases of a rest, `h3_request_write_notify`
 * follows. `-XQC_H3_STATE_ERROR` before the header section, or behind the trailers or the
 * end; `-XQC_ESTREAM_RESET`, `-XQC_CLOSING` and `-XQC_H3_EPARAM` as
 * `xqc_h3_request_send_headers`.
 */
XQC_EXPORT_PUBLIC_API
ssize_t xqc_h3_request_send_body(xqc_h3_request_t *h3_request,
                                 unsigned char *data,
                                 size_t data_size,
                                 uint8_t fin);

/**
 * Ends the sending side of a request after what was sent.
 *
 * Returns 0, also if it was ended before, or if the end has to wait: it is sent as soon as
 * there is room. `-XQC_ESTREAM_RESET`, `-XQC_CLOSING` and `-XQC_H3_EPARAM` as
 * `xqc_h3_request_send_headers`.
 */
XQC_EXPORT_PUBLIC_API ssize_t xqc_h3_request_finish(xqc_h3_request_t *h3_request);

/**
 * Returns the header section, or after it the trailer section, when the read callback reported
 * it; else null. The array belongs to the request and is valid until it is released; its
 * entries and `count` may be written to; of interim responses from the fourteenth on only the
 * last one is kept. `fin` receives 1 if nothing follows, else 0, also with null.
 */
XQC_EXPORT_PUBLIC_API
xqc_http_headers_t *xqc_h3_request_recv_headers(xqc_h3_request_t *h3_request,
                                                uint8_t *fin);

/**
 * Copies received content to `recv_buf`, at most `recv_buf_size` bytes, and grants the peer
 * credit for as much. `fin` receives 1 with the last of it. Call it until it returns
 * `-XQC_EAGAIN` or the end.
 *
 * Returns the number of bytes, which is 0 only with `fin`; `-XQC_EAGAIN` if nothing is there,
 * as after a reset; `-XQC_H3_EPARAM` for null.
 */
XQC_EXPORT_PUBLIC_API
ssize_t xqc_h3_request_recv_body(xqc_h3_request_t *h3_request,
                                 unsigned char *recv_buf,
                                 size_t recv_buf_size,
                                 uint8_t *fin);

/** Returns the user data of the request's connection. */
XQC_EXPORT_PUBLIC_API void *xqc_h3_get_conn_user_data_by_request(xqc_h3_request_t *h3_request);

/** Returns the ID of the request's stream. */
XQC_EXPORT_PUBLIC_API xqc_stream_id_t xqc_h3_stream_id(xqc_h3_request_t *h3_request);

/** Fills in the defaults of a priority: urgency 3, all else 0. Callable anywhere. */
XQC_EXPORT_PUBLIC_API void xqc_h3_priority_init(xqc_h3_priority_t *prio);

/**
 * Writes a priority as the value of a `priority` field (RFC 9218), without a terminating zero,
 * such as `u=3, i, s=0, r=0, f=00000000, p`; `i` and `p` stand there only if they are set. `fec`
 * is cut to eight digits. Callable anywhere.
 *
 * Returns the number of bytes, or a negative error as a `size_t`: `-XQC_H3_BUFFER_EXCEED` if
 * `dstcap` is less than the 31 bytes of the longest text, `-XQC_H3_INVALID_PRIORITY` if
 * `urgency` is above 7, `incremental` above 1 or another value above 9, `-XQC_H3_EPARAM` for
 * null.
 */
XQC_EXPORT_PUBLIC_API
size_t xqc_write_http_priority(xqc_h3_priority_t *prio,
                               uint8_t *dst,
                               size_t dstcap);

/**
 * Reads the value of a `priority` field, of `str_len` bytes or up to a zero byte, as RFC 9218
 * says: unknown parameters are ignored, and those of a wrong type or out of range take their
 * defaults. Callable anywhere.
 *
 * Returns `XQC_OK`; `-XQC_H3_INVALID_PRIORITY` if the value is no dictionary (RFC 8941), or
 * `i` no boolean, and then `dst` has the defaults; `-XQC_H3_EPARAM` for null.
 */
XQC_EXPORT_PUBLIC_API
xqc_int_t xqc_parse_http_priority(xqc_h3_priority_t *dst,
                                  const uint8_t *str,
                                  size_t str_len);

/**
 * Sets the priority of a request; takes effect with data sent from now on.
 *
 * Returns `XQC_OK`; `-XQC_H3_INVALID_PRIORITY` if `urgency` is above 7 or `incremental` above
 * 1, and nothing changes; `-XQC_H3_EPARAM` for null.
 */
XQC_EXPORT_PUBLIC_API
xqc_int_t xqc_h3_request_set_priority(xqc_h3_request_t *h3r,
                                      xqc_h3_priority_t *prio);

/* Extended HTTP/3. */

/**
 * Creates a bytestream on a client's connection. `user_data` becomes the bytestream's.
 * `bs_create_notify` runs inside.
 *
 * Returns null if the connection is not found, a server's, closing, or did not agree on
 * extended HTTP/3.
 */
XQC_EXPORT_PUBLIC_API
xqc_h3_ext_bytestream_t *xqc_h3_ext_bytestream_create(xqc_engine_t *engine,
                                                      const xqc_cid_t *cid,
                                                      void *user_data);

/**
 * Ends a bytestream early: resets it and asks the peer to stop. `bs_close_notify` follows.
 *
 * Returns `XQC_OK`, also if it was closed before; `-XQC_H3_EPARAM` for null.
 */
XQC_EXPORT_PUBLIC_API xqc_int_t xqc_h3_ext_bytestream_close(xqc_h3_ext_bytestream_t *h3_ext_bs);

/**
 * Ends the sending side of a bytestream after what was sent.
 *
 * Returns 0, also if it was ended before. `-XQC_EAGAIN` while a message waits,
 * `-XQC_ESTREAM_RESET` if either side closed it, `-XQC_CLOSING` if the connection is closing,
 * `-XQC_H3_EPARAM` for null.
 */
XQC_EXPORT_PUBLIC_API ssize_t xqc_h3_ext_bytestream_finish(xqc_h3_ext_bytestream_t *h3_ext_bs);

/** Sets the user data of a bytestream's callbacks. A server does so in `bs_create_notify`. */
XQC_EXPORT_PUBLIC_API
void xqc_h3_ext_bytestream_set_user_data(xqc_h3_ext_bytestream_t *h3_ext_bs,
                                         void *user_data);

/** Returns the user data of a bytestream's callbacks. */
XQC_EXPORT_PUBLIC_API void *xqc_h3_ext_bytestream_get_user_data(xqc_h3_ext_bytestream_t *h3_ext_bs);

/** Returns the statistics of a bytestream; still possible in `bs_close_notify`. */
XQC_EXPORT_PUBLIC_API
xqc_h3_ext_bytestream_stats_t xqc_h3_ext_bytestream_get_stats(xqc_h3_ext_bytestream_t *h3_ext_bs);

/**
 * Sends one message, which is copied; it may be empty. It is taken whole or not at all, and
 * arrives whole. `fin` is 1 with the last one.
 *
 * Returns `data_size`. `-XQC_EAGAIN` if the message before is not sent yet, and
 * `bs_write_notify` follows. `-XQC_H3_BYTESTREAM_FIN_SENT` behind the last one,
 * `-XQC_ESTREAM_RESET` if either side closed the bytestream, `-XQC_CLOSING` if the connection
 * is closing, `-XQC_H3_EPARAM` for null.
 */
XQC_EXPORT_PUBLIC_API
ssize_t xqc_h3_ext_bytestream_send(xqc_h3_ext_bytestream_t *h3_ext_bs,
                                   unsigned char *data,
                                   size_t data_size,
                                   uint8_t fin,
                                   xqc_data_qos_level_t qos_level);

/** Returns the ID of the bytestream's stream. */
XQC_EXPORT_PUBLIC_API xqc_stream_id_t xqc_h3_ext_bytestream_id(xqc_h3_ext_bytestream_t *h3_ext_bs);

/** Returns the connection of a bytestream. */
XQC_EXPORT_PUBLIC_API
xqc_h3_conn_t *xqc_h3_ext_bytestream_get_h3_conn(xqc_h3_ext_bytestream_t *h3_ext_bs);

/** Returns the size of the largest datagram that can be sent now; see `xqc_datagram_get_mss`. */
XQC_EXPORT_PUBLIC_API size_t xqc_h3_ext_datagram_get_mss(xqc_h3_conn_t *conn);

/** Sets the user data of a connection's datagram callbacks. */
XQC_EXPORT_PUBLIC_API void xqc_h3_ext_datagram_set_user_data(xqc_h3_conn_t *conn, void *user_data);

/** Returns the user data of a connection's datagram callbacks. */
XQC_EXPORT_PUBLIC_API void *xqc_h3_ext_datagram_get_user_data(xqc_h3_conn_t *conn);

/** Sends a datagram; see `xqc_datagram_send`. */
XQC_EXPORT_PUBLIC_API
xqc_int_t xqc_h3_ext_datagram_send(xqc_h3_conn_t *conn,
                                   void *data,
                                   size_t data_len,
                                   uint64_t *dgram_id,
                                   xqc_data_qos_level_t qos_level);

/** Sends several datagrams; see `xqc_datagram_send_multiple`. */
XQC_EXPORT_PUBLIC_API
xqc_int_t xqc_h3_ext_datagram_send_multiple(xqc_h3_conn_t *conn,
                                            struct iovec *iov,
                                            uint64_t *dgram_id_list,
                                            size_t iov_size,
                                            size_t *sent_cnt,
                                            size_t *sent_bytes,
                                            xqc_data_qos_level_t qos_level);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* XQC_H3_H */
