//! What the link joins: an endpoint in virtual time.

use std::net::SocketAddr;

/// Microseconds of virtual time.
pub type Micros = u64;

/// A UDP datagram with its ECN bits.
#[derive(Clone, Debug)]
pub struct Datagram {
    pub from: SocketAddr,
    pub to: SocketAddr,
    pub ecn: u8,
    pub bytes: Vec<u8>,
}

/// An endpoint with its application: a client that fetches, or a server that answers.
pub trait Node {
    /// Takes a datagram.
    fn receive(&mut self, now: Micros, datagram: Datagram);
    /// Lets the application work and appends what is to be sent now.
    fn send(&mut self, now: Micros, out: &mut Vec<Datagram>);
    /// When [`Node::expire`] wants to be called.
    fn deadline(&mut self, now: Micros) -> Option<Micros>;
    /// Runs the timers that are due.
    fn expire(&mut self, now: Micros);
}
