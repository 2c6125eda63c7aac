//! A connection on both floors below the C API.

use crate::connection::{Connection as Transport, State};
use crate::ffi::abi::xqc_log_level_t;
use crate::ffi::cells::{ConnectionCell, EngineCell};
use crate::http3::Connection;
use crate::time::Instant;

use super::cells::H3Cell;

/// A connection that speaks HTTP/3: its cells, through which both floors below are reached.
#[derive(Clone, Copy)]
pub(in crate::ffi) struct Layers<'a> {
    pub engine: &'a EngineCell,
    pub connection: &'a ConnectionCell,
    pub h3: &'a H3Cell,
}

impl<'a> Layers<'a> {
    /// `None` if the connection speaks something else.
    #[inline]
    pub fn of(engine: &'a EngineCell, connection: &'a ConnectionCell) -> Option<Self> {
        connection.http3().map(|h3| Self { engine, connection, h3 })
    }

    /// Runs `body` with both floors, if they are there. It must not call C.
    #[inline]
    pub fn with<R>(&self, body: impl FnOnce(&mut Connection, &mut Transport) -> R) -> Option<R> {
        let mut engine = self.engine.core.borrow_mut();
        let transport = engine.connection_mut(self.connection.key)?;
        let mut h3 = self.h3.core.borrow_mut();
        Some(body(h3.as_mut()?, transport))
    }

    /// As [`Self::with`], unless the connection is closing already.
    #[inline]
    pub fn with_open<R>(
        &self,
        body: impl FnOnce(&mut Connection, &mut Transport) -> R,
    ) -> Option<R> {
        self.with(|h3, transport| (transport.state() < State::Closing).then(|| body(h3, transport)))
            .flatten()
    }

    /// True from the time on that the host has had its say about the settings.
    pub fn is_set_up(&self) -> bool {
        self.h3.core.borrow().is_some()
    }

    /// The time of a call of the host: that of the pass inside which it calls.
    #[inline]
    pub fn now(&self) -> Instant {
        match self.engine.running.get() {
            true => self.engine.clock.last(),
            false => self.engine.clock.now(),
        }
    }

    /// Writes a log record about the connection.
    pub fn log(&self, level: xqc_log_level_t, function: &str, message: std::fmt::Arguments<'_>) {
        self.connection.log(&self.engine.log, level, function, message);
    }
}
