//! What goes wrong in QPACK (RFC 9204 section 6, RFC 9114 section 8.1).

/// Every one ends the connection; the variants are the codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QpackError {
    /// QPACK_DECOMPRESSION_FAILED: a field section cannot be read.
    DecompressionFailed(&'static str),
    /// QPACK_ENCODER_STREAM_ERROR: the peer's encoder sent what it must not.
    EncoderStream(&'static str),
    /// QPACK_DECODER_STREAM_ERROR: the peer's decoder sent what it must not.
    DecoderStream(&'static str),
    /// H3_EXCESSIVE_LOAD: the peer makes us work too much.
    ExcessiveLoad(&'static str),
}

impl QpackError {
    /// The code on the wire.
    pub const fn code(&self) -> u64 {
        match self {
            Self::DecompressionFailed(_) => 0x200,
            Self::EncoderStream(_) => 0x201,
            Self::DecoderStream(_) => 0x202,
            Self::ExcessiveLoad(_) => 0x107,
        }
    }

    /// What went wrong.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::DecompressionFailed(reason)
            | Self::EncoderStream(reason)
            | Self::DecoderStream(reason)
            | Self::ExcessiveLoad(reason) => reason,
        }
    }
}
