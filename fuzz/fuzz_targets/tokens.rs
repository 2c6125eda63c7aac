#![no_main]
//! Address tokens, as a client may show them. They are not encrypted here.

use std::cell::RefCell;

use libfuzzer_sys::fuzz_target;
use xquic::engine::{Engine, Incoming, UnixTime, Verdict};
use xquic::time::Instant;
use xquic::wire::{ConnectionId, Role, Version};
use xquic_fuzz::{addresses, engine};

thread_local! {
    static SERVER: RefCell<Engine> = RefCell::new(engine(Role::Server));
}

fuzz_target!(|data: &[u8]| {
    let (Some(dcid), Some(scid)) = (ConnectionId::new(b"8 bytes."), ConnectionId::new(b"4567"))
    else {
        return;
    };
    for version in [Version::V1, Version::V2] {
        let mut incoming = Incoming {
            version,
            dcid,
            scid,
            token: data.to_vec(),
            proof: Verdict::Nothing,
            addresses: addresses(),
        };
        let now = Instant::from_micros(1_000_000);
        let fine = SERVER.with_borrow_mut(|server| {
            server.check_token(now, UnixTime(1_700_000_000), &mut incoming)
        });
        assert_eq!(fine, incoming.proof != Verdict::Invalid);
    }
});
