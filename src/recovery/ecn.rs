//! Whether a path carries ECN marks (RFC 9000 section 13.4.2 and appendix A.4).

/// Datagrams marked before anything is known about the path.
const TEST_DATAGRAMS: u32 = 10;
/// Probe timeouts in a row after which marks are suspected of keeping packets from arriving.
const SUSPICIOUS_TIMEOUTS: u32 = 2;

/// The ECN field of an IP header (RFC 3168 section 5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EcnCodepoint {
    /// The sender does not take part, or nobody looked.
    #[default]
    NotEct,
    /// ECN-capable transport, as QUIC marks it.
    Ect0,
    /// The other codepoint of an ECN-capable transport.
    Ect1,
    /// Congestion experienced.
    Ce,
}

impl EcnCodepoint {
    /// The codepoint's two bits.
    pub const fn bits(self) -> u8 {
        match self {
            Self::NotEct => 0b00,
            Self::Ect1 => 0b01,
            Self::Ect0 => 0b10,
            Self::Ce => 0b11,
        }
    }

    /// The codepoint in the two low bits of a TOS or traffic class byte.
    pub const fn from_bits(tos: u8) -> Self {
        match tos & 0b11 {
            0b10 => Self::Ect0,
            0b01 => Self::Ect1,
            0b11 => Self::Ce,
            _ => Self::NotEct,
        }
    }
}

/// What the ECN counts of one ACK frame say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EcnReport {
    /// The frame tells nothing new: it acknowledges nothing that was marked, or is an old one.
    #[default]
    Nothing,
    /// The counts cover what was newly acknowledged; so many more packets met congestion.
    Valid {
        /// The increase of the CE count.
        ce_marks: u64,
    },
    /// The counts are missing or do not add up: marks are lost or rewritten on the way.
    Invalid,
}

/// ECN on one path: marks a few packets, and goes on if the peer's counts bear it out.
#[derive(Clone, Debug, Default)]
pub struct EcnPath {
    state: State,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    /// The first packets carry marks; nothing was heard yet.
    Testing { marked: u32, lost: u32 },
    /// Marks arrive and are reported.
    Capable,
    /// Never again on this path.
    Failed,
}

impl Default for State {
    fn default() -> Self {
        Self::Testing { marked: 0, lost: 0 }
    }
}

impl EcnPath {
    /// A path about which nothing is known.
    pub fn new() -> Self {
        Self::default()
    }

    /// A path on which marks cannot be set.
    pub fn disabled() -> Self {
        Self { state: State::Failed }
    }

    /// True if the datagram to be sent now shall carry ECT(0).
    #[inline]
    pub fn marks(&self) -> bool {
        match self.state {
            State::Capable => true,
            State::Failed => false,
            State::Testing { marked, .. } => marked < TEST_DATAGRAMS,
        }
    }

    /// A datagram with ECT(0) left.
    #[inline]
    pub fn on_marked(&mut self) {
        if let State::Testing { marked, .. } = &mut self.state {
            *marked += 1;
        }
    }

    /// Takes in what an ACK frame said; returns how many more packets met congestion.
    pub fn on_report(&mut self, report: EcnReport) -> u64 {
        match (report, &self.state) {
            (EcnReport::Nothing, _) | (_, State::Failed) => 0,
            (EcnReport::Invalid, _) => {
                self.state = State::Failed;
                0
            }
            (EcnReport::Valid { ce_marks }, _) => {
                self.state = State::Capable;
                ce_marks
            }
        }
    }

    /// A packet that carried ECT(0) was lost. If that is all that ever happens to marked packets,
    /// something on the path drops them.
    pub fn on_marked_lost(&mut self) {
        if let State::Testing { lost, .. } = &mut self.state {
            *lost += 1;
            if *lost >= TEST_DATAGRAMS {
                self.state = State::Failed;
            }
        }
    }

    /// So many probe timeouts expired in a row. RFC 9000 section 13.4.2: while it is not known that
    /// marks arrive, they may be what keeps packets from arriving, the first of all included.
    pub fn on_probe_timeouts(&mut self, count: u32) {
        if count >= SUSPICIOUS_TIMEOUTS && matches!(self.state, State::Testing { .. }) {
            self.state = State::Failed;
        }
    }

    /// True once the peer's counts have borne out the marks.
    pub fn is_capable(&self) -> bool {
        self.state == State::Capable
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends a datagram. Returns true if it carries a mark.
    fn mark(path: &mut EcnPath) -> bool {
        let marks = path.marks();
        if marks {
            path.on_marked();
        }
        marks
    }

    #[test]
    fn only_the_first_packets_are_marked_until_the_peer_answers() {
        // RFC 9000 appendix A.4.
        let mut path = EcnPath::new();
        let marked = (0..50).filter(|_| mark(&mut path)).count();
        assert_eq!(marked, 10);
        path.on_report(EcnReport::Valid { ce_marks: 0 });
        assert!(path.is_capable());
        assert!(mark(&mut path));
    }

    #[test]
    fn counts_that_do_not_add_up_turn_ecn_off_for_good() {
        // RFC 9000 section 13.4.2.
        let mut path = EcnPath::new();
        path.on_report(EcnReport::Valid { ce_marks: 0 });
        path.on_report(EcnReport::Invalid);
        assert!(!mark(&mut path));
        assert_eq!(path.on_report(EcnReport::Valid { ce_marks: 7 }), 0);
        assert!(!path.is_capable());
    }

    #[test]
    fn marked_packets_that_all_vanish_turn_ecn_off() {
        let mut path = EcnPath::new();
        for _ in 0..10 {
            assert!(mark(&mut path));
            path.on_marked_lost();
        }
        path.on_report(EcnReport::Valid { ce_marks: 0 });
        assert!(!mark(&mut path));
    }

    #[test]
    fn marks_are_given_up_when_nothing_marked_arrives() {
        // RFC 9000 section 13.4.2: after a few probe timeouts, so that a handshake can succeed.
        let mut path = EcnPath::new();
        path.on_probe_timeouts(1);
        assert!(path.marks());
        path.on_probe_timeouts(2);
        assert!(!path.marks());
    }

    #[test]
    fn a_path_that_is_known_to_carry_marks_keeps_them_over_timeouts() {
        let mut path = EcnPath::new();
        path.on_report(EcnReport::Valid { ce_marks: 0 });
        path.on_probe_timeouts(5);
        assert!(path.marks());
    }

    #[test]
    fn congestion_marks_are_handed_on() {
        let mut path = EcnPath::new();
        assert_eq!(path.on_report(EcnReport::Valid { ce_marks: 2 }), 2);
        assert_eq!(path.on_report(EcnReport::Nothing), 0);
        assert_eq!(path.on_report(EcnReport::Valid { ce_marks: 1 }), 1);
    }

    #[test]
    fn the_low_bits_of_the_traffic_class_are_read() {
        // RFC 3168 section 5.
        let read = [0xb8, 0xb9, 0xba, 0xbb].map(EcnCodepoint::from_bits);
        let [not, ect1, ect0, ce] = read;
        assert_eq!((not, ect0), (EcnCodepoint::NotEct, EcnCodepoint::Ect0));
        assert_eq!((ect1, ce), (EcnCodepoint::Ect1, EcnCodepoint::Ce));
        assert_eq!(read.map(EcnCodepoint::bits), [0, 1, 2, 3]);
    }

    #[test]
    fn a_path_without_marks_never_marks() {
        let mut path = EcnPath::disabled();
        assert!(!mark(&mut path));
    }
}
