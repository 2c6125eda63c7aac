//! QUIC with the C ABI of Alibaba's xquic.
//!
//! The crate is a tower: each module uses only modules below it.
//!
//! | floor | module | what lives there |
//! |---|---|---|
//! | 8 | `ffi` | the C functions, structs, handles, callback dispatch |
//! | 7 | `engine` | table of connections, routing, acceptance, wake-ups |
//! | 6 | `http3` | HTTP/3: requests, QPACK, messages, priorities, bytestreams |
//! | 5 | `connection` | one QUIC connection |
//! | 4 | `path`, `congestion` | a network path and its congestion controller |
//! | 3 | `recovery`, `stream`, `datagram`, `tls`, `observe` | loss recovery, streams, datagrams, BoringSSL, qlog |
//! | 2 | `wire` | codecs over byte slices |
//! | 1 | `error`, `time`, `random`, `ranges` | what everything else is made of |

pub mod error;
pub mod random;
pub mod ranges;
pub mod time;

pub mod wire;

pub mod datagram;
pub mod observe;
pub mod recovery;
pub mod stream;
#[allow(unsafe_code)]
pub mod tls;

pub mod congestion;
pub mod path;

pub mod connection;

pub mod http3;

pub mod engine;

#[allow(unsafe_code)]
pub mod ffi;
