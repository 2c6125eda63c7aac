//! Address validation tokens of a server (RFC 9000 section 8.1): made, told apart, judged.
//!
//! A token is sealed under one of the host's keys, whose index stands in its first byte: every
//! process that shares the keys judges it alike, and keys can be replaced one by one while tokens
//! of the others stay good. There are two kinds, and neither passes for the other: that of a Retry,
//! and that of NEW_TOKEN.
//!
//! Nothing is stored about tokens that were handed out. What bounds the reuse of one is its address,
//! its lifetime, and [`MAX_USES`] in each process.

mod new_token;
mod retry_token;

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use crate::random::Random;
use crate::time::{Duration, Instant};
use crate::tls::sealing::NONCE_LEN;
use crate::tls::SealingKey;
use crate::wire::{ConnectionId, Version};

use super::tally::Tally;

/// How many keys there are; the index of one is two bits of a token's first byte.
pub const KEYS: usize = 4;

/// How often one token of NEW_TOKEN is believed in [`USE_WINDOW`]: enough for a client that opens
/// some connections at a time, and little for one that replays it from a forged address
/// (RFC 9000 section 8.1.4).
const MAX_USES: u8 = 10;

/// The span that uses of a token are counted over.
const USE_WINDOW: Duration = Duration::from_secs(60);

/// How far a clock of another machine may be ahead of ours, in seconds.
const CLOCK_SKEW: u64 = 30;

/// The upper bits of the first byte: this form of token.
const FORM: u8 = 0b0101_0000;

/// Bit of the first byte: the token of a Retry.
const RETRY: u8 = 0b100;

/// Bits of the first byte: which key.
const KEY_INDEX: u8 = 0b11;

/// Real time in seconds since 1970, which processes and machines agree on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnixTime(pub u64);

impl UnixTime {
    /// True if `self` is at most `lifetime` seconds before `now`, or later by no more than clocks
    /// differ.
    fn is_within(self, lifetime: u64, now: Self) -> bool {
        self.0 <= now.0.saturating_add(CLOCK_SKEW) && now.0.saturating_sub(self.0) <= lifetime
    }
}

/// The keys of a host; an empty one stands for a random one, which nobody else has.
#[derive(Clone, Debug, Default)]
pub struct TokenKeys {
    /// The keys.
    pub keys: [Vec<u8>; KEYS],
    /// Which of them seals new tokens, less than [`KEYS`].
    pub current: usize,
}

/// What a client shows with its first Initial.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    /// The token, may be empty.
    pub token: &'a [u8],
    /// The version of the Initial.
    pub version: Version,
    /// Where the Initial was sent to.
    pub dcid: &'a ConnectionId,
    /// Where it came from.
    pub client: SocketAddr,
}

/// What a token proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing: there is none, or none that we can read, or an old one of NEW_TOKEN.
    Nothing,
    /// It was given to this address on an earlier connection.
    Known,
    /// It was given to this address in our Retry.
    Retried {
        /// The destination of the client's very first Initial.
        original_dcid: ConnectionId,
    },
    /// It is one of a Retry of ours, and of another client or too old.
    Invalid,
}

/// Makes and judges tokens.
pub struct Tokens {
    keys: [SealingKey; KEYS],
    current: usize,
    /// What stands in for keys that the host does not set.
    fallback: [u8; 32],
    uses: Tally,
}

impl Tokens {
    /// Tokens under the keys of `config`.
    pub fn new(config: &TokenKeys, random: &mut dyn Random) -> Self {
        let mut fallback = [0; 32];
        random.fill(&mut fallback);
        let keys = sealing_keys(config, &fallback);
        let uses = Tally::new(random.next_u64(), USE_WINDOW, MAX_USES);
        Self { keys, current: config.current % KEYS, fallback, uses }
    }

    /// Replaces the keys. Tokens of keys that stay are still good.
    pub fn set_keys(&mut self, config: &TokenKeys) {
        self.keys = sealing_keys(config, &self.fallback);
        self.current = config.current % KEYS;
    }

    /// A token for NEW_TOKEN: good for later connections from `client` in `version`.
    pub fn new_token(
        &self,
        now: UnixTime,
        version: Version,
        client: IpAddr,
        random: &mut dyn Random,
    ) -> Vec<u8> {
        let head = FORM | self.current as u8;
        let bound = new_token::bound_to(head, version, client);
        self.seal(head, &bound, &new_token::encode(now), random)
    }

    /// A token for a Retry in answer to an Initial that was sent to `original_dcid`; the client
    /// sends its next one to `retry_scid`.
    pub fn retry_token(
        &self,
        now: UnixTime,
        shown: &Shown<'_>,
        retry_scid: &ConnectionId,
        random: &mut dyn Random,
    ) -> Vec<u8> {
        let head = FORM | RETRY | self.current as u8;
        let plain = retry_token::RetryToken {
            issued: now,
            version: shown.version,
            client: shown.client,
            original_dcid: *shown.dcid,
            retry_scid: *retry_scid,
        };
        self.seal(head, &[head], &plain.encode(), random)
    }

    fn seal(&self, head: u8, bound: &[u8], plain: &[u8], random: &mut dyn Random) -> Vec<u8> {
        let mut nonce = [0; NONCE_LEN];
        random.fill(&mut nonce);
        let mut token = Vec::with_capacity(1 + SealingKey::OVERHEAD + plain.len());
        token.push(head);
        self.keys[self.current].seal(nonce, bound, plain, &mut token);
        token
    }

    /// What the token of a client's first Initial proves at `now`, which is `wall` in real time.
    pub fn judge(&mut self, now: Instant, wall: UnixTime, shown: &Shown<'_>) -> Verdict {
        let Some((&head, sealed)) = shown.token.split_first() else { return Verdict::Nothing };
        if head & !(RETRY | KEY_INDEX) != FORM {
            return Verdict::Nothing;
        }
        let key = &self.keys[usize::from(head & KEY_INDEX)];
        if head & RETRY != 0 {
            return match key.open(&[head], sealed) {
                Some(plain) => retry_token::judge(&plain, wall, shown),
                // RFC 9000 section 8.1.3: what cannot be read is as good as no token.
                None => Verdict::Nothing,
            };
        }
        let bound = new_token::bound_to(head, shown.version, shown.client.ip());
        let fresh = key.open(&bound, sealed).is_some_and(|plain| new_token::is_fresh(&plain, wall));
        if fresh && self.uses.take(now, shown.token) {
            Verdict::Known
        } else {
            Verdict::Nothing
        }
    }
}

fn sealing_keys(config: &TokenKeys, fallback: &[u8; 32]) -> [SealingKey; KEYS] {
    std::array::from_fn(|index| match &config.keys[index][..] {
        [] => SealingKey::new(&[&fallback[..], &[index as u8]].concat()),
        key => SealingKey::new(key),
    })
}

/// An address as it stands in a token: one form for all, so that a process whose socket takes both
/// families agrees with one whose socket does not.
fn address_bytes(address: IpAddr) -> [u8; 16] {
    let v6: Ipv6Addr = match address.to_canonical() {
        IpAddr::V4(v4) => v4.to_ipv6_mapped(),
        IpAddr::V6(v6) => v6,
    };
    v6.octets()
}

#[cfg(test)]
mod tests;
