//! The way in for functions on handles of HTTP/3; see `ffi/guard.rs`.

use crate::ffi::abi::{xqc_h3_conn_t, xqc_h3_ext_bytestream_t, xqc_h3_request_t};
use crate::ffi::guard::with_connection;

use super::bytestream::BytestreamCell;
use super::cells::H3Cell;
use super::layers::Layers;
use super::requests::RequestCell;

/// Runs `body` with the connection behind `h3c`; returns `failed` where
/// [`with_engine`](crate::ffi::guard::with_engine) does.
///
/// # Safety
///
/// `h3c` is null or a handle that the library gave out and whose close callback has not returned.
pub(super) unsafe fn with_h3_conn<R: Copy>(
    h3c: *const xqc_h3_conn_t,
    failed: R,
    body: impl FnOnce(Layers<'_>) -> R,
) -> R {
    let cell: *const H3Cell = h3c.cast();
    // SAFETY: the caller vouches for the handle; it is the address of an `H3Cell`.
    let Some(h3) = (unsafe { cell.as_ref() }) else { return failed };
    // SAFETY: the cell is part of its connection's.
    unsafe {
        with_connection(h3.connection.cast(), failed, |engine, connection| {
            body(Layers { engine, connection, h3 })
        })
    }
}

/// Like [`with_h3_conn`], for a request.
///
/// # Safety
///
/// `request` is null or a handle that the library gave out and whose close callback has not
/// returned.
pub(super) unsafe fn with_request<R: Copy>(
    request: *const xqc_h3_request_t,
    failed: R,
    body: impl FnOnce(Layers<'_>, &RequestCell) -> R,
) -> R {
    let cell: *const RequestCell = request.cast();
    // SAFETY: the caller vouches for the handle; it is the address of a `RequestCell`.
    let Some(request) = (unsafe { cell.as_ref() }) else { return failed };
    // SAFETY: a connection outlives its requests.
    unsafe { with_h3_conn(request.h3.cast(), failed, |layers| body(layers, request)) }
}

/// Like [`with_h3_conn`], for a bytestream.
///
/// # Safety
///
/// As [`with_request`].
pub(super) unsafe fn with_bytestream<R: Copy>(
    bytestream: *const xqc_h3_ext_bytestream_t,
    failed: R,
    body: impl FnOnce(Layers<'_>, &BytestreamCell) -> R,
) -> R {
    let cell: *const BytestreamCell = bytestream.cast();
    // SAFETY: the caller vouches for the handle; it is the address of a `BytestreamCell`.
    let Some(bytestream) = (unsafe { cell.as_ref() }) else { return failed };
    // SAFETY: a connection outlives its bytestreams.
    unsafe { with_h3_conn(bytestream.h3.cast(), failed, |layers| body(layers, bytestream)) }
}
