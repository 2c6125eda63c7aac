//! Names of fields that mean something to HTTP/3 itself.

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

/// The longest name that [`pseudo`] and [`regular`] know.
const LONGEST: usize = "transfer-encoding".len();

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

/// Room for a name in lower case.
#[derive(Debug, Default)]
pub(super) struct Lowered([u8; LONGEST]);

impl Lowered {
    /// `name` in lower case; names that are too long to be known stay as they are.
    pub(super) fn of<'a>(&'a mut self, name: &'a [u8]) -> &'a [u8] {
        match self.0.get_mut(..name.len()) {
            Some(lowered) => {
                lowered.copy_from_slice(name);
                lowered.make_ascii_lowercase();
                lowered
            }
            None => name,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_whatever_their_case_once_lowered() {
        let mut room = Lowered::default();
        assert_eq!(pseudo(room.of(b":Authority")), Some(Pseudo::Authority));
        assert_eq!(regular(room.of(b"Transfer-Encoding")), Regular::ConnectionSpecific);
        assert_eq!(regular(room.of(b"Transfer-Encodings")), Regular::Other);
        assert_eq!(room.of(b"X-A-Name-That-Is-Long"), b"X-A-Name-That-Is-Long");
        assert_eq!((pseudo(b":Path"), regular(b"Host")), (None, Regular::Other));
    }
}
