//! The SSL object and its configuration.

use std::ffi::{c_int, c_void};
use std::net::IpAddr;
use std::ptr::{self, NonNull};

use boring_sys as ffi;

use super::callbacks::SLOT;
use super::context::{push_protocol, Context};
use super::error::{self, c_string, ContextError};
use super::options::ClientAuth;
use super::resumption::StoredSession;
use super::verify::VerifyMode;
use crate::wire::Version;

/// An owned SSL object.
pub(super) struct Ssl(NonNull<ffi::SSL>);

// SAFETY: an SSL object may move between threads; all its uses here go through the session that owns
// it, and `&self` methods of that only read.
unsafe impl Send for Ssl {}

impl Ssl {
    pub(super) fn new(context: &Context) -> Result<Self, ContextError> {
        // SAFETY: the context is valid; the object takes a reference to it.
        let ssl = unsafe { ffi::SSL_new(context.ssl.as_ptr()) };
        let ssl = NonNull::new(ssl).map(Self).ok_or_else(ContextError::unexpected)?;
        // The first use of the slot allocates; later ones cannot fail.
        if !ssl.set_slot(ptr::null_mut()) {
            return Err(ContextError::unexpected());
        }
        Ok(ssl)
    }

    pub(super) const fn as_ptr(&self) -> *mut ffi::SSL {
        self.0.as_ptr()
    }

    pub(super) fn set_slot(&self, pointer: *mut c_void) -> bool {
        // SAFETY: the object is ours and so is the slot.
        unsafe { ffi::SSL_set_ex_data(self.as_ptr(), SLOT, pointer) == 1 }
    }

    pub(super) fn set_transport(
        &self,
        parameters: &[u8],
        version: Version,
    ) -> Result<(), ContextError> {
        // Drafts have the transport parameters under another number than RFC 9001 section 8.2.
        let draft = c_int::from(version == Version::DRAFT_29);
        // SAFETY: the object is ours.
        unsafe { ffi::SSL_set_quic_use_legacy_codepoint(self.as_ptr(), draft) };
        self.set_transport_parameters(parameters)
    }

    /// RFC 9369 section 5: a session of one version is not resumed in another. The server leaves a
    /// ticket alone that has another context in it; so a client that was not asked for its
    /// certificate cannot come back to where one is asked for.
    pub(super) fn bind_sessions(
        &self,
        version: Version,
        auth: ClientAuth,
    ) -> Result<(), ContextError> {
        let asked = match auth {
            ClientAuth::None => &b""[..],
            ClientAuth::Optional => b"+optional",
            ClientAuth::Required => b"+required",
        };
        let context = [session_context(version), asked].concat();
        // SAFETY: the object is ours; the bytes are copied.
        let ok = unsafe {
            let (data, len) = (context.as_ptr(), context.len());
            ffi::SSL_set_session_id_context(self.as_ptr(), data, len)
        };
        check(ok)
    }

    pub(super) fn set_transport_parameters(&self, encoded: &[u8]) -> Result<(), ContextError> {
        // SAFETY: the object is ours; the bytes are copied.
        let ok = unsafe {
            let len = encoded.len();
            ffi::SSL_set_quic_transport_params(self.as_ptr(), encoded.as_ptr(), len)
        };
        check(ok)
    }

    pub(super) fn set_alpn(&self, protocol: &[u8]) -> Result<(), ContextError> {
        let mut list = Vec::new();
        push_protocol(&mut list, protocol)?;
        // SAFETY: the object is ours; the bytes are copied. This function returns zero on success.
        let failed = unsafe { ffi::SSL_set_alpn_protos(self.as_ptr(), list.as_ptr(), list.len()) };
        if failed == 0 {
            Ok(())
        } else {
            Err(ContextError::Alpn)
        }
    }

    /// Sets the name that is sent, and the one to be found in the certificate. An address is sent
    /// too, against RFC 6066 section 3: servers of the original library refuse a client without a
    /// name.
    pub(super) fn set_server_name(
        &self,
        name: Option<&str>,
        verify: VerifyMode,
    ) -> Result<(), ContextError> {
        let Some(name) = name.filter(|name| !name.is_empty()) else {
            return if verify.needs_server_name() {
                Err(ContextError::NoServerName)
            } else {
                Ok(())
            };
        };
        let text = c_string(name).ok_or(ContextError::ServerName)?;
        // SAFETY: the object is ours, and its parameters are part of it; strings are copied.
        let ok = unsafe {
            let param = ffi::SSL_get0_param(self.as_ptr());
            let checked = if name.parse::<IpAddr>().is_ok() {
                ffi::X509_VERIFY_PARAM_set1_ip_asc(param, text.as_ptr())
            } else {
                ffi::X509_VERIFY_PARAM_set1_host(param, text.as_ptr(), name.len())
            };
            checked == 1 && ffi::SSL_set_tlsext_host_name(self.as_ptr(), text.as_ptr()) == 1
        };
        error::clear();
        if ok {
            Ok(())
        } else {
            Err(ContextError::ServerName)
        }
    }

    pub(super) fn set_groups(&self, groups: &str) -> Result<(), ContextError> {
        let unknown = || ContextError::Groups(groups.to_owned());
        let list = c_string(groups).ok_or_else(unknown)?;
        // SAFETY: the object is ours; the string is copied.
        let ok = unsafe { ffi::SSL_set1_curves_list(self.as_ptr(), list.as_ptr()) };
        error::clear();
        if ok == 1 {
            Ok(())
        } else {
            Err(unknown())
        }
    }

    /// Offers `session`, unless it is of another version of QUIC than `version`.
    pub(super) fn resume(&self, session: &StoredSession, version: Version, early_data: bool) {
        if session.context() != session_context(version) {
            return;
        }
        // SAFETY: the object is ours; it takes a reference to the session.
        unsafe {
            ffi::SSL_set_session(self.as_ptr(), session.as_ptr());
            ffi::SSL_set_early_data_enabled(self.as_ptr(), c_int::from(early_data));
        }
    }

    pub(super) fn accept_early_data(&self, context: &[u8]) -> Result<(), ContextError> {
        // SAFETY: the object is ours; the bytes are copied.
        let ok = unsafe {
            ffi::SSL_set_early_data_enabled(self.as_ptr(), 1);
            let (data, len) = (context.as_ptr(), context.len());
            ffi::SSL_set_quic_early_data_context(self.as_ptr(), data, len)
        };
        check(ok)
    }
}

impl Drop for Ssl {
    fn drop(&mut self) {
        // SAFETY: the reference is ours and is given back once.
        unsafe { ffi::SSL_free(self.as_ptr()) };
    }
}

/// What marks the sessions of `version`. Those of version 1 carry no mark, so that tickets which the
/// original library made are still good.
const fn session_context(version: Version) -> &'static [u8] {
    match version {
        Version::V1 => b"",
        Version::V2 => b"quicv2",
        _ => b"draft-29",
    }
}

fn check(ok: c_int) -> Result<(), ContextError> {
    if ok == 1 {
        Ok(())
    } else {
        Err(ContextError::unexpected())
    }
}
