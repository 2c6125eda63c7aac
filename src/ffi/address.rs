//! Socket addresses, to and from C.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

use libc::{sockaddr, sockaddr_in, sockaddr_in6, socklen_t, AF_INET, AF_INET6};

use crate::connection::Connection;

/// Reads an address of the host. `None` for a null pointer, another family, or a length that does
/// not fit the family.
///
/// # Safety
///
/// `address` is null or points at `len` readable bytes.
pub(super) unsafe fn read_address(address: *const sockaddr, len: socklen_t) -> Option<SocketAddr> {
    if address.is_null() || (len as usize) < size_of::<libc::sa_family_t>() {
        return None;
    }
    // SAFETY: the caller vouches for `len` bytes, and those hold the family; the host's pointer need
    // not be aligned.
    let family = i32::from(unsafe { (&raw const (*address).sa_family).read_unaligned() });
    match family {
        AF_INET if len as usize >= size_of::<sockaddr_in>() => {
            // SAFETY: as many bytes as the struct has are readable.
            let address = unsafe { address.cast::<sockaddr_in>().read_unaligned() };
            let ip = Ipv4Addr::from(address.sin_addr.s_addr.to_ne_bytes());
            Some(SocketAddrV4::new(ip, u16::from_be(address.sin_port)).into())
        }
        AF_INET6 if len as usize >= size_of::<sockaddr_in6>() => {
            // SAFETY: as above.
            let address = unsafe { address.cast::<sockaddr_in6>().read_unaligned() };
            let ip = Ipv6Addr::from(address.sin6_addr.s6_addr);
            let port = u16::from_be(address.sin6_port);
            let (flow, scope) = (address.sin6_flowinfo, address.sin6_scope_id);
            Some(SocketAddrV6::new(ip, port, flow, scope).into())
        }
        _ => None,
    }
}

/// An address in the form C functions take.
#[derive(Clone, Copy)]
pub(super) struct RawAddress {
    storage: Storage,
    len: socklen_t,
}

#[repr(C)]
#[derive(Clone, Copy)]
union Storage {
    v4: sockaddr_in,
    v6: sockaddr_in6,
}

impl RawAddress {
    /// The C form of `address`.
    pub fn new(address: &SocketAddr) -> Self {
        // SAFETY: all bytes zero is a valid `sockaddr_in6`: integers only.
        let mut storage = Storage { v6: unsafe { std::mem::zeroed() } };
        let len = match address {
            SocketAddr::V4(v4) => {
                // SAFETY: as above.
                let mut raw: sockaddr_in = unsafe { std::mem::zeroed() };
                raw.sin_family = AF_INET as libc::sa_family_t;
                raw.sin_port = v4.port().to_be();
                raw.sin_addr.s_addr = u32::from_ne_bytes(v4.ip().octets());
                storage.v4 = raw;
                size_of::<sockaddr_in>()
            }
            SocketAddr::V6(v6) => {
                // SAFETY: as above.
                let mut raw: sockaddr_in6 = unsafe { std::mem::zeroed() };
                raw.sin6_family = AF_INET6 as libc::sa_family_t;
                raw.sin6_port = v6.port().to_be();
                raw.sin6_flowinfo = v6.flowinfo();
                raw.sin6_addr.s6_addr = v6.ip().octets();
                raw.sin6_scope_id = v6.scope_id();
                storage.v6 = raw;
                size_of::<sockaddr_in6>()
            }
        };
        Self { storage, len: len as socklen_t }
    }

    /// The address for a C call; good as long as `self`.
    pub fn as_ptr(&self) -> *const sockaddr {
        std::ptr::from_ref(&self.storage).cast()
    }

    /// Its length.
    pub fn len(&self) -> socklen_t {
        self.len
    }
}

/// Both ends of a connection as log records name them.
pub(super) fn describe(connection: &Connection) -> String {
    let addresses = &connection.path().addresses;
    let Some(local) = addresses.local else { return "addr or cid not avail".to_owned() };
    let (peer, scid) = (addresses.peer, connection.local_cids().primary());
    let dcid = connection.remote_cid();
    format!("l-{}-{}-{scid} p-{}-{}-{dcid}", local.ip(), local.port(), peer.ip(), peer.port(),)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_survive_the_way_through_c() {
        for text in ["127.0.0.1:4433", "[2001:db8::7%3]:65535"] {
            let address: SocketAddr = text.parse().unwrap_or_else(|_| unreachable!());
            let raw = RawAddress::new(&address);
            // SAFETY: pointer and length belong together.
            let back = unsafe { read_address(raw.as_ptr(), raw.len()) };
            assert_eq!(back, Some(address));
        }
    }

    #[test]
    fn a_short_or_missing_address_is_none() {
        let raw = RawAddress::new(&SocketAddr::from(([127, 0, 0, 1], 1)));
        // SAFETY: fewer bytes than there are.
        assert_eq!(unsafe { read_address(raw.as_ptr(), 4) }, None);
        // SAFETY: null is allowed.
        assert_eq!(unsafe { read_address(std::ptr::null(), 16) }, None);
    }
}
