//! What can be wrong with a frame taken by itself.

use super::FrameType;
use crate::error::{TransportError, TransportErrorCode};
use crate::wire::UnexpectedEnd;

/// A frame that breaks a rule no connection state is needed to judge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameError {
    /// The type of the frame, PADDING where not even that could be read.
    pub frame_type: FrameType,
    /// The rule.
    pub kind: FrameErrorKind,
}

/// The rule that a frame breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameErrorKind {
    /// The packet ends before the frame does.
    Truncated,
    /// No such frame type was negotiated.
    UnknownType,
    /// The type is not in the shortest form of a varint.
    TypeNotShortest,
    /// The frame may not stand in this type of packet, or not come from this side.
    NotAllowed,
    /// The data ends past 2^62 - 1.
    OffsetTooLarge,
    /// An acknowledged range goes below packet number zero.
    AckRangeBelowZero,
    /// A count of streams over 2^60.
    TooManyStreams,
    /// The connection ID is empty or over 20 bytes.
    ConnectionIdLength,
    /// Retire Prior To is above the Sequence Number.
    RetirePriorTo,
    /// The token is empty.
    EmptyToken,
    /// An ACK_EXTENDED with fields of an unknown kind.
    AckFeatures,
    /// Receive timestamps in an empty range, or more than there may be.
    AckTimestamps,
}

impl FrameErrorKind {
    /// The code that closes the connection, and why.
    const fn code_and_reason(self) -> (TransportErrorCode, &'static str) {
        use TransportErrorCode as Code;
        match self {
            // RFC 9000 section 12.4, last three paragraphs.
            Self::Truncated => (Code::FRAME_ENCODING_ERROR, "truncated frame"),
            Self::UnknownType => (Code::FRAME_ENCODING_ERROR, "unknown frame type"),
            Self::TypeNotShortest => (Code::PROTOCOL_VIOLATION, "frame type not in shortest form"),
            Self::NotAllowed => (Code::PROTOCOL_VIOLATION, "frame not allowed here"),
            // RFC 9000 sections 19.6 and 19.8.
            Self::OffsetTooLarge => (Code::FRAME_ENCODING_ERROR, "data past the largest offset"),
            // RFC 9000 section 19.3.1.
            Self::AckRangeBelowZero => (Code::FRAME_ENCODING_ERROR, "negative packet number"),
            // RFC 9000 sections 19.11 and 19.14.
            Self::TooManyStreams => (Code::FRAME_ENCODING_ERROR, "stream count over 2^60"),
            // RFC 9000 section 19.15.
            Self::ConnectionIdLength => (Code::FRAME_ENCODING_ERROR, "connection ID length"),
            Self::RetirePriorTo => (Code::FRAME_ENCODING_ERROR, "retire prior to over sequence"),
            // RFC 9000 section 19.7.
            Self::EmptyToken => (Code::FRAME_ENCODING_ERROR, "empty token"),
            Self::AckFeatures => (Code::FRAME_ENCODING_ERROR, "unknown feature of ACK_EXTENDED"),
            Self::AckTimestamps => (Code::FRAME_ENCODING_ERROR, "receive timestamps"),
        }
    }
}

impl From<UnexpectedEnd> for FrameErrorKind {
    #[inline]
    fn from(_: UnexpectedEnd) -> Self {
        Self::Truncated
    }
}

impl From<FrameError> for TransportError {
    fn from(error: FrameError) -> Self {
        let (code, reason) = error.kind.code_and_reason();
        Self::new(code, reason).in_frame(error.frame_type.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_close_blames_the_frame_type() {
        let error = FrameError { frame_type: FrameType::ACK, kind: FrameErrorKind::NotAllowed };
        let close = TransportError::from(error);
        assert_eq!(close.code, TransportErrorCode::PROTOCOL_VIOLATION);
        assert_eq!(close.frame_type, 0x02);
    }

    #[test]
    fn a_frame_cut_short_is_an_encoding_error() {
        let kind = FrameErrorKind::from(UnexpectedEnd);
        assert_eq!(kind.code_and_reason().0, TransportErrorCode::FRAME_ENCODING_ERROR);
    }
}
