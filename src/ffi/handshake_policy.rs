//! What a host decides of handshakes beyond what the original library lets it: certificates of
//! clients, early data, packets without protection.

use libc::{c_char, c_int};

use crate::connection::Connection;
use crate::tls::{ClientAuth, ServerPolicy};
use crate::wire::Role;

use super::abi::prototypes::check_prototypes;
use super::abi::{
    xqc_bool_t, xqc_connection_t, xqc_engine_t, xqc_ext_client_auth_t, xqc_int_t, XQC_EPARAM,
    XQC_ESTATE, XQC_EXT_CLIENT_AUTH_NONE, XQC_EXT_CLIENT_AUTH_OPTIONAL,
    XQC_EXT_CLIENT_AUTH_REQUIRED, XQC_FALSE, XQC_LOG_ERROR, XQC_OK, XQC_TRUE,
};
use super::cells::EngineCell;
use super::guard::{with_connection, with_engine};
use super::strings::text;

/// Changes the policy of a server's engine.
///
/// # Safety
///
/// `engine` is null or a live engine.
unsafe fn change(engine: *mut xqc_engine_t, change: impl FnOnce(&mut ServerPolicy)) -> xqc_int_t {
    // SAFETY: the caller vouches for the handle.
    unsafe {
        with_engine(engine, -XQC_EPARAM, |engine| {
            if engine.core.borrow().role() != Role::Server {
                return -XQC_ESTATE;
            }
            let mut policy = engine.policy.get();
            change(&mut policy);
            engine.policy.set(policy);
            XQC_OK
        })
    }
}

/// Whether a server asks later connections for a client's certificate.
///
/// # Safety
///
/// `engine` is null or a live engine.
#[no_mangle]
pub unsafe extern "C" fn xqc_ext_set_client_auth(
    engine: *mut xqc_engine_t,
    client_auth: xqc_ext_client_auth_t,
) -> xqc_int_t {
    let client_auth = match client_auth {
        XQC_EXT_CLIENT_AUTH_NONE => ClientAuth::None,
        XQC_EXT_CLIENT_AUTH_OPTIONAL => ClientAuth::Optional,
        XQC_EXT_CLIENT_AUTH_REQUIRED => ClientAuth::Required,
        _ => return -XQC_EPARAM,
    };
    // SAFETY: the caller vouches for the handle.
    unsafe { change(engine, |policy| policy.client_auth = client_auth) }
}

/// Whether a server takes 0-RTT on later connections.
///
/// # Safety
///
/// `engine` is null or a live engine.
#[no_mangle]
pub unsafe extern "C" fn xqc_ext_set_early_data(
    engine: *mut xqc_engine_t,
    accept: c_int,
) -> xqc_int_t {
    // SAFETY: the caller vouches for the handle.
    unsafe { change(engine, |policy| policy.refuse_early_data = accept == 0) }
}

/// Whether what is read from streams now may be a replay.
///
/// # Safety
///
/// `conn` is null or a live connection.
#[no_mangle]
pub unsafe extern "C" fn xqc_ext_conn_may_be_replayed(conn: *mut xqc_connection_t) -> xqc_bool_t {
    // SAFETY: the caller vouches for the handle.
    unsafe {
        with_connection(conn, XQC_FALSE, |engine, connection| {
            let core = engine.core.borrow();
            match core.connection(connection.key).is_some_and(Connection::may_be_replayed) {
                true => XQC_TRUE,
                false => XQC_FALSE,
            }
        })
    }
}

/// Whether a server turns away clients without packet protection on later connections.
///
/// # Safety
///
/// `engine` is null or a live engine.
#[no_mangle]
pub unsafe extern "C" fn xqc_ext_refuse_no_crypto(
    engine: *mut xqc_engine_t,
    refuse: c_int,
) -> xqc_int_t {
    // SAFETY: the caller vouches for the handle.
    unsafe { change(engine, |policy| policy.refuse_no_crypto = refuse != 0) }
}

/// The certificate that a client shows to servers that ask for one.
///
/// # Safety
///
/// `engine` is null or a live engine; both strings are null or zero-terminated.
#[no_mangle]
pub unsafe extern "C" fn xqc_ext_set_client_certificate(
    engine: *mut xqc_engine_t,
    cert_file: *const c_char,
    private_key_file: *const c_char,
) -> xqc_int_t {
    // SAFETY: the caller vouches for both strings.
    let (certificate, key) = unsafe { (text(cert_file), text(private_key_file)) };
    let (Some(certificate), Some(key)) = (certificate, key) else { return -XQC_EPARAM };
    // SAFETY: the caller vouches for the handle.
    unsafe {
        with_engine(engine, -XQC_EPARAM, |engine| {
            if engine.core.borrow().role() != Role::Client {
                return -XQC_ESTATE;
            }
            load_certificate(engine, certificate, key)
        })
    }
}

fn load_certificate(engine: &EngineCell, certificate: &str, key: &str) -> xqc_int_t {
    let loaded = engine.core.borrow_mut().tls_mut().set_certificate(certificate, key);
    if let Err(error) = loaded {
        let function = "xqc_ext_set_client_certificate";
        engine.log.write(XQC_LOG_ERROR, None, function, format_args!("|{error}|"));
        return -XQC_EPARAM;
    }
    XQC_OK
}

check_prototypes!(
    xqc_ext_set_client_auth,
    xqc_ext_set_early_data,
    xqc_ext_conn_may_be_replayed,
    xqc_ext_refuse_no_crypto,
    xqc_ext_set_client_certificate,
);
