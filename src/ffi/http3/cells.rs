//! What an `xqc_h3_conn_t *` points at.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use libc::c_void;

use crate::ffi::abi::{xqc_h3_callbacks_t, xqc_h3_conn_t};
use crate::ffi::cells::ConnectionCell;
use crate::http3::Connection;
use crate::stream::StreamKey;

use super::bytestream::BytestreamCell;
use super::requests::RequestCell;
use super::table::Table;

/// HTTP/3 as the host set it up on an engine, under one of its names. Connections keep it although
/// the engine forgets it.
pub(in crate::ffi) struct H3Protocol {
    /// The host's callbacks.
    pub callbacks: xqc_h3_callbacks_t,
    /// Bytestreams and datagrams are part of it.
    pub extended: bool,
}

/// The HTTP/3 side of a connection. It lives in the connection's cell and as long.
pub(in crate::ffi) struct H3Cell {
    pub connection: *const ConnectionCell,
    pub protocol: Rc<H3Protocol>,
    pub user_data: Cell<*mut c_void>,
    /// `None` until the host has had its say about the settings.
    pub core: RefCell<Option<Box<Connection>>>,
    pub requests: Table<RequestCell>,
    pub bytestreams: Table<BytestreamCell>,
    /// Streams that are over and of whose end the host is still to be told, with the run of the main
    /// loop in which they ended.
    pub closed: RefCell<Vec<(StreamKey, u64)>>,
    /// The host asked for the end: the connection closes when no request is left.
    pub draining: Cell<bool>,
}

impl H3Cell {
    /// The side of a connection that has just chosen HTTP/3.
    pub fn new(connection: &ConnectionCell, protocol: Rc<H3Protocol>) -> Self {
        Self {
            connection,
            protocol,
            user_data: Cell::new(std::ptr::null_mut()),
            core: RefCell::new(None),
            requests: Table::default(),
            bytestreams: Table::default(),
            closed: RefCell::new(Vec::new()),
            draining: Cell::new(false),
        }
    }

    /// The handle.
    pub fn as_ptr(&self) -> *mut xqc_h3_conn_t {
        std::ptr::from_ref(self).cast_mut().cast()
    }
}
