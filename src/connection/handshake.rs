//! Drives TLS: CRYPTO bytes in and out, keys installed and discarded, completion, Retry.

use crate::error::TransportError;
use crate::recovery::Space;
use crate::time::Instant;
use crate::tls::{retry_integrity_tag, InitialSecrets, Level, Secret, TlsEvent};
use crate::wire::{ConnectionId, Role, Version};

use super::event::{CloseReason, Event};
use super::keys::DirectionKeys;
use super::{Connection, State};

impl Connection {
    /// Feeds TLS with what arrived and takes over what comes out.
    pub(super) fn advance_handshake(&mut self, now: Instant) {
        if let Err(error) = self.try_advance(now) {
            self.close_on_error(now, error);
        }
        if self.state == State::Confirmed && self.early.is_some() {
            self.forget_handshake(now);
        }
    }

    /// The application has judged the peer's certificate; the answer to
    /// [`Event::VerifyCertificate`].
    pub fn certificate_verified(&mut self, now: Instant, ok: bool) {
        if !self.state.is_open() {
            return;
        }
        self.tls.certificate_verified(ok);
        if let Err(error) = self.run_tls(now) {
            self.close_on_error(now, error);
            return;
        }
        self.advance_handshake(now);
    }

    fn try_advance(&mut self, now: Instant) -> Result<(), TransportError> {
        loop {
            let fed = self.feed_tls()?;
            if !fed {
                return Ok(());
            }
            self.run_tls(now)?;
        }
    }

    /// Lets TLS take a step and acts on its events.
    pub(super) fn run_tls(&mut self, now: Instant) -> Result<(), TransportError> {
        let outcome = self.tls.advance();
        // Also after a failure: an alert may come with bytes to send and lines to log.
        let mut readable = false;
        while let Some(event) = self.tls.poll_event() {
            readable |= self.on_tls_event(event);
        }
        outcome?;
        self.apply_peer_parameters()?;
        self.announce_protocol();
        if self.state == State::Handshaking && self.tls.is_handshake_complete() {
            self.on_handshake_complete(now);
            readable = true;
        }
        if readable {
            self.retry_undecryptable(now);
        }
        Ok(())
    }

    /// Gives TLS the contiguous CRYPTO bytes of every level. Returns true if there were any.
    fn feed_tls(&mut self) -> Result<bool, TransportError> {
        let mut fed = false;
        for (id, level) in LEVELS {
            let Self { early, data, tls, .. } = self;
            let crypto = match id {
                Space::Application => &mut data.crypto,
                Space::Initial => match early.as_deref_mut().and_then(|e| e.initial.as_mut()) {
                    Some(early) => &mut early.space.crypto,
                    None => continue,
                },
                Space::Handshake => match early.as_deref_mut().and_then(|e| e.handshake.as_mut()) {
                    Some(early) => &mut early.space.crypto,
                    None => continue,
                },
            };
            while let Some(outcome) = crypto.read(|piece| tls.provide(level, piece)) {
                outcome?;
                fed = true;
            }
        }
        Ok(fed)
    }

    /// Acts on one event of TLS. Returns true if packets may be readable that were not before.
    fn on_tls_event(&mut self, event: TlsEvent) -> bool {
        match event {
            TlsEvent::HandshakeData { level, data } => self.queue_crypto(level, &data),
            TlsEvent::WriteSecret { level, secret } => self.install_write_key(level, secret),
            TlsEvent::ReadSecret { level, secret } => {
                self.install_read_key(level, secret);
                return true;
            }
            TlsEvent::KeyLog(line) => self.events.push_back(Event::KeyLog(line)),
            TlsEvent::SessionTicket(ticket) => {
                self.events.push_back(Event::SessionTicket(ticket));
            }
            TlsEvent::VerifyCertificate { chain } => {
                self.events.push_back(Event::VerifyCertificate(chain));
            }
            // Completion is asked for after each step; the others are not switched on.
            TlsEvent::HandshakeComplete
            | TlsEvent::EarlyDataRejected
            | TlsEvent::CertificateWanted { .. }
            | TlsEvent::Message { .. } => {}
        }
        false
    }

    fn queue_crypto(&mut self, level: Level, data: &[u8]) {
        let id = match level {
            Level::Initial => Space::Initial,
            Level::Handshake => Space::Handshake,
            Level::OneRtt => Space::Application,
            // RFC 9001 section 8.3: nothing of TLS travels in 0-RTT packets.
            Level::EarlyData => return,
        };
        if let Some(space) = self.space(id) {
            space.crypto.write(data);
        }
    }

    fn install_write_key(&mut self, level: Level, secret: Secret) {
        let version = self.version;
        match level {
            Level::OneRtt => self.keys.set_local(secret),
            Level::Handshake => {
                if let Some(space) = self.early_space(Space::Handshake) {
                    space.local = Some(DirectionKeys::new(&secret, version));
                }
            }
            Level::Initial | Level::EarlyData => {}
        }
    }

    fn install_read_key(&mut self, level: Level, secret: Secret) {
        let version = self.version;
        match level {
            Level::OneRtt => self.keys.set_remote(secret),
            Level::Handshake => {
                if let Some(space) = self.early_space(Space::Handshake) {
                    space.remote = Some(DirectionKeys::new(&secret, version));
                }
            }
            Level::Initial | Level::EarlyData => {}
        }
    }

    /// Makes the Initial keys from the client's destination connection ID (RFC 9001 section 5.2).
    pub(super) fn install_initial_keys(&mut self, dcid: &ConnectionId) {
        let secrets = InitialSecrets::new(self.version, dcid.as_slice());
        let (local, remote) = match self.role {
            Role::Client => (secrets.client, secrets.server),
            Role::Server => (secrets.server, secrets.client),
        };
        let version = self.version;
        if let Some(space) = self.early_space(Space::Initial) {
            space.local = Some(DirectionKeys::new(&local, version));
            space.remote = Some(DirectionKeys::new(&remote, version));
        }
    }

    /// Tells the application once which protocol it speaks.
    fn announce_protocol(&mut self) {
        let Some(early) = self.early.as_deref_mut() else { return };
        if !early.protocol_announced && self.tls.alpn().is_some() {
            early.protocol_announced = true;
            self.events.push_back(Event::ProtocolSelected);
        }
    }

    fn on_handshake_complete(&mut self, now: Instant) {
        self.set_state(State::Complete);
        self.events.push_back(Event::HandshakeComplete);
        self.restart_idle_timer(now);
        self.request_connection_ids();
        if self.role == Role::Server {
            // RFC 9001 section 4.1.2: for a server complete is confirmed.
            self.handshake_done_due = true;
            self.confirm_handshake();
        }
    }

    /// The peer is known to have finished the handshake.
    pub(super) fn confirm_handshake(&mut self) {
        if !self.state.may_become(State::Confirmed) {
            return;
        }
        self.set_state(State::Confirmed);
        // RFC 9001 section 4.9.2.
        self.discard_space(Space::Initial);
        self.discard_space(Space::Handshake);
        self.events.push_back(Event::HandshakeConfirmed);
    }

    /// Drops what only the handshake needed.
    fn forget_handshake(&mut self, now: Instant) {
        self.retry_undecryptable(now);
        self.early = None;
        self.tls.shed();
    }

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

/// Which TLS level the CRYPTO bytes of a space belong to.
const LEVELS: [(Space, Level); 3] = [
    (Space::Initial, Level::Initial),
    (Space::Handshake, Level::Handshake),
    (Space::Application, Level::OneRtt),
];
