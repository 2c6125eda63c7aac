//! What a closing connection still looks for: the peer's own CONNECTION_CLOSE.

use std::ops::Range;

use crate::wire::frame::Frame;
use crate::wire::header::{parse_packet, ProtectedHeader};
use crate::wire::{LongPacketType, PacketType, Reader};

use super::close::peer_reason;
use super::event::CloseReason;
use super::receive::{open_payload, read_header};
use super::{Connection, EarlySpace};

impl Connection {
    /// What a CONNECTION_CLOSE in `datagram` says, if there is one. Nothing else is run, nothing is
    /// changed: a closing end has no use for what it gets (RFC 9000 section 10.2.1).
    pub(super) fn find_close(&self, datagram: &[u8], scratch: &mut [u8]) -> Option<CloseReason> {
        let mut rest = datagram;
        while let Ok(packet) = parse_packet(rest, self.local_cids.primary().len()) {
            let (bytes, after) = rest.split_at(packet.len.min(rest.len()));
            rest = after;
            let opened = self.open_unrun(bytes, &packet.header, scratch);
            let found = opened.and_then(|(kind, payload)| close_in(kind, scratch.get(payload)?));
            if found.is_some() {
                return found;
            }
        }
        None
    }

    /// Decrypts a packet with the keys that are there, and leaves everything as it is.
    fn open_unrun(
        &self,
        packet: &[u8],
        header: &ProtectedHeader<'_>,
        scratch: &mut [u8],
    ) -> Option<(PacketType, Range<usize>)> {
        match *header {
            // RFC 9001 section 5.7: nothing of 1-RTT is read before the handshake is complete.
            ProtectedHeader::Short { pn_offset, .. } if self.tls.is_handshake_complete() => {
                let largest = self.data.received.largest();
                let key = self.keys.remote_header()?;
                let header = read_header(packet, pn_offset, key, largest, scratch).ok()?;
                let which = self.keys.select(header.first.key_phase(), header.number);
                let key = self.keys.open_key(which)?;
                Some((PacketType::OneRtt, open_payload(key, packet, &header, scratch)?))
            }
            ProtectedHeader::Long { packet_type, pn_offset, .. } => {
                let (space, kind) = self.unrun_space(packet_type)?;
                let keys = space.remote.as_ref()?;
                let largest = space.space.received.largest();
                let header = read_header(packet, pn_offset, &keys.header, largest, scratch).ok()?;
                Some((kind, open_payload(&keys.packet, packet, &header, scratch)?))
            }
            _ => None,
        }
    }

    fn unrun_space(&self, packet_type: LongPacketType) -> Option<(&EarlySpace, PacketType)> {
        let early = self.early.as_deref()?;
        match packet_type {
            LongPacketType::Initial => Some((early.initial.as_ref()?, PacketType::Initial)),
            LongPacketType::Handshake => Some((early.handshake.as_ref()?, PacketType::Handshake)),
            LongPacketType::ZeroRtt => None,
        }
    }
}

/// The first CONNECTION_CLOSE among the frames of a packet.
fn close_in(kind: PacketType, payload: &[u8]) -> Option<CloseReason> {
    let mut reader = Reader::new(payload);
    while !reader.is_empty() {
        if let Frame::ConnectionClose(frame) = Frame::decode_in(&mut reader, kind).ok()? {
            return Some(peer_reason(&frame));
        }
    }
    None
}
