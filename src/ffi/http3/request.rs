//! Requests: made, closed, named, configured.

use libc::c_void;

use crate::ffi::abi::prototypes::check_prototypes;
use crate::ffi::abi::{
    xqc_cid_t, xqc_engine_t, xqc_h3_priority_t, xqc_h3_request_t, xqc_int_t, xqc_stream_id_t,
    xqc_stream_settings_t, XQC_EPARAM, XQC_H3_EPARAM, XQC_H3_INVALID_PRIORITY, XQC_LOG_ERROR,
    XQC_OK,
};
use crate::ffi::connection::with_cid;
use crate::ffi::run::{run_soon, send_now};
use crate::http3::Code;
use crate::wire::Role;

use super::guard::with_request;
use super::layers::Layers;
use super::notify::create_notify;
use super::priority::host_priority;
use super::requests::RequestCell;

/// Creates a request.
///
/// # Safety
///
/// `engine` is null or a live engine, `cid` null or one connection ID, `settings` null or one
/// value.
#[no_mangle]
pub unsafe extern "C" fn xqc_h3_request_create(
    engine: *mut xqc_engine_t,
    cid: *const xqc_cid_t,
    settings: *mut xqc_stream_settings_t,
    user_data: *mut c_void,
) -> *mut xqc_h3_request_t {
    let null = std::ptr::null_mut();
    // SAFETY: the caller vouches for the settings.
    let rate = unsafe { settings.as_ref() }.map_or(0, |settings| settings.recv_rate_bytes_per_sec);
    // SAFETY: the caller vouches for both.
    unsafe {
        with_cid((engine, cid), "xqc_stream_create", (null, null), |engine, connection| {
            match Layers::of(engine, connection) {
                Some(layers) => open(layers, rate, user_data),
                None => null,
            }
        })
    }
}

/// Opens a request whose response comes at most at a rate, in bytes per second.
fn open(layers: Layers<'_>, rate: u64, user_data: *mut c_void) -> *mut xqc_h3_request_t {
    let Layers { engine, connection, h3 } = layers;
    let now = layers.now();
    let opened = layers.with(|http3, transport| {
        let open = transport.state().is_open() && !transport.is_lingering();
        if !open || transport.role() == Role::Server {
            return None;
        }
        transport.streams_mut().set_time(now);
        let (key, id) = http3.open_request(transport.streams_mut(), now).ok()?;
        transport.open_receive_window(key, rate);
        transport.trace_opened(key);
        let limited = transport.settings().limited_stream_window.is_some();
        Some((key, id, if limited { rate } else { 0 }))
    });
    let Some((key, id, rate)) = opened.flatten() else {
        let message = format_args!("|xqc_stream_create error|");
        layers.log(XQC_LOG_ERROR, "xqc_h3_request_create", message);
        // What was tried in vain is told to the peer.
        engine.core.borrow_mut().activate(connection.key);
        return std::ptr::null_mut();
    };
    let pool = &engine.graveyard.requests;
    let request = h3.requests.add(RequestCell::new(pool, h3, (key, id.0), user_data));
    request.receive_rate.set(rate);
    create_notify(layers, request);
    // The host may have brought about its end in the callback.
    h3.requests.get(key).map_or(std::ptr::null_mut(), RequestCell::as_ptr)
}

/// Sets the host's pointer.
///
/// # Safety
///
/// `h3_request` is null or a live request.
#[no_mangle]
pub unsafe extern "C" fn xqc_h3_request_set_user_data(
    h3_request: *mut xqc_h3_request_t,
    user_data: *mut c_void,
) {
    // SAFETY: the caller vouches for the handle.
    unsafe { with_request(h3_request, (), |_, request| request.user_data.set(user_data)) }
}

/// Ends a request early.
///
/// # Safety
///
/// `h3_request` is null or a live request.
#[no_mangle]
pub unsafe extern "C" fn xqc_h3_request_close(h3_request: *mut xqc_h3_request_t) -> xqc_int_t {
    // SAFETY: the caller vouches for the handle.
    unsafe {
        with_request(h3_request, -XQC_H3_EPARAM, |layers, request| {
            request.muted.set(true);
            let now = layers.now();
            layers.with_open(|h3, transport| {
                let streams = transport.streams_mut();
                streams.set_time(now);
                h3.close_request(streams, request.key, Code::REQUEST_CANCELLED);
            });
            send_now(layers.engine, layers.connection);
            XQC_OK
        })
    }
}

/// Changes the settings of a request's stream.
///
/// # Safety
///
/// `h3_request` is null or a live request, `settings` null or one value.
#[no_mangle]
pub unsafe extern "C" fn xqc_h3_request_update_settings(
    h3_request: *mut xqc_h3_request_t,
    settings: *mut xqc_stream_settings_t,
) -> xqc_int_t {
    // SAFETY: the caller vouches for the settings.
    let rate = unsafe { settings.as_ref() }.map_or(0, |settings| settings.recv_rate_bytes_per_sec);
    if rate == 0 {
        return -XQC_EPARAM;
    }
    // SAFETY: the caller vouches for the handle.
    unsafe {
        with_request(h3_request, -XQC_EPARAM, |layers, request| {
            let set = layers.with(|_, transport| transport.set_receive_rate(request.key, rate));
            if set != Some(true) {
                return -XQC_EPARAM;
            }
            request.receive_rate.set(rate);
            run_soon(layers.engine, layers.connection);
            XQC_OK
        })
    }
}

/// The host's pointer of the request's connection.
///
/// # Safety
///
/// `h3_request` is null or a live request.
#[no_mangle]
pub unsafe extern "C" fn xqc_h3_get_conn_user_data_by_request(
    h3_request: *mut xqc_h3_request_t,
) -> *mut c_void {
    // SAFETY: the caller vouches for the handle.
    unsafe { with_request(h3_request, std::ptr::null_mut(), |layers, _| layers.h3.user_data.get()) }
}

/// The ID of the request's stream.
///
/// # Safety
///
/// `h3_request` is null or a live request.
#[no_mangle]
pub unsafe extern "C" fn xqc_h3_stream_id(h3_request: *mut xqc_h3_request_t) -> xqc_stream_id_t {
    // SAFETY: the caller vouches for the handle.
    unsafe { with_request(h3_request, xqc_stream_id_t::MAX, |_, request| request.id) }
}

/// Sets the priority of a request.
///
/// # Safety
///
/// `h3r` is null or a live request, `prio` null or one priority.
#[no_mangle]
pub unsafe extern "C" fn xqc_h3_request_set_priority(
    h3r: *mut xqc_h3_request_t,
    prio: *mut xqc_h3_priority_t,
) -> xqc_int_t {
    // SAFETY: the caller vouches for the priority.
    let Some(host) = (unsafe { prio.as_ref() }) else { return -XQC_H3_EPARAM };
    let Some(priority) = host_priority(host) else { return -XQC_H3_INVALID_PRIORITY };
    // SAFETY: the caller vouches for the handle.
    unsafe {
        with_request(h3r, -XQC_H3_EPARAM, |layers, request| {
            layers.with_open(|h3, transport| {
                h3.set_priority(transport.streams_mut(), request.key, &priority);
                request.fastpath.set(priority.fastpath);
            });
            run_soon(layers.engine, layers.connection);
            XQC_OK
        })
    }
}

check_prototypes!(
    xqc_h3_request_create,
    xqc_h3_request_set_user_data,
    xqc_h3_request_close,
    xqc_h3_request_update_settings,
    xqc_h3_get_conn_user_data_by_request,
    xqc_h3_stream_id,
    xqc_h3_request_set_priority,
);
