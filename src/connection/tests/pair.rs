//! A client and a server under one virtual clock.

use std::sync::Arc;

use super::link::{Link, Weather};
use super::net::{at, Mail, Net, CLIENT, SERVER};
use crate::congestion::{Controller, NewReno, Parameters};
use crate::connection::parameters::{local_parameters, Identity};
use crate::connection::{ClientConfig, CloseReason, Connection, Event, ServerConfig};
use crate::connection::{Settings, State, MIN_DATAGRAM_SIZE};
use crate::error::TransportErrorCode;
use crate::path::Addresses;
use crate::recovery::EcnCodepoint;
use crate::stream::StreamKey;
use crate::time::{Duration, Instant};
use crate::tls::testing::pair::{client_context, server_context};
use crate::tls::{Context, SeededRandom, ServerPolicy, VerifyMode};
use crate::wire::{ConnectionId, Direction, ResetToken, Role, TransportParameters, Version};

/// What a pair is made of.
pub(crate) struct Options {
    pub(crate) client: Settings,
    pub(crate) server: Settings,
    pub(crate) weather: Weather,
    /// What the client believes it is connecting to; the server's own idea may differ.
    pub(crate) retry_scid: Option<ConnectionId>,
    /// The server takes the client's address for validated.
    pub(crate) address_validated: bool,
    /// The version and destination of the Initial that the server takes, if it is not the client's
    /// first.
    pub(crate) taken: Option<(Version, [u8; 8])>,
    /// What the client allows and the server speaks, best first.
    pub(crate) client_versions: &'static [Version],
    pub(crate) server_versions: &'static [Version],
    /// Nobody can guess the server's connection ID.
    pub(crate) scid_is_secret: bool,
    /// The client's token.
    pub(crate) token: &'static [u8],
    /// How long the ends' own connection IDs are.
    pub(crate) cid_len: usize,
    /// The client's session of an earlier connection.
    pub(crate) resumption: Option<Vec<u8>>,
    /// What the client remembers of the server.
    pub(crate) remembered: Option<TransportParameters>,
    pub(crate) policy: ServerPolicy,
    /// The client asks for packets without protection.
    pub(crate) no_crypto: bool,
    /// Makes the controller of each end.
    pub(crate) controller: fn() -> Controller,
    /// Both ends can mark what they send.
    pub(crate) ecn: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            client: Settings::default(),
            server: Settings::default(),
            weather: Weather::default(),
            retry_scid: None,
            address_validated: false,
            taken: None,
            client_versions: &[Version::V1],
            server_versions: &[Version::V1],
            scid_is_secret: false,
            token: b"",
            cid_len: 8,
            ecn: false,
            resumption: None,
            remembered: None,
            policy: ServerPolicy::default(),
            no_crypto: false,
            controller,
        }
    }
}

/// One end and what it said to its application.
pub(crate) struct End {
    pub(crate) connection: Connection,
    /// All but requests for connection IDs, which are answered, and the end.
    pub(crate) events: Vec<Event>,
    pub(crate) reason: Option<CloseReason>,
    /// What the peer said to our close.
    pub(crate) answer: Option<CloseReason>,
    role: Role,
    issued: u8,
}

impl End {
    fn new(connection: Connection) -> Self {
        let role = connection.role();
        Self { connection, events: Vec::new(), reason: None, answer: None, role, issued: 0 }
    }

    /// Listens, and answers requests for connection IDs.
    pub(crate) fn listen(&mut self) {
        while let Some(event) = self.connection.poll_event() {
            match event {
                Event::NeedConnectionIds(count) => {
                    for _ in 0..count {
                        self.issued += 1;
                        let cid = issued_cid(self.role, self.issued);
                        self.connection.issue_connection_id(cid, issued_token(self.issued));
                    }
                }
                Event::VersionNegotiated(version) => self.begin_anew(version),
                Event::Closing(reason) if self.reason.is_none() => self.reason = Some(reason),
                Event::Closing(reason) => self.answer = Some(reason),
                other => self.events.push(other),
            }
        }
    }

    /// Answers Version Negotiation.
    fn begin_anew(&mut self, version: Version) {
        let (now, dcid) = (self.connection.created(), ConnectionId::new(&SECOND_DCID).unwrap());
        let random = &mut SeededRandom::new([2; 32]);
        Contexts::with(|contexts| {
            let begun = self.connection.begin_anew(&contexts.client, now, random, version, dcid);
            begun.unwrap();
        });
    }

    /// How many events of a kind came.
    pub(crate) fn count(&self, wanted: impl Fn(&Event) -> bool) -> usize {
        self.events.iter().filter(|event| wanted(event)).count()
    }

    /// The code that this end closed the connection with.
    pub(crate) fn violation(&self) -> Option<TransportErrorCode> {
        match self.reason {
            Some(CloseReason::LocalTransport(code)) => Some(code),
            _ => None,
        }
    }
}

/// Two ends and the link between them.
pub(crate) struct Pair {
    pub(crate) now: Instant,
    pub(crate) client: End,
    pub(crate) server: End,
    pub(crate) link: Link,
    pub(crate) net: Net,
}

/// Where a client sends its first Initial when it begins anew.
pub(crate) const SECOND_DCID: [u8; 8] = [0xd2; 8];

/// Where the client sends its very first Initial.
pub(crate) const FIRST_DCID: [u8; 8] = [0xd0; 8];

/// Rounds of 10 ms after which an end that sent nothing has nothing to send: longer than an ACK is
/// delayed.
const SILENT_ROUNDS: u32 = 4;

/// Which connection ID a server gives with its preferred address, if it has one.
pub(crate) const PREFERRED: u8 = 0x99;

/// The longest datagram that the pair carries.
const BUFFER: usize = 1500;

impl Pair {
    pub(crate) fn new(options: Options) -> Self {
        Contexts::with(|contexts| Self::with_contexts(contexts, options))
    }

    fn with_contexts(contexts: &Contexts, options: Options) -> Self {
        let now = Instant::from_micros(1_000_000);
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&options.weather.seed.to_le_bytes());
        let mut random = SeededRandom::new(seed);
        let first_dcid = ConnectionId::new(&FIRST_DCID).unwrap();
        let client_cid = ConnectionId::new(&[0xc0; 20][..options.cid_len]).unwrap();
        let (version, taken_dcid) = options.taken.unwrap_or((options.client.version, FIRST_DCID));
        let client = ClientConfig {
            settings: Arc::new(options.client),
            addresses: addresses(SERVER),
            controller: (options.controller)(),
            scid: client_cid,
            dcid: first_dcid,
            server_name: None,
            alpn: b"h3",
            verify: VerifyMode::None,
            groups: None,
            no_crypto: options.no_crypto,
            resumption: options.resumption.as_deref(),
            remembered: options.remembered,
            token: options.token,
            versions: options.client_versions,
        };
        let client = Connection::client(client, &contexts.client, now, &mut random).unwrap();
        let server = ServerConfig {
            settings: Arc::new(options.server),
            addresses: addresses(CLIENT),
            controller: (options.controller)(),
            version,
            versions: options.server_versions,
            scid: ConnectionId::new(&[0x50; 20][..options.cid_len]).unwrap(),
            preferred: Some((issued_cid(Role::Server, PREFERRED), issued_token(PREFERRED))),
            reset_token: (options.cid_len > 0).then(|| issued_token(0)),
            dcid: client_cid,
            original_dcid: ConnectionId::new(&taken_dcid).unwrap(),
            retry_scid: options.retry_scid,
            address_validated: options.address_validated,
            scid_is_secret: options.scid_is_secret,
            policy: options.policy,
        };
        let server = Connection::server(server, &contexts.server, now, &mut random).unwrap();
        let (mut client, mut server) = (End::new(client), End::new(server));
        if options.ecn {
            client.connection.use_ecn();
            server.connection.use_ecn();
        }
        Self { now, client, server, link: Link::new(options.weather), net: Net::new() }
    }

    /// The transport parameters that the server of a new pair is going to send.
    pub(crate) fn server_parameters(&self) -> Vec<u8> {
        let connection = &self.server.connection;
        let identity = Identity {
            source: connection.local_cids().primary(),
            original_destination: connection.early.as_ref().map(|early| early.original_dcid),
            retry_source: None,
            reset_token: None,
            preferred: None,
        };
        local_parameters(connection.settings(), &identity)
            .encode(Role::Server, &mut SeededRandom::new([0; 32]))
    }

    /// A pair whose handshake is confirmed at both ends, with nothing under way.
    pub(crate) fn established() -> Self {
        Self::established_with(Options::default())
    }

    pub(crate) fn established_with(options: Options) -> Self {
        let mut pair = Self::new(options);
        pair.exchange();
        pair.assert_confirmed();
        pair
    }

    pub(crate) fn assert_confirmed(&self) {
        for end in [&self.client, &self.server] {
            assert_eq!(end.connection.state(), State::Confirmed, "{:?}", end.reason);
        }
    }

    pub(crate) fn end(&mut self, role: Role) -> &mut End {
        match role {
            Role::Client => &mut self.client,
            Role::Server => &mut self.server,
        }
    }

    /// All datagrams that `from` wants to send now.
    pub(crate) fn sent(&mut self, from: Role) -> Vec<Vec<u8>> {
        let now = self.now;
        let connection = &mut self.end(from).connection;
        let mut datagrams = Vec::new();
        let mut buffer = [0; BUFFER];
        while let Some(sent) = connection.transmit(now, &mut buffer) {
            datagrams.push(buffer[..sent.len].to_vec());
            assert!(datagrams.len() < 10_000, "sends without end");
        }
        datagrams
    }

    /// Gives a datagram to `to`, on the path in use.
    pub(crate) fn give(&mut self, to: Role, datagram: &[u8]) {
        let addresses = self.end(to).connection.path().addresses;
        let mail = Mail { addresses, ecn: EcnCodepoint::NotEct, bytes: datagram.to_vec() };
        self.deliver(to, &mail);
    }

    pub(crate) fn give_all(&mut self, to: Role, datagrams: &[Vec<u8>]) {
        for datagram in datagrams {
            self.give(to, datagram);
        }
    }

    /// Lets time pass without any timer being looked at.
    pub(crate) fn wait(&mut self, span: Duration) {
        self.now += span;
    }

    /// Carries datagrams over a perfect link until both ends are silent, delayed ACKs included. No
    /// timer runs.
    pub(crate) fn exchange(&mut self) {
        let mut silent = 0;
        for _ in 0..10_000 {
            let to_server = self.posted(Role::Client);
            self.wait(Duration::from_millis(5));
            self.deliver_all(Role::Server, &to_server);
            let to_client = self.posted(Role::Server);
            self.wait(Duration::from_millis(5));
            self.deliver_all(Role::Client, &to_client);
            silent = if to_server.is_empty() && to_client.is_empty() { silent + 1 } else { 0 };
            if silent == SILENT_ROUNDS {
                return;
            }
        }
        panic!("never silent");
    }

    /// Runs every timer of `role` that is due.
    pub(crate) fn tick(&mut self, role: Role) {
        let now = self.now;
        let end = self.end(role);
        end.connection.on_timeout(now);
        end.listen();
    }

    /// Goes to the next deadline of `role` and runs it. Returns how long that took.
    pub(crate) fn next_timeout(&mut self, role: Role) -> Duration {
        let now = self.now;
        let at = self.end(role).connection.next_timeout(now).unwrap().max(now);
        self.now = at;
        self.tick(role);
        at.saturating_since(now)
    }

    /// Runs both ends over the link until `done` or for `span`. Returns what `done` says at last.
    pub(crate) fn run(&mut self, span: Duration, mut done: impl FnMut(&mut Self) -> bool) -> bool {
        let end = self.now + span;
        loop {
            self.flush();
            if done(self) {
                return true;
            }
            // What `done` did may have given rise to more.
            self.flush();
            let Some(next) = self.next_event().filter(|next| *next <= end) else {
                self.now = end;
                return done(self);
            };
            self.now = self.now.max(next);
            while let Some((to, datagram)) = self.link.arrived(self.now) {
                self.deliver(to, &datagram);
            }
            self.tick(Role::Client);
            self.tick(Role::Server);
        }
    }

    /// Runs both ends for `span`.
    pub(crate) fn run_for(&mut self, span: Duration) {
        self.run(span, |_| false);
    }

    fn flush(&mut self) {
        for role in [Role::Client, Role::Server] {
            for datagram in self.posted(role) {
                self.link.carry(self.now, role.peer(), datagram);
            }
        }
    }

    fn next_event(&mut self) -> Option<Instant> {
        let now = self.now;
        let client = self.client.connection.next_timeout(now);
        let server = self.server.connection.next_timeout(now);
        [client, server, self.link.next_arrival()].into_iter().flatten().min()
    }

    /// Opens a stream of `from` and writes `data` to it.
    pub(crate) fn write(&mut self, from: Role, data: &[u8]) -> StreamKey {
        let streams = self.end(from).connection.streams_mut();
        let key = streams.open(Direction::Bidirectional).unwrap();
        assert_eq!(streams.write(key, data, false).unwrap(), data.len());
        key
    }

    /// Sends `len` bytes from `from` on one stream over the link, `look` at every step. Returns
    /// false if they are not all acknowledged within `span`.
    pub(crate) fn transfer(
        &mut self,
        from: Role,
        len: usize,
        span: Duration,
        mut look: impl FnMut(&Self),
    ) -> bool {
        let key = self.end(from).connection.streams_mut().open(Direction::Bidirectional).unwrap();
        let mut left = len;
        self.run(span, |pair| {
            pair.read(from.peer());
            look(pair);
            let streams = pair.end(from).connection.streams_mut();
            while left > 0 {
                let written = streams.write(key, &[7; 4096][..left.min(4096)], false).unwrap_or(0);
                left -= written;
                if written == 0 {
                    break;
                }
            }
            left == 0 && streams.is_all_acked()
        })
    }

    /// Everything that can be read at `role`, of all streams.
    pub(crate) fn read(&mut self, role: Role) -> Vec<u8> {
        let streams = self.end(role).connection.streams_mut();
        let (mut keys, mut data, mut buffer) = (Vec::new(), Vec::new(), [0; 4096]);
        streams.readable(&mut keys);
        for key in keys {
            while let Ok(read) = streams.read(key, &mut buffer) {
                data.extend_from_slice(&buffer[..read.len]);
                if read.fin {
                    break;
                }
            }
        }
        data
    }
}

/// TLS contexts are made once for each thread of tests.
struct Contexts {
    client: Context,
    server: Context,
}

impl Contexts {
    fn with<R>(f: impl FnOnce(&Self) -> R) -> R {
        thread_local! {
            static CONTEXTS: Contexts =
                Contexts { client: client_context(), server: server_context() };
        }
        CONTEXTS.with(f)
    }
}

/// A client's session that sends `parameters`.
pub(crate) fn client_session(parameters: &[u8]) -> crate::tls::Session {
    let options = crate::tls::ClientOptions {
        transport_parameters: parameters,
        server_name: None,
        ..crate::tls::testing::pair::client_options()
    };
    Contexts::with(|contexts| crate::tls::Session::client(&contexts.client, &options).unwrap())
}

/// The `n`-th connection ID that `role` issues beside its first.
pub(crate) fn issued_cid(role: Role, n: u8) -> ConnectionId {
    let head = if role == Role::Client { 0xc1 } else { 0x51 };
    ConnectionId::new(&[head, n, n, n, n, n, n, n]).unwrap()
}

/// The reset token of the `n`-th connection ID, 0 for the server's first.
pub(crate) fn issued_token(n: u8) -> ResetToken {
    ResetToken([0xa0 ^ n; 16])
}

fn addresses(peer: &str) -> Addresses {
    Addresses { local: None, peer: at(peer) }
}

fn controller() -> Controller {
    Controller::NewReno(NewReno::new(Parameters::new(MIN_DATAGRAM_SIZE)))
}
