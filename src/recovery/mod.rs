//! Loss detection, round-trip time, acknowledgement, pacing (RFC 9002).
