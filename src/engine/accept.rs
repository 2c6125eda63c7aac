//! Datagrams in: to a connection, to a new one, or to nobody.

use crate::connection::{
    is_authentic_initial, ClientConfig, CloseReason, Connection, CreateError, ServerConfig,
};
use crate::error::{TransportError, TransportErrorCode};
use crate::path::{Addresses, Arrival, Transmit};
use crate::time::Instant;
use crate::tls::ServerPolicy;
use crate::wire::header::{
    encode_version_negotiation, parse_cids, parse_packet, version_negotiation_len, ProtectedHeader,
};
use crate::wire::{ConnectionId, LongPacketType, Role, Version, Writer};

use super::{ConnectionKey, Engine, Verdict};

/// A datagram with an Initial is at least this long (RFC 9000 section 14.1).
const MIN_INITIAL_DATAGRAM: usize = 1200;

/// A client's first destination connection ID is at least this long (RFC 9000 section 7.2).
pub const MIN_FIRST_DCID: usize = 8;

/// What became of a datagram.
#[derive(Debug)]
pub enum Received {
    /// The connection has taken it.
    Connection(ConnectionKey),
    /// It begins a connection, if the host accepts; see [`Engine::accept`].
    Incoming(Box<Incoming>),
    /// Nobody's, but it is answered: Version Negotiation.
    VersionNegotiation(Vec<u8>),
    /// Nobody's, but it is answered: a stateless reset.
    StatelessReset(Vec<u8>),
    /// Nobody's.
    Dropped(DropReason),
}

/// Why a datagram was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DropReason {
    /// It is no QUIC packet.
    Malformed,
    /// Its connection ID is not known and it cannot begin a connection.
    UnknownConnection,
    /// It looks like the first Initial of a client and is not.
    NotAuthentic,
    /// It is 0-RTT of a connection that may begin with the next datagram.
    Early,
}

/// The authentic first Initial of a client that waits to be accepted.
#[derive(Clone, Debug)]
pub struct Incoming {
    /// Its version.
    pub version: Version,
    /// Where it was sent to: the client's random choice, or the source of our Retry.
    pub dcid: ConnectionId,
    /// The client's connection ID.
    pub scid: ConnectionId,
    /// Its token, may be empty.
    pub token: Vec<u8>,
    /// What the token proves; see [`Engine::check_token`].
    pub proof: Verdict,
    /// Where it came from.
    pub addresses: Addresses,
}

/// The terms on which a connection is accepted.
pub struct Acceptance {
    /// Our connection ID.
    pub scid: ConnectionId,
    /// Nobody can guess that connection ID: it is random, and has 64 bits at least.
    pub scid_is_secret: bool,
    /// Another one, for the preferred address, if the settings have one.
    pub preferred_cid: Option<ConnectionId>,
    /// Settings.
    pub settings: std::sync::Arc<crate::connection::Settings>,
    /// The congestion controller.
    pub controller: crate::congestion::Controller,
    /// What the host decides of the handshake.
    pub policy: ServerPolicy,
}

/// No connection could be made.
#[derive(Clone, Debug)]
pub enum Refused {
    /// The connection ID is in use.
    ConnectionIdInUse,
    /// It could not begin.
    Failed(CreateError),
}

impl Incoming {
    /// The destination of the client's very first Initial.
    pub fn original_dcid(&self) -> ConnectionId {
        match self.proof {
            Verdict::Retried { original_dcid } => original_dcid,
            _ => self.dcid,
        }
    }

    /// The source connection ID of the Retry that the client has answered.
    fn retry_scid(&self) -> Option<ConnectionId> {
        matches!(self.proof, Verdict::Retried { .. }).then_some(self.dcid)
    }

    /// True if the client's token shows that it is where it says (RFC 9000 section 8.1).
    pub fn is_validated(&self) -> bool {
        matches!(self.proof, Verdict::Known | Verdict::Retried { .. })
    }
}

impl Engine {
    /// Takes a datagram that came at `now`.
    #[inline]
    pub fn receive(&mut self, now: Instant, arrival: &Arrival, datagram: &[u8]) -> Received {
        let packet = parse_packet(datagram, self.cid_len);
        let routed = match &packet {
            Ok(packet) => self.routes.find(destination(&packet.header)),
            Err(_) => None,
        };
        if let Some(key) = routed.or_else(|| self.find_reset(&arrival.addresses, datagram)) {
            self.feed(key, now, arrival, datagram);
            return Received::Connection(key);
        }
        match packet {
            Ok(packet) => self.receive_unknown(now, arrival, datagram, &packet.header),
            Err(_) => Received::Dropped(DropReason::Malformed),
        }
    }

    /// The connection that `datagram` ends as a stateless reset. RFC 9000 section 10.3.1: of
    /// connections with the address it came from only.
    #[cold]
    fn find_reset(&self, addresses: &Addresses, datagram: &[u8]) -> Option<ConnectionKey> {
        let key = self.reset_tokens.find(datagram)?;
        let peer = self.connection(key)?.path().addresses.peer;
        (peer == addresses.peer).then_some(key)
    }

    /// Gives a datagram to a connection.
    #[inline]
    pub fn feed(&mut self, key: ConnectionKey, now: Instant, arrival: &Arrival, datagram: &[u8]) {
        if self.scratch.len() < datagram.len() {
            self.scratch.resize(datagram.len(), 0);
        }
        let Self { connections, scratch, .. } = self;
        if let Some(entry) = super::live(connections, key) {
            entry.connection.receive(now, arrival, datagram, scratch);
        }
        self.activate(key);
    }

    /// The connection that a datagram belongs to, by its destination connection ID.
    pub fn find_for(&mut self, datagram: &[u8]) -> Option<ConnectionKey> {
        let (dcid, _) = parse_cids(datagram, self.cid_len).ok()?;
        self.routes.find(dcid)
    }

    fn receive_unknown(
        &mut self,
        now: Instant,
        arrival: &Arrival,
        datagram: &[u8],
        header: &ProtectedHeader<'_>,
    ) -> Received {
        let addresses = arrival.addresses;
        let dropped = Received::Dropped(DropReason::UnknownConnection);
        match *header {
            ProtectedHeader::Short { dcid, .. } => {
                match self.stateless_reset(now, &addresses, dcid.as_slice(), datagram.len()) {
                    Some(reset) => Received::StatelessReset(reset),
                    None => dropped,
                }
            }
            ProtectedHeader::UnknownVersion { dcid, scid, .. } => {
                self.negotiate_version(now, datagram, dcid, scid)
            }
            ProtectedHeader::Long { packet_type, version, dcid, scid, token, pn_offset } => {
                if !self.versions.contains(&version) {
                    return self.negotiate_version(now, datagram, dcid.as_slice(), scid.as_slice());
                }
                let first = packet_type == LongPacketType::Initial
                    && self.role == Role::Server
                    && datagram.len() >= MIN_INITIAL_DATAGRAM
                    && dcid.len() >= MIN_FIRST_DCID;
                if packet_type == LongPacketType::ZeroRtt && self.role == Role::Server {
                    self.early_packets.keep(now, dcid, arrival, datagram);
                    return Received::Dropped(DropReason::Early);
                }
                if !first {
                    return dropped;
                }
                if !self.is_authentic(version, &dcid, datagram, pn_offset) {
                    return Received::Dropped(DropReason::NotAuthentic);
                }
                let token = token.to_vec();
                let proof = Verdict::Nothing;
                let incoming = Incoming { version, dcid, scid, token, proof, addresses };
                Received::Incoming(Box::new(incoming))
            }
            ProtectedHeader::Retry { .. } | ProtectedHeader::VersionNegotiation { .. } => dropped,
        }
    }

    /// Version Negotiation in answer to a version we do not speak (RFC 9000 section 6.1).
    fn negotiate_version(
        &mut self,
        now: Instant,
        datagram: &[u8],
        dcid: &[u8],
        scid: &[u8],
    ) -> Received {
        let unfit = self.role == Role::Client || datagram.len() < MIN_INITIAL_DATAGRAM;
        if unfit || !self.negotiation_limit.take(now) {
            return Received::Dropped(DropReason::UnknownConnection);
        }
        let noise = self.random.next_u64();
        let mut versions = self.versions.clone();
        versions.push(Version::grease(noise as u32));
        // The reply swaps the connection IDs: it goes back to where the datagram came from.
        let mut reply = vec![0; version_negotiation_len(scid, dcid, &versions)];
        let mut writer = Writer::new(&mut reply);
        encode_version_negotiation(&mut writer, (noise >> 32) as u8, scid, dcid, &versions);
        Received::VersionNegotiation(reply)
    }

    /// True if the first packet of `datagram` is an Initial that its sender could seal. Nothing is
    /// allocated for one that is not.
    fn is_authentic(
        &mut self,
        version: Version,
        dcid: &ConnectionId,
        datagram: &[u8],
        pn_offset: usize,
    ) -> bool {
        let Ok(packet) = parse_packet(datagram, self.cid_len) else { return false };
        if self.scratch.len() < datagram.len() {
            self.scratch.resize(datagram.len(), 0);
        }
        let Some(bytes) = datagram.get(..packet.len) else { return false };
        is_authentic_initial(version, dcid, bytes, pn_offset, &mut self.scratch)
    }

    /// Makes the connection for a client's first Initial, which is then to be given to
    /// [`Engine::feed`].
    pub fn accept(
        &mut self,
        now: Instant,
        incoming: &Incoming,
        terms: Acceptance,
    ) -> Result<ConnectionKey, Refused> {
        if self.routes.find(terms.scid.as_slice()).is_some() {
            return Err(Refused::ConnectionIdInUse);
        }
        let reset_token = self.reset_token(terms.scid.as_slice());
        let fresh = !terms.scid.is_empty() && terms.preferred_cid != Some(terms.scid);
        let preferred = match terms.preferred_cid {
            Some(cid) if fresh && self.routes.find(cid.as_slice()).is_none() => {
                Some((cid, self.reset_token(cid.as_slice())))
            }
            _ => None,
        };
        let config = ServerConfig {
            settings: terms.settings,
            addresses: incoming.addresses,
            controller: terms.controller,
            version: incoming.version,
            versions: &self.versions,
            scid: terms.scid,
            reset_token: (!terms.scid.is_empty()).then_some(reset_token),
            preferred,
            dcid: incoming.scid,
            original_dcid: incoming.original_dcid(),
            retry_scid: incoming.retry_scid(),
            address_validated: incoming.is_validated(),
            scid_is_secret: terms.scid_is_secret,
            policy: terms.policy,
        };
        let connection = Connection::server(config, &self.tls, now, &mut *self.random)
            .map_err(Refused::Failed)?;
        let first_dcid = (incoming.dcid != terms.scid).then_some(incoming.dcid);
        let key = self.insert(connection, first_dcid);
        self.route_original(key, now, incoming);
        Ok(key)
    }

    /// Gives a new connection the 0-RTT packets that came before its Initial, which it was fed.
    pub fn feed_early(&mut self, key: ConnectionKey, now: Instant, incoming: &Incoming) {
        for (arrival, datagram) in self.early_packets.take(now, &incoming.dcid) {
            self.feed(key, now, &arrival, &datagram);
        }
    }

    /// Declines a connection that was just made: returns the datagram in `buffer` that says
    /// so (RFC 9000 section 5.2.2). The connection is to be removed then.
    pub fn refuse(
        &mut self,
        key: ConnectionKey,
        now: Instant,
        trigger_len: usize,
        buffer: &mut [u8],
    ) -> Option<Transmit> {
        let connection = self.connection_mut(key)?;
        let code = TransportErrorCode::CONNECTION_REFUSED;
        connection.refuse(now, TransportError::new(code, ""), trigger_len);
        connection.transmit(now, buffer)
    }

    /// Begins a connection to a server.
    pub fn connect(
        &mut self,
        now: Instant,
        config: ClientConfig<'_>,
    ) -> Result<ConnectionKey, Refused> {
        if self.routes.find(config.scid.as_slice()).is_some() {
            return Err(Refused::ConnectionIdInUse);
        }
        // RFC 9000 section 7.2: at least 8 unpredictable bytes, however short our own are. Servers
        // drop what has less.
        let dcid = match config.dcid.len() {
            MIN_FIRST_DCID.. => config.dcid,
            _ => self.random_remote_cid(MIN_FIRST_DCID),
        };
        let config = ClientConfig { versions: &self.versions, dcid, ..config };
        let connection = Connection::client(config, &self.tls, now, &mut *self.random)
            .map_err(Refused::Failed)?;
        Ok(self.insert(connection, None))
    }

    /// Has a client's connection begin anew in `version`; the answer to
    /// [`crate::connection::Event::VersionNegotiated`]. The connection ends if that fails.
    pub fn begin_anew(&mut self, key: ConnectionKey, now: Instant, version: Version) {
        let dcid = self.random_remote_cid(MIN_FIRST_DCID);
        let Self { connections, tls, random, .. } = self;
        let Some(entry) = super::live(connections, key) else { return };
        let begun = entry.connection.begin_anew(tls, now, &mut **random, version, dcid);
        if begun.is_err() {
            entry.connection.end(CloseReason::VersionMismatch);
        }
    }
}

/// The destination connection ID, of whatever length.
#[inline]
fn destination<'a>(header: &'a ProtectedHeader<'_>) -> &'a [u8] {
    match header {
        ProtectedHeader::Long { dcid, .. }
        | ProtectedHeader::Short { dcid, .. }
        | ProtectedHeader::Retry { dcid, .. } => dcid.as_slice(),
        ProtectedHeader::VersionNegotiation { dcid, .. }
        | ProtectedHeader::UnknownVersion { dcid, .. } => dcid,
    }
}
