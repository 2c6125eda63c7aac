//! One TLS handshake and what follows it.

use std::ffi::{c_int, c_uint, c_void};
use std::ptr;
use std::sync::Arc;

use boring_sys as ffi;

use super::algorithm::Algorithm;
use super::callbacks;
use super::context::Context;
use super::error::{self, ContextError};
use super::event::TlsEvent;
use super::failure::{self, Phase};
use super::level::Level;
use super::options::{ClientAuth, ClientOptions, ServerOptions};
use super::resumption::StoredSession;
use super::ssl::Ssl;
use super::state::{CertificateChoice, ParametersChoice, State};
use super::verify::{Answer, VerifyMode};
use crate::error::TransportError;
use crate::wire::{Role, Version};

/// The TLS side of one connection.
///
/// Bytes go in with [`provide`](Self::provide), the handshake moves with
/// [`advance`](Self::advance), and what comes of it is fetched with
/// [`poll_event`](Self::poll_event).
pub struct Session {
    ssl: Ssl,
    state: State,
    /// Whether a server asks for the client's certificate.
    auth: ClientAuth,
    complete: bool,
    failed: Option<TransportError>,
}

impl Session {
    /// The client's side of a new connection. The first [`advance`](Self::advance) gives the
    /// ClientHello.
    ///
    /// # Errors
    ///
    /// If an option makes no sense.
    pub fn client(context: &Context, options: &ClientOptions<'_>) -> Result<Self, ContextError> {
        let mut session = Self::new(context, Role::Client)?;
        session.ssl.set_transport(options.transport_parameters, options.version)?;
        session.ssl.bind_sessions(options.version, ClientAuth::None)?;
        session.ssl.set_alpn(options.alpn)?;
        session.ssl.set_server_name(options.server_name, options.verify)?;
        if let Some(groups) = options.groups {
            session.ssl.set_groups(groups)?;
        }
        if let Some(stored) = options.resumption.and_then(StoredSession::from_pem) {
            session.ssl.resume(&stored, options.version, options.early_data);
        }
        session.state.verification.mode = options.verify;
        let ssl = session.ssl.as_ptr();
        // SAFETY: the object is ours; the callback has the type asked for.
        unsafe {
            let callback = Some(callbacks::verify_certificate as _);
            ffi::SSL_set_custom_verify(ssl, ffi::SSL_VERIFY_PEER, callback);
            ffi::SSL_set_connect_state(ssl);
        }
        Ok(session)
    }

    /// The server's side of a new connection.
    ///
    /// # Errors
    ///
    /// If an option makes no sense.
    pub fn server(context: &Context, options: &ServerOptions<'_>) -> Result<Self, ContextError> {
        let mut session = Self::new(context, Role::Server)?;
        session.ssl.set_transport(options.transport_parameters, options.version)?;
        session.ssl.bind_sessions(options.version, options.policy.client_auth)?;
        if let Some(early_data) = options.early_data {
            session.ssl.accept_early_data(early_data)?;
            session.state.replays = Some(Arc::clone(&context.replays));
        }
        if options.ask_for_version {
            session.state.parameters = ParametersChoice::Wanted;
        }
        if options.policy.ask_for_certificate {
            session.state.certificate = CertificateChoice::Wanted;
        }
        session.verify_client(options.policy.client_auth);
        // SAFETY: the object is ours.
        unsafe { ffi::SSL_set_accept_state(session.ssl.as_ptr()) };
        Ok(session)
    }

    /// Has the client asked for a certificate, which the application judges.
    fn verify_client(&mut self, auth: ClientAuth) {
        self.auth = auth;
        let mode = match auth {
            ClientAuth::None => return,
            ClientAuth::Optional => ffi::SSL_VERIFY_PEER,
            ClientAuth::Required => ffi::SSL_VERIFY_PEER | ffi::SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
        };
        self.state.verification.mode = VerifyMode::Application { allow_self_signed: true };
        // SAFETY: the object is ours; the callback has the type asked for.
        unsafe {
            let callback = Some(callbacks::verify_certificate as _);
            ffi::SSL_set_custom_verify(self.ssl.as_ptr(), mode, callback);
        }
    }

    fn new(context: &Context, role: Role) -> Result<Self, ContextError> {
        if context.role != role {
            return Err(ContextError::Role);
        }
        error::clear();
        let (alpn, ticket_key) = (Arc::clone(&context.alpn), context.ticket_key.clone());
        let state = State::new(alpn, ticket_key);
        let (ssl, auth) = (Ssl::new(context)?, ClientAuth::None);
        Ok(Self { ssl, state, auth, complete: false, failed: None })
    }

    /// Replaces our transport parameters. They are sent with our first flight.
    ///
    /// # Errors
    ///
    /// INTERNAL_ERROR if BoringSSL is out of memory.
    pub fn set_transport_parameters(&mut self, encoded: &[u8]) -> Result<(), TransportError> {
        self.ssl.set_transport_parameters(encoded).map_err(|_| failure::INTERNAL)
    }

    /// Changes what a server's 0-RTT packets depend on, before the handshake has come to judge
    /// them; see [`ServerOptions::early_data`].
    ///
    /// # Errors
    ///
    /// INTERNAL_ERROR if BoringSSL cannot.
    pub fn set_early_data_context(&mut self, context: &[u8]) -> Result<(), TransportError> {
        self.ssl.accept_early_data(context).map_err(|_| failure::INTERNAL)
    }

    /// Takes CRYPTO data, which has to be in order.
    ///
    /// # Errors
    ///
    /// PROTOCOL_VIOLATION for a level that is not being read any more, or not yet;
    /// CRYPTO_BUFFER_EXCEEDED for more than any handshake message has.
    pub fn provide(&mut self, level: Level, data: &[u8]) -> Result<(), TransportError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let ssl = self.ssl.as_ptr();
        // SAFETY: the object is ours.
        let read_level = unsafe { ffi::SSL_quic_read_level(ssl) };
        // RFC 9001 section 4.1.3: no new data at a level that was left.
        if read_level != level.to_ssl() {
            return Err(failure::CRYPTO_AT_WRONG_LEVEL);
        }
        error::clear();
        let len = data.len();
        // SAFETY: the object is ours; the bytes are copied.
        let ok = unsafe { ffi::SSL_provide_quic_data(ssl, read_level, data.as_ptr(), len) };
        if ok == 1 {
            return Ok(());
        }
        let too_much = error::peek_ssl_reason() == Some(ffi::SSL_R_EXCESSIVE_MESSAGE_SIZE);
        error::clear();
        Err(self.fail(if too_much { failure::CRYPTO_BUFFER } else { failure::INTERNAL }))
    }

    /// Moves the handshake on as far as it goes with the data that is there, or takes in what
    /// follows it.
    ///
    /// # Errors
    ///
    /// A TLS alert as its code between 0x100 and 0x1ff, anything else as INTERNAL_ERROR; the same
    /// again in every later call.
    pub fn advance(&mut self) -> Result<(), TransportError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        if self.complete {
            return self.process_post_handshake();
        }
        loop {
            // SAFETY: the object is ours.
            let result = self.call(|ssl| unsafe { ffi::SSL_do_handshake(ssl) });
            // SAFETY: as above.
            let outcome = unsafe { ffi::SSL_get_error(self.ssl.as_ptr(), result) };
            match outcome {
                _ if self.state.panicked => return Err(self.fail(failure::INTERNAL)),
                ffi::SSL_ERROR_NONE => return self.note_progress(),
                ffi::SSL_ERROR_WANT_READ
                | ffi::SSL_ERROR_WANT_WRITE
                | ffi::SSL_ERROR_WANT_CERTIFICATE_VERIFY
                | ffi::SSL_ERROR_PENDING_CERTIFICATE => return Ok(()),
                ffi::SSL_ERROR_EARLY_DATA_REJECTED => {
                    // SAFETY: as above; this is the state the function is for.
                    unsafe { ffi::SSL_reset_early_data_reject(self.ssl.as_ptr()) };
                    self.state.push(TlsEvent::EarlyDataRejected);
                }
                _ => return Err(self.fail_as_boringssl_says()),
            }
        }
    }

    /// The next thing that happened.
    pub fn poll_event(&mut self) -> Option<TlsEvent> {
        self.state.poll()
    }

    /// The application's answer to [`TlsEvent::VerifyCertificate`]; to be followed by
    /// [`advance`](Self::advance).
    pub fn certificate_verified(&mut self, trusted: bool) {
        let answer = &mut self.state.verification.answer;
        if *answer == Answer::Asked {
            *answer = if trusted { Answer::Trusted } else { Answer::Refused };
        }
    }

    /// The host's answer to [`TlsEvent::CertificateWanted`]: it has installed a certificate with
    /// [`use_certificate`](Self::use_certificate), or leaves the configured one; to be followed by
    /// [`advance`](Self::advance).
    pub fn certificate_chosen(&mut self) {
        if self.state.certificate == CertificateChoice::Asked {
            self.state.certificate = CertificateChoice::Chosen;
        }
    }

    /// The answer to [`TlsEvent::ClientParameters`]: goes on in another version of QUIC, with the
    /// parameters for it, or as before; to be followed by [`advance`](Self::advance).
    ///
    /// # Errors
    ///
    /// INTERNAL_ERROR if BoringSSL is out of memory.
    pub fn parameters_chosen(
        &mut self,
        change: Option<(Version, &[u8])>,
    ) -> Result<(), TransportError> {
        self.state.parameters = ParametersChoice::Fixed;
        if let Some((version, parameters)) = change {
            self.set_version(version)?;
            self.set_transport_parameters(parameters)?;
        }
        Ok(())
    }

    /// The version of QUIC has changed to a compatible one: sessions are made for the new one.
    ///
    /// # Errors
    ///
    /// INTERNAL_ERROR if BoringSSL is out of memory.
    pub fn set_version(&mut self, version: Version) -> Result<(), TransportError> {
        self.ssl.bind_sessions(version, self.auth).map_err(|_| failure::INTERNAL)
    }

    /// The peer's encoded transport parameters, as soon as they arrived. They are authenticated
    /// only when the handshake is complete (RFC 9000 section 7.4).
    pub fn peer_transport_parameters(&self) -> Option<&[u8]> {
        let (mut data, mut len) = (ptr::null(), 0);
        // SAFETY: the object is ours; the bytes belong to it and change only in calls that borrow
        // the session exclusively.
        unsafe {
            ffi::SSL_get_peer_quic_transport_params(self.ssl.as_ptr(), &mut data, &mut len);
            (len > 0).then(|| std::slice::from_raw_parts(data, len))
        }
    }

    /// The application protocol that was selected.
    pub fn alpn(&self) -> Option<&[u8]> {
        let mut data = ptr::null();
        let mut len: c_uint = 0;
        // SAFETY: as in `peer_transport_parameters`.
        unsafe {
            ffi::SSL_get0_alpn_selected(self.ssl.as_ptr(), &mut data, &mut len);
            (len > 0).then(|| std::slice::from_raw_parts(data, len as usize))
        }
    }

    /// True once the handshake is complete (RFC 9001 section 4.1.1).
    #[inline]
    pub const fn is_handshake_complete(&self) -> bool {
        self.complete
    }

    /// True if the server takes, or took, 0-RTT packets.
    pub fn early_data_accepted(&self) -> bool {
        // SAFETY: the object is ours.
        unsafe { ffi::SSL_early_data_accepted(self.ssl.as_ptr()) == 1 }
    }

    /// True if an earlier session was resumed.
    pub fn is_resumed(&self) -> bool {
        // SAFETY: the object is ours.
        unsafe { ffi::SSL_session_reused(self.ssl.as_ptr()) == 1 }
    }

    /// The cipher suite, once negotiated.
    pub fn cipher(&self) -> Option<Algorithm> {
        // SAFETY: the object is ours; a cipher is an entry of a static table.
        let id = unsafe {
            let cipher = ffi::SSL_get_current_cipher(self.ssl.as_ptr());
            (!cipher.is_null()).then(|| ffi::SSL_CIPHER_get_protocol_id(cipher))
        };
        Algorithm::from_id(id?)
    }

    /// The SSL object itself, for the host. It lives as long as the session; its application data
    /// at index 0 is not the host's.
    #[inline]
    pub fn raw(&self) -> *mut ffi::SSL {
        self.ssl.as_ptr()
    }

    /// Gives back what only a handshake needs. To be called once it is confirmed.
    pub fn shed(&mut self) {
        self.state.shrink();
        // SAFETY: the object is ours. BoringSSL drops the configuration at the end of a handshake,
        // or when renegotiation is ruled out; TLS 1.3 has none, so the latter changes nothing else.
        unsafe {
            ffi::SSL_set_shed_handshake_config(self.ssl.as_ptr(), 1);
            let never = ffi::ssl_renegotiate_mode_t::ssl_renegotiate_never;
            ffi::SSL_set_renegotiate_mode(self.ssl.as_ptr(), never);
        }
    }

    /// Installs a certificate of the host for this connection: objects of BoringSSL, which are
    /// borrowed for the call and referred to afterwards.
    ///
    /// # Errors
    ///
    /// INTERNAL_ERROR if certificate and key do not go together.
    ///
    /// # Safety
    ///
    /// `leaf` is an `X509`, `chain` null or a `STACK_OF(X509)` of its issuers, `key` an `EVP_PKEY`,
    /// of the BoringSSL that is linked here.
    pub unsafe fn use_certificate(
        &mut self,
        leaf: *mut c_void,
        chain: *mut c_void,
        key: *mut c_void,
    ) -> Result<(), TransportError> {
        error::clear();
        let ssl = self.ssl.as_ptr();
        // SAFETY: the object is ours, the caller vouches for the rest. The leaf goes first: it
        // selects the slot that chain and key belong to (RFC 8446 section 4.4.2).
        let ok = unsafe {
            ffi::SSL_use_certificate(ssl, leaf.cast()) == 1
                && ffi::SSL_set1_chain(ssl, chain.cast()) == 1
                && ffi::SSL_use_PrivateKey(ssl, key.cast()) == 1
        };
        error::clear();
        if ok {
            Ok(())
        } else {
            Err(failure::UNUSABLE_CERTIFICATE)
        }
    }

    /// Calls BoringSSL with our state at hand for its callbacks, for the time of the call.
    fn call(&mut self, f: impl FnOnce(*mut ffi::SSL) -> c_int) -> c_int {
        error::clear();
        let ssl = self.ssl.as_ptr();
        self.ssl.set_slot(ptr::from_mut(&mut self.state).cast());
        let result = f(ssl);
        self.ssl.set_slot(ptr::null_mut());
        result
    }

    /// SSL_do_handshake also succeeds while 0-RTT packets may go before the handshake's end.
    fn note_progress(&mut self) -> Result<(), TransportError> {
        // SAFETY: the object is ours.
        if unsafe { ffi::SSL_in_init(self.ssl.as_ptr()) } == 0 {
            self.complete = true;
            self.state.push(TlsEvent::HandshakeComplete);
        }
        Ok(())
    }

    fn process_post_handshake(&mut self) -> Result<(), TransportError> {
        // SAFETY: the object is ours.
        let result = self.call(|ssl| unsafe { ffi::SSL_process_quic_post_handshake(ssl) });
        if self.state.panicked {
            return Err(self.fail(failure::INTERNAL));
        }
        if result == 1 {
            return Ok(());
        }
        Err(self.fail_as_boringssl_says())
    }

    fn fail_as_boringssl_says(&mut self) -> TransportError {
        // SAFETY: the object is ours.
        let server = unsafe { ffi::SSL_is_server(self.ssl.as_ptr()) } == 1;
        let phase = match (self.complete, server) {
            (false, _) => Phase::Handshake,
            (true, false) => Phase::AfterAtClient,
            (true, true) => Phase::AfterAtServer,
        };
        let error = failure::of_call(self.state.alert, phase);
        error::clear();
        self.fail(error)
    }

    fn fail(&mut self, error: TransportError) -> TransportError {
        self.failed = Some(error);
        error
    }
}
