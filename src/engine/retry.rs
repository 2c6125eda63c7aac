//! What a server tells a client that it makes no connection for: to come again with a token, or that
//! its token is not good (RFC 9000 section 8.1.2).

use crate::connection::lone_close;
use crate::error::TransportErrorCode;
use crate::time::Instant;
use crate::tls::retry_integrity_tag;
use crate::wire::header::{encode_retry, retry_len, RETRY_TAG_LEN};
use crate::wire::{ConnectionId, Version, Writer};

use super::tokens::{Shown, TokenKeys, UnixTime, Verdict};
use super::{ConnectionKey, Engine, Incoming};

impl Engine {
    /// Notes in `incoming` what its token proves, at `now`, which is `wall` in real time. Returns
    /// false if the client is to be declined with [`Engine::decline_token`].
    pub fn check_token(&mut self, now: Instant, wall: UnixTime, incoming: &mut Incoming) -> bool {
        incoming.proof = self.tokens.judge(now, wall, &shown(incoming));
        incoming.proof != Verdict::Invalid
    }

    /// A Retry in answer to `incoming`, which sends the client to `retry_scid`. `None` if many were
    /// sent, or if the client already is where it would be sent to.
    ///
    /// It is shorter than any datagram that causes one, so nobody can be flooded with it.
    pub fn retry(
        &mut self,
        now: Instant,
        wall: UnixTime,
        incoming: &Incoming,
        retry_scid: &ConnectionId,
    ) -> Option<Vec<u8>> {
        // RFC 9000 section 17.2.5.1.
        if *retry_scid == incoming.dcid || !self.retry_limit.take(now) {
            return None;
        }
        let random = &mut *self.random;
        let token = self.tokens.retry_token(wall, &shown(incoming), retry_scid, random);
        let len = retry_len(&incoming.scid, retry_scid, &token);
        let mut packet = vec![0; len];
        let mut writer = Writer::new(&mut packet);
        let (version, noise) = (incoming.version, random.next_u8());
        encode_retry(&mut writer, noise, version, &incoming.scid, retry_scid, &token);
        let tag = retry_integrity_tag(version, incoming.dcid.as_slice(), &packet);
        packet.extend_from_slice(&tag);
        debug_assert_eq!(packet.len(), len + RETRY_TAG_LEN);
        Some(packet)
    }

    /// INVALID_TOKEN for a client that shows a token of another one. `None` if many were sent.
    pub fn decline_token(&mut self, now: Instant, incoming: &Incoming) -> Option<Vec<u8>> {
        let Incoming { version, scid, dcid, .. } = incoming;
        self.decline_limit
            .take(now)
            .then(|| lone_close(*version, scid, dcid, TransportErrorCode::INVALID_TOKEN))
    }

    /// Gives the client of `key`, whose handshake is complete, a token for its next connection.
    pub fn issue_token(&mut self, key: ConnectionKey, wall: UnixTime) {
        let Some(connection) = self.connection(key) else { return };
        let (version, client): (Version, _) =
            (connection.version(), connection.path().addresses.peer.ip());
        let token = self.tokens.new_token(wall, version, client, &mut *self.random);
        if let Some(connection) = self.connection_mut(key) {
            connection.issue_token(token);
        }
    }

    /// Replaces the keys of tokens. Those made under keys that stay are still good.
    pub fn set_token_keys(&mut self, keys: &TokenKeys) {
        self.tokens.set_keys(keys);
    }
}

fn shown(incoming: &Incoming) -> Shown<'_> {
    let Incoming { token, version, dcid, addresses, .. } = incoming;
    Shown { token, version: *version, dcid, client: addresses.peer }
}
