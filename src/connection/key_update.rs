//! Key updates: ours when a key is worn or asked for, the peer's when its packets show one
//! (RFC 9001 section 6).

use crate::error::{TransportError, TransportErrorCode};
use crate::time::Instant;
use crate::wire::PacketNumber;

use super::keys::ReadKey;
use super::{Connection, State, Timer};

/// Packets that a key keeps for CONNECTION_CLOSE when it cannot be updated in time.
const CLOSE_RESERVE: u64 = 64;

/// How long old read keys serve late packets, in probe timeouts (RFC 9001 section 6.5).
const OLD_KEY_PTOS: u64 = 3;

impl Connection {
    /// Updates the keys of 1-RTT packets, if that is allowed now: the handshake is confirmed, the
    /// last update is over, and a packet of the current phase was acknowledged
    /// (RFC 9001 section 6.1). Returns true if it was.
    pub fn update_keys(&mut self) -> bool {
        let allowed =
            self.state == State::Confirmed && self.keys.may_update(self.data.sent.largest_acked());
        if allowed {
            self.keys.update();
            self.count_key_update(false);
        }
        allowed
    }

    /// Updates a worn key. RFC 9001 section 6.6: a key that seals no more, and cannot be updated,
    /// ends the connection.
    #[cold]
    pub(super) fn renew_keys(&mut self, now: Instant) {
        if !self.state.is_open() || self.update_keys() {
            return;
        }
        if self.keys.left_to_seal() <= CLOSE_RESERVE {
            let code = TransportErrorCode::AEAD_LIMIT_REACHED;
            self.close_on_error(now, TransportError::new(code, "confidentiality limit reached"));
        }
    }

    /// The old read keys have served long enough (RFC 9001 section 6.5).
    pub(super) fn discard_old_keys(&mut self) {
        self.keys.discard_previous();
        if self.stats.key_updates > 0 {
            self.trace_old_keys(self.stats.key_updates - 1);
        }
    }

    fn count_key_update(&mut self, by_peer: bool) {
        self.stats.key_updates += 1;
        self.trace_key_update(self.stats.key_updates, by_peer);
    }

    /// The peer moved to another key phase, or followed us into one.
    #[cold]
    pub(super) fn on_key_phase(
        &mut self,
        now: Instant,
        which: ReadKey,
        number: PacketNumber,
    ) -> Result<(), TransportError> {
        if self.keys.on_opened(which, number)? {
            if which == ReadKey::Next {
                self.count_key_update(true);
            }
            let deadline = now + self.probe_timeout().saturating_mul(OLD_KEY_PTOS);
            self.timers.set(Timer::KeyDiscard, deadline);
        }
        Ok(())
    }
}
