//! Two sessions joined in memory.

use super::identity::{self, Files, Identity, NAME};
use crate::error::TransportError;
use crate::tls::{
    ClientOptions, Context, ContextConfig, Level, ServerOptions, ServerPolicy, Session, TlsEvent,
    VerifyMode,
};
use crate::wire::{Role, Version};

/// A client's context with defaults.
pub(crate) fn client_context() -> Context {
    Context::new(&ContextConfig::new(Role::Client)).unwrap()
}

/// A server's context that speaks `h3`, its configuration as `change` leaves it.
pub(in crate::tls) fn server_context_with<'a>(
    identity: &Identity,
    change: impl FnOnce(ContextConfig<'a>) -> ContextConfig<'a>,
) -> Context {
    let files = Files::new(identity);
    let (certificate, key) = (files.certificate(), files.key());
    let config = ContextConfig {
        certificate_file: Some(&certificate),
        private_key_file: Some(&key),
        ..change(ContextConfig::new(Role::Server))
    };
    let mut context = Context::new(&config).unwrap();
    context.set_alpn(&[b"h3"]).unwrap();
    context
}

/// A server's context with an ECDSA certificate.
pub(crate) fn server_context() -> Context {
    server_context_with(identity::ecdsa(), |config| config)
}

/// A client that takes any certificate.
pub(crate) fn client_options() -> ClientOptions<'static> {
    ClientOptions {
        server_name: Some(NAME),
        alpn: b"h3",
        verify: VerifyMode::None,
        transport_parameters: b"of the client",
        resumption: None,
        early_data: false,
        groups: None,
        version: Version::V1,
    }
}

/// A server without 0-RTT.
pub(in crate::tls) fn server_options() -> ServerOptions<'static> {
    ServerOptions {
        transport_parameters: b"of the server",
        early_data: None,
        policy: ServerPolicy::default(),
        ask_for_version: false,
        version: Version::V1,
    }
}

/// One end with everything that it said.
pub(in crate::tls) struct End {
    pub(in crate::tls) session: Session,
    /// Everything but handshake data.
    pub(in crate::tls) events: Vec<TlsEvent>,
    pub(in crate::tls) error: Option<TransportError>,
}

impl End {
    pub(in crate::tls) fn new(session: Session) -> Self {
        Self { session, events: Vec::new(), error: None }
    }

    /// Moves on and collects what goes to the peer.
    pub(in crate::tls) fn advance(&mut self) -> Vec<(Level, Vec<u8>)> {
        if let Err(error) = self.session.advance() {
            self.error = Some(error);
        }
        let mut flight = Vec::new();
        while let Some(event) = self.session.poll_event() {
            match event {
                TlsEvent::HandshakeData { level, data } => flight.push((level, data)),
                other => self.events.push(other),
            }
        }
        flight
    }

    /// Takes the peer's bytes, one level after the other.
    pub(in crate::tls) fn take(&mut self, flight: &[(Level, Vec<u8>)]) -> Vec<(Level, Vec<u8>)> {
        let mut answer = Vec::new();
        for (level, data) in flight {
            if let Err(error) = self.session.provide(*level, data) {
                self.error = Some(error);
            }
            answer.extend(self.advance());
        }
        answer
    }

    pub(in crate::tls) fn count(&self, wanted: impl Fn(&TlsEvent) -> bool) -> usize {
        self.events.iter().filter(|event| wanted(event)).count()
    }

    /// The last session ticket.
    pub(in crate::tls) fn ticket(&self) -> Option<&[u8]> {
        self.events.iter().rev().find_map(|event| match event {
            TlsEvent::SessionTicket(ticket) => Some(ticket.as_slice()),
            _ => None,
        })
    }

    /// The secrets of one direction, by level.
    pub(in crate::tls) fn secrets(&self, read: bool) -> Vec<(Level, Vec<u8>)> {
        let secrets = self.events.iter().filter_map(|event| match event {
            TlsEvent::ReadSecret { level, secret } if read => Some((*level, secret)),
            TlsEvent::WriteSecret { level, secret } if !read => Some((*level, secret)),
            _ => None,
        });
        secrets.map(|(level, secret)| (level, secret.as_slice().to_vec())).collect()
    }

    pub(in crate::tls) fn code(&self) -> Option<u64> {
        self.error.map(|error| error.code.0)
    }
}

/// A client and a server.
pub(in crate::tls) struct Pair {
    pub(in crate::tls) client: End,
    pub(in crate::tls) server: End,
}

impl Pair {
    pub(in crate::tls) fn new(
        (client, client_options): (&Context, &ClientOptions<'_>),
        (server, server_options): (&Context, &ServerOptions<'_>),
    ) -> Self {
        Self {
            client: End::new(Session::client(client, client_options).unwrap()),
            server: End::new(Session::server(server, server_options).unwrap()),
        }
    }

    /// A pair with default options.
    pub(in crate::tls) fn plain(client: &Context, server: &Context) -> Self {
        Self::new((client, &client_options()), (server, &server_options()))
    }

    /// Carries bytes to and fro until neither end has more to say.
    pub(in crate::tls) fn run(&mut self) -> &mut Self {
        let mut to_server = self.client.advance();
        let mut to_client = self.server.advance();
        while !to_server.is_empty() || !to_client.is_empty() {
            let answer = self.server.take(&to_server);
            to_client.extend(answer);
            to_server = self.client.take(&to_client);
            to_client.clear();
        }
        self
    }

    pub(in crate::tls) fn is_complete(&self) -> bool {
        let complete = |end: &End| end.error.is_none() && end.session.is_handshake_complete();
        complete(&self.client) && complete(&self.server)
    }
}
