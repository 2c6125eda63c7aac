/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * libxquic: QUIC connections, streams, datagrams and paths. Generated from src/ffi/abi; do not
 * edit.
 *
 * An engine belongs to one thread at a time; two engines share nothing. Functions may be called
 * from inside any callback unless one of the two says otherwise. A callback may close the object it
 * is called for: its handle stays valid until the close callback has returned. A null pointer where
 * an object is needed gives an error, as does a handle of another kind.
 */

#ifndef _XQUIC_H_INCLUDED_
#define _XQUIC_H_INCLUDED_

#include "xqc_configure.h"
#include "xquic_typedef.h"

#if defined(XQC_SYS_WINDOWS) && !defined(XQC_ON_MINGW)
#include <winsock2.h>
#include <ws2tcpip.h>
#else
#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/uio.h>
#endif

/* The vector unit, for programs that ask. */
#if defined(__SSE2__)
#include <emmintrin.h>
#define XQC_ON_x86
#elif defined(__ARM_NEON__) || defined(__ARM_NEON)
#include <arm_neon.h>
#define XQC_ON_ARM
#endif

#ifdef __cplusplus
extern "C" {
#endif

/** Entries in `xqc_config_t.support_version_list`. */
#define XQC_SUPPORT_VERSION_MAX 64

/** The cipher suites used when none are configured, in order of preference. */
#define XQC_TLS_CIPHERS "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"

/** The key exchange groups used when none are configured, in order of preference. */
#define XQC_TLS_GROUPS "P-256:X25519:P-384:P-521"

/** The longest key for stateless reset tokens, in bytes. */
#define XQC_RESET_TOKEN_MAX_KEY_LEN 256

/** How many keys for address validation tokens are valid at a time. */
#define XQC_TOKEN_MAX_KEY_VERSION 4

/** The bits of a token's first byte that number its key. */
#define XQC_TOKEN_VERSION_MASK 3

/** The longest key for address validation tokens, in bytes. */
#define XQC_TOKEN_MAX_KEY_LEN 256

/** The most datagrams handed to one call of a `write_mmsg` callback. */
#define XQC_MAX_SEND_MSG_ONCE 32

/** The ID of the path that carried the handshake. */
#define XQC_INITIAL_PATH_ID 0

/** What `datagram_lost_notify` returns to have the datagram sent again. */
#define XQC_DGRAM_RETX_ASKED_BY_APP 1

/** The most connection options in one option string. */
#define XQC_CO_MAX_NUM 16

/** Room for an option string: four letters and a separator each, in bytes. */
#define XQC_CO_STR_MAX_LEN (5 * XQC_CO_MAX_NUM)

/** Entries in the lists of error correction schemes. */
#define XQC_FEC_MAX_SCHEME_NUM 5

/** What a write callback returns when the socket is broken. */
#define XQC_SOCKET_ERROR -1

/** What a write callback returns when the socket would block. */
#define XQC_SOCKET_EAGAIN -2

/** The role of an engine. One engine has one role for its lifetime. */
typedef enum {
    /** Accepts connections. */
    XQC_ENGINE_SERVER = 0,
    /** Opens connections. */
    XQC_ENGINE_CLIENT = 1,
} xqc_engine_type_t;

/** QUIC versions, as they are named in settings. */
typedef enum xqc_proto_version_s {
    /** None chosen; version 1 is used. */
    XQC_IDRAFT_INIT_VER = 0,
    /** QUIC version 1 (RFC 9000). */
    XQC_VERSION_V1 = 1,
    /** Draft 29. */
    XQC_IDRAFT_VER_29 = 2,
    /** The version number 0 of Version Negotiation packets. */
    XQC_IDRAFT_VER_NEGOTIATION = 3,
    /** One past the last version; not a version itself. */
    XQC_VERSION_MAX = 4,
} xqc_proto_version_t;

/** Whether a path became worse or better. */
typedef enum {
    /** It became worse. */
    XQC_PATH_DEGRADE = 0,
    /** It recovered. */
    XQC_PATH_RECOVERY = 1,
} xqc_path_status_change_type_t;

/** A clock. Returns microseconds. Must not call the library. */
typedef xqc_usec_t (*xqc_timestamp_pt)(void);

/**
 * Sets the engine's only timer: after `wake_after` microseconds the application calls
 * `xqc_engine_main_logic`. A later call replaces an earlier one; firing early is harmless.
 * Must not call the library.
 */
typedef void (*xqc_set_event_timer_pt)(xqc_usec_t wake_after, void *engine_user_data);

/**
 * Makes a connection ID of `cid_buflen` bytes in `cid_buf`. `ori_cid` is the client's first
 * destination connection ID when the first ID of a connection is made, later the connection's
 * current one; it is valid only during the call.
 *
 * Returns the number of bytes written, negative to fail the connection. The library fills the
 * bytes after those written with random ones.
 */
typedef ssize_t (*xqc_cid_generate_pt)(const xqc_cid_t *ori_cid,
                                       uint8_t *cid_buf,
                                       size_t cid_buflen,
                                       void *engine_user_data);

/**
 * Receives one line of a TLS key log (NSS format, zero-terminated, valid during the call) for the
 * connection with local ID `scid`. Whoever holds these lines can read the connection.
 */
typedef void (*xqc_eng_keylog_pt)(const xqc_cid_t *scid, const char *line, void *engine_user_data);

/** Receives one line of a TLS key log, without the connection it belongs to. */
typedef void (*xqc_keylog_pt)(const char *line, void *engine_user_data);

/**
 * Where log records go. Each record is `size` bytes at `buf`, and a terminating zero that does not
 * count; valid during the call. Records are shorter than 2048 bytes. A log callback must not
 * call the library; it may run in any call, and during `xqc_engine_create`.
 */
struct xqc_log_callbacks_s {
    /** Records of the levels FATAL, ERROR, WARN, INFO and DEBUG, and selected events. */
    void (*xqc_log_write_err)(xqc_log_level_t lvl,
                              const void *buf,
                              size_t size,
                              void *engine_user_data);
    /** Records of the levels REPORT and STATS: summaries when streams and connections end. */
    void (*xqc_log_write_stat)(xqc_log_level_t lvl,
                               const void *buf,
                               size_t size,
                               void *engine_user_data);
    /**
     * One complete qlog event of importance `imp`: JSON text of `size` bytes, and a zero that
     * does not count. It can be longer than a log record. Null makes no events.
     *
     * The first text of an engine is the header of a file, not an event; keep it to begin further
     * files with. Every other text is one event (qlog 0.3, QUIC events) of the connection that its
     * `group_id` names. Write each as the byte 0x1e, the text and a line feed, and the file is a
     * JSON text sequence (RFC 7464) that viewers load.
     *
     * Comes at the end of a run, and for the last time right before `conn_close_notify`.
     */
    void (*xqc_qlog_event_write)(qlog_event_importance_t imp,
                                 const void *buf,
                                 size_t size,
                                 void *engine_user_data);
};

/**
 * A client's Initial packet asks for a new connection with local ID `cid`. `user_data` is that of
 * `xqc_engine_packet_process`. Inside, the addresses can be asked for and the connection's user
 * data be set; transport callbacks carry the latter from here on.
 *
 * Returns 0 to accept. Any other value refuses the connection, and no further callback follows.
 */
typedef int (*xqc_server_accept_pt)(xqc_engine_t *engine,
                                    xqc_connection_t *conn,
                                    const xqc_cid_t *cid,
                                    void *user_data);

/**
 * An accepted connection ends before its application protocol took it over; what was made in
 * `server_accept` is to be freed here. `user_data` is the connection's, and `conn` is valid only
 * during the call.
 */
typedef void (*xqc_server_refuse_pt)(xqc_engine_t *engine,
                                     xqc_connection_t *conn,
                                     const xqc_cid_t *cid,
                                     void *user_data);

/**
 * Sends a stateless reset of `size` bytes from `local_addr` to `peer_addr`, in answer to a packet
 * that belongs to no connection. `user_data` is that of `xqc_engine_packet_process`.
 *
 * Returns the number of bytes sent, or `XQC_SOCKET_ERROR` or `XQC_SOCKET_EAGAIN`; it is not tried
 * again.
 */
typedef ssize_t (*xqc_stateless_reset_pt)(const unsigned char *buf,
                                          size_t size,
                                          const struct sockaddr *peer_addr,
                                          socklen_t peer_addrlen,
                                          const struct sockaddr *local_addr,
                                          socklen_t local_addrlen,
                                          void *user_data);

/**
 * A connection begins to close, for the reason `err_code`: nothing can be sent any more. The
 * close callback follows later. The return value is ignored.
 */
typedef xqc_int_t (*xqc_conn_closing_notify_pt)(xqc_connection_t *conn,
                                                const xqc_cid_t *cid,
                                                xqc_int_t err_code,
                                                void *conn_user_data);

/**
 * A connection was created, or is about to be released. `conn_user_data` is the transport's user
 * data, `conn_proto_data` that of the application protocol. After the call for release returns,
 * `conn` is gone.
 *
 * Returns 0; at creation another value closes the connection.
 */
typedef int (*xqc_conn_notify_pt)(xqc_connection_t *conn,
                                  const xqc_cid_t *cid,
                                  void *conn_user_data,
                                  void *conn_proto_data);

/**
 * The server issued a token for address validation. A client keeps a copy for its next
 * connection to the same server, in the same version of QUIC, and hands it to `xqc_connect` then,
 * once if possible: a token that is shown twice tells an observer that both times it was the same
 * client. `token` is valid during the call. One longer than `xqc_connect` takes is not handed out.
 */
typedef void (*xqc_save_token_pt)(const unsigned char *token,
                                  uint32_t token_len,
                                  void *conn_user_data);

/** Hands out `data_len` bytes to be kept; `data` is valid during the call. */
typedef void (*xqc_save_string_pt)(const char *data, size_t data_len, void *conn_user_data);

/**
 * The server issued a session ticket. A client keeps a copy for its next connection to the same
 * server, for `xqc_conn_ssl_config_t.session_ticket_data`.
 */
typedef xqc_save_string_pt xqc_save_session_pt;

/**
 * The server's transport parameters. A client that wants 0-RTT keeps a copy together with the
 * session ticket, for `xqc_conn_ssl_config_t.transport_parameter_data`.
 */
typedef xqc_save_string_pt xqc_save_trans_param_pt;

/** The TLS handshake is complete: the peer is authenticated. Called once. */
typedef void (*xqc_handshake_finished_pt)(xqc_connection_t *conn,
                                          void *conn_user_data,
                                          void *conn_proto_data);

/**
 * The peer acknowledged the PING that `xqc_conn_send_ping` sent with `ping_user_data`. A lost PING
 * is not repeated and never reported. PINGs of the library itself are not reported.
 */
typedef void (*xqc_conn_ping_ack_notify_pt)(xqc_connection_t *conn,
                                            const xqc_cid_t *cid,
                                            void *ping_user_data,
                                            void *conn_user_data,
                                            void *conn_proto_data);

/**
 * The peer retired the local connection ID `retire_cid`, and `new_cid` takes its place: the one
 * to pass to functions that take a connection ID, and to route packets by. Both are valid during
 * the call.
 */
typedef void (*xqc_conn_update_cid_notify_pt)(xqc_connection_t *conn,
                                              const xqc_cid_t *retire_cid,
                                              const xqc_cid_t *new_cid,
                                              void *conn_user_data);

/**
 * Judges the server's certificate chain: `certs_len` certificates in DER form, leaf first, valid
 * during the call. Asked when `XQC_TLS_CERT_FLAG_NEED_VERIFY` is set.
 *
 * Returns 0 to go on; another value fails the handshake.
 */
typedef int (*xqc_cert_verify_pt)(const unsigned char **certs,
                                  const size_t *cert_len,
                                  size_t certs_len,
                                  void *conn_user_data);

/**
 * The peer's address changed and the new one is validated; the address functions return it
 * already. Called for the connection's first path.
 */
typedef void (*xqc_conn_peer_addr_changed_nofity_pt)(xqc_connection_t *conn, void *conn_user_data);

/** As `xqc_conn_peer_addr_changed_nofity_pt`, for the path `path_id`. */
typedef void (*xqc_path_peer_addr_changed_nofity_pt)(xqc_connection_t *conn,
                                                     uint64_t path_id,
                                                     void *conn_user_data);

/**
 * Sends one datagram of `size` bytes to `peer_addr`. All pointers are valid during the call.
 * Must not call functions that send.
 *
 * Returns `size`; `XQC_SOCKET_EAGAIN` if the socket would block, after which the library waits for
 * `xqc_conn_continue_send`; `XQC_SOCKET_ERROR`, or fewer bytes, to close the connection, or only the
 * path if there is another.
 */
typedef ssize_t (*xqc_socket_write_pt)(const unsigned char *buf,
                                       size_t size,
                                       const struct sockaddr *peer_addr,
                                       socklen_t peer_addrlen,
                                       void *conn_user_data);

/**
 * Sends `vlen` datagrams, at most `XQC_MAX_SEND_MSG_ONCE`, to `peer_addr`; each entry of `msg_iov`
 * is one datagram. All pointers are valid during the call. Must not call functions that send.
 *
 * Returns the number of datagrams sent, counted from the first; the rest is offered again.
 * `XQC_SOCKET_EAGAIN` and `XQC_SOCKET_ERROR` are as with `xqc_socket_write_pt`.
 */
typedef ssize_t (*xqc_send_mmsg_pt)(const struct iovec *msg_iov,
                                    unsigned int vlen,
                                    const struct sockaddr *peer_addr,
                                    socklen_t peer_addrlen,
                                    void *conn_user_data);

/**
 * Takes the place of `write_socket` for one connection, with user data of its own; see
 * `xqc_conn_set_pkt_filter_callback`.
 */
typedef ssize_t (*xqc_conn_pkt_filter_callback_pt)(const unsigned char *buf,
                                                   size_t size,
                                                   const struct sockaddr *peer_addr,
                                                   socklen_t peer_addrlen,
                                                   void *cb_user_data);

/**
 * A client's connection `scid` has the connection IDs for one more path: `xqc_conn_create_path`
 * can succeed now.
 */
typedef void (*xqc_conn_ready_to_create_path_notify_pt)(const xqc_cid_t *scid, void *conn_user_data);

/**
 * Chooses a server's certificate by the name the client asked for. `sni` is zero-terminated and
 * valid during the call. `chain` receives a `STACK_OF(X509) *` of intermediates, `crt` an
 * `X509 *`, `key` an `EVP_PKEY *`; the library takes references of its own. Left null, the
 * engine's certificate is used. Called after `conn_create_notify`, and not for clients that send
 * no name.
 *
 * Returns `XQC_OK`; another value also leaves the engine's certificate in use.
 */
typedef xqc_int_t (*xqc_conn_cert_cb_pt)(const char *sni,
                                         void **chain,
                                         void **crt,
                                         void **key,
                                         void *user_data);

/**
 * Shows a server's host two TLS handshake messages whole, header included: the ClientHello as it
 * arrived and the ServerHello as it is sent. `msg_len` bytes at `msg`, valid during the call, of
 * type `xqc_tls_msg_type_t`.
 */
typedef void (*xqc_conn_ssl_msg_cb_pt)(int msg_type,
                                       const void *msg,
                                       size_t msg_len,
                                       void *user_data);

/**
 * Decides whether a client that brought no valid token must prove its address by a Retry packet.
 * Asked before `server_accept`; `user_data` is that of `xqc_engine_packet_process`. Of `conn` only
 * the addresses can be asked for; it is the handle that `server_accept` gets, or is gone after a
 * Retry.
 *
 * Returns `XQC_TRUE` to send Retry, `XQC_FALSE` to go on without.
 */
typedef int (*xqc_conn_retry_packet_pt)(xqc_engine_t *engine,
                                        xqc_connection_t *conn,
                                        const xqc_cid_t *cid,
                                        void *user_data);

/**
 * The path `path_id` of the connection `scid` was created. Its addresses can be asked for inside.
 *
 * Returns 0; another value rejects the path.
 */
typedef int (*xqc_path_created_notify_pt)(xqc_connection_t *conn,
                                          const xqc_cid_t *scid,
                                          uint64_t path_id,
                                          void *conn_user_data);

/**
 * The path `path_id` of the connection `scid` is closed; what belongs to it, such as a socket, is
 * no longer used.
 */
typedef void (*xqc_path_removed_notify_pt)(const xqc_cid_t *scid,
                                           uint64_t path_id,
                                           void *conn_user_data);

/** As `xqc_socket_write_pt`, with the path to send on. */
typedef ssize_t (*xqc_socket_write_ex_pt)(uint64_t path_id,
                                          const unsigned char *buf,
                                          size_t size,
                                          const struct sockaddr *peer_addr,
                                          socklen_t peer_addrlen,
                                          void *conn_user_data);

/** As `xqc_send_mmsg_pt`, with the path to send on. */
typedef ssize_t (*xqc_send_mmsg_ex_pt)(uint64_t path_id,
                                       const struct iovec *msg_iov,
                                       unsigned int vlen,
                                       const struct sockaddr *peer_addr,
                                       socklen_t peer_addrlen,
                                       void *conn_user_data);

/**
 * Callbacks between the transport and the application, whatever the application protocol. They
 * carry the transport's user data of a connection unless said otherwise: the last argument of
 * `xqc_connect` for a client, what `xqc_conn_set_transport_user_data` set for a server.
 */
struct xqc_transport_callbacks_s {
    /** Required for servers. */
    xqc_server_accept_pt server_accept;
    /** Required for servers that allocate in `server_accept`. */
    xqc_server_refuse_pt server_refuse;
    /** Optional; without it no stateless resets are sent. */
    xqc_stateless_reset_pt stateless_reset;
    /** One of the four write callbacks is required. */
    xqc_socket_write_pt write_socket;
    /** Used when `xqc_config_t.sendmmsg_on` is set. */
    xqc_send_mmsg_pt write_mmsg;
    /** Preferred over `write_socket` if both are set; required for multipath. */
    xqc_socket_write_ex_pt write_socket_ex;
    /** Preferred over `write_mmsg` if both are set. */
    xqc_send_mmsg_ex_pt write_mmsg_ex;
    /** Required if the application routes or finds connections by connection ID. */
    xqc_conn_update_cid_notify_pt conn_update_cid_notify;
    /** For clients. */
    xqc_save_token_pt save_token;
    /** For clients. */
    xqc_save_session_pt save_session_cb;
    /** For clients. */
    xqc_save_trans_param_pt save_tp_cb;
    /** For clients; required with `XQC_TLS_CERT_FLAG_NEED_VERIFY`. */
    xqc_cert_verify_pt cert_verify_cb;
    /** For clients that use multipath. */
    xqc_conn_ready_to_create_path_notify_pt ready_to_create_path_notify;
    /** For servers that use multipath. */
    xqc_path_created_notify_pt path_created_notify;
    /** For multipath. */
    xqc_path_removed_notify_pt path_removed_notify;
    /** Optional. */
    xqc_conn_closing_notify_pt conn_closing;
    /** For servers. */
    xqc_conn_peer_addr_changed_nofity_pt conn_peer_addr_changed_notify;
    /** For servers that use multipath. */
    xqc_path_peer_addr_changed_nofity_pt path_peer_addr_changed_notify;
    /** For servers; optional. */
    xqc_conn_cert_cb_pt conn_cert_cb;
    /** Optional. */
    xqc_conn_ssl_msg_cb_pt conn_ssl_msg_cb;
    /** For servers; without it no Retry packets are sent. */
    xqc_conn_retry_packet_pt conn_retry_packet_condition_check;
    /** For servers: sends Retry and refusals, with the user data of `xqc_engine_packet_process`. */
    xqc_socket_write_pt conn_send_packet_before_accept;
};

/** What an engine needs from its surroundings. All are called with the engine's user data. */
typedef struct xqc_engine_callback_s {
    /** Required. */
    xqc_set_event_timer_pt set_event_timer;
    /** Optional; without them nothing is logged. */
    xqc_log_callbacks_t log_callbacks;
    /** Optional; without it connection IDs are random. */
    xqc_cid_generate_pt cid_generate_cb;
    /** Optional. */
    xqc_eng_keylog_pt keylog_cb;
    /** Wall clock, microseconds since the Unix epoch, for logs and tokens. Optional. */
    xqc_timestamp_pt realtime_ts;
    /** Clock for all timers; must not go back. Optional. */
    xqc_timestamp_pt monotonic_ts;
} xqc_engine_callback_t;

/** How important a datagram is, for the scheduler and for redundancy. */
typedef enum {
    /** Before everything else. */
    XQC_DATA_QOS_HIGHEST = 1,
    /** High. */
    XQC_DATA_QOS_HIGH = 2,
    /** Medium. */
    XQC_DATA_QOS_MEDIUM = 3,
    /** Normal. */
    XQC_DATA_QOS_NORMAL = 4,
    /** Low. */
    XQC_DATA_QOS_LOW = 5,
    /** After everything else. */
    XQC_DATA_QOS_LOWEST = 6,
    /** Sent only to probe a path. */
    XQC_DATA_QOS_PROBING = 7,
} xqc_data_qos_level_t;

/**
 * A stream was created, can be read or written, or is about to be released. `strm_user_data` is
 * the stream's: the argument of `xqc_stream_create`, or what `xqc_stream_set_user_data` set.
 *
 * Returns 0; a negative value from reading or writing closes the connection.
 */
typedef xqc_int_t (*xqc_stream_notify_pt)(xqc_stream_t *stream, void *strm_user_data);

/** The peer reset a stream with the application's error code `err_code`. */
typedef void (*xqc_stream_closing_notify_pt)(xqc_stream_t *stream,
                                             xqc_int_t err_code,
                                             void *strm_user_data);

/**
 * A datagram of `data_len` bytes, at least one, arrived; `data` is valid during the call. `unix_ts`
 * is the receive time of its packet in microseconds, by the clock of the engine. May send, and
 * close the connection; after that no more come.
 */
typedef void (*xqc_datagram_read_notify_pt)(xqc_connection_t *conn,
                                            void *user_data,
                                            const void *data,
                                            size_t data_len,
                                            uint64_t unix_ts);

/**
 * Datagrams can be sent again, after an attempt met `-XQC_EAGAIN`: the handshake has come far
 * enough, or a tenth of the queue is free. Called once for each such attempt or row of them.
 */
typedef void (*xqc_datagram_write_notify_pt)(xqc_connection_t *conn, void *user_data);

/**
 * A copy of the datagram `dgram_id` is held to be lost. It may be acknowledged later all the same,
 * and with several copies the call may come more than once.
 *
 * Returns `XQC_DGRAM_RETX_ASKED_BY_APP` to have it sent again; other values let it go.
 */
typedef xqc_int_t (*xqc_datagram_lost_notify_pt)(xqc_connection_t *conn,
                                                 uint64_t dgram_id,
                                                 void *user_data);

/** The peer acknowledged the datagram `dgram_id`. Called once for each. */
typedef void (*xqc_datagram_acked_notify_pt)(xqc_connection_t *conn,
                                             uint64_t dgram_id,
                                             void *user_data);

/**
 * The largest datagram that fits changed to `mss` bytes; 0 means that the peer takes no datagrams.
 * It shrinks only if the path turns out not to carry what it did. Not called before
 * `xqc_datagram_set_user_data`.
 */
typedef void (*xqc_datagram_mss_updated_notify_pt)(xqc_connection_t *conn,
                                                   size_t mss,
                                                   void *user_data);

/** What an application protocol hears of its connections. */
typedef struct xqc_conn_callbacks_s {
    /** Required for servers. */
    xqc_conn_notify_pt conn_create_notify;
    /** Required. The last callback of a connection. */
    xqc_conn_notify_pt conn_close_notify;
    /** Optional. */
    xqc_handshake_finished_pt conn_handshake_finished;
    /** Optional. */
    xqc_conn_ping_ack_notify_pt conn_ping_acked;
} xqc_conn_callbacks_t;

/** What an application protocol hears of its streams. */
typedef struct xqc_stream_callbacks_s {
    /** Data, or the end, is there for `xqc_stream_recv`. Repeated as long as data is left unread. */
    xqc_stream_notify_pt stream_read_notify;
    /** `xqc_stream_send` can go on after it took only a part, or nothing. */
    xqc_stream_notify_pt stream_write_notify;
    /** A stream was opened, by either side. Required for servers. */
    xqc_stream_notify_pt stream_create_notify;
    /** The stream has ended; after the call its handle is gone. */
    xqc_stream_notify_pt stream_close_notify;
    /** The peer reset the stream. Optional. */
    xqc_stream_closing_notify_pt stream_closing_notify;
} xqc_stream_callbacks_t;

/**
 * What an application protocol hears of datagrams. `user_data` is what
 * `xqc_datagram_set_user_data` set.
 */
typedef struct xqc_datagram_callbacks_s {
    /** A datagram arrived. */
    xqc_datagram_read_notify_pt datagram_read_notify;
    /** Datagrams can be sent again. */
    xqc_datagram_write_notify_pt datagram_write_notify;
    /** A datagram was acknowledged. Optional. */
    xqc_datagram_acked_notify_pt datagram_acked_notify;
    /** A datagram was lost. Optional. */
    xqc_datagram_lost_notify_pt datagram_lost_notify;
    /** The room in a datagram grew. Optional. */
    xqc_datagram_mss_updated_notify_pt datagram_mss_updated_notify;
} xqc_datagram_callbacks_t;

/** An application protocol, as given to `xqc_engine_register_alpn`. */
typedef struct xqc_app_proto_callbacks_s {
    /** Connections. */
    xqc_conn_callbacks_t conn_cbs;
    /** Streams. */
    xqc_stream_callbacks_t stream_cbs;
    /** Datagrams; all may be null. */
    xqc_datagram_callbacks_t dgram_cbs;
} xqc_app_proto_callbacks_t;

/**
 * Parameters for the congestion controller. They take effect only with `customize_on`; a value of
 * 0 then still means the controller's default.
 */
typedef struct xqc_cc_params_s {
    /** 1: use the values below. */
    uint32_t customize_on;
    /** Initial window in packets. */
    uint32_t init_cwnd;
    /** Smallest window in packets. */
    uint32_t min_cwnd;
    /** Expected bandwidth in bytes per second, where the controller starts. */
    uint32_t expect_bw;
    /** Bandwidth in bytes per second beyond which the controller does not probe. */
    uint32_t max_expect_bw;
    /** BBR: 1 looks out for token bucket policers. */
    uint8_t bbr_enable_lt_bw;
    /** BBR: 1 treats samples of a sender without data like any other. */
    uint8_t bbr_ignore_app_limit;
    /** BBR: bits of `xqc_bbr_optimization_flag_t` or `xqc_bbr2_optimization_flag_t`. */
    uint32_t cc_optimization_flags;
    /** Copa: above 0, at most `copa_delta_max`, default 0.05. Smaller gives throughput precedence. */
    double copa_delta_base;
    /** Copa: above 0, at most 1, default 0.5. */
    double copa_delta_max;
    /** Copa: at least 1, default 1. Larger competes harder with controllers that fill queues. */
    double copa_delta_ai_unit;
} xqc_cc_params_t;

/**
 * A congestion controller. The library's own ones are the objects `xqc_cubic_cb` and so on; a host
 * may give a table of its own, or a copy with some members replaced. `cong_ctl` is memory that the
 * library provides, one block for each path. No member may call the library.
 */
typedef struct xqc_congestion_control_callback_s {
    /** Returns the bytes of memory one path needs. */
    size_t (*xqc_cong_ctl_size)(void);
    /** Initializes that memory; null for controllers that have `xqc_cong_ctl_init_bbr`. */
    void (*xqc_cong_ctl_init)(void *cong_ctl, xqc_send_ctl_t *ctl_ctx, xqc_cc_params_t cc_params);
    /** A packet sent at `lost_sent_time` was lost. */
    void (*xqc_cong_ctl_on_lost)(void *cong_ctl, xqc_usec_t lost_sent_time);
    /** The packet `po` was acknowledged. */
    void (*xqc_cong_ctl_on_ack)(void *cong_ctl, xqc_packet_out_t *po, xqc_usec_t now);
    /** Returns the window in bytes. */
    uint64_t (*xqc_cong_ctl_get_cwnd)(void *cong_ctl);
    /** Persistent congestion: the window falls to its minimum. */
    void (*xqc_cong_ctl_reset_cwnd)(void *cong_ctl);
    /** Returns nonzero in slow start. */
    int (*xqc_cong_ctl_in_slow_start)(void *cong_ctl);
    /** Returns nonzero in recovery. */
    int (*xqc_cong_ctl_in_recovery)(void *cong_ctl);
    /** Sending resumes after a pause; `arg` is the time the last packet was sent, in microseconds. */
    void (*xqc_cong_ctl_restart_from_idle)(void *cong_ctl, uint64_t arg);
    /**
     * An ACK was processed; takes the place of `xqc_cong_ctl_on_ack` for controllers that work on
     * samples.
     */
    void (*xqc_cong_ctl_on_ack_multiple_pkts)(void *cong_ctl, xqc_sample_t *sampler);
    /** Initializes the memory of a controller that works on samples. */
    void (*xqc_cong_ctl_init_bbr)(void *cong_ctl, xqc_sample_t *sampler, xqc_cc_params_t cc_params);
    /** Returns the pacing rate in bytes per second. Null: paced by window and round trip time. */
    uint32_t (*xqc_cong_ctl_get_pacing_rate)(void *cong_ctl);
    /** Returns the estimated bandwidth in bytes per second. */
    uint32_t (*xqc_cong_ctl_get_bandwidth_estimate)(void *cong_ctl);
    /** Further getters for logs; null for a host's own controller. */
    xqc_bbr_info_interface_t *xqc_cong_ctl_info_cb;
} xqc_cong_ctrl_callback_t;

/** What a scheduler is told about a path. */
typedef enum xqc_scheduler_path_event_e {
    /** It has room in its window again. */
    XQC_SCHED_EVENT_PATH_NOT_FULL = 0,
} xqc_scheduler_path_event_t;

/** What a scheduler is told about a connection. */
typedef enum xqc_scheduler_conn_event_e {
    /** A round of sending starts. */
    XQC_SCHED_EVENT_CONN_ROUND_START = 0,
    /** A round of sending is over. */
    XQC_SCHED_EVENT_CONN_ROUND_FIN = 1,
} xqc_scheduler_conn_event_t;

/** When unacknowledged data is considered for sending again on another path. Bits. */
typedef enum {
    /** After new data was given to paths. */
    XQC_REINJ_UNACK_AFTER_SCHED = (1 << 0),
    /** Before new data is given to paths. */
    XQC_REINJ_UNACK_BEFORE_SCHED = (1 << 1),
    /** After packets were sent. */
    XQC_REINJ_UNACK_AFTER_SEND = (1 << 2),
} xqc_reinjection_mode_t;

/** Thresholds for path schedulers. 0 means the default. */
typedef struct xqc_scheduler_params_u {
    /** Round trip time in microseconds above which a path counts as bad. Default 2,000,000. */
    uint64_t rtt_us_thr_high;
    /** Round trip time in microseconds below which it counts as good again. Default 500,000. */
    uint64_t rtt_us_thr_low;
    /** Bandwidth in bytes per second below which a path counts as bad. Default 375,000. */
    uint64_t bw_Bps_thr;
    /** Loss rate in percent above which a path counts as bad. Default 30. */
    double loss_percent_thr_high;
    /** Loss rate in percent below which it counts as good again. Default 10. */
    double loss_percent_thr_low;
    /** Probe timeouts in a row after which a path counts as bad. Default 2. */
    uint32_t pto_cnt_thr;
} xqc_scheduler_params_t;

/**
 * A path scheduler. `scheduler` is memory that the library provides, one block for each
 * connection. No member may call the library.
 */
typedef struct xqc_scheduler_callback_s {
    /** Returns the bytes of memory one connection needs. */
    size_t (*xqc_scheduler_size)(void);
    /** Initializes that memory. */
    void (*xqc_scheduler_init)(void *scheduler, xqc_log_t *log, xqc_scheduler_params_t *params);
    /**
     * Returns the path to send `packet_out` on, null for none now. `check_cwnd`: only paths with
     * room in their window. `reinject`: not the path it was sent on before. `cc_blocked` receives
     * whether windows were the only obstacle; it may be null.
     */
    xqc_path_ctx_t *(*xqc_scheduler_get_path)(void *scheduler,
                                              xqc_connection_t *conn,
                                              xqc_packet_out_t *packet_out,
                                              int check_cwnd,
                                              int reinject,
                                              xqc_bool_t *cc_blocked);
    /** Something happened to a path. Optional. */
    void (*xqc_scheduler_handle_path_event)(void *scheduler,
                                            xqc_path_ctx_t *path,
                                            xqc_scheduler_path_event_t event,
                                            void *event_arg);
    /** Something happened to the connection. Optional. */
    void (*xqc_scheduler_handle_conn_event)(void *scheduler,
                                            xqc_connection_t *conn,
                                            xqc_scheduler_conn_event_t event,
                                            void *event_arg);
} xqc_scheduler_callback_t;

/**
 * Decides about reinjection. `reinj_ctl` is memory that the library provides, one block for each
 * connection. No member may call the library.
 */
typedef struct xqc_reinj_ctl_callback_s {
    /** Returns the bytes of memory one connection needs. */
    size_t (*xqc_reinj_ctl_size)(void);
    /** Initializes that memory. */
    void (*xqc_reinj_ctl_init)(void *reinj_ctl, xqc_connection_t *conn);
    /** New information on the quality of experience. Optional. */
    void (*xqc_reinj_ctl_update)(void *reinj_ctl, void *qoe_info);
    /** Forget what was learnt. Optional. */
    void (*xqc_reinj_ctl_reset)(void *reinj_ctl, void *qoe_info);
    /** Returns whether the packet `po` should be sent again on another path. */
    xqc_bool_t (*xqc_reinj_ctl_can_reinject)(void *reinj_ctl,
                                             xqc_packet_out_t *po,
                                             xqc_reinjection_mode_t mode);
} xqc_reinj_ctl_callback_t;

/** Error correction codes, by their number on the wire. */
typedef enum {
    /** Reed-Solomon. */
    XQC_REED_SOLOMON_CODE = 8,
    /** One XOR over the block. */
    XQC_XOR_CODE = 11,
    /** XORs over subsets of the block. */
    XQC_PACKET_MASK_CODE = 12,
} xqc_fec_schemes_e;

/** Where repair symbols go with multipath. */
typedef enum {
    /** Where the scheduler sends them. */
    XQC_FEC_MP_DEFAULT = 0,
    /** To the standby path. */
    XQC_FEC_MP_USE_STB = 1,
} xqc_fec_mp_mode_e;

/** The loss pattern for which packet masks are made. */
typedef enum {
    /** Single losses. */
    XQC_FEC_RANDOM_TBL = 0,
    /** Losses in a row. */
    XQC_FEC_BURST_TBL = 1,
} xqc_fec_tbl_mode_e;

/** Parameters of error correction. 0 means the default. */
typedef struct xqc_fec_params_s {
    /** Source symbols as a part of all symbols, above 0 and below 1. */
    float fec_code_rate;
    /** Bits of an element of the finite field. Default 8. */
    xqc_int_t fec_ele_bit_size;
    /** Bits of the frame types to protect. Default STREAM and DATAGRAM. */
    uint64_t fec_protected_frames;
    /** The most blocks kept by the receiver. Default 96. */
    uint64_t fec_max_window_size;
    /** The most symbols in a block. Default 10. */
    uint64_t fec_max_symbol_num_per_block;
    /** Use of paths for repair symbols. */
    xqc_fec_mp_mode_e fec_mp_mode;
    /** 1: log every block. */
    xqc_bool_t fec_log_on;
    /** Entries used in `fec_encoder_schemes`. */
    xqc_int_t fec_encoder_schemes_num;
    /** Entries used in `fec_decoder_schemes`. */
    xqc_int_t fec_decoder_schemes_num;
    /** Schemes to send with, in order of preference. */
    xqc_fec_schemes_e fec_encoder_schemes[XQC_FEC_MAX_SCHEME_NUM];
    /** Schemes that can be received, in order of preference. */
    xqc_fec_schemes_e fec_decoder_schemes[XQC_FEC_MAX_SCHEME_NUM];
    /** The scheme agreed on for sending; set by the library. */
    xqc_fec_schemes_e fec_encoder_scheme;
    /** The scheme agreed on for receiving; set by the library. */
    xqc_fec_schemes_e fec_decoder_scheme;
    /** One block in so many is logged. Default 1000. */
    xqc_flag_t fec_blk_log_mod;
    /** The loss pattern to expect. */
    xqc_fec_tbl_mode_e fec_packet_mask_mode;
} xqc_fec_params_t;

/**
 * An error correction code. Pass one of the library's own objects on; the members work on the
 * connection's internal state and are not for the host to call.
 */
typedef struct xqc_fec_code_callback_s {
    /** Prepares a connection. */
    void (*xqc_fec_init)(xqc_connection_t *conn);
    /** Adds one source symbol of `un_size` bytes to the repair symbols in `outputs`. */
    xqc_int_t (*xqc_fec_encode)(xqc_connection_t *conn,
                                unsigned char *unit_data,
                                size_t un_size,
                                unsigned char **outputs,
                                uint8_t fec_bm_mode);
    /** Recovers the missing symbols of a block. */
    xqc_int_t (*xqc_fec_decode)(xqc_connection_t *conn,
                                unsigned char **recovered_symbols_buff,
                                size_t *size,
                                xqc_int_t block_idx);
    /** Recovers one missing symbol of a block. */
    xqc_int_t (*xqc_fec_decode_one)(xqc_connection_t *conn,
                                    unsigned char *recovered_symbols_buff,
                                    xqc_int_t block_id,
                                    xqc_int_t symbol_idx);
    /** Prepares one block size class of a connection. */
    void (*xqc_fec_init_one)(xqc_connection_t *conn, uint8_t bm_idx);
} xqc_fec_code_callback_t;

/** Bits for `xqc_conn_ssl_config_t.cert_verify_flag`. */
typedef enum {
    /**
     * Verify the server's certificate: dates, name and chain by the library; whether its
     * issuer is to be trusted by `cert_verify_cb`.
     */
    XQC_TLS_CERT_FLAG_NEED_VERIFY = (1 << 0),
    /** Accept a self-signed certificate all the same. */
    XQC_TLS_CERT_FLAG_ALLOW_SELF_SIGNED = (1 << 1),
} xqc_cert_verify_flag_e;

/**
 * Configuration of an engine. Start from `xqc_engine_get_default_config`, which does not write
 * every byte: clear the struct first. The library copies it.
 */
typedef struct xqc_config_s {
    /** Records less important than this are not made. Default `XQC_LOG_WARN`. */
    xqc_log_level_t cfg_log_level;
    /** Nonzero: write qlog events. Default 1. */
    xqc_flag_t cfg_log_event;
    /** Events less important than this are not made. Default `EVENT_IMPORTANCE_EXTRA`. */
    qlog_event_importance_t cfg_qlog_importance;
    /** Nonzero: begin log records with the time. Default 1. */
    xqc_flag_t cfg_log_timestamp;
    /** Nonzero: name the level in log records. Default 1. */
    xqc_flag_t cfg_log_level_name;
    /** A hint, in bytes; connections take the memory they need. */
    size_t conn_pool_size;
    /** A hint: streams expected on a connection. */
    size_t streams_hash_bucket_size;
    /** A hint: connections expected on the engine. */
    size_t conns_hash_bucket_size;
    /** A hint: connections expected to be busy at a time. */
    size_t conns_active_pq_capacity;
    /** A hint: connections expected to wait for a timer. */
    size_t conns_wakeup_pq_capacity;
    /**
     * Version numbers as on the wire, in order of preference: 1, 0xff00001d for draft 29, and what
     * `xqc_ext.h` adds. A server answers others with Version Negotiation. A client, which begins
     * with the `proto_version` of its settings, goes on with one of these if the server does not
     * speak that.
     */
    uint32_t support_version_list[XQC_SUPPORT_VERSION_MAX];
    /** Entries used in `support_version_list`. */
    uint32_t support_version_count;
    /** Length of the connection IDs issued, `XQC_MIN_CID_LEN` to `XQC_MAX_CID_LEN`. Default 8. */
    uint8_t cid_len;
    /**
     * For servers. Nonzero: never take over the connection ID that a client chose for its first
     * packets, even if its length fits.
     */
    uint8_t cid_negotiate;
    /** Key for stateless reset tokens. Must be the same in all processes that serve one address. */
    char reset_token_key[XQC_RESET_TOKEN_MAX_KEY_LEN];
    /** Bytes used in `reset_token_key`. */
    size_t reset_token_keylen;
    /** Nonzero: send through `write_mmsg`, which must be set then. */
    int sendmmsg_on;
    /** Nonzero: offer extended HTTP/3 (`h3-ext`) besides HTTP/3. Default 0. */
    uint8_t enable_h3_ext;
    /**
     * Nonzero: sending functions only queue; packets go out in `xqc_engine_finish_send` and
     * `xqc_engine_main_logic`.
     */
    uint8_t manually_triggered_send;
    /** Warn in the log when so many connections share a bucket. Default 50. */
    uint32_t hash_conflict_threshold;
    /**
     * Keys for address validation tokens; tokens of all of them are accepted, so that keys can be
     * replaced one at a time. Processes that share them accept each other's tokens. A key that is
     * left at its default is not used, as it is in every copy of the library: the engine makes a
     * random one in its place.
     */
    unsigned char token_key_list[XQC_TOKEN_MAX_KEY_VERSION][XQC_TOKEN_MAX_KEY_LEN];
    /** Bytes used in each of `token_key_list`; 0 for an unused one. */
    uint16_t tk_len_list[XQC_TOKEN_MAX_KEY_VERSION];
    /** The key for new tokens, 0 to `XQC_TOKEN_MAX_KEY_VERSION` - 1. */
    uint8_t cur_tk_index;
} xqc_config_t;

/**
 * TLS of an engine. Strings are zero-terminated unless a length is given, and are only read
 * during `xqc_engine_create`.
 */
typedef struct xqc_engine_ssl_config_s {
    /** Path of the private key in PEM form. Required for servers. */
    char *private_key_file;
    /** Path of the certificate chain in PEM form, leaf first. Required for servers. */
    char *cert_file;
    /** Cipher suites, separated by colons; null for `XQC_TLS_CIPHERS`. */
    char *ciphers;
    /** Key exchange groups, separated by colons; null for `XQC_TLS_GROUPS`. */
    char *groups;
    /** Lifetime of sessions in seconds; 0 for the default of 604,800. */
    uint32_t session_timeout;
    /**
     * For servers: key for session tickets, the same in all processes that serve one name. Null
     * for a random one.
     */
    char *session_ticket_key_data;
    /** Length of that key: 48 or 80 bytes. */
    size_t session_ticket_key_len;
} xqc_engine_ssl_config_t;

/**
 * TLS of one client connection. Everything is only read during the call it is passed to. 0-RTT is
 * possible with both a ticket and transport parameters.
 */
typedef struct xqc_conn_ssl_config_s {
    /** What `save_session_cb` handed out on an earlier connection to this server, or null. */
    char *session_ticket_data;
    /** Length of it in bytes. */
    size_t session_ticket_len;
    /** What `save_tp_cb` handed out on an earlier connection to this server, or null. */
    char *transport_parameter_data;
    /** Length of it in bytes. */
    size_t transport_parameter_data_len;
    /** Bits of `xqc_cert_verify_flag_e`; 0 trusts any certificate. */
    uint8_t cert_verify_flag;
    /** The key exchange group to offer first. */
    xqc_tls_group_type_t tls_groups;
} xqc_conn_ssl_config_t;

/** Whether the peer is asked to stop sending datagrams redundantly. */
typedef enum {
    /** Nothing is asked. */
    XQC_RED_NOT_USE = 0,
    /** It is asked to stop. */
    XQC_RED_SET_CLOSE = 1,
} xqc_dgram_red_setting_e;

/** Bits for `xqc_conn_settings_t.enable_pmtud`. */
typedef enum {
    /** No path MTU discovery. */
    XQC_PMTUD_DISABLE = 0,
    /** The client probes. A server sets this bit to consent, which only the original asks for. */
    XQC_PMTUD_ENABLE_CLIENT = (1 << 0),
    /** The server probes. A client sets this bit to consent. */
    XQC_PMTUD_ENABLE_SERVER = (1 << 1),
    /** Both bits; they are told the peer. */
    XQC_PMTUD_ENABLE_MASK = 3,
    /** This end probes whatever the peer says (RFC 9000 section 14.3); not sent to it. */
    XQC_PMTUD_FORCE_ENABLE = (1 << 2),
} xqc_pmtud_flag_e;

/** What makes up the blocks of error correction. */
typedef enum {
    /** Packets of the whole connection. */
    XQC_FEC_CONN_LEVEL = 0,
    /** Packets of one stream. */
    XQC_FEC_STREAM_LEVEL = 1,
} xqc_fec_level_e;

/** Versions of the multipath extension. */
typedef enum {
    /** None. */
    XQC_ERR_MULTIPATH_VERSION = 0x00,
    /** Draft 10. */
    XQC_MULTIPATH_10 = 0x0a,
} xqc_multipath_version_t;

/** Versions of the error correction extension. */
typedef enum {
    /** None. */
    XQC_ERR_FEC_VERSION = 0x00,
    /** Version 2. */
    XQC_FEC_02 = 0x02,
} xqc_fec_version_t;

/** Lingering: after a close, send what is queued before CONNECTION_CLOSE. */
typedef struct xqc_linger_s {
    /** 1: linger. */
    uint32_t linger_on;
    /** For how many microseconds at most; 0 for three probe timeouts. */
    xqc_usec_t linger_timeout;
} xqc_linger_t;

/**
 * Settings of a connection. Clear the struct, or start from
 * `xqc_conn_get_conn_settings_template`, then change what matters. In limits, windows, sizes and
 * timeouts 0 means the library's default; switches are off at 0. Values out of range are clamped.
 * The library copies the struct; live connections keep theirs.
 */
struct xqc_conn_settings_s {
    /** 1: spread packets over the round trip time. */
    int pacing_on;
    /** 1: a client sends PINGs to keep the connection alive. */
    int ping_on;
    /** A copy of one of the congestion controller objects. Cleared: `xqc_cubic_cb`. */
    xqc_cong_ctrl_callback_t cong_ctrl_callback;
    /** Parameters for it. */
    xqc_cc_params_t cc_params;
    /** Upper bound of the congestion window in bytes, for a small socket buffer. 0: none. */
    uint32_t so_sndbuf;
    /**
     * The most packets queued for sending, beyond which streams block. Default 18,000; should hold
     * twice the bandwidth-delay product.
     */
    uint64_t sndq_packets_used_max;
    /** What closing does about queued data. */
    xqc_linger_t linger;
    /** QUIC version of a client. `xqc_h3_connect` requires one. */
    xqc_proto_version_t proto_version;
    /** Idle timeout in milliseconds until the handshake is complete. Default 10,000. */
    xqc_msec_t init_idle_time_out;
    /** Idle timeout in milliseconds after it. Default 120,000. */
    xqc_msec_t idle_time_out;
    /** After this many microseconds without a full block, repair symbols are sent anyway. 0: never. */
    xqc_usec_t fec_conn_queue_rpr_timeout;
    /** 1: recognize losses that were none, and be more patient on a path that reorders. */
    int32_t spurious_loss_detect_on;
    /** A server sends an unvalidated client at most so many times the bytes it got. Default 3. */
    uint32_t anti_amplification_limit;
    /** Update keys after so many packets. 0: only when the cipher's limit requires it. */
    uint64_t keyupdate_pkt_threshold;
    /** Largest packet sent, in bytes without the UDP header. Default 1200, at most 1420. */
    size_t max_pkt_out_size;
    /**
     * Size up to which path MTU discovery probes, in bytes without the UDP header. Default 1420,
     * at most 1500.
     */
    size_t probing_pkt_out_size;
    /**
     * Largest DATAGRAM frame accepted, in bytes. 0 refuses datagrams; 65535 accepts any that fits
     * into a packet.
     */
    uint16_t max_datagram_frame_size;
    /** 1: offer multipath. */
    uint64_t enable_multipath;
    /** Version of the extension to offer. Default `XQC_MULTIPATH_10`. */
    xqc_multipath_version_t multipath_version;
    /** Highest path ID granted to the peer. Default 8. */
    uint64_t init_max_path_id;
    /** Unused connection IDs to be at hand before `ready_to_create_path_notify`. */
    uint64_t least_available_cid_count;
    /** Bits of `xqc_reinjection_mode_t`. 0: no reinjection. */
    int mp_enable_reinjection;
    /**
     * The deadline for reinjection is this factor times the round trip time, within the two bounds
     * below. Default 1.1.
     */
    double reinj_flexible_deadline_srtt_factor;
    /** Upper bound of that deadline in microseconds. Default 500,000. */
    uint64_t reinj_hard_deadline;
    /** Lower bound of that deadline in microseconds. Default 20,000. */
    uint64_t reinj_deadline_lower_bound;
    /** 1: acknowledgements may go out on any path, as the scheduler says. */
    uint8_t mp_ack_on_any_path;
    /** 1: keep-alive PINGs go out on every path. */
    uint8_t mp_ping_on;
    /** A copy of one of the scheduler objects. Cleared: `xqc_minrtt_scheduler_cb`. */
    xqc_scheduler_callback_t scheduler_callback;
    /** Parameters for it. */
    xqc_scheduler_params_t scheduler_params;
    /** A copy of one of the reinjection objects. Cleared: none. */
    xqc_reinj_ctl_callback_t reinj_ctl_callback;
    /** A standby path is probed after so many milliseconds without traffic, at least 500. 0: never. */
    xqc_msec_t standby_path_probe_timeout;
    /** Longest delay of an acknowledgement in milliseconds. Default and upper bound 25. */
    uint32_t max_ack_delay;
    /** Acknowledge after so many packets. Default 2. */
    uint32_t ack_frequency;
    /** 1: acknowledge only every tenth packet once 100 acknowledgements were sent. */
    uint8_t adaptive_ack_frequency;
    /** A packet is lost when one sent so many later is acknowledged. Default 3. */
    uint64_t loss_detection_pkt_thresh;
    /** Growth of the probe timeout from one to the next. Default 2. */
    double pto_backoff_factor;
    /** 0: send datagrams once. 1: twice. 2: twice, on different paths only. */
    uint8_t datagram_redundancy;
    /** 1: lost datagrams are sent again. */
    uint8_t datagram_force_retrans_on;
    /** Send the last datagram again after so many microseconds of silence, at least 30,000. 0: no. */
    uint64_t datagram_redundant_probe;
    /**
     * Bits of `xqc_pmtud_flag_e`: path MTU discovery. Datagrams grow to the largest size that
     * arrives, and fall back to 1200 bytes when the path stops carrying larger ones.
     */
    uint8_t enable_pmtud;
    /** Time between two probes in microseconds. Default 500,000. */
    uint64_t pmtud_probing_interval;
    /** 1: mark reinjected packets in the reserved bits of their header. */
    uint8_t marking_reinjection;
    /**
     * Limit on the rate of stream data received, in bytes per second. Not below 63,000 bytes per
     * round trip time. 0: none.
     */
    uint64_t recv_rate_bytes_per_sec;
    /** 1: limits of single streams take effect; see `xqc_stream_settings_t`. */
    uint8_t enable_stream_rate_limit;
    /** Initial flow control window of limited streams in bytes. Default 63,000. */
    uint32_t init_recv_window;
    /** 1: small initial limits as interoperability tests expect: 1 MiB of data, 128 streams. */
    xqc_bool_t is_interop_mode;
#if defined(XQC_PROTECT_POOL_MEM)
    /** 1: let memory pools check for overruns. */
    uint8_t protect_pool_mem;
#endif
    /** Connection options, `xqc_conn_option_t`: comma-separated and zero-terminated. */
    char conn_option_str[XQC_CO_STR_MAX_LEN];
    /** Round trip time assumed before the first sample, in microseconds. Default 250,000. */
    xqc_usec_t initial_rtt;
    /** First probe timeout in microseconds. Default three times `initial_rtt`. */
    xqc_usec_t initial_pto_duration;
    /** 1: offer to send with error correction. */
    uint64_t enable_encode_fec;
    /** 1: offer to receive with error correction. */
    uint64_t enable_decode_fec;
    /** Parameters for it. */
    xqc_fec_params_t fec_params;
    /** Set by the library once a scheme is agreed on. */
    xqc_fec_code_callback_t fec_callback;
    /** Whether the peer is asked to stop redundancy of datagrams. */
    xqc_dgram_red_setting_e close_dgram_redundancy;
    /** 1: this connection never sends through `write_mmsg`. */
    uint8_t disable_send_mmsg;
    /** 1: shorter probe timeouts, 1.25 times the smoothed round trip time. */
    uint8_t control_pto_value;
    /** Largest UDP payload that is received, in bytes. Default 1500. */
    uint64_t max_udp_payload_size;
    /** What makes up blocks of error correction. */
    xqc_fec_level_e fec_level;
    /** Bits of the extended acknowledgement; 2: receive timestamps. Not with multipath. */
    uint64_t extended_ack_features;
    /** The most timestamps in one acknowledgement, at most 63. */
    uint64_t max_receive_timestamps_per_ack;
    /** Timestamps count in units of 2 to this power milliseconds, at most 20. */
    uint64_t receive_timestamps_exponent;
    /** 1: never skip packet numbers. Weakens the defence against forged acknowledgements. */
    uint8_t disable_pn_skipping;
    /** 1: a client uses `client_scid` as its connection ID. */
    uint8_t specify_client_scid;
    /** The engine's `cid_len` bytes are used. */
    uint8_t client_scid[XQC_MAX_CID_LEN];
    /** 1: a client uses `client_dcid` as the server's first connection ID. */
    uint8_t specify_client_dcid;
    /** The engine's `cid_len` bytes are used; at least 8 are needed. */
    uint8_t client_dcid[XQC_MAX_CID_LEN];
    /** Bidirectional streams the peer may have open. Default 1024. */
    uint64_t max_streams_bidi;
    /** Unidirectional streams the peer may have open. Default 1024. */
    uint64_t max_streams_uni;
    /** For tests, 1: acknowledgements report made-up ECN counts. */
    uint8_t simulate_ecn;
    /** Bytes of one stream held back while its header section waits for QPACK. Default 1 MiB. */
    size_t max_blocked_buf_per_stream;
    /** Bytes of all streams so held back. Default 8 MiB. */
    size_t max_blocked_buf_per_conn;
};

/** Paths listed in statistics. */
#define XQC_MAX_PATHS_COUNT 8

/** Room for the report line, in bytes. */
#define XQC_CONN_INFO_LEN 400

/** Room for the second report line, in bytes. */
#define XQC_EXTERN_CONN_INFO_LEN 128

/** What became of 0-RTT. */
typedef enum {
    /** It was not tried, or is undecided. */
    XQC_0RTT_NONE = 0,
    /** The server accepted it. */
    XQC_0RTT_ACCEPT = 1,
    /** The server rejected it; the data was sent again in 1-RTT packets. */
    XQC_0RTT_REJECT = 2,
} xqc_0rtt_flag_t;

/** Statistics of one path. */
typedef struct xqc_path_metrics_s {
    /** Its ID; `XQC_UNKNOWN_PATH_ID` in an unused entry. */
    uint64_t path_id;
    /** Datagrams received. */
    uint64_t path_pkt_recv_count;
    /** Packets sent that count as in flight. */
    uint64_t path_pkt_send_count;
    /** Bytes of packets sent with STREAM or DATAGRAM frames. */
    uint64_t path_send_bytes;
    /** Those sent for reinjection. */
    uint64_t path_send_reinject_bytes;
    /** Bytes of packets received with STREAM or DATAGRAM frames. */
    uint64_t path_recv_bytes;
    /** Those received by reinjection. */
    uint64_t path_recv_reinject_bytes;
    /** Those that were new. */
    uint64_t path_recv_effective_bytes;
    /** Those that were new and came by reinjection. */
    uint64_t path_recv_effective_reinject_bytes;
    /** Not counted: 0; see `srtt` of the connection. */
    uint64_t path_srtt;
    /** An `xqc_app_path_status_t`. */
    uint8_t path_app_status;
} xqc_path_metrics_t;

/** Statistics of a connection. Zero-terminated strings. */
typedef struct xqc_conn_stats_s {
    /** Packets sent that count as in flight: all but those with nothing but an ACK or the end. */
    uint32_t send_count;
    /** Packets declared lost. */
    uint32_t lost_count;
    /** Packets sent to probe after a timeout. */
    uint32_t tlp_count;
    /** Packets wrongly declared lost, if that is detected. */
    uint32_t spurious_loss_count;
    /** Packets with datagrams declared lost. */
    uint32_t lost_dgram_count;
    /** Smoothed round trip time of the first path in microseconds; 0 before the first sample. */
    xqc_usec_t srtt;
    /** Smallest round trip time of the first path in microseconds; 0 before the first sample. */
    xqc_usec_t min_rtt;
    /** Bytes sent and not yet acknowledged or lost. */
    uint64_t inflight_bytes;
    /** What became of 0-RTT. */
    xqc_0rtt_flag_t early_data_flag;
    /** Datagrams received. */
    uint32_t recv_count;
    /** The setting of this name. */
    int spurious_loss_detect_on;
    /** The error the connection ended with; 0 is none. */
    int conn_err;
    /**
     * The three highest ranges of packet numbers received, highest first, as text:
     * "#high-low#high-low#high-low#v0429".
     */
    char ack_info[50];
    /**
     * Whether multipath was agreed on. 0: no. 1: with one packet number space. 2: with one per
     * path.
     */
    int enable_multipath;
    /** 0: no second path was tried. 1: a second path was validated. 2: none could be. */
    int mp_state;
    /** Address changes of the peer that were seen. */
    int total_rebind_count;
    /** Those that were validated. */
    int total_rebind_valid;
    /** The active paths. */
    xqc_path_metrics_t paths_info[XQC_MAX_PATHS_COUNT];
    /** Figures for the log, comma-separated. */
    char conn_info[XQC_CONN_INFO_LEN];
    /** The application protocol; "-1" before it is known. */
    char alpn[XQC_MAX_ALPN_BUF_LEN];
    /** More figures for the log, in JSON. */
    char extern_conn_info[XQC_EXTERN_CONN_INFO_LEN];
    /** Repair symbols sent. */
    uint32_t send_fec_cnt;
    /** 1: error correction is used for sending. */
    uint8_t enable_fec;
    /** Bytes of packets sent and received with STREAM or DATAGRAM frames, on all paths. */
    uint64_t total_app_bytes;
    /** Those on standby paths. */
    uint64_t standby_path_app_bytes;
    /** Largest packet that was acknowledged, in bytes; 0 before the Initial keys are dropped. */
    uint32_t max_acked_mtu;
    /** Packets recovered by error correction. */
    uint32_t fec_recover_pkt_cnt;
    /** Not counted: 0. */
    xqc_usec_t avg_close_time;
} xqc_conn_stats_t;

/** The few figures of a connection that are cheap to poll. */
struct xqc_conn_qos_stats_s {
    /** Smoothed round trip time of the first path in microseconds; 0 before the first sample. */
    xqc_usec_t srtt;
    /** Smallest round trip time of the first path in microseconds; 0 before the first sample. */
    xqc_usec_t min_rtt;
    /** Bytes sent and not yet acknowledged or lost, on all paths. */
    uint64_t inflight_bytes;
};

/* Data objects: congestion controllers, schedulers, reinjection, error correction. */

#if defined(XQC_ENABLE_RENO)
/** NewReno (RFC 9002). */
XQC_EXPORT_PUBLIC_API XQC_EXTERN const xqc_cong_ctrl_callback_t xqc_reno_cb;
#endif

#if defined(XQC_ENABLE_BBR2)
/** BBR version 2. */
XQC_EXPORT_PUBLIC_API XQC_EXTERN const xqc_cong_ctrl_callback_t xqc_bbr2_cb;
#endif

/** BBR. */
XQC_EXPORT_PUBLIC_API XQC_EXTERN const xqc_cong_ctrl_callback_t xqc_bbr_cb;

/** CUBIC (RFC 9438), the default. */
XQC_EXPORT_PUBLIC_API XQC_EXTERN const xqc_cong_ctrl_callback_t xqc_cubic_cb;

#if defined(XQC_ENABLE_UNLIMITED)
/** No congestion control. For closed networks and tests only. */
XQC_EXPORT_PUBLIC_API XQC_EXTERN const xqc_cong_ctrl_callback_t xqc_unlimited_cc_cb;
#endif

#if defined(XQC_ENABLE_COPA)
/** Copa. */
XQC_EXPORT_PUBLIC_API XQC_EXTERN const xqc_cong_ctrl_callback_t xqc_copa_cb;
#endif

/** Scheduler that takes the path with the smallest round trip time; the default. */
XQC_EXPORT_PUBLIC_API XQC_EXTERN const xqc_scheduler_callback_t xqc_minrtt_scheduler_cb;

/** Scheduler that uses standby paths only while the available ones are bad. */
XQC_EXPORT_PUBLIC_API XQC_EXTERN const xqc_scheduler_callback_t xqc_backup_scheduler_cb;

/** As the backup scheduler, with repair symbols on the standby path. */
XQC_EXPORT_PUBLIC_API XQC_EXTERN const xqc_scheduler_callback_t xqc_backup_fec_scheduler_cb;

/** Scheduler that takes the fastest path of any status; reinjected packets go to another path. */
XQC_EXPORT_PUBLIC_API XQC_EXTERN const xqc_scheduler_callback_t xqc_rap_scheduler_cb;

#if defined(XQC_ENABLE_MP_INTEROP)
/** Scheduler that uses every path in turn, for interoperability tests. */
XQC_EXPORT_PUBLIC_API XQC_EXTERN const xqc_scheduler_callback_t xqc_interop_scheduler_cb;
#endif

/** Reinjects unacknowledged data once nothing new waits to be sent. */
XQC_EXPORT_PUBLIC_API XQC_EXTERN const xqc_reinj_ctl_callback_t xqc_default_reinj_ctl_cb;

/** Reinjects what is unacknowledged after a deadline; see the `reinj_` settings. */
XQC_EXPORT_PUBLIC_API XQC_EXTERN const xqc_reinj_ctl_callback_t xqc_deadline_reinj_ctl_cb;

/** Reinjects datagrams right after they were sent. */
XQC_EXPORT_PUBLIC_API XQC_EXTERN const xqc_reinj_ctl_callback_t xqc_dgram_reinj_ctl_cb;

/** Error correction by one XOR over the block. */
XQC_EXPORT_PUBLIC_API XQC_EXTERN const xqc_fec_code_callback_t xqc_xor_code_cb;

/** Error correction by Reed-Solomon codes. */
XQC_EXPORT_PUBLIC_API XQC_EXTERN const xqc_fec_code_callback_t xqc_reed_solomon_code_cb;

/** Error correction by XORs over subsets of the block. */
XQC_EXPORT_PUBLIC_API XQC_EXTERN const xqc_fec_code_callback_t xqc_packet_mask_code_cb;

/* Engines. */

/**
 * Creates an engine. All structs are copied; strings in them need not outlive the call.
 * `engine_config` may be null for the defaults. `user_data` comes back in the engine's
 * callbacks. `set_event_timer` is not called before this returns.
 *
 * Returns null if a required callback is missing or certificate, key or configuration is
 * unusable; the log says which.
 */
XQC_EXPORT_PUBLIC_API
xqc_engine_t *xqc_engine_create(xqc_engine_type_t engine_type,
                                const xqc_config_t *engine_config,
                                const xqc_engine_ssl_config_t *ssl_config,
                                const xqc_engine_callback_t *engine_callback,
                                const xqc_transport_callbacks_t *transport_cbs,
                                void *user_data);

/**
 * Destroys an engine and its connections. The close callbacks run inside; nothing is sent any
 * more. Not from inside a callback.
 */
XQC_EXPORT_PUBLIC_API void xqc_engine_destroy(xqc_engine_t *engine);

/**
 * Registers an application protocol of `alpn_len` bytes, at most 255, or replaces its
 * callbacks. HTTP/3 registers itself in `xqc_h3_ctx_init`. `ap_cbs` is copied. `alp_ctx` is
 * kept for `xqc_engine_get_alpn_ctx`.
 *
 * Returns `XQC_OK` or `-XQC_EPARAM`.
 */
XQC_EXPORT_PUBLIC_API
xqc_int_t xqc_engine_register_alpn(xqc_engine_t *engine,
                                   const char *alpn,
                                   size_t alpn_len,
                                   xqc_app_proto_callbacks_t *ap_cbs,
                                   void *alp_ctx);

/**
 * Takes back the registration of an application protocol. Its live connections keep their
 * callbacks.
 *
 * Returns `XQC_OK` or `-XQC_EALPN_NOT_REGISTERED`.
 */
XQC_EXPORT_PUBLIC_API
xqc_int_t xqc_engine_unregister_alpn(xqc_engine_t *engine,
                                     const char *alpn,
                                     size_t alpn_len);

/** Returns what was registered as `alp_ctx` with an application protocol, or null. */
XQC_EXPORT_PUBLIC_API
void *xqc_engine_get_alpn_ctx(xqc_engine_t *engine,
                              const char *alpn,
                              size_t alpn_len);

/** Returns what `xqc_engine_set_priv_ctx` set, or null. */
XQC_EXPORT_PUBLIC_API void *xqc_engine_get_priv_ctx(xqc_engine_t *engine);

/**
 * Attaches one pointer of the application's to the engine.
 *
 * Returns `XQC_OK`, or `-XQC_ESTATE` if there is one already.
 */
XQC_EXPORT_PUBLIC_API xqc_int_t xqc_engine_set_priv_ctx(xqc_engine_t *engine, void *priv_ctx);

/**
 * Takes in a received UDP payload of `packet_in_size` bytes; nothing refers to it afterwards.
 * `recv_time` is the receive time in microseconds, on the engine's clock or close to it.
 * `user_data` comes back in the callbacks that belong to no accepted connection. Call
 * `xqc_engine_finish_recv` after a batch of datagrams. Not from inside a callback.
 *
 * Returns `XQC_OK`; `-XQC_EILLPKT` if it is no QUIC packet, `-XQC_ECREATE_CONN` if a
 * connection was not accepted, `-XQC_ECONN_NFOUND` if it belongs to none, or another negative
 * error. None of them needs an answer.
 */
XQC_EXPORT_PUBLIC_API
xqc_int_t xqc_engine_packet_process(xqc_engine_t *engine,
                                    const unsigned char *packet_in_buf,
                                    size_t packet_in_size,
                                    const struct sockaddr *local_addr,
                                    socklen_t local_addrlen,
                                    const struct sockaddr *peer_addr,
                                    socklen_t peer_addrlen,
                                    xqc_usec_t recv_time,
                                    void *user_data);

/**
 * Does all that is due: timers, sending, releasing closed connections. Call it when the time
 * given to `set_event_timer` has passed; sooner is harmless. From inside a callback it returns
 * at once, and the call in progress does the work.
 */
XQC_EXPORT_PUBLIC_API void xqc_engine_main_logic(xqc_engine_t *engine);

/**
 * Writes the defaults for a role into `config`. Some bytes of unused array entries stay as
 * they were.
 *
 * Returns `XQC_OK`, or `-XQC_EPARAM` for null.
 */
XQC_EXPORT_PUBLIC_API
xqc_int_t xqc_engine_get_default_config(xqc_config_t *config,
                                        xqc_engine_type_t engine_type);

/**
 * Changes the configuration of an engine, by the rules of `xqc_engine_create`: what is zero
 * stays. Keys and versions count from the next datagram on, all else for later connections.
 * The log keeps its level, see `xqc_engine_set_log_level`. Packets of live connections are found
 * by `cid_len`, which is to be changed only while there are none.
 *
 * Returns `XQC_OK`, or -1 for a value out of range: those before it in the struct may have been
 * taken. `-XQC_EPARAM` for null.
 */
XQC_EXPORT_PUBLIC_API
xqc_int_t xqc_engine_set_config(xqc_engine_t *engine,
                                const xqc_config_t *engine_config);

/** Sets the settings of connections a server accepts from now on. `settings` is copied. */
XQC_EXPORT_PUBLIC_API
void xqc_server_set_conn_settings(xqc_engine_t *engine,
                                  const xqc_conn_settings_t *settings);

/** Makes the log leave out records less important than `log_level`. */
XQC_EXPORT_PUBLIC_API
void xqc_engine_set_log_level(xqc_engine_t *engine,
                              xqc_log_level_t log_level);

/** `XQC_TRUE` turns the logs of all engines in the process off, `XQC_FALSE` on again. */
XQC_EXPORT_PUBLIC_API void xqc_log_disable(xqc_bool_t disable);

/**
 * Ends a batch of `xqc_engine_packet_process`: acknowledgements and other answers go out, and
 * the timer is set. From inside a callback it returns at once.
 */
XQC_EXPORT_PUBLIC_API void xqc_engine_finish_recv(xqc_engine_t *engine);

/**
 * Sends what was queued; needed with `manually_triggered_send`. From inside a callback it
 * returns at once.
 */
XQC_EXPORT_PUBLIC_API void xqc_engine_finish_send(xqc_engine_t *engine);

/** Returns the connection with the local connection ID `cid`, or null. */
XQC_EXPORT_PUBLIC_API
xqc_connection_t *xqc_engine_get_conn_by_scid(xqc_engine_t *engine,
                                              const xqc_cid_t *cid);

/* Connections. */

/**
 * Opens a connection to `peer_addr`. All arguments are copied. `token` is what `save_token`
 * handed out on an earlier connection, or null. `server_host` is the name to verify and to
 * send as SNI. `no_crypto_flag` should be 0; 1 asks for application packets without
 * encryption: 1-RTT packets go so if the server says that it agrees, 0-RTT packets in any case.
 * `alpn` is zero-terminated and registered with the engine. `user_data` becomes
 * the transport's user data of the connection.
 *
 * Returns the connection's ID, valid until the connection is released or
 * `conn_update_cid_notify` replaces it: copy it. Null on failure.
 */
XQC_EXPORT_PUBLIC_API
const xqc_cid_t *xqc_connect(xqc_engine_t *engine,
                             const xqc_conn_settings_t *conn_settings,
                             const unsigned char *token,
                             unsigned int token_len,
                             const char *server_host,
                             int no_crypto_flag,
                             const xqc_conn_ssl_config_t *conn_ssl_config,
                             const struct sockaddr *peer_addr,
                             socklen_t peer_addrlen,
                             const char *alpn,
                             void *user_data);

/**
 * Closes a connection without an error. The close callback follows from a later
 * `xqc_engine_main_logic`; the handle stays valid until then.
 *
 * Returns `XQC_OK`, also if it is closing already, or `-XQC_ECONN_NFOUND`.
 */
XQC_EXPORT_PUBLIC_API xqc_int_t xqc_conn_close(xqc_engine_t *engine, const xqc_cid_t *cid);

/**
 * As `xqc_conn_close`, with an error code of the application protocol. The first error of a
 * connection is kept.
 *
 * Returns `XQC_OK`.
 */
XQC_EXPORT_PUBLIC_API
xqc_int_t xqc_conn_close_with_error(xqc_connection_t *conn,
                                    uint64_t err_code);

/**
 * Returns the error a connection ended with, sent or received; 0 is none. For use in the close
 * callback.
 */
XQC_EXPORT_PUBLIC_API xqc_int_t xqc_conn_get_errno(xqc_connection_t *conn);

/** Returns which code space the error of a received CONNECTION_CLOSE belongs to. */
XQC_EXPORT_PUBLIC_API xqc_conn_err_type_t xqc_conn_get_err_type(xqc_connection_t *conn);

/**
 * Returns the connection's `SSL *`, of the BoringSSL the library was built with. It belongs to
 * the connection and is valid until the close callback has returned. Data of the application
 * can be attached to it; reading, writing or freeing it is not allowed.
 */
XQC_EXPORT_PUBLIC_API void *xqc_conn_get_ssl(xqc_connection_t *conn);

/**
 * Returns the latest round trip time sample of the first path in microseconds, 0 if there is
 * none.
 */
XQC_EXPORT_PUBLIC_API
xqc_usec_t xqc_conn_get_lastest_rtt(xqc_engine_t *engine,
                                    const xqc_cid_t *cid);

/**
 * Sets the user data of the transport callbacks of a connection. A server does so in
 * `server_accept`.
 */
XQC_EXPORT_PUBLIC_API
void xqc_conn_set_transport_user_data(xqc_connection_t *conn,
                                      void *user_data);

/** Sets the user data of the application protocol's callbacks of a connection. */
XQC_EXPORT_PUBLIC_API void xqc_conn_set_alp_user_data(xqc_connection_t *conn, void *proto_data);

/**
 * Copies the peer's address to `addr`, which has room for `addr_cap` bytes, and writes its
 * length to `peer_addr_len`.
 *
 * Returns `XQC_OK`, or `-XQC_ENOBUF` if there is too little room.
 */
XQC_EXPORT_PUBLIC_API
xqc_int_t xqc_conn_get_peer_addr(xqc_connection_t *conn,
                                 struct sockaddr *addr,
                                 socklen_t addr_cap,
                                 socklen_t *peer_addr_len);

/** As `xqc_conn_get_peer_addr`, for the local address, as `xqc_engine_packet_process` got it. */
XQC_EXPORT_PUBLIC_API
xqc_int_t xqc_conn_get_local_addr(xqc_connection_t *conn,
                                  struct sockaddr *addr,
                                  socklen_t addr_cap,
                                  socklen_t *local_addr_len);

/**
 * Sends a PING. `ping_user_data` comes back in `conn_ping_acked`.
 *
 * Returns `XQC_OK`, `-XQC_ECONN_NFOUND`, or another negative error.
 */
XQC_EXPORT_PUBLIC_API
xqc_int_t xqc_conn_send_ping(xqc_engine_t *engine,
                             const xqc_cid_t *cid,
                             void *ping_user_data);

/**
 * Returns `XQC_TRUE` if a client may send 0-RTT data: it has a ticket and transport parameters
 * of an earlier connection.
 */
XQC_EXPORT_PUBLIC_API xqc_bool_t xqc_conn_is_ready_to_send_early_data(xqc_connection_t *conn);

/**
 * Makes a connection send through `pf_cb` instead of the socket callbacks, one datagram a call;
 * null undoes it. What `pf_cb` returns a negative value for is offered again later, and is never
 * fatal; any other value counts as sent. May be called from inside a callback.
 */
XQC_EXPORT_PUBLIC_API
void xqc_conn_set_pkt_filter_callback(xqc_connection_t *conn,
                                      xqc_conn_pkt_filter_callback_pt pf_cb,
                                      void *pf_cb_user_data);

/** Undoes `xqc_conn_set_pkt_filter_callback`. */
XQC_EXPORT_PUBLIC_API void xqc_conn_unset_pkt_filter_callback(xqc_connection_t *conn);

/** Returns the local settings that may be changed on a live connection. */
XQC_EXPORT_PUBLIC_API
xqc_conn_public_local_trans_settings_t xqc_conn_get_public_local_trans_settings(xqc_connection_t *conn);

/**
 * Changes local settings, before the handshake tells them to the peer: on a server, up to the
 * return of `conn_create_notify`. Only `max_datagram_frame_size` is taken.
 */
XQC_EXPORT_PUBLIC_API
void xqc_conn_set_public_local_trans_settings(xqc_connection_t *conn,
                                              xqc_conn_public_local_trans_settings_t *settings);

/** Returns the peer's settings, to be remembered for 0-RTT. */
XQC_EXPORT_PUBLIC_API
xqc_conn_public_remote_trans_settings_t xqc_conn_get_public_remote_trans_settings(xqc_connection_t *conn);

/** Sets the peer's settings as remembered from an earlier connection, for 0-RTT. */
XQC_EXPORT_PUBLIC_API
void xqc_conn_set_public_remote_trans_settings(xqc_connection_t *conn,
                                               xqc_conn_public_remote_trans_settings_t *settings);

/**
 * Reads the connection IDs of a datagram of `size` bytes without an engine, for routing.
 * `cid_len` is the length of IDs in short headers, which carry a destination only. Any input
 * is safe.
 *
 * Returns `XQC_OK`, `-XQC_EPARAM` for an empty datagram, `-XQC_EILLPKT` if it is no QUIC
 * packet.
 */
XQC_EXPORT_PUBLIC_API
xqc_int_t xqc_packet_parse_cid(xqc_cid_t *dcid,
                               xqc_cid_t *scid,
                               uint8_t cid_len,
                               const unsigned char *buf,
                               size_t size);

/**
 * Compares the bytes of two connection IDs.
 *
 * Returns `XQC_OK` if they are the same, `XQC_ERROR` if not, or if one is null.
 */
XQC_EXPORT_PUBLIC_API xqc_int_t xqc_cid_is_equal(const xqc_cid_t *dst, const xqc_cid_t *src);

/**
 * Returns a connection ID as zero-terminated hexadecimal text. The text belongs to the engine
 * and is overwritten by the next call of this function.
 */
XQC_EXPORT_PUBLIC_API unsigned char *xqc_scid_str(xqc_engine_t *engine, const xqc_cid_t *scid);

/** As `xqc_scid_str`, with a second text of its own, so that one log line can have both. */
XQC_EXPORT_PUBLIC_API unsigned char *xqc_dcid_str(xqc_engine_t *engine, const xqc_cid_t *dcid);

/**
 * Returns the peer's connection ID of the connection with the local ID `scid`, as text that
 * belongs to that connection; null if there is none.
 */
XQC_EXPORT_PUBLIC_API
unsigned char *xqc_dcid_str_by_scid(xqc_engine_t *engine,
                                    const xqc_cid_t *scid);

/** Returns the length of the connection IDs the engine issues. */
XQC_EXPORT_PUBLIC_API uint8_t xqc_engine_config_get_cid_len(xqc_engine_t *engine);

/**
 * Resumes sending after a write callback returned `XQC_SOCKET_EAGAIN` and the socket became
 * writable. Without anything to resume it does nothing.
 *
 * Returns `XQC_OK` or `-XQC_ECONN_NFOUND`.
 */
XQC_EXPORT_PUBLIC_API xqc_int_t xqc_conn_continue_send(xqc_engine_t *engine, const xqc_cid_t *cid);

/** As `xqc_conn_continue_send`, by handle. */
XQC_EXPORT_PUBLIC_API void xqc_conn_continue_send_by_conn(xqc_connection_t *conn);

/** Returns the statistics of a connection; all zero if it is not found. */
XQC_EXPORT_PUBLIC_API
xqc_conn_stats_t xqc_conn_get_stats(xqc_engine_t *engine,
                                    const xqc_cid_t *cid);

/** Returns the statistics that are cheap to poll; all zero if the connection is not found. */
XQC_EXPORT_PUBLIC_API
xqc_conn_qos_stats_t xqc_conn_get_qos_stats(xqc_engine_t *engine,
                                            const xqc_cid_t *cid);

/** Returns whether a connection was opened or accepted here. */
XQC_EXPORT_PUBLIC_API xqc_conn_type_t xqc_conn_get_type(xqc_connection_t *conn);

/**
 * Encrypts a connection ID for QUIC load balancers (draft-ietf-quic-load-balancers-13, section
 * 4.3.2). `cid_buf` holds the first octet and `enc_len` bytes to encrypt, at most 19. They go
 * to the same places of `out_buf`, which has room for `enc_len + 1` bytes and may be `cid_buf`;
 * its first octet is not written. The key has 16 bytes. Callable at any time, also from
 * `cid_generate_cb`. `xqc_ext_lb_cid_encrypt` follows the latest draft.
 *
 * Returns `XQC_OK`, or `-XQC_EPARAM` for null and for a wrong length.
 */
XQC_EXPORT_PUBLIC_API
xqc_int_t xqc_lb_cid_encryption(uint8_t *cid_buf,
                                size_t enc_len,
                                uint8_t *out_buf,
                                size_t out_buf_len,
                                uint8_t *lb_cid_key,
                                size_t lb_cid_key_len,
                                xqc_engine_t *engine);

/**
 * Returns `XQC_TRUE` if the error a client's connection ended with means that the remembered
 * ticket and transport parameters are of no use any more and should be dropped.
 */
XQC_EXPORT_PUBLIC_API xqc_bool_t xqc_conn_should_clear_0rtt_ticket(xqc_int_t conn_err);

/** Returns settings to start from. An unknown type gives the defaults. */
XQC_EXPORT_PUBLIC_API
xqc_conn_settings_t xqc_conn_get_conn_settings_template(xqc_conn_settings_type_t settings_type);

/* Streams and datagrams. */

/**
 * Opens a bidirectional stream on a client's connection. `settings` may be null. `user_data`
 * becomes the stream's.
 *
 * Returns null if the connection is not found, closing, or speaks HTTP/3.
 */
XQC_EXPORT_PUBLIC_API
xqc_stream_t *xqc_stream_create(xqc_engine_t *engine,
                                const xqc_cid_t *cid,
                                xqc_stream_settings_t *settings,
                                void *user_data);

/**
 * Opens a stream in either direction, on either side.
 *
 * Returns null if the connection is closing or speaks HTTP/3.
 */
XQC_EXPORT_PUBLIC_API
xqc_stream_t *xqc_stream_create_with_direction(xqc_connection_t *conn,
                                               xqc_stream_direction_t dir,
                                               void *user_data);

/** Returns whether both ends may send on a stream. */
XQC_EXPORT_PUBLIC_API xqc_stream_direction_t xqc_stream_get_direction(xqc_stream_t *strm);

/**
 * Sets the user data of a stream's callbacks. For streams of the peer, call it in
 * `stream_create_notify`.
 */
XQC_EXPORT_PUBLIC_API void xqc_stream_set_user_data(xqc_stream_t *stream, void *user_data);

/**
 * Changes the settings of a stream.
 *
 * Returns `XQC_OK`, or `-XQC_EPARAM` if a rate of 0 is given or the connection has
 * `enable_stream_rate_limit` off.
 */
XQC_EXPORT_PUBLIC_API
xqc_int_t xqc_stream_update_settings(xqc_stream_t *stream,
                                     xqc_stream_settings_t *settings);

/** Returns the transport's user data of the stream's connection. */
XQC_EXPORT_PUBLIC_API void *xqc_get_conn_user_data_by_stream(xqc_stream_t *stream);

/** Returns the application protocol's user data of the stream's connection. */
XQC_EXPORT_PUBLIC_API void *xqc_get_conn_alp_user_data_by_stream(xqc_stream_t *stream);

/** Returns the stream's ID. */
XQC_EXPORT_PUBLIC_API xqc_stream_id_t xqc_stream_id(xqc_stream_t *stream);

/**
 * Ends a stream early: resets the sending side and asks the peer to stop.
 * `stream_close_notify` follows.
 *
 * Returns `XQC_OK` or a negative error.
 */
XQC_EXPORT_PUBLIC_API xqc_int_t xqc_stream_close(xqc_stream_t *stream);

/**
 * Copies received data to `recv_buf`, at most `recv_buf_size` bytes, and grants the peer
 * credit for as much. `fin` receives 1 with the last data. Call it until it returns
 * `-XQC_EAGAIN` or the end.
 *
 * Returns the number of bytes, which is 0 only with `fin`; `-XQC_EAGAIN` if nothing is there;
 * `-XQC_ESTREAM_RESET` if the peer reset the stream; or another negative error.
 */
XQC_EXPORT_PUBLIC_API
ssize_t xqc_stream_recv(xqc_stream_t *stream,
                        unsigned char *recv_buf,
                        size_t recv_buf_size,
                        uint8_t *fin);

/**
 * Sends data, which is copied. `fin` is 1 with the last data; then `send_data_size` may be 0.
 *
 * Returns the number of bytes taken, perhaps fewer than given, or 0 for a lone `fin`.
 * `-XQC_EAGAIN` if none can be taken. In both cases of a rest, `stream_write_notify` follows.
 * `-XQC_CLOSING`, `-XQC_ESTREAM_RESET`, or another negative error.
 */
XQC_EXPORT_PUBLIC_API
ssize_t xqc_stream_send(xqc_stream_t *stream,
                        unsigned char *send_data,
                        size_t send_data_size,
                        uint8_t fin);

/**
 * Returns the size of the largest datagram that can be sent now, in bytes; 0 if the peer takes
 * none or has not said so yet.
 */
XQC_EXPORT_PUBLIC_API size_t xqc_datagram_get_mss(xqc_connection_t *conn);

/** Sets the user data of a connection's datagram callbacks. */
XQC_EXPORT_PUBLIC_API void xqc_datagram_set_user_data(xqc_connection_t *conn, void *dgram_data);

/** Returns the user data of a connection's datagram callbacks. */
XQC_EXPORT_PUBLIC_API void *xqc_datagram_get_user_data(xqc_connection_t *conn);

/**
 * Sends a datagram of `data_len` bytes, which are copied. `dgram_id` receives its number for
 * the callbacks; it may be null.
 *
 * Returns `XQC_OK`. `-XQC_EAGAIN` if it cannot be taken now, and `datagram_write_notify`
 * follows. `-XQC_EDGRAM_TOO_LARGE`, `-XQC_EDGRAM_NOT_SUPPORTED`, `-XQC_CLOSING`,
 * `-XQC_EPARAM`.
 */
XQC_EXPORT_PUBLIC_API
xqc_int_t xqc_datagram_send(xqc_connection_t *conn,
                            void *data,
                            size_t data_len,
                            uint64_t *dgram_id,
                            xqc_data_qos_level_t qos_level);

/**
 * Sends the `iov_size` datagrams of `iov`. `dgram_id_list` receives a number for each; it may
 * be null. `sent_cnt` and `sent_bytes` receive how many datagrams and bytes were taken.
 *
 * Returns as `xqc_datagram_send`; on an error, those counted in `sent_cnt` were taken.
 */
XQC_EXPORT_PUBLIC_API
xqc_int_t xqc_datagram_send_multiple(xqc_connection_t *conn,
                                     struct iovec *iov,
                                     uint64_t *dgram_id_list,
                                     size_t iov_size,
                                     size_t *sent_cnt,
                                     size_t *sent_bytes,
                                     xqc_data_qos_level_t qos_level);

/* Paths. */

/**
 * Opens one more path on a client's connection and writes its ID to `new_path_id`. The path is
 * used once it is validated. `path_status` 1 makes it a standby path, any other value an
 * available one.
 *
 * Returns `XQC_OK`. `-XQC_EMP_NO_AVAIL_PATH_ID` if connection IDs are missing, and
 * `ready_to_create_path_notify` follows. `-XQC_EMP_NOT_SUPPORT_MP`, `-XQC_EMP_CREATE_PATH`,
 * `-XQC_ECONN_NFOUND`, `-XQC_CLOSING`.
 */
XQC_EXPORT_PUBLIC_API
xqc_int_t xqc_conn_create_path(xqc_engine_t *engine,
                               const xqc_cid_t *cid,
                               uint64_t *new_path_id,
                               int path_status);

/**
 * Closes a path; `path_removed_notify` follows. What it carried goes to other paths.
 *
 * Returns `XQC_OK`, `-XQC_EMP_PATH_NOT_FOUND`, `-XQC_EMP_NO_ACTIVE_PATH` if it is the last
 * one, `-XQC_EMP_NOT_SUPPORT_MP`, `-XQC_ECONN_NFOUND`, `-XQC_CLOSING`.
 */
XQC_EXPORT_PUBLIC_API
xqc_int_t xqc_conn_close_path(xqc_engine_t *engine,
                              const xqc_cid_t *cid,
                              uint64_t closed_path_id);

/**
 * Makes a path standby, and asks the peer to do the same: used only if no available path is
 * left.
 *
 * Returns `XQC_OK`, `-XQC_EMP_PATH_NOT_FOUND`, `-XQC_EMP_NOT_SUPPORT_MP`, `-XQC_ECONN_NFOUND`,
 * `-XQC_CLOSING`.
 */
XQC_EXPORT_PUBLIC_API
xqc_int_t xqc_conn_mark_path_standby(xqc_engine_t *engine,
                                     const xqc_cid_t *cid,
                                     uint64_t path_id);

/**
 * Makes a path available, and asks the peer to do the same. Returns as
 * `xqc_conn_mark_path_standby`.
 */
XQC_EXPORT_PUBLIC_API
xqc_int_t xqc_conn_mark_path_available(xqc_engine_t *engine,
                                       const xqc_cid_t *cid,
                                       uint64_t path_id);

/**
 * Stops traffic on a path in both directions. Returns as `xqc_conn_mark_path_standby`, and
 * `-XQC_EMP_NO_ACTIVE_PATH` if it is the last one in use.
 */
XQC_EXPORT_PUBLIC_API
xqc_int_t xqc_conn_mark_path_frozen(xqc_engine_t *engine,
                                    const xqc_cid_t *cid,
                                    uint64_t path_id);

/**
 * Returns the number of validated paths that are marked available; 0 if the connection is not
 * found.
 */
XQC_EXPORT_PUBLIC_API
xqc_int_t xqc_conn_available_paths(xqc_engine_t *engine,
                                   const xqc_cid_t *cid);

/**
 * Copies the peer's address of a path to `addr`, which has room for `addr_cap` bytes, and
 * writes its length to `peer_addr_len`.
 *
 * Returns `XQC_OK`, `-XQC_EMP_PATH_NOT_FOUND`, or `-XQC_ENOBUF` if there is too little room.
 */
XQC_EXPORT_PUBLIC_API
xqc_int_t xqc_path_get_peer_addr(xqc_connection_t *conn,
                                 uint64_t path_id,
                                 struct sockaddr *addr,
                                 socklen_t addr_cap,
                                 socklen_t *peer_addr_len);

/** As `xqc_path_get_peer_addr`, for the local address. */
XQC_EXPORT_PUBLIC_API
xqc_int_t xqc_path_get_local_addr(xqc_connection_t *conn,
                                  uint64_t path_id,
                                  struct sockaddr *addr,
                                  socklen_t addr_cap,
                                  socklen_t *local_addr_len);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* _XQUIC_H_INCLUDED_ */
