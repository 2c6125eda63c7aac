//! Counters of a connection, and what it remembers of its last packets for reports.

use crate::time::Instant;
use crate::wire::frame::FrameSet;
use crate::wire::PacketType;

/// What a connection counted since it began.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stats {
    /// Datagrams sent.
    pub datagrams_sent: u64,
    /// Their bytes.
    pub bytes_sent: u64,
    /// Packets sent.
    pub packets_sent: u64,
    /// Those that count as in flight: all but those with nothing but an ACK or the end.
    pub flight_packets_sent: u64,
    /// Bytes of packets sent with data of the application.
    pub data_bytes_sent: u64,
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
    /// Probe timeouts in a row, at most.
    pub probe_timeouts_peak: u32,
    /// Probe packets sent for them.
    pub probes_sent: u64,
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
    /// Bytes of packets received with data of the application.
    pub data_bytes_received: u64,
    /// Packets dropped: not authentic, duplicate, or without keys.
    pub packets_dropped: u64,
    /// Updates of the 1-RTT keys, by either end.
    pub key_updates: u64,
    /// DATAGRAM frames.
    pub datagram_frames: DatagramFrames,
    /// The client's token was good (server).
    pub token_accepted: bool,
    /// When things happened for the first or the last time.
    pub milestones: Milestones,
    /// The length of the last datagram received.
    pub datagram_len: u16,
    /// The last packets sent.
    pub last_sent: Recent,
    /// The last packets received.
    pub last_received: Recent,
}

/// When things happened on a connection, if they did.
#[derive(Clone, Copy, Debug, Default)]
pub struct Milestones {
    /// The TLS handshake was complete.
    pub handshake_complete: Option<Instant>,
    /// The first Handshake packet came.
    pub handshake_received: Option<Instant>,
    /// The first packet with data of the application left.
    pub data_sent: Option<Instant>,
    /// The last packet left.
    pub last_sent: Option<Instant>,
    /// CONNECTION_CLOSE left.
    pub close_sent: Option<Instant>,
    /// CONNECTION_CLOSE came.
    pub close_received: Option<Instant>,
}

/// One packet, as reports show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PacketNote {
    /// When it was sent or received.
    pub time: Instant,
    /// Its number.
    pub number: u64,
    /// The frames it held.
    pub frames: FrameSet,
    /// Its type.
    pub packet_type: PacketType,
    /// Its length in bytes.
    pub len: u16,
    /// The length of the datagram it came in; 0 for a packet sent.
    pub datagram_len: u16,
}

/// How many packets are remembered each way.
pub const RECENT: usize = 3;

/// The last packets of one direction.
#[derive(Clone, Copy, Debug, Default)]
pub struct Recent {
    notes: [Option<PacketNote>; RECENT],
    next: u8,
}

impl Recent {
    /// Notes a packet in place of the oldest.
    #[inline]
    pub fn push(&mut self, note: PacketNote) {
        if let Some(place) = self.notes.get_mut(usize::from(self.next)) {
            *place = Some(note);
        }
        self.next = if self.next == RECENT as u8 - 1 { 0 } else { self.next + 1 };
    }

    /// The packets in the order of their places, not of time.
    pub fn notes(&self) -> &[Option<PacketNote>; RECENT] {
        &self.notes
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_three_packets_stay_in_their_places() {
        let mut recent = Recent::default();
        for number in 0..5 {
            recent.push(PacketNote {
                time: Instant::from_micros(number),
                number,
                frames: FrameSet::default(),
                packet_type: PacketType::OneRtt,
                len: 30,
                datagram_len: 0,
            });
        }
        let numbers = recent.notes().map(|note| note.map(|note| note.number));
        assert_eq!(numbers, [Some(3), Some(4), Some(2)]);
    }

    #[test]
    fn statistics_stay_small() {
        assert!(size_of::<Recent>() <= 128 && size_of::<Stats>() <= 640, "{}", size_of::<Stats>());
    }
}
