//! The part of a session that BoringSSL's callbacks work on.

use std::collections::VecDeque;
use std::ffi::CStr;
use std::sync::Arc;

use boring_sys as ffi;

use super::alpn;
use super::event::TlsEvent;
use super::level::Level;
use super::replay::ReplayRegister;
use super::ticket_key::TicketKey;
use super::verify::Verification;

/// What callbacks read and write; see [`callbacks`](super::callbacks).
pub(super) struct State {
    /// What happened and was not fetched yet.
    events: VecDeque<TlsEvent>,
    /// Protocols to select from, in TLS encoding; empty at a client.
    pub(super) alpn: Arc<[u8]>,
    /// The configured key of session tickets.
    pub(super) ticket_key: Option<Arc<TicketKey>>,
    /// How far the server's certificate is judged.
    pub(super) verification: Verification,
    /// How far the choice of our transport parameters is.
    pub(super) parameters: ParametersChoice,
    /// How far the choice of our certificate is.
    pub(super) certificate: CertificateChoice,
    /// First flights that were seen, until this one is among them; only where 0-RTT is accepted.
    pub(super) replays: Option<Arc<ReplayRegister>>,
    /// The alert BoringSSL wanted to send.
    pub(super) alert: Option<u8>,
    /// A callback panicked.
    pub(super) panicked: bool,
}

/// Whether the host is asked for a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CertificateChoice {
    /// It is not: the context's certificate serves.
    Configured,
    /// It is, once the ClientHello is there.
    Wanted,
    /// The question is out.
    Asked,
    /// The answer is in.
    Chosen,
}

/// Whether our transport parameters depend on the client's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ParametersChoice {
    /// They do not, or the choice is made.
    Fixed,
    /// They do, and the ClientHello is not there yet.
    Wanted,
    /// The client's are out.
    Asked,
}

impl State {
    pub(super) fn new(alpn: Arc<[u8]>, ticket_key: Option<Arc<TicketKey>>) -> Self {
        Self {
            events: VecDeque::new(),
            alpn,
            ticket_key,
            verification: Verification::default(),
            parameters: ParametersChoice::Fixed,
            certificate: CertificateChoice::Configured,
            replays: None,
            alert: None,
            panicked: false,
        }
    }

    pub(super) fn push(&mut self, event: TlsEvent) {
        self.events.push_back(event);
    }

    /// Adds handshake bytes, to the last event if that was of the same level: BoringSSL hands out
    /// one message at a time.
    pub(super) fn push_handshake_data(&mut self, new_level: Level, bytes: &[u8]) {
        if let Some(TlsEvent::HandshakeData { level, data }) = self.events.back_mut() {
            if *level == new_level {
                return data.extend_from_slice(bytes);
            }
        }
        self.push(TlsEvent::HandshakeData { level: new_level, data: bytes.to_vec() });
    }

    pub(super) fn poll(&mut self) -> Option<TlsEvent> {
        self.events.pop_front()
    }

    /// Gives memory back that only a handshake needs.
    pub(super) fn shrink(&mut self) {
        self.replays = None;
        self.events.shrink_to_fit();
    }

    /// True if the handshake can go on after its ClientHello; otherwise the host is asked first.
    ///
    /// # Safety
    ///
    /// `hello` is valid and its SSL object in the callback that sees it first.
    pub(super) unsafe fn certificate_ready(&mut self, hello: *const ffi::SSL_CLIENT_HELLO) -> bool {
        match self.certificate {
            CertificateChoice::Configured | CertificateChoice::Chosen => true,
            CertificateChoice::Asked => false,
            CertificateChoice::Wanted => {
                // SAFETY: the caller vouches for the message; the name is copied at once.
                let name = unsafe {
                    let kind = ffi::TLSEXT_NAMETYPE_host_name;
                    let name = ffi::SSL_get_servername((*hello).ssl, kind);
                    (!name.is_null()).then(|| CStr::from_ptr(name).to_bytes().to_vec())
                };
                // Without a name there is nothing to choose by.
                let Some(server_name) = name else {
                    self.certificate = CertificateChoice::Chosen;
                    return true;
                };
                // SAFETY: the caller vouches for the message.
                let alpn = unsafe { self.protocol_to_be(hello) };
                self.certificate = CertificateChoice::Asked;
                self.push(TlsEvent::CertificateWanted { server_name, alpn });
                false
            }
        }
    }

    /// Refuses 0-RTT to a first flight that was seen before (RFC 9001 section 9.2).
    ///
    /// # Safety
    ///
    /// As [`Self::certificate_ready`].
    pub(super) unsafe fn refuse_replay(&mut self, hello: *const ffi::SSL_CLIENT_HELLO) {
        let Some(replays) = &self.replays else { return };
        let kind = ffi::TLSEXT_TYPE_early_data as u16;
        let (mut data, mut len) = (std::ptr::null(), 0);
        // SAFETY: the caller vouches for the message, of which extensions and random are parts.
        unsafe {
            if ffi::SSL_early_callback_ctx_extension_get(hello, kind, &mut data, &mut len) != 1 {
                self.replays = None;
                return;
            }
            let random = std::slice::from_raw_parts((*hello).random, (*hello).random_len);
            if replays.has(random) {
                ffi::SSL_set_early_data_enabled((*hello).ssl, 0);
            }
        }
    }

    /// Remembers the first flight, whose sender has the secret of its ticket by now: others must not
    /// fill the register. False if it was seen meanwhile; then its 0-RTT is not read.
    ///
    /// # Safety
    ///
    /// `ssl` is valid and has taken in its ClientHello.
    pub(super) unsafe fn enter_flight(&mut self, ssl: *const ffi::SSL) -> bool {
        let Some(replays) = self.replays.take() else { return true };
        let mut random = [0; ffi::SSL3_RANDOM_SIZE as usize];
        // SAFETY: the caller vouches for the object; the buffer has the length given.
        let len = unsafe { ffi::SSL_get_client_random(ssl, random.as_mut_ptr(), random.len()) };
        replays.enter(&random[..len.min(random.len())])
    }

    /// True if our transport parameters are settled; otherwise the client's are handed out first.
    ///
    /// # Safety
    ///
    /// As [`certificate_ready`](Self::certificate_ready).
    pub(super) unsafe fn parameters_ready(&mut self, hello: *const ffi::SSL_CLIENT_HELLO) -> bool {
        if self.parameters == ParametersChoice::Wanted {
            let kind = ffi::TLSEXT_TYPE_quic_transport_parameters as u16;
            // SAFETY: the caller vouches for the message.
            let client = unsafe { extension(hello, kind) }.unwrap_or_default().to_vec();
            self.parameters = ParametersChoice::Asked;
            self.push(TlsEvent::ClientParameters(client));
        }
        self.parameters == ParametersChoice::Fixed
    }

    /// The protocol that will be selected, which BoringSSL does only after certificates.
    ///
    /// # Safety
    ///
    /// `hello` is valid.
    unsafe fn protocol_to_be(&self, hello: *const ffi::SSL_CLIENT_HELLO) -> Option<Vec<u8>> {
        let kind = ffi::TLSEXT_TYPE_application_layer_protocol_negotiation as u16;
        // SAFETY: the caller vouches for the message.
        let extension = unsafe { extension(hello, kind) }?;
        alpn::select_from_extension(&self.alpn, extension).map(<[u8]>::to_vec)
    }
}

/// The content of an extension that is there and not empty.
///
/// # Safety
///
/// `hello` is valid during `'a`.
unsafe fn extension<'a>(hello: *const ffi::SSL_CLIENT_HELLO, kind: u16) -> Option<&'a [u8]> {
    let (mut data, mut len) = (std::ptr::null(), 0);
    // SAFETY: the caller vouches for the message, of which the extension is a part.
    unsafe {
        if ffi::SSL_early_callback_ctx_extension_get(hello, kind, &mut data, &mut len) != 1
            || len == 0
        {
            return None;
        }
        Some(std::slice::from_raw_parts(data, len))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handshake_data_of_one_level_in_a_row_is_one_event() {
        let mut state = State::new(Arc::from([]), None);
        state.push_handshake_data(Level::Initial, b"a");
        state.push_handshake_data(Level::Initial, b"b");
        state.push_handshake_data(Level::Handshake, b"c");
        state.push(TlsEvent::HandshakeComplete);
        state.push_handshake_data(Level::Handshake, b"d");
        let mut seen = Vec::new();
        while let Some(event) = state.poll() {
            if let TlsEvent::HandshakeData { level, data } = event {
                seen.push((level, data));
            }
        }
        let expected = [
            (Level::Initial, b"ab".to_vec()),
            (Level::Handshake, b"c".to_vec()),
            (Level::Handshake, b"d".to_vec()),
        ];
        assert_eq!(seen, expected);
    }
}
