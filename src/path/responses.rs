//! Challenges of the peer that wait for their answer (RFC 9000 section 8.2.2).

use super::validation::ChallengeData;

/// PATH_CHALLENGEs that are remembered until they are answered (RFC 9000 section 21.9).
const MAX_PENDING_RESPONSES: usize = 4;

/// PATH_CHALLENGE data to be echoed; the newest ones win, so a flood costs nothing.
#[derive(Debug, Default)]
pub(super) struct Responses {
    pending: [Option<ChallengeData>; MAX_PENDING_RESPONSES],
}

impl Responses {
    /// Remembers a challenge.
    pub fn push(&mut self, data: ChallengeData) {
        if self.pending.contains(&Some(data)) {
            return;
        }
        self.pending.rotate_right(1);
        self.pending[0] = Some(data);
    }

    /// True if none waits.
    pub fn is_empty(&self) -> bool {
        self.pending[0].is_none()
    }

    /// Takes the next one.
    pub fn pop(&mut self) -> Option<ChallengeData> {
        let data = self.pending[0].take();
        self.pending.rotate_left(1);
        data
    }
}
