//! Send and receive parts of streams, flow control, the table of streams (RFC 9000 sections 2
//! to 4).
//!
//! [`Streams`] is the whole floor for one connection. [`SendBuffer`] and [`Reassembler`] below it
//! carry CRYPTO data too.

mod application;
mod backlog;
mod block;
mod control;
mod counts;
mod event;
mod feedback;
mod flow;
mod framing;
mod in_order;
mod incoming;
mod key;
mod list;
mod outgoing;
mod ready;
mod reassembler;
mod record;
mod recorder;
mod recv;
mod send;
mod send_buffer;
mod slots;
mod state;
mod streams;
#[cfg(test)]
pub(crate) mod tests;
mod windows;

pub use block::{BlockPool, BLOCK_SIZE};
pub use event::{OpenError, Read, ReadError, StreamEvent, UnknownStream, WriteError};
pub use key::{StreamKey, Token};
pub use reassembler::{Reassembler, TooFragmented, MAX_PIECES};
pub use record::{FrameCount, PathState, Record, Totals, Waits};
pub use send_buffer::SendBuffer;
pub use state::{RecvState, SendState};
pub use streams::{Limits, Streams};
pub use windows::ReceiveRates;
