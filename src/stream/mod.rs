//! Send and receive halves of streams, flow control, the table of streams.

mod block;
mod reassembler;
mod send_buffer;

pub use block::{BlockPool, BLOCK_SIZE};
pub use reassembler::{Reassembler, TooFragmented, MAX_PIECES};
pub use send_buffer::SendBuffer;
