//! What a handshake has to say.

use super::level::Level;
use super::secret::Secret;

/// Something that happened in a [`Session`](super::Session), to be acted on in order.
#[derive(Debug)]
pub enum TlsEvent {
    /// Bytes for CRYPTO frames at `level`.
    HandshakeData {
        /// The level they go out at.
        level: Level,
        /// One or more handshake messages, or parts.
        data: Vec<u8>,
    },
    /// The secret that opens the peer's packets at `level`.
    ReadSecret {
        /// The level of those packets.
        level: Level,
        /// The secret.
        secret: Secret,
    },
    /// The secret that seals our packets at `level`.
    WriteSecret {
        /// The level of those packets.
        level: Level,
        /// The secret.
        secret: Secret,
    },
    /// The handshake is complete (RFC 9001 section 4.1.1). Comes once.
    HandshakeComplete,
    /// The server did not take our 0-RTT packets: what they carried has to be sent again
    /// (RFC 9001 section 4.6.2).
    EarlyDataRejected,
    /// A line for the key log, in NSS format and without line end.
    KeyLog(String),
    /// A session to resume later, in PEM.
    SessionTicket(Vec<u8>),
    /// The application has to judge the server's certificate; the handshake waits for
    /// [`Session::certificate_verified`](super::Session::certificate_verified).
    VerifyCertificate {
        /// The chain in DER, the server's own certificate first.
        chain: Vec<Vec<u8>>,
    },
    /// The client's encoded transport parameters, before ours are sent; the handshake waits for
    /// [`Session::parameters_chosen`](super::Session::parameters_chosen).
    ClientParameters(Vec<u8>),
    /// The host may choose a certificate; the handshake waits for
    /// [`Session::certificate_chosen`](super::Session::certificate_chosen).
    CertificateWanted {
        /// The name the client asked for; it may be empty, never absent.
        server_name: Vec<u8>,
        /// The application protocol that is going to be selected, if there is a common one.
        alpn: Option<Vec<u8>>,
    },
    /// A handshake message went by.
    Message {
        /// Which one.
        kind: MessageKind,
        /// The whole message with its header.
        bytes: Vec<u8>,
    },
}

/// The handshake messages that are reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageKind {
    /// The client's, as it arrived.
    ClientHello,
    /// The server's, as it was sent.
    ServerHello,
}
