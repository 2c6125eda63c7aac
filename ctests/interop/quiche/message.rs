//! Messages on their way out and in.

use quiche::h3::{Connection, Error, Header, NameValue};

/// What is still to be sent of a message after its header section.
pub struct Outgoing {
    pub body: Vec<u8>,
    pub trailers: Vec<Header>,
    sent: usize,
}

/// What has come of a message so far.
#[derive(Default)]
pub struct Incoming {
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub trailers: Vec<(String, String)>,
}

impl Outgoing {
    pub fn new(body: Vec<u8>, trailers: Vec<Header>) -> Self {
        Self { body, trailers, sent: 0 }
    }

    /// Whether the message ends with its header section.
    pub fn is_empty(&self) -> bool {
        self.body.is_empty() && self.trailers.is_empty()
    }

    /// Sends what flow control lets pass; whether that was all.
    pub fn push(
        &mut self,
        http: &mut Connection,
        connection: &mut quiche::Connection,
        stream: u64,
    ) -> Result<bool, Error> {
        let is_last = self.trailers.is_empty();
        while self.sent < self.body.len() {
            match http.send_body(connection, stream, &self.body[self.sent..], is_last) {
                Ok(sent) => self.sent += sent,
                Err(Error::Done) => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        if self.trailers.is_empty() {
            return Ok(true);
        }
        match http.send_additional_headers(connection, stream, &self.trailers, true, true) {
            Ok(()) => Ok(true),
            Err(Error::StreamBlocked) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

impl Incoming {
    /// Takes a header section: informational responses are replaced by what follows them.
    pub fn take_fields(&mut self, list: &[Header]) {
        let fields = list.iter().map(|field| (text(field.name()), text(field.value()))).collect();
        if self.headers.is_empty() || self.field(":status").starts_with('1') {
            self.headers = fields;
        } else {
            self.trailers = fields;
        }
    }

    /// Takes what can be read of the body.
    pub fn take_body(
        &mut self,
        http: &mut Connection,
        connection: &mut quiche::Connection,
        stream: u64,
    ) {
        let mut buffer = [0; 65_536];
        while let Ok(length) = http.recv_body(connection, stream, &mut buffer) {
            self.body.extend_from_slice(&buffer[..length]);
        }
    }

    /// The value of a header field, empty if there is none.
    pub fn field(&self, name: &str) -> &str {
        self.headers.iter().find(|(each, _)| each == name).map_or("", |(_, value)| value)
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
