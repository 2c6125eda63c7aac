//! How many datagrams of nobody are answered: answers must not serve to flood anybody.

use crate::time::{Duration, Instant};

/// Counts the answers of the current second.
#[derive(Debug)]
pub struct AnswerLimit {
    most: u32,
    window_start: Instant,
    sent: u32,
}

impl AnswerLimit {
    /// At most `most` answers a second.
    pub fn new(most: u32) -> Self {
        Self { most, window_start: Instant::default(), sent: 0 }
    }

    /// True if one more answer may go out; counts it.
    pub fn take(&mut self, now: Instant) -> bool {
        if now.saturating_since(self.window_start) >= Duration::from_secs(1) {
            self.window_start = now;
            self.sent = 0;
        }
        if self.sent == self.most {
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
        let mut limit = AnswerLimit::new(100);
        let start = Instant::from_micros(5_000_000);
        let sent = (0..1000).filter(|_| limit.take(start)).count();
        assert_eq!(sent, 100);
        assert!(limit.take(start + Duration::from_secs(1)));
    }
}
