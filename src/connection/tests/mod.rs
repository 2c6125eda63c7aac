//! Scenarios of one connection: two ends in one process on a virtual clock.
//!
//! Each test is named after the rule it proves. A [`pair::Pair`] runs both ends over a seeded link;
//! [`forge`] plays a peer that breaks the rules, with the real keys of the other end.

#![allow(clippy::unwrap_used, clippy::panic)]

mod floods;
mod forge;
pub(crate) mod link;
mod net;
pub(crate) mod pair;

mod acknowledgement;
mod closing;
mod congestion;
mod connection_ids;
mod datagrams;
mod early_data;
mod ecn;
mod handshake;
mod keys;
mod long_headers;
mod migration;
mod mtu;
mod new_token;
mod no_crypto;
mod packets;
mod parameters;
mod path_validation;
mod preferred_address;
mod priorities;
mod recovery;
mod retry_and_version;
mod settings;
mod spin;
mod statistics;
mod trace;
mod versions;
