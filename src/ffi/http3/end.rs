//! The end of requests: their report, and the last call for each.

use crate::ffi::report::{report_stream, stream_ending};
use crate::stream::StreamKey;

use super::layers::Layers;
use super::report::report_request;

/// The last call for a request, once for each. `whole` if its stream ended, not the connection.
pub(super) fn end_request(layers: Layers<'_>, key: StreamKey, whole: bool) {
    let Layers { engine, connection, h3 } = layers;
    if let Some(request) = h3.requests.get(key) {
        // Out of the table before the call: a host that destroys the engine inside it is not told
        // again.
        h3.requests.remove(&engine.graveyard.requests, key);
        let message = layers.with(|_, transport| stream_ending(transport, key, whole));
        request.close_message.set(message.unwrap_or(c"conn closed").as_ptr());
        report_request(layers, request);
        if let Some(notify) = h3.protocol.callbacks.h3r_cbs.h3_request_close_notify {
            // SAFETY: the host gave this function; the handle is good until the outermost call
            // returns.
            unsafe { notify(request.as_ptr(), request.user_data.get()) };
        }
    }
    report_stream(engine, connection, key, whole);
    layers.with(|http3, _| http3.forget(key));
}

/// Ends all requests of a connection that is over, in the order in which they were made.
pub(in crate::ffi) fn end_requests(layers: Layers<'_>) {
    for key in layers.h3.requests.keys() {
        end_request(layers, key, false);
    }
}
