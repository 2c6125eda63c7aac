//! Stateless resets: the answer to packets of connections that are not known here any more
//! (RFC 9000 section 10.3).

use crate::path::Addresses;
use crate::time::Instant;

use super::Engine;

/// The shortest datagram that is taken for a stateless reset.
const MIN_LEN: usize = 21;

/// The longest we send: enough to look like any short packet.
const MAX_LEN: usize = 42;

impl Engine {
    /// A stateless reset in answer to a datagram of `trigger_len` bytes that was sent to `dcid`.
    /// `None` if the datagram is too short to be answered by a shorter one, or there were many.
    pub(super) fn stateless_reset(
        &mut self,
        now: Instant,
        addresses: &Addresses,
        dcid: &[u8],
        trigger_len: usize,
    ) -> Option<Vec<u8>> {
        // RFC 9000 section 10.3.3: shorter than what caused it, so that two endpoints that know
        // nothing of each other do not answer for ever.
        let len = trigger_len.checked_sub(1)?.min(MAX_LEN);
        let peer = addresses.peer.ip();
        if len < MIN_LEN || !self.reset_limit_by_peer.take(now, peer) || !self.reset_limit.take(now)
        {
            return None;
        }
        let token = self.reset_token(dcid);
        let mut datagram = vec![0; len];
        let noise = len - token.0.len();
        self.random.fill(&mut datagram[..noise]);
        // Looks like a short header: fixed bit set, long-header bit clear.
        datagram[0] = (datagram[0] & 0x3f) | 0x40;
        datagram[noise..].copy_from_slice(&token.0);
        Some(datagram)
    }
}
