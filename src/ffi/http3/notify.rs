//! What happens on the streams of an HTTP/3 connection, told to the host.
//!
//! The core is asked, the borrow ends, C is called, and the core is asked again: a callback may
//! call anything.

use crate::ffi::abi::{
    xqc_h3_error_t, xqc_request_notify_flag_t, XQC_H3_EMALFORMED_HEADER, XQC_H3_INVALID_HEADER,
    XQC_LOG_DEBUG, XQC_LOG_ERROR, XQC_LOG_INFO, XQC_REQ_NOTIFY_READ_BODY,
    XQC_REQ_NOTIFY_READ_EMPTY_FIN, XQC_REQ_NOTIFY_READ_HEADER, XQC_REQ_NOTIFY_READ_TRAILER,
};
use crate::ffi::cells::Known;
use crate::ffi::run::run_soon;
use crate::http3::{Code, ConnectionError, Delivery, Event, Notices};
use crate::stream::{StreamEvent, StreamKey};
use crate::time::Instant;

use super::layers::Layers;
use super::messages::{self, on_bytestream_opened};
use super::requests::RequestCell;

/// Takes an event of the transport's streams.
pub(in crate::ffi) fn on_stream_event(layers: Layers<'_>, event: StreamEvent, now: Instant) {
    if layers.connection.known.get() != Known::Created {
        return;
    }
    let result =
        layers.with(|h3, transport| h3.on_stream_event(transport.streams_mut(), event, now));
    match result {
        Some(Err(error)) => fail(layers, error, now),
        _ => deliver_events(layers),
    }
}

/// Calls the host for everything that HTTP/3 found.
pub(in crate::ffi) fn deliver_events(layers: Layers<'_>) {
    while let Some(event) = layers.with(|h3, _| h3.poll_event()).flatten() {
        deliver(layers, event);
    }
}

fn deliver(layers: Layers<'_>, event: Event) {
    match event {
        Event::Settings => log_settings(layers),
        Event::RequestOpened(key) => on_request_opened(layers, key),
        Event::Reset { key, code } => on_reset(layers, key, code),
        Event::Failed { key, error } => {
            let id = layers.h3.requests.get(key).map_or(0, |request| request.id);
            let Code(code) = error.code;
            layers.log(
                XQC_LOG_ERROR,
                "xqc_h3_stream_process_request",
                format_args!("|{}|stream_id:{id}|err:0x{code:x}|", error.reason),
            );
        }
        Event::BytestreamOpened(key) => on_bytestream_opened(layers, key),
        Event::Closed(key) | Event::BytestreamClosed(key) => {
            layers.h3.closed.borrow_mut().push((key, layers.engine.runs.get()));
        }
        Event::GoAway { id } => {
            layers.log(
                XQC_LOG_DEBUG,
                "xqc_h3_stream_process_control",
                format_args!("|H3_GOAWAY|stream_id:{id}|"),
            );
        }
    }
}

/// The records that scripts look for when the peer's SETTINGS come.
fn log_settings(layers: Layers<'_>) {
    if !layers.engine.log.enabled(XQC_LOG_DEBUG) {
        return;
    }
    let Some(settings) = layers.with(|h3, _| h3.peer_settings().copied()).flatten() else { return };
    let entries = [
        (6, settings.max_field_section_size),
        (1, Some(settings.qpack_max_table_capacity)),
        (7, Some(settings.qpack_blocked_streams)),
    ];
    for (id, value) in entries {
        let Some(value) = value else { continue };
        let function = "xqc_h3_conn_on_settings_entry_received";
        layers.log(XQC_LOG_DEBUG, function, format_args!("|id:{id}|value:{value}|"));
    }
}

/// A client's request is there.
fn on_request_opened(layers: Layers<'_>, key: StreamKey) {
    let Layers { engine, connection, h3 } = layers;
    if connection.known.get() != Known::Created {
        return;
    }
    let id = layers.with(|_, transport| transport.streams().id(key)).flatten();
    let Some(id) = id else { return };
    let pool = &engine.graveyard.requests;
    let cell = RequestCell::new(pool, h3, (key, id.0), std::ptr::null_mut());
    let request = h3.requests.add(cell);
    create_notify(layers, request);
}

/// Calls `h3_request_create_notify`.
pub(super) fn create_notify(layers: Layers<'_>, request: &RequestCell) {
    if let Some(notify) = layers.h3.protocol.callbacks.h3r_cbs.h3_request_create_notify {
        // As upstream: whatever it returns.
        // SAFETY: the host gave this function; the handle is good.
        unsafe { notify(request.as_ptr(), request.user_data.get()) };
    }
}

/// The peer gave a request up.
fn on_reset(layers: Layers<'_>, key: StreamKey, code: u64) {
    let Some(request) = layers.h3.requests.get(key).filter(|request| !request.muted.get()) else {
        return;
    };
    if let Some(notify) = layers.h3.protocol.callbacks.h3r_cbs.h3_request_closing_notify {
        // SAFETY: the host gave this function; the handle is good.
        unsafe { notify(request.as_ptr(), code as i32, request.user_data.get()) };
    }
}

/// The peer broke a rule that everything depends on: the connection ends.
pub(super) fn fail(layers: Layers<'_>, error: ConnectionError, now: Instant) {
    let Code(code) = error.code;
    layers.log(
        XQC_LOG_INFO,
        "xqc_h3_conn_error",
        format_args!("|{}|err:0x{code:x}|", error.reason),
    );
    if let Some(transport) = layers.engine.core.borrow_mut().connection_mut(layers.connection.key) {
        transport.close_on_application_error(now, code, error.reason);
    }
    // The host may have found the fault itself, by reading, and no run be under way.
    run_soon(layers.engine, layers.connection);
}

/// Calls `h3_request_read_notify` for every request with something to read.
pub(in crate::ffi) fn notify_readable(layers: Layers<'_>, now: Instant) {
    read_all(layers, false, now);
}

/// As [`notify_readable`], for a connection that the peer has just closed.
pub(in crate::ffi) fn notify_unread(layers: Layers<'_>, now: Instant) {
    read_all(layers, true, now);
}

fn read_all(layers: Layers<'_>, last: bool, now: Instant) {
    let Layers { engine, connection, .. } = layers;
    if connection.known.get() != Known::Created {
        return;
    }
    let mut keys = engine.stream_keys.take();
    let collected = layers.with(|h3, transport| {
        if last || (transport.state().is_open() && !transport.is_lingering()) {
            transport.streams().readable(&mut keys);
            h3.take_pending(&mut keys);
        }
    });
    if collected.is_some() {
        // What one stream brings, others may wait for.
        while !keys.is_empty() {
            for key in keys.drain(..) {
                read(layers, key, last, now);
            }
            layers.with(|h3, _| h3.take_pending(&mut keys));
        }
    }
    engine.stream_keys.set(keys);
}

/// What there is to do about a stream.
enum Step {
    /// The connection ends.
    Fail(ConnectionError),
    /// Events come first.
    Events,
    /// The host is to be told.
    Tell(Notices),
    /// The host gets a message of a bytestream.
    Message(Delivery),
    /// Nothing.
    Done,
}

/// Reads a stream and tells the host of what came, in as many calls as it takes.
fn read(layers: Layers<'_>, key: StreamKey, last: bool, now: Instant) {
    let mut body_told = false;
    loop {
        let step = layers.with(|h3, transport| {
            if !last && (!transport.state().is_open() || transport.is_lingering()) {
                return Step::Done;
            }
            let streams = transport.streams_mut();
            if let Err(error) = h3.read(streams, key, now) {
                return Step::Fail(error);
            }
            if h3.has_events() {
                return Step::Events;
            }
            if h3.is_extended() && h3.is_bytestream(key) {
                return h3.take_message(key, now).map_or(Step::Done, Step::Message);
            }
            let notices = h3.notices(streams, key);
            let news = h3.has_news(key) || notices.end || (notices.body && !body_told);
            if notices.any() && news {
                h3.on_told(key, notices, now);
                return Step::Tell(notices);
            }
            Step::Done
        });
        match step {
            Some(Step::Fail(error)) => return fail(layers, error, now),
            Some(Step::Events) => deliver_events(layers),
            Some(Step::Tell(notices)) => {
                body_told |= notices.body;
                tell(layers, key, notices);
            }
            Some(Step::Message(delivery)) => messages::deliver(layers, key, delivery, now),
            Some(Step::Done) | None => return,
        }
    }
}

/// Calls `h3_request_read_notify`.
fn tell(layers: Layers<'_>, key: StreamKey, notices: Notices) {
    let Some(request) = layers.h3.requests.get(key).filter(|request| !request.muted.get()) else {
        return;
    };
    let Some(notify) = layers.h3.protocol.callbacks.h3r_cbs.h3_request_read_notify else { return };
    if notices.end {
        layers.log(
            XQC_LOG_DEBUG,
            part_of(notices),
            format_args!("|stream_id:{}|recv_fin|", request.id),
        );
    }
    // SAFETY: the host gave this function; the handle is good.
    let result = unsafe { notify(request.as_ptr(), flag(notices), request.user_data.get()) };
    if result < 0 {
        give_up(layers, request, (part_of(notices), "h3_request_read_notify"), result);
    }
}

/// Where the original's log records tell of notices from.
fn part_of(notices: Notices) -> &'static str {
    match notices {
        Notices { end: true, .. } => "xqc_h3_request_on_recv_empty_fin",
        Notices { body: true, header: false, trailer: false, .. } => "xqc_h3_request_on_recv_body",
        _ => "xqc_h3_request_on_recv_header",
    }
}

fn flag(notices: Notices) -> xqc_request_notify_flag_t {
    if notices.end {
        // Never with other bits.
        return XQC_REQ_NOTIFY_READ_EMPTY_FIN;
    }
    let bits = [
        (notices.header, XQC_REQ_NOTIFY_READ_HEADER),
        (notices.body, XQC_REQ_NOTIFY_READ_BODY),
        (notices.trailer, XQC_REQ_NOTIFY_READ_TRAILER),
    ];
    let set = bits.iter().filter(|(present, _)| *present);
    xqc_request_notify_flag_t(set.fold(0, |all, (_, bit)| all | bit.0))
}

/// Calls `h3_request_write_notify` for every request that waits for room and has some.
pub(in crate::ffi) fn notify_writable(layers: Layers<'_>, now: Instant) {
    let Layers { engine, connection, .. } = layers;
    if connection.known.get() != Known::Created {
        return;
    }
    let mut keys = engine.stream_keys.take();
    layers.with(|_, transport| {
        if transport.state().is_open() {
            transport.streams_mut().writable(&mut keys);
        }
    });
    for key in keys.drain(..) {
        match flush(layers, key, now) {
            Some(Owed::Request) => tell_writable(layers, key),
            Some(Owed::Bytestream) => messages::tell_writable(layers, key, now),
            Some(Owed::Nobody) | None => {}
        }
    }
    engine.stream_keys.set(keys);
}

/// Who is to be told that a stream takes more.
enum Owed {
    Nobody,
    Request,
    Bytestream,
}

/// Sends what is kept for a stream that takes more.
fn flush(layers: Layers<'_>, key: StreamKey, now: Instant) -> Option<Owed> {
    layers.with(|h3, transport| {
        // A connection that lingers was closed by the host; what it wrote before still leaves.
        let established = transport.state().is_established();
        let quiet = !established || transport.is_lingering();
        let streams = transport.streams_mut();
        let is_bytestream = h3.is_extended() && h3.is_bytestream(key);
        if is_bytestream && !established {
            // Its message stays until its host can be told that it is out.
            return Owed::Nobody;
        }
        let owed = match is_bytestream {
            true => h3.flush_bytestream(streams, key, now),
            false => h3.on_writable(streams, key),
        };
        match owed && !quiet {
            false => Owed::Nobody,
            true if is_bytestream => Owed::Bytestream,
            true => Owed::Request,
        }
    })
}

fn tell_writable(layers: Layers<'_>, key: StreamKey) {
    let Some(request) = layers.h3.requests.get(key).filter(|request| !request.muted.get()) else {
        return;
    };
    let Some(notify) = layers.h3.protocol.callbacks.h3r_cbs.h3_request_write_notify else { return };
    // SAFETY: the host gave this function; the handle is good.
    let result = unsafe { notify(request.as_ptr(), request.user_data.get()) };
    if result < 0 {
        let names = ("xqc_h3_stream_write_notify", "h3_request_write_notify");
        give_up(layers, request, names, result);
    }
}

/// A callback failed: the request ends, and the others go on. `function` is the place that records
/// name.
fn give_up(
    layers: Layers<'_>,
    request: &RequestCell,
    (function, callback): (&str, &str),
    result: i32,
) {
    let record = format_args!("|{callback} error|{result}|stream_id:{}|", request.id);
    layers.log(XQC_LOG_ERROR, function, record);
    request.muted.set(true);
    let is = |error: xqc_h3_error_t| result == -error;
    let code = match is(XQC_H3_INVALID_HEADER) || is(XQC_H3_EMALFORMED_HEADER) {
        true => Code::MESSAGE_ERROR,
        false => Code::INTERNAL_ERROR,
    };
    layers.with(|h3, transport| h3.close_request(transport.streams_mut(), request.key, code));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_the_sum_of_what_there_is() {
        let notices = Notices { header: true, body: true, trailer: true, end: false };
        assert_eq!(flag(notices).0, 7);
        assert_eq!(flag(Notices { end: true, ..Notices::default() }).0, 8);
        assert_eq!(flag(Notices::default()).0, 0);
    }
}
