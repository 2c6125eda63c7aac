//! What a host sends on a request.

use libc::{c_uchar, size_t, ssize_t};

use crate::ffi::abi::prototypes::check_prototypes;
use crate::ffi::abi::{
    xqc_h3_request_t, xqc_http_headers_t, xqc_int_t, XQC_CLOSING, XQC_EAGAIN, XQC_ESTREAM_RESET,
    XQC_H3_EPARAM, XQC_H3_INVALID_HEADER, XQC_H3_STATE_ERROR, XQC_LOG_DEBUG, XQC_LOG_ERROR,
};
use crate::ffi::memory::values;
use crate::ffi::run::send_now;
use crate::http3::message::{check_outgoing, Kind, Rules};
use crate::http3::SendError;
use crate::wire::Role;

use super::guard::with_request;
use super::headers::{entries, hit_flags, WireFields};
use super::layers::Layers;
use super::requests::RequestCell;

/// Sends a field section.
///
/// # Safety
///
/// `h3_request` is null or a live request; `headers` is null or an array whose texts are readable
/// and whose entries can be written to.
#[no_mangle]
pub unsafe extern "C" fn xqc_h3_request_send_headers(
    h3_request: *mut xqc_h3_request_t,
    headers: *mut xqc_http_headers_t,
    fin: u8,
) -> ssize_t {
    // SAFETY: the caller vouches for the array.
    let Some(headers) = (unsafe { headers.as_ref() }) else { return code(-XQC_H3_EPARAM) };
    // SAFETY: the caller vouches for the handle and for the texts.
    unsafe {
        with_request(h3_request, code(-XQC_H3_EPARAM), |layers, request| {
            let mut lowered = layers.engine.http3.lowered.take();
            let result = send_headers(layers, request, headers, fin != 0, &mut lowered);
            layers.engine.http3.lowered.set(lowered);
            send_now(layers.engine, layers.connection);
            result.map_or_else(code, |len| len as ssize_t)
        })
    }
}

/// # Safety
///
/// As [`xqc_h3_request_send_headers`].
unsafe fn send_headers(
    layers: Layers<'_>,
    request: &RequestCell,
    headers: &xqc_http_headers_t,
    fin: bool,
    lowered: &mut Vec<u8>,
) -> Result<usize, xqc_int_t> {
    // SAFETY: the caller vouches for the array.
    let listed = unsafe { entries(headers) }.ok_or(-XQC_H3_EPARAM)?;
    // SAFETY: the caller vouches for the texts.
    let fields = unsafe { WireFields::read(listed, lowered) }.ok_or(-XQC_H3_EPARAM)?;
    if fields.is_empty() {
        // As upstream, nothing is sent; but the end is not lost.
        return if fin { finish(layers, request).map(|()| 0) } else { Ok(0) };
    }
    let is_interim = check(layers, request, &fields)?;
    let array = headers.headers;
    let report = |index: usize, hit| {
        if fields.wants_hits {
            // SAFETY: the place is one of the array's, which the caller lets us write to; what is
            // read of the entries meanwhile are only the texts.
            let entry = unsafe { &mut *array.add(fields.place(index)) };
            if entry.save_nv_hit_flags != 0 {
                entry.nv_hit_flags = hit_flags(hit);
            }
        }
    };
    let now = layers.now();
    let sent = layers.with_open(|h3, transport| {
        let streams = transport.streams_mut();
        streams.set_time(now);
        h3.send_headers(streams, request.key, fields.iter(), fin, now, report)
    });
    match sent.ok_or(-XQC_CLOSING)? {
        Ok(len) => {
            request.head_sent.set(!is_interim);
            Ok(len)
        }
        Err(error) => {
            if error == SendError::TooLarge {
                log_too_large(layers, &fields);
            }
            Err(error_code(error))
        }
    }
}

/// Fields that make no message are not sent: the peer would have to refuse them. Returns whether
/// they are those of an interim response.
fn check(
    layers: Layers<'_>,
    request: &RequestCell,
    fields: &WireFields<'_>,
) -> Result<bool, xqc_int_t> {
    let role = layers.engine.core.borrow().role();
    let kind = match role {
        _ if request.head_sent.get() => Kind::Trailers,
        Role::Client => Kind::Request,
        Role::Server => Kind::Response,
    };
    let rules = layers.with(|h3, transport| {
        let ended = h3.why_no_headers(transport.streams_mut(), request.key);
        let rules = Rules {
            // RFC 8441 section 4: only where the server has said so.
            extended_connect: h3.peer_settings().is_some_and(|peer| peer.enable_connect_protocol),
            upgrade_fields: h3.local_settings().upgrade_fields,
        };
        ended.map_or(Ok(rules), Err)
    });
    // What comes too late is not looked at.
    let rules = rules.transpose().map_err(error_code)?.unwrap_or_default();
    match check_outgoing(kind, fields.iter(), rules) {
        Ok(head) => Ok(head.is_interim()),
        Err(error) => {
            layers.log(
                XQC_LOG_ERROR,
                "xqc_h3_request_send_headers",
                format_args!("|forbidden header in h3 send|{error}|stream_id:{}|", request.id),
            );
            Err(-XQC_H3_INVALID_HEADER)
        }
    }
}

fn log_too_large(layers: Layers<'_>, fields: &WireFields<'_>) {
    let size: u64 = fields.iter().map(|field| field.size()).sum();
    let most = layers.with(|h3, _| h3.peer_settings().and_then(|peer| peer.max_field_section_size));
    layers.log(
        XQC_LOG_ERROR,
        "xqc_h3_stream_send_headers",
        format_args!(
            "|large nv|conn:{:016X}|fields_size:{size}|exceed|\
             SETTINGS_MAX_FIELD_SECTION_SIZE:{}|",
            layers.connection.as_ptr() as usize,
            most.flatten().unwrap_or(u64::MAX),
        ),
    );
}

/// Sends content.
///
/// # Safety
///
/// `h3_request` is null or a live request; `data` is readable for `data_size` bytes.
#[no_mangle]
pub unsafe extern "C" fn xqc_h3_request_send_body(
    h3_request: *mut xqc_h3_request_t,
    data: *mut c_uchar,
    data_size: size_t,
    fin: u8,
) -> ssize_t {
    // SAFETY: the caller vouches for the bytes.
    let Some(data) = (unsafe { values(data, data_size) }) else { return code(-XQC_H3_EPARAM) };
    // SAFETY: the caller vouches for the handle.
    unsafe {
        with_request(h3_request, code(-XQC_H3_EPARAM), |layers, request| {
            let result = send_body(layers, request, data, fin != 0);
            if result.is_ok() {
                send_now(layers.engine, layers.connection);
            }
            result.map_or_else(code, |len| len as ssize_t)
        })
    }
}

fn send_body(
    layers: Layers<'_>,
    request: &RequestCell,
    data: &[u8],
    fin: bool,
) -> Result<usize, xqc_int_t> {
    let now = layers.now();
    let sent = layers.with_open(|h3, transport| {
        let streams = transport.streams_mut();
        streams.set_time(now);
        h3.send_body(streams, request.key, data, fin, now)
    });
    match sent.ok_or(-XQC_CLOSING)? {
        // What is finished stays finished, and that is no error.
        Err(SendError::Finished) if data.is_empty() => Ok(0),
        sent => sent.map_err(error_code),
    }
}

/// Ends the sending side.
///
/// # Safety
///
/// `h3_request` is null or a live request.
#[no_mangle]
pub unsafe extern "C" fn xqc_h3_request_finish(h3_request: *mut xqc_h3_request_t) -> ssize_t {
    // SAFETY: the caller vouches for the handle.
    unsafe {
        with_request(h3_request, code(-XQC_H3_EPARAM), |layers, request| {
            let result = finish(layers, request);
            send_now(layers.engine, layers.connection);
            result.map_or_else(code, |()| 0)
        })
    }
}

fn finish(layers: Layers<'_>, request: &RequestCell) -> Result<(), xqc_int_t> {
    let now = layers.now();
    let finished = layers.with_open(|h3, transport| {
        let streams = transport.streams_mut();
        streams.set_time(now);
        h3.finish(streams, request.key)
    });
    layers.log(XQC_LOG_DEBUG, "xqc_h3_request_finish", format_args!("|stream_id:{}|", request.id));
    match finished.ok_or(-XQC_CLOSING)? {
        Err(SendError::Finished) => Ok(()),
        finished => finished.map_err(error_code),
    }
}

/// Why nothing was sent, for hosts.
fn error_code(error: SendError) -> xqc_int_t {
    match error {
        SendError::Blocked => -XQC_EAGAIN,
        // A definite answer: nothing would ever become of waiting.
        SendError::Finished | SendError::OutOfOrder => -XQC_H3_STATE_ERROR,
        // One that is unknown is over.
        SendError::Reset(_) | SendError::Unknown => -XQC_ESTREAM_RESET,
        SendError::TooLarge => -XQC_H3_INVALID_HEADER,
    }
}

/// An error code in the type that byte counts have.
pub(super) fn code(error: xqc_int_t) -> ssize_t {
    error as ssize_t
}

check_prototypes!(xqc_h3_request_send_headers, xqc_h3_request_send_body, xqc_h3_request_finish);
