//! What an `xqc_h3_request_t *` points at.

use std::cell::{Cell, RefCell};

use libc::{c_char, c_void};

use crate::ffi::abi::xqc_h3_request_t;
use crate::stream::StreamKey;

use super::cells::H3Cell;
use super::sections::Sections;
use super::table::Keyed;

/// A request as C sees it.
pub(in crate::ffi) struct RequestCell {
    pub h3: *const H3Cell,
    pub key: StreamKey,
    pub id: u64,
    pub user_data: Cell<*mut c_void>,
    /// A header section that is no interim response was sent: what follows are trailers.
    pub head_sent: Cell<bool>,
    /// The host closed it, or a callback failed: of its callbacks only the last one is called.
    pub muted: Cell<bool>,
    /// Bytes per second that the peer may send; 0 if the host set no limit.
    pub receive_rate: Cell<u64>,
    /// The host asked for the fast path. It is told again in the report.
    pub fastpath: Cell<bool>,
    /// Why the stream closed, once it has: a zero-terminated text.
    pub close_message: Cell<*const c_char>,
    /// Field sections that the host has taken.
    pub sections: Sections,
}

impl RequestCell {
    /// The cell of a request.
    pub fn new(
        pool: &RequestPool,
        h3: *const H3Cell,
        (key, id): (StreamKey, u64),
        user_data: *mut c_void,
    ) -> Box<Self> {
        match pool.take() {
            Some(mut cell) => {
                cell.renew(h3, key, id, user_data);
                cell
            }
            None => Box::new(Self::fresh(h3, key, id, user_data)),
        }
    }

    fn fresh(h3: *const H3Cell, key: StreamKey, id: u64, user_data: *mut c_void) -> Self {
        Self {
            h3,
            key,
            id,
            user_data: Cell::new(user_data),
            head_sent: Cell::new(false),
            muted: Cell::new(false),
            receive_rate: Cell::new(0),
            fastpath: Cell::new(false),
            close_message: Cell::new(std::ptr::null()),
            sections: Sections::default(),
        }
    }

    /// Becomes another request.
    fn renew(&mut self, h3: *const H3Cell, key: StreamKey, id: u64, user_data: *mut c_void) {
        self.h3 = h3;
        self.key = key;
        self.id = id;
        self.user_data.set(user_data);
        self.head_sent.set(false);
        self.muted.set(false);
        self.receive_rate.set(0);
        self.fastpath.set(false);
        self.close_message.set(std::ptr::null());
    }

    /// The handle.
    pub fn as_ptr(&self) -> *mut xqc_h3_request_t {
        std::ptr::from_ref(self).cast_mut().cast()
    }
}

impl Keyed for RequestCell {
    fn key(&self) -> StreamKey {
        self.key
    }

    fn id(&self) -> u64 {
        self.id
    }
}

/// Cells that an engine keeps to be used again.
const MAX_SPARE: usize = 128;

/// The cells of requests that are over: kept until no call can hold them any more, then used again.
#[derive(Default)]
#[allow(clippy::vec_box, reason = "a handle is the address of its box")]
pub(in crate::ffi) struct RequestPool {
    dead: RefCell<Vec<Box<RequestCell>>>,
    spare: RefCell<Vec<Box<RequestCell>>>,
}

impl RequestPool {
    fn take(&self) -> Option<Box<RequestCell>> {
        self.spare.borrow_mut().pop()
    }

    /// Keeps a cell that has left its table.
    pub fn bury(&self, cell: Box<RequestCell>) {
        self.dead.borrow_mut().push(cell);
    }

    /// Lets the dead be used again. Only for the end of the outermost call.
    #[inline]
    pub fn recycle(&self) {
        let mut dead = self.dead.borrow_mut();
        if dead.is_empty() {
            return;
        }
        let mut spare = self.spare.borrow_mut();
        let room = MAX_SPARE.saturating_sub(spare.len());
        let kept = dead.len().min(room);
        spare.extend(dead.drain(..kept).map(|mut cell| {
            // Now, not when it is used again: spare cells may be many, and their fields large.
            cell.sections.clear();
            cell
        }));
        dead.clear();
        dead.shrink_to(MAX_SPARE);
    }
}
