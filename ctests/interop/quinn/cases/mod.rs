//! The list of the QUIC interop runner, both ways round.

mod handshakes;
mod losses;
mod network;
mod resumption;
mod transfers;

use crate::link::{World, CLIENT, SERVER};
use crate::ours::{self, Ours};
use crate::theirs::{self, Theirs};

/// When the client begins.
const BEGIN: u64 = 1_000_000;

/// Our client and quinn's server.
fn to_quinn(ours: &ours::Options, theirs: theirs::Options, lens: &[u64]) -> World<Ours, Theirs> {
    let server = Theirs::server(SERVER, theirs);
    World::new(Ours::client(CLIENT, SERVER, ours, BEGIN, lens), server)
}

/// quinn's client and our server.
fn from_quinn(theirs: theirs::Options, ours: &ours::Options, lens: &[u64]) -> World<Theirs, Ours> {
    let server = Ours::server(SERVER, ours);
    World::new(Theirs::client(CLIENT, SERVER, theirs, BEGIN, lens), server)
}

/// The same with nothing chosen.
fn plain_to_quinn(lens: &[u64]) -> World<Ours, Theirs> {
    to_quinn(&ours::Options::default(), theirs::Options::default(), lens)
}

/// The same with nothing chosen.
fn plain_from_quinn(lens: &[u64]) -> World<Theirs, Ours> {
    from_quinn(theirs::Options::default(), &ours::Options::default(), lens)
}
