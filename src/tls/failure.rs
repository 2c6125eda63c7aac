//! How a failed handshake closes the connection (RFC 9001 section 4.8).

use boring_sys as ffi;

use super::error;
use crate::error::{TransportError, TransportErrorCode};

/// The type of CRYPTO frames.
const CRYPTO: u64 = 0x06;

pub(super) const INTERNAL: TransportError =
    TransportError::new(TransportErrorCode::INTERNAL_ERROR, "TLS failed");

pub(super) const UNUSABLE_CERTIFICATE: TransportError = TransportError::new(
    TransportErrorCode::INTERNAL_ERROR,
    "certificate and key of the host do not go together",
);

pub(super) const CRYPTO_AT_WRONG_LEVEL: TransportError = TransportError::new(
    TransportErrorCode::PROTOCOL_VIOLATION,
    "CRYPTO data at a level that is not being read",
)
.in_frame(CRYPTO);

pub(super) const CRYPTO_BUFFER: TransportError = TransportError::new(
    TransportErrorCode::CRYPTO_BUFFER_EXCEEDED,
    "more CRYPTO data than a handshake message may have",
)
.in_frame(CRYPTO);

/// When BoringSSL raised an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Handshake,
    /// After the handshake, at the client.
    AfterAtClient,
    /// After the handshake, at the server.
    AfterAtServer,
}

/// The error of a call into BoringSSL that raised `alert`, or none.
pub(super) fn of_call(alert: Option<u8>, phase: Phase) -> TransportError {
    let reason = error::peek_ssl_reason_text().unwrap_or("TLS failed");
    // Without an alert the failure is our own, and no value of 0x100 to 0x1ff is made up for it.
    let Some(alert) = alert else {
        return TransportError { reason, ..INTERNAL };
    };
    let code = code_for_quic(alert, phase, error::peek_ssl_reason());
    TransportError::new(code, reason).in_frame(CRYPTO)
}

/// The code for an alert, where QUIC does not ask for another one than TLS does.
fn code_for_quic(alert: u8, phase: Phase, reason: Option<i32>) -> TransportErrorCode {
    match (phase, i32::from(alert), reason) {
        // RFC 9001 section 8.1: a protocol we did not offer is as good as none.
        (Phase::Handshake, _, Some(ffi::SSL_R_INVALID_ALPN_PROTOCOL)) => {
            TransportErrorCode::crypto(ffi::SSL_AD_NO_APPLICATION_PROTOCOL as u8)
        }
        // RFC 9001 section 8.4: no compatibility mode.
        (Phase::Handshake, _, Some(ffi::SSL_R_UNEXPECTED_COMPATIBILITY_MODE))
        // RFC 9001 section 4.6.1: a session ticket whose max_early_data_size is not 0xffffffff. No
        // other fault of a ticket has this alert and this reason.
        | (
            Phase::AfterAtClient,
            ffi::SSL_AD_ILLEGAL_PARAMETER,
            Some(ffi::SSL_R_DECODE_ERROR),
        )
        // RFC 9001 section 4.4: a CertificateRequest, or another message there is no place for. A
        // KeyUpdate has a reason of its own and keeps its alert (RFC 9001 section 6).
        | (
            Phase::AfterAtClient,
            ffi::SSL_AD_UNEXPECTED_MESSAGE,
            Some(ffi::SSL_R_UNEXPECTED_MESSAGE),
        ) => TransportErrorCode::PROTOCOL_VIOLATION,
        _ => TransportErrorCode::crypto(alert),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_becomes_a_crypto_error_in_a_crypto_frame() {
        error::clear();
        let error = of_call(Some(40), Phase::Handshake);
        assert_eq!((error.code.0, error.frame_type), (0x128, 0x06));
    }

    #[test]
    fn a_failure_without_an_alert_is_internal() {
        error::clear();
        assert_eq!(of_call(None, Phase::Handshake).code, TransportErrorCode::INTERNAL_ERROR);
    }

    #[test]
    fn where_quic_names_another_code_that_is_used() {
        let of = |alert: i32, phase, reason| code_for_quic(alert as u8, phase, Some(reason));
        let illegal = ffi::SSL_AD_ILLEGAL_PARAMETER;
        assert_eq!(of(illegal, Phase::Handshake, ffi::SSL_R_INVALID_ALPN_PROTOCOL).0, 0x178);
        let violation = TransportErrorCode::PROTOCOL_VIOLATION;
        let compatibility = ffi::SSL_R_UNEXPECTED_COMPATIBILITY_MODE;
        assert_eq!(of(illegal, Phase::Handshake, compatibility), violation);
        assert_eq!(of(illegal, Phase::AfterAtClient, ffi::SSL_R_DECODE_ERROR), violation);
        assert_eq!(of(illegal, Phase::Handshake, ffi::SSL_R_DECODE_ERROR).0, 0x12f);
        let decode = ffi::SSL_AD_DECODE_ERROR;
        assert_eq!(of(decode, Phase::AfterAtClient, ffi::SSL_R_DECODE_ERROR).0, 0x132);
        let unexpected = ffi::SSL_AD_UNEXPECTED_MESSAGE;
        let reason = ffi::SSL_R_UNEXPECTED_MESSAGE;
        assert_eq!(of(unexpected, Phase::AfterAtClient, reason), violation);
        assert_eq!(of(unexpected, Phase::AfterAtServer, reason).0, 0x10a);
        assert_eq!(of(unexpected, Phase::Handshake, reason).0, 0x10a);
    }
}
