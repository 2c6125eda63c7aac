//! Proof that the peer is reachable over a path (RFC 9000 section 8.2).

use crate::time::{Duration, Instant};

/// Challenges that may wait for their response: the first and its repetitions.
const MAX_CHALLENGES: usize = 4;

/// How long a validation lasts, in probe timeouts (RFC 9000 section 8.2.4).
const VALIDATION_PTOS: u64 = 3;

/// Data of a PATH_CHALLENGE.
pub type ChallengeData = [u8; 8];

/// A validation that is under way.
#[derive(Debug)]
pub struct Validation {
    /// What was sent and not answered, newest last.
    sent: [Option<Challenge>; MAX_CHALLENGES],
    /// A challenge is to be sent.
    due: bool,
    interval: Duration,
    repeat_at: Instant,
    deadline: Instant,
}

#[derive(Clone, Copy, Debug)]
struct Challenge {
    data: ChallengeData,
    /// It went in a datagram of full size.
    full: bool,
}

/// What a PATH_RESPONSE proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// The peer is there, and full datagrams reach it.
    Full,
    /// The peer is there; full datagrams were not allowed yet (RFC 9000 section 8.2.3).
    AddressOnly,
}

/// What the clock asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing new, or another challenge is to be sent.
    Pending,
    /// There was no response in time.
    Failed,
}

impl Validation {
    /// A validation that begins now. `pto` is the larger of the present probe timeout and that of
    /// a path nothing is known of.
    pub fn begin(now: Instant, pto: Duration) -> Self {
        Self {
            sent: [None; MAX_CHALLENGES],
            due: true,
            interval: pto,
            repeat_at: now + pto,
            deadline: now + pto.saturating_mul(VALIDATION_PTOS),
        }
    }

    /// True if a challenge is to be sent.
    #[inline]
    pub fn is_due(&self) -> bool {
        self.due
    }

    /// A challenge with this data was sent; `full` if its datagram was of full size.
    pub fn on_sent(&mut self, data: ChallengeData, full: bool) {
        self.due = false;
        self.sent.rotate_left(1);
        self.sent[MAX_CHALLENGES - 1] = Some(Challenge { data, full });
    }

    /// What a response with this data proves. `None` if no challenge of this validation had it.
    pub fn on_response(&self, data: &ChallengeData) -> Option<Proof> {
        let answered = self.sent.iter().flatten().find(|challenge| challenge.data == *data)?;
        Some(if answered.full { Proof::Full } else { Proof::AddressOnly })
    }

    /// When [`Validation::on_timeout`] wants to be called.
    pub fn next_timeout(&self) -> Instant {
        self.repeat_at.min(self.deadline)
    }

    /// Time has passed: a challenge that was not answered is replaced by one with other data
    /// (RFC 9000 section 8.2.1), until time is up.
    pub fn on_timeout(&mut self, now: Instant) -> Verdict {
        if now >= self.deadline {
            return Verdict::Failed;
        }
        while now >= self.repeat_at {
            self.due = true;
            self.repeat_at += self.interval.max(Duration::from_millis(1));
        }
        Verdict::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PTO: Duration = Duration::from_millis(100);

    fn at(millis: u64) -> Instant {
        Instant::from_micros(millis * 1_000)
    }

    #[test]
    fn a_challenge_is_repeated_with_each_probe_timeout_and_given_up_after_three() {
        // RFC 9000 section 8.2.4.
        let mut validation = Validation::begin(at(0), PTO);
        for n in 0..3_u8 {
            assert!(validation.is_due());
            validation.on_sent([n; 8], true);
            assert!(!validation.is_due());
            let next = validation.next_timeout();
            assert_eq!(next, at(100 * (u64::from(n) + 1)));
            let verdict = validation.on_timeout(next);
            assert_eq!(verdict, if n < 2 { Verdict::Pending } else { Verdict::Failed });
        }
    }

    #[test]
    fn a_late_response_to_an_earlier_challenge_counts() {
        let mut validation = Validation::begin(at(0), PTO);
        validation.on_sent([1; 8], false);
        validation.on_sent([2; 8], true);
        assert_eq!(validation.on_response(&[1; 8]), Some(Proof::AddressOnly));
        assert_eq!(validation.on_response(&[2; 8]), Some(Proof::Full));
        assert_eq!(validation.on_response(&[3; 8]), None);
    }
}
