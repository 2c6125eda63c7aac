//! Errors that close a connection with a code on the wire (RFC 9000 section 20).

use std::fmt;

/// Gives a type around a `u64` its error codes, by their names in the RFC: as constants, and to be
/// shown.
macro_rules! codes {
    ($type:ident: $($(#[$doc:meta])* $name:ident = $value:expr;)*) => {
        impl $type {
            $($(#[$doc])* pub const $name: Self = Self($value);)*

            /// The RFC's name of the code, without what all names there begin with; `None` if it
            /// has no name.
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($value => Some(stringify!($name)),)*
                    _ => None,
                }
            }
        }

        impl std::fmt::Debug for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                match self.name() {
                    Some(name) => f.write_str(name),
                    None => write!(f, "{:#x}", self.0),
                }
            }
        }
    };
}
pub(crate) use codes;

/// A transport error code (RFC 9000 section 20.1), `0x100` plus alert for TLS alerts.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TransportErrorCode(pub u64);

codes! {
    TransportErrorCode:
    /// The connection ends without an error.
    NO_ERROR = 0x0;
    /// The endpoint failed by itself.
    INTERNAL_ERROR = 0x1;
    /// The server declines the connection.
    CONNECTION_REFUSED = 0x2;
    /// More data than the flow-control limits allow.
    FLOW_CONTROL_ERROR = 0x3;
    /// A stream above the granted count.
    STREAM_LIMIT_ERROR = 0x4;
    /// A frame the stream's state does not allow.
    STREAM_STATE_ERROR = 0x5;
    /// The final size of a stream changed or was passed.
    FINAL_SIZE_ERROR = 0x6;
    /// A frame that cannot be parsed.
    FRAME_ENCODING_ERROR = 0x7;
    /// Malformed or forbidden transport parameters.
    TRANSPORT_PARAMETER_ERROR = 0x8;
    /// More connection IDs than the limit.
    CONNECTION_ID_LIMIT_ERROR = 0x9;
    /// A violation that no other code names.
    PROTOCOL_VIOLATION = 0xa;
    /// A Retry token that does not hold.
    INVALID_TOKEN = 0xb;
    /// The application closed the connection before 1-RTT keys were there.
    APPLICATION_ERROR = 0xc;
    /// More out-of-order CRYPTO data than is kept.
    CRYPTO_BUFFER_EXCEEDED = 0xd;
    /// A violation of the key-update rules.
    KEY_UPDATE_ERROR = 0xe;
    /// The confidentiality or integrity limit of the AEAD was reached.
    AEAD_LIMIT_REACHED = 0xf;
    /// No path that works.
    NO_VIABLE_PATH = 0x10;
    /// The outcome of version negotiation does not hold (RFC 9368).
    VERSION_NEGOTIATION_ERROR = 0x11;
}

impl TransportErrorCode {
    /// The code for a TLS alert (RFC 9001 section 4.8).
    pub const fn crypto(alert: u8) -> Self {
        Self(0x100 | alert as u64)
    }
}

/// What the peer did wrong, in the form CONNECTION_CLOSE carries it (RFC 9000 section 19.19).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransportError {
    /// The code that goes on the wire.
    pub code: TransportErrorCode,
    /// The frame type that caused the error, 0 if none did.
    pub frame_type: u64,
    /// Why, for the peer's operator.
    pub reason: &'static str,
}

impl TransportError {
    /// An error that no frame caused.
    pub const fn new(code: TransportErrorCode, reason: &'static str) -> Self {
        Self { code, frame_type: 0, reason }
    }

    /// The same error, blamed on frame type `frame_type`.
    pub const fn in_frame(self, frame_type: u64) -> Self {
        Self { frame_type, ..self }
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.code, self.reason)
    }
}

impl std::error::Error for TransportError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tls_alerts_map_into_the_crypto_range() {
        assert_eq!(TransportErrorCode::crypto(0x78).0, 0x178);
        assert_eq!(TransportErrorCode::crypto(0x78).name(), None);
    }

    #[test]
    fn every_named_code_has_its_rfc_value() {
        assert_eq!(TransportErrorCode::VERSION_NEGOTIATION_ERROR.0, 0x11);
        assert_eq!(TransportErrorCode(0xa).name(), Some("PROTOCOL_VIOLATION"));
    }
}
