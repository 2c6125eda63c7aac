//! All connections of one endpoint: routing, acceptance, wake-ups.

mod accept;
mod answer_limit;
mod crowding;
mod early_packets;
mod identifiers;
pub mod quic_lb;
mod reset_tokens;
mod retry;
mod routes;
mod schedule;
mod stateless_reset;
mod tally;
mod tokens;

#[cfg(test)]
mod tests;

use slab::Slab;
use smallvec::SmallVec;

use crate::connection::Connection;
use crate::random::Random;
use crate::time::{Duration, Instant};
use crate::tls::mac::HmacKey;
use crate::tls::Context;
use crate::wire::{ConnectionId, ResetToken, Role, Version};

use answer_limit::AnswerLimit;
use crowding::Crowding;
use early_packets::EarlyPackets;
use reset_tokens::{Mark, ResetTokens};
use routes::Routes;
use schedule::{Schedule, Slot};
use tally::Tally;
use tokens::Tokens;

pub use accept::{Acceptance, DropReason, Incoming, Received, Refused, MIN_FIRST_DCID};
pub use crowding::Crowded;
pub use tokens::{TokenKeys, UnixTime, Verdict, KEYS as TOKEN_KEYS};

/// Answers of one kind to datagrams of nobody, per second at most.
const MAX_ANSWERS_PER_SECOND: u32 = 100;

/// Retries per second at most. They are what a server under attack answers with, and are shorter
/// than what causes them; the limit only bounds the work.
const MAX_RETRIES_PER_SECOND: u32 = 50_000;

/// Stateless resets to one address in [`RESET_WINDOW`], as upstream.
const MAX_RESETS_PER_PEER: u8 = 2;

/// The span that resets to one address are counted over.
const RESET_WINDOW: Duration = Duration::from_secs(5);

/// Names a connection of an engine. A key that outlived its connection finds nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionKey {
    index: u32,
    generation: u32,
}

impl ConnectionKey {
    pub(crate) fn new(index: u32, generation: u32) -> Self {
        Self { index, generation }
    }

    /// A small number that no other living connection of the engine has.
    #[inline]
    pub fn index(self) -> u32 {
        self.index
    }
}

/// What an engine is made of.
pub struct EngineConfig {
    /// Client or server.
    pub role: Role,
    /// Versions a server accepts.
    pub versions: Vec<Version>,
    /// The length of our connection IDs.
    pub cid_len: usize,
    /// The key that stateless reset tokens are derived from; empty for a random one.
    pub reset_key: Vec<u8>,
    /// The keys that tokens are sealed under.
    pub token_keys: TokenKeys,
    /// TLS.
    pub tls: Context,
    /// Where all randomness comes from.
    pub random: Box<dyn Random + Send>,
}

/// The connections of one endpoint.
pub struct Engine {
    role: Role,
    versions: Vec<Version>,
    cid_len: usize,
    reset_key: HmacKey,
    tls: Context,
    random: Box<dyn Random + Send>,
    connections: Slab<Entry>,
    routes: Routes,
    schedule: Schedule,
    reset_tokens: ResetTokens,
    reset_limit: AnswerLimit,
    reset_limit_by_peer: Tally,
    negotiation_limit: AnswerLimit,
    retry_limit: AnswerLimit,
    decline_limit: AnswerLimit,
    tokens: Tokens,
    /// 0-RTT packets that wait for their connection.
    early_packets: EarlyPackets,
    next_generation: u32,
    /// Where packets are decrypted.
    scratch: Vec<u8>,
}

struct Entry {
    generation: u32,
    slot: Slot,
    /// The destination of the client's first Initials, routed until the handshake is over.
    first_dcid: Option<ConnectionId>,
    /// Connection IDs the peer retired, routed until the time given (RFC 9000 section 5.1.2).
    retired: Vec<(Instant, ConnectionId)>,
    /// The peer's reset token that is in the table, and what it is there under.
    reset_token: Option<(ResetToken, Mark)>,
    connection: Box<Connection>,
}

impl Engine {
    /// An engine without connections.
    pub fn new(mut config: EngineConfig) -> Self {
        let secret = config.random.next_u64();
        let mut token_secret = [0; 32];
        config.random.fill(&mut token_secret);
        let mut reset_key = config.reset_key;
        if reset_key.is_empty() {
            reset_key = vec![0; 32];
            config.random.fill(&mut reset_key);
        }
        let tokens = Tokens::new(&config.token_keys, &mut *config.random);
        Self {
            role: config.role,
            versions: config.versions,
            cid_len: config.cid_len,
            reset_key: HmacKey::new(&reset_key),
            tls: config.tls,
            random: config.random,
            connections: Slab::new(),
            routes: Routes::new(secret),
            schedule: Schedule::default(),
            reset_tokens: ResetTokens::new(&token_secret),
            reset_limit: AnswerLimit::new(MAX_ANSWERS_PER_SECOND),
            reset_limit_by_peer: Tally::new(secret, RESET_WINDOW, MAX_RESETS_PER_PEER),
            negotiation_limit: AnswerLimit::new(MAX_ANSWERS_PER_SECOND),
            retry_limit: AnswerLimit::new(MAX_RETRIES_PER_SECOND),
            decline_limit: AnswerLimit::new(MAX_ANSWERS_PER_SECOND),
            tokens,
            early_packets: EarlyPackets::default(),
            next_generation: 1,
            scratch: Vec::new(),
        }
    }

    /// Client or server.
    pub fn role(&self) -> Role {
        self.role
    }

    /// The length of the connection IDs that peers send to.
    pub fn cid_len(&self) -> usize {
        self.cid_len
    }

    /// The TLS context, to change the application protocols.
    pub fn tls_mut(&mut self) -> &mut Context {
        &mut self.tls
    }

    /// The connection behind `key`.
    #[inline]
    pub fn connection(&self, key: ConnectionKey) -> Option<&Connection> {
        self.entry(key).map(|entry| &*entry.connection)
    }

    /// The connection behind `key`, to be worked with. Call [`Engine::activate`] afterwards if it
    /// may have something to send.
    #[inline]
    pub fn connection_mut(&mut self, key: ConnectionKey) -> Option<&mut Connection> {
        self.entry_mut(key).map(|entry| &mut *entry.connection)
    }

    /// The connection that packets to `cid` belong to.
    pub fn find(&mut self, cid: &[u8]) -> Option<ConnectionKey> {
        self.routes.find(cid)
    }

    /// Watches how connection IDs would spread over `buckets`, where at most `limit` should share
    /// one.
    pub fn watch_crowding(&mut self, buckets: usize, limit: u32) {
        let secret = self.random.next_u64();
        self.routes.crowding = Some(Box::new(Crowding::new(secret, buckets, limit)));
    }

    /// A bucket that has too many connection IDs, said once in a while.
    #[inline]
    pub fn take_crowded(&mut self, now: Instant) -> Option<Crowded> {
        let crowding = self.routes.crowding.as_deref_mut()?;
        if !crowding.has_found() {
            return None;
        }
        crowding.take(now)
    }

    /// How many connections there are.
    pub fn len(&self) -> usize {
        self.connections.len()
    }

    /// True if there is no connection.
    pub fn is_empty(&self) -> bool {
        self.connections.is_empty()
    }

    /// Makes later stateless reset tokens with `key`; an empty one changes nothing. Peers go on to
    /// know tokens they were told before, so keys are changed where all processes change theirs.
    pub fn set_reset_key(&mut self, key: &[u8]) {
        if !key.is_empty() {
            self.reset_key = HmacKey::new(key);
        }
    }

    /// Changes the largest DATAGRAM frame that a connection takes; see
    /// [`Connection::set_datagram_limit`].
    pub fn set_datagram_limit(&mut self, key: ConnectionKey, limit: u16) {
        let Self { connections, random, .. } = self;
        if let Some(entry) = live(connections, key) {
            entry.connection.set_datagram_limit(limit, &mut **random);
        }
    }

    /// The connection with which the peer goes by `cid`, looked for among all of them.
    pub fn find_by_peer(&self, cid: &[u8]) -> Option<ConnectionKey> {
        let mut entries = self.connections.iter();
        let found = entries.find(|(_, entry)| entry.connection.remote_cid().as_slice() == cid);
        found.map(|(index, entry)| ConnectionKey::new(index as u32, entry.generation))
    }

    /// Every connection.
    pub fn keys(&self) -> Vec<ConnectionKey> {
        self.connections
            .iter()
            .map(|(index, entry)| ConnectionKey::new(index as u32, entry.generation))
            .collect()
    }

    /// Has the connection looked at in the next round.
    #[inline]
    pub fn activate(&mut self, key: ConnectionKey) {
        let Self { connections, schedule, .. } = self;
        if let Some(entry) = live(connections, key) {
            schedule.activate(key, &mut entry.slot);
        }
    }

    /// Activates every connection whose wake-up time has come.
    pub fn wake(&mut self, now: Instant) {
        let Self { connections, schedule, .. } = self;
        while let Some((deadline, key)) = schedule.next_due(now) {
            let Some(entry) = live(connections, key) else { continue };
            if !Schedule::on_woken(&mut entry.slot, deadline) {
                continue;
            }
            if !entry.retired.is_empty() {
                // Looked at, so that their routes end.
                schedule.activate(key, &mut entry.slot);
                continue;
            }
            let visit = Schedule::visit(&entry.slot);
            match entry.connection.next_timeout(now).into_iter().chain(visit).min() {
                Some(later) if later > now => schedule.set_wakeup(key, &mut entry.slot, later),
                _ => schedule.activate(key, &mut entry.slot),
            }
        }
    }

    /// The next connection that needs attention now.
    pub fn next_active(&mut self) -> Option<ConnectionKey> {
        loop {
            let key = self.schedule.next_active()?;
            if let Some(entry) = live(&mut self.connections, key) {
                Schedule::on_taken(&mut entry.slot);
                return Some(key);
            }
        }
    }

    /// The connection was looked at: remembers when it wants to be looked at again.
    pub fn reschedule(&mut self, key: ConnectionKey, now: Instant) {
        self.expire_retired(key, now);
        self.note_reset_token(key);
        let Self { connections, schedule, .. } = self;
        let Some(entry) = live(connections, key) else { return };
        let retired = entry.retired.iter().map(|(until, _)| *until).min();
        let deadline = entry.connection.next_timeout(now).into_iter().chain(retired).min();
        if let Some(deadline) = deadline {
            schedule.set_wakeup(key, &mut entry.slot, deadline);
        }
    }

    /// Has the connection looked at again at `deadline`, whatever its own timers say.
    pub fn wake_at(&mut self, key: ConnectionKey, deadline: Instant) {
        let Self { connections, schedule, .. } = self;
        if let Some(entry) = live(connections, key) {
            schedule.set_visit(key, &mut entry.slot, deadline);
        }
    }

    /// Changes the length of the connection IDs of later connections.
    pub fn set_cid_len(&mut self, len: usize) {
        self.cid_len = len;
    }

    /// Changes the versions that later connections may have.
    pub fn set_versions(&mut self, versions: Vec<Version>) {
        self.versions = versions;
    }

    /// How many connections wait to be looked at now.
    pub fn active_count(&self) -> usize {
        self.schedule.active_count()
    }

    /// True if a connection waits to be looked at now.
    pub fn has_active(&self) -> bool {
        self.schedule.has_active()
    }

    /// When [`Engine::wake`] has something to do, if ever.
    pub fn next_wakeup(&mut self) -> Option<Instant> {
        while let Some((deadline, key)) = self.schedule.peek() {
            if self.entry(key).is_some() {
                return Some(deadline);
            }
            self.schedule.drop_next();
        }
        None
    }

    /// Takes a connection out of the engine.
    pub fn remove(&mut self, key: ConnectionKey) -> Option<Box<Connection>> {
        self.entry(key)?;
        let entry = self.connections.remove(key.index as usize);
        for cid in entry.connection.local_cids().iter() {
            self.routes.remove(&cid, key);
        }
        for cid in entry.first_dcid.iter().chain(entry.retired.iter().map(|(_, cid)| cid)) {
            self.routes.remove(cid, key);
        }
        if let Some((_, mark)) = &entry.reset_token {
            self.reset_tokens.remove(mark, key);
        }
        if self.connections.is_empty() {
            self.connections.shrink_to_fit();
        }
        Some(entry.connection)
    }

    fn insert(
        &mut self,
        connection: Connection,
        first_dcid: Option<ConnectionId>,
    ) -> ConnectionKey {
        let generation = self.next_generation;
        self.next_generation = self.next_generation.wrapping_add(1);
        let cids: SmallVec<[ConnectionId; 2]> = connection.local_cids().iter().collect();
        let index = self.connections.insert(Entry {
            generation,
            slot: Slot::default(),
            first_dcid,
            retired: Vec::new(),
            reset_token: None,
            connection: Box::new(connection),
        });
        let key = ConnectionKey::new(index as u32, generation);
        for cid in cids {
            self.routes.insert(cid, key);
        }
        if let Some(cid) = first_dcid {
            self.routes.insert(cid, key);
        }
        self.activate(key);
        key
    }

    #[inline]
    fn entry(&self, key: ConnectionKey) -> Option<&Entry> {
        self.connections.get(key.index as usize).filter(|entry| entry.generation == key.generation)
    }

    #[inline]
    fn entry_mut(&mut self, key: ConnectionKey) -> Option<&mut Entry> {
        live(&mut self.connections, key)
    }
}

/// The entry behind `key`, borrowed from the table alone.
#[inline]
fn live(connections: &mut Slab<Entry>, key: ConnectionKey) -> Option<&mut Entry> {
    connections.get_mut(key.index as usize).filter(|entry| entry.generation == key.generation)
}
