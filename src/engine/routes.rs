//! Which connection a datagram belongs to, by its destination connection ID.

use std::collections::HashMap;

use foldhash::quality::FixedState;

use crate::wire::ConnectionId;

use super::crowding::Crowding;
use super::ConnectionKey;

/// Connection IDs of all connections of an engine.
///
/// The hash is keyed with a secret of the engine: a client chooses the first destination
/// connection ID itself and must not be able to pile entries up in one place.
#[derive(Debug)]
pub struct Routes {
    table: HashMap<ConnectionId, ConnectionKey, FixedState>,
    /// The last answer: datagrams come in trains of one connection.
    last: Option<(ConnectionId, ConnectionKey)>,
    /// How the IDs spread, where the host wants to know.
    pub crowding: Option<Box<Crowding>>,
}

impl Routes {
    /// An empty table whose hash is keyed with `secret`.
    pub fn new(secret: u64) -> Self {
        Self {
            table: HashMap::with_hasher(FixedState::with_seed(secret)),
            last: None,
            crowding: None,
        }
    }

    /// The connection that `cid` belongs to.
    #[inline]
    pub fn find(&mut self, cid: &[u8]) -> Option<ConnectionKey> {
        if let Some((last, key)) = &self.last {
            if last.as_slice() == cid {
                return Some(*key);
            }
        }
        let (cid, key) = self.table.get_key_value(cid)?;
        self.last = Some((*cid, *key));
        Some(*key)
    }

    /// Routes `cid` to `key`. Returns false if another connection has it.
    pub fn insert(&mut self, cid: ConnectionId, key: ConnectionKey) -> bool {
        let before = self.table.len();
        let ours = *self.table.entry(cid).or_insert(key) == key;
        if let Some(crowding) = self.crowding.as_deref_mut() {
            if self.table.len() > before {
                crowding.on_added(&cid);
            }
        }
        ours
    }

    /// Stops routing `cid` to `key`.
    pub fn remove(&mut self, cid: &ConnectionId, key: ConnectionKey) {
        if self.table.get(cid) == Some(&key) {
            self.table.remove(cid);
            if let Some(crowding) = self.crowding.as_deref_mut() {
                crowding.on_removed(cid);
            }
        }
        if self.last.is_some_and(|(last, _)| last == *cid) {
            self.last = None;
        }
    }

    /// True if no connection ID is routed.
    #[cfg(test)]
    pub fn is_empty(&self) -> bool {
        self.table.is_empty()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn cid(n: u8) -> ConnectionId {
        ConnectionId::new(&[n; 8]).unwrap()
    }

    #[test]
    fn a_connection_id_leads_to_its_connection_until_it_is_removed() {
        let (one, two) = (ConnectionKey::new(0, 1), ConnectionKey::new(1, 1));
        let mut routes = Routes::new(7);
        assert!(routes.insert(cid(1), one));
        assert!(routes.insert(cid(2), two));
        assert!(!routes.insert(cid(1), two));
        assert_eq!(routes.find(&[1; 8]), Some(one));
        assert_eq!(routes.find(&[1; 8]), Some(one));
        assert_eq!(routes.find(&[2; 8]), Some(two));
        assert_eq!(routes.find(&[1; 7]), None);
        routes.remove(&cid(1), two);
        assert_eq!(routes.find(&[1; 8]), Some(one));
        routes.remove(&cid(1), one);
        assert_eq!(routes.find(&[1; 8]), None);
    }

    /// IDs that a client chooses cannot be made to collide: where they lie depends on a secret.
    #[test]
    fn where_an_id_lies_depends_on_a_secret() {
        let order = |secret| {
            let mut routes = Routes::new(secret);
            for n in 0..64 {
                routes.insert(cid(n), ConnectionKey::new(n.into(), 1));
            }
            routes.table.keys().copied().collect::<Vec<_>>()
        };
        assert_eq!(order(1), order(1));
        assert_ne!(order(1), order(2));
    }
}
