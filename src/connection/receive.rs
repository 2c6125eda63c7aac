//! Datagrams in: split into packets, remove protection, run the frames.

use crate::error::{TransportError, TransportErrorCode};
use crate::observe::Kind;
use crate::path::{Arrival, PathHandle};
use crate::recovery::Space;
use crate::time::Instant;
use crate::tls::protection::unprotect_header;
use crate::tls::{HeaderKey, InitialSecrets, PacketKey};
use crate::wire::frame::{AckExtended, Frame, FrameSet};
use crate::wire::header::{parse_packet, FirstByte, ProtectedHeader, PROTECTED_MIN_LEN};
use crate::wire::{
    ConnectionId, LongPacketType, PacketNumber, PacketType, Reader, ResetToken, Role, Version,
};

use super::keys::{DirectionKeys, ReadKey};
use super::packet_builder::TAG_LEN;
use super::settings::MIN_DATAGRAM_SIZE;
use super::Connection;

/// Packets that came before their keys, kept until the keys are there.
const MAX_UNDECRYPTABLE: usize = 8;

/// A stateless reset is at least this long (RFC 9000 section 10.3).
const MIN_STATELESS_RESET: usize = 21;

/// Why a packet went no further.
pub(super) enum Refusal {
    /// It is dropped; the connection is not affected.
    Drop,
    /// It came before its keys and is worth keeping.
    NoKeys,
    /// The peer broke a rule.
    Fatal(TransportError),
}

impl From<TransportError> for Refusal {
    fn from(error: TransportError) -> Self {
        Self::Fatal(error)
    }
}

/// A packet whose protection is removed.
pub(super) struct OpenedPacket {
    pub(super) space: Space,
    pub(super) packet_type: PacketType,
    pub(super) number: PacketNumber,
    /// Its destination connection ID.
    pub(super) dcid: ConnectionId,
    /// It came under the 1-RTT keys before the current ones.
    pub(super) old_keys: bool,
    /// Where its payload lies in the scratch buffer.
    pub(super) payload: std::ops::Range<usize>,
}

impl Connection {
    /// Takes a datagram that came from the peer at `now`, as `arrival` says. `scratch` is where
    /// packets are decrypted: at least as long as the datagram, its content is of no meaning
    /// afterwards.
    pub fn receive(
        &mut self,
        now: Instant,
        arrival: &Arrival,
        datagram: &[u8],
        scratch: &mut [u8],
    ) {
        let usual = self.others.is_none() && self.path.addresses.same_peer(&arrival.addresses);
        if !usual && !self.locate(arrival, datagram.len()) {
            return;
        }
        self.arrived_ecn = arrival.ecn;
        self.receive_located(now, datagram, scratch);
        if !usual {
            self.leave_arrival();
        }
    }

    #[inline]
    fn receive_located(&mut self, now: Instant, datagram: &[u8], scratch: &mut [u8]) {
        self.stats.datagrams_received += 1;
        self.streams.set_time(now);
        self.stats.bytes_received += datagram.len() as u64;
        self.stats.datagram_len = datagram.len() as u16;
        if self.tracer.is_some() {
            self.trace_datagram_received(now, datagram.len());
        }
        if !self.path.amplification.is_validated() && self.arrived_on == PathHandle::ACTIVE {
            self.path.amplification.on_received(datagram.len());
            // RFC 9002 section 6.2.2.1: a timer that stood still at the limit runs again.
            self.loss_timer_stale = true;
        }
        if !self.state.is_open() {
            self.receive_while_closing(datagram, scratch);
            return;
        }
        let opened = self.receive_packets(now, datagram, scratch);
        if !opened && self.is_stateless_reset(datagram) {
            self.on_stateless_reset(now);
        }
        if opened {
            self.after_receive(now);
        }
    }

    /// Runs every packet of a datagram. Returns true if at least one was authentic.
    fn receive_packets(&mut self, now: Instant, datagram: &[u8], scratch: &mut [u8]) -> bool {
        let mut rest = datagram;
        let mut opened_any = false;
        let mut first_dcid = None;
        // RFC 9000 section 14.1.
        let small = datagram.len() < usize::from(MIN_DATAGRAM_SIZE);
        let refuse_initials = small && self.role == Role::Server;
        while !rest.is_empty() && self.state.is_open() {
            let Ok(packet) = parse_packet(rest, self.local_cids.primary().len()) else { break };
            let (bytes, after) = rest.split_at(packet.len.min(rest.len()));
            rest = after;
            // RFC 9000 section 12.2: all packets of a datagram go to one connection ID.
            let dcid = packet_dcid(&packet.header);
            match &first_dcid {
                None => first_dcid = dcid,
                Some(first) if dcid.is_some_and(|dcid| dcid != *first) => break,
                Some(_) => {}
            }
            if refuse_initials && is_initial(&packet.header) {
                self.drop_packet(bytes, &packet.header);
                continue;
            }
            match self.receive_packet(now, bytes, &packet.header, scratch) {
                Ok(()) => {
                    opened_any = true;
                    if self.early.is_some() {
                        self.advance_handshake(now);
                    }
                }
                Err(Refusal::Drop) => self.drop_packet(bytes, &packet.header),
                Err(Refusal::NoKeys) => self.keep_undecryptable(bytes, &packet.header),
                Err(Refusal::Fatal(error)) => {
                    opened_any = true;
                    self.close_on_error(now, error);
                    self.note_failure(error.code);
                }
            }
        }
        opened_any
    }

    fn receive_packet(
        &mut self,
        now: Instant,
        packet: &[u8],
        header: &ProtectedHeader<'_>,
        scratch: &mut [u8],
    ) -> Result<(), Refusal> {
        let opened = match *header {
            ProtectedHeader::Short { dcid, pn_offset } => {
                self.open_one_rtt(now, packet, dcid, pn_offset, scratch)?
            }
            ProtectedHeader::Long {
                packet_type: LongPacketType::ZeroRtt,
                version,
                dcid,
                scid,
                pn_offset,
                ..
            } => self.open_early_data(packet, version, (dcid, scid), pn_offset, scratch)?,
            ProtectedHeader::Long { packet_type, version, dcid, scid, token, pn_offset } => {
                self.check_long_header(&scid, token)?;
                if version != self.version {
                    self.admit_version(packet_type, version, packet, pn_offset, scratch)?;
                }
                let packet_type = (packet_type, version);
                self.open_early(packet_type, packet, dcid, pn_offset, scratch)?
            }
            ProtectedHeader::Retry { version, scid, token, .. } => {
                return self.on_retry(packet, version, &scid, token).ok_or(Refusal::Drop);
            }
            ProtectedHeader::VersionNegotiation { dcid, scid, ref versions } => {
                return self
                    .on_version_negotiation(dcid, scid, versions.clone())
                    .ok_or(Refusal::Drop);
            }
            ProtectedHeader::UnknownVersion { .. } => return Err(Refusal::Drop),
        };
        if let ProtectedHeader::Long { scid, packet_type, .. } = *header {
            self.on_long_packet_opened(packet_type, &opened.dcid, &scid);
        }
        self.run_packet(now, &opened, scratch)
    }

    /// What can be said of a long header before the packet is authenticated.
    fn check_long_header(&self, scid: &ConnectionId, token: &[u8]) -> Result<(), Refusal> {
        let Some(early) = self.early.as_deref() else { return Err(Refusal::Drop) };
        // RFC 9000 section 7.2: the peer's connection ID is settled by its first packet.
        if early.peer_scid.is_some_and(|known| known != *scid) {
            return Err(Refusal::Drop);
        }
        // RFC 9000 section 17.2.2: only clients send tokens. But servers on the original library
        // repeat the client's own, and a client that comes back to one has to be served.
        if self.role == Role::Client && !token.is_empty() && token != early.token {
            return Err(Refusal::Drop);
        }
        Ok(())
    }

    /// A packet in another version than the connection's: the server may just have chosen it, or
    /// the client has not yet heard that it did (RFC 9369 section 4.1).
    #[cold]
    fn admit_version(
        &mut self,
        packet_type: LongPacketType,
        version: Version,
        packet: &[u8],
        pn_offset: usize,
        scratch: &mut [u8],
    ) -> Result<(), Refusal> {
        let initial = packet_type == LongPacketType::Initial;
        if initial && self.original_initial_keys(version).is_some() {
            return Ok(());
        }
        if !self.may_follow(version) {
            return Err(Refusal::Drop);
        }
        if !initial {
            return Err(Refusal::NoKeys);
        }
        let followed = self.follow_version(version, packet, pn_offset, scratch);
        followed.then_some(()).ok_or(Refusal::Drop)
    }

    fn open_early(
        &mut self,
        (packet_type, version): (LongPacketType, Version),
        packet: &[u8],
        dcid: ConnectionId,
        pn_offset: usize,
        scratch: &mut [u8],
    ) -> Result<OpenedPacket, Refusal> {
        let id = match packet_type {
            LongPacketType::Initial => Space::Initial,
            LongPacketType::Handshake => Space::Handshake,
            LongPacketType::ZeroRtt => return Err(Refusal::Drop),
        };
        let packet_type = match id {
            Space::Initial => PacketType::Initial,
            _ => PacketType::Handshake,
        };
        let current = version == self.version;
        let Some(space) = self.early_space(id) else { return Err(Refusal::Drop) };
        let largest = space.space.received.largest();
        let keys = match space.remote.as_ref().filter(|_| current) {
            Some(keys) => keys,
            None => self.original_initial_keys(version).ok_or(Refusal::NoKeys)?,
        };
        let header = read_header(packet, pn_offset, &keys.header, largest, scratch)?;
        let Some(payload) = open_payload(&keys.packet, packet, &header, scratch) else {
            self.keys.on_open_failure()?;
            return Err(Refusal::Drop);
        };
        // RFC 9000 section 17.2: judged only now that the packet is known to be authentic.
        header.first.check_reserved()?;
        let number = header.number;
        Ok(OpenedPacket { space: id, packet_type, number, dcid, old_keys: false, payload })
    }

    #[inline]
    fn open_one_rtt(
        &mut self,
        now: Instant,
        packet: &[u8],
        dcid: ConnectionId,
        pn_offset: usize,
        scratch: &mut [u8],
    ) -> Result<OpenedPacket, Refusal> {
        // RFC 9001 section 5.7: a server has the keys before the handshake is complete and must
        // not use them yet.
        if !self.state.is_established() {
            return Err(Refusal::NoKeys);
        }
        let Some(header_key) = self.keys.remote_header() else { return Err(Refusal::NoKeys) };
        let largest = self.data.received.largest();
        let header = read_header(packet, pn_offset, header_key, largest, scratch)?;
        let number = header.number;
        let which = self.keys.select(header.first.key_phase(), number);
        let Some(key) = self.keys.open_key(which) else { return Err(Refusal::Drop) };
        let Some(payload) = open_payload(key, packet, &header, scratch) else {
            return Err(self.judge_unopened(which, packet, &header, scratch));
        };
        // RFC 9000 section 17.3.1.
        header.first.check_reserved()?;
        if which != ReadKey::Current || self.keys.is_update_unsettled() {
            self.on_key_phase(now, which, number)?;
        }
        let (space, packet_type) = (Space::Application, PacketType::OneRtt);
        let old_keys = which == ReadKey::Previous;
        // RFC 9000 section 17.4: what is out of order does not count.
        if largest < Some(number) && self.arrived_on == PathHandle::ACTIVE {
            self.path.spin.on_received(header.first.spin());
        }
        Ok(OpenedPacket { space, packet_type, number, dcid, old_keys, payload })
    }

    /// A 1-RTT packet that does not open with the key its header asks for. RFC 9001 section 6.4:
    /// the old keys must not serve numbers above those of the new phase; all else is dropped.
    #[cold]
    fn judge_unopened(
        &mut self,
        which: ReadKey,
        packet: &[u8],
        header: &OpenHeader,
        scratch: &mut [u8],
    ) -> Refusal {
        if which == ReadKey::Next {
            if let Some(previous) = self.keys.open_key(ReadKey::Previous) {
                if open_payload(previous, packet, header, scratch).is_some() {
                    let code = TransportErrorCode::KEY_UPDATE_ERROR;
                    return TransportError::new(code, "old keys after new ones").into();
                }
            }
        }
        self.keys.on_open_failure().map_or_else(Refusal::from, |()| Refusal::Drop)
    }

    /// Runs the frames of an authentic packet and enters its number into the books.
    #[inline]
    fn run_packet(
        &mut self,
        now: Instant,
        opened: &OpenedPacket,
        scratch: &[u8],
    ) -> Result<(), Refusal> {
        let ecn = self.arrived_ecn;
        let Some(space) = self.space(opened.space) else { return Err(Refusal::Drop) };
        if space.received.is_duplicate(opened.number) {
            return Err(Refusal::Drop);
        }
        let elsewhere = self.arrived_on != PathHandle::ACTIVE;
        if elsewhere && !self.admit(now, &opened.dcid) {
            return Err(Refusal::Drop);
        }
        self.stats.packets_received += 1;
        let payload = &scratch[opened.payload.clone()];
        if self.tracer.is_some() {
            self.trace_opened_packet(opened, payload);
        }
        let mut frames = FrameSet::default();
        let outcome = self.run_frames(now, opened, payload, &mut frames);
        let len = opened.payload.end + TAG_LEN;
        self.count_received(now, opened.packet_type, opened.number, len, frames);
        let ack_eliciting = outcome?;
        // RFC 9000 section 13.1: acknowledged only now that every frame was processed. Frames may
        // have discarded the space.
        if let Some(space) = self.space(opened.space) {
            space.received.on_received(opened.number, now, ack_eliciting, ecn);
        }
        if elsewhere && opened.space == Space::Application {
            self.after_packet_elsewhere(now, opened.number, &opened.dcid, payload);
        } else if !self.local_cids.is_in_use(&opened.dcid) {
            self.local_cids.note_use(&opened.dcid);
        }
        Ok(())
    }

    /// Runs all frames and enters their types into `frames`. Returns true if one of them elicits an ACK.
    #[inline]
    fn run_frames(
        &mut self,
        now: Instant,
        opened: &OpenedPacket,
        payload: &[u8],
        frames: &mut FrameSet,
    ) -> Result<bool, TransportError> {
        let mut reader = Reader::new(payload);
        if reader.is_empty() {
            // RFC 9000 section 12.4.
            let code = TransportErrorCode::PROTOCOL_VIOLATION;
            return Err(TransportError::new(code, "a packet without frames"));
        }
        let mut ack_eliciting = false;
        while !reader.is_empty() {
            let frame = Frame::decode_in(&mut reader, opened.packet_type)?;
            let frame_type = frame.frame_type();
            frames.insert(frame_type);
            ack_eliciting |= frame_type.is_ack_eliciting();
            if opened.old_keys {
                if let Frame::Ack(ack) | Frame::AckExtended(AckExtended { ack, .. }) = &frame {
                    self.keys.check_late_ack(ack.largest)?;
                }
            }
            self.on_frame(now, opened.space, &opened.dcid, frame)?;
            if !self.state.is_open() {
                break;
            }
        }
        Ok(ack_eliciting)
    }

    #[cold]
    fn trace_opened_packet(&mut self, opened: &OpenedPacket, payload: &[u8]) {
        let size = opened.payload.end + TAG_LEN;
        let OpenedPacket { packet_type, number, dcid, .. } = opened;
        self.trace_packet_received(*packet_type, *number, dcid, size, payload);
    }

    /// What follows from a datagram with at least one authentic packet.
    #[inline]
    fn after_receive(&mut self, now: Instant) {
        if !self.state.is_open() {
            return;
        }
        self.restart_idle_timer(now);
        self.sent_since_received = false;
        self.last_received = now;
        if self.data.crypto.is_readable() {
            self.advance_handshake(now);
        }
        self.check_linger(now);
        self.arm_ack_timer();
    }

    /// Keeps a packet that came before its keys (RFC 9001 section 5.7).
    fn keep_undecryptable(&mut self, packet: &[u8], header: &ProtectedHeader<'_>) {
        if let Some(early) = self.early.as_deref_mut() {
            if early.undecryptable.len() < MAX_UNDECRYPTABLE {
                early.undecryptable.push(packet.to_vec());
                self.trace_unread(Kind::PacketBuffered, header, packet.len(), "keys_unavailable");
                return;
            }
        }
        self.drop_packet(packet, header);
    }

    #[cold]
    fn drop_packet(&mut self, packet: &[u8], header: &ProtectedHeader<'_>) {
        self.stats.packets_dropped += 1;
        self.trace_unread(Kind::PacketDropped, header, packet.len(), "general");
    }

    /// Runs the packets that waited for keys, once there are new ones.
    pub(super) fn retry_undecryptable(&mut self, now: Instant) {
        let Some(early) = self.early.as_deref_mut() else { return };
        let waiting = std::mem::take(&mut early.undecryptable);
        if waiting.is_empty() {
            return;
        }
        let mut scratch = vec![0; waiting.iter().map(Vec::len).max().unwrap_or(0)];
        for packet in waiting {
            self.receive_packets(now, &packet, &mut scratch);
        }
    }

    /// True if the datagram ends in a reset token of the peer (RFC 9000 section 10.3.1).
    pub(super) fn is_stateless_reset(&self, datagram: &[u8]) -> bool {
        if datagram.len() < MIN_STATELESS_RESET {
            return false;
        }
        match (datagram.last_chunk::<16>(), self.remote_cids.reset_token()) {
            (Some(candidate), Some(token)) => *token == ResetToken(*candidate),
            _ => false,
        }
    }

    /// The first packet of the peer at each level settles a few things.
    fn on_long_packet_opened(
        &mut self,
        packet_type: LongPacketType,
        dcid: &ConnectionId,
        scid: &ConnectionId,
    ) {
        if let Some(early) = self.early.as_deref_mut() {
            if early.peer_scid.is_none() {
                early.peer_scid = Some(*scid);
                self.remote_cids.replace_initial(*scid);
            }
            early.answered = true;
            if early.scid_is_secret && *dcid == self.local_cids.primary() {
                // RFC 9000 section 8.1: only who saw our packets knows where to send this.
                self.path.amplification.validate();
            }
        }
        if self.role == Role::Server && packet_type == LongPacketType::Handshake {
            // RFC 9000 section 8.1: only who saw our Initial can send this.
            self.path.amplification.validate();
            // RFC 9001 section 4.9.1.
            self.discard_space(Space::Initial);
        }
    }
}

/// A header whose protection is removed.
pub(super) struct OpenHeader {
    pub(super) first: FirstByte,
    /// Header and packet number together.
    len: usize,
    pub(super) number: PacketNumber,
}

/// Copies the header to the front of `scratch` and removes its protection there.
#[inline]
pub(super) fn read_header(
    packet: &[u8],
    pn_offset: usize,
    key: &HeaderKey,
    largest: Option<PacketNumber>,
    scratch: &mut [u8],
) -> Result<OpenHeader, Refusal> {
    let len = pn_offset + PROTECTED_MIN_LEN;
    let (Some(copy), Some(original)) = (scratch.get_mut(..len), packet.get(..len)) else {
        return Err(Refusal::Drop);
    };
    copy.copy_from_slice(original);
    let clear = unprotect_header(copy, pn_offset, key).map_err(|_| Refusal::Drop)?;
    Ok(OpenHeader {
        first: FirstByte(clear.first_byte),
        len: pn_offset + clear.pn_len,
        number: PacketNumber::decode(clear.truncated_pn, clear.pn_len, largest),
    })
}

/// Decrypts the payload of `packet` behind its header in `scratch`. Returns where it lies.
#[inline]
pub(super) fn open_payload(
    key: &PacketKey,
    packet: &[u8],
    header: &OpenHeader,
    scratch: &mut [u8],
) -> Option<std::ops::Range<usize>> {
    let (head, body) = scratch.split_at_mut_checked(header.len)?;
    let len = key.open(0, header.number.0, head, packet.get(header.len..)?, body).ok()?;
    Some(header.len..header.len + len)
}

fn is_initial(header: &ProtectedHeader<'_>) -> bool {
    matches!(header, ProtectedHeader::Long { packet_type: LongPacketType::Initial, .. })
}

fn packet_dcid(header: &ProtectedHeader<'_>) -> Option<ConnectionId> {
    match header {
        ProtectedHeader::Long { dcid, .. }
        | ProtectedHeader::Short { dcid, .. }
        | ProtectedHeader::Retry { dcid, .. } => Some(*dcid),
        ProtectedHeader::VersionNegotiation { .. } | ProtectedHeader::UnknownVersion { .. } => None,
    }
}

/// True if `packet` is an Initial that a client sealed with the keys of its destination connection
/// ID. `scratch` is at least as long.
pub fn is_authentic_initial(
    version: Version,
    dcid: &ConnectionId,
    packet: &[u8],
    pn_offset: usize,
    scratch: &mut [u8],
) -> bool {
    is_authentic_initial_of(Role::Client, version, dcid, packet, pn_offset, scratch)
}

/// As [`is_authentic_initial`], sealed by `sender` with the keys that come of `dcid`.
pub(super) fn is_authentic_initial_of(
    sender: Role,
    version: Version,
    dcid: &ConnectionId,
    packet: &[u8],
    pn_offset: usize,
    scratch: &mut [u8],
) -> bool {
    let secrets = InitialSecrets::new(version, dcid.as_slice());
    let secret = match sender {
        Role::Client => &secrets.client,
        Role::Server => &secrets.server,
    };
    let keys = DirectionKeys::new(secret, version);
    let Ok(header) = read_header(packet, pn_offset, &keys.header, None, scratch) else {
        return false;
    };
    open_payload(&keys.packet, packet, &header, scratch).is_some()
}
