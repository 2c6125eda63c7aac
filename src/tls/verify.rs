//! Verification of the peer's certificate: a server's, or that of a client that was asked for one.

use std::ffi::{c_int, CStr};
use std::ptr::NonNull;
use std::slice;

use boring_sys as ffi;

use super::event::TlsEvent;
use super::state::State;

/// What a client makes of the server's certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum VerifyMode {
    /// It takes any certificate.
    #[default]
    None,
    /// It asks the system's certificate store.
    Builtin {
        /// Whether a chain may end in a certificate that signs itself and is not in the store.
        allow_self_signed: bool,
    },
    /// It checks names, dates and signatures, and lets the application decide whom to trust.
    Application {
        /// Whether a chain that ends in a certificate that signs itself reaches the application.
        allow_self_signed: bool,
    },
}

impl VerifyMode {
    pub(super) const fn needs_server_name(self) -> bool {
        !matches!(self, Self::None)
    }
}

/// How far the certificate is judged.
#[derive(Debug, Default)]
pub(super) struct Verification {
    pub(super) mode: VerifyMode,
    pub(super) answer: Answer,
}

/// The application's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) enum Answer {
    #[default]
    Unasked,
    Asked,
    Trusted,
    Refused,
}

/// What the callback tells BoringSSL.
pub(super) enum Verdict {
    Accepted,
    /// The application was asked.
    Pending,
    /// With an alert.
    Refused(u8),
}

/// Judges the certificate chain of a handshake.
///
/// # Safety
///
/// `ssl` is in its verification callback.
pub(super) unsafe fn verify(ssl: *mut ffi::SSL, state: &mut State) -> Verdict {
    let application = matches!(state.verification.mode, VerifyMode::Application { .. });
    if application {
        match state.verification.answer {
            Answer::Unasked => {}
            Answer::Asked => return Verdict::Pending,
            Answer::Trusted => return Verdict::Accepted,
            // What the application says is that it trusts nobody in the chain.
            Answer::Refused => return Verdict::Refused(ffi::SSL_AD_UNKNOWN_CA as u8),
        }
    }
    let Some(tolerance) = tolerance(state.verification.mode) else { return Verdict::Accepted };
    // SAFETY: the caller vouches for `ssl`.
    let purpose =
        if unsafe { ffi::SSL_is_server(ssl) } == 1 { c"ssl_client" } else { c"ssl_server" };
    // SAFETY: as above.
    if let Err(alert) = unsafe { check_chain(ssl, purpose, tolerance) } {
        return Verdict::Refused(alert);
    }
    if !application {
        return Verdict::Accepted;
    }
    state.verification.answer = Answer::Asked;
    // SAFETY: the caller vouches for `ssl`.
    state.push(TlsEvent::VerifyCertificate { chain: unsafe { chain(ssl) } });
    Verdict::Pending
}

/// A filter over the errors of a verification: 1 goes on, 0 fails.
type Tolerance = unsafe extern "C" fn(ok: c_int, context: *mut ffi::X509_STORE_CTX) -> c_int;

fn tolerance(mode: VerifyMode) -> Option<Tolerance> {
    match mode {
        VerifyMode::None => None,
        VerifyMode::Builtin { allow_self_signed: false } => Some(nothing),
        VerifyMode::Builtin { allow_self_signed: true } => Some(self_signed),
        VerifyMode::Application { allow_self_signed: false } => Some(unknown_issuer),
        VerifyMode::Application { allow_self_signed: true } => Some(any_issuer),
    }
}

unsafe extern "C" fn nothing(ok: c_int, _context: *mut ffi::X509_STORE_CTX) -> c_int {
    ok
}

unsafe extern "C" fn self_signed(ok: c_int, context: *mut ffi::X509_STORE_CTX) -> c_int {
    // SAFETY: BoringSSL passes a valid context.
    let error = unsafe { ffi::X509_STORE_CTX_get_error(context) };
    c_int::from(ok == 1 || is_self_signed(error))
}

unsafe extern "C" fn unknown_issuer(ok: c_int, context: *mut ffi::X509_STORE_CTX) -> c_int {
    // SAFETY: BoringSSL passes a valid context.
    let error = unsafe { ffi::X509_STORE_CTX_get_error(context) };
    c_int::from(ok == 1 || is_unknown_issuer(error))
}

unsafe extern "C" fn any_issuer(ok: c_int, context: *mut ffi::X509_STORE_CTX) -> c_int {
    // SAFETY: BoringSSL passes a valid context.
    let error = unsafe { ffi::X509_STORE_CTX_get_error(context) };
    c_int::from(ok == 1 || is_unknown_issuer(error) || is_self_signed(error))
}

const fn is_self_signed(error: c_int) -> bool {
    matches!(
        error,
        ffi::X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT | ffi::X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN
    )
}

/// The chain leads to nobody in the store. A chain of one certificate gives the second error too.
const fn is_unknown_issuer(error: c_int) -> bool {
    matches!(
        error,
        ffi::X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY
            | ffi::X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE
    )
}

/// Checks the peer's chain against store, name and time; the error is an alert.
///
/// # Safety
///
/// `ssl` is in its verification callback.
unsafe fn check_chain(ssl: *mut ffi::SSL, purpose: &CStr, tolerance: Tolerance) -> Result<(), u8> {
    struct StoreContext(NonNull<ffi::X509_STORE_CTX>);
    impl Drop for StoreContext {
        fn drop(&mut self) {
            // SAFETY: the object is ours and freed once.
            unsafe { ffi::X509_STORE_CTX_free(self.0.as_ptr()) };
        }
    }

    let internal = ffi::SSL_AD_INTERNAL_ERROR as u8;
    // SAFETY: the result is checked for null.
    let context = NonNull::new(unsafe { ffi::X509_STORE_CTX_new() }).ok_or(internal)?;
    let owner = StoreContext(context);
    let context = owner.0.as_ptr();
    // SAFETY: in the verification callback the peer's chain is there and outlives this function;
    // `context` is ours, and what it refers to outlives it.
    unsafe {
        let chain = ffi::SSL_get_peer_full_cert_chain(ssl);
        if chain.is_null() || ffi::OPENSSL_sk_num(chain.cast()) == 0 {
            return Err(ffi::SSL_AD_BAD_CERTIFICATE as u8);
        }
        let leaf = ffi::OPENSSL_sk_value(chain.cast(), 0).cast();
        let store = ffi::SSL_CTX_get_cert_store(ffi::SSL_get_SSL_CTX(ssl));
        let ready = ffi::X509_STORE_CTX_init(context, store, leaf, chain) == 1
            && ffi::X509_STORE_CTX_set_default(context, purpose.as_ptr()) == 1
            && ffi::X509_VERIFY_PARAM_set1(
                ffi::X509_STORE_CTX_get0_param(context),
                ffi::SSL_get0_param(ssl),
            ) == 1;
        if !ready {
            return Err(internal);
        }
        ffi::X509_STORE_CTX_set_verify_cb(context, Some(tolerance));
        if ffi::X509_verify_cert(context) == 1 {
            return Ok(());
        }
        let error = ffi::X509_STORE_CTX_get_error(context);
        Err(ffi::SSL_alert_from_verify_result(error.into()) as u8)
    }
}

/// The peer's chain in DER, its own certificate first.
///
/// # Safety
///
/// `ssl` is valid.
unsafe fn chain(ssl: *const ffi::SSL) -> Vec<Vec<u8>> {
    // SAFETY: the stack and its buffers belong to the session and stay while they are copied; the
    // index is below their number.
    unsafe {
        let stack: *const ffi::OPENSSL_STACK = ffi::SSL_get0_peer_certificates(ssl).cast();
        let count = if stack.is_null() { 0 } else { ffi::OPENSSL_sk_num(stack) };
        (0..count)
            .map(|index| {
                let buffer: *const ffi::CRYPTO_BUFFER = ffi::OPENSSL_sk_value(stack, index).cast();
                let len = ffi::CRYPTO_BUFFER_len(buffer);
                slice::from_raw_parts(ffi::CRYPTO_BUFFER_data(buffer), len).to_vec()
            })
            .collect()
    }
}
