//! HTTP/3 connections of a client.

use std::ffi::CStr;

use libc::{c_char, c_int, c_uchar, c_uint, c_void, sockaddr, socklen_t};

use crate::ffi::abi::prototypes::check_prototypes;
use crate::ffi::abi::{
    xqc_cid_t, xqc_conn_settings_t, xqc_conn_ssl_config_t, xqc_engine_t, xqc_proto_version_t,
    XQC_DEFINED_ALPN_H3, XQC_DEFINED_ALPN_H3_29, XQC_EXT_VERSION_V2, XQC_IDRAFT_VER_29,
    XQC_LOG_ERROR, XQC_VERSION_V1,
};
use crate::ffi::connect::xqc_connect;
use crate::ffi::guard::with_engine;

/// Connects to a server.
///
/// # Safety
///
/// As [`xqc_connect`].
#[no_mangle]
pub unsafe extern "C" fn xqc_h3_connect(
    engine: *mut xqc_engine_t,
    conn_settings: *const xqc_conn_settings_t,
    token: *const c_uchar,
    token_len: c_uint,
    server_host: *const c_char,
    no_crypto_flag: c_int,
    conn_ssl_config: *const xqc_conn_ssl_config_t,
    peer_addr: *const sockaddr,
    peer_addrlen: socklen_t,
    user_data: *mut c_void,
) -> *const xqc_cid_t {
    // SAFETY: the caller vouches for the settings.
    let settings = unsafe { conn_settings.as_ref() };
    let alpn = settings.and_then(|settings| alpn_of(settings.proto_version));
    // SAFETY: the caller vouches for everything.
    unsafe {
        // Around all of it: a host that destroys the engine in a callback frees it when this
        // returns, not before the log was written.
        with_engine(engine, std::ptr::null(), |cell| {
            let cid = alpn.map_or(std::ptr::null(), |alpn| {
                xqc_connect(
                    engine,
                    conn_settings,
                    token,
                    token_len,
                    server_host,
                    no_crypto_flag,
                    conn_ssl_config,
                    peer_addr,
                    peer_addrlen,
                    alpn.as_ptr(),
                    user_data,
                )
            });
            if cid.is_null() {
                let message = format_args!("|xqc_client_connect error|");
                cell.log.write(XQC_LOG_ERROR, None, "xqc_h3_connect", message);
            }
            cid
        })
    }
}

/// The name of HTTP/3 over a version of QUIC.
fn alpn_of(version: xqc_proto_version_t) -> Option<&'static CStr> {
    match version {
        XQC_VERSION_V1 | xqc_proto_version_t(XQC_EXT_VERSION_V2) => Some(XQC_DEFINED_ALPN_H3),
        XQC_IDRAFT_VER_29 => Some(XQC_DEFINED_ALPN_H3_29),
        _ => None,
    }
}

check_prototypes!(xqc_h3_connect);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ffi::abi::XQC_IDRAFT_INIT_VER;

    #[test]
    fn the_name_follows_from_the_version() {
        assert_eq!(alpn_of(XQC_VERSION_V1), Some(c"h3"));
        assert_eq!(alpn_of(XQC_IDRAFT_VER_29), Some(c"h3-29"));
        assert_eq!(alpn_of(xqc_proto_version_t(XQC_EXT_VERSION_V2)), Some(c"h3"));
        assert_eq!(alpn_of(XQC_IDRAFT_INIT_VER), None);
        assert_eq!(alpn_of(xqc_proto_version_t(99)), None);
    }
}
