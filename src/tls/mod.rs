//! BoringSSL: the handshake through its QUIC callbacks, packet protection, header protection.
//!
//! Nothing of BoringSSL shows in the interface, and no callback of its runs code of the host: what
//! happens in a handshake comes out as events.

pub mod algorithm;
pub mod header_key;
pub mod hkdf;
pub mod initial;
pub mod level;
pub mod mac;
pub mod packet_key;
pub mod protection;
pub mod random;
pub mod retry;
pub mod secret;

mod labels;

#[cfg(test)]
mod testing;

pub use algorithm::Algorithm;
pub use header_key::HeaderKey;
pub use initial::InitialSecrets;
pub use level::Level;
pub use packet_key::PacketKey;
pub use retry::retry_integrity_tag;
pub use secret::Secret;
