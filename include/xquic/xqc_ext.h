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

/**
 * Returns the `XQC_EXT_VERSION` that the library was built with, to be compared with the
 * header's: a program built against a newer minor version must not use what that added.
 * Callable at any time, from any thread.
 */
XQC_EXPORT_PUBLIC_API uint32_t xqc_ext_version(void);

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

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* _XQC_EXT_H_INCLUDED_ */
