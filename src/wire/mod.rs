//! Codecs over byte slices: no state, no I/O, nothing allocated on decode.

#![forbid(unsafe_code)]

pub mod reader;
pub mod varint;
pub mod writer;

pub use reader::{Reader, UnexpectedEnd};
pub use writer::Writer;
