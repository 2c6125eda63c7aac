#![no_main]
//! Transport parameters of either side: what decodes survives being encoded again.

use libfuzzer_sys::fuzz_target;
use xquic::tls::SeededRandom;
use xquic::wire::{Role, TransportParameters};

fuzz_target!(|data: &[u8]| {
    for sender in [Role::Client, Role::Server] {
        let Ok(parameters) = TransportParameters::decode(data, sender) else { continue };
        let encoded = parameters.encode(sender, &mut SeededRandom::new([0; 32]));
        let again = TransportParameters::decode(&encoded, sender).expect("what we encode");
        let encoded_again = again.encode(sender, &mut SeededRandom::new([0; 32]));
        assert_eq!(encoded, encoded_again);
    }
});
