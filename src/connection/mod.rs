//! One QUIC connection, sans I/O: datagrams and time in, datagrams and events out.
//!
//! The order of calls: [`Connection::receive`] for each datagram, [`Connection::on_timeout`] when
//! [`Connection::next_timeout`] has come; then [`Connection::poll_event`] until it is empty; then
//! [`Connection::transmit`] until it has nothing more.

mod account;
mod ack;
mod ack_extended;
mod arrival;
mod close;
mod close_search;
mod connection_ids;
mod create;
mod credit;
mod crypto_stream;
mod datagrams;
mod early_data;
mod ecn;
mod event;
mod frames;
mod handshake;
mod key_update;
mod keys;
mod lone_close;
mod loss;
mod migration;
mod mtu;
mod new_token;
mod no_crypto;
mod packet_builder;
mod parameters;
mod path_validation;
mod pings;
mod receive;
mod retry;
mod settings;
mod space;
mod state;
mod stats;
mod timeout;
mod timers;
mod token;
mod trace;
mod transmit;
mod version_negotiation;
mod versions;
mod write_ahead;

#[cfg(test)]
pub(crate) mod tests;

use std::collections::VecDeque;
use std::sync::Arc;

use crate::path::cids::{LocalCids, RemoteCids};
use crate::path::{Addresses, OtherPaths, Path, PathHandle};
use crate::recovery::{EcnCodepoint, Space};
use crate::stream::Streams;
use crate::time::Instant;
use crate::tls::Session;
use crate::wire::transport_parameters::PreferredAddress;
use crate::wire::{ConnectionId, ResetToken, Role, Version};

use close::Closing;
use datagrams::Datagrams;
use early_data::EarlyData;
use keys::OneRttKeys;
use new_token::NextToken;
use parameters::{Offer, PeerParameters};
use pings::Pings;
use space::{EarlySpace, PacketSpace};
use timers::{Timer, Timers};
use trace::Tracer;
use versions::Versions;

pub use close::LocalClose;
pub use create::{ClientConfig, CreateError, ServerConfig};
pub use datagrams::DatagramError;
pub use early_data::EarlyDataStatus;
pub use event::{CloseReason, Event};
pub use lone_close::lone_close;
pub use migration::MigrateError;
pub use receive::is_authentic_initial;
pub use settings::{
    DatagramSettings, Linger, Migration, MtuSearchSettings, PreferredAddresses, ReceiveTimestamps,
    Redundancy, Settings, ACTIVE_CONNECTION_ID_LIMIT, MAX_CONNECTION_CREDIT, MIN_DATAGRAM_SIZE,
};
pub use state::State;
pub use stats::{Milestones, PacketNote, Recent, Stats};

/// One QUIC connection.
pub struct Connection {
    role: Role,
    version: Version,
    state: State,
    settings: Arc<Settings>,
    tls: Session,
    path: Path,
    /// The paths beside it: candidates, and the one before.
    others: Option<Box<OtherPaths>>,
    /// The path that the datagram came on that is being received.
    arrived_on: PathHandle,
    /// What the data of our PATH_CHALLENGEs is made from.
    path_secret: [u8; 16],
    /// The mark of the datagram that is being received.
    arrived_ecn: EcnCodepoint,
    /// 0-RTT and 1-RTT packets.
    data: PacketSpace,
    keys: OneRttKeys,
    /// What only the handshake needs; gone when it is confirmed.
    early: Option<Box<Early>>,
    /// 0-RTT, while there are keys for it or may yet be.
    early_data: Option<Box<EarlyData>>,
    early_data_status: EarlyDataStatus,
    streams: Streams,
    /// Once the application has sent or received any.
    datagrams: Option<Box<Datagrams>>,
    /// The largest DATAGRAM frame that the peer was told we take, in bytes.
    datagram_limit: u16,
    /// Sent datagrams are kept until their fate is settled.
    datagrams_kept: bool,
    local_cids: LocalCids,
    remote_cids: RemoteCids,
    peer: PeerParameters,
    timers: Timers,
    events: VecDeque<Event>,
    /// Set while the connection closes or drains.
    closing: Option<Box<Closing>>,
    /// The code of a close that waits for queued data to leave.
    lingering: Option<LocalClose>,
    /// HANDSHAKE_DONE waits to be sent (server).
    handshake_done_due: bool,
    /// A token for the client's next connection: on its way, or the last that came.
    next_token: Option<Box<NextToken>>,
    /// Asked for by the host or by keep-alive: the next packet elicits an ACK.
    ping_due: bool,
    /// The host can mark what it sends.
    can_mark: bool,
    /// The datagram being built carries ECT(0).
    marking: bool,
    /// A path MTU probe may be due: worth a look.
    mtu_probe_due: bool,
    /// PINGs of the host that are not acknowledged yet.
    pings: Pings,
    /// The last ack-eliciting packet was sent after anything was received: such a send restarts
    /// the idle timer (RFC 9000 section 10.1).
    sent_since_received: bool,
    /// The next packet number to leave out, against optimistic ACKs (RFC 9000 section 21.4).
    next_skipped: u64,
    /// A Handshake ACK told a client that the server has validated its address.
    server_validated_us: bool,
    last_ack_eliciting_sent: Option<Instant>,
    last_received: Instant,
    /// Window or pacer held back what there was last to send: only then may the window grow
    /// (RFC 9002 section 7.8).
    congestion_limited: bool,
    /// Packets were sent or acknowledged since the loss timer was computed.
    loss_timer_stale: bool,
    seed: u64,
    /// When the first packet was sent or received.
    created: Instant,
    stats: Stats,
    /// Collects events, if the host wants them.
    tracer: Option<Box<Tracer>>,
}

/// The part of a connection that only the handshake needs.
struct Early {
    initial: Option<EarlySpace>,
    handshake: Option<EarlySpace>,
    /// Datagram pieces that came before their keys.
    undecryptable: Vec<Vec<u8>>,
    /// The version, and what it may become.
    versions: Versions,
    /// The destination of the client's very first Initial.
    original_dcid: ConnectionId,
    /// The source connection ID of a Retry: the server's that it sent, the client's that it got.
    retry_scid: Option<ConnectionId>,
    /// Nobody can guess a server's connection ID but who was sent it.
    scid_is_secret: bool,
    /// The token a client repeats in each Initial.
    token: Vec<u8>,
    /// The source connection ID of the peer's first Initial, to be confirmed by its parameters.
    peer_scid: Option<ConnectionId>,
    /// True once a client has processed a packet of the server.
    answered: bool,
    /// Where the server would rather be reached.
    preferred: Option<PreferredAddress>,
    /// True once the peer's transport parameters were taken over.
    parameters_applied: bool,
    /// True once the application was told which protocol it speaks.
    protocol_announced: bool,
    /// A server's transport parameters until they are sent.
    offer: Option<Box<Offer>>,
    /// A client goes without packet protection, a server does with such a client.
    no_crypto: bool,
}

impl Connection {
    /// Client or server.
    pub fn role(&self) -> Role {
        self.role
    }

    /// The version in use.
    pub fn version(&self) -> Version {
        self.version
    }

    /// Where the connection stands.
    #[inline]
    pub fn state(&self) -> State {
        self.state
    }

    /// The settings it runs with.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The path in use.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the datagrams of a path go.
    #[inline]
    pub fn addresses(&self, path: PathHandle) -> &Addresses {
        let other = self.others.as_deref().and_then(|others| others.get(path));
        other.map_or(&self.path.addresses, |other| &other.path.addresses)
    }

    /// The TLS session: protocol, cipher, the library's own object.
    pub fn tls(&self) -> &Session {
        &self.tls
    }

    /// The TLS session, for a certificate to be installed; see
    /// [`Connection::certificate_chosen`].
    pub fn tls_mut(&mut self) -> &mut Session {
        &mut self.tls
    }

    /// The connection IDs the peer may send to.
    pub fn local_cids(&self) -> &LocalCids {
        &self.local_cids
    }

    /// The connection ID the peer is addressed by.
    pub fn remote_cid(&self) -> &ConnectionId {
        self.remote_cids.active()
    }

    /// The token that a stateless reset of the peer would end in (RFC 9000 section 10.3).
    #[inline]
    pub fn peer_reset_token(&self) -> Option<&ResetToken> {
        self.remote_cids.reset_token()
    }

    /// The streams: what the application reads, writes and opens.
    #[inline]
    pub fn streams(&self) -> &Streams {
        &self.streams
    }

    /// The streams, to be read from and written to. Nothing more is sent or received on them once
    /// the connection is no longer open.
    #[inline]
    pub fn streams_mut(&mut self) -> &mut Streams {
        &mut self.streams
    }

    /// Counters.
    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    /// The ranges of 1-RTT packet numbers received that the next ACK would name, highest first.
    pub fn received_ranges(&self) -> impl Iterator<Item = std::ops::Range<u64>> + '_ {
        self.data.received.ranges()
    }

    /// Takes over our own address, if it was not known before.
    pub fn learn_local_address(&mut self, local: Option<std::net::SocketAddr>) {
        let known = &mut self.path.addresses.local;
        if known.is_none() && local.is_some() {
            *known = local;
            if let Some(others) = self.others.as_deref_mut() {
                others.settled.local = local;
            }
        }
    }

    /// When the last datagram with an authentic packet came; at first when the connection began.
    pub fn last_received(&self) -> Instant {
        self.last_received
    }

    /// True as long as Initial packets are sent and read.
    pub fn has_initial_keys(&self) -> bool {
        self.early.as_deref().is_some_and(|early| early.initial.is_some())
    }

    /// When the connection began.
    pub fn created(&self) -> Instant {
        self.created
    }

    /// What happened since the last call, oldest first.
    #[inline]
    pub fn poll_event(&mut self) -> Option<Event> {
        match self.events.pop_front() {
            Some(event) => {
                if self.events.is_empty() {
                    // At rest a connection keeps no queue.
                    self.events = VecDeque::new();
                }
                Some(event)
            }
            None => self.poll_stream_event(),
        }
    }

    #[inline]
    fn poll_stream_event(&mut self) -> Option<Event> {
        let event = self.streams.poll_event()?;
        if self.tracer.is_some() {
            self.trace_stream_event(&event);
        }
        Some(Event::Stream(event))
    }

    /// When [`Connection::on_timeout`] wants to be called, if at all.
    #[inline]
    pub fn next_timeout(&mut self, now: Instant) -> Option<Instant> {
        if self.loss_timer_stale {
            self.rearm_loss_timer(now);
        }
        self.plan_quiet(now);
        self.timers.next()
    }

    /// Asks for an acknowledgement of the peer.
    pub fn ping(&mut self) {
        self.ping_due = true;
    }

    /// Sends a PING, again and again if need be, until it is acknowledged:
    /// [`Event::PingAcked`] with `name` follows once.
    pub fn ping_as(&mut self, name: u64) {
        if self.state.is_open() {
            self.pings.push(name);
        }
    }

    fn set_state(&mut self, next: State) {
        debug_assert!(self.state.may_become(next), "{:?} to {next:?}", self.state);
        if self.state.may_become(next) {
            self.trace_state(next);
            self.state = next;
        }
    }

    fn space(&mut self, id: Space) -> Option<&mut PacketSpace> {
        match id {
            Space::Application => Some(&mut self.data),
            _ => self.early_space(id).map(|early| &mut early.space),
        }
    }

    fn early_space(&mut self, id: Space) -> Option<&mut EarlySpace> {
        let early = self.early.as_deref_mut()?;
        match id {
            Space::Initial => early.initial.as_mut(),
            Space::Handshake => early.handshake.as_mut(),
            Space::Application => None,
        }
    }
}
