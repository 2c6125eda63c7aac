//! The client: all requests at once, then the answers.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use quiche::h3::{self, Header};

use crate::message::{Incoming, Outgoing};
use crate::socket::Socket;
use crate::{configuration, connection_id, connection_line, hexadecimal_sha256};

const HOST: &str = "localhost";
const LONGEST: Duration = Duration::from_secs(300);
/// HTTP/3's error code for an end without errors.
const NO_ERROR: u64 = 0x100;

#[derive(Default)]
struct Options {
    ca: Option<String>,
    method: Option<String>,
    body: Vec<u8>,
    fields: Vec<Header>,
    trailers: Vec<Header>,
    out: Option<PathBuf>,
    session: Option<PathBuf>,
    port: u16,
    paths: Vec<String>,
}

/// An exchange: the request on its way out, and the answer.
struct Exchange {
    path: String,
    request: Option<Outgoing>,
    answer: Incoming,
    end: Option<Result<(), u64>>,
}

struct Client {
    options: Options,
    socket: Socket,
    connection: quiche::Connection,
    http: Option<h3::Connection>,
    waiting: Vec<String>,
    exchanges: HashMap<u64, Exchange>,
}

/// Runs the client to its end; the process fails if an answer is missing.
pub fn run(arguments: &[&str]) {
    let options = Options::parse(arguments);
    let mut client = Client::new(options);
    let is_complete = client.exchange();
    client.report();
    if !is_complete {
        eprintln!("not all answers came: {:?}", client.connection.peer_error());
        std::process::exit(1);
    }
}

impl Options {
    fn parse(arguments: &[&str]) -> Self {
        let mut options = Self::default();
        let mut rest = arguments.iter().copied();
        let port = loop {
            let argument = rest.next().expect("a port");
            if !argument.starts_with("--") {
                break argument;
            }
            let value = rest.next().expect("a value");
            match argument {
                "--ca" => options.ca = Some(value.to_owned()),
                "--method" => options.method = Some(value.to_owned()),
                "--data" => options.body = std::fs::read(value).expect("the file of --data"),
                "--field" => options.fields.push(field(value)),
                "--trailer" => options.trailers.push(field(value)),
                "--out" => options.out = Some(value.into()),
                "--session" => options.session = Some(value.into()),
                _ => panic!("unknown option {argument}"),
            }
        };
        options.port = port.parse().expect("a port number");
        options.paths = rest.map(str::to_owned).collect();
        options
    }

    fn header(&self, path: &str) -> Vec<Header> {
        let method = self.method.as_deref().unwrap_or("GET");
        let mut list = vec![
            Header::new(b":method", method.as_bytes()),
            Header::new(b":scheme", b"https"),
            Header::new(b":authority", HOST.as_bytes()),
            Header::new(b":path", path.as_bytes()),
            Header::new(b"user-agent", b"quiche"),
        ];
        list.extend(self.fields.iter().cloned());
        if !self.body.is_empty() {
            list.push(Header::new(b"content-length", self.body.len().to_string().as_bytes()));
        }
        list
    }
}

impl Client {
    fn new(options: Options) -> Self {
        let socket = Socket::open();
        let mut config = configuration();
        if let Some(ca) = &options.ca {
            config.load_verify_locations_from_file(ca).expect("the certificate to trust");
            config.verify_peer(true);
        }
        let server = SocketAddr::from(([127, 0, 0, 1], options.port));
        let id = connection_id();
        let mut connection =
            quiche::connect(Some(HOST), &id, socket.local, server, &mut config).unwrap();
        let known = options.session.as_ref().and_then(|file| std::fs::read(file).ok());
        if let Some(session) = known {
            connection.set_session(&session).expect("the session");
        }
        let mut waiting = options.paths.clone();
        waiting.reverse();
        Self { options, socket, connection, http: None, waiting, exchanges: HashMap::new() }
    }

    /// Goes on until all answers are there, the connection ends or the time is up.
    fn exchange(&mut self) -> bool {
        let end = Instant::now() + LONGEST;
        self.socket.flush(&mut self.connection);
        while !self.connection.is_closed() && Instant::now() < end {
            self.begin();
            self.push();
            self.poll();
            if self.is_done() {
                // What ends the handshake goes first: the server could not read the end without.
                self.socket.flush(&mut self.connection);
                self.connection.close(true, NO_ERROR, b"").ok();
                self.socket.flush(&mut self.connection);
                return self.exchanges.values().all(|exchange| exchange.end == Some(Ok(())));
            }
            self.socket.flush(&mut self.connection);
            let (connection, to) = (&mut self.connection, self.socket.local);
            self.socket.receive(connection.timeout(), |datagram, from| {
                connection.recv(datagram, quiche::RecvInfo { from, to }).ok();
            });
            self.connection.on_timeout();
        }
        false
    }

    /// Starts as many requests as the server allows, in 0-RTT packets if it can be.
    fn begin(&mut self) {
        if self.http.is_none()
            && (self.connection.is_in_early_data() || self.connection.is_established())
        {
            let config = h3::Config::new().unwrap();
            let http = h3::Connection::with_transport(&mut self.connection, &config);
            self.http = Some(http.expect("HTTP/3"));
        }
        let Some(http) = &mut self.http else { return };
        while let Some(path) = self.waiting.pop() {
            let body = self.options.body.clone();
            let request = Outgoing::new(body, self.options.trailers.clone());
            let header = self.options.header(&path);
            match http.send_request(&mut self.connection, &header, request.is_empty()) {
                Ok(stream) => {
                    let request = (!request.is_empty()).then_some(request);
                    let answer = Incoming::default();
                    let exchange = Exchange { path, request, answer, end: None };
                    self.exchanges.insert(stream, exchange);
                }
                Err(h3::Error::StreamBlocked) => return self.waiting.push(path),
                Err(h3::Error::TransportError(quiche::Error::StreamLimit)) => {
                    return self.waiting.push(path);
                }
                Err(error) => panic!("request: {error}"),
            }
        }
    }

    fn push(&mut self) {
        let Some(http) = &mut self.http else { return };
        for (stream, exchange) in &mut self.exchanges {
            let Some(request) = &mut exchange.request else { continue };
            match request.push(http, &mut self.connection, *stream) {
                Ok(false) => {}
                Ok(true) => exchange.request = None,
                Err(error) => {
                    eprintln!("{}: {error}", exchange.path);
                    exchange.request = None;
                }
            }
        }
    }

    fn poll(&mut self) {
        let Some(http) = &mut self.http else { return };
        loop {
            let (stream, event) = match http.poll(&mut self.connection) {
                Ok(event) => event,
                Err(h3::Error::Done) => return,
                Err(error) => return eprintln!("HTTP/3: {error}"),
            };
            let Some(exchange) = self.exchanges.get_mut(&stream) else { continue };
            match event {
                h3::Event::Headers { list, .. } => exchange.answer.take_fields(&list),
                h3::Event::Data => exchange.answer.take_body(http, &mut self.connection, stream),
                h3::Event::Finished => exchange.end = Some(Ok(())),
                h3::Event::Reset(code) => exchange.end = Some(Err(code)),
                _ => {}
            }
        }
    }

    fn is_done(&self) -> bool {
        let has_session = self.options.session.is_none() || self.connection.session().is_some();
        has_session
            && self.connection.is_established()
            && self.waiting.is_empty()
            && self.exchanges.len() == self.options.paths.len()
            && self.exchanges.values().all(|exchange| exchange.end.is_some())
    }

    fn report(&self) {
        for exchange in self.exchanges.values() {
            let (path, answer) = (&exchange.path, &exchange.answer);
            if let Some(Err(code)) = exchange.end {
                println!("reset\t{path}\t{code:#x}");
            }
            let (length, sha256) = (answer.body.len(), hexadecimal_sha256(&answer.body));
            println!("response\t{path}\t{}\t{length}\t{sha256}", answer.field(":status"));
            for (kind, fields) in [("header", &answer.headers), ("trailer", &answer.trailers)] {
                for (name, value) in fields {
                    println!("{kind}\t{path}\t{name}\t{value}");
                }
            }
            if let (Some(out), Some(name)) = (&self.options.out, path.rsplit('/').next()) {
                std::fs::write(out.join(name), &answer.body).expect("a file in --out");
            }
        }
        if let (Some(file), Some(session)) = (&self.options.session, self.connection.session()) {
            std::fs::write(file, session).expect("the session file");
        }
        println!("{}", connection_line(&self.connection, self.exchanges.len()));
    }
}

fn field(text: &str) -> Header {
    let (name, value) = text.split_once(':').expect("NAME:VALUE");
    Header::new(name.as_bytes(), value.trim().as_bytes())
}
