//! The way in: every function of the C API goes through here.
//!
//! Null handles, panics and re-entrance are dealt with in one place. A panic never reaches C: it
//! is caught, logged, and the engine does no further work.

use std::panic::{catch_unwind, AssertUnwindSafe};

use super::abi::{xqc_connection_t, xqc_engine_t, xqc_stream_t, XQC_LOG_FATAL};
use super::cells::{ConnectionCell, EngineCell, EngineHandle, StreamCell};

/// Runs `body` with the engine behind `engine`, or returns `failed` if there is none, if a panic
/// was caught now or earlier.
///
/// # Safety
///
/// `engine` is null or a handle that `xqc_engine_create` returned and that was not destroyed.
pub(super) unsafe fn with_engine<R: Copy>(
    engine: *const xqc_engine_t,
    failed: R,
    body: impl FnOnce(&EngineCell) -> R,
) -> R {
    let handle: *const EngineHandle = engine.cast();
    // SAFETY: the caller vouches for the handle; `xqc_engine_create` makes it from this type.
    let Some(mutex) = (unsafe { handle.as_ref() }) else { return failed };
    let guard = mutex.lock();
    let cell: &EngineCell = &guard;
    if cell.poisoned.get() {
        return failed;
    }
    cell.depth.set(cell.depth.get() + 1);
    let outcome = catch_unwind(AssertUnwindSafe(|| body(cell)));
    let depth = cell.depth.get() - 1;
    cell.depth.set(depth);
    let result = outcome.unwrap_or_else(|_| {
        cell.poisoned.set(true);
        cell.log.write(XQC_LOG_FATAL, None, "panic", format_args!("|the engine is closed|"));
        failed
    });
    if depth == 0 {
        leave(cell);
        if cell.doomed.get() {
            drop(guard);
            // SAFETY: the handle was made by `Box::into_raw`; the host asked for the engine to be
            // destroyed and no call is on the stack any more.
            drop(unsafe { Box::from_raw(handle.cast_mut()) });
        }
    }
    result
}

/// The outermost call returns: nobody can hold a buried cell any more.
fn leave(cell: &EngineCell) {
    let graves = std::mem::take(&mut *cell.graveyard.borrow_mut());
    drop(graves);
}

/// Like [`with_engine`], for a connection handle.
///
/// # Safety
///
/// `connection` is null or a handle that the library gave out and whose close callback has not
/// returned.
pub(super) unsafe fn with_connection<R: Copy>(
    connection: *const xqc_connection_t,
    failed: R,
    body: impl FnOnce(&EngineCell, &ConnectionCell) -> R,
) -> R {
    let cell: *const ConnectionCell = connection.cast();
    // SAFETY: the caller vouches for the handle; it is the address of a `ConnectionCell`.
    let Some(cell) = (unsafe { cell.as_ref() }) else { return failed };
    // SAFETY: the engine outlives its connections.
    unsafe { with_engine(cell.engine.cast(), failed, |engine| body(engine, cell)) }
}

/// Like [`with_engine`], for a stream handle.
///
/// # Safety
///
/// `stream` is null or a handle that the library gave out and whose close callback has not
/// returned.
pub(super) unsafe fn with_stream<R: Copy>(
    stream: *const xqc_stream_t,
    failed: R,
    body: impl FnOnce(&EngineCell, &ConnectionCell, &StreamCell) -> R,
) -> R {
    let cell: *const StreamCell = stream.cast();
    // SAFETY: the caller vouches for the handle; it is the address of a `StreamCell`.
    let Some(cell) = (unsafe { cell.as_ref() }) else { return failed };
    // SAFETY: a connection outlives its streams.
    unsafe {
        with_connection(cell.connection.cast(), failed, |engine, connection| {
            body(engine, connection, cell)
        })
    }
}
