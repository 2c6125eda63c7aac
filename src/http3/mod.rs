//! HTTP/3 (RFC 9114).

pub mod message;
pub mod priority;
pub mod qpack;
