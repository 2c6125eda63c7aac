//! The end of a connection announced beforehand: requests under way finish, then it closes.

use crate::connection::LocalClose;
use crate::ffi::abi::prototypes::check_prototypes;
use crate::ffi::abi::{xqc_h3_conn_t, xqc_int_t, XQC_CLOSING, XQC_H3_EPARAM, XQC_OK};
use crate::ffi::connection::close;
use crate::ffi::run::run_soon;
use crate::http3::Code;

use super::guard::with_h3_conn;
use super::layers::Layers;

/// Announces the end.
///
/// # Safety
///
/// `h3c` is null or a live connection.
#[no_mangle]
pub unsafe extern "C" fn xqc_ext_h3_conn_go_away(h3c: *mut xqc_h3_conn_t) -> xqc_int_t {
    // SAFETY: the caller vouches for the handle.
    unsafe {
        with_h3_conn(h3c, -XQC_H3_EPARAM, |layers| {
            let said = layers.with_open(|h3, transport| h3.go_away(transport.streams_mut()));
            if said.is_none() {
                return -XQC_CLOSING;
            }
            layers.h3.draining.set(true);
            run_soon(layers.engine, layers.connection);
            XQC_OK
        })
    }
}

check_prototypes!(xqc_ext_h3_conn_go_away);

/// Closes a connection whose end the host wants, once nothing is under way any more.
#[inline]
pub(in crate::ffi) fn close_if_drained(layers: Layers<'_>) {
    if !layers.h3.draining.get() {
        return;
    }
    let drained = layers.with_open(|h3, transport| {
        // GOAWAY has to arrive too: it tells the client which of its requests to make elsewhere.
        h3.is_drained() && transport.streams().is_all_acked()
    });
    if drained == Some(true) {
        layers.h3.draining.set(false);
        close(layers.engine, layers.connection, LocalClose::Application(Code::NO_ERROR.0));
    }
}
