//! QPACK: field compression for HTTP/3 (RFC 9204). It knows neither streams nor frames: bytes of the
//! encoder stream, of the decoder stream and of field sections go in and out.

mod decoder;
mod dynamic_table;
mod encoder;
mod error;
mod field;
mod huffman;
mod index;
mod outstanding;
mod prefix_int;
mod section;
mod static_table;
mod string;
#[cfg(test)]
mod tests;
mod trace;

pub use decoder::{Decoded, Decoder};
pub use encoder::Encoder;
pub use error::QpackError;
pub use field::{Field, FieldSection, Hit, Indexing};
pub(super) use trace::{is_secret, write_section, Instruction, Instructions, TableWatch};
