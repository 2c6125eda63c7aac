//! Explicit congestion notification (RFC 9000 section 13.4): marks on what we send, and what the
//! peer reports of them.

use crate::congestion::CongestionController;
use crate::recovery::{EcnCodepoint, EcnPath, EcnReport, LargestAcked};
use crate::time::Instant;
use crate::wire::frame::EcnCounts;

use super::Connection;

impl Connection {
    /// What we send can be marked: [`Transmit::ecn`](crate::path::Transmit::ecn) says how. To be
    /// called before anything is sent. The host that cannot mark must not.
    pub fn use_ecn(&mut self) {
        self.can_mark = true;
        self.path.ecn = EcnPath::new();
    }

    /// True once the peer's counts have borne out our marks.
    pub fn is_ecn_capable(&self) -> bool {
        self.path.ecn.is_capable()
    }

    /// The marks that came in with 1-RTT packets.
    pub fn ecn_received(&self) -> EcnCounts {
        self.data.received.ecn_counts()
    }

    /// The mark of the datagram being built.
    #[inline]
    pub(super) fn mark(&self) -> EcnCodepoint {
        if self.marking {
            EcnCodepoint::Ect0
        } else {
            EcnCodepoint::NotEct
        }
    }

    /// Acts on what an ACK frame says about marks, of which `largest` is the largest packet that it
    /// newly acknowledges.
    #[cold]
    pub(super) fn on_ecn_report(
        &mut self,
        now: Instant,
        report: EcnReport,
        largest: &LargestAcked,
    ) {
        let ce_marks = self.path.ecn.on_report(report);
        if ce_marks == 0 {
            return;
        }
        self.stats.congestion_marks += ce_marks;
        // RFC 9002 section 7.1: like the loss of a packet; once per round trip, which the
        // controller sees to.
        self.path.controller.on_ecn(now, largest.sent, ce_marks);
        self.path.update_pacing_rate();
    }
}
