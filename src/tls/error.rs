//! What can be wrong with a TLS configuration, and what BoringSSL has to say about it.

use std::ffi::{CStr, CString};
use std::fmt;

use boring_sys as ffi;

/// Why a [`Context`](super::Context) or a [`Session`](super::Session) cannot be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContextError {
    /// A server needs a certificate file.
    NoCertificateFile,
    /// A server needs a private key file.
    NoPrivateKeyFile,
    /// The certificate file cannot be read or holds no certificate.
    Certificate {
        /// The configured path.
        path: String,
        /// What BoringSSL or the operating system says.
        reason: String,
    },
    /// The private key file cannot be read or holds no key.
    PrivateKey {
        /// The configured path.
        path: String,
        /// What BoringSSL or the operating system says.
        reason: String,
    },
    /// The private key does not belong to the certificate.
    KeyMismatch,
    /// Session ticket keys have 48 or 80 bytes, not this many.
    TicketKeyLength(usize),
    /// The list names no cipher suite of TLS 1.3.
    Ciphers(String),
    /// The list names a group that is unknown.
    Groups(String),
    /// An application protocol is empty or longer than 255 bytes.
    Alpn,
    /// The server name contains a zero byte or is too long.
    ServerName,
    /// The built-in verification needs a server name to compare certificates with.
    NoServerName,
    /// The context is for the other role.
    Role,
    /// Anything else, as BoringSSL puts it.
    Other(String),
}

impl fmt::Display for ContextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCertificateFile => f.write_str("no certificate file is configured"),
            Self::NoPrivateKeyFile => f.write_str("no private key file is configured"),
            Self::Certificate { path, reason } => {
                write!(f, "certificate file {path} cannot be used: {reason}")
            }
            Self::PrivateKey { path, reason } => {
                write!(f, "private key file {path} cannot be used: {reason}")
            }
            Self::KeyMismatch => f.write_str("the private key does not match the certificate"),
            Self::TicketKeyLength(len) => {
                write!(f, "a session ticket key has 48 or 80 bytes, not {len}")
            }
            Self::Ciphers(list) => write!(f, "no TLS 1.3 cipher suite in \"{list}\""),
            Self::Groups(list) => write!(f, "unknown group in \"{list}\""),
            Self::Alpn => f.write_str("an application protocol has 1 to 255 bytes"),
            Self::ServerName => f.write_str("the server name cannot be sent"),
            Self::NoServerName => f.write_str("verification needs a server name"),
            Self::Role => f.write_str("client and server have contexts of their own"),
            Self::Other(reason) => f.write_str(reason),
        }
    }
}

impl std::error::Error for ContextError {}

impl ContextError {
    /// The error of a call that failed for no reason a configuration could give.
    pub(super) fn unexpected() -> Self {
        Self::Other(take_reason())
    }
}

/// `text` for a C function that takes it up to the first zero byte.
pub(super) fn c_string(text: &str) -> Option<CString> {
    CString::new(text).ok()
}

/// Forgets errors of earlier calls, which BoringSSL would otherwise mix up with the next one's.
pub(super) fn clear() {
    // SAFETY: the queue belongs to the thread.
    unsafe { ffi::ERR_clear_error() };
}

/// The first error since [`clear`], in words; the queue is empty afterwards.
pub(super) fn take_reason() -> String {
    // SAFETY: the function only reads the thread's queue.
    let packed = unsafe { ffi::ERR_peek_error() };
    // SAFETY: the function accepts any number and returns null or a string that lives until the
    // next call on this thread; it is copied before.
    let reason = unsafe {
        let text = ffi::ERR_reason_error_string(packed);
        (!text.is_null()).then(|| CStr::from_ptr(text).to_string_lossy().into_owned())
    };
    clear();
    reason.unwrap_or_else(|| "unknown reason".to_owned())
}

/// The reason code of the first error, if TLS raised it; the queue stays.
pub(super) fn peek_ssl_reason() -> Option<i32> {
    // SAFETY: the function only reads the thread's queue.
    let packed = unsafe { ffi::ERR_peek_error() };
    let from_ssl = ffi::ERR_GET_LIB(packed) as u32 == ffi::ERR_LIB_SSL.0;
    from_ssl.then(|| ffi::ERR_GET_REASON(packed))
}

/// The words for [`peek_ssl_reason`], which are static for errors of TLS itself.
pub(super) fn peek_ssl_reason_text() -> Option<&'static str> {
    peek_ssl_reason()?;
    // SAFETY: for errors of the SSL library, checked above, the string is an entry of a static
    // table.
    unsafe {
        let text = ffi::ERR_reason_error_string(ffi::ERR_peek_error());
        (!text.is_null()).then(|| CStr::from_ptr(text).to_str().ok()).flatten()
    }
}
