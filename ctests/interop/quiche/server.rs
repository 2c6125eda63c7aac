//! The server: files, digests of uploads, and trailers.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use quiche::h3::{self, Header};

use crate::message::{Incoming, Outgoing};
use crate::socket::Socket;
use crate::{configuration, connection_id, connection_line, hexadecimal_sha256};

/// A connection and its exchanges.
struct Peer {
    connection: quiche::Connection,
    http: Option<h3::Connection>,
    requests: HashMap<u64, Incoming>,
    responses: HashMap<u64, Response>,
    answered: usize,
    is_reported: bool,
}

/// A response; its header section is there until it is sent.
struct Response {
    header: Option<Vec<Header>>,
    rest: Outgoing,
}

struct Server {
    root: PathBuf,
    socket: Socket,
    config: quiche::Config,
    peers: HashMap<quiche::ConnectionId<'static>, Peer>,
}

/// Serves until the process is ended.
pub fn run(certificate: &str, key: &str, root: &str) {
    let mut config = configuration();
    config.load_cert_chain_from_pem_file(certificate).expect("the certificate");
    config.load_priv_key_from_pem_file(key).expect("the key");
    let socket = Socket::open();
    println!("listening on {}", socket.local);
    let mut server = Server { root: root.into(), socket, config, peers: HashMap::new() };
    loop {
        server.turn();
    }
}

impl Server {
    fn turn(&mut self) {
        let timeouts = self.peers.values().filter_map(|peer| peer.connection.timeout());
        let wait: Option<Duration> = timeouts.min();
        let (peers, config, to) = (&mut self.peers, &mut self.config, self.socket.local);
        self.socket.receive(wait, |datagram, from| take(peers, config, to, datagram, from));
        for peer in self.peers.values_mut() {
            peer.connection.on_timeout();
            peer.work(&self.root);
            self.socket.flush(&mut peer.connection);
        }
        for peer in self.peers.values_mut() {
            peer.report();
        }
        self.peers.retain(|_, peer| !peer.connection.is_closed());
    }
}

/// Hands a datagram to its connection. A client that is new goes by the ID that its first packet
/// chose until its own packets bear the ID of the server.
fn take(
    peers: &mut HashMap<quiche::ConnectionId<'static>, Peer>,
    config: &mut quiche::Config,
    to: SocketAddr,
    datagram: &mut [u8],
    from: SocketAddr,
) {
    let Ok(header) = quiche::Header::from_slice(datagram, quiche::MAX_CONN_ID_LEN) else { return };
    let info = quiche::RecvInfo { from, to };
    let known = peers.iter_mut().find(|(first, peer)| {
        **first == header.dcid || peer.connection.source_ids().any(|id| *id == header.dcid)
    });
    if let Some((_, peer)) = known {
        peer.connection.recv(datagram, info).ok();
    } else if header.ty == quiche::Type::Initial {
        let connection = quiche::accept(&connection_id(), None, to, from, config).unwrap();
        let mut peer = Peer::new(connection);
        peer.connection.recv(datagram, info).ok();
        println!("accepted\t{from}");
        peers.insert(header.dcid, peer);
    }
}

impl Peer {
    fn new(connection: quiche::Connection) -> Self {
        Self {
            connection,
            http: None,
            requests: HashMap::new(),
            responses: HashMap::new(),
            answered: 0,
            is_reported: false,
        }
    }

    fn work(&mut self, root: &Path) {
        if self.http.is_none()
            && (self.connection.is_in_early_data() || self.connection.is_established())
        {
            let config = h3::Config::new().unwrap();
            self.http = h3::Connection::with_transport(&mut self.connection, &config).ok();
        }
        let Some(mut http) = self.http.take() else { return };
        self.poll(&mut http, root);
        let connection = &mut self.connection;
        self.responses.retain(|stream, response| {
            match response.push(&mut http, connection, *stream) {
                Ok(is_complete) => !is_complete,
                Err(error) => {
                    eprintln!("response: {error}");
                    false
                }
            }
        });
        self.http = Some(http);
    }

    /// Tells of the connection once the client has ended it.
    fn report(&mut self) {
        let has_ended = self.connection.is_draining() || self.connection.is_closed();
        if has_ended && !self.is_reported {
            println!("{}", connection_line(&self.connection, self.answered));
            self.is_reported = true;
        }
    }

    fn poll(&mut self, http: &mut h3::Connection, root: &Path) {
        loop {
            let (stream, event) = match http.poll(&mut self.connection) {
                Ok(event) => event,
                Err(h3::Error::Done) => return,
                Err(error) => return eprintln!("HTTP/3: {error}"),
            };
            let request = self.requests.entry(stream).or_default();
            match event {
                h3::Event::Headers { list, .. } => request.take_fields(&list),
                h3::Event::Data => request.take_body(http, &mut self.connection, stream),
                h3::Event::Finished => {
                    let request = self.requests.remove(&stream).unwrap_or_default();
                    self.responses.insert(stream, answer(root, &request));
                    self.answered += 1;
                }
                h3::Event::Reset(_) => {
                    self.requests.remove(&stream);
                }
                _ => {}
            }
        }
    }
}

impl Response {
    /// Sends what flow control lets pass; whether that was all.
    fn push(
        &mut self,
        http: &mut h3::Connection,
        connection: &mut quiche::Connection,
        stream: u64,
    ) -> Result<bool, h3::Error> {
        if let Some(header) = &self.header {
            match http.send_response(connection, stream, header, self.rest.is_empty()) {
                Ok(()) => self.header = None,
                Err(h3::Error::StreamBlocked) => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        Ok(self.rest.is_empty() || self.rest.push(http, connection, stream)?)
    }
}

fn answer(root: &Path, request: &Incoming) -> Response {
    let (path, query) = match request.field(":path").split_once('?') {
        Some((path, query)) => (path, query),
        None => (request.field(":path"), ""),
    };
    let method = request.field(":method");
    let found = match method {
        "GET" | "HEAD" => read(root, path),
        _ => Some(hexadecimal_sha256(&request.body).into_bytes()),
    };
    let status: &[u8] = if found.is_some() { b"200" } else { b"404" };
    let body = found.unwrap_or_default();
    let mut header = vec![
        Header::new(b":status", status),
        Header::new(b"server", b"quiche"),
        Header::new(b"content-length", body.len().to_string().as_bytes()),
        Header::new(b"x-received", request.body.len().to_string().as_bytes()),
    ];
    for (name, value) in &request.trailers {
        header.push(Header::new(format!("x-trailer-{name}").as_bytes(), value.as_bytes()));
    }
    let trailers = match query {
        "trailers" => vec![Header::new(b"x-sha256", hexadecimal_sha256(&body).as_bytes())],
        _ => Vec::new(),
    };
    let rest = match method {
        "HEAD" => Outgoing::new(Vec::new(), Vec::new()),
        _ => Outgoing::new(body, trailers),
    };
    Response { header: Some(header), rest }
}

/// The file of a path, which may not lead out of the root.
fn read(root: &Path, path: &str) -> Option<Vec<u8>> {
    let path = Path::new(path.strip_prefix('/')?);
    let is_inside = path.components().all(|part| matches!(part, Component::Normal(_)));
    is_inside.then(|| std::fs::read(root.join(path)).ok())?
}
