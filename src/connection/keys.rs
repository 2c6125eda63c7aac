//! The packet-protection keys of a connection, level by level.

use crate::error::{TransportError, TransportErrorCode};
use crate::tls::{HeaderKey, PacketKey, Secret};
use crate::wire::{PacketNumber, Version};

/// A key update begins when so small a part of what a key may seal is left: one in sixteen, which
/// gives the peer thousands of packets to follow.
const UPDATE_MARGIN: u64 = 16;

/// The keys of one direction at one encryption level.
pub struct DirectionKeys {
    /// Protects the packet's payload.
    pub packet: PacketKey,
    /// Protects the packet number.
    pub header: HeaderKey,
}

impl DirectionKeys {
    /// Derives both keys from a traffic secret.
    pub fn new(secret: &Secret, version: Version) -> Self {
        Self { packet: PacketKey::new(secret, version), header: HeaderKey::new(secret, version) }
    }
}

/// Protection of the 1-RTT packets we send. The header key lives as long as the connection
/// (RFC 9001 section 6).
struct WriteKeys {
    header: HeaderKey,
    current: PacketKey,
    /// What `current` was made from, and the next one grows from.
    secret: Secret,
}

impl WriteKeys {
    fn new(secret: Secret, version: Version) -> Self {
        let DirectionKeys { packet, header } = DirectionKeys::new(&secret, version);
        Self { header, current: packet, secret }
    }

    fn update(&mut self, version: Version) {
        self.secret = self.secret.next_generation(version);
        self.current = PacketKey::new(&self.secret, version);
    }
}

/// Protection of the 1-RTT packets we receive.
struct ReadKeys {
    header: HeaderKey,
    current: PacketKey,
    /// Made in advance, so that timing does not tell a key update (RFC 9001 section 6.3).
    next: PacketKey,
    /// What `next` was made from, and the one after grows from.
    next_secret: Secret,
}

impl ReadKeys {
    fn new(secret: &Secret, version: Version) -> Self {
        let DirectionKeys { packet, header } = DirectionKeys::new(secret, version);
        let next_secret = secret.next_generation(version);
        let next = PacketKey::new(&next_secret, version);
        Self { header, current: packet, next, next_secret }
    }

    /// Moves on by one generation and returns the key that was in use.
    fn update(&mut self, version: Version) -> PacketKey {
        self.next_secret = self.next_secret.next_generation(version);
        let after = PacketKey::new(&self.next_secret, version);
        let next = std::mem::replace(&mut self.next, after);
        std::mem::replace(&mut self.current, next)
    }
}

/// Which read key a 1-RTT packet needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadKey {
    /// The one of the current phase.
    Current,
    /// The one before: the packet was overtaken by a key update.
    Previous,
    /// The one to come: the peer updates its keys, if the packet authenticates.
    Next,
}

/// Keys for 1-RTT packets and the state of key updates (RFC 9001 section 6).
pub struct OneRttKeys {
    version: Version,
    local: Option<Box<WriteKeys>>,
    remote: Option<Box<ReadKeys>>,
    /// The read key before the last update, for packets that come late.
    previous: Option<Box<PacketKey>>,
    /// The key phase bit of both directions.
    phase: bool,
    /// Keys were updated at least once.
    updated: bool,
    /// The lowest number that was received under the current read key.
    first_received: Option<PacketNumber>,
    /// The first number that was sent under the current write key.
    first_sent: Option<PacketNumber>,
    /// An ACK of ours, under the current write key, named a packet of the current read key.
    answered: bool,
    /// Packets sealed with the current write key.
    sealed: u64,
    /// How many it may seal (RFC 9001 section 6.6); zero without a key.
    seal_limit: u64,
    /// After how many it should be updated.
    update_after: u64,
    /// Packets that failed to authenticate, over all keys of the connection.
    failures: u64,
}

impl OneRttKeys {
    /// No keys yet.
    pub fn new(version: Version) -> Self {
        Self {
            version,
            local: None,
            remote: None,
            previous: None,
            phase: false,
            updated: false,
            first_received: None,
            first_sent: None,
            answered: false,
            sealed: 0,
            seal_limit: 0,
            update_after: u64::MAX,
            failures: 0,
        }
    }

    /// Keys that are installed from here on are of another version.
    pub fn set_version(&mut self, version: Version) {
        self.version = version;
    }

    /// Installs the write key. It is updated after `threshold` packets, zero for as many as it may
    /// seal.
    pub fn set_local(&mut self, secret: Secret, threshold: u64) {
        let local = WriteKeys::new(secret, self.version);
        self.seal_limit = local.current.confidentiality_limit();
        let wear = self.seal_limit - self.seal_limit / UPDATE_MARGIN;
        self.update_after = if threshold == 0 { wear } else { threshold.min(wear) };
        self.local = Some(Box::new(local));
    }

    /// Installs the read key.
    pub fn set_remote(&mut self, secret: &Secret) {
        self.remote = Some(Box::new(ReadKeys::new(secret, self.version)));
    }

    /// True if packets can be sealed: there is a key, and it is not used up.
    #[inline]
    pub fn can_seal(&self) -> bool {
        self.sealed < self.seal_limit
    }

    /// How many packets the current write key may still seal (RFC 9001 section 6.6).
    #[inline]
    pub fn left_to_seal(&self) -> u64 {
        self.seal_limit.saturating_sub(self.sealed)
    }

    /// True if so many packets were sealed that the key should be updated.
    #[inline]
    pub fn is_worn(&self) -> bool {
        self.sealed >= self.update_after
    }

    /// The key phase bit to send.
    #[inline]
    pub fn phase(&self) -> bool {
        self.phase
    }

    /// The keys to seal packet `number` with; counts it as sealed.
    #[inline]
    pub fn seal_keys(&mut self, number: PacketNumber) -> Option<(&PacketKey, &HeaderKey)> {
        let local = self.local.as_deref()?;
        self.sealed += 1;
        self.first_sent.get_or_insert(number);
        Some((&local.current, &local.header))
    }

    /// The key that removes header protection from received packets.
    #[inline]
    pub fn remote_header(&self) -> Option<&HeaderKey> {
        Some(&self.remote.as_deref()?.header)
    }

    /// True until the first packet of the current phase has come.
    #[inline]
    pub fn is_update_unsettled(&self) -> bool {
        self.first_received.is_none()
    }

    /// Which key a packet with this phase bit and number needs.
    #[inline]
    pub fn select(&self, phase: bool, number: PacketNumber) -> ReadKey {
        if phase == self.phase {
            return ReadKey::Current;
        }
        // Before an update's first packet has come, and below it, the other phase is the one
        // before; otherwise the one to come (RFC 9001 section 6.3).
        let overtaken = self.first_received.is_none_or(|first| number < first);
        if overtaken && self.previous.is_some() {
            ReadKey::Previous
        } else {
            ReadKey::Next
        }
    }

    /// The read key that [`OneRttKeys::select`] named.
    #[inline]
    pub fn open_key(&self, which: ReadKey) -> Option<&PacketKey> {
        let remote = self.remote.as_deref()?;
        match which {
            ReadKey::Current => Some(&remote.current),
            ReadKey::Next => Some(&remote.next),
            ReadKey::Previous => self.previous.as_deref(),
        }
    }

    /// A packet authenticated under `which`. Returns true if that made a key update complete or
    /// begin, in which case the previous read key is to be dropped after a while.
    pub fn on_opened(
        &mut self,
        which: ReadKey,
        number: PacketNumber,
    ) -> Result<bool, TransportError> {
        match which {
            ReadKey::Previous => Ok(false),
            ReadKey::Current => {
                let followed = self.first_received.is_none() && self.previous.is_some();
                self.first_received.get_or_insert(number);
                Ok(followed)
            }
            ReadKey::Next => {
                // RFC 9001 section 6.2: a peer updates again only after it got an
                // acknowledgement for the phase before, under our keys of that phase.
                if self.updated && !self.answered {
                    return Err(update_error("key update before the last was answered"));
                }
                self.rotate();
                self.first_received = Some(number);
                Ok(true)
            }
        }
    }

    /// An ACK up to `largest` leaves under the current write key.
    #[inline]
    pub fn on_ack_sent(&mut self, largest: PacketNumber) {
        if !self.answered {
            self.answered = self.first_received.is_some_and(|first| largest >= first);
        }
    }

    /// An ACK up to `largest` came under the read key before the current one. RFC 9001
    /// section 6.2: whoever has seen packets of the new phase answers under the new keys.
    pub fn check_late_ack(&self, largest: PacketNumber) -> Result<(), TransportError> {
        match self.first_sent {
            Some(first) if largest >= first => {
                Err(update_error("ACK of a new phase under old keys"))
            }
            _ => Ok(()),
        }
    }

    /// Begins a key update. The caller has checked [`OneRttKeys::may_update`].
    pub fn update(&mut self) {
        self.rotate();
        self.first_received = None;
    }

    /// True if an update may begin: the last update is over and a packet of this phase was
    /// acknowledged (RFC 9001 section 6.1).
    pub fn may_update(&self, largest_acked: Option<PacketNumber>) -> bool {
        let acked = self.first_sent.is_some_and(|first| largest_acked >= Some(first));
        self.previous.is_none() && self.local.is_some() && self.remote.is_some() && acked
    }

    fn rotate(&mut self) {
        let version = self.version;
        if let (Some(local), Some(remote)) = (&mut self.local, &mut self.remote) {
            local.update(version);
            self.previous = Some(Box::new(remote.update(version)));
            self.phase = !self.phase;
            self.updated = true;
            self.first_sent = None;
            self.answered = false;
            self.sealed = 0;
        }
    }

    /// Forgets the read key of the phase before.
    pub fn discard_previous(&mut self) {
        self.previous = None;
    }

    /// A packet, of whatever level, failed to authenticate. An error once the AEAD's integrity
    /// limit is reached (RFC 9001 section 6.6).
    pub fn on_open_failure(&mut self) -> Result<(), TransportError> {
        self.failures += 1;
        let limit = self.remote.as_deref().map_or(u64::MAX, |r| r.current.integrity_limit());
        if self.failures > limit {
            let code = TransportErrorCode::AEAD_LIMIT_REACHED;
            return Err(TransportError::new(code, "integrity limit reached"));
        }
        Ok(())
    }

    /// Pretends that packets were sealed or failed to authenticate, for tests of the limits.
    #[cfg(test)]
    pub fn pretend(&mut self, left_to_seal: u64, failures: u64) {
        self.sealed = self.seal_limit - left_to_seal;
        self.failures = failures;
    }
}

#[cold]
fn update_error(reason: &'static str) -> TransportError {
    TransportError::new(TransportErrorCode::KEY_UPDATE_ERROR, reason)
}
