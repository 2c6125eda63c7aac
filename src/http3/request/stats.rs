//! What a request remembers of its life.

use crate::time::Instant;

/// Sizes in bytes, and when things happened for the first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestStats {
    /// It was created.
    pub begun: Instant,
    /// Everything of the peer's was handed over.
    pub ended: Option<Instant>,
    /// The first HEADERS frame began to arrive.
    pub header_begun: Option<Instant>,
    /// The first field section was decoded.
    pub header_decoded: Option<Instant>,
    /// The first DATA frame began to arrive.
    pub body_begun: Option<Instant>,
    /// It began to wait for QPACK.
    pub blocked: Option<Instant>,
    /// It could go on.
    pub unblocked: Option<Instant>,
    /// The end of the stream was reached.
    pub fin_received: Option<Instant>,
    /// The first field section was sent.
    pub header_sent: Option<Instant>,
    /// The first content was sent.
    pub body_sent: Option<Instant>,
    /// Content taken to be sent.
    pub sent_body: u64,
    /// Content handed over.
    pub received_body: u64,
    /// Names and values sent.
    pub sent_header: u64,
    /// Names and values received.
    pub received_header: u64,
    /// Encoded field sections sent.
    pub sent_compressed: u64,
    /// Encoded field sections received.
    pub received_compressed: u64,
    /// The code it was given up with last, by either end.
    pub error: Option<u64>,
}

impl RequestStats {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            begun: now,
            ended: None,
            header_begun: None,
            header_decoded: None,
            body_begun: None,
            blocked: None,
            unblocked: None,
            fin_received: None,
            header_sent: None,
            body_sent: None,
            sent_body: 0,
            received_body: 0,
            sent_header: 0,
            received_header: 0,
            sent_compressed: 0,
            received_compressed: 0,
            error: None,
        }
    }
}
