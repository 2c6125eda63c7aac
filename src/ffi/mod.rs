//! The C ABI.
//!
//! | file | what it does |
//! |---|---|
//! | `abi` | the C types, constants and prototypes: the source of the public headers |
//! | `guard` | the way in: null handles, the engine's lock, panics |
//! | `cells` | what the handles point at |
//! | `engine`, `protocols`, `config`, `connect`, `connection`, `path`, `stream`, `cid`, `settings`, `stats` | the functions |
//! | `certificate`, `handshake_policy`, `resumption` | what the host says of certificates and of handshakes, and what a client keeps for later |
//! | `ecn` | marks of datagrams, both ways |
//! | `http3` | everything of HTTP/3 |
//! | `ext` | version and features of what upstream does not have |
//! | `migration` | connections that move |
//! | `quic_lb` | connection IDs for load balancers |
//! | `datagram`, `datagram_callbacks`, `public_settings` | unreliable datagrams, both ways, and how large |
//! | `receive` | a datagram in, and the acceptance of connections |
//! | `run` | the main loop |
//! | `dispatch`, `notify`, `destroy` | events of the core to the host's callbacks |
//! | `output`, `socket` | datagrams to the host's socket functions |
//! | `congestion` | congestion controllers of both sides across the boundary |
//! | `address`, `clock`, `identifiers`, `log`, `memory`, `strings` | small conversions and services |

pub mod abi;

mod accept;
mod address;
mod cells;
mod certificate;
mod cid;
mod clock;
mod config;
mod congestion;
mod conn_info;
mod connect;
mod connection;
mod datagram;
mod datagram_callbacks;
mod destroy;
mod dispatch;
mod ecn;
mod engine;
mod ext;
mod filter;
mod guard;
mod handshake_policy;
mod http3;
mod identifiers;
mod log;
mod memory;
mod migration;
mod notify;
mod output;
mod path;
mod protocols;
mod public_settings;
mod qlog;
mod quic_lb;
mod receive;
mod report;
mod resumption;
mod run;
mod settings;
mod socket;
mod stats;
mod stream;
mod strings;
mod undeclared;
mod version;
