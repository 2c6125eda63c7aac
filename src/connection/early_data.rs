//! 0-RTT: what a client sends, and a server reads, before the handshake is complete
//! (RFC 9001 sections 4.6 and 5.6).
//!
//! A client with a session and the parameters it remembers of the server seals stream data with
//! the early key, in packets that share the number space of 1-RTT. What becomes of them the server
//! says in its first flight: it reads them, or the client takes all of it back and sends it again.

use crate::error::TransportError;
use crate::recovery::Space;
use crate::time::Instant;
use crate::tls::Secret;
use crate::wire::header::LongHeader;
use crate::wire::{
    ConnectionId, LongPacketType, PacketType, Role, TransportParameters, Version, Writer,
};

use super::keys::DirectionKeys;
use super::packet_builder::PacketBuilder;
use super::parameters::{limits_of, PeerParameters};
use super::receive::{open_payload, read_header, OpenedPacket, Refusal};
use super::transmit::{number, Content, Draft};
use super::{Connection, State, Timer};

/// How long a server reads 0-RTT packets that were overtaken, in probe timeouts
/// (RFC 9001 section 4.9.3).
const LATE_PACKET_PTOS: u64 = 3;

/// What became of 0-RTT on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum EarlyDataStatus {
    /// There was none.
    #[default]
    None,
    /// A client may send it and does not know yet whether the server takes it.
    Offered,
    /// The server takes it.
    Accepted,
    /// The server did not take it.
    Rejected,
}

/// What 0-RTT needs as long as it lasts.
pub(super) struct EarlyData {
    /// A client's write keys, a server's read keys.
    keys: Option<DirectionKeys>,
    /// The version in the header of the packets: the client's first choice.
    version: Version,
    /// What a client remembers of the server.
    remembered: Option<TransportParameters>,
}

impl EarlyData {
    /// A client's, which begins when TLS gives it a key.
    pub fn remembering(remembered: TransportParameters, version: Version) -> Self {
        Self { keys: None, version, remembered: Some(remembered) }
    }
}

/// What a server binds 0-RTT to. RFC 9000 section 7.4.1: it must not accept any if its limits are
/// lower than those the client remembers, so it does if they are the same.
pub(super) fn early_data_context(parameters: &TransportParameters) -> Vec<u8> {
    let limits = [
        parameters.initial_max_data,
        parameters.initial_max_stream_data_bidi_local,
        parameters.initial_max_stream_data_bidi_remote,
        parameters.initial_max_stream_data_uni,
        parameters.initial_max_streams_bidi,
        parameters.initial_max_streams_uni,
        parameters.active_connection_id_limit,
        parameters.max_datagram_frame_size,
        u64::from(parameters.disable_active_migration),
    ];
    let mut bytes = [0; 9 * 8];
    let mut writer = Writer::new(&mut bytes);
    for limit in limits {
        writer.varint(limit.min(crate::wire::varint::MAX));
    }
    writer.written().to_vec()
}

impl Connection {
    /// What became of 0-RTT.
    pub fn early_data_status(&self) -> EarlyDataStatus {
        self.early_data_status
    }

    /// True for a client whose session allows 0-RTT, unless the server has rejected it.
    pub fn offers_early_data(&self) -> bool {
        let lives =
            matches!(self.early_data_status, EarlyDataStatus::Offered | EarlyDataStatus::Accepted);
        self.role == Role::Client && lives
    }

    /// True for a server as long as what it reads may come from an attacker who repeats the first
    /// flight of another client (RFC 9001 section 9.2).
    pub fn may_be_replayed(&self) -> bool {
        let accepted = self.early_data_status == EarlyDataStatus::Accepted;
        self.role == Role::Server && accepted && self.state == State::Handshaking
    }

    /// TLS made a key for 0-RTT packets.
    pub(super) fn install_early_key(&mut self, secret: &Secret) {
        let version = self.version;
        let keys = Some(DirectionKeys::new(secret, version));
        match self.role {
            Role::Server => {
                self.early_data = Some(Box::new(EarlyData { keys, version, remembered: None }));
                self.early_data_status = EarlyDataStatus::Accepted;
            }
            Role::Client => self.offer_early_data(keys),
        }
    }

    /// From here on stream data goes out, within the limits of the remembered parameters
    /// (RFC 9000 section 7.4.1).
    fn offer_early_data(&mut self, keys: Option<DirectionKeys>) {
        let Some(early_data) = self.early_data.as_deref_mut() else { return };
        let Some(remembered) = &early_data.remembered else { return };
        early_data.keys = keys;
        self.peer = PeerParameters::from(&remembered.remembered());
        let limits = limits_of(remembered);
        self.streams.set_peer_limits(&limits);
        self.early_data_status = EarlyDataStatus::Offered;
    }

    /// The server's parameters are here, and with them its word on 0-RTT.
    ///
    /// # Errors
    /// If the server accepts early data under lower limits than it promised. Nothing is checked
    /// when it rejects it.
    pub(super) fn settle_early_data(
        &mut self,
        now: Instant,
        parameters: &TransportParameters,
    ) -> Result<(), TransportError> {
        if self.early_data_status != EarlyDataStatus::Offered {
            return Ok(());
        }
        if !self.tls.early_data_accepted() {
            self.take_back_early_data();
            return Ok(());
        }
        self.early_data_status = EarlyDataStatus::Accepted;
        let early_data = self.early_data.as_deref_mut();
        let Some(remembered) = early_data.and_then(|early| early.remembered.take()) else {
            return Ok(());
        };
        let checked = parameters.check_not_reduced(&remembered);
        if let Err(error) = checked {
            self.close_on_broken_promise(now, error);
        }
        checked
    }

    /// The server rejected 0-RTT: all of it counts as never sent. RFC 9001 section 4.6.2: streams
    /// start over and so does flow control; packet numbers go on.
    pub(super) fn take_back_early_data(&mut self) {
        self.early_data = None;
        self.early_data_status = EarlyDataStatus::Rejected;
        self.give_up_early_packets();
        self.streams.on_rejected_early_data();
        self.peer = PeerParameters::default();
    }

    /// What 0-RTT packets carried is to be sent again: after a Retry in 0-RTT packets
    /// (RFC 9000 section 17.2.5.3), after a rejection in 1-RTT packets.
    pub(super) fn give_up_early_packets(&mut self) {
        let Some((sent, mut subjects)) = self.split(Space::Application) else { return };
        let in_flight = sent.bytes_in_flight();
        sent.discard(|packet| {
            for token in packet.tokens {
                subjects.on_taken_back(token);
            }
        });
        self.take_back_datagrams();
        self.path.bytes_in_flight = self.path.bytes_in_flight.saturating_sub(in_flight);
        self.loss_timer_stale = true;
    }

    /// The handshake is complete. A client needs no early keys any more, a server reads what was
    /// overtaken for a while.
    pub(super) fn end_early_data(&mut self, now: Instant) {
        match self.role {
            Role::Client => self.early_data = None,
            Role::Server if self.early_data.is_some() => {
                let deadline = now + self.probe_timeout().saturating_mul(LATE_PACKET_PTOS);
                self.timers.set(Timer::KeyDiscard, deadline);
            }
            Role::Server => {}
        }
    }

    /// RFC 9001 section 5.6: a client with 1-RTT keys sends no more 0-RTT packets.
    pub(super) fn discard_early_write_keys(&mut self) {
        if let Some(early_data) = self.early_data.as_deref_mut() {
            if self.role == Role::Client {
                early_data.keys = None;
            }
        }
    }

    /// The keys that a client seals 0-RTT packets with.
    #[cold]
    pub(super) fn early_write_keys(&self) -> Option<&DirectionKeys> {
        let keys = self.early_data.as_deref()?.keys.as_ref()?;
        (self.role == Role::Client).then_some(keys)
    }

    /// Writes a 0-RTT packet at `start`.
    #[cold]
    pub(super) fn draft_early_data(
        &mut self,
        now: Instant,
        buffer: &mut [u8],
        start: usize,
    ) -> Option<Draft> {
        self.early_write_keys()?;
        let full = self.data.sent.is_full();
        if full || !self.wants_one_rtt() || !self.congestion_allows(now) {
            return None;
        }
        let mut builder = self.start_early_packet(buffer.get_mut(start..)?)?;
        let mut content = Content::default();
        // RFC 9000 section 12.5 keeps ACK, CRYPTO and answers to the server out of 0-RTT packets.
        // Nothing of the kind waits, as the server's 1-RTT packets are not read yet.
        self.write_one_rtt_frames(&mut builder.frames, &mut content);
        Draft::new(Space::Application, start, builder, content)
    }

    fn start_early_packet<'b>(&self, buffer: &'b mut [u8]) -> Option<PacketBuilder<'b>> {
        let version = self.early_data.as_deref()?.version;
        let scid = self.local_cids.primary();
        let (pn, pn_len) = number(&self.data);
        let header = LongHeader {
            packet_type: LongPacketType::ZeroRtt,
            version,
            dcid: self.remote_cids.active(),
            scid: &scid,
            token: &[],
            pn,
            pn_len,
        };
        PacketBuilder::long(buffer, &header)
    }

    /// Removes the protection of a 0-RTT packet.
    #[cold]
    pub(super) fn open_early_data(
        &mut self,
        packet: &[u8],
        version: Version,
        (dcid, scid): (ConnectionId, ConnectionId),
        pn_offset: usize,
        scratch: &mut [u8],
    ) -> Result<OpenedPacket, Refusal> {
        // RFC 9001 section 5.6: only clients send them.
        if self.role == Role::Client {
            return Err(Refusal::Drop);
        }
        let known = self.early.as_deref().and_then(|early| early.peer_scid);
        if known.is_some_and(|known| known != scid) {
            return Err(Refusal::Drop);
        }
        let Some(early_data) = self.early_data.as_deref() else {
            return Err(self.refuse_early_data(version));
        };
        if version != early_data.version {
            return Err(Refusal::Drop);
        }
        let Some(keys) = &early_data.keys else { return Err(Refusal::Drop) };
        let largest = self.data.received.largest();
        let header = read_header(packet, pn_offset, &keys.header, largest, scratch)?;
        let Some(payload) = open_payload(&keys.packet, packet, &header, scratch) else {
            self.keys.on_open_failure()?;
            return Err(Refusal::Drop);
        };
        // RFC 9000 section 17.2.
        header.first.check_reserved()?;
        Ok(OpenedPacket {
            space: Space::Application,
            packet_type: PacketType::ZeroRtt,
            number: header.number,
            dcid,
            old_keys: false,
            payload,
        })
    }

    /// A 0-RTT packet for which there is no key: it waits for the rest of the ClientHello, or was
    /// rejected with it.
    fn refuse_early_data(&mut self, version: Version) -> Refusal {
        let awaited = self.early.as_deref().is_some_and(|early| !early.parameters_applied);
        if awaited && version == self.version {
            return Refusal::NoKeys;
        }
        if self.early_data_status == EarlyDataStatus::None {
            self.early_data_status = EarlyDataStatus::Rejected;
        }
        Refusal::Drop
    }
}
