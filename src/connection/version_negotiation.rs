//! Version Negotiation at a client (RFC 9000 section 6.2).

use crate::wire::{Role, Version};

use super::event::CloseReason;
use super::Connection;

impl Connection {
    /// Takes a Version Negotiation packet (RFC 9000 section 6.2). `None` if it is to be dropped.
    pub(super) fn on_version_negotiation(
        &mut self,
        dcid: &[u8],
        scid: &[u8],
        mut versions: impl Iterator<Item = Version>,
    ) -> Option<()> {
        if self.role == Role::Server {
            return None;
        }
        let early = self.early.as_deref()?;
        let ours = dcid == self.local_cids.primary().as_slice();
        let theirs = scid == self.remote_cids.active().as_slice();
        if early.answered || early.retry_scid.is_some() || !ours || !theirs {
            return None;
        }
        if versions.any(|version| version == self.version) {
            return None;
        }
        self.end(CloseReason::VersionMismatch);
        Some(())
    }
}
