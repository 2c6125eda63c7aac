//! `xqc_ext.h`: types and constants of what upstream's headers do not have.

/// Version of `xqc_ext.h` and its functions: major in the upper 16 bits, minor in the lower. A
/// larger minor number adds; a larger major number may change.
pub const XQC_EXT_VERSION: u32 = 0x1_0000;

c_enum! {
    /// Drafts of QUIC-LB that differ in how connection IDs are encrypted, where server ID and nonce
    /// do not make up 16 bytes.
    pub enum xqc_ext_lb_draft_t {
        /// draft-ietf-quic-load-balancers-13, as `xqc_lb_cid_encryption`.
        XQC_EXT_LB_DRAFT_13 = 13,
        /// draft-ietf-quic-load-balancers-21, the latest.
        XQC_EXT_LB_DRAFT_21 = 21,
    }
}

/// Feature: the controller `xqc_reno_cb`.
pub const XQC_EXT_FEATURE_RENO: u64 = 0x1;
/// Feature: the controller `xqc_bbr2_cb`.
pub const XQC_EXT_FEATURE_BBR2: u64 = 0x2;
/// Feature: the controller `xqc_copa_cb`.
pub const XQC_EXT_FEATURE_COPA: u64 = 0x4;
/// Feature: the controller `xqc_unlimited_cc_cb`.
pub const XQC_EXT_FEATURE_UNLIMITED: u64 = 0x8;
