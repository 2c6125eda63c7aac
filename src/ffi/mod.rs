//! The C ABI.
pub mod abi;
