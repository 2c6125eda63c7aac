//! What all sessions of an engine share.

use std::ffi::c_int;
use std::ptr::NonNull;
use std::sync::{Arc, OnceLock};

use boring_sys as ffi;

use super::algorithm::Algorithm;
use super::callbacks;
use super::error::{self, c_string, ContextError};
use super::replay::ReplayRegister;
use super::ticket_key::TicketKey;
use crate::wire::Role;

/// How long a session can be resumed if the configuration does not say: a week, in seconds, the
/// longest RFC 8446 section 4.6.1 allows.
const DEFAULT_SESSION_TIMEOUT: u32 = 7 * 24 * 3600;

/// The groups for key exchange unless configured, the key share being of the first.
const DEFAULT_GROUPS: &str = "P-256:X25519:P-384:P-521";

/// Bytes of a certificate message that are accepted; with it BoringSSL bounds what it buffers at
/// the Handshake level.
const MAX_CERTIFICATE_BYTES: usize = 64 * 1024;

/// What a [`Context`] is made from. Everything is read while it is made.
#[derive(Clone, Copy, Debug)]
pub struct ContextConfig<'a> {
    /// Which end the sessions are.
    pub role: Role,
    /// A file with the certificate and its chain in PEM; needed by a server.
    pub certificate_file: Option<&'a str>,
    /// A file with the certificate's private key in PEM; needed by a server.
    pub private_key_file: Option<&'a str>,
    /// Cipher suites of TLS 1.3 by their registered names, separated by colons, in order of
    /// preference; only these are used. Other names are passed over, as lists often name suites of
    /// TLS 1.2. Without a list AES comes first where the processor has it, else ChaCha20.
    pub ciphers: Option<&'a str>,
    /// Groups for key exchange, separated by colons.
    pub groups: Option<&'a str>,
    /// 48 or 80 bytes that seal session tickets; without them tickets only hold in this context.
    pub session_ticket_key: Option<&'a [u8]>,
    /// How long a session can be resumed, in seconds; 0 for the default.
    pub session_timeout: u32,
    /// Report key log lines.
    pub key_log: bool,
    /// Report ClientHello and ServerHello messages at the server.
    pub messages: bool,
}

impl ContextConfig<'_> {
    /// A configuration with nothing but defaults.
    pub const fn new(role: Role) -> Self {
        Self {
            role,
            certificate_file: None,
            private_key_file: None,
            ciphers: None,
            groups: None,
            session_ticket_key: None,
            session_timeout: 0,
            key_log: false,
            messages: false,
        }
    }
}

/// The configuration of an engine's TLS: certificates, tickets, algorithms, protocols.
pub struct Context {
    pub(super) ssl: SslContext,
    pub(super) role: Role,
    /// Protocols a server selects from, in TLS encoding and order of preference.
    pub(super) alpn: Arc<[u8]>,
    pub(super) ticket_key: Option<Arc<TicketKey>>,
    /// First flights with 0-RTT that a server has seen.
    pub(super) replays: Arc<ReplayRegister>,
}

impl Context {
    /// Makes a context.
    ///
    /// # Errors
    ///
    /// If a file cannot be used, or a key or list makes no sense.
    pub fn new(config: &ContextConfig<'_>) -> Result<Self, ContextError> {
        error::clear();
        let ssl = SslContext::new()?;
        ssl.set_algorithms(config)?;
        ssl.set_common(config);
        let mut ticket_key = None;
        match config.role {
            Role::Client => ssl.set_up_client(),
            Role::Server => {
                ssl.load_certificate(config)?;
                if let Some(bytes) = config.session_ticket_key {
                    ticket_key = Some(Arc::new(TicketKey::new(bytes)?));
                }
                ssl.set_up_server(ticket_key.is_some());
            }
        }
        let (alpn, replays) = (Arc::from([]), Arc::default());
        Ok(Self { ssl, role: config.role, alpn, ticket_key, replays })
    }

    /// Replaces the certificate, at a client the one that it shows to servers that ask. Sessions
    /// made before keep what they had.
    ///
    /// # Errors
    ///
    /// If a file cannot be used or the two do not go together; what was there may then be gone.
    pub fn set_certificate(&mut self, certificate: &str, key: &str) -> Result<(), ContextError> {
        error::clear();
        self.ssl.load_certificate(&ContextConfig {
            certificate_file: Some(certificate),
            private_key_file: Some(key),
            ..ContextConfig::new(self.role)
        })
    }

    /// Sets the protocols a server selects from, most wanted first. Sessions made before keep what
    /// they had.
    ///
    /// # Errors
    ///
    /// If a protocol is empty or longer than 255 bytes.
    pub fn set_alpn(&mut self, protocols: &[&[u8]]) -> Result<(), ContextError> {
        let mut list = Vec::new();
        for protocol in protocols {
            push_protocol(&mut list, protocol)?;
        }
        self.alpn = list.into();
        Ok(())
    }
}

/// Appends `protocol` in TLS encoding (RFC 7301 section 3.1).
pub(super) fn push_protocol(list: &mut Vec<u8>, protocol: &[u8]) -> Result<(), ContextError> {
    let len = u8::try_from(protocol.len()).map_err(|_| ContextError::Alpn)?;
    if len == 0 {
        return Err(ContextError::Alpn);
    }
    list.push(len);
    list.extend_from_slice(protocol);
    Ok(())
}

/// An owned SSL_CTX. After it is set up it is only read.
pub(super) struct SslContext(NonNull<ffi::SSL_CTX>);

// SAFETY: an SSL_CTX is reference-counted and locked inside; BoringSSL allows sharing one that is
// not being configured, and configuring takes place in `Context::new` alone.
unsafe impl Send for SslContext {}
// SAFETY: as above.
unsafe impl Sync for SslContext {}

impl SslContext {
    fn new() -> Result<Self, ContextError> {
        // SAFETY: a method table is static; the result is checked for null.
        let context = unsafe { ffi::SSL_CTX_new(ffi::TLS_method()) };
        NonNull::new(context).map(Self).ok_or_else(ContextError::unexpected)
    }

    pub(super) fn as_ptr(&self) -> *mut ffi::SSL_CTX {
        self.0.as_ptr()
    }

    fn set_algorithms(&self, config: &ContextConfig<'_>) -> Result<(), ContextError> {
        if let Some(list) = config.ciphers.filter(|list| !list.is_empty()) {
            let ids = cipher_ids(list)?;
            // SAFETY: the context is ours; the list is copied. No flags are given.
            let ok = unsafe {
                let flags = std::ptr::null();
                ffi::SSL_CTX_set1_tls13_ciphers(self.as_ptr(), ids.as_ptr(), flags, ids.len())
            };
            if ok != 1 {
                return Err(ContextError::Ciphers(list.to_owned()));
            }
        }
        let groups = config.groups.filter(|list| !list.is_empty()).unwrap_or(DEFAULT_GROUPS);
        let unknown = || ContextError::Groups(groups.to_owned());
        let list = c_string(groups).ok_or_else(unknown)?;
        // SAFETY: the context is ours; the string ends in a zero byte and is copied.
        let ok = unsafe { ffi::SSL_CTX_set1_curves_list(self.as_ptr(), list.as_ptr()) };
        error::clear();
        if ok == 1 {
            Ok(())
        } else {
            Err(unknown())
        }
    }

    fn set_common(&self, config: &ContextConfig<'_>) {
        let timeout = match config.session_timeout {
            0 => DEFAULT_SESSION_TIMEOUT,
            seconds => seconds,
        };
        let context = self.as_ptr();
        // SAFETY: the context is ours and not shared yet; the callbacks have the types asked for.
        unsafe {
            // RFC 9001 section 4.2: QUIC needs TLS 1.3 or newer.
            ffi::SSL_CTX_set_min_proto_version(context, ffi::TLS1_3_VERSION as u16);
            ffi::SSL_CTX_set_max_proto_version(context, ffi::TLS1_3_VERSION as u16);
            ffi::SSL_CTX_set_quic_method(context, &callbacks::QUIC_METHOD);
            ffi::SSL_CTX_set_timeout(context, timeout);
            ffi::SSL_CTX_set_session_psk_dhe_timeout(context, timeout);
            ffi::SSL_CTX_set_max_cert_list(context, MAX_CERTIFICATE_BYTES);
            if config.key_log {
                ffi::SSL_CTX_set_keylog_callback(context, Some(callbacks::key_log));
            }
            if config.messages {
                ffi::SSL_CTX_set_msg_callback(context, Some(callbacks::message));
            }
        }
    }

    fn set_up_client(&self) {
        // Without the client flag no session would be reported; nothing is stored inside.
        let mode: c_int = ffi::SSL_SESS_CACHE_CLIENT | ffi::SSL_SESS_CACHE_NO_INTERNAL;
        // SAFETY: the context is ours and not shared yet; the pool is never freed.
        unsafe {
            ffi::SSL_CTX_set_session_cache_mode(self.as_ptr(), mode);
            ffi::SSL_CTX_sess_set_new_cb(self.as_ptr(), Some(callbacks::new_session));
            ffi::SSL_CTX_set0_buffer_pool(self.as_ptr(), certificate_pool());
        }
    }

    fn set_up_server(&self, ticket_key: bool) {
        let context = self.as_ptr();
        // SAFETY: the context is ours and not shared yet; the callbacks have the types asked for.
        unsafe {
            ffi::SSL_CTX_set_session_cache_mode(context, ffi::SSL_SESS_CACHE_OFF);
            let argument = std::ptr::null_mut();
            ffi::SSL_CTX_set_alpn_select_cb(context, Some(callbacks::select_alpn), argument);
            ffi::SSL_CTX_set_select_certificate_cb(context, Some(callbacks::client_hello));
            if ticket_key {
                ffi::SSL_CTX_set_tlsext_ticket_key_cb(context, Some(callbacks::ticket_key));
            }
        }
    }

    fn load_certificate(&self, config: &ContextConfig<'_>) -> Result<(), ContextError> {
        let certificate = config.certificate_file.filter(|path| !path.is_empty());
        let certificate = certificate.ok_or(ContextError::NoCertificateFile)?;
        let key = config.private_key_file.filter(|path| !path.is_empty());
        let key = key.ok_or(ContextError::NoPrivateKeyFile)?;

        let failed = |path: &str, reason| ContextError::Certificate { path: path.into(), reason };
        let path = c_string(certificate)
            .ok_or_else(|| failed(certificate, "the path contains a zero byte".to_owned()))?;
        // SAFETY: the context is ours; the path ends in a zero byte.
        let ok = unsafe { ffi::SSL_CTX_use_certificate_chain_file(self.as_ptr(), path.as_ptr()) };
        if ok != 1 {
            return Err(failed(certificate, error::take_reason()));
        }

        let failed = |path: &str, reason| ContextError::PrivateKey { path: path.into(), reason };
        let path =
            c_string(key).ok_or_else(|| failed(key, "the path contains a zero byte".to_owned()))?;
        // SAFETY: as above.
        let ok = unsafe {
            let pem = ffi::SSL_FILETYPE_PEM;
            ffi::SSL_CTX_use_PrivateKey_file(self.as_ptr(), path.as_ptr(), pem)
        };
        if ok != 1 {
            return Err(self.private_key_error(key));
        }
        // SAFETY: the context is ours.
        if unsafe { ffi::SSL_CTX_check_private_key(self.as_ptr()) } != 1 {
            error::clear();
            return Err(ContextError::KeyMismatch);
        }
        Ok(())
    }

    /// BoringSSL compares a key with the certificate when it is set, so that a mismatch shows up as
    /// a key that cannot be used.
    fn private_key_error(&self, path: &str) -> ContextError {
        let reason = error::take_reason();
        if reason.contains("MISMATCH") || reason.contains("NOT_MATCH") {
            return ContextError::KeyMismatch;
        }
        ContextError::PrivateKey { path: path.to_owned(), reason }
    }
}

impl Drop for SslContext {
    fn drop(&mut self) {
        // SAFETY: the reference is ours and is given back once.
        unsafe { ffi::SSL_CTX_free(self.as_ptr()) };
    }
}

/// The suites that `list` names, each once.
fn cipher_ids(list: &str) -> Result<Vec<u16>, ContextError> {
    let mut ids = Vec::new();
    let separators = |c: char| matches!(c, ':' | ',') || c.is_ascii_whitespace();
    for name in list.split(separators) {
        if let Some(algorithm) = Algorithm::from_name(name) {
            if !ids.contains(&algorithm.id()) {
                ids.push(algorithm.id());
            }
        }
    }
    if ids.is_empty() {
        return Err(ContextError::Ciphers(list.to_owned()));
    }
    Ok(ids)
}

/// Keeps one copy of a certificate that many connections were shown. It belongs to the process:
/// what refers to it may outlive any context.
fn certificate_pool() -> *mut ffi::CRYPTO_BUFFER_POOL {
    struct Pool(*mut ffi::CRYPTO_BUFFER_POOL);
    // SAFETY: the pool has a lock of its own.
    unsafe impl Send for Pool {}
    // SAFETY: as above.
    unsafe impl Sync for Pool {}

    static POOL: OnceLock<Pool> = OnceLock::new();
    // SAFETY: the function takes nothing; null means no pool, which is accepted.
    POOL.get_or_init(|| Pool(unsafe { ffi::CRYPTO_BUFFER_POOL_new() })).0
}
