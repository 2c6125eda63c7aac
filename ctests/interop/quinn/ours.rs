//! This library as a node: an engine and its application.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use xquic::congestion::{Controller, Cubic, Parameters};
use xquic::connection::{
    ClientConfig, CloseReason, Connection, Event, Settings, State, MIN_DATAGRAM_SIZE,
};
use xquic::engine::{
    Acceptance, ConnectionKey, Engine, EngineConfig, Received, TokenKeys, UnixTime, Verdict,
};
use xquic::path::{Addresses, Arrival};
use xquic::recovery::EcnCodepoint;
use xquic::stream::{ReadError, StreamEvent, StreamKey};
use xquic::time::Instant;
use xquic::tls::{Context, ContextConfig, SeededRandom, VerifyMode};
use xquic::wire::{Direction, Role, TransportParameters, Version};

use crate::identity::{identity, large_identity, NAME};
use crate::node::{Datagram, Micros, Node};
use crate::work::{Answers, Requests};
use crate::ALPN;

/// Real time; it stands still.
const WALL: UnixTime = UnixTime(1_700_000_000);

/// What a test may choose.
#[derive(Clone, Default)]
pub struct Options {
    pub settings: Settings,
    /// Cipher suites, by their registered names.
    pub ciphers: Option<&'static str>,
    /// The client's session of an earlier connection.
    pub session: Option<Vec<u8>>,
    /// The server's parameters then: with them the session is used for 0-RTT.
    pub remembered: Option<TransportParameters>,
    /// A server's certificate fills several datagrams.
    pub large_certificate: bool,
}

/// An engine with its connections and applications.
pub struct Ours {
    pub engine: Engine,
    settings: Arc<Settings>,
    address: SocketAddr,
    connections: BTreeMap<ConnectionKey, App>,
    /// Why connections ended.
    pub endings: Vec<CloseReason>,
    /// Sessions the server gave us.
    pub sessions: Vec<Vec<u8>>,
    /// The server's parameters, for 0-RTT.
    pub parameters: Option<TransportParameters>,
    /// Datagrams that wait to be sent and are no connection's.
    loose: Vec<Datagram>,
    /// What is sent carries ECN marks.
    marking: bool,
    /// New clients have to come again with a token.
    retry: bool,
    /// Retry packets sent.
    pub retries: usize,
}

/// What runs on a connection.
#[derive(Default)]
struct App {
    requests: Requests,
    answers: Answers,
    streams: BTreeMap<u64, StreamKey>,
}

impl Ours {
    /// A server at `address`.
    pub fn server(address: SocketAddr, options: &Options) -> Self {
        Self::new(Role::Server, address, options)
    }

    /// A client at `address` that asks the server for answers of these lengths.
    pub fn client(
        address: SocketAddr,
        server: SocketAddr,
        options: &Options,
        now: Micros,
        lens: &[u64],
    ) -> Self {
        let mut ours = Self::new(Role::Client, address, options);
        ours.connect(server, options, now, lens);
        ours
    }

    fn new(role: Role, address: SocketAddr, options: &Options) -> Self {
        let identity = if options.large_certificate { large_identity() } else { identity() };
        let mut config = ContextConfig::new(role);
        config.ciphers = options.ciphers;
        if role == Role::Server {
            config.certificate_file = identity.certificate_file.to_str();
            config.private_key_file = identity.key_file.to_str();
        }
        let mut tls = Context::new(&config).unwrap();
        tls.set_alpn(&[ALPN]).unwrap();
        let engine = Engine::new(EngineConfig {
            role,
            versions: vec![Version::V1],
            cid_len: 8,
            reset_key: b"of the tests".to_vec(),
            token_keys: TokenKeys::default(),
            tls,
            random: Box::new(SeededRandom::new([role as u8 + 1; 32])),
        });
        Self {
            engine,
            settings: Arc::new(options.settings.clone()),
            address,
            connections: BTreeMap::new(),
            endings: Vec::new(),
            sessions: Vec::new(),
            parameters: None,
            loose: Vec::new(),
            marking: false,
            retry: false,
            retries: 0,
        }
    }

    /// Moves the newest connection to another address of ours.
    pub fn migrate(&mut self, now: Micros, to: SocketAddr) {
        let (key, _) = self.connections.last_key_value().unwrap();
        let connection = self.engine.connection_mut(*key).unwrap();
        connection.migrate(Instant::from_micros(now), to).unwrap();
    }

    /// Has clients come again with a token from now on.
    pub fn ask_for_tokens(&mut self) {
        self.retry = true;
    }

    /// Lets connections accepted from now on mark what they send.
    pub fn mark(&mut self) {
        self.marking = true;
    }

    /// Begins another connection.
    pub fn connect(
        &mut self,
        server: SocketAddr,
        options: &Options,
        now: Micros,
        lens: &[u64],
    ) -> ConnectionKey {
        let (scid, dcid) = (self.engine.random_cid(), self.engine.random_remote_cid(8));
        let config = ClientConfig {
            versions: &[],
            settings: self.settings.clone(),
            addresses: Addresses { local: Some(self.address), peer: server },
            controller: controller(),
            scid,
            dcid,
            server_name: Some(NAME),
            alpn: ALPN,
            verify: VerifyMode::None,
            groups: None,
            no_crypto: false,
            remembered: options.remembered.clone(),
            resumption: options.session.as_deref(),
            token: b"",
        };
        let key = self.engine.connect(Instant::from_micros(now), config).unwrap();
        let app = App { requests: Requests::new(lens), ..App::default() };
        self.connections.insert(key, app);
        key
    }

    /// The newest connection.
    pub fn connection(&self) -> Option<&Connection> {
        let (key, _) = self.connections.last_key_value()?;
        self.engine.connection(*key)
    }

    /// True if every answer came, on every connection.
    pub fn is_done(&self) -> bool {
        self.connections.values().all(|app| app.requests.are_done())
    }

    /// True if the newest connection's handshake is confirmed.
    pub fn is_confirmed(&self) -> bool {
        self.connection().is_some_and(|connection| connection.state() == State::Confirmed)
    }

    /// The client's requests on the newest connection.
    pub fn requests(&mut self) -> &mut Requests {
        &mut self.connections.last_entry().unwrap().into_mut().requests
    }

    fn arrival(&self, datagram: &Datagram) -> Arrival {
        Arrival {
            addresses: Addresses { local: Some(datagram.to), peer: datagram.from },
            ecn: EcnCodepoint::from_bits(datagram.ecn),
        }
    }

    fn reply(&mut self, to: &Datagram, bytes: Vec<u8>) {
        self.loose.push(Datagram { from: to.to, to: to.from, ecn: 0, bytes });
    }

    fn hear(&mut self, key: ConnectionKey, now: Instant) {
        while let Some(event) = self.engine.connection_mut(key).and_then(Connection::poll_event) {
            match event {
                Event::NeedConnectionIds(count) => {
                    for _ in 0..count {
                        let cid = self.engine.random_cid();
                        self.engine.issue_connection_id(key, cid);
                    }
                }
                Event::HandshakeConfirmed => {
                    self.engine.forget_first_dcid(key, now);
                    if self.engine.role() == Role::Server {
                        self.engine.issue_token(key, WALL);
                    }
                }
                Event::ConnectionIdRetired(cid) => {
                    self.engine.retire_connection_id(key, cid, now);
                }
                Event::SessionTicket(ticket) => self.sessions.push(ticket),
                Event::PeerParameters(parameters) => self.parameters = Some(*parameters),
                Event::Closing(reason) => self.endings.push(reason),
                Event::Stream(StreamEvent::Closed(stream)) => {
                    let connection = self.engine.connection_mut(key).unwrap();
                    connection.streams_mut().forget(stream);
                }
                _ => {}
            }
        }
    }

    /// Lets the application read and write.
    fn work(&mut self, key: ConnectionKey) {
        let role = self.engine.role();
        let Some(app) = self.connections.get_mut(&key) else { return };
        let Some(connection) = self.engine.connection_mut(key) else { return };
        let App { requests, answers, streams } = app;
        let ready = connection.state().is_established() || connection.offers_early_data();
        let all = connection.streams_mut();
        if role == Role::Client && ready {
            requests.ask(|request| {
                let stream = all.open(Direction::Bidirectional).ok()?;
                assert_eq!(all.write(stream, request, true), Ok(request.len()));
                Some(all.id(stream).unwrap().0)
            });
        }
        let mut readable = Vec::new();
        all.readable(&mut readable);
        let mut buffer = [0; 8192];
        for stream in readable {
            let id = all.id(stream).unwrap().0;
            streams.insert(id, stream);
            loop {
                match all.read(stream, &mut buffer) {
                    Ok(read) if role == Role::Client => {
                        requests.on_answer(id, &buffer[..read.len], read.fin);
                    }
                    Ok(read) => answers.on_request(id, &buffer[..read.len], read.fin),
                    Err(ReadError::Blocked | ReadError::Finished) => break,
                    Err(error) => panic!("{error:?}"),
                }
            }
        }
        answers.write(|id, bytes, fin| match all.write(streams[&id], bytes, fin) {
            Ok(0) if !bytes.is_empty() => None,
            Ok(taken) => Some(taken),
            Err(error) => panic!("{error:?}"),
        });
    }
}

impl Node for Ours {
    fn receive(&mut self, now: Micros, datagram: Datagram) {
        let now = Instant::from_micros(now);
        let arrival = self.arrival(&datagram);
        match self.engine.receive(now, &arrival, &datagram.bytes) {
            Received::Incoming(mut incoming) => {
                if self.retry && !self.engine.check_token(now, WALL, &mut incoming) {
                    return;
                }
                if self.retry && incoming.proof == Verdict::Nothing {
                    let scid = self.engine.random_cid();
                    let packet = self.engine.retry(now, WALL, &incoming, &scid).unwrap();
                    self.retries += 1;
                    return self.reply(&datagram, packet);
                }
                let terms = Acceptance {
                    preferred_cid: None,
                    policy: xquic::tls::ServerPolicy::default(),
                    scid: self.engine.random_cid(),
                    scid_is_secret: true,
                    settings: self.settings.clone(),
                    controller: controller(),
                };
                let key = self.engine.accept(now, &incoming, terms).unwrap();
                self.connections.insert(key, App::default());
                if self.marking {
                    self.engine.connection_mut(key).unwrap().use_ecn();
                }
                self.engine.feed(key, now, &arrival, &datagram.bytes);
            }
            Received::VersionNegotiation(bytes) | Received::StatelessReset(bytes) => {
                self.reply(&datagram, bytes);
            }
            Received::Connection(_) | Received::Dropped(_) => {}
        }
    }

    fn send(&mut self, now: Micros, out: &mut Vec<Datagram>) {
        let now = Instant::from_micros(now);
        out.append(&mut self.loose);
        let keys: Vec<ConnectionKey> = self.connections.keys().copied().collect();
        for key in keys {
            self.hear(key, now);
            self.work(key);
            self.hear(key, now);
            let mut buffer = [0; 1500];
            let Some(connection) = self.engine.connection_mut(key) else { continue };
            while let Some(sent) = connection.transmit(now, &mut buffer) {
                let addresses = connection.addresses(sent.path);
                out.push(Datagram {
                    from: addresses.local.unwrap_or(self.address),
                    to: addresses.peer,
                    ecn: bits(sent.ecn),
                    bytes: buffer[..sent.len].to_vec(),
                });
            }
        }
    }

    fn deadline(&mut self, now: Micros) -> Option<Micros> {
        let now = Instant::from_micros(now);
        let keys: Vec<ConnectionKey> = self.connections.keys().copied().collect();
        let next = keys.into_iter().filter_map(|key| {
            self.engine.connection_mut(key)?.next_timeout(now).map(Instant::as_micros)
        });
        next.min()
    }

    fn expire(&mut self, now: Micros) {
        let now = Instant::from_micros(now);
        for key in self.connections.keys() {
            if let Some(connection) = self.engine.connection_mut(*key) {
                if connection.next_timeout(now).is_some_and(|at| at <= now) {
                    connection.on_timeout(now);
                }
            }
        }
    }
}

/// The two bits in the IP header.
fn bits(codepoint: EcnCodepoint) -> u8 {
    match codepoint {
        EcnCodepoint::NotEct => 0,
        EcnCodepoint::Ect1 => 1,
        EcnCodepoint::Ect0 => 2,
        EcnCodepoint::Ce => 3,
    }
}

fn controller() -> Controller {
    Controller::Cubic(Cubic::new(Parameters::new(MIN_DATAGRAM_SIZE)))
}
