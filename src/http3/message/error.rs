//! What makes a message malformed.

use std::fmt;

/// Why a message is malformed (RFC 9114 section 4.1.2). It ends its stream with H3_MESSAGE_ERROR
/// and never the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageError {
    /// A field name is empty, has upper-case letters or is no token.
    BadName,
    /// A field value has control characters, or blanks at its ends.
    BadValue,
    /// A pseudo-field that does not exist, or not in this kind of message.
    UnknownPseudo,
    /// A pseudo-field that came already.
    DuplicatePseudo,
    /// A pseudo-field behind a regular field.
    LatePseudo,
    /// A pseudo-field among trailers.
    PseudoInTrailers,
    /// A field that belongs to a connection of HTTP/1.1, or `te` with more than `trailers`.
    ConnectionSpecific,
    /// No `:method`.
    NoMethod,
    /// `:method` is no token.
    BadMethod,
    /// No `:scheme`.
    NoScheme,
    /// `:scheme` is no scheme.
    BadScheme,
    /// No `:path`.
    NoPath,
    /// `:path` does not fit the scheme and the method.
    BadPath,
    /// Neither `:authority` nor `host` where one is needed.
    NoAuthority,
    /// `:authority` or `host` is empty, names a user or has blanks.
    BadAuthority,
    /// `:authority` and `host` differ.
    AuthorityNotHost,
    /// More than one `host`.
    DuplicateHost,
    /// `:scheme` or `:path` with CONNECT.
    ConnectWithTarget,
    /// `:protocol` with another method than CONNECT.
    ProtocolWithoutConnect,
    /// `:protocol` although extended CONNECT was not agreed on.
    ExtendedConnectDisabled,
    /// `:protocol` is no token.
    BadProtocol,
    /// No `:status`.
    NoStatus,
    /// `:status` is not of three digits from 100 up.
    BadStatus,
    /// `:status` is 101, which HTTP/3 does not have.
    SwitchingProtocols,
    /// `content-length` is no number that fits 64 bits.
    BadContentLength,
    /// Two `content-length` that differ.
    ConflictingContentLength,
    /// More content than `content-length` says.
    TooMuchContent,
    /// Less content than `content-length` says.
    TooLittleContent,
}

impl MessageError {
    /// A few words for logs.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::BadName => "malformed field name",
            Self::BadValue => "malformed field value",
            Self::UnknownPseudo => "unknown pseudo-field",
            Self::DuplicatePseudo => "pseudo-field twice",
            Self::LatePseudo => "pseudo-field behind a regular field",
            Self::PseudoInTrailers => "pseudo-field among trailers",
            Self::ConnectionSpecific => "connection-specific field",
            Self::NoMethod => ":method is missing",
            Self::BadMethod => ":method is no token",
            Self::NoScheme => ":scheme is missing",
            Self::BadScheme => ":scheme is malformed",
            Self::NoPath => ":path is missing",
            Self::BadPath => ":path is malformed",
            Self::NoAuthority => ":authority and host are missing",
            Self::BadAuthority => ":authority or host is malformed",
            Self::AuthorityNotHost => ":authority and host differ",
            Self::DuplicateHost => "host twice",
            Self::ConnectWithTarget => "CONNECT with :scheme or :path",
            Self::ProtocolWithoutConnect => ":protocol without CONNECT",
            Self::ExtendedConnectDisabled => ":protocol without the setting",
            Self::BadProtocol => ":protocol is no token",
            Self::NoStatus => ":status is missing",
            Self::BadStatus => ":status is malformed",
            Self::SwitchingProtocols => "status 101",
            Self::BadContentLength => "content-length is malformed",
            Self::ConflictingContentLength => "content-length twice, with different values",
            Self::TooMuchContent => "more content than content-length says",
            Self::TooLittleContent => "less content than content-length says",
        }
    }
}

impl fmt::Display for MessageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason())
    }
}

impl std::error::Error for MessageError {}
