//! The static table (RFC 9204 appendix A).

/// The entries, by index.
pub const STATIC_TABLE: [(&[u8], &[u8]); 99] = [
    (b":authority", b""),
    (b":path", b"/"),
    (b"age", b"0"),
    (b"content-disposition", b""),
    (b"content-length", b"0"),
    (b"cookie", b""),
    (b"date", b""),
    (b"etag", b""),
    (b"if-modified-since", b""),
    (b"if-none-match", b""),
    (b"last-modified", b""),
    (b"link", b""),
    (b"location", b""),
    (b"referer", b""),
    (b"set-cookie", b""),
    (b":method", b"CONNECT"),
    (b":method", b"DELETE"),
    (b":method", b"GET"),
    (b":method", b"HEAD"),
    (b":method", b"OPTIONS"),
    (b":method", b"POST"),
    (b":method", b"PUT"),
    (b":scheme", b"http"),
    (b":scheme", b"https"),
    (b":status", b"103"),
    (b":status", b"200"),
    (b":status", b"304"),
    (b":status", b"404"),
    (b":status", b"503"),
    (b"accept", b"*/*"),
    (b"accept", b"application/dns-message"),
    (b"accept-encoding", b"gzip, deflate, br"),
    (b"accept-ranges", b"bytes"),
    (b"access-control-allow-headers", b"cache-control"),
    (b"access-control-allow-headers", b"content-type"),
    (b"access-control-allow-origin", b"*"),
    (b"cache-control", b"max-age=0"),
    (b"cache-control", b"max-age=2592000"),
    (b"cache-control", b"max-age=604800"),
    (b"cache-control", b"no-cache"),
    (b"cache-control", b"no-store"),
    (b"cache-control", b"public, max-age=31536000"),
    (b"content-encoding", b"br"),
    (b"content-encoding", b"gzip"),
    (b"content-type", b"application/dns-message"),
    (b"content-type", b"application/javascript"),
    (b"content-type", b"application/json"),
    (b"content-type", b"application/x-www-form-urlencoded"),
    (b"content-type", b"image/gif"),
    (b"content-type", b"image/jpeg"),
    (b"content-type", b"image/png"),
    (b"content-type", b"text/css"),
    (b"content-type", b"text/html; charset=utf-8"),
    (b"content-type", b"text/plain"),
    (b"content-type", b"text/plain;charset=utf-8"),
    (b"range", b"bytes=0-"),
    (b"strict-transport-security", b"max-age=31536000"),
    (b"strict-transport-security", b"max-age=31536000; includesubdomains"),
    (b"strict-transport-security", b"max-age=31536000; includesubdomains; preload"),
    (b"vary", b"accept-encoding"),
    (b"vary", b"origin"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-xss-protection", b"1; mode=block"),
    (b":status", b"100"),
    (b":status", b"204"),
    (b":status", b"206"),
    (b":status", b"302"),
    (b":status", b"400"),
    (b":status", b"403"),
    (b":status", b"421"),
    (b":status", b"425"),
    (b":status", b"500"),
    (b"accept-language", b""),
    (b"access-control-allow-credentials", b"FALSE"),
    (b"access-control-allow-credentials", b"TRUE"),
    (b"access-control-allow-headers", b"*"),
    (b"access-control-allow-methods", b"get"),
    (b"access-control-allow-methods", b"get, post, options"),
    (b"access-control-allow-methods", b"options"),
    (b"access-control-expose-headers", b"content-length"),
    (b"access-control-request-headers", b"content-type"),
    (b"access-control-request-method", b"get"),
    (b"access-control-request-method", b"post"),
    (b"alt-svc", b"clear"),
    (b"authorization", b""),
    (b"content-security-policy", b"script-src 'none'; object-src 'none'; base-uri 'none'"),
    (b"early-data", b"1"),
    (b"expect-ct", b""),
    (b"forwarded", b""),
    (b"if-range", b""),
    (b"origin", b""),
    (b"purpose", b"prefetch"),
    (b"server", b""),
    (b"timing-allow-origin", b"*"),
    (b"upgrade-insecure-requests", b"1"),
    (b"user-agent", b""),
    (b"x-forwarded-for", b""),
    (b"x-frame-options", b"deny"),
    (b"x-frame-options", b"sameorigin"),
];

/// Where the search for a name begins, by [`slot`]; [`NONE`] where no name belongs.
static FIRST: [u8; SLOTS] = first();

/// By index: the next entry with the same name.
static NEXT: [u8; 99] = next();

/// Slots of the hash over names; a power of two.
const SLOTS: usize = 128;

/// No index.
const NONE: u8 = u8::MAX;

/// What the table knows of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StaticMatch {
    /// Nothing.
    None,
    /// The name, at this index.
    Name(u8),
    /// Name and value, at this index.
    Field(u8),
}

/// Looks a field up.
#[inline]
pub fn find(name: &[u8], value: &[u8]) -> StaticMatch {
    let Some(slot) = slot(name) else { return StaticMatch::None };
    let first = FIRST[slot];
    if first == NONE || STATIC_TABLE[usize::from(first)].0 != name {
        return StaticMatch::None;
    }
    let mut index = first;
    while index != NONE {
        if STATIC_TABLE[usize::from(index)].1 == value {
            return StaticMatch::Field(index);
        }
        index = NEXT[usize::from(index)];
    }
    StaticMatch::Name(first)
}

/// A hash that gives each name of the table a slot of its own, from its length and three of its
/// bytes; `None` for the empty name. The factor was found by trying.
#[inline]
const fn slot(name: &[u8]) -> Option<usize> {
    const FACTOR: u32 = 0x4f0f_0da7;
    let len = name.len();
    if len == 0 {
        return None;
    }
    let (begin, middle, end) = (name[0] as u32, name[len * 3 / 4] as u32, name[len - 1] as u32);
    let key = begin | middle << 8 | end << 16 | (len as u32) << 24;
    Some((key.wrapping_mul(FACTOR) >> (u32::BITS - SLOTS.ilog2())) as usize)
}

const fn first() -> [u8; SLOTS] {
    let mut first = [NONE; SLOTS];
    let mut index = STATIC_TABLE.len();
    while index > 0 {
        index -= 1;
        let name = STATIC_TABLE[index].0;
        if let Some(slot) = slot(name) {
            let taken = first[slot];
            assert!(taken == NONE || is_equal(STATIC_TABLE[taken as usize].0, name), "a collision");
            first[slot] = index as u8;
        }
    }
    first
}

const fn next() -> [u8; 99] {
    let mut next = [NONE; 99];
    let mut index = 0;
    while index < STATIC_TABLE.len() {
        let mut other = index + 1;
        while other < STATIC_TABLE.len() && next[index] == NONE {
            if is_equal(STATIC_TABLE[index].0, STATIC_TABLE[other].0) {
                next[index] = other as u8;
            }
            other += 1;
        }
        index += 1;
    }
    next
}

const fn is_equal(a: &[u8], b: &[u8]) -> bool {
    let mut at = 0;
    while at < a.len() && at < b.len() && a[at] == b[at] {
        at += 1;
    }
    at == a.len() && at == b.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_is_found_at_its_index() {
        for (index, (name, value)) in STATIC_TABLE.iter().enumerate() {
            assert_eq!(find(name, value), StaticMatch::Field(index as u8));
        }
    }

    #[test]
    fn a_name_with_another_value_is_found_at_its_first_index() {
        assert_eq!(find(b":status", b"299"), StaticMatch::Name(24));
        assert_eq!(find(b"content-type", b"x/y"), StaticMatch::Name(44));
        assert_eq!(find(b":authority", b"example.com"), StaticMatch::Name(0));
    }

    #[test]
    fn other_names_are_not_found() {
        for name in [&b""[..], b"x", b":statuS", b"content-typo", b"access-control-allow-heades"] {
            assert_eq!(find(name, b""), StaticMatch::None);
        }
    }

    /// RFC 9204 appendix A.
    #[test]
    fn known_indexes_hold_what_the_rfc_says() {
        assert_eq!(STATIC_TABLE[17], (&b":method"[..], &b"GET"[..]));
        assert_eq!(STATIC_TABLE[25], (&b":status"[..], &b"200"[..]));
        assert_eq!(STATIC_TABLE[98], (&b"x-frame-options"[..], &b"sameorigin"[..]));
    }
}
