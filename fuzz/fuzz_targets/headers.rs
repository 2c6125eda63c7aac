#![no_main]
//! Packets of a datagram, before any protection is removed.

use libfuzzer_sys::fuzz_target;
use xquic::wire::header::{parse_cids, parse_packet};

fuzz_target!(|data: &[u8]| {
    let Some((cid_len, datagram)) = data.split_first() else { return };
    let cid_len = usize::from(cid_len % 21);
    let _ = parse_cids(datagram, cid_len);
    let mut rest = datagram;
    while let Ok(packet) = parse_packet(rest, cid_len) {
        assert!(packet.len > 0 && packet.len <= rest.len());
        rest = &rest[packet.len..];
    }
});
