//! Names of fields that mean something to HTTP/3 itself.

use super::words;

/// The pseudo-fields (RFC 9114 section 4.3, RFC 8441 section 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pseudo {
    Method,
    Scheme,
    Authority,
    Path,
    Protocol,
    Status,
}

/// How many pseudo-fields there are.
pub(super) const PSEUDO_FIELDS: usize = 6;

/// A regular name that the checks look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Regular {
    Host,
    ContentLength,
    Cookie,
    Priority,
    Te,
    /// `connection` or `upgrade`, which hosts that relay WebSocket upgrades may want.
    Upgrade,
    /// Another field of RFC 9114 section 4.2 that speaks of the connection.
    ConnectionSpecific,
    Other,
}

/// Which pseudo-field `name` is, in lower case.
#[inline]
pub(super) fn pseudo(name: &[u8]) -> Option<Pseudo> {
    match name {
        b":method" => Some(Pseudo::Method),
        b":scheme" => Some(Pseudo::Scheme),
        b":authority" => Some(Pseudo::Authority),
        b":path" => Some(Pseudo::Path),
        b":protocol" => Some(Pseudo::Protocol),
        b":status" => Some(Pseudo::Status),
        _ => None,
    }
}

/// What `name`, in lower case, means to the checks.
#[inline]
pub(super) fn regular(name: &[u8]) -> Regular {
    match name {
        b"host" => Regular::Host,
        b"content-length" => Regular::ContentLength,
        b"cookie" => Regular::Cookie,
        b"priority" => Regular::Priority,
        b"te" => Regular::Te,
        b"connection" | b"upgrade" => Regular::Upgrade,
        b"keep-alive" | b"proxy-connection" | b"transfer-encoding" => Regular::ConnectionSpecific,
        _ => Regular::Other,
    }
}

/// True if a name has to be lowered before it is sent (RFC 9114 section 4.2).
#[inline]
pub fn needs_lowering(name: &[u8]) -> bool {
    words::any(name, words::has_upper_case, |name| name.iter().any(u8::is_ascii_uppercase))
}

/// Appends `name` in lower case.
pub fn lower_case_into(name: &[u8], out: &mut Vec<u8>) {
    let begin = out.len();
    out.extend_from_slice(name);
    out[begin..].make_ascii_lowercase();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_in_lower_case() {
        assert_eq!(pseudo(b":authority"), Some(Pseudo::Authority));
        assert_eq!(regular(b"transfer-encoding"), Regular::ConnectionSpecific);
        assert_eq!((pseudo(b":Path"), regular(b"Host")), (None, Regular::Other));
    }

    #[test]
    fn names_are_lowered() {
        let mut out = b"X".to_vec();
        lower_case_into(b"Content-Type", &mut out);
        assert_eq!(out, b"Xcontent-type");
        assert!(needs_lowering(b"a-B") && !needs_lowering(b"a-b"));
    }
}
