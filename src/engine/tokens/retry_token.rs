//! The token of a Retry (RFC 9000 section 8.1.2): all that the server does not keep about the client
//! it sent the Retry to.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use crate::wire::{ConnectionId, Reader, Version, Writer};

use super::{address_bytes, Shown, UnixTime, Verdict};

/// For how many seconds a token is good: a client repeats its Initial for so long over a lossy path.
pub(super) const LIFETIME: u64 = 30;

/// Time, version, address, port, and two connection IDs with their lengths.
const MAX_LEN: usize = 8 + 4 + 16 + 2 + 2 * (1 + ConnectionId::MAX_LEN);

/// What is sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RetryToken {
    pub issued: UnixTime,
    pub version: Version,
    pub client: SocketAddr,
    pub original_dcid: ConnectionId,
    pub retry_scid: ConnectionId,
}

impl RetryToken {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut buffer = [0; MAX_LEN];
        let mut w = Writer::new(&mut buffer);
        w.u64(self.issued.0);
        w.u32(self.version.0);
        w.bytes(&address_bytes(self.client.ip()));
        w.u16(self.client.port());
        for cid in [&self.original_dcid, &self.retry_scid] {
            w.u8(cid.len() as u8);
            w.bytes(cid.as_slice());
        }
        w.written().to_vec()
    }

    fn decode(plain: &[u8]) -> Option<Self> {
        let mut r = Reader::new(plain);
        let issued = UnixTime(r.u64().ok()?);
        let version = Version(r.u32().ok()?);
        let address = *r.array::<16>().ok()?;
        let client = (IpAddr::V6(Ipv6Addr::from(address)), r.u16().ok()?).into();
        let original_dcid = ConnectionId::read(&mut r).ok()??;
        let retry_scid = ConnectionId::read(&mut r).ok()??;
        r.is_empty().then_some(Self { issued, version, client, original_dcid, retry_scid })
    }
}

/// What a Retry token of ours proves for the client that shows it.
pub(super) fn judge(plain: &[u8], now: UnixTime, shown: &Shown<'_>) -> Verdict {
    let Some(token) = RetryToken::decode(plain) else { return Verdict::Nothing };
    // RFC 9000 section 8.1.4: address and port, and the connection ID that the Retry gave.
    // RFC 9369 section 4.1: and the version, which must not have changed since.
    let same_client = address_bytes(token.client.ip()) == address_bytes(shown.client.ip())
        && token.client.port() == shown.client.port();
    let same_attempt = token.retry_scid == *shown.dcid && token.version == shown.version;
    if same_client && same_attempt && token.issued.is_within(LIFETIME, now) {
        Verdict::Retried { original_dcid: token.original_dcid }
    } else {
        Verdict::Invalid
    }
}
