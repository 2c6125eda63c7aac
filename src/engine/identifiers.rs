//! Connection IDs of ours: made, routed, retired.

use crate::time::{Duration, Instant};
use crate::wire::{ConnectionId, ResetToken};

use super::{live, ConnectionKey, Engine, Incoming};

/// How long a retired connection ID is still routed, in probe timeouts.
const RETIRED_ROUTING_PTOS: u64 = 3;

/// Retired connection IDs that are still routed, per connection: a peer that retires without end
/// cannot make us hold more.
const MAX_RETIRED_ROUTES: usize = 16;

/// How long the destination of an Initial that drew a Retry is routed to the connection that came
/// of it.
const ORIGINAL_ROUTING: Duration = Duration::from_secs(10);

impl Engine {
    /// A random connection ID of ours that is not in use.
    pub fn random_cid(&mut self) -> ConnectionId {
        self.complete_cid(&[])
    }

    /// A connection ID that begins with `head`; the rest is random, and so chosen that the whole
    /// is not in use, as far as that is possible.
    pub fn complete_cid(&mut self, head: &[u8]) -> ConnectionId {
        const ATTEMPTS: usize = 8;
        let mut bytes = [0; ConnectionId::MAX_LEN];
        let len = self.cid_len.min(bytes.len());
        let known = head.len().min(len);
        bytes[..known].copy_from_slice(&head[..known]);
        for _ in 0..ATTEMPTS {
            self.random.fill(&mut bytes[known..len]);
            if known == len || self.routes.find(&bytes[..len]).is_none() {
                break;
            }
        }
        ConnectionId::new(&bytes[..len]).unwrap_or_default()
    }

    /// A random connection ID of `len` bytes for a peer that has none of its own yet.
    pub fn random_remote_cid(&mut self, len: usize) -> ConnectionId {
        let mut bytes = [0; ConnectionId::MAX_LEN];
        let len = len.min(bytes.len());
        self.random.fill(&mut bytes[..len]);
        ConnectionId::new(&bytes[..len]).unwrap_or_default()
    }

    /// The stateless reset token of `cid`: every process with the same key makes the same.
    pub fn reset_token(&self, cid: &[u8]) -> ResetToken {
        let mut token = [0; ResetToken::LEN];
        let digest = self.reset_key.sign(&[cid]);
        token.copy_from_slice(&digest[..ResetToken::LEN]);
        ResetToken(token)
    }

    /// Gives the peer of `key` one more connection ID to send to. Returns false if it is taken.
    pub fn issue_connection_id(&mut self, key: ConnectionKey, cid: ConnectionId) -> bool {
        if self.entry(key).is_none() || self.routes.find(cid.as_slice()).is_some() {
            return false;
        }
        self.routes.insert(cid, key);
        let token = self.reset_token(cid.as_slice());
        if let Some(connection) = self.connection_mut(key) {
            connection.issue_connection_id(cid, token);
        }
        true
    }

    /// The peer no longer uses `cid`. Packets under way to it still arrive for a while
    /// (RFC 9000 section 5.1.2).
    pub fn retire_connection_id(&mut self, key: ConnectionKey, cid: ConnectionId, now: Instant) {
        let Self { connections, routes, .. } = self;
        let Some(entry) = live(connections, key) else { return };
        let until = now + entry.connection.probe_timeout().saturating_mul(RETIRED_ROUTING_PTOS);
        entry.retired.push((until, cid));
        if entry.retired.len() > MAX_RETIRED_ROUTES {
            let (_, oldest) = entry.retired.remove(0);
            routes.remove(&oldest, key);
        }
    }

    /// The handshake of `key` is over: nobody sends to the client's first choice any more. An
    /// Initial that comes late must still not begin a second connection.
    pub fn forget_first_dcid(&mut self, key: ConnectionKey, now: Instant) {
        if let Some(cid) = self.entry_mut(key).and_then(|entry| entry.first_dcid.take()) {
            self.retire_connection_id(key, cid, now);
        }
    }

    /// A late copy of the Initial that was answered with a Retry must not begin a second connection.
    pub(super) fn route_original(&mut self, key: ConnectionKey, now: Instant, incoming: &Incoming) {
        let cid = incoming.original_dcid();
        let Self { connections, routes, .. } = self;
        if cid == incoming.dcid || routes.find(cid.as_slice()).is_some() {
            return;
        }
        if let Some(entry) = live(connections, key) {
            routes.insert(cid, key);
            entry.retired.push((now + ORIGINAL_ROUTING, cid));
        }
    }

    /// Has the peer's stateless reset found, if the token changed that it would carry.
    pub(super) fn note_reset_token(&mut self, key: ConnectionKey) {
        let Self { connections, reset_tokens, .. } = self;
        let Some(entry) = live(connections, key) else { return };
        let current = entry.connection.peer_reset_token();
        if current == entry.reset_token.as_ref().map(|(token, _)| token) {
            return;
        }
        let noted = current.map(|token| (*token, reset_tokens.insert(token, key)));
        if let Some((_, mark)) = std::mem::replace(&mut entry.reset_token, noted) {
            reset_tokens.remove(&mark, key);
        }
    }

    pub(super) fn expire_retired(&mut self, key: ConnectionKey, now: Instant) {
        let Self { connections, routes, .. } = self;
        let Some(entry) = live(connections, key) else { return };
        if entry.retired.is_empty() {
            return;
        }
        entry.retired.retain(|(until, cid)| {
            let keep = *until > now;
            if !keep {
                routes.remove(cid, key);
            }
            keep
        });
    }
}
