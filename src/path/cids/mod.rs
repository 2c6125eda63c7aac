//! The connection IDs of both ends (RFC 9000 section 5.1).

mod local;
mod remote;

use crate::wire::{ConnectionId, ResetToken};

pub use local::{LocalCids, MAX_ISSUED};
pub use remote::{Lease, RemoteCids};

/// One connection ID and its sequence number.
#[derive(Clone, Copy, Debug)]
struct Entry {
    sequence: u64,
    cid: ConnectionId,
    reset_token: Option<ResetToken>,
    /// Ours: the peer has sent to it.
    used: bool,
}

impl Entry {
    fn new(sequence: u64, cid: ConnectionId, reset_token: Option<ResetToken>) -> Self {
        Self { sequence, cid, reset_token, used: false }
    }
}
