//! Packets made by hand with the real keys of an end, and a look into packets under way.

use super::pair::Pair;
use crate::connection::keys::ReadKey;
use crate::connection::packet_builder::PacketBuilder;
use crate::connection::Connection;
use crate::recovery::{SentPacket, Space};
use crate::tls::{unprotect_header, HeaderKey, PacketKey};
use crate::wire::frame::Frame;
use crate::wire::header::{parse_packet, LongHeader, ProtectedHeader, ShortHeader};
use crate::wire::{ConnectionId, LongPacketType, PacketNumber, Reader, Role, Writer};

/// A packet to be made; what is not said is as the end itself would have it.
#[derive(Clone, Default)]
pub(super) struct Forgery {
    pub(super) frames: Vec<u8>,
    pub(super) dcid: Option<ConnectionId>,
    pub(super) scid: Option<ConnectionId>,
    pub(super) token: &'static [u8],
    pub(super) number: Option<u64>,
    /// Bits of the first byte to be flipped before it is protected.
    pub(super) flip: u8,
    /// A 0-RTT packet, sealed with whatever key.
    pub(super) early_data: bool,
    /// Grow to this size.
    pub(super) pad_to: usize,
}

impl Forgery {
    pub(super) fn new(frames: &[Frame<'_>]) -> Self {
        Self { frames: encode(frames), ..Self::default() }
    }

    pub(super) fn raw(frames: &[u8]) -> Self {
        Self { frames: frames.to_vec(), ..Self::default() }
    }

    /// Seals the packet as `from` would; its number counts as used.
    pub(super) fn seal(&self, from: &mut Connection, space: Space) -> Vec<u8> {
        let mut buffer = vec![0; 2000];
        let dcid = self.dcid.unwrap_or(*from.remote_cid());
        let scid = self.scid.unwrap_or(from.local_cids.primary());
        let next = from.space(space).unwrap().sent.next_packet_number();
        let pn = self.number.map_or(next, PacketNumber);
        let builder = if space == Space::Application && !self.early_data {
            let key_phase = from.keys.phase();
            let header = ShortHeader { dcid: &dcid, spin: false, key_phase, pn, pn_len: 4 };
            PacketBuilder::short(&mut buffer, &header)
        } else {
            let packet_type = match space {
                _ if self.early_data => LongPacketType::ZeroRtt,
                Space::Initial => LongPacketType::Initial,
                _ => LongPacketType::Handshake,
            };
            let (version, token) = (from.version, self.token);
            let header =
                LongHeader { packet_type, version, dcid: &dcid, scid: &scid, token, pn, pn_len: 4 };
            PacketBuilder::long(&mut buffer, &header)
        };
        let mut builder = builder.unwrap();
        builder.frames.bytes(&self.frames);
        let mut layout = builder.layout();
        layout.pad_to(&mut buffer, self.pad_to);
        buffer[0] ^= self.flip;
        if self.early_data && space == Space::Application {
            let keys = from.early_write_keys().unwrap();
            layout.protect(&mut buffer, &keys.packet, &keys.header);
        } else if space == Space::Application {
            let (packet, header) = from.keys.seal_keys(pn).unwrap();
            layout.protect(&mut buffer, packet, header);
        } else {
            let keys = from.early_space(space).unwrap().local.as_ref().unwrap();
            layout.protect(&mut buffer, &keys.packet, &keys.header);
        }
        if self.number.is_none() {
            let record = SentPacket {
                time: from.created,
                size: layout.len as u16,
                ack_eliciting: false,
                in_flight: false,
                mtu_probe: false,
                ect: false,
            };
            from.space(space).unwrap().sent.on_sent(record, &[]);
        }
        buffer.truncate(layout.len);
        buffer
    }
}

impl Pair {
    /// A packet of `from` with these frames.
    pub(super) fn forge(&mut self, from: Role, space: Space, frames: &[Frame<'_>]) -> Vec<u8> {
        self.forge_with(from, space, &Forgery::new(frames))
    }

    pub(super) fn forge_with(&mut self, from: Role, space: Space, forgery: &Forgery) -> Vec<u8> {
        forgery.seal(&mut self.end(from).connection, space)
    }

    /// Has `from` send a 1-RTT packet with these frames, which arrives.
    pub(super) fn inject(&mut self, from: Role, frames: &[Frame<'_>]) {
        self.inject_with(from, Space::Application, &Forgery::new(frames));
    }

    pub(super) fn inject_with(&mut self, from: Role, space: Space, forgery: &Forgery) {
        let packet = self.forge_with(from, space, forgery);
        self.give(from.peer(), &packet);
    }

    /// What packets that are on their way to `to` carry.
    pub(super) fn look(&mut self, to: Role, datagrams: &[Vec<u8>]) -> Vec<Opened> {
        let connection = &self.end(to).connection;
        datagrams.iter().flat_map(|datagram| open(connection, datagram)).collect()
    }

    /// What `from` sends now, lost afterwards.
    pub(super) fn peek(&mut self, from: Role) -> Vec<Opened> {
        let datagrams = self.sent(from);
        self.look(from.peer(), &datagrams)
    }
}

/// A packet on its way, opened.
#[derive(Clone, Debug)]
pub(super) struct Opened {
    pub(super) space: Space,
    pub(super) number: u64,
    pub(super) token: Vec<u8>,
    pub(super) dcid: ConnectionId,
    pub(super) payload: Vec<u8>,
}

impl Opened {
    /// The names of its frames, without PADDING.
    pub(super) fn names(&self) -> Vec<&'static str> {
        let mut names = Vec::new();
        self.for_each(|frame| {
            if !matches!(frame, Frame::Padding(_)) {
                names.push(frame.frame_type().name().unwrap());
            }
        });
        names
    }

    pub(super) fn for_each(&self, mut f: impl FnMut(Frame<'_>)) {
        let mut reader = Reader::new(&self.payload);
        while !reader.is_empty() {
            f(Frame::decode(&mut reader).unwrap());
        }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.names().contains(&name)
    }
}

/// How many of `packets` carry a frame of that name.
pub(super) fn count(packets: &[Opened], name: &str) -> usize {
    packets.iter().filter(|packet| packet.has(name)).count()
}

/// Opens all packets of a datagram that `to` has keys for.
fn open(to: &Connection, datagram: &[u8]) -> Vec<Opened> {
    let mut rest = datagram;
    let mut opened = Vec::new();
    while let Ok(packet) = parse_packet(rest, to.local_cids.primary().len()) {
        let (bytes, after) = rest.split_at(packet.len);
        rest = after;
        let (space, pn_offset, token, dcid) = match packet.header {
            ProtectedHeader::Short { pn_offset, dcid } => {
                (Space::Application, pn_offset, &[][..], dcid)
            }
            ProtectedHeader::Long { packet_type, pn_offset, token, dcid, .. } => {
                let initial = packet_type == LongPacketType::Initial;
                let space = if initial { Space::Initial } else { Space::Handshake };
                (space, pn_offset, token, dcid)
            }
            _ => continue,
        };
        let Some((packet_keys, header_key, largest)) = keys(to, space) else { continue };
        let mut bytes = bytes.to_vec();
        let clear = unprotect_header(&mut bytes, pn_offset, header_key).unwrap();
        let number = PacketNumber::decode(clear.truncated_pn, clear.pn_len, largest);
        let (header, body) = bytes.split_at(pn_offset + clear.pn_len);
        let mut payload = vec![0; body.len()];
        let len = packet_keys
            .iter()
            .find_map(|key| key.open(0, number.0, header, body, &mut payload).ok());
        let Some(len) = len else { continue };
        payload.truncate(len);
        opened.push(Opened { space, number: number.0, token: token.to_vec(), dcid, payload });
    }
    opened
}

fn keys(
    to: &Connection,
    space: Space,
) -> Option<(Vec<&PacketKey>, &HeaderKey, Option<PacketNumber>)> {
    let early = to.early.as_deref();
    let space = match space {
        Space::Application => {
            let all = [ReadKey::Current, ReadKey::Next, ReadKey::Previous];
            let keys = all.into_iter().filter_map(|which| to.keys.open_key(which)).collect();
            return Some((keys, to.keys.remote_header()?, to.data.received.largest()));
        }
        Space::Initial => early?.initial.as_ref()?,
        Space::Handshake => early?.handshake.as_ref()?,
    };
    let keys = space.remote.as_ref()?;
    Some((vec![&keys.packet], &keys.header, space.space.received.largest()))
}

/// The bytes of frames.
pub(super) fn encode(frames: &[Frame<'_>]) -> Vec<u8> {
    let mut bytes = vec![0; frames.iter().map(Frame::encoded_len).sum()];
    let mut writer = Writer::new(&mut bytes);
    for frame in frames {
        frame.encode(&mut writer);
    }
    bytes
}

/// An ACK frame for one range.
pub(super) fn ack(largest: u64, first_range: u64) -> Vec<u8> {
    let mut bytes = vec![0; 32];
    let mut writer = Writer::new(&mut bytes);
    writer.u8(0x02);
    for field in [largest, 0, 0, first_range] {
        writer.varint(field);
    }
    let len = writer.position();
    bytes.truncate(len);
    bytes
}
