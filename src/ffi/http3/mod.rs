//! HTTP/3 for C.

mod priority;
