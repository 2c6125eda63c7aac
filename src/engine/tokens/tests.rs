//! What tokens prove, and what they do not.

use super::*;
use crate::tls::SeededRandom;

const NOW: UnixTime = UnixTime(1_700_000_000);

fn later(seconds: u64) -> UnixTime {
    UnixTime(NOW.0 + seconds)
}

fn instant(seconds: u64) -> Instant {
    Instant::from_micros(seconds * 1_000_000)
}

fn cid(byte: u8) -> ConnectionId {
    ConnectionId::new(&[byte; 8]).unwrap_or_default()
}

fn client(text: &str) -> SocketAddr {
    text.parse().unwrap_or_else(|_| unreachable!())
}

fn keys(current: usize) -> TokenKeys {
    let keys = [b"zero".to_vec(), b"one".to_vec(), b"two".to_vec(), Vec::new()];
    TokenKeys { keys, current }
}

/// A process of its own: its randomness is its own too.
fn process(config: &TokenKeys, seed: u8) -> Tokens {
    Tokens::new(config, &mut SeededRandom::new([seed; 32]))
}

fn shown<'a>(token: &'a [u8], dcid: &'a ConnectionId, from: &str) -> Shown<'a> {
    Shown { token, version: Version::V1, dcid, client: client(from) }
}

const HOME: &str = "192.0.2.1:4433";

fn new_token(tokens: &Tokens, from: &str) -> Vec<u8> {
    let random = &mut SeededRandom::new([9; 32]);
    tokens.new_token(NOW, Version::V1, client(from).ip(), random)
}

fn retry_token(tokens: &Tokens, from: &str) -> Vec<u8> {
    let (original, retry_scid) = (cid(1), cid(2));
    let initial = shown(b"", &original, from);
    tokens.retry_token(NOW, &initial, &retry_scid, &mut SeededRandom::new([9; 32]))
}

/// What `tokens` says to a token that comes back after `seconds` to where the Retry said.
fn judge(tokens: &mut Tokens, token: &[u8], from: &str, seconds: u64) -> Verdict {
    tokens.judge(instant(seconds), later(seconds), &shown(token, &cid(2), from))
}

const RETRIED: fn() -> Verdict = || Verdict::Retried { original_dcid: cid(1) };

#[test]
fn processes_that_share_keys_believe_each_others_tokens() {
    let (one, mut other) = (process(&keys(0), 1), process(&keys(2), 2));
    assert_eq!(judge(&mut other, &new_token(&one, HOME), HOME, 60), Verdict::Known);
    assert_eq!(judge(&mut other, &retry_token(&one, HOME), HOME, 1), RETRIED());
}

#[test]
fn a_token_of_each_key_is_believed_whichever_is_current() {
    for sealed_with in 0..KEYS {
        let mut tokens = process(&keys(sealed_with), 1);
        let (new, retry) = (new_token(&tokens, HOME), retry_token(&tokens, HOME));
        for current in 0..KEYS {
            tokens.set_keys(&keys(current));
            assert_eq!(judge(&mut tokens, &new, HOME, 1), Verdict::Known, "{sealed_with}");
            assert_eq!(judge(&mut tokens, &retry, HOME, 1), RETRIED(), "{sealed_with}");
        }
    }
}

/// RFC 9000 section 8.1.3: what cannot be validated is treated as no token.
#[test]
fn a_token_under_another_key_proves_nothing() {
    let mut tokens = process(&keys(0), 1);
    let mut replaced = keys(0);
    replaced.keys[0] = b"new".to_vec();
    let (new, retry) = (new_token(&tokens, HOME), retry_token(&tokens, HOME));
    tokens.set_keys(&replaced);
    for token in [&new, &retry] {
        assert_eq!(judge(&mut tokens, token, HOME, 1), Verdict::Nothing);
    }
}

#[test]
fn a_key_that_is_not_set_is_nobody_elses() {
    let (one, mut other) = (process(&keys(3), 1), process(&keys(3), 2));
    let token = new_token(&one, HOME);
    assert_eq!(judge(&mut other, &token, HOME, 1), Verdict::Nothing);
}

#[test]
fn a_changed_or_made_up_token_proves_nothing() {
    let mut tokens = process(&keys(0), 1);
    let known = [new_token(&tokens, HOME), retry_token(&tokens, HOME)];
    for token in &known {
        for at in 0..token.len() {
            let mut changed = token.clone();
            changed[at] ^= 1 << (at % 8);
            assert_eq!(judge(&mut tokens, &changed, HOME, 1), Verdict::Nothing, "{at}");
            assert_eq!(judge(&mut tokens, &token[..at], HOME, 1), Verdict::Nothing, "{at}");
        }
    }
    for first in 0..=u8::MAX {
        assert_eq!(judge(&mut tokens, &[first; 60], HOME, 1), Verdict::Nothing);
    }
}

/// RFC 9000 section 8.1.4: one kind does not pass for the other.
#[test]
fn the_two_kinds_are_told_apart() {
    let mut tokens = process(&keys(0), 1);
    for mut token in [new_token(&tokens, HOME), retry_token(&tokens, HOME)] {
        token[0] ^= RETRY;
        assert_eq!(judge(&mut tokens, &token, HOME, 1), Verdict::Nothing);
    }
}

/// RFC 9000 section 8.1.3: NEW_TOKEN is about the address; a port may have changed.
#[test]
fn a_new_token_is_good_for_its_address_and_any_port() {
    let mut tokens = process(&keys(0), 1);
    let token = new_token(&tokens, HOME);
    assert_eq!(judge(&mut tokens, &token, "192.0.2.1:5", 1), Verdict::Known);
    assert_eq!(judge(&mut tokens, &token, "[::ffff:192.0.2.1]:5", 1), Verdict::Known);
    assert_eq!(judge(&mut tokens, &token, "192.0.2.2:4433", 1), Verdict::Nothing);
    let token = new_token(&tokens, "[2001:db8::1]:1");
    assert_eq!(judge(&mut tokens, &token, "[2001:db8::1]:2", 1), Verdict::Known);
    assert_eq!(judge(&mut tokens, &token, "[2001:db8::2]:2", 1), Verdict::Nothing);
}

#[test]
fn a_new_token_grows_old() {
    let mut tokens = process(&keys(0), 1);
    let token = new_token(&tokens, HOME);
    assert_eq!(judge(&mut tokens, &token, HOME, new_token::LIFETIME), Verdict::Known);
    assert_eq!(judge(&mut tokens, &token, HOME, new_token::LIFETIME + 1), Verdict::Nothing);
}

#[test]
fn a_token_from_the_future_is_believed_as_far_as_clocks_differ() {
    let mut tokens = process(&keys(0), 1);
    let token = new_token(&tokens, HOME);
    let dcid = cid(2);
    let mut at =
        |seconds| tokens.judge(instant(0), UnixTime(NOW.0 - seconds), &shown(&token, &dcid, HOME));
    assert_eq!(at(CLOCK_SKEW), Verdict::Known);
    assert_eq!(at(CLOCK_SKEW + 1), Verdict::Nothing);
}

/// RFC 9000 section 8.1.4: a token that is replayed is believed so often and no more.
#[test]
fn a_new_token_is_limited_in_its_reuse() {
    let mut tokens = process(&keys(0), 1);
    let token = new_token(&tokens, HOME);
    let believed = |tokens: &mut Tokens, second| {
        (0..100).filter(|_| judge(tokens, &token, HOME, second) == Verdict::Known).count()
    };
    assert_eq!(believed(&mut tokens, 100), usize::from(MAX_USES));
    assert_eq!(believed(&mut tokens, 130), 0);
    assert_eq!(believed(&mut tokens, 160), usize::from(MAX_USES));
}

/// RFC 9369 section 5: tokens of one version are not used with another.
#[test]
fn a_new_token_is_good_for_its_version_alone() {
    let mut tokens = process(&keys(0), 1);
    let (token, dcid) = (new_token(&tokens, HOME), cid(2));
    let mut shown = shown(&token, &dcid, HOME);
    shown.version = Version::V2;
    assert_eq!(tokens.judge(instant(1), later(1), &shown), Verdict::Nothing);
}

/// RFC 9000 section 8.1.2: ours, and yet not good for this client.
#[test]
fn a_retry_token_of_another_client_or_attempt_is_invalid() {
    let mut tokens = process(&keys(0), 1);
    let token = retry_token(&tokens, HOME);
    assert_eq!(judge(&mut tokens, &token, HOME, 1), RETRIED());
    assert_eq!(judge(&mut tokens, &token, "192.0.2.1:4434", 1), Verdict::Invalid);
    assert_eq!(judge(&mut tokens, &token, "192.0.2.2:4433", 1), Verdict::Invalid);
    let elsewhere = cid(3);
    let judged = tokens.judge(instant(1), later(1), &shown(&token, &elsewhere, HOME));
    assert_eq!(judged, Verdict::Invalid);
    let dcid = cid(2);
    let switched = Shown { version: Version::V2, ..shown(&token, &dcid, HOME) };
    assert_eq!(tokens.judge(instant(1), later(1), &switched), Verdict::Invalid);
}

#[test]
fn a_retry_token_lives_as_long_as_a_client_tries() {
    let mut tokens = process(&keys(0), 1);
    let token = retry_token(&tokens, HOME);
    assert_eq!(judge(&mut tokens, &token, HOME, retry_token::LIFETIME), RETRIED());
    assert_eq!(judge(&mut tokens, &token, HOME, retry_token::LIFETIME + 1), Verdict::Invalid);
}

#[test]
fn connection_ids_of_any_length_fit_a_token() {
    let mut tokens = process(&keys(0), 1);
    for len in [0, 1, 20] {
        let retry_scid = ConnectionId::new(&[5; 20][..len]).unwrap_or_default();
        let original = ConnectionId::new(&[6; 20][..len]).unwrap_or_default();
        let random = &mut SeededRandom::new([9; 32]);
        let initial = shown(b"", &original, HOME);
        let token = tokens.retry_token(NOW, &initial, &retry_scid, random);
        let judged = tokens.judge(instant(0), NOW, &shown(&token, &retry_scid, HOME));
        assert_eq!(judged, Verdict::Retried { original_dcid: original });
        assert!(token.len() <= 128, "{}", token.len());
    }
}
