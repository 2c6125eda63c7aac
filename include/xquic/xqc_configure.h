/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * What this libxquic was built with. Include it before deciding on any of these macros: some of
 * them change the layout of structs. Generated from src/ffi/abi; do not edit.
 */

#ifndef XQC_CONFIGURE_H
#define XQC_CONFIGURE_H

/** Major version of the API. */
#define xquic_VERSION_MAJOR 0

/** Minor version of the API. */
#define xquic_VERSION_MINOR 1

/* Congestion controllers: xqc_bbr2_cb, xqc_reno_cb, xqc_copa_cb, xqc_unlimited_cc_cb. */
#ifndef XQC_ENABLE_BBR2
#define XQC_ENABLE_BBR2
#endif
#ifndef XQC_ENABLE_RENO
#define XQC_ENABLE_RENO
#endif
#ifndef XQC_ENABLE_COPA
#define XQC_ENABLE_COPA
#endif
#ifndef XQC_ENABLE_UNLIMITED
#define XQC_ENABLE_UNLIMITED
#endif

/* Forward error correction, and its schemes XOR, Reed-Solomon and packet mask. */
#ifndef XQC_ENABLE_FEC
#define XQC_ENABLE_FEC
#endif
#ifndef XQC_ENABLE_XOR
#define XQC_ENABLE_XOR
#endif
#ifndef XQC_ENABLE_RSC
#define XQC_ENABLE_RSC
#endif
#ifndef XQC_ENABLE_PKM
#define XQC_ENABLE_PKM
#endif

/* The scheduler for interoperability tests of multipath: xqc_interop_scheduler_cb. */
/* built without XQC_ENABLE_MP_INTEROP */

/* Without effect; reported for programs that ask. */
/* built without XQC_NO_PID_PACKET_PROCESS */

/* xqc_conn_settings_t has the field protect_pool_mem. */
/* built without XQC_PROTECT_POOL_MEM */

/* xqc_h3_conn_settings_t has the field qpack_compat_duplicate. */
/* built without XQC_COMPAT_DUPLICATE */

#endif /* XQC_CONFIGURE_H */
