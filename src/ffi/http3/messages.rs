//! What happens on bytestreams, told to the host.

use libc::c_void;

use crate::ffi::abi::{xqc_h3_ext_bytestream_callbacks_t, XQC_LOG_DEBUG, XQC_LOG_ERROR};
use crate::ffi::cells::Known;
use crate::ffi::run::on_callback_failure;
use crate::http3::Delivery;
use crate::stream::StreamKey;
use crate::time::Instant;

use super::bytestream::{create_notify, BytestreamCell};
use super::layers::Layers;

/// A client opened a bytestream.
pub(super) fn on_bytestream_opened(layers: Layers<'_>, key: StreamKey) {
    if layers.connection.known.get() != Known::Created {
        return;
    }
    let id = layers.with(|_, transport| transport.streams().id(key)).flatten();
    let Some(id) = id else { return };
    let cell = BytestreamCell::new(layers.h3, (key, id.0), std::ptr::null_mut());
    create_notify(layers, layers.h3.bytestreams.add(cell));
}

/// Calls `bs_read_notify` for a message, or for an end that came by itself.
pub(super) fn deliver(layers: Layers<'_>, key: StreamKey, delivery: Delivery, now: Instant) {
    match delivery {
        Delivery::Message { data, fin, took } => {
            // Of an empty message the pointer is none to memory, but not null.
            let bytes = (data.as_ptr().cast(), data.len());
            tell(layers, key, (bytes, fin, took.as_micros()), now);
            layers.with(|h3, _| h3.on_delivered(key, data));
        }
        Delivery::End => tell(layers, key, ((std::ptr::null(), 0), true, 0), now),
    }
}

/// Address and length of a message, whether it is the last, and how long it took, in microseconds.
type Message = ((*const c_void, usize), bool, u64);

fn tell(layers: Layers<'_>, key: StreamKey, message: Message, now: Instant) {
    let Some((bytestream, callbacks)) = audience(layers, key) else { return };
    let Some(notify) = callbacks.bs_read_notify else { return };
    let ((data, len), fin, took) = message;
    let user_data = bytestream.user_data.get();
    // SAFETY: the host gave this function; the handle is good, and the bytes for the call.
    let result = unsafe { notify(bytestream.as_ptr(), data, len, fin.into(), user_data, took) };
    if result < 0 {
        layers.log(
            XQC_LOG_ERROR,
            "xqc_h3_ext_bytestream_notify",
            format_args!("|bs_read_notify_err|stream_id:{}|ret:{result}|", bytestream.id),
        );
        on_callback_failure(layers.engine, layers.connection, now);
    }
}

/// Calls `bs_write_notify`.
pub(super) fn tell_writable(layers: Layers<'_>, key: StreamKey, now: Instant) {
    let Some((bytestream, callbacks)) = audience(layers, key) else { return };
    let function = "xqc_h3_stream_write_notify";
    layers.log(XQC_LOG_DEBUG, function, format_args!("|h3_ext_bytestream_write_notify|start|"));
    if let Some(notify) = callbacks.bs_write_notify {
        // SAFETY: the host gave this function; the handle is good.
        let result = unsafe { notify(bytestream.as_ptr(), bytestream.user_data.get()) };
        if result < 0 {
            return on_callback_failure(layers.engine, layers.connection, now);
        }
    }
    layers.log(XQC_LOG_DEBUG, function, format_args!("|h3_ext_bytestream_write_notify|success|"));
}

/// A bytestream whose host is to be told, and what it is told by.
fn audience<'a>(
    layers: Layers<'a>,
    key: StreamKey,
) -> Option<(&'a BytestreamCell, &'a xqc_h3_ext_bytestream_callbacks_t)> {
    let bytestream = layers.h3.bytestreams.get(key).filter(|cell| !cell.muted.get())?;
    Some((bytestream, &layers.h3.protocol.callbacks.h3_ext_bs_cbs))
}
