//! HTTP/3 (RFC 9114).

pub mod qpack;
