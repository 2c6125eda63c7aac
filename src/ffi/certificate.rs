//! Certificates and handshake messages: what the host judges, chooses and looks at while a TLS
//! handshake goes on.

use std::ffi::CString;

use libc::{c_int, c_uchar, c_void};

use crate::connection::Connection;
use crate::error::TransportError;
use crate::time::Instant;
use crate::tls::MessageKind;

use super::abi::{xqc_conn_cert_cb_pt, XQC_OK, XQC_TLS_1_3_CLIENT_HELLO, XQC_TLS_1_3_SERVER_HELLO};
use super::cells::{ConnectionCell, EngineCell};

/// Asks the host whether it trusts the peer's certificate.
pub(super) fn verify_certificate(
    engine: &EngineCell,
    connection: &ConnectionCell,
    chain: &[Vec<u8>],
    now: Instant,
) {
    // Without a callback nobody takes the responsibility for a certificate that did not verify.
    let accepted = engine.transport.cert_verify_cb.is_some_and(|verify| {
        let mut certificates: Vec<*const c_uchar> = chain.iter().map(Vec::as_ptr).collect();
        let lens: Vec<usize> = chain.iter().map(Vec::len).collect();
        let user_data = connection.user_data.get();
        // SAFETY: the host gave this function; both arrays have as many entries as said and are
        // good for the call.
        unsafe { verify(certificates.as_mut_ptr(), lens.as_ptr(), chain.len(), user_data) == 0 }
    });
    if let Some(core) = engine.core.borrow_mut().connection_mut(connection.key) {
        core.certificate_verified(now, accepted);
    }
}

/// Asks the host for the certificate that goes with a server name.
pub(super) fn choose_certificate(
    engine: &EngineCell,
    connection: &ConnectionCell,
    server_name: Vec<u8>,
    now: Instant,
) {
    // The host may just have refused the connection.
    let open = is_open(engine, connection);
    let callback = engine.transport.conn_cert_cb.filter(|_| open);
    let choice = callback.and_then(|_| ask(engine.transport.conn_cert_cb, connection, server_name));
    let mut core = engine.core.borrow_mut();
    let Some(core) = core.connection_mut(connection.key) else { return };
    if let Some(choice) = choice {
        // SAFETY: the host's objects, which it keeps until after this call.
        if let Err(error) = unsafe { choice.install(core) } {
            core.close_on_error(now, error);
            return;
        }
    }
    core.certificate_chosen(now);
}

fn is_open(engine: &EngineCell, connection: &ConnectionCell) -> bool {
    let core = engine.core.borrow();
    core.connection(connection.key).is_some_and(|core| core.state().is_open())
}

/// A certificate of the host.
struct Choice {
    chain: *mut c_void,
    leaf: *mut c_void,
    key: *mut c_void,
}

impl Choice {
    /// # Safety
    ///
    /// The pointers are null or point at objects of the BoringSSL that is linked here.
    unsafe fn install(&self, core: &mut Connection) -> Result<(), TransportError> {
        // SAFETY: the caller vouches for the objects.
        unsafe { core.tls_mut().use_certificate(self.leaf, self.chain, self.key) }
    }
}

/// The host's certificate; `None` if it has none, in which case the configured one serves.
fn ask(
    callback: xqc_conn_cert_cb_pt,
    connection: &ConnectionCell,
    server_name: Vec<u8>,
) -> Option<Choice> {
    let callback = callback?;
    let server_name = CString::new(server_name).ok()?;
    let none = std::ptr::null_mut();
    let mut choice = Choice { chain: none, leaf: none, key: none };
    let Choice { chain, leaf, key } = &mut choice;
    let user_data = connection.user_data.get();
    // SAFETY: the host gave this function; the name and the places for the answer are good for the
    // call.
    let result = unsafe { callback(server_name.as_ptr(), chain, leaf, key, user_data) };
    let chosen = result == XQC_OK && !choice.leaf.is_null() && !choice.key.is_null();
    chosen.then_some(choice)
}

/// Shows the host a handshake message.
pub(super) fn show_message(
    engine: &EngineCell,
    connection: &ConnectionCell,
    kind: MessageKind,
    bytes: &[u8],
) {
    let Some(show) = engine.transport.conn_ssl_msg_cb else { return };
    let kind = match kind {
        MessageKind::ClientHello => XQC_TLS_1_3_CLIENT_HELLO,
        MessageKind::ServerHello => XQC_TLS_1_3_SERVER_HELLO,
    };
    // SAFETY: the host gave this function; the bytes are good for the call.
    unsafe {
        show(kind.0 as c_int, bytes.as_ptr().cast(), bytes.len(), connection.user_data.get());
    }
}
