//! Streams: opened, written, read, closed.

use libc::{c_uchar, c_void, size_t, ssize_t};

use crate::connection::State;
use crate::stream::{ReadError, StreamKey, WriteError};
use crate::wire::{Direction, StreamId};

use super::abi::prototypes::check_prototypes;
use super::abi::{
    xqc_cid_t, xqc_connection_t, xqc_engine_t, xqc_int_t, xqc_stream_direction_t, xqc_stream_id_t,
    xqc_stream_settings_t, xqc_stream_t, XQC_CLOSING, XQC_EAGAIN, XQC_EPARAM, XQC_ESTREAM_RESET,
    XQC_ESTREAM_ST, XQC_OK, XQC_STREAM_BIDI, XQC_STREAM_UNI,
};
use super::cells::{ConnectionCell, EngineCell, StreamCell};
use super::connection::with_cid;
use super::dispatch::stream_create_notify;
use super::guard::{with_connection, with_stream};
use super::memory::{read_into, values};
use super::report::stamp;
use super::run::{run_soon, send_now};

/// The code of RESET_STREAM and STOP_SENDING when a host closes a stream: H3_REQUEST_CANCELLED, as
/// upstream sends it for every protocol.
pub(super) const CLOSE_CODE: u64 = 0x10c;

/// Opens a bidirectional stream.
///
/// # Safety
///
/// `engine` is null or a live engine, `cid` null or one connection ID, `settings` null or one
/// value.
#[no_mangle]
pub unsafe extern "C" fn xqc_stream_create(
    engine: *mut xqc_engine_t,
    cid: *const xqc_cid_t,
    settings: *mut xqc_stream_settings_t,
    user_data: *mut c_void,
) -> *mut xqc_stream_t {
    let null = std::ptr::null_mut();
    // SAFETY: the caller vouches for the settings.
    let rate = unsafe { settings.as_ref() }.map_or(0, |settings| settings.recv_rate_bytes_per_sec);
    // SAFETY: the caller vouches for both.
    unsafe {
        with_cid((engine, cid), "xqc_stream_create", (null, null), |engine, connection| {
            open(engine, connection, (Direction::Bidirectional, rate), user_data)
        })
    }
}

/// Opens a stream of either direction.
///
/// # Safety
///
/// `conn` is null or a live connection.
#[no_mangle]
pub unsafe extern "C" fn xqc_stream_create_with_direction(
    conn: *mut xqc_connection_t,
    dir: xqc_stream_direction_t,
    user_data: *mut c_void,
) -> *mut xqc_stream_t {
    let direction =
        if dir == XQC_STREAM_BIDI { Direction::Bidirectional } else { Direction::Unidirectional };
    // SAFETY: the caller vouches for the handle.
    unsafe {
        with_connection(conn, std::ptr::null_mut(), |engine, connection| {
            open(engine, connection, (direction, 0), user_data)
        })
    }
}

/// Opens a stream of one direction that receives at most at a rate.
fn open(
    engine: &EngineCell,
    connection: &ConnectionCell,
    (direction, rate): (Direction, u64),
    user_data: *mut c_void,
) -> *mut xqc_stream_t {
    if connection.http3().is_some() {
        // What every stream is there is not for the host to say.
        return std::ptr::null_mut();
    }
    stamp(engine, connection);
    let opened = {
        let mut core = engine.core.borrow_mut();
        let opened = core.connection_mut(connection.key).and_then(|core| {
            if !core.state().is_open() {
                return None;
            }
            let streams = core.streams_mut();
            let key = streams.open(direction).ok()?;
            let id = streams.id(key)?;
            core.open_receive_window(key, rate);
            core.trace_opened(key);
            Some((key, id))
        });
        // What was tried in vain is told to the peer, and the new stream is to be written.
        core.activate(connection.key);
        opened
    };
    let Some((key, id)) = opened else { return std::ptr::null_mut() };
    let stream = connection.add_stream(key, id.0, user_data);
    connection.unwritten.borrow_mut().push(key);
    if !stream_create_notify(connection, stream) {
        // As upstream: the host has it, and hears nothing of it.
        stream.discarded.set(true);
    }
    stream.as_ptr()
}

/// Bidirectional or unidirectional.
///
/// # Safety
///
/// `strm` is null or a live stream.
#[no_mangle]
pub unsafe extern "C" fn xqc_stream_get_direction(
    strm: *mut xqc_stream_t,
) -> xqc_stream_direction_t {
    // SAFETY: the caller vouches for the handle.
    unsafe {
        with_stream(strm, XQC_STREAM_BIDI, |_, _, stream| match StreamId(stream.id).direction() {
            Direction::Bidirectional => XQC_STREAM_BIDI,
            Direction::Unidirectional => XQC_STREAM_UNI,
        })
    }
}

/// Sets the host's pointer for all later callbacks of the stream.
///
/// # Safety
///
/// `stream` is null or a live stream.
#[no_mangle]
pub unsafe extern "C" fn xqc_stream_set_user_data(
    stream: *mut xqc_stream_t,
    user_data: *mut c_void,
) {
    // SAFETY: the caller vouches for the handle.
    unsafe { with_stream(stream, (), |_, _, stream| stream.user_data.set(user_data)) }
}

/// Changes the settings of a stream; a rate limit takes effect only where rate limits are enabled.
///
/// # Safety
///
/// `stream` is null or a live stream, `settings` null or one value.
#[no_mangle]
pub unsafe extern "C" fn xqc_stream_update_settings(
    stream: *mut xqc_stream_t,
    settings: *mut xqc_stream_settings_t,
) -> xqc_int_t {
    // SAFETY: the caller vouches for the settings.
    let rate = unsafe { settings.as_ref() }.map_or(0, |settings| settings.recv_rate_bytes_per_sec);
    if rate == 0 {
        return -XQC_EPARAM;
    }
    // SAFETY: the caller vouches for the handle.
    unsafe {
        with_stream(stream, -XQC_EPARAM, |engine, connection, stream| {
            if !set_receive_rate(engine, connection, stream, rate) {
                return -XQC_EPARAM;
            }
            run_soon(engine, connection);
            XQC_OK
        })
    }
}

fn set_receive_rate(
    engine: &EngineCell,
    connection: &ConnectionCell,
    stream: &StreamCell,
    rate: u64,
) -> bool {
    let mut core = engine.core.borrow_mut();
    let core = core.connection_mut(connection.key);
    core.is_some_and(|core| core.set_receive_rate(stream.key, rate))
}

/// The host's pointer of the stream's connection.
///
/// # Safety
///
/// `stream` is null or a live stream.
#[no_mangle]
pub unsafe extern "C" fn xqc_get_conn_user_data_by_stream(
    stream: *mut xqc_stream_t,
) -> *mut c_void {
    // SAFETY: the caller vouches for the handle.
    unsafe {
        with_stream(stream, std::ptr::null_mut(), |_, connection, _| connection.user_data.get())
    }
}

/// The application protocol's pointer of the stream's connection.
///
/// # Safety
///
/// `stream` is null or a live stream.
#[no_mangle]
pub unsafe extern "C" fn xqc_get_conn_alp_user_data_by_stream(
    stream: *mut xqc_stream_t,
) -> *mut c_void {
    // SAFETY: the caller vouches for the handle.
    unsafe {
        with_stream(stream, std::ptr::null_mut(), |_, connection, _| connection.protocol_data.get())
    }
}

/// The stream's ID.
///
/// # Safety
///
/// `stream` is null or a live stream.
#[no_mangle]
pub unsafe extern "C" fn xqc_stream_id(stream: *mut xqc_stream_t) -> xqc_stream_id_t {
    // SAFETY: the caller vouches for the handle.
    unsafe { with_stream(stream, xqc_stream_id_t::MAX, |_, _, stream| stream.id) }
}

/// Gives a stream up in both directions.
///
/// # Safety
///
/// `stream` is null or a live stream.
#[no_mangle]
pub unsafe extern "C" fn xqc_stream_close(stream: *mut xqc_stream_t) -> xqc_int_t {
    // SAFETY: the caller vouches for the handle.
    unsafe {
        with_stream(stream, -XQC_EPARAM, |engine, connection, stream| {
            let key = stream.key;
            forget_unwritten(connection, key);
            stamp(engine, connection);
            if let Some(core) = engine.core.borrow_mut().connection_mut(connection.key) {
                if core.state().is_open() {
                    // A stream that is finished already has nothing to give up.
                    let _ = core.streams_mut().close(key, CLOSE_CODE);
                }
            }
            send_now(engine, connection);
            XQC_OK
        })
    }
}

/// Reads from a stream.
///
/// # Safety
///
/// `stream` is null or a live stream; `recv_buf` has room for `recv_buf_size` bytes, `fin` for one.
#[no_mangle]
pub unsafe extern "C" fn xqc_stream_recv(
    stream: *mut xqc_stream_t,
    recv_buf: *mut c_uchar,
    recv_buf_size: size_t,
    fin: *mut u8,
) -> ssize_t {
    let failed = code(-XQC_EPARAM);
    // SAFETY: the caller vouches for the room and for the handle.
    unsafe {
        read_into((recv_buf, recv_buf_size), fin, failed, |buffer| {
            with_stream(stream, (failed, false), |engine, connection, stream| {
                receive(engine, connection, stream, buffer)
            })
        })
    }
}

/// Reads; returns what `xqc_stream_recv` returns, and whether the end is reached.
fn receive(
    engine: &EngineCell,
    connection: &ConnectionCell,
    stream: &StreamCell,
    buffer: &mut [u8],
) -> (ssize_t, bool) {
    stamp(engine, connection);
    let (outcome, again, update) = {
        let mut core = engine.core.borrow_mut();
        let Some(core) = core.connection_mut(connection.key) else {
            return (code(-XQC_EPARAM), false);
        };
        let streams = core.streams_mut();
        let outcome = streams.read(stream.key, buffer);
        let again = outcome.is_ok_and(|read| read.len > 0) && streams.is_readable(stream.key);
        (outcome, again, core.state().is_open() && core.streams().wants_to_send())
    };
    if again {
        engine.left_unread.set(true);
    }
    if again || update {
        // What the host leaves unread it is told of again, and credit for the peer leaves.
        run_soon(engine, connection);
    }
    match outcome {
        Ok(read) => {
            stream.ended.set(stream.ended.get() || read.fin);
            (read.len as ssize_t, read.fin)
        }
        // The end can be read again; of a stream that the host has closed it never came.
        Err(ReadError::Finished) if stream.ended.get() => (0, true),
        Err(ReadError::Finished | ReadError::Blocked | ReadError::SendOnly) => {
            (code(-XQC_EAGAIN), false)
        }
        Err(ReadError::Reset(_)) => (code(-XQC_ESTREAM_RESET), false),
        Err(ReadError::Unknown) => (code(-XQC_EPARAM), false),
    }
}

/// Writes to a stream.
///
/// # Safety
///
/// `stream` is null or a live stream; `send_data` is readable for `send_data_size` bytes.
#[no_mangle]
pub unsafe extern "C" fn xqc_stream_send(
    stream: *mut xqc_stream_t,
    send_data: *mut c_uchar,
    send_data_size: size_t,
    fin: u8,
) -> ssize_t {
    let failed = code(-XQC_EPARAM);
    // SAFETY: the caller vouches for the bytes.
    let Some(data) = (unsafe { values(send_data, send_data_size) }) else { return failed };
    // SAFETY: the caller vouches for the handle.
    unsafe {
        with_stream(stream, failed, |engine, connection, stream| {
            let result = send(engine, connection, stream, data, fin != 0);
            send_now(engine, connection);
            result
        })
    }
}

fn send(
    engine: &EngineCell,
    connection: &ConnectionCell,
    stream: &StreamCell,
    data: &[u8],
    fin: bool,
) -> ssize_t {
    stamp(engine, connection);
    let mut core = engine.core.borrow_mut();
    let Some(core) = core.connection_mut(connection.key) else { return code(-XQC_EPARAM) };
    if core.state() >= State::Closing {
        return code(-XQC_CLOSING);
    }
    if data.is_empty() && !fin {
        return 0;
    }
    forget_unwritten(connection, stream.key);
    match core.streams_mut().write(stream.key, data, fin) {
        Ok(0) if !data.is_empty() => code(-XQC_EAGAIN),
        Ok(taken) => taken as ssize_t,
        // As upstream: what is finished stays finished, and that is no error.
        Err(WriteError::Finished) => 0,
        Err(WriteError::Reset(_)) => code(-XQC_ESTREAM_RESET),
        Err(WriteError::ReceiveOnly) => code(-XQC_ESTREAM_ST),
        Err(WriteError::Unknown) => code(-XQC_EPARAM),
    }
}

/// A write was tried: from now on the core knows when the stream can be written again.
fn forget_unwritten(connection: &ConnectionCell, key: StreamKey) {
    let mut unwritten = connection.unwritten.borrow_mut();
    if let Some(index) = unwritten.iter().position(|unwritten| *unwritten == key) {
        unwritten.remove(index);
        if unwritten.is_empty() {
            *unwritten = Vec::new();
        }
    }
}

/// An error code in the type that byte counts have.
fn code(error: xqc_int_t) -> ssize_t {
    error as ssize_t
}

check_prototypes!(
    xqc_stream_create,
    xqc_stream_create_with_direction,
    xqc_stream_get_direction,
    xqc_stream_set_user_data,
    xqc_stream_update_settings,
    xqc_get_conn_user_data_by_stream,
    xqc_get_conn_alp_user_data_by_stream,
    xqc_stream_id,
    xqc_stream_close,
    xqc_stream_recv,
    xqc_stream_send,
);
