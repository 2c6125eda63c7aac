//! Whole handshakes, by topic.

#![allow(clippy::unwrap_used, clippy::panic)]

mod certificates;
mod client_certificates;
mod configuration;
mod handshake;
mod resumption;
mod verification;
mod violations;
