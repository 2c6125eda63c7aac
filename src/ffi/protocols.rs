//! Application protocols: registered, offered to TLS, taken out again.

use std::rc::Rc;

use libc::{c_char, c_void, size_t};

use super::abi::prototypes::check_prototypes;
use super::abi::{
    xqc_app_proto_callbacks_t, xqc_engine_t, xqc_int_t, XQC_EALPN_NOT_REGISTERED, XQC_EPARAM,
    XQC_LOG_INFO, XQC_OK,
};
use super::cells::{EngineCell, Protocol, ProtocolKind};
use super::guard::with_engine;

/// The longest name of an application protocol (RFC 7301 section 3.1).
const MAX_ALPN_LEN: usize = 255;

/// Registers an application protocol.
///
/// # Safety
///
/// `engine` is null or a live engine; `alpn` is readable for `alpn_len` bytes, `ap_cbs` points at
/// one table.
#[no_mangle]
pub unsafe extern "C" fn xqc_engine_register_alpn(
    engine: *mut xqc_engine_t,
    alpn: *const c_char,
    alpn_len: size_t,
    ap_cbs: *mut xqc_app_proto_callbacks_t,
    alp_ctx: *mut c_void,
) -> xqc_int_t {
    // SAFETY: the caller vouches for the table and the name.
    let (callbacks, name) = unsafe { (ap_cbs.as_ref(), alpn_bytes(alpn, alpn_len)) };
    let (Some(callbacks), Some(name)) = (callbacks, name) else { return -XQC_EPARAM };
    let kind = ProtocolKind::Host(Rc::new(*callbacks));
    // SAFETY: the caller vouches for the handle.
    unsafe {
        with_engine(engine, -XQC_EPARAM, |engine| {
            register(engine, Protocol { alpn: name.to_vec(), kind, context: alp_ctx });
            XQC_OK
        })
    }
}

/// Adds a protocol, in the place of one with the same name.
pub(super) fn register(engine: &EngineCell, protocol: Protocol) {
    let name = String::from_utf8_lossy(&protocol.alpn).into_owned();
    let mut protocols = engine.protocols.borrow_mut();
    match protocols.iter_mut().find(|known| known.alpn == protocol.alpn) {
        Some(known) => *known = protocol,
        None => protocols.push(protocol),
    }
    offer_protocols(engine, &protocols);
    drop(protocols);
    let function = "xqc_engine_register_alpn";
    engine.log.write(XQC_LOG_INFO, None, function, format_args!("|alpn registered|alpn:{name}|"));
}

/// Tells TLS which protocols there are.
fn offer_protocols(engine: &EngineCell, protocols: &[Protocol]) {
    let names: Vec<&[u8]> = protocols.iter().map(|protocol| protocol.alpn.as_slice()).collect();
    // Names were checked when they were registered.
    let _ = engine.core.borrow_mut().tls_mut().set_alpn(&names);
}

/// The name of a protocol: 1 to 255 bytes.
///
/// # Safety
///
/// `alpn` is null or readable for `len` bytes.
unsafe fn alpn_bytes<'a>(alpn: *const c_char, len: size_t) -> Option<&'a [u8]> {
    if alpn.is_null() || len == 0 || len > MAX_ALPN_LEN {
        return None;
    }
    // SAFETY: the caller vouches for the bytes.
    Some(unsafe { std::slice::from_raw_parts(alpn.cast(), len) })
}

/// Takes an application protocol out again; live connections keep it.
///
/// # Safety
///
/// `engine` is null or a live engine; `alpn` is readable for `alpn_len` bytes.
#[no_mangle]
pub unsafe extern "C" fn xqc_engine_unregister_alpn(
    engine: *mut xqc_engine_t,
    alpn: *const c_char,
    alpn_len: size_t,
) -> xqc_int_t {
    if engine.is_null() || alpn.is_null() {
        return -XQC_EPARAM;
    }
    // SAFETY: the caller vouches for the name.
    let Some(name) = (unsafe { alpn_bytes(alpn, alpn_len) }) else {
        return -XQC_EALPN_NOT_REGISTERED;
    };
    // SAFETY: the caller vouches for the handle.
    unsafe {
        with_engine(engine, -XQC_EPARAM, |engine| {
            let known = unregister(engine, |protocol| protocol.alpn == name);
            if known {
                XQC_OK
            } else {
                -XQC_EALPN_NOT_REGISTERED
            }
        })
    }
}

/// Takes out the protocols that are `unwanted`; false if there were none.
pub(super) fn unregister(engine: &EngineCell, unwanted: impl Fn(&Protocol) -> bool) -> bool {
    let mut protocols = engine.protocols.borrow_mut();
    let before = protocols.len();
    protocols.retain(|protocol| !unwanted(protocol));
    let any = protocols.len() < before;
    if any {
        offer_protocols(engine, &protocols);
    }
    any
}

/// The context a protocol was registered with.
///
/// # Safety
///
/// As [`xqc_engine_unregister_alpn`].
#[no_mangle]
pub unsafe extern "C" fn xqc_engine_get_alpn_ctx(
    engine: *mut xqc_engine_t,
    alpn: *const c_char,
    alpn_len: size_t,
) -> *mut c_void {
    let null = std::ptr::null_mut();
    // SAFETY: the caller vouches for the name.
    let Some(name) = (unsafe { alpn_bytes(alpn, alpn_len) }) else { return null };
    // SAFETY: the caller vouches for the handle.
    unsafe {
        with_engine(engine, null, |engine| {
            let protocols = engine.protocols.borrow();
            let found = protocols.iter().find(|protocol| protocol.alpn == name);
            found.map_or(null, |protocol| protocol.context)
        })
    }
}

check_prototypes!(xqc_engine_register_alpn, xqc_engine_unregister_alpn, xqc_engine_get_alpn_ctx);
