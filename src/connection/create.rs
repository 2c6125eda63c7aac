//! How a connection begins, at a client and at a server.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::congestion::Controller;
use crate::error::TransportError;
use crate::path::amplification::Amplification;
use crate::path::cids::{LocalCids, RemoteCids};
use crate::path::spin::SpinBit;
use crate::path::{Addresses, OtherPaths, Path, PathConfig, PathHandle};
use crate::random::Random;
use crate::recovery::{EcnCodepoint, EcnPath, Reordering, Space};
use crate::stream::{ReceiveRates, Streams};
use crate::time::Instant;
use crate::tls::{
    ClientOptions, Context, ContextError, ServerOptions, ServerPolicy, Session, VerifyMode,
};
use crate::wire::transport_parameters::PreferredAddress;
use crate::wire::{ConnectionId, ResetToken, Role, TransportParameters, Version};

use super::early_data::{early_data_context, EarlyData, EarlyDataStatus};
use super::keys::OneRttKeys;
use super::parameters::{local_parameters, Identity, Offer, PeerParameters};
use super::pings::Pings;
use super::settings::{Settings, ACTIVE_CONNECTION_ID_LIMIT};
use super::space::{EarlySpace, PacketSpace};
use super::state::State;
use super::stats::Stats;
use super::timers::Timers;
use super::version_negotiation::FirstFlight;
use super::versions::Versions;
use super::{Connection, Early};

/// What a client's connection starts from.
pub struct ClientConfig<'a> {
    /// Settings.
    pub settings: Arc<Settings>,
    /// Where the server is.
    pub addresses: Addresses,
    /// The congestion controller.
    pub controller: Controller,
    /// Our connection ID.
    pub scid: ConnectionId,
    /// The unpredictable destination of the first Initial, at least 8 bytes (RFC 9000 section 7.2).
    pub dcid: ConnectionId,
    /// The name that goes into SNI and that the certificate has to match.
    pub server_name: Option<&'a str>,
    /// The application protocol.
    pub alpn: &'a [u8],
    /// How the server's certificate is verified.
    pub verify: VerifyMode,
    /// Groups for key exchange in place of the engine's.
    pub groups: Option<&'a str>,
    /// A session of an earlier connection.
    pub resumption: Option<&'a [u8]>,
    /// What is remembered of the server's parameters: with it, a session that allows 0-RTT is
    /// used for it.
    pub remembered: Option<TransportParameters>,
    /// A token of an earlier connection to this server.
    pub token: &'a [u8],
    /// Ask for 0-RTT and 1-RTT packets without protection.
    pub no_crypto: bool,
    /// The versions the host allows beside that of the settings, best first. The server may choose
    /// among those that are compatible with it; with the others a client begins anew if the server
    /// does not speak the first.
    pub versions: &'a [Version],
}

/// What a server's connection starts from.
pub struct ServerConfig<'a> {
    /// Settings.
    pub settings: Arc<Settings>,
    /// Where the client is.
    pub addresses: Addresses,
    /// The congestion controller.
    pub controller: Controller,
    /// The version of the client's Initial.
    pub version: Version,
    /// The versions the server speaks, best first. If the client can follow, the first one that is
    /// compatible with that of its Initial is taken.
    pub versions: &'a [Version],
    /// Our connection ID.
    pub scid: ConnectionId,
    /// The reset token of that connection ID.
    pub reset_token: Option<ResetToken>,
    /// A connection ID and its reset token for the preferred address, if the settings have one.
    pub preferred: Option<(ConnectionId, ResetToken)>,
    /// The client's connection ID: the source of its Initial.
    pub dcid: ConnectionId,
    /// The destination of the client's very first Initial.
    pub original_dcid: ConnectionId,
    /// The source connection ID of our Retry, if there was one: the destination of this Initial.
    pub retry_scid: Option<ConnectionId>,
    /// The client's address was validated by a token.
    pub address_validated: bool,
    /// Nobody can guess our connection ID: who sends to it has seen what we sent
    /// (RFC 9000 section 8.1).
    pub scid_is_secret: bool,
    /// What the host decides of the handshake.
    pub policy: ServerPolicy,
}

/// No connection could be made.
#[derive(Clone, Debug)]
pub enum CreateError {
    /// TLS cannot be set up with what the host asked for.
    Tls(ContextError),
    /// The handshake failed before it began.
    Handshake(TransportError),
}

impl From<ContextError> for CreateError {
    fn from(error: ContextError) -> Self {
        Self::Tls(error)
    }
}

impl From<TransportError> for CreateError {
    fn from(error: TransportError) -> Self {
        Self::Handshake(error)
    }
}

/// The parts in which client and server differ.
struct Beginning {
    role: Role,
    version: Version,
    settings: Arc<Settings>,
    addresses: Addresses,
    controller: Controller,
    amplification: Amplification,
    tls: Session,
    local: ConnectionId,
    remote: ConnectionId,
    early: Early,
    random: ConnectionRandom,
}

/// What a connection draws at its beginning.
struct ConnectionRandom {
    seed: u64,
    path_secret: [u8; 16],
}

impl ConnectionRandom {
    fn draw(random: &mut dyn Random) -> Self {
        let mut path_secret = [0; 16];
        random.fill(&mut path_secret);
        Self { seed: random.next_u64(), path_secret }
    }
}

impl Connection {
    /// A client's connection; its first flight is ready to be sent.
    pub fn client(
        config: ClientConfig<'_>,
        context: &Context,
        now: Instant,
        random: &mut dyn Random,
    ) -> Result<Self, CreateError> {
        let settings = config.settings.clone();
        let version = settings.version;
        let identity = Identity {
            source: config.scid,
            original_destination: None,
            retry_source: None,
            reset_token: None,
            preferred: None,
        };
        let versions = client_versions(&config);
        let mut parameters = local_parameters(&settings, &identity);
        parameters.version_information = Some(versions.information(Role::Client, version));
        parameters.no_crypto = config.no_crypto;
        let parameters = parameters.encode(Role::Client, random);
        let tls = Session::client(
            context,
            &ClientOptions {
                server_name: config.server_name,
                alpn: config.alpn,
                verify: config.verify,
                transport_parameters: &parameters,
                resumption: config.resumption,
                version: settings.version,
                early_data: config.remembered.is_some(),
                groups: config.groups,
            },
        )?;
        let mut early = Early::new(config.dcid, versions);
        early.token = config.token.to_vec();
        early.no_crypto = config.no_crypto;
        let beginning = Beginning {
            role: Role::Client,
            version: settings.version,
            settings,
            addresses: config.addresses,
            controller: config.controller,
            amplification: Amplification::unlimited(),
            tls,
            local: config.scid,
            remote: config.dcid,
            early,
            random: ConnectionRandom::draw(random),
        };
        let mut connection = Self::begin(beginning, now);
        connection.install_initial_keys(&config.dcid);
        connection.early_data = config
            .remembered
            .map(|remembered| Box::new(EarlyData::remembering(remembered, version)));
        connection.run_tls(now)?;
        Ok(connection)
    }

    /// A server's connection, for a client whose first Initial is authentic. That Initial is then
    /// to be given to [`Connection::receive`].
    pub fn server(
        config: ServerConfig<'_>,
        context: &Context,
        now: Instant,
        random: &mut dyn Random,
    ) -> Result<Self, CreateError> {
        let settings = config.settings;
        let identity = Identity {
            source: config.scid,
            original_destination: Some(config.original_dcid),
            retry_source: config.retry_scid,
            reset_token: config.reset_token,
            preferred: preferred_address(&settings, config.preferred),
        };
        let mut versions = Versions::new(config.version, config.versions);
        let mut parameters = local_parameters(&settings, &identity);
        if let Some(preferred) = versions.preferred() {
            parameters.version_information = Some(versions.information(Role::Server, preferred));
            versions.set_alternative(preferred, parameters.encode(Role::Server, random));
        }
        let information = versions.information(Role::Server, config.version);
        parameters.version_information = Some(information);
        let offer =
            Offer { parameters: parameters.clone(), early_data: !config.policy.refuse_early_data };
        let early_data = early_data_context(&parameters);
        let parameters = parameters.encode(Role::Server, random);
        let tls = Session::server(
            context,
            &ServerOptions {
                transport_parameters: &parameters,
                version: config.version,
                early_data: (!config.policy.refuse_early_data).then_some(&early_data[..]),
                policy: config.policy,
                ask_for_version: versions.preferred().is_some(),
            },
        )?;
        let mut amplification = Amplification::new(settings.anti_amplification_limit);
        if config.address_validated {
            amplification.validate();
        }
        let mut early = Early::new(config.original_dcid, versions);
        early.retry_scid = config.retry_scid;
        early.scid_is_secret = config.scid_is_secret;
        early.no_crypto = !config.policy.refuse_no_crypto;
        early.offer = Some(Box::new(offer));
        let beginning = Beginning {
            role: Role::Server,
            version: config.version,
            settings,
            addresses: config.addresses,
            controller: config.controller,
            amplification,
            tls,
            local: config.scid,
            remote: config.dcid,
            early,
            random: ConnectionRandom::draw(random),
        };
        let mut connection = Self::begin(beginning, now);
        if let Some(preferred) = identity.preferred {
            connection.local_cids.issue_preferred(preferred.cid, preferred.reset_token);
            let addresses = connection.path.addresses;
            connection.others = Some(Box::new(OtherPaths::new(addresses)));
        }
        connection.stats.token_accepted = config.address_validated;
        connection.install_initial_keys(&config.retry_scid.unwrap_or(config.original_dcid));
        Ok(connection)
    }

    fn begin(beginning: Beginning, now: Instant) -> Self {
        let settings = beginning.settings;
        let Beginning { addresses, controller, amplification, .. } = beginning;
        let path = path_from(&settings, addresses, controller, amplification);
        let mut connection = Self {
            role: beginning.role,
            version: beginning.version,
            state: State::Handshaking,
            tls: beginning.tls,
            path,
            others: None,
            arrived_on: PathHandle::ACTIVE,
            path_secret: beginning.random.path_secret,
            data: PacketSpace::for_application(settings.max_ack_delay, settings.ack_frequency),
            keys: OneRttKeys::new(beginning.version),
            early: Some(Box::new(beginning.early)),
            early_data: None,
            early_data_status: EarlyDataStatus::None,
            streams: Streams::new(beginning.role, settings.limits(), settings.send_capacity),
            datagrams: None,
            datagrams_kept: false,
            datagram_limit: settings.datagrams.max_frame_size,
            local_cids: LocalCids::new(beginning.local),
            remote_cids: RemoteCids::new(beginning.remote, ACTIVE_CONNECTION_ID_LIMIT),
            peer: PeerParameters::default(),
            timers: Timers::default(),
            events: VecDeque::new(),
            closing: None,
            lingering: None,
            handshake_done_due: false,
            next_token: None,
            ping_due: false,
            can_mark: false,
            marking: false,
            mtu_probe_due: false,
            pings: Pings::default(),
            sent_since_received: false,
            next_skipped: u64::MAX,
            server_validated_us: false,
            last_ack_eliciting_sent: None,
            last_received: now,
            congestion_limited: false,
            loss_timer_stale: false,
            seed: beginning.random.seed,
            created: now,
            arrived_ecn: EcnCodepoint::NotEct,
            stats: Stats::default(),
            tracer: None,
            settings,
        };
        connection.report_ecn_if_asked();
        connection.streams.set_receive_rates(ReceiveRates {
            connection: connection.settings.receive_rate,
            least_stream_window: connection.settings.limited_stream_window.unwrap_or(0),
        });
        connection.path.spin = SpinBit::new(connection.role, connection.draw());
        connection.plan_skipped_number(0);
        connection.fit_write_ahead();
        connection.restart_idle_timer(now);
        connection
    }

    fn report_ecn_if_asked(&mut self) {
        if !self.settings.always_report_ecn {
            return;
        }
        for id in Space::ALL {
            if let Some(space) = self.space(id) {
                space.received.always_report_ecn();
            }
        }
    }

    /// Chooses the next packet number to leave out, some dozens to thousands from here.
    pub(super) fn plan_skipped_number(&mut self, current: u64) {
        if self.settings.disable_packet_number_skipping {
            self.next_skipped = u64::MAX;
            return;
        }
        let span = SKIP_DISTANCE.end - SKIP_DISTANCE.start;
        self.next_skipped = current + SKIP_DISTANCE.start + self.draw() % span;
    }

    /// The next of this connection's own random numbers, for what is not worth more.
    fn draw(&mut self) -> u64 {
        // A step of splitmix64: the seed is secret, so the peer cannot tell what comes.
        self.seed = self.seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.seed;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Decides what a new path shows to observers: its spin bit, and ECN marks.
    pub(super) fn dress_path(&mut self, path: &mut Path) {
        path.spin = SpinBit::new(self.role, self.draw());
        if self.can_mark {
            path.ecn = EcnPath::new();
        }
    }
}

/// A path on which nothing was sent yet.
pub(super) fn path_from(
    settings: &Settings,
    addresses: Addresses,
    controller: Controller,
    amplification: Amplification,
) -> Path {
    Path::new(PathConfig {
        addresses,
        controller,
        pacing: settings.pacing,
        initial_rtt: settings.initial_rtt,
        reordering: Reordering::new(settings.packet_threshold, settings.learn_reordering),
        window_limit: settings.window_limit,
        max_datagram_size: settings.max_datagram_size,
        amplification,
    })
}

/// What a server tells of its preferred address (RFC 9000 section 18.2).
fn preferred_address(
    settings: &Settings,
    id: Option<(ConnectionId, ResetToken)>,
) -> Option<PreferredAddress> {
    let (addresses, (cid, reset_token)) = settings.preferred_address.zip(id)?;
    let (ipv4, ipv6) = (addresses.ipv4, addresses.ipv6);
    (!cid.is_empty()).then_some(PreferredAddress { ipv4, ipv6, cid, reset_token })
}

/// How far apart packet numbers are left out.
const SKIP_DISTANCE: std::ops::Range<u64> = 64..4096;

/// The versions of a client, and what it needs to begin anew in another one.
fn client_versions(config: &ClientConfig<'_>) -> Versions {
    let original = config.settings.version;
    let mut versions = Versions::new(original, config.versions);
    if config.versions.iter().any(|version| *version != original) {
        versions.first_flight = Some(Box::new(FirstFlight {
            attempted: original,
            server_name: config.server_name.map(str::to_owned),
            alpn: config.alpn.to_vec(),
            verify: config.verify,
            groups: config.groups.map(str::to_owned),
        }));
    }
    versions
}

impl Early {
    fn new(original_dcid: ConnectionId, versions: Versions) -> Self {
        Self {
            versions,
            initial: Some(EarlySpace::new()),
            handshake: Some(EarlySpace::new()),
            undecryptable: Vec::new(),
            original_dcid,
            retry_scid: None,
            scid_is_secret: false,
            token: Vec::new(),
            peer_scid: None,
            answered: false,
            parameters_applied: false,
            preferred: None,
            protocol_announced: false,
            offer: None,
            no_crypto: false,
        }
    }
}
