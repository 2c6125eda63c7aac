//! What a connection may say of its TLS.

use super::verify::VerifyMode;
use crate::wire::Version;

/// What a client says of a connection.
#[derive(Clone, Copy, Debug)]
pub struct ClientOptions<'a> {
    /// The server's name: sent to it and compared with its certificate.
    pub server_name: Option<&'a str>,
    /// The application protocol.
    pub alpn: &'a [u8],
    /// What to make of the server's certificate.
    pub verify: VerifyMode,
    /// Our encoded transport parameters.
    pub transport_parameters: &'a [u8],
    /// A session to resume, as [`TlsEvent::SessionTicket`](super::TlsEvent::SessionTicket) gave it. What cannot be read, is too
    /// old or of another version of QUIC is passed over.
    pub resumption: Option<&'a [u8]>,
    /// Whether to send 0-RTT packets if the session allows it.
    pub early_data: bool,
    /// Groups for key exchange in place of the context's.
    pub groups: Option<&'a str>,
    /// The version of QUIC.
    pub version: Version,
}

/// What a server says of a connection.
#[derive(Clone, Copy, Debug)]
pub struct ServerOptions<'a> {
    /// Our encoded transport parameters.
    pub transport_parameters: &'a [u8],
    /// What 0-RTT packets depend on: they are accepted if the session was made under the same
    /// bytes (RFC 9001 section 4.6.3). `None` refuses them all.
    pub early_data: Option<&'a [u8]>,
    /// What the host decides.
    pub policy: ServerPolicy,
    /// Report the client's transport parameters with
    /// [`TlsEvent::ClientParameters`](super::TlsEvent::ClientParameters) before ours are sent, which
    /// depend on them.
    pub ask_for_version: bool,
    /// The version of QUIC.
    pub version: Version,
}

/// What a server's host decides of its handshakes.
#[derive(Clone, Copy, Debug, Default)]
pub struct ServerPolicy {
    /// It chooses the certificate:
    /// [`TlsEvent::CertificateWanted`](super::TlsEvent::CertificateWanted) asks for it.
    pub ask_for_certificate: bool,
    /// Whether clients show a certificate.
    pub client_auth: ClientAuth,
    /// It takes no 0-RTT packets.
    pub refuse_early_data: bool,
    /// It has no clients that want 0-RTT and 1-RTT packets without protection.
    pub refuse_no_crypto: bool,
}

/// Whether a server asks its clients for a certificate (RFC 8446 section 4.3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum ClientAuth {
    /// It does not.
    #[default]
    None,
    /// It does, and takes clients that show none.
    Optional,
    /// It does, and takes no others.
    Required,
}
