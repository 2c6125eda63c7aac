//! The life of a connection, and which step may follow which.

/// Where a connection stands (RFC 9001 section 4.1, RFC 9000 section 10.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// The TLS handshake runs.
    Handshaking,
    /// The TLS handshake is complete, not yet confirmed.
    Complete,
    /// The handshake is confirmed: the peer is known to have finished it too.
    Confirmed,
    /// We sent CONNECTION_CLOSE and repeat it when asked.
    Closing,
    /// The peer closed; nothing is sent any more.
    Draining,
    /// The connection is over and may be dropped.
    Closed,
}

impl State {
    /// True if `next` may follow.
    pub fn may_become(self, next: Self) -> bool {
        match next {
            Self::Handshaking => false,
            Self::Complete => self == Self::Handshaking,
            Self::Confirmed => matches!(self, Self::Handshaking | Self::Complete),
            Self::Closing => self < Self::Closing,
            Self::Draining => self < Self::Draining,
            Self::Closed => self != Self::Closed,
        }
    }

    /// True while data flows.
    #[inline]
    pub fn is_open(self) -> bool {
        self < Self::Closing
    }

    /// True once the TLS handshake is complete, as long as data flows.
    #[inline]
    pub fn is_established(self) -> bool {
        matches!(self, Self::Complete | Self::Confirmed)
    }
}

#[cfg(test)]
mod tests {
    use super::State::{self, *};

    #[test]
    fn life_goes_one_way() {
        let all = [Handshaking, Complete, Confirmed, Closing, Draining, Closed];
        let legal: Vec<(State, State)> = all
            .iter()
            .flat_map(|from| all.iter().map(move |to| (*from, *to)))
            .filter(|(from, to)| from.may_become(*to))
            .collect();
        assert_eq!(
            legal,
            [
                (Handshaking, Complete),
                (Handshaking, Confirmed),
                (Handshaking, Closing),
                (Handshaking, Draining),
                (Handshaking, Closed),
                (Complete, Confirmed),
                (Complete, Closing),
                (Complete, Draining),
                (Complete, Closed),
                (Confirmed, Closing),
                (Confirmed, Draining),
                (Confirmed, Closed),
                (Closing, Draining),
                (Closing, Closed),
                (Draining, Closed),
            ]
        );
    }
}
