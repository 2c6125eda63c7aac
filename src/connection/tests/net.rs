//! Addresses between two ends: a NAT before the client, which may change its mind.

use std::net::SocketAddr;

use super::pair::Pair;
use crate::path::{Addresses, Arrival};
use crate::recovery::EcnCodepoint;
use crate::wire::Role;

/// Where the client is, as it sees itself, and before any rebinding as the server sees it.
pub(crate) const CLIENT: &str = "198.51.100.1:4000";

/// Where the server is.
pub(crate) const SERVER: &str = "192.0.2.1:443";

/// Parses an address.
pub(crate) fn at(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

/// What the client's addresses look like from outside.
pub(crate) struct Net {
    /// Inside and outside; an address that is not here is the same on both sides.
    table: Vec<(SocketAddr, SocketAddr)>,
}

impl Net {
    pub(crate) fn new() -> Self {
        Self { table: vec![(at(CLIENT), at(CLIENT))] }
    }

    /// What the client sends comes from `outside` now; what goes to where it was is lost.
    pub(crate) fn rebind(&mut self, outside: SocketAddr) {
        self.table[0].1 = outside;
    }

    /// How the receiver sees a datagram that `from` sends between `addresses`. `None` if it goes
    /// nowhere.
    fn carry(&self, from: Role, addresses: &Addresses) -> Option<Addresses> {
        if from == Role::Client {
            let inside = addresses.local.unwrap_or(at(CLIENT));
            let known = self.table.iter().find(|(address, _)| *address == inside);
            let outside = known.map_or(inside, |(_, outside)| *outside);
            return Some(Addresses { local: Some(addresses.peer), peer: outside });
        }
        let outside = addresses.peer;
        let known = self.table.iter().find(|(_, address)| *address == outside);
        let inside = match known {
            Some((inside, _)) => *inside,
            None if self.table.iter().any(|(inside, _)| *inside == outside) => return None,
            None => outside,
        };
        Some(Addresses { local: Some(inside), peer: addresses.local.unwrap_or(at(SERVER)) })
    }
}

/// A datagram on its way, its mark, and how its receiver sees its addresses.
#[derive(Clone, Debug)]
pub(crate) struct Mail {
    pub(crate) addresses: Addresses,
    pub(crate) ecn: EcnCodepoint,
    pub(crate) bytes: Vec<u8>,
}

impl Pair {
    /// All datagrams that `from` wants to send now and that go anywhere.
    pub(crate) fn posted(&mut self, from: Role) -> Vec<Mail> {
        let now = self.now;
        let (mut mail, mut buffer) = (Vec::new(), [0; 1500]);
        while let Some(sent) = self.end(from).connection.transmit(now, &mut buffer) {
            let addresses = *self.end(from).connection.addresses(sent.path);
            if let Some(addresses) = self.net.carry(from, &addresses) {
                mail.push(Mail { addresses, ecn: sent.ecn, bytes: buffer[..sent.len].to_vec() });
            }
            assert!(mail.len() < 10_000, "sends without end");
        }
        mail
    }

    /// Gives a datagram to `to`.
    pub(crate) fn deliver(&mut self, to: Role, mail: &Mail) {
        let now = self.now;
        let end = self.end(to);
        let mut scratch = vec![0; mail.bytes.len()];
        let arrival = Arrival { addresses: mail.addresses, ecn: mail.ecn };
        end.connection.receive(now, &arrival, &mail.bytes, &mut scratch);
        end.connection.learn_local_address(mail.addresses.local);
        end.listen();
    }

    pub(crate) fn deliver_all(&mut self, to: Role, mail: &[Mail]) {
        for mail in mail {
            self.deliver(to, mail);
        }
    }

    /// How the server sees a datagram of the client that comes from `peer`.
    pub(crate) fn from(peer: &str, bytes: Vec<u8>) -> Mail {
        let addresses = Addresses { local: Some(at(SERVER)), peer: at(peer) };
        Mail { addresses, ecn: EcnCodepoint::NotEct, bytes }
    }
}
