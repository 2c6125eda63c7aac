//! Sessions as the application keeps them, in the PEM form of "SSL SESSION PARAMETERS".

use std::ptr::NonNull;

use boring_sys as ffi;

use super::error;

/// An owned SSL_SESSION.
pub(super) struct StoredSession(NonNull<ffi::SSL_SESSION>);

impl StoredSession {
    /// Reads what [`to_pem`] wrote; `None` if it is nothing of the kind.
    pub(super) fn from_pem(pem: &[u8]) -> Option<Self> {
        let len = isize::try_from(pem.len()).ok()?;
        // SAFETY: the memory outlives the BIO, which only reads it.
        let bio = Bio::new(unsafe { ffi::BIO_new_mem_buf(pem.as_ptr().cast(), len) })?;
        let (out, argument) = (std::ptr::null_mut(), std::ptr::null_mut());
        // SAFETY: the BIO is ours; no old session, password callback or argument is given.
        let session = unsafe { ffi::PEM_read_bio_SSL_SESSION(bio.as_ptr(), out, None, argument) };
        error::clear();
        NonNull::new(session).map(Self)
    }

    pub(super) fn as_ptr(&self) -> *mut ffi::SSL_SESSION {
        self.0.as_ptr()
    }

    /// The context the session was made in.
    pub(super) fn context(&self) -> &[u8] {
        let mut len = 0;
        // SAFETY: the session is ours; the bytes are part of it and it does not change.
        unsafe {
            let data = ffi::SSL_SESSION_get0_id_context(self.as_ptr(), &mut len);
            if len == 0 {
                return &[];
            }
            std::slice::from_raw_parts(data, len as usize)
        }
    }
}

impl Drop for StoredSession {
    fn drop(&mut self) {
        // SAFETY: the reference is ours and is given back once.
        unsafe { ffi::SSL_SESSION_free(self.0.as_ptr()) };
    }
}

/// Writes a session to be resumed later.
///
/// # Safety
///
/// `session` is valid.
pub(super) unsafe fn to_pem(session: *const ffi::SSL_SESSION) -> Option<Vec<u8>> {
    // SAFETY: the method table is static.
    let bio = Bio::new(unsafe { ffi::BIO_new(ffi::BIO_s_mem()) })?;
    let (mut data, mut len) = (std::ptr::null(), 0);
    // SAFETY: the BIO is ours, the caller vouches for the session; the contents belong to the BIO
    // and are copied before it goes.
    unsafe {
        if ffi::PEM_write_bio_SSL_SESSION(bio.as_ptr(), session) != 1
            || ffi::BIO_mem_contents(bio.as_ptr(), &mut data, &mut len) != 1
            || len == 0
        {
            return None;
        }
        Some(std::slice::from_raw_parts(data, len).to_vec())
    }
}

struct Bio(NonNull<ffi::BIO>);

impl Bio {
    fn new(bio: *mut ffi::BIO) -> Option<Self> {
        NonNull::new(bio).map(Self)
    }

    fn as_ptr(&self) -> *mut ffi::BIO {
        self.0.as_ptr()
    }
}

impl Drop for Bio {
    fn drop(&mut self) {
        // SAFETY: the object is ours and freed once.
        unsafe { ffi::BIO_free(self.0.as_ptr()) };
    }
}
