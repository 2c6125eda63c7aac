//! A small HTTP/3 client and server on quiche, the peer of `test_quiche.py`.
//!
//!     quiche_peer server CERT KEY ROOT
//!     quiche_peer client [OPTION]... PORT PATH...
//!
//! The server listens on a port of 127.0.0.1 that the system chose and prints it. It answers GET and
//! HEAD with the files of ROOT, with trailers if the path ends in `?trailers`, and POST with the
//! SHA-256 of what it got. Trailers of a request come back as fields of the response.
//!
//! The client asks for all paths at once, on one connection. Options:
//!
//!     --ca FILE         the certificate to trust
//!     --method METHOD   instead of GET
//!     --data FILE       the body of every request
//!     --field NAME:VAL  a further header field of every request
//!     --trailer NAME:VAL  a trailer field of every request
//!     --out DIRECTORY   where the bodies go, under the last part of their path
//!     --session FILE    resume the session of FILE with 0-RTT if there is one, and leave the new one
//!
//! Both print lines of fields apart by tabs: `response PATH STATUS LENGTH SHA256`,
//! `header PATH NAME VALUE`, `trailer PATH NAME VALUE`, `connection RESUMED EARLY REQUESTS`. The
//! server begins each connection with `accepted ADDRESS`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod client;
mod message;
mod server;
mod socket;

use std::fmt::Write as _;

/// The value of BoringSSL's `ssl_early_data_accepted`.
const EARLY_DATA_ACCEPTED: u32 = 2;
const IDLE_MILLISECONDS: u64 = 30_000;
const CONNECTION_WINDOW: u64 = 10_000_000;
const STREAM_WINDOW: u64 = 1_000_000;
const STREAMS: u64 = 128;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["server", certificate, key, root] => server::run(certificate, key, root),
        ["client", rest @ ..] => client::run(rest),
        _ => {
            eprintln!("usage: quiche_peer server CERT KEY ROOT | client [OPTION]... PORT PATH...");
            std::process::exit(2);
        }
    }
}

/// What both ends set alike.
fn configuration() -> quiche::Config {
    let mut config = quiche::Config::new(quiche::PROTOCOL_VERSION).unwrap();
    config.set_application_protos(quiche::h3::APPLICATION_PROTOCOL).unwrap();
    config.set_max_idle_timeout(IDLE_MILLISECONDS);
    config.set_max_recv_udp_payload_size(socket::DATAGRAM);
    config.set_max_send_udp_payload_size(socket::DATAGRAM);
    config.set_initial_max_data(CONNECTION_WINDOW);
    config.set_initial_max_stream_data_bidi_local(STREAM_WINDOW);
    config.set_initial_max_stream_data_bidi_remote(STREAM_WINDOW);
    config.set_initial_max_stream_data_uni(STREAM_WINDOW);
    config.set_initial_max_streams_bidi(STREAMS);
    config.set_initial_max_streams_uni(STREAMS);
    config.enable_pacing(false);
    config.enable_early_data();
    config
}

fn connection_id() -> quiche::ConnectionId<'static> {
    let mut id = [0; quiche::MAX_CONN_ID_LEN];
    boring::rand::rand_bytes(&mut id).unwrap();
    quiche::ConnectionId::from_vec(id.to_vec())
}

/// The line that tells how a connection went.
fn connection_line(connection: &quiche::Connection, requests: usize) -> String {
    let early = connection.early_data_reason() == EARLY_DATA_ACCEPTED;
    format!("connection\t{}\t{early}\t{requests}", connection.is_resumed())
}

fn hexadecimal_sha256(data: &[u8]) -> String {
    boring::sha::sha256(data).iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}
