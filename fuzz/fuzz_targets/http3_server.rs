#![no_main]
//! A whole server that speaks HTTP/3: datagrams, time, frames on its streams, and a client that
//! makes requests.

use libfuzzer_sys::fuzz_target;
use xquic::wire::Role;
use xquic_fuzz::drive_http3;

fuzz_target!(|data: &[u8]| drive_http3(Role::Server, data));
