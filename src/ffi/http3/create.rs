//! The beginning and the end of an HTTP/3 connection, as the host hears of them.

use libc::c_void;

use crate::ffi::abi::{XQC_LOG_DEBUG, XQC_LOG_ERROR};
use crate::ffi::cells::Known;
use crate::ffi::qlog::share_trace;
use crate::http3::Connection;

use super::layers::Layers;
use super::settings::defaults;

/// Sets HTTP/3 up on a connection and tells the host of it. Returns false if the host refused.
pub(in crate::ffi) fn create(layers: Layers<'_>) -> bool {
    let Layers { engine, connection, h3 } = layers;
    h3.user_data.set(connection.user_data.get());
    let mut settings = engine.http3.settings.get().unwrap_or_else(defaults);
    let callbacks = &h3.protocol.callbacks.h3c_cbs;
    if let Some(init) = callbacks.h3_conn_init_settings {
        // SAFETY: the host gave this function; the handle is good, and the settings for the call.
        unsafe { init(h3.as_ptr(), &mut settings, h3.user_data.get()) };
        layers.log(
            XQC_LOG_DEBUG,
            "xqc_h3_conn_create",
            format_args!(
                "|new_h3_local_settings|max_field_section_size:{}|max_pushes:{}|\
                 qpack_enc_max_table_capacity:{}|qpack_dec_max_table_capacity:{}|\
                 qpack_blocked_streams:{}|",
                settings.max_field_section_size,
                settings.max_pushes,
                settings.qpack_enc_max_table_capacity,
                settings.qpack_dec_max_table_capacity,
                settings.qpack_blocked_streams,
            ),
        );
        if engine.doomed.get() {
            // The host has heard of the end already.
            return false;
        }
    }
    let local = engine.http3.local_settings(&settings, connection.held_back);
    let role = engine.core.borrow().role();
    let core = Connection::new(role, local);
    let core = if h3.protocol.extended { core.extended() } else { core };
    *h3.core.borrow_mut() = Some(Box::new(core));
    // Requests are asked for their times.
    layers.with(|_, transport| transport.streams_mut().keep_records());
    share_trace(layers);
    if !create_notify(layers) {
        return false;
    }
    connection.protocol_data.set(h3.as_ptr().cast());
    layers.with(|http3, transport| http3.start(transport.streams_mut()));
    layers.log(
        XQC_LOG_DEBUG,
        "xqc_h3_conn_send_settings",
        format_args!(
            "|write settings success|qpack_blocked_streams:{}|qpack_max_table_capacity:{}|\
             max_field_section_size:{}|max_pushes:{}|",
            settings.qpack_blocked_streams,
            settings.qpack_dec_max_table_capacity,
            settings.max_field_section_size,
            settings.max_pushes,
        ),
    );
    true
}

fn create_notify(layers: Layers<'_>) -> bool {
    let Layers { connection, h3, .. } = layers;
    // Before the call: a host that destroys the engine inside it hears of the end.
    let before = connection.known.replace(Known::Created);
    let Some(notify) = h3.protocol.callbacks.h3c_cbs.h3_conn_create_notify else { return true };
    // SAFETY: the host gave this function; the handle and the address of the connection ID are
    // good until the connection is destroyed.
    let result = unsafe { notify(h3.as_ptr(), connection.scid(), h3.user_data.get()) };
    if result != 0 {
        layers.log(
            XQC_LOG_ERROR,
            "xqc_h3_conn_create",
            format_args!("|h3_conn_create_notify failed|"),
        );
        if connection.known.get() == Known::Created {
            connection.known.set(before);
        }
    }
    result == 0
}

/// Calls `h3_conn_handshake_finished`.
pub(in crate::ffi) fn handshake_finished(layers: Layers<'_>) {
    layers.log(
        XQC_LOG_DEBUG,
        "xqc_h3_conn_handshake_finished",
        format_args!("|HANDSHAKE_COMPLETED notify|"),
    );
    let h3 = layers.h3;
    if let Some(notify) = h3.protocol.callbacks.h3c_cbs.h3_conn_handshake_finished {
        // SAFETY: the host gave this function; the handle is good.
        unsafe { notify(h3.as_ptr(), h3.user_data.get()) };
    }
}

/// Calls `h3_conn_ping_acked`.
pub(in crate::ffi) fn ping_acked(layers: Layers<'_>, ping_user_data: *mut c_void) {
    let Layers { connection, h3, .. } = layers;
    let notify = h3.protocol.callbacks.h3c_cbs.h3_conn_ping_acked;
    if let (Known::Created, Some(notify)) = (connection.known.get(), notify) {
        let user_data = h3.user_data.get();
        // SAFETY: the host gave this function; handle and connection ID are good.
        unsafe { notify(h3.as_ptr(), connection.scid(), ping_user_data, user_data) };
    }
}

/// Calls `h3_conn_close_notify`.
pub(in crate::ffi) fn close_notify(layers: Layers<'_>) {
    let Layers { connection, h3, .. } = layers;
    if let Some(notify) = h3.protocol.callbacks.h3c_cbs.h3_conn_close_notify {
        // SAFETY: the host gave this function; the handle is good until it has returned.
        unsafe { notify(h3.as_ptr(), connection.scid(), h3.user_data.get()) };
    }
    layers.log(XQC_LOG_DEBUG, "xqc_h3_conn_destroy", format_args!("|destroy h3 conn success|"));
}
