//! HTTP/3 on an engine.

use std::rc::Rc;

use crate::ffi::abi::prototypes::check_prototypes;
use crate::ffi::abi::{
    xqc_engine_t, xqc_h3_callbacks_t, xqc_int_t, XQC_DEFINED_ALPN_H3, XQC_DEFINED_ALPN_H3_29,
    XQC_DEFINED_ALPN_H3_EXT, XQC_EPARAM, XQC_OK,
};
use crate::ffi::cells::{EngineCell, Protocol, ProtocolKind};
use crate::ffi::guard::{with_any_engine, with_engine};
use crate::ffi::protocols::{register, unregister};

use super::cells::H3Protocol;
use super::settings::defaults;

/// Adds HTTP/3 to an engine. Doing so again sets other callbacks, and the settings back.
///
/// # Safety
///
/// `engine` is null or a live engine, `h3_cbs` null or one table.
#[no_mangle]
pub unsafe extern "C" fn xqc_h3_ctx_init(
    engine: *mut xqc_engine_t,
    h3_cbs: *mut xqc_h3_callbacks_t,
) -> xqc_int_t {
    // SAFETY: the caller vouches for the table.
    let Some(callbacks) = (unsafe { h3_cbs.as_ref() }) else { return -XQC_EPARAM };
    // SAFETY: the caller vouches for the handle.
    unsafe {
        with_engine(engine, -XQC_EPARAM, |engine| {
            init(engine, callbacks);
            XQC_OK
        })
    }
}

fn init(engine: &EngineCell, callbacks: &xqc_h3_callbacks_t) {
    let plain = Rc::new(H3Protocol { callbacks: *callbacks, extended: false });
    let extended = Rc::new(H3Protocol { callbacks: *callbacks, extended: true });
    let with_extensions = engine.config.borrow().enable_h3_ext != 0;
    // In this order: a server prefers what comes first.
    let names = [
        (XQC_DEFINED_ALPN_H3, Some(&plain)),
        (XQC_DEFINED_ALPN_H3_29, Some(&plain)),
        (XQC_DEFINED_ALPN_H3_EXT, with_extensions.then_some(&extended)),
    ];
    for (name, protocol) in names {
        let Some(protocol) = protocol else { continue };
        let kind = ProtocolKind::Http3(protocol.clone());
        let alpn = name.to_bytes().to_vec();
        register(engine, Protocol { alpn, kind, context: std::ptr::null_mut() });
    }
    engine.http3.settings.set(Some(defaults()));
}

/// Takes HTTP/3 off an engine; live connections keep what they have of it.
///
/// # Safety
///
/// `engine` is null or a live engine.
#[no_mangle]
pub unsafe extern "C" fn xqc_h3_ctx_destroy(engine: *mut xqc_engine_t) -> xqc_int_t {
    // SAFETY: the caller vouches for the handle.
    unsafe {
        with_any_engine(engine, XQC_OK, |engine| {
            unregister(engine, |protocol| matches!(protocol.kind, ProtocolKind::Http3(_)));
            engine.http3.settings.set(None);
            XQC_OK
        })
    }
}

check_prototypes!(xqc_h3_ctx_init, xqc_h3_ctx_destroy);
