//! Send and receive halves of streams, flow control, the table of streams.
