//! Loss detection, round-trip time, acknowledgement, pacing (RFC 9002).
//!
//! | file | what it knows |
//! |---|---|
//! | `rtt` | the round-trip estimator of one path |
//! | `sent` | the packets of one packet number space that may still be acknowledged |
//! | `reordering` | how far behind a packet may be before it counts as lost |
//! | `persistent` | when losses mean persistent congestion |
//! | `probe` | how long the sender waits for an acknowledgement before it probes |
//! | `timer` | when the loss detection timer of a connection fires |
//! | `received` | what one packet number space has received and owes an ACK for |
//! | `stamps` | when packets arrived, for a peer that wants to know |
//! | `ecn` | whether a path carries ECN marks |
//! | `rate` | how fast a path delivers |
//! | `pacer` | when the next packet may leave |
//!
//! Nothing here knows streams or keys. What a packet carried is a token type of the caller.

mod ecn;
mod pacer;
mod persistent;
mod probe;
mod rate;
mod received;
mod reordering;
mod rtt;
mod sent;
mod stamps;
mod timer;

pub use ecn::{EcnCodepoint, EcnPath, EcnReport};
pub use pacer::Pacer;
pub use persistent::persistent_congestion_duration;
pub use probe::{ProbePolicy, ProbeTimes};
pub use rate::{DeliveryRate, RateSampler, Snapshot};
pub use received::{AckDue, ReceivedPackets};
pub use reordering::{Reordering, DEFAULT_PACKET_THRESHOLD};
pub use rtt::{ack_delay_bound, Rtt, DEFAULT_INITIAL_RTT, DEFAULT_MAX_ACK_DELAY};
pub use sent::{
    AckOutcome, Acked, LargestAcked, LossOutcome, SentPacket, SentSpace, Unacked, HISTORY_LIMIT,
};
pub use stamps::StampPolicy;
pub use timer::{loss_timer, Handshake, LossTimer, SpaceTimer};

use crate::time::Duration;

/// The shortest time the timer can tell apart (RFC 9002 section 6.1.2).
pub const GRANULARITY: Duration = Duration::from_millis(1);

/// A packet number space (RFC 9000 section 12.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Space {
    /// Initial packets.
    Initial,
    /// Handshake packets.
    Handshake,
    /// 0-RTT and 1-RTT packets.
    Application,
}

impl Space {
    /// All spaces, in the order of the handshake.
    pub const ALL: [Self; 3] = [Self::Initial, Self::Handshake, Self::Application];

    /// The space's place in [`Space::ALL`].
    #[inline]
    pub const fn index(self) -> usize {
        self as usize
    }
}
