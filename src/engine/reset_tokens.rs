//! Which connection a stateless reset ends, by the token it ends in (RFC 9000 section 10.3.1).
//!
//! A reset carries no connection ID of ours, so that routing does not find its connection.

use std::collections::HashMap;

use foldhash::quality::FixedState;

use crate::tls::mac::HmacKey;
use crate::wire::ResetToken;

use super::ConnectionKey;

/// What stands for a token in the table.
pub type Mark = [u8; 16];

/// The reset tokens of all connections of an engine.
///
/// The table knows tokens only by what a keyed hash makes of them, so that the time a look-up
/// takes tells nothing of how close a guess was.
pub struct ResetTokens {
    key: HmacKey,
    table: HashMap<Mark, ConnectionKey, FixedState>,
}

impl ResetTokens {
    /// An empty table; `secret` keys the hash.
    pub fn new(secret: &[u8]) -> Self {
        Self { key: HmacKey::new(secret), table: HashMap::with_hasher(FixedState::default()) }
    }

    /// A reset with `token` ends `key` from now on. Returns what to remove it by.
    pub fn insert(&mut self, token: &ResetToken, key: ConnectionKey) -> Mark {
        let mark = self.mark(token);
        self.table.insert(mark, key);
        mark
    }

    /// Forgets a token of `key`.
    pub fn remove(&mut self, mark: &Mark, key: ConnectionKey) {
        if self.table.get(mark) == Some(&key) {
            self.table.remove(mark);
        }
    }

    /// The connection whose reset token `datagram` ends in.
    pub fn find(&self, datagram: &[u8]) -> Option<ConnectionKey> {
        if self.table.is_empty() {
            return None;
        }
        let token = ResetToken(*datagram.last_chunk()?);
        self.table.get(&self.mark(&token)).copied()
    }

    /// True if no token is known.
    #[cfg(test)]
    pub fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    fn mark(&self, token: &ResetToken) -> Mark {
        let digest = self.key.sign(&[&token.0]);
        let mut mark = Mark::default();
        mark.copy_from_slice(&digest[..16]);
        mark
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_leads_to_its_connection_until_it_is_removed() {
        let (one, two) = (ConnectionKey::new(0, 1), ConnectionKey::new(1, 1));
        let mut tokens = ResetTokens::new(b"secret");
        let mark = tokens.insert(&ResetToken([7; 16]), one);
        let datagram = [[0; 16], [7; 16]].concat();
        assert_eq!(tokens.find(&datagram), Some(one));
        assert_eq!(tokens.find(&datagram[..31]), None);
        assert_eq!(tokens.find(&[7; 15]), None);
        tokens.remove(&mark, two);
        assert_eq!(tokens.find(&datagram), Some(one));
        tokens.remove(&mark, one);
        assert_eq!(tokens.find(&datagram), None);
    }
}
