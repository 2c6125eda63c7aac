//! One end of the pair: an engine with at most one connection, and an application on it.

use std::net::SocketAddr;
use std::sync::Arc;

use xquic::congestion::{Controller, NewReno, Parameters};
use xquic::connection::{ClientConfig, Connection, Event, LocalClose, Settings, MIN_DATAGRAM_SIZE};
use xquic::engine::{Acceptance, ConnectionKey, Engine, EngineConfig, Received, TokenKeys};
use xquic::path::{Addresses, Arrival};
use xquic::stream::StreamEvent;
use xquic::time::Instant;
use xquic::tls::{Context, ContextConfig, SeededRandom, VerifyMode};
use xquic::wire::header::{patch_length, LongHeader, ShortHeader};
use xquic::wire::{
    ConnectionId, Direction, LongPacketType, PacketNumber, PacketType, Role, Version, Writer,
};

use crate::certificate;
use crate::http3::Application;

/// Datagrams one end may send without hearing anything; far more than any window.
const MAX_BURST: usize = 10_000;

const ALPN: &[u8] = b"fuzz";

/// What an end does with its streams.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// It reads and writes bytes.
    Raw,
    /// HTTP/3.
    Http3,
}

pub struct End {
    engine: Engine,
    key: Option<ConnectionKey>,
    settings: Arc<Settings>,
    protocol: Protocol,
    /// HTTP/3 on the connection, once there is one.
    application: Option<Application>,
}

/// Where the other end is, seen from either.
pub fn addresses() -> Addresses {
    Addresses { local: None, peer: SocketAddr::from(([192, 0, 2, 1], 443)) }
}

/// An engine without connections.
pub fn engine(role: Role) -> Engine {
    let (certificate, key) = certificate::files();
    let mut config = ContextConfig::new(role);
    if role == Role::Server {
        config.certificate_file = certificate.to_str();
        config.private_key_file = key.to_str();
    }
    let mut tls = Context::new(&config).unwrap();
    tls.set_alpn(&[ALPN]).unwrap();
    Engine::new(EngineConfig {
        role,
        versions: vec![Version::V2, Version::V1, Version::DRAFT_29],
        cid_len: 8,
        reset_key: b"fuzz".to_vec(),
        token_keys: TokenKeys::default(),
        tls,
        random: Box::new(SeededRandom::new([role as u8; 32])),
    })
}

fn controller() -> Controller {
    Controller::NewReno(NewReno::new(Parameters::new(MIN_DATAGRAM_SIZE)))
}

impl End {
    pub fn new(role: Role, protocol: Protocol) -> Self {
        // Small limits are reached by short scripts.
        let settings = Settings {
            initial_max_data: 1 << 16,
            initial_max_stream_data: 1 << 14,
            initial_max_streams_bidi: 8,
            initial_max_streams_uni: 8,
            ..Settings::default()
        };
        let (engine, settings) = (engine(role), Arc::new(settings));
        Self { engine, key: None, settings, protocol, application: None }
    }

    /// Begins a connection, if this is a client.
    pub fn connect(&mut self, now: Instant) {
        if self.engine.role() == Role::Server {
            return;
        }
        let (scid, dcid) = (self.engine.random_cid(), self.engine.random_remote_cid(8));
        let config = ClientConfig {
            settings: self.settings.clone(),
            addresses: addresses(),
            controller: controller(),
            scid,
            dcid,
            server_name: None,
            alpn: ALPN,
            verify: VerifyMode::None,
            resumption: None,
            remembered: None,
            groups: None,
            no_crypto: false,
            token: b"",
            versions: &[],
        };
        self.key = Some(self.engine.connect(now, config).unwrap());
        self.start();
    }

    /// Begins to speak HTTP/3, if that is the protocol.
    fn start(&mut self) {
        let connection = self.key.and_then(|key| self.engine.connection_mut(key));
        let Some(connection) = connection.filter(|_| self.protocol == Protocol::Http3) else {
            return;
        };
        let mut application = Application::new(connection.role(), false, 2);
        application.start(connection.streams_mut());
        self.application = Some(application);
    }

    pub fn receive(&mut self, now: Instant, datagram: &[u8]) {
        let arrival = Arrival::unmarked(addresses());
        if let Received::Incoming(incoming) = self.engine.receive(now, &arrival, datagram) {
            if self.key.is_some() {
                return;
            }
            let terms = Acceptance {
                scid: self.engine.random_cid(),
                scid_is_secret: true,
                settings: self.settings.clone(),
                controller: controller(),
                preferred_cid: None,
                policy: xquic::tls::ServerPolicy::default(),
            };
            if let Ok(key) = self.engine.accept(now, &incoming, terms) {
                self.key = Some(key);
                self.start();
                self.engine.feed(key, now, &arrival, datagram);
            }
        }
    }

    /// A packet of this type with these frames, addressed to this end.
    pub fn forge(&self, packet_type: PacketType, number: u32, frames: &[u8]) -> Option<Vec<u8>> {
        let connection = self.connection();
        let dcid = match connection {
            Some(connection) => connection.local_cids().primary(),
            None => ConnectionId::new(&[1; 8])?,
        };
        let scid = match connection {
            Some(connection) => *connection.remote_cid(),
            None => ConnectionId::new(&[2; 8])?,
        };
        let mut packet = vec![0; 1500];
        let mut writer = Writer::new(&mut packet);
        let pn = PacketNumber(number.into());
        let packet_type = match packet_type {
            PacketType::OneRtt => {
                ShortHeader { dcid: &dcid, spin: false, key_phase: false, pn, pn_len: 4 }
                    .encode(&mut writer);
                return Some(sealed(&writer, frames));
            }
            PacketType::Initial => LongPacketType::Initial,
            PacketType::Handshake => LongPacketType::Handshake,
            PacketType::ZeroRtt => LongPacketType::ZeroRtt,
        };
        let mut frames = frames.to_vec();
        if packet_type == LongPacketType::Initial {
            // A server takes no small ones; zeros are PADDING frames.
            frames.resize(frames.len().max(usize::from(MIN_DATAGRAM_SIZE)), 0);
        }
        let version = connection.map_or(Version::V1, Connection::version);
        let header = LongHeader {
            packet_type,
            version,
            dcid: &dcid,
            scid: &scid,
            token: b"",
            pn,
            pn_len: 4,
        };
        let offsets = header.encode(&mut writer);
        let mut packet = sealed(&writer, &frames);
        let len = packet.len() - offsets.length - 2;
        patch_length(&mut packet, offsets.length, len);
        Some(packet)
    }

    fn connection(&self) -> Option<&Connection> {
        self.engine.connection(self.key?)
    }

    /// What this end sends now; its events are heard, and what can be read is read.
    pub fn sent(&mut self, now: Instant) -> Vec<Vec<u8>> {
        let Some(key) = self.key else { return Vec::new() };
        self.hear(key, now);
        let mut datagrams = Vec::new();
        let mut buffer = [0; 1500];
        let Some(connection) = self.engine.connection_mut(key) else { return Vec::new() };
        while let Some(sent) = connection.transmit(now, &mut buffer) {
            assert!(sent.len > 0 && sent.len <= buffer.len());
            datagrams.push(buffer[..sent.len].to_vec());
            assert!(datagrams.len() < MAX_BURST, "sending never ends");
        }
        datagrams
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
                Event::ConnectionIdRetired(cid) => {
                    self.engine.retire_connection_id(key, cid, now);
                }
                Event::HandshakeConfirmed => self.engine.forget_first_dcid(key, now),
                Event::Stream(event) if self.application.is_some() => {
                    self.speak(key, now, Some(event));
                }
                Event::Stream(StreamEvent::Closed(stream)) => {
                    if let Some(connection) = self.engine.connection_mut(key) {
                        connection.streams_mut().forget(stream);
                    }
                }
                _ => {}
            }
        }
        match self.application {
            Some(_) => self.speak(key, now, None),
            None => self.read(key),
        }
    }

    /// Lets HTTP/3 act on an event, or on what there is to read and write.
    fn speak(&mut self, key: ConnectionKey, now: Instant, event: Option<StreamEvent>) {
        let connection = self.engine.connection_mut(key);
        let Some(connection) = connection.filter(|connection| connection.state().is_open()) else {
            return;
        };
        let Some(application) = &mut self.application else { return };
        let streams = connection.streams_mut();
        let result = match event {
            Some(event) => application.on_stream_event(streams, event, now),
            None => application.pass(streams, now),
        };
        if let Err(error) = result {
            connection.close_on_application_error(now, error.code.0, error.reason);
        }
    }

    fn read(&mut self, key: ConnectionKey) {
        let Some(connection) = self.engine.connection_mut(key) else { return };
        let mut readable = Vec::new();
        connection.streams_mut().readable(&mut readable);
        let mut buffer = [0; 2048];
        for stream in readable {
            while let Ok(read) = connection.streams_mut().read(stream, &mut buffer) {
                if read.fin || read.len == 0 {
                    break;
                }
            }
        }
    }

    /// Something that an application does.
    pub fn work(&mut self, now: Instant, what: u8) {
        let Some(connection) = self.key.and_then(|key| self.engine.connection_mut(key)) else {
            return;
        };
        if let Some(application) = &mut self.application {
            return application.work(connection.streams_mut(), what, now);
        }
        let direction =
            if what & 0x80 == 0 { Direction::Bidirectional } else { Direction::Unidirectional };
        match what & 7 {
            0..=2 => {
                if let Ok(stream) = connection.streams_mut().open(direction) {
                    let data = [what; 3000];
                    let _ = connection.streams_mut().write(stream, &data, what & 1 == 0);
                }
            }
            3 => {
                if let Ok(stream) = connection.streams_mut().open(direction) {
                    let _ = connection.streams_mut().write(stream, b"reset", false);
                    let _ = connection.streams_mut().reset(stream, 7);
                }
            }
            4 => connection.ping(),
            5 => {
                if let Ok(stream) = connection.streams_mut().open(Direction::Bidirectional) {
                    let _ = connection.streams_mut().stop_sending(stream, 9);
                }
            }
            6 => connection.ping_as(now.as_micros()),
            _ => connection.close(now, LocalClose::Application(u64::from(what))),
        }
    }

    pub fn expire(&mut self, now: Instant) {
        let Some(key) = self.key else { return };
        for _ in 0..MAX_BURST {
            let Some(connection) = self.engine.connection_mut(key) else { return };
            if !connection.next_timeout(now).is_some_and(|at| at <= now) {
                return;
            }
            connection.on_timeout(now);
            self.sent(now);
        }
        panic!("a timer that never rests");
    }

    /// True if there is no connection, or one that has ended.
    pub fn is_over(&self) -> bool {
        self.connection().is_none_or(|connection| !connection.state().is_open())
    }
}

/// The header in `writer`, the frames, and a tag that nobody checks here.
fn sealed(writer: &Writer<'_>, frames: &[u8]) -> Vec<u8> {
    let mut packet = writer.written().to_vec();
    packet.extend_from_slice(frames);
    packet.extend_from_slice(&[0; 16]);
    packet
}
