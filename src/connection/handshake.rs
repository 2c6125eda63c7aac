//! Drives TLS: CRYPTO bytes in and out, keys installed and discarded, completion.

use crate::error::TransportError;
use crate::recovery::Space;
use crate::time::Instant;
use crate::tls::{InitialSecrets, Level, MessageKind, Secret, TlsEvent};
use crate::wire::{ConnectionId, Role};

use super::event::Event;
use super::keys::DirectionKeys;
use super::{Connection, State};

/// What follows from an event of TLS.
enum Consequence {
    /// Nothing.
    None,
    /// Packets may be readable that were not before.
    Readable,
    /// TLS waited for an answer and has it: it can take another step.
    Answered,
}

impl Connection {
    /// Feeds TLS with what arrived and takes over what comes out.
    pub(super) fn advance_handshake(&mut self, now: Instant) {
        if let Err(error) = self.try_advance(now) {
            self.close_on_error(now, error);
            self.note_failure(error.code);
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

    /// The application has installed a certificate with [`crate::tls::Session::use_certificate`],
    /// or leaves the configured one; the answer to [`Event::CertificateWanted`].
    pub fn certificate_chosen(&mut self, now: Instant) {
        if !self.state.is_open() {
            return;
        }
        self.tls.certificate_chosen();
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
        let mut outcome = self.tls.advance();
        // Also after a failure: an alert may come with bytes to send and lines to log.
        let mut readable = false;
        while let Some(event) = self.tls.poll_event() {
            match self.on_tls_event(event)? {
                Consequence::None => {}
                Consequence::Readable => readable = true,
                Consequence::Answered => outcome = self.tls.advance(),
            }
        }
        outcome?;
        self.announce_protocol();
        self.apply_peer_parameters(now)?;
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

    /// Acts on one event of TLS.
    fn on_tls_event(&mut self, event: TlsEvent) -> Result<Consequence, TransportError> {
        match event {
            TlsEvent::HandshakeData { level, data } => self.queue_crypto(level, &data),
            TlsEvent::WriteSecret { level, secret } => self.install_write_key(level, secret),
            TlsEvent::ReadSecret { level, secret } => {
                self.install_read_key(level, secret);
                return Ok(Consequence::Readable);
            }
            TlsEvent::KeyLog(line) => self.events.push_back(Event::KeyLog(line)),
            TlsEvent::SessionTicket(ticket) => {
                self.events.push_back(Event::SessionTicket(ticket));
            }
            TlsEvent::VerifyCertificate { chain } => {
                self.events.push_back(Event::VerifyCertificate(chain));
            }
            TlsEvent::EarlyDataRejected => self.take_back_early_data(),
            TlsEvent::CertificateWanted { server_name, alpn } => {
                return Ok(self.ask_for_certificate(server_name, alpn));
            }
            TlsEvent::Message { kind, bytes } => {
                if kind == MessageKind::ServerHello {
                    // The protocol was selected before this was written.
                    self.announce_protocol();
                }
                self.events.push_back(Event::HandshakeMessage { kind, bytes });
            }
            TlsEvent::ClientParameters(client) => {
                self.choose_version(&client)?;
                return Ok(Consequence::Answered);
            }
            // Completion is asked for after each step.
            TlsEvent::HandshakeComplete => {}
        }
        Ok(Consequence::None)
    }

    fn queue_crypto(&mut self, level: Level, data: &[u8]) {
        self.forget_offer(level);
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
        let secret = self.as_agreed(level, secret);
        let version = self.version;
        self.trace_key_installed(level, true);
        match level {
            Level::OneRtt => {
                self.keys.set_local(secret, self.settings.key_update_threshold);
                self.discard_early_write_keys();
            }
            Level::EarlyData => self.install_early_key(&secret),
            Level::Handshake => {
                if let Some(space) = self.early_space(Space::Handshake) {
                    space.local = Some(DirectionKeys::new(&secret, version));
                }
            }
            Level::Initial => {}
        }
    }

    fn install_read_key(&mut self, level: Level, secret: Secret) {
        let secret = self.as_agreed(level, secret);
        let version = self.version;
        self.trace_key_installed(level, false);
        match level {
            Level::OneRtt => self.keys.set_remote(&secret),
            Level::EarlyData => self.install_early_key(&secret),
            Level::Handshake => {
                if let Some(space) = self.early_space(Space::Handshake) {
                    space.remote = Some(DirectionKeys::new(&secret, version));
                }
            }
            Level::Initial => {}
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
        let announced = self.early.as_deref().is_none_or(|early| early.protocol_announced);
        if !announced {
            if let Some(protocol) = self.tls.alpn().map(<[u8]>::to_vec) {
                self.announce(protocol);
            }
        }
    }

    fn announce(&mut self, protocol: Vec<u8>) {
        let Some(early) = self.early.as_deref_mut() else { return };
        if !std::mem::replace(&mut early.protocol_announced, true) {
            self.trace_alpn(&protocol);
            self.events.push_back(Event::ProtocolSelected(protocol));
        }
    }

    /// The host may choose a certificate. It hears of the protocol before, which TLS selects only
    /// afterwards.
    fn ask_for_certificate(&mut self, server_name: Vec<u8>, alpn: Option<Vec<u8>>) -> Consequence {
        match alpn {
            Some(protocol) => {
                self.announce(protocol);
                self.events.push_back(Event::CertificateWanted(server_name));
                Consequence::None
            }
            // The handshake is going to fail; there is no connection to ask the host about.
            None => {
                self.tls.certificate_chosen();
                Consequence::Answered
            }
        }
    }

    fn on_handshake_complete(&mut self, now: Instant) {
        self.set_state(State::Complete);
        self.stats.milestones.handshake_complete = Some(now);
        self.events.push_back(Event::HandshakeComplete);
        self.restart_idle_timer(now);
        self.end_early_data(now);
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
        if self.settings.adaptive_acks {
            self.data.received.thin_acks_later();
        }
        self.events.push_back(Event::HandshakeConfirmed);
    }

    /// Drops what only the handshake needed.
    fn forget_handshake(&mut self, now: Instant) {
        self.retry_undecryptable(now);
        let preferred = self.early.take().and_then(|early| early.preferred);
        self.tls.shed();
        self.start_mtu_search(now);
        if let Some(preferred) = preferred {
            self.try_preferred_address(now, &preferred);
        }
    }
}

/// Which TLS level the CRYPTO bytes of a space belong to.
const LEVELS: [(Space, Level); 3] = [
    (Space::Initial, Level::Initial),
    (Space::Handshake, Level::Handshake),
    (Space::Application, Level::OneRtt),
];
