//! An identity as a C host holds it.

use boring_sys as ffi;

use super::identity::Identity;

/// Objects of BoringSSL, freed when dropped.
pub(in crate::tls) struct RawIdentity {
    pub(in crate::tls) leaf: *mut ffi::X509,
    pub(in crate::tls) key: *mut ffi::EVP_PKEY,
    /// A `STACK_OF(X509)`.
    pub(in crate::tls) chain: *mut ffi::OPENSSL_STACK,
}

impl RawIdentity {
    pub(in crate::tls) fn new(identity: &Identity) -> Self {
        let key = identity.key.private_key_to_der().unwrap();
        // SAFETY: pointers and lengths belong to vectors that outlive the calls; the stack takes
        // over what is pushed.
        unsafe {
            let chain = ffi::OPENSSL_sk_new_null();
            for issuer in &identity.chain {
                ffi::OPENSSL_sk_push(chain, x509(&issuer.to_der().unwrap()).cast());
            }
            let mut at = key.as_ptr();
            let key = ffi::d2i_AutoPrivateKey(std::ptr::null_mut(), &mut at, key.len() as _);
            assert!(!key.is_null());
            Self { leaf: x509(&identity.certificate.to_der().unwrap()), key, chain }
        }
    }

    /// The first certificate of the chain.
    pub(in crate::tls) fn issuer(&self) -> *mut ffi::X509 {
        // SAFETY: the stack holds certificates.
        unsafe { ffi::OPENSSL_sk_value(self.chain, 0).cast() }
    }
}

impl Drop for RawIdentity {
    fn drop(&mut self) {
        // SAFETY: the objects are ours and freed once.
        unsafe {
            ffi::X509_free(self.leaf);
            ffi::EVP_PKEY_free(self.key);
            while ffi::OPENSSL_sk_num(self.chain) > 0 {
                ffi::X509_free(ffi::OPENSSL_sk_pop(self.chain).cast());
            }
            ffi::OPENSSL_sk_free(self.chain);
        }
    }
}

fn x509(der: &[u8]) -> *mut ffi::X509 {
    let mut at = der.as_ptr();
    // SAFETY: pointer and length belong to one slice.
    let x509 = unsafe { ffi::d2i_X509(std::ptr::null_mut(), &mut at, der.len() as _) };
    assert!(!x509.is_null());
    x509
}
