//! Two engines joined in memory.

#![allow(clippy::unwrap_used, clippy::panic)]

mod early_data;
mod identifiers;
mod retry;

use std::sync::Arc;

use super::{Acceptance, ConnectionKey, DropReason, Engine, EngineConfig, Incoming, Received};
use super::{TokenKeys, UnixTime};
use crate::congestion::{Controller, NewReno, Parameters};
use crate::connection::{
    ClientConfig, CloseReason, Connection, Event, Settings, State, MIN_DATAGRAM_SIZE,
};
use crate::path::{Addresses, Arrival};
use crate::time::{Duration, Instant};
use crate::tls::testing::pair::{client_context, server_context};
use crate::tls::{SeededRandom, ServerPolicy, VerifyMode};
use crate::wire::header::{parse_packet, ProtectedHeader};
use crate::wire::{ConnectionId, Role, TransportParameters, Version};

const CID_LEN: usize = 8;

fn engine(role: Role) -> Engine {
    Engine::new(EngineConfig {
        role,
        versions: vec![Version::V1],
        cid_len: CID_LEN,
        reset_key: b"shared by all workers".to_vec(),
        token_keys: token_keys(),
        tls: if role == Role::Client { client_context() } else { server_context() },
        random: Box::new(SeededRandom::new([role as u8; 32])),
    })
}

/// The keys that all servers share.
fn token_keys() -> TokenKeys {
    TokenKeys { keys: [b"a", b"b", b"c", b"d"].map(|key| key.to_vec()), current: 1 }
}

fn addresses(host: u8) -> Addresses {
    Addresses { local: None, peer: ([192, 0, 2, host], 443).into() }
}

fn acceptance(scid: ConnectionId, settings: Arc<Settings>) -> Acceptance {
    Acceptance {
        scid,
        scid_is_secret: true,
        preferred_cid: None,
        settings,
        controller: controller(),
        policy: ServerPolicy::default(),
    }
}

fn controller() -> Controller {
    Controller::NewReno(NewReno::new(Parameters::new(MIN_DATAGRAM_SIZE)))
}

fn client_config(scid: ConnectionId, dcid: ConnectionId, token: &[u8]) -> ClientConfig<'_> {
    ClientConfig {
        settings: Arc::new(Settings::default()),
        addresses: addresses(1),
        controller: controller(),
        scid,
        dcid,
        server_name: None,
        alpn: b"h3",
        verify: VerifyMode::None,
        groups: None,
        no_crypto: false,
        resumption: None,
        remembered: None,
        token,
        versions: &[],
    }
}

/// A client and a server, each with at most one connection.
struct World {
    now: Instant,
    client: Engine,
    server: Engine,
    client_key: ConnectionKey,
    server_key: Option<ConnectionKey>,
    client_reason: Option<CloseReason>,
    /// The server asks for a token.
    retry: bool,
    /// What the server said before it had a connection.
    answers: Vec<Vec<u8>>,
    /// What the client was given by NEW_TOKEN.
    token: Option<Vec<u8>>,
    /// What the client was given to come back with.
    ticket: Option<Vec<u8>>,
    remembered: Option<TransportParameters>,
}

impl World {
    fn new() -> Self {
        Self::with_token(b"")
    }

    fn with_token(token: &[u8]) -> Self {
        let now = Instant::from_micros(1_000_000);
        let mut client = engine(Role::Client);
        let (scid, dcid) = (client.random_cid(), client.random_remote_cid(8));
        let client_key = client.connect(now, client_config(scid, dcid, token)).unwrap();
        let server = engine(Role::Server);
        Self {
            now,
            client,
            server,
            client_key,
            server_key: None,
            client_reason: None,
            retry: false,
            answers: Vec::new(),
            token: None,
            ticket: None,
            remembered: None,
        }
    }

    fn connected() -> Self {
        let mut world = Self::new();
        world.run();
        let state = world.client.connection(world.client_key).unwrap().state();
        assert_eq!(state, State::Confirmed);
        world
    }

    /// What `role` sends now; its events are heard.
    fn sent(&mut self, role: Role) -> Vec<Vec<u8>> {
        let wall = self.wall();
        let (engine, key) = match role {
            Role::Client => (&mut self.client, Some(self.client_key)),
            Role::Server => (&mut self.server, self.server_key),
        };
        let (Some(key), now) = (key, self.now) else { return Vec::new() };
        while let Some(event) = engine.connection_mut(key).and_then(Connection::poll_event) {
            match event {
                Event::NeedConnectionIds(count) => {
                    for _ in 0..count {
                        let cid = engine.random_cid();
                        assert!(engine.issue_connection_id(key, cid));
                    }
                }
                Event::HandshakeConfirmed => {
                    engine.forget_first_dcid(key, now);
                    if role == Role::Server {
                        engine.issue_token(key, wall);
                    }
                }
                Event::NewToken(token) => self.token = Some(token),
                Event::SessionTicket(ticket) => self.ticket = Some(ticket),
                Event::PeerParameters(parameters) if role == Role::Client => {
                    self.remembered = Some(*parameters);
                }
                Event::Closing(reason) if role == Role::Client => {
                    self.client_reason = Some(reason);
                }
                _ => {}
            }
        }
        let mut datagrams = Vec::new();
        let mut buffer = [0; 1500];
        while let Some(sent) = engine.connection_mut(key).unwrap().transmit(now, &mut buffer) {
            datagrams.push(buffer[..sent.len].to_vec());
        }
        engine.reschedule(key, now);
        datagrams
    }

    fn at_server(&mut self, datagram: &[u8]) -> Received {
        self.server.receive(self.now, &Arrival::unmarked(addresses(2)), datagram)
    }

    fn at_client(&mut self, datagram: &[u8]) -> Received {
        self.client.receive(self.now, &Arrival::unmarked(addresses(1)), datagram)
    }

    fn accept(&mut self, incoming: &Incoming, datagram: &[u8]) {
        let scid = self.server.random_cid();
        let terms = acceptance(scid, Arc::new(Settings::default()));
        let key = self.server.accept(self.now, incoming, terms).unwrap();
        self.server.feed(key, self.now, &Arrival::unmarked(incoming.addresses), datagram);
        self.server.feed_early(key, self.now, incoming);
        assert!(self.server_key.replace(key).is_none(), "a second connection");
    }

    /// Real time.
    fn wall(&self) -> UnixTime {
        UnixTime(1_700_000_000 + self.now.as_micros() / 1_000_000)
    }

    /// Accepts a client, declines it, or asks it for a token.
    fn judge(&mut self, mut incoming: Incoming, datagram: &[u8]) {
        let (now, wall) = (self.now, self.wall());
        let answer = if !self.server.check_token(now, wall, &mut incoming) {
            self.server.decline_token(now, &incoming)
        } else if self.retry && !incoming.is_validated() {
            let scid = self.server.random_cid();
            self.server.retry(now, wall, &incoming, &scid)
        } else {
            self.accept(&incoming, datagram);
            None
        };
        if let Some(answer) = answer {
            self.answers.push(answer.clone());
            self.at_client(&answer);
        }
    }

    /// Carries datagrams until both are silent.
    fn run(&mut self) {
        for _ in 0..100 {
            let out = self.sent(Role::Client);
            for datagram in &out {
                match self.at_server(datagram) {
                    Received::Incoming(incoming) => self.judge(*incoming, datagram),
                    Received::Connection(_) => {}
                    other => panic!("{other:?}"),
                }
            }
            let back = self.sent(Role::Server);
            for datagram in &back {
                assert!(matches!(self.at_client(datagram), Received::Connection(_)));
            }
            self.now += Duration::from_millis(10);
            if out.is_empty() && back.is_empty() {
                return;
            }
        }
        panic!("never silent");
    }
}

#[test]
fn a_client_is_accepted_once_and_its_datagrams_find_their_way() {
    let mut world = World::connected();
    assert_eq!(world.server.len(), 1);
    let cids: Vec<ConnectionId> =
        world.server.connection(world.server_key.unwrap()).unwrap().local_cids().iter().collect();
    assert!(cids.len() > 1);
    for cid in cids {
        assert_eq!(world.server.find(cid.as_slice()), world.server_key);
    }
}

/// RFC 9000 section 5.1.2: an Initial that was under way must not begin a second connection.
#[test]
fn a_late_initial_begins_no_second_connection() {
    let mut world = World::new();
    let first = world.sent(Role::Client);
    let Received::Incoming(incoming) = world.at_server(&first[0]) else { panic!() };
    world.accept(&incoming, &first[0]);
    for datagram in &first[1..] {
        world.at_server(datagram);
    }
    world.run();
    assert!(matches!(world.at_server(&first[0]), Received::Connection(_)));
    let key = world.server_key.unwrap();
    // At last the route ends, without a datagram to remind the engine.
    let routed = incoming.dcid;
    for _ in 0..10 {
        world.now += Duration::from_secs(1);
        world.server.wake(world.now);
        while let Some(active) = world.server.next_active() {
            world.server.reschedule(active, world.now);
        }
    }
    assert_eq!(world.server.find(routed.as_slice()), None);
    assert!(world.server.connection(key).is_some());
}

/// RFC 9000 sections 5.2.2 and 14.1, RFC 9001 section 5.2: nothing is allocated for these.
#[test]
fn what_is_no_authentic_first_initial_begins_nothing() {
    let mut world = World::new();
    let first = world.sent(Role::Client).swap_remove(0);
    let mut changed = first.clone();
    *changed.last_mut().unwrap() ^= 1;
    let received = world.at_server(&changed);
    assert!(matches!(received, Received::Dropped(DropReason::NotAuthentic)), "{received:?}");
    for len in [0, 1, 20, 100, 1199] {
        assert!(matches!(world.at_server(&first[..len]), Received::Dropped(_)), "{len}");
    }
    assert!(world.server.is_empty());
}

/// RFC 9000 section 7.2.
#[test]
fn a_first_destination_of_less_than_eight_bytes_is_not_accepted() {
    let mut world = World::new();
    let (now, context, mut random) = (world.now, client_context(), SeededRandom::new([9; 32]));
    for (len, accepted) in [(0, false), (7, false), (8, true), (20, true)] {
        let dcid = ConnectionId::new(&[0xd1; 20][..len]).unwrap();
        let scid = ConnectionId::new(&[0xc1; 8]).unwrap();
        let config = client_config(scid, dcid, b"");
        let mut client = Connection::client(config, &context, now, &mut random).unwrap();
        let mut buffer = [0; 1500];
        let sent = client.transmit(now, &mut buffer).unwrap();
        let received = world.at_server(&buffer[..sent.len]);
        assert_eq!(matches!(received, Received::Incoming(_)), accepted, "{len}: {received:?}");
    }
    assert!(world.server.is_empty());
}

/// RFC 9000 section 7.2: also where our own connection IDs are shorter than that.
#[test]
fn a_clients_first_destination_has_at_least_eight_random_bytes() {
    let mut seen = Vec::new();
    for _ in 0..2 {
        let mut client = engine(Role::Client);
        client.random = Box::new(SeededRandom::new([seen.len() as u8 + 1; 32]));
        let config = client_config(client.random_cid(), client.random_remote_cid(4), b"");
        let key = client.connect(Instant::from_micros(1), config).unwrap();
        seen.push(*client.connection(key).unwrap().remote_cid());
    }
    assert!(seen.iter().all(|dcid| dcid.len() == 8));
    assert_ne!(seen[0], seen[1]);
}

/// RFC 9000 sections 5.2.2 and 6.1.
#[test]
fn an_unknown_version_is_answered_with_ours_and_a_greased_one() {
    let mut world = World::new();
    let mut first = world.sent(Role::Client).swap_remove(0);
    first[1..5].copy_from_slice(&[0x1a, 0x2a, 0x3a, 0x4a]);
    let Received::VersionNegotiation(reply) = world.at_server(&first) else { panic!() };
    let packet = parse_packet(&reply, CID_LEN).unwrap();
    let ProtectedHeader::VersionNegotiation { dcid, scid, versions } = packet.header else {
        panic!()
    };
    assert_eq!((dcid, scid), (&first[15..23], &first[6..14]));
    let versions: Vec<Version> = versions.collect();
    assert!(versions.contains(&Version::V1) && versions.iter().copied().any(Version::is_grease));
    // RFC 9000 section 6.1: never in answer to an answer, or to a small datagram.
    assert!(matches!(world.at_server(&reply), Received::Dropped(_)));
    assert!(matches!(world.at_server(&first[..1199]), Received::Dropped(_)));
}

#[test]
fn version_negotiation_is_limited() {
    let mut world = World::new();
    let mut first = world.sent(Role::Client).swap_remove(0);
    first[1..5].copy_from_slice(&[0x1a, 0x2a, 0x3a, 0x4a]);
    let answers = (0..1000)
        .filter(|_| matches!(world.at_server(&first), Received::VersionNegotiation(_)))
        .count();
    assert_eq!(answers, 100);
}

/// RFC 9000 sections 10.3 and 10.3.1, from end to end: the server has forgotten everything but its
/// key.
#[test]
fn a_server_that_forgot_resets_and_the_client_understands() {
    let mut world = World::connected();
    let key = world.server_key.take().unwrap();
    world.server = engine(Role::Server);
    assert!(world.server.connection(key).is_none());
    world.client.connection_mut(world.client_key).unwrap().ping();
    let ping = world.sent(Role::Client).swap_remove(0);
    let mut trigger = ping.clone();
    trigger.resize(100, 0);
    let Received::StatelessReset(reset) = world.at_server(&trigger) else { panic!() };
    assert!((21..100).contains(&reset.len()));
    let received = world.client.receive(world.now, &Arrival::unmarked(addresses(9)), &reset);
    assert!(!matches!(received, Received::Connection(_)), "from another address");
    assert!(matches!(world.at_client(&reset), Received::Connection(_)));
    world.sent(Role::Client);
    assert_eq!(world.client_reason, Some(CloseReason::StatelessReset));
}

/// RFC 9000 section 10.3.1: whatever the first bits say.
#[test]
fn a_reset_is_known_by_its_end_alone() {
    for first in [0x00, 0x3f, 0x40, 0x80, 0xc0, 0xff] {
        let mut world = World::connected();
        let connection = world.client.connection(world.client_key).unwrap();
        let token = *connection.peer_reset_token().unwrap();
        let mut reset = vec![first; 50];
        reset[34..].copy_from_slice(&token.0);
        world.at_client(&reset);
        world.sent(Role::Client);
        assert_eq!(world.client_reason, Some(CloseReason::StatelessReset), "{first:x}");
    }
}

/// RFC 9000 section 10.3.3: the answer is shorter than what asked for it.
#[test]
fn resets_grow_shorter_until_there_is_none() {
    let mut world = World::new();
    for len in 0..100_usize {
        // One address is answered twice in five seconds.
        world.now += Duration::from_secs(5);
        let mut trigger = vec![0x41; len];
        trigger.iter_mut().skip(1).for_each(|byte| *byte = 0x99);
        match world.at_server(&trigger) {
            Received::StatelessReset(reset) => assert!(reset.len() < len && reset.len() >= 21),
            Received::Dropped(_) => assert!(len < 40, "{len}"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_removed_connection_leaves_nothing_behind() {
    let mut world = World::connected();
    assert!(world.client.remove(world.client_key).is_some());
    assert!(world.server.remove(world.server_key.unwrap()).is_some());
    for engine in [&mut world.client, &mut world.server] {
        assert!(engine.is_empty() && engine.routes.is_empty());
        assert!(engine.reset_tokens.is_empty());
        assert_eq!(engine.next_wakeup(), None);
    }
}
