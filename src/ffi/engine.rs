//! Engines: made, destroyed, configured, run.

use std::cell::{Cell, RefCell};

use libc::c_void;
use parking_lot::ReentrantMutex;

use crate::engine::{Engine, EngineConfig};
use crate::tls::random::OsRandom;
use crate::tls::{Context, ContextConfig, ServerPolicy};
use crate::wire::Role;

use super::abi::prototypes::check_prototypes;
use super::abi::{
    xqc_cid_t, xqc_config_t, xqc_connection_t, xqc_engine_callback_t, xqc_engine_ssl_config_t,
    xqc_engine_t, xqc_engine_type_t, xqc_int_t, xqc_log_level_t, xqc_transport_callbacks_t,
    XQC_ENGINE_SERVER, XQC_EPARAM, XQC_ESTATE, XQC_LOG_ERROR, XQC_OK,
};
use super::cells::{ConnectionCell, EngineCell, EngineHandle, Graveyard, EMPTY_TEXT};
use super::cid::cid_bytes;
use super::clock::Clock;
use super::config::{default_config, merge_config, token_keys};
use super::destroy::destroy_connection;
use super::guard::{catch, with_any_engine, with_engine};
use super::http3::EngineHttp3;
use super::log::Log;
use super::memory::values;
use super::qlog::{trace_all, Qlog};
use super::run::{run, Release};
use super::settings::default_terms;
use super::strings::text;
use super::version::spoken_versions;

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
    // SAFETY: the caller vouches for both structs.
    let (config, ssl) = unsafe { (engine_config.as_ref(), ssl_config.as_ref()) };
    // SAFETY: the caller vouches for both tables.
    let (callbacks, transport) = unsafe { (engine_callback.as_ref(), transport_cbs.as_ref()) };
    let (Some(callbacks), Some(transport)) = (callbacks, transport) else {
        return std::ptr::null_mut();
    };
    let made = catch(None, || {
        // SAFETY: the caller vouches for the strings in the structs.
        unsafe { create(engine_type, config, ssl, callbacks, transport, user_data) }
    });
    made.map_or(std::ptr::null_mut(), |handle| Box::into_raw(handle).cast())
}

/// # Safety
///
/// Strings in `ssl` are null or zero-terminated; its ticket key is readable for its length.
unsafe fn create(
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
    // SAFETY: the caller vouches for the strings.
    let tls = match unsafe { tls_context(role, ssl, callbacks, transport) } {
        Ok(tls) => tls,
        Err(reason) => {
            fail(&format_args!("create tls context error|{reason}"));
            return None;
        }
    };
    let mut core = Engine::new(core_config(role, &config, tls));
    core.watch_crowding(config.conns_hash_bucket_size, config.hash_conflict_threshold);
    let qlog = Qlog::new(&config);
    Some(Box::new(ReentrantMutex::new(EngineCell {
        core: RefCell::new(core),
        callbacks: *callbacks,
        transport: *transport,
        marking: Cell::new(None),
        user_data,
        private_context: Cell::new(std::ptr::null_mut()),
        config: RefCell::new(config),
        protocols: RefCell::new(Vec::new()),
        http3: EngineHttp3::default(),
        server_settings: RefCell::new(default_terms(role)),
        policy: Cell::new(ServerPolicy {
            // Also without conn_cert_cb: conn_create_notify comes before our transport parameters
            // leave, and may change them.
            ask_for_certificate: true,
            ..ServerPolicy::default()
        }),
        connections: RefCell::new(Vec::new()),
        clock: Clock::new(callbacks),
        log,
        qlog,
        received: Cell::new(0),
        buffer: Cell::new(None),
        writing_from: Cell::new(None),
        stream_keys: Cell::new(Vec::new()),
        datagram: Cell::new(Vec::new()),
        runs: Cell::new(0),
        running: Cell::new(false),
        before_sending: Cell::new(None),
        left_unread: Cell::new(false),
        depth: Cell::new(0),
        poisoned: Cell::new(false),
        doomed: Cell::new(false),
        graveyard: Graveyard::default(),
        scid_text: Cell::new(EMPTY_TEXT),
        dcid_text: Cell::new(EMPTY_TEXT),
    })))
}

fn core_config(role: Role, config: &xqc_config_t, tls: Context) -> EngineConfig {
    EngineConfig {
        role,
        versions: spoken_versions(config),
        cid_len: usize::from(config.cid_len),
        reset_key: reset_key(config),
        token_keys: token_keys(config),
        tls,
        random: Box::new(OsRandom::new()),
    }
}

/// The key that stateless reset tokens are made with; empty if the host has none.
fn reset_key(config: &xqc_config_t) -> Vec<u8> {
    let key = config.reset_token_key.iter().take(config.reset_token_keylen);
    key.map(|byte| *byte as u8).collect()
}

/// # Safety
///
/// As [`create`].
unsafe fn tls_context(
    role: Role,
    ssl: &xqc_engine_ssl_config_t,
    callbacks: &xqc_engine_callback_t,
    transport: &xqc_transport_callbacks_t,
) -> Result<Context, String> {
    // SAFETY: the caller vouches for the strings.
    let (ciphers, groups) = unsafe { (text(ssl.ciphers), text(ssl.groups)) };
    let mut config = ContextConfig {
        role,
        private_key_file: None,
        certificate_file: None,
        ciphers,
        groups,
        session_timeout: ssl.session_timeout,
        session_ticket_key: None,
        key_log: callbacks.keylog_cb.is_some(),
        messages: transport.conn_ssl_msg_cb.is_some(),
    };
    if role == Role::Server {
        // SAFETY: the caller vouches for the strings.
        let files = unsafe { (text(ssl.private_key_file), text(ssl.cert_file)) };
        (config.private_key_file, config.certificate_file) = files;
        // SAFETY: the caller vouches for the key.
        config.session_ticket_key = unsafe { ticket_key(ssl) }?;
    }
    Context::new(&config).map_err(|error| error.to_string())
}

/// # Safety
///
/// The ticket key of `ssl` is null or readable for its length.
unsafe fn ticket_key(ssl: &xqc_engine_ssl_config_t) -> Result<Option<&[u8]>, String> {
    let (data, len) = (ssl.session_ticket_key_data.cast(), ssl.session_ticket_key_len);
    // SAFETY: the caller vouches for the bytes.
    let key = unsafe { values(data, len) }.ok_or("session ticket key without data")?;
    Ok(Some(key).filter(|key| !key.is_empty()))
}

/// Destroys an engine and all its connections.
///
/// # Safety
///
/// `engine` is null or a live engine, which is not used after the call.
#[no_mangle]
pub unsafe extern "C" fn xqc_engine_destroy(engine: *mut xqc_engine_t) {
    // SAFETY: the caller vouches for the handle.
    unsafe { with_any_engine(engine, (), destroy) }
}

/// Ends every connection. The engine itself is freed when no call is on the stack any more.
fn destroy(engine: &EngineCell) {
    if engine.doomed.replace(true) {
        return;
    }
    // No callback may find an engine that can be run.
    engine.running.set(true);
    let keys = engine.core.borrow().keys();
    for key in keys {
        destroy_connection(engine, key);
    }
    let protocols = engine.protocols.take();
    let mut contexts: Vec<*mut c_void> = protocols.iter().map(|known| known.context).collect();
    // One context may belong to several protocols.
    contexts.sort_unstable();
    contexts.dedup();
    for context in contexts {
        // SAFETY: registration passed the context on to the engine; it is null or from `malloc`.
        unsafe { libc::free(context) };
    }
    engine.log.close();
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
            let mut known = engine.config.borrow_mut();
            if !merge_config(&mut known, config) {
                return -1;
            }
            engine.qlog.configure(&known);
            let mut core = engine.core.borrow_mut();
            core.set_cid_len(usize::from(known.cid_len));
            core.set_versions(spoken_versions(&known));
            core.set_token_keys(&token_keys(&known));
            core.set_reset_key(&reset_key(&known));
            drop((core, known));
            trace_all(engine);
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
            connection.map_or(null, ConnectionCell::as_ptr)
        })
    }
}

check_prototypes!(
    xqc_engine_create,
    xqc_engine_destroy,
    xqc_engine_get_priv_ctx,
    xqc_engine_set_priv_ctx,
    xqc_engine_finish_recv,
    xqc_engine_finish_send,
    xqc_engine_main_logic,
    xqc_engine_set_config,
    xqc_engine_config_get_cid_len,
    xqc_engine_set_log_level,
    xqc_engine_get_conn_by_scid,
);
