//! Counters of a connection.

/// What a connection counted since it began.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stats {
    /// Datagrams sent.
    pub datagrams_sent: u64,
    /// Their bytes.
    pub bytes_sent: u64,
    /// Packets sent.
    pub packets_sent: u64,
    /// Packets declared lost.
    pub packets_lost: u64,
    /// Packets acknowledged after they were declared lost.
    pub spurious_losses: u64,
    /// Packets acknowledged.
    pub packets_acked: u64,
    /// Packets of ours that the peer saw marked as having met congestion.
    pub congestion_marks: u64,
    /// The size of the largest packet acknowledged, in bytes, path MTU probes included.
    pub largest_acked_size: u16,
    /// Times a probe timeout expired.
    pub probe_timeouts: u64,
    /// Datagrams received.
    pub datagrams_received: u64,
    /// Their bytes.
    pub bytes_received: u64,
    /// Authentic packets received.
    pub packets_received: u64,
    /// Times the peer was heard from a new address and followed there.
    pub rebinds: u64,
    /// Of these, addresses that were validated.
    pub rebinds_validated: u64,
    /// Packets dropped: not authentic, duplicate, or without keys.
    pub packets_dropped: u64,
    /// Updates of the 1-RTT keys, by either end.
    pub key_updates: u64,
    /// DATAGRAM frames.
    pub datagram_frames: DatagramFrames,
}

/// DATAGRAM frames of a connection (RFC 9221).
#[derive(Clone, Copy, Debug, Default)]
pub struct DatagramFrames {
    /// Sent, copies included.
    pub sent: u32,
    /// Sent of those that the application calls important, copies included.
    pub high: u32,
    /// Sent of important datagrams that were sent before.
    pub high_copies: u32,
    /// Sent to repeat the last one after a silence.
    pub probes: u32,
    /// Sent in packets that were declared lost.
    pub lost: u32,
    /// Received.
    pub received: u32,
    /// Received and dropped because the application did not read.
    pub dropped: u32,
}
