//! Stateless resets: the answer to packets of connections that are not known here any more
//! (RFC 9000 section 10.3).

use crate::time::{Duration, Instant};

use super::Engine;

/// The shortest datagram that is taken for a stateless reset.
const MIN_LEN: usize = 21;

/// The longest we send: enough to look like any short packet.
const MAX_LEN: usize = 42;

/// Stateless resets sent per second at most: they must not serve to flood anybody.
const MAX_PER_SECOND: u32 = 100;

/// Counts the resets of the current second.
#[derive(Debug, Default)]
pub struct ResetLimit {
    window_start: Instant,
    sent: u32,
}

impl ResetLimit {
    fn take(&mut self, now: Instant) -> bool {
        if now.saturating_since(self.window_start) >= Duration::from_secs(1) {
            self.window_start = now;
            self.sent = 0;
        }
        self.sent += 1;
        self.sent <= MAX_PER_SECOND
    }
}

impl Engine {
    /// A stateless reset in answer to a datagram of `trigger_len` bytes that was sent to `dcid`.
    /// `None` if the datagram is too short to be answered by a shorter one, or there were many.
    pub(super) fn stateless_reset(
        &mut self,
        now: Instant,
        dcid: &[u8],
        trigger_len: usize,
    ) -> Option<Vec<u8>> {
        // RFC 9000 section 10.3.3: shorter than what caused it, so that two endpoints that know
        // nothing of each other do not answer for ever.
        let len = trigger_len.checked_sub(1)?.min(MAX_LEN);
        if len < MIN_LEN || !self.reset_limit.take(now) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resets_are_limited_per_second() {
        let mut limit = ResetLimit::default();
        let start = Instant::from_micros(5_000_000);
        let sent = (0..1000).filter(|_| limit.take(start)).count();
        assert_eq!(sent as u32, MAX_PER_SECOND);
        assert!(limit.take(start + Duration::from_secs(1)));
    }
}
