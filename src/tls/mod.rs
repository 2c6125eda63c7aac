//! BoringSSL: the handshake through its QUIC callbacks, packet protection, header protection.
//!
//! Nothing of BoringSSL shows in the interface, and no callback of its runs code of the host: what
//! happens in a handshake comes out as events.

pub mod algorithm;
pub mod hkdf;
pub mod initial;
pub mod level;
pub mod secret;

mod labels;

#[cfg(test)]
mod testing;

pub use algorithm::Algorithm;
pub use initial::InitialSecrets;
pub use level::Level;
pub use secret::Secret;
