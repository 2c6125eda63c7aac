//! The paths of a connection beside the one in use: candidates, and the one before.

use std::net::SocketAddr;

use crate::time::Instant;

use super::cids::Lease;
use super::{Addresses, Path, PathHandle};

/// Paths kept beside the one in use, whatever addresses the peer is heard from.
pub const MAX_OTHER_PATHS: usize = 4;

/// Why a path is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The peer was heard from there.
    Seen,
    /// We want to move there once it is validated.
    Wanted,
    /// It was in use and validated; if the one in use fails, it is used again.
    Former,
}

/// A path that is not in use.
#[derive(Debug)]
pub struct OtherPath {
    /// Its state, complete: it may come into use at any time.
    pub path: Path,
    /// Why it is kept.
    pub purpose: Purpose,
    /// The connection ID of the peer that it has for itself; `None` if it shares
    /// that of the path in use.
    pub lease: Option<Lease>,
    /// When it is forgotten if nothing is heard of it.
    pub forget_at: Instant,
}

/// All paths of a connection but the one in use.
#[derive(Debug)]
pub struct OtherPaths {
    list: Vec<OtherPath>,
    /// The addresses that the host was last told of; those of the path in use once it is validated.
    pub settled: Addresses,
    /// Where a client first reached the server, if it has moved since to where the server prefers.
    /// Hosts with a connected socket go on naming that address.
    pub home: Option<SocketAddr>,
    /// Where the datagram that is being received came from, if from no path that is known.
    pub newcomer: Option<Addresses>,
    /// Bytes of that datagram, until they are counted (RFC 9000 section 8.1).
    pub uncounted: usize,
}

impl OtherPaths {
    /// No other path. `settled` are the addresses of the one in use.
    pub fn new(settled: Addresses) -> Self {
        Self { list: Vec::new(), settled, home: None, newcomer: None, uncounted: 0 }
    }

    /// True if there is nothing to remember.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty() && self.home.is_none()
    }

    /// The path behind `handle`; `None` for the one in use.
    pub fn get(&self, handle: PathHandle) -> Option<&OtherPath> {
        self.list.get(handle.other()?)
    }

    /// The path behind `handle`, to be changed.
    pub fn get_mut(&mut self, handle: PathHandle) -> Option<&mut OtherPath> {
        self.list.get_mut(handle.other()?)
    }

    /// Every path with its handle.
    pub fn iter(&self) -> impl Iterator<Item = (PathHandle, &OtherPath)> {
        self.list.iter().enumerate().map(|(index, other)| (PathHandle::of_other(index), other))
    }

    /// Every path, to be changed.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut OtherPath> {
        self.list.iter_mut()
    }

    /// The path between these addresses.
    pub fn find(&self, addresses: &Addresses) -> Option<PathHandle> {
        let same = |other: &OtherPath| {
            let known = &other.path.addresses;
            known.same_peer(addresses) && known.same_local(addresses)
        };
        self.list.iter().position(same).map(PathHandle::of_other)
    }

    /// The path to the peer at this address.
    pub fn find_peer(&self, peer: &SocketAddr) -> Option<PathHandle> {
        let found = self.list.iter().position(|other| other.path.addresses.peer == *peer);
        found.map(PathHandle::of_other)
    }

    /// The path to go back to if the one in use fails.
    pub fn fallback(&self) -> Option<PathHandle> {
        let former = self.list.iter().rposition(|other| other.purpose == Purpose::Former);
        former.map(PathHandle::of_other)
    }

    /// Adds a path. If there are too many, one that was only seen makes room, unvalidated ones
    /// first; if none can, the new one is not added. Returns what was surplus.
    pub fn add(&mut self, other: OtherPath) -> Option<OtherPath> {
        let mut surplus = None;
        if self.list.len() >= MAX_OTHER_PATHS {
            let Some(index) = self.expendable() else { return Some(other) };
            surplus = Some(self.list.remove(index));
        }
        self.list.push(other);
        surplus
    }

    fn expendable(&self) -> Option<usize> {
        let seen = |other: &&OtherPath| other.purpose == Purpose::Seen;
        let validated = |other: &OtherPath| other.path.amplification.is_validated();
        let unproven = |other: &OtherPath| seen(&other) && !validated(other);
        self.list.iter().position(unproven).or_else(|| {
            let seen = self.list.iter().position(|other| seen(&other));
            seen.or_else(|| self.older_former())
        })
    }

    /// A former path that is not the fallback.
    fn older_former(&self) -> Option<usize> {
        let former = |other: &OtherPath| other.purpose == Purpose::Former;
        let first = self.list.iter().position(former)?;
        (self.list.iter().rposition(former)? != first).then_some(first)
    }

    /// Takes out the first path that `gone` holds for.
    pub fn remove_if(&mut self, gone: impl FnMut(&OtherPath) -> bool) -> Option<OtherPath> {
        let index = self.list.iter().position(gone)?;
        Some(self.list.remove(index))
    }

    /// Takes out the path behind `handle`.
    pub fn remove(&mut self, handle: PathHandle) -> Option<OtherPath> {
        let index = handle.other().filter(|index| *index < self.list.len())?;
        Some(self.list.remove(index))
    }
}
