//! Connections of a client.

use std::fmt;

use libc::{c_char, c_int, c_uchar, c_uint, c_void, sockaddr, socklen_t};

use crate::connection::ClientConfig;
use crate::engine::MIN_FIRST_DCID;
use crate::path::Addresses;
use crate::tls::VerifyMode;
use crate::wire::{ConnectionId, Role};

use super::abi::prototypes::check_prototypes;
use super::abi::{
    xqc_cid_t, xqc_conn_settings_t, xqc_conn_ssl_config_t, xqc_engine_t, XQC_LOG_ERROR,
    XQC_TLS_CERT_FLAG_ALLOW_SELF_SIGNED, XQC_TLS_CERT_FLAG_NEED_VERIFY,
};
use super::accept::new_cell;
use super::address::read_address;
use super::cells::{ConnectionCell, EngineCell, EngineHandle, ProtocolKind};
use super::destroy::discard_connection;
use super::dispatch::create_notify;
use super::guard::with_engine;
use super::identifiers::generate_cid;
use super::qlog::observe;
use super::resumption::{key_exchange_groups, Kept};
use super::run::{run_one, Running};
use super::settings::client_terms;
use super::strings::string_bytes;

/// The longest token that a client takes, and hands out.
pub(super) const MAX_TOKEN: usize = 256;

/// The name that goes into SNI when the host gives an empty one, as upstream.
const DEFAULT_SERVER_NAME: &str = "localhost";

/// Connects to a server.
///
/// # Safety
///
/// `engine` is null or a live engine; every other pointer is null or points at what its name and
/// length say; strings are zero-terminated.
#[no_mangle]
pub unsafe extern "C" fn xqc_connect(
    engine: *mut xqc_engine_t,
    conn_settings: *const xqc_conn_settings_t,
    token: *const c_uchar,
    token_len: c_uint,
    server_host: *const c_char,
    no_crypto_flag: c_int,
    conn_ssl_config: *const xqc_conn_ssl_config_t,
    peer_addr: *const sockaddr,
    peer_addrlen: socklen_t,
    alpn: *const c_char,
    user_data: *mut c_void,
) -> *const xqc_cid_t {
    let null = std::ptr::null();
    // SAFETY: the caller vouches for both structs.
    let (settings, ssl) = unsafe { (conn_settings.as_ref(), conn_ssl_config.as_ref()) };
    // SAFETY: the caller vouches for the address.
    let peer = unsafe { read_address(peer_addr, peer_addrlen) };
    // SAFETY: the caller vouches for both strings.
    let (alpn, server_name) = unsafe { (string_bytes(alpn), string_bytes(server_host)) };
    // SAFETY: the caller vouches for the bytes.
    let token = unsafe { token_bytes(token, token_len as usize) };
    let handle: *const EngineHandle = engine.cast();
    // SAFETY: the caller vouches for the handle.
    unsafe {
        with_engine(engine, null, |engine| {
            let Some(ssl) = ssl else {
                log_failure(engine, format_args!("|xqc_conn_ssl_config is NULL|"));
                return null;
            };
            let (Some(settings), Some(peer), Some(alpn), Some(server_name), Some(token)) =
                (settings, peer, alpn, server_name, token)
            else {
                return null;
            };
            let addresses = Addresses { local: None, peer };
            let kept = Kept::read(ssl);
            let no_crypto = no_crypto_flag == 1;
            let wish = Wish {
                settings,
                ssl,
                kept,
                no_crypto,
                server_name,
                alpn,
                token,
                addresses,
                user_data,
            };
            let connection = connect(engine, handle, &wish);
            connection.map_or(null, ConnectionCell::scid)
        })
    }
}

check_prototypes!(xqc_connect);

/// A token of an earlier connection; none for null. `None` if it is too long to be one.
///
/// # Safety
///
/// `token` is null or readable for `len` bytes.
unsafe fn token_bytes<'a>(token: *const c_uchar, len: usize) -> Option<&'a [u8]> {
    if len > MAX_TOKEN {
        return None;
    }
    if token.is_null() {
        return Some(&[]);
    }
    // SAFETY: the caller vouches for the bytes.
    Some(unsafe { std::slice::from_raw_parts(token, len) })
}

/// What the host wants to connect to, and how.
struct Wish<'a> {
    settings: &'a xqc_conn_settings_t,
    ssl: &'a xqc_conn_ssl_config_t,
    kept: Kept<'a>,
    no_crypto: bool,
    server_name: &'a [u8],
    alpn: &'a [u8],
    token: &'a [u8],
    addresses: Addresses,
    user_data: *mut c_void,
}

fn connect<'a>(
    engine: &'a EngineCell,
    handle: *const EngineHandle,
    wish: &Wish<'_>,
) -> Option<&'a ConnectionCell> {
    let protocol = find_protocol(engine, wish.alpn)?;
    let Some(server_name) = server_name(wish.server_name) else {
        log_failure(engine, format_args!("|server name is no text|"));
        return None;
    };
    let terms = client_terms(wish.settings, &engine.server_settings.borrow().settings);
    let scid = client_cid(engine, wish.settings.specify_client_scid, &wish.settings.client_scid)?;
    let dcid = first_dcid(engine, wish.settings)?;
    if engine.doomed.get() || engine.core.borrow().role() != Role::Client {
        return None;
    }
    let config = ClientConfig {
        settings: terms.settings.clone(),
        addresses: wish.addresses,
        controller: terms.settings.controller.make(terms.settings.max_datagram_size),
        scid,
        dcid,
        server_name: Some(server_name),
        alpn: wish.alpn,
        verify: verify_mode(wish.ssl),
        groups: key_exchange_groups(wish.ssl.tls_groups),
        resumption: wish.kept.ticket,
        remembered: wish.kept.remembered.clone(),
        token: wish.token,
        no_crypto: wish.no_crypto,
        // The engine's.
        versions: &[],
    };
    let now = engine.clock.now();
    let made = engine.core.borrow_mut().connect(now, config);
    let key = match made {
        Ok(key) => key,
        Err(refused) => {
            log_failure(engine, format_args!("|fail to create connection|{refused:?}|"));
            return None;
        }
    };
    let mut cell = new_cell(engine, handle, &scid, wish.user_data, &terms);
    cell.key = key;
    let connection = engine.add_connection(cell);
    observe(engine, connection, now);
    connection.choose(&protocol);
    announce(engine, connection)
}

fn find_protocol(engine: &EngineCell, alpn: &[u8]) -> Option<ProtocolKind> {
    let protocols = engine.protocols.borrow();
    let found = protocols.iter().find(|protocol| protocol.alpn == alpn);
    let kind = found.map(|protocol| protocol.kind.clone());
    drop(protocols);
    if kind.is_none() {
        let alpn = String::from_utf8_lossy(alpn);
        log_failure(engine, format_args!("|application protocol is not registered|alpn:{alpn}|"));
    }
    kind
}

/// The name for SNI and certificate; an empty one stands for [`DEFAULT_SERVER_NAME`].
fn server_name(name: &[u8]) -> Option<&str> {
    match name {
        [] => Some(DEFAULT_SERVER_NAME),
        name => std::str::from_utf8(name).ok(),
    }
}

fn log_failure(engine: &EngineCell, message: fmt::Arguments<'_>) {
    engine.log.write(XQC_LOG_ERROR, None, "xqc_connect", message);
}

/// Tells the host of its connection, and sends the first flight.
fn announce<'a>(
    engine: &'a EngineCell,
    connection: &'a ConnectionCell,
) -> Option<&'a ConnectionCell> {
    // The host's calls from inside the callback must not send before it has agreed.
    let running = Running::begin(engine);
    let created = create_notify(engine, connection);
    drop(running);
    if !created {
        discard_connection(engine, connection);
        return None;
    }
    run_one(engine, connection);
    // A callback may have destroyed the engine.
    (!engine.doomed.get()).then_some(connection)
}

/// A connection ID that the host specifies, or a fresh one.
fn client_cid(engine: &EngineCell, specified: u8, bytes: &[u8]) -> Option<ConnectionId> {
    if specified == 1 {
        let len = engine.core.borrow().cid_len();
        return ConnectionId::new(bytes.get(..len)?);
    }
    generate_cid(engine, None).ok()
}

/// The destination of the first Initial. RFC 9000 section 7.2: 8 bytes at least, however long the IDs
/// of this host are.
fn first_dcid(engine: &EngineCell, settings: &xqc_conn_settings_t) -> Option<ConnectionId> {
    if settings.specify_client_dcid == 1 {
        let len = engine.core.borrow().cid_len().max(MIN_FIRST_DCID);
        return ConnectionId::new(settings.client_dcid.get(..len)?);
    }
    let cid = generate_cid(engine, None).ok()?;
    if cid.len() < MIN_FIRST_DCID {
        return Some(engine.core.borrow_mut().random_remote_cid(MIN_FIRST_DCID));
    }
    Some(cid)
}

fn verify_mode(ssl: &xqc_conn_ssl_config_t) -> VerifyMode {
    let flag = ssl.cert_verify_flag;
    if flag & XQC_TLS_CERT_FLAG_NEED_VERIFY.0 as u8 == 0 {
        return VerifyMode::None;
    }
    let self_signed = flag & XQC_TLS_CERT_FLAG_ALLOW_SELF_SIGNED.0 as u8 != 0;
    VerifyMode::Application { allow_self_signed: self_signed }
}
