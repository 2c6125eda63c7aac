//! Bytestreams of extended HTTP/3.

use std::cell::Cell;
use std::ffi::CStr;

use libc::{c_char, c_uchar, c_void, size_t, ssize_t};

use crate::ffi::abi::prototypes::check_prototypes;
use crate::ffi::abi::{
    xqc_cid_t, xqc_data_qos_level_t, xqc_engine_t, xqc_h3_conn_t, xqc_h3_ext_bytestream_stats_t,
    xqc_h3_ext_bytestream_t, xqc_int_t, xqc_stream_id_t, Zeroable, XQC_CLOSING, XQC_EAGAIN,
    XQC_ESTREAM_RESET, XQC_H3_BYTESTREAM_FIN_SENT, XQC_H3_EPARAM, XQC_LOG_DEBUG, XQC_LOG_ERROR,
    XQC_LOG_REPORT, XQC_OK,
};
use crate::ffi::connection::with_cid;
use crate::ffi::memory::values;
use crate::ffi::report::stream_error;
use crate::ffi::run::send_now;
use crate::http3::{OpenError, SendError};
use crate::stream::StreamKey;
use crate::time::Instant;
use crate::wire::Role;

use super::cells::H3Cell;
use super::guard::with_bytestream;
use super::layers::Layers;
use super::send::code;
use super::table::Keyed;

/// What an `xqc_h3_ext_bytestream_t *` points at.
pub(in crate::ffi) struct BytestreamCell {
    pub h3: *const H3Cell,
    pub key: StreamKey,
    pub id: u64,
    pub user_data: Cell<*mut c_void>,
    /// The host closed it: it hears of its end only.
    pub muted: Cell<bool>,
    /// Why the stream closed, once it has: a zero-terminated text.
    pub close_message: Cell<*const c_char>,
}

impl BytestreamCell {
    /// The cell of a bytestream.
    pub fn new(
        h3: *const H3Cell,
        (key, id): (StreamKey, u64),
        user_data: *mut c_void,
    ) -> Box<Self> {
        Box::new(Self {
            h3,
            key,
            id,
            user_data: Cell::new(user_data),
            muted: Cell::new(false),
            close_message: Cell::new(std::ptr::null()),
        })
    }

    /// The handle.
    pub fn as_ptr(&self) -> *mut xqc_h3_ext_bytestream_t {
        std::ptr::from_ref(self).cast_mut().cast()
    }
}

impl Keyed for BytestreamCell {
    fn key(&self) -> StreamKey {
        self.key
    }

    fn id(&self) -> u64 {
        self.id
    }
}

/// Creates a bytestream.
///
/// # Safety
///
/// `engine` is null or a live engine, `cid` null or one connection ID.
#[no_mangle]
pub unsafe extern "C" fn xqc_h3_ext_bytestream_create(
    engine: *mut xqc_engine_t,
    cid: *const xqc_cid_t,
    user_data: *mut c_void,
) -> *mut xqc_h3_ext_bytestream_t {
    let (null, function) = (std::ptr::null_mut(), "xqc_h3_ext_bytestream_create");
    // SAFETY: the caller vouches for both.
    unsafe {
        with_cid((engine, cid), function, (null, null), |engine, connection| {
            match Layers::of(engine, connection) {
                Some(layers) => open(layers, user_data),
                None => null,
            }
        })
    }
}

fn open(layers: Layers<'_>, user_data: *mut c_void) -> *mut xqc_h3_ext_bytestream_t {
    let Layers { engine, connection, h3 } = layers;
    let now = layers.now();
    let opened = layers.with(|http3, transport| {
        let open = transport.state().is_open() && !transport.is_lingering();
        if !open || transport.role() == Role::Server {
            return Err(OpenError::GoingAway);
        }
        transport.streams_mut().set_time(now);
        let (key, id) = http3.open_bytestream(transport.streams_mut(), now)?;
        transport.trace_opened(key);
        Ok((key, id.0))
    });
    let name = match opened.unwrap_or(Err(OpenError::GoingAway)) {
        Ok(name) => name,
        Err(error) => {
            log_refusal(layers, error);
            // What was tried in vain is told to the peer.
            engine.core.borrow_mut().activate(connection.key);
            return std::ptr::null_mut();
        }
    };
    let bytestream = h3.bytestreams.add(BytestreamCell::new(h3, name, user_data));
    create_notify(layers, bytestream);
    send_now(engine, connection);
    // The host may have brought about its end in a callback.
    h3.bytestreams.get(name.0).map_or(std::ptr::null_mut(), BytestreamCell::as_ptr)
}

fn log_refusal(layers: Layers<'_>, error: OpenError) {
    let reason = match error {
        OpenError::NotAgreed => "try to create bytestream while it is disabled on the connection",
        OpenError::Limit | OpenError::GoingAway => "xqc_stream_create error",
    };
    layers.log(XQC_LOG_ERROR, "xqc_h3_ext_bytestream_create", format_args!("|{reason}|"));
}

/// Calls `bs_create_notify`.
pub(super) fn create_notify(layers: Layers<'_>, bytestream: &BytestreamCell) {
    if let Some(notify) = layers.h3.protocol.callbacks.h3_ext_bs_cbs.bs_create_notify {
        // As upstream: whatever it returns.
        // SAFETY: the host gave this function; the handle is good.
        unsafe { notify(bytestream.as_ptr(), bytestream.user_data.get()) };
    }
}

/// Ends a bytestream early.
///
/// # Safety
///
/// `h3_ext_bs` is null or a live bytestream.
#[no_mangle]
pub unsafe extern "C" fn xqc_h3_ext_bytestream_close(
    h3_ext_bs: *mut xqc_h3_ext_bytestream_t,
) -> xqc_int_t {
    // SAFETY: the caller vouches for the handle.
    unsafe {
        with_bytestream(h3_ext_bs, -XQC_H3_EPARAM, |layers, bytestream| {
            bytestream.muted.set(true);
            let now = layers.now();
            layers.with_open(|h3, transport| {
                let streams = transport.streams_mut();
                streams.set_time(now);
                h3.close_bytestream(streams, bytestream.key);
            });
            let function = "xqc_h3_ext_bytestream_close";
            let message = format_args!("|success|stream_id:{}|", bytestream.id);
            layers.log(XQC_LOG_DEBUG, function, message);
            send_now(layers.engine, layers.connection);
            XQC_OK
        })
    }
}

/// Ends the sending side.
///
/// # Safety
///
/// `h3_ext_bs` is null or a live bytestream.
#[no_mangle]
pub unsafe extern "C" fn xqc_h3_ext_bytestream_finish(
    h3_ext_bs: *mut xqc_h3_ext_bytestream_t,
) -> ssize_t {
    // SAFETY: the caller vouches for the handle.
    unsafe {
        with_bytestream(h3_ext_bs, code(-XQC_H3_EPARAM), |layers, bytestream| {
            let now = layers.now();
            let finished = layers.with_open(|h3, transport| {
                let streams = transport.streams_mut();
                streams.set_time(now);
                h3.finish_bytestream(streams, bytestream.key, now)
            });
            let Some(finished) = finished else { return code(-XQC_CLOSING) };
            send_now(layers.engine, layers.connection);
            if let Err(error) = finished {
                return code(error_code(error));
            }
            let message = format_args!("|send pure fin|stream_id:{}|", bytestream.id);
            layers.log(XQC_LOG_DEBUG, "xqc_h3_ext_bytestream_finish", message);
            0
        })
    }
}

/// Sets the host's pointer.
///
/// # Safety
///
/// `h3_ext_bs` is null or a live bytestream.
#[no_mangle]
pub unsafe extern "C" fn xqc_h3_ext_bytestream_set_user_data(
    h3_ext_bs: *mut xqc_h3_ext_bytestream_t,
    user_data: *mut c_void,
) {
    // SAFETY: the caller vouches for the handle.
    unsafe { with_bytestream(h3_ext_bs, (), |_, bytestream| bytestream.user_data.set(user_data)) }
}

/// The host's pointer.
///
/// # Safety
///
/// `h3_ext_bs` is null or a live bytestream.
#[no_mangle]
pub unsafe extern "C" fn xqc_h3_ext_bytestream_get_user_data(
    h3_ext_bs: *mut xqc_h3_ext_bytestream_t,
) -> *mut c_void {
    let null = std::ptr::null_mut();
    // SAFETY: the caller vouches for the handle.
    unsafe { with_bytestream(h3_ext_bs, null, |_, bytestream| bytestream.user_data.get()) }
}

/// Sends a message.
///
/// # Safety
///
/// `h3_ext_bs` is null or a live bytestream; `data` is readable for `data_size` bytes.
#[no_mangle]
pub unsafe extern "C" fn xqc_h3_ext_bytestream_send(
    h3_ext_bs: *mut xqc_h3_ext_bytestream_t,
    data: *mut c_uchar,
    data_size: size_t,
    fin: u8,
    _qos_level: xqc_data_qos_level_t,
) -> ssize_t {
    // SAFETY: the caller vouches for the bytes.
    let Some(data) = (unsafe { values(data, data_size) }) else { return code(-XQC_H3_EPARAM) };
    // SAFETY: the caller vouches for the handle.
    unsafe {
        with_bytestream(h3_ext_bs, code(-XQC_H3_EPARAM), |layers, bytestream| {
            let result = send(layers, bytestream, data, fin != 0);
            if result.is_ok() {
                send_now(layers.engine, layers.connection);
            }
            result.map_or_else(code, |()| data.len() as ssize_t)
        })
    }
}

fn send(
    layers: Layers<'_>,
    bytestream: &BytestreamCell,
    data: &[u8],
    fin: bool,
) -> Result<(), xqc_int_t> {
    let now = layers.now();
    let sent = layers.with_open(|h3, transport| {
        let streams = transport.streams_mut();
        streams.set_time(now);
        h3.send_message(streams, bytestream.key, data, fin, now)
    });
    sent.ok_or(-XQC_CLOSING)?.map_err(error_code)
}

fn error_code(error: SendError) -> xqc_int_t {
    match error {
        SendError::Blocked => -XQC_EAGAIN,
        SendError::Finished => -XQC_H3_BYTESTREAM_FIN_SENT,
        // One that is unknown is over.
        SendError::Reset(_) | SendError::Unknown => -XQC_ESTREAM_RESET,
        // These are of requests.
        SendError::TooLarge | SendError::OutOfOrder => -XQC_H3_EPARAM,
    }
}

/// The ID of the bytestream's stream.
///
/// # Safety
///
/// `h3_ext_bs` is null or a live bytestream.
#[no_mangle]
pub unsafe extern "C" fn xqc_h3_ext_bytestream_id(
    h3_ext_bs: *mut xqc_h3_ext_bytestream_t,
) -> xqc_stream_id_t {
    // SAFETY: the caller vouches for the handle.
    unsafe { with_bytestream(h3_ext_bs, xqc_stream_id_t::MAX, |_, bytestream| bytestream.id) }
}

/// The connection of a bytestream.
///
/// # Safety
///
/// `h3_ext_bs` is null or a live bytestream.
#[no_mangle]
pub unsafe extern "C" fn xqc_h3_ext_bytestream_get_h3_conn(
    h3_ext_bs: *mut xqc_h3_ext_bytestream_t,
) -> *mut xqc_h3_conn_t {
    let null = std::ptr::null_mut();
    // SAFETY: the caller vouches for the handle.
    unsafe { with_bytestream(h3_ext_bs, null, |layers, _| layers.h3.as_ptr()) }
}

/// Statistics of a bytestream, by value; all zero for null.
///
/// # Safety
///
/// `h3_ext_bs` is null or a live bytestream.
#[no_mangle]
pub unsafe extern "C" fn xqc_h3_ext_bytestream_get_stats(
    h3_ext_bs: *mut xqc_h3_ext_bytestream_t,
) -> xqc_h3_ext_bytestream_stats_t {
    // SAFETY: the caller vouches for the handle.
    unsafe { with_bytestream(h3_ext_bs, xqc_h3_ext_bytestream_stats_t::ZERO, statistics) }
}

fn statistics(layers: Layers<'_>, bytestream: &BytestreamCell) -> xqc_h3_ext_bytestream_stats_t {
    let mut stats = xqc_h3_ext_bytestream_stats_t::ZERO;
    stats.stream_close_msg = bytestream.close_message.get();
    let micros = |time: Option<Instant>| time.map_or(0, Instant::as_micros);
    layers.with(|h3, transport| {
        stats.stream_err = stream_error(transport, bytestream.key).unwrap_or(0) as i32;
        let record = transport.streams_mut().record(bytestream.key);
        stats.fin_acked_time = micros(record.and_then(|record| record.fin_acked));
        let Some(counted) = h3.bytestream_stats(bytestream.key) else { return };
        stats.bytes_sent = counted.sent as usize;
        stats.bytes_rcvd = counted.received as usize;
        stats.create_time = counted.begun.as_micros();
        stats.fin_rcvd_time = micros(counted.fin_received);
        stats.fin_read_time = micros(counted.fin_read);
        stats.fin_sent_time = micros(counted.fin_sent);
        stats.first_byte_sent_time = micros(counted.first_sent);
        stats.first_byte_rcvd_time = micros(counted.first_received);
    });
    stats
}

/// The record at the end of a bytestream, with fields that scripts know.
pub(super) fn report_bytestream(layers: Layers<'_>, bytestream: &BytestreamCell) {
    if !layers.engine.log.enabled(XQC_LOG_REPORT) {
        return;
    }
    let stats = statistics(layers, bytestream);
    let message = match stats.stream_close_msg.is_null() {
        true => c"",
        // SAFETY: the texts are ours and static.
        false => unsafe { CStr::from_ptr(stats.stream_close_msg) },
    };
    let delay = |time: u64| time.saturating_sub(stats.create_time);
    layers.log(
        XQC_LOG_REPORT,
        "xqc_h3_ext_bytestream_destroy",
        format_args!(
            "|stream_id:{}|close_msg:{}|err:{}|bytes_sent:{}|bytes_rcvd:{}|create_time:{}|\
             fb_sent_delay:{}|fb_rcvd_delay:{}|fin_sent_delay:{}|fin_acked_delay:{}|\
             fin_rcvd_delay:{}|",
            bytestream.id,
            message.to_string_lossy(),
            stats.stream_err,
            stats.bytes_sent,
            stats.bytes_rcvd,
            stats.create_time,
            delay(stats.first_byte_sent_time),
            delay(stats.first_byte_rcvd_time),
            delay(stats.fin_sent_time),
            delay(stats.fin_acked_time),
            delay(stats.fin_rcvd_time),
        ),
    );
}

check_prototypes!(
    xqc_h3_ext_bytestream_create,
    xqc_h3_ext_bytestream_close,
    xqc_h3_ext_bytestream_finish,
    xqc_h3_ext_bytestream_set_user_data,
    xqc_h3_ext_bytestream_get_user_data,
    xqc_h3_ext_bytestream_get_stats,
    xqc_h3_ext_bytestream_send,
    xqc_h3_ext_bytestream_id,
    xqc_h3_ext_bytestream_get_h3_conn,
);
