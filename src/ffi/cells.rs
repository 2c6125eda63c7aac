//! What the handles of the C API point at.
//!
//! Every handle is the address of a cell that the library owns. A cell holds what belongs to the C
//! side alone: the host's pointers, callback tables, flags. The protocol lives in the core, behind
//! a key; a handle whose connection or stream is gone finds nothing there and gives an error code.
//!
//! Cells are only ever shared (`&Cell`), never borrowed mutably: a host calls back into the library
//! from inside its callbacks. For the same reason no borrow of the core is alive while a callback
//! runs.

use std::cell::{Cell, OnceCell, RefCell};
use std::fmt;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

use libc::c_void;
use parking_lot::ReentrantMutex;

use crate::connection::Settings;
use crate::engine::{ConnectionKey, Engine};
use crate::path::Addresses;
use crate::stream::StreamKey;
use crate::tls::ServerPolicy;
use crate::wire::ConnectionId;

use super::abi::{
    xqc_app_proto_callbacks_t, xqc_cid_t, xqc_config_t, xqc_connection_t, xqc_engine_callback_t,
    xqc_engine_t, xqc_ext_marking_writers_t, xqc_log_level_t, xqc_stream_t,
    xqc_transport_callbacks_t,
};
use super::cid::cid_bytes;
use super::clock::Clock;
use super::filter::PacketFilter;
use super::http3::{BytestreamCell, EngineHttp3, H3Cell, H3Protocol, HeldBack, RequestPool};
use super::log::Log;
use super::output::{BlockedDatagram, TransmitBuffer};
use super::qlog::Qlog;

/// What an `xqc_engine_t *` points at. The lock lets the same thread come back in.
pub(super) type EngineHandle = ReentrantMutex<EngineCell>;

/// An engine as C sees it.
pub(super) struct EngineCell {
    pub core: RefCell<Engine>,
    pub callbacks: xqc_engine_callback_t,
    pub transport: xqc_transport_callbacks_t,
    /// The host's functions that send with an ECN mark.
    pub marking: Cell<Option<xqc_ext_marking_writers_t>>,
    pub user_data: *mut c_void,
    pub private_context: Cell<*mut c_void>,
    pub config: RefCell<xqc_config_t>,
    pub protocols: RefCell<Vec<Protocol>>,
    /// What the host said of HTTP/3 in general.
    pub http3: EngineHttp3,
    /// What connections of a server start with.
    pub server_settings: RefCell<ConnectionTerms>,
    /// What the host decides of the handshakes of a server.
    pub policy: Cell<ServerPolicy>,
    /// One cell per connection, at the index of its key.
    pub connections: RefCell<Vec<Option<Box<ConnectionCell>>>>,
    pub clock: Clock,
    pub log: Log,
    pub qlog: Qlog,
    /// Datagrams since the last look at the connections.
    pub received: Cell<u32>,
    pub buffer: Cell<Option<Box<TransmitBuffer>>>,
    /// Where the datagrams that the host is asked to send should leave from, if that matters.
    pub writing_from: Cell<Option<SocketAddr>>,
    /// Room for the keys of the streams that are notified, between two uses.
    pub stream_keys: Cell<Vec<StreamKey>>,
    /// Room for the datagram that is handed over, between two uses.
    pub datagram: Cell<Vec<u8>>,
    /// Counts the runs of the main loop.
    pub runs: Cell<u64>,
    /// The main loop runs: calls from inside callbacks leave the work to it.
    pub running: Cell<bool>,
    /// The connection that the main loop is at, until it sends: what calls from inside callbacks
    /// add leaves in the same pass.
    pub before_sending: Cell<Option<ConnectionKey>>,
    /// The host read from a stream in this pass and left something.
    pub left_unread: Cell<bool>,
    /// Calls of the C API that are on the stack.
    pub depth: Cell<u32>,
    /// A panic was caught: the engine does no further work.
    pub poisoned: Cell<bool>,
    /// `xqc_engine_destroy` was called from inside a callback.
    pub doomed: Cell<bool>,
    pub graveyard: Graveyard,
    /// What `xqc_scid_str` and `xqc_dcid_str` return the address of.
    pub scid_text: Cell<CidText>,
    pub dcid_text: Cell<CidText>,
}

/// Room for a connection ID in hexadecimal, zero-terminated.
pub(super) type CidText = [u8; 2 * ConnectionId::MAX_LEN + 1];

/// The text of no connection ID.
pub(super) const EMPTY_TEXT: CidText = [0; size_of::<CidText>()];

/// Cells whose close callback has run, kept until no call can hold them any more.
#[derive(Default)]
#[allow(clippy::vec_box, reason = "a handle is the address of its box")]
pub(super) struct Graveyard {
    connections: RefCell<Vec<Box<ConnectionCell>>>,
    streams: RefCell<Vec<Box<StreamCell>>>,
    pub requests: RequestPool,
    bytestreams: RefCell<Vec<Box<BytestreamCell>>>,
}

impl Graveyard {
    /// Frees what is buried. Only for the end of the outermost call.
    pub fn clear(&self) {
        drop(self.connections.take());
        drop(self.streams.take());
        drop(self.bytestreams.take());
        self.requests.recycle();
    }

    /// Keeps the cell of a bytestream that has left its table.
    pub fn bury_bytestream(&self, cell: Option<Box<BytestreamCell>>) {
        self.bytestreams.borrow_mut().extend(cell);
    }
}

/// An application protocol that an engine offers.
pub(super) struct Protocol {
    pub alpn: Vec<u8>,
    pub kind: ProtocolKind,
    pub context: *mut c_void,
}

/// Who runs an application protocol.
#[derive(Clone)]
pub(super) enum ProtocolKind {
    /// The host, through these callbacks.
    Host(Rc<xqc_app_proto_callbacks_t>),
    /// We do: HTTP/3.
    Http3(Rc<H3Protocol>),
}

/// The application protocol of a connection.
pub(super) enum Application {
    /// The host's own.
    Host(Rc<xqc_app_proto_callbacks_t>),
    /// HTTP/3.
    Http3(Box<H3Cell>),
}

/// What a connection is set up with.
#[derive(Clone)]
pub(super) struct ConnectionTerms {
    pub settings: Arc<Settings>,
    pub disable_send_mmsg: bool,
    pub held_back: HeldBack,
    /// The initial congestion window that the host asks for, in packets; 0 if it does not.
    pub custom_window: u32,
}

/// How far the host knows a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// Not at all, or not any more.
    No,
    /// `server_accept` was called, but the application protocol has no connection yet.
    Accepted,
    /// `conn_create_notify` was called and has not failed.
    Created,
}

/// What an `xqc_connection_t *` points at.
pub(super) struct ConnectionCell {
    pub engine: *const EngineHandle,
    /// The default one, which finds nothing, until the core has the connection.
    pub key: ConnectionKey,
    /// Where a client is that the core has no connection for.
    pub visitor: Option<Box<Addresses>>,
    pub user_data: Cell<*mut c_void>,
    pub protocol_data: Cell<*mut c_void>,
    /// The connection ID the host knows the connection by. Its address is handed out.
    pub scid: Cell<xqc_cid_t>,
    /// The application protocol, once it is chosen.
    pub application: OnceCell<Application>,
    pub known: Cell<Known>,
    /// The error the connection ended with, as `xqc_conn_get_errno` tells it.
    pub error: Cell<u64>,
    /// The connection is no longer open, and the host's streams were looked at a last time.
    pub ended: Cell<bool>,
    /// `conn_closing` was called.
    pub closing_told: Cell<bool>,
    /// The report of its end was written.
    pub ending_told: Cell<bool>,
    /// How it ended, in the words of the report.
    pub ending: Cell<&'static str>,
    /// The initial congestion window that the host asked for, in packets; 0 if it did not.
    pub custom_window: u32,
    /// The kind of the peer's CONNECTION_CLOSE: 0 none, 1 transport, 2 application.
    pub peer_error_kind: Cell<u32>,
    /// One cell per stream, at the slot of its key.
    pub streams: RefCell<Vec<Option<Box<StreamCell>>>>,
    /// The host's pointer for the datagram callbacks.
    pub datagram_user_data: Cell<*mut c_void>,
    /// The size of the largest datagram as the host knows it.
    pub told_datagram_size: Cell<Option<usize>>,
    /// Streams of ours that were not written to yet.
    pub unwritten: RefCell<Vec<StreamKey>>,
    /// Datagrams the socket did not take, to be sent first.
    pub blocked: RefCell<Vec<BlockedDatagram>>,
    /// What happens to it is collected for `xqc_qlog_event_write`.
    pub traced: Cell<bool>,
    /// Where datagrams go instead of the socket.
    pub filter: Cell<PacketFilter>,
    /// What may wait for QPACK, if the protocol is HTTP/3.
    pub held_back: HeldBack,
    /// Datagrams go to `write_mmsg`.
    pub mmsg: bool,
    /// What `xqc_dcid_str_by_scid` returns the address of, once it was called.
    pub dcid_text: OnceCell<Box<Cell<CidText>>>,
}

/// What an `xqc_stream_t *` points at.
pub(super) struct StreamCell {
    pub connection: *const ConnectionCell,
    pub key: StreamKey,
    pub id: u64,
    pub user_data: Cell<*mut c_void>,
    /// `stream_create_notify` failed: the host does not know the stream.
    pub discarded: Cell<bool>,
    /// The host has read the end of the stream.
    pub ended: Cell<bool>,
}

impl ConnectionCell {
    /// The handle.
    pub fn as_ptr(&self) -> *mut xqc_connection_t {
        std::ptr::from_ref(self).cast_mut().cast()
    }

    /// The connection ID the host knows the connection by.
    pub fn scid(&self) -> *const xqc_cid_t {
        self.scid.as_ptr()
    }

    /// Notes the error that the connection ends with. The first one counts.
    pub fn set_error(&self, error: u64) {
        if self.error.get() == 0 {
            self.error.set(error);
        }
    }

    /// The connection ID the host knows the connection by, to be printed.
    pub fn scid_text(&self) -> impl fmt::Display {
        ConnectionId::new(cid_bytes(&self.scid.get())).unwrap_or_default()
    }

    /// Writes a log record about the connection.
    pub fn log(
        &self,
        log: &Log,
        level: xqc_log_level_t,
        function: &str,
        message: fmt::Arguments<'_>,
    ) {
        if log.enabled(level) {
            let scid = ConnectionId::new(cid_bytes(&self.scid.get())).unwrap_or_default();
            log.write(level, Some(&scid), function, message);
        }
    }

    /// Notes the application protocol; it is chosen only once.
    pub fn choose(&self, protocol: &ProtocolKind) {
        self.application.get_or_init(|| match protocol {
            ProtocolKind::Host(callbacks) => Application::Host(callbacks.clone()),
            ProtocolKind::Http3(protocol) => {
                Application::Http3(Box::new(H3Cell::new(self, protocol.clone())))
            }
        });
    }

    /// The host's callbacks for its own application protocol, once it is chosen.
    pub fn callbacks(&self) -> Option<&xqc_app_proto_callbacks_t> {
        match self.application.get()? {
            Application::Host(callbacks) => Some(callbacks),
            Application::Http3(_) => None,
        }
    }

    /// HTTP/3, if that was chosen.
    #[inline]
    pub fn http3(&self) -> Option<&H3Cell> {
        match self.application.get()? {
            Application::Http3(cell) => Some(cell),
            Application::Host(_) => None,
        }
    }

    /// The cell of stream `key`. The reference is good while a call of the C API is on the stack:
    /// see [`EngineCell::connection`].
    pub fn stream(&self, key: StreamKey) -> Option<&StreamCell> {
        let streams = self.streams.borrow();
        let cell = streams.get(key.slot() as usize)?.as_deref()?;
        if cell.key != key {
            return None;
        }
        // SAFETY: the cell is boxed, so its address does not change when the table grows, and a
        // cell that is taken out of the table goes to the graveyard.
        Some(unsafe { &*std::ptr::from_ref(cell) })
    }

    /// Makes the cell of stream `key`. Its address stays the same until the cell is buried.
    pub fn add_stream(&self, key: StreamKey, id: u64, user_data: *mut c_void) -> &StreamCell {
        let cell = Box::new(StreamCell {
            connection: self,
            key,
            id,
            user_data: Cell::new(user_data),
            discarded: Cell::new(false),
            ended: Cell::new(false),
        });
        let address = std::ptr::from_ref(&*cell);
        let mut streams = self.streams.borrow_mut();
        let slot = key.slot() as usize;
        if streams.len() <= slot {
            streams.resize_with(slot + 1, || None);
        }
        debug_assert!(streams[slot].is_none(), "a stream's cell leaves before its key");
        streams[slot] = Some(cell);
        // SAFETY: as in `stream`.
        unsafe { &*address }
    }

    /// The keys of all streams, in the order of their slots.
    pub fn stream_keys(&self) -> Vec<StreamKey> {
        self.streams.borrow().iter().flatten().map(|stream| stream.key).collect()
    }

    /// Takes the cell of stream `key` out, to be buried.
    fn remove_stream(&self, key: StreamKey) -> Option<Box<StreamCell>> {
        let mut streams = self.streams.borrow_mut();
        let slot = streams.get_mut(key.slot() as usize)?;
        let gone = slot.take_if(|cell| cell.key == key);
        if streams.iter().all(Option::is_none) {
            // At rest a connection keeps no table.
            *streams = Vec::new();
        }
        gone
    }
}

impl StreamCell {
    /// The handle.
    pub fn as_ptr(&self) -> *mut xqc_stream_t {
        std::ptr::from_ref(self).cast_mut().cast()
    }
}

impl EngineCell {
    /// The cell of connection `key`. The reference is good while a call of the C API is on the
    /// stack.
    pub fn connection(&self, key: ConnectionKey) -> Option<&ConnectionCell> {
        let connections = self.connections.borrow();
        let cell = connections.get(key.index() as usize)?.as_deref()?;
        if cell.key != key {
            return None;
        }
        // SAFETY: the cell is boxed, so its address does not change when the table grows, and a
        // cell that is taken out of the table goes to the graveyard, which is emptied only when
        // the outermost call returns; `&self` comes from such a call.
        Some(unsafe { &*std::ptr::from_ref(cell) })
    }

    /// Adds a connection. The address of its cell stays the same until it is buried.
    pub fn add_connection(&self, cell: Box<ConnectionCell>) -> &ConnectionCell {
        if self.marking.get().is_some() {
            if let Some(core) = self.core.borrow_mut().connection_mut(cell.key) {
                core.use_ecn();
            }
        }
        let index = cell.key.index() as usize;
        let address = std::ptr::from_ref(&*cell);
        let mut connections = self.connections.borrow_mut();
        if connections.len() <= index {
            connections.resize_with(index + 1, || None);
        }
        debug_assert!(connections[index].is_none(), "a connection's cell leaves with its key");
        connections[index] = Some(cell);
        // SAFETY: as in `connection`.
        unsafe { &*address }
    }

    /// Takes a connection out of the core and out of the table. Its streams are gone already.
    pub fn remove_connection(&self, key: ConnectionKey) {
        let cell = match self.connections.borrow_mut().get_mut(key.index() as usize) {
            Some(slot) => slot.take_if(|cell| cell.key == key),
            None => None,
        };
        self.graveyard.connections.borrow_mut().extend(cell);
        let connection = self.core.borrow_mut().remove(key);
        // Not before the borrow has ended: what the host attached to the TLS object is freed by
        // functions of the host.
        drop(connection);
    }

    /// Keeps a cell that never came into the table until no call can hold it any more.
    pub fn bury(&self, cell: Box<ConnectionCell>) {
        self.graveyard.connections.borrow_mut().push(cell);
    }

    /// Takes a stream out of the table of its connection.
    pub fn remove_stream(&self, connection: &ConnectionCell, key: StreamKey) {
        self.graveyard.streams.borrow_mut().extend(connection.remove_stream(key));
    }
}

/// The handle of an engine.
pub(super) fn engine_ptr(handle: *const EngineHandle) -> *mut xqc_engine_t {
    handle.cast_mut().cast()
}
