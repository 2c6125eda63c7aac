//! The two ends of a path, and when two of them are the same.

use std::net::SocketAddr;

/// The addresses at both ends of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// Ours, where the host knows it.
    pub local: Option<SocketAddr>,
    /// The peer's.
    pub peer: SocketAddr,
}

impl Addresses {
    /// True if `other` has the same peer. Hosts that do not know an address pass a wildcard, which
    /// says nothing; an IPv4 address may come mapped into IPv6.
    #[inline]
    pub fn same_peer(&self, other: &Self) -> bool {
        self.peer == other.peer || is_same(&self.peer, &other.peer)
    }

    /// True if both name the same address of ours. One that is not known, or a wildcard, may be
    /// any.
    pub fn same_local(&self, other: &Self) -> bool {
        match (&self.local, &other.local) {
            (Some(ours), Some(theirs)) => is_same(ours, theirs),
            _ => true,
        }
    }

    /// True if only the peer's port differs, as after most rebindings (RFC 9000 section 9.4).
    pub fn differ_in_peer_port_only(&self, other: &Self) -> bool {
        self.peer.ip().to_canonical() == other.peer.ip().to_canonical() && self.same_local(other)
    }
}

/// True if the addresses are equal, or if one of them says nothing.
#[cold]
fn is_same(a: &SocketAddr, b: &SocketAddr) -> bool {
    is_wildcard(a)
        || is_wildcard(b)
        || (a.port() == b.port() && a.ip().to_canonical() == b.ip().to_canonical())
}

/// True if the address is not one that datagrams come from.
pub fn is_wildcard(address: &SocketAddr) -> bool {
    address.port() == 0 || address.ip().to_canonical().is_unspecified()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn addresses(local: Option<&str>, peer: &str) -> Addresses {
        Addresses { local: local.map(|text| text.parse().unwrap()), peer: peer.parse().unwrap() }
    }

    #[test]
    fn a_mapped_address_is_the_address_it_maps() {
        let plain = addresses(None, "192.0.2.1:443");
        assert!(plain.same_peer(&addresses(None, "[::ffff:192.0.2.1]:443")));
        assert!(!plain.same_peer(&addresses(None, "[::ffff:192.0.2.1]:444")));
        assert!(!plain.same_peer(&addresses(None, "192.0.2.2:443")));
    }

    #[test]
    fn a_wildcard_may_be_any_address() {
        let plain = addresses(Some("10.0.0.1:4433"), "192.0.2.1:443");
        for local in [None, Some("0.0.0.0:4433"), Some("10.0.0.1:0"), Some("[::]:4433")] {
            assert!(plain.same_local(&addresses(local, "192.0.2.9:1")), "{local:?}");
        }
        assert!(!plain.same_local(&addresses(Some("10.0.0.2:4433"), "192.0.2.1:443")));
        assert!(plain.same_peer(&addresses(None, "0.0.0.0:0")));
    }

    #[test]
    fn a_changed_port_is_told_from_a_changed_address() {
        let first = addresses(None, "192.0.2.1:443");
        assert!(first.differ_in_peer_port_only(&addresses(None, "192.0.2.1:444")));
        assert!(!first.differ_in_peer_port_only(&addresses(None, "192.0.2.2:443")));
    }
}
