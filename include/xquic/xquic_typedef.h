/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Types used throughout the API of libxquic. Generated from src/ffi/abi; do not edit.
 */

#ifndef _XQUIC_TYPEDEF_H_INCLUDED_
#define _XQUIC_TYPEDEF_H_INCLUDED_

#include <stddef.h>
#include <stdint.h>

#include "xqc_errno.h"

/* The platform: XQC_SYS_UNIX, or XQC_SYS_WINDOWS with XQC_SYS_WIN32 or XQC_SYS_WIN64. */
#if defined(_WIN64) || defined(WIN64)
#ifndef XQC_SYS_WIN64
#define XQC_SYS_WIN64
#endif
#endif
#if defined(_WIN32) || defined(WIN32)
#ifndef XQC_SYS_WIN32
#define XQC_SYS_WIN32
#endif
#endif
#if defined(XQC_SYS_WIN32) || defined(XQC_SYS_WIN64)
#ifndef XQC_SYS_WINDOWS
#define XQC_SYS_WINDOWS
#endif
#endif
#if defined(XQC_SYS_WINDOWS)
#undef XQC_SYS_UNIX
#elif !defined(XQC_SYS_UNIX)
#define XQC_SYS_UNIX
#endif

#if defined(__MINGW32__) || defined(__MINGW64__)
#ifndef XQC_ON_MINGW
#define XQC_ON_MINGW
#endif
#endif

/** Storage class of the exported data objects. */
#define XQC_EXTERN extern

/** Marks what the shared library exports. */
#if defined(XQC_SYS_WINDOWS) && !defined(XQC_ON_MINGW)
#define XQC_EXPORT_PUBLIC_API _declspec(dllexport)
#else
#define XQC_EXPORT_PUBLIC_API __attribute__((visibility("default")))
#endif

#if defined(XQC_SYS_WINDOWS)
#if !defined(XQC_ON_MINGW)
#if defined(XQC_SYS_WIN64)
typedef __int64 ssize_t;
#else
typedef __int32 ssize_t;
#endif
#endif

/** One buffer, as POSIX has it. */
struct iovec {
    void *iov_base;
    size_t iov_len;
};
#else
#include <sys/types.h>
#endif

/** Branch hints. */
#if defined(__GNUC__) && !defined(ANDROID)
#define XQC_UNLIKELY(cond) __builtin_expect(!!(cond), 0)
#define XQC_LIKELY(cond) __builtin_expect(!!(cond), 1)
#else
#define XQC_UNLIKELY(cond) (cond)
#define XQC_LIKELY(cond) (cond)
#endif

/** The number behind the four letters of a connection option. */
#define XQC_CO_TAG(a, b, c, d) \
    ((((uint32_t)(a)) << 24) + (((uint32_t)(b)) << 16) + (((uint32_t)(c)) << 8) + (uint32_t)(d))

/* Structs that are defined in xquic.h and xqc_http3.h. */
typedef struct xqc_conn_settings_s xqc_conn_settings_t;
typedef struct xqc_conn_qos_stats_s xqc_conn_qos_stats_t;
typedef struct xqc_log_callbacks_s xqc_log_callbacks_t;
typedef struct xqc_transport_callbacks_s xqc_transport_callbacks_t;
typedef struct xqc_h3_conn_callbacks_s xqc_h3_conn_callbacks_t;

/* Names that no function takes; they are kept for programs that mention them. */
typedef struct xqc_random_generator_s xqc_random_generator_t;
typedef struct xqc_client_connection_s xqc_client_connection_t;
typedef struct xqc_id_hash_table_s xqc_id_hash_table_t;
typedef struct xqc_str_hash_table_s xqc_str_hash_table_t;
typedef struct xqc_priority_queue_s xqc_pq_t;
typedef struct xqc_wakeup_pq_s xqc_wakeup_pq_t;
typedef struct xqc_send_queue_s xqc_send_queue_t;
typedef struct xqc_pn_ctl_s xqc_pn_ctl_t;
typedef struct xqc_packet_s xqc_packet_t;
typedef struct xqc_packet_in_s xqc_packet_in_t;
typedef struct xqc_stream_frame_s xqc_stream_frame_t;
typedef struct xqc_h3_stream_s xqc_h3_stream_t;
typedef struct xqc_h3_frame_s xqc_h3_frame_t;
typedef struct xqc_qpack_s xqc_qpack_t;
typedef struct xqc_dtable_s xqc_dtable_t;
typedef struct xqc_memory_pool_s xqc_memory_pool_t;
typedef struct xqc_timer_manager_s xqc_timer_manager_t;
typedef struct xqc_ping_record_s xqc_ping_record_t;

/** The longest connection ID, in bytes. */
#define XQC_MAX_CID_LEN 20

/** The shortest connection ID an engine may be configured to issue, in bytes. */
#define XQC_MIN_CID_LEN 4

/** The length of the key for `xqc_lb_cid_encryption`, in bytes. */
#define XQC_LB_CID_KEY_LEN 16

/** The length of a stateless reset token, in bytes. */
#define XQC_STATELESS_RESET_TOKENLEN 16

/** Bits of `xqc_bbr_optimization_flag_t` other than none are not offered. */
#define XQC_BBR_RTTVAR_COMPENSATION_ENABLED 0

/** Bits of `xqc_bbr2_optimization_flag_t` other than none are not offered. */
#define XQC_BBR2_PLUS_ENABLED 0

/** Urgency of a request without a priority signal (RFC 9218). */
#define XQC_DEFAULT_HTTP_PRIORITY_URGENCY 3

/** The most urgent. */
#define XQC_HIGHEST_HTTP_PRIORITY_URGENCY 0

/** The least urgent. */
#define XQC_LOWEST_HTTP_PRIORITY_URGENCY 7

/** ALPN of HTTP/3. */
#define XQC_DEFINED_ALPN_H3 "h3"

/** ALPN of HTTP/3 over QUIC draft 29. */
#define XQC_DEFINED_ALPN_H3_29 "h3-29"

/** ALPN of HTTP/3 with bytestreams and datagrams. */
#define XQC_DEFINED_ALPN_H3_EXT "h3-ext"

/** Room for an ALPN name and its terminating zero, in bytes. */
#define XQC_MAX_ALPN_BUF_LEN 256

/** Room for the error correction part of a report, in bytes. */
#define XQC_MAX_FEC_BUF_LEN 64

/** Room for the common part of a report, in bytes. */
#define XQC_MAX_COMMON_BUF_LEN 64

/** The path ID of a slot that holds no path. */
#define XQC_UNKNOWN_PATH_ID UINT64_MAX

/** How important a log record is; a smaller number is more important. */
typedef enum xqc_log_level_s {
    /** Summaries of a connection or stream at its end. */
    XQC_LOG_REPORT = 0,
    /** The engine cannot go on. */
    XQC_LOG_FATAL = 1,
    /** An operation failed. */
    XQC_LOG_ERROR = 2,
    /** Something is odd but handled. */
    XQC_LOG_WARN = 3,
    /** Counters. */
    XQC_LOG_STATS = 4,
    /** The course of connections. */
    XQC_LOG_INFO = 5,
    /** Everything. */
    XQC_LOG_DEBUG = 6,
} xqc_log_level_t;

/** How important a qlog event is. An engine writes events up to its configured importance. */
typedef enum qlog_event_importance_s {
    /** A few events only, written through `xqc_log_write_err`. */
    EVENT_IMPORTANCE_SELECTED = 0,
    /** Core events of the qlog schema. */
    EVENT_IMPORTANCE_CORE = 1,
    /** Core and base events. */
    EVENT_IMPORTANCE_BASE = 2,
    /** Core, base and extra events. */
    EVENT_IMPORTANCE_EXTRA = 3,
    /** Also events that newer schemas dropped but viewers still read. */
    EVENT_IMPORTANCE_REMOVED = 4,
} qlog_event_importance_t;

/** Bits for `xqc_cc_params_t.cc_optimization_flags` with BBR. */
typedef enum {
    /** No optimization. */
    XQC_BBR_FLAG_NONE = 0x00,
} xqc_bbr_optimization_flag_t;

/** Bits for `xqc_cc_params_t.cc_optimization_flags` with BBRv2. */
typedef enum {
    /** No optimization. */
    XQC_BBR2_FLAG_NONE = 0x00,
} xqc_bbr2_optimization_flag_t;

/** Which end of a connection this is. */
typedef enum {
    /** It was opened here. */
    XQC_CONN_TYPE_CLIENT = 0,
    /** It was accepted here. */
    XQC_CONN_TYPE_SERVER = 1,
} xqc_conn_type_t;

/** Whether both ends may send on a stream. */
typedef enum {
    /** Both ends send. */
    XQC_STREAM_BIDI = 0,
    /** Only the opener sends. */
    XQC_STREAM_UNI = 1,
} xqc_stream_direction_t;

/** Request sizes, in bytes, up to which error correction uses the next smaller block. */
typedef enum {
    /** No size hint. */
    XQC_FEC_DEFAULT = 0,
    /** Up to 2 KiB. */
    XQC_FEC_CLOSE = 2048,
    /** Up to 4 KiB. */
    XQC_FEC_NORMAL = 4096,
    /** Up to 20 KiB. */
    XQC_FEC_MIDDLE = 20480,
} xqc_fec_priority_t;

/** Size classes made from `xqc_fec_priority_t`. */
typedef enum {
    /** No size hint. */
    XQC_DEFAULT_SIZE_REQ = 0,
    /** Up to `XQC_FEC_CLOSE`. */
    XQC_SLIM_SIZE_REQ = 1,
    /** Up to `XQC_FEC_NORMAL`. */
    XQC_NORMAL_SIZE_REQ = 2,
    /** Up to `XQC_FEC_MIDDLE`. */
    XQC_MIDDLE_SIZE_REQ = 3,
    /** Above. */
    XQC_LARGE_SIZE_REQ = 4,
} xqc_stream_size_type_t;

/** Starting points for connection settings. */
typedef enum xqc_conn_settings_type_e {
    /** The library's defaults. */
    XQC_CONN_SETTINGS_DEFAULT = 0,
    /** Acknowledges every packet and declares loss sooner. */
    XQC_CONN_SETTINGS_LOW_DELAY = 1,
} xqc_conn_settings_type_t;

/**
 * Connection options: four letters each, given comma-separated in
 * `xqc_conn_settings_t.conn_option_str`.
 */
typedef enum xqc_conn_option_e {
    /** BBR that keeps buffers less full. */
    XQC_CO_TBBR = 0x54424252,
    /** BBR leaves STARTUP after 1 round trip without growth. */
    XQC_CO_1RTT = 0x31525454,
    /** BBR leaves STARTUP after 2 round trips without growth. */
    XQC_CO_2RTT = 0x32525454,
    /** BBR remembers ACK aggregation for 20 round trips. */
    XQC_CO_BBR4 = 0x42425234,
    /** BBR remembers ACK aggregation for 40 round trips. */
    XQC_CO_BBR5 = 0x42425235,
    /** Initial window of 3 packets. */
    XQC_CO_IW03 = 0x49573033,
    /** Initial window of 10 packets. */
    XQC_CO_IW10 = 0x49573130,
    /** Initial window of 20 packets. */
    XQC_CO_IW20 = 0x49573230,
    /** Initial window of 50 packets. */
    XQC_CO_IW50 = 0x49573530,
    /** Use BBRv2. */
    XQC_CO_B2ON = 0x42324F4E,
    /** Use Copa. */
    XQC_CO_COPA = 0x434F5041,
    /** Use Copa version 2. */
    XQC_CO_C2ON = 0x43324F4E,
    /** Use CUBIC. */
    XQC_CO_QBIC = 0x51424943,
    /** Use NewReno. */
    XQC_CO_RENO = 0x52454E4F,
    /** Serve streams in the order of their IDs. */
    XQC_CO_SPRI = 0x53505249,
    /** Serve streams by RFC 9218 priorities. */
    XQC_CO_9218 = 0x39323138,
    /** Ignore RFC 9218 priorities. */
    XQC_CO_D218 = 0x44323138,
    /** Go on sending after the peer asked to stop. */
    XQC_CO_DRST = 0x44525354,
    /** Turn on all options below, customized BBR. */
    XQC_CO_CBBR = 0x43424252,
    /** BBR ignores losses in STARTUP. */
    XQC_CO_BNLS = 0x424E4C53,
    /** BBR adapts its window gain. */
    XQC_CO_BACG = 0x42414347,
    /** BBR window gain of 3. */
    XQC_CO_CG03 = 0x43473033,
    /** BBR window gain of 5. */
    XQC_CO_CG05 = 0x43473035,
    /** BBR window gain of 10. */
    XQC_CO_CG10 = 0x43473130,
    /** BBR window gain of 20. */
    XQC_CO_CG20 = 0x43473230,
    /** BBR pacing gain of 1.1 while probing for bandwidth. */
    XQC_CO_PG11 = 0x50473131,
    /** BBR pacing gain of 1.5 while probing for bandwidth. */
    XQC_CO_PG15 = 0x50473135,
    /** BBR has no loss recovery state. */
    XQC_CO_BNLR = 0x424E4C52,
    /** Minimum window of 10 packets. */
    XQC_CO_MW10 = 0x4D573130,
    /** Minimum window of 20 packets. */
    XQC_CO_MW20 = 0x4D573230,
    /** Minimum window of 32 packets. */
    XQC_CO_MW32 = 0x4D573332,
    /** Minimum window of 50 packets. */
    XQC_CO_MW50 = 0x4D573530,
    /** BBR's bandwidth filter spans 20 round trips. */
    XQC_CO_WL20 = 0x574C3230,
    /** BBR's bandwidth filter spans 30 round trips. */
    XQC_CO_WL30 = 0x574C3330,
    /** BBR's bandwidth filter spans 40 round trips. */
    XQC_CO_WL40 = 0x574C3430,
    /** BBR's bandwidth filter spans 50 round trips. */
    XQC_CO_WL50 = 0x574C3530,
    /** BBR keeps 0.2 of the bandwidth-delay product in PROBE_RTT. */
    XQC_CO_PR02 = 0x50523032,
    /** BBR keeps 0.3 of the bandwidth-delay product in PROBE_RTT. */
    XQC_CO_PR03 = 0x50523033,
    /** BBR keeps 0.4 of the bandwidth-delay product in PROBE_RTT. */
    XQC_CO_PR04 = 0x50523034,
    /** BBR keeps 0.5 of the bandwidth-delay product in PROBE_RTT. */
    XQC_CO_PR05 = 0x50523035,
    /** BBR keeps 0.6 of the bandwidth-delay product in PROBE_RTT. */
    XQC_CO_PR06 = 0x50523036,
    /** BBR keeps 0.7 of the bandwidth-delay product in PROBE_RTT. */
    XQC_CO_PR07 = 0x50523037,
    /** BBR enlarges its window to make up for jitter. */
    XQC_CO_ENWC = 0x454E5743,
    /** The jitter filter spans 10 round trips, the default. */
    XQC_CO_JW10 = 0x4A573130,
    /** The jitter filter spans 20 round trips. */
    XQC_CO_JW20 = 0x4A573230,
    /** The jitter filter spans 30 round trips. */
    XQC_CO_JW30 = 0x4A573330,
    /** The jitter filter spans 40 round trips. */
    XQC_CO_JW40 = 0x4A573430,
    /** The jitter filter spans 50 round trips. */
    XQC_CO_JW50 = 0x4A573530,
    /** BBR leaves STARTUP at a loss rate of 3 %. */
    XQC_CO_SL03 = 0x534C3033,
    /** BBR leaves STARTUP at a loss rate of 4 %. */
    XQC_CO_SL04 = 0x534C3034,
    /** BBR leaves STARTUP at a loss rate of 5 %. */
    XQC_CO_SL05 = 0x534C3035,
    /** BBR leaves STARTUP at a loss rate of 10 %. */
    XQC_CO_SL10 = 0x534C3130,
} xqc_conn_option_t;

/** What the application wants a path to be used for. */
typedef enum {
    /** Not said. */
    XQC_APP_PATH_STATUS_NONE = 0,
    /** Only if no available path is left. */
    XQC_APP_PATH_STATUS_STANDBY = 1,
    /** Like any other. */
    XQC_APP_PATH_STATUS_AVAILABLE = 2,
    /** Not at all for now. */
    XQC_APP_PATH_STATUS_FROZEN = 3,
    /** One past the last status; not a status itself. */
    XQC_APP_PATH_STATUS_MAX = 4,
} xqc_app_path_status_t;

/** Messages that `conn_ssl_msg_cb` reports. */
typedef enum xqc_tls_msg_type_e {
    /** The ClientHello. */
    XQC_TLS_1_3_CLIENT_HELLO = 0,
    /** The ServerHello. */
    XQC_TLS_1_3_SERVER_HELLO = 1,
} xqc_tls_msg_type_t;

/** The key exchange group a client puts first. */
typedef enum xqc_tls_group_type_e {
    /** The engine's list as it is. */
    XQC_TLS_GROUP_DEFAULT = 0,
    /** P-256. */
    XQC_TLS_GROUP_P256_FIRST = 1,
    /** X25519. */
    XQC_TLS_GROUP_X25519_FIRST = 2,
    /** P-384. */
    XQC_TLS_GROUP_P384_FIRST = 3,
    /** P-521. */
    XQC_TLS_GROUP_P521_FIRST = 4,
} xqc_tls_group_type_t;

/** What a BBR-like controller tells about itself for the log. */
typedef struct xqc_bbr_info_interface_s xqc_bbr_info_interface_t;

/**
 * A connection. Valid from `server_accept` or `xqc_connect` until its close callback has
 * returned.
 */
typedef struct xqc_connection_s xqc_connection_t;

/** An engine. Owns its connections; valid until `xqc_engine_destroy`. */
typedef struct xqc_engine_s xqc_engine_t;

/** An HTTP/3 connection. Valid until `h3_conn_close_notify` has returned. */
typedef struct xqc_h3_conn_s xqc_h3_conn_t;

/** A bytestream of extended HTTP/3. Valid until `bs_close_notify` has returned. */
typedef struct xqc_h3_ext_bytestream_s xqc_h3_ext_bytestream_t;

/**
 * An HTTP/3 request. Valid until `h3_request_close_notify` has returned, or until
 * `xqc_h3_request_close` if that is called first.
 */
typedef struct xqc_h3_request_s xqc_h3_request_t;

/** The engine's log, given to schedulers; to be passed on, never looked into. */
typedef struct xqc_log_s xqc_log_t;

/** A packet that was sent. Valid only during the call that hands it out. */
typedef struct xqc_packet_out_s xqc_packet_out_t;

/** A network path as schedulers see it. Valid only during the call that hands it out. */
typedef struct xqc_path_ctx_s xqc_path_ctx_t;

/**
 * A delivery rate sample for bandwidth-based congestion controllers. Valid only during the
 * call that hands it out.
 */
typedef struct xqc_sample_s xqc_sample_t;

/** The sending state of a path, given to congestion controllers; never looked into. */
typedef struct xqc_send_ctl_s xqc_send_ctl_t;

/** A stream. Valid from its creation until `stream_close_notify` has returned. */
typedef struct xqc_stream_s xqc_stream_t;

/** `XQC_TRUE` or `XQC_FALSE`. */
typedef uint8_t xqc_bool_t;

/** Milliseconds. */
typedef uint64_t xqc_msec_t;

/** Microseconds; as a point in time, since the epoch of the clock in use. */
typedef uint64_t xqc_usec_t;

/** A packet number. */
typedef uint64_t xqc_packet_number_t;

/** A QUIC stream ID, with type and initiator in its lowest two bits. */
typedef uint64_t xqc_stream_id_t;

/** The usual result: `XQC_OK` or a negated error number. */
typedef int32_t xqc_int_t;

/** An unsigned number of 32 bits. */
typedef uint32_t xqc_uint_t;

/** A switch or a set of bits; zero is off. */
typedef intptr_t xqc_flag_t;

/** A connection ID. Hosts copy the struct whole, between processes too. */
typedef struct xqc_cid_s {
    /** Number of bytes used in `cid_buf`, 0 to `XQC_MAX_CID_LEN`. */
    uint8_t cid_len;
    /** The bytes; those past `cid_len` are zero. */
    uint8_t cid_buf[XQC_MAX_CID_LEN];
    /** The sequence number it was issued with. */
    uint64_t cid_seq_num;
    /** The stateless reset token issued with it, or zeros. */
    uint8_t sr_token[XQC_STATELESS_RESET_TOKENLEN];
    /** The path it may be used on; 0 without multipath. */
    uint64_t path_id;
} xqc_cid_t;

/**
 * Priority of a request (RFC 9218) with additions of ours. `xqc_h3_priority_init` fills in the
 * defaults.
 */
typedef struct xqc_http_priority_s {
    /** 0, the most urgent, to 7. */
    uint8_t urgency;
    /** 1: a part of the response is of use by itself, so share the bandwidth. 0: one after another. */
    uint8_t incremental;
    /** 1: let the scheduler choose paths by priority. */
    uint8_t schedule;
    /** 1: send unacknowledged data of this request again on another path. */
    uint8_t reinject;
    /** Expected size of the request in bytes, for error correction; 0 is unknown. */
    uint32_t fec;
    /** 1: prefer the path with the lowest delay. */
    uint8_t fastpath;
} xqc_h3_priority_t;

/** Local settings that an application protocol may change after a connection was made. */
typedef struct xqc_conn_public_local_trans_settings_s {
    /** The largest DATAGRAM frame accepted, in bytes; 0 refuses datagrams. */
    uint16_t max_datagram_frame_size;
    /** 0: send once. 1: send twice. 2: twice, on different paths only. */
    uint8_t datagram_redundancy;
} xqc_conn_public_local_trans_settings_t;

/** The peer's settings, as far as an application protocol may see and remember them. */
typedef struct xqc_conn_public_remote_trans_settings_s {
    /** The largest DATAGRAM frame the peer accepts, in bytes; 0 refuses datagrams. */
    uint16_t max_datagram_frame_size;
} xqc_conn_public_remote_trans_settings_t;

/** Settings of one stream. */
typedef struct xqc_stream_settings_s {
    /**
     * Limit on the receive rate in bytes per second; 0 is none. Takes effect only with
     * `enable_stream_rate_limit` in the connection settings.
     */
    uint64_t recv_rate_bytes_per_sec;
} xqc_stream_settings_t;

/** True, as an `xqc_bool_t`. */
#define XQC_TRUE 1

/** False, as an `xqc_bool_t`. */
#define XQC_FALSE 0

#endif /* _XQUIC_TYPEDEF_H_INCLUDED_ */
