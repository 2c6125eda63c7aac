#![no_main]
//! A whole client connection: datagrams, time, and an application at work.

use libfuzzer_sys::fuzz_target;
use xquic::wire::Role;
use xquic_fuzz::drive;

fuzz_target!(|data: &[u8]| drive(Role::Client, data));
