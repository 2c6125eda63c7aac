//! BoringSSL: the handshake through its QUIC callbacks, packet protection, header protection.
//!
//! A [`Context`] is made once per engine, a [`Session`] per connection. Nothing of BoringSSL shows in
//! the interface but the raw pointer that a C host asks for, and no callback runs code of the host:
//! what happens in a handshake comes out as a [`TlsEvent`]. A handshake ends in secrets; of a
//! [`Secret`] a [`PacketKey`] and a [`HeaderKey`] are made, which protect packets.

pub mod aes;
pub mod algorithm;
pub mod context;
pub mod error;
pub mod event;
pub mod header_key;
pub mod hkdf;
pub mod initial;
pub mod level;
pub mod mac;
pub mod options;
pub mod packet_key;
pub mod protection;
pub mod random;
pub mod retry;
pub mod sealing;
pub mod secret;
pub mod session;
pub mod verify;

mod alpn;
mod callbacks;
mod failure;
mod labels;
mod replay;
mod resumption;
mod ssl;
mod state;
mod ticket_key;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub use algorithm::Algorithm;
pub use context::{Context, ContextConfig};
pub use error::ContextError;
pub use event::{MessageKind, TlsEvent};
pub use header_key::HeaderKey;
pub use initial::InitialSecrets;
pub use level::Level;
pub use mac::HmacKey;
pub use options::{ClientAuth, ClientOptions, ServerOptions, ServerPolicy};
pub use packet_key::PacketKey;
pub use protection::{protect_header, unprotect_header, UnprotectedHeader};
pub use random::{OsRandom, SeededRandom};
pub use retry::retry_integrity_tag;
pub use sealing::SealingKey;
pub use secret::Secret;
pub use session::Session;
pub use verify::VerifyMode;
