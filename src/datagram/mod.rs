//! Unreliable datagrams of the application (RFC 9221): those that wait to be sent or whose fate is
//! open, and those that wait to be read.
//!
//! A datagram is named by the number it got when it was written, from 0 up. The transport sends it
//! once and tells what became of it; sending it again is the application's decision
//! (RFC 9221 section 5.2), for which its bytes are kept as long as it may be asked.

mod byte_log;
mod inbox;
mod outbox;

pub use inbox::{Inbox, MAX_UNREAD_BYTES};
pub use outbox::{Outbox, Sending, Written};

use crate::wire::varint;

/// How a datagram is treated, from xquic's levels of importance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Important: sent twice where redundancy is on.
    High,
    /// As most are.
    Normal,
    /// Not repeated as a probe after a silence.
    Low,
    /// A repetition after a silence, or the application's own probe.
    Probe,
}

/// What became of a sent datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Report {
    /// The peer has received it. Comes once for each number.
    Acked(u64),
    /// A packet that carried it is held to be lost. Comes once for each such packet, and the
    /// datagram may arrive all the same. [`Outbox::settle`] has to follow.
    Lost(u64),
}

/// Bytes of a DATAGRAM frame beside its data: type, and a length of two bytes.
const FRAME_OVERHEAD: usize = 1 + 2;

/// How many bytes of data surely fit into a DATAGRAM frame of `frame_len` bytes.
pub fn largest_payload(frame_len: usize) -> usize {
    frame_len.saturating_sub(FRAME_OVERHEAD)
}

/// Bytes of a DATAGRAM frame with a length and `len` bytes of data.
pub const fn frame_len(len: usize) -> usize {
    1 + varint::size(len as u64) + len
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_payload_makes_no_longer_frame_than_allowed() {
        for limit in 3..16_384 + 3 {
            assert!(frame_len(largest_payload(limit)) <= limit, "{limit}");
        }
    }
}
