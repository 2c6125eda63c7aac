/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Error numbers of libxquic. Generated from src/ffi/abi; do not edit.
 */

#ifndef _XQC_ERRNO_H_INCLUDED_
#define _XQC_ERRNO_H_INCLUDED_

#include <stdint.h>

/** TLS alert `a` travels as transport error `TRA_CRYPTO_ERROR_BASE + a` (RFC 9001 section 4.8). */
#define TRA_CRYPTO_ERROR_BASE 0x100

/** Success. */
#define XQC_OK 0

/** Failure without a more precise code. */
#define XQC_ERROR -1

/** The first transport error number. */
#define TRANS_ERR_START 600

/** The first TLS error number. */
#define TLS_ERR_START 700

/** The first HTTP/3 error number. */
#define H3_ERR_START 800

/** The first QPACK error number. */
#define QPACK_ERR_START 900

/** Which code space the error number of a received CONNECTION_CLOSE belongs to. */
typedef enum {
    /** No CONNECTION_CLOSE has arrived: the number, if any, was made locally. */
    XQC_CONN_ERR_TYPE_UNKNOWN = 0,
    /** The frame had type 0x1c: the number is a QUIC transport code. */
    XQC_CONN_ERR_TYPE_TRANSPORT = 1,
    /** The frame had type 0x1d: the number belongs to the application protocol. */
    XQC_CONN_ERR_TYPE_APPLICATION = 2,
} xqc_conn_err_type_t;

/** Transport error codes of RFC 9000 section 20.1, and a few that never leave the process. */
typedef enum {
    /** Closed without an error. */
    TRA_NO_ERROR = 0x0,
    /** The endpoint met a fault of its own and cannot go on. */
    TRA_INTERNAL_ERROR = 0x1,
    /** The server does not take new connections. */
    TRA_CONNECTION_REFUSED_ERROR = 0x2,
    /** The peer sent more data than it was granted. */
    TRA_FLOW_CONTROL_ERROR = 0x3,
    /** The peer opened more streams than it was granted. */
    TRA_STREAM_LIMIT_ERROR = 0x4,
    /** A frame arrived for a stream whose state forbids it. */
    TRA_STREAM_STATE_ERROR = 0x5,
    /** A stream's final size changed, or data lies beyond it. */
    TRA_FINAL_SIZE_ERROR = 0x6,
    /** A frame could not be parsed. */
    TRA_FRAME_ENCODING_ERROR = 0x7,
    /** The transport parameters are malformed, missing or contradictory. */
    TRA_TRANSPORT_PARAMETER_ERROR = 0x8,
    /** The peer issued more connection IDs than it was granted. */
    TRA_CONNECTION_ID_LIMIT_ERROR = 0x9,
    /** The peer broke a rule that has no code of its own. */
    TRA_PROTOCOL_VIOLATION = 0xA,
    /** The token in an Initial packet is not one of ours. */
    TRA_INVALID_TOKEN = 0xB,
    /** The application closed during the handshake; its own code stays hidden. */
    TRA_APPLICATION_ERROR = 0xC,
    /** More out-of-order CRYPTO data arrived than is buffered. */
    TRA_CRYPTO_BUFFER_EXCEEDED = 0xD,
    /** A key update came too early or went wrong (RFC 9001 section 6). */
    TRA_KEY_UPDATE_ERROR = 0xE,
    /** The keys have protected or rejected as many packets as they may (RFC 9001 section 6.6). */
    TRA_AEAD_LIMIT_REACHED = 0xF,
    /** No usable network path is left. */
    TRA_NO_VIABLE_PATH = 0x10,
    /** A client met no common version. Local only: no frame carries this number. */
    TRA_VERSION_NEGOTIATION_ERROR = 0x53,
    /**
     * The server's limits shrank below those remembered for 0-RTT. Local only; on the wire it
     * is a transport parameter error or a protocol violation.
     */
    TRA_0RTT_TRANS_PARAMS_ERROR = 0x54,
    /** The server's datagram limit shrank below the one remembered for 0-RTT. Local only. */
    TRA_0RTT_DGRAM_PARAMS_ERROR = 0x55,
    /** TLS found no application protocol in common (alert 120). */
    TRA_NO_APPLICATION_PROTOCOL = 0x178,
} xqc_trans_err_code_t;

/** HTTP/3 error codes of RFC 9114 section 8.1. */
typedef enum {
    /** Closed without an error. */
    H3_NO_ERROR = 0x100,
    /** The peer broke a rule that has no code of its own. */
    H3_GENERAL_PROTOCOL_ERROR = 0x101,
    /** A fault of the HTTP stack itself. */
    H3_INTERNAL_ERROR = 0x102,
    /** The peer opened a stream that is not acceptable. */
    H3_STREAM_CREATION_ERROR = 0x103,
    /** A stream that must stay open was closed or reset. */
    H3_CLOSED_CRITICAL_STREAM = 0x104,
    /** A frame arrived where it is not allowed. */
    H3_FRAME_UNEXPECTED = 0x105,
    /** A frame's layout or size is wrong. */
    H3_FRAME_ERROR = 0x106,
    /** The peer's behaviour costs too much. */
    H3_EXCESSIVE_LOAD = 0x107,
    /** A stream or push ID was used wrongly. */
    H3_ID_ERROR = 0x108,
    /** The SETTINGS frame holds something illegal. */
    H3_SETTINGS_ERROR = 0x109,
    /** The control stream did not begin with SETTINGS. */
    H3_MISSING_SETTINGS = 0x10A,
    /** The server refused the request without processing it. */
    H3_REQUEST_REJECTED = 0x10B,
    /** The request or its response is no longer wanted. */
    H3_REQUEST_CANCELLED = 0x10C,
    /** The client's stream ended within the request. */
    H3_REQUEST_INCOMPLETE = 0x10D,
    /** The HTTP message is malformed. */
    H3_MESSAGE_ERROR = 0x10E,
    /** A connection made for CONNECT was reset or closed. */
    H3_CONNECT_ERROR = 0x10F,
    /** The exchange should be repeated over HTTP/1.1. */
    H3_VERSION_FALLBACK = 0x110,
} xqc_h3_err_code_t;

/** QPACK error codes of RFC 9204 section 6. */
typedef enum {
    /** A field section cannot be decoded. */
    QPACK_DECOMPRESSION_FAILED = 0x200,
    /** An instruction on the encoder stream cannot be followed. */
    QPACK_ENCODER_STREAM_ERROR = 0x201,
    /** An instruction on the decoder stream cannot be followed. */
    QPACK_DECODER_STREAM_ERROR = 0x202,
} xqc_qpack_err_code_t;

/** API errors of the transport, returned negated. */
typedef enum {
    /** The output buffer is too small. */
    XQC_ENOBUF = 600,
    /** An integer in the input ends early. */
    XQC_EVINTREAD = 601,
    /** A pointer that must not be null is null. */
    XQC_ENULLPTR = 602,
    /** Out of memory. */
    XQC_EMALLOC = 603,
    /** The packet is invalid and was dropped; the connection lives on. */
    XQC_EILLPKT = 604,
    /** Keys of this encryption level are not at hand. */
    XQC_ELEVEL = 605,
    /** The connection could not be created. */
    XQC_ECREATE_CONN = 606,
    /** The connection is closing and takes no more work. */
    XQC_CLOSING = 607,
    /** No connection has this connection ID. */
    XQC_ECONN_NFOUND = 608,
    /** A call to the operating system or a library failed. */
    XQC_ESYS = 609,
    /** Nothing can be done now; a notification follows when it can. */
    XQC_EAGAIN = 610,
    /** An argument is out of range. */
    XQC_EPARAM = 611,
    /** The object is in the wrong state for this call. */
    XQC_ESTATE = 612,
    /** A buffer has reached its limit. */
    XQC_ELIMIT = 613,
    /** The peer broke the protocol. */
    XQC_EPROTO = 614,
    /** The write callback reported a socket error. */
    XQC_ESOCKET = 615,
    /** The connection cannot go on and is released soon. */
    XQC_EFATAL = 616,
    /** The stream is in the wrong state for this call. */
    XQC_ESTREAM_ST = 617,
    /** The Retry packet could not be sent. */
    XQC_ESEND_RETRY = 618,
    /** The connection's flow control credit is used up. */
    XQC_ECONN_BLOCKED = 619,
    /** The stream's flow control credit is used up. */
    XQC_ESTREAM_BLOCKED = 620,
    /** A packet could not be protected. */
    XQC_EENCRYPT = 621,
    /** A packet could not be opened. */
    XQC_EDECRYPT = 622,
    /** No such stream. */
    XQC_ESTREAM_NFOUND = 623,
    /** A packet could not be built. */
    XQC_EWRITE_PKT = 624,
    /** A stream could not be created. */
    XQC_ECREATE_STREAM = 625,
    /** The stream was reset by either side. */
    XQC_ESTREAM_RESET = 626,
    /** The frame was seen before. */
    XQC_EDUP_FRAME = 627,
    /** The stream's final size is contradicted. */
    XQC_EFINAL_SIZE = 628,
    /** The packet's version is not spoken here. */
    XQC_EVERSION = 629,
    /** More input is needed first. */
    XQC_EWAITING = 630,
    /** The packet or frame is unknown and was skipped. */
    XQC_EIGNORE_PKT = 631,
    /** The callback made no usable connection ID. */
    XQC_EGENERATE_CID = 632,
    /** The server may not send more before the client's address is validated. */
    XQC_EANTI_AMPLIFICATION_LIMIT = 633,
    /** No unused connection ID is left. */
    XQC_ECONN_NO_AVAIL_CID = 634,
    /** The connection does not know this connection ID. */
    XQC_ECONN_CID_NOT_FOUND = 635,
    /** A frame breaks a rule; the connection is closed. */
    XQC_EILLEGAL_FRAME = 636,
    /** The connection ID is in the wrong state for this. */
    XQC_ECID_STATE = 637,
    /** The peer issued more connection IDs than it was granted. */
    XQC_EACTIVE_CID_LIMIT = 638,
    /** The server does not speak the offered application protocol. */
    XQC_EALPN_NOT_SUPPORTED = 639,
    /** The application protocol was never registered with the engine. */
    XQC_EALPN_NOT_REGISTERED = 640,
    /** The peer answered with a stateless reset. */
    XQC_ESTATELESS_RESET = 641,
    /** The packet filter callback failed. */
    XQC_EPACKET_FILETER_CALLBACK = 642,
    /** The server offers no version this client speaks (RFC 9000 section 6.2). */
    XQC_EVERSION_NEGOTIATION = 643,
    /** The keys may not be used any longer (RFC 9001 section 6.6). */
    XQC_EAEAD_LIMIT = 644,
    /** Multipath was not negotiated. */
    XQC_EMP_NOT_SUPPORT_MP = 650,
    /** All path IDs the peer granted are in use. */
    XQC_EMP_NO_AVAIL_PATH_ID = 651,
    /** The path could not be created. */
    XQC_EMP_CREATE_PATH = 652,
    /** No path has this ID. */
    XQC_EMP_PATH_NOT_FOUND = 653,
    /** The path is in the wrong state for this call. */
    XQC_EMP_PATH_STATE_ERROR = 654,
    /** The scheduler found no path to send on. */
    XQC_EMP_SCHEDULE_PATH = 655,
    /** This is the last active path and cannot be given up. */
    XQC_EMP_NO_ACTIVE_PATH = 656,
    /** The multipath version is not one of `xqc_multipath_version_t`. */
    XQC_EMP_INVALID_MP_VERTION = 657,
    /** The peer has issued no connection ID for this path. */
    XQC_EMP_NO_AVAILABLE_CID_FOR_PATH = 658,
    /** Forward error correction was not negotiated. */
    XQC_EFEC_NOT_SUPPORT_FEC = 660,
    /** No scheme in common for forward error correction. */
    XQC_EFEC_SCHEME_ERROR = 661,
    /** A repair or source symbol is invalid. */
    XQC_EFEC_SYMBOL_ERROR = 662,
    /** Error correction failed without harm to the connection. */
    XQC_EFEC_TOLERABLE_ERROR = 663,
    /** The connection ID could not be encrypted for the load balancer. */
    XQC_EENCRYPT_LB_CID = 670,
    /** AES-128-ECB failed. */
    XQC_EENCRYPT_AES_128_ECB = 671,
    /** The peer takes no datagrams. */
    XQC_EDGRAM_NOT_SUPPORTED = 680,
    /** The datagram does not fit into one packet. */
    XQC_EDGRAM_TOO_LARGE = 681,
    /** The probe size for path MTU discovery is out of range. */
    XQC_EPMTUD_PROBING_SIZE = 682,
    /** The extended acknowledgement carries an impossible value. */
    XQC_EACK_EXT_ABN_VAL = 690,
    /** One past the last transport error; not an error itself. */
    XQC_E_MAX = 691,
} xqc_transport_error_t;

/** API errors of the TLS layer, returned negated. */
typedef enum {
    /** An argument is out of range. */
    XQC_TLS_INVALID_ARGUMENT = 700,
    /** The packet type has no TLS keys. */
    XQC_TLS_UNKNOWN_PKT_TYPE = 701,
    /** The output buffer is too small. */
    XQC_TLS_NOBUF = 702,
    /** The peer broke the protocol. */
    XQC_TLS_PROTO = 703,
    /** The session is in the wrong state for this call. */
    XQC_TLS_INVALID_STATE = 704,
    /** An ACK frame is invalid. */
    XQC_TLS_ACK_FRAME = 705,
    /** No stream ID is left to use. */
    XQC_TLS_STREAM_ID_BLOCKED = 706,
    /** The stream is in use already. */
    XQC_TLS_STREAM_IN_USE = 707,
    /** The stream has no credit to send data. */
    XQC_TLS_STREAM_DATA_BLOCKED = 708,
    /** Flow control was violated. */
    XQC_TLS_FLOW_CONTROL = 709,
    /** The stream limit was violated. */
    XQC_TLS_STREAM_LIMIT = 710,
    /** The final offset is contradicted. */
    XQC_TLS_FINAL_OFFSET = 711,
    /** A cryptographic operation failed. */
    XQC_TLS_CRYPTO = 712,
    /** All packet numbers are used up. */
    XQC_TLS_PKT_NUM_EXHAUSTED = 713,
    /** A mandatory transport parameter is missing. */
    XQC_TLS_REQUIRED_TRANSPORT_PARAM = 714,
    /** The transport parameters cannot be parsed. */
    XQC_TLS_MALFORMED_TRANSPORT_PARAM = 715,
    /** A frame cannot be parsed. */
    XQC_TLS_FRAME_ENCODING = 716,
    /** A packet could not be opened. */
    XQC_TLS_DECRYPT = 717,
    /** The stream's sending side is closed. */
    XQC_TLS_STREAM_SHUT_WR = 718,
    /** No such stream. */
    XQC_TLS_STREAM_NOT_FOUND = 719,
    /** The versions do not match. */
    XQC_TLS_VERSION_NEGOTIATION = 720,
    /** The stream is in the wrong state. */
    XQC_TLS_STREAM_STATE = 721,
    /** No key for this encryption level. */
    XQC_TLS_NOKEY = 722,
    /** The server rejected 0-RTT. */
    XQC_TLS_EARLY_DATA_REJECTED = 723,
    /** A Version Negotiation packet arrived. */
    XQC_TLS_RECV_VERSION_NEGOTIATION = 724,
    /** The connection is closing. */
    XQC_TLS_CLOSING = 725,
    /** The connection is draining. */
    XQC_TLS_DRAINING = 726,
    /** A transport parameter holds an illegal value. */
    XQC_TLS_TRANSPORT_PARAM = 727,
    /** The packet was dropped. */
    XQC_TLS_DISCARD_PKT = 728,
    /** The session cannot go on. */
    XQC_TLS_FATAL = 729,
    /** Out of memory. */
    XQC_TLS_NOMEM = 730,
    /** A callback of the application failed. */
    XQC_TLS_CALLBACK_FAILURE = 731,
    /** A fault of the TLS layer itself. */
    XQC_TLS_INTERNAL = 732,
    /** The data was rejected. */
    XQC_TLS_DATA_REJECT = 733,
    /** The client's first flight could not be made. */
    XQC_TLS_CLIENT_INITIAL_ERROR = 734,
    /** The client could not start anew after Retry. */
    XQC_TLS_CLIENT_REINTIAL_ERROR = 735,
    /** Data could not be encrypted. */
    XQC_TLS_ENCRYPT_DATA_ERROR = 736,
    /** Data could not be decrypted. */
    XQC_TLS_DECRYPT_DATA_ERROR = 737,
    /** The negotiated cipher is not usable. */
    XQC_TLS_CRYPTO_CTX_NEGOTIATED_ERROR = 738,
    /** The transport parameters could not be given to TLS. */
    XQC_TLS_SET_TRANSPORT_PARAM_ERROR = 739,
    /** The configured cipher list is invalid. */
    XQC_TLS_SET_CIPHER_SUITES_ERROR = 740,
    /** A key could not be derived. */
    XQC_TLS_DERIVE_KEY_ERROR = 741,
    /** The TLS handshake failed. */
    XQC_TLS_DO_HANDSHAKE_ERROR = 742,
    /** A TLS message after the handshake is invalid. */
    XQC_TLS_POST_HANDSHAKE_ERROR = 743,
    /** The keys could not be updated. */
    XQC_TLS_UPDATE_KEY_ERROR = 744,
    /** A packet under the next keys could not be opened. */
    XQC_TLS_DECRYPT_WHEN_KU_ERROR = 745,
    /** One past the last TLS error; not an error itself. */
    XQC_TLS_ERR_MAX = 746,
} xqc_tls_error_t;

/** API errors of HTTP/3, returned negated. */
typedef enum {
    /** Out of memory. */
    XQC_H3_EMALLOC = 800,
    /** A stream could not be created. */
    XQC_H3_ECREATE_STREAM = 801,
    /** The request could not be created. */
    XQC_H3_ECREATE_REQUEST = 802,
    /** The peer sent GOAWAY and takes no new requests. */
    XQC_H3_EGOAWAY_RECVD = 803,
    /** The HTTP/3 connection could not be created. */
    XQC_H3_ECREATE_CONN = 804,
    /** QPACK could not encode the fields. */
    XQC_H3_EQPACK_ENCODE = 805,
    /** QPACK could not decode the field section. */
    XQC_H3_EQPACK_DECODE = 806,
    /** The priority signal is invalid. */
    XQC_H3_EPRI_TREE = 807,
    /** The control stream could not be processed. */
    XQC_H3_EPROC_CONTROL = 808,
    /** The request stream could not be processed. */
    XQC_H3_EPROC_REQUEST = 809,
    /** The push stream could not be processed. */
    XQC_H3_EPROC_PUSH = 810,
    /** An argument is out of range. */
    XQC_H3_EPARAM = 811,
    /** The buffer is too small, or full. */
    XQC_H3_BUFFER_EXCEED = 812,
    /** A frame cannot be decoded. */
    XQC_H3_DECODE_ERROR = 813,
    /** The stream is not acceptable, such as a second control stream. */
    XQC_H3_INVALID_STREAM = 814,
    /** The peer closed a stream that must stay open. */
    XQC_H3_CLOSE_CRITICAL_STREAM = 815,
    /** A frame arrived in the wrong state. */
    XQC_H3_STATE_ERROR = 816,
    /** A frame on the control stream came too early or twice. */
    XQC_H3_CONTROL_ERROR = 817,
    /** A frame on the control stream has a type that is not allowed there. */
    XQC_H3_CONTROL_DECODE_ERROR = 818,
    /** A frame on the control stream has a wrong length. */
    XQC_H3_CONTROL_DECODE_INVALID = 819,
    /** The priority could not be set. */
    XQC_H3_PRIORITY_ERROR = 820,
    /** The frame type is not allowed here. */
    XQC_H3_INVALID_FRAME_TYPE = 821,
    /** The frame type is not supported. */
    XQC_H3_UNSUPPORT_FRAME_TYPE = 822,
    /** A header field is illegal or exceeds the limit. */
    XQC_H3_INVALID_HEADER = 823,
    /** SETTINGS are invalid. */
    XQC_H3_SETTING_ERROR = 824,
    /** Too many streams wait for QPACK, or one holds too much. */
    XQC_H3_BLOCKED_STREAM_EXCEED = 825,
    /** Reading the QUIC stream failed. */
    XQC_H3_STREAM_RECV_ERROR = 826,
    /** The priority field holds an illegal value. */
    XQC_H3_INVALID_PRIORITY = 827,
    /** The bidirectional stream has an unknown type. */
    XQC_H3_INVALID_BIDI_STREAM_TYPE = 828,
    /** The bytestream could not be created. */
    XQC_H3_ECREATE_BYTESTREAM = 829,
    /** The bytestream could not be processed. */
    XQC_H3_EPROC_BYTESTREAM = 830,
    /** The bytestream's FIN was sent before. */
    XQC_H3_BYTESTREAM_FIN_SENT = 831,
    /** The bytestream has a message under construction. */
    XQC_H3_BYTESTREAM_MSG_BUF_EXIST = 832,
    /** A frame for request streams arrived on the control stream. */
    XQC_H3_CONTROL_FRAME_UNEXPECTED = 833,
    /** The control stream did not begin with SETTINGS. */
    XQC_H3_MISSING_SETTINGS = 834,
    /** A frame for the control stream arrived on a request stream. */
    XQC_H3_REQUEST_FRAME_UNEXPECTED = 835,
    /** MAX_PUSH_ID came from the wrong side or went down (RFC 9114 section 7.2.7). */
    XQC_H3_INVALID_MAX_PUSH_ID = 836,
    /** The HTTP message is malformed (RFC 9114 section 4.1.2). */
    XQC_H3_EMALFORMED_HEADER = 837,
    /** CANCEL_PUSH names a push that never was (RFC 9114 section 7.2.3). */
    XQC_H3_INVALID_CANCEL_PUSH_ID = 838,
    /** One past the last HTTP/3 error; not an error itself. */
    XQC_H3_ERR_MAX = 839,
} xqc_h3_error_t;

/** API errors of QPACK, returned negated. */
typedef enum {
    /** An integer cannot be decoded. */
    XQC_QPACK_DECODER_VARINT_ERROR = 900,
    /** The encoder failed. */
    XQC_QPACK_ENCODER_ERROR = 901,
    /** The decoder failed. */
    XQC_QPACK_DECODER_ERROR = 902,
    /** The dynamic table was used wrongly. */
    XQC_QPACK_DYNAMIC_TABLE_ERROR = 903,
    /** The static table has no such entry. */
    XQC_QPACK_STATIC_TABLE_ERROR = 904,
    /** The table capacity cannot be set to this value. */
    XQC_QPACK_SET_DTABLE_CAP_ERROR = 905,
    /** An instruction could not be sent. */
    XQC_QPACK_SEND_ERROR = 906,
    /** A decoded field could not be stored. */
    XQC_QPACK_SAVE_HEADERS_ERROR = 907,
    /** The instruction is unknown. */
    XQC_QPACK_UNKNOWN_INSTRUCTION = 908,
    /** The instruction is invalid. */
    XQC_QPACK_INSTRUCTION_ERROR = 909,
    /** The table entry is still referred to. */
    XQC_QPACK_DYNAMIC_TABLE_REFERRED = 910,
    /** The table entry does not exist. */
    XQC_QPACK_DYNAMIC_TABLE_VOID_ENTRY = 911,
    /** The codec is in the wrong state. */
    XQC_QPACK_STATE_ERROR = 912,
    /** The dynamic table is too small for the entry. */
    XQC_QPACK_DYNAMIC_TABLE_NOT_ENOUGH = 913,
    /** A Huffman code is invalid. */
    XQC_QPACK_HUFFMAN_DEC_ERROR = 914,
    /** A Huffman string ends in the wrong state. */
    XQC_QPACK_HUFFMAN_DEC_STATE_ERROR = 915,
    /** One past the last QPACK error; not an error itself. */
    XQC_QPACK_ERR_MAX = 916,
} xqc_qpack_error_t;

/** Transport error codes of the multipath extension. Wider than an `int`, hence no enum. */
typedef uint64_t xqc_mp_err_code_t;

/** The peer broke a rule of the multipath extension. */
#define TRA_MP_PROTOCOL_VIOLATION (xqc_mp_err_code_t)0x1001d76d3ded42f3

/** Size of the range of transport error numbers. */
static const int TRANS_ERR_CNT = XQC_E_MAX - TRANS_ERR_START;

/** Size of the range of TLS error numbers. */
static const int TLS_ERR_CNT = XQC_TLS_ERR_MAX - TLS_ERR_START;

/** Size of the range of HTTP/3 error numbers. */
static const int H3_ERR_CNT = XQC_H3_ERR_MAX - H3_ERR_START;

/** Size of the range of QPACK error numbers. */
static const int QPACK_ERR_CNT = XQC_QPACK_ERR_MAX - QPACK_ERR_START;

#endif /* _XQC_ERRNO_H_INCLUDED_ */
