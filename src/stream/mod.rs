//! Send and receive parts of streams, flow control, the table of streams (RFC 9000 sections 2
//! to 4).
//!
//! [`SendBuffer`] and [`Reassembler`]
//! carry CRYPTO data too.

mod block;
mod control;
mod counts;
mod event;
mod flow;
mod key;
mod reassembler;
mod recv;
mod send;
mod send_buffer;
mod state;

pub use block::{BlockPool, BLOCK_SIZE};
pub use event::{OpenError, Read, ReadError, StreamEvent, UnknownStream, WriteError};
pub use key::{StreamKey, Token};
pub use reassembler::{Reassembler, TooFragmented, MAX_PIECES};
pub use send_buffer::SendBuffer;
