/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * What libxquic offers beyond the original library. Its functions carry the symbol version
 * XQUIC_EXT_1.0, so a program that uses them does not start with a library that lacks them.
 * Generated from src/ffi/abi; do not edit.
 */

#ifndef _XQC_EXT_H_INCLUDED_
#define _XQC_EXT_H_INCLUDED_

#include "xquic.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Version of `xqc_ext.h` and its functions: major in the upper 16 bits, minor in the lower. A
 * larger minor number adds; a larger major number may change.
 */
#define XQC_EXT_VERSION 0x10000

/**
 * QUIC version 2 (RFC 9369), as on the wire: for `xqc_conn_settings_t.proto_version` of a client
 * that begins with it, and for `xqc_config_t.support_version_list`. A server whose list has it
 * before version 1 changes to it with clients that offer it, and a client offers it if its engine's
 * list has it. By default nobody's has.
 */
#define XQC_EXT_VERSION_V2 0x6b3343cf

/** Feature: the controller `xqc_reno_cb`. */
#define XQC_EXT_FEATURE_RENO 0x1

/** Feature: the controller `xqc_bbr2_cb`. */
#define XQC_EXT_FEATURE_BBR2 0x2

/** Feature: the controller `xqc_copa_cb`. */
#define XQC_EXT_FEATURE_COPA 0x4

/** Feature: the controller `xqc_unlimited_cc_cb`. */
#define XQC_EXT_FEATURE_UNLIMITED 0x8

/**
 * Drafts of QUIC-LB that differ in how connection IDs are encrypted, where server ID and nonce
 * do not make up 16 bytes.
 */
typedef enum {
    /** draft-ietf-quic-load-balancers-13, as `xqc_lb_cid_encryption`. */
    XQC_EXT_LB_DRAFT_13 = 13,
    /** draft-ietf-quic-load-balancers-21, the latest. */
    XQC_EXT_LB_DRAFT_21 = 21,
} xqc_ext_lb_draft_t;

/** Whether a server asks its clients for a certificate. */
typedef enum {
    /** It does not. */
    XQC_EXT_CLIENT_AUTH_NONE = 0,
    /** It does, and takes clients that show none. */
    XQC_EXT_CLIENT_AUTH_OPTIONAL = 1,
    /** It does, and refuses clients that show none. */
    XQC_EXT_CLIENT_AUTH_REQUIRED = 2,
} xqc_ext_client_auth_t;

/** What a server lets clients do with their addresses (RFC 9000 section 9). */
typedef enum {
    /**
     * Packets from a new address to the connection ID in use are taken for the work of a NAT
     * and followed, once the address is validated. Clients are told not to move on purpose
     * (disable_active_migration), and packets of those that do are dropped. The default.
     */
    XQC_EXT_MIGRATION_REBINDING_ONLY = 0,
    /** Clients may move. */
    XQC_EXT_MIGRATION_ALLOWED = 1,
    /** Packets from new addresses are dropped. */
    XQC_EXT_MIGRATION_REFUSED = 2,
} xqc_ext_migration_t;

/**
 * Sends a datagram, as `xqc_socket_write_ex_pt`, with the two bits of `ecn` in the ECN field of its
 * IP header: 0 for none, 2 for ECT(0).
 */
typedef ssize_t (*xqc_ext_write_socket_pt)(uint64_t path_id,
                                           const unsigned char *buf,
                                           size_t size,
                                           const struct sockaddr *peer_addr,
                                           socklen_t peer_addrlen,
                                           uint8_t ecn,
                                           void *conn_user_data);

/**
 * Sends datagrams, as `xqc_send_mmsg_ex_pt`, each with `ecn` in its IP header. All have the same
 * size but the last, which may be shorter.
 */
typedef ssize_t (*xqc_ext_write_mmsg_pt)(uint64_t path_id,
                                         const struct iovec *msg_iov,
                                         unsigned int vlen,
                                         const struct sockaddr *peer_addr,
                                         socklen_t peer_addrlen,
                                         uint8_t ecn,
                                         void *conn_user_data);

/** Functions that send with an ECN mark, for `xqc_ext_set_marking_writers`. */
typedef struct xqc_ext_marking_writers_s {
    /** Takes the place of `write_socket` and `write_socket_ex`. Required. */
    xqc_ext_write_socket_pt write_socket;
    /**
     * Takes the place of `write_mmsg` and `write_mmsg_ex`. Required with
     * `xqc_config_t.sendmmsg_on`.
     */
    xqc_ext_write_mmsg_pt write_mmsg;
} xqc_ext_marking_writers_t;

/** What a connection knows of ECN marks. */
typedef struct xqc_ext_ecn_stats_s {
    /** `XQC_TRUE` once the peer has confirmed that our marks arrive. */
    xqc_bool_t capable;
    /** Packets that arrived with ECT(0). */
    uint64_t received_ect0;
    /** Packets that arrived with ECT(1). */
    uint64_t received_ect1;
    /** Packets that arrived marked as having met congestion. */
    uint64_t received_ce;
    /** Packets of ours that arrived so marked at the peer, as it reports. */
    uint64_t reported_ce;
} xqc_ext_ecn_stats_t;

/**
 * Returns the `XQC_EXT_VERSION` that the library was built with, to be compared with the
 * header's: a program built against a newer minor version must not use what that added.
 * Callable at any time, from any thread.
 */
XQC_EXPORT_PUBLIC_API uint32_t xqc_ext_version(void);

/**
 * Returns the QUIC version of a connection as it stands on the wire, 1 or `XQC_EXT_VERSION_V2`
 * for example; 0 for null. A server may change it until the client hears that the handshake is
 * finished. Callable from inside callbacks.
 */
XQC_EXPORT_PUBLIC_API uint32_t xqc_ext_conn_version(const xqc_connection_t *conn);

/**
 * Returns which features the loaded library has: the sum of `XQC_EXT_FEATURE_*`. Callable at
 * any time, from any thread.
 */
XQC_EXPORT_PUBLIC_API uint64_t xqc_ext_features(void);

/**
 * Encrypts a connection ID for QUIC load balancers as a draft of QUIC-LB says. `cid_buf` holds
 * the first octet and `enc_len` bytes to encrypt, server ID and nonce, at most 19. They go to
 * the same places of `out_buf`, which has room for `enc_len + 1` bytes and may be `cid_buf`;
 * its first octet is not written. The key has 16 bytes. Callable at any time, from any thread.
 *
 * Returns `XQC_OK`, or `-XQC_EPARAM` for null, a wrong length or an unknown draft.
 */
XQC_EXPORT_PUBLIC_API
xqc_int_t xqc_ext_lb_cid_encrypt(xqc_ext_lb_draft_t draft,
                                 const uint8_t *cid_buf,
                                 size_t enc_len,
                                 uint8_t *out_buf,
                                 size_t out_buf_len,
                                 const uint8_t *lb_cid_key,
                                 size_t lb_cid_key_len);

/**
 * Decrypts what `xqc_ext_lb_cid_encrypt` encrypted, with the same arguments: what a load
 * balancer does to find the server.
 */
XQC_EXPORT_PUBLIC_API
xqc_int_t xqc_ext_lb_cid_decrypt(xqc_ext_lb_draft_t draft,
                                 const uint8_t *cid_buf,
                                 size_t enc_len,
                                 uint8_t *out_buf,
                                 size_t out_buf_len,
                                 const uint8_t *lb_cid_key,
                                 size_t lb_cid_key_len);

/**
 * Registers functions that send with an ECN mark. They take the place of the write callbacks
 * from now on, and connections made from now on mark what they send until it turns out that
 * the path does not carry marks (RFC 9000 section 13.4). `writers` is copied. Best called right
 * after `xqc_engine_create`; not from inside a callback.
 *
 * Returns `XQC_OK`, or `-XQC_EPARAM` for null or a missing function.
 */
XQC_EXPORT_PUBLIC_API
xqc_int_t xqc_ext_set_marking_writers(xqc_engine_t *engine,
                                      const xqc_ext_marking_writers_t *writers);

/**
 * As `xqc_engine_packet_process`, for hosts that can tell how a datagram is marked: `tos` is the
 * TOS or traffic class byte of its IP header, of which the two low bits count. The peer hears of
 * the marks and slows down on congestion. Use it for all datagrams or for none.
 */
XQC_EXPORT_PUBLIC_API
xqc_int_t xqc_ext_packet_process(xqc_engine_t *engine,
                                 const unsigned char *packet_in_buf,
                                 size_t packet_in_size,
                                 const struct sockaddr *local_addr,
                                 socklen_t local_addrlen,
                                 const struct sockaddr *peer_addr,
                                 socklen_t peer_addrlen,
                                 uint8_t tos,
                                 xqc_usec_t recv_time,
                                 void *user_data);

/**
 * Writes what a connection knows of ECN marks to `stats`.
 *
 * Returns `XQC_OK`, `-XQC_EPARAM` for null, or `-XQC_ECONN_NFOUND`.
 */
XQC_EXPORT_PUBLIC_API
xqc_int_t xqc_ext_conn_ecn_stats(xqc_engine_t *engine,
                                 const xqc_cid_t *cid,
                                 xqc_ext_ecn_stats_t *stats);

/**
 * Has a server ask later connections for a client's certificate. Dates and signatures of its
 * chain are checked, then `cert_verify_cb` decides with the connection's user data, as on
 * clients; without that callback no certificate is accepted. A session that began without the
 * question is not resumed where it is asked. Callable from inside callbacks.
 *
 * Returns `XQC_OK`, `-XQC_EPARAM` for null or an unknown value, `-XQC_ESTATE` for a client's
 * engine.
 */
XQC_EXPORT_PUBLIC_API
xqc_int_t xqc_ext_set_client_auth(xqc_engine_t *engine,
                                  xqc_ext_client_auth_t client_auth);

/**
 * Sets the certificate chain and private key, both PEM files, that later connections of a
 * client show to servers that ask for one. The files are read during the call.
 *
 * Returns `XQC_OK`, `-XQC_EPARAM` for null and files that cannot be used, which is logged,
 * `-XQC_ESTATE` for a server's engine.
 */
XQC_EXPORT_PUBLIC_API
xqc_int_t xqc_ext_set_client_certificate(xqc_engine_t *engine,
                                         const char *cert_file,
                                         const char *private_key_file);

/**
 * Says whether a server takes 0-RTT on later connections; it does unless told otherwise.
 * Returns as `xqc_ext_set_client_auth`.
 */
XQC_EXPORT_PUBLIC_API xqc_int_t xqc_ext_set_early_data(xqc_engine_t *engine, int accept);

/**
 * Returns `XQC_TRUE` on a server as long as stream data may come from someone who repeats what
 * another client sent as 0-RTT: until `conn_handshake_finished`. What is not safe to do twice
 * should wait until then, or be refused.
 */
XQC_EXPORT_PUBLIC_API xqc_bool_t xqc_ext_conn_may_be_replayed(xqc_connection_t *conn);

/**
 * Says whether a server refuses later clients that pass `no_crypto_flag` to `xqc_connect`; unless
 * told so, it goes without packet protection with them. Only the client itself can ask for that,
 * as the handshake authenticates what it says. There is no way to take such a client and protect
 * its packets, as it has no word of the server's to wait for: a client that is refused has its
 * connection closed with TRANSPORT_PARAMETER_ERROR (0x8). Servers where packets must always be
 * protected should refuse. Returns as `xqc_ext_set_client_auth`.
 */
XQC_EXPORT_PUBLIC_API xqc_int_t xqc_ext_refuse_no_crypto(xqc_engine_t *engine, int refuse);

/**
 * Moves a client's connection to another address of its own (RFC 9000 section 9.2). The new
 * path is validated first, with a connection ID of its own, and then everything goes there; if
 * it does not answer within three probe timeouts, the connection stays where it is.
 * `xqc_conn_get_local_addr` tells which. Give `xqc_engine_packet_process` the address that each
 * datagram came to, and see `xqc_ext_local_addr_of_write` for which socket to send on. Callable
 * inside callbacks.
 *
 * Returns `XQC_OK` if the attempt has begun; `-XQC_EPARAM` for null or an address of another
 * family than IP; `-XQC_ECONN_NFOUND`; `-XQC_ESTATE` at a server or before the handshake is
 * confirmed; `-XQC_EPROTO` if the server forbids it; `-XQC_ECONN_NO_AVAIL_CID` if the server has
 * given no connection ID to spare; `-XQC_ELIMIT` if too many paths are being tried.
 */
XQC_EXPORT_PUBLIC_API
xqc_int_t xqc_ext_conn_migrate(xqc_engine_t *engine,
                               const xqc_cid_t *cid,
                               const struct sockaddr *local_addr,
                               socklen_t local_addrlen);

/**
 * Says what clients of a server may do with their addresses, and where the server would rather
 * be reached once a handshake is confirmed (preferred_address, RFC 9000 section 9.6): null for
 * nowhere else. Holds for connections accepted afterwards. Datagrams that come to the preferred
 * address are given to `xqc_engine_packet_process` with it as the local address, and
 * `xqc_ext_local_addr_of_write` tells when to send from there.
 *
 * Returns `XQC_OK`, or `-XQC_EPARAM` for null, an unknown value or an address of the wrong
 * family.
 */
XQC_EXPORT_PUBLIC_API
xqc_int_t xqc_ext_server_set_migration(xqc_engine_t *engine,
                                       xqc_ext_migration_t migration,
                                       const struct sockaddr *preferred_ipv4,
                                       socklen_t preferred_ipv4_len,
                                       const struct sockaddr *preferred_ipv6,
                                       socklen_t preferred_ipv6_len);

/**
 * To be called inside a callback that writes to a socket: copies to `addr` the local address
 * that the datagrams should leave from, its length to `local_addr_len`. The length is 0 if it is
 * not known, and then any address will do. A host with one socket need not ask.
 *
 * Returns `XQC_OK`, `-XQC_EPARAM` for null, or `-XQC_ENOBUF` if there is less room.
 */
XQC_EXPORT_PUBLIC_API
xqc_int_t xqc_ext_local_addr_of_write(const xqc_engine_t *engine,
                                      struct sockaddr *addr,
                                      socklen_t addr_cap,
                                      socklen_t *local_addr_len);

/**
 * Ends an HTTP/3 connection gracefully (RFC 9114 section 5.2): the peer is told by GOAWAY to make
 * no more requests, `xqc_h3_request_create` gives none, those under way finish, and then the
 * connection closes by itself, without an error. Callable inside callbacks, and again.
 *
 * Returns `XQC_OK`, `-XQC_H3_EPARAM` for null, or `-XQC_CLOSING`.
 */
XQC_EXPORT_PUBLIC_API xqc_int_t xqc_ext_h3_conn_go_away(xqc_h3_conn_t *h3c);

/**
 * Says whether later HTTP/3 connections take extended CONNECT (RFC 9220), which a server tells
 * its clients by SETTINGS_ENABLE_CONNECT_PROTOCOL; they do not unless told so. Clients send it
 * where the server has said so. Callable inside callbacks.
 *
 * Returns `XQC_OK`, or `-XQC_EPARAM` for null.
 */
XQC_EXPORT_PUBLIC_API xqc_int_t xqc_ext_h3_set_extended_connect(xqc_engine_t *engine, int enable);

/**
 * Says whether later HTTP/3 connections let the fields `connection` and `upgrade` and the status
 * 101 pass, in both directions, for hosts that relay WebSocket upgrades as HTTP/1.1 has them.
 * Unless told so they count as malformed, as RFC 9114 sections 4.2 and 4.5 want. Callable inside
 * callbacks.
 *
 * Returns `XQC_OK`, or `-XQC_EPARAM` for null.
 */
XQC_EXPORT_PUBLIC_API xqc_int_t xqc_ext_h3_allow_upgrade_fields(xqc_engine_t *engine, int allow);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* _XQC_EXT_H_INCLUDED_ */
