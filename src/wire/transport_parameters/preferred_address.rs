//! preferred_address (RFC 9000 sections 9.6 and 18.2).

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddrV4, SocketAddrV6};

use super::invalid;
use crate::error::TransportError;
use crate::wire::{ConnectionId, Reader, ResetToken, UnexpectedEnd, Writer};

/// Where a server would rather be reached once the handshake is confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PreferredAddress {
    /// Its IPv4 address, if it has one.
    pub ipv4: Option<SocketAddrV4>,
    /// Its IPv6 address, if it has one.
    pub ipv6: Option<SocketAddrV6>,
    /// The connection ID to use there, which has sequence number 1; never empty.
    pub cid: ConnectionId,
    /// What a stateless reset for that ID ends with.
    pub reset_token: ResetToken,
}

impl PreferredAddress {
    /// The most bytes the value takes.
    pub(super) const MAX_ENCODED_LEN: usize =
        4 + 2 + 16 + 2 + 1 + ConnectionId::MAX_LEN + ResetToken::LEN;

    pub(super) fn decode(value: &[u8]) -> Result<Self, TransportError> {
        let mut r = Reader::new(value);
        match Self::read(&mut r) {
            Ok(Some(address)) if r.is_empty() => Ok(address),
            Ok(_) => Err(invalid("preferred_address with a bad length")),
            Err(UnexpectedEnd) => Err(invalid("preferred_address cut short")),
        }
    }

    /// Reads the fields; the inner `None` is a connection ID of no bytes or more than 20.
    fn read(r: &mut Reader<'_>) -> Result<Option<Self>, UnexpectedEnd> {
        let ipv4 = SocketAddrV4::new(Ipv4Addr::from(*r.array()?), r.u16()?);
        let ipv6 = SocketAddrV6::new(Ipv6Addr::from(*r.array::<16>()?), r.u16()?, 0, 0);
        let Some(cid) = ConnectionId::read(r)?.filter(|cid| !cid.is_empty()) else {
            return Ok(None);
        };
        let reset_token = ResetToken(*r.array()?);
        // All zero stands for no address of that family.
        let ipv4 = Some(ipv4).filter(|address| !address.ip().is_unspecified());
        let ipv6 = Some(ipv6).filter(|address| !address.ip().is_unspecified());
        Ok(Some(Self { ipv4, ipv6, cid, reset_token }))
    }

    pub(super) fn encode(&self, w: &mut Writer<'_>) {
        let ipv4 = self.ipv4.unwrap_or(SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0));
        w.array(ipv4.ip().octets());
        w.u16(ipv4.port());
        let ipv6 = self.ipv6.unwrap_or(SocketAddrV6::new(Ipv6Addr::UNSPECIFIED, 0, 0, 0));
        w.array(ipv6.ip().octets());
        w.u16(ipv6.port());
        w.u8(self.cid.len() as u8);
        w.bytes(self.cid.as_slice());
        w.array(self.reset_token.0);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn value(cid_len: u8) -> Vec<u8> {
        let mut bytes = vec![192, 0, 2, 1, 0x01, 0xbb];
        bytes.extend([0; 18]);
        bytes.push(cid_len);
        bytes.extend(vec![9; cid_len.into()]);
        bytes.extend([7; 16]);
        bytes
    }

    #[test]
    fn an_all_zero_address_is_no_address() {
        let address = PreferredAddress::decode(&value(8)).unwrap();
        assert_eq!(address.ipv4, Some(SocketAddrV4::new([192, 0, 2, 1].into(), 443)));
        assert_eq!(address.ipv6, None);
        let mut buffer = [0; PreferredAddress::MAX_ENCODED_LEN];
        let mut w = Writer::new(&mut buffer);
        address.encode(&mut w);
        assert_eq!(w.written(), value(8));
    }

    /// RFC 9000 section 18.2.
    #[test]
    fn an_empty_connection_id_is_refused() {
        assert!(PreferredAddress::decode(&value(1)).is_ok());
        assert!(PreferredAddress::decode(&value(20)).is_ok());
        assert!(PreferredAddress::decode(&value(0)).is_err());
        assert!(PreferredAddress::decode(&value(21)).is_err());
    }

    #[test]
    fn the_value_is_used_up_exactly() {
        let mut bytes = value(8);
        for cut in 0..bytes.len() {
            assert!(PreferredAddress::decode(&bytes[..cut]).is_err());
        }
        bytes.push(0);
        assert!(PreferredAddress::decode(&bytes).is_err());
    }
}
