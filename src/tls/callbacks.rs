//! What BoringSSL calls. Every callback writes down what happened and returns; none runs code of
//! the host.
//!
//! The callbacks find the [`State`] of their session in slot 0 of the SSL object's application
//! data, where it stands only while a call into BoringSSL lasts. The other slots are the host's.

use std::ffi::{c_char, c_int, c_uint, c_void, CStr};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::slice;

use boring_sys as ffi;
use boring_sys::{ssl_encryption_level_t, ssl_select_cert_result_t, ssl_verify_result_t};

use super::algorithm::Algorithm;
use super::event::{MessageKind, TlsEvent};
use super::level::Level;
use super::secret::Secret;
use super::state::State;
use super::verify::Verdict;
use super::{alpn, resumption, verify};

/// The slot of application data that is ours.
pub(super) const SLOT: c_int = 0;

const FAILED: c_int = 0;
const DONE: c_int = 1;

/// How handshake bytes, secrets and alerts come out.
pub(super) static QUIC_METHOD: ffi::SSL_QUIC_METHOD = ffi::SSL_QUIC_METHOD {
    set_read_secret: Some(set_read_secret),
    set_write_secret: Some(set_write_secret),
    add_handshake_data: Some(add_handshake_data),
    flush_flight: Some(flush_flight),
    send_alert: Some(send_alert),
};

/// Runs `f` on the state of `ssl`. Returns `otherwise` if there is none, as when the host calls
/// into its SSL object by itself, and after a panic, which must not unwind into C.
fn with_state<R>(ssl: *const ffi::SSL, otherwise: R, f: impl FnOnce(&mut State) -> R) -> R {
    // SAFETY: BoringSSL calls back with a live SSL object. A pointer in our slot was put there by
    // `Session::call`, which holds the state exclusively, does not touch it meanwhile, and removes
    // the pointer before it returns.
    let state = unsafe { ffi::SSL_get_ex_data(ssl, SLOT).cast::<State>().as_mut() };
    let Some(state) = state else { return otherwise };
    catch_unwind(AssertUnwindSafe(|| f(&mut *state))).unwrap_or_else(|_| {
        state.panicked = true;
        otherwise
    })
}

/// The bytes BoringSSL hands in.
///
/// # Safety
///
/// `data` points to `len` bytes that stay unchanged for the lifetime `'a`, unless `len` is zero.
unsafe fn bytes<'a>(data: *const u8, len: usize) -> &'a [u8] {
    if len == 0 {
        return &[];
    }
    // SAFETY: the caller vouches for it.
    unsafe { slice::from_raw_parts(data, len) }
}

unsafe extern "C" fn set_read_secret(
    ssl: *mut ffi::SSL,
    level: ssl_encryption_level_t,
    cipher: *const ffi::SSL_CIPHER,
    secret: *const u8,
    len: usize,
) -> c_int {
    // SAFETY: BoringSSL passes a secret and its length, and the cipher it belongs to.
    let secret = unsafe { new_secret(cipher, bytes(secret, len)) };
    with_state(ssl, FAILED, |state| {
        let (Some(level), Some(secret)) = (Level::from_ssl(level), secret) else { return FAILED };
        // SAFETY: BoringSSL makes this key of what the ClientHello says, at a server.
        if level == Level::EarlyData && !unsafe { state.enter_flight(ssl) } {
            return DONE;
        }
        state.push(TlsEvent::ReadSecret { level, secret });
        DONE
    })
}

unsafe extern "C" fn set_write_secret(
    ssl: *mut ffi::SSL,
    level: ssl_encryption_level_t,
    cipher: *const ffi::SSL_CIPHER,
    secret: *const u8,
    len: usize,
) -> c_int {
    // SAFETY: BoringSSL passes a secret and its length, and the cipher it belongs to.
    let secret = unsafe { new_secret(cipher, bytes(secret, len)) };
    with_state(ssl, FAILED, |state| {
        let (Some(level), Some(secret)) = (Level::from_ssl(level), secret) else { return FAILED };
        state.push(TlsEvent::WriteSecret { level, secret });
        DONE
    })
}

/// # Safety
///
/// `cipher` is a valid cipher.
unsafe fn new_secret(cipher: *const ffi::SSL_CIPHER, bytes: &[u8]) -> Option<Secret> {
    // SAFETY: the caller vouches for it.
    let id = unsafe { ffi::SSL_CIPHER_get_protocol_id(cipher) };
    Secret::new(Algorithm::from_id(id)?, bytes)
}

unsafe extern "C" fn add_handshake_data(
    ssl: *mut ffi::SSL,
    level: ssl_encryption_level_t,
    data: *const u8,
    len: usize,
) -> c_int {
    // SAFETY: BoringSSL passes bytes and their length.
    let data = unsafe { bytes(data, len) };
    with_state(ssl, FAILED, |state| {
        let Some(level) = Level::from_ssl(level) else { return FAILED };
        state.push_handshake_data(level, data);
        DONE
    })
}

unsafe extern "C" fn flush_flight(_ssl: *mut ffi::SSL) -> c_int {
    // The connection decides when datagrams leave.
    DONE
}

unsafe extern "C" fn send_alert(
    ssl: *mut ffi::SSL,
    _level: ssl_encryption_level_t,
    alert: u8,
) -> c_int {
    // Without a session's call this is the host shutting its SSL object down: it sends nothing.
    with_state(ssl, DONE, |state| {
        state.alert = Some(alert);
        DONE
    })
}

/// Selects the application protocol (RFC 9001 section 8.1).
pub(super) unsafe extern "C" fn select_alpn(
    ssl: *mut ffi::SSL,
    out: *mut *const u8,
    out_len: *mut u8,
    offered: *const u8,
    offered_len: c_uint,
    _argument: *mut c_void,
) -> c_int {
    // SAFETY: BoringSSL passes the client's list and its length; it stays valid while the protocol
    // that is selected out of it is copied, right after the return.
    let offered = unsafe { bytes(offered, offered_len as usize) };
    // No common protocol: BoringSSL then sends no_application_protocol.
    let none = ffi::SSL_TLSEXT_ERR_ALERT_FATAL;
    with_state(ssl, none, |state| match alpn::select(&state.alpn, offered) {
        Some(protocol) => {
            // SAFETY: both pointers are for the result; a protocol is at most 255 bytes.
            unsafe {
                *out = protocol.as_ptr();
                *out_len = protocol.len() as u8;
            }
            ffi::SSL_TLSEXT_ERR_OK
        }
        None => none,
    })
}

/// Sees the ClientHello before anything is made of it, and asks for a certificate.
pub(super) unsafe extern "C" fn client_hello(
    hello: *const ffi::SSL_CLIENT_HELLO,
) -> ssl_select_cert_result_t {
    // SAFETY: BoringSSL passes a valid message that lasts for this call.
    let ssl = unsafe { (*hello).ssl };
    with_state(ssl, ssl_select_cert_result_t::ssl_select_cert_error, |state| {
        // SAFETY: as above.
        let ready = unsafe {
            state.refuse_replay(hello);
            state.parameters_ready(hello) && state.certificate_ready(hello)
        };
        if ready {
            ssl_select_cert_result_t::ssl_select_cert_success
        } else {
            ssl_select_cert_result_t::ssl_select_cert_retry
        }
    })
}

pub(super) unsafe extern "C" fn ticket_key(
    ssl: *mut ffi::SSL,
    name: *mut u8,
    iv: *mut u8,
    cipher: *mut ffi::EVP_CIPHER_CTX,
    mac: *mut ffi::HMAC_CTX,
    encrypt: c_int,
) -> c_int {
    // 0: no ticket is issued, or the one that was shown is passed over.
    with_state(ssl, 0, |state| match &state.ticket_key {
        // SAFETY: the pointers are those BoringSSL calls back with.
        Some(key) if encrypt == 1 => unsafe { key.seal(name, iv, cipher, mac) },
        // SAFETY: as above.
        Some(key) => unsafe { key.open(name, iv, cipher, mac) },
        None => 0,
    })
}

pub(super) unsafe extern "C" fn verify_certificate(
    ssl: *mut ffi::SSL,
    alert: *mut u8,
) -> ssl_verify_result_t {
    with_state(ssl, ssl_verify_result_t::ssl_verify_invalid, |state| {
        // SAFETY: this is BoringSSL's verification callback.
        match unsafe { verify::verify(ssl, state) } {
            Verdict::Accepted => ssl_verify_result_t::ssl_verify_ok,
            Verdict::Pending => ssl_verify_result_t::ssl_verify_retry,
            Verdict::Refused(reason) => {
                // SAFETY: the pointer is for the result.
                unsafe { *alert = reason };
                ssl_verify_result_t::ssl_verify_invalid
            }
        }
    })
}

pub(super) unsafe extern "C" fn new_session(
    ssl: *mut ffi::SSL,
    session: *mut ffi::SSL_SESSION,
) -> c_int {
    with_state(ssl, 0, |state| {
        // SAFETY: BoringSSL passes a valid session.
        if let Some(ticket) = unsafe { resumption::to_pem(session) } {
            state.push(TlsEvent::SessionTicket(ticket));
        }
        // The reference stays with BoringSSL.
        0
    })
}

pub(super) unsafe extern "C" fn key_log(ssl: *const ffi::SSL, line: *const c_char) {
    // SAFETY: BoringSSL passes a string that ends in a zero byte.
    let line = unsafe { CStr::from_ptr(line) };
    with_state(ssl, (), |state| {
        state.push(TlsEvent::KeyLog(line.to_string_lossy().into_owned()));
    });
}

pub(super) unsafe extern "C" fn message(
    write: c_int,
    _version: c_int,
    content_type: c_int,
    data: *const c_void,
    len: usize,
    ssl: *mut ffi::SSL,
    _argument: *mut c_void,
) {
    if content_type != ffi::SSL3_RT_HANDSHAKE {
        return;
    }
    // SAFETY: BoringSSL passes a message and its length.
    let message = unsafe { bytes(data.cast(), len) };
    let kind = match (write, message.first().map(|&kind| i32::from(kind))) {
        (0, Some(ffi::SSL3_MT_CLIENT_HELLO)) => MessageKind::ClientHello,
        (1, Some(ffi::SSL3_MT_SERVER_HELLO)) => MessageKind::ServerHello,
        _ => return,
    };
    with_state(ssl, (), |state| {
        state.push(TlsEvent::Message { kind, bytes: message.to_vec() });
    });
}
