//! The way in: every function of the C API goes through here.
//!
//! Null handles, panics and re-entrance are dealt with in one place. A panic never reaches C: it
//! is caught, logged, and the engine does no further work but be destroyed.

use std::panic::{catch_unwind, AssertUnwindSafe};

use super::abi::{xqc_connection_t, xqc_engine_t, xqc_stream_t, XQC_LOG_FATAL};
use super::cells::{ConnectionCell, EngineCell, EngineHandle, StreamCell};

/// Runs `body` with the engine behind `engine`. Returns `failed` if there is none, if a panic was
/// caught, now or earlier, and if the call comes from where none may come from: a congestion
/// controller, which runs in the middle of the core's work.
///
/// # Safety
///
/// `engine` is null or a handle that `xqc_engine_create` returned and that was not destroyed.
pub(super) unsafe fn with_engine<R: Copy>(
    engine: *const xqc_engine_t,
    failed: R,
    body: impl FnOnce(&EngineCell) -> R,
) -> R {
    // SAFETY: the caller vouches for the handle.
    unsafe {
        with_any_engine(
            engine,
            failed,
            |cell| if cell.poisoned.get() { failed } else { body(cell) },
        )
    }
}

/// Like [`with_engine`], also after a panic: for what is needed to get rid of the engine.
///
/// # Safety
///
/// As [`with_engine`].
pub(super) unsafe fn with_any_engine<R: Copy>(
    engine: *const xqc_engine_t,
    failed: R,
    body: impl FnOnce(&EngineCell) -> R,
) -> R {
    let handle: *const EngineHandle = engine.cast();
    // SAFETY: the caller vouches for the handle; `xqc_engine_create` makes it from this type.
    let Some(mutex) = (unsafe { handle.as_ref() }) else { return failed };
    let guard = mutex.lock();
    if guard.core.try_borrow_mut().is_err() {
        return failed;
    }
    let depth = guard.depth.get();
    guard.depth.set(depth + 1);
    let result = catch_unwind(AssertUnwindSafe(|| body(&guard))).unwrap_or_else(|_| {
        poison(&guard);
        failed
    });
    guard.depth.set(depth);
    if depth > 0 {
        return result;
    }
    // The outermost call returns: nobody can hold a buried cell any more.
    guard.graveyard.clear();
    if guard.doomed.get() {
        drop(guard);
        // SAFETY: the handle was made by `Box::into_raw`; the host asked for the engine to be
        // destroyed and no call is on the stack any more.
        drop(unsafe { Box::from_raw(handle.cast_mut()) });
    }
    result
}

/// A panic was caught: what the core holds now may be half done.
fn poison(engine: &EngineCell) {
    if !engine.poisoned.replace(true) {
        engine.log.write(XQC_LOG_FATAL, None, "panic", format_args!("|the engine is closed|"));
    }
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
    let connection = cell.connection.cast();
    // SAFETY: a connection outlives its streams.
    unsafe {
        with_connection(connection, failed, |engine, connection| body(engine, connection, cell))
    }
}

/// Runs the body of a function that needs no engine.
pub(super) fn catch<R>(failed: R, body: impl FnOnce() -> R) -> R {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or(failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ffi::abi::{
        xqc_config_t, xqc_engine_callback_t, xqc_engine_ssl_config_t, xqc_transport_callbacks_t,
        Zeroable, XQC_ENGINE_CLIENT,
    };
    use crate::ffi::engine::{
        xqc_engine_config_get_cid_len, xqc_engine_create, xqc_engine_destroy, xqc_engine_main_logic,
    };

    /// A client's engine without callbacks.
    fn engine() -> *mut xqc_engine_t {
        let config = xqc_config_t { cid_len: 11, ..xqc_config_t::ZERO };
        // SAFETY: all pointers are to live values, and strings may be null.
        let engine = unsafe {
            xqc_engine_create(
                XQC_ENGINE_CLIENT,
                &config,
                &xqc_engine_ssl_config_t::ZERO,
                &xqc_engine_callback_t::ZERO,
                &xqc_transport_callbacks_t::ZERO,
                std::ptr::null_mut(),
            )
        };
        assert!(!engine.is_null());
        engine
    }

    #[test]
    #[allow(clippy::panic, reason = "the panic is what is tested")]
    fn a_panic_gives_the_failure_value_and_closes_the_engine() {
        let engine = engine();
        // SAFETY: the engine lives until it is destroyed at the end.
        unsafe {
            assert_eq!(xqc_engine_config_get_cid_len(engine), 11);
            assert_eq!(with_engine(engine, -1, |_| panic!("on purpose")), -1);
            assert_eq!(with_engine(engine, -1, |_| 5), -1);
            assert_eq!(xqc_engine_config_get_cid_len(engine), 0);
            assert!(with_any_engine(engine, false, |engine| engine.depth.get() == 1));
            // What is left can be freed: a leak check finds nothing.
            xqc_engine_destroy(engine);
        }
    }

    #[test]
    fn a_call_while_the_core_is_at_work_fails_and_harms_nothing() {
        let engine = engine();
        // SAFETY: as above.
        unsafe {
            let inner = with_engine(engine, 0, |cell| {
                let _core = cell.core.borrow_mut();
                xqc_engine_main_logic(engine);
                xqc_engine_config_get_cid_len(engine)
            });
            assert_eq!(inner, 0);
            assert_eq!(xqc_engine_config_get_cid_len(engine), 11);
            xqc_engine_destroy(engine);
        }
    }

    #[test]
    fn an_engine_destroyed_inside_a_call_lives_until_the_call_returns() {
        let engine = engine();
        // SAFETY: the last call on the engine is the one that destroys it.
        let len = unsafe {
            with_engine(engine, 0, |_| {
                xqc_engine_destroy(engine);
                xqc_engine_destroy(engine);
                xqc_engine_config_get_cid_len(engine)
            })
        };
        assert_eq!(len, 11);
    }

    #[test]
    fn without_a_handle_there_is_the_failure_value() {
        // SAFETY: null is allowed.
        unsafe {
            assert_eq!(with_engine(std::ptr::null(), 7, |_| 8), 7);
            assert_eq!(with_connection(std::ptr::null(), 7, |_, _| 8), 7);
            assert_eq!(with_stream(std::ptr::null(), 7, |_, _, _| 8), 7);
        }
    }
}
