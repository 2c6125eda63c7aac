//! HKDF as TLS 1.3 uses it (RFC 5869, RFC 8446 section 7.1).

use boring_sys as ffi;

use super::algorithm::Digest;

/// What every label of TLS 1.3 starts with.
const PREFIX: &[u8] = b"tls13 ";

/// The longest label used here, prefix included.
const MAX_LABEL: usize = 32;

/// HKDF-Extract with SHA-256, the hash of Initial secrets.
pub fn extract(salt: &[u8], key_material: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    let mut len = out.len();
    // SAFETY: SHA-256 writes 32 bytes, the size of `out`; the inputs are slices with their lengths.
    let ok = unsafe {
        ffi::HKDF_extract(
            out.as_mut_ptr(),
            &mut len,
            Digest::Sha256.evp(),
            key_material.as_ptr(),
            key_material.len(),
            salt.as_ptr(),
            salt.len(),
        )
    };
    assert!(ok == 1 && len == out.len(), "HKDF-Extract fails only without memory");
    out
}

/// HKDF-Expand-Label with an empty context; fills `out`.
pub(super) fn expand_label(digest: Digest, secret: &[u8], label: &[u8], out: &mut [u8]) {
    let mut buffer = [0; 2 + 1 + MAX_LABEL + 1];
    let info = info(&mut buffer, label, out.len());
    // SAFETY: all pointers come from slices with their lengths, `out` is exclusively borrowed.
    let ok = unsafe {
        ffi::HKDF_expand(
            out.as_mut_ptr(),
            out.len(),
            digest.evp(),
            secret.as_ptr(),
            secret.len(),
            info.as_ptr(),
            info.len(),
        )
    };
    assert!(ok == 1, "HKDF-Expand fails only without memory");
}

/// The HkdfLabel structure of RFC 8446 section 7.1, its last byte the length of no context.
fn info<'a>(buffer: &'a mut [u8], label: &[u8], out_len: usize) -> &'a [u8] {
    let label_len = PREFIX.len() + label.len();
    debug_assert!(label_len <= MAX_LABEL && out_len <= usize::from(u8::MAX));
    let end = 3 + label_len + 1;
    buffer[1] = out_len as u8;
    buffer[2] = label_len as u8;
    buffer[3..3 + PREFIX.len()].copy_from_slice(PREFIX);
    buffer[3 + PREFIX.len()..end - 1].copy_from_slice(label);
    &buffer[..end]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::testing::hex;

    #[test]
    fn labels_are_encoded_as_in_rfc_9001_appendix_a_1() {
        let cases: [(&[u8], usize, &str); 5] = [
            (b"client in", 32, "00200f746c73313320636c69656e7420696e00"),
            (b"server in", 32, "00200f746c7331332073657276657220696e00"),
            (b"quic key", 16, "00100e746c7331332071756963206b657900"),
            (b"quic iv", 12, "000c0d746c733133207175696320697600"),
            (b"quic hp", 16, "00100d746c733133207175696320687000"),
        ];
        for (label, len, expected) in cases {
            assert_eq!(info(&mut [0; 36], label, len), hex(expected));
        }
    }

    #[test]
    fn labels_of_version_2_are_encoded_as_in_rfc_9369_appendix_a_1() {
        let encoded = hex("001010746c73313320717569637632206b657900");
        assert_eq!(info(&mut [0; 36], b"quicv2 key", 16), encoded);
    }
}
