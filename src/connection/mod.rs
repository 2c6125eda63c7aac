//! One QUIC connection, sans I/O: datagrams and time in, datagrams and events out.
