//! Entries in the statistics for each packet.

use crate::recovery::Space;
use crate::time::Instant;
use crate::wire::frame::FrameSet;
use crate::wire::{PacketNumber, PacketType};

use super::stats::PacketNote;
use super::Connection;

impl Connection {
    /// Enters a packet that leaves.
    #[inline]
    pub(super) fn count_sent(
        &mut self,
        now: Instant,
        space: Space,
        number: PacketNumber,
        len: usize,
        frames: FrameSet,
    ) {
        let packet_type = match space {
            Space::Initial => PacketType::Initial,
            Space::Handshake => PacketType::Handshake,
            Space::Application if self.keys.can_seal() => PacketType::OneRtt,
            Space::Application => PacketType::ZeroRtt,
        };
        let (number, len) = (number.0, len as u16);
        let stats = &mut self.stats;
        stats.packets_sent += 1;
        stats.milestones.last_sent = Some(now);
        if frames.carries_data() {
            stats.data_bytes_sent += u64::from(len);
            stats.milestones.data_sent.get_or_insert(now);
        }
        let note = PacketNote { time: now, number, frames, packet_type, len, datagram_len: 0 };
        stats.last_sent.push(note);
    }

    /// Enters an authentic packet whose frames were run.
    #[inline]
    pub(super) fn count_received(
        &mut self,
        now: Instant,
        packet_type: PacketType,
        number: PacketNumber,
        len: usize,
        frames: FrameSet,
    ) {
        let (number, len) = (number.0, len as u16);
        let stats = &mut self.stats;
        if frames.carries_data() {
            stats.data_bytes_received += u64::from(len);
        }
        if packet_type == PacketType::Handshake {
            stats.milestones.handshake_received.get_or_insert(now);
        }
        let datagram_len = stats.datagram_len;
        stats.last_received.push(PacketNote {
            time: now,
            number,
            frames,
            packet_type,
            len,
            datagram_len,
        });
    }
}
