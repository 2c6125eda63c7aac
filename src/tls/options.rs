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
    /// Ask the host for a certificate with [`TlsEvent::CertificateWanted`](super::TlsEvent::CertificateWanted).
    pub ask_for_certificate: bool,
    /// The version of QUIC.
    pub version: Version,
}
