//! The network between the two nodes, in virtual time.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::node::{Datagram, Micros, Node};

/// Where the server is.
pub const SERVER: SocketAddr = address(2, 4433);
/// Where the client begins.
pub const CLIENT: SocketAddr = address(1, 50_000);

/// An address in the network of the tests.
pub const fn address(host: u8, port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, host)), port)
}

/// The addresses of the server end in 2, whatever their family.
fn is_server(address: &SocketAddr) -> bool {
    match address.ip() {
        IpAddr::V4(ip) => ip.octets()[3] == 2,
        IpAddr::V6(ip) => ip.octets()[15] == 2,
    }
}

/// ECN bits: Congestion Experienced.
const CE: u8 = 3;

/// What the network does to datagrams.
#[derive(Clone, Copy)]
pub struct Conditions {
    /// One way.
    pub delay: Micros,
    /// Datagrams lost, in percent.
    pub loss: u64,
    /// Datagrams with a flipped bit, in percent.
    pub corruption: u64,
    /// ECN-capable datagrams marked Congestion Experienced, in percent.
    pub marks: u64,
}

impl Default for Conditions {
    fn default() -> Self {
        Self { delay: 10_000, loss: 0, corruption: 0, marks: 0 }
    }
}

/// A client, a server and the network between them.
pub struct World<C, S> {
    pub now: Micros,
    pub client: C,
    pub server: S,
    pub conditions: Conditions,
    /// The address that a translator gives the client's datagrams now, if there is one.
    pub translated: Option<SocketAddr>,
    /// Datagrams that were carried to the server and to the client.
    pub carried: [u64; 2],
    /// Bytes that were carried to the server and to the client.
    pub bytes: [u64; 2],
    flying: BTreeMap<(Micros, u64), Datagram>,
    sequence: u64,
    noise: u64,
}

impl<C: Node, S: Node> World<C, S> {
    pub fn new(client: C, server: S) -> Self {
        Self {
            now: 1_000_000,
            client,
            server,
            conditions: Conditions::default(),
            translated: None,
            carried: [0; 2],
            bytes: [0; 2],
            flying: BTreeMap::new(),
            sequence: 0,
            noise: 0x2545_f491_4f6c_dd1d,
        }
    }

    /// Runs until `done`, and returns true, or until `seconds` have passed or nothing happens any
    /// more, and returns false.
    pub fn run(&mut self, seconds: u64, done: impl Fn(&mut Self) -> bool) -> bool {
        let end = self.now + seconds * 1_000_000;
        loop {
            self.collect();
            if done(self) {
                return true;
            }
            let arrival = self.flying.keys().next().map(|(at, _)| *at);
            let timers = [self.client.deadline(self.now), self.server.deadline(self.now)];
            let Some(next) = arrival.into_iter().chain(timers.into_iter().flatten()).min() else {
                return false;
            };
            if next > end {
                self.now = end;
                return false;
            }
            self.now = self.now.max(next);
            self.deliver();
            for (node, deadline) in [0, 1].into_iter().zip(timers) {
                if deadline.is_some_and(|at| at <= self.now) {
                    if node == 0 {
                        self.client.expire(self.now);
                    } else {
                        self.server.expire(self.now);
                    }
                }
            }
        }
    }

    fn collect(&mut self) {
        let mut out = Vec::new();
        self.client.send(self.now, &mut out);
        self.server.send(self.now, &mut out);
        for datagram in out {
            self.launch(datagram);
        }
    }

    fn launch(&mut self, mut datagram: Datagram) {
        let to_client = usize::from(!is_server(&datagram.to));
        self.carried[to_client] += 1;
        self.bytes[to_client] += datagram.bytes.len() as u64;
        if self.happens(self.conditions.loss) {
            return;
        }
        if datagram.ecn != 0 && self.happens(self.conditions.marks) {
            datagram.ecn = CE;
        }
        if self.happens(self.conditions.corruption) {
            let at = self.random() as usize % datagram.bytes.len();
            datagram.bytes[at] ^= 1 << (self.random() % 8);
        }
        self.translate(&mut datagram);
        self.sequence += 1;
        self.flying.insert((self.now + self.conditions.delay, self.sequence), datagram);
    }

    /// Acts as an address translator before the client, one that still knows the addresses it gave
    /// before: a client that only listens would never show the new one.
    fn translate(&self, datagram: &mut Datagram) {
        let Some(outside) = self.translated else { return };
        if is_server(&datagram.to) {
            datagram.from = outside;
        } else {
            datagram.to = CLIENT;
        }
    }

    fn deliver(&mut self) {
        while let Some(entry) = self.flying.first_entry() {
            if entry.key().0 > self.now {
                return;
            }
            let datagram = entry.remove();
            if is_server(&datagram.to) {
                self.server.receive(self.now, datagram);
            } else {
                self.client.receive(self.now, datagram);
            }
        }
    }

    /// Gives the network another fate.
    pub fn reseed(&mut self, seed: u64) {
        self.noise ^= (seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn happens(&mut self, percent: u64) -> bool {
        percent > 0 && self.random() % 100 < percent
    }

    /// xorshift64*.
    fn random(&mut self) -> u64 {
        self.noise ^= self.noise >> 12;
        self.noise ^= self.noise << 25;
        self.noise ^= self.noise >> 27;
        self.noise.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }
}
