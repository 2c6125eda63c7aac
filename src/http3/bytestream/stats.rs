//! What a bytestream remembers of its life.

use crate::time::Instant;

/// Sizes in bytes, of content alone, and when things happened for the first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BytestreamStats {
    /// It was created.
    pub begun: Instant,
    /// The first frame, or a part of it, was taken to be sent.
    pub first_sent: Option<Instant>,
    /// The first message began to arrive.
    pub first_received: Option<Instant>,
    /// The end was taken to be sent.
    pub fin_sent: Option<Instant>,
    /// The end of the stream was reached.
    pub fin_received: Option<Instant>,
    /// The end was delivered.
    pub fin_read: Option<Instant>,
    /// Bytes that the stream has taken.
    pub sent: u64,
    /// Bytes that were delivered.
    pub received: u64,
}

impl BytestreamStats {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            begun: now,
            first_sent: None,
            first_received: None,
            fin_sent: None,
            fin_received: None,
            fin_read: None,
            sent: 0,
            received: 0,
        }
    }
}
