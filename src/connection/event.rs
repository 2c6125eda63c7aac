//! What the application must hear, in the order it happened.

use crate::error::TransportErrorCode;
use crate::stream::StreamEvent;
use crate::tls::MessageKind;
use crate::wire::{ConnectionId, TransportParameters, Version};

/// Something the layer above has to know or to decide.
#[derive(Debug)]
pub enum Event {
    /// This application protocol was agreed on: the application's view of the connection begins.
    ProtocolSelected(Vec<u8>),
    /// The TLS handshake is complete.
    HandshakeComplete,
    /// The handshake is confirmed (RFC 9001 section 4.1.2).
    HandshakeConfirmed,
    /// The peer's certificate chain, DER encoded, leaf first, waits for
    /// [`super::Connection::certificate_verified`].
    VerifyCertificate(Vec<Vec<u8>>),
    /// The host may choose a certificate for this server name, which may be empty; the handshake
    /// waits for [`super::Connection::certificate_chosen`].
    CertificateWanted(Vec<u8>),
    /// A handshake message went by.
    HandshakeMessage {
        /// Which one.
        kind: MessageKind,
        /// The whole message with its header.
        bytes: Vec<u8>,
    },
    /// The peer's transport parameters were taken over.
    PeerParameters(Box<TransportParameters>),
    /// The server does not speak the version that a client began with, but this one; to be answered
    /// with [`super::Connection::begin_anew`].
    VersionNegotiated(Version),
    /// A line for a key log file.
    KeyLog(String),
    /// A session for later resumption.
    SessionTicket(Vec<u8>),
    /// A token for a later connection to the same server (RFC 9000 section 8.1.3).
    NewToken(Vec<u8>),
    /// This many more connection IDs would be welcome; see
    /// [`super::Connection::issue_connection_id`].
    NeedConnectionIds(u64),
    /// The peer no longer uses this connection ID of ours.
    ConnectionIdRetired(ConnectionId),
    /// The peer has another address now, and it is validated (RFC 9000 section 9).
    PeerAddressChanged,
    /// The peer has acknowledged the PING that [`super::Connection::ping_as`] was given this name
    /// for.
    PingAcked(u64),
    /// Something happened to a stream.
    Stream(StreamEvent),
    /// The connection leaves the open state; nothing will be sent or delivered any more.
    Closing(CloseReason),
}

/// Why a connection ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CloseReason {
    /// We closed it with a code of the application.
    LocalApplication(u64),
    /// We closed it because the peer, or we, broke a rule.
    LocalTransport(TransportErrorCode),
    /// The peer closed it with a code of its application.
    PeerApplication {
        /// The application's code.
        code: u64,
        /// The peer's words: untrusted bytes.
        reason: Vec<u8>,
    },
    /// The peer closed it with a transport code.
    PeerTransport {
        /// The code.
        code: TransportErrorCode,
        /// The frame type it blamed.
        frame_type: u64,
        /// The peer's words: untrusted bytes.
        reason: Vec<u8>,
    },
    /// Nothing was heard for the idle timeout.
    IdleTimeout,
    /// The handshake did not end in time.
    HandshakeTimeout,
    /// The host's socket is broken.
    PathLost,
    /// No path to the peer could be validated (RFC 9000 section 9.3.2).
    NoViablePath,
    /// A stateless reset came (RFC 9000 section 10.3).
    StatelessReset,
    /// The server accepts early data and does not keep to the limits that were remembered of it
    /// (RFC 9000 section 7.4.1, RFC 9221 section 3); the code is what it was told.
    EarlyDataLimitsReduced(TransportErrorCode),
    /// No version in common (RFC 9000 section 6.2).
    VersionMismatch,
}
