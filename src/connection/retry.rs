//! Retry at a client (RFC 9000 section 17.2.5).

use crate::recovery::Space;
use crate::tls::retry_integrity_tag;
use crate::wire::{ConnectionId, Role, Version};

use super::Connection;

impl Connection {
    /// Takes a Retry (RFC 9000 section 17.2.5). `None` if it is to be dropped.
    pub(super) fn on_retry(
        &mut self,
        packet: &[u8],
        version: Version,
        scid: &ConnectionId,
        token: &[u8],
    ) -> Option<()> {
        if self.role == Role::Server || version != self.version || token.is_empty() {
            return None;
        }
        let early = self.early.as_deref_mut()?;
        if early.answered || early.retry_scid.is_some() || *scid == early.original_dcid {
            return None;
        }
        let (body, tag) = packet.split_last_chunk::<16>()?;
        if retry_integrity_tag(version, early.original_dcid.as_slice(), body) != *tag {
            return None;
        }
        early.retry_scid = Some(*scid);
        early.token = token.to_vec();
        self.remote_cids.replace_initial(*scid);
        self.install_initial_keys(scid);
        self.resend_initial();
        self.give_up_early_packets();
        Some(())
    }

    /// Starts the Initial space over, with packet numbers that go on (RFC 9000 section 17.2.5.3).
    fn resend_initial(&mut self) {
        let Some(early) = self.early_space(Space::Initial) else { return };
        let in_flight = early.space.sent.bytes_in_flight();
        early.space.sent.discard(|_| {});
        early.space.crypto.rewind();
        self.path.bytes_in_flight = self.path.bytes_in_flight.saturating_sub(in_flight);
        self.loss_timer_stale = true;
    }
}
