//! Connections of a client.

use libc::{c_char, c_int, c_uchar, c_uint, c_void, sockaddr, socklen_t};

use crate::connection::ClientConfig;
use crate::path::Addresses;
use crate::tls::VerifyMode;
use crate::wire::ConnectionId;

use super::abi::{
    xqc_cid_t, xqc_conn_settings_t, xqc_conn_ssl_config_t, xqc_engine_t, XQC_LOG_ERROR,
    XQC_TLS_CERT_FLAG_ALLOW_SELF_SIGNED, XQC_TLS_CERT_FLAG_NEED_VERIFY,
};
use super::address::read_address;
use super::cells::{ConnectionCell, EngineCell, EngineHandle, Grave, Known};
use super::dispatch::create_notify;
use super::engine::{text, MAX_ALPN_LEN};
use super::guard::with_engine;
use super::identifiers::generate_cid;
use super::receive::add_connection;
use super::run::{run_one, Running};
use super::settings::terms;

/// The longest token a client takes.
const MAX_TOKEN: usize = 256;

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
    _no_crypto_flag: c_int,
    conn_ssl_config: *const xqc_conn_ssl_config_t,
    peer_addr: *const sockaddr,
    peer_addrlen: socklen_t,
    alpn: *const c_char,
    user_data: *mut c_void,
) -> *const xqc_cid_t {
    let null = std::ptr::null();
    // SAFETY: the caller vouches for the pointers.
    let (settings, ssl, peer) = unsafe {
        (conn_settings.as_ref(), conn_ssl_config.as_ref(), read_address(peer_addr, peer_addrlen))
    };
    let (Some(settings), Some(ssl), Some(peer), Some(alpn)) = (settings, ssl, peer, text(alpn))
    else {
        return null;
    };
    let token_len = token_len as usize;
    if alpn.len() > MAX_ALPN_LEN || token_len > MAX_TOKEN || server_host.is_null() {
        return null;
    }
    let token = match token.is_null() {
        true => &[][..],
        // SAFETY: the caller vouches for the bytes.
        false => unsafe { std::slice::from_raw_parts(token, token_len) },
    };
    let wish = Wish {
        settings,
        ssl,
        server_name: text(server_host).unwrap_or(DEFAULT_SERVER_NAME),
        alpn,
        token,
        addresses: Addresses { local: None, peer },
        user_data,
    };
    let handle: *const EngineHandle = engine.cast();
    // SAFETY: the caller vouches for the handle.
    unsafe {
        with_engine(engine, null, |engine| {
            connect(engine, handle, &wish).map_or(null, ConnectionCell::scid)
        })
    }
}

/// What the host wants to connect to, and how.
struct Wish<'a> {
    settings: &'a xqc_conn_settings_t,
    ssl: &'a xqc_conn_ssl_config_t,
    server_name: &'a str,
    alpn: &'a str,
    token: &'a [u8],
    addresses: Addresses,
    user_data: *mut c_void,
}

fn connect<'a>(
    engine: &'a EngineCell,
    handle: *const EngineHandle,
    wish: &Wish<'_>,
) -> Option<&'a ConnectionCell> {
    let protocol = {
        let protocols = engine.protocols.borrow();
        let found = protocols.iter().find(|protocol| protocol.alpn == wish.alpn.as_bytes());
        found.map(|protocol| protocol.callbacks.clone())
    };
    if protocol.is_none() {
        let function = "xqc_connect";
        let alpn = wish.alpn;
        engine.log.write(
            XQC_LOG_ERROR,
            None,
            function,
            format_args!("|application protocol is not registered|alpn:{alpn}|"),
        );
        return None;
    }
    let role = engine.core.borrow().role();
    let terms = terms(wish.settings, role);
    let scid = client_cid(engine, wish.settings.specify_client_scid, &wish.settings.client_scid)?;
    let dcid = client_cid(engine, wish.settings.specify_client_dcid, &wish.settings.client_dcid)?;
    let now = engine.clock.now();
    let config = ClientConfig {
        settings: terms.settings.clone(),
        addresses: wish.addresses,
        controller: terms.congestion.controller(terms.settings.max_datagram_size),
        scid,
        dcid,
        server_name: Some(wish.server_name),
        alpn: wish.alpn.as_bytes(),
        verify: verify_mode(wish.ssl),
        resumption: None,
        token: wish.token,
    };
    let made = engine.core.borrow_mut().connect(now, config);
    let key = match made {
        Ok(key) => key,
        Err(refused) => {
            let function = "xqc_connect";
            let message = format_args!("|fail to create connection|{refused:?}|");
            engine.log.write(XQC_LOG_ERROR, None, function, message);
            return None;
        }
    };
    let connection = add_connection(engine, handle, key, &scid, wish.user_data, &terms);
    *connection.protocol.borrow_mut() = protocol;
    announce(engine, connection)
}

/// Tells the host of its connection, and sends the first flight.
fn announce<'a>(
    engine: &'a EngineCell,
    connection: &'a ConnectionCell,
) -> Option<&'a ConnectionCell> {
    // The host's calls from inside the callback must not send before it has agreed.
    let running = Running::begin(engine);
    let created = create_notify(connection);
    drop(running);
    if !created {
        let key = connection.key;
        engine.core.borrow_mut().remove(key);
        if let Some(slot) = engine.connections.borrow_mut().get_mut(key.index() as usize) {
            if let Some(cell) = slot.take() {
                engine.bury(Grave::Connection(cell));
            }
        }
        return None;
    }
    connection.known.set(Known::Created);
    run_one(engine, connection);
    Some(connection)
}

/// A connection ID that the host specifies, or a fresh one.
fn client_cid(engine: &EngineCell, specified: u8, bytes: &[u8]) -> Option<ConnectionId> {
    if specified != 0 {
        let len = engine.core.borrow().cid_len();
        return ConnectionId::new(bytes.get(..len)?);
    }
    generate_cid(engine, None).ok()
}

fn verify_mode(ssl: &xqc_conn_ssl_config_t) -> VerifyMode {
    let flag = ssl.cert_verify_flag;
    if flag & XQC_TLS_CERT_FLAG_NEED_VERIFY.0 as u8 == 0 {
        return VerifyMode::None;
    }
    let self_signed = flag & XQC_TLS_CERT_FLAG_ALLOW_SELF_SIGNED.0 as u8 != 0;
    VerifyMode::Application { allow_self_signed: self_signed }
}
