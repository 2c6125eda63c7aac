//! Engines: made, destroyed, configured, run.

use std::cell::{Cell, RefCell, UnsafeCell};
use std::ffi::CStr;
use std::rc::Rc;

use libc::{c_char, c_void, size_t};
use parking_lot::ReentrantMutex;

use crate::engine::{Engine, EngineConfig};
use crate::tls::random::OsRandom;
use crate::tls::{Context, ContextConfig};
use crate::wire::{Role, Version};

use super::abi::{
    xqc_app_proto_callbacks_t, xqc_cid_t, xqc_config_t, xqc_connection_t, xqc_engine_callback_t,
    xqc_engine_ssl_config_t, xqc_engine_t, xqc_engine_type_t, xqc_int_t, xqc_log_level_t,
    xqc_transport_callbacks_t, XQC_EALPN_NOT_REGISTERED, XQC_ENGINE_SERVER, XQC_EPARAM, XQC_ESTATE,
    XQC_LOG_ERROR, XQC_OK,
};
use super::cells::{EngineCell, EngineHandle, Protocol};
use super::cid::cid_bytes;
use super::clock::Clock;
use super::config::{default_config, merge_config};
use super::destroy::destroy_connection;
use super::guard::with_engine;
use super::log::Log;
use super::run::{run, Release};
use super::settings::default_terms;

/// The longest name of an application protocol (RFC 7301 section 3.1).
pub(super) const MAX_ALPN_LEN: usize = 255;

/// Makes an engine.
///
/// # Safety
///
/// Every pointer is null or points at one value of its type; strings are zero-terminated.
#[no_mangle]
pub unsafe extern "C" fn xqc_engine_create(
    engine_type: xqc_engine_type_t,
    engine_config: *const xqc_config_t,
    ssl_config: *const xqc_engine_ssl_config_t,
    engine_callback: *const xqc_engine_callback_t,
    transport_cbs: *const xqc_transport_callbacks_t,
    user_data: *mut c_void,
) -> *mut xqc_engine_t {
    let outcome = std::panic::catch_unwind(|| {
        // SAFETY: the caller vouches for the pointers.
        let (config, ssl, callbacks, transport) = unsafe {
            (
                engine_config.as_ref(),
                ssl_config.as_ref(),
                engine_callback.as_ref(),
                transport_cbs.as_ref(),
            )
        };
        let (Some(callbacks), Some(transport)) = (callbacks, transport) else { return None };
        create(engine_type, config, ssl, callbacks, transport, user_data)
    });
    match outcome {
        Ok(Some(handle)) => Box::into_raw(handle).cast(),
        Ok(None) | Err(_) => std::ptr::null_mut(),
    }
}

fn create(
    engine_type: xqc_engine_type_t,
    host_config: Option<&xqc_config_t>,
    ssl: Option<&xqc_engine_ssl_config_t>,
    callbacks: &xqc_engine_callback_t,
    transport: &xqc_transport_callbacks_t,
    user_data: *mut c_void,
) -> Option<Box<EngineHandle>> {
    let mut config = default_config(engine_type);
    let accepted = host_config.is_none_or(|host| merge_config(&mut config, host));
    let log = Log::new(callbacks.log_callbacks, &config, user_data);
    let fail = |reason: &dyn std::fmt::Display| {
        log.write(XQC_LOG_ERROR, None, "xqc_engine_create", format_args!("|{reason}|"));
    };
    if !accepted {
        fail(&"the engine configuration is out of range");
        return None;
    }
    let mmsg = transport.write_mmsg.is_some() || transport.write_mmsg_ex.is_some();
    if config.sendmmsg_on != 0 && !mmsg {
        fail(&"sendmmsg_on without write_mmsg");
        return None;
    }
    let Some(ssl) = ssl else {
        fail(&"no TLS configuration");
        return None;
    };
    let role = if engine_type == XQC_ENGINE_SERVER { Role::Server } else { Role::Client };
    let tls = match tls_context(role, ssl, callbacks) {
        Ok(tls) => tls,
        Err(reason) => {
            fail(&format_args!("create tls context error|{reason}"));
            return None;
        }
    };
    let core = Engine::new(engine_config(role, &config, tls));
    Some(Box::new(ReentrantMutex::new(EngineCell {
        core: RefCell::new(core),
        callbacks: *callbacks,
        transport: *transport,
        user_data,
        private_context: Cell::new(std::ptr::null_mut()),
        config: RefCell::new(config),
        protocols: RefCell::new(Vec::new()),
        server_settings: RefCell::new(default_terms(role)),
        connections: RefCell::new(Vec::new()),
        clock: Clock::new(callbacks),
        log,
        received: Cell::new(0),
        buffer: Cell::new(None),
        running: Cell::new(false),
        depth: Cell::new(0),
        poisoned: Cell::new(false),
        doomed: Cell::new(false),
        graveyard: RefCell::new(Vec::new()),
        scid_text: UnsafeCell::new([0; 41]),
        dcid_text: UnsafeCell::new([0; 41]),
    })))
}

fn engine_config(role: Role, config: &xqc_config_t, tls: Context) -> EngineConfig {
    let count = config.support_version_count as usize;
    let versions = config.support_version_list.iter().take(count);
    let key: Vec<u8> = config.reset_token_key.iter().map(|byte| *byte as u8).collect();
    let key_len = config.reset_token_keylen.min(key.len());
    EngineConfig {
        role,
        versions: versions
            .map(|version| Version(*version))
            .filter(|version| version.is_supported())
            .collect(),
        cid_len: usize::from(config.cid_len),
        reset_key: key[..key_len].to_vec(),
        tls,
        random: Box::new(OsRandom::new()),
    }
}

fn tls_context(
    role: Role,
    ssl: &xqc_engine_ssl_config_t,
    callbacks: &xqc_engine_callback_t,
) -> Result<Context, String> {
    let ticket_key = match (ssl.session_ticket_key_data.is_null(), ssl.session_ticket_key_len) {
        (_, 0) => None,
        (true, _) => return Err("session ticket key without data".to_owned()),
        // SAFETY: the host says how many bytes there are.
        (false, len) => Some(unsafe {
            std::slice::from_raw_parts(ssl.session_ticket_key_data.cast::<u8>(), len)
        }),
    };
    let server = role == Role::Server;
    Context::new(&ContextConfig {
        role,
        private_key_file: text(ssl.private_key_file).filter(|_| server),
        certificate_file: text(ssl.cert_file).filter(|_| server),
        ciphers: text(ssl.ciphers),
        groups: text(ssl.groups),
        session_timeout: ssl.session_timeout,
        session_ticket_key: ticket_key.filter(|_| server),
        key_log: callbacks.keylog_cb.is_some(),
        messages: false,
    })
    .map_err(|error| error.to_string())
}

/// A string of the host, if there is one and it is not empty.
pub(super) fn text<'a>(string: *const c_char) -> Option<&'a str> {
    if string.is_null() {
        return None;
    }
    // SAFETY: strings of the host are zero-terminated and live through the call.
    let bytes = unsafe { CStr::from_ptr(string) };
    bytes.to_str().ok().filter(|text| !text.is_empty())
}

/// Destroys an engine and all its connections.
///
/// # Safety
///
/// `engine` is null or a live engine, which is not used after the call.
#[no_mangle]
pub unsafe extern "C" fn xqc_engine_destroy(engine: *mut xqc_engine_t) {
    // SAFETY: the caller vouches for the handle.
    unsafe {
        with_engine(engine, (), |engine| {
            if engine.doomed.replace(true) {
                return;
            }
            // No callback may find a running engine to come back to.
            engine.running.set(true);
            let keys = engine.core.borrow().keys();
            for key in keys {
                destroy_connection(engine, key);
            }
            for protocol in engine.protocols.take() {
                // SAFETY: the registration passed the context on to the engine.
                unsafe { libc::free(protocol.context) };
            }
        });
    }
}

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
    let callbacks = Rc::new(*callbacks);
    // SAFETY: the caller vouches for the handle.
    unsafe {
        with_engine(engine, -XQC_EPARAM, |engine| {
            let mut protocols = engine.protocols.borrow_mut();
            match protocols.iter_mut().find(|protocol| protocol.alpn == name) {
                Some(known) => {
                    known.callbacks = callbacks;
                    known.context = alp_ctx;
                }
                None => {
                    let alpn = name.to_vec();
                    protocols.push(Protocol { alpn, callbacks, context: alp_ctx });
                }
            }
            offer_protocols(engine, &protocols);
            XQC_OK
        })
    }
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
    if engine.is_null() {
        return -XQC_EPARAM;
    }
    // SAFETY: the caller vouches for the name.
    let Some(name) = (unsafe { alpn_bytes(alpn, alpn_len) }) else {
        return -XQC_EALPN_NOT_REGISTERED;
    };
    // SAFETY: the caller vouches for the handle.
    unsafe {
        with_engine(engine, -XQC_EPARAM, |engine| {
            let mut protocols = engine.protocols.borrow_mut();
            let Some(index) = protocols.iter().position(|protocol| protocol.alpn == name) else {
                return -XQC_EALPN_NOT_REGISTERED;
            };
            protocols.remove(index);
            offer_protocols(engine, &protocols);
            XQC_OK
        })
    }
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

/// The host's pointer that goes with the engine.
///
/// # Safety
///
/// `engine` is null or a live engine.
#[no_mangle]
pub unsafe extern "C" fn xqc_engine_get_priv_ctx(engine: *mut xqc_engine_t) -> *mut c_void {
    // SAFETY: the caller vouches for the handle.
    unsafe { with_engine(engine, std::ptr::null_mut(), |engine| engine.private_context.get()) }
}

/// Sets the host's pointer that goes with the engine, once.
///
/// # Safety
///
/// `engine` is null or a live engine.
#[no_mangle]
pub unsafe extern "C" fn xqc_engine_set_priv_ctx(
    engine: *mut xqc_engine_t,
    priv_ctx: *mut c_void,
) -> xqc_int_t {
    // SAFETY: the caller vouches for the handle.
    unsafe {
        with_engine(engine, -XQC_EPARAM, |engine| {
            if !engine.private_context.get().is_null() {
                return -XQC_ESTATE;
            }
            engine.private_context.set(priv_ctx);
            XQC_OK
        })
    }
}

/// Ends a batch of received datagrams.
///
/// # Safety
///
/// `engine` is null or a live engine.
#[no_mangle]
pub unsafe extern "C" fn xqc_engine_finish_recv(engine: *mut xqc_engine_t) {
    // SAFETY: the caller vouches for the handle.
    unsafe { with_engine(engine, (), |engine| run(engine, Release::Keep)) }
}

/// Ends a batch of sending calls.
///
/// # Safety
///
/// `engine` is null or a live engine.
#[no_mangle]
pub unsafe extern "C" fn xqc_engine_finish_send(engine: *mut xqc_engine_t) {
    // SAFETY: the caller vouches for the handle.
    unsafe { with_engine(engine, (), |engine| run(engine, Release::Keep)) }
}

/// Runs everything that is due and releases finished connections.
///
/// # Safety
///
/// `engine` is null or a live engine.
#[no_mangle]
pub unsafe extern "C" fn xqc_engine_main_logic(engine: *mut xqc_engine_t) {
    // SAFETY: the caller vouches for the handle.
    unsafe { with_engine(engine, (), |engine| run(engine, Release::Destroy)) }
}

/// Changes the configuration for later connections.
///
/// # Safety
///
/// `engine` is null or a live engine, `engine_config` null or one configuration.
#[no_mangle]
pub unsafe extern "C" fn xqc_engine_set_config(
    engine: *mut xqc_engine_t,
    engine_config: *const xqc_config_t,
) -> xqc_int_t {
    // SAFETY: the caller vouches for the configuration.
    let Some(config) = (unsafe { engine_config.as_ref() }) else { return -XQC_EPARAM };
    // SAFETY: the caller vouches for the handle.
    unsafe {
        with_engine(engine, -XQC_EPARAM, |engine| {
            if !merge_config(&mut engine.config.borrow_mut(), config) {
                return -1;
            }
            let len = usize::from(engine.config.borrow().cid_len);
            engine.core.borrow_mut().set_cid_len(len);
            XQC_OK
        })
    }
}

/// The length of the connection IDs of the engine.
///
/// # Safety
///
/// `engine` is null or a live engine.
#[no_mangle]
pub unsafe extern "C" fn xqc_engine_config_get_cid_len(engine: *mut xqc_engine_t) -> u8 {
    // SAFETY: the caller vouches for the handle.
    unsafe { with_engine(engine, 0, |engine| engine.config.borrow().cid_len) }
}

/// Changes which log records are made.
///
/// # Safety
///
/// `engine` is null or a live engine.
#[no_mangle]
pub unsafe extern "C" fn xqc_engine_set_log_level(
    engine: *mut xqc_engine_t,
    log_level: xqc_log_level_t,
) {
    // SAFETY: the caller vouches for the handle.
    unsafe { with_engine(engine, (), |engine| engine.log.set_level(log_level)) }
}

/// The connection that a connection ID of ours belongs to.
///
/// # Safety
///
/// `engine` is null or a live engine, `cid` null or one connection ID.
#[no_mangle]
pub unsafe extern "C" fn xqc_engine_get_conn_by_scid(
    engine: *mut xqc_engine_t,
    cid: *const xqc_cid_t,
) -> *mut xqc_connection_t {
    let null = std::ptr::null_mut();
    // SAFETY: the caller vouches for the connection ID.
    let Some(cid) = (unsafe { cid.as_ref() }) else { return null };
    // SAFETY: the caller vouches for the handle.
    unsafe {
        with_engine(engine, null, |engine| {
            let key = engine.core.borrow_mut().find(cid_bytes(cid));
            let connection = key.and_then(|key| engine.connection(key));
            connection.map_or(null, |connection| connection.as_ptr())
        })
    }
}
