//! All connections of one endpoint: routing, acceptance, wake-ups.
