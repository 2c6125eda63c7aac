//! This library and quinn, each as client and as server of the other, in one process and in virtual
//! time. quinn's protocol core takes datagrams and time as ours does, so a run repeats exactly.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod identity;
mod link;
mod node;
mod ours;
mod theirs;
mod work;

mod cases;

/// The protocol that both ends speak.
const ALPN: &[u8] = b"interop";
