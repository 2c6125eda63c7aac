//! `xqc_configure.h`: version numbers. The feature macros come from the template.

use core::ffi::c_int;

/// Major version of the API.
pub const xquic_VERSION_MAJOR: c_int = 0;
/// Minor version of the API.
pub const xquic_VERSION_MINOR: c_int = 1;
