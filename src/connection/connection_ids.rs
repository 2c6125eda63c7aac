//! Connection IDs of ours: asked for, issued, announced.

use crate::path::cids::LocalCids;
use crate::wire::{ConnectionId, ResetToken};

use super::event::Event;
use super::Connection;

impl Connection {
    /// Gives the peer one more connection ID to send to; the answer to
    /// [`Event::NeedConnectionIds`].
    pub fn issue_connection_id(&mut self, cid: ConnectionId, reset_token: ResetToken) {
        if self.state.is_open() {
            self.local_cids.issue(cid, reset_token);
        }
    }

    /// Asks for as many connection IDs as the peer would store. A question that still waits is
    /// changed, not asked twice: the answers together would be more than the peer takes.
    pub(super) fn request_connection_ids(&mut self) {
        let wanted = LocalCids::wanted(&self.local_cids, self.peer.active_connection_id_limit);
        if wanted == 0 {
            return;
        }
        for event in &mut self.events {
            if let Event::NeedConnectionIds(count) = event {
                *count = wanted;
                return;
            }
        }
        self.events.push_back(Event::NeedConnectionIds(wanted));
    }
}
