//! `xqc_ext.h`: prototypes of the functions that upstream does not have.
//!
//! What stands here carries the symbol version `XQUIC_EXT_1.0`: `tools/link-shared.sh` reads the
//! names off this file. To add a function, declare it here, define it elsewhere in `ffi` with
//! `check_prototypes!`, and generate the headers anew; types go to `ext.rs`.

extern "C" {
    /// Returns the `XQC_EXT_VERSION` that the library was built with, to be compared with the
    /// header's: a program built against a newer minor version must not use what that added.
    /// Callable at any time, from any thread.
    pub fn xqc_ext_version() -> u32;

    /// Returns which features the loaded library has: the sum of `XQC_EXT_FEATURE_*`. Callable at
    /// any time, from any thread.
    pub fn xqc_ext_features() -> u64;
}
