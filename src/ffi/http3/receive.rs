//! What a host receives on a request.

use libc::{c_uchar, size_t, ssize_t};

use crate::ffi::abi::prototypes::check_prototypes;
use crate::ffi::abi::{
    xqc_h3_request_t, xqc_http_headers_t, XQC_EAGAIN, XQC_H3_EPARAM, XQC_LOG_DEBUG,
};
use crate::ffi::memory::read_into;
use crate::ffi::run::run_soon;

use super::guard::with_request;
use super::layers::Layers;
use super::notify::fail;
use super::requests::RequestCell;
use super::send::code;

/// The header section, or after it the trailers.
///
/// # Safety
///
/// `h3_request` is null or a live request; `fin` has room for one byte.
#[no_mangle]
pub unsafe extern "C" fn xqc_h3_request_recv_headers(
    h3_request: *mut xqc_h3_request_t,
    fin: *mut u8,
) -> *mut xqc_http_headers_t {
    let null = std::ptr::null_mut();
    if fin.is_null() {
        return null;
    }
    // SAFETY: the caller vouches for the handle.
    let taken = unsafe { with_request(h3_request, None, take_headers) };
    let (headers, end) = taken.unwrap_or((null, false));
    // SAFETY: the caller vouches for `fin`.
    unsafe { fin.write(end.into()) };
    headers
}

fn take_headers(
    layers: Layers<'_>,
    request: &RequestCell,
) -> Option<(*mut xqc_http_headers_t, bool)> {
    let now = layers.now();
    let taken = layers.with(|h3, _| {
        let (fields, end) = h3.take_fields(request.key, now)?;
        let headers = request.sections.add(fields);
        h3.settle(request.key);
        Some((headers, end))
    });
    let taken = taken.flatten();
    if taken.is_some() {
        layers.log(
            XQC_LOG_DEBUG,
            "xqc_h3_request_recv_headers",
            format_args!("|recv header|stream_id:{}|", request.id),
        );
        if !layers.engine.running.get() {
            // What stands behind the section can be read.
            run_soon(layers.engine, layers.connection);
        }
    }
    taken
}

/// Content.
///
/// # Safety
///
/// `h3_request` is null or a live request; `recv_buf` has room for `recv_buf_size` bytes, `fin` for
/// one.
#[no_mangle]
pub unsafe extern "C" fn xqc_h3_request_recv_body(
    h3_request: *mut xqc_h3_request_t,
    recv_buf: *mut c_uchar,
    recv_buf_size: size_t,
    fin: *mut u8,
) -> ssize_t {
    let failed = code(-XQC_H3_EPARAM);
    // SAFETY: the caller vouches for the room and for the handle.
    unsafe {
        read_into((recv_buf, recv_buf_size), fin, failed, |buffer| {
            with_request(h3_request, (failed, false), |layers, request| {
                receive(layers, request, buffer)
            })
        })
    }
}

/// Reads; returns what `xqc_h3_request_recv_body` returns, and whether the end is reached.
fn receive(layers: Layers<'_>, request: &RequestCell, buffer: &mut [u8]) -> (ssize_t, bool) {
    let now = layers.now();
    let read = layers.with(|h3, transport| {
        let streams = transport.streams_mut();
        streams.set_time(now);
        let read = h3.read_body(streams, request.key, buffer, now);
        let again = read.is_ok_and(|read| read.len > 0) && h3.notices(streams, request.key).body;
        let more = again || h3.has_pending() || h3.has_events() || streams.wants_to_send();
        (read, again, more && transport.state().is_open())
    });
    let Some((read, again, more)) = read else { return (code(-XQC_EAGAIN), false) };
    if again {
        layers.engine.left_unread.set(true);
    }
    if more {
        // What the host leaves unread it is told of again, and credit for the peer leaves.
        run_soon(layers.engine, layers.connection);
    }
    match read {
        Ok(read) if read.len > 0 || read.fin => (read.len as ssize_t, read.fin),
        Ok(_) => (code(-XQC_EAGAIN), false),
        Err(error) => {
            fail(layers, error, now);
            (code(-XQC_EAGAIN), false)
        }
    }
}

check_prototypes!(xqc_h3_request_recv_headers, xqc_h3_request_recv_body);
