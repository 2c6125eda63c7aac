//! The connection IDs that the peer sends to.

use smallvec::SmallVec;

use crate::error::{TransportError, TransportErrorCode};
use crate::wire::frame::NewConnectionId;
use crate::wire::{ConnectionId, ResetToken};

use super::Entry;

/// How many connection IDs of ours we keep issued at most, whatever the peer would store: the one
/// in use and two spares, as upstream.
pub const MAX_ISSUED: u64 = 3;

/// The connection IDs we gave to the peer: packets carrying one of them are ours.
#[derive(Debug)]
pub struct LocalCids {
    issued: SmallVec<[Entry; 2]>,
    next_sequence: u64,
    /// The one that the host knows the connection by.
    primary: ConnectionId,
    /// The one that the peer sent to last, on the path in use.
    in_use: ConnectionId,
    /// Sequence numbers whose NEW_CONNECTION_ID has to be sent, or sent again.
    to_announce: SmallVec<[u64; 2]>,
}

impl LocalCids {
    /// Starts with the connection ID of the handshake, sequence number 0.
    pub fn new(cid: ConnectionId) -> Self {
        let mut issued = SmallVec::new();
        issued.push(Entry { used: true, ..Entry::new(0, cid, None) });
        Self { issued, next_sequence: 1, primary: cid, in_use: cid, to_announce: SmallVec::new() }
    }

    /// Adds the connection ID that goes with a preferred address (RFC 9000 section 5.1.1): number
    /// 1, told by a transport parameter. To be called before any other is issued.
    pub fn issue_preferred(&mut self, cid: ConnectionId, reset_token: ResetToken) {
        self.issued.push(Entry::new(self.next_sequence, cid, Some(reset_token)));
        self.next_sequence += 1;
    }

    /// True if the peer sent its last packet on the path in use to `cid`.
    #[inline]
    pub fn is_in_use(&self, cid: &ConnectionId) -> bool {
        self.in_use == *cid
    }

    /// The peer sends to `cid` now.
    #[cold]
    pub fn note_use(&mut self, cid: &ConnectionId) {
        if let Some(entry) = self.issued.iter_mut().find(|entry| entry.cid == *cid) {
            entry.used = true;
            self.in_use = *cid;
        }
    }

    /// How many more the peer would take, given its active_connection_id_limit.
    pub fn wanted(&self, peer_limit: u64) -> u64 {
        // RFC 9000 section 5.1.1: with a zero-length connection ID there is nothing to issue.
        if self.issued.first().is_some_and(|entry| entry.cid.is_empty()) {
            return 0;
        }
        peer_limit.min(MAX_ISSUED).saturating_sub(self.issued.len() as u64)
    }

    /// Issues `cid`; a NEW_CONNECTION_ID frame for it becomes pending.
    pub fn issue(&mut self, cid: ConnectionId, reset_token: ResetToken) -> u64 {
        let sequence = self.next_sequence;
        self.next_sequence += 1;
        self.issued.push(Entry::new(sequence, cid, Some(reset_token)));
        self.to_announce.push(sequence);
        sequence
    }

    /// Takes RETIRE_CONNECTION_ID for `sequence`, which came in a packet sent to `used`.
    /// Returns the connection ID that is no longer active, `None` if it was retired before.
    pub fn retire(
        &mut self,
        sequence: u64,
        used: &ConnectionId,
    ) -> Result<Option<ConnectionId>, TransportError> {
        // RFC 9000 section 19.16.
        let violation =
            |reason| TransportError::new(TransportErrorCode::PROTOCOL_VIOLATION, reason);
        if sequence >= self.next_sequence {
            return Err(violation("retired a connection ID that was never issued"));
        }
        let Some(index) = self.issued.iter().position(|entry| entry.sequence == sequence) else {
            return Ok(None);
        };
        let cid = self.issued[index].cid;
        if cid.is_empty() {
            return Err(violation("retired a zero-length connection ID"));
        }
        if cid == *used {
            return Err(violation("retired the connection ID of the packet itself"));
        }
        self.issued.remove(index);
        self.to_announce.retain(|announced| *announced != sequence);
        if cid == self.primary {
            self.primary = self.successor();
        }
        Ok(Some(cid))
    }

    /// True if a NEW_CONNECTION_ID frame waits to be sent.
    #[inline]
    pub fn has_announcement(&self) -> bool {
        !self.to_announce.is_empty()
    }

    /// The next NEW_CONNECTION_ID frame to send.
    pub fn next_announcement(&self) -> Option<NewConnectionId> {
        let sequence = *self.to_announce.first()?;
        let entry = self.issued.iter().find(|entry| entry.sequence == sequence)?;
        Some(NewConnectionId {
            sequence,
            retire_prior_to: 0,
            cid: entry.cid,
            reset_token: entry.reset_token?,
        })
    }

    /// The frame that [`LocalCids::next_announcement`] gave was sent.
    pub fn on_announced(&mut self) {
        if !self.to_announce.is_empty() {
            self.to_announce.remove(0);
        }
    }

    /// The packet that announced `sequence` was lost: it is announced again unless retired since.
    pub fn on_announcement_lost(&mut self, sequence: u64) {
        let live = self.issued.iter().any(|entry| entry.sequence == sequence);
        if live && !self.to_announce.contains(&sequence) {
            self.to_announce.push(sequence);
        }
    }

    /// The oldest that the peer has sent to, or else the oldest.
    fn successor(&self) -> ConnectionId {
        let used = self.issued.iter().find(|entry| entry.used).or(self.issued.first());
        used.map_or(ConnectionId::EMPTY, |entry| entry.cid)
    }

    /// The connection ID a host knows the connection by: the first one, and when that is retired,
    /// the oldest that the peer has sent to.
    #[inline]
    pub fn primary(&self) -> ConnectionId {
        self.primary
    }

    /// Every connection ID that is active.
    pub fn iter(&self) -> impl Iterator<Item = ConnectionId> + '_ {
        self.issued.iter().map(|entry| entry.cid)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn cid(n: u8) -> ConnectionId {
        ConnectionId::new(&[n; 8]).unwrap()
    }

    fn token(n: u8) -> ResetToken {
        ResetToken([n; 16])
    }

    fn code(error: TransportError) -> TransportErrorCode {
        error.code
    }

    #[test]
    fn as_many_are_issued_as_the_peer_stores() {
        let mut local = LocalCids::new(cid(0));
        assert_eq!(local.wanted(2), 1);
        assert_eq!(local.issue(cid(1), token(1)), 1);
        assert_eq!(local.wanted(2), 0);
        assert_eq!(local.wanted(1 << 40), MAX_ISSUED - 2);
        assert_eq!(LocalCids::new(ConnectionId::EMPTY).wanted(4), 0);
    }

    #[test]
    fn retiring_makes_room_for_a_fresh_one() {
        let mut local = LocalCids::new(cid(0));
        local.issue(cid(1), token(1));
        assert_eq!(local.retire(0, &cid(1)).unwrap(), Some(cid(0)));
        assert_eq!(local.retire(0, &cid(1)).unwrap(), None);
        assert_eq!(local.wanted(2), 1);
    }

    #[test]
    fn retiring_what_was_never_issued_or_is_in_use_is_a_violation() {
        let mut local = LocalCids::new(cid(0));
        let violation = TransportErrorCode::PROTOCOL_VIOLATION;
        assert_eq!(code(local.retire(1, &cid(0)).unwrap_err()), violation);
        assert_eq!(code(local.retire(0, &cid(0)).unwrap_err()), violation);
    }

    #[test]
    fn a_lost_announcement_is_repeated_unless_retired() {
        let mut local = LocalCids::new(cid(0));
        let sequence = local.issue(cid(1), token(1));
        assert_eq!(local.next_announcement().unwrap().sequence, sequence);
        local.on_announced();
        assert!(local.next_announcement().is_none());
        local.on_announcement_lost(sequence);
        assert!(local.next_announcement().is_some());
        local.retire(sequence, &cid(0)).unwrap();
        local.on_announcement_lost(sequence);
        assert!(local.next_announcement().is_none());
    }

    #[test]
    fn a_host_is_told_of_an_id_that_the_peer_uses() {
        let mut local = LocalCids::new(cid(0));
        local.issue(cid(1), token(1));
        local.issue(cid(2), token(2));
        assert!(local.is_in_use(&cid(0)));
        local.note_use(&cid(2));
        assert!(local.is_in_use(&cid(2)));
        assert_eq!(local.primary(), cid(0));
        local.retire(0, &cid(2)).unwrap();
        assert_eq!(local.primary(), cid(2));
    }

    #[test]
    fn the_id_of_a_preferred_address_has_number_one_and_is_not_announced() {
        let mut local = LocalCids::new(cid(0));
        local.issue_preferred(cid(7), token(7));
        assert!(!local.has_announcement());
        assert_eq!(local.wanted(8), MAX_ISSUED - 2);
        assert_eq!(local.issue(cid(2), token(2)), 2);
    }
}
