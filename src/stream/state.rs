//! The two state machines of RFC 9000 section 3, as tables of legal transitions.

/// A step that a state does not allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct IllegalStep;

/// Where a sending part stands (RFC 9000 section 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendState {
    /// Nothing has been sent.
    Ready,
    /// Data has been sent, the end has not.
    Send,
    /// The end of the stream has been sent.
    DataSent,
    /// RESET_STREAM is to be sent or was sent.
    ResetSent,
    /// Terminal: the peer has everything.
    DataRecvd,
    /// Terminal: the peer knows of the reset.
    ResetRecvd,
}

/// What happens to a sending part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SendStep {
    /// A STREAM frame without the end goes out.
    Data,
    /// A STREAM frame with the end goes out.
    Fin,
    /// All data and the end are acknowledged.
    AllAcked,
    /// The stream is given up.
    Reset,
    /// RESET_STREAM is acknowledged.
    ResetAcked,
    /// 0-RTT was rejected: nothing that was sent counts.
    Rewind,
}

impl SendState {
    /// The state after `step`.
    #[inline]
    #[allow(clippy::match_same_arms, reason = "one line per arrow of the RFC's figure")]
    pub(super) const fn on(self, step: SendStep) -> Result<Self, IllegalStep> {
        use SendState::{DataRecvd, DataSent, Ready, ResetRecvd, ResetSent, Send};
        match (self, step) {
            (Ready | Send, SendStep::Data) => Ok(Send),
            (DataSent, SendStep::Data) => Ok(DataSent),
            (Ready | Send | DataSent, SendStep::Fin) => Ok(DataSent),
            (Ready | Send | DataSent, SendStep::Reset) => Ok(ResetSent),
            (Ready | Send | DataSent, SendStep::Rewind) => Ok(Ready),
            (ResetSent, SendStep::Rewind) => Ok(ResetSent),
            (DataSent, SendStep::AllAcked) => Ok(DataRecvd),
            (ResetSent, SendStep::ResetAcked) => Ok(ResetRecvd),
            _ => Err(IllegalStep),
        }
    }
}

/// Where a receiving part stands (RFC 9000 section 3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecvState {
    /// The end is not known.
    Recv,
    /// The end is known, data is missing.
    SizeKnown,
    /// All data is here.
    DataRecvd,
    /// The peer has given the stream up and the application has not been told.
    ResetRecvd,
    /// Terminal: the application has everything.
    DataRead,
    /// Terminal: the application knows of the reset, or asked for it.
    ResetRead,
}

/// What happens to a receiving part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RecvStep {
    /// A STREAM frame with the end arrives.
    Fin,
    /// The last missing byte arrives.
    AllArrived,
    /// The application reads the end.
    ReadOut,
    /// RESET_STREAM arrives.
    Reset,
    /// The application hears of the reset.
    ResetTold,
}

impl RecvState {
    /// The state after `step`.
    #[inline]
    #[allow(clippy::match_same_arms, reason = "one line per arrow of the RFC's figure")]
    pub(super) const fn on(self, step: RecvStep) -> Result<Self, IllegalStep> {
        use RecvState::{DataRead, DataRecvd, Recv, ResetRead, ResetRecvd, SizeKnown};
        match (self, step) {
            (Recv | SizeKnown, RecvStep::Fin) => Ok(SizeKnown),
            (DataRecvd, RecvStep::Fin) => Ok(DataRecvd),
            (SizeKnown, RecvStep::AllArrived) => Ok(DataRecvd),
            (DataRecvd, RecvStep::ReadOut) => Ok(DataRead),
            // RFC 9000 section 3.2: a reset after all data arrived may be ignored.
            (Recv | SizeKnown, RecvStep::Reset) => Ok(ResetRecvd),
            (ResetRecvd, RecvStep::ResetTold) => Ok(ResetRead),
            _ => Err(IllegalStep),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC 9000 section 3.1, figure 2. Columns: Data Fin AllAcked Reset ResetAcked Rewind.
    #[test]
    fn the_sending_part_takes_only_legal_steps() {
        use SendState::*;
        let steps = [
            SendStep::Data,
            SendStep::Fin,
            SendStep::AllAcked,
            SendStep::Reset,
            SendStep::ResetAcked,
            SendStep::Rewind,
        ];
        let table = [
            (Ready, [Some(Send), Some(DataSent), None, Some(ResetSent), None, Some(Ready)]),
            (Send, [Some(Send), Some(DataSent), None, Some(ResetSent), None, Some(Ready)]),
            (
                DataSent,
                [
                    Some(DataSent),
                    Some(DataSent),
                    Some(DataRecvd),
                    Some(ResetSent),
                    None,
                    Some(Ready),
                ],
            ),
            (ResetSent, [None, None, None, None, Some(ResetRecvd), Some(ResetSent)]),
            (DataRecvd, [None; 6]),
            (ResetRecvd, [None; 6]),
        ];
        for (state, row) in table {
            assert_eq!(steps.map(|step| state.on(step).ok()), row, "{state:?}");
        }
    }

    // RFC 9000 section 3.2, figure 3. Columns: Fin AllArrived ReadOut Reset ResetTold.
    #[test]
    fn the_receiving_part_takes_only_legal_steps() {
        use RecvState::*;
        let steps = [
            RecvStep::Fin,
            RecvStep::AllArrived,
            RecvStep::ReadOut,
            RecvStep::Reset,
            RecvStep::ResetTold,
        ];
        let table = [
            (Recv, [Some(SizeKnown), None, None, Some(ResetRecvd), None]),
            (SizeKnown, [Some(SizeKnown), Some(DataRecvd), None, Some(ResetRecvd), None]),
            (DataRecvd, [Some(DataRecvd), None, Some(DataRead), None, None]),
            (ResetRecvd, [None, None, None, None, Some(ResetRead)]),
            (DataRead, [None; 5]),
            (ResetRead, [None; 5]),
        ];
        for (state, row) in table {
            assert_eq!(steps.map(|step| state.on(step).ok()), row, "{state:?}");
        }
    }
}
