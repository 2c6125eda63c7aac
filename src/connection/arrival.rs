//! Which path a datagram came on, when it is not the one in use.

use crate::path::amplification::Amplification;
use crate::path::{Addresses, Arrival, OtherPath, OtherPaths, PathHandle, Purpose};
use crate::time::Instant;
use crate::wire::frame::Frame;
use crate::wire::{ConnectionId, PacketNumber, Reader, Role};

use super::settings::Migration;
use super::{Connection, State};

impl Connection {
    /// Finds the path that a datagram of `len` bytes came on. Returns false if it is to be dropped.
    #[cold]
    pub(super) fn locate(&mut self, arrival: &Arrival, len: usize) -> bool {
        self.arrived_on = self.find_path(&arrival.addresses);
        if self.arrived_on == PathHandle::UNKNOWN {
            if self.role == Role::Client {
                // RFC 9000 section 9: servers do not move unasked.
                self.stats.packets_dropped += 1;
                self.arrived_on = PathHandle::ACTIVE;
                return false;
            }
            if self.state != State::Confirmed {
                // RFC 9000 section 9: nobody moves during the handshake. The datagram is run, but
                // answers go to where the handshake began.
                return true;
            }
        }
        let unknown = self.arrived_on == PathHandle::UNKNOWN;
        let others = self.other_paths();
        others.newcomer = unknown.then_some(arrival.addresses);
        others.uncounted = len;
        true
    }

    fn find_path(&self, addresses: &Addresses) -> PathHandle {
        let active = &self.path.addresses;
        let same_peer = active.same_peer(addresses);
        if same_peer && active.same_local(addresses) {
            return PathHandle::ACTIVE;
        }
        let other = self.others.as_deref().and_then(|others| others.find(addresses));
        match other {
            Some(handle) => handle,
            // A host that passes datagrams on between its own addresses is no other path; only a
            // preferred address is.
            None if same_peer && !self.came_to_preferred(addresses) => PathHandle::ACTIVE,
            None if self.came_from_home(addresses) => PathHandle::ACTIVE,
            None => PathHandle::UNKNOWN,
        }
    }

    /// True if a datagram came to the address that we told the client to prefer.
    fn came_to_preferred(&self, addresses: &Addresses) -> bool {
        let preferred = self.settings.preferred_address.as_ref();
        preferred.zip(addresses.local).is_some_and(|(preferred, local)| preferred.contains(&local))
    }

    /// True if a datagram came from where the server was first reached.
    fn came_from_home(&self, addresses: &Addresses) -> bool {
        let home = self.others.as_deref().and_then(|others| others.home);
        home.is_some_and(|home| addresses.same_peer(&Addresses { local: None, peer: home }))
    }

    /// The paths beside the one in use; the place for them is made if there was none.
    pub(super) fn other_paths(&mut self) -> &mut OtherPaths {
        let settled = self.path.addresses;
        self.others.get_or_insert_with(|| Box::new(OtherPaths::new(settled)))
    }

    /// A datagram that [`Connection::locate`] was asked about was run.
    #[cold]
    pub(super) fn leave_arrival(&mut self) {
        self.arrived_on = PathHandle::ACTIVE;
        let Some(others) = self.others.as_deref_mut() else { return };
        others.newcomer = None;
        others.uncounted = 0;
        // Where a preferred address was offered, every datagram is to be looked at.
        if others.is_empty() && self.settings.preferred_address.is_none() {
            self.others = None;
        }
    }

    /// An authentic packet came on another path. Returns false if it is not to be run.
    #[cold]
    pub(super) fn admit(&mut self, now: Instant, dcid: &ConnectionId) -> bool {
        if self.arrived_on == PathHandle::UNKNOWN {
            return self.state != State::Confirmed || self.may_move(dcid);
        }
        let forget_at = now + self.path_keep_time();
        let Some(others) = self.others.as_deref_mut() else { return true };
        let bytes = std::mem::take(&mut others.uncounted);
        if let Some(other) = others.get_mut(self.arrived_on) {
            other.path.amplification.on_received(bytes);
            other.forget_at = other.forget_at.max(forget_at);
        }
        true
    }

    /// True if we let the client send from a new address, to `dcid`.
    fn may_move(&self, dcid: &ConnectionId) -> bool {
        let newcomer = self.others.as_deref().and_then(|others| others.newcomer);
        match self.settings.migration {
            Migration::Allowed => true,
            // RFC 9000 section 9.6: a preferred address may always be moved to.
            _ if newcomer.is_some_and(|addresses| self.came_to_preferred(&addresses)) => true,
            // RFC 9000 section 9.5: who moves on purpose uses another connection ID.
            Migration::RebindingOnly => self.local_cids.is_in_use(dcid),
            Migration::Refused => false,
        }
    }

    /// The path that a challenge came on, to be answered there (RFC 9000 section 8.2.2). `None` if
    /// there are too many.
    pub(super) fn on_path_challenge(&mut self, now: Instant, dcid: &ConnectionId, data: [u8; 8]) {
        if self.arrived_on == PathHandle::UNKNOWN {
            self.adopt(now, dcid);
        }
        if self.arrived_on == PathHandle::ACTIVE {
            self.path.on_challenge(data);
        } else if let Some(others) = self.others.as_deref_mut() {
            if let Some(other) = others.get_mut(self.arrived_on) {
                other.path.on_challenge(data);
            }
        }
    }

    /// Makes a path of where the current datagram came from, and begins to validate it.
    fn adopt(&mut self, now: Instant, dcid: &ConnectionId) {
        let Some(others) = self.others.as_deref_mut() else { return };
        let Some(addresses) = others.newcomer.take() else { return };
        let bytes = std::mem::take(&mut others.uncounted);
        let mut amplification = Amplification::new(self.settings.anti_amplification_limit);
        if addresses.same_peer(&self.path.addresses) && self.path.amplification.is_validated() {
            amplification.validate();
        }
        amplification.on_received(bytes);
        // RFC 9000 section 9.5: a peer that took another connection ID of ours gets another one of
        // its own; one that did not, does not know that it moved.
        let moved = !self.local_cids.is_in_use(dcid);
        let lease = if moved { self.remote_cids.lend() } else { None };
        let mut path = self.new_path(addresses, amplification);
        if !path.amplification.is_validated() {
            path.begin_validation(now, self.validation_pto());
        }
        let forget_at = now + self.path_keep_time();
        let other = OtherPath { path, purpose: Purpose::Seen, lease, forget_at };
        self.add_path(now, other);
        self.arrived_on = self.find_path(&addresses);
    }

    /// Adds a path, and gives up another if there are too many. Returns false if none may go.
    pub(super) fn add_path(&mut self, now: Instant, other: OtherPath) -> bool {
        let addresses = other.path.addresses;
        let others = self.other_paths();
        let surplus = others.add(other);
        let added = others.find(&addresses).is_some();
        if let Some(surplus) = surplus {
            self.give_up_path(now, &surplus);
        }
        self.arm_path_timer();
        added
    }

    /// A packet with this number and payload, which came on another path, was run: the peer may
    /// have moved there.
    #[cold]
    pub(super) fn after_packet_elsewhere(
        &mut self,
        now: Instant,
        number: PacketNumber,
        dcid: &ConnectionId,
        payload: &[u8],
    ) {
        // RFC 9000 section 9.3: only the highest-numbered non-probing packet tells where the peer
        // is; and servers do not move.
        let newest = self.data.received.largest() == Some(number);
        if self.role == Role::Client || self.state != State::Confirmed || !newest {
            return;
        }
        if is_probing(payload) {
            return;
        }
        if self.arrived_on == PathHandle::UNKNOWN {
            self.adopt(now, dcid);
        }
        if self.arrived_on != PathHandle::ACTIVE && self.arrived_on != PathHandle::UNKNOWN {
            self.follow_peer(now, self.arrived_on);
            self.local_cids.note_use(dcid);
            self.arrived_on = PathHandle::ACTIVE;
        }
    }
}

/// True if a payload holds nothing but probing frames (RFC 9000 section 9.1).
fn is_probing(payload: &[u8]) -> bool {
    let mut reader = Reader::new(payload);
    while !reader.is_empty() {
        match Frame::decode(&mut reader) {
            Ok(frame) if frame.frame_type().is_probing() => {}
            _ => return false,
        }
    }
    true
}
