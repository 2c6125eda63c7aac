//! The connection moves to another path (RFC 9000 section 9).

use std::net::SocketAddr;

use crate::error::{TransportError, TransportErrorCode};
use crate::path::amplification::Amplification;
use crate::path::cids::Lease;
use crate::path::{Addresses, OtherPath, OtherPaths, Path, PathHandle, Purpose};
use crate::time::Instant;
use crate::wire::transport_parameters::PreferredAddress;
use crate::wire::Role;

use super::create::path_from;
use super::event::{CloseReason, Event};
use super::{Connection, State, Timer};

/// Why a client cannot move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MigrateError {
    /// It is no client, or its handshake is not confirmed (RFC 9000 section 9).
    NotNow,
    /// The server has sent disable_active_migration.
    Forbidden,
    /// The server has given no connection ID to spare (RFC 9000 section 9.5).
    NoConnectionId,
    /// Too many paths are being tried already.
    TooManyPaths,
}

impl Connection {
    /// A path to be tried.
    pub(super) fn new_path(&mut self, addresses: Addresses, amplification: Amplification) -> Path {
        let largest = u64::from(self.settings.max_datagram_size);
        let size = largest.min(self.peer.max_udp_payload_size) as u16;
        let controller = self.settings.controller.make(size);
        let mut path = path_from(&self.settings, addresses, controller, amplification);
        path.max_datagram_size = size;
        self.dress_path(&mut path);
        path
    }

    /// Begins to move a client to another address of its own. The new path is validated first,
    /// with a connection ID of its own; until then everything goes on as it was, and if it fails
    /// nothing changes.
    ///
    /// # Errors
    ///
    /// See [`MigrateError`].
    pub fn migrate(&mut self, now: Instant, local: SocketAddr) -> Result<(), MigrateError> {
        if self.role == Role::Server || self.state != State::Confirmed {
            return Err(MigrateError::NotNow);
        }
        if self.peer.disable_active_migration {
            return Err(MigrateError::Forbidden);
        }
        let addresses = Addresses { local: Some(local), peer: self.path.addresses.peer };
        if self.path.addresses == addresses || self.want_again(now, &addresses) {
            return Ok(());
        }
        // RFC 9000 section 9.5: never the same connection ID from two addresses.
        let lease = match self.remote_cids.is_zero_length() {
            true => None,
            false => Some(self.remote_cids.lend().ok_or(MigrateError::NoConnectionId)?),
        };
        self.want_path(now, addresses, lease).then_some(()).ok_or(MigrateError::TooManyPaths)
    }

    /// The server would rather be reached elsewhere: kept until the handshake is confirmed.
    pub(super) fn note_preferred_address(
        &mut self,
        preferred: &PreferredAddress,
    ) -> Result<(), TransportError> {
        if !self.remote_cids.on_preferred(preferred.cid, preferred.reset_token) {
            // RFC 9000 section 18.2.
            let code = TransportErrorCode::TRANSPORT_PARAMETER_ERROR;
            return Err(TransportError::new(code, "preferred address without connection IDs"));
        }
        if let Some(early) = self.early.as_deref_mut() {
            early.preferred = Some(*preferred);
        }
        Ok(())
    }

    /// Begins to move a client to where the server prefers to be reached (RFC 9000 section 9.6).
    pub(super) fn try_preferred_address(&mut self, now: Instant, preferred: &PreferredAddress) {
        let Addresses { local, peer } = self.path.addresses;
        let peer = match peer {
            SocketAddr::V4(_) => preferred.ipv4.map(SocketAddr::from),
            SocketAddr::V6(_) => preferred.ipv6.map(SocketAddr::from),
        };
        let Some(peer) = peer else { return };
        let addresses = Addresses { local, peer };
        if addresses.same_peer(&self.path.addresses) {
            return;
        }
        if let Some(lease) = self.remote_cids.lend_preferred() {
            self.want_path(now, addresses, Some(lease));
        }
    }

    /// Moves to a path that is still known. Returns false if none is.
    fn want_again(&mut self, now: Instant, addresses: &Addresses) -> bool {
        let pto = self.validation_pto();
        let Some(others) = self.others.as_deref_mut() else { return false };
        let handle = others.find(addresses);
        let Some(other) = handle.and_then(|handle| others.get_mut(handle)) else { return false };
        if other.purpose != Purpose::Wanted {
            // It has left use, but not its connection ID: that was seen from there only.
            other.purpose = Purpose::Wanted;
            other.path.begin_validation(now, pto);
            self.arm_path_timer();
        }
        true
    }

    fn want_path(&mut self, now: Instant, addresses: Addresses, lease: Option<Lease>) -> bool {
        let mut path = self.new_path(addresses, Amplification::unlimited());
        path.begin_validation(now, self.validation_pto());
        let forget_at = now + self.path_keep_time();
        self.add_path(now, OtherPath { path, purpose: Purpose::Wanted, lease, forget_at })
    }

    /// The path a client wanted is validated: everything goes there now.
    pub(super) fn move_to(&mut self, now: Instant, handle: PathHandle) {
        let before = self.path.addresses.peer;
        self.change_path(now, handle);
        if self.path.addresses.peer != before {
            // RFC 9000 section 18.2: disable_active_migration is about the first address only.
            self.peer.disable_active_migration = false;
            self.other_paths().home.get_or_insert(before);
        }
        // RFC 9000 section 9.2: a packet that does not only probe tells the server.
        self.ping();
        self.settle_path(now);
    }

    /// The peer sends from another address now (RFC 9000 section 9.3).
    pub(super) fn follow_peer(&mut self, now: Instant, handle: PathHandle) {
        let pto = self.validation_pto();
        self.change_path(now, handle);
        let settled = self.others.as_deref().map(|others| others.settled.peer);
        self.stats.rebinds += u64::from(settled != Some(self.path.addresses.peer));
        if self.path.amplification.is_validated() && !self.path.is_validating() {
            self.settle_path(now);
        } else {
            if !self.path.is_validating() {
                self.path.begin_validation(now, pto);
            }
            // RFC 9000 section 9.3.3: if somebody only pretends that the peer has moved, it hears
            // of it at its old address.
            let left = self.others.as_deref_mut().and_then(|others| others.get_mut(handle));
            if let Some(left) = left.filter(|left| left.purpose == Purpose::Former) {
                left.path.begin_validation(now, pto);
            }
        }
        self.arm_path_timer();
    }

    /// The path behind `handle` comes into use; the one that was keeps its place.
    fn change_path(&mut self, now: Instant, handle: PathHandle) {
        let keep = self.path_keep_time();
        let Some(others) = self.others.as_deref_mut() else { return };
        let Some(other) = others.get_mut(handle) else { return };
        // RFC 9000 section 9.4: behind another port is most likely the same path.
        let same_route = self.path.addresses.differ_in_peer_port_only(&other.path.addresses);
        self.path.change_places(&mut other.path, same_route);
        if other.purpose == Purpose::Former {
            // It was proven when it was in use. The challenge that went there since only woke the
            // peer up.
            self.path.end_validation();
        }
        other.lease = other.lease.and_then(|lease| self.remote_cids.exchange(lease));
        if other.lease.is_some() {
            // RFC 9000 section 17.4: another connection ID.
            self.path.spin.restart();
        }
        let proven = other.path.amplification.is_validated() && !other.path.is_validating();
        other.purpose = if proven { Purpose::Former } else { Purpose::Seen };
        other.forget_at = now + keep;
        if !same_route {
            self.data.sent.change_path();
            self.path.bytes_in_flight = 0;
            other.path.bytes_in_flight = 0;
            self.start_mtu_search(now);
        }
        self.path.pto_count = 0;
        self.path.update_pacing_rate();
        self.timers.clear(Timer::Pacing);
        self.loss_timer_stale = true;
        self.fit_write_ahead();
        self.arm_path_timer();
    }

    /// The path in use is validated: the host hears of it, and the one before is kept for what is
    /// still under way.
    pub(super) fn settle_path(&mut self, now: Instant) {
        let forget_at = now + self.path_keep_time();
        let Some(others) = self.others.as_deref_mut() else { return };
        for other in others.iter_mut().filter(|other| other.purpose == Purpose::Former) {
            other.forget_at = forget_at;
        }
        let before = std::mem::replace(&mut others.settled, self.path.addresses);
        if before.peer != self.path.addresses.peer {
            self.stats.rebinds_validated += 1;
            self.events.push_back(Event::PeerAddressChanged);
        }
        self.arm_path_timer();
    }

    /// The path in use could not be validated: back to the last that was (RFC 9000 section 9.3.2).
    pub(super) fn on_active_path_failed(&mut self, now: Instant) {
        let fallback = self.others.as_deref().and_then(OtherPaths::fallback);
        let Some(handle) = fallback else {
            self.end(CloseReason::NoViablePath);
            return;
        };
        self.change_path(now, handle);
        if let Some(failed) = self.others.as_deref_mut().and_then(|others| others.remove(handle)) {
            self.give_up_path(now, &failed);
        }
        self.settle_path(now);
    }

    /// Nothing can be sent to `peer`: the host's socket is broken. The path goes, and the
    /// connection with it if it was the only one.
    pub fn on_socket_error(&mut self, now: Instant, peer: &SocketAddr) {
        if self.path.addresses.peer == *peer {
            let fallback = self.others.as_deref().and_then(OtherPaths::fallback);
            match fallback {
                Some(_) => self.on_active_path_failed(now),
                None => self.end(CloseReason::PathLost),
            }
            return;
        }
        let gone = self.others.as_deref_mut().and_then(|others| {
            let handle = others.find_peer(peer)?;
            others.remove(handle)
        });
        if let Some(gone) = gone {
            self.give_up_path(now, &gone);
        }
        self.arm_path_timer();
    }

    /// The addresses of the path in use, or while that is being validated those of the last path
    /// that was: what the host is told.
    pub fn settled_addresses(&self) -> &Addresses {
        match self.others.as_deref() {
            Some(others) if self.path.is_validating() => &others.settled,
            _ => &self.path.addresses,
        }
    }
}
