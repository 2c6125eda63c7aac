//! What is said of a datagram beside its bytes: where it runs and how it is marked.

use crate::recovery::EcnCodepoint;

use super::Addresses;

/// How a datagram reached us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// Where it came from and to.
    pub addresses: Addresses,
    /// Its mark; [`EcnCodepoint::NotEct`] where the host does not tell.
    pub ecn: EcnCodepoint,
}

impl Arrival {
    /// A datagram without a mark.
    pub fn unmarked(addresses: Addresses) -> Self {
        Self { addresses, ecn: EcnCodepoint::NotEct }
    }
}

/// A datagram that waits to be given to the socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transmit {
    /// Its length.
    pub len: usize,
    /// Where it goes. Datagrams with equal handles go to the same address.
    pub path: PathHandle,
    /// The mark it is to carry.
    pub ecn: EcnCodepoint,
}

/// One of the paths of a connection; good until the connection is next given anything but
/// [`transmit`](crate::connection::Connection::transmit).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PathHandle(u8);

impl PathHandle {
    /// The path in use.
    pub const ACTIVE: Self = Self(0);

    /// No path that is known.
    pub(crate) const UNKNOWN: Self = Self(u8::MAX);

    /// The path at `index` among the others.
    pub(super) fn of_other(index: usize) -> Self {
        u8::try_from(index + 1).map_or(Self::UNKNOWN, Self)
    }

    /// Its index among the others; none for the path in use.
    pub(super) fn other(self) -> Option<usize> {
        usize::from(self.0).checked_sub(1)
    }
}
