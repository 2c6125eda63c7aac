//! How many datagrams of nobody are answered: answers must not serve to flood anybody.

use crate::time::{Duration, Instant};

/// Answers of one kind per second at most.
const MAX_PER_SECOND: u32 = 100;

/// Counts the answers of the current second.
#[derive(Debug, Default)]
pub struct AnswerLimit {
    window_start: Instant,
    sent: u32,
}

impl AnswerLimit {
    /// True if one more answer may go out; counts it.
    pub fn take(&mut self, now: Instant) -> bool {
        if now.saturating_since(self.window_start) >= Duration::from_secs(1) {
            self.window_start = now;
            self.sent = 0;
        }
        if self.sent == MAX_PER_SECOND {
            return false;
        }
        self.sent += 1;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_limited_per_second() {
        let mut limit = AnswerLimit::default();
        let start = Instant::from_micros(5_000_000);
        let sent = (0..1000).filter(|_| limit.take(start)).count();
        assert_eq!(sent as u32, MAX_PER_SECOND);
        assert!(limit.take(start + Duration::from_secs(1)));
    }
}
