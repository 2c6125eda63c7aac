//! The connection IDs that we send to.

use smallvec::SmallVec;

use crate::error::{TransportError, TransportErrorCode};
use crate::wire::frame::NewConnectionId;
use crate::wire::{ConnectionId, ResetToken};

use super::Entry;

/// RETIRE_CONNECTION_ID frames that may be outstanding, in multiples of the active limit
/// (RFC 9000 section 5.1.2): a peer that never acknowledges them cannot make us hold more.
const MAX_RETIREMENTS_PER_LIMIT: usize = 2;

/// The number of the connection ID that belongs to a preferred address (RFC 9000 section 5.1.1).
const PREFERRED_SEQUENCE: u64 = 1;

/// Names the connection ID of the peer that a path beside the one in use has for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease(u64);

#[derive(Debug)]
struct Lent {
    lease: Lease,
    entry: Entry,
}

/// The connection IDs the peer gave to us: one in use, the others spare.
#[derive(Debug)]
pub struct RemoteCids {
    active: Entry,
    spares: SmallVec<[Entry; 1]>,
    /// Those used on paths beside the one in use.
    lent: Vec<Lent>,
    /// Everything below was retired on the peer's demand.
    retire_prior_to: u64,
    /// Sequence numbers we retired and the peer has not acknowledged.
    retired: SmallVec<[u64; 1]>,
    /// Those of them whose RETIRE_CONNECTION_ID has to be sent, or sent again.
    to_retire: SmallVec<[u64; 1]>,
    /// Our own active_connection_id_limit.
    limit: u64,
}

impl RemoteCids {
    /// Starts with the connection ID that the peer's packets carry. At a client the first one is
    /// its own random choice until the server's answer replaces it.
    pub fn new(cid: ConnectionId, limit: u64) -> Self {
        Self {
            active: Entry::new(0, cid, None),
            spares: SmallVec::new(),
            lent: Vec::new(),
            retire_prior_to: 0,
            retired: SmallVec::new(),
            to_retire: SmallVec::new(),
            limit,
        }
    }

    /// The connection ID to send to.
    #[inline]
    pub fn active(&self) -> &ConnectionId {
        &self.active.cid
    }

    /// Replaces the handshake's connection ID (RFC 9000 section 7.2): by the source connection ID
    /// of the first Initial or Retry of the server.
    pub fn replace_initial(&mut self, cid: ConnectionId) {
        self.active.cid = cid;
    }

    /// The stateless reset token that came as a transport parameter.
    pub fn set_initial_reset_token(&mut self, token: ResetToken) {
        self.active.reset_token = Some(token);
    }

    /// The reset token of the connection ID in use. RFC 9000 section 10.3.1: those of connection
    /// IDs not used yet, or retired, end nothing.
    #[inline]
    pub fn reset_token(&self) -> Option<&ResetToken> {
        self.active.reset_token.as_ref()
    }

    /// Takes a NEW_CONNECTION_ID frame. Returns true if the active connection ID changed.
    pub fn on_new(&mut self, frame: &NewConnectionId) -> Result<bool, TransportError> {
        let error = TransportError::new;
        // RFC 9000 section 19.15.
        if self.active.cid.is_empty() {
            let code = TransportErrorCode::PROTOCOL_VIOLATION;
            return Err(error(code, "new connection ID for a zero-length one"));
        }
        self.check_repetition(frame)?;
        let known = self.entries().any(|entry| entry.sequence == frame.sequence)
            || self.retired.contains(&frame.sequence);
        if !known {
            if frame.sequence < self.retire_prior_to {
                // RFC 9000 section 19.15: retire at once what arrives already retired.
                self.retire(frame.sequence)?;
            } else {
                self.spares.push(Entry::new(frame.sequence, frame.cid, Some(frame.reset_token)));
            }
        }
        let changed = self.retire_below(frame.retire_prior_to)?;
        // RFC 9000 section 5.1.1: the count is taken after retirement.
        if (self.spares.len() + self.lent.len()) as u64 + 1 > self.limit {
            let code = TransportErrorCode::CONNECTION_ID_LIMIT_ERROR;
            return Err(error(code, "more connection IDs than the limit"));
        }
        Ok(changed)
    }

    /// A sequence number names one connection ID and one token for ever, and a connection ID has
    /// one sequence number.
    fn check_repetition(&self, frame: &NewConnectionId) -> Result<(), TransportError> {
        for entry in self.entries() {
            let same_sequence = entry.sequence == frame.sequence;
            let same_cid = entry.cid == frame.cid;
            let same_token = entry.reset_token.as_ref() == Some(&frame.reset_token);
            let handshake = entry.reset_token.is_none();
            if same_sequence != same_cid || (same_sequence && !same_token && !handshake) {
                let code = TransportErrorCode::PROTOCOL_VIOLATION;
                return Err(TransportError::new(code, "a connection ID changed its identity"));
            }
        }
        Ok(())
    }

    fn entries(&self) -> impl Iterator<Item = &Entry> {
        std::iter::once(&self.active)
            .chain(&self.spares)
            .chain(self.lent.iter().map(|lent| &lent.entry))
    }

    /// Retires all sequence numbers below `floor`. Returns true if the active one was among them.
    fn retire_below(&mut self, floor: u64) -> Result<bool, TransportError> {
        if floor <= self.retire_prior_to {
            return Ok(false);
        }
        self.retire_prior_to = floor;
        let mut index = 0;
        while index < self.spares.len() {
            if self.spares[index].sequence < floor {
                let gone = self.spares.remove(index);
                self.retire(gone.sequence)?;
            } else {
                index += 1;
            }
        }
        self.replace_leases_below(floor)?;
        if self.active.sequence >= floor {
            return Ok(false);
        }
        self.switch()
    }

    /// Gives leases that the peer retires another connection ID, or ends them if there is none.
    fn replace_leases_below(&mut self, floor: u64) -> Result<(), TransportError> {
        let mut index = 0;
        while index < self.lent.len() {
            let old = self.lent[index].entry.sequence;
            if old >= floor {
                index += 1;
                continue;
            }
            // One spare is for the path in use, if that needs another too.
            let reserve = usize::from(self.active.sequence < floor);
            if self.spares.len() > reserve {
                self.lent[index].entry = self.spares.remove(self.spares.len() - 1);
                index += 1;
            } else {
                self.lent.remove(index);
            }
            self.retire(old)?;
        }
        Ok(())
    }

    /// Takes the connection ID that came with a preferred address (RFC 9000 section 5.1.1): it has
    /// number 1. False if the peer has chosen to go without.
    #[must_use]
    pub fn on_preferred(&mut self, cid: ConnectionId, reset_token: ResetToken) -> bool {
        if self.active.cid.is_empty() {
            return false;
        }
        self.spares.push(Entry::new(PREFERRED_SEQUENCE, cid, Some(reset_token)));
        true
    }

    /// True if the peer goes without connection IDs.
    pub fn is_zero_length(&self) -> bool {
        self.active.cid.is_empty()
    }

    /// Sets a spare connection ID aside for another path: its oldest but the one that belongs to a
    /// preferred address. `None` if there is none.
    pub fn lend(&mut self) -> Option<Lease> {
        self.lend_where(|entry| entry.sequence != PREFERRED_SEQUENCE)
            .or_else(|| self.lend_where(|_| true))
    }

    /// Sets the connection ID aside that belongs to a preferred address (RFC 9000 section 9.6).
    pub fn lend_preferred(&mut self) -> Option<Lease> {
        self.lend_where(|entry| entry.sequence == PREFERRED_SEQUENCE)
    }

    fn lend_where(&mut self, wanted: impl Fn(&Entry) -> bool) -> Option<Lease> {
        let index = self.spares.iter().position(wanted)?;
        let entry = self.spares.remove(index);
        let lease = Lease(entry.sequence);
        self.lent.push(Lent { lease, entry });
        Some(lease)
    }

    /// The connection ID behind `lease`; `None` once the peer has retired it and given no other.
    pub fn lent(&self, lease: Lease) -> Option<&ConnectionId> {
        self.lent.iter().find(|lent| lent.lease == lease).map(|lent| &lent.entry.cid)
    }

    /// The path behind `lease` comes into use. Returns the lease of the one that was.
    pub fn exchange(&mut self, lease: Lease) -> Option<Lease> {
        let lent = self.lent.iter_mut().find(|lent| lent.lease == lease)?;
        std::mem::swap(&mut lent.entry, &mut self.active);
        lent.lease = Lease(lent.entry.sequence);
        Some(lent.lease)
    }

    /// The path behind `lease` is given up: its connection ID is not used again
    /// (RFC 9000 section 5.1.2).
    pub fn end_lease(&mut self, lease: Lease) -> Result<(), TransportError> {
        let Some(index) = self.lent.iter().position(|lent| lent.lease == lease) else {
            return Ok(());
        };
        let gone = self.lent.remove(index);
        self.retire(gone.entry.sequence)
    }

    /// Moves to a spare connection ID and retires the one in use. Returns false if none is left.
    pub fn switch(&mut self) -> Result<bool, TransportError> {
        if self.spares.is_empty() {
            return Ok(false);
        }
        let next = self.spares.remove(0);
        let old = std::mem::replace(&mut self.active, next);
        self.retire(old.sequence)?;
        Ok(true)
    }

    fn retire(&mut self, sequence: u64) -> Result<(), TransportError> {
        if self.retired.len() >= MAX_RETIREMENTS_PER_LIMIT * self.limit as usize {
            let code = TransportErrorCode::CONNECTION_ID_LIMIT_ERROR;
            return Err(TransportError::new(code, "too many retirements are outstanding"));
        }
        self.retired.push(sequence);
        self.to_retire.push(sequence);
        Ok(())
    }

    /// True if a RETIRE_CONNECTION_ID frame waits to be sent.
    #[inline]
    pub fn has_retirement(&self) -> bool {
        !self.to_retire.is_empty()
    }

    /// The next sequence number to send RETIRE_CONNECTION_ID for.
    pub fn next_retirement(&self) -> Option<u64> {
        self.to_retire.first().copied()
    }

    /// The frame for [`RemoteCids::next_retirement`] was sent.
    pub fn on_retirement_sent(&mut self) {
        if !self.to_retire.is_empty() {
            self.to_retire.remove(0);
        }
    }

    /// The peer has seen our retirement of `sequence`.
    pub fn on_retirement_acked(&mut self, sequence: u64) {
        self.retired.retain(|retired| *retired != sequence);
        self.to_retire.retain(|retired| *retired != sequence);
    }

    /// The packet with our retirement of `sequence` was lost.
    pub fn on_retirement_lost(&mut self, sequence: u64) {
        if self.retired.contains(&sequence) && !self.to_retire.contains(&sequence) {
            self.to_retire.push(sequence);
        }
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

    fn new_cid(sequence: u64, n: u8, retire_prior_to: u64) -> NewConnectionId {
        NewConnectionId { sequence, retire_prior_to, cid: cid(n), reset_token: token(n) }
    }

    fn code(error: TransportError) -> TransportErrorCode {
        error.code
    }

    #[test]
    fn retire_prior_to_moves_to_a_spare() {
        let mut remote = RemoteCids::new(cid(0), 4);
        assert!(!remote.on_new(&new_cid(1, 1, 0)).unwrap());
        assert!(remote.on_new(&new_cid(2, 2, 2)).unwrap());
        assert_eq!(remote.active(), &cid(2));
        assert_eq!(remote.next_retirement(), Some(1));
    }

    #[test]
    fn the_limit_counts_after_retirement() {
        let mut remote = RemoteCids::new(cid(0), 2);
        remote.on_new(&new_cid(1, 1, 0)).unwrap();
        remote.on_new(&new_cid(2, 2, 1)).unwrap();
        let error = remote.on_new(&new_cid(3, 3, 1)).unwrap_err();
        assert_eq!(code(error), TransportErrorCode::CONNECTION_ID_LIMIT_ERROR);
    }

    #[test]
    fn a_sequence_number_names_one_connection_id() {
        let violation = TransportErrorCode::PROTOCOL_VIOLATION;
        let mut remote = RemoteCids::new(cid(0), 4);
        remote.on_new(&new_cid(1, 1, 0)).unwrap();
        assert!(!remote.on_new(&new_cid(1, 1, 0)).unwrap());
        assert_eq!(code(remote.on_new(&new_cid(1, 9, 0)).unwrap_err()), violation);
        assert_eq!(code(remote.on_new(&new_cid(5, 1, 0)).unwrap_err()), violation);
    }

    #[test]
    fn what_arrives_already_retired_is_retired_at_once() {
        let mut remote = RemoteCids::new(cid(0), 4);
        remote.on_new(&new_cid(3, 3, 3)).unwrap();
        remote.on_retirement_sent();
        remote.on_new(&new_cid(1, 1, 0)).unwrap();
        assert_eq!(remote.active(), &cid(3));
        assert_eq!(remote.next_retirement(), Some(1));
    }

    #[test]
    fn unacknowledged_retirements_are_bounded() {
        let mut remote = RemoteCids::new(cid(0), 2);
        let outcome = (1..20).try_for_each(|n| remote.on_new(&new_cid(n, n as u8, n)).map(drop));
        assert_eq!(code(outcome.unwrap_err()), TransportErrorCode::CONNECTION_ID_LIMIT_ERROR);
    }

    #[test]
    fn the_reset_token_is_that_of_the_id_in_use() {
        let mut remote = RemoteCids::new(cid(0), 4);
        assert!(remote.reset_token().is_none());
        remote.set_initial_reset_token(token(7));
        remote.on_new(&new_cid(1, 1, 0)).unwrap();
        assert!(remote.reset_token() == Some(&token(7)));
        remote.on_new(&new_cid(2, 2, 2)).unwrap();
        assert!(remote.reset_token() == Some(&token(2)));
    }

    fn with_spares(count: u8) -> RemoteCids {
        let mut remote = RemoteCids::new(cid(0), 8);
        for n in 1..=count {
            remote.on_new(&new_cid(n.into(), n, 0)).unwrap();
        }
        remote
    }

    #[test]
    fn another_path_has_an_id_for_itself_and_gives_it_back_for_good() {
        let mut remote = with_spares(2);
        let lease = remote.lend().unwrap();
        assert_eq!(remote.lent(lease), Some(&cid(2)), "1 may belong to a preferred address");
        assert_eq!(remote.active(), &cid(0));
        remote.end_lease(lease).unwrap();
        assert_eq!(remote.lent(lease), None);
        assert_eq!(remote.next_retirement(), Some(2));
        assert!(remote.lend().is_some() && remote.lend().is_none());
    }

    #[test]
    fn paths_that_change_places_take_their_ids_along() {
        let mut remote = with_spares(1);
        let lease = remote.lend().unwrap();
        let old = remote.exchange(lease).unwrap();
        assert_eq!((remote.active(), remote.lent(old)), (&cid(1), Some(&cid(0))));
        let back = remote.exchange(old).unwrap();
        assert_eq!((remote.active(), remote.lent(back)), (&cid(0), Some(&cid(1))));
        assert!(!remote.has_retirement());
    }

    #[test]
    fn a_lent_id_that_the_peer_retires_is_replaced() {
        let mut remote = with_spares(1);
        let lease = remote.lend().unwrap();
        remote.on_new(&new_cid(2, 2, 0)).unwrap();
        remote.on_new(&new_cid(3, 3, 2)).unwrap();
        let both = [*remote.active(), *remote.lent(lease).unwrap()];
        assert!(both.contains(&cid(2)) && both.contains(&cid(3)), "{both:?}");
        // The next demand leaves one for the path in use only.
        remote.on_new(&new_cid(4, 4, 4)).unwrap();
        assert_eq!((remote.active(), remote.lent(lease)), (&cid(4), None));
    }

    #[test]
    fn lent_ids_count_towards_the_limit() {
        let mut remote = RemoteCids::new(cid(0), 2);
        remote.on_new(&new_cid(1, 1, 0)).unwrap();
        remote.lend().unwrap();
        let error = remote.on_new(&new_cid(2, 2, 0)).unwrap_err();
        assert_eq!(code(error), TransportErrorCode::CONNECTION_ID_LIMIT_ERROR);
    }

    #[test]
    fn the_id_of_a_preferred_address_is_kept_for_it() {
        let mut remote = RemoteCids::new(cid(0), 8);
        assert!(remote.on_preferred(cid(1), token(1)));
        remote.on_new(&new_cid(2, 2, 0)).unwrap();
        let lease = remote.lend().unwrap();
        assert_eq!(remote.lent(lease), Some(&cid(2)));
        let preferred = remote.lend_preferred().unwrap();
        assert_eq!(remote.lent(preferred), Some(&cid(1)));
        assert!(!RemoteCids::new(ConnectionId::EMPTY, 8).on_preferred(cid(1), token(1)));
    }

    #[test]
    fn an_id_that_comes_late_is_a_spare() {
        let mut remote = with_spares(0);
        remote.on_new(&new_cid(2, 2, 0)).unwrap();
        remote.switch().unwrap();
        remote.on_new(&new_cid(1, 1, 0)).unwrap();
        assert_eq!(remote.active(), &cid(2));
        assert!(remote.switch().unwrap());
        assert_eq!(remote.active(), &cid(1));
    }
}
