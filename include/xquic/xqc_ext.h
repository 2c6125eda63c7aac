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

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* _XQC_EXT_H_INCLUDED_ */
