//! One trace for all floors that tell something of a connection.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::json::Object;
use super::kind::{Filter, Kind};
use super::trace::{Records, Trace};
use crate::time::Instant;

/// A [`Trace`] that the transport's connection and the protocol on top of it both write to, so that
/// its events stand in the order in which they happened. Nobody else does: the lock is never waited
/// for.
#[derive(Clone, Debug)]
pub struct SharedTrace(Arc<Mutex<Trace>>);

impl SharedTrace {
    /// Shares a trace.
    pub fn new(trace: Trace) -> Self {
        Self(Arc::new(Mutex::new(trace)))
    }

    fn lock(&self) -> MutexGuard<'_, Trace> {
        // What a panic left behind is still a list of records.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// See [`Trace::set_filter`].
    pub fn set_filter(&self, filter: Filter) {
        self.lock().set_filter(filter);
    }

    /// See [`Trace::set_time`].
    pub fn set_time(&self, now: Instant) {
        self.lock().set_time(now);
    }

    /// See [`Trace::wants`].
    pub fn wants(&self, kind: Kind) -> bool {
        self.lock().wants(kind)
    }

    /// See [`Trace::event`]. `body` must not use the trace.
    pub fn event(&self, kind: Kind, body: impl FnOnce(&mut Object<'_>)) {
        self.lock().event(kind, body);
    }

    /// See [`Trace::take`].
    pub fn take(&self) -> Records {
        self.lock().take()
    }

    /// See [`Trace::give_back`].
    pub fn give_back(&self, records: Records) {
        self.lock().give_back(records);
    }
}
