//! The token of NEW_TOKEN (RFC 9000 section 8.1.3): says when it was made. Address and version are
//! not in it, but it opens for them alone.

use std::net::IpAddr;

use crate::wire::Version;

use super::{address_bytes, UnixTime};

/// For how many seconds a token is good: a week, as upstream and as session tickets.
pub(super) const LIFETIME: u64 = 7 * 24 * 3600;

/// What a token is bound to. RFC 9369 section 5: also to the version.
pub(super) fn bound_to(head: u8, version: Version, client: IpAddr) -> [u8; 21] {
    let mut bound = [0; 21];
    bound[0] = head;
    bound[1..5].copy_from_slice(&version.0.to_be_bytes());
    bound[5..].copy_from_slice(&address_bytes(client));
    bound
}

/// What is sealed.
pub(super) fn encode(issued: UnixTime) -> [u8; 8] {
    issued.0.to_be_bytes()
}

/// True if the token was made not too long ago.
pub(super) fn is_fresh(plain: &[u8], now: UnixTime) -> bool {
    plain.try_into().is_ok_and(|bytes| UnixTime(u64::from_be_bytes(bytes)).is_within(LIFETIME, now))
}
