//! Codecs over byte slices: no state, no I/O, nothing allocated on decode.
