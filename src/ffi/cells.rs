//! What the handles of the C API point at.
//!
//! Every handle is the address of a cell that the library owns. A cell holds what belongs to the C
//! side alone: the host's pointers, callback tables, flags. The protocol lives in the core, behind
//! a key; a handle whose connection or stream is gone finds nothing there and gives an error code.
//!
//! Cells are only ever shared (`&Cell`), never borrowed mutably: a host calls back into the library
//! from inside its callbacks. For the same reason no borrow of the core is alive while a callback
//! runs.

use std::cell::{Cell, RefCell, UnsafeCell};
use std::rc::Rc;
use std::sync::Arc;

use libc::c_void;
use parking_lot::ReentrantMutex;

use crate::connection::Settings;
use crate::engine::{ConnectionKey, Engine};
use crate::stream::StreamKey;
use crate::time::Instant;

use super::abi::{
    xqc_app_proto_callbacks_t, xqc_cid_t, xqc_config_t, xqc_connection_t, xqc_engine_callback_t,
    xqc_engine_t, xqc_stream_t, xqc_transport_callbacks_t,
};
use super::clock::Clock;
use super::congestion::CongestionChoice;
use super::log::Log;
use super::output::TransmitBuffer;

/// What an `xqc_engine_t *` points at. The lock lets the same thread come back in.
pub(super) type EngineHandle = ReentrantMutex<EngineCell>;

/// An engine as C sees it.
pub(super) struct EngineCell {
    pub core: RefCell<Engine>,
    pub callbacks: xqc_engine_callback_t,
    pub transport: xqc_transport_callbacks_t,
    pub user_data: *mut c_void,
    pub private_context: Cell<*mut c_void>,
    pub config: RefCell<xqc_config_t>,
    pub protocols: RefCell<Vec<Protocol>>,
    /// What connections of a server start with.
    pub server_settings: RefCell<ConnectionTerms>,
    /// One cell per connection, at the index of its key.
    pub connections: RefCell<Vec<Option<Box<ConnectionCell>>>>,
    pub clock: Clock,
    pub log: Log,
    /// Datagrams since the last look at the connections.
    pub received: Cell<u32>,
    pub buffer: Cell<Option<Box<TransmitBuffer>>>,
    /// The main loop runs: calls from inside callbacks leave the work to it.
    pub running: Cell<bool>,
    /// Calls of the C API that are on the stack.
    pub depth: Cell<u32>,
    /// A panic was caught: the engine does no further work.
    pub poisoned: Cell<bool>,
    /// `xqc_engine_destroy` was called from inside a callback.
    pub doomed: Cell<bool>,
    /// Cells whose close callback has run, kept until no call can hold them any more.
    pub graveyard: RefCell<Vec<Grave>>,
    /// What `xqc_scid_str` and `xqc_dcid_str` return.
    pub scid_text: UnsafeCell<CidText>,
    pub dcid_text: UnsafeCell<CidText>,
}

/// Room for a connection ID in hexadecimal, zero-terminated.
pub(super) type CidText = [u8; 2 * crate::wire::ConnectionId::MAX_LEN + 1];

/// A cell that is no longer in use.
#[allow(dead_code, reason = "kept only to be dropped later")]
pub(super) enum Grave {
    Connection(Box<ConnectionCell>),
    Stream(Box<StreamCell>),
}

/// An application protocol that the host registered.
pub(super) struct Protocol {
    pub alpn: Vec<u8>,
    pub callbacks: Rc<xqc_app_proto_callbacks_t>,
    pub context: *mut c_void,
}

/// Settings of a connection and the choice of its congestion controller.
#[derive(Clone)]
pub(super) struct ConnectionTerms {
    pub settings: Arc<Settings>,
    pub congestion: CongestionChoice,
    pub disable_send_mmsg: bool,
}

/// How far the host knows a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// Not at all: `server_accept` has not returned.
    No,
    /// Accepted, but the application protocol has no connection yet.
    Accepted,
    /// `conn_create_notify` has succeeded.
    Created,
}

/// What an `xqc_connection_t *` points at.
pub(super) struct ConnectionCell {
    pub engine: *const EngineHandle,
    pub key: ConnectionKey,
    pub user_data: Cell<*mut c_void>,
    pub protocol_data: Cell<*mut c_void>,
    /// The connection ID the host knows the connection by. Its address is handed out.
    pub scid: UnsafeCell<xqc_cid_t>,
    pub protocol: RefCell<Option<Rc<xqc_app_proto_callbacks_t>>>,
    pub known: Cell<Known>,
    /// The error the connection ended with, as `xqc_conn_get_errno` tells it.
    pub error: Cell<u64>,
    /// The kind of the peer's CONNECTION_CLOSE: 0 none, 1 transport, 2 application.
    pub peer_error_kind: Cell<u32>,
    /// One cell per stream, at the slot of its key.
    pub streams: RefCell<Vec<Option<Box<StreamCell>>>>,
    /// Streams of ours that were not written to yet.
    pub unwritten: RefCell<Vec<StreamKey>>,
    /// Datagrams the socket did not take, to be sent first.
    pub blocked: RefCell<Vec<Vec<u8>>>,
    pub mmsg: Cell<bool>,
    pub handshake_done: Cell<Option<Instant>>,
}

/// What an `xqc_stream_t *` points at.
pub(super) struct StreamCell {
    pub connection: *const ConnectionCell,
    pub key: StreamKey,
    pub id: u64,
    pub user_data: Cell<*mut c_void>,
    /// `stream_create_notify` failed: the host does not know the stream.
    pub discarded: Cell<bool>,
}

impl ConnectionCell {
    /// The handle.
    pub fn as_ptr(&self) -> *mut xqc_connection_t {
        std::ptr::from_ref(self).cast_mut().cast()
    }

    /// The connection ID the host knows the connection by.
    pub fn scid(&self) -> *const xqc_cid_t {
        self.scid.get()
    }

    /// The cell of stream `key`.
    pub fn stream(&self, key: StreamKey) -> Option<*const StreamCell> {
        let streams = self.streams.borrow();
        let cell = streams.get(key.slot() as usize)?.as_deref()?;
        (cell.key == key).then_some(std::ptr::from_ref(cell))
    }

    /// Makes the cell of stream `key`. Its address stays the same until the cell is buried.
    pub fn add_stream(&self, key: StreamKey, id: u64, user_data: *mut c_void) -> *const StreamCell {
        let mut streams = self.streams.borrow_mut();
        let slot = key.slot() as usize;
        if streams.len() <= slot {
            streams.resize_with(slot + 1, || None);
        }
        let cell = Box::new(StreamCell {
            connection: self,
            key,
            id,
            user_data: Cell::new(user_data),
            discarded: Cell::new(false),
        });
        let address = std::ptr::from_ref(&*cell);
        streams[slot] = Some(cell);
        address
    }

    /// Takes the cell of stream `key` out.
    pub fn remove_stream(&self, key: StreamKey) -> Option<Box<StreamCell>> {
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
    /// The cell of connection `key`. The reference is good until the next burial, which happens
    /// only when no call of the C API is on the stack.
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

    /// The handle of this engine, as the cell of one of its connections remembers it.
    pub fn bury(&self, grave: Grave) {
        self.graveyard.borrow_mut().push(grave);
    }
}

/// The handle of an engine.
pub(super) fn engine_ptr(handle: *const EngineHandle) -> *mut xqc_engine_t {
    handle.cast_mut().cast()
}
