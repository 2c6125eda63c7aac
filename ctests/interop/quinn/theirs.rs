//! quinn as a node.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use quinn_proto::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use quinn_proto::{
    ClientConfig, Connection, ConnectionError, ConnectionHandle, DatagramEvent, Dir, EcnCodepoint,
    Endpoint, EndpointConfig, Event, ReadError, ServerConfig, StreamEvent, StreamId,
    TransportConfig, WriteError,
};
use rustls::crypto::ring::cipher_suite::{
    TLS13_AES_128_GCM_SHA256, TLS13_AES_256_GCM_SHA384, TLS13_CHACHA20_POLY1305_SHA256,
};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::identity::{identity, large_identity, NAME};
use crate::node::{Datagram, Micros, Node};
use crate::work::{Answers, Requests};
use crate::ALPN;

/// What a test may choose.
#[derive(Clone, Copy, Default)]
pub struct Options {
    /// Offer ChaCha20 alone.
    pub chacha20: bool,
    /// A server asks each new client to come again with a token.
    pub retry: bool,
    /// A server's certificate fills several datagrams.
    pub large_certificate: bool,
}

/// An endpoint with its connections and applications.
pub struct Theirs {
    endpoint: Endpoint,
    options: Options,
    address: SocketAddr,
    client_config: Option<ClientConfig>,
    connections: BTreeMap<usize, Live>,
    /// Why connections ended.
    pub endings: Vec<ConnectionError>,
    /// Retry packets sent.
    pub retries: usize,
    loose: Vec<Datagram>,
    epoch: Instant,
}

struct Live {
    connection: Connection,
    requests: Requests,
    answers: Answers,
    readable: Vec<StreamId>,
}

fn provider(options: Options) -> Arc<CryptoProvider> {
    let mut provider = rustls::crypto::ring::default_provider();
    provider.cipher_suites = if options.chacha20 {
        vec![TLS13_CHACHA20_POLY1305_SHA256]
    } else {
        vec![TLS13_AES_128_GCM_SHA256, TLS13_AES_256_GCM_SHA384]
    };
    Arc::new(provider)
}

/// The suite that protects Initial packets whatever else is negotiated.
fn initial_suite() -> rustls::quic::Suite {
    TLS13_AES_128_GCM_SHA256.tls13().unwrap().quic_suite().unwrap()
}

fn transport() -> Arc<TransportConfig> {
    let mut transport = TransportConfig::default();
    transport.max_idle_timeout(Some(Duration::from_secs(30).try_into().unwrap()));
    Arc::new(transport)
}

impl Theirs {
    /// A server at `address`.
    pub fn server(address: SocketAddr, options: Options) -> Self {
        let identity = if options.large_certificate { large_identity() } else { identity() };
        let chain = vec![CertificateDer::from(identity.certificate_der.clone())];
        let key = PrivateKeyDer::try_from(identity.key_der.clone()).unwrap();
        let mut tls = rustls::ServerConfig::builder_with_provider(provider(options))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        tls.max_early_data_size = u32::MAX;
        tls.alpn_protocols = vec![ALPN.to_vec()];
        let crypto = QuicServerConfig::with_initial(Arc::new(tls), initial_suite()).unwrap();
        let mut config = ServerConfig::with_crypto(Arc::new(crypto));
        config.transport_config(transport());
        Self::new(address, options, Some(Arc::new(config)))
    }

    /// A client at `address` that asks the server for answers of these lengths.
    pub fn client(
        address: SocketAddr,
        server: SocketAddr,
        options: Options,
        now: Micros,
        lens: &[u64],
    ) -> Self {
        let mut roots = rustls::RootCertStore::empty();
        for identity in [identity(), large_identity()] {
            roots.add(CertificateDer::from(identity.certificate_der.clone())).unwrap();
        }
        let mut tls = rustls::ClientConfig::builder_with_provider(provider(options))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        tls.enable_early_data = true;
        tls.alpn_protocols = vec![ALPN.to_vec()];
        let crypto = QuicClientConfig::with_initial(Arc::new(tls), initial_suite()).unwrap();
        let mut config = ClientConfig::new(Arc::new(crypto));
        config.transport_config(transport());
        let mut theirs = Self::new(address, options, None);
        theirs.client_config = Some(config);
        theirs.connect(server, now, lens);
        theirs
    }

    fn new(address: SocketAddr, options: Options, server: Option<Arc<ServerConfig>>) -> Self {
        let endpoint =
            Endpoint::new(Arc::new(EndpointConfig::default()), server, true, Some([7; 32]));
        Self {
            endpoint,
            options,
            address,
            client_config: None,
            connections: BTreeMap::new(),
            endings: Vec::new(),
            retries: 0,
            loose: Vec::new(),
            epoch: Instant::now(),
        }
    }

    /// Begins another connection.
    pub fn connect(&mut self, server: SocketAddr, now: Micros, lens: &[u64]) {
        let at = self.at(now);
        let config = self.client_config.clone().expect("a client");
        let (handle, connection) = self.endpoint.connect(at, config, server, NAME).unwrap();
        self.add(handle, connection, Requests::new(lens));
    }

    /// The newest connection.
    pub fn connection(&mut self) -> &mut Connection {
        &mut self.connections.last_entry().expect("a connection").into_mut().connection
    }

    /// The client's requests on the newest connection.
    pub fn requests(&mut self) -> &mut Requests {
        &mut self.connections.last_entry().expect("a connection").into_mut().requests
    }

    /// True if every answer came, on every connection.
    pub fn is_done(&self) -> bool {
        self.connections.values().all(|live| live.requests.are_done())
    }

    /// True if the newest connection has finished its handshake.
    pub fn is_connected(&mut self) -> bool {
        !self.connections.is_empty() && !self.connection().is_handshaking()
    }

    fn at(&self, now: Micros) -> Instant {
        self.epoch + Duration::from_micros(now)
    }

    fn add(&mut self, handle: ConnectionHandle, connection: Connection, requests: Requests) {
        let answers = Answers::default();
        let live = Live { connection, requests, answers, readable: Vec::new() };
        self.connections.insert(handle.0, live);
    }

    fn queue(&mut self, transmit: &quinn_proto::Transmit, bytes: &[u8]) {
        let size = transmit.segment_size.unwrap_or(transmit.size);
        for segment in bytes[..transmit.size].chunks(size) {
            self.loose.push(Datagram {
                from: self.address,
                to: transmit.destination,
                ecn: transmit.ecn.map_or(0, |ecn| ecn as u8),
                bytes: segment.to_vec(),
            });
        }
    }

    fn hear(&mut self, index: usize) {
        let handle = ConnectionHandle(index);
        let Some(live) = self.connections.get_mut(&index) else { return };
        while let Some(event) = live.connection.poll_endpoint_events() {
            if let Some(answer) = self.endpoint.handle_event(handle, event) {
                live.connection.handle_event(answer);
            }
        }
        while let Some(event) = live.connection.poll() {
            match event {
                Event::ConnectionLost { reason } => self.endings.push(reason),
                Event::Stream(StreamEvent::Readable { id }) => live.readable.push(id),
                Event::Stream(StreamEvent::Opened { dir: Dir::Bi }) => {
                    while let Some(id) = live.connection.streams().accept(Dir::Bi) {
                        live.readable.push(id);
                    }
                }
                _ => {}
            }
        }
    }
}

impl Live {
    /// Lets the application read and write.
    fn work(&mut self) {
        let Self { connection, requests, answers, readable } = self;
        if connection.is_closed() {
            return;
        }
        let early = !connection.is_handshaking() || connection.has_0rtt();
        if connection.side().is_client() && early {
            requests.ask(|request| {
                let id = connection.streams().open(Dir::Bi)?;
                let mut stream = connection.send_stream(id);
                assert_eq!(stream.write(request), Ok(request.len()));
                stream.finish().unwrap();
                Some(id.into())
            });
        }
        for id in std::mem::take(readable) {
            let client = connection.side().is_client();
            let mut stream = connection.recv_stream(id);
            let Ok(mut chunks) = stream.read(true) else { continue };
            loop {
                let (bytes, fin) = match chunks.next(usize::MAX) {
                    Ok(Some(chunk)) => (chunk.bytes, false),
                    Ok(None) => (Default::default(), true),
                    Err(ReadError::Blocked) => break,
                    Err(error) => panic!("{error:?}"),
                };
                if client {
                    requests.on_answer(id.into(), &bytes, fin);
                } else {
                    answers.on_request(id.into(), &bytes, fin);
                }
                if fin {
                    break;
                }
            }
            let _ = chunks.finalize();
        }
        answers.write(|id, bytes, fin| {
            let id = quinn_proto::VarInt::from_u64(id).unwrap().into();
            let mut stream = connection.send_stream(id);
            let taken = match bytes.len() {
                0 => 0,
                _ => match stream.write(bytes) {
                    Ok(taken) => taken,
                    Err(WriteError::Blocked) => return None,
                    Err(error) => panic!("{error:?}"),
                },
            };
            if fin && taken == bytes.len() {
                stream.finish().unwrap();
            }
            Some(taken)
        });
    }
}

impl Node for Theirs {
    fn receive(&mut self, now: Micros, datagram: Datagram) {
        let at = self.at(now);
        let mut reply = Vec::new();
        let event = self.endpoint.handle(
            at,
            datagram.from,
            Some(self.address.ip()),
            EcnCodepoint::from_bits(datagram.ecn),
            datagram.bytes[..].into(),
            &mut reply,
        );
        match event {
            Some(DatagramEvent::NewConnection(incoming)) => {
                if self.options.retry && !incoming.remote_address_validated() {
                    let transmit = self.endpoint.retry(incoming, &mut reply).unwrap();
                    self.retries += 1;
                    self.queue(&transmit, &reply);
                    return;
                }
                match self.endpoint.accept(incoming, at, &mut reply, None) {
                    Ok((handle, connection)) => self.add(handle, connection, Requests::default()),
                    Err(error) => self.endings.push(error.cause),
                }
            }
            Some(DatagramEvent::ConnectionEvent(handle, event)) => {
                if let Some(live) = self.connections.get_mut(&handle.0) {
                    live.connection.handle_event(event);
                }
            }
            Some(DatagramEvent::Response(transmit)) => self.queue(&transmit, &reply),
            None => {}
        }
    }

    fn send(&mut self, now: Micros, out: &mut Vec<Datagram>) {
        let at = self.at(now);
        let indexes: Vec<usize> = self.connections.keys().copied().collect();
        for index in indexes {
            self.hear(index);
            let Some(live) = self.connections.get_mut(&index) else { continue };
            live.work();
            let mut buffer = Vec::new();
            while let Some(live) = self.connections.get_mut(&index) {
                buffer.clear();
                let Some(transmit) = live.connection.poll_transmit(at, 8, &mut buffer) else {
                    break;
                };
                self.queue(&transmit, &buffer);
            }
            self.hear(index);
        }
        out.append(&mut self.loose);
    }

    fn deadline(&mut self, _now: Micros) -> Option<Micros> {
        let epoch = self.epoch;
        let next = self.connections.values_mut().filter_map(|live| live.connection.poll_timeout());
        // Rounded up: their clock is finer than ours.
        next.min().map(|at| at.saturating_duration_since(epoch).as_nanos().div_ceil(1000) as Micros)
    }

    fn expire(&mut self, now: Micros) {
        let at = self.at(now);
        for live in self.connections.values_mut() {
            if live.connection.poll_timeout().is_some_and(|due| due <= at) {
                live.connection.handle_timeout(at);
            }
        }
    }
}
