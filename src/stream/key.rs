//! Names of streams: keys, and the tokens by which a sent packet remembers what it carried.

use crate::wire::frame::FrameType;
use crate::wire::Direction;

/// Names one stream of one connection for as long as anybody asks.
///
/// The slot is found without a search; the generation tells a stream from earlier ones in the
/// same slot, so that a stale key finds nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StreamKey {
    pub(super) slot: u32,
    pub(super) generation: u32,
}

impl StreamKey {
    /// A small number that no other living stream of the connection has: a place in a table.
    #[inline]
    pub const fn slot(self) -> u32 {
        self.slot
    }
}

/// What one frame in a sent packet carried: enough to repeat it, without its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    /// A STREAM frame.
    Stream {
        /// The stream.
        key: StreamKey,
        /// Where the data begins.
        offset: u64,
        /// Bytes of data.
        len: u16,
        /// True if the frame ended the stream.
        fin: bool,
    },
    /// RESET_STREAM.
    ResetStream {
        /// The stream.
        key: StreamKey,
    },
    /// STOP_SENDING.
    StopSending {
        /// The stream.
        key: StreamKey,
    },
    /// MAX_DATA.
    MaxData {
        /// The limit given, in bytes.
        limit: u64,
    },
    /// MAX_STREAM_DATA.
    MaxStreamData {
        /// The stream.
        key: StreamKey,
        /// The limit given, in bytes.
        limit: u64,
    },
    /// MAX_STREAMS.
    MaxStreams {
        /// The kind of stream.
        direction: Direction,
        /// The limit given, in streams.
        limit: u64,
    },
    /// DATA_BLOCKED.
    DataBlocked {
        /// The limit that blocks.
        limit: u64,
    },
    /// STREAM_DATA_BLOCKED.
    StreamDataBlocked {
        /// The stream.
        key: StreamKey,
        /// The limit that blocks.
        limit: u64,
    },
    /// STREAMS_BLOCKED.
    StreamsBlocked {
        /// The kind of stream.
        direction: Direction,
        /// The limit that blocks.
        limit: u64,
    },
}

impl Token {
    /// The type of the frame.
    #[inline]
    pub const fn frame_type(&self) -> FrameType {
        match self {
            Self::Stream { .. } => FrameType::STREAM,
            Self::ResetStream { .. } => FrameType::RESET_STREAM,
            Self::StopSending { .. } => FrameType::STOP_SENDING,
            Self::MaxData { .. } => FrameType::MAX_DATA,
            Self::MaxStreamData { .. } => FrameType::MAX_STREAM_DATA,
            Self::MaxStreams { .. } => FrameType::MAX_STREAMS,
            Self::DataBlocked { .. } => FrameType::DATA_BLOCKED,
            Self::StreamDataBlocked { .. } => FrameType::STREAM_DATA_BLOCKED,
            Self::StreamsBlocked { .. } => FrameType::STREAMS_BLOCKED,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_small() {
        assert!(size_of::<Token>() <= 24);
        assert!(size_of::<Option<Token>>() <= 24);
    }
}
