//! The end of requests and bytestreams: their report, and the last call for each.

use libc::c_char;

use crate::ffi::abi::XQC_LOG_STATS;
use crate::ffi::report::{report_stream, stream_ending};
use crate::stream::StreamKey;
use crate::time::{Duration, Instant};
use crate::wire::Direction;

use super::bytestream::report_bytestream;
use super::layers::Layers;
use super::report::report_request;

fn end_request(layers: Layers<'_>, key: StreamKey) {
    let Layers { engine, h3, .. } = layers;
    let Some(request) = h3.requests.get(key) else { return };
    // Out of the table before the call: a host that destroys the engine inside it is not told again.
    if let Some(cell) = h3.requests.remove(key) {
        engine.graveyard.requests.bury(cell);
    }
    request.close_message.set(close_message(layers, key));
    report_request(layers, request);
    if let Some(notify) = h3.protocol.callbacks.h3r_cbs.h3_request_close_notify {
        // SAFETY: the host gave this function; the handle is good until the outermost call returns.
        unsafe { notify(request.as_ptr(), request.user_data.get()) };
    }
}

fn end_bytestream(layers: Layers<'_>, key: StreamKey) {
    let Layers { engine, h3, .. } = layers;
    let Some(bytestream) = h3.bytestreams.get(key) else { return };
    // As above.
    engine.graveyard.bury_bytestream(h3.bytestreams.remove(key));
    bytestream.close_message.set(close_message(layers, key));
    report_bytestream(layers, bytestream);
    if let Some(notify) = h3.protocol.callbacks.h3_ext_bs_cbs.bs_close_notify {
        // SAFETY: as above.
        unsafe { notify(bytestream.as_ptr(), bytestream.user_data.get()) };
    }
}

/// Why a stream closed, as a text that is never freed.
fn close_message(layers: Layers<'_>, key: StreamKey) -> *const c_char {
    let message = layers.with(|_, transport| stream_ending(transport, key));
    message.unwrap_or(c"conn closed").as_ptr()
}

/// How long after its end the host hears of a stream at most, if nothing else happens: there is no
/// hurry, and many go together.
const CLOSE_DELAY: Duration = Duration::from_millis(10);

/// Ends the streams that were over in an earlier run of the main loop. In the run in which a host
/// gets the last of a request it can go on using it.
#[inline]
pub(in crate::ffi) fn end_closed(layers: Layers<'_>) {
    if layers.h3.closed.borrow().is_empty() {
        return;
    }
    let run = layers.engine.runs.get();
    let mut closed = layers.h3.closed.take();
    // In the order in which they ended.
    let over = closed.partition_point(|(_, ended)| *ended != run);
    for (key, _) in closed.drain(..over) {
        end_stream(layers, key);
        layers.with(|_, transport| transport.streams_mut().forget(key));
    }
    let mut later = layers.h3.closed.borrow_mut();
    closed.append(&mut later);
    *later = closed;
}

/// Has the connection looked at again if streams are over.
#[inline]
pub(in crate::ffi) fn end_closed_soon(layers: Layers<'_>, now: Instant) {
    if !layers.h3.closed.borrow().is_empty() {
        layers.engine.core.borrow_mut().wake_at(layers.connection.key, now + CLOSE_DELAY);
    }
}

/// The last call for a stream, once for each.
fn end_stream(layers: Layers<'_>, key: StreamKey) {
    if layers.h3.requests.get(key).is_some() {
        end_request(layers, key);
    } else if layers.h3.bytestreams.get(key).is_some() {
        end_bytestream(layers, key);
    }
    report_stream(layers.engine, layers.connection, key);
    layers.with(|h3, _| h3.forget(key));
}

/// Ends all streams of a connection that is over, in the order in which they were made.
pub(in crate::ffi) fn end_streams(layers: Layers<'_>) {
    for key in in_order(layers) {
        end_stream(layers, key);
    }
    report_unidirectional(layers);
}

/// The records of the streams that no host knows.
fn report_unidirectional(layers: Layers<'_>) {
    if !layers.engine.log.enabled(XQC_LOG_STATS) {
        return;
    }
    let keys = layers.with(|_, transport| {
        let streams = transport.streams();
        let is_unidirectional = |key: &StreamKey| {
            streams.id(*key).is_some_and(|id| id.direction() == Direction::Unidirectional)
        };
        streams.keys().filter(is_unidirectional).collect::<Vec<_>>()
    });
    for key in keys.unwrap_or_default() {
        report_stream(layers.engine, layers.connection, key);
    }
}

fn in_order(layers: Layers<'_>) -> Vec<StreamKey> {
    let (requests, bytestreams) = (&layers.h3.requests, &layers.h3.bytestreams);
    let mut named: Vec<_> = requests.names().into_iter().chain(bytestreams.names()).collect();
    named.sort_unstable_by_key(|(id, _)| *id);
    named.into_iter().map(|(_, key)| key).collect()
}
