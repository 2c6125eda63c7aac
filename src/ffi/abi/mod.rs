//! The C ABI as Rust types: one module per part of the public headers.
//!
//! This is the single source of `include/xquic/*.h`. The generator (`tools/headers.rs`, run by the
//! build script when `XQUIC_GENERATE_HEADERS` names a directory) turns these modules into C with
//! cbindgen, following the templates in `headers/`. Hence the C names, and doc comments written
//! for C readers.
//!
//! - Enums are transparent integers (`c_enum!`): C may pass any value.
//! - Handles are incomplete types (`opaque!`): the layers above cast pointers to their own cells.
//! - [`prototypes`] declares the functions and data objects, with the proof that their definitions
//!   elsewhere in `ffi` agree. `layout` asserts sizes and offsets at compile time.

#![allow(non_camel_case_types, non_snake_case, non_upper_case_globals)]

#[macro_use]
mod macros;

mod callbacks;
mod config;
mod configure;
mod congestion;
mod connection_functions;
mod engine_functions;
mod errno;
mod ext;
mod ext_functions;
mod fec;
mod http3;
mod http3_callbacks;
mod http3_ext_functions;
mod http3_functions;
mod http3_stats;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod layout;
mod limits;
mod multipath;
mod objects;
mod path_functions;
mod protocol;
pub mod prototypes;
mod settings;
mod stats;
mod stream_functions;
mod typedef;
mod undeclared;

pub use callbacks::*;
pub use config::*;
pub use configure::*;
pub use congestion::*;
pub use errno::*;
pub use ext::*;
pub use fec::*;
pub use http3::*;
pub use http3_callbacks::*;
pub use http3_stats::*;
pub use limits::*;
pub use multipath::*;
pub use protocol::*;
pub use settings::*;
pub use stats::*;
pub use typedef::*;

/// An integer that a C enum does not name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownValue(pub core::ffi::c_int);

/// C structs that hosts clear with `memset` and then fill in.
///
/// # Safety
///
/// All bytes zero must be a valid value of the type.
pub unsafe trait Zeroable: Sized {
    /// The value with all bytes zero.
    // SAFETY: the implementor vouches for it.
    const ZERO: Self = unsafe { core::mem::zeroed() };
}
