//! Congestion controllers. They take plain samples and know no packets.
